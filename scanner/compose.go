package scanner

import (
	"bytes"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
)

// Compose files (compose-spec). Every environment entry, build argument, label
// and value on a command line becomes a candidate at the place that sets it; an
// entry of an anchor counts once, for all its users.
var composeExtractor = extractor{
	kind:    Compose,
	match:   isCompose,
	extract: extractCompose,
}

func isCompose(f *file) bool {
	base := strings.ToLower(path.Base(f.path))
	stem, ok := strings.CutSuffix(base, ".yml")
	if !ok {
		stem, ok = strings.CutSuffix(base, ".yaml")
	}
	if !ok {
		return false
	}
	for _, part := range strings.FieldsFunc(stem, func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		if part == "compose" && !isHelmTemplate(f.data) {
			return true
		}
	}
	return hasServices(f.data)
}

// isHelmTemplate tells a template by a directive that stands on its own line.
func isHelmTemplate(data []byte) bool {
	return bytes.HasPrefix(data, []byte("{{")) || bytes.Contains(data, []byte("\n{{"))
}

// hasServices recognises a compose file by its top-level services.
func hasServices(data []byte) bool {
	if !bytes.HasPrefix(data, []byte("services:")) && !bytes.Contains(data, []byte("\nservices:")) {
		return false
	}
	for _, doc := range yamlDocuments(data) {
		if doc.root == nil || doc.get(doc.root, "kind") != nil {
			continue
		}
		for _, service := range doc.fields(doc.get(doc.root, "services")) {
			for _, name := range []string{"image", "build", "extends", "provider"} {
				if v := doc.get(service.value, name); v != nil {
					_, isText := yamlScalar(v)
					if isText || name != "image" {
						return true
					}
				}
			}
		}
	}
	return false
}

// A composeReader reads one document of a compose file.
type composeReader struct {
	*yamlDoc
	found  *found
	dotenv string // the project's .env, relative to the root
	// at is where the candidate of an entry stands in found.candidates, by the
	// node that names it.
	at       map[*yaml.Node]int
	commands map[commandKey]int // the same for values of command lines
}

func extractCompose(f *file, o *found) {
	for _, doc := range yamlDocuments(f.data) {
		if doc.problem != "" {
			o.skip(doc.problemLine, doc.problem)
			continue
		}
		c := &composeReader{yamlDoc: doc, found: o, dotenv: resolve(path.Dir(f.path), ".env"), at: map[*yaml.Node]int{}, commands: map[commandKey]int{}}
		if bytes.IndexByte(f.data, '$') >= 0 {
			o.refer(".env")
		}
		for _, s := range doc.fields(doc.get(doc.root, "services")) {
			c.service(s)
		}
		c.extensions()
		c.included()
		c.secrets()
		if doc.exhausted() {
			o.skip(doc.line, "too many entries (aliases and merge keys counted); the rest was not read")
		}
	}
}

// service reads one service. Those of unused profiles count as well: they are
// deployed when somebody names the profile.
func (c *composeReader) service(s yamlField) {
	object := Object{Kind: "service", Name: s.name()}
	w := Workload{
		ID:     c.found.file.path + "#" + object.String(),
		Object: object,
		At:     Position{Line: s.key.Line, Column: s.key.Column},
		Kind:   Compose,
		Labels: map[string]string{},
	}
	user := composeUser{object, w.ID}
	for _, f := range c.fields(s.value) {
		switch f.name() {
		case "image":
			if image := yamlText(f.value); image != "" {
				w.Images = append(w.Images, image)
			}
		case "build":
			w.BuildContexts = c.build(f, user)
		case "environment":
			c.entries(f.value, user, InEnv)
		case "env_file":
			c.envFiles(f.value, user)
		case "labels":
			c.labels(f.value, w.Labels)
			c.entries(f.value, user, InAnnotation)
		case "annotations":
			c.entries(f.value, user, InAnnotation)
		case "command", "entrypoint":
			w.Commands = append(w.Commands, c.command(f.value, user, false)...)
		case "healthcheck":
			if test := c.get(f.value, "test"); test != nil {
				c.command(test, user, true)
			}
		case "post_start", "pre_stop":
			for _, hook := range c.items(f.value) {
				if command := c.get(hook, "command"); command != nil {
					c.command(command, user, false)
				}
			}
		case "secrets":
			c.serviceSecrets(f.value, user)
		case "extends":
			if file := c.get(f.value, "file"); file != nil {
				c.found.refer(yamlText(file))
			}
		}
	}
	c.found.workload(w)
}

// A composeUser is the service that an entry belongs to.
type composeUser struct {
	object   Object
	workload string
}

// add records the candidate that node sets, or, if another service has it
// already through an anchor, this service as a further user.
func (c *composeReader) add(node, value *yaml.Node, user composeUser, candidate Candidate) {
	if candidate.Name == "" {
		return // no variable can have it
	}
	if i, ok := c.at[node]; ok {
		c.share(i, user)
		return
	}
	c.at[node] = len(c.found.candidates)
	candidate.Kind, candidate.Object, candidate.Workload = Compose, user.object, user.workload
	candidate.At = Position{Line: node.Line, Column: node.Column}
	c.found.add(candidate)
	if value != nil {
		c.found.reach(c.scalarLines(value)...)
	}
}

// share notes a further user of a candidate. Services are read one after the
// other, so the last entry tells whether this one is noted already.
func (c *composeReader) share(i int, user composeUser) {
	first := &c.found.candidates[i]
	if user.workload == "" || user.workload == first.Workload {
		return
	}
	if n := len(first.Shared); n > 0 && first.Shared[n-1] == user.workload {
		return
	}
	first.Shared = append(first.Shared, user.workload)
}

func (c *composeReader) labels(n *yaml.Node, into map[string]string) {
	for _, f := range c.fields(n) {
		into[f.name()] = yamlText(f.value)
	}
	for _, item := range c.items(n) {
		key, value, _ := strings.Cut(yamlText(item), "=")
		into[key] = value
	}
}

// build reads build: a context, or a mapping with context and args.
func (c *composeReader) build(f yamlField, user composeUser) []string {
	folder, ok := yamlScalar(f.value)
	if !ok {
		folder = yamlText(c.get(f.value, "context"))
		if folder == "" {
			folder = "."
		}
		if args := c.get(f.value, "args"); args != nil {
			c.entries(args, user, InBuildArg)
		}
		if labels := c.get(f.value, "labels"); labels != nil {
			c.entries(labels, user, InAnnotation)
		}
	}
	if resolved := resolve(path.Dir(c.found.file.path), folder); resolved != "" {
		return []string{resolved}
	}
	return nil
}

// extensions reads the environments of x-… fields that no service uses as they
// stand: they are there to be merged, and an override does not take them away.
func (c *composeReader) extensions() {
	for _, x := range c.fields(c.root) {
		if !strings.HasPrefix(x.name(), "x-") {
			continue
		}
		for _, f := range c.fields(x.value) {
			switch f.name() {
			case "environment":
				c.entries(f.value, composeUser{}, InEnv)
			case "env_file":
				c.envFiles(f.value, composeUser{})
			}
		}
	}
}

// included asks for the files that the top-level include names.
func (c *composeReader) included() {
	one := func(n *yaml.Node) {
		if p, ok := yamlScalar(n); ok {
			c.found.refer(p)
		}
		for _, item := range c.items(n) {
			c.found.refer(yamlText(item))
		}
	}
	for _, item := range c.items(c.get(c.root, "include")) {
		if item.Kind == yaml.ScalarNode {
			one(item)
			continue
		}
		one(c.get(item, "path"))
		one(c.get(item, "env_file"))
	}
}
