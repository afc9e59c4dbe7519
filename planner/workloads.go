package planner

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// workloadSteps make one step for each consumer. Those that are ready come
// first: diffs of one file build on each other, and a step that waits must not
// hold up the others.
func workloadSteps(users []consumer, p *patcher, scan *rules.Scan, cred credential) []Step {
	order := make([]int, 0, len(users))
	for i := range users {
		users[i].blockers = append(users[i].blockers, unseenSecrets(users[i], scan, cred)...)
		if !users[i].unused {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := users[a], users[b]
		return cmp.Or(cmp.Compare(min(1, len(x.blockers)), min(1, len(y.blockers))),
			cmp.Compare(x.w.At.Path, y.w.At.Path), cmp.Compare(x.w.ID, y.w.ID))
	})
	var steps []Step
	for _, i := range order {
		steps = append(steps, workloadStep(users[i], p))
	}
	// A diff that could not be made turns a step that looked ready into one that
	// waits.
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(waitsFor(a), waitsFor(b)) })
	return steps
}

func waitsFor(s Step) int {
	if s.Status == Ready {
		return 0
	}
	return 1
}

func workloadStep(c consumer, p *patcher) Step {
	s := Step{
		ID: "patch-" + slug(c.w.ID), Title: "Move " + c.w.ID + " to its own login",
		Reason: ids(c.findings), Op: Op{Patch: &Patch{Files: []string{c.w.At.Path}}},
		Check: "git apply takes the diff, and a rescan no longer shows the variable",
		Undo:  "git apply -R",
	}
	if c.inCI() {
		s.ID, s.Title = "ci-"+slug(c.w.ID), "Take the credential out of "+c.w.ID
		s.Check, s.Undo = "a rescan no longer shows it", "restore the workflow from version control"
	} else if c.identity >= 0 && patchable(c) {
		diff, err := p.patch(c)
		if err != nil {
			c.blockers = append(c.blockers, codeChange(err.Error()))
		} else {
			s.Op.Patch.Diff = diff
		}
	}
	for _, f := range c.findings {
		if c.inCI() || f.Mechanism != scanner.BulkRef && !holdsValue(f) {
			s.Closes = append(s.Closes, f.ID)
		}
	}
	s.Closes = sorted(s.Closes)
	s.Status, s.Blockers = verdict(c.blockers)
	switch {
	case c.inCI():
	case c.w.Kind == scanner.Kubernetes:
		s.Unverified = "needs a kubelet and the Vault Agent Injector; RBAC bound to the old ServiceAccount is not carried over"
		if k := c.w.Object.Kind; k == "Job" || k == "CronJob" {
			s.Unverified += "; a Job's credential is not renewed and ends with its TTL"
		}
	default:
		s.Unverified = "needs a container runtime, and agentsec dev run or a Vault Agent that renders into the mounted folder"
	}
	return s
}

// patchable: a diff is worth showing when nothing but code stands in its way.
func patchable(c consumer) bool {
	return !slices.ContainsFunc(c.blockers, func(b blocker) bool { return b.status != NeedsCodeChange }) && len(c.exposures) > 0
}

// unseenSecrets: what envFrom hands over goes away when its key leaves the
// Secret, and agentsec can take it only out of a Secret that it sees.
func unseenSecrets(c consumer, scan *rules.Scan, cred credential) []blocker {
	if c.unused {
		return nil
	}
	var list []blocker
	for _, e := range c.exposures {
		if e.bulk && !inSight(e.finding.Ref, scan, cred) {
			list = append(list, codeChange(fmt.Sprintf("%s: it takes all of %s, whose content is not in the scan: take %s out there, or list single keys here", at(e.finding.At), refName(e.finding.Ref), e.variable)))
		}
	}
	return list
}

func refName(r scanner.Ref) string {
	if r.Namespace != "" {
		return r.Namespace + "/" + r.Name
	}
	return or(r.Name, string(r.Store))
}

// inSight reports whether an entry of the credential stands in what r takes.
func inSight(r scanner.Ref, scan *rules.Scan, cred credential) bool {
	return slices.ContainsFunc(scan.Findings, func(f rules.Finding) bool {
		return cred.secrets[f.Secret] && holdsValue(f) && heldBy(f, r)
	})
}

// heldBy reports whether the place of f is in what r takes as a whole.
func heldBy(f rules.Finding, r scanner.Ref) bool {
	switch r.Store {
	case scanner.KubernetesSecret, scanner.KubernetesConfigMap:
		return (f.Place == scanner.InSecretData || f.Place == scanner.InConfigData) && f.Object.Name == r.Name && f.Object.Namespace == r.Namespace
	case scanner.EnvFile:
		return f.At.Path == r.Name
	}
	return false
}
