package main

import (
	"maps"
	"slices"

	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
)

// registry tells Vault's plugin catalog which plugins are built in: those of
// plugins.go and no others. Vault's own registry would link every cloud's SDK.
type registry struct{}

// Get returns a function: a database plugin's makes an instance, that of every
// other kind returns the factory. The catalog knows which to expect.
func (r registry) Get(name string, kind consts.PluginType) (func() (any, error), bool) {
	get, ok := r.plugins(kind)[name]
	return get, ok
}

func (r registry) Contains(name string, kind consts.PluginType) bool {
	_, ok := r.plugins(kind)[name]
	return ok
}

func (r registry) Keys(kind consts.PluginType) []string {
	return slices.Sorted(maps.Keys(r.plugins(kind)))
}

func (r registry) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	if !r.Contains(name, kind) {
		return consts.Unknown, false
	}
	return consts.Supported, true
}

func (registry) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }

func (registry) plugins(kind consts.PluginType) map[string]func() (any, error) {
	switch kind {
	case consts.PluginTypeSecrets:
		return returning(secretsEngines())
	case consts.PluginTypeCredential:
		return returning(authMethods())
	case consts.PluginTypeDatabase:
		return databasePlugins()
	}
	return nil
}

func returning(factories map[string]logical.Factory) map[string]func() (any, error) {
	out := make(map[string]func() (any, error), len(factories))
	for name, factory := range factories {
		out[name] = func() (any, error) { return factory, nil }
	}
	return out
}
