package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/rules"
)

// maxSkipped bounds the skipped inputs that are listed; all of them with -v.
const maxSkipped = 20

// totals counts secrets by severity and says what was not listed.
func (t *text) totals(doc *rules.Scan, all []group, opts Options) {
	var secrets, places [5]int
	for _, g := range all {
		secrets[g.severity]++
		for _, f := range g.findings {
			places[f.Severity]++
		}
	}
	var words []string
	for s := rules.Critical; s >= rules.Medium; s-- {
		if secrets[s] > 0 {
			words = append(words, t.style.severity[s].Render(fmt.Sprintf("%d %s", secrets[s], s)))
		}
	}
	switch {
	case len(words) > 0:
		t.line("Secrets: " + strings.Join(words, ", ") + ".")
	case doc.Suppressed > 0:
		t.line(t.style.good.Render("No static secret of medium severity or above beyond the baseline."))
	default:
		t.line(t.style.good.Render("No static secret of medium severity or above."))
	}
	if n := secrets[rules.Low] + secrets[rules.Info]; n > 0 && !opts.Verbose {
		t.line(fmt.Sprintf("Not listed: %s of low or info severity (-v lists them).", count(n, "more secret", "more secrets")))
	}
}

// looked says what was scanned, what was left out on purpose and what the
// baseline admits.
func (t *text) looked(doc *rules.Scan) {
	c := doc.Coverage
	var kinds []string
	for _, k := range slices.Sorted(maps.Keys(c.ByKind)) {
		kinds = append(kinds, fmt.Sprintf("%s %d", k, c.ByKind[k]))
	}
	scanned := fmt.Sprintf("Scanned: %s, %s", count(c.Files, "file", "files"), size(c.Bytes))
	if len(kinds) > 0 {
		scanned += " (" + list(kinds, 20) + ")"
	}
	t.line(scanned + ".")
	if c.Files == 0 {
		t.line(t.style.bad.Render("Nothing was scanned: no file was found there."))
	}
	if len(c.Excluded) > 0 {
		var reasons []string
		for _, r := range slices.Sorted(maps.Keys(c.Excluded)) {
			reasons = append(reasons, fmt.Sprintf("%s %d", r, c.Excluded[r]))
		}
		t.line("Left out: " + list(reasons, 20) + ".")
	}
	if len(doc.Dynamic) > 0 {
		t.line(fmt.Sprintf("Done right: %s to a process dynamically or as a file.", count(len(doc.Dynamic), "secret comes", "secrets come")))
	}
	if doc.Suppressed > 0 {
		t.line(fmt.Sprintf("Suppressed: %s by the baseline.", count(doc.Suppressed, "finding", "findings")))
	}
}

// incomplete says loudly what could not be read: a gap is not a clean result.
func (t *text) incomplete(doc *rules.Scan, opts Options) {
	skipped := doc.Coverage.Skipped
	if len(skipped) == 0 {
		return
	}
	t.line(t.style.bad.Render(fmt.Sprintf("INCOMPLETE: %s not be read. Secrets there are not in this report.", count(len(skipped), "input could", "inputs could"))))
	if !opts.Verbose {
		skipped = skipped[:min(len(skipped), maxSkipped)]
	}
	for _, s := range skipped {
		t.line("   ", at(s.Path, s.Line), escape(s.Reason))
	}
	if more := len(doc.Coverage.Skipped) - len(skipped); more > 0 {
		t.line("   ", fmt.Sprintf("and %d more (-v lists them)", more))
	}
}

func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
