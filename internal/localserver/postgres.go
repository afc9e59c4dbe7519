package localserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/agentsec/agentsec/internal/secret"
)

// FindPostgres returns the folder with initdb and postgres: that of the PATH, or
// of Debian's newest version, which Debian keeps off the PATH.
func FindPostgres() (string, error) {
	var dirs []string
	if initdb, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(initdb))
		if real, err := filepath.EvalSymlinks(initdb); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, dir := range append(dirs, debianPostgres("/usr/lib/postgresql")...) {
		if hasPostgres(dir) {
			return filepath.Abs(dir)
		}
	}
	return "", fmt.Errorf("PostgreSQL server %w: install Debian's package postgresql, or another one with initdb and postgres on the PATH", ErrNotFound)
}

// debianPostgres lists root/VERSION/bin, newest version first.
func debianPostgres(root string) []string {
	dirs, _ := filepath.Glob(filepath.Join(root, "*", "bin"))
	version := func(dir string) float64 {
		n, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64)
		return n
	}
	sort.Slice(dirs, func(i, j int) bool { return version(dirs[i]) > version(dirs[j]) })
	return dirs
}

func hasPostgres(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// Postgres is a running throw-away cluster. It has no local socket and asks
// everybody for a password (scram-sha-256).
type Postgres struct {
	Host string // 127.0.0.1
	Port int
	// Password is that of the superuser postgres. It is exported because fmt reads
	// unexported fields past their methods, and would show it.
	Password secret.Value

	proc *process
	out  *tail // its last lines
	dir  string
}

// StartPostgres makes an empty cluster in a temporary folder and runs it. As root
// it runs it as postgres or nobody, since PostgreSQL refuses to be root.
func StartPostgres(ctx context.Context) (*Postgres, error) {
	bindir, err := FindPostgres()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	p, err := startPostgres(ctx, bindir)
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	return p, nil
}

func startPostgres(ctx context.Context, bindir string) (_ *Postgres, err error) {
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	p := &Postgres{Host: "127.0.0.1", Password: secret.New(rand.Text())}
	defer func() {
		if err != nil {
			p.Stop()
		}
	}()
	if p.dir, err = os.MkdirTemp("", "agentsec-postgres-"); err != nil {
		return nil, err
	}
	if err := as.own(p.dir); err != nil {
		return nil, err
	}
	if err := p.initdb(ctx, bindir, as); err != nil {
		return nil, err
	}
	return p, withFreePort(func(port int) error {
		p.Port = port
		return p.run(ctx, bindir, as)
	})
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

// initdb makes the cluster. The password travels in a file that only the server's
// account can read and that is gone when initdb is.
func (p *Postgres) initdb(ctx context.Context, bindir string, as account) error {
	file := filepath.Join(p.dir, "password")
	defer os.Remove(file)
	if err := os.WriteFile(file, []byte(p.Password.Reveal()+"\n"), 0o600); err != nil {
		return err
	}
	if err := as.own(file); err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(bindir, "initdb"), "--pgdata="+p.data(), "--username=postgres", "--pwfile="+file,
		"--auth-host=scram-sha-256", "--auth-local=reject", "--encoding=UTF8", "--no-locale", "--no-sync")
	out := &tail{}
	proc, err := p.start(cmd, as, out.add)
	if err != nil {
		return err
	}
	select {
	case <-proc.done:
	case <-ctx.Done():
		killGroup(cmd.Process)
		<-proc.done
		return proc.failed("was not done in time", ctx.Err(), out)
	}
	if proc.err != nil {
		return proc.failed("failed", proc.err, out)
	}
	return nil
}

func (p *Postgres) run(ctx context.Context, bindir string, as account) error {
	args := []string{"-D", p.data()}
	for _, setting := range []string{
		"listen_addresses=" + p.Host, "port=" + strconv.Itoa(p.Port), "unix_socket_directories=",
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", // the data is thrown away
		"max_connections=200", "logging_collector=off", "log_destination=stderr",
		// A failing CREATE ROLE … PASSWORD would be logged with its password.
		"log_statement=none", "log_min_error_statement=panic",
	} {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(bindir, "postgres"), args...)
	out := &tail{}
	ready := make(chan struct{})
	proc, err := p.start(cmd, as, func(line string) {
		out.add(line)
		if strings.HasSuffix(line, "database system is ready to accept connections") && !isClosed(ready) {
			close(ready)
		}
	})
	if err != nil {
		return err
	}
	if err := proc.await(ctx, ready, out); err != nil {
		proc.stop(syscall.SIGQUIT, time.Second)
		return err
	}
	p.proc, p.out = proc, out
	return nil
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// start runs one of PostgreSQL's programs. SIGQUIT, its "immediate shutdown", is
// the death signal: it ends the sessions too and leaves no shared memory behind.
func (p *Postgres) start(cmd *exec.Cmd, as account, line func(string)) (*process, error) {
	cmd.Dir = p.dir
	cmd.Env = minimalEnv(p.dir)
	w := &lineWriter{line: line}
	cmd.Stdout, cmd.Stderr = w, w // one writer for both: exec then never calls it concurrently
	as.runAs(cmd)
	proc, err := startProcess(cmd, syscall.SIGQUIT)
	if errors.Is(err, fs.ErrPermission) && as != (account{}) {
		return nil, fmt.Errorf("%w (root runs PostgreSQL as another account, which must be able to enter %s: point TMPDIR to a folder that all can enter)", err, p.dir)
	}
	return proc, err
}

// AdminURL connects as the superuser.
func (p *Postgres) AdminURL() secret.Value { return p.URL("postgres", "postgres", p.Password) }

// URL connects as user to database.
func (p *Postgres) URL(user, database string, password secret.Value) secret.Value {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, password.Reveal()),
		Host:     net.JoinHostPort(p.Host, strconv.Itoa(p.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return secret.New(u.String())
}

// Stop ends the server, disconnecting everybody, and removes its data. It may be
// called repeatedly.
func (p *Postgres) Stop() {
	if p.proc != nil {
		p.proc.stop(syscall.SIGINT, 10*time.Second)
	}
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
}
