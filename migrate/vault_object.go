package migrate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/planner"
)

// objectOp writes a configuration endpoint. Only the fields that the plan names
// are compared and written; what else the object holds is left alone.
type objectOp struct{ *planner.VaultObject }

func (o objectOp) read(ctx context.Context, r *run) (map[string]any, error) {
	if err := checkVaultPath(o.Path); err != nil {
		return nil, err
	}
	if top, _, _ := strings.Cut(o.Path, "/"); isBuiltin(top, builtinMounts) {
		return nil, fmt.Errorf("%s is Vault's own", o.Path)
	}
	return readVault(ctx, r.env.Vault, o.Path)
}

func (o objectOp) hidden(field string) bool { return slices.Contains(o.Unreadable, field) }

func (o objectOp) diff(ctx context.Context, r *run) ([]delta, error) {
	live, err := o.read(ctx, r)
	if err != nil {
		return nil, err
	}
	var deltas []delta
	for _, field := range slices.Sorted(maps.Keys(o.Data)) {
		want := o.Data[field]
		switch {
		case o.hidden(field):
			if live == nil { // nobody can tell whether an existing one is another
				deltas = append(deltas, delta{Change: Change{Target: o.Path, Field: field, After: Hidden, Action: Create, Unreadable: true}})
			}
		case live == nil:
			deltas = append(deltas, delta{Change: Change{Target: o.Path, Field: field, After: show(want), Action: Create}})
		case !sameField(field, want, live[field]):
			deltas = append(deltas, delta{
				Change:  Change{Target: o.Path, Field: field, Before: show(live[field]), After: show(want), Action: Update},
				restore: orEmpty(live[field]),
			})
		}
	}
	return deltas, nil
}

// orEmpty is how a field that was unset is restored.
func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

func (o objectOp) write(ctx context.Context, r *run, _ Entry) error {
	return writeVault(ctx, r.env.Vault, o.Path, o.Data)
}

// undo deletes an object that apply made, or restores the fields that it
// changed. Either only as long as the object is as apply left it.
func (o objectOp) undo(ctx context.Context, r *run, begin Entry) (left []string, err error) {
	live, err := o.read(ctx, r)
	if err != nil || live == nil {
		return nil, err
	}
	restored := true
	for field, before := range begin.Restore {
		restored = restored && sameField(field, before, live[field])
	}
	if len(begin.Restore) > 0 && restored {
		return nil, nil
	}
	for _, change := range begin.Changes {
		if !change.Unreadable && !sameField(change.Field, o.Data[change.Field], live[change.Field]) {
			return []string{fmt.Sprintf("%s: %s was changed since; it stays as it is", o.Path, change.Field)}, nil
		}
	}
	made := begin.Changes[0].Action == Create
	switch {
	case made && o.Singleton && r.mountIsOurs(o.Path):
		return nil, nil // it goes with its mount
	case made && o.Singleton:
		return []string{"irreversible: " + o.Path + " had no configuration before and cannot be emptied"}, nil
	case made:
		if err := revokeIssued(ctx, r, o.Path); err != nil {
			return nil, err
		}
		return nil, deleteVault(ctx, r.env.Vault, o.Path)
	}
	for _, field := range o.Unreadable { // written with the others
		left = append(left, fmt.Sprintf("irreversible: %s: what %s held before is not known", o.Path, field))
	}
	left = append(left, unrestorable(begin)...)
	if len(begin.Restore) == 0 {
		return left, nil
	}
	// Some endpoints want all their fields in each write.
	data := maps.Clone(o.Data)
	maps.Copy(data, begin.Restore)
	return left, writeVault(ctx, r.env.Vault, o.Path, data)
}

// mountIsOurs reports whether the journal says that we mounted what path is in.
func (r *run) mountIsOurs(path string) bool {
	for _, e := range r.journal.standing() {
		for _, o := range []mountOp{{e.Op.VaultMount, false}, {e.Op.VaultAuth, true}} {
			if o.VaultMount != nil && e.Changes[0].Action == Create && strings.HasPrefix(path, o.target()+"/") {
				return true
			}
		}
	}
	return false
}

// revokeIssued ends the credentials of an engine's role before the role goes:
// without it Vault would no longer know how to revoke them.
func revokeIssued(ctx context.Context, r *run, path string) error {
	mount, role, isRole := strings.Cut(path, "/roles/")
	if !isRole || strings.HasPrefix(path, "auth/") {
		return nil
	}
	return writeVault(ctx, r.env.Vault, "sys/leases/revoke-prefix/"+mount+"/creds/"+role, map[string]any{"sync": true})
}
