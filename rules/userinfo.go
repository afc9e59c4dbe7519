package rules

import (
	"net/url"
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
)

// classifyURL judges the userinfo and the query of a URL.
func classifyURL(c *scanner.Candidate, u parsedURL) verdict {
	class := classOfScheme(u.scheme)
	if class == NoSecret {
		class = OtherClass
	}
	v := verdict{class: class, endpoint: u.endpoint(), inURL: true}
	switch {
	case strings.Contains(u.password, fillIn):
		return verdict{}
	case u.hasPassword && strings.Contains(u.password, unknown):
		// The password comes from elsewhere: the URL is a reference to it, and a
		// command line still shows it.
		if c.Place == scanner.InComment || strings.Trim(u.password, unknown) != "" && kindOfValue(strings.ReplaceAll(u.password, unknown, "")) == valuePlaceholder {
			return verdict{}
		}
		v.inURL = false
		if c.Mechanism != scanner.Leak {
			v.mechanism = scanner.StaticRef
			if c.Ref.IsZero() && !isReferenceText(c.Value.Reveal()) {
				return verdict{}
			}
		}
		return v
	case u.hasPassword:
		password := u.password
		if p, err := url.PathUnescape(password); err == nil {
			password = p
		}
		switch kindOfValue(password) {
		case valueEmpty, valuePlaceholder, valueTemplate:
			return verdict{}
		case valueDefault:
			if c.Context == scanner.Example || c.Place == scanner.InComment {
				return verdict{}
			}
		}
		v.value = secret.New(password)
		if u.host != "" && !commonValues[strings.ToLower(password)] {
			v.identity = secret.New(strings.Join([]string{u.user, password, u.host, u.port, u.database}, "\x00"))
		}
		if p, ok := providerOfValue(password); ok && !p.public {
			v.shaped, v.provider = true, p.provider
		}
		v.mechanism = scanner.Leak
		return v
	}
	if p, ok := providerOfValue(u.user); ok && !p.public {
		return verdict{class: p.class, provider: p.provider, mechanism: scanner.Leak, value: secret.New(u.user), shaped: true, inURL: true}
	}
	for pair := range strings.FieldsFuncSeq(u.query, func(r rune) bool { return r == '&' || r == ';' }) {
		key, val, _ := strings.Cut(pair, "=")
		if val == "" || strings.ContainsAny(val, unknown+fillIn) || kindOfName(key) != nameSecret && key != "key" && key != "sig" {
			continue
		}
		if k := kindOfValue(val); k != valueOpaque && k != valueJWT && !(k == valueDefault && c.Context != scanner.Example) && !(k == valueNumber && isPasswordName(key)) {
			continue
		}
		if (key == "key" || key == "sig") && !(len(val) >= 20 && entropy(val) > 3.5) {
			continue
		}
		v.value, v.mechanism = secret.New(val), scanner.Leak
		return v
	}
	if u.host == "hooks.slack.com" && strings.Count(u.database, "/") >= 3 && kindOfValue(u.database[strings.LastIndexByte(u.database, '/')+1:]) == valueOpaque && len(u.database) > 35 {
		return verdict{class: ThirdParty, provider: "slack", mechanism: scanner.Leak, value: secret.New(u.database), shaped: true, inURL: true}
	}
	return verdict{}
}

func isReferenceText(v string) bool { return strings.ContainsAny(v, "${%<") }
