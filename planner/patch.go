package planner

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// A patcher makes one diff for each workload. Diffs of one file build on each
// other, so those that can be applied now come first.
type patcher struct {
	tree     fs.FS
	db       target
	auth     Auth
	agents   []Identity
	secret   map[string][]int  // path → lines that hold a literal
	sheets   map[string]*sheet // as earlier diffs leave them
	accounts map[string]bool   // namespace/name of ServiceAccounts that exist
}

func newPatcher(tree fs.FS, scan *rules.Scan, db target, auth Auth, agents []Identity) *patcher {
	p := &patcher{tree: tree, db: db, auth: auth, agents: agents, secret: LiteralLines(scan),
		sheets: map[string]*sheet{}, accounts: map[string]bool{}}
	return p
}

// LiteralLines are the lines (from 1) on which a scan found a secret's value, by
// path. No diff of a plan shows one of them.
func LiteralLines(scan *rules.Scan) map[string][]int {
	m := map[string][]int{}
	for _, f := range scan.Findings {
		if holdsValue(f) || f.Mechanism == scanner.Leak {
			m[f.At.Path] = append(m[f.At.Path], f.At.Line)
		}
	}
	for p, lines := range m {
		slices.Sort(lines)
		m[p] = slices.Compact(lines)
	}
	return m
}

func (p *patcher) sheet(path string) (*sheet, error) {
	if s, ok := p.sheets[path]; ok {
		return s, nil
	}
	if strings.ContainsAny(path, "\"\\\t\n\r") {
		return nil, fmt.Errorf("the path of a file to patch holds quotes or control characters")
	}
	data, err := readFile(p.tree, path, maxManifest)
	if err != nil {
		return nil, err
	}
	s, err := newSheet(path, data, p.secret[path])
	if err != nil {
		return nil, err
	}
	p.sheets[path] = s
	docs, err := documents(s)
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		if scalar(d, "kind") == "ServiceAccount" {
			p.accounts[scalar(d, "metadata", "namespace")+"/"+scalar(d, "metadata", "name")] = true
		}
	}
	return s, nil
}

// patch makes the diff of one workload, or says why it cannot.
func (p *patcher) patch(c consumer) (string, error) {
	s, err := p.sheet(c.w.At.Path)
	if err != nil {
		return "", err
	}
	id := p.agents[c.identity]
	var next *sheet
	var diff string
	switch c.w.Kind {
	case scanner.Kubernetes:
		parts := strings.Split(id.Subject, ":")
		if len(parts) != 4 || parts[2] != c.w.Object.Namespace {
			return "", fmt.Errorf("%s: %s is not in the namespace of its identity", at(c.w.At), c.w.ID)
		}
		account := parts[2] + "/" + parts[3]
		if next, diff, err = kubernetesPatch(s, c, id, p.db, p.auth, !p.accounts[account]); err == nil {
			p.accounts[account] = true
		}
	case scanner.Compose:
		next, diff, err = composePatch(s, c, id)
	default:
		err = fmt.Errorf("%s: agentsec has no patch for input kind %s", at(c.w.At), c.w.Kind)
	}
	if err != nil {
		return "", err
	}
	p.sheets[c.w.At.Path] = next
	return diff, nil
}
