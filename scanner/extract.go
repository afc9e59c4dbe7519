package scanner

import (
	"path"
	"strings"
)

// A file is one input, read whole.
type file struct {
	path string // relative to the root, slash-separated
	data []byte // UTF-8 without a byte-order mark
	wide bool   // it was UTF-16
}

// An extractor reads one input kind. It is a pure function of the file: what it
// refers to is asked for with found.refer, and read by Scan.
type extractor struct {
	kind Kind
	// match tells by name, or by content where the name does not tell.
	match func(f *file) bool
	// extract adds what it finds. A part that cannot be parsed is reported with
	// found.skip; extract goes on with the rest.
	extract func(f *file, found *found)
}

// extractors lists the input kinds. The first that matches takes the file; a
// file that none takes is residual text.
var extractors = []extractor{
	dotenvExtractor,
	composeExtractor,
	githubActionsExtractor,
	kubernetesExtractor,
	pythonExtractor,
}

// found collects what one file yields.
type found struct {
	file       *file
	candidates []Candidate
	workloads  []Workload
	namespaces map[string]map[string]string
	references []string // paths relative to the root, to be read for joins
	skipped    []Skipped
	reached    map[int]bool // lines that structure has judged: no pattern is run on them
}

// add records c and marks its line as reached.
func (o *found) add(c Candidate) {
	c.At.Path = o.file.path
	o.candidates = append(o.candidates, c)
	o.reach(c.At.Line)
}

func (o *found) workload(w Workload) {
	w.At.Path = o.file.path
	o.workloads = append(o.workloads, w)
}

// reach says that structure has judged these lines, also where it found nothing.
func (o *found) reach(lines ...int) {
	if o.reached == nil {
		o.reached = map[int]bool{}
	}
	for _, l := range lines {
		o.reached[l] = true
	}
}

// skip reports that a part of the file (line 0: all of it) could not be read.
// The reason must not quote the input.
func (o *found) skip(line int, reason string) {
	o.skipped = append(o.skipped, Skipped{Path: o.file.path, Line: line, Reason: reason})
}

// refer asks for the file at p, a path as it stands in the input, relative to
// the folder of the file. It returns the path relative to the root, or "" when p
// leaves the root, is absolute or cannot be known before run time.
func (o *found) refer(p string) string {
	resolved := resolve(path.Dir(o.file.path), p)
	if resolved != "" {
		o.references = append(o.references, resolved)
	}
	return resolved
}

// resolve joins p to dir, both relative to the root; "" if it would leave it.
func resolve(dir, p string) string {
	if p == "" || path.IsAbs(p) || strings.ContainsAny(p, "$\x00\\") || strings.HasPrefix(p, "~") || strings.Contains(p, "://") {
		return ""
	}
	joined := path.Join(dir, p)
	if joined == ".." || strings.HasPrefix(joined, "../") {
		return ""
	}
	return joined
}
