package planner

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// The platform of these tests: a harbour office with two tenants, two agent
// roles on one database, and one password for all of them.
const (
	canary    = "Wharf-Canary-77x"
	canaryURL = "postgresql://harbour_app:" + canary + "@db.harbour.example:5432/harbour"
	llmCanary = "llm-Canary-41q"
)

func tenantManifest(tenant string) string {
	return strings.ReplaceAll(`# Everything of tenant TENANT.
apiVersion: v1
kind: Secret
metadata:
  name: database
  namespace: berth-TENANT
stringData:
  DATABASE_URL: `+canaryURL+`
---
# Reads the manifests of ships.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: reader
  namespace: berth-TENANT
spec:
  selector:
    matchLabels: {app: reader}
  template:
    metadata:
      labels:
        app: reader
    spec:
      serviceAccountName: agents
      securityContext:
        runAsUser: 10001
      containers:
        - name: main   # one container
          image: registry.harbour.example/office/reader:2.1
          args:
            - |
              --greeting
              # not a comment
          env:
            - name: LOG_LEVEL
              value: info
            - name: DATABASE_URL # the shared one
              valueFrom:
                secretKeyRef:
                  name: database
                  key: DATABASE_URL
            - name: LLM_KEY
              value: `+llmCanary+`
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: writer
  namespace: berth-TENANT
spec:
  selector:
    matchLabels: {app: writer}
  template:
    metadata:
      annotations:
        harbour.example/owner: office
      labels:
        app: writer
    spec:
      containers:
      - name: main
        image: registry.harbour.example/office/writer:2.1
        env:
        - {name: LOG_LEVEL, value: info}
        - name: DATABASE_URL
          valueFrom:
            secretKeyRef:
              name: database
              key: DATABASE_URL
      volumes:
      - name: scratch
        emptyDir: {}
`, "TENANT", tenant)
}

const composeFile = `services:
  reader:
    build: ./agents
    labels:
      harbour.example/tenant: north
    environment:
      LOG_LEVEL: info
      DATABASE_URL: ${DATABASE_URL}
      LLM_KEY: ${LLM_KEY}
    restart: unless-stopped

  gangway:
    build: ./gangway
    env_file: .env
`

const databaseModule = `import os


def dsn():
    path = os.environ.get("DATABASE_URL_FILE")
    if path:
        with open(path) as f:
            return f.read().strip()
    return os.environ["DATABASE_URL"]
`

// platform is the tree and the scan of it; fixed says that the writer's code was
// changed to read the file, and that the workflow no longer handles the secret.
func platform(fixed bool) (fstest.MapFS, *rules.Scan) {
	tree := fstest.MapFS{}
	put := func(name, content string) { tree[name] = &fstest.MapFile{Data: []byte(content)} }
	put(".env", "LOG_LEVEL=info\nDATABASE_URL="+canaryURL+"\nLLM_KEY="+llmCanary+"\n")
	put("compose.yaml", composeFile)
	put("deploy/north.yaml", tenantManifest("north"))
	put("deploy/south.yaml", tenantManifest("south"))
	put("agents/common/database.py", databaseModule)
	put("agents/reader/main.py", "from common import database\n\nprint(database.dsn)\n")
	put("agents/writer/main.py", "import os\n\nDATABASE_URL = os.environ[\"DATABASE_URL\"]\n")
	if fixed {
		put("agents/writer/main.py", "from common import database\n")
	}
	put("gangway/server.py", "import os\n\nTOKEN = os.environ.get('GANGWAY')\n")
	put("deploy/issuer.pem", publicKeyPEM)

	b := &scanBuilder{scan: &rules.Scan{
		Version: rules.ScanVersion, KeyID: "0011223344556677", Root: ".",
		Tenants: []string{"north", "south"},
		Secrets: []rules.Secret{
			{ID: "S1", Name: "DATABASE_URL", Names: []string{"DATABASE_URL"}, Class: rules.Database, Severity: rules.Critical, Literal: true,
				Endpoint: &rules.Endpoint{Scheme: "postgresql", User: "harbour_app", Host: "db.harbour.example", Port: "5432", Database: "harbour"}},
			{ID: "S2", Name: "LLM_KEY", Names: []string{"LLM_KEY"}, Class: rules.LLMKey, Severity: rules.High, Literal: true},
			{ID: "S3", Name: "DATABASE_URL", Names: []string{"DATABASE_URL"}, Class: rules.Database, Severity: rules.Medium},
		},
	}}
	for _, tenant := range []string{"north", "south"} {
		file, ns := "deploy/"+tenant+".yaml", "berth-"+tenant
		m := string(tree[file].Data)
		b.finding("S1", rules.Finding{Kind: scanner.Kubernetes, Mechanism: scanner.Literal, Place: scanner.InSecretData, Name: "DATABASE_URL", Fingerprint: "f1",
			At: find(file, m, "  DATABASE_URL: postgresql"), Object: scanner.Object{Kind: "Secret", Namespace: ns, Name: "database"}, Tenant: tenant})
		for i, role := range []string{"reader", "writer"} {
			o := scanner.Object{Kind: "Deployment", Namespace: ns, Name: role}
			w := b.workload(rules.Workload{ID: o.String(), Object: o, Kind: scanner.Kubernetes, At: find(file, m, "name: "+role), Tenant: tenant,
				Images: []string{"registry.harbour.example/office/" + role + ":2.1"}, Agent: true, AgentRole: role})
			o.Container = "main"
			at := nth(file, m, "- name: DATABASE_URL", i)
			b.finding("S1", rules.Finding{Kind: scanner.Kubernetes, Mechanism: scanner.StaticRef, Name: "DATABASE_URL", At: at, Object: o, Workload: w, Tenant: tenant,
				Ref: scanner.Ref{Store: scanner.KubernetesSecret, Namespace: ns, Name: "database", Key: "DATABASE_URL"}})
			if role == "reader" {
				at := find(file, m, "- name: LLM_KEY")
				at.Line++ // the line of the value
				b.finding("S2", rules.Finding{Kind: scanner.Kubernetes, Mechanism: scanner.Literal, Name: "LLM_KEY", Fingerprint: "f2", At: at, Object: o, Workload: w, Tenant: tenant})
			}
		}
	}
	env := string(tree[".env"].Data)
	b.finding("S1", rules.Finding{Kind: scanner.Dotenv, Mechanism: scanner.Literal, Name: "DATABASE_URL", Fingerprint: "f1", At: find(".env", env, "DATABASE_URL")})
	b.finding("S2", rules.Finding{Kind: scanner.Dotenv, Mechanism: scanner.Literal, Name: "LLM_KEY", Fingerprint: "f2", At: find(".env", env, "LLM_KEY")})
	service := scanner.Object{Kind: "service", Name: "reader"}
	w := b.workload(rules.Workload{ID: "compose.yaml#service/reader", Object: service, Kind: scanner.Compose, At: find("compose.yaml", composeFile, "  reader:"),
		BuildContexts: []string{"agents"}, Tenant: "north", Agent: true, AgentRole: "reader"})
	b.finding("S1", rules.Finding{Kind: scanner.Compose, Mechanism: scanner.StaticRef, Name: "DATABASE_URL", At: find("compose.yaml", composeFile, "DATABASE_URL"), Object: service,
		Workload: w, Tenant: "north", Ref: scanner.Ref{Store: scanner.Environment, Key: "DATABASE_URL", Scope: ".env"}})
	service.Name = "gangway"
	w = b.workload(rules.Workload{ID: "compose.yaml#service/gangway", Object: service, Kind: scanner.Compose, At: find("compose.yaml", composeFile, "  gangway:"), BuildContexts: []string{"gangway"}})
	b.finding("S1", rules.Finding{Kind: scanner.Compose, Mechanism: scanner.BulkRef, Name: ".env", At: find("compose.yaml", composeFile, "env_file"), Object: service,
		Workload: w, Ref: scanner.Ref{Store: scanner.EnvFile, Name: ".env"}})

	b.read("agents/common/database.py", databaseModule, "DATABASE_URL_FILE", scanner.FunctionScope, "S1")
	b.read("agents/common/database.py", databaseModule, `"DATABASE_URL"`, scanner.FunctionScope, "S1")
	if !fixed {
		b.read("agents/writer/main.py", string(tree["agents/writer/main.py"].Data), `"DATABASE_URL"`, scanner.ModuleScope, "S1")
		flow := "jobs:\n  deploy:\n    env:\n      DATABASE_URL: ${{ secrets.DATABASE_URL }}\n"
		put(".github/workflows/deploy.yml", flow)
		job := scanner.Object{Kind: "job", Name: "deploy"}
		w := b.workload(rules.Workload{ID: ".github/workflows/deploy.yml#job/deploy", Object: job, Kind: scanner.GitHubActions, At: find(".github/workflows/deploy.yml", flow, "deploy:")})
		b.finding("S3", rules.Finding{Kind: scanner.GitHubActions, Mechanism: scanner.StaticRef, Name: "DATABASE_URL", At: find(".github/workflows/deploy.yml", flow, "DATABASE_URL"), Object: job,
			Workload: w, Ref: scanner.Ref{Store: scanner.CISecret, Key: "DATABASE_URL"}})
	}
	b.scan.Dynamic = []rules.Dynamic{{Name: "POSTGRES_PASSWORD_FILE"}}
	b.finish()
	return tree, b.scan
}

type scanBuilder struct{ scan *rules.Scan }

func (b *scanBuilder) workload(w rules.Workload) string {
	b.scan.Workloads = append(b.scan.Workloads, w)
	return w.ID
}

func (b *scanBuilder) finding(secret string, f rules.Finding) {
	f.Secret, f.ID = secret, fmt.Sprintf("F-%03d", len(b.scan.Findings)+1)
	f.Rule, f.Severity = "some-rule", rules.High
	for i, s := range b.scan.Secrets {
		if s.ID == secret {
			b.scan.Secrets[i].Findings = append(s.Findings, f.ID)
			f.Class = s.Class
		}
	}
	b.scan.Findings = append(b.scan.Findings, f)
}

func (b *scanBuilder) read(file, content, text string, scope scanner.Scope, secret string) {
	name := strings.Trim(text, `"`)
	r := rules.Read{Name: name, At: find(file, content, text), Scope: scope, File: strings.HasSuffix(name, "_FILE")}
	b.scan.Reads = append(b.scan.Reads, r)
	if !r.File {
		b.finding(secret, rules.Finding{Kind: scanner.Python, Mechanism: scanner.CodeRead, Name: name, At: r.At})
	}
}

// finish fills what Judge sums up for each secret.
func (b *scanBuilder) finish() {
	for i := range b.scan.Secrets {
		s := &b.scan.Secrets[i]
		for _, f := range b.scan.Findings {
			if f.Secret != s.ID {
				continue
			}
			if f.Workload != "" {
				s.Workloads = append(s.Workloads, f.Workload)
			}
			if f.Tenant != "" {
				s.Tenants = append(s.Tenants, f.Tenant)
			}
		}
		s.Workloads, s.Tenants = sorted(s.Workloads), sorted(s.Tenants)
	}
}

func find(file, content, text string) scanner.Position { return nth(file, content, text, 0) }

func nth(file, content, text string, n int) scanner.Position {
	for i, l := range strings.Split(content, "\n") {
		if c := strings.Index(l, text); c >= 0 {
			if n == 0 {
				return scanner.Position{Path: file, Line: i + 1, Column: c + 1}
			}
			n--
		}
	}
	panic(text + " is not in " + file)
}

// publicKeyPEM is a P-256 key for its form only: nothing here is signed.
const publicKeyPEM = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
`

func harbour() Settings {
	return Settings{
		Databases: []Database{{
			Name: "harbour", Variables: []string{"DATABASE_URL"}, SSLMode: "require",
			Tenancy: Tenancy{Column: "tenant", Tables: []string{"ships", "berths"}},
			Grants: []Grant{
				{Role: "reader", Table: "ships", Rights: []string{"SELECT"}},
				{Role: "reader", Table: "berths", Rights: []string{"SELECT"}},
				{Role: "writer", Table: "ships", Rights: []string{"update", "SELECT", "INSERT"}},
			},
			Keep: []string{"auditor"}, TTL: "5m",
		}},
		Auth: Auth{Method: "jwt", Issuer: "https://issuer.harbour.example", PublicKeysFile: "deploy/issuer.pem"},
	}
}

func mustBuild(t *testing.T, scan *rules.Scan, settings Settings, tree fs.FS) *Plan {
	t.Helper()
	p, err := Build(scan, Map(scan, settings.Scoring), settings, tree)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func stepsOf(p *Plan) map[string]Step {
	m := map[string]Step{}
	p.each(func(s Step) { m[s.ID] = s })
	return m
}

// freshPrivateKey is made at run time, so that no file holds one.
func freshPrivateKey(t *testing.T) []byte {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
