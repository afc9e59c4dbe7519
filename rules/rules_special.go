package rules

import "github.com/agentsec/agentsec/scanner"

// weakEvidenceRules come first: where only a comment or a pattern speaks, no
// rule on structure applies.
var weakEvidenceRules = []Rule{
	{
		ID: "comment-secret", Title: "Credential in a comment", Severity: Info,
		Why:        "A commented-out credential is not used, but whoever can read the file has it, and it is often still valid.",
		Fix:        "Delete the comment and rotate the credential.",
		References: []string{cwe615, cwe798},
		selects:    func(s *sighting) bool { return s.c.Place == scanner.InComment },
	},
	{
		ID: "text-secret-pattern", Title: "Text that has the form of a credential", Severity: High,
		Why:        "The text matches the form that an issuer gives its credentials. Whoever can read the repository, now or in its history, can use it.",
		Fix:        "Rotate the credential at its issuer, then let the process fetch a short-lived one at run time.",
		References: []string{cwe798, cwe312, owaspSecret},
		selects:    func(s *sighting) bool { return s.c.Place == scanner.InText && !s.verdict.inURL },
	},
}

var leakRules = []Rule{
	{
		ID: "leak-environment-dump", Title: "The whole environment is written out", Severity: High,
		Why:        "Printed, logged or serialised, the environment carries every secret in it to wherever the output goes.",
		Fix:        "Write out the variables that are needed, by name.",
		References: []string{cwe532, cwe526},
		selects:    func(s *sighting) bool { return s.verdict.mechanism == scanner.Leak && s.c.Name == wholeEnvironment },
	},
	{
		ID: "leak-annotation", Title: "Credential in an annotation", Severity: High,
		Why:        "Annotations are metadata: every list call, event and backup carries them, and no Secret rule of RBAC protects them.",
		Fix:        "Remove the annotation and rotate the credential.",
		References: []string{cwe538, cis542},
		selects:    func(s *sighting) bool { return s.c.Place == scanner.InAnnotation },
	},
	{
		ID: "leak-build-arg", Title: "Credential as a build argument", Severity: High,
		Why:        "Build arguments stay in the image's history and in build caches; whoever can pull the image can read them.",
		Fix:        "Use a BuildKit secret mount (RUN --mount=type=secret) and rotate the credential.",
		References: []string{cwe538, owaspDocker},
		selects:    func(s *sighting) bool { return s.c.Place == scanner.InBuildArg },
	},
	{
		ID: "leak-ci-env-file", Title: "Credential written to the job's environment file", Severity: High,
		Why:        "What is written to GITHUB_ENV or GITHUB_OUTPUT reaches every later step of the job, third-party actions included.",
		Fix:        "Hand the secret to the one step that needs it, or let that step fetch a short-lived one with the job's OIDC token.",
		References: []string{cwe526, cwe532, owaspCICD6},
		selects: func(s *sighting) bool {
			return s.c.Place == scanner.InCIEnvFile && s.verdict.mechanism != scanner.BulkRef
		},
	},
	{
		ID: "leak-command-line", Title: "Credential on a command line", Severity: High,
		Why:        "Every process of the host (or the container) can read the arguments of every other; shells, CI logs and audit logs record them.",
		Fix:        "Pass the credential through a file or standard input (--password-stdin, --from-file, *_FILE), better: issue it to the process.",
		References: []string{cwe214, cwe532},
		selects: func(s *sighting) bool {
			return s.verdict.mechanism != scanner.BulkRef && (s.c.Place == scanner.InCommand || s.verdict.mechanism == scanner.Leak && !isLiteral(s))
		},
	},
	{
		ID: "leak-url-password", Title: "Password inside a URL", Severity: High,
		Why:        "URLs are logged, shown in error messages and traces, and copied around; the password in one goes along.",
		Fix:        "Take the password from a file or a short-lived credential and build the URL in the process that connects.",
		References: []string{cwe798, cwe598, cwe532},
		selects:    func(s *sighting) bool { return s.verdict.inURL && isLiteral(s) },
	},
}

var codeRules = []Rule{
	{
		ID: "code-default-literal", Title: "Code falls back to a literal credential", Severity: High,
		Why:        "When the variable is missing the code goes on with a credential that stands in the source: in production that is a working default password.",
		Fix:        "Fail when the credential is missing; read it from a file or a client that issues it.",
		References: []string{cwe798},
		selects: func(s *sighting) bool {
			return s.c.Kind == scanner.Python && s.c.Place == scanner.InDefault && isLiteral(s)
		},
	},
	{
		ID: "code-write-literal", Title: "Code puts a literal credential into the environment", Severity: High,
		Why:        "The credential stands in the source and is handed to every child process.",
		Fix:        "Rotate it, delete the assignment, and give the library a credential that was issued to this process.",
		References: []string{cwe798, cwe526},
		selects:    func(s *sighting) bool { return s.c.Kind == scanner.Python && isLiteral(s) },
	},
	{
		ID: "code-write-env", Title: "Code writes a credential into the environment", Severity: Low,
		Why:        "What is in the environment is inherited by every child process and readable in /proc/PID/environ; an agent's tools are such children.",
		Fix:        "Hand the credential to the library that needs it as an argument.",
		References: []string{cwe526},
		selects: func(s *sighting) bool {
			return s.verdict.mechanism == scanner.CodeRead && s.c.Place == scanner.InWrite
		},
	},
	{
		ID: "code-read-env", Title: "Code reads a credential from the environment", Severity: Low,
		Why:        "As long as the code wants the credential in an environment variable, every deployment has to put it there, and it cannot be renewed while the process runs.",
		Fix:        "Read it from the file that NAME_FILE names at each use, or from a client that renews it.",
		References: []string{cwe526, owaspSecret},
		selects:    func(s *sighting) bool { return s.verdict.mechanism == scanner.CodeRead },
	},
}

var ciRules = []Rule{
	{
		ID: "ci-secrets-bulk", Title: "Every CI secret at once", Severity: Medium,
		Why:        "`secrets: inherit` and `toJSON(secrets)` hand over all secrets of the repository, those of other tenants and of production included.",
		Fix:        "Name the secrets that are needed, or use the job's OIDC token.",
		References: []string{cwe526, owaspCICD6},
		selects: func(s *sighting) bool {
			return s.verdict.mechanism == scanner.BulkRef && s.c.Kind == scanner.GitHubActions
		},
	},
	{
		ID: "ci-action-input", Title: "Static secret as an action input", Severity: Low,
		Why:        "The action's code gets a long-lived credential; a compromised release of the action keeps it.",
		Fix:        "Use an action that takes the job's OIDC token, pin it by hash, and keep the credential's rights small.",
		References: []string{owaspCICD6},
		selects:    func(s *sighting) bool { return s.c.Place == scanner.InActionInput && !isLiteral(s) },
	},
}

var storeRules = []Rule{
	{
		ID: "env-bulk-import", Title: "Everything of a Secret or env file becomes environment", Severity: Medium,
		Why:        "The process gets every key, also those that it does not need and those that are added later.",
		Fix:        "Name the keys that are needed, as mounted files; better, issue them to the workload.",
		References: []string{cwe526, cis541},
		selects:    func(s *sighting) bool { return s.verdict.mechanism == scanner.BulkRef },
	},
	{
		ID: "synced-static-secret", Title: "Long-lived key synced into a static Secret", Severity: Medium,
		Why:        "An operator copies the key from a secret manager into a Kubernetes Secret: it is as static, and as readable there, as one that was written by hand.",
		Fix:        "Let the workload log in to the manager itself, or sync from an engine that issues short-lived credentials.",
		References: []string{cwe526, cis542},
		selects:    func(s *sighting) bool { return s.verdict.mechanism == scanner.SyncedStatic },
	},
	{
		ID: "secret-manifest-literal", Title: "Value in a Secret manifest", Severity: High,
		Why:        "Base64 is no encryption: whoever can read the repository has the credential, in its history for ever.",
		Fix:        "Rotate it; keep no value in the manifest. Until it is issued dynamically, seal it (SealedSecret, SOPS) or sync it from a manager.",
		References: []string{cwe798, cwe312, cis542},
		selects:    func(s *sighting) bool { return s.c.Place == scanner.InSecretData },
	},
	{
		ID: "configmap-literal", Title: "Credential in a ConfigMap", Severity: High,
		Why:        "ConfigMaps are not treated as secret: broad read rights, no encryption at rest, in every backup and diff.",
		Fix:        "Rotate it and take it out of the ConfigMap.",
		References: []string{cwe798, cwe312, cis542},
		selects: func(s *sighting) bool {
			return s.c.Place == scanner.InConfigData
		},
	},
}
