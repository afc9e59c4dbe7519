package main

import (
	"errors"
	"fmt"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/rules"
)

// check refuses what decodes and yet says nothing sensible.
func (c config) check(path string, root *yaml.Node) error {
	var errs []error
	fail := func(format string, at []any, args ...any) {
		errs = append(errs, errors.New(path+":"+strconv.Itoa(lineOf(root, at...))+": "+fmt.Sprintf(format, args...)))
	}
	if _, err := parseThreshold(c.FailOn); c.FailOn != "" && err != nil {
		fail("failOn is info, low, medium, high, critical or never", []any{"failOn"})
	}
	seen := map[string]bool{}
	for i, t := range c.Tenants {
		switch {
		case t.Name == "":
			fail("the tenant has no name", []any{"tenants", i})
		case seen[t.Name]:
			fail("tenant %q is there twice", []any{"tenants", i, "name"}, t.Name)
		case len(t.Selectors) == 0:
			fail("tenant %q has no selectors: nothing belongs to it", []any{"tenants", i}, t.Name)
		}
		seen[t.Name] = true
		for j, s := range t.Selectors {
			if s == (rules.Selector{}) {
				fail("an empty selector matches nothing", []any{"tenants", i, "selectors", j})
			}
		}
	}
	for i, a := range c.Agents {
		if a.Role == "" {
			fail("the agent has no role", []any{"agents", i})
		}
		if len(a.Selectors) == 0 {
			fail("the agent role has no selectors: no workload runs it", []any{"agents", i})
		}
	}
	if len(errs) > 0 {
		return usageError{errors.Join(errs...)}
	}
	return nil
}

// lineOf is the line of the deepest node on the path of keys and indexes.
func lineOf(n *yaml.Node, at ...any) int {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, step := range at {
		next := child(n, step)
		if next == nil {
			break
		}
		n = next
	}
	return n.Line
}

func child(n *yaml.Node, step any) *yaml.Node {
	switch step := step.(type) {
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1]
			}
		}
	case int:
		if n.Kind == yaml.SequenceNode && step < len(n.Content) {
			return n.Content[step]
		}
	}
	return nil
}
