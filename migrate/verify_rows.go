package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/agentsec/agentsec/planner"
)

// A session is p's session with the database. It is opened by rows-own and must
// be dead after revoke-session.
type session struct{ *pgx.Conn }

var (
	errNoCredential = errors.New("cannot tell: it has no credential")
	errNoSession    = errors.New("cannot tell: it has no session with the database")
)

func (v *verifier) open(ctx context.Context, p *party) (*pgx.Conn, error) {
	return to(v.plan.Proof.Database, p.user, p.password).connect(ctx)
}

func rowsOwn(ctx context.Context, v *verifier, p *party) (string, error) {
	if p.user == "" {
		return "", errNoCredential
	}
	conn, err := v.open(ctx, p)
	if err != nil {
		return "", err
	}
	p.session = &session{conn}
	if len(p.probes) == 0 {
		return "", errors.New("cannot tell: the plan names no table to read")
	}
	var tables []string
	for _, probe := range p.probes {
		seen, err := exists(ctx, conn, probe.Table, quoteRole(probe.Column)+"::text = $1", probe.Value)
		if err != nil {
			return "", fmt.Errorf("reading %s: %w", probe.Table, err)
		}
		if !seen {
			return "", fmt.Errorf("it sees no row of its own tenant in %s", probe.Table)
		}
		p.own[probe.Table] = true
		tables = append(tables, probe.Table)
	}
	return "rows in " + strings.Join(tables, ", "), nil
}

func exists(ctx context.Context, conn *pgx.Conn, table, condition string, args ...any) (bool, error) {
	var seen bool
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM "+quote(table)+" WHERE "+condition+")", args...).Scan(&seen)
	return seen, err
}

// rowsForeign looks for rows of anybody else in every table that some identity
// of another tenant was seen to read rows in; where nobody was, nothing is proven.
// Becoming another identity's group must be refused too.
func rowsForeign(ctx context.Context, v *verifier, p *party) (string, error) {
	if p.session == nil {
		return "", errNoSession
	}
	tables := v.foreignTables(p)
	if len(tables) == 0 {
		return "", errors.New("cannot tell: no other tenant was seen to have rows")
	}
	for _, probe := range p.probes {
		if !slices.ContainsFunc(tables, func(other planner.Probe) bool { return other.Table == probe.Table }) {
			return "", fmt.Errorf("cannot tell: no other tenant was seen to have rows in %s", probe.Table)
		}
	}
	var names []string
	for _, other := range tables {
		condition, value := quoteRole(other.Column)+"::text = $1", other.Value
		for _, own := range p.probes {
			if own.Table == other.Table { // everything that is not its own
				condition, value = quoteRole(own.Column)+"::text IS DISTINCT FROM $1", own.Value
			}
		}
		seen, err := exists(ctx, p.session.Conn, other.Table, condition, value)
		if err != nil && sqlState(err) != insufficientRight {
			return "", fmt.Errorf("cannot tell: reading %s: %w", other.Table, err)
		}
		if seen {
			return "", fmt.Errorf("it sees rows of another tenant in %s", other.Table)
		}
		names = append(names, other.Table)
	}
	return "none in " + strings.Join(slices.Compact(names), ", "), v.refuseGroups(ctx, p)
}

// foreignTables lists, sorted by table, the probes of other tenants that found rows.
func (v *verifier) foreignTables(p *party) []planner.Probe {
	var probes []planner.Probe
	for _, o := range v.foreign(p) {
		for _, probe := range o.probes {
			if o.own[probe.Table] {
				probes = append(probes, probe)
			}
		}
	}
	slices.SortStableFunc(probes, func(a, b planner.Probe) int { return strings.Compare(a.Table, b.Table) })
	return probes
}

func (v *verifier) refuseGroups(ctx context.Context, p *party) error {
	roles := []string{v.plan.Proof.LegacyRole}
	for _, o := range v.foreign(p) {
		roles = append(roles, o.Group)
	}
	for _, role := range roles {
		if role == "" {
			continue
		}
		err := inTransaction(ctx, p.session.Conn, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "SET LOCAL ROLE "+quoteRole(role))
			return err
		})
		switch code := sqlState(err); {
		case err == nil:
			return fmt.Errorf("it can become %s", role)
		case code != insufficientRight && code != "22023": // 22023: there is no such role
			return fmt.Errorf("cannot tell: becoming %s: %w", role, err)
		}
	}
	return nil
}

// inTransaction runs try and takes back whatever it did.
func inTransaction(ctx context.Context, conn *pgx.Conn, try func(pgx.Tx) error) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	err = try(tx)
	if back := tx.Rollback(ctx); back != nil && err == nil {
		err = back
	}
	return err
}
