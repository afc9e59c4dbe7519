package planner

import (
	"fmt"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// classPoints: what one credential of a class opens. A database credential opens
// the rows of all tenants at once; a hash opens nothing by itself.
var classPoints = map[rules.Class]int{
	rules.Database:      40,
	rules.Cloud:         40,
	rules.SigningKey:    35,
	rules.LLMKey:        30,
	rules.InternalToken: 25,
	rules.OAuth:         25,
	rules.TLSKey:        25,
	rules.ThirdParty:    20,
	rules.OtherClass:    10,
	rules.PasswordHash:  5,
}

// withDefaults fills what .agentsec.yaml leaves at zero.
func (s Scoring) withDefaults() Scoring {
	return Scoring{
		PerTenant:   or(s.PerTenant, 10),
		PerWorkload: or(s.PerWorkload, 2),
		Literal:     or(s.Literal, 20),
	}
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// factors are the addends of a score, in a fixed order; those of 0 points are
// left out.
func factors(s rules.Secret, r Risk, findings []rules.Finding, points Scoring) []Factor {
	var leak, tracked, deployed bool
	for _, f := range findings {
		deployed = deployed || f.Context == scanner.Deployed
		leak = leak || f.Mechanism == scanner.Leak && f.Context == scanner.Deployed
		tracked = tracked || holdsValue(f) && !f.Untracked
	}
	var list []Factor
	add := func(name string, p int, why string) {
		if p != 0 {
			list = append(list, Factor{Name: name, Points: p, Why: why})
		}
	}
	add("class", classPoints[s.Class], fmt.Sprintf("it is a %s", s.Class))
	if s.Literal {
		add("literal", points.Literal, "its value stands in a file")
	}
	if s.Literal && tracked {
		add("version-control", 10, "the file is under version control, so its history keeps the value")
	}
	if s.Provider != "" {
		add("provider", 10, fmt.Sprintf("it can be used as it is at %s", s.Provider))
	}
	if n := len(r.Tenants); n > 1 {
		add("tenants", points.PerTenant*n, fmt.Sprintf("%d tenants depend on it: one leak reaches all of them", n))
	}
	add("workloads", points.PerWorkload*len(r.Workloads), fmt.Sprintf("%d workloads get it", len(r.Workloads)))
	add("agents", 3*len(r.Agents), fmt.Sprintf("%d of them run an LLM-driven loop, which can be talked into telling it", len(r.Agents)))
	if leak {
		add("leak", 10, "it passes a place that others can read (command line, URL, log)")
	}
	if len(findings) > 0 && !deployed {
		total := 0
		for _, f := range list {
			total += f.Points
		}
		add("context", -total*3/4, "it is only in examples, tests or documentation")
	}
	return list
}

// holdsValue reports whether the value itself stands at the finding's place.
// Rules may call a literal a leak (a URL with a password), and a default
// (${X:-value}) is a reference that carries a value, so the mechanism alone does
// not tell.
func holdsValue(f rules.Finding) bool {
	if f.Mechanism == scanner.Literal || f.Place == scanner.InDefault {
		return true
	}
	return f.Fingerprint != "" && f.Ref.IsZero() && f.Mechanism != scanner.CodeRead
}
