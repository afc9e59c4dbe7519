package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/agentsec/agentsec/internal/secret"
)

// A credential is one login at Vault with the one lease that it asked for. They
// live and end together: revoking the token revokes the lease.
type credential struct {
	client   *api.Client // with the token
	lease    string
	duration time.Duration // of the lease, as first given
	until    time.Time     // the earlier end of token and lease
	url      secret.Value
}

// maxIdentity bounds an identity token; real ones have 1 to 2 KiB.
const maxIdentity = 64 << 10

func (c Config) identity() (secret.Value, error) {
	info, err := os.Stat(c.IdentityFile)
	if err != nil {
		return secret.Value{}, fmt.Errorf("reading the identity token: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxIdentity {
		return secret.Value{}, fmt.Errorf("reading the identity token: %s is no token file", c.IdentityFile)
	}
	text, err := os.ReadFile(c.IdentityFile)
	if err != nil {
		return secret.Value{}, fmt.Errorf("reading the identity token: %w", err)
	}
	token := secret.New(strings.TrimSpace(string(text)))
	if token.IsZero() {
		return token, fmt.Errorf("reading the identity token: %s is empty", c.IdentityFile)
	}
	return token, nil
}

// issue logs in and reads a credential.
func (c Config) issue(ctx context.Context) (_ *credential, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	jwt, err := c.identity()
	if err != nil {
		return nil, err
	}
	client, err := c.Vault.Clone()
	if err != nil {
		return nil, fmt.Errorf("making a Vault client: %w", err)
	}
	client.SetNamespace(c.Vault.Namespace())
	client.ClearToken()
	start := time.Now() // before the call: an end is never taken for later than it is
	login, err := client.Logical().WriteWithContext(ctx, "auth/"+c.AuthMount+"/login", map[string]any{"role": c.AuthRole, "jwt": jwt.Reveal()})
	if err != nil {
		return nil, fmt.Errorf("logging in as %s: %w", c.AuthRole, answer(err, jwt))
	}
	if login == nil || login.Auth == nil || login.Auth.ClientToken == "" {
		return nil, fmt.Errorf("logging in as %s: no token came", c.AuthRole)
	}
	client.SetToken(login.Auth.ClientToken)
	cred := &credential{client: client, until: start.Add(time.Duration(login.Auth.LeaseDuration) * time.Second)}
	if login.Auth.LeaseDuration == 0 { // a token without an end
		cred.until = start.Add(365 * 24 * time.Hour)
	}
	defer func() {
		if err != nil {
			cred.revoke(ctx)
		}
	}()
	issued, err := client.Logical().ReadWithContext(ctx, c.CredsPath)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", c.CredsPath, answer(err, jwt))
	}
	if issued == nil || issued.LeaseID == "" || issued.LeaseDuration <= 0 {
		return nil, fmt.Errorf("reading %s: no lease came", c.CredsPath)
	}
	user, _ := issued.Data["username"].(string)
	password, _ := issued.Data["password"].(string)
	if user == "" || password == "" {
		return nil, fmt.Errorf("reading %s: no user and password came", c.CredsPath)
	}
	cred.lease = issued.LeaseID
	cred.duration = time.Duration(issued.LeaseDuration) * time.Second
	cred.until = earlier(cred.until, start.Add(cred.duration))
	cred.url = c.Target.url(user, secret.New(password))
	return cred, nil
}

func (t Target) url(user string, password secret.Value) secret.Value {
	u := url.URL{
		Scheme: "postgresql",
		User:   url.UserPassword(user, password.Reveal()),
		Host:   net.JoinHostPort(t.Host, strconv.Itoa(t.Port)),
		Path:   "/" + t.Database,
	}
	if t.SSLMode != "" {
		u.RawQuery = url.Values{"sslmode": {t.SSLMode}}.Encode()
	}
	return secret.New(u.String())
}

// errCapped: Vault renews silently for less time when max_ttl comes near.
// Another credential is due, not another renewal.
var errCapped = errors.New("near its maximum lifetime")

// renew makes token and lease live for another while. An error that refused
// reports as true will not go away by trying again.
func (c *credential) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	start := time.Now()
	want := int(c.duration / time.Second)
	lease, err := c.client.Sys().RenewWithContext(ctx, c.lease, want)
	if err != nil {
		return fmt.Errorf("renewing the lease: %w", answer(err))
	}
	token, err := c.client.Auth().Token().RenewSelfWithContext(ctx, want)
	if err != nil {
		return fmt.Errorf("renewing the token: %w", answer(err))
	}
	if lease == nil || token == nil || token.Auth == nil {
		return errors.New("renewing: no lease came")
	}
	got := time.Duration(lease.LeaseDuration) * time.Second
	if token.Auth.LeaseDuration > 0 {
		got = min(got, time.Duration(token.Auth.LeaseDuration)*time.Second)
	}
	c.until = start.Add(got)
	if got < c.duration*9/10 {
		return errCapped
	}
	return nil
}

// revoke ends the token, and with it the lease.
func (c *credential) revoke(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	if err := c.client.Auth().Token().RevokeSelfWithContext(ctx, ""); err != nil && status(err) != http.StatusForbidden {
		return fmt.Errorf("revoking: %w", answer(err))
	}
	return nil // 403: it was no more
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func status(err error) int {
	var response *api.ResponseError
	if errors.As(err, &response) {
		return response.StatusCode
	}
	return 0
}

// refused reports whether Vault was there and said no.
func refused(err error) bool {
	code := status(err)
	return errors.Is(err, errCapped) || code >= 400 && code < 500 && code != http.StatusTooManyRequests
}

// answer shortens Vault's refusal to what it said, which must not be a secret.
func answer(err error, secrets ...secret.Value) error {
	var response *api.ResponseError
	if !errors.As(err, &response) {
		return err
	}
	said := strings.Join(strings.Fields(strings.Join(response.Errors, "; ")), " ")
	if said == "" {
		said = http.StatusText(response.StatusCode)
	}
	for _, s := range secrets {
		said = strings.ReplaceAll(said, s.Reveal(), "[redacted]")
	}
	return &refusal{response, fmt.Sprintf("Vault answered %d: %s", response.StatusCode, said)}
}

type refusal struct {
	*api.ResponseError
	text string
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.ResponseError }
