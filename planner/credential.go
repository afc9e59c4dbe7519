package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// A credential is what the plan migrates: the chosen secret and every other
// sighting that must be taken for the same login.
type credential struct {
	risk      Risk
	names     []string
	tenants   []string
	workloads []string
	endpoint  *rules.Endpoint
	findings  []rules.Finding // of all its sightings, sorted by position
	secrets   map[string]bool // Secret.ID
}

// choose takes the database credential that most tenants share, then the one
// with the highest score.
func choose(m *RiskMap) (Risk, bool) {
	var list []Risk
	for _, r := range m.Secrets {
		if r.Class == rules.Database {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return Risk{}, false
	}
	slices.SortFunc(list, func(a, b Risk) int {
		return cmp.Or(cmp.Compare(len(b.Tenants), len(a.Tenants)), cmp.Compare(b.Score, a.Score),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list[0], true
}

// join collects what must be taken for the same credential as the chosen secret:
// the settings say which variables carry this database's credential, so another
// database secret of such a name is the same unless its URL names another login.
// A reference into a store that the scan cannot see has no URL: taking it for
// another login would leave its consumers behind when this one is retired.
func join(scan *rules.Scan, m *RiskMap, chosen Risk, variables []string) credential {
	c := credential{risk: chosen, endpoint: chosen.Endpoint, secrets: map[string]bool{chosen.ID: true}}
	c.names, c.tenants, c.workloads = chosen.Names, chosen.Tenants, chosen.Workloads
	for _, r := range m.Secrets {
		named := slices.ContainsFunc(r.Names, func(n string) bool { return slices.Contains(variables, n) })
		if r.ID == chosen.ID || !named || r.Class != rules.Database || !sameLogin(r.Endpoint, chosen.Endpoint) {
			continue
		}
		c.secrets[r.ID] = true
		c.endpoint = or(c.endpoint, r.Endpoint)
		c.names = append(slices.Clone(c.names), r.Names...)
		c.tenants = append(slices.Clone(c.tenants), r.Tenants...)
		c.workloads = append(slices.Clone(c.workloads), r.Workloads...)
	}
	c.names, c.tenants, c.workloads = sorted(c.names), sorted(c.tenants), sorted(c.workloads)
	for _, f := range scan.Findings {
		if c.secrets[f.Secret] {
			c.findings = append(c.findings, f)
		}
	}
	return c
}

func sameLogin(a, b *rules.Endpoint) bool {
	if a == nil || b == nil {
		return true
	}
	return a.User == b.User && a.Database == b.Database
}

// variables are the environment variables that carry the credential: those that
// the settings name, or else all its names that can be variables.
func (c credential) variables(configured []string) []string {
	var listed, all []string
	for _, n := range c.names {
		if variable.MatchString(n) {
			all = append(all, n)
			if slices.Contains(configured, n) {
				listed = append(listed, n)
			}
		}
	}
	if len(listed) > 0 {
		return listed
	}
	return all
}

// deployed are the findings in files that are used.
func (c credential) deployed() []rules.Finding {
	var list []rules.Finding
	for _, f := range c.findings {
		if f.Context == scanner.Deployed {
			list = append(list, f)
		}
	}
	return list
}

// of are the findings at some of its workloads.
func (c credential) of(workloads []string) []string {
	var list []rules.Finding
	for _, f := range c.findings {
		if slices.Contains(workloads, f.Workload) {
			list = append(list, f)
		}
	}
	return ids(list)
}

func (c credential) chosen() Chosen {
	reason := fmt.Sprintf("%s is the database credential that most tenants depend on: %s (%s), %s, score %d",
		c.risk.Name, count(len(c.tenants), "tenant"), strings.Join(c.tenants, ", "),
		count(len(c.workloads), "workload"), c.risk.Score)
	if len(c.tenants) < 2 {
		reason = fmt.Sprintf("%s is the database credential with the highest score (%d); no two tenants are known to share one", c.risk.Name, c.risk.Score)
	}
	return Chosen{Secret: c.risk.Name, Names: c.names, Endpoint: c.endpoint, Tenants: nonNil(c.tenants), Score: c.risk.Score, Reason: reason}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func ids(findings []rules.Finding) []string {
	var list []string
	for _, f := range findings {
		list = append(list, f.ID)
	}
	return sorted(list)
}

func at(p scanner.Position) string { return fmt.Sprintf("%s:%d", p.Path, p.Line) }
