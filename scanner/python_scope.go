package scanner

import "strings"

// A pyScope is the module, a class body or a function.
type pyScope struct {
	parent   *pyScope
	function bool
	class    bool
	name     string
	indent   int // of the line that opens it
	names    map[string]pyBinding
	params   []string // of a function
	settings *pySettings
}

// inFunction: a class body runs with the scope around it.
func (s *pyScope) inFunction() bool {
	for ; s != nil; s = s.parent {
		if s.function {
			return true
		}
	}
	return false
}

// A pyBinding is what a name stands for, as far as that matters.
type pyBinding struct {
	// qualified is the dotted path of what an import or an alias gives
	// ("os.environ"), "?" and the name where it is something unknown.
	qualified string
	texts     []string // constant strings: one, or the elements of a list
	list      bool
	folder    string // path relative to the folder of the file; "" if it is none
	param     bool   // parameter of a function
}

// lookup finds a name as Python does: a function does not see the names of the
// class around it.
func (p *pyReader) lookup(name string) (pyBinding, bool) {
	if b, ok := p.loops[name]; ok {
		return b, true
	}
	passed := false
	for s := p.scope; s != nil; s = s.parent {
		if s.class && passed {
			continue
		}
		if b, ok := s.names[name]; ok {
			return b, true
		}
		passed = passed || s.function
	}
	return pyBinding{}, false
}

func (p *pyReader) bind(name string, b pyBinding) {
	if name != "" {
		p.scope.names[name] = b
	}
}

// attribute finds self.name in the class around.
func (p *pyReader) attribute(name string) (pyBinding, bool) {
	if c := p.classScope(); c != nil {
		b, ok := c.names["self."+name]
		if !ok {
			b, ok = c.names[name]
		}
		return b, ok
	}
	return pyBinding{}, false
}

func (p *pyReader) classScope() *pyScope {
	for s := p.scope; s != nil; s = s.parent {
		if s.class {
			return s
		}
	}
	return nil
}

// imported reads an import statement between from and to.
func (p *pyReader) imported(from, to int) {
	t := p.st.tokens
	module, i := "", from+1
	if t[from].text == "from" {
		module, i = p.dotted(i, to)
		if i >= to || !t[i].name("import") {
			return
		}
		p.imports[firstPart(module)] = true
		for i++; i < to; i++ {
			if t[i].op("*") && module == "os" {
				for _, name := range []string{"environ", "getenv", "putenv", "environb", "getenvb"} {
					p.bind(name, pyBinding{qualified: "os." + name})
				}
			}
			if t[i].kind != pyName {
				continue
			}
			name := t[i].text
			path := module + "." + name
			if i+2 < to && t[i+1].name("as") {
				i += 2
				name = t[i].text
			}
			p.bind(name, pyBinding{qualified: path})
		}
		return
	}
	for i < to {
		var path string
		path, i = p.dotted(i, to)
		p.imports[firstPart(path)] = true
		if i+1 < to && t[i].name("as") {
			p.bind(t[i+1].text, pyBinding{qualified: path})
			i += 2
		} else {
			p.bind(firstPart(path), pyBinding{qualified: firstPart(path)})
		}
		for i < to && !t[i].op(",") {
			i++
		}
		i++
	}
}

// dotted reads a module's path: names, dots, leading dots.
func (p *pyReader) dotted(i, to int) (string, int) {
	var b strings.Builder
	for t := p.st.tokens; i < to && b.Len() < 200; i++ {
		switch {
		case t[i].op("."), t[i].op("..."):
			b.WriteString(t[i].text)
		case t[i].kind == pyName && t[i].text != "import" && t[i].text != "as":
			b.WriteString(t[i].text)
		default:
			return b.String(), i
		}
	}
	return b.String(), i
}

func firstPart(path string) string {
	first, _, _ := strings.Cut(path, ".")
	return first
}

// definition opens the scope of `def NAME(params)`; at is the index of def.
func (p *pyReader) definition(at, to int) {
	t := p.st.tokens
	s := &pyScope{parent: p.scope, function: true, indent: p.st.indent, names: map[string]pyBinding{}}
	if at+1 < to && t[at+1].kind == pyName {
		s.name = t[at+1].text
		p.bind(s.name, pyBinding{qualified: "?" + s.name})
	}
	open := at + 2
	if open < to && t[open].op("[") && p.st.match[open] < to { // type parameters
		open = p.st.match[open] + 1
	}
	if open < to && t[open].op("(") {
		for _, arg := range p.arguments(open) {
			i := arg.start
			for i < arg.to && (t[i].op("*") || t[i].op("**")) {
				i++
			}
			if i >= arg.to || t[i].kind != pyName {
				continue
			}
			name := t[i].text
			b := pyBinding{qualified: "?" + name, param: true}
			if eq := p.assignSign(i, arg.to); eq > 0 {
				if q, end := p.qualify(eq + 1); end == arg.to && (q == environQ || q == envCallQ) {
					b = pyBinding{qualified: q}
				}
				p.secretLiteral(name, i, eq+1, "default of a parameter", InDefault)
			}
			s.names[name] = b
			s.params = append(s.params, name)
		}
	}
	p.scope = s
}

// assignSign finds the "=" of a parameter or annotated name between from and to.
func (p *pyReader) assignSign(from, to int) int {
	for i := from; i < to; i++ {
		if p.st.tokens[i].op("=") {
			return i
		}
		if p.st.opens(i) {
			i = p.st.match[i]
		}
	}
	return -1
}

// opens reports whether token i is an opening bracket.
func (st *pyStatement) opens(i int) bool {
	return st.match[i] > i
}

// A pyArgument is one argument of a call, element of a list or entry of a dict.
type pyArgument struct {
	name     string // of a keyword argument
	start    int    // with its name and stars
	from, to int    // its value
	star     bool   // * or **
}

// arguments splits what stands in the bracket at open.
func (p *pyReader) arguments(open int) []pyArgument {
	t, st := p.st.tokens, p.st
	end := min(st.match[open], len(t))
	var out []pyArgument
	for from := open + 1; from < end; {
		to := from
		for to < end && !t[to].op(",") {
			if st.opens(to) {
				to = st.match[to]
			}
			to++
		}
		to = min(to, end)
		a := pyArgument{start: from, from: from, to: to}
		switch {
		case to > from+1 && t[from].kind == pyName && t[from+1].op("="):
			a.name, a.from = t[from].text, from+2
		case to > from && (t[from].op("*") || t[from].op("**")):
			a.star, a.from = true, from+1
		}
		if a.to > a.from {
			out = append(out, a)
		}
		from = to + 1
	}
	return out
}

// positional returns the n-th argument without a name, else one of that name.
func positional(args []pyArgument, n int, names ...string) (pyArgument, bool) {
	for _, a := range args {
		for _, name := range names {
			if a.name == name && name != "" {
				return a, true
			}
		}
	}
	for _, a := range args {
		if a.star {
			return pyArgument{}, false
		}
		if a.name != "" {
			continue
		}
		if n == 0 {
			return a, true
		}
		n--
	}
	return pyArgument{}, false
}
