package migrate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hashicorp/vault/api"
)

// Paths that Vault itself lives in; nothing of ours is ever there.
var builtinMounts = []string{"sys", "identity", "cubbyhole", "agent-registry", "token"}

var builtinPolicies = []string{"root", "default", "default-ceiling"}

// checkVaultPath refuses a path that is not plainly one place.
func checkVaultPath(path string) error {
	if path == "" || strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || strings.ContainsAny(path, "?#%\\\n") {
		return fmt.Errorf("%q is not a path in Vault", path)
	}
	for _, part := range strings.Split(path, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("%q is not a path in Vault", path)
		}
	}
	return nil
}

// readVault returns nil if there is nothing at the path.
func readVault(ctx context.Context, client *api.Client, path string) (map[string]any, error) {
	secret, err := client.Logical().ReadWithContext(ctx, path)
	if vaultStatus(err) == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, vaultError("reading "+path, err)
	}
	if secret == nil {
		return nil, nil
	}
	return secret.Data, nil
}

func writeVault(ctx context.Context, client *api.Client, path string, data map[string]any) error {
	_, err := client.Logical().WriteWithContext(ctx, path, data)
	if err != nil {
		return vaultError("writing "+path, err)
	}
	return nil
}

func deleteVault(ctx context.Context, client *api.Client, path string) error {
	_, err := client.Logical().DeleteWithContext(ctx, path)
	if err != nil && vaultStatus(err) != http.StatusNotFound {
		return vaultError("deleting "+path, err)
	}
	return nil
}

// listVault returns the names below a path.
func listVault(ctx context.Context, client *api.Client, path string) ([]string, error) {
	secret, err := client.Logical().ListWithContext(ctx, path)
	if vaultStatus(err) == http.StatusNotFound || err == nil && secret == nil {
		return nil, nil
	}
	if err != nil {
		return nil, vaultError("listing "+path, err)
	}
	keys, _ := secret.Data["keys"].([]any)
	var names []string
	for _, key := range keys {
		if name, ok := key.(string); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// vaultStatus is the HTTP status of Vault's answer, 0 if there was none.
func vaultStatus(err error) int {
	var response *api.ResponseError
	if errors.As(err, &response) {
		return response.StatusCode
	}
	return 0
}

// vaultError shortens Vault's answer to one line.
func vaultError(doing string, err error) error {
	var response *api.ResponseError
	if !errors.As(err, &response) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, &answer{response})
}

// An answer is Vault's refusal without the request's URL and headings.
type answer struct{ *api.ResponseError }

func (a *answer) Error() string {
	said := strings.Join(a.Errors, "; ")
	said = strings.Join(strings.Fields(said), " ")
	if said == "" {
		said = http.StatusText(a.StatusCode)
	}
	return fmt.Sprintf("Vault answered %d: %s", a.StatusCode, said)
}

func (a *answer) Unwrap() error { return a.ResponseError }

func isBuiltin(name string, builtin []string) bool { return slices.Contains(builtin, name) }
