package migrate

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/planner"
)

// A run is one command at work: its world and what it has open.
type run struct {
	env     Env
	plan    *planner.Plan
	digest  string
	journal *journal
	tree    *tree // nil when Env.Source is ""
	admins  map[string]*pgx.Conn
	secrets []secret.Value // made or received by this run; no error text has one
}

func newRun(env Env, plan *planner.Plan) (*run, error) {
	if err := env.check(plan); err != nil {
		return nil, err
	}
	digest, err := Digest(plan)
	if err != nil {
		return nil, err
	}
	r := &run{env: env, plan: plan, digest: digest, admins: map[string]*pgx.Conn{}}
	for _, v := range env.Inputs {
		r.keepSecret(v)
	}
	r.keepSecret(secret.New(env.Vault.Token()))
	if env.Source != "" {
		if r.tree, err = openTree(env.Source); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *run) close() {
	for _, conn := range r.admins {
		closeSession(conn)
	}
	if r.tree != nil {
		r.tree.close()
	}
	if r.journal != nil {
		r.journal.close()
	}
}

// input returns the secret that the plan names.
func (r *run) input(name string) (secret.Value, error) {
	v := r.env.Inputs[name]
	if !v.IsZero() {
		return v, nil
	}
	for _, in := range r.plan.Inputs {
		if in.Name == name {
			return v, fmt.Errorf("input %q is missing: %s (give it with --input %s=FILE)", name, in.Description, name)
		}
	}
	return v, fmt.Errorf("input %q is missing (give it with --input %s=FILE)", name, name)
}

// admin returns the run's session with the input's database server.
func (r *run) admin(ctx context.Context, input string) (*pgx.Conn, error) {
	if conn := r.admins[input]; conn != nil && !conn.IsClosed() {
		return conn, nil
	}
	url, err := r.input(input)
	if err != nil {
		return nil, err
	}
	login, err := parseURL(url)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", input, err)
	}
	r.keepSecret(login.password)
	conn, err := login.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting with input %q: %w", input, err)
	}
	r.admins[input] = conn
	return conn, nil
}

// apply of a file needs a tree.
func (r *run) sources() (*tree, error) {
	if r.tree == nil {
		return nil, errors.New("no source tree to work on")
	}
	return r.tree, nil
}
