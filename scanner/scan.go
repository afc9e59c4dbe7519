package scanner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/agentsec/agentsec/internal/secret"
)

// A TextMatch is one hit of a secret pattern in text that no structure reached.
type TextMatch struct {
	Pattern  string // id of the pattern
	Provider string
	Line     int // from 1, within the text given
	Column   int
	Name     string // the variable or key beside the value, if the pattern tells
	Value    secret.Value
}

// A TextMatcher finds secrets in residual text. It must be safe for concurrent
// use.
type TextMatcher func(path string, text []byte) []TextMatch

// Options of Scan. The zero value is usable.
type Options struct {
	// Text is run over the lines that no extractor reached; nil: none.
	Text TextMatcher
	// Exclude are globs over root-relative paths ("**" crosses folders).
	Exclude []string
	// Progress is called now and then with the files done and their number.
	Progress func(done, total int)
}

// Scan reads everything recognised below paths (files or folders; "." if there
// is none) and, up to the repository's root, what those files refer to. Only a
// path that does not exist, a bad glob and the end of ctx are errors: all else
// that could not be read is in Coverage.Skipped.
func Scan(ctx context.Context, paths []string, opts Options) (*Inventory, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	given := make([]string, len(paths))
	for i, p := range paths {
		abs, err := filepath.Abs(p)
		if err == nil {
			abs, err = filepath.EvalSymlinks(abs)
		}
		if err != nil {
			return nil, fmt.Errorf("scanning %s: %w", p, cause(err))
		}
		given[i] = abs
	}
	rootDir, err := commonRoot(given)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(rootDir)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", rootDir, cause(err))
	}
	defer root.Close()
	s := &scan{
		opts:    opts,
		root:    root,
		rootDir: rootDir,
		tracked: trackedFiles(root),
		inv: &Inventory{
			Root:       rootDir,
			Namespaces: map[string]map[string]string{},
			Coverage:   Coverage{ByKind: map[Kind]int{}, Excluded: map[string]int{}},
		},
	}
	inputs, err := s.list(ctx, given)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(inputs))
	for _, in := range inputs {
		seen[in.path] = true
	}
	references, err := s.readAll(ctx, inputs)
	if err != nil {
		return nil, err
	}
	// What is referred to may refer further; the bound stops chains that a
	// hostile repository builds.
	for round := 0; len(references) > 0; round++ {
		var outside []input
		for _, p := range references {
			if !seen[p] {
				seen[p] = true
				outside = append(outside, input{path: p, outside: true})
			}
		}
		if round == maxReferenceRounds && len(outside) > 0 {
			s.inv.Coverage.Skipped = append(s.inv.Coverage.Skipped, Skipped{Path: outside[0].path,
				Reason: "the chain of references is longer than 20 files; the rest of it was not read"})
			break
		}
		if references, err = s.readAll(ctx, outside); err != nil {
			return nil, err
		}
	}
	if s.inv.Coverage.Files == 0 && len(s.inv.Coverage.Skipped) == 0 {
		// A mistyped path or glob must not be a gate that is always open.
		s.inv.Coverage.Skipped = []Skipped{{Path: ".", Reason: "no file was read: everything is left out or empty"}}
	}
	s.finish()
	return s.inv, nil
}

const (
	maxReferenceRounds = 20
	// maxStructured bounds what is parsed as a whole. A larger file is matched
	// in chunks as text, and said to be skipped if an extractor would want it.
	maxStructured = 8 << 20
	// maxText bounds what is matched at all.
	maxText   = 256 << 20
	chunkSize = 1 << 20
	chunkLap  = 16 << 10
	maxNUL    = 8 << 10 // how far a NUL byte makes a file binary
)

// An input is one file to read.
type input struct {
	path    string // relative to the root
	context Context
	outside bool // only for joins
}

type scan struct {
	opts    Options
	root    *os.Root
	rootDir string
	tracked map[string]bool // nil: unknown
	inv     *Inventory
}

// A yield is what one input gave: each worker fills its own.
type yield struct {
	found    found
	kind     Kind
	bytes    int64
	read     bool
	excluded string
}

// readAll reads inputs on all cores and adds what they give to the inventory.
// It returns the paths that they refer to.
func (s *scan) readAll(ctx context.Context, inputs []input) ([]string, error) {
	yields := make([]yield, len(inputs))
	var next, done atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(inputs)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(inputs) {
					return
				}
				yields[i] = s.read(inputs[i])
				if n := int(done.Add(1)); s.opts.Progress != nil && (n%64 == 0 || n == len(inputs)) {
					s.opts.Progress(n, len(inputs))
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("scanning: %w", err)
	}
	var references []string
	for i := range yields {
		y, in := &yields[i], inputs[i]
		s.collect(in, y)
		references = append(references, y.found.references...)
	}
	slices.Sort(references)
	return slices.Compact(references), nil
}

func (s *scan) collect(in input, y *yield) {
	inv := s.inv
	untracked := s.tracked != nil && !s.tracked[in.path]
	for _, c := range y.found.candidates {
		c.Kind, c.Context, c.Outside, c.Untracked = y.kind, in.context, in.outside, untracked
		inv.Candidates = append(inv.Candidates, c)
	}
	for _, w := range y.found.workloads {
		w.Kind, w.Context, w.Outside = y.kind, in.context, in.outside
		inv.Workloads = append(inv.Workloads, w)
	}
	for name, labels := range y.found.namespaces {
		if inv.Namespaces[name] == nil {
			inv.Namespaces[name] = map[string]string{}
		}
		for k, v := range labels {
			inv.Namespaces[name][k] = v
		}
	}
	inv.Coverage.Skipped = append(inv.Coverage.Skipped, y.found.skipped...)
	if y.excluded != "" {
		inv.Coverage.Excluded[y.excluded]++
	}
	if y.read && !in.outside {
		inv.Coverage.Files++
		inv.Coverage.Bytes += y.bytes
		inv.Coverage.ByKind[y.kind]++
	}
}

// read reads one input and hands it to its extractor and the text patterns.
func (s *scan) read(in input) (y yield) {
	y.kind = Text
	y.found.file = &file{path: in.path}
	data, size, err := s.load(in.path)
	switch {
	case in.outside && errors.Is(err, os.ErrNotExist):
		return y // a reference to what is not there, such as a git-ignored .env
	case errors.Is(err, errNotRegular):
		y.excluded = "not a regular file"
		return y
	case err != nil:
		y.found.skip(0, "cannot be read: "+cause(err).Error())
		return y
	}
	if isBinary(data) {
		y.excluded = "binary"
		// What is named like configuration was meant to be read: a NUL byte must
		// not make its secrets vanish.
		for i := range extractors {
			if matches(&extractors[i], &file{path: in.path, data: data}) {
				y.excluded = ""
				y.found.skip(0, fmt.Sprintf("binary content in a %s file", extractors[i].kind))
				break
			}
		}
		return y
	}
	y.read, y.bytes = true, size
	_, wide := utf16Order(data)
	f := &file{path: in.path, data: decodeText(data), wide: wide}
	whole := size == int64(len(data))
	y.found.file = f
	for i := range extractors {
		if !matches(&extractors[i], f) {
			continue
		}
		y.kind = extractors[i].kind
		if !whole {
			y.found.skip(0, fmt.Sprintf("%s file of %d MiB: larger than %d MiB, matched as text only", y.kind, size>>20, maxStructured>>20))
			break
		}
		y.found.run(&extractors[i], f)
		break
	}
	if s.opts.Text != nil && !in.outside {
		s.matchText(in.path, f, whole, size, &y.found)
	}
	y.found.file = &file{path: in.path} // let go of the data
	return y
}

// matches asks one extractor; one that panics on hostile input does not match.
func matches(e *extractor, f *file) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return e.match(f)
}

// run contains a panic of an extractor: it becomes a visible gap, and the rest
// of the scan goes on.
func (o *found) run(e *extractor, f *file) {
	defer func() {
		if r := recover(); r != nil {
			o.skip(0, fmt.Sprintf("the %s reader failed on this file (a defect of agentsec: please report it)", e.kind))
		}
	}()
	e.extract(f, o)
}

// finish gives the inventory its order.
func (s *scan) finish() {
	slices.SortStableFunc(s.inv.Candidates, func(a, b Candidate) int {
		return cmp.Or(strings.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column), strings.Compare(a.Name, b.Name), strings.Compare(string(a.Mechanism), string(b.Mechanism)))
	})
	slices.SortStableFunc(s.inv.Workloads, func(a, b Workload) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line))
	})
	slices.SortStableFunc(s.inv.Coverage.Skipped, func(a, b Skipped) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), strings.Compare(a.Reason, b.Reason))
	})
}

// commonRoot is the repository root of all paths: the nearest folder above each
// that holds .git, else the path's own folder; for several, what they share.
func commonRoot(paths []string) (string, error) {
	var root string
	for _, p := range paths {
		r, err := repositoryRoot(p)
		if err != nil {
			return "", err
		}
		if root == "" {
			root = r
			continue
		}
		for r != root && !strings.HasPrefix(r+string(filepath.Separator), strings.TrimSuffix(root, string(filepath.Separator))+string(filepath.Separator)) {
			root = filepath.Dir(root)
		}
	}
	return root, nil
}

func repositoryRoot(p string) (string, error) {
	info, err := os.Stat(p)
	if err != nil {
		return "", fmt.Errorf("scanning %s: %w", p, cause(err))
	}
	dir := p
	if !info.IsDir() {
		dir = filepath.Dir(p)
	}
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Lstat(filepath.Join(d, ".git")); err == nil {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return dir, nil
		}
	}
}

// cause strips the path that os errors repeat.
func cause(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// relative is p below root, slash-separated.
func (s *scan) relative(p string) string {
	rel, err := filepath.Rel(s.rootDir, p)
	if err != nil {
		return path.Base(filepath.ToSlash(p))
	}
	return filepath.ToSlash(rel)
}
