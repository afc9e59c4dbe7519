package scanner

import "strings"

// text evaluates the constant string that begins at token i: literals, constant
// names, "+", parentheses. next is the token behind it.
func (p *pyReader) text(i, depth int) (text string, next int, ok bool) {
	t := p.st.tokens
	var b strings.Builder
	for {
		part, next, ok := p.textPart(i, depth)
		if !ok || b.Len() > 1<<20 {
			return "", i, false
		}
		b.WriteString(part)
		if i = next; i >= len(t) || !t[i].op("+") {
			return b.String(), i, true
		}
		i++
	}
}

func (p *pyReader) textPart(i, depth int) (string, int, bool) {
	t := p.st.tokens
	if i >= len(t) || depth > 20 {
		return "", i, false
	}
	switch {
	case t[i].kind == pyString:
		var b strings.Builder
		for ; i < len(t) && t[i].kind == pyString; i++ {
			if !p.formatted(&b, t[i].str) {
				return "", i, false
			}
		}
		return b.String(), p.encoded(i), true
	case t[i].op("("):
		text, next, ok := p.text(i+1, depth+1)
		if !ok || next != p.st.match[i] {
			return "", i, false
		}
		return text, p.encoded(next + 1), true
	case t[i].kind == pyName:
		if i+1 < len(t) && t[i+1].op("(") {
			if t[i].text != "SecretStr" && t[i].text != "str" && t[i].text != "SecretBytes" && t[i].text != "Secret" {
				return "", i, false
			}
			text, next, ok := p.text(i+2, depth+1)
			if !ok || next != p.st.match[i+1] {
				return "", i, false
			}
			return text, next + 1, true
		}
		b, ok := p.lookup(t[i].text)
		i++
		if i+1 < len(t) && t[i].op(".") && t[i+1].kind == pyName {
			if !t[i-1].name("self") && !t[i-1].name("cls") {
				return "", i, false
			}
			b, ok = p.attribute(t[i+1].text)
			i += 2
		}
		if !ok || b.list || len(b.texts) != 1 || i < len(t) && (t[i].op(".") || t[i].op("[") || t[i].op("(")) {
			return "", i, false
		}
		return b.texts[0], i, true
	}
	return "", i, false
}

// formatted appends a literal; the expressions of a format string have to be
// constant names.
func (p *pyReader) formatted(b *strings.Builder, lit *pyLiteral) bool {
	for _, part := range lit.parts {
		if part.hole == nil {
			b.WriteString(part.text)
			continue
		}
		outer := p.st
		p.st = part.hole
		text, next, ok := p.text(0, 0)
		ok = ok && next == len(part.hole.tokens)
		p.st = outer
		if !ok {
			return false
		}
		b.WriteString(text)
	}
	return true
}

// encoded passes over .encode(), .strip() and .decode() behind a string.
func (p *pyReader) encoded(i int) int {
	t := p.st.tokens
	for i+2 < len(t) && t[i].op(".") && t[i+2].op("(") && p.st.match[i+2] < len(t) {
		switch t[i+1].text {
		case "encode", "strip", "decode":
			i = p.st.match[i+2] + 1
		default:
			return i
		}
	}
	return i
}

// texts evaluates what names a variable: a constant string, or the variable of a
// loop over several.
func (p *pyReader) texts(a pyArgument) []string {
	if text, next, ok := p.text(a.from, 0); ok && next == a.to {
		return []string{text}
	}
	t := p.st.tokens
	if a.to == a.from+1 && t[a.from].kind == pyName {
		if b, ok := p.lookup(t[a.from].text); ok && !b.list {
			return nil
		} else if ok {
			return b.texts
		}
	}
	return nil
}

// ends reports whether token i ends an expression: a comma, a closing bracket,
// the end of the statement, or what makes the value before it one of several.
func (p *pyReader) ends(i int) bool {
	t := p.st.tokens
	if i >= len(t) {
		return true
	}
	switch t[i].kind {
	case pyOp:
		switch t[i].text {
		case ",", ")", "]", "}", ";", ":", "=":
			return true
		}
	case pyName:
		return t[i].text == "if" || t[i].text == "or" || t[i].text == "else" || t[i].text == "for"
	}
	return false
}

// source tells a string's text with {} for its expressions; false without any
// text.
func (s *pyLiteral) source() string {
	var b strings.Builder
	for _, part := range s.parts {
		if part.hole != nil {
			b.WriteString("{}")
		} else {
			b.WriteString(part.text)
		}
	}
	return b.String()
}
