package migrate

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/vault/api"

	"github.com/agentsec/agentsec/planner"
)

// mountOp mounts a secrets engine or an auth method. A mount of another type in
// its place is somebody else's: that is an error, never a replacement.
type mountOp struct {
	*planner.VaultMount
	auth bool
}

// A mounted engine or method, as far as it matters here.
type mounted struct{ kind, description string }

func (o mountOp) target() string {
	if o.auth {
		return "auth/" + o.Path
	}
	return o.Path
}

func (o mountOp) diff(ctx context.Context, r *run) ([]delta, error) {
	live, err := o.read(ctx, r.env.Vault)
	if err != nil {
		return nil, err
	}
	if live == nil {
		return []delta{
			{Change: Change{Target: o.target(), Field: "type", After: o.Type, Action: Create}},
			{Change: Change{Target: o.target(), Field: "description", After: o.Description, Action: Create}},
		}, nil
	}
	if live.kind != o.Type {
		return nil, fmt.Errorf("%s is a mount of type %q already; the plan wants %q there, and agentsec replaces no mount", o.target(), live.kind, o.Type)
	}
	if live.description == o.Description {
		return nil, nil
	}
	return []delta{{
		Change:  Change{Target: o.target(), Field: "description", Before: live.description, After: o.Description, Action: Update},
		restore: live.description,
	}}, nil
}

func (o mountOp) read(ctx context.Context, client *api.Client) (*mounted, error) {
	if err := checkVaultPath(o.Path); err != nil {
		return nil, err
	}
	if top, _, _ := strings.Cut(o.Path, "/"); isBuiltin(top, builtinMounts) {
		return nil, fmt.Errorf("%s is Vault's own", o.target())
	}
	if o.auth {
		methods, err := client.Sys().ListAuthWithContext(ctx)
		if err != nil {
			return nil, vaultError("listing auth methods", err)
		}
		if m := methods[o.Path+"/"]; m != nil {
			return &mounted{m.Type, m.Description}, nil
		}
		return nil, nil
	}
	engines, err := client.Sys().ListMountsWithContext(ctx)
	if err != nil {
		return nil, vaultError("listing mounts", err)
	}
	if m := engines[o.Path+"/"]; m != nil {
		return &mounted{m.Type, m.Description}, nil
	}
	return nil, nil
}

func (o mountOp) write(ctx context.Context, r *run, _ Entry) error {
	live, err := o.read(ctx, r.env.Vault)
	if err != nil {
		return err
	}
	if live != nil {
		return o.describe(ctx, r.env.Vault, o.Description)
	}
	sys := r.env.Vault.Sys()
	if o.auth {
		err = sys.EnableAuthWithOptionsWithContext(ctx, o.Path, &api.EnableAuthOptions{Type: o.Type, Description: o.Description})
	} else {
		err = sys.MountWithContext(ctx, o.Path, &api.MountInput{Type: o.Type, Description: o.Description})
	}
	if err != nil {
		return vaultError("mounting "+o.target(), err)
	}
	return nil
}

func (o mountOp) describe(ctx context.Context, client *api.Client, text string) error {
	return writeVault(ctx, client, "sys/mounts/"+o.target()+"/tune", map[string]any{"description": text})
}

// undo unmounts what apply mounted, if nothing that rollback left, or that
// somebody else put there, is in it: unmounting would take that along.
func (o mountOp) undo(ctx context.Context, r *run, begin Entry) (left []string, err error) {
	live, err := o.read(ctx, r.env.Vault)
	if err != nil || live == nil || live.kind != o.Type {
		return nil, err
	}
	if begin.Changes[0].Action != Create {
		if live.description != o.Description {
			return []string{o.target() + ": its description was changed since"}, nil
		}
		before, _ := begin.Restore["description"].(string)
		return nil, o.describe(ctx, r.env.Vault, before)
	}
	inside, err := o.contents(ctx, r.env.Vault)
	if err != nil {
		return nil, err
	}
	if len(inside) > 0 {
		return []string{o.target() + " stays mounted, since it holds what agentsec did not put there: " + strings.Join(inside, ", ")}, nil
	}
	if o.auth {
		err = r.env.Vault.Sys().DisableAuthWithContext(ctx, o.Path)
	} else {
		err = r.env.Vault.Sys().UnmountWithContext(ctx, o.Path)
	}
	if err != nil {
		return nil, vaultError("unmounting "+o.target(), err)
	}
	return nil, nil
}

// listings says under which names a type keeps its objects. A type that is not
// here is not looked into, and so never unmounted.
var listings = map[string][]string{
	"database":   {"config", "roles", "static-roles"},
	"jwt":        {"role"},
	"oidc":       {"role"},
	"kubernetes": {"role"},
	"cert":       {"certs"},
	"pki":        {"roles", "issuers", "certs"},
	"transit":    {"keys"},
}

func (o mountOp) contents(ctx context.Context, client *api.Client) ([]string, error) {
	places, known := listings[o.Type]
	if !known {
		return []string{"(contents of type " + o.Type + " are not known)"}, nil
	}
	var inside []string
	for _, place := range places {
		names, err := listVault(ctx, client, o.target()+"/"+place)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			inside = append(inside, place+"/"+name)
		}
	}
	return inside, nil
}
