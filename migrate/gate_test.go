//go:build unix

package migrate

import (
	"testing"

	"github.com/agentsec/agentsec/planner"
)

// The static login stays while workloads were not moved: steps that this run
// skipped hold the gate as steps do that the plan calls not ready.
func TestGateWaitsForSkippedSteps(t *testing.T) {
	w := newWorld(t)
	w.env.Source = ""
	w.apply(t)
	if v := w.verify(t); !v.Passed() {
		t.Fatalf("verification: %+v", v.Checks)
	}
	result := w.apply(t)
	skipped := 0
	for _, s := range result.Steps {
		if s.Outcome == Skipped {
			skipped++
		}
	}
	gated := 0
	for _, stage := range w.plan.Stages {
		for _, s := range stage.Steps {
			if s.Gate == planner.AfterVerify {
				gated++
				if got := outcomes(result)[s.ID]; got != Pending {
					t.Errorf("%s is %s although %d steps were skipped", s.ID, got, skipped)
				}
			}
		}
	}
	if skipped == 0 || gated == 0 {
		t.Fatalf("%d skipped and %d gated steps: nothing is tested", skipped, gated)
	}
}

// A credential of an identity whose token was not given is foreign all the same.
func TestForeignMeansTheWholePlan(t *testing.T) {
	w := newWorld(t)
	w.apply(t)
	other := w.plan.Agents[0]
	other.Tenant, other.Subject, other.CredsPath = "third", "system:serviceaccount:third:agent", "database/creds/third"
	w.plan.Agents = append(w.plan.Agents, other)
	mine := w.plan.Agents[0]
	policy, err := w.env.Vault.Sys().GetPolicy(mine.Policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.env.Vault.Sys().PutPolicy(mine.Policy, policy+"\npath \"database/creds/third\" { capabilities = [\"read\"] }\n"); err != nil {
		t.Fatal(err)
	}
	seen := false
	for _, c := range w.verify(t).Checks {
		if c.ID != "credential-foreign-denied" || c.Identity != mine.Name() {
			continue
		}
		seen = true
		if c.Outcome() != Failed {
			t.Errorf("it may read the credential of a third tenant, and the check is %s", c.Outcome())
		}
	}
	if !seen {
		t.Error("the check was not made")
	}
}
