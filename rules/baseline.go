package rules

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// BaselineVersion names the schema of a baseline. A reader refuses any other.
const BaselineVersion = "agentsec.baseline/v1"

// maxBaseline bounds what is read: a baseline of 100,000 places is about 10 MiB.
const maxBaseline = 64 << 20

// A Baseline admits the findings of the day it was written, so that a gate
// fails on new ones only. It knows rules and logical locations: no value, no
// hash of one, no line. It survives edits and tells nothing to whoever reads it.
// The price: a credential that is replaced by another one at an admitted place
// passes.
type Baseline struct {
	Version string          `yaml:"version" json:"version" jsonschema:"const=agentsec.baseline/v1"`
	Entries []BaselineEntry `yaml:"entries" json:"entries"`
}

// A BaselineEntry admits up to Count findings of a rule at one location
// (Finding.Location).
type BaselineEntry struct {
	Rule     string `yaml:"rule" json:"rule"`
	Location string `yaml:"location" json:"location"`
	Count    int    `yaml:"count" json:"count"`
}

const baselineHeader = `# Findings that agentsec admits, by rule and logical location. It holds no value,
# no hash of a value and no line, so it survives edits and can be committed.
# What it cannot see: a credential that is replaced by another one at an admitted
# place passes too. Shrink it with: agentsec baseline update
`

// NewBaseline admits the findings of s. Scan without a baseline first: findings
// that one suppressed are not in s.
func NewBaseline(s *Scan) *Baseline {
	counts := map[BaselineEntry]int{}
	for i := range s.Findings {
		counts[BaselineEntry{Rule: s.Findings[i].Rule, Location: s.Findings[i].Location()}]++
	}
	b := &Baseline{Version: BaselineVersion, Entries: make([]BaselineEntry, 0, len(counts))}
	for e, n := range counts {
		e.Count = n
		b.Entries = append(b.Entries, e)
	}
	slices.SortFunc(b.Entries, func(a, b BaselineEntry) int {
		return cmp.Or(strings.Compare(a.Location, b.Location), strings.Compare(a.Rule, b.Rule))
	})
	return b
}

// Write writes b as YAML with a header that says what it is.
func (b *Baseline) Write(w io.Writer) error {
	var buf bytes.Buffer
	buf.WriteString(baselineHeader)
	enc := yaml.NewEncoder(&buf)
	enc.SetIndent(2)
	if err := enc.Encode(b); err != nil {
		return fmt.Errorf("writing the baseline: %w", err)
	}
	if _, err := w.Write(buf.Bytes()); err != nil {
		return fmt.Errorf("writing the baseline: %w", err)
	}
	return nil
}

// ReadBaseline reads YAML or JSON. Unknown keys and versions are refused: a
// baseline that is half understood admits the wrong things.
func ReadBaseline(r io.Reader) (*Baseline, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBaseline+1))
	if err != nil {
		return nil, fmt.Errorf("reading the baseline: %w", err)
	}
	if len(data) > maxBaseline {
		return nil, errors.New("reading the baseline: it is larger than 64 MiB")
	}
	var root yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&root); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("reading the baseline: it is empty")
		}
		return nil, errors.New("reading the baseline: it is neither YAML nor JSON" + yamlLine(err))
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading the baseline: there is more than one document")
	}
	return decodeBaseline(root.Content[0])
}

// decodeBaseline walks the nodes, so that every refusal has its line.
func decodeBaseline(doc *yaml.Node) (*Baseline, error) {
	fail := func(n *yaml.Node, format string, args ...any) (*Baseline, error) {
		return nil, fmt.Errorf("reading the baseline: line %d: %s", n.Line, fmt.Sprintf(format, args...))
	}
	if doc.Kind != yaml.MappingNode {
		return fail(doc, "want a mapping with version and entries")
	}
	b := &Baseline{}
	for i := 0; i+1 < len(doc.Content); i += 2 {
		key, value := doc.Content[i], doc.Content[i+1]
		switch key.Value {
		case "version":
			if b.Version = value.Value; value.Kind != yaml.ScalarNode || b.Version != BaselineVersion {
				return fail(value, "this is no %s document; write a new one with: agentsec baseline create", BaselineVersion)
			}
		case "entries":
			if value.Kind != yaml.SequenceNode && value.Tag != "!!null" {
				return fail(value, "entries is no list")
			}
			for _, n := range value.Content {
				e, bad, why := decodeEntry(n)
				if why != "" {
					return fail(bad, "%s", why)
				}
				b.Entries = append(b.Entries, e)
			}
		default:
			return fail(key, "unknown key %q: want version and entries", printable(key.Value))
		}
	}
	if b.Version == "" {
		return fail(doc, "version is missing: want %s", BaselineVersion)
	}
	return b, nil
}

func decodeEntry(n *yaml.Node) (e BaselineEntry, bad *yaml.Node, why string) {
	if n.Kind != yaml.MappingNode {
		return e, n, "an entry is no mapping with rule, location and count"
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		var into any
		switch key.Value {
		case "rule":
			into = &e.Rule
		case "location":
			into = &e.Location
		case "count":
			into = &e.Count
		default:
			return e, key, fmt.Sprintf("unknown key %q: want rule, location and count", printable(key.Value))
		}
		if value.Kind != yaml.ScalarNode || value.Decode(into) != nil {
			return e, value, key.Value + " has the wrong type"
		}
	}
	if e.Rule == "" || e.Location == "" || e.Count < 1 {
		return e, n, "an entry needs a rule, a location and a count of 1 or more"
	}
	return e, nil, ""
}

// yamlLine keeps the position of a parser's error and drops its text, which
// quotes the input.
func yamlLine(err error) string {
	_, rest, ok := strings.Cut(err.Error(), "line ")
	if !ok {
		return ""
	}
	n := 0
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	return " (line " + rest[:n] + ")"
}

// admits marks the findings that b admits: of each rule and location the first
// Count. A nil b admits none.
func (b *Baseline) admits(findings []Finding) []bool {
	out := make([]bool, len(findings))
	if b == nil {
		return out
	}
	left := map[BaselineEntry]int{}
	for _, e := range b.Entries {
		left[BaselineEntry{Rule: e.Rule, Location: e.Location}] += e.Count
	}
	for i := range findings {
		key := BaselineEntry{Rule: findings[i].Rule, Location: findings[i].Location()}
		if left[key] > 0 {
			left[key]--
			out[i] = true
		}
	}
	return out
}
