package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/rules"
)

func rulesCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "rules",
		Short:   "List and explain the rules",
		Example: "  agentsec rules list\n  agentsec rules show env-literal",
	}
	s.group(c)
	c.AddCommand(rulesListCommand(s), rulesShowCommand(s))
	return c
}

func rulesListCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the rules",
		Example: "  agentsec rules list",
		Args:    cobra.NoArgs,
	}
	return s.leaf(c, func(context.Context, []string) error {
		all := rules.All()
		width := 0
		for _, r := range all {
			width = max(width, len(r.ID))
		}
		for _, r := range all {
			if _, err := fmt.Fprintf(s.out, "%-*s  %-8s  %s\n", width, r.ID, r.Severity, r.Title); err != nil {
				return err
			}
		}
		return nil
	})
}

func rulesShowCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "show ID",
		Short:   "Explain a rule: why it matters and how to fix it",
		Example: "  agentsec rules show env-literal",
		Args:    cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var ids []cobra.Completion
			for _, r := range rules.All() {
				ids = append(ids, r.ID)
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
	}
	return s.leaf(c, func(_ context.Context, args []string) error {
		for _, r := range rules.All() {
			if r.ID == args[0] {
				return explain(s.out, r)
			}
		}
		err := usagef("no rule called %q", args[0])
		for _, r := range rules.All() {
			if edits(r.ID, args[0]) <= 3 {
				return errorWithHint(err, fmt.Sprintf("Did you mean %q?", r.ID))
			}
		}
		return errorWithHint(err, "\"agentsec rules list\" lists them.")
	})
}

func explain(w io.Writer, r rules.Rule) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n%s\n\nWhy: %s\n\nFix: %s\n", r.ID, r.Severity, r.Title, r.Why, r.Fix)
	for _, ref := range r.References {
		fmt.Fprintf(&b, "See: %s\n", ref)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
