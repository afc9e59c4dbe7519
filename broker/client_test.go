//go:build unix

package broker

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRotation(t *testing.T) {
	w := newWorld(t, time.Minute, time.Hour)
	c := w.start(t)
	first := credentialIn(t, c.File())
	if info, err := os.Stat(c.File()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file: %v %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Dir(c.File())); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v %v", info.Mode(), err)
	}
	live, err := connect(t, first)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := credentialIn(t, c.File())
	if first == second {
		t.Fatal("the credential is the same after a rotation")
	}
	if err := live.Ping(t.Context()); err != nil {
		t.Errorf("the open session got no grace: %v", err)
	}
	if _, err := connect(t, second); err != nil {
		t.Errorf("the new credential does not work: %v", err)
	}
	eventually(t, "the end of the old session", func() bool { return live.Ping(t.Context()) != nil })
	eventually(t, "the end of the old login", func() bool { _, err := connect(t, first); return err != nil })
	if _, err := connect(t, second); err != nil {
		t.Errorf("the new credential died with the old one: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(c.File())); err == nil {
		t.Error("Close left the folder")
	}
	eventually(t, "the end of every user", func() bool { return w.users(t) == 0 })
	if err := c.Rotate(t.Context()); err == nil {
		t.Error("a closed client rotates")
	}
	told, err := json.Marshal(w.events)
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{first.Reveal(), second.Reveal()} {
		_, rest, _ := strings.Cut(url, "://")
		login, _, _ := strings.Cut(rest, "@")
		_, password, _ := strings.Cut(login, ":")
		if len(password) < 10 || strings.Contains(string(told), password) {
			t.Error("an event tells a password")
		}
	}
}

// While leases end every few seconds, the file always holds one that works.
func TestRenewalAndReplacement(t *testing.T) {
	w := newWorld(t, 3*time.Second, 6*time.Second)
	c := w.start(t)
	seen := map[string]bool{}
	for end := time.Now().Add(12 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		url := credentialIn(t, c.File())
		seen[url.Reveal()] = true
		if _, err := connect(t, url); err != nil {
			t.Fatalf("after %d credentials: %v", len(seen), err)
		}
	}
	if w.count(Renewed) == 0 || w.count(Issued) < 2 || len(seen) < 2 {
		t.Errorf("renewed %d times, issued %d, seen %d", w.count(Renewed), w.count(Issued), len(seen))
	}
	if n := w.count(Expired) + w.count(Failing); n != 0 {
		t.Errorf("%d failures", n)
	}
}

// Without Vault the file is gone when its credential ends; it comes back with
// Vault.
func TestFailsClosed(t *testing.T) {
	w := newWorld(t, 3*time.Second, time.Hour)
	c := w.start(t)
	until := time.Now().Add(3 * time.Second)
	w.line.cut.Store(true)
	for time.Now().Before(until.Add(-500 * time.Millisecond)) {
		if _, err := os.Stat(c.File()); err != nil {
			t.Fatal("the file went before the credential ended")
		}
		time.Sleep(50 * time.Millisecond)
	}
	eventually(t, "the end of the file", func() bool { _, err := os.Stat(c.File()); return err != nil })
	if late := time.Since(until); late > time.Second {
		t.Errorf("the file was there for %v too long", late)
	}
	if w.count(Expired) != 1 || w.count(Failing) == 0 {
		t.Errorf("expired %d, failing %d", w.count(Expired), w.count(Failing))
	}
	w.line.cut.Store(false)
	eventually(t, "the file", func() bool { _, err := os.Stat(c.File()); return err == nil })
	if _, err := connect(t, credentialIn(t, c.File())); err != nil {
		t.Error(err)
	}
}

// A lease that somebody revoked is replaced at the next renewal.
func TestRevokedElsewhere(t *testing.T) {
	w := newWorld(t, 3*time.Second, time.Hour)
	c := w.start(t)
	first := credentialIn(t, c.File())
	if _, err := w.vault.Logical().Write("sys/leases/revoke-prefix/database/creds/agent", map[string]any{"sync": true}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another credential", func() bool { text, _ := os.ReadFile(c.File()); return string(text) != first.Reveal() })
	if _, err := connect(t, credentialIn(t, c.File())); err != nil {
		t.Error(err)
	}
}

// The identity token is read at each login, and a failed rotation costs nothing.
func TestIdentityIsReadAnew(t *testing.T) {
	w := newWorld(t, time.Minute, time.Hour)
	c := w.start(t)
	first := credentialIn(t, c.File())
	w.identity(t, w.config.IdentityFile, "somebody-else")
	err := c.Rotate(t.Context())
	if err == nil {
		t.Fatal("another identity got a credential")
	}
	token, _ := os.ReadFile(w.config.IdentityFile)
	if strings.Contains(err.Error(), strings.TrimSpace(string(token))) {
		t.Error("the error tells the identity token")
	}
	if credentialIn(t, c.File()) != first {
		t.Error("the file changed")
	}
	if _, err := connect(t, first); err != nil {
		t.Errorf("the former credential: %v", err)
	}
	w.identity(t, w.config.IdentityFile, "agent")
	if err := c.Rotate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStartLeavesNothingWhenItFails(t *testing.T) {
	w := newWorld(t, time.Minute, time.Hour)
	for name, break_ := range map[string]func(*Config){
		"no identity":       func(c *Config) { c.IdentityFile += ".none" },
		"a folder":          func(c *Config) { c.IdentityFile = filepath.Dir(c.IdentityFile) },
		"another role":      func(c *Config) { c.AuthRole = "none" },
		"denied":            func(c *Config) { c.CredsPath = "database/creds/other" },
		"no variable":       func(c *Config) { c.Variable = "A=B" },
		"no database":       func(c *Config) { c.Target.Database = "" },
		"impossible port":   func(c *Config) { c.Target.Port = 70000 },
		"no path":           func(c *Config) { c.CredsPath = "" },
		"no Vault":          func(c *Config) { c.Vault = nil },
		"nothing to log in": func(c *Config) { c.AuthMount = "none" },
	} {
		config := w.config
		break_(&config)
		if _, err := Start(t.Context(), config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if left, _ := os.ReadDir(w.config.Dir); len(left) != 0 {
		t.Errorf("%d folders are left", len(left))
	}
	eventually(t, "the end of every user", func() bool { return w.users(t) == 0 })
}

func TestTargetURL(t *testing.T) {
	target := Target{Host: "::1", Port: 5432, Database: "a b", SSLMode: "verify-full"}
	const password = "p:@/?#% "
	got := target.url("u@x", newSecret(password)).Reveal()
	if want := "postgresql://u%40x:p%3A%40%2F%3F%23%25%20@[::1]:5432/a%20b?sslmode=verify-full"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if shown := fmt.Sprint(target.url("u", newSecret(password))); shown != "[redacted]" {
		t.Error("a URL can be printed")
	}
}
