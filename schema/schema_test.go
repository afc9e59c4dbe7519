package schema

import (
	"flag"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/schema/generate"
)

var update = flag.Bool("update", false, "write the schema files")

// TestCurrent covers the documents; config.v1.json has its test in cmd/agentsec,
// where its type lives.
func TestCurrent(t *testing.T) {
	docs := map[string]any{
		"scan":     rules.Scan{},
		"riskmap":  planner.RiskMap{},
		"plan":     planner.Plan{},
		"verify":   migrate.Verification{},
		"baseline": rules.Baseline{},
	}
	for name, doc := range docs {
		if err := generate.Compare(".", name, doc, "json", *update); err != nil {
			t.Error(err)
		}
	}
	for _, name := range Names {
		if _, covered := docs[name]; !covered && name != "config" {
			t.Errorf("schema %s is generated from no type", name)
		}
	}
}

func TestVersionIsFixed(t *testing.T) {
	for name, version := range map[string]string{"scan": rules.ScanVersion, "riskmap": planner.RiskMapVersion, "plan": planner.PlanVersion, "verify": migrate.VerificationVersion} {
		text, ok := Read(name)
		if !ok || !strings.Contains(string(text), `"const": "`+version+`"`) {
			t.Errorf("schema %s does not demand version %s", name, version)
		}
	}
}

func TestReadStaysInside(t *testing.T) {
	for _, name := range []string{"", "nothing", "../go", "generate/generate"} {
		if _, ok := Read(name); ok {
			t.Errorf("Read(%q) found something", name)
		}
	}
}
