package scanner

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/internal/secret"
)

// configMap reads the data of a ConfigMap. A value of one line is an entry; one
// of several is a file.
func (k *kubeReader) configMap(n *yaml.Node, sops bool) {
	for _, f := range k.fields(k.get(n, "data")) {
		text, ok := yamlScalar(f.value)
		if !ok {
			continue
		}
		if sops && strings.HasPrefix(text, "ENC[") {
			k.add(f.key, "", Candidate{Mechanism: Dynamic, Name: f.name(), Detail: "encrypted with SOPS"})
			continue
		}
		c := Candidate{Mechanism: Literal, Place: InConfigData, Name: f.name(), Value: secret.New(text)}
		if strings.Contains(strings.TrimRight(text, "\n"), "\n") || strings.HasSuffix(f.name(), ".json") {
			k.embedded(f, text, true, c)
			continue
		}
		c.Value = secret.New(strings.TrimRight(text, "\n"))
		if file := fileEntry(c); file.Mechanism == Dynamic {
			c = file
		}
		k.add(f.key, "", c)
		k.reach(f.value)
	}
}
