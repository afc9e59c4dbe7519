package main

import (
	jwt "github.com/hashicorp/vault-plugin-auth-jwt"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/audit"
	"github.com/hashicorp/vault/builtin/credential/approle"
	"github.com/hashicorp/vault/builtin/credential/cert"
	"github.com/hashicorp/vault/builtin/logical/database"
	"github.com/hashicorp/vault/builtin/logical/pki"
	"github.com/hashicorp/vault/builtin/logical/transit"
	"github.com/hashicorp/vault/plugins/database/postgresql"
	"github.com/hashicorp/vault/sdk/logical"
)

// What this Vault can do, in four lists. Tokens, identity, policies and
// cubbyholes belong to the core itself.

func secretsEngines() map[string]logical.Factory {
	return map[string]logical.Factory{
		"database": database.Factory,
		"kv":       kv.Factory,
		"pki":      pki.Factory,
		"transit":  transit.Factory,
	}
}

func authMethods() map[string]logical.Factory {
	return map[string]logical.Factory{
		"approle":    approle.Factory,
		"cert":       cert.Factory,
		"jwt":        jwt.Factory,
		"kubernetes": kubernetes.Factory,
	}
}

// databasePlugins maps a plugin to the function that makes one instance of it.
func databasePlugins() map[string]func() (any, error) {
	return map[string]func() (any, error){
		"postgresql-database-plugin": postgresql.New,
	}
}

func auditDevices() map[string]audit.Factory {
	return map[string]audit.Factory{"file": audit.NewFileBackend}
}
