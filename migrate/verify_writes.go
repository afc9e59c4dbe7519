package migrate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/agentsec/agentsec/planner"
)

// writeForeign tries, in transactions that are rolled back, to insert a row for
// another tenant and to hand one of its own rows over. Row security must refuse
// both with 42501, and must let the same statement pass for its own tenant:
// otherwise the refusal has another reason (a missing right on a sequence) and
// proves nothing. PostgreSQL checks row security before constraints, so that a
// row of the tenant column alone is enough.
func writeForeign(ctx context.Context, v *verifier, p *party) (string, error) {
	if p.session == nil {
		return "", errNoSession
	}
	var tried []string
	for _, probe := range p.probes {
		for _, w := range writes {
			may, err := holds(ctx, p.session.Conn, probe, w.right)
			if err != nil {
				return "", fmt.Errorf("cannot tell: asking for %s on %s: %w", w.right, probe.Table, err)
			}
			if !may {
				continue
			}
			for _, value := range v.foreignValues(p, probe.Table) {
				if err := w.refused(ctx, p.session.Conn, probe, value); err != nil {
					return "", fmt.Errorf("%s on %s: %w", w.right, probe.Table, err)
				}
			}
			tried = append(tried, w.right+" on "+probe.Table)
		}
	}
	if len(tried) == 0 {
		return "", errNotApplicable
	}
	return "refused: " + strings.Join(tried, ", "), nil
}

// A write is a statement that names the tenant of the row that it makes: $1.
type write struct {
	right string
	sql   func(planner.Probe) string
}

var writes = []write{
	{"INSERT", func(p planner.Probe) string {
		return fmt.Sprintf("INSERT INTO %s (%s) VALUES ($1)", quote(p.Table), quoteRole(p.Column))
	}},
	{"UPDATE", func(p planner.Probe) string {
		return fmt.Sprintf("UPDATE %[1]s SET %[2]s = $1 WHERE ctid = (SELECT ctid FROM %[1]s LIMIT 1)", quote(p.Table), quoteRole(p.Column))
	}},
}

func (w write) refused(ctx context.Context, conn *pgx.Conn, probe planner.Probe, value string) error {
	try := func(value string) error {
		return inTransaction(ctx, conn, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, w.sql(probe), value)
			if err == nil && tag.RowsAffected() == 0 {
				err = errors.New("no row was written")
			}
			return err
		})
	}
	switch err := try(probe.Value); {
	case sqlState(err) == insufficientRight:
		return fmt.Errorf("cannot tell: its own tenant's row is refused too (%w)", err)
	case err != nil && sqlState(err) == "":
		return fmt.Errorf("cannot tell: %w", err)
	}
	switch err := try(value); {
	case err == nil:
		return errors.New("it can write a row of another tenant")
	case sqlState(err) == insufficientRight:
		return nil
	case sqlState(err) != "":
		return fmt.Errorf("row security let a row of another tenant pass (only then came: %w)", err)
	default:
		return fmt.Errorf("cannot tell: %w", err)
	}
}

// holds asks for the right on the tenant column, which is part of every write.
func holds(ctx context.Context, conn *pgx.Conn, probe planner.Probe, right string) (bool, error) {
	var may bool
	err := conn.QueryRow(ctx, "SELECT has_column_privilege($1, $2, $3)", quote(probe.Table), probe.Column, right).Scan(&may)
	return may, err
}

// foreignValues is what other tenants have in the table's tenant column.
func (v *verifier) foreignValues(p *party, table string) []string {
	seen := map[string]bool{}
	var values []string
	for _, probe := range v.foreignTables(p) {
		if probe.Table == table && !seen[probe.Value] {
			seen[probe.Value] = true
			values = append(values, probe.Value)
		}
	}
	return values
}
