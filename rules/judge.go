package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
)

// Options of Judge. Only Key is required.
type Options struct {
	Policy   Policy
	Key      secret.Key
	Tool     Tool
	Root     string    // as the document shows it
	Baseline *Baseline // nil: none
	// ValuePatterns add the issuers that gitleaks knows; nil: the prefix table only.
	ValuePatterns *Patterns
}

// Judge turns an inventory into findings and secrets. It is a pure function:
// the same inventory and options give the same document.
func Judge(inv *scanner.Inventory, opts Options) *Scan {
	inv = tidy(inv)
	finder := &tenantFinder{rules: opts.Policy.Tenants, namespaces: inv.Namespaces, known: map[string]bool{}}
	for _, t := range opts.Policy.Tenants {
		finder.known[t.Name] = true
	}
	workloads := judgeWorkloads(inv, finder)
	seen, dynamic := see(inv, workloads, &opts, finder)
	judgeAgents(workloads, seen, opts.Policy, finder)
	groups := join(seen, opts.Key)
	for _, g := range groups {
		g.weigh()
	}
	for _, s := range seen {
		s.rule = ruleFor(s)
		s.severity = severityOf(s)
	}
	scan := &Scan{
		Version: ScanVersion, Tool: opts.Tool, KeyID: opts.Key.ID(), Root: opts.Root,
		Workloads: reported(workloads, inv), Dynamic: dynamic, Tenants: tenantNames(workloads, groups), Coverage: inv.Coverage,
	}
	scan.Coverage.Skipped = slices.Clone(inv.Coverage.Skipped)
	findings := identify(seen)
	scan.Secrets = describe(groups)
	scan.Findings = make([]Finding, len(findings))
	for i := range findings {
		scan.Findings[i] = complete(findings[i])
	}
	scan.Reads = reads(inv, seen)
	redact(scan, seen)
	// The baseline was made of a redacted document, so it is compared with one.
	admitted := opts.Baseline.admits(scan.Findings)
	kept := scan.Findings[:0]
	for i, f := range scan.Findings {
		if admitted[i] {
			scan.Suppressed++
			continue
		}
		kept = append(kept, f)
	}
	scan.Findings = kept
	listFindings(kept, seen)
	return scan
}

// weigh sums up what the sightings say. Examples, tests and documentation
// neither deploy a secret nor share it.
func (g *group) weigh() {
	for _, s := range g.sightings {
		if s.verdict.mechanism != scanner.BulkRef && s.verdict.mechanism != scanner.CodeRead && !s.verdict.value.IsZero() && s.c.Place != scanner.InComment {
			g.literal = true
		}
		if s.verdict.mechanism == scanner.CodeRead || s.c.Place == scanner.InComment {
			continue
		}
		if s.c.Context == scanner.Deployed {
			g.tenants = append(g.tenants, s.tenants...)
		}
		if s.workload != nil && reachesEnvironment(s) {
			g.workloads = append(g.workloads, s.workload.ID)
		}
	}
	slices.Sort(g.tenants)
	g.tenants = slices.Compact(g.tenants)
	slices.Sort(g.workloads)
	g.workloads = slices.Compact(g.workloads)
}

func reachesEnvironment(s *sighting) bool {
	switch s.c.Place {
	case scanner.InEnv, scanner.InDefault, scanner.InCIEnvFile, scanner.InWrite:
		return true
	}
	return s.verdict.mechanism == scanner.BulkRef
}

// severityOf: a deployed literal is high, critical when its form names the
// issuer or several tenants depend on it; a reference is medium, high when
// tenants share it; what is not deployed is info.
func severityOf(s *sighting) Severity {
	if s.c.Context != scanner.Deployed || s.verdict.minor || s.c.Place == scanner.InComment {
		return Info
	}
	shared := slices.ContainsFunc(s.groups, func(g *group) bool { return len(g.tenants) > 1 })
	switch sev := s.rule.Severity; {
	case s.verdict.mechanism == scanner.BulkRef, sev < Medium:
		return sev
	case isLiteral(s) && sev >= High && (shared || s.verdict.shaped):
		return Critical
	case !isLiteral(s) && sev == Medium && shared:
		return High
	default:
		return sev
	}
}

// A located finding keeps its sighting until the secrets have their ids.
type located struct {
	Finding
	s *sighting
}

// identify makes the findings, in the order of the document, with their ids.
func identify(seen []*sighting) []located {
	var out []located
	for _, s := range seen {
		if s.silent {
			continue
		}
		c := s.c
		out = append(out, located{Finding{
			Rule: s.rule.ID, Severity: s.severity, Mechanism: s.verdict.mechanism, Class: s.verdict.class, Provider: s.verdict.provider,
			Name: displayName(s), At: c.At, Object: cleanObject(c.Object), Place: c.Place, Context: c.Context, Kind: c.Kind,
			Workload: c.Workload, Tenant: strings.Join(s.tenants, ", "), Ref: c.Ref, Fingerprint: s.print, Untracked: c.Untracked,
		}, s})
	}
	slices.SortStableFunc(out, func(a, b located) int {
		return cmp.Or(strings.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line), strings.Compare(a.Rule, b.Rule),
			cmp.Compare(a.At.Column, b.At.Column), strings.Compare(a.Name, b.Name), strings.Compare(a.Location(), b.Location()))
	})
	ordinals, ids := map[string]int{}, map[string]bool{}
	for i := range out {
		key := out[i].Rule + "\x00" + out[i].Location()
		n := ordinals[key]
		ordinals[key]++
		if n > 0 {
			key += "\x00" + itoa(n)
		}
		id := ""
		for id == "" || ids[id] { // 40 bits may meet
			sum := sha256.Sum256([]byte(key))
			id = "F-" + hex.EncodeToString(sum[:5])
			key += "\x00"
		}
		ids[id] = true
		out[i].ID = id
		out[i].s.id = out[i].ID
	}
	return out
}

// displayName is the variable or key; where the input gives none, what was
// recognised.
func displayName(s *sighting) string {
	if s.shown == "" {
		s.shown = nameOf(s)
	}
	return s.shown
}

func nameOf(s *sighting) string {
	if name := printable(s.c.Name); name != "" && name != wholeEnvironment {
		return name
	}
	switch {
	case s.verdict.mechanism == scanner.BulkRef:
		return printable(bulkName(s.c.Ref))
	case s.c.Ref.Key != "":
		return printable(s.c.Ref.Key)
	case s.c.Name == wholeEnvironment:
		return "environment"
	case s.c.Pattern != "":
		return printable(s.c.Pattern)
	}
	return string(s.verdict.class)
}

func bulkName(r scanner.Ref) string {
	switch {
	case r.Store == scanner.CISecret:
		return "secrets.*"
	case r.Name != "":
		return r.Name
	}
	return string(r.Store)
}

// reported leaves out the workloads that were read only for a reference.
func reported(workloads []Workload, inv *scanner.Inventory) []Workload {
	out := make([]Workload, 0, len(workloads))
	for i := range workloads {
		if !inv.Workloads[i].Outside {
			out = append(out, workloads[i])
		}
	}
	return out
}

func tenantNames(workloads []Workload, groups []*group) []string {
	out := []string{}
	for i := range workloads {
		if workloads[i].Context == scanner.Deployed {
			out = append(out, workloads[i].allTenants()...)
		}
	}
	for _, g := range groups {
		out = append(out, g.tenants...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Worst is the gravest severity; false without a finding.
func (s *Scan) Worst() (Severity, bool) {
	if len(s.Findings) == 0 {
		return Info, false
	}
	return slices.MaxFunc(s.Findings, func(a, b Finding) int { return cmp.Compare(a.Severity, b.Severity) }).Severity, true
}

// Exceeds reports whether a finding is at or above limit.
func (s *Scan) Exceeds(limit Severity) bool {
	worst, any := s.Worst()
	return any && worst >= limit
}
