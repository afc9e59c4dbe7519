// Package migrate acts: it carries a plan out on Vault, on Postgres and in the
// working tree, proves the result on the running servers, and takes it back.
// It is the only package that writes to them.
//
// Everything it does obeys one order: read, compare, journal, write, read back.
// What it prints, journals or returns holds no credential.
package migrate

import (
	"fmt"

	"github.com/hashicorp/vault/api"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/planner"
)

// An Env is the world that a migration acts on.
type Env struct {
	// Vault is a client with the operator's token.
	Vault *api.Client
	// Inputs are the secrets that the plan names.
	Inputs map[string]secret.Value
	// Source is the root of the working tree; "" leaves files alone.
	Source string
	// Dir is the migration folder: plan.yaml, journal.jsonl, verify.json.
	Dir string
	// Progress, if set, is told what happens while it happens.
	Progress func(Event)
}

// An Event is one line of progress.
type Event struct {
	Step   string  // Step.ID or Check.ID
	Title  string  // Step.Title or Check.Title
	Result Outcome // "" at the start of a step
	Detail string
}

// Options choose a part of a plan. The zero Options is all of it.
type Options struct {
	Stage int // Stage.Number; 0: every stage
}

// An Action is what a change does to its field.
type Action string

const (
	Create Action = "create"
	Update Action = "update"
	// Delete: an entry of a file that goes, or what rollback takes away.
	Delete Action = "delete"
	// None: the step has nothing left to do.
	None Action = "none"
)

// Hidden stands for the value of a field that no server gives back, or that
// must not be shown.
const Hidden = "(unreadable)"

// A Change is a difference of one field between plan and live state. A step
// without differences has one Change with Action None and no Field.
type Change struct {
	Step       string `json:"step,omitempty"`
	Target     string `json:"target"` // what the field belongs to: a Vault path, a database, a file
	Field      string `json:"field,omitempty"`
	Before     string `json:"before"`
	After      string `json:"after"`
	Action     Action `json:"action"`
	Unreadable bool   `json:"unreadable,omitempty"`
}

// An Outcome is what became of one step.
type Outcome string

const (
	Applied   Outcome = "applied"
	Unchanged Outcome = "unchanged" // everything was there already
	Pending   Outcome = "pending"   // not run: StepResult.Blockers say why
	Skipped   Outcome = "skipped"   // not run: a change of files, and Env.Source is empty
	Failed    Outcome = "failed"    // of a check
	Passed    Outcome = "passed"    // of a check
	Undone    Outcome = "undone"    // by Rollback
	Left      Outcome = "left"      // by Rollback, which could not or must not undo it
)

// A StepResult says what became of one step.
type StepResult struct {
	Step     string
	Title    string
	Stage    int
	Outcome  Outcome
	Changes  []Change // made
	Blockers []string // why it is pending, skipped or left; what to do next
}

// A Result is what Apply or Rollback did, in order. It is complete up to the
// step that failed when an error comes with it.
type Result struct {
	Steps []StepResult
}

// Count returns how many steps had the outcome.
func (r *Result) Count(outcome Outcome) int {
	n := 0
	for _, s := range r.Steps {
		if s.Outcome == outcome {
			n++
		}
	}
	return n
}

// Pending reports whether something is left to do.
func (r *Result) Pending() bool { return r.Count(Pending) > 0 }

// eachStep walks the plan in order.
func eachStep(plan *planner.Plan, opts Options, visit func(planner.Stage, planner.Step) error) error {
	for _, stage := range plan.Stages {
		if opts.Stage != 0 && opts.Stage != stage.Number {
			continue
		}
		for _, step := range stage.Steps {
			if err := visit(stage, step); err != nil {
				return err
			}
		}
	}
	return nil
}

// check refuses a plan or an Env that nothing good can come of.
func (env Env) check(plan *planner.Plan) error {
	if plan.Version != planner.PlanVersion {
		return fmt.Errorf("the plan has version %q; this agentsec reads %q", plan.Version, planner.PlanVersion)
	}
	if env.Vault == nil {
		return fmt.Errorf("no Vault to work with")
	}
	if env.Dir == "" {
		return fmt.Errorf("no migration folder")
	}
	seen := map[string]bool{}
	return eachStep(plan, Options{}, func(_ planner.Stage, step planner.Step) error {
		if step.ID == "" || seen[step.ID] {
			return fmt.Errorf("the plan has a step without an id of its own (%q)", step.ID)
		}
		seen[step.ID] = true
		return nil
	})
}

func (env Env) tell(e Event) {
	if env.Progress != nil {
		env.Progress(e)
	}
}
