package scanner

import "bytes"

// Python source is read as statements of tokens, not as a syntax tree: that
// needs no grammar of one Python version, and a broken line costs that line.

type pyKind uint8

const (
	pyName pyKind = iota
	pyNumber
	pyString
	pyOp
)

// A pyToken is one token. Line and col count from 1, in lines and bytes.
type pyToken struct {
	kind      pyKind
	text      string     // of a name, number or operator
	str       *pyLiteral // of a string
	line, col int
}

func (t pyToken) op(text string) bool   { return t.kind == pyOp && t.text == text }
func (t pyToken) name(text string) bool { return t.kind == pyName && t.text == text }

// A pyStatement is one logical line: what stands between two newlines that no
// bracket, string or backslash joins.
type pyStatement struct {
	tokens []pyToken
	match  []int // of an opening bracket: the index of its closing one (or len(tokens)), and back
	parent []int // index of the innermost open bracket around a token, -1 for none
	indent int   // columns of blanks before its first token; a tab goes to the next multiple of 8
}

// maxPyTokens bounds one statement, so that memory does not grow with the file.
const maxPyTokens = 200_000

// A pyLexer cuts source into statements.
type pyLexer struct {
	src       []byte
	pos       int
	line      int
	lineStart int
	depth     int // of format strings inside format strings
	inside    bool
	size      int // of the file
	told      bool
	steps     *int // look-ahead of format strings, bounded over the whole file
	problem   func(line int, reason string)
}

func newPyLexer(src []byte, problem func(int, string)) *pyLexer {
	return &pyLexer{src: src, line: 1, size: len(src), steps: new(int), problem: problem}
}

// next returns the next statement that has tokens; nil at the end.
func (l *pyLexer) next() *pyStatement {
	st := &pyStatement{}
	var open []int
	add := func(t pyToken) {
		parent := -1
		if len(open) > 0 {
			parent = open[len(open)-1]
		}
		st.tokens, st.match, st.parent = append(st.tokens, t), append(st.match, -1), append(st.parent, parent)
	}
	fresh := true // nothing but blanks since the line began
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == '\n':
			l.newline()
			fresh = true
			if len(open) == 0 && len(st.tokens) > 0 && !l.inside {
				return st
			}
			continue
		case c == ' ' || c == '\t' || c == '\r' || c == '\f':
			l.pos++
			continue
		case c == '#':
			for l.pos < len(l.src) && l.src[l.pos] != '\n' {
				l.pos++
			}
			continue
		case c == '\\' && l.lineEnds(l.pos+1):
			l.pos = bytes.IndexByte(l.src[l.pos:], '\n') + l.pos
			l.newline()
			continue
		}
		if len(st.tokens) == 0 && !l.inside {
			st.indent = l.indent()
		}
		if fresh && len(open) > 0 && l.statementBegins() {
			l.problem(st.tokens[open[len(open)-1]].line, "a bracket is not closed; what stands behind it may have been missed")
			return st.close(open)
		}
		if len(st.tokens) >= maxPyTokens {
			l.problem(l.line, "a statement of more than 200,000 tokens; it was read in parts")
			return st.close(open)
		}
		fresh = false
		t := l.token()
		if t.kind == pyOp {
			switch t.text {
			case "(", "[", "{":
				add(t)
				open = append(open, len(st.tokens)-1)
				continue
			case ")", "]", "}":
				if len(open) > 0 {
					from := open[len(open)-1]
					open = open[:len(open)-1]
					add(t)
					st.match[from], st.match[len(st.tokens)-1] = len(st.tokens)-1, from
					continue
				}
			}
		}
		add(t)
	}
	if len(st.tokens) == 0 {
		return nil
	}
	if len(open) > 0 && !l.inside {
		l.problem(st.tokens[open[0]].line, "a bracket is not closed; what stands behind it may have been missed")
	}
	return st.close(open)
}

func (st *pyStatement) close(open []int) *pyStatement {
	for _, i := range open {
		st.match[i] = len(st.tokens)
	}
	return st
}

func (l *pyLexer) newline() {
	l.pos++
	l.line++
	l.lineStart = l.pos
}

// lineEnds reports whether only blanks stand between pos and the line's end.
func (l *pyLexer) lineEnds(pos int) bool {
	for ; pos < len(l.src); pos++ {
		switch l.src[pos] {
		case '\n':
			return true
		case ' ', '\t', '\r':
		default:
			return false
		}
	}
	return false
}

func (l *pyLexer) indent() int {
	n := 0
	for _, c := range l.src[l.lineStart:l.pos] {
		switch c {
		case '\t':
			n = n/8*8 + 8
		case '\f':
			n = 0
		default:
			n++
		}
	}
	return n
}

// statementBegins tells by a keyword that no expression holds: a bracket that is
// open before it was forgotten.
func (l *pyLexer) statementBegins() bool {
	word := l.src[l.pos : l.pos+l.nameLength()]
	switch string(word) {
	case "def", "class", "import", "return", "raise", "try", "while", "with", "del", "global", "pass", "break", "continue", "assert":
		return true
	}
	return false
}

func (l *pyLexer) nameLength() int {
	n := 0
	for l.pos+n < len(l.src) && isPyNameByte(l.src[l.pos+n], n == 0) {
		n++
	}
	return n
}

func isPyNameByte(c byte, first bool) bool { return c >= 0x80 || isNameByte(c, first) }

func (l *pyLexer) token() pyToken {
	t := pyToken{line: l.line, col: l.pos - l.lineStart + 1}
	start, c := l.pos, l.src[l.pos]
	if c == '"' || c == '\'' {
		return l.string("", t)
	}
	if n := l.nameLength(); n > 0 {
		word := string(l.src[start : start+n])
		l.pos += n
		if n <= 2 && l.pos < len(l.src) && (l.src[l.pos] == '"' || l.src[l.pos] == '\'') && isStringPrefix(word) {
			return l.string(word, t)
		}
		t.text = word
		return t
	}
	if c >= '0' && c <= '9' || c == '.' && start+1 < len(l.src) && l.src[start+1] >= '0' && l.src[start+1] <= '9' {
		for l.pos < len(l.src) && (isNameByte(l.src[l.pos], false) || l.src[l.pos] == '.') {
			l.pos++
		}
		t.kind, t.text = pyNumber, string(l.src[start:l.pos])
		return t
	}
	t.kind = pyOp
	n := 1
	for _, op := range pyOperators {
		if c == op[0] && bytes.HasPrefix(l.src[start:], []byte(op)) {
			n = len(op)
			break
		}
	}
	t.text = string(l.src[start : start+n])
	l.pos += n
	return t
}

// pyOperators are those of more than one character, the longer first.
var pyOperators = []string{"**=", "//=", ">>=", "<<=", "...", "==", "!=", "<=", ">=", ":=", "->", "**", "//", "<<", ">>",
	"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@="}

func isStringPrefix(word string) bool {
	for i := range len(word) {
		switch word[i] | 0x20 {
		case 'r', 'b', 'u', 'f', 't':
		default:
			return false
		}
	}
	return true
}
