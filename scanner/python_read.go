package scanner

import (
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
)

// What a chain of names can lead to, beside the dotted path of an import.
const (
	environQ  = "os.environ"
	dotenvQ   = "dotenv_values()" // the dict that it returns
	envCallQ  = "Env()"           // an instance of environs.Env, environ.Env, decouple or starlette Config
	unknownPy = "?"
)

// isEnvironment reports whether q is a mapping of environment variables.
func isEnvironment(q string) bool { return q == environQ || q == dotenvQ }

// known gives synonyms one path.
func known(q string) string {
	switch q {
	case "os.environb", "posix.environ", "os.environ.copy()", "monkeypatch.os.environ":
		return environQ
	case "os.getenvb":
		return "os.getenv"
	case "environs.env", "decouple.config", "environs.Env()", "environs.FileAwareEnv()", "environ.Env()", "environ.FileAwareEnv()",
		"starlette.config.Config()", "starlette.config()", "decouple.Config()", "decouple.AutoConfig()":
		return envCallQ
	case "dotenv.dotenv_values()", "dotenv.main.dotenv_values()":
		return dotenvQ
	}
	return q
}

// head says what the name at token i leads to, and the token behind it.
func (p *pyReader) head(i int) (string, int) {
	t := p.st.tokens
	name := t[i].text
	if (name == "self" || name == "cls") && i+2 < len(t) && t[i+1].op(".") && t[i+2].kind == pyName {
		if b, ok := p.attribute(t[i+2].text); ok && !strings.HasPrefix(b.qualified, unknownPy) {
			return known(b.qualified), i + 3
		}
	}
	b, ok := p.lookup(name)
	switch {
	case !ok:
		return name, i + 1
	case b.qualified == "":
		return unknownPy + name, i + 1
	}
	q := b.qualified
	if strings.HasSuffix(q, ".env") && importedFromProject(q) {
		q = envCallQ // `from .base import env`, the one instance of a project
	}
	return known(q), i + 1
}

// importedFromProject: from a relative path or a module of settings.
func importedFromProject(q string) bool {
	return strings.HasPrefix(q, ".") || strings.Contains(q, "settings") || strings.Contains(q, "config")
}

// qualify follows the chain that begins at token i and returns what it leads to
// ("" if that does not matter) and the token behind it; a subscript ends it.
func (p *pyReader) qualify(i int) (q string, next int) {
	return p.chain(i, nil)
}

// chain follows NAME(.NAME | (…))* and tells visit every call and subscript.
func (p *pyReader) chain(i int, visit func(q string, start, open int)) (string, int) {
	t := p.st.tokens
	start := i
	if i >= len(t) || t[i].kind != pyName {
		return "", i
	}
	q, i := p.head(i)
	for i < len(t) {
		switch {
		case t[i].op(".") && i+1 < len(t) && t[i+1].kind == pyName && len(q) < 200:
			q = known(q + "." + t[i+1].text)
			i += 2
		case t[i].op("("):
			if visit != nil {
				visit(q, start, i)
			}
			q = known(p.result(q, i))
			i = p.st.match[i] + 1
		case t[i].op("["):
			if visit != nil {
				visit(q, start, i)
			}
			return q, i
		default:
			return q, i
		}
	}
	return q, min(i, len(t))
}

// result says what a call of q gives.
func (p *pyReader) result(q string, open int) string {
	switch q {
	case "dict", "copy.copy", "copy.deepcopy", "collections.ChainMap", "collections.OrderedDict":
		p.nested++
		defer func() { p.nested-- }()
		if args := p.arguments(open); len(args) > 0 && p.nested < 10 {
			if inner, end := p.qualify(args[0].from); end == args[0].to && isEnvironment(inner) {
				return inner
			}
		}
		return unknownPy
	}
	if len(q) > 100 || strings.HasPrefix(q, unknownPy) && (q == unknownPy || strings.ContainsAny(q, ".(")) {
		return unknownPy
	}
	return q + "()"
}

// walk visits the expressions between from and to.
func (p *pyReader) walk(from, to int) {
	t := p.st.tokens
	for i := from; i < to; i++ {
		switch t[i].kind {
		case pyName:
			switch t[i].text {
			case "lambda":
				if i >= p.lambda {
					p.lambda = p.lambdaEnd(i, to)
				}
			case "in":
				p.existence(i)
			}
			if i > 0 && t[i-1].op(".") {
				continue
			}
			if i+1 < len(t) && t[i+1].op("=") && p.st.parent[i] >= 0 {
				p.keyword(i)
			}
			p.chain(i, p.visit)
		case pyString:
			p.entry(i)
			p.url(i)
			p.holes(i)
		case pyOp:
			if t[i].text == "{" {
				p.mergedDict(i)
			}
		}
	}
	p.lambda = 0
}

// lambdaEnd finds the end of the body of a lambda.
func (p *pyReader) lambdaEnd(i, to int) int {
	t, body := p.st.tokens, false
	for i++; i < to; i++ {
		switch {
		case t[i].op(":"):
			body = true
		case body && t[i].op(","), t[i].op(")"), t[i].op("]"), t[i].op("}"):
			return i
		case p.st.opens(i):
			i = p.st.match[i]
		}
	}
	return to
}

// holes reads the expressions of a format string.
func (p *pyReader) holes(i int) {
	lit := p.st.tokens[i].str
	if p.depth > maxHoleDepth || len(lit.parts) == 0 {
		return
	}
	st, stores, lambda, outer := p.st, p.stores, p.lambda, p.sinkHole
	// A body of a lambda stays one inside its strings.
	inLambda := i < lambda
	sink := p.sinkString(i)
	for _, part := range lit.parts {
		if part.hole == nil {
			continue
		}
		p.st, p.stores, p.depth, p.lambda, p.sinkHole = part.hole, nil, p.depth+1, 0, sink
		if inLambda {
			p.lambda = len(part.hole.tokens)
		}
		p.comprehensions(0, len(part.hole.tokens))
		p.walk(0, len(part.hole.tokens))
		p.st, p.stores, p.depth, p.lambda, p.sinkHole = st, stores, p.depth-1, lambda, outer
	}
}

// sinkString reports whether the string at token i is an argument of a call that
// prints.
func (p *pyReader) sinkString(i int) bool {
	from, to := i, i+1
	for from > 0 && i-from < 50 && p.st.tokens[from-1].kind == pyString {
		from--
	}
	for to < len(p.st.tokens) && to-i < 50 && p.st.tokens[to].kind == pyString {
		to++
	}
	return p.inSink(from, to)
}

// visit is told a call or subscript of q; open is its bracket.
func (p *pyReader) visit(q string, start, open int) {
	t := p.st.tokens
	if t[open].op("[") {
		if isEnvironment(q) && !p.stores[open] {
			end := p.st.match[open]
			p.readName(start, pyArgument{from: open + 1, to: min(end, len(t))}, pyRead{detail: detailOf(q)})
		}
		return
	}
	p.call(q, start, open)
}

func detailOf(q string) string {
	switch {
	case strings.HasPrefix(q, dotenvQ):
		return "read from an env file"
	case strings.HasPrefix(q, envCallQ):
		return "read through a settings library"
	}
	return ""
}

// A pyRead says how a variable is read.
type pyRead struct {
	optional bool
	detail   string
	prefix   string
}

// call reads a call of q.
func (p *pyReader) call(q string, start, open int) {
	args := p.arguments(open)
	switch {
	case q == "os.getenv", q == environQ+".get", q == dotenvQ+".get":
		p.readWithDefault(q, start, args, true)
	case q == environQ+".pop":
		_, optional := positional(args, 1, "default")
		p.readWithDefault(q, start, args, optional)
	case q == environQ+".__getitem__":
		p.readWithDefault(q, start, args, false)
	case q == environQ+".setdefault", q == "os.putenv", q == environQ+".__setitem__":
		if name, ok := positional(args, 0); ok {
			if value, ok := positional(args, 1); ok {
				p.written(name.from, name.to, value.from, value.to)
			}
		}
	case q == environQ+".update":
		for _, a := range args {
			p.updated(a)
		}
	case q == envCallQ, strings.HasPrefix(q, envCallQ+"."):
		p.settingsCall(q, start, open, args)
	case q == "os.path.expandvars":
		p.expanded(start, args)
	case strings.HasSuffix(q, ".setenv") && len(args) > 1:
		p.written(args[0].from, args[0].to, args[1].from, args[1].to)
	case strings.HasSuffix(q, ".setitem") && len(args) == 3:
		if target, end := p.qualify(args[0].from); end == args[0].to && isEnvironment(target) {
			p.written(args[1].from, args[1].to, args[2].from, args[2].to)
		}
	case strings.HasSuffix(q, "patch.dict") && len(args) > 1:
		target, _ := p.qualify(args[0].from)
		name, _, _ := p.text(args[0].from, 0)
		if isEnvironment(target) || name == environQ {
			for _, a := range args[1:] {
				if a.name != "clear" {
					p.updated(a)
				}
			}
		}
	case q == "dict" && len(args) > 1:
		if target, end := p.qualify(args[0].from); end == args[0].to && isEnvironment(target) {
			for _, a := range args[1:] {
				p.updated(a)
			}
		}
	default:
		p.envFile(q, start, args)
		p.wrapped(q, start, args)
		p.option(q, open, args)
	}
	p.dump(q, start, args)
}

func (p *pyReader) readWithDefault(q string, start int, args []pyArgument, optional bool) {
	name, ok := positional(args, 0, "key", "varname")
	if !ok {
		return
	}
	p.readName(start, name, pyRead{optional: optional, detail: detailOf(q)})
	if fallback, ok := positional(args, 1, "default"); ok {
		p.fallback(name, fallback.from)
	}
	p.orFallback(name, start)
}

// orFallback reads the literal of `os.getenv("X") or "literal"`.
func (p *pyReader) orFallback(name pyArgument, start int) {
	t := p.st.tokens
	if _, next := p.qualify(start); next+1 < len(t) && t[next].name("or") {
		p.fallback(name, next+1)
	}
}

// fallback records the literal at token i as the default of the variables.
func (p *pyReader) fallback(name pyArgument, i int) {
	text, next, ok := p.text(i, 0)
	if !ok || text == "" || !p.ends(next) {
		return
	}
	for _, n := range p.texts(name) {
		p.add(p.st.tokens[i], Candidate{Mechanism: Literal, Place: InDefault, Name: n, Value: secret.New(text),
			Scope: p.when(i), Detail: "default of a read"})
	}
}

// readName records the reads of the variables that name tells, at token start.
// A name that only the run tells gives nothing, unless it is a parameter: then
// the function is a wrapper, and its calls tell.
func (p *pyReader) readName(start int, name pyArgument, r pyRead) {
	names := p.texts(name)
	for _, n := range names {
		if !isVariableName(n) {
			continue
		}
		c := Candidate{Mechanism: CodeRead, Name: r.prefix + n, Scope: p.when(start), Optional: r.optional, Detail: r.detail}
		p.add(p.st.tokens[start], c)
		p.printed(start, c)
	}
	if names == nil {
		p.wrapper(name, r)
	}
}

// isVariableName bounds what counts as a variable's name.
func isVariableName(name string) bool {
	return name != "" && len(name) <= 200 && !strings.ContainsAny(name, "=\x00\n ")
}

// existence reads `"X" in os.environ`; i is the token of in.
func (p *pyReader) existence(i int) {
	t := p.st.tokens
	if i < 1 || i+1 >= len(t) {
		return
	}
	if q, next := p.qualify(i + 1); !isEnvironment(q) || next < len(t) && (t[next].op("[") || t[next].op(".")) {
		return
	}
	at := i - 1
	if t[at].name("not") && at > 0 {
		at--
	}
	if t[at].kind != pyString && t[at].kind != pyName || at > 0 && t[at-1].op(".") {
		return
	}
	if at > 0 && t[at-1].name("for") {
		return
	}
	p.readName(at, pyArgument{from: at, to: at + 1}, pyRead{optional: true, detail: "existence test"})
}

// expanded reads os.path.expandvars("$X/…").
func (p *pyReader) expanded(start int, args []pyArgument) {
	if len(args) == 0 {
		return
	}
	text, next, ok := p.text(args[0].from, 0)
	if !ok || next != args[0].to {
		return
	}
	for _, r := range interpolate(text).refs {
		p.add(p.st.tokens[start], Candidate{Mechanism: CodeRead, Name: r.variable, Scope: p.when(start), Optional: true, Detail: "expandvars"})
	}
}
