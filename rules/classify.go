package rules

import (
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
)

// A verdict is what one candidate turns out to be. Its zero Class means: no
// secret.
type verdict struct {
	class     Class
	provider  string
	mechanism scanner.Mechanism
	value     secret.Value // the credential itself: of a URL, its password
	identity  secret.Value // of a URL: login, host and database with the password
	endpoint  *Endpoint
	shaped    bool // its form names the issuer
	inURL     bool // the password of a URL
	minor     bool // half of a pair, or a hint only: worth knowing, not more
	file      bool // a path where the secret is a file: inventory
}

// classify judges one candidate. around are names that stand near it (image,
// Secret, file) and help to tell what the credential opens. It never panics and
// is a pure function: the fuzz target FuzzClassify holds it to that.
func classify(c *scanner.Candidate, patterns *Patterns, around ...string) verdict {
	var v verdict
	switch c.Mechanism {
	case scanner.Dynamic:
		return verdict{mechanism: scanner.Dynamic}
	case scanner.BulkRef:
		v = verdict{class: OtherClass}
	case scanner.CodeRead:
		v = classifyRead(c)
	case scanner.StaticRef, scanner.SyncedStatic:
		v = classifyReference(c)
	default:
		v = classifyLiteral(c, patterns)
	}
	if v.mechanism == "" {
		v.mechanism = c.Mechanism
	}
	if v.class == OtherClass && c.Mechanism != scanner.BulkRef {
		class, provider := classOf(c.Name, c.Ref.Key, around...)
		if v.class = class; v.provider == "" {
			v.provider = provider
		}
	}
	return v
}

// wholeEnvironment is the name of a candidate that is about all variables.
const wholeEnvironment = "*"

// other is a secret whose class the name has to tell.
var other = verdict{class: OtherClass}

func classifyRead(c *scanner.Candidate) verdict {
	switch kindOfName(c.Name) {
	case nameSecret, nameHint, nameStoreURL:
		return other
	case nameKeyID:
		return verdict{class: OtherClass, minor: true}
	}
	return verdict{}
}

// classifyReference judges a reference by its name; the name of the key it
// points at is the second voice, and being kept in a secret store the third.
func classifyReference(c *scanner.Candidate) verdict {
	if c.Ref.Store == scanner.CISecret && isAutomaticToken(c.Ref.Key) {
		return verdict{mechanism: scanner.Dynamic}
	}
	if u, ok := parseURL(unquote(c.Value.Reveal())); ok {
		if v := classifyURL(c, u); v.class != NoSecret {
			return v
		}
	}
	name, key := kindOfName(c.Name), kindOfName(c.Ref.Key)
	kept := c.Ref.Store == scanner.KubernetesSecret || c.Ref.Store == scanner.CISecret || c.Ref.Store == scanner.Manager
	switch name {
	case nameSecret, nameHint:
		return other
	case nameStoreURL:
		if c.Ref.Store == scanner.KubernetesConfigMap {
			return verdict{}
		}
		return other
	case nameKeyID:
		return verdict{class: OtherClass, minor: true}
	case nameHash:
		if kept {
			return other
		}
	case nameUser:
		return verdict{}
	case nameURL:
		if kept && hasAny(words(c.Name), "webhook", "hook", "proxy", "broker") {
			return other
		}
	case nameOther:
		if kept && key == nameSecret && !strings.EqualFold(c.Name, c.Ref.Key) {
			return other
		}
	case nameNeutral:
		switch {
		case key == nameSecret || key == nameStoreURL:
			return other
		case key == nameUser || key == nameOther || key == nameURL:
			return verdict{}
		case kept:
			return other
		}
	}
	return verdict{}
}

// isAutomaticToken: GITHUB_TOKEN is issued to the job and dies with it.
func isAutomaticToken(name string) bool { return strings.EqualFold(name, "GITHUB_TOKEN") }
