package planner

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"
)

// inCluster is the API server as a pod reaches it.
const inCluster = "https://kubernetes.default.svc"

// withDefaults fills and checks the auth settings.
func (a Auth) withDefaults() (Auth, error) {
	a.Method = or(a.Method, "kubernetes")
	if a.Method != "kubernetes" && a.Method != "jwt" {
		return a, fmt.Errorf("reading settings: auth.method %q: want jwt or kubernetes", clip(a.Method))
	}
	a.Mount = or(a.Mount, "agents-"+a.Method)
	if !mountName.MatchString(a.Mount) {
		return a, fmt.Errorf("reading settings: auth.mount %q: want lower-case letters, digits and hyphens", clip(a.Mount))
	}
	a.Audience = or(a.Audience, "vault")
	if !plainWord(a.Audience) {
		return a, fmt.Errorf("reading settings: auth.audience holds spaces or quotes")
	}
	a.KubernetesHost = or(a.KubernetesHost, inCluster)
	for _, set := range []struct{ key, address string }{
		{"issuer", a.Issuer}, {"jwksUrl", a.JWKSURL}, {"kubernetesHost", a.KubernetesHost},
	} {
		u, err := url.Parse(set.address)
		if set.address != "" && (err != nil || !plainWord(set.address) || u.User != nil) {
			return a, fmt.Errorf("reading settings: auth.%s is not a plain address", set.key)
		}
	}
	return a, nil
}

// plainWord keeps quotes, spaces and templates out of manifests and annotations.
func plainWord(s string) bool {
	return len(s) <= 500 && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("\"'`\\{}<>", r)
	})
}

// authConfig configures the auth method. What is missing comes back as blockers.
func authConfig(a Auth, tree fs.FS) (*VaultObject, []blocker, error) {
	object := &VaultObject{Path: "auth/" + a.Mount + "/config", Singleton: true, Data: map[string]any{}}
	if a.Method == "kubernetes" {
		object.Data["kubernetes_host"] = a.KubernetesHost
		// Inside the cluster Vault asks with its own pod's token and CA; elsewhere
		// it has none, and asks with the token that it is shown.
		object.Data["disable_local_ca_jwt"] = a.KubernetesHost != inCluster
		return object, nil, nil
	}
	var blockers []blocker
	if a.Issuer == "" {
		blockers = append(blockers, input("auth.issuer: say which issuer signs the agents' tokens"))
	}
	object.Data["bound_issuer"] = a.Issuer
	switch {
	case a.PublicKeysFile == "" && a.JWKSURL == "":
		blockers = append(blockers, input("auth.publicKeysFile or auth.jwksUrl: say where the issuer's public keys are"))
	case a.PublicKeysFile == "":
		object.Data["jwks_url"] = a.JWKSURL
	default:
		keys, err := publicKeys(tree, a.PublicKeysFile)
		if errors.Is(err, fs.ErrNotExist) {
			blockers = append(blockers, input("auth.publicKeysFile: there is no "+clip(a.PublicKeysFile)+" in the source"))
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("reading settings: auth.publicKeysFile: %w", err)
		}
		object.Data["jwt_validation_pubkeys"] = keys
	}
	return object, blockers, nil
}

// publicKeys reads PEM blocks, each without the newline at its end: Vault keeps
// keys as they are given, and a newline more would differ for ever.
func publicKeys(tree fs.FS, name string) ([]string, error) {
	b, err := readFile(tree, path.Clean(name), 1<<20)
	if err != nil {
		return nil, err
	}
	var keys []string
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		// The plan is committed and reviewed: a private key must not get into it.
		if block.Type != "PUBLIC KEY" {
			return nil, fmt.Errorf("%s: block %d is not a PUBLIC KEY", name, len(keys)+1)
		}
		if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
			return nil, fmt.Errorf("%s: block %d cannot be parsed", name, len(keys)+1)
		}
		clean := &pem.Block{Type: block.Type, Bytes: block.Bytes}
		keys = append(keys, strings.TrimSpace(string(pem.EncodeToMemory(clean))))
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s holds no PEM block", name)
	}
	return keys, nil
}

// authRole binds one subject to one policy. The token is as short as the
// credential and renewable up to its maximum, so what a dead agent leaves behind
// ends by itself.
func authRole(a Auth, db target, id Identity) *VaultObject {
	data := map[string]any{
		"token_policies":          []string{id.Policy},
		"token_no_default_policy": true,
		"token_ttl":               int(db.ttl.Seconds()),
		"token_max_ttl":           int(db.max.Seconds()),
	}
	if a.Method == "kubernetes" {
		_, rest, _ := strings.Cut(id.Subject, "system:serviceaccount:")
		namespace, account, _ := strings.Cut(rest, ":")
		data["bound_service_account_names"] = []string{account}
		data["bound_service_account_namespaces"] = []string{namespace}
		data["audience"] = a.Audience
		// namespace/name, with the tenant in the name: an alias that two tenants
		// shared would re-point tokens already issued.
		data["alias_name_source"] = "serviceaccount_name"
	} else {
		data["role_type"] = "jwt" // the default is oidc
		data["user_claim"] = "sub"
		data["bound_subject"] = id.Subject
		data["bound_audiences"] = []string{a.Audience}
	}
	return &VaultObject{Path: "auth/" + a.Mount + "/role/" + id.AuthRole, Data: data}
}
