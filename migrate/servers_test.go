//go:build unix

package migrate

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/jackc/pgx/v5"

	"github.com/agentsec/agentsec/internal/localserver"
	"github.com/agentsec/agentsec/internal/localserver/servertest"
	"github.com/agentsec/agentsec/internal/secret"
)

func startVault(t *testing.T) *api.Client {
	t.Helper()
	server := servertest.Vault(t)
	config := api.DefaultConfig()
	config.Address = server.Address
	config.MaxRetries = 0 // a fault that a test injects is one fault
	client, err := api.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	client.SetToken(server.Token.Reveal())
	return client
}

// A testPostgres logs every statement, so that a test can look for credentials
// in the log. The throw-away server of package localserver logs none.
type testPostgres struct {
	host     string
	port     int
	log      string
	password secret.Value
}

func startPostgres(t *testing.T) *testPostgres {
	t.Helper()
	bin, err := localserver.FindPostgres()
	if err != nil {
		servertest.Missing(t, err)
	}
	dir, err := os.MkdirTemp("", "agentsec-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &testPostgres{host: "127.0.0.1", port: freePort(t), log: filepath.Join(dir, "log"), password: secret.New(rand.Text())}
	pwfile := filepath.Join(dir, "pw")
	if err := os.WriteFile(pwfile, []byte(p.password.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	credential := unprivileged(t, dir, pwfile)
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
		return cmd
	}
	data := filepath.Join(dir, "data")
	if out, err := run("initdb", "-D", data, "-U", "postgres", "--pwfile="+pwfile, "-A", "scram-sha-256", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server := run("postgres", "-D", data, "-h", p.host, "-p", strconv.Itoa(p.port), "-k", "", "-F",
		"-c", "log_statement=all", "-c", "log_min_error_statement=error", "-c", "max_connections=100")
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGQUIT)
		_ = server.Wait()
	})
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if text, _ := os.ReadFile(p.log); bytes.Contains(text, []byte("ready to accept connections")) {
			return p
		}
		if time.Now().After(end) {
			t.Fatal("postgres did not start")
		}
	}
}

// unprivileged gives the folder to an account that PostgreSQL agrees to run as.
func unprivileged(t *testing.T, paths ...string) *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		for _, path := range paths {
			if err := os.Chown(path, uid, gid); err != nil {
				t.Fatal(err)
			}
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	t.Fatal("no unprivileged account")
	return nil
}

// folder is a migration folder, in memory where there is such a place: the
// journal waits for the disk after each line, and these tests write thousands.
func folder(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "agentsec-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (p *testPostgres) url(user, database string, password secret.Value) secret.Value {
	u := url.URL{Scheme: "postgresql", User: url.UserPassword(user, password.Reveal()), Host: fmt.Sprintf("%s:%d", p.host, p.port), Path: "/" + database, RawQuery: "sslmode=disable"}
	return secret.New(u.String())
}

func (p *testPostgres) admin(database string) secret.Value {
	return p.url("postgres", database, p.password)
}

// run executes SQL as the superuser.
func (p *testPostgres) run(t *testing.T, database, sql string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, p.admin(database).Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (p *testPostgres) ask(t *testing.T, database, sql string) string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, p.admin(database).Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var answer string
	if err := conn.QueryRow(ctx, sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}
