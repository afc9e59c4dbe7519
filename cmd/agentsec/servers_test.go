package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/agentsec/agentsec/internal/localserver/servertest"
)

// A log is a buffer that is written and read at once.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestDevVault runs a real Vault: its root token is in the file, nowhere else,
// and both are gone at the end.
func TestDevVault(t *testing.T) {
	bin := servertest.VaultBinary(t)
	file := filepath.Join(t.TempDir(), "token")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs log
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"dev", "vault", "--vault-bin", bin, "--token-file", file, "-v"}, streams{strings.NewReader(""), &out, &errs})
	}()
	for deadline := time.Now().Add(60 * time.Second); !strings.Contains(out.String(), "Ctrl-C"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not up in time: %s", errs.String())
		}
	}
	token, err := os.ReadFile(file)
	info, statErr := os.Stat(file)
	if err != nil || statErr != nil || info.Mode().Perm() != 0o600 || len(token) == 0 {
		t.Fatalf("token file: %v, %v, %v", err, statErr, info)
	}
	_, address, _ := strings.Cut(out.String(), "VAULT_ADDR=")
	address, _, _ = strings.Cut(address, "\n")
	if _, err := (vaultOptions{address: address, tokenFile: file}).client(ctx); err != nil {
		t.Errorf("the Vault cannot be used: %v", err)
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("exit %d: %s", code, errs.String())
	}
	if strings.Contains(out.String()+errs.String(), string(token)) {
		t.Error("the root token was printed")
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the token file is still there: %v", err)
	}
	if _, err := http.Get(address + "/v1/sys/health"); err == nil {
		t.Error("the server is still there")
	}
}

func TestPrivateFileOverwritesNothing(t *testing.T) {
	p := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(p, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := privateFile(p, "canary"); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
	if text, _ := os.ReadFile(p); string(text) != "mine" {
		t.Error("the file was overwritten")
	}
}

func TestVaultThatCannotWork(t *testing.T) {
	for _, name := range []string{"VAULT_ADDR", "VAULT_TOKEN"} {
		t.Setenv(name, "")
	}
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("canary-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sealed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"initialized":true,"sealed":true}`)
	}))
	defer sealed.Close()
	for name, test := range map[string]struct {
		options vaultOptions
		want    string
		code    int
	}{
		"no address": {vaultOptions{tokenFile: token}, "agentsec dev vault", exitUsage},
		"no token":   {vaultOptions{address: sealed.URL}, "--vault-token-file", exitUsage},
		"no answer":  {vaultOptions{address: "http://127.0.0.1:1", tokenFile: token}, "agentsec dev vault", exitIncomplete},
		"sealed":     {vaultOptions{address: sealed.URL, tokenFile: token}, "Unseal", exitIncomplete},
		"nonsense":   {vaultOptions{address: "http://[", tokenFile: token}, "", exitUsage},
	} {
		_, err := test.options.client(t.Context())
		if err == nil || !strings.Contains(hint(err), test.want) || exitCode(err) != test.code {
			t.Errorf("%s: %v (%s), exit %d", name, err, hint(err), exitCode(err))
		}
		if err != nil && strings.Contains(err.Error()+hint(err), "canary-token") {
			t.Errorf("%s: the error tells the token", name)
		}
	}
}

func TestAskWantsTheWholeWord(t *testing.T) {
	for answer, want := range map[string]int{"yes\n": 0, "y\n": 3, "\n": 3, "": 3, "yes please\n": 3} {
		s := &session{streams: streams{in: strings.NewReader(answer), err: io.Discard}}
		if got := exitCode(s.ask(t.Context(), "Go on?")); got != want {
			t.Errorf("%q: %d, want %d", answer, got, want)
		}
	}
}

func TestWatchTellsThatTheServerIsGone(t *testing.T) {
	if err := watch(t.Context(), "http://127.0.0.1:1", time.Millisecond); err == nil {
		t.Error("no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := watch(ctx, "http://127.0.0.1:1", time.Millisecond); err != nil {
		t.Errorf("the end of the context is no error: %v", err)
	}
}
