package main

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/agentsec/agentsec/report"
)

// formatFlags adds the flags of a view to a command whose document has formats.
func formatFlags[D any](flags *pflag.FlagSet, v *view, formats []report.Format[D]) {
	flags.StringVar(&v.format, "format", "text", strings.Join(report.Names(formats), ", "))
	flags.StringVarP(&v.output, "output", "o", "", "write to `FILE` (only you can read it) instead of the standard output")
	textFlags(flags, v)
}

// textFlags adds the flags that change text output only.
func textFlags(flags *pflag.FlagSet, v *view) {
	flags.BoolVarP(&v.quiet, "quiet", "q", false, "the least that says it all: no places, summary or progress")
	flags.BoolVarP(&v.verbose, "verbose", "v", false, "list everything, with reasons")
	flags.BoolVar(&v.noColor, "no-color", false, "no colours, also on a terminal")
}

// settle checks the view and makes the session as quiet.
func (s *session) settle(v view) error {
	s.quiet = v.quiet
	if v.quiet && v.verbose {
		return usagef("--quiet and --verbose exclude each other")
	}
	return nil
}

func unknownFormat[D any](formats []report.Format[D], name string) error {
	return usagef("unknown format %q: this document has %s", name, strings.Join(report.Names(formats), ", "))
}

// checkFormat refuses an unknown format before any work is done.
func checkFormat[D any](s *session, formats []report.Format[D], v view) error {
	if _, ok := report.Find(formats, v.format); !ok {
		return unknownFormat(formats, v.format)
	}
	return s.settle(v)
}
