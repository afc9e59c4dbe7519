package rules

import (
	"regexp"
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
)

// classifyLiteral judges a value that stands in the input, and a value on a
// command line even where only a reference stands there.
func classifyLiteral(c *scanner.Candidate, patterns *Patterns) verdict {
	switch {
	case c.Place == scanner.InText:
		return classifyText(c)
	case c.Mechanism == scanner.Leak && c.Name == wholeEnvironment:
		return other
	}
	text := unquote(c.Value.Reveal())
	if u, ok := parseURL(text); ok {
		v := classifyURL(c, u)
		if v.class != NoSecret || c.Place == scanner.InComment {
			return v
		}
	}
	if v := shapedValue(c.Name, text, patterns); v.class != NoSecret || v.minor {
		if v.minor {
			return verdict{} // made to be seen
		}
		return v
	}
	if c.Place == scanner.InComment {
		return verdict{}
	}
	if c.Mechanism == scanner.Leak {
		if v, done := classifyLeak(c, text); done {
			return v
		}
	}
	return classifyNamed(c, text)
}

// classifyLeak judges what reaches a command line, a build argument or an
// output file: also a reference is a leak there.
func classifyLeak(c *scanner.Candidate, text string) (verdict, bool) {
	kind := kindOfValue(text)
	if kind != valueEmpty && kind != valueTemplate {
		return verdict{}, false
	}
	if c.Ref.Store == scanner.CISecret && isAutomaticToken(c.Ref.Key) {
		return verdict{}, true
	}
	if c.Ref.IsZero() && kind == valueEmpty && c.Place != scanner.InCommand {
		return verdict{}, true
	}
	switch kindOfName(c.Name) {
	case nameSecret, nameHint, nameStoreURL:
		return other, true
	case nameKeyID:
		return verdict{class: OtherClass, minor: true}, true
	case nameNeutral:
		key := kindOfName(c.Ref.Key)
		if key == nameSecret || key == nameHint || key == nameStoreURL || key == nameNeutral && c.Ref.Store == scanner.CISecret {
			return other, true
		}
	}
	return verdict{}, true
}

// classifyNamed judges a literal by its name and what the text looks like.
func classifyNamed(c *scanner.Candidate, text string) verdict {
	name, kind := kindOfName(c.Name), kindOfValue(text)
	found := verdict{class: OtherClass, value: secret.New(text)}
	inSecret := c.Place == scanner.InSecretData
	switch kind {
	case valueEmpty, valueTemplate, valuePlaceholder, valueFlag, valueURL, valueCertificate:
		return verdict{}
	case valuePath:
		return verdict{file: (name == nameSecret || name == nameHint) && isSecretPath(text)}
	case valuePrivateKey:
		found.class = TLSKey
		if hasAny(words(c.Name), "jwt", "signing", "encryption", "jwk", "jwks") || strings.HasPrefix(text, "{") {
			found.class = SigningKey
		}
		return found
	case valueJWT:
		if name == nameOther || name == nameUser {
			return verdict{}
		}
		found.class = InternalToken
		return found
	case valueHash:
		if name == nameOther || name == nameUser {
			return verdict{}
		}
		found.class = PasswordHash
		return found
	case valueDefault:
		if c.Context == scanner.Example || name != nameSecret && !(inSecret && name == nameNeutral) {
			return verdict{}
		}
		return found
	case valueNumber:
		if name != nameSecret || len(text) < 3 || !isPasswordName(c.Name) && len(text) < 8 {
			return verdict{}
		}
		return found
	case valueText:
		return classifyProse(c, name, text)
	}
	switch name {
	case nameSecret:
		if isNameOfName(c, text) || !isPasswordName(c.Name) && dummyValues[strings.ToLower(text)] {
			return verdict{}
		}
		return found
	case nameHint:
		if len(text) < 6 {
			return verdict{}
		}
		return found
	case nameHash:
		if len(text) < 16 {
			return verdict{}
		}
		found.class = PasswordHash
		return found
	case nameStoreURL:
		if password, ok := keywordPassword(text); ok {
			found.value = secret.New(password)
			return found
		}
		return verdict{}
	case nameNeutral:
		if inSecret && len(text) >= 4 {
			return found
		}
	}
	if password, ok := keywordPassword(text); ok && name != nameOther {
		found.value = secret.New(password)
		return found
	}
	return verdict{}
}

// classifyProse judges a value of several words or lines: a passphrase, or a
// file that holds a credential.
func classifyProse(c *scanner.Candidate, name nameKind, text string) verdict {
	found := verdict{class: OtherClass, value: secret.New(text)}
	if name == nameSecret && !strings.Contains(text, "\n") && len(strings.Fields(text)) <= 6 {
		if strings.HasPrefix(strings.ToLower(text), "bearer ") || strings.HasPrefix(strings.ToLower(text), "basic ") {
			if k := kindOfValue(text[strings.IndexByte(text, ' ')+1:]); k == valueTemplate || k == valuePlaceholder || k == valueEmpty {
				return verdict{}
			}
		}
		return found
	}
	if password, ok := keywordPassword(text); ok && (name != nameOther || c.Place == scanner.InSecretData) {
		found.value = secret.New(password)
		return found
	}
	if c.Place == scanner.InSecretData || c.Place == scanner.InConfigData || c.Place == scanner.InAnnotation {
		if password, ok := embeddedPassword(text); ok {
			found.value = secret.New(password)
			return found
		}
	}
	if c.Place == scanner.InSecretData && name == nameNeutral {
		return found
	}
	return verdict{}
}

// isNameOfName: SECRET: my-app-secrets in a Secret reference, TOKEN: github are
// names of things. Only what extractors cannot tell is decided here.
func isNameOfName(c *scanner.Candidate, text string) bool {
	if c.Place == scanner.InSecretData || c.Place == scanner.InCommand {
		return false
	}
	last := words(c.Name)
	w := last[len(last)-1]
	if c.Place == scanner.InAnnotation && (w == "secret" || w == "secrets" || w == "credentials") {
		return objectName.MatchString(text) // nginx.ingress.kubernetes.io/auth-secret: basic-auth
	}
	if strings.EqualFold(text, c.Name) {
		return strings.ContainsAny(text, "_-.") // API_KEY: api_key names it; PASSWORD: password is one
	}
	if len(last) > 1 && credentialQualifiers[last[len(last)-2]] {
		return false // JWT_SECRET, CLIENT_SECRET hold the secret itself, whatever it looks like
	}
	return (w == "secret" || w == "secrets" || w == "credentials") && strings.HasSuffix(strings.ToLower(text), "-secret")
}

// credentialQualifiers stand before "secret" in names of values; an object that
// holds secrets is called after a system (DB_SECRET, APP_SECRET).
var credentialQualifiers = wordSet("jwt client session signing cookie auth nextauth encryption webhook hmac token csrf oauth shared")

func isPasswordName(name string) bool {
	low := strings.ToLower(name)
	return strings.Contains(low, "pass") || strings.HasSuffix(low, "pwd") || strings.HasSuffix(low, "_pw")
}

// isSecretPath: where platforms mount secrets as files.
func isSecretPath(v string) bool {
	for _, dir := range []string{"/run/secrets/", "/var/run/secrets/", "/etc/secrets/", "/vault/secrets/", "/mnt/secrets", "/secrets/"} {
		if strings.HasPrefix(v, dir) {
			return true
		}
	}
	return false
}

// objectName is what Kubernetes calls its objects.
var objectName = regexp.MustCompile(`^[a-z0-9]([a-z0-9./-]*[a-z0-9])?$`)
