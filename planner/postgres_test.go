package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/agentsec/agentsec/internal/localserver"
	"github.com/agentsec/agentsec/internal/localserver/servertest"
	"github.com/agentsec/agentsec/internal/secret"
)

func startPostgres(t *testing.T) (*localserver.Postgres, *pgx.Conn) {
	t.Helper()
	server := servertest.Postgres(t)
	return server, dial(t, server.AdminURL())
}

func dial(t *testing.T, url secret.Value) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url.Reveal())
	if err != nil {
		t.Fatal("connecting: ", strings.ReplaceAll(err.Error(), url.Reveal(), ""))
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = c.Close(ctx)
	})
	return c
}

func mustExec(t *testing.T, c *pgx.Conn, sql string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func ask(t *testing.T, c *pgx.Conn, query string) bool {
	t.Helper()
	var yes bool
	if err := c.QueryRow(t.Context(), query).Scan(&yes); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return yes
}

func rowsOf(t *testing.T, c *pgx.Conn, query string) []string {
	t.Helper()
	rows, err := c.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return list
}

// harbourTables is a database as its owner made it, one role beside it.
func harbourTables(t *testing.T, admin *pgx.Conn) {
	t.Helper()
	for _, s := range []string{
		"CREATE ROLE harbour_app LOGIN PASSWORD '" + canary + "'", "CREATE ROLE auditor NOLOGIN",
		"CREATE TABLE ships (id serial PRIMARY KEY, tenant text NOT NULL, name text)",
		"CREATE TABLE berths (id int GENERATED ALWAYS AS IDENTITY, tenant varchar(40) NOT NULL)",
		"ALTER TABLE ships OWNER TO harbour_app", "ALTER TABLE berths OWNER TO harbour_app",
		"GRANT SELECT ON ships, berths TO auditor",
		"INSERT INTO ships (tenant, name) VALUES ('north', 'Auk'), ('south', 'Tern'), ('south', 'Gull')",
		"INSERT INTO berths (tenant) VALUES ('north'), ('south')",
	} {
		mustExec(t, admin, s)
	}
}

// run does what apply does with statements: ask, refuse, do, read back. It
// returns those that it carried out.
func run(t *testing.T, c *pgx.Conn, list []Statement) []Statement {
	t.Helper()
	var done []Statement
	for _, s := range list {
		if ask(t, c, s.Present) {
			continue
		}
		if s.Refuse != "" {
			if why := rowsOf(t, c, s.Refuse); len(why) > 0 {
				t.Fatalf("%s is refused: %v", s.Do, why)
			}
		}
		mustExec(t, c, s.Do)
		if !ask(t, c, s.Present) {
			t.Fatalf("after %s it is not there: %s", s.Do, s.Present)
		}
		done = append(done, s)
	}
	return done
}

func statements(p *Plan, step string) []Statement { return stepsOf(p)[step].Op.SQL.Statements }

func TestStatementsOnPostgres(t *testing.T) {
	server, admin := startPostgres(t)
	tree, scan := platform(true)
	p := mustBuild(t, scan, harbour(), tree)
	var all []Statement
	for _, id := range []string{"groups", "row-security", "vault-admin"} {
		all = append(all, statements(p, id)...)
	}
	// Before anything exists each question has an answer: a diff asks them all.
	for _, s := range append(slices.Clone(all), statements(p, "retire")...) {
		ask(t, admin, s.Present)
	}
	harbourTables(t, admin)
	before := catalog(t, admin)

	done := run(t, admin, all)
	if again := run(t, admin, all); len(again) > 0 {
		t.Fatalf("a second run did %d statements, first %s", len(again), again[0].Do)
	}
	if len(done) < len(all)*2/3 {
		t.Fatalf("only %d of %d statements were needed", len(done), len(all))
	}

	t.Run("two members see only their rows", func(t *testing.T) {
		north, _ := login(t, server, admin, p, "north/reader")
		south, _ := login(t, server, admin, p, "south/writer")
		if got := rowsOf(t, north, "SELECT name FROM ships"); !slices.Equal(got, []string{"Auk"}) {
			t.Errorf("north sees %v", got)
		}
		if got := rowsOf(t, north, "SELECT tenant FROM berths"); !slices.Equal(got, []string{"north"}) {
			t.Errorf("north sees berths of %v", got)
		}
		if got := rowsOf(t, south, "SELECT name FROM ships ORDER BY name"); !slices.Equal(got, []string{"Gull", "Tern"}) {
			t.Errorf("south sees %v", got)
		}
		mustExec(t, south, "INSERT INTO ships (tenant, name) VALUES ('south', 'Skua')") // needs the sequence
		refused(t, south, "INSERT INTO ships (tenant, name) VALUES ('north', 'Pirate')", "row-level security")
		refused(t, south, "UPDATE ships SET tenant = 'north'", "row-level security")
		refused(t, south, "SELECT * FROM berths", "permission denied")
		refused(t, south, "DELETE FROM ships", "permission denied")
		refused(t, north, "INSERT INTO ships (tenant, name) VALUES ('north', 'Auk II')", "permission denied")
	})
	t.Run("whoever is kept sees all", func(t *testing.T) {
		mustExec(t, admin, "SET ROLE auditor")
		defer mustExec(t, admin, "RESET ROLE")
		if got := rowsOf(t, admin, "SELECT name FROM ships"); len(got) < 3 {
			t.Errorf("the auditor sees %v", got)
		}
	})
	t.Run("revocation ends the login and its session", func(t *testing.T) {
		revoke(t, server, admin, p)
	})
	t.Run("undo", func(t *testing.T) {
		undo(t, admin, done)
		if after := catalog(t, admin); after != before {
			t.Errorf("undo leaves\n%s\nwant\n%s", after, before)
		}
	})
}

func undo(t *testing.T, admin *pgx.Conn, done []Statement) {
	t.Helper()
	for _, s := range slices.Backward(done) {
		if s.Undo == "" {
			t.Errorf("no undo for %s", s.Do)
			continue
		}
		mustExec(t, admin, s.Undo)
		if ask(t, admin, s.Present) && !strings.HasPrefix(s.Do, "GRANT USAGE ON SCHEMA") { // PUBLIC has it anyway
			t.Errorf("after %s it is still there", s.Undo)
		}
	}
}

// catalog is all that the statements may touch.
func catalog(t *testing.T, c *pgx.Conn) string {
	t.Helper()
	return strings.Join(rowsOf(t, c, `SELECT 'role ' || rolname || rolcanlogin FROM pg_roles WHERE rolname !~ '^pg_'
		UNION ALL SELECT 'table ' || relname || relrowsecurity || coalesce((SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) x), '') FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r','S')
		UNION ALL SELECT 'policy ' || polname FROM pg_policy UNION ALL SELECT 'member ' || roleid::regrole || member::regrole FROM pg_auth_members WHERE roleid::regrole::text !~ '^pg_(read_all|monitor)' ORDER BY 1`), "\n")
}

func refused(t *testing.T, c *pgx.Conn, sql, why string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("%s: %v, want %s", sql, err, why)
	}
}

// login does what Vault does with the creation statements, as the admin role
// that the plan made, and connects as the new login.
func login(t *testing.T, server *localserver.Postgres, admin *pgx.Conn, p *Plan, identity string) (*pgx.Conn, string) {
	t.Helper()
	vault := asVault(t, server, admin, p)
	i := slices.IndexFunc(p.Agents, func(id Identity) bool { return id.Name() == identity })
	name := fmt.Sprintf("v-%s-%d", strings.ReplaceAll(identity, "/", "-"), time.Now().UnixNano())
	for _, s := range databaseRoleOf(p, p.Agents[i])["creation_statements"].([]string) {
		mustExec(t, vault, strings.NewReplacer("{{name}}", name, "{{password}}", "once", "{{expiration}}", "2090-01-01 00:00:00+0000").Replace(s))
	}
	return dial(t, server.URL(name, "postgres", secret.New("once"))), name
}

func databaseRoleOf(p *Plan, id Identity) map[string]any {
	return stepsOf(p)["database-role-"+id.AuthRole].Op.VaultObject.Data
}

func asVault(t *testing.T, server *localserver.Postgres, admin *pgx.Conn, p *Plan) *pgx.Conn {
	t.Helper()
	role := stepsOf(p)["database-connection"].Op.Connection.AdminRole
	mustExec(t, admin, "ALTER ROLE "+ident(role)+" LOGIN PASSWORD 'taken-over'")
	return dial(t, server.URL(role, "postgres", secret.New("taken-over")))
}

func revoke(t *testing.T, server *localserver.Postgres, admin *pgx.Conn, p *Plan) {
	t.Helper()
	for _, name := range rowsOf(t, admin, "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'v-%'") {
		session := dial(t, server.URL(name, "postgres", secret.New("once")))
		vault := asVault(t, server, admin, p)
		tx, err := vault.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range databaseRoleOf(p, p.Agents[0])["revocation_statements"].([]string) {
			if _, err := tx.Exec(t.Context(), strings.ReplaceAll(s, "{{name}}", name)); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := session.Exec(t.Context(), "SELECT 1"); err == nil {
			t.Errorf("the session of %s survived its revocation", name)
		}
		if _, err := pgx.Connect(t.Context(), server.URL(name, "postgres", secret.New("once")).Reveal()); err == nil {
			t.Errorf("%s can still log in", name)
		}
	}
	if left := rowsOf(t, admin, "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'v-%'"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestRetirementOnPostgres(t *testing.T) {
	server, admin := startPostgres(t)
	harbourTables(t, admin)
	tree, scan := platform(true)
	retire := statements(mustBuild(t, scan, harbour(), tree), "retire")
	url := server.URL("harbour_app", "postgres", secret.New(canary))
	session := dial(t, url)

	if done := run(t, admin, retire); len(done) != 2 {
		t.Fatalf("retirement did %d statements, want 2", len(done))
	}
	if _, err := session.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("the old login's session survived")
	}
	if _, err := pgx.Connect(t.Context(), url.Reveal()); err == nil {
		t.Error("the old login still works")
	}
	if again := run(t, admin, retire); len(again) > 0 {
		t.Error("a second retirement did something")
	}
	mustExec(t, admin, retire[0].Undo)
	dial(t, url)
}

func TestRetirementRefusesItsOwnConnection(t *testing.T) {
	_, admin := startPostgres(t)
	list := retireStatements(target{Database: Database{LegacyRole: "postgres"}})
	if why := rowsOf(t, admin, list[0].Refuse); len(why) != 2 {
		t.Errorf("refusals: %v, want that it is this connection and the only superuser", why)
	}
}

// Each of these must stop row security from being switched on.
func TestRowSecurityRefusals(t *testing.T) {
	_, admin := startPostgres(t)
	harbourTables(t, admin)
	tree, scan := platform(true)
	p := mustBuild(t, scan, harbour(), tree)
	run(t, admin, statements(p, "groups"))
	var enable Statement
	for _, s := range statements(p, "row-security") {
		if s.Do == `ALTER TABLE "public"."ships" ENABLE ROW LEVEL SECURITY` {
			enable = s
		}
	}
	mustExec(t, admin, "CREATE ROLE stranger; CREATE ROLE kept_member IN ROLE auditor; CREATE ROLE owner_member IN ROLE harbour_app; CREATE ROLE boss SUPERUSER; CREATE ROLE free BYPASSRLS")
	if why := rowsOf(t, admin, enable.Refuse); len(why) > 0 {
		t.Fatalf("refused on a clean table: %v", why)
	}
	for _, c := range []struct{ name, do, undo, want string }{
		{"grant", "GRANT SELECT ON ships TO stranger", "REVOKE SELECT ON ships FROM stranger", "role stranger holds SELECT"},
		{"column grant", "GRANT UPDATE (name) ON ships TO stranger", "REVOKE UPDATE (name) ON ships FROM stranger", "role stranger holds UPDATE"},
		{"everybody", "GRANT SELECT ON ships TO PUBLIC", "REVOKE SELECT ON ships FROM PUBLIC", "role PUBLIC holds SELECT"},
		{"reads everything", "GRANT pg_read_all_data TO stranger", "REVOKE pg_read_all_data FROM stranger", "role stranger holds pg_read_all_data"},
		{"policy for everybody", "CREATE POLICY open ON ships USING (true)", "DROP POLICY open ON ships", "policy open on public.ships"},
		{"policy for a group", "CREATE POLICY wide ON ships TO harbour_north_reader USING (true)", "DROP POLICY wide ON ships", "policy wide on public.ships"},
		{"member of a kept role", "GRANT SELECT ON ships TO kept_member", "REVOKE SELECT ON ships FROM kept_member", ""},
		{"member of the owner", "GRANT SELECT ON ships TO owner_member", "REVOKE SELECT ON ships FROM owner_member", ""},
		{"superuser", "GRANT SELECT ON ships TO boss", "REVOKE SELECT ON ships FROM boss", ""},
		{"bypasses", "GRANT SELECT ON ships TO free", "REVOKE SELECT ON ships FROM free", ""},
		{"restrictive policy", "CREATE POLICY less ON ships AS RESTRICTIVE USING (true)", "DROP POLICY less ON ships", ""},
	} {
		mustExec(t, admin, c.do)
		why := rowsOf(t, admin, enable.Refuse)
		if c.want == "" && len(why) > 0 || c.want != "" && (len(why) != 1 || !strings.Contains(why[0], c.want)) {
			t.Errorf("%s: refusals %v, want %q", c.name, why, c.want)
		}
		mustExec(t, admin, c.undo)
	}
}

// A policy that keeps its name and changes its rule must not pass for ours.
func TestPolicyIsComparedByItsRule(t *testing.T) {
	_, admin := startPostgres(t)
	harbourTables(t, admin)
	tree, scan := platform(true)
	p := mustBuild(t, scan, harbour(), tree)
	run(t, admin, statements(p, "groups"))
	rows := statements(p, "row-security")
	run(t, admin, rows)
	for _, tamper := range []string{
		"ALTER POLICY harbour_north_reader ON ships USING (true)",
		"ALTER POLICY harbour_north_reader ON ships WITH CHECK (true)",
		"ALTER POLICY harbour_north_reader ON ships TO PUBLIC",
		"ALTER POLICY harbour_north_reader ON ships TO harbour_north_reader, harbour_south_reader",
		"DROP POLICY harbour_north_reader ON ships; CREATE POLICY harbour_north_reader ON ships AS RESTRICTIVE TO harbour_north_reader USING (tenant = 'north') WITH CHECK (tenant = 'north')",
		"ALTER TABLE ships DISABLE ROW LEVEL SECURITY",
		"DROP POLICY agentsec_keep_auditor ON berths",
	} {
		mustExec(t, admin, tamper)
		if done := run(t, admin, rows); len(done) == 0 {
			t.Errorf("%s was not seen", tamper)
		}
	}
	if done := run(t, admin, rows); len(done) > 0 {
		t.Errorf("not repaired: %s", done[0].Do)
	}
}

// What Postgres shows of a condition depends on the column's type.
func TestPolicyReadsBackForColumnTypes(t *testing.T) {
	_, admin := startPostgres(t)
	mustExec(t, admin, "CREATE TYPE port AS ENUM ('42', 'x'); CREATE DOMAIN berth AS text; CREATE ROLE g; CREATE ROLE harbour_app")
	for _, typ := range []string{"text", "varchar(9)", "varchar", "int", "bigint", "smallint", "numeric", "char(4)", "port", "berth", "name"} {
		mustExec(t, admin, `DROP TABLE IF EXISTS t; CREATE TABLE t ("Tenant" `+typ+`)`)
		db := target{Database: Database{LegacyRole: "harbour_app", Tenancy: Tenancy{Column: "Tenant"}}, values: map[string]string{"a": "42"}}
		list := policy(table{"public", "t"}, "p", "g", ownRows(db, "a"), "")
		if done := run(t, admin, list); len(done) != 1 {
			t.Errorf("%s: %d statements, want 1", typ, len(done))
		}
		if again := run(t, admin, list); len(again) > 0 {
			t.Errorf("%s: not recognised the second time", typ)
		}
	}
	mustExec(t, admin, `DROP TABLE t; CREATE TABLE t ("Tenant" uuid)`)
	db := target{Database: Database{Tenancy: Tenancy{Column: "Tenant"}}, values: map[string]string{"a": "9f1c0f5e-6f0e-4c57-9a52-5d2c3f7f1a11"}}
	run(t, admin, policy(table{"public", "t"}, "p", "g", ownRows(db, "a"), ""))
}
