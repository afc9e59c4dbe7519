package scanner

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A pyLiteral is a string literal. Parts of a format string alternate between
// text and expressions; any other has one part of text at most.
type pyLiteral struct {
	parts []pyPart
	last  int // line on which it ends
}

// A pyPart is text, or the expression of a format string.
type pyPart struct {
	text string
	hole *pyStatement
}

// constant returns the text of a literal without expressions.
func (s *pyLiteral) constant() (string, bool) {
	switch len(s.parts) {
	case 0:
		return "", true
	case 1:
		return s.parts[0].text, s.parts[0].hole == nil
	}
	return "", false
}

const (
	maxHoleDepth = 8
	maxHole      = 16 << 10
)

// string reads a literal whose prefix is read already. One that is not closed
// ends with its line (or, triple-quoted, with the file).
func (l *pyLexer) string(prefix string, t pyToken) pyToken {
	prefix = strings.ToLower(prefix)
	raw, format := strings.Contains(prefix, "r"), strings.ContainsAny(prefix, "ft")
	quote := l.src[l.pos : l.pos+1]
	if triple := bytes.Repeat(quote, 3); bytes.HasPrefix(l.src[l.pos:], triple) {
		quote = triple
	}
	l.pos += len(quote)
	lit := &pyLiteral{}
	var b strings.Builder
	for {
		if l.pos >= len(l.src) || len(quote) == 1 && l.src[l.pos] == '\n' {
			if !l.inside {
				l.problem(t.line, "a string is not closed; what stands behind it may have been missed")
			}
			break
		}
		c := l.src[l.pos]
		if c == quote[0] && bytes.HasPrefix(l.src[l.pos:], quote) {
			l.pos += len(quote)
			break
		}
		switch {
		case c == '\\':
			l.escape(&b, raw)
		case c == '\n':
			b.WriteByte(c)
			l.newline()
		case format && c == '{' && !bytes.HasPrefix(l.src[l.pos:], []byte("{{")):
			hole := l.hole()
			if hole == nil {
				b.WriteByte(c)
				l.pos++
				continue
			}
			if b.Len() > 0 {
				lit.parts = append(lit.parts, pyPart{text: b.String()})
				b.Reset()
			}
			lit.parts = append(lit.parts, pyPart{hole: hole})
		case format && (c == '{' || c == '}' && bytes.HasPrefix(l.src[l.pos:], []byte("}}"))):
			b.WriteByte(c)
			l.pos += 2
		default:
			b.WriteByte(c)
			l.pos++
		}
	}
	if b.Len() > 0 {
		lit.parts = append(lit.parts, pyPart{text: b.String()})
	}
	lit.last = l.line
	t.kind, t.str = pyString, lit
	return t
}

// escape reads a backslash and what follows it.
func (l *pyLexer) escape(b *strings.Builder, raw bool) {
	l.pos++
	if l.pos >= len(l.src) {
		return
	}
	c := l.src[l.pos]
	if raw {
		b.WriteByte('\\')
		b.WriteByte(c)
		l.past(c)
		return
	}
	if text, n := pyEscape(l.src[l.pos:]); n > 0 {
		b.WriteString(text)
		l.pos += n
		return
	}
	switch c {
	case '\n':
	case '\r':
	default:
		b.WriteByte('\\')
		b.WriteByte(c)
	}
	l.past(c)
}

func (l *pyLexer) past(c byte) {
	if c == '\n' {
		l.newline()
	} else {
		l.pos++
	}
}

// pyEscape decodes the escape whose text behind the backslash begins rest; n is
// 0 for what is no escape.
func pyEscape(rest []byte) (text string, n int) {
	digits := func(from, count, base int) (string, int) {
		if len(rest) < from+count {
			return "", 0
		}
		v, err := strconv.ParseUint(string(rest[from:from+count]), base, 32)
		if err != nil || v > utf8.MaxRune {
			return "", 0
		}
		return string(rune(v)), from + count
	}
	switch rest[0] {
	case '\\', '\'', '"':
		return string(rest[0]), 1
	case 'n':
		return "\n", 1
	case 't':
		return "\t", 1
	case 'r':
		return "\r", 1
	case 'a', 'b', 'f', 'v':
		return map[byte]string{'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v"}[rest[0]], 1
	case 'x':
		return digits(1, 2, 16)
	case 'u':
		return digits(1, 4, 16)
	case 'U':
		return digits(1, 8, 16)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		count := 1
		for count < 3 && count < len(rest) && rest[count] >= '0' && rest[count] <= '7' {
			count++
		}
		return digits(0, count, 8)
	}
	return "", 0
}

// hole reads the expression of a format string, from its opening brace to its
// closing one; nil leaves everything as it was.
func (l *pyLexer) hole() *pyStatement {
	if l.depth >= maxHoleDepth {
		return nil
	}
	end := l.holeEnd(l.pos+1, 0)
	if end < 0 {
		if l.spent() && !l.told {
			l.told = true
			l.problem(l.line, "format strings too entangled to be read; the expressions in the rest of them were not")
		}
		return nil
	}
	inner := &pyLexer{src: l.src[:end], pos: l.pos + 1, line: l.line, lineStart: l.lineStart,
		depth: l.depth + 1, inside: true, size: l.size, steps: l.steps, problem: func(int, string) {}}
	st := inner.next()
	if st == nil {
		st = &pyStatement{}
	}
	// What follows the expression is its conversion and format.
	for i, t := range st.tokens {
		if st.parent[i] < 0 && (t.op(":") || t.op("!")) {
			st.tokens, st.match, st.parent = st.tokens[:i], st.match[:i], st.parent[:i]
			break
		}
	}
	for l.pos <= end {
		l.past(l.src[l.pos])
	}
	return st
}

// spent reports whether looking ahead has cost more than any honest file needs.
func (l *pyLexer) spent() bool { return *l.steps > l.size*16+1<<16 }

// holeEnd finds the brace that closes the one before from; -1 if there is none
// near. Since Python 3.12 an expression may hold any quotes and newlines.
func (l *pyLexer) holeEnd(from, depth int) int {
	open := 0
	for i := from; i < len(l.src) && i-from < maxHole && !l.spent(); i++ {
		*l.steps++
		switch c := l.src[i]; c {
		case '{', '(', '[':
			open++
		case '}', ')', ']':
			if open == 0 {
				if c == '}' {
					return i
				}
				return -1
			}
			open--
		case '"', '\'':
			if i = l.stringEnd(i, depth); i < 0 {
				return -1
			}
		}
	}
	return -1
}

// stringEnd finds the last quote of the string that begins at i.
func (l *pyLexer) stringEnd(i, depth int) int {
	quote := l.src[i : i+1]
	if triple := bytes.Repeat(quote, 3); bytes.HasPrefix(l.src[i:], triple) {
		quote = triple
	}
	format := i > 0 && (l.src[i-1]|0x20 == 'f' || i > 1 && l.src[i-1]|0x20 == 'r' && l.src[i-2]|0x20 == 'f')
	for at := i + len(quote); at < len(l.src) && at-i < maxHole && !l.spent(); at++ {
		*l.steps++
		switch c := l.src[at]; {
		case c == '\\':
			at++
		case c == '\n' && len(quote) == 1:
			return -1
		case c == quote[0] && bytes.HasPrefix(l.src[at:], quote):
			return at + len(quote) - 1
		case c == '{' && format && depth < maxHoleDepth:
			if bytes.HasPrefix(l.src[at:], []byte("{{")) {
				at++
			} else if end := l.holeEnd(at+1, depth+1); end > 0 {
				at = end
			}
		}
	}
	return -1
}
