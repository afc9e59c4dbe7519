package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/report"
	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// scanOptions are what a scan needs, wherever it was said.
type scanOptions struct {
	paths       []string
	config      string
	exclude     []string
	joinKeyFile string
	baseline    string
	failOn      string
	view        view
}

func scanCommand(s *session) *cobra.Command {
	var o scanOptions
	c := &cobra.Command{
		Use:   "scan [PATH…]",
		Short: "Find secrets that reach processes statically",
		Long: `Scan reads everything recognised below PATH (default: this folder), and what
those files refer to up to the repository's root. It executes and fetches nothing.
Findings are grouped by secret; values are never shown or stored.`,
		Example: `  agentsec scan
  agentsec scan deploy/ --fail-on critical
  agentsec scan --format sarif -o agentsec.sarif
  agentsec scan --baseline .agentsec-baseline.yaml   # only what is new fails`,
	}
	flags := c.Flags()
	o.collectFlags(flags)
	formatFlags(flags, &o.view, report.ScanFormats)
	flags.StringVar(&o.failOn, "fail-on", "high", "exit 1 on findings of this `SEVERITY` or above: info, low, medium, high, critical, never")
	flags.StringVar(&o.baseline, "baseline", "", "`FILE` of admitted findings (see: agentsec baseline)")
	return s.leaf(c, func(ctx context.Context, args []string) error {
		o.paths = args
		cfg, err := o.settle(flags)
		if err != nil {
			return err
		}
		return s.scan(ctx, o, cfg)
	})
}

// collectFlags adds the flags that say what is scanned.
func (o *scanOptions) collectFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.config, "config", "", "configuration `FILE` (default: .agentsec.yaml from PATH up to the repository's root)")
	flags.StringArrayVar(&o.exclude, "exclude", nil, "`GLOB` over paths relative to the repository's root that is not scanned; ** crosses folders; repeatable, adds to the configuration's")
	flags.StringVar(&o.joinKeyFile, "join-key-file", "", "`FILE` of 32 bytes or more that keys the fingerprints, so that several scans can be joined (default: a random key)")
}

// settle reads the configuration and fills what flags did not say.
func (o *scanOptions) settle(flags *pflag.FlagSet) (config, error) {
	if err := settle(flags, nil); err != nil { // AGENTSEC_CONFIG tells which file
		return config{}, err
	}
	start := "."
	if len(o.paths) > 0 {
		start = o.paths[0]
	}
	cfg, err := loadConfig(o.config, start)
	if err != nil {
		return cfg, err
	}
	file := map[string]any{}
	if cfg.FailOn != "" {
		file["fail-on"] = cfg.FailOn
	}
	if cfg.Baseline != "" {
		file["baseline"] = relativeTo(cfg.dir(), cfg.Baseline)
	}
	o.exclude = append(cfg.Exclude, o.exclude...)
	return cfg, settle(flags, file)
}

func relativeTo(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func (s *session) scan(ctx context.Context, o scanOptions, cfg config) error {
	at, err := parseThreshold(o.failOn)
	if err != nil {
		return usageError{err}
	}
	if err := checkFormat(s, report.ScanFormats, o.view); err != nil {
		return err
	}
	scan, err := s.collect(ctx, o, cfg)
	if err != nil {
		return err
	}
	if err := show(s, report.ScanFormats, scan, o.view); err != nil {
		return err
	}
	return scanVerdict(scan, at)
}

// collect scans and judges.
func (s *session) collect(ctx context.Context, o scanOptions, cfg config) (*rules.Scan, error) {
	if err := refuseDocuments(o.paths); err != nil {
		return nil, err
	}
	key := secret.NewKey()
	if o.joinKeyFile != "" {
		var err error
		if key, err = secret.ReadKey(o.joinKeyFile); err != nil {
			return nil, usageError{err}
		}
	}
	var baseline *rules.Baseline
	if o.baseline != "" {
		var err error
		if baseline, err = readBaseline(o.baseline); err != nil {
			return nil, errorWithHint(err, "\"agentsec baseline create\" makes one.")
		}
	}
	if o.view.verbose && cfg.path != "" {
		fmt.Fprintf(s.err, "agentsec: configuration %s\n", report.Visible(cfg.path))
	}
	patterns, err := rules.NewPatterns()
	if err != nil {
		return nil, err
	}
	tell, end := s.progress(o.view.quiet)
	inv, err := scanner.Scan(ctx, o.paths, scanner.Options{Text: patterns.Matcher(), Exclude: o.exclude, Progress: tell})
	end()
	if err != nil {
		return nil, usageError{err} // a path or a glob; all else is in the coverage
	}
	return rules.Judge(inv, rules.Options{
		Policy:        cfg.Policy,
		Key:           key,
		Tool:          rules.Tool{Name: "agentsec", Version: version()},
		Root:          rootName(inv.Root),
		Baseline:      baseline,
		ValuePatterns: patterns,
	}), nil
}

// rootName is the root as scan.json tells it: relative while that is short.
func rootName(root string) string {
	wd, err := filepath.Abs(".")
	if err != nil {
		return root
	}
	rel, err := filepath.Rel(wd, root)
	if err != nil {
		return root
	}
	outside := strings.Trim(strings.ReplaceAll(rel, "..", ""), string(filepath.Separator))
	if strings.HasPrefix(rel, "..") && outside != "" {
		return root // neither above nor below: a path through strangers' folders
	}
	return filepath.ToSlash(rel)
}
