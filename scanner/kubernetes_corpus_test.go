package scanner

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestKubernetesCorpus runs over a labelled corpus outside the repository, the
// folder that AGENTSEC_CORPUS names: every exposure of a plain manifest that is
// labelled "yes" gets a candidate of that name within a line of it.
func TestKubernetesCorpus(t *testing.T) {
	root := os.Getenv("AGENTSEC_CORPUS")
	if root == "" {
		t.Skip("AGENTSEC_CORPUS is not set")
	}
	f, err := os.Open(filepath.Join(root, "labels.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	cache := map[string]*found{}
	yes, hit := 0, 0
	for _, row := range rows[1:] {
		path := strings.ReplaceAll(row[0], "/", "__") + "/" + row[1]
		if row[4] == "rbac" || row[6] != "yes" && row[6] != "no" {
			continue
		}
		o, ok := cache[path]
		if !ok {
			if data, err := os.ReadFile(filepath.Join(root, path)); err == nil {
				in := &file{path: path, data: data}
				if isKubernetes(in) {
					o = &found{file: in}
					extractKubernetes(in, o)
					for _, s := range o.skipped {
						t.Logf("%s:%d skipped: %s", s.Path, s.Line, s.Reason)
					}
				}
			}
			cache[path] = o
		}
		if o == nil {
			continue
		}
		line, _ := strconv.Atoi(row[2])
		got := false
		for _, c := range o.candidates {
			if c.Name == row[3] && max(c.At.Line-line, line-c.At.Line) <= 1 && c.Mechanism != Dynamic {
				got = true
			}
		}
		if row[6] == "no" {
			if got {
				t.Logf("tempting: %s:%d %s", path, line, row[3])
			}
			continue
		}
		yes++
		if got {
			hit++
		} else {
			t.Errorf("missed %s:%d %s (%s)", path, line, row[3], row[4])
		}
	}
	t.Logf("%d of %d exposures have a candidate", hit, yes)
	if yes == 0 {
		t.Error("the corpus has no manifests")
	}
}
