//go:build unix

package broker

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/hashicorp/vault/api"
	"github.com/jackc/pgx/v5"

	"github.com/agentsec/agentsec/internal/localserver"
	"github.com/agentsec/agentsec/internal/localserver/servertest"
	"github.com/agentsec/agentsec/internal/secret"
)

// A world is a real Vault that issues logins of a real Postgres to whoever has
// the subject "agent".
type world struct {
	vault  *api.Client // root
	pg     *localserver.Postgres
	key    *ecdsa.PrivateKey
	line   *line
	config Config

	mu     sync.Mutex
	events []Event
}

// newWorld issues leases of ttl that can be renewed up to max.
func newWorld(t *testing.T, ttl, max time.Duration) *world {
	t.Helper()
	server := servertest.Vault(t)
	w := &world{line: &line{}, pg: servertest.Postgres(t)}
	w.vault = newVault(t, server.Address, nil)
	w.vault.SetToken(server.Token.Reveal())
	var err error
	if w.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	w.setUp(t, ttl, max)
	identity := filepath.Join(t.TempDir(), "token")
	w.identity(t, identity, "agent")
	w.config = Config{
		Vault: newVault(t, server.Address, w.line), AuthMount: "jwt", AuthRole: "agent", IdentityFile: identity, CredsPath: "database/creds/agent",
		Target:   Target{Host: w.pg.Host, Port: w.pg.Port, Database: "postgres", SSLMode: "disable"},
		Variable: "DATABASE_URL", Dir: t.TempDir(), Grace: 300 * time.Millisecond, retry: 50 * time.Millisecond,
		Progress: func(e Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
	}
	return w
}

func newVault(t *testing.T, address string, rt http.RoundTripper) *api.Client {
	config := api.DefaultConfig()
	config.Address, config.MaxRetries = address, 0
	if l, ok := rt.(*line); ok {
		l.next = config.HttpClient.Transport
		config.HttpClient.Transport = l
	}
	client, err := api.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	client.ClearToken()
	return client
}

func (w *world) setUp(t *testing.T, ttl, max time.Duration) {
	t.Helper()
	ctx := t.Context()
	admin, err := pgx.Connect(ctx, w.pg.AdminURL().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	password := rand.Text()
	if _, err := admin.Exec(ctx, "CREATE ROLE vault SUPERUSER LOGIN PASSWORD '"+password+"'"); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&w.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.vault.Sys().Mount("database", &api.MountInput{Type: "database"}); err != nil {
		t.Fatal(err)
	}
	if err := w.vault.Sys().EnableAuthWithOptions("jwt", &api.EnableAuthOptions{Type: "jwt"}); err != nil {
		t.Fatal(err)
	}
	if err := w.vault.Sys().PutPolicy("agent", `path "database/creds/agent" { capabilities = ["read"] }`); err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string]map[string]any{
		"database/config/pg": {
			"plugin_name": "postgresql-database-plugin", "allowed_roles": "agent", "username": "vault", "password": password,
			"connection_url": fmt.Sprintf("postgresql://{{username}}:{{password}}@%s:%d/postgres?sslmode=disable", w.pg.Host, w.pg.Port),
		},
		"auth/jwt/config": {"jwt_validation_pubkeys": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))},
		"auth/jwt/role/agent": {
			"role_type": "jwt", "user_claim": "sub", "bound_audiences": "vault", "bound_subject": "agent",
			"token_policies": "agent", "token_ttl": "1h", "token_max_ttl": "2h",
		},
		"database/roles/agent": {
			"db_name": "pg", "default_ttl": ttl.String(), "max_ttl": max.String(),
			"creation_statements": []string{`CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`},
			"revocation_statements": []string{
				`ALTER ROLE "{{name}}" NOLOGIN`,
				`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'`,
				`DROP ROLE IF EXISTS "{{name}}"`,
			},
		},
	} {
		if _, err := w.vault.Logical().Write(path, data); err != nil {
			t.Fatal(err)
		}
	}
}

// identity writes an identity token for subject.
func (w *world) identity(t *testing.T, path, subject string) {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: w.key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(jwt.Claims{Subject: subject, Audience: jwt.Audience{"vault"}, IssuedAt: jwt.NewNumericDate(time.Now()), Expiry: jwt.NewNumericDate(time.Now().Add(time.Hour))}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) start(t *testing.T) *Client {
	t.Helper()
	c, err := Start(t.Context(), w.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (w *world) count(what Happening) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, e := range w.events {
		if e.What == what {
			n++
		}
	}
	return n
}

// users counts the database users that Vault made.
func (w *world) users(t *testing.T) int {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	admin, err := pgx.Connect(ctx, w.pg.AdminURL().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	var n int
	if err := admin.QueryRow(ctx, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-%'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func credentialIn(t *testing.T, path string) secret.Value {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(text)) != string(text) {
		t.Error("there is white space around the URL")
	}
	return secret.New(string(text))
}

func connect(t *testing.T, url secret.Value) (*pgx.Conn, error) {
	t.Helper()
	conn, err := pgx.Connect(context.WithoutCancel(t.Context()), url.Reveal())
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return conn, err
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
	}
}

// A line to Vault can be cut.
type line struct {
	next http.RoundTripper
	cut  atomic.Bool
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.cut.Load() {
		return nil, errors.New("the line is cut")
	}
	return l.next.RoundTrip(r)
}
