package planner

import (
	"bufio"
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// Bounds of what is read from the tree to prove what code does. Beyond them the
// proof is not made and steps wait for a human.
const (
	maxTreeEntries = 200_000
	maxSourceFile  = 2 << 20
)

// sources are the code files of the tree: the evidence for what a workload does
// with a variable where no read was extracted.
type sources struct {
	tree     fs.FS
	paths    []string // sorted by walk order
	complete bool     // no folder and no file was left out
	texts    map[string][]byte
}

var sourceExtensions = map[string]bool{
	".py": true, ".pyw": true, ".ipynb": true, ".js": true, ".mjs": true, ".cjs": true, ".jsx": true, ".ts": true,
	".tsx": true, ".mts": true, ".go": true, ".java": true, ".kt": true, ".scala": true, ".rb": true, ".rs": true,
	".php": true, ".cs": true, ".sh": true, ".bash": true, ".ex": true, ".exs": true, ".c": true, ".cc": true,
	".cpp": true, ".swift": true, ".lua": true, ".pl": true, ".r": true, ".clj": true, ".dart": true,
}

// notDeployed folders hold code that no image of a workload runs.
var notDeployed = map[string]bool{
	".git": true, "node_modules": true, ".venv": true, "venv": true, "__pycache__": true, ".tox": true,
	"test": true, "tests": true, "__tests__": true, "testdata": true, "docs": true, "examples": true, "example": true,
}

func isSource(p string) bool {
	name := path.Base(p)
	return sourceExtensions[strings.ToLower(path.Ext(name))] ||
		strings.HasPrefix(name, "Dockerfile") || strings.HasSuffix(name, ".Dockerfile") ||
		name == "Procfile" || name == "entrypoint" || name == "docker-entrypoint"
}

func readSources(tree fs.FS) *sources {
	s := &sources{tree: tree, complete: true, texts: map[string][]byte{}}
	entries := 0
	err := fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			s.complete = false
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entries++; entries > maxTreeEntries {
			s.complete = false
			return fs.SkipAll
		}
		if d.IsDir() {
			if notDeployed[d.Name()] {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() && isSource(p) {
			s.paths = append(s.paths, p)
		}
		return nil
	})
	s.complete = s.complete && err == nil
	return s
}

// read returns the text of a source, nil if it cannot be read in bounds.
func (s *sources) read(p string) []byte {
	if t, ok := s.texts[p]; ok {
		return t
	}
	t, err := readFile(s.tree, p, maxSourceFile)
	switch {
	case err != nil:
		t = nil
	case t == nil:
		t = []byte{} // an empty file was read
	}
	s.texts[p] = t
	return t
}

// mention is the first line of p with name as a whole word, 0 for none.
func (s *sources) mention(p, name string) int {
	t := s.read(p)
	if !bytes.Contains(t, []byte(name)) {
		return 0
	}
	word := regexp.MustCompile(`(^|[^A-Za-z0-9_])` + regexp.QuoteMeta(name) + `($|[^A-Za-z0-9_])`)
	if !word.Match(t) {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(t))
	lines.Buffer(nil, maxSourceFile+1)
	for n := 1; lines.Scan(); n++ {
		if word.Match(lines.Bytes()) {
			return n
		}
	}
	return 0
}

var pythonImport = regexp.MustCompile(`(?m)^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+([^#\n]+)|import[ \t]+([^#\n]+))`)

// imports are the words of a Python file's import lines: packages, modules and
// what is taken from them. Lists in parentheses over several lines give their
// package, which is enough.
func (s *sources) imports(p string) []string {
	if path.Ext(p) != ".py" {
		return nil
	}
	var list []string
	for _, m := range pythonImport.FindAllSubmatch(s.read(p), -1) {
		for _, part := range m[1:] {
			list = append(list, strings.FieldsFunc(string(part), func(r rune) bool {
				return r != '_' && !('a' <= r && r <= 'z') && !('A' <= r && r <= 'Z') && !('0' <= r && r <= '9')
			})...)
		}
	}
	return list
}
