package rules

import (
	"math"
	"regexp"
	"strings"
)

// A valueKind is what the text alone says.
type valueKind int

const (
	valueEmpty       valueKind = iota
	valueTemplate              // filled in later: ${X}, {{ x }}, os.environ/X
	valuePlaceholder           // asks to be replaced: your-key, <token>, xxx
	valueDefault               // asks to be replaced but works: changeme
	valueFlag                  // true, no, none
	valueNumber
	valuePath
	valueURL // without a password
	valueHash
	valueCertificate
	valuePrivateKey
	valueJWT
	valueText   // words with spaces
	valueOpaque // anything else: may be a secret
)

// unquote removes white space and pairs of quotes around v: some extractors
// see the quotes, some do not, and the judgement must not differ.
func unquote(v string) string {
	for {
		t := strings.TrimSpace(v)
		if n := len(t); n >= 2 && (t[0] == '"' || t[0] == '\'' || t[0] == '`') && t[n-1] == t[0] {
			t = t[1 : n-1]
		}
		if t == v {
			return v
		}
		v = t
	}
}

var (
	flagValues = wordSet(`true false yes no on off null nil none undefined n/a na enabled disabled enable disable auto always never
		optional required default-token ~ - 0 1 t f y n`)
	// placeholderPattern matches what asks to be replaced and never works.
	placeholderPattern = regexp.MustCompile(`(?i)^(?:` +
		`<.*>|\[[^\]]*\]|\(.*\)` +
		`|[x*•.#_-]{2,}|x{3,}.*|.*x{4,}|.*\*{3,}.*` +
		`|.*(?:\.\.\.|…)` +
		`|(?:todo|tbd|fixme|placeholder|redacted|sensitive|string|null|n/?a)` +
		`|(?:(?:sk|pk|gsk|hf|ghp|lsv2|pcsk|tvly|xai|ak|sk-ant|sk-proj|sk-or|sk-lf|pk-lf|github_pat|glpat|xoxb)[-_])?(?:your|my-?your|ihre?|insert|enter|paste|replace|fill|provide|specify)[-_ .].*` +
		`|your[a-z0-9]*(?:key|token|secret|password|id|here|pass|value)[a-z0-9_-]*` +
		`|.*[-_ ](?:here|goes[-_ ]here|placeholder|replace[-_ ]?me|fill[-_ ]?me(?:[-_ ]in)?)` +
		`|(?:replace|fill|insert)[-_]?(?:me|this|with).*` +
		`|(?:sk|pk|ghp|gsk|hf)[-_](?:[a-z]{2,12}[-_])?(?:your|custom|test|fake|dummy|example|placeholder|key|token|api)(?:[-_].*)?` +
		`|__+[a-z0-9_]+__+|@@?[a-z0-9_]+@@?|%[a-z0-9_]+%|\$\$[a-z0-9_]+\$\$` +
		`|(?:ghp|gho|github_pat|glpat|hf|gsk)_[x]+.*` +
		`)$`)
	yourPattern = regexp.MustCompile(`(?i)(?:^|[^a-z])your[-_ ]`)
	// defaultPattern matches what asks to be replaced and works until then.
	defaultPattern  = regexp.MustCompile(`(?i)^(?:(?:please[-_ ]?)?change[-_ ]?(?:me|it|this|in[-_ ]production)?(?:[-_ !].*)?|.*[-_ ]change[-_ ]?(?:me|it|this|in[-_ ]production)!?|changeme.*|.*changeme!?)$`)
	templatePattern = regexp.MustCompile(`\$\{|\{\{|\}\}|\$\(|%\([a-zA-Z_]\w*\)s|<%|#\{|^\$[A-Za-z_]\w*$|^\$\d$|^os\.environ|^process\.env|^env:|^secretKeyRef|^(?:vault|op|ref\+\w+|aws-?sm|gcp-?sm|ssm|sops|file|env|secret|keyring|keychain)://|^vault:|^arn:aws|^!(?:Ref|Sub|GetAtt|vault|secret|env_var)\b|^\{resolve:|\{\{resolve:|^ENC\[|^AgA[A-Za-z0-9+/=]{200,}$|^projects/[^/]+/secrets/|^@Microsoft\.KeyVault|^\{(?:[a-zA-Z_]\w*)\}$|^getenv\(|^<<`)
	pathPattern     = regexp.MustCompile(`^(?:\.{0,2}/|~/|[A-Za-z]:\\|\$HOME/)[\w@.+ \\/-]*$|^[\w./-]+\.(?:pem|key|crt|cer|json|ya?ml|txt|conf|cfg|ini|toml|p12|pfx|jks|env|sh|py|js|sock|db|sqlite3?|log|html?)$`)
	numberPattern   = regexp.MustCompile(`^[-+]?\d[\d_.,]*(?:e[-+]?\d+)?(?:ms|s|m|h|d|k|kb|mb|gb|ki|mi|gi|%)?$`)
	hashPattern     = regexp.MustCompile(`^(?:\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|\$argon2(?:id?|d)\$.+|\$[156y]\$[^$]+\$.+|\$apr1\$.+|\{(?:SSHA|SHA|bcrypt|pbkdf2)[^}]*\}.+|pbkdf2[:_]sha\d+[$:].+|scrypt:.+|(?:SCRAM-SHA-256\$|md5[0-9a-f]{32}$).*|[\w.-]+:\$(?:2[abxy]|apr1)\$.+)$`)
	jwtPattern      = regexp.MustCompile(`^ey[A-Za-z0-9_-]{10,}\.ey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}$`)
	jwkPattern      = regexp.MustCompile(`"kty"\s*:\s*"`)
	jwkPrivate      = regexp.MustCompile(`"(?:d|k)"\s*:\s*"[A-Za-z0-9_-]{16,}"`)
)

// kindOfValue judges a text without its quotes.
func kindOfValue(v string) valueKind {
	v = unquote(v)
	if len(v) > 1<<16 {
		v = v[:1<<16]
	}
	switch {
	case v == "":
		return valueEmpty
	case strings.Contains(v, "PRIVATE KEY-----") && strings.Contains(v, "-----BEGIN"):
		if len(v) < 100 || templatePattern.MatchString(v) || strings.Contains(v, "...") {
			return valuePlaceholder
		}
		return valuePrivateKey
	case strings.Contains(v, "-----BEGIN"):
		return valueCertificate
	case len(v) > 4096 && strings.Contains(v, "\n") && v[0] != '{':
		return valueText // a file
	case hashPattern.MatchString(v):
		return valueHash
	case len(v) < 4096 && templatePattern.MatchString(v):
		return valueTemplate
	case flagValues[strings.ToLower(v)]:
		return valueFlag
	case defaultPattern.MatchString(v):
		return valueDefault
	case len(v) < 400 && (placeholderPattern.MatchString(v) || yourPattern.MatchString(v)):
		return valuePlaceholder
	case jwtPattern.MatchString(v):
		return valueJWT
	case jwkPattern.MatchString(v):
		if jwkPrivate.MatchString(v) {
			return valuePrivateKey
		}
		return valueCertificate
	case numberPattern.MatchString(v):
		return valueNumber
	case schemePattern.MatchString(v):
		return valueURL
	case isPath(v):
		return valuePath
	case strings.ContainsAny(v, " \t\n"):
		return valueText
	}
	return valueOpaque
}

// isPath: base64 may begin with a slash, but is long and has hardly a second one.
func isPath(v string) bool {
	return pathPattern.MatchString(v) && !(v[0] == '/' && len(v) >= 40 && strings.Count(v, "/") < 3 && entropy(v) > 3.9 && strings.ToLower(v) != v && strings.ContainsAny(v, "0123456789"))
}

// dummyValues stand where software insists on a key that nobody checks. As a
// password the same text would work.
var dummyValues = wordSet(`fake dummy mock mocked unused not-used not_used notused not-needed not_needed notneeded ignored ignore empty
	sk-fake sk-dummy sk-mock sk-no-key-required no-key no-key-required not-set notset unset fake-key dummy-key fake_key dummy_key
	fake-api-key dummy-api-key test-key mock-key ollama lm-studio lmstudio no-auth anything whatever github`)

// commonValues are passwords that unrelated systems share by accident.
var commonValues = wordSet(`password passw0rd passwd pass secret admin root postgres postgresql mysql redis mongo mongodb test testing changeme
	changeit default example letmein qwerty welcome user guest demo dev minio minioadmin rabbitmq guest neo4j elastic grafana
	n8n app local localhost token key apikey api-key master sa dummy fake none mysecret mypassword secretpassword mysecretpassword
	supersecret topsecret password1 password123 admin123 root123 test123 postgres123 abc123 sk-1234 sk-12345 1234 12345 123456 1234567 12345678 123456789
	1234567890 sk-test sk-local sk-dummy`)

var commonParts = []string{"password", "passwd", "secret", "change", "admin", "default", "example", "postgres", "mysql", "redis",
	"mongo", "test", "demo", "dummy", "local", "1234", "qwerty", "letmein", "minio", "token", "dev"}

// isStrong reports whether two places that hold v are about the same secret.
// A common or short value proves nothing.
func isStrong(v string) bool {
	low := strings.ToLower(v)
	if len(v) < 8 || commonValues[low] || distinct(v) < 5 {
		return false
	}
	if len(v) < 24 {
		for _, part := range commonParts {
			if strings.Contains(low, part) {
				return false
			}
		}
	}
	return true
}

func distinct(v string) int {
	var seen [256]bool
	n := 0
	for i := 0; i < len(v); i++ {
		if !seen[v[i]] {
			seen[v[i]] = true
			n++
		}
	}
	return n
}

// entropy is Shannon's, in bits per byte.
func entropy(v string) float64 {
	if v == "" {
		return 0
	}
	var counts [256]int
	for i := 0; i < len(v); i++ {
		counts[v[i]]++
	}
	e := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(v))
			e -= p * math.Log2(p)
		}
	}
	return e
}

// printable removes control characters, so that a hostile name cannot steer a
// terminal or a log; renderers escape the rest.
func printable(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || 0x80 <= r && r < 0xa0 || r == '\u2028' || r == '\u2029' || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 || r == 0xfffd {
			return -1
		}
		return r
	}, s)
	if len(clean) > 300 {
		clean = strings.ToValidUTF8(clean[:300], "") + "…"
	}
	return clean
}
