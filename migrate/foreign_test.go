//go:build unix

package migrate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/planner"
)

// only makes a plan of one step.
func (w *world) only(op planner.Op) *planner.Plan {
	plan := *w.plan
	plan.Stages = []planner.Stage{{Number: 3, Steps: []planner.Step{step("only", op)}}}
	return &plan
}

// TestForeignObjects: what others made is corrected where the plan says so, given
// back as it was, and never deleted or replaced.
func TestForeignObjects(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	try := func(t *testing.T, op planner.Op) (*Result, error) {
		t.Helper()
		w.env.Dir = t.TempDir()
		w.plan = w.only(op)
		return Apply(ctx, w.env, w.plan, Options{})
	}
	back := func(t *testing.T) StepResult {
		t.Helper()
		result, err := Rollback(ctx, w.env, w.plan, Options{})
		if err != nil || len(result.Steps) != 1 {
			t.Fatalf("rollback: %v %v", result.Steps, err)
		}
		return result.Steps[0]
	}
	w.put(t, "sys/mounts/kept", map[string]any{"type": "transit"})
	w.put(t, "sys/mounts/database", map[string]any{"type": "database"})
	w.put(t, "sys/auth/agents-jwt", map[string]any{"type": "jwt"})
	const role = "auth/agents-jwt/role/theirs"
	w.put(t, role, map[string]any{"role_type": "jwt", "user_claim": "sub", "bound_audiences": "x", "token_ttl": 60, "token_num_uses": 5, "token_policies": "a,b"})
	w.put(t, "sys/policies/acl/theirs", map[string]any{"policy": `path "x" { capabilities = ["read"] }`})

	t.Run("a mount of another type", func(t *testing.T) {
		if _, err := try(t, planner.Op{VaultMount: &planner.VaultMount{Path: "kept", Type: "database"}}); err == nil || !strings.Contains(err.Error(), "replaces no mount") {
			t.Errorf("error: %v", err)
		}
	})
	t.Run("a mount that is there", func(t *testing.T) {
		result, err := try(t, planner.Op{VaultMount: &planner.VaultMount{Path: "database", Type: "database"}})
		if err != nil || result.Count(Unchanged) != 1 {
			t.Fatalf("%v %v", result, err)
		}
		if result, err := Rollback(ctx, w.env, w.plan, Options{}); err != nil || len(result.Steps) != 0 {
			t.Errorf("rollback: %v %v", result.Steps, err)
		}
		if mounts, _ := w.vault.Sys().ListMounts(); mounts["database/"] == nil {
			t.Error("it is gone")
		}
	})
	object := planner.Op{VaultObject: &planner.VaultObject{Path: role, Unreadable: []string{"secret_thing"}, Data: map[string]any{
		"role_type": "jwt", "user_claim": "sub", "bound_audiences": []any{"x"}, "token_ttl": "5m", "token_policies": []any{"b", "a"},
		"secret_thing": "never compared",
	}}}
	t.Run("an object that is there", func(t *testing.T) {
		result, err := try(t, object)
		if err != nil || len(result.Steps[0].Changes) != 1 || result.Steps[0].Changes[0].Field != "token_ttl" {
			t.Fatalf("%+v %v", result, err)
		}
		live, _ := w.vault.Logical().Read(role)
		if live.Data["token_num_uses"] != json.Number("5") {
			t.Errorf("a field that the plan does not name is now %v", live.Data["token_num_uses"])
		}
		if s := back(t); s.Outcome != Left || !strings.Contains(s.Blockers[0], "secret_thing") {
			t.Errorf("rollback: %+v", s)
		}
		if live, _ := w.vault.Logical().Read(role); live.Data["token_ttl"] != json.Number("60") {
			t.Errorf("token_ttl is %v after rollback", live.Data["token_ttl"])
		}
	})
	t.Run("an object that was changed since", func(t *testing.T) {
		if _, err := try(t, object); err != nil {
			t.Fatal(err)
		}
		w.put(t, role, map[string]any{"role_type": "jwt", "token_ttl": 77})
		if s := back(t); s.Outcome != Left || !strings.Contains(s.Blockers[0], "changed since") {
			t.Errorf("rollback: %+v", s)
		}
		if live, _ := w.vault.Logical().Read(role); live.Data["token_ttl"] != json.Number("77") {
			t.Errorf("token_ttl is %v after rollback", live.Data["token_ttl"])
		}
	})
	t.Run("a policy that is there", func(t *testing.T) {
		before, _ := w.vault.Sys().GetPolicy("theirs")
		if _, err := try(t, planner.Op{VaultPolicy: &planner.VaultPolicy{Name: "theirs", HCL: `path "y" { capabilities = ["read"] }`}}); err != nil {
			t.Fatal(err)
		}
		if s := back(t); s.Outcome != Undone {
			t.Errorf("rollback: %+v", s)
		}
		if now, _ := w.vault.Sys().GetPolicy("theirs"); now != before {
			t.Errorf("the policy is now %q", now)
		}
	})
	t.Run("a connection that logs in as somebody else", func(t *testing.T) {
		w.put(t, "database/config/theirs", map[string]any{"plugin_name": postgresPlugin, "username": "other", "password": "x", "verify_connection": false, "connection_url": "postgresql://{{username}}:{{password}}@127.0.0.1:1/x"})
		if _, err := try(t, planner.Op{Connection: &planner.Connection{
			Mount: "database", Name: "theirs", AdminRole: "agentsec_vault", Input: "postgres-admin", URL: "postgresql://{{username}}:{{password}}@127.0.0.1:1/x",
		}}); err == nil || !strings.Contains(err.Error(), "another role") {
			t.Errorf("error: %v", err)
		}
	})
	t.Run("a database role that is there", func(t *testing.T) {
		op := planner.Op{SQL: &planner.SQL{Input: "postgres-admin", Statements: []planner.Statement{
			{Do: "CREATE ROLE acme_app", Present: "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'acme_app')", Undo: "DROP ROLE acme_app"},
			{Do: "CREATE ROLE fresh", Present: "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fresh')", Undo: "DROP ROLE fresh"},
		}}}
		if _, err := try(t, op); err != nil {
			t.Fatal(err)
		}
		if s := back(t); s.Outcome != Undone {
			t.Errorf("rollback: %+v", s)
		}
		if got := w.pg.ask(t, "postgres", "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolname IN ('acme_app', 'fresh')"); got != "acme_app" {
			t.Errorf("roles after rollback: %s", got)
		}
	})
	t.Run("a statement that another one makes necessary", func(t *testing.T) {
		is := func(comment string) string {
			return "SELECT obj_description('tickets'::regclass) IS NOT DISTINCT FROM " + comment
		}
		w.pg.run(t, database, "COMMENT ON TABLE tickets IS 'second'")
		op := planner.Op{SQL: &planner.SQL{Input: "postgres-admin", Statements: []planner.Statement{
			{Do: "CREATE ROLE fresh; COMMENT ON TABLE tickets IS 'first'", Present: "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fresh')", Undo: "DROP ROLE fresh"},
			{Do: "COMMENT ON TABLE tickets IS 'second'", Present: is("'second'"), Undo: "COMMENT ON TABLE tickets IS NULL"},
		}}}
		result, err := try(t, op)
		if err != nil || len(result.Steps[0].Changes) != 2 {
			t.Fatalf("%+v %v", result, err)
		}
		if result, err := Rollback(ctx, w.env, w.plan, Options{}); err != nil || result.Count(Undone) != 2 {
			t.Fatalf("rollback: %+v %v", result, err)
		}
		if got := w.pg.ask(t, database, "SELECT coalesce(obj_description('tickets'::regclass), 'none')"); got != "none" {
			t.Errorf("after rollback: %s", got)
		}
	})
	t.Run("a reason to refuse", func(t *testing.T) {
		op := planner.Op{SQL: &planner.SQL{Input: "postgres-admin", Statements: []planner.Statement{
			{Do: "DROP TABLE tickets", Present: "SELECT false", Refuse: "SELECT 'it has rows' FROM tickets LIMIT 1"},
		}}}
		if _, err := try(t, op); err == nil || !strings.Contains(err.Error(), "it has rows") {
			t.Errorf("error: %v", err)
		}
	})
	t.Run("a question that writes", func(t *testing.T) {
		op := planner.Op{SQL: &planner.SQL{Input: "postgres-admin", Statements: []planner.Statement{
			{Do: "SELECT 1", Present: "WITH d AS (DELETE FROM tickets RETURNING 1) SELECT count(*) > 0 FROM d"},
		}}}
		w.plan, w.env.Dir = w.only(op), t.TempDir()
		if _, err := Diff(ctx, w.env, w.plan, Options{}); err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("error: %v", err)
		}
	})
	t.Run("a statement without effect", func(t *testing.T) {
		op := planner.Op{SQL: &planner.SQL{Input: "postgres-admin", Statements: []planner.Statement{{Do: "SELECT 1", Present: "SELECT false"}}}}
		if _, err := try(t, op); err == nil || !strings.Contains(err.Error(), "effect is not there") {
			t.Errorf("error: %v", err)
		}
	})
	for _, op := range []planner.Op{
		{VaultPolicy: &planner.VaultPolicy{Name: "default", HCL: "x"}},
		{VaultPolicy: &planner.VaultPolicy{Name: "root", HCL: "x"}},
		{VaultMount: &planner.VaultMount{Path: "sys", Type: "kv"}},
		{VaultMount: &planner.VaultMount{Path: "identity/x", Type: "kv"}},
		{VaultAuth: &planner.VaultMount{Path: "token", Type: "token"}},
		{VaultObject: &planner.VaultObject{Path: "sys/policies/acl/root", Data: map[string]any{"policy": "x"}}},
		{VaultObject: &planner.VaultObject{Path: "auth/../sys/seal", Data: map[string]any{}}},
		{VaultObject: &planner.VaultObject{Path: "/sys/seal", Data: map[string]any{}}},
		{},
		{VaultPolicy: &planner.VaultPolicy{Name: "a", HCL: "x"}, VaultMount: &planner.VaultMount{Path: "b", Type: "kv"}},
	} {
		if _, err := try(t, op); err == nil {
			text, _ := json.Marshal(op)
			t.Errorf("%s: no error", text)
		}
	}
	t.Run("edited history", func(t *testing.T) {
		if _, err := try(t, planner.Op{VaultPolicy: &planner.VaultPolicy{Name: "mine", HCL: `path "y" { capabilities = ["read"] }`}}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(w.env.Dir, journalFile)
		text, _ := os.ReadFile(path)
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), "mine", "ours", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, run := range map[string]func() error{
			"apply":    func() error { _, err := Apply(ctx, w.env, w.plan, Options{}); return err },
			"diff":     func() error { _, err := Diff(ctx, w.env, w.plan, Options{}); return err },
			"verify":   func() error { _, err := Verify(ctx, w.env, w.plan, w.tokens); return err },
			"rollback": func() error { _, err := Rollback(ctx, w.env, w.plan, Options{}); return err },
		} {
			if err := run(); err == nil || !strings.Contains(err.Error(), "journal.jsonl:1:") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("errors tell no credential", func(t *testing.T) {
		for name, url := range map[string]string{
			"no URL":         "host=127.0.0.1 password=" + weak,
			"no host":        "postgresql://u:" + weak + "@/db",
			"bad escape":     "postgresql://u:" + weak + "%zz@127.0.0.1/db",
			"bad port":       "postgresql://u:" + weak + "@127.0.0.1:x/db",
			"another scheme": "mysql://u:" + weak + "@127.0.0.1/db",
			"bad option":     "postgresql://u:" + weak + "@127.0.0.1/db?sslmode=none&x=" + weak,
			"refused":        w.pg.url("nobody", database, secret.New(weak)).Reveal(),
		} {
			login, err := parseURL(secret.New(url))
			if err == nil {
				_, err = login.connect(ctx)
			}
			if err == nil || strings.Contains(err.Error(), weak) {
				t.Errorf("%s: no error, or one that tells the password", name)
			}
		}
	})
}
