package rules

import (
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
)

// shapedValue recognises a credential by its own form: the prefix table of the
// agent stack, then gitleaks' rules on NAME=value. minor says that the value is
// made to be seen.
func shapedValue(name, text string, patterns *Patterns) verdict {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(text, "Bearer "), "bearer "))
	if len(text) < 16 || len(text) > 4096 || templatePattern.MatchString(text) {
		return verdict{}
	}
	if p, ok := providerOfValue(text); ok {
		if p.public {
			return verdict{minor: true}
		}
		if p.text == "sk-" {
			// Others write keys in that form too: the name has the last word.
			if class, _ := classOf(name, ""); class != LLMKey && class != OtherClass {
				return verdict{}
			}
		}
		return verdict{class: p.class, provider: p.provider, value: secret.New(text), shaped: true}
	}
	kind := kindOfName(name)
	if patterns == nil || kind == nameOther || kind == nameUser || kind == nameURL || kindOfValue(text) != valueOpaque {
		return verdict{}
	}
	if provider, ok := patterns.Provider(name, text); ok {
		class, _ := classOf(name, "")
		if class == OtherClass {
			class, _ = classOf(provider, "")
		}
		if class == OtherClass || class == InternalToken {
			class = ThirdParty
		}
		return verdict{class: class, provider: provider, value: secret.New(text), shaped: true}
	}
	return verdict{}
}

// classifyText judges a hit of a pattern in residual text.
func classifyText(c *scanner.Candidate) verdict {
	text := unquote(c.Value.Reveal())
	provider := providerOfPattern(c.Pattern)
	v := verdict{class: OtherClass, provider: provider, value: secret.New(text), shaped: provider != ""}
	if u, ok := parseURL(text); ok {
		if u := classifyURL(c, u); u.class != NoSecret {
			return u
		}
	}
	if p, ok := providerOfValue(text); ok {
		if p.public {
			return verdict{}
		}
		v.class, v.provider, v.shaped = p.class, p.provider, true
		return v
	}
	switch kindOfValue(text) {
	case valueEmpty, valueTemplate, valuePlaceholder, valueFlag, valueCertificate, valueURL:
		return verdict{}
	case valueDefault:
		if c.Context == scanner.Example {
			return verdict{}
		}
	case valuePrivateKey:
		v.class = TLSKey
		return v
	case valueJWT:
		v.class = InternalToken
		return v
	}
	if provider != "" {
		if v.class, _ = classOf(provider, ""); v.class == OtherClass {
			v.class = ThirdParty
		}
	}
	return v
}
