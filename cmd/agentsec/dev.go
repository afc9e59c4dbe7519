package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/internal/localserver"
	"github.com/agentsec/agentsec/report"
)

func devCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "dev",
		Short: "Servers and agents on this machine, for development",
		Example: `  agentsec dev vault
  agentsec dev run --plan migration/plan.yaml --identity aurora/researcher=id.jwt -- python3 -m researcher.agent`,
	}
	s.group(c)
	c.AddCommand(devVaultCommand(s), devRunCommand(s))
	return c
}

type devVaultOptions struct {
	bin, tokenFile string
	verbose        bool
}

func devVaultCommand(s *session) *cobra.Command {
	var o devVaultOptions
	c := &cobra.Command{
		Use:   "vault",
		Short: "Run a real Vault in memory until Ctrl-C",
		Long: `Vault runs a real Vault (agentsec-vault, vault or bao) on loopback, initialised and
unsealed, in memory: all that it holds is lost when it stops. Its root token goes to
a file that only you can read, never to the terminal.`,
		Example: `  agentsec dev vault
  agentsec dev vault --vault-bin ./bin/agentsec-vault --token-file token`,
		Args: cobra.NoArgs,
	}
	c.Flags().StringVar(&o.bin, "vault-bin", "", "the server's `BINARY` (default: agentsec-vault beside this program, else agentsec-vault, vault or bao on the PATH)")
	c.Flags().StringVar(&o.tokenFile, "token-file", "", "write the root token to this new `FILE` (default: one in a private folder); it is removed at the end")
	c.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "show the server's log, without its credentials")
	return s.leaf(c, func(ctx context.Context, _ []string) error {
		if err := settle(c.Flags(), nil); err != nil {
			return err
		}
		return s.devVault(ctx, o)
	})
}

func (s *session) devVault(ctx context.Context, o devVaultOptions) error {
	bin, err := localserver.FindVault(o.bin)
	if err != nil {
		return err
	}
	var log io.Writer
	if o.verbose {
		log = s.err
	}
	vault, err := localserver.StartVault(ctx, bin, log)
	if err != nil {
		return err
	}
	defer vault.Stop()
	path, remove, err := privateFile(o.tokenFile, vault.Token.Reveal())
	if err != nil {
		return err
	}
	defer remove()
	fmt.Fprintf(s.out, `Vault runs in memory at %s
Its root token is in %s

  export VAULT_ADDR=%s
  export AGENTSEC_VAULT_TOKEN_FILE=%s

Ctrl-C ends it.
`, vault.Address, report.Visible(path), vault.Address, report.Visible(path))
	return watch(ctx, vault.Address, 2*time.Second)
}

// privateFile writes content to a new file of mode 0600: path, or one in a folder
// of its own. remove takes away what it made.
func privateFile(path, content string) (_ string, remove func(), err error) {
	remove = func() { _ = os.Remove(path) }
	if path == "" {
		dir, err := os.MkdirTemp(os.Getenv("XDG_RUNTIME_DIR"), "agentsec-dev-")
		if err != nil {
			return "", nil, fmt.Errorf("making a private folder: %w", err)
		}
		path = filepath.Join(dir, "root-token")
		remove = func() { _ = os.RemoveAll(dir) }
	} else if path, err = filepath.Abs(path); err != nil {
		return "", nil, err
	}
	// Excl: neither an existing file nor a link that waits there is written to.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", nil, errorWithHint(usagef("writing the token to %s: %w", path, cause(err)), "Name a file that does not exist yet with --token-file FILE.")
	}
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Close()); err != nil {
		remove()
		return "", nil, fmt.Errorf("writing the token to %s: %w", path, cause(err))
	}
	return path, remove, nil
}

// watch returns when the context ends, which is how this command is meant to
// end, or with an error when the server is gone.
func watch(ctx context.Context, address string, every time.Duration) error {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 2 * time.Second} // no proxy: it is our own
	tick := time.NewTicker(every)
	defer tick.Stop()
	for failures := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		resp, err := client.Get(address + "/v1/sys/health")
		if err == nil {
			_ = resp.Body.Close()
			failures = 0
		} else if failures++; failures == 3 {
			return errors.New("the server does not answer any more")
		}
	}
}
