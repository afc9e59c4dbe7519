//go:build unix

package migrate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/hashicorp/vault/api"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/scanner"
)

// A world is a platform with a static credential, and the plan that ends it.
type world struct {
	vault  *api.Client
	pg     *testPostgres
	env    Env
	plan   *planner.Plan
	tokens map[string]secret.Value
	key    *ecdsa.PrivateKey
	static secret.Value // the old URL
	events []Event
}

// weak is a password as people write them. It is put together here so that no
// scanner takes this file for the leak.
var weak = strings.Join([]string{"Desk", "mate", "2024", "!"}, "-")

const database = "acme"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{vault: startVault(t), pg: startPostgres(t)}
	w.pg.run(t, "postgres", "CREATE ROLE acme_app LOGIN")
	w.setPassword(t, "acme_app", weak)
	w.pg.run(t, "postgres", "CREATE DATABASE acme OWNER acme_app")
	w.pg.run(t, database, `SET ROLE acme_app;
		CREATE TABLE public.tickets (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text NOT NULL, title text NOT NULL);
		CREATE TABLE public.documents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text NOT NULL, body text NOT NULL);
		INSERT INTO tickets (tenant, title) SELECT t, 'ticket of ' || t FROM unnest(ARRAY['aurora','borealis','cumulus']) t;
		INSERT INTO documents (tenant, body) SELECT t, 'document of ' || t FROM unnest(ARRAY['aurora','borealis','cumulus']) t;`)
	var err error
	if w.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	w.static = w.pg.url("acme_app", database, secret.New(weak))
	w.plan = w.makePlan(t)
	w.tokens = map[string]secret.Value{}
	for _, id := range w.plan.Agents {
		w.tokens[id.Name()] = w.jwt(t, id.Subject, time.Hour)
	}
	w.env = Env{
		Vault:    w.vault,
		Inputs:   map[string]secret.Value{"postgres-admin": w.pg.admin(database), "static-url": w.static},
		Source:   sourceTree(t),
		Dir:      folder(t),
		Progress: func(e Event) { w.events = append(w.events, e) },
	}
	return w
}

// setPassword stores a verifier: the log of these tests must have no password
// that the test itself put there.
func (w *world) setPassword(t *testing.T, role, password string) {
	verifier, err := scramVerifier(secret.New(password), newSalt())
	if err != nil {
		t.Fatal(err)
	}
	w.pg.run(t, "postgres", "ALTER ROLE "+quoteRole(role)+" PASSWORD '"+verifier+"'")
}

func (w *world) jwt(t *testing.T, subject string, life time.Duration) secret.Value {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: w.key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: "https://issuer.acme.example", Subject: subject, Audience: jwt.Audience{"vault"},
		IssuedAt: jwt.NewNumericDate(time.Now()), Expiry: jwt.NewNumericDate(time.Now().Add(life)),
	}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return secret.New(text)
}

func (w *world) publicKey(t *testing.T) string {
	der, err := x509.MarshalPKIXPublicKey(&w.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func identity(tenant, role string) planner.Identity {
	name := tenant + "-" + role
	return planner.Identity{
		Tenant: tenant, Role: role, Subject: "system:serviceaccount:tenant-" + tenant + ":" + role,
		AuthMount: "agents-jwt", AuthRole: name, Audience: "vault", Policy: "agent-" + name,
		CredsPath: "database/creds/" + name, Group: "agentsec_" + tenant + "_" + role,
		Workloads: []string{"Deployment/tenant-" + tenant + "/" + role},
	}
}

// rights is what the agent roles of this platform may do.
var rights = map[string]map[string]string{
	"researcher": {"documents": "SELECT"},
	"support":    {"documents": "SELECT", "tickets": "SELECT, INSERT, UPDATE"},
}

func (w *world) makePlan(t *testing.T) *planner.Plan {
	agents := []planner.Identity{identity("aurora", "support"), identity("borealis", "support"), identity("aurora", "researcher")}
	steps := []planner.Step{
		step("postgres-admin", planner.Op{SQL: &planner.SQL{Input: "postgres-admin", Statements: []planner.Statement{
			{Do: "CREATE ROLE agentsec_vault NOLOGIN CREATEROLE", Present: role("agentsec_vault"), Undo: "DROP ROLE agentsec_vault"},
			{Do: "GRANT pg_signal_backend TO agentsec_vault", Present: member("agentsec_vault", "pg_signal_backend"), Undo: "REVOKE pg_signal_backend FROM agentsec_vault"},
		}}}),
	}
	proof := planner.Proof{
		Database:   planner.Target{Host: w.pg.host, Port: w.pg.port, Database: database, SSLMode: "disable"},
		LegacyRole: "acme_app", StaticInput: "static-url", AdminInput: "postgres-admin", MaxTTLSeconds: 3600,
	}
	secure := []planner.Statement{}
	for _, table := range []string{"tickets", "documents"} {
		secure = append(secure, planner.Statement{
			Do:      "ALTER TABLE public." + table + " ENABLE ROW LEVEL SECURITY",
			Present: "SELECT relrowsecurity FROM pg_class WHERE oid = 'public." + table + "'::regclass",
			Undo:    "ALTER TABLE public." + table + " DISABLE ROW LEVEL SECURITY",
			Refuse:  "SELECT 'partition ' || inhrelid::regclass FROM pg_inherits WHERE inhparent = 'public." + table + "'::regclass",
		})
	}
	steps = append(steps, step("postgres-row-security", planner.Op{SQL: &planner.SQL{Input: "postgres-admin", Statements: secure}}))
	allowed := []string{}
	for _, a := range agents {
		statements := []planner.Statement{
			{Do: "CREATE ROLE " + a.Group + " NOLOGIN", Present: role(a.Group), Undo: "DROP ROLE " + a.Group},
			{Do: "GRANT " + a.Group + " TO agentsec_vault WITH ADMIN OPTION", Present: member("agentsec_vault", a.Group), Undo: "REVOKE " + a.Group + " FROM agentsec_vault"},
		}
		for _, table := range []string{"documents", "tickets"} {
			right := rights[a.Role][table]
			if right == "" {
				continue
			}
			statements = append(statements,
				planner.Statement{
					Do:      fmt.Sprintf("GRANT %s ON public.%s TO %s", right, table, a.Group),
					Present: fmt.Sprintf("SELECT has_table_privilege('%s', 'public.%s', 'SELECT')", a.Group, table),
					Undo:    fmt.Sprintf("REVOKE ALL ON public.%s FROM %s", table, a.Group),
				},
				planner.Statement{
					Do:      fmt.Sprintf("CREATE POLICY %[1]s ON public.%[2]s TO %[1]s USING (tenant = '%[3]s') WITH CHECK (tenant = '%[3]s')", a.Group, table, a.Tenant),
					Present: fmt.Sprintf("SELECT EXISTS (SELECT FROM pg_policies WHERE policyname = '%s' AND tablename = '%s')", a.Group, table),
					Undo:    fmt.Sprintf("DROP POLICY %s ON public.%s", a.Group, table),
				})
			proof.Probes = append(proof.Probes, planner.Probe{Identity: a.Name(), Table: "public." + table, Column: "tenant", Value: a.Tenant})
		}
		steps = append(steps, step("postgres-"+a.AuthRole, planner.Op{SQL: &planner.SQL{Input: "postgres-admin", Statements: statements}}))
		allowed = append(allowed, a.AuthRole)
	}
	steps = append(steps,
		step("vault-database", planner.Op{VaultMount: &planner.VaultMount{Path: "database", Type: "database", Description: "credentials of agents"}}),
		step("vault-connection", planner.Op{Connection: &planner.Connection{
			Mount: "database", Name: "platform", AdminRole: "agentsec_vault", AllowedRoles: allowed, Input: "postgres-admin",
			URL: fmt.Sprintf("postgresql://{{username}}:{{password}}@%s:%d/acme?sslmode=disable", w.pg.host, w.pg.port),
		}}),
		step("vault-auth", planner.Op{VaultAuth: &planner.VaultMount{Path: "agents-jwt", Type: "jwt", Description: "identities of agents"}}),
		step("vault-auth-config", planner.Op{VaultObject: &planner.VaultObject{Path: "auth/agents-jwt/config", Singleton: true, Data: map[string]any{
			"bound_issuer": "https://issuer.acme.example", "jwt_validation_pubkeys": []any{w.publicKey(t)},
		}}}),
	)
	for _, a := range agents {
		steps = append(steps,
			step("vault-role-"+a.AuthRole, planner.Op{VaultObject: &planner.VaultObject{Path: "database/roles/" + a.AuthRole, Data: map[string]any{
				"db_name": "platform", "default_ttl": "5m", "max_ttl": "1h",
				"creation_statements": []any{`CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE ` + a.Group},
				"revocation_statements": []any{
					`ALTER ROLE "{{name}}" NOLOGIN`,
					`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'`,
					`DROP ROLE IF EXISTS "{{name}}"`,
				},
			}}}),
			step("vault-policy-"+a.AuthRole, planner.Op{VaultPolicy: &planner.VaultPolicy{Name: a.Policy, HCL: fmt.Sprintf("path %q {\n  capabilities = [\"read\"]\n}\n", a.CredsPath)}}),
			step("vault-login-"+a.AuthRole, planner.Op{VaultObject: &planner.VaultObject{Path: "auth/agents-jwt/role/" + a.AuthRole, Data: map[string]any{
				"role_type": "jwt", "user_claim": "sub", "bound_audiences": []any{"vault"}, "bound_subject": a.Subject,
				"token_policies": []any{a.Policy}, "token_ttl": "1h", "token_max_ttl": "2h",
			}}}),
		)
	}
	retire := step("retire-static", planner.Op{SQL: &planner.SQL{Input: "postgres-admin", Statements: []planner.Statement{{
		Do:      "ALTER ROLE acme_app NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'acme_app'",
		Present: "SELECT NOT rolcanlogin FROM pg_roles WHERE rolname = 'acme_app'",
		Undo:    "ALTER ROLE acme_app LOGIN",
	}}}})
	retire.Gate = planner.AfterVerify
	steps = append(steps,
		step("patch-support", planner.Op{Patch: &planner.Patch{Diff: manifestPatch, Files: []string{"deploy/aurora.yaml"}}}),
		step("remove-env", planner.Op{RemoveLiteral: &planner.RemoveLiteral{Path: ".env", Kind: scanner.Dotenv, Key: "DATABASE_URL"}}),
		step("remove-secret", planner.Op{RemoveLiteral: &planner.RemoveLiteral{
			Path: "deploy/aurora.yaml", Kind: scanner.Kubernetes, Key: "DATABASE_URL",
			Object: scanner.Object{Kind: "Secret", Namespace: "tenant-aurora", Name: "platform-db"},
		}}),
		retire,
	)
	return &planner.Plan{
		Version: planner.PlanVersion, Source: ".", Agents: agents, Proof: proof,
		Inputs: []planner.Input{
			{Name: "postgres-admin", Description: "connection URL of an administrator", For: []string{"apply", "verify"}},
			{Name: "static-url", Description: "the old connection URL", For: []string{"verify"}},
		},
		Stages: []planner.Stage{{Number: 3, ID: "databases", Title: "Databases", Steps: steps}},
	}
}

func step(id string, op planner.Op) planner.Step {
	return planner.Step{ID: id, Title: "does " + id, Status: planner.Ready, Op: op, Check: "it is there", Undo: "it goes"}
}

func role(name string) string {
	return "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '" + name + "')"
}

func member(who, group string) string {
	return "SELECT EXISTS (SELECT FROM pg_auth_members WHERE member = to_regrole('" + who + "') AND roleid = to_regrole('" + group + "'))"
}

const manifestPatch = `--- a/deploy/aurora.yaml
+++ b/deploy/aurora.yaml
@@ -22,6 +22,4 @@
         - name: support
           env:
-            - name: DATABASE_URL
-              valueFrom:
-                secretKeyRef: {name: platform-db, key: DATABASE_URL}
+            - {name: DATABASE_URL_FILE, value: /run/agentsec/url}
             - {name: LOG_LEVEL, value: info}
`

// sourceTree is a small repository whose files hold the static URL.
func sourceTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	url := "postgresql://acme_app:" + weak + "@postgres:5432/acme"
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	write(".env", "# settings\nLOG_LEVEL=info\nDATABASE_URL="+url+"\nWORKERS=2\n")
	write("deploy/aurora.yaml", `apiVersion: v1
kind: Secret
metadata:
  name: platform-db
  namespace: tenant-aurora
stringData:
  DATABASE_URL: `+url+`
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: support
  namespace: tenant-aurora
spec:
  selector:
    matchLabels: {app: support}
  template:
    metadata:
      labels: {app: support}
    spec:
      containers:
        - name: support
          env:
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef: {name: platform-db, key: DATABASE_URL}
            - {name: LOG_LEVEL, value: info}
`)
	return dir
}
