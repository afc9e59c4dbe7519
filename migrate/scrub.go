package migrate

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
)

// keepSecret makes sure that no error of this run tells v.
func (r *run) keepSecret(v secret.Value) {
	if len(v.Reveal()) >= 4 { // a shorter one would tear words apart
		r.secrets = append(r.secrets, v)
	}
}

// A scrubbedError is an error whose text held a credential. What it wrapped is
// dropped, since anybody could print that, but for the reason why a run ended.
type scrubbedError struct {
	text  string
	cause error
}

func (e *scrubbedError) Error() string { return e.text }
func (e *scrubbedError) Unwrap() error { return e.cause }

// scrub returns err, or an error without the credentials that its text holds.
// Errors are made without credentials; this is for those of other libraries
// and servers.
func (r *run) scrub(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	clean := r.scrubText(text)
	if clean == text {
		return err
	}
	scrubbed := &scrubbedError{text: clean}
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			scrubbed.cause = cause
		}
	}
	return scrubbed
}

func (r *run) scrubText(text string) string {
	for _, v := range r.secrets {
		for _, form := range []string{v.Reveal(), url.QueryEscape(v.Reveal()), url.PathEscape(v.Reveal())} {
			text = strings.ReplaceAll(text, form, "[redacted]")
		}
	}
	return hideUserinfo(text)
}

var userinfo = regexp.MustCompile(`(://[^/\s:@]*:)([^/\s@]+)(@)`)

// hideUserinfo takes passwords out of URLs, but for the places that Vault fills.
func hideUserinfo(text string) string {
	return userinfo.ReplaceAllStringFunc(text, func(match string) string {
		parts := userinfo.FindStringSubmatch(match)
		if parts[2] == "{{password}}" {
			return match
		}
		return parts[1] + "[redacted]" + parts[3]
	})
}
