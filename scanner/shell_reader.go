package scanner

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// maxShellNesting bounds open brackets: the parser tries "((" both ways, so that
// nesting costs it quadratic time.
const maxShellNesting = 200

func shellNesting(script string) int {
	depth, deepest := 0, 0
	for i := range len(script) {
		switch script[i] {
		case '(', '{':
			depth++
			deepest = max(deepest, depth)
		case ')', '}':
			depth = max(depth-1, 0)
		}
	}
	return deepest
}

// A shellReader collects the values of one script.
type shellReader struct {
	script string // masked
	base   int    // offset of the part that is being read
	depth  int    // of sh -c inside a script
	out    []commandValue
}

// read parses text, which stands at base in the script; false if it is no shell.
func (s *shellReader) read(text string, base int) bool {
	s.base = base
	if shellNesting(text) > maxShellNesting {
		return false
	}
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return false
	}
	s.walk(parsed, "")
	return true
}

// walk visits the statements below node; target is the CI file that the output
// of the enclosing statement is appended to.
func (s *shellReader) walk(node syntax.Node, target string) {
	syntax.Walk(node, func(n syntax.Node) bool {
		if len(s.out) > maxCommandValues {
			return false
		}
		switch n := n.(type) {
		case *syntax.Stmt:
			if n == node {
				return true
			}
			if own := s.writeTarget(n); own != "" && own != target {
				s.heredocs(n, own)
				s.walk(n, own)
				return false
			}
		case *syntax.CallExpr:
			s.call(n, target)
		case *syntax.DeclClause:
			s.declare(n)
		}
		return true
	})
}

func (s *shellReader) call(n *syntax.CallExpr, target string) {
	for _, a := range n.Assigns {
		s.assign(a, useAssign)
	}
	words := s.words(n.Args)
	if target != "" && len(words) > 0 {
		for _, w := range words[1:] {
			s.written(w, target)
		}
		return
	}
	s.command(words)
}

func (s *shellReader) words(args []*syntax.Word) []word {
	words := make([]word, len(args))
	for i, a := range args {
		words[i] = s.word(a.Parts, int(a.Pos().Offset()))
	}
	return words
}

func (s *shellReader) declare(n *syntax.DeclClause) {
	use := useAssign
	if n.Variant.Value == "export" {
		use = useExport
	}
	for _, a := range n.Args {
		if a.Naked && a.Value != nil && use == useAssign {
			w := s.word(a.Value.Parts, int(a.Value.Pos().Offset()))
			if strings.HasPrefix(w.text, "-") && strings.Contains(w.text, "x") {
				use = useExport // declare -x
			}
		}
		s.assign(a, use)
	}
}

func (s *shellReader) assign(a *syntax.Assign, use commandUse) {
	if a.Name == nil || a.Value == nil || a.Naked {
		return
	}
	s.add(commandValue{use: use, name: a.Name.Value, value: s.word(a.Value.Parts, int(a.Value.Pos().Offset()))})
}

func (s *shellReader) add(v commandValue) {
	if v.place == "" {
		v.place = InCommand
	}
	if v.value.text != "" && len(s.out) <= maxCommandValues {
		s.out = append(s.out, v)
	}
}

func (s *shellReader) command(words []word) {
	argv := make([]string, len(words))
	for i, w := range words {
		argv[i] = w.text
	}
	if i := shellScriptArg(argv); i >= 0 && s.depth < 3 && len(argv[i]) <= maxScript {
		s.nested(words[i])
		words = words[:i]
	}
	for _, v := range commandValues(words, func(int) int { return 0 }) {
		s.add(v)
	}
}

// nested reads the script of sh -c inside a script. Its offsets are those of the
// outer one but for quotes and escapes, which is exact for lines.
func (s *shellReader) nested(w word) {
	inner := &shellReader{script: w.text, depth: s.depth + 1}
	if !inner.read(w.text, 0) {
		inner.out = nil
		inner.command(plainWords(w.text, 0))
	}
	for _, v := range inner.out {
		v.value.offset += w.offset
		s.add(v)
	}
}
