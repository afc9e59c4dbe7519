package planner

import (
	"fmt"
	"slices"
	"strings"
)

// groupStatements make one NOLOGIN role for each identity and give it what its
// agent role may do. Logins become members of it and inherit: privileges on a
// table go to a fixed number of groups, never to each login, because a table's
// ACL that grows with every lease ends in an error.
//
// Present queries go through the catalogs, so that they answer "false" and not
// "no such role" before anything is there.
func groupStatements(db target, list []Identity) []Statement {
	var all []Statement
	for _, id := range list {
		all = append(all, createGroup(id.Group))
		grants := db.roleGrants(id.Role)
		for _, schema := range schemas(grants) {
			all = append(all, grantUsage(id.Group, schema))
		}
		for _, g := range grants {
			all = append(all, grantTable(id.Group, g))
			if slices.Contains(g.rights, "INSERT") {
				all = append(all, grantSequences(id.Group, g.table))
			}
		}
	}
	return all
}

func createGroup(group string) Statement {
	return Statement{
		Do: fmt.Sprintf("CREATE ROLE %s NOLOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS", ident(group)),
		Present: fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s AND NOT rolcanlogin AND rolinherit"+
			" AND NOT rolsuper AND NOT rolcreatedb AND NOT rolcreaterole AND NOT rolreplication AND NOT rolbypassrls)", text(group)),
		Refuse: fmt.Sprintf("SELECT 'a role %s exists and can do more than a group should' FROM pg_roles WHERE rolname = %s", strings.ReplaceAll(group, "'", ""), text(group)),
		// Not DROP OWNED BY: that would delete tables if the group had been given
		// any. The grants have their own undo; DROP ROLE refuses if something is left.
		Undo: "DROP ROLE IF EXISTS " + ident(group),
	}
}

func schemas(grants []grant) []string {
	var list []string
	for _, g := range grants {
		list = append(list, g.table.schema)
	}
	return sorted(list)
}

func grantUsage(group, schema string) Statement {
	return Statement{
		Do: fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s", ident(schema), ident(group)),
		Present: fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM pg_roles r, pg_namespace n WHERE r.rolname = %s AND n.nspname = %s"+
			" AND has_schema_privilege(r.oid, n.oid, 'USAGE'))", text(group), text(schema)),
		Undo: fmt.Sprintf("REVOKE USAGE ON SCHEMA %s FROM %s", ident(schema), ident(group)),
	}
}

func grantTable(group string, g grant) Statement {
	var held []string
	for _, r := range g.rights {
		held = append(held, fmt.Sprintf("has_table_privilege(r.oid, %s, %s)", g.table.class(), text(r)))
	}
	excess := fmt.Sprintf("FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee"+
		" WHERE c.oid = %s AND r.rolname = %s AND a.privilege_type NOT IN (%s)", g.table.class(), text(group), texts(g.rights))
	rights := strings.Join(g.rights, ", ")
	return Statement{
		Do: fmt.Sprintf("GRANT %s ON TABLE %s TO %s", rights, g.table.sql(), ident(group)),
		Present: fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = %s AND %s) AND NOT EXISTS (SELECT 1 %s)",
			text(group), strings.Join(held, " AND "), excess),
		// A group that holds more than planned is somebody's change by hand.
		Refuse: fmt.Sprintf("SELECT format('role %%s also holds %%s on %%s, which the plan does not grant', r.rolname, a.privilege_type, %s) %s",
			text(g.table.String()), excess),
		Undo: fmt.Sprintf("REVOKE %s ON TABLE %s FROM %s", rights, g.table.sql(), ident(group)),
	}
}

// grantSequences: an INSERT evaluates column defaults, and a serial column's
// default needs USAGE on its sequence. Which sequences those are only the
// database knows. Identity columns need nothing.
func grantSequences(group string, t table) Statement {
	sequences := fmt.Sprintf("FROM pg_attrdef ad JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = ad.oid"+
		" AND d.refclassid = 'pg_class'::regclass JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S' WHERE ad.adrelid = %s", t.class())
	loop := func(grant, to string) string {
		return fmt.Sprintf("DO $agentsec$ DECLARE q regclass; BEGIN FOR q IN SELECT DISTINCT s.oid::regclass %s"+
			" LOOP EXECUTE format(%s, q); END LOOP; END $agentsec$", sequences, text(grant+" USAGE ON SEQUENCE %s "+to+" "+ident(group)))
	}
	return Statement{
		Do: loop("GRANT", "TO"),
		Present: fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s) AND %s IS NOT NULL"+
			// CASE, because the server may ask about a table before it filters.
			" AND NOT EXISTS (SELECT 1 %s AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege((SELECT oid FROM pg_roles WHERE rolname = %s), s.oid, 'USAGE') END)",
			text(group), t.class(), sequences, text(group)),
		Undo: loop("REVOKE", "FROM"),
	}
}
