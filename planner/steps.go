package planner

import (
	"fmt"
	"strings"
	"time"
)

const sqlCheck = "each statement's Present query answers true before (then it is skipped) or after it"

// infrastructure is what must stand before a workload can move: groups, row
// security, Vault's engine, and a way to log in for each identity.
func infrastructure(db target, auth Auth, agents []Identity, config *VaultObject, blockers []blocker, cred credential) []Step {
	sql := func(id, title, undo string, list []Statement) Step {
		return Step{ID: id, Title: title, Op: Op{SQL: &SQL{Input: adminInput, Statements: list}}, Check: sqlCheck, Undo: undo}
	}
	steps := []Step{
		sql("groups", fmt.Sprintf("Postgres: one group per tenant and agent role in %s", db.Database.Database),
			"revoke what was granted and drop the groups", groupStatements(db, agents)),
		sql("row-security", "Postgres: each group sees the rows of its tenant only",
			"switch row security off and drop the policies", rowStatements(db, agents)),
		sql("vault-admin", "Postgres: the role that Vault makes logins with",
			"take the memberships back and drop the role (revoke the leases first)", adminStatements(db, agents)),
		{
			ID: "database-mount", Title: "Vault: mount the database engine",
			Op:    Op{VaultMount: &VaultMount{Path: databaseMount, Type: "database", Description: "Short-lived database logins, one for each agent"}},
			Check: "sys/mounts shows the engine at this path", Undo: "unmount it, if this plan mounted it and nothing else uses it",
		},
		{
			ID: "database-connection", Title: "Vault: connect " + db.Name + " and take over its administrator",
			Op:    Op{Connection: connection(db, agents)},
			Check: "the configuration reads back equal and a login can be issued",
			Undo:  "delete the connection and take LOGIN from " + db.adminRole() + "; its password is known to nobody and is not restored",
		},
	}
	object := func(id, title string, o *VaultObject) Step {
		undo := "delete it, or write back what it was before"
		if o.Singleton {
			undo = "write back what it was before"
		}
		return Step{ID: id, Title: title, Op: Op{VaultObject: o}, Check: "it reads back equal", Undo: undo}
	}
	// For an identity's own objects the reason is what its workloads expose.
	because := func(id Identity, s Step) Step {
		s.Reason = cred.of(id.Workloads)
		return s
	}
	for _, id := range agents {
		steps = append(steps, because(id, object("database-role-"+id.AuthRole, fmt.Sprintf("Vault: logins for %s, %s each", id.Name(), short(db.ttl)), databaseRole(db, id))))
	}
	for _, id := range agents {
		steps = append(steps, because(id, Step{
			ID: "policy-" + id.Policy, Title: "Vault: what " + id.Name() + " may ask for",
			Op: Op{VaultPolicy: vaultPolicy(id)}, Check: "the policy reads back equal", Undo: "delete the policy, or write back what it was before",
		}))
	}
	steps = append(steps, Step{
		ID: "auth-mount", Title: fmt.Sprintf("Vault: enable %s logins at %s", auth.Method, auth.Mount),
		Op:    Op{VaultAuth: &VaultMount{Path: auth.Mount, Type: auth.Method, Description: "Agents log in with the identity that the platform gives them"}},
		Check: "sys/auth shows the method at this path", Undo: "disable it, if this plan enabled it",
	})
	configStep := object("auth-config", "Vault: whose tokens it believes", config)
	configStep.Status, configStep.Blockers = verdict(blockers)
	steps = append(steps, configStep)
	for _, id := range agents {
		steps = append(steps, because(id, object("auth-role-"+id.AuthRole, fmt.Sprintf("Vault: %s logs in as %s and nobody else does", id.Subject, id.Name()), authRole(auth, db, id))))
	}
	all := ids(cred.findings)
	for i := range steps {
		steps[i].Status = or(steps[i].Status, Ready)
		if steps[i].Reason == nil {
			steps[i].Reason = all
		}
	}
	return steps
}

// short is a duration as people write it: 5m, not 5m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// retirement closes the old login, last and only after the proof.
func retirement(db target, cred credential, waiting []blocker) Step {
	s := Step{
		ID: "retire", Title: "Postgres: retire the login " + db.LegacyRole,
		Reason: ids(cred.findings), Gate: AfterVerify,
		Op:    Op{SQL: &SQL{Input: adminInput, Statements: retireStatements(db)}},
		Check: "verify logs in with " + staticInput + " and is refused",
		Undo:  "ALTER ROLE … LOGIN lets it in again with its old password; irreversible: the sessions that were ended",
	}
	s.Status, s.Blockers = verdict(waiting)
	return s
}

// maxWaits bounds how many steps a blocker names: on a platform of a thousand
// workloads each literal would otherwise list them all.
const maxWaits = 10

// waits turns the steps that are not ready into the blockers of what must come
// after them.
func waits(steps []Step) []blocker {
	var list []blocker
	for _, s := range steps {
		if s.Status != Ready {
			list = append(list, blocker{s.Status, "waits for step " + s.ID + " (" + string(s.Status) + ")"})
		}
	}
	if more := len(list) - maxWaits; more > 1 {
		status, _ := verdict(list)
		list = append(list[:maxWaits:maxWaits], blocker{status, fmt.Sprintf("waits for %d more steps", more)})
	}
	return list
}

// name gives every step its number in the stage and its artifact.
func name(stage *Stage, steps []Step) []Step {
	seen := map[string]int{}
	for i := range steps {
		s := &steps[i]
		if seen[s.ID]++; seen[s.ID] > 1 {
			s.ID = fmt.Sprintf("%s-%d", s.ID, seen[s.ID])
		}
		s.Artifact = artifactPath(stage, (i+1)*10, *s)
	}
	return steps
}

// slug makes a step id out of a workload's or a path's name.
func slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() > 100 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}
