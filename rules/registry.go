package rules

import "github.com/agentsec/agentsec/scanner"

// A Rule is one thing that can be wrong. Its documentation is these fields.
type Rule struct {
	ID         string
	Title      string
	Severity   Severity // of a deployed exposure; see severityOf for what raises and lowers it
	Why        string
	Fix        string
	References []string
	selects    func(*sighting) bool
}

// All lists the rules. The first that selects an exposure judges it, so the
// special ones come before the general ones; an exposure that none selects
// would be lost, which a test rules out.
func All() []Rule { return all }

var all = concat(weakEvidenceRules, leakRules, codeRules, ciRules, storeRules, envLiteralRules, envReferenceRules)

func concat(lists ...[]Rule) []Rule {
	var out []Rule
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// ruleFor finds the rule of s.
func ruleFor(s *sighting) *Rule {
	for i := range all {
		if all[i].selects(s) {
			return &all[i]
		}
	}
	return nil
}

// Weaknesses and requirements that rules refer to.
const (
	cwe214      = "https://cwe.mitre.org/data/definitions/214.html" // invocation of process using visible sensitive information
	cwe256      = "https://cwe.mitre.org/data/definitions/256.html" // plaintext storage of a password
	cwe312      = "https://cwe.mitre.org/data/definitions/312.html" // cleartext storage of sensitive information
	cwe321      = "https://cwe.mitre.org/data/definitions/321.html" // hard-coded cryptographic key
	cwe526      = "https://cwe.mitre.org/data/definitions/526.html" // cleartext storage in an environment variable
	cwe532      = "https://cwe.mitre.org/data/definitions/532.html" // sensitive information in a log file
	cwe538      = "https://cwe.mitre.org/data/definitions/538.html" // sensitive information in an externally accessible file
	cwe598      = "https://cwe.mitre.org/data/definitions/598.html" // sensitive query strings
	cwe615      = "https://cwe.mitre.org/data/definitions/615.html" // sensitive information in source code comments
	cwe798      = "https://cwe.mitre.org/data/definitions/798.html" // hard-coded credentials
	cwe916      = "https://cwe.mitre.org/data/definitions/916.html" // password hash with insufficient effort
	cis541      = "CIS Kubernetes Benchmark 5.4.1: prefer Secrets as files over Secrets as environment variables"
	cis542      = "CIS Kubernetes Benchmark 5.4.2: consider external secret storage"
	owaspCICD6  = "https://owasp.org/www-project-top-10-ci-cd-security-risks/CICD-SEC-06-Insufficient-Credential-Hygiene"
	owaspSecret = "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html"
	owaspLLM02  = "https://genai.owasp.org/llmrisk/llm022025-sensitive-information-disclosure/"
	owaspDocker = "https://cheatsheetseries.owasp.org/cheatsheets/Docker_Security_Cheat_Sheet.html"
)

func isLiteral(s *sighting) bool {
	return s.verdict.mechanism == scanner.Literal || s.verdict.mechanism == scanner.Leak && !s.verdict.value.IsZero()
}
