package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/planner"
)

// readInputs reads NAME=FILE pairs. A name that the plan does not know is a
// mistake, and so is one that it needs for purpose and did not get.
func readInputs(plan *planner.Plan, pairs []string, purpose string) (map[string]secret.Value, error) {
	known := map[string]planner.Input{}
	for _, in := range plan.Inputs {
		known[in.Name] = in
	}
	inputs := map[string]secret.Value{}
	for _, pair := range pairs {
		name, file, err := splitPair("--input", "NAME=FILE", pair)
		if err != nil {
			return nil, err
		}
		if _, ok := known[name]; !ok {
			return nil, errorWithHint(usagef("the plan names no input %q", name), "It names: "+strings.Join(inputNames(plan), ", ")+".")
		}
		if _, twice := inputs[name]; twice {
			return nil, usagef("--input %s is given twice", name)
		}
		if inputs[name], err = readSecret("input "+name, file); err != nil {
			return nil, err
		}
	}
	for _, in := range plan.Inputs {
		if _, given := inputs[in.Name]; !given && slices.Contains(in.For, purpose) {
			return nil, errorWithHint(usagef("input %q is missing: %s", in.Name, in.Description),
				fmt.Sprintf("Put it into a file that only you can read and give --input %s=FILE.", in.Name))
		}
	}
	return inputs, nil
}

func inputNames(plan *planner.Plan) []string {
	names := make([]string, len(plan.Inputs))
	for i, in := range plan.Inputs {
		names[i] = in.Name
	}
	return names
}

// identityFiles parses TENANT/ROLE=FILE pairs into absolute paths by identity.
// An identity that the plan does not make is a mistake.
func identityFiles(plan *planner.Plan, pairs []string) (map[string]string, error) {
	known := make([]string, len(plan.Agents))
	for i, a := range plan.Agents {
		known[i] = a.Name()
	}
	files := map[string]string{}
	for _, pair := range pairs {
		name, file, err := splitPair("--identity", "TENANT/ROLE=FILE", pair)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(known, name) {
			return nil, errorWithHint(usagef("the plan makes no identity %q", name), "It makes: "+strings.Join(known, ", ")+".")
		}
		if _, twice := files[name]; twice {
			return nil, usagef("--identity %s is given twice", name)
		}
		if files[name], err = filepath.Abs(file); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// splitPair never quotes the pair: somebody may have put the secret itself there.
func splitPair(flag, form, pair string) (name, file string, err error) {
	name, file, ok := strings.Cut(pair, "=")
	if !ok || name == "" || file == "" {
		return "", "", errorWithHint(usagef("%s takes %s", flag, form), "A credential never stands on the command line: name the file that holds it.")
	}
	return name, file, nil
}
