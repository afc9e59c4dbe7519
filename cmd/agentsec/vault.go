package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/spf13/pflag"
)

// vaultOptions say which Vault is meant and with which token.
type vaultOptions struct {
	address, tokenFile string
}

func (o *vaultOptions) flags(flags *pflag.FlagSet) {
	flags.StringVar(&o.address, "vault-addr", "", "`URL` of Vault or OpenBao (default: VAULT_ADDR)")
	flags.StringVar(&o.tokenFile, "vault-token-file", "", "`FILE` with the operator's token (default: VAULT_TOKEN)")
}

const noVault = "Name a running server with --vault-addr URL or VAULT_ADDR, or start one for development: agentsec dev vault"

// client returns a client whose server answers and is unsealed. TLS and
// namespace settings come from Vault's usual VAULT_* variables.
func (o vaultOptions) client(ctx context.Context) (*api.Client, error) {
	client, err := o.anonymous()
	if err != nil {
		return nil, err
	}
	if o.tokenFile != "" {
		token, err := readSecret("the Vault token", o.tokenFile)
		if err != nil {
			return nil, err
		}
		client.SetToken(token.Reveal())
	}
	if client.Token() == "" {
		return nil, errorWithHint(usagef("no Vault token"), "Put it into a file that only you can read and name that with --vault-token-file FILE.")
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	health, err := client.Sys().HealthWithContext(ctx)
	switch {
	case err != nil:
		return nil, errorWithHint(fmt.Errorf("no Vault answers at %s", client.Address()), noVault)
	case !health.Initialized || health.Sealed:
		return nil, errorWithHint(fmt.Errorf("the Vault at %s is sealed or not initialised", client.Address()), "Unseal it (vault operator unseal) and try again.")
	}
	return client, nil
}

// anonymous is a client that need not have a token: agents log in with theirs.
func (o vaultOptions) anonymous() (*api.Client, error) {
	if o.address == "" && os.Getenv("VAULT_ADDR") == "" {
		return nil, errorWithHint(usagef("which Vault is not said"), noVault)
	}
	cfg := api.DefaultConfig() // reads VAULT_ADDR and its like
	if cfg.Error != nil {
		return nil, usagef("reading the VAULT_* variables: %w", cfg.Error)
	}
	if o.address != "" {
		cfg.Address = o.address
	}
	client, err := api.NewClient(cfg)
	if err != nil {
		return nil, usagef("addressing Vault: %w", err)
	}
	return client, nil
}
