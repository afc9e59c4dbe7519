package migrate

import (
	"context"
	"fmt"
	"strings"

	"github.com/agentsec/agentsec/planner"
)

// Rollback walks the journal backwards and takes back what it says that apply
// did, and nothing else: it needs no plan for that, since the plan may have
// changed meanwhile. What cannot be undone, or was changed by others since, is
// left and named.
func Rollback(ctx context.Context, env Env, plan *planner.Plan, opts Options) (*Result, error) {
	result := &Result{}
	r, err := newRun(env, plan)
	if err != nil {
		return result, err
	}
	defer r.close()
	if r.journal, err = openJournal(env.Dir); err != nil {
		return result, err
	}
	titles := map[string]string{}
	_ = eachStep(plan, Options{}, func(_ planner.Stage, step planner.Step) error {
		titles[step.ID] = step.Title
		return nil
	})
	standing := r.journal.standing()
	corrections := map[int][]Entry{} // by the Seq of what made the object, newest first
	for i, begin := range standing {
		if opts.Stage != 0 && opts.Stage != begin.Stage {
			continue
		}
		if maker := makerOf(begin, standing[i+1:]); maker != 0 {
			corrections[maker] = append(corrections[maker], begin)
			continue
		}
		title := titles[begin.Step]
		if title == "" {
			title = begin.Step
		}
		env.tell(Event{Step: begin.Step, Title: title})
		left, err := r.takeBack(ctx, begin, corrections[begin.Seq])
		if err != nil {
			err = r.scrub(fmt.Errorf("taking back step %s: %w", begin.Step, err))
			env.tell(Event{Step: begin.Step, Title: title, Result: Failed, Detail: err.Error()})
			return result, err
		}
		outcome := Undone
		if len(left) > 0 {
			outcome = Left
		}
		result.Steps = append(result.Steps, StepResult{
			Step: begin.Step, Title: title, Stage: begin.Stage, Outcome: outcome, Changes: begin.Changes, Blockers: left,
		})
		env.tell(Event{Step: begin.Step, Title: title, Result: outcome, Detail: strings.Join(left, "; ")})
	}
	return result, nil
}

// makerOf returns the Seq of the oldest entry by which apply made the Vault
// object that begin later corrected; 0 if there is none. Both are taken back at
// once: restoring what a correction replaced would make the object look changed
// by others.
func makerOf(begin Entry, older []Entry) int {
	if begin.Op == nil || begin.Op.VaultObject == nil && begin.Op.VaultPolicy == nil && begin.Op.Connection == nil {
		return 0
	}
	maker := 0
	for _, e := range older {
		if e.Step == begin.Step && len(e.Changes) > 0 && len(begin.Changes) > 0 &&
			e.Changes[0].Action == Create && e.Changes[0].Target == begin.Changes[0].Target {
			maker = e.Seq
		}
	}
	return maker
}

// takeBack undoes what begin announced, as the last of its corrections left it.
func (r *run) takeBack(ctx context.Context, begin Entry, corrections []Entry) (left []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if begin.Op == nil || len(begin.Changes) == 0 {
		return nil, fmt.Errorf("journal entry %d does not tell what was changed", begin.Seq)
	}
	last := begin.Op
	if len(corrections) > 0 {
		last = corrections[0].Op
	}
	op, _, err := operationOf(*last)
	if err != nil {
		return nil, err
	}
	entry := Entry{Plan: r.digest, Stage: begin.Stage, Step: begin.Step, Of: begin.Seq, Action: undoing}
	if _, err := r.journal.append(entry); err != nil {
		return nil, err
	}
	left, err = op.undo(ctx, r, begin)
	for i := range left {
		left[i] = r.scrubText(left[i])
	}
	if err != nil {
		return left, err
	}
	entry.Action = undone
	for _, e := range append(corrections, begin) {
		entry.Of = e.Seq
		if _, err = r.journal.append(entry); err != nil {
			return left, err
		}
	}
	return left, nil
}
