package scanner

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Kubernetes manifests, recognised by content: documents with apiVersion and
// kind. Templates (Helm, Go templates) are no manifests before they are rendered
// and are left alone.
var kubernetesExtractor = extractor{
	kind:    Kubernetes,
	match:   isKubernetes,
	extract: extractKubernetes,
}

func isKubernetes(f *file) bool {
	switch strings.ToLower(path.Ext(f.path)) {
	case ".yaml", ".yml", ".json":
	default:
		return false
	}
	if !bytes.Contains(f.data, []byte("apiVersion")) || !bytes.Contains(f.data, []byte("kind")) {
		return false
	}
	manifest := hasLine(f.data, "apiVersion:") && hasLine(f.data, "kind:")
	if manifest && !bytes.Contains(f.data, []byte("{{")) {
		return true
	}
	for _, doc := range yamlDocuments(f.data) {
		switch {
		case doc.problem != "":
			last := min(doc.last, len(doc.lines)) // none of what is no text
			if bytes.Contains(bytes.Join(doc.lines[min(doc.line-1, last):last], []byte("\n")), []byte("{{")) {
				return false
			}
		case isTemplated(doc.root, 0):
			return false
		case doc.get(doc.root, "apiVersion") != nil && doc.get(doc.root, "kind") != nil:
			manifest = true
		}
	}
	return manifest
}

func hasLine(data []byte, prefix string) bool {
	return bytes.HasPrefix(data, []byte(prefix)) || bytes.Contains(data, []byte("\n"+prefix))
}

// isTemplated tells `key: {{ … }}`, which YAML reads as a mapping whose key is a
// mapping. Braces inside quotes and block scalars are text.
func isTemplated(n *yaml.Node, depth int) bool {
	if n == nil || depth > 200 {
		return false
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0 {
			return true
		}
		if isTemplated(c, depth+1) {
			return true
		}
	}
	return false
}

// A kubeReader reads one document.
type kubeReader struct {
	*yamlDoc
	found *found
	// place translates a line and column of the document; those of a manifest
	// inside a scalar are not the file's.
	place func(line, column int) Position
	// applied: the document is a copy in the last-applied annotation.
	applied bool
	object  Object
	doc     *yaml.Node // the object's
	w       *Workload
	// at is where the candidate of a node stands in found.candidates: a node
	// that an anchor shares counts once, with all its users.
	at map[kubeSighting]int
	// lineNodes stand for the lines of scripts.
	lineNodes map[int]*yaml.Node
	depth     int
}

type kubeSighting struct {
	node *yaml.Node
	name string
}

func extractKubernetes(f *file, o *found) {
	for _, doc := range yamlDocuments(f.data) {
		if doc.problem != "" {
			o.skip(doc.problemLine, doc.problem)
			continue
		}
		k := &kubeReader{yamlDoc: doc, found: o, at: map[kubeSighting]int{}, lineNodes: map[int]*yaml.Node{},
			place: func(line, column int) Position { return Position{Line: line, Column: column} }}
		k.read(doc.root)
		if doc.exhausted() {
			o.skip(doc.line, "too many entries (aliases and merge keys counted); the rest was not read")
		}
	}
}

// read reads one object, or the items of a list of objects.
func (k *kubeReader) read(n *yaml.Node) {
	kind := yamlText(k.get(n, "kind"))
	if k.depth++; k.depth > 20 {
		return
	}
	defer func() { k.depth-- }()
	if items := k.get(n, "items"); items != nil && strings.HasSuffix(kind, "List") {
		for _, item := range k.items(items) {
			k.read(item)
		}
		return
	}
	if kind == "" || !isKind(kind) || k.get(n, "apiVersion") == nil {
		return
	}
	meta := k.get(n, "metadata")
	name := yamlText(k.get(meta, "name"))
	if name == "" {
		name = yamlText(k.get(meta, "generateName"))
	}
	k.object = Object{Kind: kind, Namespace: yamlText(k.get(meta, "namespace")), Name: name}
	k.doc, k.w = n, nil
	k.annotations(meta)
	k.dispatch(kind, yamlText(k.get(n, "apiVersion")), n)
	if k.w != nil && !k.applied {
		k.found.workload(*k.w)
	}
}

// isKind keeps what is no identifier out of identifiers.
func isKind(kind string) bool {
	return kind[0] >= 'A' && kind[0] <= 'Z' && isName(kind) && len(kind) <= 100
}

func (k *kubeReader) dispatch(kind, apiVersion string, n *yaml.Node) {
	sops := k.get(n, "sops") != nil
	switch {
	case kind == "Namespace" && apiVersion == "v1":
		k.namespace(n)
	case kind == "Secret" && apiVersion == "v1":
		k.secret(n, sops)
	case kind == "ConfigMap" && apiVersion == "v1":
		k.configMap(n, sops)
	case kind == "CustomResourceDefinition", strings.HasPrefix(apiVersion, "rbac.authorization.k8s.io/"):
	case k.safeForm(kind, n):
	default:
		k.search(n, "", 0)
		if isCustom(kind, apiVersion) {
			k.custom(n)
		}
	}
}

// isCustom reports whether objects of that version are defined by a CRD, or are
// a client's configuration, which holds tokens in fields as well.
func isCustom(kind, apiVersion string) bool {
	group, _, ok := strings.Cut(apiVersion, "/")
	return ok && strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") || kind == "Config" && apiVersion == "v1"
}

func (k *kubeReader) namespace(n *yaml.Node) {
	if k.found.namespaces == nil {
		k.found.namespaces = map[string]map[string]string{}
	}
	labels := k.found.namespaces[k.object.Name]
	if labels == nil {
		labels = map[string]string{}
		k.found.namespaces[k.object.Name] = labels
	}
	for _, f := range k.fields(k.get(n, "metadata", "labels")) {
		labels[f.name()] = yamlText(f.value)
	}
}

// add records a candidate at node; container is the container it belongs to.
func (k *kubeReader) add(node *yaml.Node, container string, c Candidate) {
	user := ""
	if k.w != nil {
		user = k.w.ID
	}
	key := kubeSighting{node, string(c.Place) + "\x00" + string(c.Mechanism) + "\x00" + c.Name + "\x00" + c.Detail}
	if i, ok := k.at[key]; ok {
		first := &k.found.candidates[i]
		if user != "" && user != first.Workload && !slices.Contains(first.Shared, user) {
			first.Shared = append(first.Shared, user)
		}
		return
	}
	c.Object, c.Workload = k.object, user
	c.Object.Container = container
	c.At = k.place(node.Line, node.Column)
	if k.applied {
		if c.Mechanism != Literal && c.Mechanism != Leak {
			return // a reference is no value, and stands in the object itself
		}
		c.Mechanism, c.Place = Leak, InAnnotation
	}
	k.at[key] = len(k.found.candidates)
	k.found.add(c)
}

// reach marks the lines of a node.
func (k *kubeReader) reach(n *yaml.Node) {
	if n == nil {
		return
	}
	for _, l := range k.scalarLines(n) {
		k.found.reach(k.place(l, 1).Line)
	}
}
