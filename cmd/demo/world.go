package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/agentsec/agentsec/internal/localserver"
	"github.com/agentsec/agentsec/internal/secret"
)

// A world is one temporary folder and the servers of one run:
//
//	acme/      the platform's repository; every command runs in it
//	operator/  what the operator holds: credentials in files, 0600
//	home/ tmp/ of all commands
type world struct {
	dir      string
	platform string
	operator string

	vault    *localserver.Vault
	postgres *localserver.Postgres
	issuer   *issuer

	static secret.Value // URL of the one password, as this machine reaches the server
	admin  secret.Value // URL of the database's administrator
}

// newWorld makes the folders and starts the servers. It returns a world that
// must be stopped also with an error.
func newWorld(ctx context.Context, opts options) (w *world, err error) {
	w = &world{}
	if w.dir, err = os.MkdirTemp("", "agentsec-demo-"); err != nil { // 0700
		return w, err
	}
	w.platform = filepath.Join(w.dir, "acme")
	w.operator = filepath.Join(w.dir, "operator")
	for _, dir := range []string{w.operator, w.home(), w.temp()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return w, err
		}
	}
	if w.issuer, err = newIssuer(); err != nil {
		return w, err
	}
	bin := opts.vault
	if beside := filepath.Join(filepath.Dir(opts.agentsec), "agentsec-vault"); bin == "" {
		if _, err := os.Stat(beside); err == nil {
			bin = beside
		}
	}
	if bin, err = localserver.FindVault(bin); err != nil {
		return w, err
	}
	if w.vault, err = localserver.StartVault(ctx, bin, nil); err != nil {
		return w, err
	}
	w.postgres, err = localserver.StartPostgres(ctx)
	return w, err
}

// stop ends the servers and removes the folder.
func (w *world) stop() {
	if w.vault != nil {
		w.vault.Stop()
	}
	if w.postgres != nil {
		w.postgres.Stop()
	}
	if w.dir != "" {
		_ = os.RemoveAll(w.dir)
	}
}

func (w *world) home() string { return filepath.Join(w.dir, "home") }
func (w *world) temp() string { return filepath.Join(w.dir, "tmp") }

// environment is all that a command sees of it; no credential is ever in it.
func (w *world) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.home(), "TMPDIR=" + w.temp(), "LC_ALL=C.UTF-8",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "PYTHONDONTWRITEBYTECODE=1", "NO_COLOR=1",
	}
}

// hold writes a credential into the operator's folder and returns its path as
// commands spell it.
func (w *world) hold(name string, value secret.Value) (string, error) {
	if err := os.WriteFile(filepath.Join(w.operator, name), []byte(value.Reveal()+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("writing the operator's %s: %w", name, err)
	}
	return filepath.Join("..", "operator", name), nil
}

// vaultFlags tell a command which Vault, and where the operator's token is.
func (w *world) vaultFlags() []string {
	return []string{"--vault-addr", w.vault.Address, "--vault-token-file", filepath.Join("..", "operator", "vault-token")}
}

// copyPlatform copies the platform, but for the commit that comes later.
func (w *world) copyPlatform(from string) error {
	if err := os.CopyFS(w.platform, os.DirFS(from)); err != nil {
		return fmt.Errorf("copying the platform: %w", err)
	}
	return os.RemoveAll(filepath.Join(w.platform, "changes"))
}

// edit replaces the one place in a file of the platform that reads old.
func (w *world) edit(name, old, replacement string) error {
	path := filepath.Join(w.platform, filepath.FromSlash(name))
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if n := strings.Count(string(text), old); n != 1 {
		return fmt.Errorf("%s has %d places to edit, not 1", name, n)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(text), old, replacement, 1)), 0o644)
}

// dotenv reads one value of the platform's .env file.
func (w *world) dotenv(key string) (secret.Value, error) {
	text, err := os.ReadFile(filepath.Join(w.platform, ".env"))
	if err != nil {
		return secret.Value{}, err
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, key+"="); ok && value != "" {
			return secret.New(value), nil
		}
	}
	return secret.Value{}, fmt.Errorf(".env has no %s", key)
}

// password is the part of a database URL that must not be told.
func password(databaseURL secret.Value) (secret.Value, error) {
	u, err := url.Parse(strings.TrimSpace(databaseURL.Reveal()))
	if err != nil { // its text quotes the URL
		return secret.Value{}, fmt.Errorf("a database URL cannot be parsed")
	}
	text, ok := u.User.Password()
	if !ok {
		return secret.Value{}, fmt.Errorf("a database URL has no password")
	}
	return secret.New(text), nil
}
