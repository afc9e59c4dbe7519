package planner

import "fmt"

// adminStatements make the role that Vault creates logins with. It cannot log in
// yet: the connection step gives it a password that nobody but Vault keeps.
//
// It may hand out the groups and nothing else: NOINHERIT keeps it from using
// them, CREATEROLE lets it make logins, and ADMIN OPTION on the groups is what
// Postgres 16 asks for beside that.
func adminStatements(db target, list []Identity) []Statement {
	admin := db.adminRole()
	all := []Statement{{
		Do: fmt.Sprintf("CREATE ROLE %s NOLOGIN NOINHERIT CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS", ident(admin)),
		Present: fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s AND rolcreaterole AND NOT rolinherit"+
			" AND NOT rolsuper AND NOT rolcreatedb AND NOT rolreplication AND NOT rolbypassrls)", text(admin)),
		Refuse: fmt.Sprintf("SELECT 'a role %s exists with other attributes than the plan gives it' FROM pg_roles WHERE rolname = %s", admin, text(admin)),
		Undo:   "DROP ROLE IF EXISTS " + ident(admin),
	}}
	for _, id := range list {
		all = append(all, membership(id.Group, admin, true))
	}
	// Ending the sessions of a revoked login needs this role; the revocation
	// statements take it with SET ROLE, since the admin does not inherit.
	return append(all, membership("pg_signal_backend", admin, false))
}

func membership(role, member string, admin bool) Statement {
	option, condition := "", ""
	if admin {
		option, condition = " WITH ADMIN OPTION", " AND m.admin_option"
	}
	return Statement{
		Do: fmt.Sprintf("GRANT %s TO %s%s", ident(role), ident(member), option),
		Present: fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid"+
			" JOIN pg_roles r ON r.oid = m.member WHERE g.rolname = %s AND r.rolname = %s%s)", text(role), text(member), condition),
		Undo: fmt.Sprintf("REVOKE %s FROM %s", ident(role), ident(member)),
	}
}
