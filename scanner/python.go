package scanner

import (
	"bytes"
	"path"
)

// Python code: reads and writes of the environment, settings classes, env files
// that it loads, literals under names of secrets, and dumps of the environment.
var pythonExtractor = extractor{
	kind:    Python,
	match:   isPython,
	extract: extractPython,
}

func isPython(f *file) bool {
	if path.Ext(f.path) == ".py" {
		return true
	}
	line, _, _ := bytes.Cut(f.data[:min(len(f.data), 200)], []byte("\n"))
	return path.Ext(f.path) == "" && bytes.HasPrefix(line, []byte("#!")) && bytes.Contains(line, []byte("python"))
}

// extractPython reads the file twice: a function that reads the variable named
// by its parameter may be called above its definition.
func extractPython(f *file, o *found) {
	first := newPyReader(f, &found{file: f})
	first.read()
	second := newPyReader(f, o)
	second.wrappers = first.wrappers
	second.read()
}

// maxPyCandidates bounds what one file yields.
const maxPyCandidates = 50_000

// A pyReader reads one file, statement by statement.
type pyReader struct {
	file     *file
	found    *found
	scope    *pyScope
	wrappers map[string]pyWrapper // by name of the function
	imports  map[string]bool      // first parts of the modules imported
	seen     map[pySighting]bool
	literals map[[2]int]bool // places of strings that are recorded

	// Of the statement that is being read:
	st     *pyStatement
	stores map[int]bool // index of the brackets of assignment targets and deletions
	lambda int          // end of the lambda around the current token
	loops  map[string]pyBinding
	depth  int // of format strings
	nested int // of copies of copies
	params int // index of the bracket of a definition's parameters
	// sinkHole: the format string around is an argument of a call that prints.
	sinkHole bool
}

// A pySighting tells equal candidates at one place apart from others.
type pySighting struct {
	name      string
	mechanism Mechanism
	place     Place
	line, col int
}

func newPyReader(f *file, o *found) *pyReader {
	return &pyReader{file: f, found: o, scope: &pyScope{indent: -1, names: map[string]pyBinding{}},
		wrappers: map[string]pyWrapper{}, imports: map[string]bool{}, seen: map[pySighting]bool{}, literals: map[[2]int]bool{}}
}

func (p *pyReader) read() {
	lexer := newPyLexer(p.file.data, p.found.skip)
	for st := lexer.next(); st != nil; st = lexer.next() {
		for p.scope.parent != nil && st.indent <= p.scope.indent {
			p.leave()
		}
		p.st, p.stores, p.loops, p.params = st, nil, nil, -1
		p.line(0, len(st.tokens))
	}
	for p.scope.parent != nil {
		p.leave()
	}
}

func (p *pyReader) leave() {
	if p.scope.settings != nil {
		p.settingsFields(p.scope)
		p.scope.parent.names[p.scope.name] = pyBinding{qualified: settingsClass + p.scope.settings.prefix}
	}
	p.scope = p.scope.parent
}

// when says when the code at token i runs.
func (p *pyReader) when(i int) Scope {
	if i < p.lambda || p.scope.inFunction() {
		return FunctionScope
	}
	return ModuleScope
}

func (p *pyReader) add(t pyToken, c Candidate) {
	key := pySighting{c.Name, c.Mechanism, c.Place, t.line, t.col}
	written := key // what is recorded as a write is no mere entry of a dict
	written.place = InWrite
	if p.seen[key] || c.Mechanism == Literal && p.seen[written] || c.Name == "" || len(p.seen) > maxPyCandidates {
		return
	}
	p.seen[key] = true
	if len(p.seen) == maxPyCandidates {
		p.found.skip(t.line, "more than 50,000 places of interest; the rest was not read")
		return
	}
	c.At = Position{Line: t.line, Column: t.col}
	p.found.add(c)
	if t.str != nil {
		p.literals[[2]int{t.line, t.col}] = true
		for l := t.line; l <= t.str.last; l++ {
			p.found.reach(l)
		}
	}
}
