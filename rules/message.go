package rules

import (
	"slices"
	"strings"

	"github.com/agentsec/agentsec/scanner"
)

// message says in one sentence what reaches whom. It holds names, never a
// value; renderers escape it.
func message(s *sighting, g *group) string {
	var b strings.Builder
	b.WriteString(displayName(s))
	if s.verdict.mechanism != scanner.BulkRef {
		b.WriteString(" (" + string(s.verdict.class))
		if s.verdict.provider != "" {
			b.WriteString(", " + printable(s.verdict.provider))
		}
		b.WriteString(")")
	}
	b.WriteString(" " + predicate(s, g))
	if g != nil {
		b.WriteString(reach(s, g))
	}
	if s.c.Wide {
		b.WriteString("; the scope is wider than the step that needs it")
	}
	if s.c.Untracked {
		b.WriteString("; git does not track the file")
	}
	return b.String()
}

func predicate(s *sighting, g *group) string {
	c := s.c
	switch {
	case c.Name == wholeEnvironment && s.verdict.mechanism == scanner.Leak:
		return "is written out with all that it holds"
	case s.verdict.mechanism == scanner.BulkRef:
		text := "is imported as a whole"
		if s.workload != nil {
			text += " into the environment of " + who(s.workload)
		}
		if n := len(s.groups); g != nil && !onlyBulk(g) {
			text += ", " + plural(n, "secret") + " among it"
		}
		return text
	case c.Place == scanner.InComment:
		return "stands in a comment"
	case c.Place == scanner.InAnnotation:
		return "stands in an annotation of " + object(c)
	case c.Place == scanner.InBuildArg:
		return "is a build argument of " + object(c)
	case c.Place == scanner.InCIEnvFile:
		return "is written to the environment of all later steps"
	case c.Place == scanner.InCommand:
		return "reaches a command line of " + object(c)
	case s.verdict.inURL && isLiteral(s):
		return "is a URL that holds its password"
	case c.Place == scanner.InDefault && isLiteral(s):
		return "has a default value that stands in the file"
	case s.verdict.mechanism == scanner.CodeRead && c.Place == scanner.InWrite:
		return "is written to the environment by code"
	case s.verdict.mechanism == scanner.CodeRead && c.Scope == scanner.ModuleScope:
		return "is read from the environment once, at import"
	case s.verdict.mechanism == scanner.CodeRead:
		return "is read from the environment at each call"
	case c.Place == scanner.InActionInput:
		return "is handed to an action as an input"
	case c.Place == scanner.InSecretData:
		return "stands in " + object(c)
	case c.Place == scanner.InConfigData:
		return "stands unprotected in " + object(c)
	case s.verdict.mechanism == scanner.StaticRef, s.verdict.mechanism == scanner.SyncedStatic:
		text := "reaches "
		if s.workload != nil {
			text += who(s.workload)
		} else {
			text += object(c)
		}
		return text + " through its environment" + from(c.Ref)
	}
	return "has its value in the file"
}

func from(r scanner.Ref) string {
	switch r.Store {
	case scanner.KubernetesSecret:
		return ", from key " + printable(r.Key) + " of Secret " + printable(r.Name)
	case scanner.KubernetesConfigMap:
		return ", from key " + printable(r.Key) + " of ConfigMap " + printable(r.Name)
	case scanner.Environment:
		return ", from the variable " + printable(r.Key) + " of the shell or its .env file"
	case scanner.EnvFile:
		return ", from " + printable(r.Name)
	case scanner.CISecret:
		return ", from the CI secret " + printable(r.Key)
	case scanner.Manager:
		return ", from a secret manager"
	}
	return ""
}

// reach says who else depends on the secret.
func reach(s *sighting, g *group) string {
	text := ""
	others := len(g.workloads)
	if _, ok := slices.BinarySearch(g.workloads, workloadID(s)); ok {
		others--
	}
	if others > 0 && s.verdict.mechanism != scanner.BulkRef {
		verb := "; it reaches "
		if s.workload != nil {
			verb = "; it also reaches "
		}
		text += verb + enumerate(g.workloads, workloadID(s), others)
	}
	if len(g.tenants) > 1 && s.c.Context == scanner.Deployed {
		text += "; shared by the tenants " + enumerate(g.tenants, "", len(g.tenants))
	}
	return text
}

func who(w *Workload) string { return cleanObject(w.Object).String() }

func object(c *scanner.Candidate) string {
	if c.Object.IsZero() {
		return "the file"
	}
	return cleanObject(c.Object).String()
}

func workloadID(s *sighting) string {
	if s.workload == nil {
		return ""
	}
	return s.workload.ID
}

// enumerate shows three names, or four, and counts the rest. n is their number
// without except.
func enumerate(names []string, except string, n int) string {
	const shown = 4
	var clean []string
	for _, name := range names {
		if len(clean) == shown {
			break
		}
		if name != except {
			clean = append(clean, printable(name))
		}
	}
	switch {
	case n > shown:
		return strings.Join(clean[:shown-1], ", ") + " and " + itoa(n-shown+1) + " more"
	case n == 1:
		return clean[0]
	}
	return strings.Join(clean[:n-1], ", ") + " and " + clean[n-1]
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return itoa(n) + " " + what + "s"
}
