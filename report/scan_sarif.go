package report

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

const (
	// maxResults is what GitHub code scanning takes of one run. It refuses a
	// larger file as a whole.
	maxResults = 25_000
	// fingerprintKey names our own fingerprint: the finding's ID, which is made
	// of rule and logical location and survives edits.
	fingerprintKey = "agentsecFinding/v1"
	projectURI     = "https://github.com/agentsec/agentsec"
	sarifSchemaURI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

// ScanSARIF writes a SARIF 2.1.0 log of one run. It holds no snippet: a snippet
// would be the secret. A clean scan is a valid log without results; what was
// skipped makes the run unsuccessful and stands in its notifications.
func ScanSARIF(w io.Writer, doc *rules.Scan, _ Options) error {
	findings := slices.Clone(doc.Findings)
	slices.SortStableFunc(findings, bySeverity)
	var notes []*sarif.Notification
	for _, s := range doc.Coverage.Skipped {
		notes = append(notes, skippedNote(s))
	}
	if more := len(findings) - maxResults; more > 0 {
		findings = findings[:maxResults]
		notes = append(notes, note(sarif.LevelWarning, fmt.Sprintf(
			"This log holds the %d most severe findings; %d less severe ones are left out because consumers refuse larger logs. The json format holds them all.", maxResults, more)))
	}
	driver, index := sarifDriver(doc.Tool, findings)
	run := sarif.NewRun().WithTool(sarif.NewTool().WithDriver(driver))
	run.Results = make([]*sarif.Result, len(findings))
	for i, f := range findings {
		run.Results[i] = sarifResult(f, index[f.Rule])
	}
	invocation := sarif.NewInvocation().WithExecutionSuccessful(len(doc.Coverage.Skipped) == 0)
	invocation.ToolExecutionNotifications = append(invocation.ToolExecutionNotifications, notes...)
	run.AddInvocation(invocation)
	log := sarif.NewReport().AddRun(run)
	log.Schema = sarifSchemaURI
	return writeJSON(w, log)
}

// sarifResult is one finding; ruleIndex is its rule's place in the driver.
func sarifResult(f rules.Finding, ruleIndex int) *sarif.Result {
	at := sarifLocation(f.At)
	if !f.Object.IsZero() {
		logical := sarif.NewLogicalLocation().WithFullyQualifiedName(clean(f.Object.Qualified()))
		if f.Name != "" {
			logical.WithName(clean(f.Name))
		}
		at.AddLogicalLocation(logical.WithKind("resource"))
	}
	properties := sarif.NewPropertyBag().
		Add("mechanism", f.Mechanism).
		Add("class", f.Class).
		Add("name", clean(f.Name)).
		Add("severity", f.Severity)
	for key, value := range map[string]string{"provider": f.Provider, "tenant": f.Tenant, "context": string(f.Context), "workload": f.Workload} {
		if value != "" {
			properties.Add(key, clean(value))
		}
	}
	r := sarif.NewRuleResult(f.Rule).
		WithRuleIndex(ruleIndex).
		WithLevel(sarifLevel(f.Severity)).
		WithMessage(sarif.NewTextMessage(messageText(f.Message))).
		WithPartialFingerprints(map[string]string{fingerprintKey: f.ID}).
		WithProperties(properties)
	r.AddLocation(at)
	for i, related := range f.Related {
		r.AddRelatedLocation(sarifLocation(related.At).WithID(i).WithMessage(sarif.NewTextMessage(messageText(related.Message))))
	}
	return r
}

func sarifLevel(s rules.Severity) string {
	switch {
	case s >= rules.High:
		return sarif.LevelError
	case s == rules.Medium:
		return sarif.LevelWarning
	}
	return sarif.LevelNote
}

func sarifLocation(p scanner.Position) *sarif.Location {
	physical := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(relativeURI(p.Path)))
	if p.Line > 0 {
		region := sarif.NewRegion().WithStartLine(p.Line)
		if p.Column > 0 {
			region.WithStartColumn(p.Column)
		}
		physical.WithRegion(region)
	}
	return sarif.NewLocationWithPhysicalLocation(physical)
}

// relativeURI is p, relative to the repository's root, as a URI reference. A
// colon is escaped too: in the first segment it would be read as a scheme.
func relativeURI(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		segments[i] = strings.ReplaceAll(url.PathEscape(s), ":", "%3A")
	}
	return strings.Join(segments, "/")
}

func skippedNote(s scanner.Skipped) *sarif.Notification {
	n := note(sarif.LevelError, "Not read, so secrets there are not in this log: "+s.Reason)
	return n.AddLocation(sarifLocation(scanner.Position{Path: s.Path, Line: s.Line}))
}

func note(level, text string) *sarif.Notification {
	return sarif.NewNotification().WithLevel(level).WithMessage(sarif.NewTextMessage(messageText(text)))
}

// messageText keeps hostile names from becoming links ("[text](target)") and
// placeholders ("{0}") in a message.
func messageText(s string) string {
	return strings.NewReplacer("](", "] (", "{", "{{", "}", "}}").Replace(clean(s))
}

// clean escapes what a viewer might obey. A viewer may print to a terminal.
func clean(s string) string { return escape(s) }
