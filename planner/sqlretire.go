package planner

import "fmt"

// retireStatements close the old login. Its role stays: it may own the tables,
// and undo is one statement.
func retireStatements(db target) []Statement {
	role := db.LegacyRole
	return []Statement{{
		Do: fmt.Sprintf("ALTER ROLE %s NOLOGIN", ident(role)),
		Present: fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %[1]s)"+
			" AND NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %[1]s AND rolcanlogin)", text(role)),
		Refuse: fmt.Sprintf("SELECT 'this connection runs as the login that it would retire' WHERE %[1]s IN (current_user, session_user)"+
			" UNION ALL SELECT 'it is the only superuser that can log in' FROM pg_roles WHERE rolname = %[1]s AND rolsuper"+
			" AND NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname <> %[1]s AND rolsuper AND rolcanlogin)", text(role)),
		Undo: fmt.Sprintf("ALTER ROLE %s LOGIN", ident(role)),
	}, {
		// The statistics of a transaction are a snapshot, and a backend needs a
		// moment to end: ask again until none is left, 10 s at most.
		Do: fmt.Sprintf("DO $agentsec$ BEGIN FOR i IN 1..100 LOOP"+
			" PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %[1]s AND pid <> pg_backend_pid();"+
			" PERFORM pg_stat_clear_snapshot();"+
			" EXIT WHEN NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE usename = %[1]s AND pid <> pg_backend_pid());"+
			" PERFORM pg_sleep(0.1); PERFORM pg_stat_clear_snapshot(); END LOOP; END $agentsec$", text(role)),
		Present: fmt.Sprintf("SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE usename = %s AND pid <> pg_backend_pid())", text(role)),
	}}
}
