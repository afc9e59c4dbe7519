package planner

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// Map joins a scan into a risk map: what each secret opens, for whom, and how
// bad that is. It is a pure function; the order of the scan's slices does not
// matter.
func Map(scan *rules.Scan, points Scoring) *RiskMap {
	scan = canonical(scan)
	points = points.withDefaults()
	workloads := map[string]rules.Workload{}
	for _, w := range scan.Workloads {
		workloads[w.ID] = w
	}
	findings := bySecret(scan.Findings)

	m := &RiskMap{Version: RiskMapVersion, KeyID: scan.KeyID, Secrets: []Risk{}, Tenants: []Exposed{}}
	for _, s := range scan.Secrets {
		m.Secrets = append(m.Secrets, risk(s, findings[s.ID], workloads, points))
	}
	slices.SortFunc(m.Secrets, func(a, b Risk) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Severity, a.Severity),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	m.Tenants = exposed(scan.Tenants, m.Secrets)
	m.Summary = totals(m.Secrets, len(scan.Dynamic))
	return m
}

func bySecret(findings []rules.Finding) map[string][]rules.Finding {
	m := map[string][]rules.Finding{}
	for _, f := range findings {
		m[f.Secret] = append(m[f.Secret], f)
	}
	return m
}

func risk(s rules.Secret, findings []rules.Finding, workloads map[string]rules.Workload, points Scoring) Risk {
	r := Risk{
		ID: s.ID, Name: s.Name, Names: s.Names, Class: s.Class, Provider: s.Provider,
		Endpoint: s.Endpoint, Severity: s.Severity, Findings: s.Findings, Stage: stageOf(s.Class),
	}
	consumers, tenants := slices.Clone(s.Workloads), slices.Clone(s.Tenants)
	for _, f := range findings {
		if f.Mechanism != scanner.CodeRead {
			r.Lives = append(r.Lives, fmt.Sprintf("%s:%d", f.At.Path, f.At.Line))
		}
		if f.Workload != "" {
			consumers = append(consumers, f.Workload)
		}
	}
	r.Lives, r.Workloads, r.Agents = nonNil(unique(r.Lives)), nonNil(sorted(consumers)), []string{}
	r.Names, r.Findings = nonNil(r.Names), nonNil(r.Findings)
	for _, id := range r.Workloads {
		w, known := workloads[id]
		if w.Agent {
			r.Agents = append(r.Agents, id)
		}
		tenants = append(tenants, tenantsOf(w)...)
		// A CI job works for the platform and has no tenant of its own.
		if !known || len(tenantsOf(w)) == 0 && w.Kind != scanner.GitHubActions {
			r.UnknownTenant = true
		}
	}
	r.Tenants = nonNil(sorted(tenants))
	r.Factors = nonNil(factors(s, r, findings, points))
	for _, f := range r.Factors {
		r.Score += f.Points
	}
	return r
}

func tenantsOf(w rules.Workload) []string {
	if len(w.Tenants) > 0 {
		return w.Tenants
	}
	if w.Tenant != "" {
		return []string{w.Tenant}
	}
	return nil
}

// unique drops repetitions and keeps the order (of position, not of text).
func unique(list []string) []string {
	seen := map[string]bool{}
	var kept []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			kept = append(kept, s)
		}
	}
	return kept
}

func exposed(known []string, risks []Risk) []Exposed {
	tenants := slices.Clone(known)
	for _, r := range risks {
		tenants = append(tenants, r.Tenants...)
	}
	list := []Exposed{}
	for _, t := range sorted(tenants) {
		e := Exposed{Tenant: t, Secrets: []string{}, Shared: []string{}}
		for _, r := range risks {
			if slices.Contains(r.Tenants, t) {
				e.Secrets = append(e.Secrets, r.ID)
				if len(r.Tenants) > 1 {
					e.Shared = append(e.Shared, r.ID)
				}
			}
		}
		list = append(list, e)
	}
	return list
}

func totals(risks []Risk, dynamic int) RiskTotals {
	t := RiskTotals{Secrets: len(risks), Dynamic: dynamic, ByClass: map[rules.Class]int{}}
	for _, r := range risks {
		t.ByClass[r.Class]++
		if len(r.Tenants) > 1 {
			t.Shared++
		}
		switch r.Severity {
		case rules.Critical:
			t.Critical++
		case rules.High:
			t.High++
		}
	}
	return t
}
