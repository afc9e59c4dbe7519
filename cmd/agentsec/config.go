package main

import (
	"os"
	"path/filepath"

	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/rules"
)

const configName = ".agentsec.yaml"

// maxConfig bounds the configuration: it comes from the scanned repository.
const maxConfig = 1 << 20

// A config is the content of .agentsec.yaml.
type config struct {
	// FailOn, Baseline and Exclude are settings that a flag overrides.
	FailOn   string   `yaml:"failOn,omitempty" jsonschema:"enum=info,enum=low,enum=medium,enum=high,enum=critical,enum=never,description=What --fail-on says"`
	Baseline string   `yaml:"baseline,omitempty" jsonschema:"description=Path of the baseline relative to this file"`
	Exclude  []string `yaml:"exclude,omitempty" jsonschema:"description=Globs over paths relative to the repository's root that are not scanned"`

	rules.Policy     `yaml:",inline"`
	planner.Settings `yaml:",inline"`

	path string // "" if there is no file
}

// dir is the folder that paths in the configuration are relative to.
func (c config) dir() string { return filepath.Dir(c.path) }

// keysBelow makes the path of the public keys, which is relative to the
// configuration, one that is relative to the source tree.
func (c *config) keysBelow(source string) error {
	if c.Auth.PublicKeysFile == "" {
		return nil
	}
	keys, err := filepath.Abs(relativeTo(c.dir(), c.Auth.PublicKeysFile))
	if err != nil {
		return err
	}
	root, err := filepath.Abs(source)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(root, keys)
	if err != nil || !filepath.IsLocal(rel) {
		return usagef("%s: auth.publicKeysFile does not lie in the source tree %s", c.path, source)
	}
	c.Auth.PublicKeysFile = filepath.ToSlash(rel)
	return nil
}

// loadConfig reads the file named explicitly, else the nearest .agentsec.yaml
// from start up to the root of its repository. Without one, config is zero.
func loadConfig(explicit, start string) (config, error) {
	path := explicit
	if path == "" {
		if path = findConfig(start); path == "" {
			return config{}, nil
		}
	}
	text, err := readBounded(path, maxConfig)
	if err != nil {
		return config{}, usagef("reading the configuration %s: %w", path, err)
	}
	c, err := parseConfig(path, text)
	c.path = path
	return c, err
}

// findConfig returns "" if there is none. Above the root of a repository nobody
// speaks for it; outside of a repository only start itself is looked at.
func findConfig(start string) string {
	dir, err := filepath.Abs(start)
	if err != nil {
		return ""
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	root := repositoryRoot(dir)
	for {
		path := filepath.Join(dir, configName)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return shorter(path)
		}
		if dir == root {
			return ""
		}
		dir = filepath.Dir(dir)
	}
}

func repositoryRoot(dir string) string {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Lstat(filepath.Join(d, ".git")); err == nil {
			return d
		}
		if d == filepath.Dir(d) {
			return dir
		}
	}
}
