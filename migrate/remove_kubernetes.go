package migrate

import (
	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/scanner"
)

// removeKubernetes deletes key from the data of a Secret or ConfigMap, or from
// the environment of a workload's container. An emptied mapping goes too.
func removeKubernetes(in []byte, key string, object scanner.Object) ([]byte, error) {
	return removeYAML(in, func(doc *yaml.Node) (*spot, error) {
		if len(doc.Content) == 0 {
			return nil, nil
		}
		return inObject(doc.Content[0], key, object)
	})
}

func inObject(node *yaml.Node, key string, object scanner.Object) (*spot, error) {
	if items, _ := child(node, "items"); items != nil && items.Kind == yaml.SequenceNode {
		for _, item := range items.Content {
			if found, err := inObject(item, key, object); found != nil || err != nil {
				return found, err
			}
		}
	}
	if scalar(node, "kind") != object.Kind || scalar(node, "metadata", "name") != object.Name {
		return nil, nil
	}
	// A manifest without a namespace gets one when it is applied.
	if namespace := scalar(node, "metadata", "namespace"); namespace != "" && namespace != object.Namespace {
		return nil, nil
	}
	switch object.Kind {
	case "Secret", "ConfigMap":
		for _, field := range []string{"stringData", "data", "binaryData"} {
			data, at := child(node, field)
			if _, i := child(data, key); i >= 0 {
				return &spot{data, i, &spot{node, at, nil}}, nil
			}
			if err := borrows(data, key); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	return inContainers(node, key, object.Container), nil
}

// inContainers looks into every list of containers, however deep the pod's
// template lies.
func inContainers(node *yaml.Node, key, container string) *spot {
	if node.Kind == yaml.MappingNode {
		for _, field := range []string{"containers", "initContainers", "ephemeralContainers"} {
			list, _ := child(node, field)
			if list == nil || list.Kind != yaml.SequenceNode {
				continue
			}
			for _, c := range list.Content {
				env, at := child(c, "env")
				if container != "" && scalar(c, "name") != container || env == nil || env.Kind != yaml.SequenceNode {
					continue
				}
				for i, entry := range env.Content {
					if _, literal := child(entry, "value"); scalar(entry, "name") == key && literal >= 0 {
						return &spot{env, i, &spot{c, at, nil}}
					}
				}
			}
		}
	}
	if node.Kind == yaml.MappingNode || node.Kind == yaml.SequenceNode {
		for _, part := range node.Content {
			if found := inContainers(part, key, container); found != nil {
				return found
			}
		}
	}
	return nil
}
