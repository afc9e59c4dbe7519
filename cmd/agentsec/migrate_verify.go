package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/report"
)

func verifyCommand(s *session) *cobra.Command {
	var o migrateOptions
	c := &cobra.Command{
		Use:   "verify",
		Short: "Prove on the running servers that the plan holds",
		Long: `Verify logs in as the plan's agents with their own identity tokens, of at least two
tenants, and tries what must work and what must not: own rows, foreign rows,
foreign credentials, revocation, the old static login. It writes verify.json, which
opens the steps that wait for it, and revokes all that it made.
It exits 1 if a check failed or could not be made.`,
		Example: `  agentsec migrate verify -p migration --vault-token-file token --input admin=admin.url \
      --identity aurora/support=a.jwt --identity borealis/support=b.jwt`,
		Args: cobra.NoArgs,
	}
	o.flags(c.Flags())
	c.Flags().StringArrayVar(&o.identities, "identity", nil, "`TENANT/ROLE=FILE` with the agent's identity token (JWT); repeatable")
	formatFlags(c.Flags(), &o.view, report.VerificationFormats)
	return s.leaf(c, func(ctx context.Context, _ []string) error {
		if err := settle(c.Flags(), nil); err != nil {
			return err
		}
		return s.verify(ctx, o)
	})
}

func (s *session) verify(ctx context.Context, o migrateOptions) error {
	if err := checkFormat(s, report.VerificationFormats, o.view); err != nil {
		return err
	}
	op, err := o.open(ctx, s, "verify")
	if err != nil {
		return err
	}
	identities, err := readIdentities(op.plan, o.identities)
	if err != nil {
		return err
	}
	verification, err := migrate.Verify(ctx, op.env, op.plan, identities)
	if verification == nil {
		return err
	}
	if shown := show(s, report.VerificationFormats, verification, o.view); err != nil || shown != nil {
		return errors.Join(err, shown)
	}
	return verifyVerdict(verification)
}

func readIdentities(plan *planner.Plan, pairs []string) (map[string]secret.Value, error) {
	files, err := identityFiles(plan, pairs)
	if err != nil {
		return nil, err
	}
	tokens := map[string]secret.Value{}
	for name, file := range files {
		if tokens[name], err = readSecret("the identity "+name, file); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}
