package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/command/server"
	"github.com/hashicorp/vault/helper/namespace"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

// A devCore is an unsealed Vault that lives in memory and dies with the process.
type devCore struct {
	core      *vault.Core
	handler   http.Handler
	rootToken string
}

// newDevCore does what "vault server -dev" does: initialise with one key share,
// unseal with it, mount KV version 2 at secret/. The key share is dropped: there
// is nothing to unseal later.
func newDevCore(ctx context.Context, address string, logger hclog.Logger) (*devCore, error) {
	storage, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return nil, fmt.Errorf("making storage: %w", err)
	}
	listener := &configutil.Listener{Type: configutil.TCP, Address: address, TLSDisable: true}
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		StorageType:        "inmem",
		LogicalBackends:    secretsEngines(),
		CredentialBackends: authMethods(),
		AuditBackends:      auditDevices(),
		BuiltinRegistry:    registry{},
		RedirectAddr:       address,
		DisableMlock:       true, // needs a privilege that a development machine does not give
		EnableRaw:          false,
		Logger:             logger,
		LogLevel:           logger.GetLevel().String(),
		RawConfig: &server.Config{
			Storage:           &server.Storage{Type: "inmem"},
			DisableClustering: true,
			SharedConfig: &configutil.SharedConfig{
				DisableMlock: true,
				Listeners:    []*configutil.Listener{listener},
				ClusterName:  "agentsec-dev",
			},
		},
		ClusterName: "agentsec-dev",
	})
	if err != nil {
		return nil, fmt.Errorf("making Vault's core: %w", err)
	}
	dev := &devCore{core: core, handler: vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core, ListenerConfig: listener})}
	ctx = namespace.RootContext(ctx)
	if err := dev.unseal(ctx); err != nil {
		return nil, err
	}
	return dev, dev.mountKV(ctx)
}

func (d *devCore) unseal(ctx context.Context) error {
	one := &vault.SealConfig{SecretShares: 1, SecretThreshold: 1, StoredShares: 1}
	made, err := d.core.Initialize(ctx, &vault.InitParams{BarrierConfig: one})
	if err != nil {
		return fmt.Errorf("initialising Vault: %w", err)
	}
	unsealed, err := d.core.Unseal(made.SecretShares[0])
	if err != nil {
		return fmt.Errorf("unsealing Vault: %w", err)
	}
	if !unsealed {
		return errors.New("unsealing Vault: its own key did not unseal it")
	}
	d.rootToken = made.RootToken
	return nil
}

func (d *devCore) mountKV(ctx context.Context) error {
	response, err := d.core.HandleRequest(ctx, &logical.Request{
		Operation:   logical.UpdateOperation,
		ClientToken: d.rootToken,
		Path:        "sys/mounts/secret",
		Data: map[string]any{
			"type":        "kv",
			"description": "key/value secret storage",
			"options":     map[string]string{"version": "2"},
		},
	})
	if err == nil && response.IsError() {
		err = response.Error()
	}
	if err != nil {
		return fmt.Errorf("mounting KV at secret/: %w", err)
	}
	return nil
}
