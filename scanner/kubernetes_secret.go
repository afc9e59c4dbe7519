package scanner

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/internal/secret"
)

// secret reads a Secret: data is base64 (decoded once), stringData is text.
func (k *kubeReader) secret(n *yaml.Node, sops bool) {
	kind := yamlText(k.get(n, "type"))
	for _, section := range []string{"data", "stringData"} {
		for _, f := range k.fields(k.get(n, section)) {
			k.found.reach(k.place(f.key.Line, 1).Line)
			text, ok := yamlScalar(f.value)
			if !ok {
				if !yamlNull(f.value) {
					k.found.skip(k.place(f.key.Line, 1).Line, "the value of a Secret's key is no scalar")
				}
				continue
			}
			if sops || !strings.Contains(text, "-----BEGIN") {
				k.reach(f.value)
			}
			if strings.HasPrefix(text, "ENC[") {
				k.add(f.key, "", Candidate{Mechanism: Dynamic, Name: f.name(), Detail: "encrypted with SOPS"})
				continue
			}
			if section == "data" {
				text = k.decode(f, text)
			}
			k.secretKey(f, kind, text, section == "stringData")
			k.reach(f.value)
		}
	}
}

// decode returns the value behind base64. A placeholder stays as it is; what is
// no base64, which no API server accepts, is reported and judged as it stands.
func (k *kubeReader) decode(f yamlField, text string) string {
	compact := strings.Join(strings.Fields(text), "")
	if decoded, err := base64.StdEncoding.DecodeString(compact); err == nil {
		return string(decoded)
	}
	if !strings.ContainsAny(text, "<>{}$") {
		k.found.skip(k.place(f.key.Line, 1).Line, "data of a Secret that is not base64")
	}
	return text
}

// publicKeys are parts of a typed Secret that are no secret.
var publicKeys = map[string]string{
	"tls.crt": "", "ca.crt": "", "ca-bundle.crt": "",
	"username":  "kubernetes.io/basic-auth",
	"namespace": "kubernetes.io/service-account-token",
}

// secretKey records one key of a Secret.
func (k *kubeReader) secretKey(f yamlField, kind, text string, plain bool) {
	if only, public := publicKeys[f.name()]; public && (only == "" || only == kind) {
		return
	}
	c := Candidate{Mechanism: Literal, Place: InSecretData, Name: f.name(), Value: secret.New(text), Type: kind}
	switch {
	case f.name() == ".dockerconfigjson" || f.name() == ".dockercfg":
		if k.registries(f, c, text) {
			return
		}
	case strings.Contains(text, "\n") && !strings.Contains(text, "-----BEGIN"):
		if k.embedded(f, text, plain, c) {
			return
		}
	}
	k.add(f.key, "", c)
}

// registries records the password of each registry of a Docker configuration;
// false if text is none.
func (k *kubeReader) registries(f yamlField, c Candidate, text string) bool {
	type login struct{ Username, Password, Auth string }
	logins := map[string]login{}
	var config struct{ Auths map[string]login }
	err := json.Unmarshal([]byte(text), &config)
	if err == nil && config.Auths == nil {
		err = json.Unmarshal([]byte(text), &logins)
	} else if err == nil {
		logins = config.Auths
	}
	if err != nil {
		return false
	}
	for _, registry := range slices.Sorted(maps.Keys(logins)) {
		password := logins[registry].Password
		if password == "" {
			auth, err := base64.StdEncoding.DecodeString(logins[registry].Auth)
			if err != nil {
				continue
			}
			_, password, _ = strings.Cut(string(auth), ":")
		}
		if password == "" {
			continue
		}
		one := c
		one.Name, one.Value = f.name()+"/"+registryName(registry), secret.New(password)
		one.Detail = "password of a container registry"
		k.add(f.key, "", one)
	}
	return true
}

// registryName is the host of a registry, without user names that URLs can hold.
func registryName(s string) string {
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	s, _, _ = strings.Cut(s, "/")
	s = s[strings.LastIndexByte(s, '@')+1:]
	if len(s) > 100 {
		s = s[:100]
	}
	return s
}

// embedded reads a value of several lines as a file: KEY=value lines, or YAML or
// JSON whose fields are named like secrets. It returns false if there are none.
func (k *kubeReader) embedded(f yamlField, text string, plain bool, c Candidate) bool {
	lineOf := func(int) int { return f.key.Line }
	if plain {
		lines := k.scalarLines(f.value)
		lineOf = func(i int) int { return lines[min(i, len(lines)-1)] }
	}
	any := false
	record := func(line int, name, value string) {
		one := c
		one.Name, one.Value, one.Detail = name, secret.New(value), "line of a file"
		k.add(k.lineNode(lineOf(line), f.key.Column), "", one)
		any = true
	}
	if name := strings.ToLower(f.name()); strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") || strings.HasPrefix(strings.TrimSpace(text), "{") {
		for _, doc := range yamlDocuments([]byte(text)) {
			inner := &kubeReader{yamlDoc: doc}
			inner.named(doc.root, 0, func(key, value *yaml.Node) { record(key.Line-1, key.Value, value.Value) })
		}
		return any
	}
	for i, line := range strings.Split(text, "\n") {
		if name, value, ok := assignmentLine(line); ok {
			record(i, name, value)
		}
	}
	return any
}

// assignmentLine reads NAME=value as dotenv and properties files have it.
func assignmentLine(line string) (name, value string, ok bool) {
	line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
	name, value, ok = strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || name == "" || len(name) > 200 || strings.HasPrefix(name, "#") || !isName(strings.NewReplacer(".", "_", "-", "_").Replace(name)) {
		return "", "", false
	}
	if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	if value == "" || strings.HasPrefix(value, "$(") || strings.HasPrefix(value, "`") {
		return "", "", false
	}
	return name, value, true
}

// lineNode stands for a line of a scalar.
func (k *kubeReader) lineNode(line, column int) *yaml.Node {
	n, ok := k.lineNodes[line]
	if !ok { // one for all, so that what an anchor shares counts once
		n = &yaml.Node{Kind: yaml.ScalarNode, Line: line, Column: column}
		k.lineNodes[line] = n
	}
	return n
}
