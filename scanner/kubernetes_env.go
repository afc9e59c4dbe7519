package scanner

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/internal/secret"
)

// A kubeVariable is what fills a variable of a container.
type kubeVariable struct {
	value string // literal
	ref   Ref
	field bool // of the pod, known at run time and no secret
}

// variables lists those that env defines: $(VAR) refers to them.
func (k *kubeReader) variables(container *yaml.Node) map[string]kubeVariable {
	known := map[string]kubeVariable{}
	for _, item := range k.items(k.get(container, "env")) {
		v := kubeVariable{value: yamlText(k.get(item, "value"))}
		if from := k.get(item, "valueFrom"); from != nil {
			v.ref, v.field = k.valueFrom(from)
		}
		known[yamlText(k.get(item, "name"))] = v
	}
	return known
}

// podField stands for a field of the pod in an expanded value.
const podField = "pod-field"

// expandKube reads $(VAR); $$ is a dollar.
func expandKube(known map[string]kubeVariable) func(string) word {
	return func(text string) word {
		var w word
		var b strings.Builder
		for i := 0; i < len(text); i++ {
			if text[i] != '$' || i+1 >= len(text) {
				b.WriteByte(text[i])
				continue
			}
			if text[i+1] == '$' {
				b.WriteByte('$')
				i++
				continue
			}
			end := strings.IndexByte(text[i:], ')')
			if text[i+1] != '(' || end < 3 || !isKubeVariable(text[i+2:i+end]) {
				b.WriteByte('$')
				continue
			}
			name := text[i+2 : i+end]
			ref := wordRef{variable: name, start: b.Len()}
			v := known[name]
			if v.field {
				ref.fallback = podField
			} else if v.ref.IsZero() && !strings.Contains(v.value, "$(") {
				ref.fallback = v.value
			}
			b.WriteString(text[i : i+end+1])
			ref.end = b.Len()
			w.refs = append(w.refs, ref)
			i += end
		}
		w.text = b.String()
		return w
	}
}

func isKubeVariable(name string) bool {
	return name != "" && len(name) < 200 && isName(strings.NewReplacer(".", "_", "-", "_").Replace(name))
}

// env reads a list of variables. The candidate stands where the entry begins.
func (k *kubeReader) env(n *yaml.Node, container string, known map[string]kubeVariable) {
	expand := expandKube(known)
	for _, item := range k.items(n) {
		if item.Kind != yaml.MappingNode {
			continue
		}
		name := yamlText(k.get(item, "name"))
		if name == "" {
			continue
		}
		if from := k.get(item, "valueFrom"); from != nil {
			ref, ignored := k.valueFrom(from)
			k.found.reach(k.place(item.Line, 1).Line)
			if !ignored && !ref.IsZero() {
				k.add(item, container, Candidate{Mechanism: StaticRef, Name: name, Ref: ref, Detail: refDetail(ref)})
			}
			continue
		}
		value := k.get(item, "value")
		text, ok := yamlScalar(value)
		if !ok && value != nil && !yamlNull(value) {
			k.found.skip(k.place(item.Line, 1).Line, "the value of a variable is no scalar")
			continue
		}
		k.add(item, container, k.literal(name, text, expand, known))
		if value != nil {
			k.reach(value)
		}
	}
	for _, f := range k.fields(n) { // some custom resources take a mapping
		if text, ok := yamlScalar(f.value); ok {
			k.add(f.key, container, k.literal(f.name(), text, expand, known))
			k.reach(f.value)
		}
	}
}

func refDetail(r Ref) string {
	if r.Store == KubernetesConfigMap {
		return "configMapKeyRef"
	}
	return "secretKeyRef"
}

// literal is the candidate of a variable with a value.
func (k *kubeReader) literal(name, text string, expand func(string) word, known map[string]kubeVariable) Candidate {
	if strings.HasPrefix(text, "vault:") || strings.HasPrefix(text, ">>vault:") { // bank-vaults' injector
		return Candidate{Mechanism: Dynamic, Name: name, Detail: "read from Vault by an injector", Ref: Ref{Store: Manager, Name: text[strings.IndexByte(text, ':')+1:]}}
	}
	if strings.HasPrefix(text, "ENC[") {
		return Candidate{Mechanism: Dynamic, Name: name, Detail: "encrypted with SOPS"}
	}
	w := expand(text)
	c := w.candidate(name, "")
	switch {
	case w.constant():
	case c.Mechanism == Literal:
		c.Place, c.Ref, c.Detail = InEnv, Ref{}, "expanded from other variables"
		if c.Value.Reveal() == podField {
			c.Value = secret.Value{}
		}
	default:
		c.Ref, c.Detail = Ref{}, "expanded from another variable"
		if ref, ok := w.telling(); ok {
			c.Ref = known[ref.variable].ref
		}
	}
	return fileEntry(c)
}

// fileEntry turns a variable that holds the path of a secret's file into
// inventory.
func fileEntry(c Candidate) Candidate {
	if c = pathEntry(c); c.Mechanism == Dynamic {
		return c
	}
	value := c.Value.Reveal()
	stem, isPath := strings.CutSuffix(strings.ToUpper(c.Name), "_PATH")
	if !isPath {
		stem, isPath = strings.CutSuffix(strings.ToUpper(c.Name), "_FILE")
	}
	if strings.HasPrefix(value, "/") && !strings.Contains(value, "://") && (isPath && isSecretName(stem) || c.Name == "GOOGLE_APPLICATION_CREDENTIALS") {
		return Candidate{Mechanism: Dynamic, Name: c.Name, Detail: "path of a secret's file", Ref: Ref{Store: SecretFile, Name: value}}
	}
	return c
}

// valueFrom reads the source of a variable; ignored for fields of the pod.
func (k *kubeReader) valueFrom(n *yaml.Node) (ref Ref, ignored bool) {
	for _, f := range k.fields(n) {
		store := Store("")
		switch f.name() {
		case "secretKeyRef", "secretRef", "secret":
			store = KubernetesSecret
		case "configMapKeyRef", "configMapRef", "configMap":
			store = KubernetesConfigMap
		case "fieldRef", "resourceFieldRef", "fileKeyRef":
			return Ref{}, true
		case "type": // {type: Secret, name: …, key: …}
			if yamlText(f.value) == "Secret" {
				ref = k.keyRef(n, KubernetesSecret)
				if v := k.get(n, "valueRef"); v != nil {
					ref.Name = yamlText(v)
				}
				return ref, false
			}
			continue
		default:
			continue
		}
		return k.keyRef(f.value, store), false
	}
	return Ref{}, false
}

func (k *kubeReader) keyRef(n *yaml.Node, store Store) Ref {
	ns := yamlText(k.get(n, "namespace"))
	if ns == "" {
		ns = k.object.Namespace
	}
	return Ref{Store: store, Namespace: ns, Name: yamlText(k.get(n, "name")), Key: yamlText(k.get(n, "key")),
		Optional: yamlText(k.get(n, "optional")) == "true"}
}

// envFrom reads sources that fill several variables at once.
func (k *kubeReader) envFrom(n *yaml.Node, container string) {
	for _, item := range k.items(n) {
		for _, f := range k.fields(item) {
			store := KubernetesSecret
			switch f.name() {
			case "secretRef":
			case "configMapRef":
				store = KubernetesConfigMap
			default:
				continue
			}
			ref := k.keyRef(f.value, store)
			ref.Key, ref.Prefix = "", yamlText(k.get(item, "prefix"))
			if ref.Name == "" {
				continue
			}
			k.add(f.key, container, Candidate{Mechanism: BulkRef, Name: ref.Name, Ref: ref, Detail: "envFrom " + f.name()})
			if name := k.get(f.value, "name"); name != nil {
				k.reach(name)
			}
		}
	}
}
