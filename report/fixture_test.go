package report

import (
	"fmt"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// hostile holds what a terminal would obey: a colour, a title, a bidirectional
// override, a C1 control, a zero-width space, a byte that is not UTF-8.
const hostile = "a\x1b[31m\x1b]0;x\a\u202eb\u009bc\u200bd\xffe\rf"

// leaky is a scan of one shared database credential, one LLM key, one secret that
// is only read in code, and one input that could not be read.
func leaky() *rules.Scan {
	doc := &rules.Scan{
		Version: rules.ScanVersion, Tool: rules.Tool{Name: "agentsec", Version: "devel"},
		KeyID: "0123456789abcdef", Root: ".",
		Tenants: []string{"aurora", "borealis"}, Suppressed: 2,
		Workloads: []rules.Workload{}, Reads: []rules.Read{}, Dynamic: []rules.Dynamic{},
		Coverage: scanner.Coverage{
			Files: 5, Bytes: 4096, ByKind: map[scanner.Kind]int{scanner.Dotenv: 1, scanner.Kubernetes: 4},
			Excluded: map[string]int{"binary": 3},
			Skipped:  []scanner.Skipped{{Path: "deploy/bad.yaml", Line: 7, Reason: "is not valid YAML"}},
		},
	}
	add := func(secret string, f rules.Finding) {
		f.ID = fmt.Sprintf("f%02d", len(doc.Findings))
		f.Secret = secret
		doc.Findings = append(doc.Findings, f)
		for i := range doc.Secrets {
			if doc.Secrets[i].ID == secret {
				doc.Secrets[i].Findings = append(doc.Secrets[i].Findings, f.ID)
				doc.Secrets[i].Severity = max(doc.Secrets[i].Severity, f.Severity)
			}
		}
	}
	doc.Secrets = []rules.Secret{
		{ID: "S1", Name: "OPENAI_API_KEY", Names: []string{"OPENAI_API_KEY"}, Class: rules.LLMKey, Provider: "openai", Workloads: []string{}, Tenants: []string{}},
		{ID: "S2", Name: "DATABASE_URL", Names: []string{"DATABASE_URL", "PG_URL"}, Class: rules.Database, Workloads: []string{}, Tenants: []string{"aurora", "borealis"}},
		{ID: "S3", Name: "OTHER_TOKEN", Names: []string{"OTHER_TOKEN"}, Class: rules.OtherClass, Workloads: []string{}, Tenants: []string{}},
	}
	add("S1", rules.Finding{Rule: "env-literal-llm-key", Severity: rules.High, Mechanism: scanner.Literal, Class: rules.LLMKey, Name: "OPENAI_API_KEY",
		Message: "OPENAI_API_KEY stands in the file", At: scanner.Position{Path: ".env", Line: 2, Column: 1}, Kind: scanner.Dotenv})
	add("S2", rules.Finding{Rule: "env-static-ref", Severity: rules.Low, Mechanism: scanner.CodeRead, Class: rules.Database, Name: "DATABASE_URL",
		Message: "read", At: scanner.Position{Path: "agents/db.py", Line: 9}, Kind: scanner.Python})
	add("S2", rules.Finding{Rule: "env-literal-database-credential", Severity: rules.Critical, Mechanism: scanner.Literal, Class: rules.Database, Name: "DATABASE_URL",
		Message: "DATABASE_URL stands in the file", At: scanner.Position{Path: "deploy/a b:c#ä.yaml", Line: 12, Column: 3},
		Object: scanner.Object{Kind: "Secret", Namespace: "tenant-aurora", Name: "platform-db"}, Kind: scanner.Kubernetes, Tenant: "aurora",
		Related: []rules.Related{{At: scanner.Position{Path: "deploy/app.yaml", Line: 30}, Message: "used by Deployment/tenant-aurora/researcher"}}})
	add("S3", rules.Finding{Rule: "env-static-ref", Severity: rules.Low, Mechanism: scanner.CodeRead, Class: rules.OtherClass, Name: "OTHER_TOKEN",
		Message: "read", At: scanner.Position{Path: "x.py", Line: 1}, Kind: scanner.Python})
	return doc
}

// clean12 is a scan without findings.
func clean12() *rules.Scan {
	return &rules.Scan{
		Version: rules.ScanVersion, Tool: rules.Tool{Name: "agentsec", Version: "devel"}, Root: ".",
		Findings: []rules.Finding{}, Secrets: []rules.Secret{}, Workloads: []rules.Workload{}, Reads: []rules.Read{},
		Dynamic: []rules.Dynamic{}, Tenants: []string{},
		Coverage: scanner.Coverage{Files: 3, Bytes: 900, ByKind: map[scanner.Kind]int{scanner.Compose: 1}},
	}
}
