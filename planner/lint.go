package planner

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/agentsec/agentsec/rules"
)

// A Problem is a reason not to apply a plan as it stands.
type Problem struct {
	Step    string `json:"step"` // "" for the plan as a whole
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// A lint looks at the whole plan.
type lint struct {
	rule  string
	check func(p *Plan, literals map[string][]int, report func(step, format string, args ...any))
}

// lints lists what is refused, whoever wrote it into the plan.
var lints = []lint{
	{"retire-before-verify", lintRetire},
	{"unbounded-ttl", lintTTL},
	{"wide-policy", lintPolicies},
	{"wide-auth-role", lintAuthRoles},
	{"shared-identity", lintIdentities},
	{"wide-connection", lintConnections},
	{"sessions-survive-revocation", lintRevocation},
	{"secret-in-patch", lintPatches},
	{"sourced-into-environment", lintSourcing},
	{"empty-step", lintEmpty},
}

// Lint returns everything in a plan that must not be applied. With the scans
// that the plan was made from it also knows which lines hold a literal secret;
// without one it goes by what the diffs look like.
func Lint(p *Plan, scans ...*rules.Scan) []Problem {
	literals := map[string][]int{}
	for _, s := range scans {
		for path, lines := range LiteralLines(s) {
			literals[path] = append(literals[path], lines...)
		}
	}
	var list []Problem
	for _, l := range lints {
		l.check(p, literals, func(step, format string, args ...any) {
			list = append(list, Problem{Step: step, Rule: l.rule, Message: fmt.Sprintf(format, args...)})
		})
	}
	slices.SortFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(list)
}

// steps calls f for every step in the plan's order.
func (p *Plan) each(f func(s Step)) {
	for _, st := range p.Stages {
		for _, s := range st.Steps {
			f(s)
		}
	}
}
