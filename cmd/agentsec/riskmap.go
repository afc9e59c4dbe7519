package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/report"
)

type riskmapOptions struct {
	scan   string
	config string
	view   view
}

func riskmapCommand(s *session) *cobra.Command {
	var o riskmapOptions
	c := &cobra.Command{
		Use:   "riskmap SCAN.json",
		Short: "Rank secrets by who depends on them",
		Long: `Riskmap joins each secret of a scan with its places, workloads, agents and
tenants, and scores it. Every score is a sum whose addends are shown; the weights
come from "scoring" in .agentsec.yaml.`,
		Example: `  agentsec scan --format json -o scan.json
  agentsec riskmap scan.json
  agentsec riskmap scan.json --format json -o riskmap.json`,
		Args: cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&o.config, "config", "", "configuration `FILE` (default: .agentsec.yaml of the scanned repository)")
	formatFlags(c.Flags(), &o.view, report.RiskMapFormats)
	return s.leaf(c, func(_ context.Context, args []string) error {
		o.scan = args[0]
		if err := settle(c.Flags(), nil); err != nil {
			return err
		}
		return s.riskmap(o)
	})
}

func (s *session) riskmap(o riskmapOptions) error {
	if err := checkFormat(s, report.RiskMapFormats, o.view); err != nil {
		return err
	}
	scan, err := s.readScan(o.scan)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(o.config, scan.Root)
	if err != nil {
		return err
	}
	return show(s, report.RiskMapFormats, planner.Map(scan, cfg.Scoring), o.view)
}
