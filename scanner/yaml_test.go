package scanner

import (
	"fmt"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestYAMLDocumentsKeepLines(t *testing.T) {
	docs := yamlDocuments([]byte("# c\n%YAML 1.1\n---\na: 1\n--- # second\nb:\n  - x\n...\n\n---\n# nothing\n---\nbad: [\n---\nd: ä\n   \nafter: {é: y}\n"))
	var got []string
	for _, d := range docs {
		if d.problem != "" {
			got = append(got, fmt.Sprintf("problem in %d..%d", d.line, d.last))
			if d.problemLine < d.line || d.problemLine > d.last {
				t.Errorf("problem on line %d of %d..%d", d.problemLine, d.line, d.last)
			}
			continue
		}
		for _, f := range d.fields(d.root) {
			got = append(got, fmt.Sprintf("%s %d:%d", f.name(), f.key.Line, f.value.Column))
		}
	}
	want := "a 4:4, b 6:3, problem in 12..13, d 15:4, after 17:8"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got %s\nwant %s", s, want)
	}
	if f := docs[len(docs)-1].fields(docs[len(docs)-1].get(docs[len(docs)-1].root, "after"))[0]; f.value.Column != 13 {
		t.Errorf("column %d counts no bytes", f.value.Column)
	}
}

func TestYAMLLinesWithOtherBreaks(t *testing.T) {
	for _, text := range []string{"a: 1\r\nb: 2\r\nc: 3", "\ufeffa: 1\nb: 2\nc: 3", "a: 1 # x\u2028\nb: 2\nc: 3", "---\u0020\na: x\rz: y\nc: 3"} {
		docs := yamlDocuments([]byte(text))
		if len(docs) != 1 || docs[0].root == nil {
			t.Errorf("%q: not one document", text)
			continue
		}
		for _, f := range docs[0].fields(docs[0].root) {
			if f.name() == "c" && f.key.Line != 3 {
				t.Errorf("%q: c stands on line %d", text, f.key.Line)
			}
		}
	}
}

func TestYAMLMergeKeys(t *testing.T) {
	d := yamlDocuments([]byte("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2, <<: *x}\nz:\n  <<: [*y, *x]\n  c: 3\n  d: *x\nq: {\"<<\": 5}\n"))[0]
	var got []string
	for _, f := range d.fields(d.get(d.root, "z")) {
		got = append(got, fmt.Sprintf("%s@%d merged=%v alias=%v", f.name(), f.key.Line, f.merged, f.alias))
	}
	want := "c@5 merged=false alias=false, d@6 merged=false alias=true, b@2 merged=true alias=false, a@1 merged=true alias=false"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestYAMLScalarLines(t *testing.T) {
	text := "lit: |\n  one\n\n  three\nfold: >-\n  aa\n  bb\n\n  cc\nquoted: \"x\n  y\\n\n  z\"\nplain: p\n  q\n"
	d := yamlDocuments([]byte(text))[0]
	for path, want := range map[string]map[string]int{
		"lit": {"one": 2, "three": 4}, "fold": {"aa": 6, "bb": 7, "cc": 9}, "quoted": {"x": 10, "y": 11, "z": 12}, "plain": {"p": 13, "q": 14},
	} {
		n := d.get(d.root, path)
		for part, line := range want {
			if got := d.lineAt(n, strings.Index(n.Value, part)); got != line {
				t.Errorf("%s: %s stands on line %d, want %d", path, part, got, line)
			}
		}
		if lines := d.scalarLines(n); len(lines) != strings.Count(n.Value, "\n")+1 {
			t.Errorf("%s: %d lines", path, len(lines))
		}
	}
}

func TestYAMLIsBounded(t *testing.T) {
	if d := yamlDocuments([]byte(strings.Repeat("[", 100000)))[0]; d.problem == "" {
		t.Error("endless nesting is accepted")
	}
	if d := yamlDocuments([]byte("a: &a [*a]\nb: *undefined\n"))[0]; d.problem == "" || strings.Contains(d.problem, "undefined") {
		t.Errorf("problem %q", d.problem)
	}
	var self yaml.Node
	self.Kind, self.Alias = yaml.AliasNode, &self
	if yamlDeref(&self) != nil {
		t.Error("an endless alias has a target")
	}
}

func FuzzYAML(f *testing.F) {
	f.Add("a: &x {<<: *x}\n---\n- |\n  b\n- 'c\n\n  d'\n")
	f.Fuzz(func(t *testing.T, text string) {
		data, _ := utf8Text([]byte(text))
		lines := strings.Count(string(data), "\n") + 1
		var walk func(d *yamlDoc, n *yaml.Node)
		walk = func(d *yamlDoc, n *yaml.Node) {
			if n.Line < 1 || n.Line > lines || n.Column < 1 {
				t.Fatalf("%d:%d of %d lines", n.Line, n.Column, lines)
			}
			if n.Kind == yaml.ScalarNode {
				for _, l := range d.scalarLines(n) {
					if l < 1 || l > lines {
						t.Fatalf("line %d of %d", l, lines)
					}
				}
			}
			d.fields(n)
			d.items(n)
			for _, c := range n.Content {
				walk(d, c)
			}
		}
		for _, d := range yamlDocuments([]byte(text)) {
			if d.root != nil {
				walk(d, d.root)
			}
		}
	})
}

// A minified manifest is one line: its cost grows with its length, not with its
// length times its nodes.
func BenchmarkYAMLOneLine(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		entry := `{"name":"SOME_VARIABLE","value":"über"},`
		text := []byte(`{"a":[` + strings.Repeat(entry, n) + `{}]}`)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if docs := yamlDocuments(text); len(docs) != 1 || docs[0].root == nil {
					b.Fatal("not read")
				}
			}
		})
	}
}
