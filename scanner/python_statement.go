package scanner

// line reads one logical line: simple statements between semicolons, behind the
// header of a compound statement if there is one.
func (p *pyReader) line(from, to int) {
	t := p.st.tokens
	for from < to {
		if isCompound(t, from, to) {
			if colon := p.next(from, to, ":"); colon < to {
				p.header(from, colon)
				from = colon + 1
				continue
			}
		}
		end := p.next(from, to, ";")
		p.simple(from, end)
		from = end + 1
	}
}

// next finds an operator outside all brackets between from and to, else to.
func (p *pyReader) next(from, to int, op string) int {
	for i := from; i < to; i++ {
		if p.st.tokens[i].op(op) {
			return i
		}
		if p.st.opens(i) {
			i = p.st.match[i]
		}
	}
	return to
}

func isCompound(t []pyToken, from, to int) bool {
	if t[from].kind != pyName {
		return false
	}
	switch t[from].text {
	case "if", "elif", "else", "for", "while", "with", "try", "except", "finally", "def", "class", "async":
		return true
	case "match", "case": // names, too: "match: int = 3"
		return from+1 < to && !t[from+1].op(":") && !t[from+1].op("=") && !t[from+1].op(".")
	}
	return false
}

// header reads what opens a compound statement, up to its colon.
func (p *pyReader) header(from, to int) {
	t := p.st.tokens
	at := from
	if t[at].name("async") && at+1 < to {
		at++
	}
	switch t[at].text {
	case "def":
		for p.params = at; p.params < to && !t[p.params].op("("); {
			p.params++
		}
		p.walk(from, to)
		p.definition(at, to)
		return
	case "class":
		p.walk(from, to)
		p.class(at, to)
		return
	case "for":
		in := at + 1
		for in < to && !t[in].name("in") {
			in++
		}
		if p.overItems(in+1, to) {
			for i := at + 1; i < in; i++ {
				if t[i].kind == pyName {
					p.bind(t[i].text, pyBinding{qualified: environItem})
				}
			}
		} else if in == at+2 && t[at+1].kind == pyName {
			b := p.elements(in+1, to)
			if b.texts == nil {
				b.qualified = "?" + t[at+1].text
			}
			p.bind(t[at+1].text, b)
		} else {
			p.forget(at+1, in)
		}
	case "with":
		for i := at + 1; i+1 < to; i++ {
			if t[i].name("as") && t[i+1].kind == pyName {
				p.bind(t[i+1].text, pyBinding{qualified: "?" + t[i+1].text})
			}
		}
	}
	p.walk(from, to)
}

// overItems recognises os.environ.items() and .values().
func (p *pyReader) overItems(from, to int) bool {
	q, next := p.qualify(from)
	return next == to && (q == environQ+".items()" || q == environQ+".values()" || q == dotenvQ+".items()")
}

// forget makes the names between from and to stand for something unknown.
func (p *pyReader) forget(from, to int) {
	for i := from; i < to; i++ {
		if t := p.st.tokens[i]; t.kind == pyName {
			p.bind(t.text, pyBinding{qualified: "?" + t.text})
		}
	}
}

// simple reads a simple statement.
func (p *pyReader) simple(from, to int) {
	t := p.st.tokens
	if from >= to {
		return
	}
	switch {
	case t[from].name("import"), t[from].name("from"):
		p.imported(from, to)
		return
	case t[from].name("del"):
		for i := from; i < to; i++ {
			if t[i].op("[") {
				p.store(i)
			}
		}
		p.walk(from, to)
		return
	}
	p.comprehensions(from, to)
	p.assignment(from, to)
	p.walk(from, to)
}

func (p *pyReader) store(bracket int) {
	if p.stores == nil {
		p.stores = map[int]bool{}
	}
	p.stores[bracket] = true
}

// comprehensions binds the variables of `for NAME in LIST` inside expressions:
// they stand behind their use.
func (p *pyReader) comprehensions(from, to int) {
	t := p.st.tokens
	for i := from; i+3 < to; i++ {
		if !t[i].name("for") || t[i+1].kind != pyName || !t[i+2].name("in") {
			continue
		}
		b := p.elements(i+3, to)
		if b.texts == nil {
			b.qualified = "?" + t[i+1].text
		}
		if p.loops == nil {
			p.loops = map[string]pyBinding{}
		}
		p.loops[t[i+1].text] = b
	}
}

// assignment reads TARGET = … = VALUE, TARGET: TYPE = VALUE and TARGET |= VALUE.
func (p *pyReader) assignment(from, to int) {
	t := p.st.tokens
	var signs []int
	annotation := -1
	for i := from; i < to; i++ {
		switch {
		case t[i].name("lambda"):
			i = to
			continue
		case t[i].op("="):
			if len(signs) == 50 {
				return
			}
			signs = append(signs, i)
		case t[i].op(":") && annotation < 0 && len(signs) == 0:
			annotation = i
		case (t[i].op("|=") || t[i].op("+=")) && len(signs) == 0:
			p.augmented(from, i, to)
			return
		}
		if p.st.opens(i) {
			i = p.st.match[i]
		}
	}
	if annotation > 0 && p.scope.settings != nil && annotation == from+1 {
		value := to
		if len(signs) > 0 {
			value = signs[0] + 1
		}
		p.settingsField(from, annotation, value, to)
		if len(signs) > 0 {
			p.bind(t[from].text, p.valueOf(value, to, t[from].text))
		}
		return
	}
	if len(signs) == 0 {
		return
	}
	value := signs[len(signs)-1] + 1
	start := from
	for _, sign := range signs {
		end := sign
		if annotation > 0 && start == from {
			end = annotation
		}
		p.target(start, end, value, to)
		start = sign + 1
	}
	if p.scope.settings != nil || p.scope.name == "Config" {
		p.settingsOption(from, signs[0], value, to)
	}
}

// target reads one target of an assignment, between from and to; its value
// stands between value and end.
func (p *pyReader) target(from, to, value, end int) {
	t := p.st.tokens
	if from >= to || value >= end {
		return
	}
	for i := from; i < to; i++ { // a, os.environ["B"] = …: no value of its own
		if t[i].op(",") {
			for k := from; k < to; k++ {
				if t[k].op("[") {
					p.store(k)
				}
				if p.st.opens(k) {
					k = p.st.match[k]
				}
			}
			p.forget(from, to)
			return
		}
		if p.st.opens(i) {
			i = p.st.match[i]
		}
	}
	if to == from+1 && t[from].kind == pyName {
		p.secretLiteral(t[from].text, from, value, "assignment", InEnv)
		p.environmentDict(t[from].text, value)
		p.bind(t[from].text, p.valueOf(value, end, t[from].text))
		return
	}
	last := to - 1
	if t[last].op("]") && p.st.match[last] > from {
		open := p.st.match[last]
		p.store(open)
		q, next := p.qualify(from)
		if next == open && isEnvironment(q) {
			p.written(open+1, last, value, end)
			return
		}
		if key, next, ok := p.text(open+1, 0); ok && next == last {
			p.secretLiteral(key, open+1, value, "entry", InEnv)
		}
		return
	}
	if t[last].kind == pyName && last > from && t[last-1].op(".") {
		p.secretLiteral(t[last].text, last, value, "attribute", InEnv)
		p.environmentDict(t[last].text, value)
		if last == from+2 && (t[from].name("self") || t[from].name("cls")) {
			if c := p.classScope(); c != nil {
				c.names["self."+t[last].text] = p.valueOf(value, end, t[last].text)
			}
		}
	}
}

// augmented reads TARGET |= {…}.
func (p *pyReader) augmented(from, sign, to int) {
	t := p.st.tokens
	if q, next := p.qualify(from); next == sign && isEnvironment(q) && t[sign].op("|=") {
		p.writtenAll(sign+1, to)
	}
	if sign == from+1 && t[from].kind == pyName {
		p.bind(t[from].text, pyBinding{qualified: "?" + t[from].text})
	}
}

// valueOf says what a name stands for after the assignment of the value.
func (p *pyReader) valueOf(from, to int, name string) pyBinding {
	// Long ones name nothing, and copies of copies would grow without bound.
	if text, next, ok := p.text(from, 0); ok && next == to && len(text) <= 4096 {
		return pyBinding{qualified: "?" + name, texts: []string{text}}
	}
	if b := p.elements(from, to); b.texts != nil {
		return b
	}
	if folder, ok := p.folder(from, to); ok {
		return pyBinding{qualified: "?" + name, folder: folder}
	}
	if q, next := p.qualify(from); q != "" && next == to {
		return pyBinding{qualified: q}
	}
	if p.holdsEnvironment(from, to) {
		return pyBinding{qualified: environQ}
	}
	return pyBinding{qualified: "?" + name}
}

// holdsEnvironment recognises a copy of the environment with further entries:
// {**os.environ, …}, os.environ | {…}, dict(os.environ, …).
func (p *pyReader) holdsEnvironment(from, to int) bool {
	t := p.st.tokens
	if from >= to {
		return false
	}
	if q, next := p.qualify(from); isEnvironment(q) && next < to && t[next].op("|") {
		return true
	}
	if t[from].op("{") && p.st.match[from] == to-1 {
		for _, a := range p.arguments(from) {
			if q, _ := p.qualify(a.from); a.star && isEnvironment(q) {
				return true
			}
		}
	}
	return false
}

// elements returns the constant strings of a list, tuple or set between from and
// to, or of a name that stands for one. What follows the closing bracket is not
// looked at.
func (p *pyReader) elements(from, to int) pyBinding {
	t := p.st.tokens
	if from >= to {
		return pyBinding{}
	}
	if t[from].kind == pyName {
		if b, ok := p.lookup(t[from].text); ok && b.list {
			return b
		}
		return pyBinding{}
	}
	if !t[from].op("[") && !t[from].op("(") && !t[from].op("{") {
		return pyBinding{}
	}
	b := pyBinding{list: true, qualified: "?"}
	for _, a := range p.arguments(from) {
		text, next, ok := p.text(a.from, 0)
		if !ok || next < a.to && !t[next].op(":") || len(b.texts) >= 200 {
			return pyBinding{}
		}
		b.texts = append(b.texts, text)
	}
	return b
}
