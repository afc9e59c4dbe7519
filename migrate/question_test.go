package migrate

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// A question of a plan is asked before anybody has agreed to anything: it must
// not get out of its read-only transaction.
func TestAQuestionCannotWrite(t *testing.T) {
	pg := startPostgres(t)
	conn, err := pgx.Connect(t.Context(), pg.admin("postgres").Reveal())
	if err != nil {
		t.Fatal("connecting to the test's Postgres failed")
	}
	defer conn.Close(t.Context())
	for _, question := range []string{
		"COMMIT; CREATE TABLE evil(); SELECT true",
		"SELECT true; CREATE TABLE evil()",
		"CREATE TABLE evil()",
	} {
		if _, err := texts(t.Context(), conn, question); err == nil {
			t.Errorf("%q was answered", question)
		}
	}
	if got, err := texts(t.Context(), conn, "SELECT to_regclass('evil') IS NULL"); err != nil || len(got) != 1 || got[0] != "t" {
		t.Errorf("the table is there, or the question has no answer: %v, %v", got, err)
	}
}
