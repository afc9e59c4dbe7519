package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/rules"
)

// maxPlaces bounds the places listed of one secret; all of them with -v.
const maxPlaces = 12

// ScanText writes findings grouped by secret, then what was looked at. Secrets
// and places of low and info severity are counted, not listed, unless
// opts.Verbose: a clean repository must not drown.
func ScanText(w io.Writer, doc *rules.Scan, opts Options) error {
	t := newText(w, opts)
	all := groups(doc)
	shown := 0
	for _, g := range all {
		if small(g.severity) && !opts.Verbose {
			continue
		}
		if shown++; shown > 1 && !opts.Quiet {
			t.line()
		}
		t.group(g, opts)
	}
	if opts.Quiet {
		t.incomplete(doc, opts)
		return t.done()
	}
	if shown > 0 {
		t.line()
	}
	t.totals(doc, all, opts)
	t.looked(doc)
	t.incomplete(doc, opts)
	return t.done()
}

func (t *text) group(g group, opts Options) {
	s := g.secret
	kind := string(s.Class)
	if s.Provider != "" {
		kind += " (" + Visible(s.Provider) + ")"
	}
	var also string
	if others := slices.DeleteFunc(slices.Clone(s.Names), func(n string) bool { return n == s.Name }); len(others) > 0 {
		also = "also " + list(others, 3)
	}
	var shared string
	if s.SharedAcrossTenants() {
		shared = t.style.bad.Render(fmt.Sprintf("shared by %d tenants: %s", len(s.Tenants), list(s.Tenants, 5)))
	}
	t.line(t.severity(g.severity), t.style.strong.Render(Visible(s.Name)), also, Visible(kind), shared,
		count(len(g.findings), "place", "places"))
	if !opts.Quiet {
		t.places(g, opts)
	}
}

// places lists what is worse than low, and counts the rest.
func (t *text) places(g group, opts Options) {
	listed := g.findings
	if !opts.Verbose {
		if n := slices.IndexFunc(listed, func(f rules.Finding) bool { return small(f.Severity) }); n >= 0 {
			listed = listed[:n] // sorted by severity
		}
		listed = listed[:min(len(listed), maxPlaces)]
	}
	ats := make([]string, len(listed))
	for i, f := range listed {
		ats[i] = at(f.At.Path, f.At.Line)
	}
	limit := 60
	if t.width > 0 {
		limit = max(20, t.width/2)
	}
	width := columns(ats, limit)
	for i, f := range listed {
		name := ""
		if f.Name != g.secret.Name {
			name = Visible(f.Name)
		}
		severity := ""
		if f.Severity != g.severity {
			severity = t.style.severity[f.Severity].Render(f.Severity.String())
		}
		t.line("   ", pad(ats[i], width), pad(Visible(string(f.Mechanism)), len("synced-static")), Visible(f.Object.String()), name, severity, t.style.faint.Render(remarks(f)))
		if opts.Verbose {
			t.explain(f)
		}
	}
	if rest := g.findings[len(listed):]; len(rest) > 0 {
		t.line("   ", t.style.faint.Render("and "+tally(rest)))
	}
}

// remarks are the facts of a place that change how a reader takes it.
func remarks(f rules.Finding) string {
	var words []string
	if f.Tenant != "" {
		words = append(words, "tenant "+Visible(f.Tenant))
	}
	if f.Context != "" {
		words = append(words, Visible(string(f.Context)))
	}
	if f.Untracked {
		words = append(words, "not in git")
	}
	return strings.Join(words, ", ")
}

func (t *text) explain(f rules.Finding) {
	t.line("       ", t.style.faint.Render(Visible(f.Rule)), escape(f.Message))
	for _, r := range f.Related {
		t.line("       ", t.style.faint.Render("see"), at(r.At.Path, r.At.Line), escape(r.Message))
	}
}

// tally counts findings by severity and mechanism: "3 low code-read, 2 info literal".
func tally(findings []rules.Finding) string {
	type sort struct {
		severity  rules.Severity
		mechanism string
	}
	counts := map[sort]int{}
	var order []sort
	for _, f := range findings {
		k := sort{f.Severity, string(f.Mechanism)}
		if counts[k]++; counts[k] == 1 {
			order = append(order, k)
		}
	}
	words := make([]string, len(order))
	for i, k := range order {
		words[i] = fmt.Sprintf("%d %s %s", counts[k], k.severity, Visible(k.mechanism))
	}
	return strings.Join(words, ", ")
}
