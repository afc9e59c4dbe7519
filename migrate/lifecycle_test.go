//go:build unix

package migrate

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/vault/api"
)

func (w *world) apply(t *testing.T) *Result {
	t.Helper()
	result, err := Apply(t.Context(), w.env, w.plan, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (w *world) verify(t *testing.T) *Verification {
	t.Helper()
	v, err := Verify(t.Context(), w.env, w.plan, w.tokens)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (w *world) journalText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.env.Dir, journalFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// requireChecks fails the test unless exactly the named checks failed.
func requireChecks(t *testing.T, v *Verification, failed ...string) {
	t.Helper()
	want := map[string]bool{}
	for _, id := range failed {
		want[id] = true
	}
	seen := map[string]bool{}
	for _, c := range v.Checks {
		if c.Outcome() == Failed {
			seen[c.ID] = true
			if !want[c.ID] {
				t.Errorf("%s %s failed: %s", c.ID, c.Identity, c.Detail)
			}
		}
	}
	for id := range want {
		if !seen[id] {
			t.Errorf("%s did not fail", id)
		}
	}
}

func outcomes(r *Result) map[string]Outcome {
	m := map[string]Outcome{}
	for _, s := range r.Steps {
		m[s.Step] = s.Outcome
	}
	return m
}

// TestLifecycle is the story of one migration.
func TestLifecycle(t *testing.T) {
	w := newWorld(t)
	audit := filepath.Join(t.TempDir(), "audit.log")
	if err := w.vault.Sys().EnableAuditWithOptionsWithContext(t.Context(), "file", &api.EnableAuditOptions{Type: "file", Options: map[string]string{"file_path": audit}}); err != nil {
		t.Fatal(err)
	}
	spy := &spy{next: w.vault.CloneConfig().HttpClient.Transport, seen: map[string]string{}}
	w.env.Vault = w.through(t, spy)

	before, err := Diff(t.Context(), w.env, w.plan, Options{})
	if err != nil {
		t.Fatal(err)
	}
	hidden := 0
	for _, c := range before {
		if c.Action == None {
			t.Errorf("%s holds before apply", c.Step)
		}
		if c.Unreadable {
			hidden++
			if c.Before != Hidden && c.After != Hidden {
				t.Errorf("%s %s shows an unreadable field", c.Target, c.Field)
			}
		}
	}
	if hidden == 0 {
		t.Error("the diff has no unreadable field: the password of the connection is one")
	}
	if spy.writes.Load() != 0 {
		t.Errorf("diff wrote to Vault %d times", spy.writes.Load())
	}

	first := w.apply(t)
	if got := outcomes(first); got["retire-static"] != Pending || first.Count(Pending) != 1 || first.Count(Applied) != len(first.Steps)-1 {
		t.Fatalf("first apply: %v", got)
	}
	if blocker := first.Steps[len(first.Steps)-1].Blockers[0]; !strings.Contains(blocker, "agentsec migrate verify") {
		t.Errorf("the pending step does not say what to do: %s", blocker)
	}
	for name, want := range map[string]string{".env": "# settings\nLOG_LEVEL=info\nWORKERS=2\n"} {
		if got, _ := os.ReadFile(filepath.Join(w.env.Source, name)); string(got) != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	manifest, _ := os.ReadFile(filepath.Join(w.env.Source, "deploy/aurora.yaml"))
	if s := string(manifest); strings.Contains(s, "stringData") || !strings.Contains(s, "DATABASE_URL_FILE") || strings.Contains(s, "secretKeyRef") {
		t.Errorf("manifest:\n%s", s)
	}

	t.Run("a rerun writes nothing", func(t *testing.T) {
		journal, log := w.journalText(t), w.pgWrites(t)
		spy.writes.Store(0)
		again := w.apply(t)
		if again.Count(Unchanged) != len(again.Steps)-1 || again.Count(Pending) != 1 {
			t.Errorf("rerun: %v", outcomes(again))
		}
		if n := spy.writes.Load(); n != 0 {
			t.Errorf("the rerun wrote to Vault %d times", n)
		}
		if w.journalText(t) != journal {
			t.Error("the rerun wrote to the journal")
		}
		if now := w.pgWrites(t); now != log {
			t.Errorf("the rerun wrote to the database: %d statements, then %d", log, now)
		}
	})

	t.Run("drift is corrected and the password left alone", func(t *testing.T) {
		w.put(t, "database/config/platform", map[string]any{"allowed_roles": "*"})
		result := w.apply(t)
		if got := outcomes(result); got["vault-connection"] != Applied || result.Count(Applied) != 1 {
			t.Errorf("after drift: %v", got)
		}
		for _, s := range result.Steps {
			for _, c := range s.Changes {
				if c.Field != "allowed_roles" || c.Unreadable {
					t.Errorf("changed %s %s", c.Target, c.Field)
				}
			}
		}
	})

	v := w.verify(t)
	requireChecks(t, v)
	if !v.Passed() || v.Complete() {
		t.Errorf("passed %v, complete %v", v.Passed(), v.Complete())
	}
	if last := v.Checks[len(v.Checks)-1]; last.ID != "static-retired" || !last.Pending || last.Passed {
		t.Errorf("before retirement: %+v", last)
	}
	counts := map[string]int{}
	for _, c := range v.Checks {
		counts[c.ID]++
	}
	for _, p := range proofs {
		want := len(w.plan.Agents)
		if p.id == "write-foreign-refused" {
			want = 2 // the researcher may not write
		}
		if counts[p.id] != want {
			t.Errorf("%s was made %d times", p.id, counts[p.id])
		}
	}

	t.Run("another plan's verification opens no gate", func(t *testing.T) {
		w.plan.Chosen.Reason = "edited"
		defer func() { w.plan.Chosen.Reason = "" }()
		if got := outcomes(w.apply(t))["retire-static"]; got != Pending {
			t.Errorf("retirement: %s", got)
		}
	})

	retired := w.apply(t)
	if got := outcomes(retired); got["retire-static"] != Applied || retired.Count(Applied) != 1 {
		t.Fatalf("retirement: %v", got)
	}
	v = w.verify(t)
	requireChecks(t, v)
	if !v.Complete() {
		t.Error("after retirement something is still pending")
	}
	if again := w.apply(t); again.Count(Unchanged) != len(again.Steps) {
		t.Errorf("after all: %v", outcomes(again))
	}

	t.Run("no secret is told", func(t *testing.T) { w.requireNoSecret(t, audit, spy, before, first, retired) })

	t.Run("foreign objects keep their mount", func(t *testing.T) {
		if _, err := w.vault.Logical().Write("auth/agents-jwt/role/foreign", map[string]any{"role_type": "jwt", "user_claim": "sub", "bound_audiences": "x"}); err != nil {
			t.Fatal(err)
		}
	})
	back, err := Rollback(t.Context(), w.env, w.plan, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range back.Steps {
		left := s.Step == "remove-env" || s.Step == "remove-secret" || s.Step == "vault-auth" || s.Step == "vault-auth-config"
		if left != (s.Outcome == Left) && s.Step != "vault-auth-config" {
			t.Errorf("%s: %s %v", s.Step, s.Outcome, s.Blockers)
		}
	}
	mounts, _ := w.vault.Sys().ListMounts()
	if mounts["database/"] != nil {
		t.Error("the database engine is still mounted")
	}
	if s, err := w.vault.Logical().Read("auth/agents-jwt/role/foreign"); err != nil || s == nil {
		t.Error("a foreign role is gone")
	}
	for _, a := range w.plan.Agents {
		if s, _ := w.vault.Logical().Read("auth/agents-jwt/role/" + a.AuthRole); s != nil {
			t.Errorf("%s is still there", a.AuthRole)
		}
		if text, _ := w.vault.Sys().GetPolicy(a.Policy); text != "" {
			t.Errorf("policy %s is still there", a.Policy)
		}
	}
	if n := w.pg.ask(t, database, "SELECT count(*)::text FROM pg_roles WHERE rolname LIKE 'agentsec%' OR rolname LIKE 'v-%'"); n != "0" {
		t.Errorf("%s roles are left in the database", n)
	}
	if may := w.pg.ask(t, database, "SELECT rolcanlogin::text FROM pg_roles WHERE rolname = 'acme_app'"); may != "true" {
		t.Error("the old role cannot log in after rollback")
	}
	if again, err := Rollback(t.Context(), w.env, w.plan, Options{}); err != nil || len(again.Steps) != 0 {
		t.Errorf("second rollback: %v %v", again.Steps, err)
	}
}

// A spy counts what is written to Vault and keeps every credential that passes.
type spy struct {
	next   http.RoundTripper
	writes atomic.Int64
	seen   map[string]string
}

var passwords = regexp.MustCompile(`"(?:password|client_token)":"([^"]+)"`)

// keep reads a body and gives it back.
func (s *spy) keep(body io.ReadCloser) io.ReadCloser {
	if body == nil {
		return nil
	}
	text, _ := io.ReadAll(body)
	_ = body.Close()
	for _, m := range passwords.FindAllStringSubmatch(string(text), -1) {
		s.seen["password or token "+hash([]byte(m[1]))[:8]] = m[1]
	}
	return io.NopCloser(bytes.NewReader(text))
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && r.Method != "LIST" {
		s.writes.Add(1)
	}
	if token := r.Header.Get("X-Vault-Token"); token != "" {
		s.seen["token "+hash([]byte(token))[:8]] = token
	}
	r.Body = s.keep(r.Body)
	response, err := s.next.RoundTrip(r)
	if err == nil {
		response.Body = s.keep(response.Body)
	}
	return response, err
}

// through is the operator's client with another transport.
func (w *world) through(t *testing.T, rt http.RoundTripper) *api.Client {
	t.Helper()
	config := api.DefaultConfig()
	config.Address, config.MaxRetries = w.vault.Address(), 0
	config.HttpClient.Transport = rt
	client, err := api.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	client.SetToken(w.vault.Token())
	return client
}

// pgWrites counts statements in the server's log that are not questions.
func (w *world) pgWrites(t *testing.T) int {
	t.Helper()
	n := 0
	for _, line := range strings.Split(w.pgLog(t), "\n") {
		_, statement, ok := strings.Cut(line, "statement: ")
		if !ok {
			continue
		}
		switch word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(statement)), " "); word {
		case "SELECT", "BEGIN", "ROLLBACK", ";", "-- PING", "":
		default:
			n++
		}
	}
	return n
}

func (w *world) pgLog(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(w.pg.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// requireNoSecret looks for every credential of this migration wherever it could
// have been told: documents, journal, progress, the servers' logs.
func (w *world) requireNoSecret(t *testing.T, audit string, spy *spy, before []Change, results ...*Result) {
	t.Helper()
	canaries := map[string]string{"static password": weak, "admin password": w.pg.password.Reveal()}
	for name, v := range w.env.Inputs {
		canaries["input "+name] = v.Reveal()
	}
	for name, v := range w.tokens {
		canaries["identity token of "+name] = v.Reveal()
	}
	maps.Copy(canaries, spy.seen)
	places := map[string]string{"postgres log": w.pgLog(t), "journal": w.journalText(t)}
	for _, name := range []string{audit, filepath.Join(w.env.Dir, verifyFile)} {
		text, err := os.ReadFile(name)
		if err != nil || len(text) == 0 {
			t.Fatalf("%s: %v", name, err)
		}
		places[filepath.Base(name)] = string(text)
	}
	text, err := json.Marshal(w.events)
	if err != nil {
		t.Fatal(err)
	}
	places["progress"] = string(text)
	for name, doc := range map[string]any{"plan": w.plan, "changes": before, "results": results} {
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		places[name] = string(text)
	}
	if len(canaries) < 20 { // each identity has three tokens and three passwords by now
		t.Fatalf("only %d canaries", len(canaries))
	}
	for place, text := range places {
		for name, canary := range canaries {
			if strings.Contains(text, canary) {
				t.Errorf("the %s is in: %s", name, place)
			}
		}
	}
	// Passwords that Vault made are in no place of ours. In the server's log there
	// are verifiers only.
	if n := strings.Count(places["postgres log"], "PASSWORD 'SCRAM-SHA-256$"); n == 0 {
		t.Error("the log shows no verifier: is log_statement on?")
	}
	for _, line := range strings.Split(places["postgres log"], "\n") {
		if _, rest, ok := strings.Cut(line, "PASSWORD '"); ok && !strings.HasPrefix(rest, "SCRAM-SHA-256$") {
			t.Error("the database's log has a password that is not a verifier")
		}
	}
}
