package planner

import (
	"slices"
	"strings"
	"testing"
)

// Each way to spoil a plan is refused by its rule; nothing else is.
func TestLintRefuses(t *testing.T) {
	object := func(p *Plan, prefix string) map[string]any {
		var found map[string]any
		p.each(func(s Step) {
			if found == nil && strings.HasPrefix(s.ID, prefix) {
				found = s.Op.VaultObject.Data
			}
		})
		return found
	}
	step := func(p *Plan, id string) *Step {
		steps := p.Stages[databaseStage-1].Steps
		return &steps[slices.IndexFunc(steps, func(s Step) bool { return s.ID == id })]
	}
	policy := func(p *Plan) *string { return &step(p, "policy-harbour-north-reader").Op.VaultPolicy.HCL }
	patch := func(p *Plan) *string { return &step(p, "patch-deployment-berth-north-reader").Op.Patch.Diff }
	for _, c := range []struct {
		rule, want string
		spoil      func(p *Plan)
	}{
		{"retire-before-verify", "not gated", func(p *Plan) { step(p, "retire").Gate = "" }},
		{"retire-before-verify", "not gated", func(p *Plan) {
			g := step(p, "groups").Op.SQL
			g.Statements = append(g.Statements, Statement{Do: "drop user if exists harbour_app"})
		}},
		{"retire-before-verify", "after the old login", func(p *Plan) {
			steps := p.Stages[databaseStage-1].Steps
			p.Stages[databaseStage-1].Steps = append([]Step{steps[len(steps)-1]}, steps[:len(steps)-1]...)
		}},
		{"unbounded-ttl", "default_ttl is missing", func(p *Plan) { delete(object(p, "database-role-"), "default_ttl") }},
		{"unbounded-ttl", "max_ttl is 86400", func(p *Plan) { object(p, "database-role-")["max_ttl"] = 86400 }},
		{"unbounded-ttl", "default_ttl is 5 s", func(p *Plan) { object(p, "database-role-")["default_ttl"] = 5 }},
		{"unbounded-ttl", "token_ttl is missing", func(p *Plan) { object(p, "auth-role-")["token_ttl"] = "1h" }},
		{"unbounded-ttl", "never ends", func(p *Plan) { object(p, "auth-role-")["token_period"] = 60 }},
		{"unbounded-ttl", "proof.maxTtlSeconds", func(p *Plan) { p.Proof.MaxTTLSeconds = 1 << 20 }},
		{"wide-policy", "is a pattern", func(p *Plan) { *policy(p) = strings.Replace(*policy(p), "creds/harbour-north-reader", "creds/*", 1) }},
		{"wide-policy", "is a pattern", func(p *Plan) { *policy(p) += "path \"+/creds/x\" { capabilities = [\"read\"] }\n" }},
		{"wide-policy", "neither its own", func(p *Plan) {
			*policy(p) = strings.Replace(*policy(p), "harbour-north-reader\"", "harbour-south-reader\"", 1)
		}},
		{"wide-policy", "gives more", func(p *Plan) { *policy(p) = strings.Replace(*policy(p), `["read"]`, `["read", "list"]`, 1) }},
		{"wide-policy", "gives more", func(p *Plan) { *policy(p) = strings.Replace(*policy(p), `["read"]`, `["sudo"]`, 1) }},
		{"wide-policy", "gives more", func(p *Plan) {
			*policy(p) = strings.Replace(*policy(p), `capabilities`, "policy = \"write\"\n capabilities", 1)
		}},
		{"wide-policy", "cannot be parsed", func(p *Plan) { *policy(p) = "path {" }},
		{"wide-policy", "cannot be parsed", func(p *Plan) { *policy(p) += "name = \"x\"\n" }},
		{"wide-policy", "no identity", func(p *Plan) { step(p, "policy-harbour-north-reader").Op.VaultPolicy.Name = "root-ish" }},
		{"wide-auth-role", "bound_subject", func(p *Plan) { object(p, "auth-role-")["bound_subject"] = "" }},
		{"wide-auth-role", "bound_subject", func(p *Plan) { object(p, "auth-role-")["bound_subject"] = "system:serviceaccount:*" }},
		{"wide-auth-role", "bound_audiences", func(p *Plan) { object(p, "auth-role-")["bound_audiences"] = []any{"a", "b"} }},
		{"wide-auth-role", "token_policies", func(p *Plan) { object(p, "auth-role-")["token_policies"] = []string{"a", "b"} }},
		{"wide-auth-role", "token_no_default_policy", func(p *Plan) { delete(object(p, "auth-role-"), "token_no_default_policy") }},
		{"wide-auth-role", "role_type", func(p *Plan) { delete(object(p, "auth-role-"), "role_type") }},
		{"wide-auth-role", "bound_service_account_names", func(p *Plan) { object(p, "auth-role-")["bound_service_account_names"] = []string{"a", "b"} }},
		{"wide-auth-role", "audience is empty", func(p *Plan) { object(p, "auth-role-")["bound_service_account_names"] = []string{"a"} }},
		{"shared-identity", "share the auth role", func(p *Plan) { p.Agents[1].AuthRole = p.Agents[0].AuthRole }},
		{"shared-identity", "share the subject", func(p *Plan) { p.Agents[1].Subject = p.Agents[0].Subject }},
		{"shared-identity", "share the group", func(p *Plan) { p.Agents[2].Group = p.Agents[0].Group }},
		{"shared-identity", "lets in another subject", func(p *Plan) { object(p, "auth-role-")["bound_subject"] = p.Agents[2].Subject }},
		{"shared-identity", "does not give the policy", func(p *Plan) { object(p, "auth-role-")["token_policies"] = []string{p.Agents[2].Policy} }},
		{"shared-identity", "no identity", func(p *Plan) { step(p, "auth-role-harbour-north-reader").Op.VaultObject.Path += "x" }},
		{"wide-connection", "pattern", func(p *Plan) { step(p, "database-connection").Op.Connection.AllowedRoles = []string{"*"} }},
		{"wide-connection", "empty", func(p *Plan) { step(p, "database-connection").Op.Connection.AllowedRoles = nil }},
		{"wide-connection", "never a login", func(p *Plan) { step(p, "database-connection").Op.Connection.URL = "postgresql://u:p@h/d" }},
		{"sessions-survive-revocation", "sessions", func(p *Plan) { object(p, "database-role-")["revocation_statements"] = []any{`DROP ROLE "{{name}}"`} }},
		{"sessions-survive-revocation", "drop no role", func(p *Plan) {
			object(p, "database-role-")["revocation_statements"] = []string{"SELECT pg_terminate_backend(1)"}
		}},
		{"secret-in-patch", "URL with a password", func(p *Plan) {
			*patch(p) = strings.Replace(*patch(p), "@@ -9,4 +9,12 @@\n", "@@ -9,4 +9,13 @@\n+# postgresql://u:hunter2@h/d\n", 1)
		}},
		{"secret-in-patch", "shows line 8, which", func(p *Plan) {
			*patch(p) = strings.Replace(*patch(p), "@@ -9,4 +9,12 @@\n", "@@ -8,5 +8,13 @@\n   DATABASE_URL: whatever\n", 1)
		}},
		{"secret-in-patch", "shows line 43, which", func(p *Plan) { // traced through the diff of an earlier step
			d := &step(p, "patch-deployment-berth-north-writer").Op.Patch.Diff
			*d = strings.Replace(*d, "--- a/deploy/north.yaml\n+++ b/deploy/north.yaml\n", "--- a/deploy/north.yaml\n+++ b/deploy/north.yaml\n@@ -64,1 +64,1 @@\n               value: x\n", 1)
		}},
		{"secret-in-patch", "does not name", func(p *Plan) { *patch(p) = strings.ReplaceAll(*patch(p), "deploy/north.yaml", "../../etc/passwd") }},
		{"secret-in-patch", "middle of a hunk", func(p *Plan) { *patch(p) = (*patch(p))[:200] + "\n" }},
		{"secret-in-patch", "neither a head", func(p *Plan) { *patch(p) += "GIT binary patch\n" }},
		{"secret-in-patch", "out of order", func(p *Plan) { *patch(p) += "@@ -1,1 +1,1 @@\n x\n" }},
		{"secret-in-patch", "outside the source", func(p *Plan) { step(p, "remove-env-database-url").Op.RemoveLiteral.Path = "../x" }},
		{"sourced-into-environment", "back into", func(p *Plan) {
			*patch(p) = strings.Replace(*patch(p), "+kind: ServiceAccount", `+command: ["sh", "-c", ". /vault/secrets/database-url && exec app"]`, 1)
		}},
		{"sourced-into-environment", "back into", func(p *Plan) {
			*patch(p) = strings.Replace(*patch(p), "+kind: ServiceAccount", `+  - export DATABASE_URL=$(cat "$DATABASE_URL_FILE")`, 1)
		}},
		{"empty-step", "does nothing", func(p *Plan) { *patch(p) = "" }},
		{"empty-step", "has blockers", func(p *Plan) { step(p, "groups").Blockers = []string{"x"} }},
		{"empty-step", "2 operations", func(p *Plan) { step(p, "groups").Op.Patch = &Patch{} }},
	} {
		tree, scan := platform(true)
		p := mustBuild(t, scan, harbour(), tree)
		c.spoil(p)
		hit := false
		for _, problem := range Lint(p, scan) {
			hit = hit || problem.Rule == c.rule && strings.Contains(problem.Message, c.want)
			if strings.Contains(problem.Message, canary) || strings.Contains(problem.Message, "hunter2") {
				t.Errorf("%s: the message shows a value", c.rule)
			}
		}
		if !hit {
			t.Errorf("%s (%s) was not refused: %v", c.rule, c.want, Lint(p, scan))
		}
	}
}

// Every rule has a case above that it refuses.
func TestLintsAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range lints {
		if seen[l.rule] || l.check == nil {
			t.Errorf("rule %s", l.rule)
		}
		seen[l.rule] = true
	}
}

func TestReadPlanRefuses(t *testing.T) {
	tree, scan := platform(true)
	good := written(t, mustBuild(t, scan, harbour(), tree))
	for want, bad := range map[string]string{
		"version":                 strings.Replace(good, PlanVersion, "agentsec.plan/v9", 1),
		"field surprise":          good + "surprise: 1\n",
		"second document":         good + "---\nversion: x\n",
		"occurs twice":            strings.Replace(good, "id: row-security", "id: groups", 1),
		"want exactly one":        strings.Replace(good, "          vaultMount:\n", "          vaultAuth: {path: a, type: b, description: c}\n          vaultMount:\n", 1),
		"artifact":                strings.Replace(good, "artifact: 3-databases/010-groups.sql", "artifact: ../../.bashrc", 1),
		"unknown status":          strings.Replace(good, "status: ready", "status: probably", 1),
		"unknown gate":            strings.Replace(good, "gate: verified", "gate: later", 1),
		"stage 4 is out of order": strings.Replace(good, "number: 5", "number: 4", 1),
		"reading plan: yaml":      "version: [" + canary,
		"cannot unmarshal":        strings.Replace(good, "number: 1", "number: "+canary, 1),
		"larger than":             good + strings.Repeat("#", maxPlan),
	} {
		_, err := ReadPlan(strings.NewReader(bad))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		} else if strings.Contains(err.Error(), canary) {
			t.Error("the error quotes the file")
		}
	}
}

func FuzzReadPlan(f *testing.F) {
	f.Add("version: agentsec.plan/v1\nstages: [{number: 1, steps: [{id: a, op: {patch: {diff: '--- a/x', files: [x]}}}]}]\n")
	f.Add("version: agentsec.plan/v1\nstages: [{number: 1, steps: [{id: a, status: ready, op: {patch: {diff: \"--- a/x\\n@@ -1 +1 @@\\n-a\\n+b\\n\", files: [x]}}}]}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ReadPlan(strings.NewReader(text))
		if err != nil {
			return
		}
		Lint(p)
		for name := range Artifacts(p) {
			if !safePath(name) {
				t.Errorf("artifact path %q", name)
			}
		}
		var b strings.Builder
		if err := p.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := ReadPlan(strings.NewReader(b.String()))
		if err != nil {
			t.Fatal("its own output is refused: ", err)
		}
		var c strings.Builder
		_ = again.Write(&c)
		if b.String() != c.String() {
			t.Error("writing is not stable")
		}
	})
}
