package scanner

import (
	"path"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/internal/secret"
)

// entries reads a mapping or a list of NAME=value: environment, build arguments,
// labels.
func (c *composeReader) entries(n *yaml.Node, user composeUser, place Place) {
	for _, f := range c.fields(n) {
		value, ok := yamlScalar(f.value)
		if !ok && !yamlNull(f.value) {
			c.found.skip(f.key.Line, "the value of an entry is no scalar")
			continue
		}
		c.entry(f.key, f.value, user, place, f.name(), value, ok)
	}
	for _, item := range c.items(n) {
		text, ok := yamlScalar(item)
		if !ok {
			c.found.skip(item.Line, "an entry of a list is no NAME=value")
			continue
		}
		name, value, set := strings.Cut(text, "=")
		c.entry(item, item, user, place, name, value, set)
	}
}

// entry records one entry; set is false for a name alone, whose value compose
// takes from its own environment.
func (c *composeReader) entry(key, value *yaml.Node, user composeUser, place Place, name, text string, set bool) {
	var candidate Candidate
	switch {
	case set:
		candidate = interpolate(text).candidate(name, c.dotenv)
	case place == InAnnotation:
		return
	default:
		candidate = Candidate{Mechanism: StaticRef, Name: name, Detail: "passed through",
			Ref: Ref{Store: Environment, Key: name, Scope: c.dotenv}}
	}
	switch place {
	case InEnv:
		candidate = pathEntry(candidate)
	default:
		candidate.Mechanism, candidate.Place = Leak, place
	}
	c.add(key, value, user, candidate)
}

// pathEntry turns an entry that names the file of a secret (NAME_FILE, or a path
// under /run/secrets) into inventory: the secret itself is not in the environment.
func pathEntry(c Candidate) Candidate {
	value := c.Value.Reveal()
	named := strings.HasSuffix(strings.ToUpper(c.Name), "_FILE")
	if isSecretMount(value) || named && (isPath(value) || c.Value.IsZero() && c.Ref.Store == Environment) {
		c.Mechanism, c.Place, c.Detail = Dynamic, InEnv, "path of a secret's file"
		c.Ref = Ref{Store: SecretFile, Name: value}
		c.Value = secret.Value{}
	}
	return c
}

// isSecretMount reports a path below the folder where compose and swarm mount
// secrets. Blanks rule out a text that only mentions one.
func isSecretMount(value string) bool {
	return (strings.HasPrefix(value, "/run/secrets/") || strings.HasPrefix(value, "/var/run/secrets/")) &&
		len(value) <= 255 && !strings.ContainsAny(value, " \t\n")
}

// isPath is strict, as a path is shown in reports and a secret must not be:
// base64 has slashes, a JWT has dots.
func isPath(value string) bool { return len(value) <= 255 && plainPath.MatchString(value) }

var plainPath = regexp.MustCompile(`^(?:(?:/|\./|\.\./|~/|[A-Za-z]:\\)[\w.\-/\\ @{}$]*|(?:[\w\-]{1,40}/){0,8}[\w\-]{1,40}\.[a-z]{1,8})$`)

// envFiles reads env_file: a path, a list of paths, or of {path, required}.
func (c *composeReader) envFiles(n *yaml.Node, user composeUser) {
	items := c.items(n)
	if items == nil {
		items = []*yaml.Node{yamlDeref(n)}
	}
	for _, item := range items {
		p, optional, at := yamlText(item), false, item
		if item.Kind == yaml.MappingNode {
			if at = c.get(item, "path"); at == nil {
				continue
			}
			p, optional = yamlText(at), yamlText(c.get(item, "required")) == "false"
		}
		if p == "" {
			continue
		}
		name := p
		if filled, ok := interpolate(p).filled(); ok {
			p = filled
		}
		target := c.found.refer(p)
		if target == "" {
			target = name
		}
		c.add(at, at, user, Candidate{Mechanism: BulkRef, Name: name, Detail: "env_file",
			Ref: Ref{Store: EnvFile, Name: target, Optional: optional}})
	}
}

// serviceSecrets reads the secrets that a service mounts: files, the good form.
func (c *composeReader) serviceSecrets(n *yaml.Node, user composeUser) {
	for _, item := range c.items(n) {
		at, name := item, yamlText(item)
		if source := c.get(item, "source"); source != nil {
			at, name = source, yamlText(source)
		}
		if name != "" {
			c.add(at, at, user, Candidate{Mechanism: Dynamic, Name: name, Detail: "mounted as a file",
				Ref: Ref{Store: SecretFile, Name: "/run/secrets/" + name}})
		}
	}
}

// secrets reads the top-level secrets.
func (c *composeReader) secrets() {
	for _, s := range c.fields(c.get(c.root, "secrets")) {
		candidate := Candidate{Mechanism: Dynamic, Name: s.name(), Ref: Ref{Store: SecretFile}}
		for _, f := range c.fields(s.value) {
			c.found.reach(f.key.Line, f.value.Line)
			switch f.name() {
			case "file":
				candidate.Detail = "file of a compose secret"
				candidate.Ref.Name = yamlText(f.value)
				if p := resolve(path.Dir(c.found.file.path), candidate.Ref.Name); p != "" {
					candidate.Ref.Name = p
				}
			case "environment":
				candidate.Mechanism, candidate.Detail = StaticRef, "compose secret from a variable"
				candidate.Ref = Ref{Store: Environment, Key: yamlText(f.value), Scope: c.dotenv}
			case "external":
				if yamlText(f.value) != "false" {
					candidate.Detail, candidate.Ref = "external secret", Ref{Store: Manager, Name: s.name()}
				}
			}
		}
		c.add(s.key, nil, composeUser{}, candidate)
	}
}
