//go:build unix

package broker

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/agentsec/agentsec/internal/secret"
)

func newSecret(text string) secret.Value { return secret.New(text) }

// TestMain lets this test program be the agent that the tests run.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "agent" {
		os.Exit(agent(os.Args[2]))
	}
	os.Exit(m.Run())
}

func agent(task string) int {
	switch task {
	case "work":
		url, err := os.ReadFile(os.Getenv("DATABASE_URL_FILE"))
		if err != nil {
			return 1
		}
		conn, err := pgx.Connect(context.Background(), string(url))
		if err != nil {
			return 2
		}
		var user string
		if err := conn.QueryRow(context.Background(), "SELECT current_user").Scan(&user); err != nil || !strings.HasPrefix(user, "v-") {
			return 3
		}
		environ, err := os.ReadFile("/proc/self/environ")
		if err != nil {
			environ = []byte(strings.Join(os.Environ(), "\x00"))
		}
		cmdline, _ := os.ReadFile("/proc/self/cmdline")
		// The test looks for credentials in what the agent says; it must not say
		// the URL itself, so it looks for that on its own.
		if bytes.Contains(environ, url) || bytes.Contains(cmdline, url) {
			return 4
		}
		fmt.Printf("%s\n", bytes.ReplaceAll(environ, []byte{0}, []byte{'\n'}))
		return 7
	case "wait":
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGUSR1, syscall.SIGTERM)
		fmt.Println("ready")
		if <-signals == syscall.SIGUSR1 {
			return 42
		}
		return 43
	case "die":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return 99
}

func TestRun(t *testing.T) {
	w := newWorld(t, time.Minute, time.Hour)
	canary := "hvs." + "canary-token"
	w.config.Env = []string{
		"KEEP=1", "VAULT_TOKEN=" + canary, "VAULT_ADDR=http://x", "vault_token=" + canary, "BAO_TOKEN=" + canary,
		"DATABASE_URL=postgresql://old:" + canary + "@db/x", "DATABASE_URL_FILE=/old", "PGPASSWORD=" + canary, "AGENTSEC_X=" + canary,
	}
	var out bytes.Buffer
	code, err := Run(t.Context(), w.config, Command{Args: []string{os.Args[0], "agent", "work"}, Stdout: &out, Stderr: &out})
	if err != nil || code != 7 {
		t.Fatalf("code %d, %v: %s", code, err, out.String())
	}
	env := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(env) != 2 || env[0] != "KEEP=1" || !strings.HasPrefix(env[1], "DATABASE_URL_FILE=") {
		t.Errorf("the agent's environment has %d entries", len(env))
	}
	if strings.Contains(out.String(), canary) {
		t.Error("the agent sees a credential in its environment")
	}
	if left, _ := os.ReadDir(w.config.Dir); len(left) != 0 {
		t.Error("Run left its folder")
	}
	eventually(t, "the end of every user", func() bool { return w.users(t) == 0 })
}

func TestRunPassesSignalsOn(t *testing.T) {
	w := newWorld(t, time.Minute, time.Hour)
	for _, tt := range []struct {
		name string
		end  func(cancel func())
		code int
	}{
		{"a signal", func(func()) { _ = syscall.Kill(os.Getpid(), syscall.SIGUSR1) }, 42},
		{"the end of the context", func(cancel func()) { cancel() }, 43},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ready := &notice{said: make(chan struct{})}
			go func() {
				<-ready.said
				tt.end(cancel)
			}()
			code, err := Run(ctx, w.config, Command{Args: []string{os.Args[0], "agent", "wait"}, Stdout: ready})
			if err != nil || code != tt.code {
				t.Errorf("code %d, %v", code, err)
			}
		})
	}
	t.Run("killed", func(t *testing.T) {
		code, err := Run(t.Context(), w.config, Command{Args: []string{os.Args[0], "agent", "die"}})
		if err != nil || code != 128+int(syscall.SIGKILL) {
			t.Errorf("code %d, %v", code, err)
		}
	})
	t.Run("not there", func(t *testing.T) {
		if _, err := Run(t.Context(), w.config, Command{Args: []string{filepath.Join(t.TempDir(), "none")}}); err == nil {
			t.Error("no error")
		}
	})
	eventually(t, "the end of every user", func() bool { return w.users(t) == 0 })
}

// notice tells when the agent says something.
type notice struct{ said chan struct{} }

func (n *notice) Write(p []byte) (int, error) {
	select {
	case <-n.said:
	default:
		close(n.said)
	}
	return len(p), nil
}

func TestEnvironOfNothing(t *testing.T) {
	t.Setenv("SOME_TOKEN", "x")
	t.Setenv("VAULT_TOKEN", "x")
	env := Environ(nil, "DATABASE_URL")
	if slices.ContainsFunc(env, func(e string) bool { return strings.Contains(e, "TOKEN") }) {
		t.Error("a nil environment passes tokens on")
	}
	if !slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "PATH=") }) {
		t.Error("a nil environment has no PATH")
	}
	if Environ([]string{}, "X") == nil {
		t.Error("an empty environment became none: exec would pass all on")
	}
}
