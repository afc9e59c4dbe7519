// Package servertest gives tests the real servers, under one rule: on a laptop
// a test without its server is skipped, in CI it fails.
package servertest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/agentsec/agentsec/internal/localserver"
)

// Vault starts a development Vault for t: the binary that AGENTSEC_VAULT_BIN
// names, the one that `make vault` builds, or one from the PATH.
func Vault(t testing.TB) *localserver.Vault {
	t.Helper()
	v, err := localserver.StartVault(t.Context(), VaultBinary(t), nil)
	if err != nil {
		t.Fatalf("starting Vault: %v", err)
	}
	t.Cleanup(v.Stop)
	return v
}

// VaultBinary is the binary that Vault starts.
func VaultBinary(t testing.TB) string {
	t.Helper()
	bin := os.Getenv("AGENTSEC_VAULT_BIN")
	if bin == "" {
		_, here, _, _ := runtime.Caller(0)
		built := filepath.Join(filepath.Dir(here), "..", "..", "..", "bin", "agentsec-vault")
		if info, err := os.Stat(built); err == nil && info.Mode().IsRegular() {
			bin = built
		}
	}
	bin, err := localserver.FindVault(bin)
	if err != nil {
		Missing(t, err)
	}
	return bin
}

// Postgres starts a private Postgres for t.
func Postgres(t testing.TB) *localserver.Postgres {
	t.Helper()
	if _, err := localserver.FindPostgres(); err != nil {
		Missing(t, err)
	}
	p, err := localserver.StartPostgres(t.Context())
	if err != nil {
		t.Fatalf("starting Postgres: %v", err)
	}
	t.Cleanup(p.Stop)
	return p
}

// Missing ends t because of what this machine lacks.
func Missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI must have it: %v", err)
	}
	t.Skip(err)
}
