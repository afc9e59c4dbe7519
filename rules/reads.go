package rules

import (
	"github.com/agentsec/agentsec/scanner"
)

// reads lists what code takes from, or puts into, the environment, as far as it
// is a secret or the path of a secret's file. The planner needs the second too:
// code that reads NAME_FILE is ready for a rotated file.
func reads(inv *scanner.Inventory, seen []*sighting) []Read {
	secrets := map[string]bool{}
	for _, s := range seen {
		if n := variable(s); n != "" {
			secrets[n] = true
		}
	}
	out := []Read{}
	for i := range inv.Candidates {
		c := &inv.Candidates[i]
		if c.Kind != scanner.Python || c.Outside || c.Place == scanner.InText || c.Place == scanner.InComment {
			continue
		}
		if c.Mechanism != scanner.CodeRead && c.Mechanism != scanner.Dynamic && c.Place != scanner.InWrite {
			continue
		}
		stem := fileOf(c.Name)
		isFile := stem != "" && (isSecretName(stem) || secrets[stem])
		if !isFile && !isSecretName(c.Name) && !secrets[c.Name] {
			continue
		}
		r := Read{Name: printable(c.Name), At: c.At, Scope: c.Scope, File: isFile, Write: c.Place == scanner.InWrite, Optional: c.Optional}
		if n := len(out); n > 0 && out[n-1] == r {
			continue
		}
		out = append(out, r)
	}
	return out
}

func isSecretName(name string) bool {
	switch kindOfName(name) {
	case nameSecret, nameHint, nameStoreURL, nameKeyID:
		return true
	}
	return false
}
