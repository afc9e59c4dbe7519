package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/report"
)

type planOptions struct {
	scan, folder, source, config string
	view                         view
}

func planCommand(s *session) *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan SCAN.json",
		Short: "Plan the migration of the credential that most tenants share",
		Long: `Plan chooses the database credential that most tenants share and writes a
migration folder: plan.yaml, which is all that "agentsec migrate" obeys, and an
artifact for the reviewer of each step (diffs, SQL, policies). It changes nothing
else. What only you can know (how a database tells its tenants apart, what each
agent role may do) stands in .agentsec.yaml; without it a step says needs-input.`,
		Example: `  agentsec scan --format json -o scan.json
  agentsec plan scan.json -o migration
  agentsec migrate diff -p migration`,
		Args: cobra.ExactArgs(1),
	}
	flags := c.Flags()
	flags.StringVarP(&o.folder, "output", "o", "migration", "the migration `FOLDER` to write")
	flags.StringVar(&o.source, "source", "", "`DIR` of the scanned tree (default: where the scan was made)")
	flags.StringVar(&o.config, "config", "", "configuration `FILE` (default: .agentsec.yaml of the source)")
	textFlags(flags, &o.view)
	return s.leaf(c, func(_ context.Context, args []string) error {
		o.scan = args[0]
		if err := settle(flags, nil); err != nil {
			return err
		}
		if err := s.settle(o.view); err != nil {
			return err
		}
		return s.plan(o)
	})
}

func (s *session) plan(o planOptions) error {
	scan, err := s.readScan(o.scan)
	if err != nil {
		return err
	}
	if o.source == "" {
		o.source = scan.Root
	} else {
		scan.Root = o.source
	}
	source, err := os.OpenRoot(o.source) // nothing outside of the tree is read
	if err != nil {
		return errorWithHint(usagef("opening the source tree %s: %w", o.source, cause(err)), "Name the scanned folder with --source DIR.")
	}
	defer source.Close()
	cfg, err := loadConfig(o.config, o.source)
	if err != nil {
		return err
	}
	if err := cfg.keysBelow(o.source); err != nil {
		return err
	}
	folder, err := openFolder(o.folder)
	if err != nil {
		return err
	}
	defer folder.close()
	plan, err := planner.Build(scan, planner.Map(scan, cfg.Scoring), cfg.Settings, source.FS())
	if err != nil {
		return err
	}
	artifacts, err := folder.write(plan)
	if err != nil {
		return err
	}
	v := o.view
	v.format = "text"
	if err := show(s, report.PlanFormats, plan, v); err != nil {
		return err
	}
	if !v.quiet {
		fmt.Fprintf(s.err, "wrote %s/plan.yaml and %s beside it\n", report.Visible(o.folder), plural(artifacts, "artifact", "artifacts"))
	}
	return planVerdict(scan)
}
