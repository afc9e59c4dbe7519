package report

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/agentsec/agentsec/planner"
)

// maxRisks bounds the secrets listed of a risk map; all of them with -v.
const maxRisks = 20

// RiskMapText writes the secrets by score with the addends of each score, then
// what a leak would cost each tenant.
func RiskMapText(w io.Writer, doc *planner.RiskMap, opts Options) error {
	t := newText(w, opts)
	listed := doc.Secrets
	if !opts.Verbose {
		listed = listed[:min(len(listed), maxRisks)]
	}
	for _, r := range listed {
		t.risk(r, opts)
	}
	if more := len(doc.Secrets) - len(listed); more > 0 {
		t.line(fmt.Sprintf("and %d more (-v lists them)", more))
	}
	if opts.Quiet {
		return t.done()
	}
	if len(doc.Tenants) > 0 {
		t.line()
		t.line(t.style.strong.Render("If one tenant's workload leaks its environment:"))
	}
	for _, e := range doc.Tenants {
		t.line("   ", Visible(e.Tenant), count(len(e.Secrets), "secret", "secrets")+", "+
			fmt.Sprintf("%d of them shared with other tenants", len(e.Shared)))
	}
	t.line()
	sum := doc.Summary
	t.line(fmt.Sprintf("%s: %d critical, %d high, %d shared across tenants; %d dynamic already.",
		count(sum.Secrets, "static secret", "static secrets"), sum.Critical, sum.High, sum.Shared, sum.Dynamic))
	var classes []string
	for _, c := range slices.Sorted(maps.Keys(sum.ByClass)) {
		classes = append(classes, fmt.Sprintf("%s %d", c, sum.ByClass[c]))
	}
	if len(classes) > 0 {
		t.line("By class: " + list(classes, 20) + ".")
	}
	return t.done()
}

func (t *text) risk(r planner.Risk, opts Options) {
	kind := string(r.Class)
	if r.Provider != "" {
		kind += " (" + r.Provider + ")"
	}
	t.line(fmt.Sprintf("%4d", r.Score), t.severity(r.Severity), t.style.strong.Render(Visible(r.Name)), Visible(kind), endpoint(r))
	if opts.Quiet {
		return
	}
	for _, f := range r.Factors {
		t.line("    ", fmt.Sprintf("%+4d", f.Points), Visible(f.Name)+":", escape(f.Why))
	}
	tenants := list(r.Tenants, 8)
	switch {
	case r.UnknownTenant && tenants == "":
		tenants = "not known"
	case r.UnknownTenant:
		tenants += ", and at least one consumer whose tenant is not known"
	}
	t.labelled("tenants", tenants)
	t.labelled("agents", list(r.Agents, 8))
	t.labelled("lives in", list(r.Lives, 6))
	if r.Stage > 0 {
		t.labelled("removed by", fmt.Sprintf("stage %d", r.Stage))
	}
}

func (t *text) labelled(label, value string) {
	if value != "" {
		t.line("    ", pad(label+":", len("removed by:")), value)
	}
}

// endpoint is user@host/database: who can log in where.
func endpoint(r planner.Risk) string {
	e := r.Endpoint
	if e == nil {
		return ""
	}
	host := e.Host
	if e.Port != "" {
		host += ":" + e.Port
	}
	return Visible(e.User + "@" + host + "/" + e.Database)
}
