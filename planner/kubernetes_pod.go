package planner

import (
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// annotationEdits add annotations to the pod template.
func (m *manifest) annotationEdits(list []string) ([]edit, error) {
	s := m.sheet
	metaKey, meta := child(m.template, "metadata")
	if meta == nil {
		i, depth := m.specKey.Line-1, m.specKey.Column-1
		if indent(s.lines[i]) != depth {
			return nil, fmt.Errorf("%s:%d: the pod template does not begin its line", s.path, m.specKey.Line)
		}
		block := append(pad(depth, "metadata:"), pad(depth+2, "annotations:")...)
		return []edit{{i, i, append(block, pad(depth+4, list...)...)}}, nil
	}
	if meta.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: metadata of the pod template is no block", s.path, metaKey.Line)
	}
	if err := editable(s.path, metaKey, meta); err != nil {
		return nil, err
	}
	depth := meta.Column - 1
	key, present := child(meta, "annotations")
	switch {
	case present == nil:
		return []edit{{metaKey.Line, metaKey.Line, append(pad(depth, "annotations:"), pad(depth+2, list...)...)}}, nil
	case len(present.Content) == 0 && present.Anchor == "" && present.Kind != yaml.AliasNode:
		return []edit{{key.Line - 1, key.Line, append(pad(depth, "annotations:"), pad(depth+2, list...)...)}}, nil
	}
	if err := editable(s.path, key, present); err != nil {
		return nil, err
	}
	for i := 0; i < len(present.Content); i += 2 {
		if strings.HasPrefix(present.Content[i].Value, injector) {
			return nil, fmt.Errorf("%s:%d: the pod uses the Vault Agent Injector already: merge by hand", s.path, present.Content[i].Line)
		}
	}
	return []edit{{key.Line, key.Line, pad(present.Column-1, list...)}}, nil
}

// accountEdits put the pod under the identity's ServiceAccount.
func (m *manifest) accountEdits(id Identity) ([]edit, error) {
	name := id.Subject[strings.LastIndex(id.Subject, ":")+1:]
	var edits []edit
	for _, k := range []string{"serviceAccountName", "serviceAccount"} {
		key, v := child(m.spec, k)
		if v == nil {
			if k == "serviceAccountName" {
				i := m.specKey.Line
				edits = append(edits, edit{i, i, pad(m.spec.Column-1, k+": "+name)})
			}
			continue
		}
		if v.Kind != yaml.ScalarNode || v.Line != key.Line || indent(m.sheet.lines[key.Line-1]) != key.Column-1 {
			return nil, fmt.Errorf("%s:%d: %s is not a plain line", m.sheet.path, key.Line, k)
		}
		edits = append(edits, edit{key.Line - 1, key.Line, pad(key.Column-1, k+": "+name)})
	}
	return edits, nil
}

// volumeEdits add the token that Vault Agent logs in with: for Vault alone, and
// short. No container of the workload mounts it.
func (m *manifest) volumeEdits(auth Auth) ([]edit, error) {
	s := m.sheet
	item := []string{
		"- name: " + volumeName,
		"  projected:",
		"    sources:",
		"      - serviceAccountToken:",
		"          path: token",
		"          audience: " + quoted(auth.Audience),
		fmt.Sprintf("          expirationSeconds: %d", tokenSeconds),
	}
	key, volumes := child(m.spec, "volumes")
	if volumes == nil {
		end := s.blockEnd(m.specKey.Line-1, false)
		depth := m.spec.Column - 1
		return []edit{{end, end, append(pad(depth, "volumes:"), pad(depth+2, item...)...)}}, nil
	}
	if volumes.Kind != yaml.SequenceNode || len(volumes.Content) == 0 {
		return nil, fmt.Errorf("%s:%d: volumes is not a list in block style", s.path, key.Line)
	}
	if err := editable(s.path, key, volumes); err != nil {
		return nil, err
	}
	for _, v := range volumes.Content {
		if scalar(v, "name") == volumeName {
			return nil, fmt.Errorf("%s:%d: there is a volume %s already: merge by hand", s.path, v.Line, volumeName)
		}
	}
	return []edit{{key.Line, key.Line, pad(volumes.Column-1, item...)}}, nil
}

// accountDocument puts the ServiceAccount before the workload's document, where
// a later patch of the same file does not touch it.
func (m *manifest) accountDocument(id Identity) ([]edit, error) {
	parts := strings.Split(id.Subject, ":")
	i := m.root.Line - 1
	if m.root.Column != 1 || m.root.Style&yaml.FlowStyle != 0 {
		return nil, fmt.Errorf("%s:%d: the document does not begin its line", m.sheet.path, m.root.Line)
	}
	// Comments above the workload stay with it.
	for i > 0 && (strings.HasPrefix(m.sheet.lines[i-1], "#") || blank(m.sheet.lines[i-1])) {
		i--
	}
	if i == 0 {
		i = m.root.Line - 1 // what a file begins with is about the file
	}
	for j := range i {
		if strings.HasPrefix(m.sheet.lines[j], "%") {
			return nil, fmt.Errorf("%s:%d: YAML directives are not supported", m.sheet.path, j+1)
		}
	}
	return []edit{{i, i, []string{
		"apiVersion: v1",
		"kind: ServiceAccount",
		"metadata:",
		"  name: " + parts[3],
		"  namespace: " + parts[2],
		fmt.Sprintf("# Agent role %s of tenant %s. No API token: Vault Agent gets one for Vault alone.", id.Role, id.Tenant),
		"automountServiceAccountToken: false",
		"---",
	}}}, nil
}

var plainScalar = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*$`)

// quoted writes a checked word as a YAML scalar.
func quoted(s string) string {
	if plainScalar.MatchString(s) {
		return s
	}
	return `"` + s + `"`
}
