package planner

import (
	"cmp"
	"slices"

	"github.com/agentsec/agentsec/rules"
)

// canonical returns a copy whose slices are sorted, so that no result depends on
// the order in which a scan lists things. The original is not touched.
func canonical(scan *rules.Scan) *rules.Scan {
	s := *scan
	s.Findings = slices.Clone(scan.Findings)
	slices.SortFunc(s.Findings, func(a, b rules.Finding) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Secret, b.Secret))
	})
	s.Secrets = slices.Clone(scan.Secrets)
	for i := range s.Secrets {
		c := &s.Secrets[i]
		c.Names, c.Findings = sorted(c.Names), sorted(c.Findings)
		c.Workloads, c.Tenants = sorted(c.Workloads), sorted(c.Tenants)
	}
	slices.SortFunc(s.Secrets, func(a, b rules.Secret) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	s.Workloads = slices.Clone(scan.Workloads)
	for i := range s.Workloads {
		w := &s.Workloads[i]
		w.Images, w.BuildContexts = sorted(w.Images), sorted(w.BuildContexts)
		w.Tenants, w.Commands = sorted(w.Tenants), sorted(w.Commands)
	}
	slices.SortFunc(s.Workloads, func(a, b rules.Workload) int { return cmp.Compare(a.ID, b.ID) })
	s.Reads = slices.Clone(scan.Reads)
	slices.SortFunc(s.Reads, func(a, b rules.Read) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column), cmp.Compare(a.Name, b.Name))
	})
	s.Tenants = sorted(scan.Tenants)
	return &s
}

// sorted returns a sorted copy without duplicates, nil for nothing.
func sorted(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	c := slices.Clone(list)
	slices.Sort(c)
	return slices.Compact(c)
}
