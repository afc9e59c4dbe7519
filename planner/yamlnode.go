package planner

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxManifest bounds a file that is patched.
const maxManifest = 4 << 20

// documents parses every document of a YAML file; positions count in the file.
func documents(s *sheet) ([]*yaml.Node, error) {
	if s.docs != nil {
		return s.docs, nil
	}
	docs := []*yaml.Node{}
	d := yaml.NewDecoder(strings.NewReader(s.text()))
	for {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			s.docs = docs
			return docs, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s cannot be parsed as YAML", s.path) // the parser's own text quotes the input
		}
		if len(doc.Content) == 1 {
			docs = append(docs, doc.Content[0])
		}
	}
}

// child returns the key and value nodes of a mapping's entry, nil without one.
// An alias is followed for reading only: see editable.
func child(n *yaml.Node, key string) (k, v *yaml.Node) {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// descend follows keys and returns the last key and value, nil if one is missing.
func descend(n *yaml.Node, keys ...string) (k, v *yaml.Node) {
	for _, key := range keys {
		if k, n = child(n, key); n == nil {
			return nil, nil
		}
	}
	return k, n
}

func scalar(n *yaml.Node, keys ...string) string {
	if len(keys) > 0 {
		_, n = descend(n, keys...)
	}
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// editable says why a node cannot be edited line by line, nil if it can.
func editable(path string, key, n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return fmt.Errorf("%s:%d: %s is shared through a YAML anchor, so a change would reach others: write it out first", path, n.Line, key.Value)
	case n.Style&yaml.FlowStyle != 0:
		return fmt.Errorf("%s:%d: %s is written in flow style, which cannot be patched line by line: write it as a block first", path, n.Line, key.Value)
	case len(n.Content) > 0 && n.Content[0].Line == key.Line:
		return fmt.Errorf("%s:%d: %s begins on the line of its key", path, n.Line, key.Value)
	}
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			return fmt.Errorf("%s:%d: %s is merged from a YAML anchor: write it out first", path, n.Content[i].Line, key.Value)
		}
	}
	return nil
}

// pad indents lines.
func pad(n int, lines ...string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		if l != "" {
			out[i] = strings.Repeat(" ", n) + l
		}
	}
	return out
}
