package planner

import (
	"fmt"
	"slices"
)

// rowStatements separate the tenants' rows. Policies come first and the switch
// last: nothing is cut off in between, and undo (in reverse) opens before it
// removes.
func rowStatements(db target, list []Identity) []Statement {
	var all []Statement
	for _, t := range db.tables {
		refuse := refusals(db, list, t)
		for _, id := range list {
			if slices.ContainsFunc(db.roleGrants(id.Role), func(g grant) bool { return g.table == t }) {
				all = append(all, policy(t, id.Group, id.Group, ownRows(db, id.Tenant), foreignPolicies(db, []Identity{id}, t))...)
			}
		}
		for _, role := range keepers(db) {
			all = append(all, policy(t, keepName(role), role, everyRow, "")...)
		}
		all = append(all, Statement{
			Do: fmt.Sprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY", t.sql()),
			Present: fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM pg_class WHERE oid = %s AND relrowsecurity) AND NOT EXISTS (%s)",
				t.class(), foreignPolicies(db, list, t)),
			Refuse: refuse,
			Undo:   fmt.Sprintf("ALTER TABLE %s DISABLE ROW LEVEL SECURITY", t.sql()),
		})
	}
	return all
}

// keepers are the roles that go on seeing every row: those of the settings, and
// the old login until it is retired, because its users move one by one.
func keepers(db target) []string {
	return sorted(append(slices.Clone(db.Keep), db.LegacyRole))
}

// keepName leaves room for the 63 bytes of an identifier.
func keepName(role string) string {
	name := "agentsec_keep_" + role
	if len(name) > maxIdentifier {
		name = name[:maxIdentifier]
	}
	return name
}

// A rowRule is a policy's condition, with an SQL expression of the text that
// Postgres shows for it. That text depends on the column's type, and comparing it
// is the only way to see that somebody changed a policy and left its name.
type rowRule struct{ condition, shown string }

var everyRow = rowRule{condition: "true", shown: "'true'"}

func ownRows(db target, tenant string) rowRule {
	column, value := db.Tenancy.Column, db.value(tenant)
	return rowRule{
		condition: ident(column) + " = " + text(value),
		shown: fmt.Sprintf("(SELECT CASE"+
			" WHEN t.typname = 'varchar' OR t.typtype = 'd' AND t.typbasetype IN ('text'::regtype, 'varchar'::regtype)"+
			" THEN format('((%%I)::text = %%L::text)', a.attname, %[1]s)"+
			" WHEN t.typname = 'int4' THEN format('(%%I = %%s)', a.attname, %[1]s)"+
			" ELSE format('(%%I = %%L::%%s)', a.attname, %[1]s, format_type(t.oid, -1)) END"+
			" FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"+
			" WHERE a.attrelid = p.polrelid AND a.attname = %[2]s AND NOT a.attisdropped)", text(value), text(column)),
	}
}

// policy makes one permissive policy for one role. A policy of that name that
// says something else is dropped first: the name is ours.
func policy(t table, name, role string, rule rowRule, refuse string) []Statement {
	this := fmt.Sprintf("FROM pg_policy p WHERE p.polrelid = %s AND p.polname = %s", t.class(), text(name))
	same := fmt.Sprintf("p.polpermissive AND p.polcmd = '*' AND p.polroles = ARRAY(SELECT oid FROM pg_roles WHERE rolname = %s)"+
		" AND pg_get_expr(p.polqual, p.polrelid) IS NOT DISTINCT FROM %s"+
		" AND pg_get_expr(p.polwithcheck, p.polrelid) IS NOT DISTINCT FROM %s", text(role), rule.shown, rule.shown)
	drop := fmt.Sprintf("DROP POLICY IF EXISTS %s ON %s", ident(name), t.sql())
	return []Statement{{
		Do:      drop,
		Present: fmt.Sprintf("SELECT NOT EXISTS (SELECT 1 %s AND NOT (%s))", this, same),
	}, {
		Do: fmt.Sprintf("CREATE POLICY %s ON %s AS PERMISSIVE FOR ALL TO %s USING (%s) WITH CHECK (%s)",
			ident(name), t.sql(), ident(role), rule.condition, rule.condition),
		Present: fmt.Sprintf("SELECT EXISTS (SELECT 1 %s AND %s)", this, same),
		Refuse:  refuse,
		Undo:    drop,
	}}
}

// refusals are the reasons not to switch row security on: whoever would lose
// rows without a word, and whatever would undo the separation.
func refusals(db target, list []Identity, t table) string {
	return cutOff(db, list, t) + " UNION ALL " + foreignPolicies(db, list, t)
}

// cutOff lists roles that reach the table's rows today and would see none: other
// grantees (of the table or of columns) and members of the predefined roles that
// read everything, unless they own the table, bypass row security, are kept, or
// inherit from one that is.
func cutOff(db target, list []Identity, t table) string {
	ours := make([]string, len(list))
	for i, id := range list {
		ours[i] = id.Group
	}
	return fmt.Sprintf("SELECT format('role %%s holds %%s on %%s and would see no rows: list it in %[4]s.keep or revoke that', x.name, string_agg(DISTINCT x.privilege, ', '), %[1]s)"+
		" FROM (SELECT coalesce(r.rolname, 'PUBLIC') AS name, a.privilege_type AS privilege, r.oid, r.rolsuper, r.rolbypassrls, c.relowner"+
		" FROM pg_class c CROSS JOIN LATERAL (SELECT (aclexplode(c.relacl)).* UNION ALL"+
		" SELECT (aclexplode(att.attacl)).* FROM pg_attribute att WHERE att.attrelid = c.oid AND att.attacl IS NOT NULL) a"+
		" LEFT JOIN pg_roles r ON r.oid = a.grantee"+
		" WHERE c.oid = %[2]s AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')"+
		" UNION ALL SELECT m.rolname, d.rolname::text, m.oid, m.rolsuper, m.rolbypassrls, c.relowner"+
		" FROM pg_class c, pg_roles d, pg_roles m WHERE c.oid = %[2]s AND d.rolname IN ('pg_read_all_data', 'pg_write_all_data')"+
		" AND m.oid <> d.oid AND pg_has_role(m.oid, d.oid, 'USAGE')) x"+
		" WHERE x.name NOT IN (%[3]s) AND NOT coalesce(x.rolsuper OR x.rolbypassrls, false)"+
		" AND (x.oid IS NULL OR NOT pg_has_role(x.oid, x.relowner, 'USAGE')"+
		" AND NOT EXISTS (SELECT 1 FROM pg_roles k WHERE k.rolname IN (%[5]s) AND pg_has_role(x.oid, k.oid, 'USAGE')))"+
		" GROUP BY x.name", text(t.String()), t.class(), texts(ours), db.key, texts(keepers(db)))
}

// foreignPolicies lists policies that are not ours and apply to our groups:
// permissive policies are joined by OR, so one of them shows other tenants' rows.
func foreignPolicies(db target, list []Identity, t table) string {
	var names, groups []string
	for _, id := range list {
		names, groups = append(names, id.Group), append(groups, id.Group)
	}
	for _, k := range keepers(db) {
		names = append(names, keepName(k))
	}
	return fmt.Sprintf("SELECT format('policy %%s on %%s also applies to the agents'' groups and can show them other tenants'' rows', p.polname, %s)"+
		" FROM pg_policy p WHERE p.polrelid = %s AND p.polpermissive AND p.polname NOT IN (%s)"+
		" AND (0 = ANY (p.polroles) OR EXISTS (SELECT 1 FROM pg_roles g WHERE g.rolname IN (%s) AND g.oid = ANY (p.polroles)))",
		text(t.String()), t.class(), texts(names), texts(groups))
}
