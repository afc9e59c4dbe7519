package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/schema/generate"
)

var update = flag.Bool("update", false, "write the schema file")

func TestConfigSchemaIsCurrent(t *testing.T) {
	if err := generate.Compare("../../schema", "config", config{}, "yaml", *update); err != nil {
		t.Error(err)
	}
}

const sampleConfig = `failOn: medium
baseline: ci/baseline.yaml
exclude: ["vendored/**"]
tenants:
  - name: aurora
    selectors:
      - namespace: tenant-aurora
      - label: "acme.example/tenant=aurora"
agents:
  - role: Researcher.One
    selectors: [{workload: "researcher*"}]
databases:
  - name: platform
    variables: [DATABASE_URL]
    port: 5432
    tenancy: {column: tenant, tables: [tickets]}
auth: {method: jwt}
scoring: {perTenant: 7}
`

func TestParseConfig(t *testing.T) {
	c, err := parseConfig("x.yaml", []byte(sampleConfig))
	if err != nil {
		t.Fatal(err)
	}
	if c.FailOn != "medium" || c.Tenants[0].Selectors[1].Label != "acme.example/tenant=aurora" || c.Agents[0].Role != "Researcher.One" ||
		c.Databases[0].Tenancy.Tables[0] != "tickets" || c.Auth.Method != "jwt" || c.Scoring.PerTenant != 7 {
		t.Errorf("got %+v", c)
	}
	for _, empty := range []string{"", "# only a comment\n", "---\n"} {
		if _, err := parseConfig("x.yaml", []byte(empty)); err != nil {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

func TestConfigErrorsNameTheLineAndNoValue(t *testing.T) {
	const canary = "hunter2-canary"
	for name, test := range map[string]struct{ text, want string }{
		"unknown key":       {"failOn: high\nfailon: " + canary + "\n", `c.yaml:2: unknown key "failon"`},
		"nested":            {"tenants:\n  - name: a\n    selectors:\n      - namespaces: " + canary + "\n", `c.yaml:4: unknown key "namespaces"`},
		"wrong type":        {"databases:\n  - name: a\n    port: " + canary + "\n", "c.yaml:3: cannot unmarshal !!str value into what this key takes"},
		"severity":          {"\nfailOn: " + canary + "\n", "c.yaml:2: failOn is"},
		"duplicate key":     {"failOn: high\nfailOn: low\n", "c.yaml:2:"},
		"no name":           {"tenants:\n  - selectors: [{namespace: a}]\n", "c.yaml:2: the tenant has no name"},
		"twice":             {"tenants:\n  - {name: a, selectors: [{namespace: a}]}\n  - {name: a, selectors: [{namespace: b}]}\n", "c.yaml:3: tenant \"a\" is there twice"},
		"no selectors":      {"tenants:\n  - name: a\n", "c.yaml:2: tenant \"a\" has no selectors"},
		"empty selector":    {"tenants:\n  - name: a\n    selectors:\n      - {}\n", "c.yaml:4: an empty selector"},
		"role":              {"agents:\n  - selectors: [{workload: a}]\n", "c.yaml:2: the agent has no role"},
		"second document":   {"failOn: high\n---\nfailOn: low\n", "more than one"},
		"syntax":            {"failOn: [" + canary + "\n", "c.yaml:"},
		"not a mapping":     {"- " + canary + "\n", "c.yaml:1:"},
		"several, all said": {"a: 1\nb: 2\n", "c.yaml:2: unknown key \"b\""},
	} {
		_, err := parseConfig("c.yaml", []byte(test.text))
		var usage usageError
		if !errors.As(err, &usage) {
			t.Errorf("%s: %v is no usage error", name, err)
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %q does not say %q", name, err, test.want)
		}
		if strings.Contains(err.Error()+hint(err), canary) {
			t.Errorf("%s: %q quotes the value", name, err)
		}
	}
}

// TestHostileConfigIsQuick: the configuration belongs to whoever wrote the
// scanned repository.
func TestHostileConfigIsQuick(t *testing.T) {
	var many, nested strings.Builder
	for i := range 70_000 {
		fmt.Fprintf(&many, "k%d: 1\n", i)
	}
	nested.WriteString("tenants:\n  - name: a\n    selectors:\n      - namespace: x\n")
	for i := range 60_000 {
		fmt.Fprintf(&nested, "        k%d: 1\n", i)
	}
	bomb := "a: &a [x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	for name, text := range map[string]string{"keys": many.String(), "nested keys": nested.String(), "depth": strings.Repeat("[", maxConfig), "aliases": bomb + "exclude: *j\n"} {
		start := time.Now()
		if _, err := parseConfig("c.yaml", []byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func TestFindConfigStopsAtTheRepository(t *testing.T) {
	top := t.TempDir()
	write := func(path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(top, configName)) // above the repository: a stranger's
	write(filepath.Join(top, "repo/.git/HEAD"))
	write(filepath.Join(top, "repo/a/b/x.env"))
	if got := findConfig(filepath.Join(top, "repo/a/b")); got != "" {
		t.Errorf("found %s above the repository", got)
	}
	write(filepath.Join(top, "repo", configName))
	for _, start := range []string{"repo", "repo/a", "repo/a/b", "repo/a/b/x.env"} {
		if got := findConfig(filepath.Join(top, start)); got != filepath.Join(top, "repo", configName) {
			t.Errorf("from %s: %q", start, got)
		}
	}
	if err := os.MkdirAll(filepath.Join(top, "plain/sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := findConfig(filepath.Join(top, "plain/sub")); got != "" {
		t.Errorf("outside of a repository %s speaks for its children", got)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add(sampleConfig)
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseConfig("c.yaml", []byte(text))
		if err != nil {
			return
		}
		if _, err := yaml.Marshal(c); err != nil {
			t.Error(err)
		}
	})
}
