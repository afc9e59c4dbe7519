package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/report"
	"github.com/agentsec/agentsec/schema"
)

// assertValid checks a document, in YAML or JSON, against the published schema.
func assertValid(t *testing.T, name string, text []byte) {
	t.Helper()
	published, ok := schema.Read(name)
	if !ok {
		t.Fatalf("no schema %s", name)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(published))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", parsed); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil { // JSON is YAML
		t.Fatal(err)
	}
	again, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if doc, err = jsonschema.UnmarshalJSON(bytes.NewReader(again)); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	// A schema that takes anything would prove nothing.
	if name != "config" && s.Validate(map[string]any{}) == nil || s.Validate(map[string]any{"unknown": 1}) == nil {
		t.Errorf("schema %s accepts what is not such a document", name)
	}
}

// TestRealDocumentsAreValid makes every document from the bundled platform.
func TestRealDocumentsAreValid(t *testing.T) {
	dir := t.TempDir()
	repo := filepath.Join(dir, "acme")
	if err := os.CopyFS(repo, os.DirFS("../../testdata/acme")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(repo, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	read := func(name string) []byte {
		t.Helper()
		text, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	do := func(want int, args ...string) {
		t.Helper()
		if code, _, stderr := runWith(t, "", args...); code != want {
			t.Fatalf("agentsec %v: exit %d: %s", args, code, stderr)
		}
	}
	do(1, "scan", repo, "--format", "json", "-o", file("scan.json"))
	assertValid(t, "scan", read("scan.json"))
	do(0, "riskmap", file("scan.json"), "--format", "json", "-o", file("riskmap.json"))
	assertValid(t, "riskmap", read("riskmap.json"))
	do(0, "plan", file("scan.json"), "-o", file("migration"))
	assertValid(t, "plan", read("migration/plan.yaml"))
	do(0, "baseline", "create", repo, "-o", file("baseline.yaml"))
	assertValid(t, "baseline", read("baseline.yaml"))
	assertValid(t, "config", read("acme/.agentsec.yaml"))
	assertValid(t, "config", []byte(sampleConfig))

	var verification bytes.Buffer
	if err := report.VerificationJSON(&verification, &migrate.Verification{Version: migrate.VerificationVersion, Plan: "p", Journal: 3,
		Checks: []migrate.Check{{ID: "a", Title: "A", Passed: true, Identity: "aurora/support"}, {ID: "b", Title: "B", Pending: true, Detail: "d"}}}, report.Options{}); err != nil {
		t.Fatal(err)
	}
	assertValid(t, "verify", verification.Bytes())

	// Without findings too: no list of a document is ever null.
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	// A folder without a file is no clean result: nothing was looked at.
	do(3, "scan", empty, "--format", "json", "-o", file("nothing.json"))
	assertValid(t, "scan", read("nothing.json"))
	if err := os.WriteFile(filepath.Join(empty, "notes.txt"), []byte("nothing here\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	do(0, "scan", empty, "--format", "json", "-o", file("empty.json"))
	assertValid(t, "scan", read("empty.json"))
	do(0, "riskmap", file("empty.json"), "--format", "json", "-o", file("emptymap.json"))
	assertValid(t, "riskmap", read("emptymap.json"))
	do(0, "plan", file("empty.json"), "-o", file("emptyplan"))
	assertValid(t, "plan", read("emptyplan/plan.yaml"))
	do(0, "baseline", "create", empty, "-o", file("emptybaseline.yaml"))
	assertValid(t, "baseline", read("emptybaseline.yaml"))
}

// TestReportsReplay: every stored document renders again in each of its formats.
func TestReportsReplay(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("APP_PASSWORD="+"Kupfer-"+"Falke-77\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range report.Names(report.ScanFormats) {
		code, direct, _ := runWith(t, "", "scan", dir, "--format", "json", "--fail-on", "never")
		if code != 0 {
			t.Fatal(code)
		}
		code, replayed, stderr := runWith(t, direct, "report", "-", "--format", format)
		if code != 0 || replayed == "" {
			t.Errorf("%s: exit %d: %s", format, code, stderr)
		}
		if format == "json" && replayed != direct {
			t.Error("a replayed json document differs from the first")
		}
	}
	for name, text := range map[string]string{
		"another version": `{"version":"agentsec.scan/v9"}`,
		"unknown field":   `{"version":"agentsec.scan/v1","surprise":1}`,
		"severity":        `{"version":"agentsec.scan/v1","findings":[{"severity":"grave"}]}`,
		"not a document":  `[]`,
		"trailing text":   `{"version":"agentsec.scan/v1"} {}`,
		"nothing":         ``,
		"a hostile plan":  "version: agentsec.plan/v1\nstages: [&a [*a]]\n",
		"a crowded plan":  "version: agentsec.plan/v1\nsource: {" + strings.Repeat("k: 1, ", 200_000) + "}\n",
	} {
		if code, _, _ := runWith(t, text, "report", "-"); code != exitUsage {
			t.Errorf("%s: exit %d", name, code)
		}
	}
}
