package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/rules"
)

// The exit codes. Findings outrank incompleteness: who gates on findings must
// see them even where something else could not be read.
const (
	exitClean      = 0 // clean, or done
	exitFindings   = 1 // findings at or above --fail-on, or a failed verification
	exitUsage      = 2
	exitIncomplete = 3 // something was not read or not done, or failed
)

// errFindings and errIncomplete are verdicts: results, not failures to work.
var (
	errFindings   = errors.New("findings")
	errIncomplete = errors.New("incomplete")
)

// A verdictError carries what to say about a verdict.
type verdictError struct {
	verdict error
	text    string
}

func (e verdictError) Error() string { return e.text }
func (e verdictError) Unwrap() error { return e.verdict }

// A childExit is the exit code of the process that "dev run" ran, passed on.
type childExit int

func (c childExit) Error() string { return fmt.Sprintf("the command ended with exit code %d", int(c)) }

// exitCode is the only place that turns an outcome into a number.
func exitCode(err error) int {
	var usage usageError
	var child childExit
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &child):
		return int(child)
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, errFindings):
		return exitFindings
	}
	return exitIncomplete // errIncomplete and every failure
}

// A threshold is the value of --fail-on: a severity, or never.
type threshold struct {
	severity rules.Severity
	never    bool
}

func parseThreshold(text string) (threshold, error) {
	if text == "never" {
		return threshold{never: true}, nil
	}
	var t threshold
	if t.severity.UnmarshalText([]byte(text)) != nil {
		return t, fmt.Errorf("--fail-on (failOn in .agentsec.yaml, AGENTSEC_FAIL_ON) is info, low, medium, high, critical or never")
	}
	return t, nil
}

// scanVerdict judges a scan: findings at or above the threshold, else gaps.
func scanVerdict(scan *rules.Scan, at threshold) error {
	n := 0
	for _, f := range scan.Findings {
		if !at.never && f.Severity >= at.severity {
			n++
		}
	}
	skipped := len(scan.Coverage.Skipped)
	switch {
	case n > 0:
		return verdictError{errFindings, fmt.Sprintf("%s %s or above (--fail-on %s)", plural(n, "finding is", "findings are"), at.severity, at.severity)}
	case skipped > 0:
		return verdictError{errIncomplete, fmt.Sprintf("incomplete: %s not be read", plural(skipped, "input could", "inputs could"))}
	}
	return nil
}

// verifyVerdict judges a verification. A check whose time has not come makes it
// incomplete, not failed.
func verifyVerdict(v *migrate.Verification) error {
	if !v.Passed() {
		return verdictError{errFindings, "the verification failed"}
	}
	return nil
}

// applyVerdict judges what apply did. Steps that only wait for their gate are
// in order: the next command opens it. Any other step that did not run is a gap.
func applyVerdict(plan *planner.Plan, result *migrate.Result) error {
	gated := map[string]bool{}
	for _, stage := range plan.Stages {
		for _, s := range stage.Steps {
			gated[s.ID] = s.Gate != "" && s.Status == planner.Ready
		}
	}
	held := 0
	for _, s := range result.Steps {
		if (s.Outcome == migrate.Pending && !gated[s.Step]) || s.Outcome == migrate.Left || s.Outcome == migrate.Failed {
			held++
		}
	}
	if held > 0 {
		return verdictError{errIncomplete, fmt.Sprintf("incomplete: %s held up, see above", plural(held, "step is", "steps are"))}
	}
	return nil
}

// planVerdict judges a plan by the scan behind it: what was not read may use the
// credential that the plan retires.
func planVerdict(scan *rules.Scan) error {
	if n := len(scan.Coverage.Skipped); n > 0 {
		return verdictError{errIncomplete, fmt.Sprintf("incomplete: the scan could not read %s, which may use the credential too", plural(n, "input", "inputs"))}
	}
	return nil
}

// interrupted makes the end of the context a sentence.
func interrupted(ctx context.Context, err error) error {
	var child childExit
	if ctx.Err() != nil && err != nil && !errors.As(err, &child) {
		return errors.New("interrupted")
	}
	return err
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
