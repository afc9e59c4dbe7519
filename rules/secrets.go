package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/scanner"
)

// describe makes the secrets of the document, gravest first, and numbers them.
// A group that no finding is about (seen only for joins) is left out.
func describe(groups []*group) []Secret {
	type entry struct {
		g     *group
		s     *Secret
		count int
		first string
	}
	var entries []entry
	for _, g := range groups {
		e := entry{g: g, s: &Secret{Workloads: g.workloads, Tenants: g.tenants, Literal: g.literal, Findings: []string{}}}
		for _, s := range g.sightings {
			if s.silent {
				continue
			}
			e.count++
			e.s.Severity = max(e.s.Severity, s.severity)
			if at := s.c.At.Path + "\x00" + itoa(1e9+s.c.At.Line); e.first == "" || at < e.first {
				e.first = at
			}
		}
		if e.count == 0 {
			continue
		}
		name(e.s, g)
		if e.s.Workloads == nil {
			e.s.Workloads = []string{}
		}
		if e.s.Tenants == nil {
			e.s.Tenants = []string{}
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.s.Severity, a.s.Severity), cmp.Compare(len(b.s.Tenants), len(a.s.Tenants)),
			cmp.Compare(b.count, a.count), strings.Compare(a.s.Name, b.s.Name), strings.Compare(a.first, b.first))
	})
	out := make([]Secret, len(entries))
	for i, e := range entries {
		e.s.ID = "S" + itoa(i+1)
		out[i] = *e.s
		e.g.out = &out[i]
	}
	return out
}

// name fills in what the sightings agree on: the most frequent name, class and
// issuer, and the endpoint that says most.
func name(out *Secret, g *group) {
	names, classes, providers := map[string]int{}, map[string]int{}, map[string]int{}
	for _, s := range g.sightings {
		n := displayName(s)
		if s.verdict.mechanism == scanner.BulkRef {
			if len(s.groups) == 1 && len(g.sightings) == 1 || onlyBulk(g) {
				names[n]++
				classes[string(OtherClass)]++
			}
			continue
		}
		weight := 2
		switch {
		case s.c.Place == scanner.InEnv:
			weight = 4 // the variable's name rather than a key's or an option's
		case s.c.Place == scanner.InComment, s.c.Place == scanner.InText:
			weight = 1
		}
		names[n] += weight
		weight = 2
		if s.verdict.shaped || s.verdict.endpoint != nil {
			weight = 1000
		}
		if s.verdict.class != OtherClass {
			classes[string(s.verdict.class)] += weight
		}
		if s.verdict.provider != "" {
			providers[s.verdict.provider] += weight
		}
		if fuller(s.verdict.endpoint, out.Endpoint) {
			out.Endpoint = s.verdict.endpoint
		}
	}
	out.Name, out.Provider = frequent(names), frequent(providers)
	if out.Class = Class(frequent(classes)); out.Class == NoSecret {
		out.Class = OtherClass
	}
	for n := range names {
		out.Names = append(out.Names, n)
	}
	slices.Sort(out.Names)
}

func onlyBulk(g *group) bool {
	return !slices.ContainsFunc(g.sightings, func(s *sighting) bool { return s.verdict.mechanism != scanner.BulkRef })
}

// frequent is the heaviest key, the first in the alphabet of equals.
func frequent(weights map[string]int) string {
	best := ""
	for k, n := range weights {
		if best == "" || n > weights[best] || n == weights[best] && k < best {
			best = k
		}
	}
	return best
}

func fuller(a, b *Endpoint) bool {
	if a == nil {
		return false
	}
	if b == nil {
		return true
	}
	count := func(e *Endpoint) int {
		n := 0
		for _, f := range []string{e.User, e.Host, e.Port, e.Database} {
			if f != "" {
				n++
			}
		}
		return n
	}
	return count(a) > count(b)
}

// listFindings gives each secret the ids of its findings that stay.
func listFindings(findings []Finding, seen []*sighting) {
	stays := make(map[string]bool, len(findings))
	for i := range findings {
		stays[findings[i].ID] = true
	}
	for _, s := range seen {
		if s.silent || !stays[s.id] {
			continue
		}
		for _, g := range s.groups {
			if g.out != nil {
				g.out.Findings = append(g.out.Findings, s.id)
			}
		}
	}
}

// complete adds what only the joined secrets know.
func complete(l located) Finding {
	f, best := l.Finding, (*group)(nil)
	for _, g := range l.s.groups {
		if g.out != nil && (best == nil || number(g.out.ID) < number(best.out.ID)) {
			best = g
		}
	}
	if best != nil {
		f.Secret = best.out.ID
		f.Related = related(l.s, best)
	}
	f.Message = message(l.s, best)
	return f
}

func number(id string) int {
	n := 0
	for i := 1; i < len(id); i++ {
		n = n*10 + int(id[i]-'0')
	}
	return n
}

// maxRelated bounds the related places of one finding.
const maxRelated = 5

// related are the places that explain a finding: where the value stands and who
// gets it.
func related(s *sighting, g *group) []Related {
	var out []Related
	for _, other := range g.telling() {
		r := Related{At: other.c.At}
		switch {
		case isLiteral(other) && !other.verdict.value.IsZero():
			r.Message = "the value also stands here"
		case other.verdict.mechanism == scanner.CodeRead:
			r.Message = "code reads it here"
		default:
			r.Message = "it reaches " + who(other.workload) + " here"
		}
		if other != s && r.At != s.c.At && len(out) < maxRelated && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// telling are the first sightings that explain the others: a few of each kind,
// found once, because a secret may have very many.
func (g *group) telling() []*sighting {
	if g.explained == nil {
		var literal, read, reached []*sighting
		for _, s := range g.sightings {
			switch {
			case s.c.Place == scanner.InComment:
			case isLiteral(s) && !s.verdict.value.IsZero():
				literal = append(literal, s)
			case s.verdict.mechanism == scanner.CodeRead:
				read = append(read, s)
			case s.workload != nil:
				reached = append(reached, s)
			}
		}
		few := func(list []*sighting) []*sighting { return list[:min(len(list), maxRelated)] }
		g.explained = slices.Concat([]*sighting{}, few(literal), few(reached), few(read))
	}
	return g.explained
}
