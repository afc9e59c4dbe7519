package localserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/agentsec/agentsec/internal/secret"
)

// FindVault returns a Vault or OpenBao binary: the one named explicitly, or
// agentsec-vault beside this program, or agentsec-vault, vault or bao on the PATH.
func FindVault(explicit string) (string, error) {
	if explicit != "" {
		path, err := exec.LookPath(explicit)
		if err != nil {
			return "", fmt.Errorf("Vault binary %q of --vault-bin %w: %w", explicit, ErrNotFound, err)
		}
		return filepath.Abs(path)
	}
	candidates := append(besideProgram("agentsec-vault"), "agentsec-vault", "vault", "bao")
	for _, name := range candidates {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", fmt.Errorf("Vault server %w: install one with \"go install github.com/agentsec/agentsec/cmd/agentsec-vault@latest\", name a vault or bao binary with --vault-bin, or use a running server through VAULT_ADDR", ErrNotFound)
}

// besideProgram lists where name would lie next to this program, as it was
// called and where links lead.
func besideProgram(name string) []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	paths := []string{filepath.Join(filepath.Dir(self), name)}
	if real, err := filepath.EvalSymlinks(self); err == nil && real != self {
		paths = append(paths, filepath.Join(filepath.Dir(real), name))
	}
	return paths
}

// A Vault is a running development server. All it holds is lost when it stops.
type Vault struct {
	Address string       // http://127.0.0.1:PORT
	Token   secret.Value // the root token, made by the server for this run

	proc  *process
	stdin io.Closer
	home  string
}

// StartVault runs bin (see FindVault) as a development server and returns when it
// is initialised, unsealed and answering. Its output goes to log, which may be
// nil, without the lines that tell the token or the unseal key.
func StartVault(ctx context.Context, bin string, log io.Writer) (*Vault, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var v *Vault
	err := withFreePort(func(port int) (err error) {
		v, err = startVault(ctx, bin, fmt.Sprintf("127.0.0.1:%d", port), log)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("starting Vault: %w", err)
	}
	return v, nil
}

func startVault(ctx context.Context, bin, listen string, log io.Writer) (_ *Vault, err error) {
	home, err := os.MkdirTemp("", "agentsec-vault-")
	if err != nil {
		return nil, err
	}
	v := &Vault{Address: "http://" + listen, home: home}
	defer func() {
		if err != nil {
			v.Stop()
		}
	}()

	cmd := exec.Command(bin, "server", "-dev", "-dev-no-store-token", "-dev-listen-address="+listen)
	cmd.Env = minimalEnv(home)
	cmd.Dir = home
	out := newVaultOutput(log)
	cmd.Stdout = &lineWriter{line: out.line}
	cmd.Stderr = &lineWriter{line: out.line}
	// agentsec-vault ends when this pipe does, whatever becomes of us.
	if v.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	proc, err := startProcess(cmd, syscall.SIGKILL) // in memory: nothing to save
	if err != nil {
		return nil, err
	}
	v.proc = proc
	// The token comes after the server has its port: from here on, who answers at
	// the address is our child and nobody else's.
	if err := proc.await(ctx, out.ready, out.tail); err != nil {
		return nil, err
	}
	v.Token = out.token
	return v, v.awaitHealth(ctx, out.tail)
}

// Stop ends the server and returns when it is gone. It may be called repeatedly.
func (v *Vault) Stop() {
	if v.stdin != nil {
		_ = v.stdin.Close()
	}
	if v.proc != nil {
		v.proc.stop(syscall.SIGTERM, 5*time.Second)
	}
	_ = os.RemoveAll(v.home)
}

// awaitHealth waits for the answer 200: initialised, unsealed, active.
func (v *Vault) awaitHealth(ctx context.Context, out *tail) error {
	transport := &http.Transport{} // no proxy: the address is our own
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.Address+"/v1/sys/health", nil)
		if err != nil {
			return err
		}
		last := errors.New("no answer")
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			last = fmt.Errorf("its health is %s", resp.Status)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-v.proc.done:
			return v.proc.failed("ended before it was healthy", v.proc.err, out)
		case <-ctx.Done():
			return v.proc.failed("was not healthy in time", last, out)
		}
	}
}

// vaultOutput reads the root token from a development server's output and keeps
// it from all who read along. The real vault colours its lines and prints the
// token on either stream, so both are read alike.
type vaultOutput struct {
	tail  *tail
	ready chan struct{} // closed when token is set

	mu    sync.Mutex
	token secret.Value
}

func newVaultOutput(log io.Writer) *vaultOutput {
	return &vaultOutput{tail: &tail{log: log}, ready: make(chan struct{})}
}

var (
	ansiColour = regexp.MustCompile("\x1b\\[[0-9;]*m")
	rootToken  = regexp.MustCompile(`Root Token:\s*(\S+)`)
)

func (o *vaultOutput) line(line string) {
	line = ansiColour.ReplaceAllString(line, "")
	if o.take(line) {
		return
	}
	o.tail.add(line)
}

// take reports whether the line tells a credential.
func (o *vaultOutput) take(line string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m := rootToken.FindStringSubmatch(line); m != nil && o.token.IsZero() {
		o.token = secret.New(m[1])
		close(o.ready)
	}
	for _, mark := range []string{"Root Token", "Unseal Key", "Recovery Key"} {
		if strings.Contains(line, mark) {
			return true
		}
	}
	return !o.token.IsZero() && strings.Contains(line, o.token.Reveal())
}
