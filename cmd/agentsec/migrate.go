package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/planner"
)

// migrateOptions are what all commands on a migration folder take.
type migrateOptions struct {
	folder, source string
	stage          int
	inputs         []string // NAME=FILE
	identities     []string // TENANT/ROLE=FILE
	vault          vaultOptions
	yes            bool
	view           view
}

func migrateCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Carry a plan out, prove it, take it back",
		Long: `Migrate obeys plan.yaml and nothing else. It talks to the Vault named by
--vault-addr or VAULT_ADDR and to the databases that the plan's inputs name.
Inputs and tokens come from files that only you can read, never from arguments.`,
		Example: `  agentsec migrate diff   -p migration --vault-token-file token --input admin=admin.url
  agentsec migrate apply  -p migration --vault-token-file token --input admin=admin.url
  agentsec migrate verify -p migration --vault-token-file token --identity aurora/support=a.jwt --identity borealis/support=b.jwt`,
	}
	s.group(c)
	c.AddCommand(diffCommand(s), applyCommand(s), verifyCommand(s), rollbackCommand(s))
	return c
}

func (o *migrateOptions) flags(flags *pflag.FlagSet) {
	flags.StringVarP(&o.folder, "plan", "p", "migration", "the migration `FOLDER`")
	flags.StringVar(&o.source, "source", "", "`DIR` of the source tree that patches apply to (default: the plan's)")
	flags.StringArrayVar(&o.inputs, "input", nil, "`NAME=FILE`: a secret that the plan names; repeatable")
	o.vault.flags(flags)
}

// stageFlag is for the commands that can work on a part of the plan.
func (o *migrateOptions) stageFlag(flags *pflag.FlagSet) {
	flags.IntVar(&o.stage, "stage", 0, "only the stage `N` (default: all)")
}

// An operation is a migration command ready to work.
type operation struct {
	plan *planner.Plan
	env  migrate.Env
	opts migrate.Options
}

// open reads the plan and all that the command line names for it. purpose is
// the command that the plan's inputs are declared for.
func (o migrateOptions) open(ctx context.Context, s *session, purpose string) (*operation, error) {
	plan, err := readPlanFolder(o.folder)
	if err != nil {
		return nil, err
	}
	if purpose == "apply" {
		if err := lintPlan(plan); err != nil {
			return nil, err
		}
	}
	if o.stage != 0 && !hasStage(plan, o.stage) {
		return nil, usagef("the plan has no stage %d", o.stage)
	}
	inputs, err := readInputs(plan, o.inputs, purpose)
	if err != nil {
		return nil, err
	}
	client, err := o.vault.client(ctx)
	if err != nil {
		return nil, err
	}
	if o.source == "" {
		o.source = plan.Source
	}
	return &operation{
		plan: plan,
		env:  migrate.Env{Vault: client, Inputs: inputs, Source: o.source, Dir: o.folder, Progress: s.steps(o.view.quiet)},
		opts: migrate.Options{Stage: o.stage},
	}, nil
}

func hasStage(plan *planner.Plan, n int) bool {
	for _, stage := range plan.Stages {
		if stage.Number == n {
			return true
		}
	}
	return false
}
