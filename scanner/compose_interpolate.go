package scanner

import "strings"

// interpolate reads the interpolation of compose files and dotenv values
// (compose-spec 12-interpolation): $X, ${X}, ${X:-d}, ${X-d}, ${X:?e}, ${X?e},
// ${X:+r}, ${X+r}, nested in defaults, and $$ for a dollar. What has no such
// form stays text.
func interpolate(text string) word {
	if !strings.Contains(text, "$") {
		return literalWord(text)
	}
	return interpolateDepth(text, 0)
}

func interpolateDepth(text string, depth int) word {
	var w word
	var b strings.Builder
	for i := 0; i < len(text); {
		if text[i] != '$' || i+1 >= len(text) {
			b.WriteByte(text[i])
			i++
			continue
		}
		if text[i+1] == '$' {
			b.WriteByte('$')
			i += 2
			continue
		}
		end, ref, ok := interpolation(text[i:], depth)
		if !ok {
			b.WriteByte('$')
			i++
			continue
		}
		ref.start = b.Len()
		b.WriteString(text[i : i+end])
		ref.end = b.Len()
		w.refs = append(w.refs, ref)
		i += end
	}
	w.text = b.String()
	return w
}

// interpolation reads one reference at the start of text, which begins with a
// dollar sign.
func interpolation(text string, depth int) (end int, ref wordRef, ok bool) {
	if text[1] != '{' {
		n := nameLength(text[1:])
		return 1 + n, wordRef{variable: text[1 : 1+n]}, n > 0
	}
	n := nameLength(text[2:])
	if n == 0 {
		return 0, wordRef{}, false
	}
	ref.variable = text[2 : 2+n]
	rest := text[2+n:]
	if rest == "" {
		return 0, wordRef{}, false
	}
	if rest[0] == '}' {
		return 2 + n + 1, ref, true
	}
	closing := closingBrace(rest)
	if closing < 0 {
		return 0, wordRef{}, false
	}
	operator, operand := rest[:1], rest[1:closing]
	if operator == ":" && operand != "" {
		operator, operand = operand[:1], operand[1:]
	}
	switch operator {
	case "-", "+", "=":
		if depth >= 20 {
			return 0, wordRef{}, false
		}
		inner := interpolateDepth(operand, depth+1)
		if filled, ok := inner.filled(); ok {
			ref.fallback = filled
		}
	case "?":
	default:
		return 0, wordRef{}, false
	}
	return 2 + n + closing + 1, ref, true
}

// closingBrace finds the brace that ends a ${…} whose inside text is.
// It looks no further than 4 KiB: many that are never closed would cost the
// square of the text.
func closingBrace(text string) int {
	open := 1
	for i := 0; i < min(len(text), 4<<10); i++ {
		switch {
		case text[i] == '$' && i+1 < len(text) && text[i+1] == '{':
			open++
			i++
		case text[i] == '}':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

func nameLength(text string) int {
	n := 0
	for n < len(text) && isNameByte(text[n], n == 0) {
		n++
	}
	return n
}

func isNameByte(c byte, first bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || !first && c >= '0' && c <= '9'
}

// isName reports whether s is the name of a shell variable.
func isName(s string) bool { return s != "" && nameLength(s) == len(s) }
