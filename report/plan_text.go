package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/agentsec/agentsec/planner"
)

// PlanText writes what the plan does, step by step, and what holds it up.
func PlanText(w io.Writer, doc *planner.Plan, opts Options) error {
	t := newText(w, opts)
	if doc.Chosen.Secret == "" {
		t.line(t.style.strong.Render("Nothing to migrate:"), escape(doc.Chosen.Reason))
	} else {
		t.line(t.style.strong.Render("Migrates " + Visible(doc.Chosen.Secret)))
		t.line("because", escape(doc.Chosen.Reason))
	}
	if len(doc.Agents) > 0 {
		names := make([]string, len(doc.Agents))
		for i, a := range doc.Agents {
			names[i] = a.Name()
		}
		t.line("to a credential for each of", list(names, 12))
	}
	for _, s := range doc.Stages {
		t.line()
		t.line(t.style.strong.Render(fmt.Sprintf("Stage %d: %s", s.Number, Visible(s.Title))), t.style.faint.Render(escape(s.When)))
		for _, step := range s.Steps {
			t.step(step, opts)
		}
	}
	if opts.Quiet {
		return t.done()
	}
	t.inputs(doc)
	t.open(doc, opts)
	t.line()
	t.line(readiness(doc))
	return t.done()
}

func (t *text) step(s planner.Step, opts Options) {
	mark := t.style.good.Render(pad(string(planner.Ready), len(planner.NeedsCodeChange)))
	if s.Status != planner.Ready {
		mark = t.style.bad.Render(pad(Visible(string(s.Status)), len(planner.NeedsCodeChange)))
	}
	gate := ""
	if s.Gate != "" {
		gate = "(only after: " + Visible(string(s.Gate)) + ")"
	}
	t.line("   ", mark, escape(s.Title), gate)
	for _, b := range s.Blockers {
		t.line("       ", t.style.bad.Render("needs:"), escape(b))
	}
	if !opts.Verbose {
		return
	}
	t.detail("id", s.ID)
	t.detail("check", s.Check)
	t.detail("undo", s.Undo)
	t.detail("unverified", s.Unverified)
	t.detail("file", s.Artifact)
	t.detail("closes", strings.Join(s.Closes, ", "))
}

func (t *text) detail(label, value string) {
	if value != "" {
		t.line("       ", t.style.faint.Render(pad(label+":", len("unverified:"))), escape(value))
	}
}

func (t *text) inputs(doc *planner.Plan) {
	if len(doc.Inputs) == 0 {
		return
	}
	t.line()
	t.line(t.style.strong.Render("Inputs that the plan names and does not hold (--input NAME=FILE):"))
	for _, i := range doc.Inputs {
		t.line("   ", Visible(i.Name), "for "+list(i.For, 5)+":", escape(i.Description))
	}
}

func (t *text) open(doc *planner.Plan, opts Options) {
	if len(doc.Open) == 0 {
		return
	}
	t.line()
	t.line(fmt.Sprintf("%s open after this plan.", count(len(doc.Open), "finding stays", "findings stay")))
	if !opts.Verbose {
		return
	}
	for _, o := range doc.Open {
		t.line("   ", Visible(o.Finding), escape(o.Why))
	}
}

// readiness counts steps by status: what stands between the plan and apply.
func readiness(doc *planner.Plan) string {
	var steps, ready int
	for _, s := range doc.Stages {
		for _, step := range s.Steps {
			steps++
			if step.Status == planner.Ready {
				ready++
			}
		}
	}
	if ready == steps {
		return fmt.Sprintf("%s, all ready.", count(steps, "step", "steps"))
	}
	return fmt.Sprintf("%s, %d ready, %d held up.", count(steps, "step", "steps"), ready, steps-ready)
}
