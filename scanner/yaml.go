package scanner

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Reading YAML for extractors: positions are those of the file, a broken
// document does not take the others with it, and no input makes the walk longer
// than its budget. Nodes are read, never decoded into Go values, so no alias is
// expanded and no tag constructs anything.

// yamlBudget bounds the entries that the fields and items of one document yield:
// aliases and merge keys let a small file describe a huge one.
const yamlBudget = 1 << 20

// A yamlDoc is one document of a YAML stream. Line and Column of its nodes count
// in the file (not in the document), from 1, in lines and bytes.
type yamlDoc struct {
	root *yaml.Node // content of the document; nil if empty or broken
	line int        // first line of the document in the file
	last int        // its last line
	// problem says why root is missing ("" if nothing is wrong); it quotes no
	// input. problemLine is its line in the file.
	problem     string
	problemLine int

	left  int      // budget
	lines [][]byte // of the whole file, for scalarLines
}

// yamlDocuments splits data at document markers and parses each part on its
// own. Parts without content (comments only) are left out.
func yamlDocuments(data []byte) []*yamlDoc {
	data, ok := utf8Text(data)
	if !ok {
		return []*yamlDoc{{line: 1, last: 1, problem: "not valid text", problemLine: 1}}
	}
	lines := bytes.Split(data, []byte("\n"))
	var docs []*yamlDoc
	for _, span := range yamlSpans(lines) {
		doc := &yamlDoc{line: span[0] + 1, last: span[1], left: yamlBudget, lines: lines}
		doc.parse(lines[span[0]:span[1]])
		if doc.root != nil || doc.problem != "" {
			docs = append(docs, doc)
		}
	}
	return docs
}

// yamlSpans returns the half-open line ranges of the documents. A marker at the
// start of a line ends a document even inside a block or quoted scalar (YAML
// 1.2.2, c-forbidden), so no parsing is needed to find it.
func yamlSpans(lines [][]byte) [][2]int {
	var spans [][2]int
	start, content := 0, false
	for i, line := range lines {
		switch {
		case isMarker(line, "---"):
			if content {
				spans = append(spans, [2]int{start, i})
				start = i
			}
			content = true
		case isMarker(line, "..."):
			if content {
				spans = append(spans, [2]int{start, i + 1})
			}
			start, content = i+1, false
		case !content:
			// Directives and comments belong to the document that follows.
			t := bytes.TrimSpace(line)
			content = len(t) > 0 && t[0] != '#' && line[0] != '%'
		}
	}
	if content {
		spans = append(spans, [2]int{start, len(lines)})
	}
	return spans
}

func isMarker(line []byte, marker string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(marker))
	return ok && (len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r')
}

func (d *yamlDoc) parse(lines [][]byte) {
	text := bytes.Join(lines, []byte("\n"))
	var node yaml.Node
	if err := unmarshalNode(text, &node); err != nil {
		d.problem, d.problemLine = "not valid YAML", d.line
		if m := yamlErrorLine.FindStringSubmatch(err.Error()); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && n >= 1 && n <= len(lines) {
				d.problemLine = d.line + n - 1
			}
		}
		return
	}
	if len(node.Content) == 0 {
		return
	}
	d.root = node.Content[0]
	placeNodes(d.root, yamlBreaks(text, d.line), &columns{lines: d.lines})
}

var yamlErrorLine = regexp.MustCompile(`^yaml: line (\d+):`)

// unmarshalNode turns a panic of the parser into an error: the input is hostile.
func unmarshalNode(text []byte, node *yaml.Node) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("yaml: the parser failed")
		}
	}()
	return yaml.Unmarshal(text, node)
}

// yamlBreaks maps a line of the parser to a line of the file. The parser also
// ends lines at a lone CR, NEL, LS and PS, the file's lines end at LF.
func yamlBreaks(text []byte, first int) func(int) int {
	if !bytes.ContainsAny(text, "\r\u0085\u2028\u2029") {
		return func(line int) int { return line + first - 1 }
	}
	starts := []int{first}
	line := first
	for i, r := range string(text) {
		switch r {
		case '\n':
			line++
			starts = append(starts, line)
		case '\r':
			if i+1 < len(text) && text[i+1] == '\n' {
				continue
			}
			starts = append(starts, line)
		case '\u0085', '\u2028', '\u2029':
			starts = append(starts, line)
		}
	}
	return func(line int) int {
		return starts[min(max(line-1, 0), len(starts)-1)]
	}
}

// placeNodes rewrites positions to those of the file. It does not follow aliases, so
// every node is rewritten once.
func placeNodes(n *yaml.Node, lineOf func(int) int, at *columns) {
	n.Line = min(max(lineOf(n.Line), 1), len(at.lines)) // an empty node may stand behind the end
	n.Column = at.bytes(n.Line, n.Column)
	for _, c := range n.Content {
		placeNodes(c, lineOf, at)
	}
}

// columns turns columns in characters into columns in bytes. Nodes come in the
// order of the text, so each lookup goes on from the last one: a document on one
// line costs its length once and not once a node.
type columns struct {
	lines              [][]byte
	line, column, byte int // where the last lookup ended
}

func (c *columns) bytes(line, column int) int {
	if line < 1 || line > len(c.lines) || column < 1 {
		return 1
	}
	if line != c.line || column < c.column {
		c.line, c.column, c.byte = line, 1, 0
	}
	text := c.lines[line-1]
	for c.column < column && c.byte < len(text) {
		_, size := utf8.DecodeRune(text[c.byte:])
		c.byte += size
		c.column++
	}
	return c.byte + 1
}
