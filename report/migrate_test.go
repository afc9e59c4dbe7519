package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/rules"
)

func TestChangesText(t *testing.T) {
	doc := []migrate.Change{
		{Step: "vault-policy-a", Target: "sys/policies/acl/a", Field: "policy", After: "path …", Action: migrate.Create},
		{Step: "vault-role-a", Target: "database/roles/a", Field: "default_ttl", Before: "900", After: "300", Action: migrate.Update},
		{Step: "vault-role-a", Target: "database/roles/a", Field: "secret", After: migrate.Hidden, Action: migrate.Update, Unreadable: true},
		{Step: "env", Target: ".env", Field: "DATABASE_URL", Before: migrate.Hidden, Action: migrate.Delete, Unreadable: true},
		{Step: "patch", Target: "compose.yaml", Field: "text", After: "@@ -1 +1 @@\n-a: 1\n+a: 2\n", Action: migrate.Update},
		{Step: "mount", Target: "done", Action: migrate.None},
	}
	var b bytes.Buffer
	if err := ChangesText(&b, doc, Options{}); err != nil {
		t.Fatal(err)
	}
	want := `sys/policies/acl/a  vault-policy-a
  +  policy  path …
database/roles/a  vault-role-a
  ~  default_ttl  900 → 300
  ~  secret  (a secret: not shown)
.env  env
  -  DATABASE_URL  (a secret: not shown)
compose.yaml  patch
  ~  text
         @@ -1 +1 @@
         -a: 1
         +a: 2

Changes: 1 to create, 3 to update, 1 to delete. 1 step has nothing to do.
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
	b.Reset()
	_ = ChangesText(&b, doc[5:], Options{})
	if !strings.Contains(b.String(), "No difference") {
		t.Errorf("got: %s", b.String())
	}
}

func TestChangesJSONOfNoneIsAnEmptyList(t *testing.T) {
	var b bytes.Buffer
	if err := ChangesJSON(&b, []migrate.Change{{Action: migrate.None}}, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(strings.Fields(b.String()), ""); got != `{"changes":[]}` {
		t.Errorf("got %s", got)
	}
}

func TestResultShowsWhyAStepWaits(t *testing.T) {
	doc := &migrate.Result{Steps: []migrate.StepResult{
		{Step: "a", Title: "Policy", Outcome: migrate.Applied},
		{Step: "b", Title: "Patch", Outcome: migrate.Pending, Blockers: []string{"agents/support/agent.py:14: read at import"}},
	}}
	for _, opts := range []Options{{}, {Quiet: true}} {
		var b bytes.Buffer
		if err := ResultText(&b, doc, opts); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "agents/support/agent.py:14") || !strings.Contains(b.String(), "1 applied, 1 pending") {
			t.Errorf("%+v: got:\n%s", opts, b.String())
		}
	}
	var b bytes.Buffer
	if err := ResultJSON(&b, doc, Options{}); err != nil {
		t.Fatal(err)
	}
	var out struct {
		Steps []struct {
			Step, Outcome string
			Blockers      []string
		}
	}
	if err := json.Unmarshal(b.Bytes(), &out); err != nil || len(out.Steps) != 2 || out.Steps[1].Outcome != "pending" {
		t.Errorf("%v %+v", err, out)
	}
}

func TestVerificationTextSaysWhenNothingIsVerified(t *testing.T) {
	for name, doc := range map[string]*migrate.Verification{
		"no checks": {},
		"a failed check": {Checks: []migrate.Check{{ID: "a", Title: "A", Passed: true},
			{ID: "b", Title: "refused the other tenant", Identity: "aurora/support", Detail: "it read 3 rows"}}},
	} {
		var b bytes.Buffer
		if err := VerificationText(&b, doc, Options{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "NOT VERIFIED") {
			t.Errorf("%s: got:\n%s", name, b.String())
		}
	}
	var b bytes.Buffer
	_ = VerificationText(&b, &migrate.Verification{Checks: []migrate.Check{{Title: "A", Passed: true}}}, Options{})
	if strings.Contains(b.String(), "NOT") || !strings.Contains(b.String(), "1 passed, 0 failed") {
		t.Errorf("got:\n%s", b.String())
	}
}

func TestPlanTextNamesBlockers(t *testing.T) {
	doc := &planner.Plan{
		Chosen: planner.Chosen{Secret: "DATABASE_URL", Reason: "shared by 3 tenants"},
		Agents: []planner.Identity{{Tenant: "aurora", Role: "support"}},
		Inputs: []planner.Input{{Name: "admin", Description: "administrator's URL", For: []string{"apply"}}},
		Stages: []planner.Stage{{Number: 3, Title: "Databases", Steps: []planner.Step{
			{ID: "policy-a", Title: "Policy", Status: planner.Ready},
			{ID: "patch-a", Title: "Patch", Status: planner.NeedsCodeChange, Blockers: []string{"agents/support/agent.py:14: read at import"}},
		}}},
		Open: []planner.Open{{Finding: "x", Why: "another stage"}},
	}
	var b bytes.Buffer
	if err := PlanText(&b, doc, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DATABASE_URL", "aurora/support", "needs-code-change", "agents/support/agent.py:14", "2 steps, 1 ready, 1 held up", "admin", "1 finding stays open"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
}

func TestRiskMapTextShowsTheSum(t *testing.T) {
	doc := &planner.RiskMap{
		Secrets: []planner.Risk{{Name: "DATABASE_URL", Class: rules.Database, Severity: rules.Critical, Score: 70,
			Endpoint: &rules.Endpoint{Scheme: "postgresql", User: "acme_app", Host: "postgres", Port: "5432", Database: "acme"},
			Factors:  []planner.Factor{{Name: "tenants", Points: 60, Why: "3 tenants"}, {Name: "literal", Points: 10, Why: "stands in 4 files"}},
			Tenants:  []string{"aurora", "borealis", "cumulus"}, UnknownTenant: true, Stage: 3}},
		Tenants: []planner.Exposed{{Tenant: "aurora", Secrets: []string{"S1"}, Shared: []string{"S1"}}},
		Summary: planner.RiskTotals{Secrets: 1, Shared: 1, Critical: 1},
	}
	var b bytes.Buffer
	if err := RiskMapText(&b, doc, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  70  critical  DATABASE_URL", "acme_app@postgres:5432/acme", "+60", "+10", "tenant is not known", "stage 3", "1 static secret: 1 critical"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
}
