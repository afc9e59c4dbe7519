package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/agentsec/agentsec/migrate"
)

// maxField bounds one side of a change, in runes; all of it with -v.
const maxField = 100

// maxLines bounds a field of several lines; all of them with -v.
const maxLines = 40

// ChangesText writes what apply would change, grouped by target, the way a
// terminal diff does: + create, ~ update, - delete.
func ChangesText(w io.Writer, doc []migrate.Change, opts Options) error {
	t := newText(w, opts)
	counts, unchanged := t.changes(doc, opts)
	if len(counts) > 0 {
		t.line()
	}
	t.line(t.tallyChanges(counts, unchanged))
	return t.done()
}

// changes lists the differences and returns how many of each action there are
// and how many steps have nothing left to do.
func (t *text) changes(doc []migrate.Change, opts Options) (counts map[migrate.Action]int, unchanged int) {
	counts = map[migrate.Action]int{}
	var step, target string
	for _, c := range doc {
		if c.Action == migrate.None {
			unchanged++
			continue
		}
		counts[c.Action]++
		if opts.Quiet {
			continue
		}
		if c.Step != step || c.Target != target {
			step, target = c.Step, c.Target
			t.line(t.style.strong.Render(Visible(c.Target)), t.style.faint.Render(Visible(c.Step)))
		}
		t.line("  "+t.mark(c.Action), Visible(c.Field), t.sides(c, opts))
		t.block(c, opts)
	}
	return counts, unchanged
}

func (t *text) mark(a migrate.Action) string {
	switch a {
	case migrate.Create:
		return t.style.good.Render("+")
	case migrate.Delete:
		return t.style.bad.Render("-")
	}
	return t.style.strong.Render("~")
}

// sides are the field before and after, on one line.
func (t *text) sides(c migrate.Change, opts Options) string {
	side := func(s string) string {
		if strings.Contains(s, "\n") {
			return "" // shown as a block
		}
		if !opts.Verbose {
			if short, cut := shorten(s, maxField); cut {
				return escape(short) + "…"
			}
		}
		return escape(s)
	}
	if c.Unreadable {
		return t.style.faint.Render("(a secret: not shown)")
	}
	before, after := side(c.Before), side(c.After)
	switch {
	case before == "" || c.Action == migrate.Create:
		return after
	case after == "" || c.Action == migrate.Delete:
		return before
	}
	return before + " → " + after
}

// block shows a field of several lines as it stands, a diff or a policy.
func (t *text) block(c migrate.Change, opts Options) {
	if !strings.Contains(c.After, "\n") {
		return
	}
	lines := strings.Split(strings.TrimRight(c.After, "\n"), "\n")
	shown := lines
	if !opts.Verbose {
		shown = lines[:min(len(lines), maxLines)]
	}
	for _, l := range shown {
		style := t.style.faint
		switch {
		case strings.HasPrefix(l, "+"):
			style = t.style.good
		case strings.HasPrefix(l, "-"):
			style = t.style.bad
		}
		l = strings.ReplaceAll(l, "\t", "    ")
		if !opts.Verbose {
			l = Visible(l)
		}
		t.line("       ", style.Render(escape(l)))
	}
	if more := len(lines) - len(shown); more > 0 {
		t.line("       ", t.style.faint.Render(fmt.Sprintf("and %d more lines (-v shows them)", more)))
	}
}

func (t *text) tallyChanges(counts map[migrate.Action]int, unchanged int) string {
	var words []string
	for _, a := range []migrate.Action{migrate.Create, migrate.Update, migrate.Delete} {
		if n := counts[a]; n > 0 {
			words = append(words, fmt.Sprintf("%d to %s", n, a))
		}
	}
	if len(words) == 0 {
		return t.style.good.Render("No difference between the plan and the live state.")
	}
	text := "Changes: " + strings.Join(words, ", ") + "."
	if unchanged > 0 {
		text += fmt.Sprintf(" %s nothing to do.", count(unchanged, "step has", "steps have"))
	}
	return text
}
