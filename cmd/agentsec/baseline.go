package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/report"
	"github.com/agentsec/agentsec/rules"
)

const defaultBaseline = ".agentsec-baseline.yaml"

type baselineOptions struct {
	scan scanOptions
	file string
}

func baselineCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "baseline",
		Short: "Admit the findings of today, so that only new ones fail",
		Example: `  agentsec baseline create
  agentsec scan --baseline .agentsec-baseline.yaml`,
	}
	s.group(c)
	c.AddCommand(
		baselineWriter(s, "create", "Write a baseline of the present findings",
			`Create scans and writes the findings to a new baseline. A baseline holds rules and
logical places: no value, nothing that could be guessed back into one, no line
number. It is meant to be committed.`, false),
		baselineWriter(s, "update", "Replace a baseline by the present findings",
			`Update scans and replaces the baseline: what is fixed leaves it, and what is new
enters it. It says how many of each.`, true),
	)
	return c
}

func baselineWriter(s *session, name, short, long string, replace bool) *cobra.Command {
	var o baselineOptions
	c := &cobra.Command{
		Use:     name + " [PATH…]",
		Short:   short,
		Long:    long,
		Example: "  agentsec baseline " + name + "\n  agentsec baseline " + name + " deploy/ -o deploy/.agentsec-baseline.yaml",
	}
	o.scan.collectFlags(c.Flags())
	c.Flags().StringVarP(&o.file, "output", "o", "", "the baseline `FILE` (default: \"baseline\" of .agentsec.yaml, else "+defaultBaseline+")")
	textFlags(c.Flags(), &o.scan.view)
	return s.leaf(c, func(ctx context.Context, args []string) error {
		o.scan.paths = args
		if err := s.settle(o.scan.view); err != nil {
			return err
		}
		cfg, err := o.scan.settle(c.Flags())
		if err != nil {
			return err
		}
		if o.file == "" {
			if o.file = defaultBaseline; cfg.Baseline != "" {
				o.file = relativeTo(cfg.dir(), cfg.Baseline)
			}
		}
		return s.baseline(ctx, o, cfg, replace)
	})
}

func (s *session) baseline(ctx context.Context, o baselineOptions, cfg config, replace bool) error {
	var old *rules.Baseline
	if replace {
		var err error
		if old, err = readBaseline(o.file); err != nil {
			return errorWithHint(err, "\"agentsec baseline create\" makes one.")
		}
	} else if _, err := os.Lstat(o.file); err == nil {
		return errorWithHint(usagef("%s is there already", o.file), "\"agentsec baseline update\" replaces it.")
	}
	o.scan.baseline = "" // the findings are to be seen, also those that are admitted
	scan, err := s.collect(ctx, o.scan, cfg)
	if err != nil {
		return err
	}
	baseline := rules.NewBaseline(scan)
	var text bytes.Buffer
	if err := baseline.Write(&text); err != nil {
		return err
	}
	// Committed and read by others, unlike a report.
	if err := replaceFile(o.file, text.Bytes(), 0o644); err != nil {
		return err
	}
	if !o.scan.view.quiet {
		fmt.Fprintf(s.out, "%s admits %s%s.\n", report.Visible(o.file), plural(admitted(baseline), "finding", "findings"), difference(old, baseline))
	}
	return scanVerdict(scan, threshold{never: true}) // a gap stays a gap
}

func readBaseline(path string) (*rules.Baseline, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usagef("reading the baseline %s: %w", path, cause(err))
	}
	defer f.Close()
	b, err := rules.ReadBaseline(f)
	if err != nil {
		return nil, usagef("%s: %w", path, err)
	}
	return b, nil
}

func admitted(b *rules.Baseline) (n int) {
	for _, e := range b.Entries {
		n += e.Count
	}
	return n
}

// difference says how many findings entered and left, "" without a former one.
func difference(old, now *rules.Baseline) string {
	if old == nil {
		return ""
	}
	counts := map[rules.BaselineEntry]int{}
	for _, e := range old.Entries {
		counts[rules.BaselineEntry{Rule: e.Rule, Location: e.Location}] -= e.Count
	}
	for _, e := range now.Entries {
		counts[rules.BaselineEntry{Rule: e.Rule, Location: e.Location}] += e.Count
	}
	entered, left := 0, 0
	for _, n := range counts {
		entered += max(n, 0)
		left += max(-n, 0)
	}
	return fmt.Sprintf(" (%d entered, %d left)", entered, left)
}
