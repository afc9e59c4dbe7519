package migrate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/agentsec/agentsec/internal/secret"
)

// A vaultSession is what a login gives: a client of its own with the token.
type vaultSession struct {
	client   *api.Client
	accessor string
	policies []string
}

// login logs p in on the auth role. Whatever comes of it is revoked at the end.
func (v *verifier) login(ctx context.Context, p *party, mount, role string) (*vaultSession, error) {
	client, err := v.env.Vault.Clone()
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	client.SetNamespace(v.env.Vault.Namespace())
	client.ClearToken()
	answer, err := client.Logical().WriteWithContext(ctx, "auth/"+mount+"/login", map[string]any{"role": role, "jwt": p.jwt.Reveal()})
	if err != nil {
		return nil, vaultError("logging in as "+role, err)
	}
	if answer == nil || answer.Auth == nil || answer.Auth.ClientToken == "" {
		return nil, errors.New("the login gave no token")
	}
	v.keepSecret(secret.New(answer.Auth.ClientToken))
	client.SetToken(answer.Auth.ClientToken)
	s := &vaultSession{client, answer.Auth.Accessor, answer.Auth.Policies}
	v.made.sessions = append(v.made.sessions, s)
	return s, nil
}

func loginOwn(ctx context.Context, v *verifier, p *party) (string, error) {
	s, err := v.login(ctx, p, p.AuthMount, p.AuthRole)
	if err != nil {
		return "", err
	}
	p.vault = s
	return "auth role " + p.AuthRole, nil
}

// loginForeign tries p's identity on the auth roles of others. That the token is
// good and the role is there has been seen: p and the other one logged in.
func loginForeign(ctx context.Context, v *verifier, p *party) (string, error) {
	if p.vault == nil {
		return "", errNoLogin
	}
	var refused []string
	for _, o := range v.others(p) {
		if o.vault == nil {
			return "", fmt.Errorf("cannot tell: %s did not log in on its own role", o.Name())
		}
		_, err := v.login(ctx, p, o.AuthMount, o.AuthRole)
		switch status := vaultStatus(err); {
		case err == nil:
			return "", fmt.Errorf("its identity was accepted on %s, the auth role of %s", o.AuthRole, o.Name())
		case status != http.StatusBadRequest && status != http.StatusForbidden:
			return "", fmt.Errorf("cannot tell: %w", err)
		}
		refused = append(refused, o.AuthRole)
	}
	return "refused on " + strings.Join(refused, ", "), nil
}

var errNoLogin = errors.New("cannot tell: it did not log in")

// issue reads a credential. Whatever comes of it is revoked at the end.
func (v *verifier) issue(ctx context.Context, s *vaultSession, path string) (*api.Secret, secret.Value, error) {
	issued, err := s.client.Logical().ReadWithContext(ctx, path)
	if err != nil {
		return nil, secret.Value{}, vaultError("reading "+path, err)
	}
	if issued == nil || issued.LeaseID == "" {
		return nil, secret.Value{}, fmt.Errorf("reading %s: no lease came", path)
	}
	v.made.leases = append(v.made.leases, issued.LeaseID)
	password, _ := issued.Data["password"].(string)
	if user, _ := issued.Data["username"].(string); user != "" {
		v.made.users = append(v.made.users, user)
	}
	v.keepSecret(secret.New(password))
	return issued, secret.New(password), nil
}

func credentialOwn(ctx context.Context, v *verifier, p *party) (string, error) {
	if p.vault == nil {
		return "", errNoLogin
	}
	issued, password, err := v.issue(ctx, p.vault, p.CredsPath)
	if err != nil {
		return "", err
	}
	user, _ := issued.Data["username"].(string)
	if user == "" || password.IsZero() {
		return "", errors.New("the credential has no user or no password")
	}
	if v.users[user] {
		return "", errors.New("its database user is not new, or is another identity's")
	}
	v.users[user] = true
	p.user, p.password, p.lease = user, password, issued.LeaseID
	if limit := v.plan.Proof.MaxTTLSeconds; issued.LeaseDuration <= 0 || issued.LeaseDuration > limit {
		return "", fmt.Errorf("its lease lasts %d s, the plan allows %d s", issued.LeaseDuration, limit)
	}
	if err := v.checkExpiry(ctx, user); err != nil {
		return "", err
	}
	return fmt.Sprintf("a new user for %s", time.Duration(issued.LeaseDuration)*time.Second), nil
}

// clockSlack is what the clocks of Vault and the database may differ by.
const clockSlack = 2 * time.Minute

// checkExpiry: the database too must end the user's logins, for the day on which
// Vault is not there to do it.
func (v *verifier) checkExpiry(ctx context.Context, user string) error {
	conn, err := v.admin(ctx, v.plan.Proof.AdminInput)
	if err != nil {
		return err
	}
	var bounded bool
	limit := time.Duration(v.plan.Proof.MaxTTLSeconds)*time.Second + clockSlack
	err = conn.QueryRow(ctx, "SELECT coalesce(rolvaliduntil <= now() + make_interval(secs => $2), false) FROM pg_catalog.pg_roles WHERE rolname = $1",
		user, limit.Seconds()).Scan(&bounded)
	if err != nil {
		return fmt.Errorf("looking for the user in the database: %w", err)
	}
	if !bounded {
		return errors.New("the database would let its user log in for longer than the plan allows (VALID UNTIL)")
	}
	return nil
}

// credentialForeign accepts one answer only: 403.
func credentialForeign(ctx context.Context, v *verifier, p *party) (string, error) {
	if p.vault == nil {
		return "", errNoLogin
	}
	var denied []string
	for _, o := range v.otherIdentities(p) {
		if o.CredsPath == p.CredsPath {
			return "", fmt.Errorf("it shares the path %s with %s", p.CredsPath, o.Name())
		}
		_, _, err := v.issue(ctx, p.vault, o.CredsPath)
		if err == nil {
			return "", fmt.Errorf("it was given a credential of %s", o.Name())
		}
		if vaultStatus(err) != http.StatusForbidden {
			return "", fmt.Errorf("cannot tell: %w", err)
		}
		denied = append(denied, o.CredsPath)
	}
	return "denied on " + strings.Join(denied, ", "), nil
}

// policyMinimal asks Vault what the token may do in the places that matter, and
// tries some of them.
func policyMinimal(ctx context.Context, v *verifier, p *party) (string, error) {
	if p.vault == nil {
		return "", errNoLogin
	}
	for _, name := range p.vault.policies {
		if name != "default" && name != p.Policy {
			return "", fmt.Errorf("its token carries the policy %s", name)
		}
	}
	tried, all := v.forbidden(p)
	for _, path := range tried {
		_, err := p.vault.client.Logical().ReadWithContext(ctx, path)
		if err == nil {
			return "", fmt.Errorf("it may read %s", path)
		}
		if vaultStatus(err) != http.StatusForbidden {
			return "", fmt.Errorf("cannot tell: %w", vaultError("reading "+path, err))
		}
	}
	answer, err := v.env.Vault.Logical().WriteWithContext(ctx, "sys/capabilities-accessor", map[string]any{"accessor": p.vault.accessor, "paths": all})
	if err != nil {
		return "", fmt.Errorf("cannot tell: %w", vaultError("asking for capabilities", err))
	}
	for _, path := range all {
		may, _ := answer.Data[path].([]any)
		if len(may) != 1 || may[0] != "deny" {
			return "", fmt.Errorf("it may %s %s", showRaw(answer.Data[path]), path)
		}
	}
	return fmt.Sprintf("denied on %d paths, among them %s", len(all), strings.Join(tried, ", ")), nil
}

// forbidden lists paths that no agent needs: those that are tried, and all.
func (v *verifier) forbidden(p *party) (tried, all []string) {
	mount, role, _ := strings.Cut(p.CredsPath, "/creds/")
	tried = []string{"sys/mounts"}
	all = []string{
		"sys/auth", "sys/audit", "sys/policies/acl/" + p.Policy, "sys/policies/acl/default", "identity/entity",
		"sys/leases/revoke-prefix/" + mount, "auth/token/create-orphan",
		mount + "/roles/" + role, mount + "/config/new", "auth/" + p.AuthMount + "/config", "auth/" + p.AuthMount + "/role/" + p.AuthRole,
	}
	for _, stage := range v.plan.Stages {
		for _, step := range stage.Steps {
			if c := step.Op.Connection; c != nil {
				tried = append(tried, c.Mount+"/config/"+c.Name)
				all = append(all, c.Mount+"/rotate-root/"+c.Name, c.Mount+"/reset/"+c.Name)
			}
		}
	}
	for _, o := range v.otherIdentities(p) {
		mount, role, _ := strings.Cut(o.CredsPath, "/creds/")
		tried = append(tried, mount+"/roles/"+role)
		all = append(all, "auth/"+o.AuthMount+"/role/"+o.AuthRole, "sys/policies/acl/"+o.Policy)
	}
	all = append(all, tried...)
	slices.Sort(all)
	return tried, slices.Compact(all)
}

// tokenRevoked revokes by accessor, as an operator would who knows no token.
func tokenRevoked(ctx context.Context, v *verifier, p *party) (string, error) {
	if p.vault == nil {
		return "", errNoLogin
	}
	if _, err := p.vault.client.Auth().Token().LookupSelfWithContext(ctx); err != nil {
		return "", fmt.Errorf("cannot tell: the token was of no use before: %w", vaultError("using it", err))
	}
	if err := v.env.Vault.Auth().Token().RevokeAccessorWithContext(ctx, p.vault.accessor); err != nil {
		return "", vaultError("revoking it", err)
	}
	_, err := p.vault.client.Auth().Token().LookupSelfWithContext(ctx)
	if err == nil {
		return "", errors.New("its token still works")
	}
	if vaultStatus(err) != http.StatusForbidden {
		return "", fmt.Errorf("cannot tell: %w", vaultError("using it", err))
	}
	return "refused", nil
}
