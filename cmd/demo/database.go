package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/agentsec/agentsec/internal/secret"
)

// loadDatabase makes database acme with the login that all agents share today.
func (w *world) loadDatabase(ctx context.Context, password secret.Value) error {
	super, err := pgx.Connect(ctx, w.postgres.AdminURL().Reveal())
	if err != nil {
		return sanitised("connecting as administrator", err)
	}
	defer super.Close(ctx)
	literal := "'" + strings.ReplaceAll(password.Reveal(), "'", "''") + "'"
	for _, statement := range []string{"CREATE ROLE acme_app LOGIN PASSWORD " + literal, "CREATE DATABASE acme"} {
		if _, err := super.Exec(ctx, statement); err != nil {
			return sanitised("making database acme", err)
		}
	}
	w.static = w.postgres.URL("acme_app", "acme", password)
	if w.admin, err = inDatabase(w.postgres.AdminURL(), "acme"); err != nil {
		return err
	}
	script, err := os.ReadFile(filepath.Join(w.platform, "db", "init.sql"))
	if err != nil {
		return err
	}
	return w.asAdmin(ctx, func(c *pgx.Conn) error {
		_, err := c.PgConn().Exec(ctx, string(script)).ReadAll()
		return err
	})
}

func inDatabase(databaseURL secret.Value, name string) (secret.Value, error) {
	u, err := url.Parse(databaseURL.Reveal())
	if err != nil {
		return secret.Value{}, errors.New("the administrator's URL cannot be parsed")
	}
	u.Path = "/" + name
	return secret.New(u.String()), nil
}

// asAdmin looks into database acme from outside agentsec.
func (w *world) asAdmin(ctx context.Context, work func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, w.admin.Reveal())
	if err != nil {
		return sanitised("connecting as administrator", err)
	}
	defer conn.Close(ctx)
	if err := work(conn); err != nil {
		return sanitised("asking the database", err)
	}
	return nil
}

// Vault answers the revocation of a token before it has dropped the logins that
// hang on it.
const revocationDelay = 5 * time.Second

// rolesLeft counts those of the roles that still exist after revocationDelay.
func (w *world) rolesLeft(ctx context.Context, roles []string) (n int, err error) {
	deadline := time.Now().Add(revocationDelay)
	err = w.asAdmin(ctx, func(c *pgx.Conn) error {
		for {
			err := c.QueryRow(ctx, "SELECT count(*) FROM pg_roles WHERE rolname = ANY($1)", roles).Scan(&n)
			if err != nil || n == 0 || time.Now().After(deadline) {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	return n, err
}

// refused tells whether the server refuses the static password, with its reason.
// Any other failure is an error: a server that is away refuses nobody.
func (w *world) refused(ctx context.Context) (reason string, err error) {
	conn, err := pgx.Connect(ctx, w.static.Reveal())
	if err == nil {
		return "", conn.Close(ctx)
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) && strings.HasPrefix(answer.Code, "28") { // invalid authorization
		return answer.Message, nil
	}
	return "", sanitised("trying the static password", err)
}

// sanitised keeps the server's answer and drops what the client library says,
// which can quote the URL.
func sanitised(doing string, err error) error {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return fmt.Errorf("%s: %s (SQLSTATE %s)", doing, answer.Message, answer.Code)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", doing, context.Canceled)
	}
	return fmt.Errorf("%s: no answer from the server", doing)
}
