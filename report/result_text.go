package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/agentsec/agentsec/migrate"
)

// outcomeWidth is the width of the longest outcome, "unchanged".
const outcomeWidth = len(migrate.Unchanged)

// ResultText writes what apply or rollback did with each step, and why a step
// was not run.
func ResultText(w io.Writer, doc *migrate.Result, opts Options) error {
	t := newText(w, opts)
	for _, s := range doc.Steps {
		quiet := s.Outcome != migrate.Pending && s.Outcome != migrate.Left && s.Outcome != migrate.Failed
		if opts.Quiet && quiet {
			continue
		}
		t.line(t.outcome(s.Outcome), Visible(s.Step), escape(s.Title))
		for _, b := range s.Blockers {
			t.line(strings.Repeat(" ", outcomeWidth), escape(b))
		}
		if opts.Verbose {
			t.changes(s.Changes, opts)
		}
	}
	t.line(tallySteps(doc))
	return t.done()
}

func (t *text) outcome(o migrate.Outcome) string {
	word := pad(Visible(string(o)), outcomeWidth)
	switch o {
	case migrate.Applied, migrate.Passed, migrate.Undone:
		return t.style.good.Render(word)
	case migrate.Failed, migrate.Pending, migrate.Left:
		return t.style.bad.Render(word)
	}
	return t.style.faint.Render(word)
}

func tallySteps(doc *migrate.Result) string {
	var words []string
	for _, o := range []migrate.Outcome{migrate.Applied, migrate.Unchanged, migrate.Undone, migrate.Skipped, migrate.Left, migrate.Pending} {
		if n := doc.Count(o); n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, o))
		}
	}
	if len(words) == 0 {
		return "No step to run."
	}
	return count(len(doc.Steps), "step", "steps") + ": " + strings.Join(words, ", ") + "."
}

// VerificationText writes each check with what was seen.
func VerificationText(w io.Writer, doc *migrate.Verification, opts Options) error {
	t := newText(w, opts)
	counts := map[migrate.Outcome]int{}
	for _, c := range doc.Checks {
		counts[c.Outcome()]++
		if opts.Quiet && c.Passed {
			continue
		}
		t.line(t.outcome(c.Outcome()), escape(c.Title), Visible(c.Identity))
		if c.Detail != "" && (!c.Passed || opts.Verbose) {
			t.line(strings.Repeat(" ", outcomeWidth), t.style.faint.Render(escape(c.Detail)))
		}
	}
	verdict := fmt.Sprintf("%s: %d passed, %d failed, %d pending.", count(len(doc.Checks), "check", "checks"),
		counts[migrate.Passed], counts[migrate.Failed], counts[migrate.Pending])
	if !doc.Passed() {
		verdict = t.style.bad.Render("NOT VERIFIED.") + " " + verdict
	}
	t.line(verdict)
	return t.done()
}
