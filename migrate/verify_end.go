package migrate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/agentsec/agentsec/planner"
)

// revokeLogin revokes the lease as an operator would, and waits for the end of
// it (sync): without that Vault answers before the database knows.
func revokeLogin(ctx context.Context, v *verifier, p *party) (string, error) {
	if p.user == "" {
		return "", errNoCredential
	}
	if p.session == nil {
		return "", errNoSession
	}
	if err := ping(ctx, p.session.Conn); err != nil {
		return "", fmt.Errorf("cannot tell: the session was dead before: %w", err)
	}
	before, err := v.open(ctx, p)
	if err != nil {
		return "", fmt.Errorf("cannot tell: it could not log in before: %w", err)
	}
	closeSession(before)
	if err := v.revokeLease(ctx, p.lease); err != nil {
		return "", err
	}
	p.revoked = true
	after, err := v.open(ctx, p)
	if err == nil {
		closeSession(after)
		return "", errors.New("its user can still log in")
	}
	if !loginRefused(err) {
		return "", fmt.Errorf("cannot tell: %w", err)
	}
	return "refused with SQLSTATE " + sqlState(err), v.databaseAlive(ctx)
}

func (v *verifier) revokeLease(ctx context.Context, lease string) error {
	return writeVault(ctx, v.env.Vault, "sys/leases/revoke", map[string]any{"lease_id": lease, "sync": true})
}

// databaseAlive opens a session as the administrator: a server that is down
// refuses everybody and proves nothing.
func (v *verifier) databaseAlive(ctx context.Context) error {
	url, err := v.input(v.plan.Proof.AdminInput)
	if err != nil {
		return err
	}
	l, err := parseURL(url)
	if err != nil {
		return err
	}
	conn, err := l.connect(ctx)
	if err != nil {
		return fmt.Errorf("cannot tell: the database lets nobody in: %w", err)
	}
	defer closeSession(conn)
	return ping(ctx, conn)
}

func ping(ctx context.Context, conn *pgx.Conn) error { return conn.Ping(ctx) }

// sessionGrace is how long a terminated session may take to end.
const sessionGrace = 3 * time.Second

func revokeSession(ctx context.Context, v *verifier, p *party) (string, error) {
	if p.session == nil {
		return "", errNoSession
	}
	if !p.revoked {
		return "", errors.New("cannot tell: its lease was not revoked")
	}
	for end := time.Now().Add(sessionGrace); ; time.Sleep(50 * time.Millisecond) {
		err := ping(ctx, p.session.Conn)
		switch {
		case sqlState(err) == adminShutdown, err != nil && sqlState(err) == "" && p.session.IsClosed() && ctx.Err() == nil:
			return "the session was ended by the server", v.databaseAlive(ctx)
		case err != nil:
			return "", fmt.Errorf("cannot tell: %w", err)
		case time.Now().After(end):
			return "", errors.New("its session is still open")
		}
	}
}

// staticRetired tries the old login at the plan's database, whatever host its
// URL names. That it is refused counts only if the role itself may not log in:
// a wrong password in the input would be refused as well.
func staticRetired(ctx context.Context, v *verifier, _ *party) (string, error) {
	static, err := v.input(v.plan.Proof.StaticInput)
	if err != nil {
		return "", err
	}
	old, err := parseURL(static)
	if err != nil {
		return "", fmt.Errorf("input %q: %w", v.plan.Proof.StaticInput, err)
	}
	v.keepSecret(old.password)
	if old.user != v.plan.Proof.LegacyRole {
		return "", fmt.Errorf("input %q is not the login of %s", v.plan.Proof.StaticInput, v.plan.Proof.LegacyRole)
	}
	refusal := func() error {
		conn, err := to(v.plan.Proof.Database, old.user, old.password).connect(ctx)
		if err == nil {
			closeSession(conn)
		}
		return err
	}()
	if refusal != nil && !loginRefused(refusal) {
		return "", fmt.Errorf("cannot tell: %w", refusal)
	}
	barred, err := v.barred(ctx)
	if err != nil {
		return "", fmt.Errorf("cannot tell: %w", err)
	}
	switch waiting := v.retirement(); {
	case refusal != nil && barred:
		return "refused with SQLSTATE " + sqlState(refusal), v.databaseAlive(ctx)
	case len(waiting) > 0 && refusal == nil:
		return "", &notYet{"still accepted: " + strings.Join(waiting, ", ") + " comes after this verification"}
	case len(waiting) > 0:
		return "", &notYet{fmt.Sprintf("%s comes after this verification; the login is refused already, though its role may log in: look whether input %q is right", strings.Join(waiting, ", "), v.plan.Proof.StaticInput)}
	case refusal != nil:
		return "", fmt.Errorf("it is refused, but %s may still log in", old.user)
	}
	return "", errors.New("it is still accepted")
}

// barred asks the database whether the old role cannot log in, or is gone.
func (v *verifier) barred(ctx context.Context) (bool, error) {
	conn, err := v.admin(ctx, v.plan.Proof.AdminInput)
	if err != nil {
		return false, err
	}
	var may bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1 AND rolcanlogin)", v.plan.Proof.LegacyRole).Scan(&may)
	return !may, err
}

// retirement lists the gated steps that have not been done.
func (v *verifier) retirement() []string {
	var waiting []string
	_ = eachStep(v.plan, Options{}, func(_ planner.Stage, step planner.Step) error {
		if step.Gate == planner.AfterVerify && !v.journal.isDone(step.ID) {
			waiting = append(waiting, step.ID)
		}
		return nil
	})
	return waiting
}

// leftovers is what a verification made.
type leftovers struct {
	sessions []*vaultSession
	leases   []string
	users    []string
}

// cleanUp revokes all of it, and says what it could not.
func (v *verifier) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*checkTimeout)
	defer cancel()
	for _, p := range v.parties {
		if p.session != nil {
			closeSession(p.session.Conn)
		}
	}
	var errs []error
	for _, lease := range v.made.leases {
		if err := v.revokeLease(ctx, lease); err != nil {
			errs = append(errs, fmt.Errorf("revoking a lease of the verification: %w", err))
		}
	}
	for _, s := range v.made.sessions {
		// Idempotent, unlike revoking by accessor; a revoked token is refused.
		if err := s.client.Auth().Token().RevokeSelfWithContext(ctx, ""); err != nil && vaultStatus(err) != 403 {
			errs = append(errs, vaultError("revoking a token of the verification", err))
		} else if err != nil && v.aliveAccessor(ctx, s.accessor) {
			if err := v.env.Vault.Auth().Token().RevokeAccessorWithContext(ctx, s.accessor); err != nil {
				errs = append(errs, vaultError("revoking a token of the verification", err))
			}
		}
	}
	return errors.Join(append(errs, v.usersGone(ctx))...)
}

// aliveAccessor: a token without the right to revoke itself gets 403 as well.
func (v *verifier) aliveAccessor(ctx context.Context, accessor string) bool {
	_, err := v.env.Vault.Auth().Token().LookupAccessorWithContext(ctx, accessor)
	return err == nil
}

// usersGone looks whether a database user of the verification is still there.
func (v *verifier) usersGone(ctx context.Context) error {
	conn, err := v.admin(ctx, v.plan.Proof.AdminInput)
	if err != nil {
		return err
	}
	var left int
	err = conn.QueryRow(ctx, "SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname = ANY($1)", v.made.users).Scan(&left)
	if err != nil {
		return fmt.Errorf("looking for database users of the verification: %w", err)
	}
	if left > 0 {
		return fmt.Errorf("%d database users of the verification are still there", left)
	}
	return nil
}
