package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// runWith runs the program with a standard input and returns what it wrote.
func runWith(t *testing.T, in string, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, streams{strings.NewReader(in), &stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

func TestExitCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{verdictError{errFindings, "x"}, 1},
		{usagef("x"), 2},
		{errorWithHint(fmt.Errorf("reading: %w", usagef("x")), "h"), 2},
		{verdictError{errIncomplete, "x"}, 3},
		{errors.New("disk full"), 3},
		{errors.Join(verdictError{errIncomplete, "x"}, verdictError{errFindings, "y"}), 1},
		{childExit(17), 17},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("exitCode(%v) = %d, want %d", test.err, got, test.want)
		}
	}
}

func TestScanVerdict(t *testing.T) {
	high := []rules.Finding{{Severity: rules.High}}
	gap := scanner.Coverage{Skipped: []scanner.Skipped{{Path: "p"}}}
	for name, test := range map[string]struct {
		scan   rules.Scan
		failOn string
		want   int
	}{
		"clean":                      {rules.Scan{}, "info", 0},
		"at the threshold":           {rules.Scan{Findings: high}, "high", 1},
		"below it":                   {rules.Scan{Findings: high}, "critical", 0},
		"never":                      {rules.Scan{Findings: high}, "never", 0},
		"a gap":                      {rules.Scan{Coverage: gap}, "high", 3},
		"a gap and never":            {rules.Scan{Findings: high, Coverage: gap}, "never", 3},
		"findings outrank a gap":     {rules.Scan{Findings: high, Coverage: gap}, "high", 1},
		"info counts if it is asked": {rules.Scan{Findings: []rules.Finding{{Severity: rules.Info}}}, "info", 1},
	} {
		at, err := parseThreshold(test.failOn)
		if err != nil {
			t.Fatal(err)
		}
		if got := exitCode(scanVerdict(&test.scan, at)); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestApplyVerdict(t *testing.T) {
	plan := &planner.Plan{Stages: []planner.Stage{{Steps: []planner.Step{
		{ID: "open", Status: planner.Ready}, {ID: "gated", Status: planner.Ready, Gate: planner.AfterVerify}, {ID: "code", Status: planner.NeedsCodeChange},
	}}}}
	for step, want := range map[string]int{"open": 3, "gated": 0, "code": 3} {
		r := &migrate.Result{Steps: []migrate.StepResult{{Step: step, Outcome: migrate.Pending}}}
		if got := exitCode(applyVerdict(plan, r)); got != want {
			t.Errorf("pending step %s: %d, want %d", step, got, want)
		}
	}
	if got := exitCode(applyVerdict(plan, &migrate.Result{Steps: []migrate.StepResult{{Step: "open", Outcome: migrate.Left}}})); got != 3 {
		t.Errorf("a step that rollback left: %d", got)
	}
}

func TestVerifyVerdict(t *testing.T) {
	if got := exitCode(verifyVerdict(&migrate.Verification{})); got != 1 {
		t.Errorf("no check: %d, want 1", got)
	}
	passed := migrate.Check{ID: "a", Passed: true}
	if got := exitCode(verifyVerdict(&migrate.Verification{Checks: []migrate.Check{passed}})); got != 0 {
		t.Errorf("passed: %d", got)
	}
	if got := exitCode(verifyVerdict(&migrate.Verification{Checks: []migrate.Check{passed, {ID: "b"}}})); got != 1 {
		t.Errorf("one failed: %d", got)
	}
}

func TestADefectIsNoUsageErrorAndTellsNoInput(t *testing.T) {
	was := commands
	defer func() { commands = was }()
	commands = append(was[:len(was):len(was)], func(s *session) *cobra.Command {
		return s.leaf(&cobra.Command{Use: "crash"}, func(context.Context, []string) error { panic("canary-in-a-panic") })
	})
	code, _, stderr := runWith(t, "", "crash")
	if code != exitIncomplete || !strings.Contains(stderr, "defect of agentsec") || strings.Contains(stderr, "canary-in-a-panic") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestInterruption(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"scan", "../../testdata"}, streams{strings.NewReader(""), &stdout, &stderr})
	if code != exitIncomplete || stderr.String() != "agentsec: interrupted\n" {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
}

// TestEveryCommandShowsHow walks the whole tree: a command without an example,
// or one whose help fails, is not finished.
func TestEveryCommandShowsHow(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Parent() != nil && c.Parent().Name() == "completion" {
			return // cobra's
		}
		if c.Example == "" || c.Short == "" || c.RunE == nil {
			t.Errorf("%s has no example, no short text or does nothing", c.CommandPath())
		}
		code, out, _ := runWith(t, "", append(strings.Fields(c.CommandPath())[1:], "--help")...)
		if code != 0 || !strings.Contains(out, "Examples:") {
			t.Errorf("%s --help: exit %d", c.CommandPath(), code)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(rootCommand(&session{}))
}

func TestEnvironmentNamesFlagsThatExist(t *testing.T) {
	known := map[string]bool{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, name := range environment {
			known[name] = known[name] || c.Flags().Lookup(name) != nil
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(rootCommand(&session{}))
	for name, found := range known {
		if !found {
			t.Errorf("%s sets no flag", environmentName(name))
		}
	}
}

func TestPrecedence(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".env", "APP_PASSWORD="+"Kupfer-"+"Falke-77\n")
	scan := func(args ...string) int {
		code, _, _ := runWith(t, "", append([]string{"scan", dir}, args...)...)
		return code
	}
	if got := scan(); got != 1 {
		t.Fatalf("default: %d", got)
	}
	write(configName, "failOn: never\n")
	if got := scan(); got != 0 {
		t.Errorf("the file over the default: %d", got)
	}
	t.Setenv("AGENTSEC_FAIL_ON", "high")
	if got := scan(); got != 1 {
		t.Errorf("the environment over the file: %d", got)
	}
	if got := scan("--fail-on", "never"); got != 0 {
		t.Errorf("the flag over the environment: %d", got)
	}
	t.Setenv("AGENTSEC_FAIL_ON", "sometimes")
	if got := scan(); got != 2 {
		t.Errorf("nonsense in the environment: %d", got)
	}
}

func TestEdits(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"format", "formt", 1}, {"kitten", "sitting", 3}, {"same", "same", 0}} {
		if got := edits(test.a, test.b); got != test.want {
			t.Errorf("edits(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
