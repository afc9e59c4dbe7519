package migrate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/scanner"
)

// A YAML file is edited as text, at the places that the parser tells, so that
// comments and layout stay. That the result means the same but for the entry is
// then checked on the parsed documents: a shape of YAML that this file does not
// think of leads to an error, not to a broken manifest.

var (
	errShared = errors.New("it stands in a YAML anchor that other places share; edit it by hand")
	errLayout = errors.New("its layout is not understood; edit it by hand")
)

// maxAliases bounds what the check decodes: aliases can multiply.
const maxAliases = 1000

// A pick finds the entry's place in one document; nil: not in this one. Of a
// mapping it names the key, of a sequence the number of the item.
type pick func(doc *yaml.Node) (*spot, error)

// A spot is one entry: item i (of a mapping: key i, value i+1) of parent, whose
// own place is above.
type spot struct {
	parent *yaml.Node
	i      int
	above  *spot // nil: parent must not be dropped when it is emptied
}

func removeYAML(text []byte, where pick) ([]byte, error) {
	for range 100 { // one entry at a time; each edit moves the others
		docs, err := parseYAML(text)
		if err != nil {
			return nil, err
		}
		var target *spot
		for _, doc := range docs {
			if target, err = where(doc); err != nil {
				return nil, err
			}
			if target != nil {
				break
			}
		}
		if target == nil {
			return text, nil
		}
		for target.above != nil && target.lonely() {
			target = target.above
		}
		edited, err := target.cut(text)
		if err != nil {
			return nil, err
		}
		if err := sameButFor(docs, edited, target); err != nil {
			return nil, err
		}
		text = edited
	}
	return nil, errors.New("it has more entries of this name than anybody writes")
}

func parseYAML(text []byte) ([]*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var docs []*yaml.Node
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, errors.New("it is not valid YAML") // yaml's own error could quote a value
		}
		docs = append(docs, &doc)
	}
}

// width is the number of nodes of one entry.
func (s *spot) width() int {
	if s.parent.Kind == yaml.MappingNode {
		return 2
	}
	return 1
}

func (s *spot) lonely() bool { return len(s.parent.Content) == s.width() }

// cut returns text without the entry.
func (s *spot) cut(text []byte) ([]byte, error) {
	if s.parent.Anchor != "" {
		return nil, errShared
	}
	if s.parent.Style&yaml.FlowStyle != 0 {
		return s.cutFlow(text)
	}
	return s.cutBlock(text), nil
}

// cutBlock takes away the entry's lines: from its own to the next line that is
// not indented deeper. Blank lines and comments behind it stay.
func (s *spot) cutBlock(text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	node := s.parent.Content[s.i]
	first, column := node.Line-1, node.Column
	if s.parent.Kind == yaml.SequenceNode {
		column = s.parent.Column // of the dash
	}
	// A list may stand as far left as its key.
	dashes := s.parent.Kind == yaml.MappingNode && s.parent.Content[s.i+1].Kind == yaml.SequenceNode
	end := first + 1
	for next := end; next < len(lines); next++ {
		line := bytes.TrimRight(lines[next], "\r\n")
		body := bytes.TrimLeft(line, " ")
		if len(body) == 0 {
			continue
		}
		item := dashes && len(line)-len(body) == column-1 && body[0] == '-'
		if len(line)-len(body) < column && !item {
			break
		}
		end = next + 1
	}
	head, tail := lines[:first], lines[end:]
	// The first key of an item stands behind its dash: the next key moves there.
	own := lines[first]
	if dash := own[:min(column-1, len(own))]; s.parent.Kind == yaml.MappingNode && bytes.ContainsRune(dash, '-') && len(tail) > 0 {
		tail = slices.Clone(tail)
		tail[0] = append(slices.Clone(dash), bytes.TrimLeft(tail[0], " ")...)
	}
	return slices.Concat(bytes.Join(head, nil), bytes.Join(tail, nil))
}

// cutFlow takes an entry out of {…} or […].
func (s *spot) cutFlow(text []byte) ([]byte, error) {
	start, err := offset(text, s.parent.Content[s.i])
	if err != nil {
		return nil, err
	}
	if next := s.i + s.width(); next < len(s.parent.Content) {
		end, err := offset(text, s.parent.Content[next])
		if err != nil {
			return nil, err
		}
		return slices.Concat(text[:start], text[end:]), nil
	}
	open, err := offset(text, s.parent)
	if err != nil {
		return nil, err
	}
	end, err := closing(text, open)
	if err != nil {
		return nil, err
	}
	if s.i > 0 { // the last one takes the comma before it along
		comma := bytes.LastIndexByte(text[open:start], ',')
		if comma < 0 {
			return nil, errLayout
		}
		start = open + comma
	}
	return slices.Concat(text[:start], text[end:]), nil
}

// offset is where a node starts. yaml counts columns in characters.
func offset(text []byte, node *yaml.Node) (int, error) {
	at := 0
	for range node.Line - 1 {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return 0, errLayout
		}
		at += i + 1
	}
	column := 0
	for i := range string(text[at:]) {
		if column++; column == node.Column {
			return at + i, nil
		}
	}
	return 0, errLayout
}

// closing is the offset of the bracket that ends the one at open.
func closing(text []byte, open int) (int, error) {
	depth := 0
	var quote byte
	for i := open; i < len(text); i++ {
		c := text[i]
		switch {
		case quote == '"' && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i, nil
			}
		}
	}
	return 0, errLayout
}

// sameButFor checks that the edited text means what the documents meant without
// the entry.
func sameButFor(docs []*yaml.Node, edited []byte, s *spot) error {
	s.parent.Content = slices.Delete(s.parent.Content, s.i, s.i+s.width())
	now, err := parseYAML(edited)
	if err != nil || len(now) != len(docs) {
		return errLayout
	}
	for i := range docs {
		want, err := meaning(docs[i])
		if err != nil {
			return err
		}
		got, err := meaning(now[i])
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(want, got) {
			return errLayout
		}
	}
	return nil
}

func meaning(doc *yaml.Node) (any, error) {
	if aliases := countAliases(doc); aliases > maxAliases {
		return nil, fmt.Errorf("it has %d YAML aliases; edit it by hand", aliases)
	}
	var v any
	if err := doc.Decode(&v); err != nil {
		return nil, errors.New("it is not valid YAML")
	}
	return emptyIsNil(v), nil
}

func countAliases(node *yaml.Node) int {
	n := 0
	if node.Kind == yaml.AliasNode {
		n = 1
	}
	for _, child := range node.Content {
		n += countAliases(child)
	}
	return n
}

// emptyIsNil: a block mapping whose last entry was cut reads as null.
func emptyIsNil(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return nil
		}
		for key := range v {
			v[key] = emptyIsNil(v[key])
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = emptyIsNil(v[i])
		}
	}
	return v
}

// child returns the place of key in a mapping.
func child(mapping *yaml.Node, key string) (value *yaml.Node, i int) {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil, -1
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1], i
		}
	}
	return nil, -1
}

func scalar(mapping *yaml.Node, path ...string) string {
	for _, key := range path {
		mapping, _ = child(mapping, key)
	}
	if mapping == nil || mapping.Kind != yaml.ScalarNode {
		return ""
	}
	return mapping.Value
}

// borrows returns errShared if node has key only through an alias or a merge:
// deleting it there would change other places too.
func borrows(node *yaml.Node, key string) error {
	if node == nil || countAliases(node) == 0 {
		return nil
	}
	v, err := meaning(node)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case map[string]any:
		if _, has := v[key]; has {
			return errShared
		}
	case []any:
		for _, item := range v {
			if name, _, _ := strings.Cut(fmt.Sprint(item), "="); name == key {
				return errShared
			}
		}
	}
	return nil
}

// inEnvironment finds key in a mapping KEY: value or in a list "- KEY=value".
func inEnvironment(environment *yaml.Node, key string, above *spot) (*spot, error) {
	if environment == nil {
		return nil, nil
	}
	if _, i := child(environment, key); i >= 0 {
		return &spot{environment, i, above}, nil
	}
	if environment.Kind == yaml.SequenceNode {
		for i, item := range environment.Content {
			name, _, _ := strings.Cut(item.Value, "=")
			if item.Kind == yaml.ScalarNode && name == key {
				return &spot{environment, i, above}, nil
			}
		}
	}
	return nil, borrows(environment, key)
}

// removeCompose deletes key from the environment of the service.
func removeCompose(in []byte, key string, object scanner.Object) ([]byte, error) {
	return removeYAML(in, func(doc *yaml.Node) (*spot, error) {
		if len(doc.Content) == 0 {
			return nil, nil
		}
		services, _ := child(doc.Content[0], "services")
		service, _ := child(services, object.Name)
		environment, i := child(service, "environment")
		return inEnvironment(environment, key, &spot{service, i, nil})
	})
}
