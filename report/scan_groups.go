package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/rules"
)

// A group is one secret with its findings, the most severe first.
type group struct {
	secret   rules.Secret
	severity rules.Severity // of its worst finding
	findings []rules.Finding
}

// groups orders secrets by their worst finding; secrets that weigh the same stay
// in the document's order. A secret without a finding is no group.
func groups(doc *rules.Scan) []group {
	index := make(map[string]int, len(doc.Secrets))
	all := make([]group, 0, len(doc.Secrets))
	for _, s := range doc.Secrets {
		index[s.ID] = len(all)
		all = append(all, group{secret: s})
	}
	for _, f := range doc.Findings {
		i, known := index[f.Secret]
		if !known { // a document from elsewhere: show the finding nevertheless
			i = len(all)
			index[f.Secret] = i
			all = append(all, group{secret: rules.Secret{ID: f.Secret, Name: f.Name, Class: f.Class, Provider: f.Provider}})
		}
		g := &all[i]
		g.findings = append(g.findings, f)
		g.severity = max(g.severity, f.Severity)
	}
	all = slices.DeleteFunc(all, func(g group) bool { return len(g.findings) == 0 })
	for _, g := range all {
		slices.SortStableFunc(g.findings, bySeverity)
	}
	slices.SortStableFunc(all, func(a, b group) int { return cmp.Compare(b.severity, a.severity) })
	return all
}

func bySeverity(a, b rules.Finding) int {
	return cmp.Or(
		cmp.Compare(b.Severity, a.Severity),
		strings.Compare(a.At.Path, b.At.Path),
		cmp.Compare(a.At.Line, b.At.Line),
		cmp.Compare(a.At.Column, b.At.Column),
		strings.Compare(a.ID, b.ID),
	)
}

// small reports whether a severity is only counted unless asked for.
func small(s rules.Severity) bool { return s < rules.Medium }
