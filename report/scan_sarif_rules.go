package report

import (
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/agentsec/agentsec/rules"
)

// sarifDriver describes the tool with all of its rules, found or not, and
// returns the index of each rule. A rule that only a stored document knows is
// added by its ID.
func sarifDriver(tool rules.Tool, findings []rules.Finding) (*sarif.ToolComponent, map[string]int) {
	driver := sarif.NewToolComponent().WithName(tool.Name).WithInformationURI(projectURI)
	if tool.Version != "" {
		driver.WithVersion(tool.Version)
	}
	index := map[string]int{}
	add := func(id string, d *sarif.ReportingDescriptor) {
		index[id] = len(driver.Rules)
		driver.AddRule(d)
	}
	for _, r := range rules.All() {
		add(r.ID, sarifRule(r))
	}
	for _, f := range findings {
		if _, known := index[f.Rule]; !known {
			add(f.Rule, sarif.NewRule(f.Rule))
		}
	}
	return driver, index
}

func sarifRule(r rules.Rule) *sarif.ReportingDescriptor {
	said := func(s string) *sarif.MultiformatMessageString {
		return sarif.NewMultiformatMessageString().WithText(s)
	}
	help := r.Why + "\n\nFix: " + r.Fix
	for _, ref := range r.References {
		help += "\n\nSee: " + ref
	}
	d := sarif.NewRule(r.ID).
		WithShortDescription(said(r.Title)).
		WithFullDescription(said(r.Why)).
		WithHelp(said(help)).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevel(r.Severity)))
	return d.WithProperties(sarif.NewPropertyBag().
		Add("security-severity", securitySeverity(r.Severity)).
		WithTags([]string{"security", "secrets"}))
}

// securitySeverity is the number (as a string) that GitHub turns into its own
// words: above 9.0 critical, from 7.0 high, from 4.0 medium, from 0.1 low.
func securitySeverity(s rules.Severity) string {
	return [...]string{rules.Info: "0.1", rules.Low: "2.0", rules.Medium: "5.5", rules.High: "8.0", rules.Critical: "9.5"}[s]
}
