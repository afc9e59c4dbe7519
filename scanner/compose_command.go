package scanner

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// command reads command, entrypoint or healthcheck.test and returns the words
// that name scripts. A string is a command line; in a test it is a script.
func (c *composeReader) command(n *yaml.Node, user composeUser, test bool) []string {
	if n = yamlDeref(n); n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		if c.left -= len(n.Value); c.exhausted() {
			return nil
		}
		text, original := undollar(n.Value)
		for _, v := range scriptValues(text) {
			c.commandValue(n, original(v.value.offset), user, v)
		}
		return scriptWords(strings.Fields(text))
	}
	items := c.items(n)
	if test && len(items) > 0 {
		form := items[0].Value
		items = items[1:]
		if form == "CMD-SHELL" && len(items) > 0 {
			return c.command(items[0], user, false)
		}
	}
	argv := make([]string, len(items))
	originals := make([]func(int) int, len(items))
	for i, item := range items {
		if c.left -= len(item.Value); c.exhausted() {
			return nil
		}
		argv[i], originals[i] = undollar(yamlText(item))
	}
	for _, v := range argvValues(argv, interpolate) {
		c.commandValue(items[v.arg], originals[v.arg](v.value.offset), user, v)
	}
	return scriptWords(argv)
}

// commandValue records one value of a command line at its line. One node can
// hold several, so they are told apart by their offset.
func (c *composeReader) commandValue(n *yaml.Node, offset int, user composeUser, v commandValue) {
	candidate := v.candidate()
	if candidate.Name == "" || v.use == useWrite {
		return
	}
	if candidate.Ref.Store == Environment {
		candidate.Ref.Scope = c.dotenv
	}
	if v.use == useExport && candidate.Mechanism != Literal && candidate.Ref.Store == Environment {
		return // export X=$X
	}
	at := Position{Line: c.lineAt(n, offset), Column: n.Column}
	key := commandKey{n, offset, candidate.Name}
	if i, ok := c.commands[key]; ok {
		c.share(i, user)
		return
	}
	c.commands[key] = len(c.found.candidates)
	candidate.Kind, candidate.Object, candidate.Workload, candidate.At = Compose, user.object, user.workload, at
	c.found.add(candidate)
}

// A commandKey names one value of one node, so that a command behind an anchor
// counts once.
type commandKey struct {
	node   *yaml.Node
	offset int
	name   string
}

// undollar replaces compose's $$ by $ and returns how offsets map back.
func undollar(text string) (string, func(int) int) {
	var removed []int
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		b.WriteByte(text[i])
		if text[i] == '$' && i+1 < len(text) && text[i+1] == '$' {
			i++
			removed = append(removed, b.Len())
		}
	}
	return b.String(), func(offset int) int {
		shift := 0
		for _, r := range removed {
			if r <= offset {
				shift++
			}
		}
		return offset + shift
	}
}

// scriptWords returns the words of a command that name code: script files, the
// module of `python -m`, the application of an ASGI or WSGI server.
func scriptWords(argv []string) []string {
	var out []string
	for i, w := range argv {
		w = strings.Trim(w, `"';`)
		module := i > 0 && argv[i-1] == "-m" && isKey(w)
		if (module || isScript(w)) && !strings.ContainsAny(w, "$=@ \n") && len(w) <= 200 {
			out = append(out, w)
		}
	}
	return out
}

func isScript(w string) bool {
	for _, suffix := range []string{".py", ".js", ".mjs", ".cjs", ".ts", ".sh", ".rb", ".jar", ".php"} {
		if strings.HasSuffix(w, suffix) && len(w) > len(suffix) {
			return true
		}
	}
	module, app, ok := strings.Cut(w, ":")
	return ok && isName(app) && strings.Contains(module, ".") && isName(strings.ReplaceAll(module, ".", "_"))
}
