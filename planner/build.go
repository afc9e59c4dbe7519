package planner

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// Build plans the database stage for one credential: the one that most tenants
// share. It reads the tree for diffs and public keys and changes nothing. The
// same input gives the same plan; what the plan cannot do says why in its step,
// and what it leaves is in Open.
func Build(scan *rules.Scan, m *RiskMap, settings Settings, tree fs.FS) (*Plan, error) {
	scan = canonical(scan)
	p := &Plan{Version: PlanVersion, Source: scan.Root, Inputs: []Input{}, Agents: []Identity{}, Stages: timeline()}
	p.Chosen.Names, p.Chosen.Tenants, p.Proof.Probes = []string{}, []string{}, []Probe{}
	chosen, found := choose(m)
	if !found {
		p.Chosen.Reason = "there is no database credential in the scan"
		p.Open = open(scan, p, credential{})
		return p, nil
	}
	var configured []string
	index := findDatabase(settings.Databases, chosen.Names)
	if index >= 0 {
		configured = settings.Databases[index].Variables
	}
	cred := join(scan, m, chosen, configured)
	p.Chosen = cred.chosen()

	steps, err := plan(p, scan, cred, settings, index, tree)
	if err != nil {
		return nil, err
	}
	stage := &p.Stages[databaseStage-1]
	stage.Steps = name(stage, steps)
	p.Open = open(scan, p, cred)
	// What lint refuses must not leave this function: it would be a bug here.
	if problems := Lint(p, scan); len(problems) > 0 {
		return nil, fmt.Errorf("checking the plan: step %s: %s", problems[0].Step, problems[0].Message)
	}
	return p, nil
}

func timeline() []Stage {
	list := slices.Clone(stages)
	for i := range list {
		list[i].Steps = []Step{}
	}
	return list
}

// plan fills in identities, inputs and proof, and returns the steps.
func plan(p *Plan, scan *rules.Scan, cred credential, settings Settings, index int, tree fs.FS) ([]Step, error) {
	if index < 0 {
		return []Step{missingSettings(cred, []string{fmt.Sprintf(
			"no entry of databases lists %s in variables: add one with name, variables, tenancy.column, tenancy.tables and grants to .agentsec.yaml",
			strings.Join(cred.variables(nil), " or "))})}, nil
	}
	db, missing, err := resolve(settings.Databases[index], index, cred.endpoint)
	if err != nil {
		return nil, err
	}
	auth, err := settings.Auth.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		var texts []string
		for _, key := range missing {
			texts = append(texts, key+" is missing in .agentsec.yaml")
		}
		return []Step{missingSettings(cred, texts)}, nil
	}
	users := consumers(scan, cred, db.Variables, newHandling(scan, owners(scan.Workloads, readSources(tree))))
	if p.Agents, err = identities(users, db, auth); err != nil {
		return nil, err
	}
	p.Agents = nonNil(p.Agents)
	p.Inputs = inputs()
	p.Proof = proof(db, p.Agents)

	var steps []Step
	if len(p.Agents) > 0 {
		config, blockers, err := authConfig(auth, tree)
		if err != nil {
			return nil, err
		}
		steps = infrastructure(db, auth, p.Agents, config, blockers, cred)
		for i := range users {
			if users[i].identity >= 0 {
				users[i].blockers = append(users[i].blockers, blockers...)
			}
		}
	}
	steps = append(steps, workloadSteps(users, newPatcher(tree, scan, db, auth, p.Agents), scan, cred)...)
	waiting := waits(steps)
	if len(p.Agents) == 0 && len(waiting) == 0 {
		waiting = []blocker{input("no workload that uses " + cred.risk.Name + " was found, so nothing can prove that it is not needed")}
	}
	steps = append(steps, literalSteps(scan, cred, users, waiting)...)
	return append(steps, retirement(db, cred, waiting)), nil
}

func inputs() []Input {
	return []Input{
		{Name: adminInput, Description: "URL of the database as a role that may create roles and own or administer the tables", For: []string{"apply", "verify"}},
		{Name: staticInput, Description: "the old connection URL, to see that it no longer works", For: []string{"verify"}},
	}
}

func proof(db target, agents []Identity) Proof {
	p := Proof{
		Database:   Target{Host: db.Host, Port: db.Port, Database: db.Database.Database, SSLMode: db.SSLMode},
		Probes:     []Probe{},
		LegacyRole: db.LegacyRole, StaticInput: staticInput, AdminInput: adminInput, MaxTTLSeconds: int(db.max.Seconds()),
	}
	for _, id := range agents {
		for _, g := range db.roleGrants(id.Role) {
			if slices.Contains(g.rights, "SELECT") {
				p.Probes = append(p.Probes, Probe{Identity: id.Name(), Table: g.table.String(), Column: db.Tenancy.Column, Value: db.value(id.Tenant)})
			}
		}
	}
	return p
}

// missingSettings is the only step of a plan that cannot begin.
func missingSettings(cred credential, texts []string) Step {
	return Step{
		ID: "settings", Title: "Say in .agentsec.yaml what nothing else tells", Status: NeedsInput,
		Reason: ids(cred.findings), Blockers: texts,
		Op:    Op{SQL: &SQL{Input: adminInput, Statements: []Statement{}}},
		Check: "the next plan has the steps of the database stage",
		Undo:  "nothing is changed",
	}
}

// open lists what the plan leaves, with the reason.
func open(scan *rules.Scan, p *Plan, cred credential) []Open {
	closed, named := map[string]bool{}, map[string]string{}
	p.each(func(s Step) {
		for _, id := range s.Closes {
			closed[id] = true
		}
		for _, b := range s.Blockers {
			if where, _, ok := strings.Cut(b, ": "); ok && named[where] == "" {
				named[where] = s.ID
			}
		}
	})
	classes := map[string]rules.Class{}
	for _, s := range scan.Secrets {
		classes[s.ID] = s.Class
	}
	var list []Open
	seen := map[string]bool{}
	for _, f := range scan.Findings {
		if !closed[f.ID] && !seen[f.ID] {
			seen[f.ID] = true
			why := whyOpen(f, cred, classes)
			if step := named[at(f.At)]; step != "" {
				why = "step " + step + " waits for a change of this line"
			}
			list = append(list, Open{Finding: f.ID, Why: f.At.Path + ": " + why})
		}
	}
	return list
}

func whyOpen(f rules.Finding, cred credential, classes map[string]rules.Class) string {
	ours := cred.secrets[f.Secret]
	switch {
	case ours && f.Context != scanner.Deployed:
		return fmt.Sprintf("not deployed (%s); once the old login is retired the value opens nothing", f.Context)
	case ours && f.Mechanism == scanner.CodeRead:
		return fmt.Sprintf("code reads %s: as a fallback it is harmless without the variable; a developer takes it out", f.Name)
	case ours && f.Mechanism == scanner.BulkRef:
		return "what it hands over also holds other secrets, which later stages remove"
	case ours:
		return "no step of this plan moves it; it opens nothing once the old login is retired"
	}
	class := or(classes[f.Secret], f.Class)
	st := stages[stageOf(class)-1]
	if class == rules.Database {
		return fmt.Sprintf("another database credential: the plan takes one at a time, plan again after this one (stage %d)", st.Number)
	}
	return fmt.Sprintf("stage %d, %s (%s): %s", st.Number, st.ID, st.When, st.Title)
}
