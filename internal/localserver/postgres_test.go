package localserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func startTestPostgres(t *testing.T) *Postgres {
	t.Helper()
	_, err := FindPostgres()
	skipIfMissing(t, err)
	began := time.Now()
	p, err := StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	t.Logf("started in %v", time.Since(began))
	return p
}

func TestPostgresAsksForItsPassword(t *testing.T) {
	t.Setenv("PGPASSWORD", "canary-inherited-password")
	p := startTestPostgres(t)
	conn, err := pgx.Connect(t.Context(), p.AdminURL().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var one int
	if err := conn.QueryRow(t.Context(), "select 1").Scan(&one); err != nil || one != 1 {
		t.Fatalf("select 1: %d, %v", one, err)
	}
	var method string
	if err := conn.QueryRow(t.Context(), "select string_agg(distinct auth_method, ',' order by auth_method) from pg_hba_file_rules").Scan(&method); err != nil || method != "reject,scram-sha-256" {
		t.Errorf("authentication methods: %s, %v", method, err)
	}
	if _, err := conn.Exec(t.Context(), "create role app login password 'p@ss/word?'"); err != nil {
		t.Fatal(err)
	}
	app, err := pgx.Connect(t.Context(), p.URL("app", "postgres", secret.New("p@ss/word?")).Reveal())
	if err != nil {
		t.Fatalf("a password with special characters: %v", err)
	}
	_ = app.Close(t.Context())

	var refused *pgconn.PgError
	if _, err := pgx.Connect(t.Context(), p.URL("postgres", "postgres", secret.New("wrong")).Reveal()); !errors.As(err, &refused) || refused.Code != "28P01" {
		t.Errorf("a wrong password: %v", err)
	}
	searchProc(t, p.Password.Reveal())
	searchEnviron(t, p.proc.cmd.Process.Pid, "canary-inherited-password")
	if shown := fmt.Sprintf("%v %+v", p.AdminURL(), p); strings.Contains(shown, p.Password.Reveal()) {
		t.Error("printing the server shows its password")
	}
	for _, leftover := range grep(t, p.dir, p.Password.Reveal()) {
		t.Errorf("the password is left in %s", leftover)
	}
}

// A statement that fails is where PostgreSQL's log would quote a password.
func TestPostgresLogQuotesNoStatement(t *testing.T) {
	p := startTestPostgres(t)
	conn, err := pgx.Connect(t.Context(), p.AdminURL().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "create role postgres password 'canary-statement'"); err == nil {
		t.Fatal("the role exists already, and yet it was made")
	}
	_ = conn.Close(t.Context())
	p.proc.stop(os.Interrupt, 10*time.Second)
	log := p.out.String()
	if strings.Contains(log, "canary-statement") || !strings.Contains(log, "already exists") {
		t.Errorf("the log:\n%s", log)
	}
}

func TestPostgresStopLeavesNothing(t *testing.T) {
	p := startTestPostgres(t)
	conn, err := pgx.Connect(t.Context(), p.AdminURL().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) // still open: Stop must not wait for it
	began := time.Now()
	p.Stop()
	p.Stop()
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("Stop took %v", d)
	}
	if _, err := os.Stat(p.dir); !os.IsNotExist(err) {
		t.Errorf("its data is left behind: %v", err)
	}
	if c, err := net.Dial("tcp", net.JoinHostPort(p.Host, strconv.Itoa(p.Port))); err == nil {
		_ = c.Close()
		t.Error("it still listens")
	}
}

func TestPostgresStartIsStoppedByTheContext(t *testing.T) {
	_, err := FindPostgres()
	skipIfMissing(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	tmp := openTempDir(t)
	t.Setenv("TMPDIR", tmp)
	if p, err := StartPostgres(ctx); !errors.Is(err, context.DeadlineExceeded) {
		if p != nil {
			p.Stop()
		}
		t.Fatalf("got %v", err)
	}
	if left, _ := os.ReadDir(tmp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// openTempDir is one that the account of PostgreSQL can enter.
func openTempDir(t *testing.T) string {
	t.Helper()
	tmp := t.TempDir()
	for _, dir := range []string{tmp, filepath.Dir(tmp)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return tmp
}

func TestTempDirThatPostgresCannotEnterIsTold(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root runs PostgreSQL as another account")
	}
	_, err := FindPostgres()
	skipIfMissing(t, err)
	tmp := t.TempDir()
	if err := os.Chmod(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", tmp)
	if _, err := StartPostgres(t.Context()); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Fatalf("got %v", err)
	}
}

func TestFindPostgresPrefersTheNewest(t *testing.T) {
	root := t.TempDir()
	for _, version := range []string{"9.6", "15", "17"} {
		if err := os.MkdirAll(filepath.Join(root, version, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, dir := range debianPostgres(root) {
		got = append(got, filepath.Base(filepath.Dir(dir)))
	}
	if !slices.Equal(got, []string{"17", "15", "9.6"}) {
		t.Fatalf("got %v", got)
	}
	if hasPostgres(filepath.Join(root, "17", "bin")) {
		t.Fatal("a folder without programs is taken for PostgreSQL")
	}
}
