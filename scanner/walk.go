package scanner

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/bmatcuk/doublestar/v4"
)

// excludedFolders hold other people's code or tool state, never configuration
// of the repository at hand.
var excludedFolders = map[string]string{
	".git": "version control", ".hg": "version control", ".svn": "version control",
	"node_modules": "installed packages", "site-packages": "installed packages",
	".venv": "installed packages", "venv": "installed packages", ".tox": "installed packages",
	"bower_components": "installed packages",
	"__pycache__":      "tool cache", ".mypy_cache": "tool cache", ".ruff_cache": "tool cache",
	".pytest_cache": "tool cache", ".terraform": "tool cache",
}

// lockFiles hold content hashes by the thousand and no configuration.
var lockFiles = map[string]bool{
	"package-lock.json": true, "npm-shrinkwrap.json": true, "yarn.lock": true, "pnpm-lock.yaml": true,
	"go.sum": true, "go.work.sum": true, "poetry.lock": true, "uv.lock": true, "Pipfile.lock": true,
	"pdm.lock": true, "Cargo.lock": true, "composer.lock": true, "Gemfile.lock": true, "bun.lock": true,
	"flake.lock": true, "gradle.lockfile": true, "mix.lock": true, "packages.lock.json": true,
}

// list walks the given paths. It never follows a symbolic link.
func (s *scan) list(ctx context.Context, given []string) ([]input, error) {
	for _, glob := range s.opts.Exclude {
		if !doublestar.ValidatePattern(glob) {
			return nil, fmt.Errorf("excluding: %q is not a glob pattern", glob)
		}
	}
	var inputs []input
	for _, top := range given {
		err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return fmt.Errorf("scanning: %w", ctx.Err())
			}
			rel := s.relative(p)
			if err != nil {
				s.inv.Coverage.Skipped = append(s.inv.Coverage.Skipped, Skipped{Path: rel, Reason: "cannot be read: " + cause(err).Error()})
				if d != nil && d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			reason := ""
			switch {
			case p == top && !d.IsDir():
				// A file that is named is read whatever it is called.
			case d.IsDir():
				if p != top {
					reason = excludedFolders[d.Name()]
				}
			case d.Type()&fs.ModeSymlink != 0:
				reason = "symbolic link"
			case !d.Type().IsRegular():
				reason = "not a regular file"
			case lockFiles[d.Name()]:
				reason = "lock file"
			}
			if reason == "" && s.isExcluded(rel) {
				reason = "configuration"
			}
			if reason != "" {
				s.inv.Coverage.Excluded[reason]++
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if !d.IsDir() {
				below, relErr := filepath.Rel(top, p)
				if relErr != nil || p == top {
					below = filepath.Base(p)
				}
				inputs = append(inputs, input{path: rel, context: contextOf(filepath.ToSlash(below))})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(inputs, func(a, b input) int {
		if a.path < b.path {
			return -1
		}
		if a.path > b.path {
			return 1
		}
		return 0
	})
	return slices.CompactFunc(inputs, func(a, b input) bool { return a.path == b.path }), nil
}

func (s *scan) isExcluded(rel string) bool {
	for _, glob := range s.opts.Exclude {
		if ok, _ := doublestar.Match(glob, rel); ok {
			return true
		}
	}
	return false
}

// trackedFiles lists what git's index holds; nil when that is not known.
func trackedFiles(root *os.Root) map[string]bool {
	info, err := root.Lstat(".git")
	if err != nil || !info.IsDir() {
		return nil // no repository, or a worktree whose index lies elsewhere
	}
	f, err := root.Open(filepath.Join(".git", "index"))
	if err != nil {
		return nil
	}
	defer f.Close()
	return readIndex(f)
}
