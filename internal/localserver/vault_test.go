package localserver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
)

// needVault skips where there is no agentsec-vault, but never in CI.
func needVault(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("AGENTSEC_VAULT_BIN")
	if bin == "" {
		bin = filepath.Join("..", "..", "bin", "agentsec-vault")
	}
	path, err := FindVault(bin)
	skipIfMissing(t, err)
	return path
}

func skipIfMissing(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, ErrNotFound) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestVaultIsHealthyAndKeepsItsTokenToItself(t *testing.T) {
	bin := needVault(t)
	t.Setenv("VAULT_TOKEN", "canary-inherited-token")
	var log bytes.Buffer
	began := time.Now()
	v, err := StartVault(t.Context(), bin, &log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Stop)
	t.Logf("started in %v", time.Since(began))

	client := vaultClient(t, v)
	health, err := client.Sys().Health()
	if err != nil {
		t.Fatal(err)
	}
	if !health.Initialized || health.Sealed {
		t.Fatalf("health: %+v", health)
	}
	if _, err := client.KVv2("secret").Put(t.Context(), "app", map[string]any{"k": "v"}); err != nil {
		t.Fatal(err)
	}
	searchProc(t, v.Token.Reveal())
	searchEnviron(t, v.proc.cmd.Process.Pid, "canary-inherited-token")

	home := v.home
	v.Stop()
	v.Stop()
	if _, err := client.Sys().Health(); err == nil {
		t.Error("it answers after Stop")
	}
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("its home is left behind: %v", err)
	}
	if strings.Contains(log.String(), v.Token.Reveal()) || strings.Contains(log.String(), "Root Token") {
		t.Errorf("the log tells the token:\n%s", log.String())
	}
	if !strings.Contains(log.String(), "Api Address: "+v.Address) {
		t.Errorf("the log misses the server's other lines:\n%s", log.String())
	}
}

func vaultClient(t *testing.T, v *Vault) *api.Client {
	t.Helper()
	config := api.DefaultConfig()
	config.Address, config.MaxRetries = v.Address, 0
	client, err := api.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	client.SetToken(v.Token.Reveal())
	return client
}

func TestVaultsStartSideBySide(t *testing.T) {
	bin := needVault(t)
	type result struct {
		v   *Vault
		err error
	}
	results := make(chan result)
	for range 3 {
		go func() {
			v, err := StartVault(t.Context(), bin, nil)
			results <- result{v, err}
		}()
	}
	seen := map[string]bool{}
	for range 3 {
		r := <-results
		if r.err != nil {
			t.Error(r.err)
			continue
		}
		t.Cleanup(r.v.Stop)
		seen[r.v.Address] = true
	}
	if len(seen) != 3 {
		t.Fatalf("3 servers at %d addresses", len(seen))
	}
}

func TestVaultThatFailsTellsItsLastLines(t *testing.T) {
	bin := script(t, `echo "storage: no such backend" >&2; exit 3`)
	_, err := StartVault(t.Context(), bin, nil)
	if err == nil || !strings.Contains(err.Error(), "storage: no such backend") || !strings.Contains(err.Error(), "exit status 3") {
		t.Fatalf("got %v", err)
	}
}

func TestVaultThatEndsAfterItsTokenIsAnError(t *testing.T) {
	bin := script(t, "echo 'Root Token: hvs.canary'; exit 0")
	_, err := StartVault(t.Context(), bin, nil)
	if err == nil || !strings.Contains(err.Error(), "ended before it was healthy") || strings.Contains(err.Error(), "hvs.canary") {
		t.Fatalf("got %v", err)
	}
}

func TestVaultThatNeverGetsReadyIsStoppedByTheContext(t *testing.T) {
	bin := script(t, "exec sleep 60")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := StartVault(ctx, bin, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Fatalf("took %v", d)
	}
}

func TestPortTakenMeanwhileIsTriedAgain(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	bin := script(t, `echo x >>'`+count+`'; echo "listen tcp: bind: address already in use" >&2; exit 1`)
	if _, err := StartVault(t.Context(), bin, nil); !errors.Is(err, errPortTaken) {
		t.Fatalf("got %v", err)
	}
	if b, _ := os.ReadFile(count); strings.Count(string(b), "x") != startAttempts {
		t.Fatalf("tried %d times", strings.Count(string(b), "x"))
	}
}

// The real vault colours its lines and may print its token on standard error.
func TestTokenIsKeptFromTheLogWhereverItIsPrinted(t *testing.T) {
	var log bytes.Buffer
	out := newVaultOutput(&log)
	w := &lineWriter{line: out.line}
	_, _ = io.WriteString(w, "\x1b[33mUnseal Key: canary-unseal\x1b[0m\r\n\x1b[33mRoot Token: hvs.canary\x1b[0m\n")
	_, _ = io.WriteString(w, "using hvs.canary again\nall is ")
	_, _ = io.WriteString(w, "well\nRoot Token: hvs.other\nlast")
	w.flush()
	if got := out.token.Reveal(); got != "hvs.canary" {
		t.Errorf("token is %q", got)
	}
	if got := log.String(); got != "all is well\nlast\n" {
		t.Errorf("the log is %q", got)
	}
}

func TestOverlongLineIsCutNotSplit(t *testing.T) {
	var lines []string
	w := &lineWriter{line: func(l string) { lines = append(lines, l) }}
	_, _ = io.WriteString(w, strings.Repeat("a", 2*maxLine)+"hvs.canary\nnext\n")
	if len(lines) != 2 || len(lines[0]) != maxLine || lines[1] != "next" {
		t.Fatalf("%d lines", len(lines))
	}
}

func TestFindVault(t *testing.T) {
	t.Setenv("PATH", "")
	_, err := FindVault("")
	if !errors.Is(err, ErrNotFound) {
		t.Fatalf("got %v", err)
	}
	for _, hint := range []string{"go install github.com/agentsec/agentsec/cmd/agentsec-vault@latest", "--vault-bin", "VAULT_ADDR"} {
		if !strings.Contains(err.Error(), hint) {
			t.Errorf("the message does not tell %s: %v", hint, err)
		}
	}
	if _, err := FindVault("/nowhere/vault"); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "--vault-bin") {
		t.Errorf("got %v", err)
	}

	bao := script(t, "exit 0")
	dir := filepath.Dir(bao)
	link(t, bao, filepath.Join(dir, "bao"))
	t.Setenv("PATH", dir)
	if got, err := FindVault(""); err != nil || got != filepath.Join(dir, "bao") {
		t.Errorf("got %q, %v", got, err)
	}
	link(t, bao, filepath.Join(dir, "agentsec-vault"))
	if got, err := FindVault(""); err != nil || got != filepath.Join(dir, "agentsec-vault") {
		t.Errorf("agentsec-vault is not preferred: got %q, %v", got, err)
	}
	if got, err := FindVault(bao); err != nil || got != bao {
		t.Errorf("the explicit one is not taken: got %q, %v", got, err)
	}
}

func script(t *testing.T, body string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func link(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Symlink(from, to); err != nil {
		t.Fatal(err)
	}
}
