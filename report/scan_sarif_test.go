package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// sarifSchema is the official SARIF 2.1.0 schema. go-sarif holds it in a constant
// that it does not export, so it is read from the module's source.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3").Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(strings.TrimSpace(string(dir)), "pkg/report/v210/sarif/schema.go")
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	value := file.Scope.Lookup("schema").Decl.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value
	source, err := strconv.Unquote(value)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// log is what the tests look at of a SARIF log.
type log struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []struct {
					ID                                      string
					ShortDescription, FullDescription, Help struct{ Text string }
					Properties                              struct {
						SecuritySeverity string `json:"security-severity"`
						Tags             []string
					}
				}
			}
		}
		Results []struct {
			RuleID              string
			RuleIndex           int
			Level               string
			PartialFingerprints map[string]string
			Properties          map[string]any
			Locations           []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI string }
					Region           map[string]any
				}
				LogicalLocations []struct{ Name, FullyQualifiedName string }
			}
			RelatedLocations []json.RawMessage
		}
		Invocations []struct {
			ExecutionSuccessful        bool
			ToolExecutionNotifications []struct{ Message struct{ Text string } }
		}
	}
}

func sarifOf(t *testing.T, schema *jsonschema.Schema, doc *rules.Scan) (log, string) {
	t.Helper()
	var b bytes.Buffer
	if err := ScanSARIF(&b, doc, Options{}); err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(parsed); err != nil {
		t.Fatalf("not valid SARIF 2.1.0: %v", err)
	}
	var l log
	if err := json.Unmarshal(b.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	return l, b.String()
}

func TestSARIF(t *testing.T) {
	schema := sarifSchema(t)
	if schema.Validate(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{}}}) == nil {
		t.Fatal("the schema accepts a run without a tool: it is not the official one")
	}
	l, raw := sarifOf(t, schema, leaky())
	run := l.Runs[0]
	if strings.Contains(raw, "snippet") {
		t.Error("a snippet would hold the secret")
	}
	first := run.Results[0]
	if first.Level != "error" || first.Properties["severity"] != "critical" || first.Properties["mechanism"] != "literal" ||
		first.Properties["class"] != "database-credential" || first.Properties["name"] != "DATABASE_URL" {
		t.Errorf("the most severe result is not first or not described: %+v", first)
	}
	if got := first.Locations[0].PhysicalLocation.ArtifactLocation.URI; got != "deploy/a%20b%3Ac%23%C3%A4.yaml" {
		t.Errorf("uri %q is not encoded", got)
	}
	if got := first.Locations[0].LogicalLocations[0]; got.FullyQualifiedName != "Secret/platform-db" || got.Name != "DATABASE_URL" {
		t.Errorf("logical location %+v", got)
	}
	if len(first.RelatedLocations) != 1 || first.PartialFingerprints[fingerprintKey] != "f02" {
		t.Errorf("related %d, fingerprints %v", len(first.RelatedLocations), first.PartialFingerprints)
	}
	if run.Tool.Driver.Rules[first.RuleIndex].ID != first.RuleID {
		t.Errorf("rule index %d is not rule %s", first.RuleIndex, first.RuleID)
	}
	levels := map[string]int{}
	for _, r := range run.Results {
		levels[r.Level]++
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("rule index %d is not rule %s", r.RuleIndex, r.RuleID)
		}
	}
	if fmt.Sprint(levels) != "map[error:2 note:2]" {
		t.Errorf("levels %v", levels)
	}
	for _, r := range run.Tool.Driver.Rules[:len(rules.All())] {
		n, err := strconv.ParseFloat(r.Properties.SecuritySeverity, 64)
		if err != nil || n <= 0 || n > 10 || r.ShortDescription.Text == "" || r.FullDescription.Text == "" || r.Help.Text == "" ||
			len(r.Properties.Tags) == 0 || r.Properties.Tags[0] != "security" {
			t.Errorf("rule %s is not fully described: %+v", r.ID, r)
		}
	}
	if inv := run.Invocations[0]; inv.ExecutionSuccessful || len(inv.ToolExecutionNotifications) != 1 {
		t.Errorf("what was skipped does not show: %+v", inv)
	}
}

func TestSARIFOfACleanScan(t *testing.T) {
	l, raw := sarifOf(t, sarifSchema(t), clean12())
	if len(l.Runs) != 1 || l.Runs[0].Results == nil || len(l.Runs[0].Results) != 0 || !l.Runs[0].Invocations[0].ExecutionSuccessful {
		t.Errorf("a clean scan is not an empty, successful run:\n%.600s", raw)
	}
}

func TestSARIFKeepsTheMostSevere(t *testing.T) {
	doc := clean12()
	for i := range maxResults + 100 {
		f := rules.Finding{ID: fmt.Sprint(i), Rule: "r", Severity: rules.Low, At: scanner.Position{Path: "p", Line: i + 1}}
		if i >= maxResults {
			f.Severity = rules.Critical
		}
		doc.Findings = append(doc.Findings, f)
	}
	var b bytes.Buffer
	if err := ScanSARIF(&b, doc, Options{}); err != nil {
		t.Fatal(err)
	}
	var l log
	if err := json.Unmarshal(b.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	run := l.Runs[0]
	if len(run.Results) != maxResults || run.Results[99].Level != "error" || run.Results[100].Level != "note" {
		t.Errorf("%d results", len(run.Results))
	}
	if n := run.Invocations[0].ToolExecutionNotifications; len(n) != 1 || !strings.Contains(n[0].Message.Text, "100 less severe") {
		t.Errorf("what is left out is not said: %+v", n)
	}
}

func TestSARIFMessagesAreNoLinks(t *testing.T) {
	doc := leaky()
	doc.Findings[0].Message = "see [here](https://example.test) {0}"
	_, raw := sarifOf(t, sarifSchema(t), doc)
	if strings.Contains(raw, "[here](") || strings.Contains(raw, " {0}") {
		t.Error("a name from the input makes a link or a placeholder")
	}
}
