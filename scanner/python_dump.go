package scanner

import "strings"

// Where code writes variables out: to the terminal, a log, JSON, a file.

// environItem marks the variables of `for name, value in os.environ.items()`.
const environItem = "?item of the environment"

// dump records a call that writes the whole environment out.
func (p *pyReader) dump(q string, start int, args []pyArgument) {
	if !isSink(q) && !isSerializer(q) {
		return
	}
	for _, a := range args {
		if p.wholeEnvironment(a.from, a.to, 0) {
			t := p.st.tokens[start]
			t.col = 1 // print(json.dumps(…)) is one leak
			p.add(t, Candidate{Mechanism: Leak, Name: "*", Scope: p.when(start), Detail: "the whole environment is written out"})
			return
		}
	}
}

func lastPart(q string) string { return q[strings.LastIndexByte(q, '.')+1:] }

// isSink knows what prints and logs.
func isSink(q string) bool {
	switch name := lastPart(q); name {
	case "print", "pprint", "pp", "echo", "secho":
		return true
	case "debug", "info", "warning", "warn", "error", "critical", "exception", "log":
		return name != q
	case "write":
		return strings.Contains(q, "stdout") || strings.Contains(q, "stderr")
	}
	return false
}

// isSerializer knows what turns a mapping into text that leaves the process.
func isSerializer(q string) bool {
	switch lastPart(q) {
	case "dumps", "dump", "safe_dump", "write", "writelines", "write_text", "jsonify", "JSONResponse":
		return true
	}
	return false
}

// wholeEnvironment recognises os.environ itself and what only changes its form.
func (p *pyReader) wholeEnvironment(from, to, depth int) bool {
	t := p.st.tokens
	if from >= to || depth > 5 {
		return false
	}
	if t[from].kind == pyString {
		for ; from < to && t[from].kind == pyString; from++ {
			for _, part := range t[from].str.parts {
				if part.hole == nil {
					continue
				}
				outer := p.st
				p.st = part.hole
				whole := p.wholeEnvironment(0, len(part.hole.tokens), depth+1)
				p.st = outer
				if whole {
					return true
				}
			}
		}
		return false
	}
	if t[from].kind != pyName {
		return false
	}
	if to == from+1 {
		if b, ok := p.lookup(t[from].text); ok && b.qualified == environItem {
			return true
		}
	}
	q, next := p.qualify(from)
	if isEnvironment(q) || isEnvironment(strings.TrimSuffix(strings.TrimSuffix(q, ".items()"), ".values()")) {
		return next == to
	}
	switch t[from].text {
	case "str", "repr", "list", "sorted", "dict", "json", "pformat", "pprint", "vars":
	default:
		return false
	}
	open := from + 1
	for open < to && (t[open].op(".") || t[open].kind == pyName) {
		open++
	}
	if open >= to || !t[open].op("(") || p.st.match[open] != to-1 {
		return false
	}
	args := p.arguments(open)
	return len(args) > 0 && p.wholeEnvironment(args[0].from, args[0].to, depth+1)
}

// printed records a read whose value goes straight into a print or log call.
func (p *pyReader) printed(start int, c Candidate) {
	t := p.st.tokens
	_, next := p.qualify(start)
	if next < len(t) && t[next].op("[") {
		next = p.st.match[next] + 1
	}
	if !p.inSink(start, next) {
		return
	}
	c.Mechanism, c.Detail, c.Optional = Leak, "printed or logged", false
	p.add(t[start], c)
}

// inSink reports whether the expression between from and to is, as it stands, an
// argument of a call that prints.
func (p *pyReader) inSink(from, to int) bool {
	t, open := p.st.tokens, p.st.parent[from]
	if open < 0 {
		return p.sinkHole && from == 0 && to >= len(t)
	}
	if !t[open].op("(") || open == 0 || t[open-1].kind != pyName || !t[from-1].op("(") && !t[from-1].op(",") {
		return false
	}
	if to < len(t) && !t[to].op(",") && !t[to].op(")") {
		return false
	}
	at := open - 1
	for at > 1 && t[at-1].op(".") && t[at-2].kind == pyName {
		at -= 2
	}
	return isSink(p.callee(at, open))
}

// callee is the path of what is called at open; its name begins at token at.
func (p *pyReader) callee(at, open int) string {
	q, i := p.head(at)
	for t := p.st.tokens; i+1 < open && t[i].op(".") && len(q) < 200; i += 2 {
		q += "." + t[i+1].text
	}
	return q
}
