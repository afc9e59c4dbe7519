package scanner

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/internal/secret"
)

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// annotations reads metadata.annotations: copies of the object, the settings of
// Vault's injector, and whatever is named like a secret or is a URL with a
// password.
func (k *kubeReader) annotations(meta *yaml.Node) {
	for _, f := range k.fields(k.get(meta, "annotations")) {
		text, ok := yamlScalar(f.value)
		if !ok || text == "" {
			continue
		}
		name := f.name()
		switch {
		case name == lastApplied:
			if !k.applied {
				at := f.value
				k.inner([]byte(text), true, func(line, _ int) Position {
					lines := k.scalarLines(at)
					return Position{Line: lines[min(line-1, len(lines)-1)], Column: at.Column}
				})
				k.reach(f.value)
			}
		case strings.HasPrefix(name, "vault.hashicorp.com/"):
			k.reach(f.value)
			if file, ok := strings.CutPrefix(name, "vault.hashicorp.com/agent-inject-secret-"); ok {
				k.add(f.key, "", Candidate{Mechanism: Dynamic, Name: file, Detail: "file of Vault's injector", Ref: Ref{Store: Manager, Name: text}})
			}
		case strings.HasPrefix(name, "vault.security.banzaicloud.io/"), strings.HasPrefix(name, "checksum/"):
			k.reach(f.value)
		default:
			_, _, url := userinfoPassword(text)
			if !isSecretName(name[strings.LastIndexByte(name, '/')+1:]) && (!url || strings.ContainsAny(text, " \n")) {
				continue
			}
			k.add(f.key, "", Candidate{Mechanism: Leak, Place: InAnnotation, Name: name, Value: secret.New(text), Detail: "annotation"})
			k.reach(f.value)
		}
	}
}
