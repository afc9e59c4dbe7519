package scanner

import (
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
)

// Settings libraries: pydantic-settings (docs.pydantic.dev/latest/concepts/
// pydantic_settings), environs, django-environ, python-decouple, starlette.

// A pySettings is a class whose fields are filled from the environment. Fields
// are recorded at its end: the prefix may stand below them.
type pySettings struct {
	prefix     string
	secretsDir bool
	fields     []pyField
}

// A pyField is one field: its annotated name and what follows "=".
type pyField struct {
	st         *pyStatement
	at         int // its name
	annotation int // the colon
	value, to  int // value == to: none
	inFunction bool
}

// class opens the scope of `class NAME(bases):`.
func (p *pyReader) class(at, to int) {
	t := p.st.tokens
	s := &pyScope{parent: p.scope, class: true, indent: p.st.indent, names: map[string]pyBinding{}}
	if at+1 < to && t[at+1].kind == pyName {
		s.name = t[at+1].text
	}
	settings := &pySettings{}
	is := false
	for i := at + 2; i < to; i++ {
		if !t[i].op("(") {
			continue
		}
		for _, a := range p.arguments(i) {
			if a.name != "" {
				p.settingsClassOption(settings, a.name, a.from)
				continue
			}
			q, _ := p.qualify(a.from)
			if p.isSettingsBase(q) {
				is = true
			}
			if base, ok := strings.CutPrefix(q, settingsClass); ok {
				is = true
				settings.prefix = base
			}
		}
		break
	}
	b := pyBinding{qualified: unknownPy + s.name}
	if is {
		s.settings = settings
		b.qualified = settingsClass + settings.prefix
	}
	p.bind(s.name, b)
	p.scope = s
}

// settingsClass marks the name of a settings class of the file; its prefix follows.
const settingsClass = "BaseSettings:"

// isSettingsBase: pydantic's own, or one that another module of the project
// derives from it.
func (p *pyReader) isSettingsBase(q string) bool {
	name := lastPart(q)
	return name == "BaseSettings" || q != name && strings.HasSuffix(name, "Settings") && p.imports["pydantic_settings"]
}

// settingsClassOption reads one option of the class.
func (p *pyReader) settingsClassOption(s *pySettings, name string, value int) {
	switch name {
	case "env_prefix":
		if text, _, ok := p.text(value, 0); ok {
			s.prefix = text
		}
	case "secrets_dir":
		s.secretsDir = true
	case "env_file":
		for _, text := range p.pathTexts(value) {
			p.addEnvFile(p.st.tokens[value], text, "env_file of a settings class")
		}
	}
}

// pathTexts returns the paths of a literal, a list of them or an expression.
func (p *pyReader) pathTexts(value int) []string {
	if text, _, ok := p.text(value, 0); ok {
		return []string{text}
	}
	if b := p.elements(value, len(p.st.tokens)); b.texts != nil {
		return b.texts
	}
	end := value
	for end < len(p.st.tokens) && !p.st.tokens[end].op(",") && !p.st.tokens[end].op(")") {
		if p.st.opens(end) {
			end = p.st.match[end]
		}
		end++
	}
	if folder, ok := p.folder(value, min(end, len(p.st.tokens))); ok {
		return []string{folder}
	}
	return nil
}

// settingsOption reads an assignment inside a settings class or its Config.
func (p *pyReader) settingsOption(from, sign, value, to int) {
	t := p.st.tokens
	if sign != from+1 || t[from].kind != pyName {
		return
	}
	s := p.scope.settings
	if s == nil {
		if p.scope.parent == nil || p.scope.parent.settings == nil {
			return
		}
		p.settingsClassOption(p.scope.parent.settings, t[from].text, value)
		return
	}
	if t[from].text != "model_config" || value >= to {
		return
	}
	for i := value; i < to; i++ {
		if t[i].op("(") || t[i].op("{") {
			for _, a := range p.arguments(i) {
				if a.name != "" {
					p.settingsClassOption(s, a.name, a.from)
				} else if key, next, ok := p.text(a.from, 0); ok && next < a.to && t[next].op(":") {
					p.settingsClassOption(s, key, next+1)
				}
			}
			return
		}
	}
}

func (p *pyReader) settingsField(at, annotation, value, to int) {
	t := p.st.tokens
	if t[at].kind != pyName || strings.HasPrefix(t[at].text, "_") || t[at].text == "model_config" {
		return
	}
	for i := annotation + 1; i < min(value, to); i++ {
		if t[i].name("ClassVar") {
			return
		}
	}
	p.scope.settings.fields = append(p.scope.settings.fields, pyField{p.st, at, annotation, value, to, p.scope.inFunction()})
}

// settingsFields records the fields of a settings class that ends.
func (p *pyReader) settingsFields(s *pyScope) {
	outer := p.st
	defer func() { p.st = outer }()
	for _, f := range s.settings.fields {
		p.st = f.st
		t := p.st.tokens
		names := []string{strings.ToUpper(s.settings.prefix + t[f.at].text)}
		literal, optional := f.value, f.value < f.to
		// Field(…) as the value, or in Annotated[…].
		for i := f.annotation; i+1 < f.to; i++ {
			if t[i].kind != pyName || t[i].text != "Field" || !t[i+1].op("(") {
				continue
			}
			inValue := i >= f.value
			if inValue {
				literal, optional = f.to, false
			}
			for n, a := range p.arguments(i + 1) {
				switch a.name {
				case "alias", "validation_alias", "env":
					if aliases := p.aliases(a); aliases != nil {
						names = aliases
					}
				case "default":
					literal, optional = a.from, true
				case "default_factory":
					optional = true
				case "":
					if n == 0 && inValue && !t[a.from].op("...") {
						literal, optional = a.from, true
					}
				}
			}
			break
		}
		scope := ModuleScope
		if f.inFunction {
			scope = FunctionScope
		}
		detail := "field of a settings class"
		if s.settings.secretsDir {
			detail += " with a secrets_dir"
		}
		for _, name := range names {
			p.add(t[f.at], Candidate{Mechanism: CodeRead, Name: name, Scope: scope, Optional: optional, Detail: detail})
			if literal < f.to {
				if text, next, ok := p.text(literal, 0); ok && text != "" && p.ends(next) {
					p.add(t[literal], Candidate{Mechanism: Literal, Place: InDefault, Name: name, Value: secret.New(text),
						Scope: scope, Detail: "default of a field"})
				}
			}
		}
	}
}

// aliases reads "X", ["X", "Y"] and AliasChoices("X", "Y").
func (p *pyReader) aliases(a pyArgument) []string {
	if text, next, ok := p.text(a.from, 0); ok && next == a.to {
		return []string{text}
	}
	t := p.st.tokens
	open := a.from
	for open < a.to && !p.st.opens(open) {
		open++
	}
	if open >= a.to || !t[open].op("(") && !t[open].op("[") {
		return nil
	}
	return p.elements(open, a.to).texts
}

// settingsCall reads env("X"), env.str("X", default=…), env.read_env(…).
func (p *pyReader) settingsCall(q string, start, open int, args []pyArgument) {
	method := strings.TrimPrefix(strings.TrimPrefix(q, envCallQ), ".")
	switch method {
	case "read_env":
		p.envFileArgument(start, args, "read_env", "path", "env_file")
		return
	case "prefixed", "seal", "parser_for", "add_parser", "dump", "smart_cast", "escape_proxy":
		return
	}
	if strings.ContainsAny(method, ".(") {
		return
	}
	name, ok := positional(args, 0, "var", "name", "key", "option")
	if !ok {
		if fallback := map[string]string{"db": "DATABASE_URL", "db_url": "DATABASE_URL", "cache": "CACHE_URL", "cache_url": "CACHE_URL",
			"email": "EMAIL_URL", "email_url": "EMAIL_URL", "search_url": "SEARCH_URL", "channels": "CHANNELS_URL"}[method]; fallback != "" {
			p.add(p.st.tokens[start], Candidate{Mechanism: CodeRead, Name: fallback, Scope: p.when(start), Detail: detailOf(q)})
		}
		return
	}
	fallback, optional := pyArgument{}, false
	for _, a := range args {
		if a.name == "default" || a.name == "missing" {
			fallback, optional = a, true
		}
	}
	if second, ok := positional(args, 1); ok && !optional && second.name == "" {
		fallback, optional = second, true
	}
	p.readName(start, name, pyRead{optional: optional, detail: detailOf(q)})
	if optional {
		p.fallback(name, fallback.from)
	}
}
