package planner

import (
	"fmt"
	"regexp"
)

// Tenants and roles become parts of SQL roles, Vault paths, Kubernetes names and
// YAML: what is not a DNS label is refused, never escaped.
var (
	labelName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
	serverName = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$`)
	mountName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	// sqlName: what Postgres takes without quotes, in either case, and the hyphen.
	sqlName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,62}$`)
	// loginName: logins of other people also have dots and an at sign.
	loginName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.@-]{0,62}$`)
	hostName  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?$|^\[[0-9A-Fa-f:.]{2,45}\]$`)
	variable  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
)

// maxIdentifier is Postgres's NAMEDATALEN-1: longer names are cut silently, and
// two tenants could then share a role.
const maxIdentifier = 63

// nameIdentity fills every name that is made for a (tenant, role).
func nameIdentity(db Database, auth Auth, tenant, role, namespace string) (Identity, error) {
	if err := checkLabel("tenant", tenant); err != nil {
		return Identity{}, err
	}
	if err := checkLabel("agent role", role); err != nil {
		return Identity{}, err
	}
	id := Identity{
		Tenant:    tenant,
		Role:      role,
		AuthMount: auth.Mount,
		AuthRole:  db.Name + "-" + tenant + "-" + role,
		Audience:  auth.Audience,
		Policy:    db.Name + "-" + tenant + "-" + role,
		CredsPath: databaseMount + "/creds/" + db.Name + "-" + tenant + "-" + role,
		Group:     db.Name + "_" + tenant + "_" + role,
	}
	if len(id.Group) > maxIdentifier {
		return Identity{}, fmt.Errorf("role %q is longer than the %d bytes that Postgres keeps: shorten the tenant's or the role's name", id.Group, maxIdentifier)
	}
	account := accountName(tenant, role)
	if len(account) > maxIdentifier {
		return Identity{}, fmt.Errorf("service account %q is longer than %d bytes", account, maxIdentifier)
	}
	if namespace == "" {
		// Nothing of it runs in Kubernetes: the subject still names the tenant,
		// in a namespace that no cluster can issue tokens for.
		id.Subject = "agentsec:" + tenant + ":" + role
	} else {
		id.Subject = "system:serviceaccount:" + namespace + ":" + account
	}
	return id, nil
}

func checkLabel(what, name string) error {
	if labelName.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%s %q: want lower-case letters, digits and hyphens, 40 at most", what, clip(name))
}

// accountName has the tenant in it even though the namespace often does too:
// alias names must be unique in all of Vault, and a namespace may serve two
// tenants.
func accountName(tenant, role string) string { return tenant + "-" + role }

// clip shortens a hostile name for an error text.
func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
