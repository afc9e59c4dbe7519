package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/report"
)

func rollbackCommand(s *session) *cobra.Command {
	var o migrateOptions
	c := &cobra.Command{
		Use:   "rollback",
		Short: "Take back what apply did",
		Long: `Rollback walks the journal backwards and takes back what it says that apply did,
and nothing else. What cannot be undone, or was changed by others since, is left
and named.`,
		Example: "  agentsec migrate rollback -p migration --vault-token-file token --input admin=admin.url",
		Args:    cobra.NoArgs,
	}
	o.flags(c.Flags())
	o.stageFlag(c.Flags())
	c.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
	formatFlags(c.Flags(), &o.view, report.ResultFormats)
	return s.leaf(c, func(ctx context.Context, _ []string) error {
		if err := settle(c.Flags(), nil); err != nil {
			return err
		}
		if err := errors.Join(checkFormat(s, report.ResultFormats, o.view), s.canAsk(o.yes)); err != nil {
			return err
		}
		op, err := o.open(ctx, s, "rollback")
		if err != nil {
			return err
		}
		if !o.yes {
			if err := s.ask(ctx, "Take back what the journal of "+o.folder+" says that apply did?"); err != nil {
				return err
			}
		}
		result, err := migrate.Rollback(ctx, op.env, op.plan, op.opts)
		if shown := show(s, report.ResultFormats, result, o.view); err != nil || shown != nil {
			return errors.Join(err, shown)
		}
		return applyVerdict(op.plan, result)
	})
}
