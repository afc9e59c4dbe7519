package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// An exposure is one variable of one container that carries the credential.
type exposure struct {
	container string
	variable  string
	finding   rules.Finding
	bulk      bool // handed over with everything else of a Secret or file
	literal   bool // the value stands in the manifest itself
}

// A consumer is a workload that gets the credential, and what stands in the way
// of giving it one of its own.
type consumer struct {
	w         rules.Workload
	exposures []exposure
	findings  []rules.Finding
	identity  int // index in the plan's agents, -1 without
	blockers  []blocker
	// unused: its code is here and does not use what it gets with an env file;
	// taking the key out of that file is all there is to do.
	unused bool
}

func (c consumer) inCI() bool { return c.w.Kind == scanner.GitHubActions }

func (c consumer) role() string { return cmp.Or(c.w.AgentRole, c.w.Object.Name) }

// variables of the workload that carry the credential.
func (c consumer) variables() []string {
	var list []string
	for _, e := range c.exposures {
		list = append(list, e.variable)
	}
	return sorted(list)
}

// consumers lists everyone who gets the credential in what is deployed.
func consumers(scan *rules.Scan, cred credential, configured []string, h *handling) []consumer {
	known := map[string]rules.Workload{}
	for _, w := range scan.Workloads {
		known[w.ID] = w
	}
	var list []consumer
	for _, id := range cred.workloads {
		w, ok := known[id]
		if !ok {
			w = rules.Workload{ID: id}
		}
		if w.Context != scanner.Deployed {
			continue
		}
		c := consumer{w: w, identity: -1, findings: findingsOf(scan, cred, id)}
		switch {
		case !ok:
			c.blockers = append(c.blockers, input(id+": the scan names this consumer and does not describe it"))
		case len(c.findings) == 0:
			c.blockers = append(c.blockers, input(fmt.Sprintf("%s: %s gets %s and the scan shows no finding of it (a baseline admits it, or it is written once for several workloads): scan without the baseline, write it out", at(w.At), id, cred.risk.Name)))
		case c.inCI():
			c.blockers = ciBlockers(c, cred)
		default:
			c.expose(cred.variables(configured))
			c.blockers = append(c.blockers, alsoInBulk(scan, c)...)
			c.judge(h)
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b consumer) int { return strings.Compare(a.w.ID, b.w.ID) })
	return list
}

// findingsOf are a workload's findings of the credential. A bulk reference is
// one finding for all the secrets that it carries, so it may be filed under
// another of them.
func findingsOf(scan *rules.Scan, cred credential, id string) []rules.Finding {
	var own, bulk []rules.Finding
	for _, f := range scan.Findings {
		switch {
		case f.Workload != id || f.Context != scanner.Deployed || f.Mechanism == scanner.CodeRead:
		case cred.secrets[f.Secret]:
			own = append(own, f)
		case f.Mechanism == scanner.BulkRef:
			bulk = append(bulk, f)
		}
	}
	if len(own) > 0 {
		return own
	}
	return bulk
}

// alsoInBulk finds imports of the whole Secret beside an entry of its own: once
// that entry is gone, envFrom still hands the credential over.
func alsoInBulk(scan *rules.Scan, c consumer) []blocker {
	var list []blocker
	for _, f := range scan.Findings {
		if f.Workload != c.w.ID || f.Mechanism != scanner.BulkRef || f.Ref.Store != scanner.KubernetesSecret {
			continue
		}
		if slices.ContainsFunc(c.findings, func(own rules.Finding) bool {
			return own.Mechanism == scanner.StaticRef && own.Ref.Store == f.Ref.Store && own.Ref.Name == f.Ref.Name
		}) {
			list = append(list, codeChange(fmt.Sprintf("%s: envFrom imports all of Secret %s and would still hand the credential over: name the keys that are needed", at(f.At), f.Ref.Name)))
		}
	}
	return list
}

func ciBlockers(c consumer, cred credential) []blocker {
	var list []blocker
	for _, f := range c.findings {
		list = append(list, codeChange(fmt.Sprintf("%s: the workflow still handles %s: take it out, nothing needs it once agents get their own logins", at(f.At), cred.risk.Name)))
	}
	return list
}

// expose turns findings into the variables to take away. What reaches the
// process otherwise (a command line, an annotation) no patch can move.
func (c *consumer) expose(all []string) {
	for _, f := range c.findings {
		e := exposure{container: f.Object.Container, variable: f.Name, finding: f}
		switch {
		case f.Mechanism == scanner.BulkRef:
			e.bulk = true
			for _, v := range all {
				e.variable = f.Ref.Prefix + v
				c.exposures = append(c.exposures, e)
			}
		case f.Place != scanner.InEnv && f.Place != scanner.InDefault:
			c.blockers = append(c.blockers, codeChange(fmt.Sprintf("%s: %s reaches the process outside its environment (%s): let it read a file", at(f.At), f.Name, f.Place)))
		case f.Mechanism == scanner.SyncedStatic:
			c.blockers = append(c.blockers, codeChange(fmt.Sprintf("%s: %s is copied into a static store by an operator: drop that first", at(f.At), f.Name)))
		case !variable.MatchString(f.Name):
			c.blockers = append(c.blockers, codeChange(fmt.Sprintf("%s: the name is not one of an environment variable", at(f.At))))
		default:
			e.literal = holdsValue(f)
			c.exposures = append(c.exposures, e)
		}
	}
	slices.SortStableFunc(c.exposures, func(a, b exposure) int {
		return cmp.Or(cmp.Compare(a.container, b.container), cmp.Compare(a.variable, b.variable), compareBool(a.bulk, b.bulk))
	})
	if len(c.exposures) == 0 && len(c.blockers) == 0 {
		c.blockers = append(c.blockers, input(fmt.Sprintf("%s: nothing tells which variable of %s carries the credential", at(c.w.At), c.w.ID)))
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// edited are the variables to edit: one that is set singly and handed over with
// others is one entry.
func (c *consumer) edited() []exposure {
	return slices.CompactFunc(slices.Clone(c.exposures), func(a, b exposure) bool {
		return a.container == b.container && a.variable == b.variable
	})
}

// judge asks the code, then the tenancy.
func (c *consumer) judge(h *handling) {
	bulkOnly := len(c.blockers) == 0 && !slices.ContainsFunc(c.exposures, func(e exposure) bool { return !e.bulk })
	if bulkOnly && !slices.ContainsFunc(c.variables(), func(v string) bool { return !h.unused(c.w, v) }) {
		c.unused = true
		return
	}
	c.blockers = append(c.blockers, c.tenancy()...)
	for _, v := range c.variables() {
		if passwordOnly(v) {
			c.blockers = append(c.blockers, codeChange(fmt.Sprintf("%s: %s carries a password alone, but a dynamic login changes user and password together: let the code read one URL from a file", at(c.w.At), v)))
		}
		c.blockers = append(c.blockers, h.judge(c.w, v)...)
	}
}

func (c *consumer) tenancy() []blocker {
	switch {
	case len(c.w.Tenants) > 1:
		return []blocker{{NeedsBroker, fmt.Sprintf("%s: %s serves %s with one process: no static role fits, it must ask the broker for each task", at(c.w.At), c.w.ID, strings.Join(c.w.Tenants, ", "))}}
	case len(tenantsOf(c.w)) == 0:
		return []blocker{input(fmt.Sprintf("%s: nothing tells the tenant of %s: add a selector to tenants[].selectors", at(c.w.At), c.w.ID))}
	}
	return nil
}

func passwordOnly(name string) bool {
	name = strings.ToUpper(name)
	for _, suffix := range []string{"PASSWORD", "PASSWD", "PWD", "PASS"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}
