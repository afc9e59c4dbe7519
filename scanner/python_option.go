package scanner

import "strings"

// option reads what command-line libraries take from the environment: click and
// typer (envvar=), cyclopts and configargparse (env_var=); and literal defaults
// of options that are named like a secret.
func (p *pyReader) option(q string, open int, args []pyArgument) {
	t := p.st.tokens
	name := ""
	for _, a := range args {
		switch a.name {
		case "envvar", "env_var", "show_envvar":
			if a.name == "show_envvar" || !p.importsOptions() {
				continue
			}
			names := p.aliases(a)
			for _, n := range names {
				p.add(t[a.from], Candidate{Mechanism: CodeRead, Name: n, Scope: p.when(open), Optional: true, Detail: "option of the command line"})
			}
		case "":
			if text, next, ok := p.text(a.from, 0); ok && next == a.to && strings.HasPrefix(text, "--") && name == "" {
				name = strings.TrimLeft(text, "-")
			}
		}
	}
	if name == "" {
		return
	}
	for _, a := range args {
		if a.name == "default" {
			p.secretLiteral(name, a.from, a.from, "default of an option", InDefault)
		}
	}
}

func (p *pyReader) importsOptions() bool {
	for _, m := range []string{"click", "typer", "rich_click", "asyncclick", "cyclopts", "configargparse", "flask"} {
		if p.imports[m] {
			return true
		}
	}
	return false
}
