package planner

import "fmt"

// connection hands the database to Vault.
func connection(db target, list []Identity) *Connection {
	c := &Connection{
		Mount: databaseMount, Name: db.Name, AdminRole: db.adminRole(), Input: adminInput,
		URL: db.url("{{username}}", "{{password}}"),
	}
	for _, id := range list {
		c.AllowedRoles = append(c.AllowedRoles, id.AuthRole)
	}
	c.AllowedRoles = sorted(c.AllowedRoles)
	return c
}

// sessionsPerLogin bounds what one agent can open: a pool, not the whole server.
const sessionsPerLogin = 10

// databaseRole is Vault's recipe for the logins of one identity.
//
// Revocation: a login that is only dropped or expired keeps its open sessions
// (vault issue 10681), so they are ended. The default statements also revoke
// privilege by privilege, which is slow and not needed with groups.
func databaseRole(db target, id Identity) *VaultObject {
	return &VaultObject{
		Path: databaseMount + "/roles/" + id.AuthRole,
		Data: map[string]any{
			"db_name": db.Name,
			"creation_statements": []string{
				fmt.Sprintf(`CREATE ROLE "{{name}}" WITH LOGIN INHERIT PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' CONNECTION LIMIT %d IN ROLE %s`,
					sessionsPerLogin, ident(id.Group)),
			},
			"revocation_statements": []string{
				`ALTER ROLE "{{name}}" NOLOGIN`,
				`SET LOCAL ROLE pg_signal_backend`,
				`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'`,
				`RESET ROLE`,
				`DROP ROLE IF EXISTS "{{name}}"`,
			},
			"default_ttl": int(db.ttl.Seconds()),
			"max_ttl":     int(db.max.Seconds()),
		},
	}
}

// vaultPolicy lets an identity read its own credential and keep its own token
// and lease alive. Nothing in it is a pattern.
func vaultPolicy(id Identity) *VaultPolicy {
	return &VaultPolicy{Name: id.Policy, HCL: fmt.Sprintf(`# Agent role %s of tenant %s: its own database login, and the upkeep of its own
# token and lease. Nothing else.
path "%s" {
  capabilities = ["read"]
}

path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

path "sys/leases/renew" {
  capabilities = ["update"]
}
`, id.Role, id.Tenant, id.CredsPath)}
}
