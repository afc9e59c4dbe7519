package scanner

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func python(t testing.TB, path, source string) *found {
	t.Helper()
	f := &file{path: path, data: []byte(source)}
	o := &found{file: f}
	if !isPython(f) {
		t.Fatalf("%s is not taken for Python", path)
	}
	extractPython(f, o)
	return o
}

// A labelled row says what stands on a line of a fixture: "yes" is to be
// reported, "inventory" is to be extracted and not reported, and of a "no" the
// extractor gives nothing. Every line without a row is a "no".
type labelled struct {
	path, name, mechanism, expect string
	line                          int
}

func readLabels(t *testing.T, path string) []labelled {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var labels []labelled
	for _, row := range rows[1:] {
		line, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatalf("%s: line %q", path, row[1])
		}
		labels = append(labels, labelled{row[0], row[2], row[3], row[4], line})
	}
	return labels
}

// TestPythonLabels measures the extractor on files labelled by hand.
func TestPythonLabels(t *testing.T) {
	dir := filepath.Join("testdata", "python")
	labels := readLabels(t, filepath.Join(dir, "labels.csv"))
	expected := map[string]bool{}
	negatives, reads := 0, 0
	files := map[string]bool{}
	for _, l := range labels {
		files[l.path] = true
		key := fmt.Sprintf("%s:%d %s %s", l.path, l.line, l.name, l.mechanism)
		switch l.expect {
		case "no":
			negatives++
		case "yes", "inventory":
			if _, twice := expected[key]; twice {
				t.Errorf("labelled twice: %s", key)
			}
			expected[key] = false
			if l.mechanism == string(CodeRead) && l.expect == "yes" {
				reads++
			}
		default:
			t.Fatalf("label %+v", l)
		}
	}
	right, wrong := 0, 0
	for path := range files {
		source, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, c := range python(t, "app/"+path, string(source)).candidates {
			key := fmt.Sprintf("%s:%d %s %s", path, c.At.Line, c.Name, c.Mechanism)
			if seen[key] {
				continue // a read and a write of one line
			}
			seen[key] = true
			if _, ok := expected[key]; ok {
				expected[key] = true
				right++
			} else {
				wrong++
				t.Logf("not labelled: %s (%s)", key, c.Detail)
			}
		}
	}
	for key, hit := range expected {
		if !hit {
			t.Logf("missed: %s", key)
		}
	}
	recall, precision := float64(right)/float64(len(expected)), float64(right)/float64(right+wrong)
	t.Logf("%d rows (%d negatives, %d reads of secrets): recall %.3f, precision %.3f", len(labels), negatives, reads, recall, precision)
	if recall < 0.95 || precision < 0.95 {
		t.Error("below 0.95")
	}
	if len(labels) < 60 || negatives < 25 || reads < 40 {
		t.Error("too few labels")
	}
}

// list tells what an extractor gave, in order of lines and without values.
func (o *found) list() []string {
	var out []string
	byLine := slices.Clone(o.candidates)
	slices.SortStableFunc(byLine, func(a, b Candidate) int { return a.At.Line - b.At.Line })
	for _, c := range byLine {
		s := fmt.Sprintf("%d %s %s", c.At.Line, c.Mechanism, c.Name)
		if c.Place != InEnv {
			s += " " + string(c.Place)
		}
		out = append(out, s)
	}
	return out
}

func expectList(t *testing.T, what string, got []string, want string) {
	t.Helper()
	wanted := strings.Split(want, "; ")
	if want == "" {
		wanted = nil
	}
	if strings.Join(got, "; ") != strings.Join(wanted, "; ") {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "; "), want)
	}
}
