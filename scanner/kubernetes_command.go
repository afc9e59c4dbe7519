package scanner

import (
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// command reads command and args, which make one command line, and returns the
// words that name scripts.
func (k *kubeReader) command(container string, known map[string]kubeVariable, parts ...*yaml.Node) []string {
	var nodes []*yaml.Node
	var argv []string
	for _, part := range parts {
		if text, ok := yamlScalar(part); ok { // some custom resources take a string
			nodes, argv = append(nodes, yamlDeref(part)), append(argv, text)
		}
		for _, item := range k.items(part) {
			nodes, argv = append(nodes, item), append(argv, yamlText(item))
		}
	}
	if len(argv) == 0 {
		return nil
	}
	values := argvValues(argv, expandKube(known))
	if len(argv) == 1 && strings.ContainsAny(argv[0], " \n") {
		values = scriptValues(argv[0])
	}
	for _, v := range values {
		if v.arg < len(nodes) {
			k.commandValue(nodes[v.arg], v, container, known)
		}
	}
	for _, n := range nodes {
		k.manifests(n)
	}
	return scriptWords(argv)
}

// commandValue records one value of a command line.
func (k *kubeReader) commandValue(n *yaml.Node, v commandValue, container string, known map[string]kubeVariable) {
	c := v.candidate()
	if c.Name == "" || v.use == useWrite || v.use == useExport && c.Mechanism != Literal {
		return
	}
	if c.Ref.Store == Environment {
		c.Ref = known[c.Ref.Key].ref
	}
	line := k.lineAt(n, v.value.offset)
	k.add(k.lineNode(line, n.Column), container, c)
}

// probe reads a probe or a lifecycle hook.
func (k *kubeReader) probe(n *yaml.Node, container string, known map[string]kubeVariable) {
	if exec := k.get(n, "exec", "command"); exec != nil {
		k.command(container, known, exec)
	}
	for _, header := range k.items(k.get(n, "httpGet", "httpHeaders")) {
		name, value := k.get(header, "name"), yamlText(k.get(header, "value"))
		if !isSecretName(yamlText(name)) || value == "" {
			continue
		}
		c := expandKube(known)(value).candidate(yamlText(name), "")
		c.Mechanism, c.Place, c.Ref, c.Detail = Leak, InCommand, Ref{}, "header of a probe"
		k.add(name, container, c)
	}
}

// script reads a shell script that a custom resource holds.
func (k *kubeReader) script(n *yaml.Node) {
	for _, v := range scriptValues(n.Value) {
		k.commandValue(n, v, "", nil)
	}
	k.manifests(n)
}

var heredoc = regexp.MustCompile(`<<-?\s*(["']?)([A-Za-z_][A-Za-z0-9_]*)(["']?)`)

// manifests reads the manifests that a script feeds to kubectl as a heredoc.
func (k *kubeReader) manifests(n *yaml.Node) {
	if k.depth > 5 || !strings.Contains(n.Value, "apiVersion:") || !strings.Contains(n.Value, "<<") {
		return
	}
	source := k.scalarLines(n)
	lines := strings.Split(n.Value, "\n")
	for i := 0; i < len(lines); i++ {
		m := heredoc.FindStringSubmatch(lines[i])
		if m == nil {
			continue
		}
		end := i + 1
		for end < len(lines) && strings.TrimSpace(lines[end]) != m[2] {
			end++
		}
		text := strings.Join(lines[i+1:min(end, len(lines))], "\n")
		if strings.Contains(text, "apiVersion:") {
			first := i + 1
			k.inner([]byte(text), false, func(line, column int) Position {
				return Position{Line: source[min(first+line-1, len(source)-1)], Column: column}
			})
		}
		i = end
	}
}

// inner reads the manifests in text. One that cannot be parsed is skipped.
func (k *kubeReader) inner(text []byte, applied bool, place func(line, column int) Position) {
	for _, doc := range yamlDocuments(text) {
		if doc.problem != "" {
			k.found.skip(k.place(place(doc.problemLine, 1).Line, 1).Line, "a manifest inside a manifest: "+doc.problem)
			continue
		}
		if doc.get(doc.root, "kind") == nil {
			continue
		}
		inner := &kubeReader{yamlDoc: doc, found: k.found, applied: applied, at: map[kubeSighting]int{}, lineNodes: map[int]*yaml.Node{}, depth: k.depth + 5,
			place: func(line, column int) Position {
				p := place(line, column)
				return k.place(p.Line, p.Column)
			}}
		inner.read(doc.root)
	}
}
