package localserver

import (
	"context"
	"net"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/jackc/pgx/v5"
)

// What both servers are for: Vault issues a PostgreSQL login and takes it back.
func TestVaultIssuesAndRevokesPostgresLogins(t *testing.T) {
	bin := needVault(t)
	p := startTestPostgres(t)
	v, err := StartVault(t.Context(), bin, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Stop)
	client := vaultClient(t, v)
	write := func(path string, data map[string]any) {
		t.Helper()
		if _, err := client.Logical().WriteWithContext(t.Context(), path, data); err != nil {
			t.Fatal(err)
		}
	}
	write("sys/mounts/database", map[string]any{"type": "database"})
	write("database/config/app", map[string]any{
		"plugin_name":    "postgresql-database-plugin",
		"connection_url": "postgresql://{{username}}:{{password}}@" + net.JoinHostPort(p.Host, strconv.Itoa(p.Port)) + "/postgres?sslmode=disable",
		"username":       "postgres",
		"password":       p.Password.Reveal(),
		"allowed_roles":  "app",
	})
	write("database/roles/app", map[string]any{
		"db_name":             "app",
		"creation_statements": `create role "{{name}}" login password '{{password}}' valid until '{{expiration}}'`,
		"default_ttl":         "5m",
	})

	lease, err := client.Logical().ReadWithContext(t.Context(), "database/creds/app")
	if err != nil {
		t.Fatal(err)
	}
	user, _ := lease.Data["username"].(string)
	password, _ := lease.Data["password"].(string)
	url := p.URL(user, "postgres", secret.New(password))
	conn, err := pgx.Connect(t.Context(), url.Reveal())
	if err != nil {
		t.Fatalf("the issued login does not work: %v", err)
	}
	_ = conn.Close(t.Context())
	write("sys/leases/revoke", map[string]any{"lease_id": lease.LeaseID, "sync": true})
	if conn, err := pgx.Connect(t.Context(), url.Reveal()); err == nil {
		_ = conn.Close(t.Context())
		t.Fatal("the revoked login still works")
	}
}

func TestStopLeavesNoGoroutine(t *testing.T) {
	bin := needVault(t)
	_, err := FindPostgres()
	skipIfMissing(t, err)
	before := runtime.NumGoroutine()
	v, err := StartVault(context.Background(), bin, nil)
	if err != nil {
		t.Fatal(err)
	}
	v.Stop()
	p, err := StartPostgres(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p.Stop()
	for range 100 { // goroutines that were told to end need a moment
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}
