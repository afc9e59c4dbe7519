package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/report"
)

func diffCommand(s *session) *cobra.Command {
	var o migrateOptions
	c := &cobra.Command{
		Use:     "diff",
		Short:   "Show what apply would change",
		Long:    "Diff compares the plan with the live state, field by field, and writes nothing.",
		Example: "  agentsec migrate diff -p migration --vault-token-file token --input admin=admin.url",
		Args:    cobra.NoArgs,
	}
	o.flags(c.Flags())
	o.stageFlag(c.Flags())
	formatFlags(c.Flags(), &o.view, report.ChangesFormats)
	return s.leaf(c, func(ctx context.Context, _ []string) error {
		if err := settle(c.Flags(), nil); err != nil {
			return err
		}
		if err := checkFormat(s, report.ChangesFormats, o.view); err != nil {
			return err
		}
		op, err := o.open(ctx, s, "apply")
		if err != nil {
			return err
		}
		changes, err := migrate.Diff(ctx, op.env, op.plan, op.opts)
		return errors.Join(show(s, report.ChangesFormats, changes, o.view), err)
	})
}

func applyCommand(s *session) *cobra.Command {
	var o migrateOptions
	c := &cobra.Command{
		Use:   "apply",
		Short: "Carry the plan out",
		Long: `Apply shows the difference, asks, and carries the plan out step by step: read,
compare, journal, write, read back. What holds already is left alone, so a rerun
writes nothing, and a run after an interruption goes on where the other one ended.
Steps behind a gate wait for "agentsec migrate verify".`,
		Example: `  agentsec migrate apply -p migration --vault-token-file token --input admin=admin.url
  agentsec migrate apply -p migration --stage 3 --yes …   # in a pipeline, after review`,
		Args: cobra.NoArgs,
	}
	o.flags(c.Flags())
	o.stageFlag(c.Flags())
	c.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
	formatFlags(c.Flags(), &o.view, report.ResultFormats)
	return s.leaf(c, func(ctx context.Context, _ []string) error {
		if err := settle(c.Flags(), nil); err != nil {
			return err
		}
		return s.apply(ctx, o)
	})
}

func (s *session) apply(ctx context.Context, o migrateOptions) error {
	if err := errors.Join(checkFormat(s, report.ResultFormats, o.view), s.canAsk(o.yes)); err != nil {
		return err
	}
	op, err := o.open(ctx, s, "apply")
	if err != nil {
		return err
	}
	changes, err := migrate.Diff(ctx, op.env, op.plan, op.opts)
	if err != nil {
		return fmt.Errorf("comparing the plan with the live state: %w", err)
	}
	if !o.view.quiet || !o.yes {
		// Beside the result, which may be asked for as json. With --yes it was
		// reviewed before: the tally is enough, -v shows all of it.
		view := report.Options{Color: coloured(s.err, o.view.noColor), Verbose: o.view.verbose, Quiet: o.yes && !o.view.verbose}
		if err := report.ChangesText(s.err, changes, view); err != nil {
			return err
		}
	}
	if !o.yes && writes(changes) {
		if err := s.ask(ctx, fmt.Sprintf("Apply these changes to Vault at %s and to the databases and files of the plan?", op.env.Vault.Address())); err != nil {
			return err
		}
	}
	result, err := migrate.Apply(ctx, op.env, op.plan, op.opts)
	if shown := show(s, report.ResultFormats, result, o.view); err != nil || shown != nil {
		return errors.Join(err, shown)
	}
	return applyVerdict(op.plan, result)
}

func writes(changes []migrate.Change) bool {
	for _, c := range changes {
		if c.Action != migrate.None {
			return true
		}
	}
	return false
}

// canAsk refuses to write unasked: without a terminal nobody has seen the diff.
func (s *session) canAsk(yes bool) error {
	if yes || terminal(s.in) && terminal(s.err) {
		return nil
	}
	return errorWithHint(usagef("this changes servers and files, and there is no terminal to ask on"),
		"Review \"agentsec migrate diff\", then give --yes.")
}

// ask wants the whole word.
func (s *session) ask(ctx context.Context, question string) error {
	fmt.Fprintf(s.err, "%s Only \"yes\" goes on: ", report.Visible(question))
	answer := make(chan string, 1)
	go func() { // a read of a terminal does not end with the context
		line, _ := bufio.NewReader(s.in).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case a := <-answer:
		if a != "yes" {
			return verdictError{errIncomplete, "nothing was changed"}
		}
		return nil
	}
}
