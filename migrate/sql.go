package migrate

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/agentsec/agentsec/planner"
)

// sqlOp runs statements. Questions (Present, Refuse) are asked in read-only
// transactions: a diff cannot write, whatever the plan says.
type sqlOp struct{ *planner.SQL }

// statementField names a statement in changes and journal; its number is all
// that undo needs.
const statementField = "statement "

func (o sqlOp) diff(ctx context.Context, r *run) ([]delta, error) {
	conn, err := r.admin(ctx, o.Input)
	if err != nil {
		return nil, err
	}
	var deltas []delta
	for i, s := range o.Statements {
		present, err := isPresent(ctx, conn, s)
		if err != nil && !namesMissingObject(err) {
			return nil, fmt.Errorf("%s%d: asking whether it is needed: %w", statementField, i+1, err)
		}
		if !present {
			deltas = append(deltas, delta{Change: Change{
				Target: "database of input " + o.Input,
				Field:  statementField + strconv.Itoa(i+1),
				After:  s.Do,
				Action: Create,
			}})
		}
	}
	return deltas, nil
}

// write runs the statements that the entry announces. It asks again before each:
// an earlier one may have done its work.
func (o sqlOp) write(ctx context.Context, r *run, begin Entry) error {
	conn, err := r.admin(ctx, o.Input)
	if err != nil {
		return err
	}
	for _, c := range begin.Changes {
		s, err := o.statement(c)
		if err != nil {
			return err
		}
		if err := o.runStatement(ctx, conn, s); err != nil {
			return fmt.Errorf("%s: %w", c.Field, err)
		}
	}
	return nil
}

// statement returns the one that a change names.
func (o sqlOp) statement(c Change) (planner.Statement, error) {
	number, err := strconv.Atoi(strings.TrimPrefix(c.Field, statementField))
	if err != nil || number < 1 || number > len(o.Statements) {
		return planner.Statement{}, fmt.Errorf("the journal names %q, which the step does not have", c.Field)
	}
	return o.Statements[number-1], nil
}

func (o sqlOp) runStatement(ctx context.Context, conn *pgx.Conn, s planner.Statement) error {
	present, err := isPresent(ctx, conn, s)
	if err != nil && !namesMissingObject(err) {
		return fmt.Errorf("asking whether it is needed: %w", err)
	}
	if present {
		return nil
	}
	if s.Refuse != "" {
		reasons, err := texts(ctx, conn, s.Refuse)
		if err != nil {
			return fmt.Errorf("asking whether it may run: %w", err)
		}
		if len(reasons) > 0 {
			return fmt.Errorf("it must not run: %s", strings.Join(reasons, "; "))
		}
	}
	if err := execute(ctx, conn, s.Do); err != nil {
		return err
	}
	if present, err = isPresent(ctx, conn, s); err != nil {
		return fmt.Errorf("reading back: %w", err)
	}
	if !present {
		return errors.New("it ran, but its effect is not there")
	}
	return nil
}

// undo runs Undo, last statement first, for those that the entry announced and
// whose effect is there.
func (o sqlOp) undo(ctx context.Context, r *run, begin Entry) (left []string, err error) {
	conn, err := r.admin(ctx, o.Input)
	if err != nil {
		return nil, err
	}
	for i := len(begin.Changes) - 1; i >= 0; i-- {
		field := begin.Changes[i].Field
		s, err := o.statement(begin.Changes[i])
		if err != nil {
			return left, err
		}
		present, err := isPresent(ctx, conn, s)
		if err != nil && !namesMissingObject(err) {
			return left, fmt.Errorf("%s: asking whether it is there: %w", field, err)
		}
		switch {
		case !present:
		case s.Undo == "":
			left = append(left, fmt.Sprintf("irreversible: %s", firstLine(s.Do)))
		default:
			if err := execute(ctx, conn, s.Undo); err != nil {
				return left, fmt.Errorf("undoing %s: %w", field, err)
			}
			if present, err := isPresent(ctx, conn, s); err != nil && !namesMissingObject(err) {
				return left, fmt.Errorf("undoing %s: reading back: %w", field, err)
			} else if present {
				return left, fmt.Errorf("undoing %s: it ran, but the effect is still there", field)
			}
		}
	}
	return left, nil
}

// isPresent asks the one boolean. NULL is an answer to nothing and an error.
func isPresent(ctx context.Context, conn *pgx.Conn, s planner.Statement) (bool, error) {
	answers, err := texts(ctx, conn, s.Present)
	if err != nil {
		return false, err
	}
	if len(answers) == 1 {
		switch answers[0] {
		case "t":
			return true, nil
		case "f":
			return false, nil
		}
	}
	return false, errors.New("the question has no answer of one boolean")
}

// texts returns the first column of up to 20 rows, as the server writes it. The
// query can only read: the transaction is read-only, and the extended protocol
// takes one statement, so no "COMMIT; …" gets out of it.
func texts(ctx context.Context, conn *pgx.Conn, query string) ([]string, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	rows, err := conn.Query(ctx, query, pgx.QueryExecModeExec)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []string
	for rows.Next() && len(found) < 20 {
		raw := rows.RawValues()
		if len(raw) == 0 || raw[0] == nil {
			found = append(found, "")
			continue
		}
		found = append(found, string(raw[0]))
	}
	rows.Close()
	return found, rows.Err()
}

// execute runs SQL text as it stands, in the simple protocol: it may be a DO
// block, or several statements, which then are one transaction.
func execute(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// namesMissingObject: a question about what an earlier step has yet to make is
// answered with class 42 (undefined role, table, column, function) or 3F000
// (undefined schema). That is "not there".
func namesMissingObject(err error) bool {
	switch sqlState(err) {
	case "42704", "42P01", "42703", "42883", "3F000":
		return true
	}
	return false
}

func firstLine(text string) string {
	line, rest, more := strings.Cut(strings.TrimSpace(text), "\n")
	if more && strings.TrimSpace(rest) != "" {
		line += " …"
	}
	return line
}
