package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// literalSteps take the values out of the files, once nobody needs them. The
// value itself is nowhere in the plan: a step names the entry.
func literalSteps(scan *rules.Scan, cred credential, users []consumer, waiting []blocker) []Step {
	var steps []Step
	made := map[RemoveLiteral]int{}
	for _, f := range cred.deployed() {
		if !holdsValue(f) || f.Mechanism == scanner.CodeRead {
			continue
		}
		op := RemoveLiteral{Path: f.At.Path, Kind: f.Kind, Key: f.Name, Object: f.Object}
		if i, again := made[op]; again {
			steps[i].Reason = sorted(append(steps[i].Reason, f.ID))
			steps[i].Closes = steps[i].Reason
			continue
		}
		made[op] = len(steps)
		blockers := slices.Clone(waiting)
		if !removable(f) {
			blockers = append(blockers, codeChange(fmt.Sprintf("%s: %s stands where no entry can be taken out by its key: delete it by hand", at(f.At), f.Name)))
		}
		s := Step{
			ID:     "remove-" + slug(f.At.Path+" "+f.Object.String()+" "+f.Name),
			Title:  fmt.Sprintf("Delete %s from %s", f.Name, where(f)),
			Reason: []string{f.ID}, Closes: []string{f.ID},
			Op:    Op{RemoveLiteral: &op},
			Check: "the entry is gone" + unusedNote(f, users) + "; git history keeps the value, which stays valid until the login is retired",
			Undo:  "irreversible: the value is not kept; restore the file from version control",
		}
		if f.Untracked {
			s.Undo = "irreversible: the value is not kept, and git does not track the file"
		}
		s.Status, s.Blockers = verdict(blockers)
		steps = append(steps, s)
	}
	closeBulk(steps, scan, cred)
	return steps
}

// removable: package migrate deletes entries of these kinds by their key.
func removable(f rules.Finding) bool {
	switch f.Kind {
	case scanner.Dotenv:
		return f.Place == scanner.InEnv || f.Place == scanner.InDefault
	case scanner.Kubernetes:
		return f.Place == scanner.InEnv || f.Place == scanner.InSecretData || f.Place == scanner.InConfigData
	case scanner.Compose:
		return f.Place == scanner.InEnv || f.Place == scanner.InDefault
	}
	return false
}

func where(f rules.Finding) string {
	if f.Object.IsZero() {
		return f.At.Path
	}
	return f.Object.String() + " in " + f.At.Path
}

// unusedNote names those who get the entry without using it.
func unusedNote(f rules.Finding, users []consumer) string {
	var list []string
	for _, c := range users {
		if c.unused && slices.ContainsFunc(c.findings, func(b rules.Finding) bool { return heldBy(f, b.Ref) }) {
			list = append(list, c.w.ID)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return " (" + strings.Join(list, ", ") + " gets it with the rest of the file, and no code of it uses it)"
}

// closeBulk: a bulk reference is closed with the last secret of what it takes.
func closeBulk(steps []Step, scan *rules.Scan, cred credential) {
	for _, b := range scan.Findings {
		if b.Mechanism != scanner.BulkRef || b.Context != scanner.Deployed || slices.ContainsFunc(scan.Findings, func(f rules.Finding) bool {
			return !cred.secrets[f.Secret] && holdsValue(f) && heldBy(f, b.Ref)
		}) {
			continue
		}
		for i, s := range steps {
			op := s.Op.RemoveLiteral
			place := rules.Finding{Place: scanner.InSecretData, Object: op.Object, At: scanner.Position{Path: op.Path}}
			if heldBy(place, b.Ref) {
				steps[i].Closes = sorted(append(steps[i].Closes, b.ID))
			}
		}
	}
}
