package planner

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// ident quotes one Postgres identifier.
func ident(name string) string { return pgx.Identifier{name}.Sanitize() }

// text quotes a Postgres string constant. Settings are checked to hold no
// backslash and no control character, so the answer does not depend on
// standard_conforming_strings.
func text(s string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), "'", "''") + "'"
}

func texts(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = text(s)
	}
	return strings.Join(quoted, ", ")
}

// A table is a schema-qualified relation.
type table struct{ schema, name string }

// parseTable takes "table" (in public) or "schema.table".
func parseTable(s string) (table, bool) {
	schema, name, qualified := strings.Cut(s, ".")
	if !qualified {
		schema, name = "public", s
	}
	return table{schema, name}, sqlName.MatchString(schema) && sqlName.MatchString(name)
}

func (t table) String() string { return t.schema + "." + t.name }

// sql is the quoted name; class is an expression of its oid, NULL when there is
// no such table, so that Present queries work on an empty database.
func (t table) sql() string   { return pgx.Identifier{t.schema, t.name}.Sanitize() }
func (t table) class() string { return "to_regclass(" + text(t.sql()) + ")" }
