package scanner

import (
	"github.com/agentsec/agentsec/internal/secret"
)

// written records the write of a variable: its name stands between from and to,
// its value between value and end.
func (p *pyReader) written(from, to, value, end int) {
	names := p.texts(pyArgument{from: from, to: to})
	if names == nil {
		p.wrapper(pyArgument{from: from, to: to}, pyRead{})
	}
	for _, name := range names {
		if isVariableName(name) {
			p.write(from, name, value, end, "")
		}
	}
}

func (p *pyReader) write(at int, name string, value, end int, detail string) {
	c := Candidate{Mechanism: CodeRead, Place: InWrite, Name: name, Scope: p.when(at), Detail: detail}
	if text, next, ok := p.text(value, 0); ok && next <= end && p.ends(next) {
		if text == "" {
			return
		}
		c.Mechanism, c.Value = Literal, secret.New(text)
	} else if text, ok := p.urlLiteral(value); ok {
		c.Mechanism, c.Value = Literal, secret.New(text)
	}
	p.add(p.st.tokens[at], c)
	if t := p.st.tokens; c.Mechanism == Literal && value < len(t) && t[value].str != nil {
		for l := t[value].line; l <= t[value].str.last; l++ {
			p.found.reach(l)
		}
	}
}

// updated reads one argument of os.environ.update: a dict, dict(…) or NAME=value.
func (p *pyReader) updated(a pyArgument) {
	t := p.st.tokens
	if a.name != "" {
		p.write(a.from, a.name, a.from, a.to, "")
		return
	}
	if t[a.from].name("dict") && a.from+1 < a.to && t[a.from+1].op("(") {
		for _, inner := range p.arguments(a.from + 1) {
			if inner.name != "" {
				p.write(inner.from, inner.name, inner.from, inner.to, "")
			}
		}
		return
	}
	p.writtenAll(a.from, a.to)
}

// writtenAll records the entries of the dict between from and to as writes.
func (p *pyReader) writtenAll(from, to int) {
	if from < to && p.st.tokens[from].op("{") {
		p.entries(from, "", false)
	}
}

// entries records the entries of the dict at open as variables. With upper only
// names in capitals count: the dict may be something else.
func (p *pyReader) entries(open int, detail string, upper bool) {
	t := p.st.tokens
	for _, a := range p.arguments(open) {
		name, next, ok := p.text(a.from, 0)
		if !ok || next >= a.to || !t[next].op(":") || !isVariableName(name) || upper && !isUpperName(name) {
			continue
		}
		p.write(a.from, name, next+1, a.to, detail)
	}
}

func isUpperName(name string) bool {
	letter := false
	for i := range len(name) {
		c := name[i]
		letter = letter || c >= 'A' && c <= 'Z'
		if c != '_' && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return letter
}

// mergedDict reads {**os.environ, "X": …} and os.environ | {"X": …}.
func (p *pyReader) mergedDict(open int) {
	t := p.st.tokens
	if open > 1 && t[open-1].op("|") && t[open-2].kind == pyName {
		at := open - 2
		for at > 1 && t[at-1].op(".") {
			at -= 2
		}
		if q, next := p.qualify(at); next == open-1 && isEnvironment(q) {
			p.entries(open, "environment of a child process", false)
		}
		return
	}
	if open+1 < len(t) && t[open+1].op("**") {
		if q, _ := p.qualify(open + 2); isEnvironment(q) {
			p.entries(open, "environment of a child process", false)
		}
	}
}

// environmentDict reads `env={…}`, an argument or assignment, and `"env": {…}`.
func (p *pyReader) environmentDict(name string, value int) {
	t := p.st.tokens
	if value >= len(t) || !t[value].op("{") {
		return
	}
	switch name {
	case "env", "environment", "envs", "env_vars", "environ", "extra_env", "environment_variables", "envVars", "ENV", "ENVIRONMENT":
		p.entries(value, "environment of a child process", true)
	}
}
