package scanner

import (
	"gopkg.in/yaml.v3"
)

// maxKubeDepth bounds how deep an object is searched.
const maxKubeDepth = 60

// search finds pod specifications and whatever else has an environment, at any
// depth: PodTemplates stand at other places in every custom resource.
func (k *kubeReader) search(n *yaml.Node, name string, depth int) {
	if n = yamlDeref(n); n == nil || depth > maxKubeDepth {
		return
	}
	if n.Kind == yaml.SequenceNode {
		for _, item := range k.items(n) {
			k.search(item, name, depth+1)
		}
		return
	}
	fields := k.fields(n)
	if len(fields) == 0 {
		return
	}
	pod, env := false, false
	for _, f := range fields {
		switch f.name() {
		case "containers", "initContainers", "ephemeralContainers":
			pod = pod || len(k.items(f.value)) > 0
		case "env":
			env = env || k.isEnvironment(f.value)
		case "envFrom":
			env = env || len(k.items(f.value)) > 0
		}
	}
	if pod {
		k.pod(fields)
	}
	if env && !pod {
		k.container(n, fields, "")
	}
	for _, f := range fields {
		switch f.name() {
		case "containers", "initContainers", "ephemeralContainers":
			if pod {
				k.containers(f.value)
				continue
			}
		case "env", "envFrom":
			if env {
				continue
			}
		case "template", "podTemplate":
			k.templateLabels(f.value)
		case "status", "managedFields":
			if depth == 0 {
				continue
			}
		case "metadata":
			if depth > 0 {
				k.annotations(f.value)
			}
			continue
		}
		k.search(f.value, f.name(), depth+1)
	}
}

// isEnvironment recognises a list of {name: …, value: … or valueFrom: …}, or a
// mapping of names in capitals, by its first entry.
func (k *kubeReader) isEnvironment(n *yaml.Node) bool {
	if fields := k.fields(n); len(fields) > 0 {
		_, ok := yamlScalar(fields[0].value)
		return ok && isUpperName(fields[0].name())
	}
	items := k.items(n)
	return len(items) > 0 && items[0].Kind == yaml.MappingNode && k.get(items[0], "name") != nil
}

// workload begins the workload of the object, if it has none yet.
func (k *kubeReader) workload() *Workload {
	if k.w != nil {
		return k.w
	}
	at := k.doc
	if f, ok := k.field(k.get(k.doc, "metadata"), "name"); ok {
		at = f.value
	}
	id := k.object.String()
	if k.object.Namespace == "" {
		id += "@" + k.found.file.path
	}
	k.w = &Workload{ID: id, Object: k.object, At: k.place(at.Line, at.Column), Kind: Kubernetes, Labels: map[string]string{}}
	for _, f := range k.fields(k.get(k.doc, "metadata", "labels")) {
		k.w.Labels[f.name()] = yamlText(f.value)
	}
	return k.w
}

func (k *kubeReader) templateLabels(template *yaml.Node) {
	labels := k.get(template, "metadata", "labels")
	if labels == nil {
		return
	}
	w := k.workload()
	for _, f := range k.fields(labels) {
		w.Labels[f.name()] = yamlText(f.value)
	}
}

// pod reads what a pod specification says beside its containers.
func (k *kubeReader) pod(fields []yamlField) {
	w := k.workload()
	for _, f := range fields {
		switch f.name() {
		case "serviceAccountName", "serviceAccount":
			if w.ServiceAccount == "" {
				w.ServiceAccount = yamlText(f.value)
			}
		case "automountServiceAccountToken":
			mount := yamlText(f.value) == "true"
			w.AutomountToken = &mount
		case "volumes":
			for _, v := range k.items(f.value) {
				k.volume(v)
			}
		}
	}
}

func (k *kubeReader) containers(list *yaml.Node) {
	for _, c := range k.items(list) {
		fields := k.fields(c)
		name := yamlText(k.get(c, "name"))
		k.container(c, fields, name)
		// Custom resources nest further ones.
		for _, f := range fields {
			switch f.name() {
			case "env", "envFrom", "volumeMounts", "ports", "resources", "securityContext", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle":
			default:
				k.search(f.value, f.name(), 2)
			}
		}
	}
}

// container reads a container, or what a custom resource has in its place.
func (k *kubeReader) container(n *yaml.Node, fields []yamlField, name string) {
	w := k.workload()
	if name == "" {
		if own, ok := k.field(n, "name"); ok && n != k.doc && k.get(n, "image") != nil {
			name = yamlText(own.value)
		}
	}
	known := k.variables(n)
	var command, args *yaml.Node
	for _, f := range fields {
		switch f.name() {
		case "image":
			if image := yamlText(f.value); image != "" {
				w.Images = append(w.Images, image)
			}
		case "env":
			k.env(f.value, name, known)
		case "envFrom":
			k.envFrom(f.value, name)
		case "command", "cmd":
			command = f.value
		case "args":
			args = f.value
		case "livenessProbe", "readinessProbe", "startupProbe":
			k.probe(f.value, name, known)
		case "lifecycle":
			for _, hook := range k.fields(f.value) {
				k.probe(hook.value, name, known)
			}
		}
	}
	w.Commands = append(w.Commands, k.command(name, known, command, args)...)
}

// volume records a Secret that is mounted as files: the good form.
func (k *kubeReader) volume(v *yaml.Node) {
	for _, f := range k.fields(v) {
		switch f.name() {
		case "secret":
			k.mounted(f.value, "secretName")
		case "projected":
			for _, source := range k.items(k.get(f.value, "sources")) {
				if s := k.get(source, "secret"); s != nil {
					k.mounted(s, "name")
				}
			}
		case "csi":
			if class := k.get(f.value, "volumeAttributes", "secretProviderClass"); class != nil && yamlText(class) != "" {
				k.add(class, "", Candidate{Mechanism: Dynamic, Name: yamlText(class), Detail: "files of the secrets store CSI driver",
					Ref: Ref{Store: Manager, Namespace: k.object.Namespace, Name: yamlText(class)}})
			}
		}
	}
}

func (k *kubeReader) mounted(n *yaml.Node, field string) {
	name := k.get(n, field)
	if yamlText(name) == "" {
		return
	}
	k.add(name, "", Candidate{Mechanism: Dynamic, Name: yamlText(name), Detail: "Secret mounted as files",
		Ref: Ref{Store: KubernetesSecret, Namespace: k.object.Namespace, Name: yamlText(name), Optional: yamlText(k.get(n, "optional")) == "true"}})
}
