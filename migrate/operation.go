package migrate

import (
	"context"
	"errors"
	"fmt"

	"github.com/agentsec/agentsec/planner"
)

// An operation is one kind of planner.Op.
type operation interface {
	// diff reads live state and returns what differs from the plan; it writes
	// nothing. No difference means that the step holds.
	diff(ctx context.Context, r *run) ([]delta, error)
	// write makes the differences go. It may be called again after any
	// interruption.
	write(ctx context.Context, r *run, begin Entry) error
	// undo takes back what the begin entry announced, and nothing else. What it
	// had to leave is told in words. It too may be called again.
	undo(ctx context.Context, r *run, begin Entry) (left []string, err error)
}

// A delta is a Change with what undo needs to restore the field.
type delta struct {
	Change
	restore any // nil: there was nothing, or it cannot be read
}

// operations lists every kind of operation.
var operations = []struct {
	name  string
	files bool // changes Env.Source
	of    func(planner.Op) operation
}{
	{"sql", false, func(op planner.Op) operation {
		return orNil(op.SQL, func(o *planner.SQL) operation { return sqlOp{o} })
	}},
	{"vaultMount", false, func(op planner.Op) operation {
		return orNil(op.VaultMount, func(o *planner.VaultMount) operation { return mountOp{o, false} })
	}},
	{"vaultAuth", false, func(op planner.Op) operation {
		return orNil(op.VaultAuth, func(o *planner.VaultMount) operation { return mountOp{o, true} })
	}},
	{"vaultPolicy", false, func(op planner.Op) operation {
		return orNil(op.VaultPolicy, func(o *planner.VaultPolicy) operation { return policyOp{o} })
	}},
	{"vaultObject", false, func(op planner.Op) operation {
		return orNil(op.VaultObject, func(o *planner.VaultObject) operation { return objectOp{o} })
	}},
	{"databaseConnection", false, func(op planner.Op) operation {
		return orNil(op.Connection, func(o *planner.Connection) operation { return connectionOp{o} })
	}},
	{"patch", true, func(op planner.Op) operation {
		return orNil(op.Patch, func(o *planner.Patch) operation { return patchOp{o} })
	}},
	{"removeLiteral", true, func(op planner.Op) operation {
		return orNil(op.RemoveLiteral, func(o *planner.RemoveLiteral) operation { return removeOp{o} })
	}},
}

func orNil[T any](field *T, wrap func(*T) operation) operation {
	if field == nil {
		return nil
	}
	return wrap(field)
}

// operationOf returns the one operation that op holds.
func operationOf(op planner.Op) (found operation, files bool, err error) {
	for _, kind := range operations {
		if o := kind.of(op); o != nil {
			if found != nil {
				return nil, false, errors.New("the step has more than one operation")
			}
			found, files = o, kind.files
		}
	}
	if found == nil {
		return nil, false, errors.New("the step has no operation that this agentsec knows")
	}
	return found, files, nil
}

// splitDeltas separates what the journal keeps. A value with a password in it
// is not kept: its field can then not be restored.
func splitDeltas(step string, deltas []delta) (changes []Change, restore map[string]any) {
	for _, d := range deltas {
		d.Step = step
		changes = append(changes, d.Change)
		if d.restore != nil && show(d.restore) == showRaw(d.restore) {
			if restore == nil {
				restore = map[string]any{}
			}
			restore[d.Field] = d.restore
		}
	}
	return changes, restore
}

// unrestorable lists the fields that were changed and whose former value is not
// known.
func unrestorable(begin Entry) (left []string) {
	for _, c := range begin.Changes {
		if _, known := begin.Restore[c.Field]; c.Action == Update && !known {
			left = append(left, fmt.Sprintf("irreversible: %s: what %s held before is not known", c.Target, c.Field))
		}
	}
	return left
}

// differences are the deltas in words, for the error of a read-back. They name
// fields only: a field may be one that must not be shown.
func differences(deltas []delta) error {
	if len(deltas) == 0 {
		return nil
	}
	var errs []error
	for _, d := range deltas {
		errs = append(errs, fmt.Errorf("%s: %s is not what was written", d.Target, d.Field))
	}
	return errors.Join(errs...)
}
