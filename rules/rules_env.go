package rules

import "github.com/agentsec/agentsec/scanner"

// literalOf selects literals of a class that reach an environment.
func literalOf(class Class) func(*sighting) bool {
	return func(s *sighting) bool { return isLiteral(s) && s.verdict.class == class }
}

// referenceOf selects references to a static store by class.
func referenceOf(class Class) func(*sighting) bool {
	return func(s *sighting) bool { return s.verdict.mechanism == scanner.StaticRef && s.verdict.class == class }
}

// envLiteralRules: the value stands in the file, and from there goes into an
// environment. One rule a class, because what a leak costs and what replaces
// the credential differ by class.
var envLiteralRules = []Rule{
	{
		ID: "env-literal-llm-key", Title: "LLM API key in the file", Severity: High,
		Why:        "Whoever reads the file can spend on the account, see its stored prompts and, through fine-tuning and files, its data.",
		Fix:        "Rotate the key. Send requests through a gateway that holds the key, and give agents a short-lived identity instead.",
		References: []string{cwe798, cwe526, owaspLLM02},
		selects:    literalOf(LLMKey),
	},
	{
		ID: "env-literal-database-credential", Title: "Database password in the file", Severity: High,
		Why:        "Whoever reads the file can log in to the database, as every workload that shares the password; nobody can tell them apart afterwards.",
		Fix:        "Let Vault's database engine issue one login per workload, and retire this one.",
		References: []string{cwe798, cwe256, cwe526},
		selects:    literalOf(Database),
	},
	{
		ID: "env-literal-cloud-credential", Title: "Cloud access key in the file", Severity: High,
		Why:        "An access key works from anywhere and for years.",
		Fix:        "Rotate it. Use workload identity (IRSA, Workload Identity, OIDC) instead of a key.",
		References: []string{cwe798, cwe526},
		selects:    literalOf(Cloud),
	},
	{
		ID: "env-literal-internal-service-token", Title: "Internal service token in the file", Severity: High,
		Why:        "The token speaks for a service to another one; it names no caller, so it opens the same door for everyone who has it.",
		Fix:        "Replace the shared token by workload identity (a signed, short-lived token per caller, or mTLS).",
		References: []string{cwe798, cwe526},
		selects:    literalOf(InternalToken),
	},
	{
		ID: "env-literal-signing-key", Title: "Signing or encryption key in the file", Severity: High,
		Why:        "Whoever has the key can forge sessions and tokens, or read what it encrypts.",
		Fix:        "Rotate the key; sign and encrypt through a service that keeps it (Vault Transit, a KMS).",
		References: []string{cwe321, cwe798, cwe526},
		selects:    literalOf(SigningKey),
	},
	{
		ID: "env-literal-third-party-api-key", Title: "Third-party API key in the file", Severity: High,
		Why:        "The key acts at the third party in the name of the whole platform, for every tenant.",
		Fix:        "Rotate it; issue it per workload from a secret manager, or call the third party through a gateway that holds it.",
		References: []string{cwe798, cwe526},
		selects:    literalOf(ThirdParty),
	},
	{
		ID: "env-literal-oauth-credential", Title: "OAuth client secret in the file", Severity: High,
		Why:        "With the client secret anyone can be the application: exchange codes, refresh tokens, and ask users for consent in its name.",
		Fix:        "Rotate it; use private_key_jwt or workload federation instead of a shared secret.",
		References: []string{cwe798, cwe526},
		selects:    literalOf(OAuth),
	},
	{
		ID: "env-literal-tls-private-key", Title: "Private key in the file", Severity: High,
		Why:        "Whoever has the key can pose as the server or the client that it certifies.",
		Fix:        "Revoke the certificate, and let a PKI issue short-lived ones to the process (Vault PKI, cert-manager, SPIFFE).",
		References: []string{cwe321, cwe798},
		selects:    literalOf(TLSKey),
	},
	{
		ID: "env-literal-password-hash", Title: "Password hash in the file", Severity: Medium,
		Why:        "A hash is guessed offline, with all the time there is; weak passwords fall in seconds.",
		Fix:        "Take it out of the file; use an identity provider instead of a password list.",
		References: []string{cwe916, cwe312},
		selects:    literalOf(PasswordHash),
	},
	{
		ID: "env-literal-other-secret", Title: "Credential in the file", Severity: High,
		Why:        "Whoever can read the file, now or in its history, can use the credential.",
		Fix:        "Rotate it, and issue it to the process at run time.",
		References: []string{cwe798, cwe526, owaspSecret},
		selects:    literalOf(OtherClass),
	},
}

// envReferenceRules: the environment is filled from a static store.
var envReferenceRules = []Rule{
	{
		ID: "env-ref-llm-key", Title: "LLM API key through the environment", Severity: Medium,
		Why:        "An environment is readable by every process of the workload and by its tools: one injected prompt that runs `env` has the key.",
		Fix:        "Send requests through a gateway that holds the key.",
		References: []string{cwe526, cis541, owaspLLM02},
		selects:    referenceOf(LLMKey),
	},
	{
		ID: "env-ref-database-credential", Title: "Static database password through the environment", Severity: Medium,
		Why:        "The same long-lived login for every replica, in every child process, until someone rotates it by hand.",
		Fix:        "Let Vault's database engine issue one short-lived login per workload, as a file that is renewed.",
		References: []string{cwe526, cis541},
		selects:    referenceOf(Database),
	},
	{
		ID: "env-ref-cloud-credential", Title: "Static cloud key through the environment", Severity: Medium,
		Why:        "The key outlives the process and works from anywhere.",
		Fix:        "Use workload identity (IRSA, Workload Identity, OIDC).",
		References: []string{cwe526, cis541},
		selects:    referenceOf(Cloud),
	},
	{
		ID: "env-ref-internal-service-token", Title: "Shared service token through the environment", Severity: Medium,
		Why:        "A token that names no caller, readable by every process of the workload.",
		Fix:        "Use workload identity between services.",
		References: []string{cwe526, cis541},
		selects:    referenceOf(InternalToken),
	},
	{
		ID: "env-ref-signing-key", Title: "Signing or encryption key through the environment", Severity: Medium,
		Why:        "Every process of the workload, and every tool that an agent runs, can read the key and forge what it signs.",
		Fix:        "Sign and encrypt through a service that keeps the key (Vault Transit, a KMS).",
		References: []string{cwe526, cis541},
		selects:    referenceOf(SigningKey),
	},
	{
		ID: "env-ref-third-party-api-key", Title: "Third-party API key through the environment", Severity: Medium,
		Why:        "Every process of the workload can read a key that acts for the whole platform.",
		Fix:        "Issue it per workload as a renewed file, or call through a gateway that holds it.",
		References: []string{cwe526, cis541},
		selects:    referenceOf(ThirdParty),
	},
	{
		ID: "env-ref-oauth-credential", Title: "OAuth client secret through the environment", Severity: Medium,
		Why:        "Every process of the workload can pose as the application.",
		Fix:        "Use private_key_jwt or workload federation.",
		References: []string{cwe526, cis541},
		selects:    referenceOf(OAuth),
	},
	{
		ID: "env-ref-tls-private-key", Title: "Private key through the environment", Severity: Medium,
		Why:        "A private key in an environment is inherited by every child process and cannot be renewed.",
		Fix:        "Mount it as a file that a PKI renews.",
		References: []string{cwe526, cis541},
		selects:    referenceOf(TLSKey),
	},
	{
		ID: "env-ref-other-secret", Title: "Static credential through the environment", Severity: Medium,
		Why:        "An environment is inherited by every child process, readable in /proc/PID/environ, and never renewed.",
		Fix:        "Mount it as a file; better, issue it to the workload at run time.",
		References: []string{cwe526, cis541},
		selects: func(s *sighting) bool {
			return s.verdict.mechanism == scanner.StaticRef
		},
	},
}
