package main

import (
	"bytes"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/report"
	"github.com/agentsec/agentsec/rules"
)

func reportCommand(s *session) *cobra.Command {
	var v view
	c := &cobra.Command{
		Use:   "report DOCUMENT",
		Short: "Render a stored document in another format",
		Long: `Report renders scan.json, riskmap.json, plan.yaml or verify.json ("-": the
standard input) in any format of that document. It judges nothing: it exits 0
whatever the document says.`,
		Example: `  agentsec report scan.json
  agentsec report scan.json --format sarif -o agentsec.sarif
  agentsec report migration/plan.yaml -v`,
		Args: cobra.ExactArgs(1),
	}
	formatFlags(c.Flags(), &v, report.ScanFormats)
	c.Flags().Lookup("format").Usage = "text, json or sarif, as the document has them"
	return s.leaf(c, func(_ context.Context, args []string) error {
		if err := settle(c.Flags(), nil); err != nil {
			return err
		}
		if err := s.settle(v); err != nil {
			return err
		}
		return s.report(args[0], v)
	})
}

func (s *session) report(path string, v view) error {
	text, err := s.readText(path)
	if err != nil {
		return err
	}
	switch versionOf(text) {
	case rules.ScanVersion:
		return replay(s, path, text, report.ScanFormats, v)
	case planner.RiskMapVersion:
		return replay(s, path, text, report.RiskMapFormats, v)
	case migrate.VerificationVersion:
		return replay(s, path, text, report.VerificationFormats, v)
	}
	if !bytes.Contains(text, []byte(planner.PlanVersion)) {
		return usagef("reading %s: not a document of this agentsec: want %s", path,
			strings.Join([]string{rules.ScanVersion, planner.RiskMapVersion, planner.PlanVersion, migrate.VerificationVersion}, ", "))
	}
	plan, err := parsePlan(text)
	if err != nil {
		return usagef("reading %s: %w", path, err)
	}
	return show(s, report.PlanFormats, plan, v)
}

func replay[D any](s *session, path string, text []byte, formats []report.Format[*D], v view) error {
	doc := new(D)
	if err := decode(path, text, doc); err != nil {
		return err
	}
	return show(s, formats, doc, v)
}
