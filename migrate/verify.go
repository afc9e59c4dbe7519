package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/planner"
)

// checkTimeout bounds one check of one identity.
const checkTimeout = 30 * time.Second

// A proof is one check: it returns what it saw, or an error that says what was
// not as it must be. An error of any other kind fails it too: what could not be
// seen is not proven.
type proof struct {
	id, title string
	run       func(ctx context.Context, v *verifier, p *party) (saw string, err error)
}

// proofs lists the checks in the order in which they are made: for every
// identity the first, then for every identity the second. Later ones use what
// earlier ones obtained.
var proofs = []proof{
	{"login-own", "logs in with its own identity", loginOwn},
	{"login-foreign-refused", "is refused on the auth roles of others", loginForeign},
	{"credential-own", "gets a short-lived database user of its own", credentialOwn},
	{"credential-foreign-denied", "is denied the credentials of others", credentialForeign},
	{"policy-minimal", "can do nothing else in Vault", policyMinimal},
	{"rows-own", "reads its tenant's rows", rowsOwn},
	{"rows-foreign-refused", "sees no row of another tenant", rowsForeign},
	{"write-foreign-refused", "cannot write rows of another tenant", writeForeign},
	{"revoke-login", "cannot log in to the database once its lease is revoked", revokeLogin},
	{"revoke-session", "loses its open session once its lease is revoked", revokeSession},
	{"token-revoked", "cannot use its Vault token once that is revoked", tokenRevoked},
}

// errNotApplicable: the check has nothing to try with this identity.
var errNotApplicable = errors.New("does not apply")

// Verify proves on the running servers that the plan's identities get what they
// should and nothing else, with one identity token (JWT) for each of at least two
// identities of two tenants, keyed "tenant/role". It writes verify.json. All that
// it makes, it revokes.
//
// A failed check is no error. The error says that no verification came about, or
// that something of it was left behind.
func Verify(ctx context.Context, env Env, plan *planner.Plan, identities map[string]secret.Value) (*Verification, error) {
	r, err := newRun(env, plan)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if r.journal, err = readJournal(env.Dir); err != nil {
		return nil, err
	}
	v := &verifier{run: r}
	if v.parties, err = chooseParties(plan, identities); err != nil {
		return nil, err
	}
	for _, p := range v.parties {
		r.keepSecret(p.jwt)
	}
	if err := v.prepare(ctx); err != nil {
		return nil, r.scrub(err)
	}
	for _, proof := range proofs {
		for _, p := range v.parties {
			v.check(ctx, proof, p)
		}
	}
	v.check(ctx, proof{"static-retired", "the old static login is refused", staticRetired}, &party{})

	err = v.cleanUp(context.WithoutCancel(ctx))
	doc := &Verification{Version: VerificationVersion, Plan: r.digest, Journal: len(r.journal.entries), Checks: v.checks}
	err = errors.Join(err, WriteVerification(env.Dir, doc))
	return doc, r.scrub(err)
}

// A party is one identity at work.
type party struct {
	planner.Identity
	jwt    secret.Value
	probes []planner.Probe

	vault    *vaultSession
	lease    string
	user     string
	password secret.Value
	session  *session
	own      map[string]bool // tables in which it was seen to read its own rows
	revoked  bool            // its lease, in revoke-login
}

type verifier struct {
	*run
	parties []*party
	checks  []Check
	users   map[string]bool // database roles that were there before
	made    leftovers
}

// chooseParties matches tokens with the plan's identities, in the plan's order.
func chooseParties(plan *planner.Plan, identities map[string]secret.Value) ([]*party, error) {
	var parties []*party
	var missing []string
	tenants := map[string]bool{}
	known := map[string]bool{}
	for _, id := range plan.Agents {
		known[id.Name()] = true
		jwt := identities[id.Name()]
		if jwt.IsZero() {
			missing = append(missing, id.Name())
			continue
		}
		p := &party{Identity: id, jwt: secret.New(strings.TrimSpace(jwt.Reveal())), own: map[string]bool{}}
		for _, probe := range plan.Proof.Probes {
			if probe.Identity == id.Name() {
				p.probes = append(p.probes, probe)
			}
		}
		parties = append(parties, p)
		tenants[id.Tenant] = true
	}
	for name := range identities {
		if !known[name] {
			return nil, fmt.Errorf("the plan has no identity %q", name)
		}
	}
	if len(tenants) < 2 {
		return nil, fmt.Errorf("a verification needs identities of two tenants at least; no identity token was given for: %s", strings.Join(missing, ", "))
	}
	return parties, nil
}

// prepare makes sure that the verification can see: the administrator's view of
// the database before anything is issued.
func (v *verifier) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if _, err := v.input(v.plan.Proof.StaticInput); err != nil {
		return err
	}
	conn, err := v.admin(ctx, v.plan.Proof.AdminInput)
	if err != nil {
		return err
	}
	rows, err := conn.Query(ctx, "SELECT rolname FROM pg_catalog.pg_roles")
	if err != nil {
		return fmt.Errorf("listing database roles: %w", err)
	}
	defer rows.Close()
	v.users = map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return fmt.Errorf("listing database roles: %w", err)
		}
		v.users[name] = true
	}
	return rows.Err()
}

// check makes one check and keeps what came of it.
func (v *verifier) check(ctx context.Context, proof proof, p *party) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	c := Check{ID: proof.id, Title: proof.title}
	if p.Tenant != "" {
		c.Identity = p.Name()
	}
	saw, err := proof.run(ctx, v, p)
	var pending *notYet
	switch {
	case errors.Is(err, errNotApplicable):
		return
	case errors.As(err, &pending):
		c.Pending, c.Detail = true, v.scrubText(pending.why)
	case err != nil:
		c.Detail = v.scrubText(err.Error())
	default:
		c.Passed, c.Detail = true, v.scrubText(saw)
	}
	v.checks = append(v.checks, c)
	v.env.tell(Event{Step: c.ID, Title: strings.TrimSpace(c.Identity + " " + c.Title), Result: c.Outcome(), Detail: c.Detail})
}

// A notYet makes a check pending.
type notYet struct{ why string }

func (e *notYet) Error() string { return e.why }

// others are the identities that p must be kept from: those of other tenants,
// and of its own tenant those who are somebody else to the identity provider.
func (v *verifier) others(p *party) []*party {
	return slices.DeleteFunc(slices.Clone(v.parties), func(o *party) bool {
		return o.Tenant == p.Tenant && o.Subject == p.Subject
	})
}

// otherIdentities are those of the whole plan that p must be kept from, also the
// ones whose token was not given.
func (v *verifier) otherIdentities(p *party) []planner.Identity {
	return slices.DeleteFunc(slices.Clone(v.plan.Agents), func(o planner.Identity) bool {
		return o.Tenant == p.Tenant && o.Subject == p.Subject
	})
}

// foreign are the identities of other tenants.
func (v *verifier) foreign(p *party) []*party {
	return slices.DeleteFunc(slices.Clone(v.parties), func(o *party) bool { return o.Tenant == p.Tenant })
}
