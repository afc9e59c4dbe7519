package migrate

import (
	"context"
	"fmt"
	"strings"

	"github.com/agentsec/agentsec/planner"
)

// policyOp writes an ACL policy. A policy grants: an unexpected one under the
// plan's name is overwritten, and the journal keeps its text.
type policyOp struct{ *planner.VaultPolicy }

func (o policyOp) target() string { return "sys/policies/acl/" + o.Name }

func (o policyOp) read(ctx context.Context, r *run) (string, error) {
	if isBuiltin(o.Name, builtinPolicies) || checkVaultPath(o.Name) != nil || strings.Contains(o.Name, "/") {
		return "", fmt.Errorf("policy %q is not one that agentsec may write", o.Name)
	}
	text, err := r.env.Vault.Sys().GetPolicyWithContext(ctx, o.Name)
	if err != nil {
		return "", vaultError("reading policy "+o.Name, err)
	}
	return text, nil
}

func (o policyOp) diff(ctx context.Context, r *run) ([]delta, error) {
	live, err := o.read(ctx, r)
	if err != nil || sameText(live, o.HCL) {
		return nil, err
	}
	d := delta{Change: Change{Target: o.target(), Field: "policy", Before: live, After: o.HCL, Action: Update}, restore: live}
	if live == "" {
		d.Action, d.restore = Create, nil
	}
	return []delta{d}, nil
}

func (o policyOp) write(ctx context.Context, r *run, _ Entry) error {
	if err := r.env.Vault.Sys().PutPolicyWithContext(ctx, o.Name, o.HCL); err != nil {
		return vaultError("writing policy "+o.Name, err)
	}
	return nil
}

func (o policyOp) undo(ctx context.Context, r *run, begin Entry) (left []string, err error) {
	live, err := o.read(ctx, r)
	if err != nil || live == "" {
		return nil, err
	}
	before, had := begin.Restore["policy"].(string)
	switch {
	case had && sameText(live, before):
		return nil, nil
	case !sameText(live, o.HCL):
		return []string{"policy " + o.Name + " was changed since and stays as it is"}, nil
	case had:
		err = r.env.Vault.Sys().PutPolicyWithContext(ctx, o.Name, before)
	default:
		err = r.env.Vault.Sys().DeletePolicyWithContext(ctx, o.Name)
	}
	if err != nil {
		return nil, vaultError("taking back policy "+o.Name, err)
	}
	return nil, nil
}

func sameText(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }
