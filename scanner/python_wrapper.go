package scanner

import "strings"

// A pyWrapper is a function of the file that reads (or writes) the variable
// named by one of its parameters.
type pyWrapper struct {
	param    int // its place, without self
	name     string
	class    string // of a method
	optional bool
	prefix   string // what it puts in front of the name
}

// wrapper learns that the function around reads the variable that its parameter
// names.
func (p *pyReader) wrapper(name pyArgument, r pyRead) {
	t := p.st.tokens
	at, prefix := name.from, ""
	if name.to > at+2 && t[at+1].op("+") { // "APP_" + name
		if text, next, ok := p.textPart(at, 0); ok && t[next].op("+") {
			at, prefix = next+1, text
		}
	}
	if name.to == at+1 && t[at].kind == pyString { // f"APP_{name}"
		if parts := t[at].str.parts; len(parts) == 2 && parts[0].hole == nil && parts[1].hole != nil && len(parts[1].hole.tokens) == 1 {
			p.learn(parts[1].hole.tokens[0], parts[0].text, r)
		}
		return
	}
	if name.to == at+1 {
		p.learn(t[at], prefix, r)
	}
}

func (p *pyReader) learn(t pyToken, prefix string, r pyRead) {
	if t.kind != pyName {
		return
	}
	b, ok := p.lookup(t.text)
	if !ok || !b.param {
		return
	}
	for s := p.scope; s != nil; s = s.parent {
		if !s.function {
			continue
		}
		n := 0
		for _, param := range s.params {
			if param == t.text && s.name != "" {
				if _, known := p.wrappers[s.name]; !known {
					p.wrappers[s.name] = pyWrapper{n, param, className(s), r.optional, prefix}
				}
				return
			}
			if param != "self" && param != "cls" {
				n++
			}
		}
	}
}

// wrapped reads the call of a wrapper: a function by its name, a method through
// self, its class or what its class constructed.
func (p *pyReader) wrapped(q string, start int, args []pyArgument) {
	name := strings.TrimPrefix(lastPart(q), unknownPy)
	w, ok := p.wrappers[name]
	if !ok {
		return
	}
	switch q {
	case unknownPy + name:
		ok = w.class == ""
	case unknownPy + "self." + name, unknownPy + "cls." + name, unknownPy + w.class + "." + name, unknownPy + w.class + "()." + name:
		ok = w.class != ""
	default:
		ok = q == name && w.class == "" // called above its definition
	}
	if !ok {
		return
	}
	a, ok := positional(args, w.param, w.name)
	if !ok {
		return
	}
	for _, n := range p.texts(a) {
		if isVariableName(n) {
			p.add(p.st.tokens[start], Candidate{Mechanism: CodeRead, Name: w.prefix + n, Scope: p.when(start), Optional: w.optional, Detail: "through a function of this file"})
		}
	}
	if fallback, ok := positional(args, w.param+1, "default"); ok && w.prefix == "" {
		p.fallback(a, fallback.from)
	}
}

// className is the class whose method s is.
func className(s *pyScope) string {
	if s.parent != nil && s.parent.class {
		return s.parent.name
	}
	return ""
}
