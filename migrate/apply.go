package migrate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/agentsec/agentsec/planner"
)

// Apply carries out the plan's steps in order and stops at the first that fails.
// What holds already is left alone, so that a rerun writes nothing, and a run
// after an interruption goes on where the other one ended.
//
// A step that cannot run yet is Pending, with the reasons: its status is not
// ready, or its gate is closed.
func Apply(ctx context.Context, env Env, plan *planner.Plan, opts Options) (*Result, error) {
	result := &Result{}
	r, err := newRun(env, plan)
	if err != nil {
		return result, err
	}
	defer r.close()
	if r.journal, err = openJournal(env.Dir); err != nil {
		return result, err
	}
	var waiting []string // earlier steps that are not ready, in any stage, or were not run
	err = eachStep(plan, Options{}, func(stage planner.Stage, step planner.Step) error {
		if step.Status != planner.Ready {
			defer func() { waiting = append(waiting, step.ID) }()
		}
		if opts.Stage != 0 && opts.Stage != stage.Number {
			return nil
		}
		env.tell(Event{Step: step.ID, Title: step.Title})
		res, err := r.applyStep(ctx, stage, step, waiting)
		if err != nil {
			err = r.scrub(fmt.Errorf("step %s: %w", step.ID, err))
			env.tell(Event{Step: step.ID, Title: step.Title, Result: Failed, Detail: err.Error()})
			return err
		}
		if res.Outcome == Skipped {
			waiting = append(waiting, step.ID)
		}
		result.Steps = append(result.Steps, res)
		env.tell(Event{Step: step.ID, Title: step.Title, Result: res.Outcome, Detail: strings.Join(res.Blockers, "; ")})
		return nil
	})
	return result, err
}

func (r *run) applyStep(ctx context.Context, stage planner.Stage, step planner.Step, waiting []string) (StepResult, error) {
	res := StepResult{Step: step.ID, Title: step.Title, Stage: stage.Number}
	if err := ctx.Err(); err != nil {
		return res, err
	}
	if step.Status != planner.Ready {
		res.Outcome, res.Blockers = Pending, step.Blockers
		if len(res.Blockers) == 0 {
			res.Blockers = []string{"its status is " + string(step.Status)}
		}
		return res, nil
	}
	op, files, err := operationOf(step.Op)
	if err != nil {
		return res, err
	}
	if files && r.tree == nil {
		res.Outcome, res.Blockers = Skipped, []string{"it changes files, and no source tree was given"}
		return res, nil
	}
	deltas, err := op.diff(ctx, r)
	if err != nil {
		return res, err
	}
	_, open := r.journal.isOpen(step.ID)
	if len(deltas) == 0 && !open {
		res.Outcome = Unchanged
		return res, nil
	}
	if blockers, err := r.gate(step, waiting); err != nil {
		return res, err
	} else if len(blockers) > 0 {
		res.Outcome, res.Blockers = Pending, blockers
		return res, nil
	}
	res.Outcome = Applied
	res.Changes, err = r.change(ctx, stage, step, op, deltas)
	return res, err
}

// maxRounds bounds how often writing may bring new differences to light.
const maxRounds = 4

// change journals, writes, reads back and journals. Without deltas it only
// closes what an interrupted run left open. A difference that comes up only then
// (a statement undid what a later one had found in place) is announced and
// written in its turn: nothing is written that the journal does not hold.
func (r *run) change(ctx context.Context, stage planner.Stage, step planner.Step, op operation, deltas []delta) (made []Change, err error) {
	entry := Entry{Plan: r.digest, Stage: stage.Number, Step: step.ID}
	begin, _ := r.journal.isOpen(step.ID)
	announced := map[string]bool{}
	for round := 0; len(deltas) > 0; round++ {
		for _, d := range deltas {
			key := d.Target + "\x00" + d.Field
			if announced[key] || round == maxRounds {
				return made, fmt.Errorf("reading back: %w", differences(deltas))
			}
			announced[key] = true
		}
		e := entry
		e.Action, e.Op = began, &step.Op
		e.Changes, e.Restore = splitDeltas(step.ID, deltas)
		if begin, err = r.journal.append(e); err != nil {
			return made, err
		}
		if err := op.write(ctx, r, begin); err != nil {
			return made, err
		}
		made = append(made, begin.Changes...)
		if deltas, err = op.diff(ctx, r); err != nil {
			return made, fmt.Errorf("reading back: %w", err)
		}
	}
	if made == nil {
		made = begin.Changes
	}
	entry.Action, entry.Of = done, begin.Seq
	_, err = r.journal.append(entry)
	return made, err
}

// gate returns what has to be done before the step may run.
func (r *run) gate(step planner.Step, waiting []string) ([]string, error) {
	switch step.Gate {
	case "":
		return nil, nil
	case planner.AfterVerify:
	default:
		return nil, fmt.Errorf("its gate %q is not known", step.Gate)
	}
	if len(waiting) > 0 {
		return []string{"earlier steps are not done: " + strings.Join(waiting, ", ")}, nil
	}
	const advice = "run agentsec migrate verify, then apply again"
	v, err := ReadVerification(r.env.Dir)
	switch {
	case err != nil:
		return nil, err
	case v == nil:
		return []string{"it waits for a verification: " + advice}, nil
	case v.Plan != r.digest:
		return []string{"the last verification was of another plan: " + advice}, nil
	case !v.Passed():
		return []string{"the last verification did not pass: mend what it names, " + advice}, nil
	case r.changedSince(v.Journal):
		return []string{"something was changed after the last verification: " + advice}, nil
	}
	return nil, nil
}

// changedSince reports whether a step without a gate was written, or one taken
// back, after the journal had n entries.
func (r *run) changedSince(n int) bool {
	if n > len(r.journal.entries) {
		return true // verified with another journal
	}
	gated := map[string]bool{}
	_ = eachStep(r.plan, Options{}, func(_ planner.Stage, step planner.Step) error {
		gated[step.ID] = step.Gate != ""
		return nil
	})
	for _, e := range r.journal.entries[n:] {
		if e.Action == undoing || e.Action == began && !gated[e.Step] {
			return true
		}
	}
	return false
}

// Diff compares the plan with live state, step by step, and writes nothing. It
// goes on after a step that cannot be compared; the error then names all of
// them. A step that holds has one Change with Action None.
func Diff(ctx context.Context, env Env, plan *planner.Plan, opts Options) ([]Change, error) {
	r, err := newRun(env, plan)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if r.journal, err = readJournal(env.Dir); err != nil {
		return nil, err
	}
	var all []Change
	var errs []error
	err = eachStep(plan, opts, func(_ planner.Stage, step planner.Step) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if step.Status != planner.Ready {
			return nil
		}
		op, files, err := operationOf(step.Op)
		if err == nil && files && r.tree == nil {
			return nil
		}
		var deltas []delta
		if err == nil {
			deltas, err = op.diff(ctx, r)
		}
		if err != nil {
			errs = append(errs, r.scrub(fmt.Errorf("step %s: %w", step.ID, err)))
			return nil
		}
		changes, _ := splitDeltas(step.ID, deltas)
		if len(changes) == 0 {
			changes = []Change{{Step: step.ID, Target: step.Title, Action: None}}
		}
		all = append(all, changes...)
		return nil
	})
	return all, errors.Join(append(errs, err)...)
}
