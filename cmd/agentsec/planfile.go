package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/planner"
)

// maxPlan bounds a plan: it holds diffs, not sources.
const maxPlan = 64 << 20

func readPlanFile(path string) (*planner.Plan, error) {
	text, err := readBounded(path, maxPlan)
	if err != nil {
		return nil, errorWithHint(usagef("reading the plan %s: %w", path, err), "Make one with: agentsec plan scan.json -o migration")
	}
	plan, err := parsePlan(text)
	if err != nil {
		return nil, usagef("%s: %w", path, err)
	}
	return plan, nil
}

// parsePlan reads a plan that anybody may have written.
func parsePlan(text []byte) (*planner.Plan, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err == nil {
		if n := crowded(&root); n != nil {
			return nil, fmt.Errorf("line %d: a mapping with more than %d keys is no part of a plan", n.Line, maxKeys)
		}
	}
	return planner.ReadPlan(bytes.NewReader(text))
}

// readPlanFolder reads the plan of a migration folder.
func readPlanFolder(folder string) (*planner.Plan, error) {
	return readPlanFile(filepath.Join(folder, planFile))
}

// lintPlan refuses a plan that must not be applied, whoever wrote it.
func lintPlan(plan *planner.Plan) error {
	problems := planner.Lint(plan)
	if len(problems) == 0 {
		return nil
	}
	var errs []error
	for _, p := range problems {
		where := p.Step
		if where == "" {
			where = "plan"
		}
		errs = append(errs, fmt.Errorf("%s: %s (%s)", where, p.Message, p.Rule))
	}
	return errorWithHint(fmt.Errorf("the plan must not be applied: %w", errors.Join(errs...)), "Plan again, or mend plan.yaml.")
}
