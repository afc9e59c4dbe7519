//go:build unix

package migrate

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/planner"
)

// TestDefences takes one defence away at a time, on the real servers, and sees
// the check fail that guards it: that one and no other, but for those that can
// no longer tell.
func TestDefences(t *testing.T) {
	w := newWorld(t)
	w.plan.Agents = w.plan.Agents[:2] // two identities of two tenants
	w.plan.Proof.Probes = nil
	for _, a := range w.plan.Agents {
		for _, table := range []string{"public.documents", "public.tickets"} {
			w.plan.Proof.Probes = append(w.plan.Proof.Probes, planner.Probe{Identity: a.Name(), Table: table, Column: "tenant", Value: a.Tenant})
		}
	}
	delete(w.tokens, "aurora/researcher")
	w.apply(t)
	requireChecks(t, w.verify(t))

	const (
		roleA  = "auth/agents-jwt/role/aurora-support"
		credsA = "database/roles/aurora-support"
		policy = "agent-aurora-support"
		groupA = "agentsec_aurora_support"
		groupB = "agentsec_borealis_support"
	)
	statements := func(all ...string) map[string]any { return map[string]any{"revocation_statements": all} }
	const (
		nologin   = `ALTER ROLE "{{name}}" NOLOGIN`
		terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'`
		drop      = `DROP ROLE IF EXISTS "{{name}}"`
	)
	grant := func(t *testing.T, more string) {
		old, _ := w.vault.Sys().GetPolicy(policy)
		w.put(t, "sys/policies/acl/"+policy, map[string]any{"policy": old + more})
	}

	tests := []struct {
		name   string
		remove func(t *testing.T)
		// mend is SQL that puts things right; what is in Vault, apply corrects.
		mend string
		// fails lists the check first that must see it, then those that cannot tell.
		fails []string
		// dirty: the verification itself cannot clean up.
		dirty bool
	}{
		{"the auth role expects another subject", func(t *testing.T) {
			w.put(t, roleA, map[string]any{"role_type": "jwt", "bound_subject": "system:serviceaccount:tenant-aurora:other"})
		}, "", []string{"login-own", "login-foreign-refused", "credential-own", "credential-foreign-denied", "policy-minimal", "rows-own", "rows-foreign-refused", "write-foreign-refused", "revoke-login", "revoke-session", "token-revoked"}, false},
		{"the auth role accepts every subject", func(t *testing.T) {
			w.put(t, roleA, map[string]any{"role_type": "jwt", "bound_subject": ""})
		}, "", []string{"login-foreign-refused"}, false},
		{"the lease is too long", func(t *testing.T) {
			w.put(t, credsA, map[string]any{"default_ttl": "24h", "max_ttl": "24h"})
		}, "", []string{"credential-own"}, false},
		{"the database user never expires", func(t *testing.T) {
			w.put(t, credsA, map[string]any{"creation_statements": []string{`CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' IN ROLE ` + groupA}})
		}, "", []string{"credential-own"}, false},
		{"both identities share a path", func(t *testing.T) {
			grant(t, `path "database/creds/*" { capabilities = ["read"] }`)
		}, "", []string{"credential-foreign-denied"}, false},
		{"the policy lets read the mounts", func(t *testing.T) {
			grant(t, `path "sys/mounts" { capabilities = ["read"] }`)
		}, "", []string{"policy-minimal"}, false},
		{"the policy lets rewrite the own auth role", func(t *testing.T) {
			grant(t, `path "auth/agents-jwt/role/*" { capabilities = ["update"] }`)
		}, "", []string{"policy-minimal"}, false},
		{"the token carries another policy", func(t *testing.T) {
			w.put(t, "sys/policies/acl/stray", map[string]any{"policy": `path "none" { capabilities = ["read"] }`})
			w.put(t, roleA, map[string]any{"role_type": "jwt", "token_policies": []string{policy, "stray"}})
		}, "", []string{"policy-minimal"}, false},
		{"the group may not read", func(t *testing.T) {
			w.pg.run(t, database, "REVOKE SELECT ON tickets FROM "+groupA)
		}, "GRANT SELECT ON tickets TO " + groupA, []string{"rows-own", "rows-foreign-refused", "write-foreign-refused"}, false},
		{"row security shows every row", func(t *testing.T) {
			w.pg.run(t, database, "CREATE POLICY hole ON documents FOR SELECT TO "+groupA+" USING (true)")
		}, "DROP POLICY hole ON documents", []string{"rows-foreign-refused"}, false},
		{"the other tenant has no rows", func(t *testing.T) {
			w.pg.run(t, database, "DELETE FROM documents WHERE tenant = 'borealis'")
		}, "INSERT INTO documents (tenant, body) VALUES ('borealis', 'again')", []string{"rows-own", "rows-foreign-refused"}, false},
		{"the group may become the other", func(t *testing.T) {
			// Without inheritance: it must become it to have its rows.
			w.pg.run(t, database, "ALTER ROLE "+groupA+" NOINHERIT; GRANT "+groupB+" TO "+groupA)
		}, "REVOKE " + groupB + " FROM " + groupA + "; ALTER ROLE " + groupA + " INHERIT", []string{"rows-foreign-refused"}, false},
		{"row security lets insert for others", func(t *testing.T) {
			w.pg.run(t, database, "CREATE POLICY hole ON tickets FOR INSERT TO "+groupA+" WITH CHECK (true)")
		}, "DROP POLICY hole ON tickets", []string{"write-foreign-refused"}, false},
		{"row security lets hand rows over", func(t *testing.T) {
			w.pg.run(t, database, "CREATE POLICY hole ON tickets FOR UPDATE TO "+groupA+" USING (tenant = 'aurora') WITH CHECK (true); CREATE POLICY seen ON tickets FOR SELECT TO "+groupA+" USING (true)")
		}, "DROP POLICY hole ON tickets; DROP POLICY seen ON tickets", []string{"rows-foreign-refused", "write-foreign-refused"}, false},
		{"row security is off", func(t *testing.T) {
			w.pg.run(t, database, "ALTER TABLE tickets DISABLE ROW LEVEL SECURITY")
		}, "ALTER TABLE tickets ENABLE ROW LEVEL SECURITY", []string{"rows-foreign-refused", "write-foreign-refused"}, false},
		{"revocation leaves the login", func(t *testing.T) {
			w.put(t, credsA, statements(terminate))
		}, "", []string{"revoke-login"}, true},
		{"revocation leaves the session", func(t *testing.T) {
			w.put(t, credsA, statements(nologin, drop))
		}, "", []string{"revoke-session"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.remove(t)
			v, err := Verify(t.Context(), w.env, w.plan, w.tokens)
			if (err != nil) != tt.dirty {
				t.Errorf("error: %v", err)
			}
			requireChecks(t, v, tt.fails...)
			if v.Passed() {
				t.Error("the verification passed")
			}
			if got := outcomes(w.apply(t))["retire-static"]; got != Pending {
				t.Errorf("retirement after a failed verification: %s", got)
			}
			if tt.mend != "" {
				w.pg.run(t, database, tt.mend)
			}
			w.apply(t)
			if tt.dirty {
				w.dropIssued(t)
			}
		})
	}
	requireChecks(t, w.verify(t))

	t.Run("the token outlives its revocation", func(t *testing.T) {
		env := w.env
		env.Vault = w.through(t, swallow{next: w.vault.CloneConfig().HttpClient.Transport, path: "/v1/auth/token/revoke-accessor"})
		v, err := Verify(t.Context(), env, w.plan, w.tokens)
		if err != nil {
			t.Error(err)
		}
		requireChecks(t, v, "token-revoked")
	})

	w.verify(t)
	w.apply(t)
	if v := w.verify(t); !v.Complete() {
		t.Error("after retirement something is still pending")
	}
	t.Run("the old login works again", func(t *testing.T) {
		w.pg.run(t, database, "ALTER ROLE acme_app LOGIN")
		defer w.pg.run(t, database, "ALTER ROLE acme_app NOLOGIN")
		requireChecks(t, w.verify(t), "static-retired")
	})
	t.Run("a wrong input is no proof", func(t *testing.T) {
		w.pg.run(t, database, "ALTER ROLE acme_app LOGIN")
		defer w.pg.run(t, database, "ALTER ROLE acme_app NOLOGIN")
		w.env.Inputs["static-url"] = w.pg.url("acme_app", database, secret.New("not-the-"+weak))
		defer func() { w.env.Inputs["static-url"] = w.static }()
		requireChecks(t, w.verify(t), "static-retired")
	})
	t.Run("an unreachable database is no proof", func(t *testing.T) {
		port := w.plan.Proof.Database.Port
		w.plan.Proof.Database.Port = freePort(t)
		defer func() { w.plan.Proof.Database.Port = port }()
		requireChecks(t, w.verify(t), "rows-own", "rows-foreign-refused", "write-foreign-refused", "revoke-login", "revoke-session", "static-retired")
	})
	t.Run("identities of one tenant are not enough", func(t *testing.T) {
		one := map[string]secret.Value{"aurora/support": w.tokens["aurora/support"]}
		if _, err := Verify(t.Context(), w.env, w.plan, one); err == nil || !strings.Contains(err.Error(), "borealis/support") {
			t.Errorf("error: %v", err)
		}
	})
}

func (w *world) put(t *testing.T, path string, data map[string]any) {
	t.Helper()
	if _, err := w.vault.Logical().Write(path, data); err != nil {
		t.Fatal(err)
	}
}

// dropIssued removes what a broken revocation left.
func (w *world) dropIssued(t *testing.T) {
	w.pg.run(t, database, `DO $$ DECLARE r text; BEGIN
		FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%' LOOP EXECUTE format('DROP ROLE %I', r); END LOOP; END $$`)
}

// swallow answers requests to path with success and does nothing.
type swallow struct {
	next http.RoundTripper
	path string
}

func (s swallow) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == s.path {
		return &http.Response{StatusCode: http.StatusNoContent, Body: io.NopCloser(&bytes.Reader{}), Header: http.Header{}, Request: r}, nil
	}
	return s.next.RoundTrip(r)
}
