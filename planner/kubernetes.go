package planner

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	injector   = "vault.hashicorp.com/"
	volumeName = "agentsec-identity"
	// tokenFile is where the injector mounts the volume that
	// agent-service-account-token-volume-name names; only Vault Agent sees it.
	tokenFile = "/var/run/secrets/vault.hashicorp.com/serviceaccount/token"
	// tokenSeconds is the least that Kubernetes issues.
	tokenSeconds = 600
)

// podPaths lead from an object to its pod template ("" for the object itself).
var podPaths = map[string][]string{
	"Pod":                   {},
	"Deployment":            {"spec", "template"},
	"StatefulSet":           {"spec", "template"},
	"DaemonSet":             {"spec", "template"},
	"ReplicaSet":            {"spec", "template"},
	"ReplicationController": {"spec", "template"},
	"Job":                   {"spec", "template"},
	"CronJob":               {"spec", "jobTemplate", "spec", "template"},
}

// A manifest is a workload in a Kubernetes file, with the places to edit.
type manifest struct {
	sheet    *sheet
	kind     string
	root     *yaml.Node
	template *yaml.Node
	specKey  *yaml.Node
	spec     *yaml.Node
	docs     int
}

func findManifest(s *sheet, kind, namespace, name string) (*manifest, error) {
	docs, err := documents(s)
	if err != nil {
		return nil, err
	}
	to, known := podPaths[kind]
	if !known {
		return nil, fmt.Errorf("%s: kind %s is not one whose pod template agentsec knows", s.path, clip(kind))
	}
	for _, doc := range docs {
		roots := []*yaml.Node{doc}
		if strings.HasSuffix(scalar(doc, "kind"), "List") {
			if _, items := child(doc, "items"); items != nil && items.Kind == yaml.SequenceNode {
				roots = items.Content
			}
		}
		for _, root := range roots {
			if scalar(root, "kind") != kind || scalar(root, "metadata", "name") != name || scalar(root, "metadata", "namespace") != namespace {
				continue
			}
			m := &manifest{sheet: s, kind: kind, root: doc, template: root, docs: len(docs)}
			if len(to) > 0 {
				_, m.template = descend(root, to...)
			}
			if m.specKey, m.spec = child(m.template, "spec"); m.spec == nil || m.spec.Kind != yaml.MappingNode {
				return nil, fmt.Errorf("%s:%d: %s has no pod spec", s.path, root.Line, name)
			}
			return m, editable(s.path, m.specKey, m.spec)
		}
	}
	return nil, fmt.Errorf("%s: %s/%s is no longer there", s.path, kind, name)
}

// kubernetesPatch gives a workload its own identity and the injector's file in
// place of the variable.
func kubernetesPatch(s *sheet, c consumer, id Identity, db target, auth Auth, withAccount bool) (*sheet, string, error) {
	m, err := findManifest(s, c.w.Object.Kind, c.w.Object.Namespace, c.w.Object.Name)
	if err != nil {
		return nil, "", err
	}
	edits, inits, err := m.envEdits(c.edited())
	if err != nil {
		return nil, "", err
	}
	for _, part := range []func() ([]edit, error){
		func() ([]edit, error) { return m.annotationEdits(annotations(m, c, id, db, auth, inits)) },
		func() ([]edit, error) { return m.accountEdits(id) },
		func() ([]edit, error) { return m.volumeEdits(auth) },
		func() ([]edit, error) {
			if !withAccount {
				return nil, nil
			}
			return m.accountDocument(id)
		},
	} {
		more, err := part()
		if err != nil {
			return nil, "", err
		}
		edits = append(edits, more...)
	}
	next, diff, err := s.apply(edits)
	if err != nil {
		return nil, "", err
	}
	return next, diff, checkManifest(next, m, c, id, withAccount)
}
