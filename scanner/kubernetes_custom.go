package scanner

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/internal/secret"
)

// custom reads a custom resource: fields that are named like a secret and hold
// a literal, lists of {name, value}, and scripts.
func (k *kubeReader) custom(n *yaml.Node) {
	for _, f := range k.fields(n) {
		switch f.name() {
		case "apiVersion", "kind", "metadata", "status", "sops":
			continue
		}
		k.named(f.value, 0, func(key, value *yaml.Node) {
			k.add(key, "", Candidate{Mechanism: Literal, Name: key.Value, Value: secret.New(value.Value), Detail: "field of a custom resource"})
			k.reach(value)
		})
		k.scripts(f.value, 0)
	}
}

// named calls each for the scalars under names of secrets below n.
func (k *kubeReader) named(n *yaml.Node, depth int, each func(key, value *yaml.Node)) {
	if n = yamlDeref(n); n == nil || depth > maxKubeDepth {
		return
	}
	for _, item := range k.items(n) {
		name, value := k.get(item, "name"), k.get(item, "value")
		if text, ok := yamlScalar(value); ok && text != "" && isLiteralName(yamlText(name)) {
			each(&yaml.Node{Kind: yaml.ScalarNode, Value: yamlText(name), Line: name.Line, Column: name.Column}, value)
			continue
		}
		k.named(item, depth+1, each)
	}
	fields := k.fields(n)
	reference := false
	for _, f := range fields {
		switch f.name() {
		case "secretName", "secretRef", "secretKeyRef", "existingSecret":
			reference = true
		}
	}
	for _, f := range fields {
		if f.name() == "env" && k.isEnvironment(f.value) || strings.HasSuffix(f.name(), "Ref") || strings.HasSuffix(f.name(), "Refs") {
			continue
		}
		text, ok := yamlScalar(f.value)
		switch {
		case !ok:
			k.named(f.value, depth+1, each)
		case text == "" || reference || f.value.ShortTag() == "!!bool":
		case isLiteralName(f.name()):
			each(f.key, f.value)
		default:
			if _, _, url := userinfoPassword(text); url && !strings.ContainsAny(text, " \n") {
				each(f.key, f.value)
			}
		}
	}
}

// isLiteralName is isSecretName without the names under which custom resources
// put the name of a Secret, or of a key in it.
func isLiteralName(name string) bool {
	if !isSecretName(name) {
		return false
	}
	w := nameWords(name)
	last := w[len(w)-1]
	switch last {
	case "secret", "secrets", "credential", "credentials", "creds":
		return len(w) > 1 && (w[len(w)-2] == "client" || w[len(w)-2] == "app" || w[len(w)-2] == "shared" || w[len(w)-2] == "consumer")
	case "key":
		return len(w) < 2 || w[len(w)-2] != "secret" || len(w) == 2 && isUpperName(name)
	case "auth", "pass":
		return len(w) > 1
	}
	return true
}

// scripts reads the shell scripts of a custom resource.
func (k *kubeReader) scripts(n *yaml.Node, depth int) {
	if n = yamlDeref(n); n == nil || depth > maxKubeDepth {
		return
	}
	for _, item := range k.items(n) {
		k.scripts(item, depth+1)
	}
	for _, f := range k.fields(n) {
		switch f.name() {
		case "run", "script", "source", "cmd", "command":
			if f.value.Kind == yaml.ScalarNode && strings.Contains(f.value.Value, " ") {
				k.script(f.value)
			}
		}
		k.scripts(f.value, depth+1)
	}
}
