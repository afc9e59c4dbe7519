package scanner

import (
	"bytes"
	"strings"

	"gopkg.in/yaml.v3"
)

// A yamlField is an entry of a mapping, with aliases followed: the positions
// are those of the place that sets the key and the value.
type yamlField struct {
	key    *yaml.Node
	value  *yaml.Node // never nil and never an alias
	merged bool       // came through a merge key
	alias  bool       // the value is an alias of a node elsewhere
}

func (f yamlField) name() string { return f.key.Value }

// fields returns the entries of a mapping (or of an alias of one) with merge
// keys resolved: own entries first, then those of each merged mapping in order;
// the first of a name counts. It returns nil for anything that is no mapping.
func (d *yamlDoc) fields(n *yaml.Node) []yamlField {
	var out []yamlField
	names := map[string]bool{}
	seen := map[*yaml.Node]bool{}
	var add func(n *yaml.Node, merged bool, depth int)
	add = func(n *yaml.Node, merged bool, depth int) {
		n = yamlDeref(n)
		if n == nil || n.Kind != yaml.MappingNode || seen[n] || depth > 100 {
			return
		}
		seen[n] = true
		var merges []*yaml.Node
		for i := 0; i+1 < len(n.Content) && d.spend(); i += 2 {
			key, value := yamlDeref(n.Content[i]), n.Content[i+1]
			if key == nil || key.Kind != yaml.ScalarNode {
				continue
			}
			if isMergeKey(key) {
				merges = append(merges, value)
				continue
			}
			if names[key.Value] {
				continue
			}
			target := yamlDeref(value)
			if target == nil {
				continue
			}
			names[key.Value] = true
			out = append(out, yamlField{key, target, merged, value.Kind == yaml.AliasNode})
		}
		for _, m := range merges {
			if target := yamlDeref(m); target != nil && target.Kind == yaml.SequenceNode {
				for _, item := range target.Content {
					if d.spend() {
						add(item, true, depth+1)
					}
				}
				continue
			}
			add(m, true, depth+1)
		}
	}
	add(n, false, 0)
	return out
}

func isMergeKey(key *yaml.Node) bool {
	return key.Value == "<<" && (key.Tag == "" || key.Tag == "!" || key.ShortTag() == "!!merge")
}

// field returns the entry of that name.
func (d *yamlDoc) field(n *yaml.Node, name string) (yamlField, bool) {
	for _, f := range d.fields(n) {
		if f.name() == name {
			return f, true
		}
	}
	return yamlField{}, false
}

// get walks down mappings by name; nil when a step is missing.
func (d *yamlDoc) get(n *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		f, ok := d.field(n, name)
		if !ok {
			return nil
		}
		n = f.value
	}
	return yamlDeref(n)
}

// items returns the elements of a sequence with aliases followed; nil for
// anything else.
func (d *yamlDoc) items(n *yaml.Node) []*yaml.Node {
	n = yamlDeref(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	var out []*yaml.Node
	for _, item := range n.Content {
		if !d.spend() {
			break
		}
		if item = yamlDeref(item); item != nil {
			out = append(out, item)
		}
	}
	return out
}

// spend takes one from the budget. Once it is used up, fields and items end
// early, and exhausted tells the extractor to report the rest as skipped.
func (d *yamlDoc) spend() bool {
	d.left--
	return d.left >= 0
}

func (d *yamlDoc) exhausted() bool { return d.left < 0 }

// yamlDeref follows aliases; nil for a chain that does not end.
func yamlDeref(n *yaml.Node) *yaml.Node {
	for range 100 {
		if n == nil || n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return nil
}

// yamlScalar returns the text of a scalar as written (numbers and booleans too);
// false for null and for anything that is no scalar.
func yamlScalar(n *yaml.Node) (string, bool) {
	if n = yamlDeref(n); n == nil || n.Kind != yaml.ScalarNode || yamlNull(n) {
		return "", false
	}
	return n.Value, true
}

// yamlText is yamlScalar without the difference between null, absent and empty.
func yamlText(n *yaml.Node) string {
	s, _ := yamlScalar(n)
	return s
}

func yamlNull(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// scalarLines gives for each line of a scalar's value the line of the file that
// it stands on; for a literal block (|) exactly, for folded and quoted scalars
// by looking for the source lines in the value.
func (d *yamlDoc) scalarLines(n *yaml.Node) []int {
	count := strings.Count(n.Value, "\n") + 1
	out := make([]int, count)
	if n.Style&yaml.LiteralStyle != 0 {
		for i := range out {
			out[i] = min(n.Line+1+i, len(d.lines))
		}
		return out
	}
	for i := range out {
		out[i] = n.Line
	}
	if count == 1 {
		return out
	}
	for i, at := range d.offsetLines(n) {
		line := strings.Count(n.Value[:i], "\n")
		if out[line] == n.Line || out[line] > at {
			out[line] = at
		}
	}
	for i := 1; i < count; i++ {
		out[i] = max(out[i], out[i-1])
	}
	return out
}

// lineAt returns the line of the file on which the byte at offset of a scalar's
// value stands.
func (d *yamlDoc) lineAt(n *yaml.Node, offset int) int {
	offset = min(max(offset, 0), len(n.Value))
	if n.Style&yaml.LiteralStyle != 0 {
		return min(n.Line+1+strings.Count(n.Value[:offset], "\n"), len(d.lines))
	}
	best, line := -1, n.Line
	for at, l := range d.offsetLines(n) {
		if at <= offset && at > best {
			best, line = at, l
		}
	}
	return line
}

// offsetLines finds the source lines of a scalar in its value: offset → line.
func (d *yamlDoc) offsetLines(n *yaml.Node) map[int]int {
	out := map[int]int{}
	rest := 0
	for line := n.Line; line <= d.last && line <= len(d.lines) && rest < len(n.Value); line++ {
		source := d.lines[line-1]
		if line == n.Line {
			if n.Style&yaml.FoldedStyle != 0 {
				continue // the header
			}
			source = source[min(n.Column-1, len(source)):]
		}
		if n.Style&yaml.DoubleQuotedStyle != 0 {
			source = bytes.TrimLeft(source, " \t\"")
			if i := bytes.IndexAny(source, "\\\""); i >= 0 {
				source = source[:i]
			}
		}
		word := string(bytes.Trim(source, " \t\r\"'"))
		if word == "" {
			continue
		}
		at := strings.Index(n.Value[rest:], word)
		if at < 0 {
			if line == n.Line {
				out[0] = line
				continue // escapes, or a comment after the value
			}
			if n.Style&yaml.DoubleQuotedStyle == 0 {
				break // the scalar is over
			}
			continue
		}
		out[rest+at] = line
		rest += at + len(word)
	}
	return out
}
