package rules

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
)

func dotenvInventory(lines ...string) *scanner.Inventory {
	inv := &scanner.Inventory{}
	for i, l := range lines {
		name, value, _ := strings.Cut(l, "=")
		inv.Candidates = append(inv.Candidates, scanner.Candidate{Kind: scanner.Dotenv, Mechanism: scanner.Literal, Name: name, Value: secret.New(value),
			At: scanner.Position{Path: ".env", Line: i + 1}})
	}
	return inv
}

func judge(inv *scanner.Inventory, change ...func(*Options)) *Scan {
	o := Options{Key: secret.NewKey()}
	for _, c := range change {
		c(&o)
	}
	return Judge(inv, o)
}

func TestBaselineAdmitsWhatItListsAndNoMore(t *testing.T) {
	inv := dotenvInventory("DB_PASSWORD=Copper-Kettle-31", "API_TOKEN=Silver-Birch-58", "API_TOKEN=Silver-Birch-59")
	before := judge(inv)
	b := NewBaseline(before)
	var doc bytes.Buffer
	if err := b.Write(&doc); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"Copper-Kettle", "Silver-Birch", before.Findings[0].Fingerprint, before.KeyID} {
		if strings.Contains(doc.String(), value) {
			t.Fatal("the baseline tells something about a value")
		}
	}
	read, err := ReadBaseline(&doc)
	if err != nil {
		t.Fatal(err)
	}
	with := func(o *Options) { o.Baseline = read }
	if after := judge(inv, with); len(after.Findings) != 0 || after.Suppressed != len(before.Findings) || after.Exceeds(Info) {
		t.Fatalf("%d findings left, %d suppressed", len(after.Findings), after.Suppressed)
	}
	// Lines move, values change: still admitted. A further one at the same place
	// and one elsewhere are not.
	moved := dotenvInventory("X=1", "API_TOKEN=Amber-Lantern-19", "API_TOKEN=Amber-Lantern-20", "API_TOKEN=Amber-Lantern-21", "DB_PASSWORD=Amber-Lantern-22", "SMTP_PASSWORD=Amber-Lantern-23")
	after := judge(moved, with)
	var left []string
	for _, f := range after.Findings {
		left = append(left, f.Name)
	}
	if got := strings.Join(left, " "); got != "API_TOKEN SMTP_PASSWORD" || after.Suppressed != 3 {
		t.Fatalf("left: %s, suppressed: %d", got, after.Suppressed)
	}
	if !after.Exceeds(High) {
		t.Error("new findings do not reach the gate")
	}
}

func TestReadBaselineTakesJSON(t *testing.T) {
	doc, err := json.Marshal(Baseline{Version: BaselineVersion, Entries: []BaselineEntry{{"env-literal-llm-key", ".env:KEY", 2}}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := ReadBaseline(bytes.NewReader(doc))
	if err != nil || len(b.Entries) != 1 || b.Entries[0].Count != 2 {
		t.Fatalf("got %v, %v", b, err)
	}
}

func TestReadBaselineRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for doc, want := range map[string]string{
		"":   "empty",
		"[]": "line 1",
		"version: agentsec.baseline/v2\nentries: []":                                                 "line 1",
		"version: agentsec.baseline/v1\nignore: []":                                                  `line 2: unknown key "ignore"`,
		"version: agentsec.baseline/v1\nentries:\n  - {rule: a, location: b, count: 1, value: hush}": `line 3: unknown key "value"`,
		"version: agentsec.baseline/v1\nentries:\n  - {rule: a, location: b}":                        "line 3",
		"version: agentsec.baseline/v1\nentries:\n  - {rule: a, location: b, count: -1}":             "line 3",
		"version: agentsec.baseline/v1\nentries:\n  - {rule: a, location: b, count: many}":           "line 3: count has the wrong type",
		"entries: []": "version is missing",
		"version: agentsec.baseline/v1\n\tx: hush": "neither YAML nor JSON (line 2)",
		"version: agentsec.baseline/v1\n---\na: 1": "more than one document",
	} {
		_, err := ReadBaseline(strings.NewReader(doc))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: got %v, want %q", doc, err, want)
		}
	}
}
