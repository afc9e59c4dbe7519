package migrate

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/agentsec/agentsec/planner"
)

// connectionOp connects Vault's database engine with a Postgres and hands the
// administrator's login over: nobody but Vault knows its password afterwards.
//
// The hand-over is made once. The journal tells when: begin … rotated. A run
// that ended in between makes it anew with another password; a run after it
// never touches the password again, whatever else it corrects.
type connectionOp struct{ *planner.Connection }

const (
	postgresPlugin = "postgresql-database-plugin"
	passwordField  = "password"
)

func (o connectionOp) path() string { return o.Mount + "/config/" + o.Name }

// wanted are the fields that can be read back. password_authentication makes
// Vault send verifiers instead of passwords to the server.
func (o connectionOp) wanted() map[string]any {
	return map[string]any{
		"plugin_name":             postgresPlugin,
		"connection_url":          o.URL,
		"username":                o.AdminRole,
		"allowed_roles":           o.AllowedRoles,
		"password_authentication": "scram-sha-256",
	}
}

// fields is the order in which they are told.
var connectionFields = []string{"plugin_name", "connection_url", "username", "allowed_roles", "password_authentication"}

func (o connectionOp) check() error {
	if err := checkVaultPath(o.path()); err != nil {
		return err
	}
	u, err := url.Parse(strings.NewReplacer("{{username}}", "user", "{{password}}", "password").Replace(o.URL))
	if err != nil || u.Host == "" || !strings.Contains(o.URL, "{{username}}:{{password}}@") {
		return errors.New("the connection's URL does not leave username and password to Vault")
	}
	if o.AdminRole == "" {
		return errors.New("the connection names no administrator")
	}
	return nil
}

// read flattens Vault's answer.
func (o connectionOp) read(ctx context.Context, r *run) (map[string]any, error) {
	data, err := readVault(ctx, r.env.Vault, o.path())
	if err != nil || data == nil {
		return nil, err
	}
	live := map[string]any{}
	details, _ := data["connection_details"].(map[string]any)
	for _, field := range connectionFields {
		live[field] = data[field]
		if v, ok := details[field]; ok {
			live[field] = v
		}
	}
	return live, nil
}

func (o connectionOp) diff(ctx context.Context, r *run) ([]delta, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	live, err := o.read(ctx, r)
	if err != nil {
		return nil, err
	}
	handOver := delta{Change: Change{Target: o.path(), Field: passwordField, After: Hidden, Action: Create, Unreadable: true}}
	var deltas []delta
	if live == nil {
		for _, field := range connectionFields {
			deltas = append(deltas, delta{Change: Change{Target: o.path(), Field: field, After: show(o.wanted()[field]), Action: Create}})
		}
		return append(deltas, handOver), nil
	}
	if !sameField("username", o.AdminRole, live["username"]) {
		return nil, fmt.Errorf("%s is there already and logs in as another role than %s; agentsec does not take it over", o.path(), o.AdminRole)
	}
	for _, field := range connectionFields {
		want := o.wanted()[field]
		if !sameField(field, want, live[field]) {
			deltas = append(deltas, delta{
				Change:  Change{Target: o.path(), Field: field, Before: show(live[field]), After: show(want), Action: Update},
				restore: orEmpty(live[field]),
			})
		}
	}
	if o.owed(r.journal) {
		handOver.Before, handOver.Action = Hidden, Update
		deltas = append(deltas, handOver)
	}
	return deltas, nil
}

// owed reports whether a hand-over was begun and its rotation never journaled.
func (o connectionOp) owed(j *journal) bool {
	begun := 0
	for _, e := range j.entries {
		switch {
		case o.began(e) && handsOver(e):
			begun = e.Seq
		case (e.Action == rotated || e.Action == undone) && e.Of == begun:
			begun = 0
		}
	}
	return begun != 0
}

func (o connectionOp) began(e Entry) bool {
	return e.Action == began && e.Op.Connection != nil && e.Op.Connection.Mount == o.Mount && e.Op.Connection.Name == o.Name
}

// couldLogIn tells from the journal whether the administrator could log in
// before the first hand-over that stands.
func (o connectionOp) couldLogIn(j *journal) (could, known bool) {
	ours := map[int]bool{}
	for _, e := range j.entries {
		switch {
		case o.began(e):
			ours[e.Seq] = true
		case e.Action == handing && ours[e.Of] && !known:
			could, _ = e.Restore["login"].(bool)
			known = true
		case e.Action == undone && ours[e.Of]:
			known = false
		}
	}
	return could, known
}

func handsOver(begin Entry) bool {
	for _, c := range begin.Changes {
		if c.Field == passwordField {
			return true
		}
	}
	return false
}

func (o connectionOp) write(ctx context.Context, r *run, begin Entry) error {
	data := o.wanted()
	data["verify_connection"] = true
	if !handsOver(begin) {
		return writeVault(ctx, r.env.Vault, o.path(), data) // Vault keeps the password it has
	}
	conn, err := o.administrator(ctx, r)
	if err != nil {
		return err
	}
	note := Entry{Plan: r.digest, Stage: begin.Stage, Step: begin.Step, Of: begin.Seq}
	if _, known := o.couldLogIn(r.journal); !known {
		could, err := mayLogIn(ctx, conn, o.AdminRole)
		if err != nil {
			return err
		}
		e := note
		e.Action, e.Restore = handing, map[string]any{"login": could}
		if _, err := r.journal.append(e); err != nil {
			return err
		}
	}
	password := newPassword()
	r.keepSecret(password)
	verifier, err := scramVerifier(password, newSalt())
	if err != nil {
		return err
	}
	if err := execute(ctx, conn, "ALTER ROLE "+quoteRole(o.AdminRole)+" LOGIN PASSWORD '"+verifier+"'"); err != nil {
		return fmt.Errorf("setting the password of %s: %w", o.AdminRole, err)
	}
	data["password"] = password.Reveal()
	if err := writeVault(ctx, r.env.Vault, o.path(), data); err != nil {
		return err
	}
	if err := writeVault(ctx, r.env.Vault, o.Mount+"/rotate-root/"+o.Name, nil); err != nil {
		return err
	}
	note.Action = rotated
	_, err = r.journal.append(note)
	return err
}

// administrator is a session that outlives the hand-over.
func (o connectionOp) administrator(ctx context.Context, r *run) (*pgx.Conn, error) {
	conn, err := r.admin(ctx, o.Input)
	if err != nil {
		return nil, err
	}
	if conn.Config().User == o.AdminRole {
		return nil, fmt.Errorf("input %q logs in as %s, whose password only Vault may know: give the login of another administrator", o.Input, o.AdminRole)
	}
	return conn, nil
}

func mayLogIn(ctx context.Context, conn *pgx.Conn, role string) (bool, error) {
	var may bool
	err := conn.QueryRow(ctx, "SELECT rolcanlogin FROM pg_catalog.pg_roles WHERE rolname = $1", role).Scan(&may)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, fmt.Errorf("the database has no role %s", role)
	}
	return may, err
}

func (o connectionOp) undo(ctx context.Context, r *run, begin Entry) (left []string, err error) {
	live, err := o.read(ctx, r)
	if err != nil {
		return nil, err
	}
	if live == nil {
		return o.takeLogin(ctx, r)
	}
	made := begin.Changes[0].Action == Create
	restored := len(begin.Restore) > 0
	for field, before := range begin.Restore {
		restored = restored && sameField(field, before, live[field])
	}
	if restored {
		return nil, nil
	}
	for _, c := range begin.Changes {
		if !c.Unreadable && !sameField(c.Field, o.wanted()[c.Field], live[c.Field]) {
			return []string{fmt.Sprintf("%s: %s was changed since; it stays as it is", o.path(), c.Field)}, nil
		}
	}
	if made {
		if err := deleteVault(ctx, r.env.Vault, o.path()); err != nil {
			return nil, err
		}
		return o.takeLogin(ctx, r)
	}
	left = unrestorable(begin)
	if len(begin.Restore) == 0 {
		return left, nil
	}
	return left, writeVault(ctx, r.env.Vault, o.path(), begin.Restore)
}

// takeLogin takes the login from an administrator who had none before. One who
// had keeps it, with a password that nobody knows any more.
func (o connectionOp) takeLogin(ctx context.Context, r *run) (left []string, err error) {
	could, known := o.couldLogIn(r.journal)
	switch {
	case !known: // no hand-over came so far
		return nil, nil
	case could:
		return []string{"irreversible: the former password of " + o.AdminRole + " is not known; set another one"}, nil
	}
	conn, err := o.administrator(ctx, r)
	if err != nil {
		return nil, err
	}
	if may, err := mayLogIn(ctx, conn, o.AdminRole); err != nil || !may {
		return nil, nil // it has none, or is gone
	}
	if err := execute(ctx, conn, "ALTER ROLE "+quoteRole(o.AdminRole)+" NOLOGIN PASSWORD NULL"); err != nil {
		return nil, fmt.Errorf("taking the login from %s: %w", o.AdminRole, err)
	}
	return nil, nil
}
