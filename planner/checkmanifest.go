package planner

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// checkManifest parses what a patch leads to and looks for all that it promises.
// A patch that fails here is not handed out.
func checkManifest(s *sheet, was *manifest, c consumer, id Identity, withAccount bool) error {
	o := c.w.Object
	m, err := findManifest(s, o.Kind, o.Namespace, o.Name)
	if err != nil {
		return err
	}
	wrong := func(what string) error {
		return fmt.Errorf("%s:%d: a line patch would not come out right (%s): change it by hand", s.path, m.spec.Line, what)
	}
	docs := was.docs
	if withAccount {
		docs++
	}
	_, account := child(m.spec, "serviceAccountName")
	_, annotations := descend(m.template, "metadata", "annotations")
	switch {
	case m.docs != docs:
		return wrong("documents")
	case account == nil || "system:serviceaccount:"+o.Namespace+":"+account.Value != id.Subject:
		return wrong("serviceAccountName")
	case scalar(annotations, injector+"role") != id.AuthRole:
		return wrong("annotations")
	case !listed(m.spec, "volumes", volumeName):
		return wrong("volumes")
	}
	for _, e := range c.exposures {
		container, _ := m.container(e.container)
		if listed(container, "env", e.variable) && !e.literal || !listed(container, "env", e.variable+"_FILE") {
			return wrong("env")
		}
		if scalar(annotations, injector+"agent-inject-secret-"+fileName(e.variable)) != id.CredsPath {
			return wrong("annotations")
		}
	}
	return nil
}

// listed reports whether a list below key has an entry of that name.
func listed(n *yaml.Node, key, name string) bool {
	_, list := child(n, key)
	if list == nil || list.Kind != yaml.SequenceNode {
		return false
	}
	for _, item := range list.Content {
		if scalar(item, "name") == name {
			return true
		}
	}
	return false
}
