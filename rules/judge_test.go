package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
)

// platform is an inventory as extractors give it: one database password in a
// .env, passed to two services, and in the Secrets of two tenants.
func platform() *scanner.Inventory {
	const url = "postgresql://acme_app:Copper-Kettle-31@postgres:5432/acme"
	inv := &scanner.Inventory{Namespaces: map[string]map[string]string{}}
	dotenv := func(line int, name, value string) {
		inv.Candidates = append(inv.Candidates, scanner.Candidate{Kind: scanner.Dotenv, Mechanism: scanner.Literal, Name: name, Value: secret.New(value),
			At: scanner.Position{Path: ".env", Line: line}})
	}
	dotenv(1, "DATABASE_URL", url)
	dotenv(2, "OPENAI_API_KEY", "quiet-river-of-stones-71")
	dotenv(3, "LOG_LEVEL", "info")
	service := func(name string, line int) scanner.Candidate {
		object := scanner.Object{Kind: "service", Name: name}
		id := "compose.yaml#service/" + name
		inv.Workloads = append(inv.Workloads, scanner.Workload{ID: id, Object: object, Kind: scanner.Compose, At: scanner.Position{Path: "compose.yaml", Line: line}, BuildContexts: []string{"agents/" + name}})
		return scanner.Candidate{Kind: scanner.Compose, Object: object, Workload: id, At: scanner.Position{Path: "compose.yaml", Line: line + 1}}
	}
	for i, name := range []string{"researcher", "support"} {
		c := service(name, 1+10*i)
		for _, v := range []string{"DATABASE_URL", "OPENAI_API_KEY"} {
			c.Mechanism, c.Name, c.Ref = scanner.StaticRef, v, scanner.Ref{Store: scanner.Environment, Key: v, Scope: ".env"}
			c.At.Line++
			inv.Candidates = append(inv.Candidates, c)
		}
	}
	bulk := service("tickets-mcp", 30)
	bulk.Mechanism, bulk.Name, bulk.Ref = scanner.BulkRef, ".env", scanner.Ref{Store: scanner.EnvFile, Name: ".env"}
	inv.Candidates = append(inv.Candidates, bulk)
	for _, tenant := range []string{"aurora", "borealis"} {
		file, ns := "deploy/"+tenant+".yaml", "tenant-"+tenant
		inv.Namespaces[ns] = map[string]string{}
		inv.Candidates = append(inv.Candidates, scanner.Candidate{Kind: scanner.Kubernetes, Mechanism: scanner.Literal, Place: scanner.InSecretData, Name: "DATABASE_URL", Value: secret.New(url),
			Object: scanner.Object{Kind: "Secret", Namespace: ns, Name: "platform-db"}, At: scanner.Position{Path: file, Line: 5}})
		object := scanner.Object{Kind: "Deployment", Namespace: ns, Name: "researcher"}
		id := object.String()
		inv.Workloads = append(inv.Workloads, scanner.Workload{ID: id, Object: object, Kind: scanner.Kubernetes, ServiceAccount: "agents", At: scanner.Position{Path: file, Line: 10}})
		object.Container = "agent"
		for i, v := range []struct{ name, from string }{{"DATABASE_URL", "platform-db"}, {"OPENAI_API_KEY", "llm"}} {
			inv.Candidates = append(inv.Candidates, scanner.Candidate{Kind: scanner.Kubernetes, Mechanism: scanner.StaticRef, Name: v.name, Object: object, Workload: id,
				Ref: scanner.Ref{Store: scanner.KubernetesSecret, Namespace: ns, Name: v.from, Key: v.name}, At: scanner.Position{Path: file, Line: 20 + 5*i}})
		}
	}
	read := func(file string, line int, name string, scope scanner.Scope) {
		inv.Candidates = append(inv.Candidates, scanner.Candidate{Kind: scanner.Python, Mechanism: scanner.CodeRead, Name: name, Scope: scope, At: scanner.Position{Path: file, Line: line}})
	}
	read("agents/support/agent.py", 3, "DATABASE_URL", scanner.ModuleScope)
	read("agents/support/agent.py", 9, "LOG_LEVEL", scanner.ModuleScope)
	read("agents/researcher/db.py", 7, "DATABASE_URL_FILE", scanner.FunctionScope)
	inv.Candidates = append(inv.Candidates, scanner.Candidate{Kind: scanner.GitHubActions, Mechanism: scanner.StaticRef, Name: "DATABASE_URL", Wide: true,
		Ref: scanner.Ref{Store: scanner.CISecret, Key: "DATABASE_URL"}, Object: scanner.Object{Kind: "job", Name: "deploy"}, At: scanner.Position{Path: ".github/workflows/deploy.yml", Line: 8}})
	return inv
}

func secretNamed(t *testing.T, s *Scan, name string, literal bool) Secret {
	t.Helper()
	for _, c := range s.Secrets {
		if c.Name == name && c.Literal == literal {
			return c
		}
	}
	t.Fatalf("no secret %s (literal: %t) in %v", name, literal, s.Secrets)
	return Secret{}
}

func TestOneSecretOverValuesAndReferences(t *testing.T) {
	s := judge(platform())
	db := secretNamed(t, s, "DATABASE_URL", true)
	if db.ID != "S1" || db.Class != Database || db.Severity != Critical || !db.SharedAcrossTenants() {
		t.Errorf("got %+v", db)
	}
	if got := strings.Join(db.Tenants, " "); got != "aurora borealis" {
		t.Errorf("tenants: %s", got)
	}
	want := []string{"Deployment/tenant-aurora/researcher", "Deployment/tenant-borealis/researcher", "compose.yaml#service/researcher", "compose.yaml#service/support", "compose.yaml#service/tickets-mcp"}
	if !slices.Equal(db.Workloads, want) {
		t.Errorf("workloads: %v", db.Workloads)
	}
	if db.Endpoint == nil || *db.Endpoint != (Endpoint{"postgresql", "acme_app", "postgres", "5432", "acme"}) {
		t.Errorf("endpoint: %v", db.Endpoint)
	}
	// .env, two Secrets, four references, the bulk reference and the read.
	if len(db.Findings) != 9 {
		t.Errorf("%d findings: %v", len(db.Findings), db.Findings)
	}
	// The CI secret of the same name is another secret, and so are the llm Secrets
	// of the two namespaces.
	ci, llm := 0, 0
	for _, c := range s.Secrets {
		if c.Name == "DATABASE_URL" && !c.Literal {
			ci++
		}
		if c.Class == LLMKey && !c.Literal {
			llm++
		}
	}
	if ci != 1 || llm != 2 {
		t.Errorf("%d CI secrets, %d llm Secrets", ci, llm)
	}
}

func TestFindingsAreSortedJoinedAndExplained(t *testing.T) {
	s := judge(platform())
	byPlace := map[string]Finding{}
	for i, f := range s.Findings {
		byPlace[fmt.Sprintf("%s:%d", f.At.Path, f.At.Line)] = f
		if i > 0 && (s.Findings[i-1].At.Path > f.At.Path) {
			t.Error("not sorted by path")
		}
		if f.Secret == "" || f.Message == "" || !strings.HasPrefix(f.ID, "F-") || len(f.ID) != 12 {
			t.Errorf("incomplete: %+v", f)
		}
	}
	for place, want := range map[string]string{
		".env:1":                         "leak-url-password critical",
		".env:2":                         "env-literal-llm-key high",
		"compose.yaml:3":                 "env-ref-database-credential high", // shared across tenants
		"compose.yaml:4":                 "env-ref-llm-key medium",
		"compose.yaml:31":                "env-bulk-import medium",
		"deploy/aurora.yaml:5":           "leak-url-password critical",
		"deploy/aurora.yaml:20":          "env-ref-database-credential high",
		"deploy/aurora.yaml:25":          "env-ref-llm-key medium",
		"agents/support/agent.py:3":      "code-read-env low",
		".github/workflows/deploy.yml:8": "env-ref-database-credential medium",
	} {
		f, ok := byPlace[place]
		if got := f.Rule + " " + f.Severity.String(); !ok || got != want {
			t.Errorf("%s: got %s, want %s", place, got, want)
		}
	}
	if got := byPlace["deploy/aurora.yaml:5"]; got.Tenant != "aurora" || got.Location() != "Secret/tenant-aurora/platform-db/DATABASE_URL" {
		t.Errorf("got %s, %s", got.Tenant, got.Location())
	}
	if m := byPlace[".env:1"].Message; !strings.Contains(m, "shared by the tenants aurora and borealis") || !strings.Contains(m, "it reaches ") {
		t.Errorf("message: %s", m)
	}
	if m := byPlace[".github/workflows/deploy.yml:8"].Message; !strings.Contains(m, "wider than the step") {
		t.Errorf("message: %s", m)
	}
}

func TestReadsListSecretsAndTheirFiles(t *testing.T) {
	got := judge(platform()).Reads
	if len(got) != 2 {
		t.Fatalf("got %v", got)
	}
	if r := got[0]; r.Name != "DATABASE_URL" || r.File || r.Scope != scanner.ModuleScope {
		t.Errorf("got %+v", r)
	}
	if r := got[1]; r.Name != "DATABASE_URL_FILE" || !r.File || r.Scope != scanner.FunctionScope {
		t.Errorf("got %+v", r)
	}
}

func TestAgentsHaveEvidenceAndARole(t *testing.T) {
	inv := platform()
	inv.Workloads = append(inv.Workloads,
		scanner.Workload{ID: "n8n", Object: scanner.Object{Kind: "service", Name: "flows"}, Images: []string{"docker.n8n.io/n8nio/n8n:latest"}, Kind: scanner.Compose},
		scanner.Workload{ID: "db", Object: scanner.Object{Kind: "service", Name: "db"}, Images: []string{"postgres:17"}, Kind: scanner.Compose},
		scanner.Workload{ID: "p", Object: scanner.Object{Kind: "Deployment", Namespace: "tenant-aurora", Name: "aurora-planner-x"}, Kind: scanner.Kubernetes})
	s := judge(inv, func(o *Options) {
		o.Policy = Policy{Agents: []AgentRule{{Role: "planner", Selectors: []Selector{{Workload: "aurora-planner*"}}}}}
	})
	got := map[string]string{}
	for _, w := range s.Workloads {
		if w.Agent != (len(w.Evidence) > 0) {
			t.Errorf("%s: agent without evidence", w.ID)
		}
		got[w.ID] = w.AgentRole
	}
	for id, role := range map[string]string{"n8n": "flows", "db": "", "p": "planner", "compose.yaml#service/researcher": "researcher",
		"Deployment/tenant-aurora/researcher": "researcher", "compose.yaml#service/tickets-mcp": ""} {
		if got[id] != role {
			t.Errorf("%s: got role %q, want %q", id, got[id], role)
		}
	}
	if r := roleOf(&Workload{Object: scanner.Object{Name: "tenant-aurora-support"}, Tenant: "aurora"}); r != "support" {
		t.Errorf("got %q", r)
	}
	if r := roleOf(&Workload{Object: scanner.Object{Name: "support-aurora"}, Tenant: "aurora"}); r != "support" {
		t.Errorf("got %q", r)
	}
}

func TestSeverity(t *testing.T) {
	key := "gsk" + "_" + letters(52)
	for _, c := range []struct {
		what   string
		change func(*scanner.Candidate)
		want   string
	}{
		{"literal", func(*scanner.Candidate) {}, "high"},
		{"provider-shaped", func(c *scanner.Candidate) { c.Value = secret.New(key) }, "critical"},
		{"example", func(c *scanner.Candidate) { c.Value = secret.New(key); c.Context = scanner.Example }, "info"},
		{"test", func(c *scanner.Candidate) { c.Context = scanner.Test }, "info"},
		{"docs", func(c *scanner.Candidate) { c.Context = scanner.Docs }, "info"},
		{"comment", func(c *scanner.Candidate) { c.Value = secret.New(key); c.Place = scanner.InComment }, "info"},
		{"command line", func(c *scanner.Candidate) { c.Mechanism, c.Place = scanner.Leak, scanner.InCommand }, "high"},
		{"reference", func(c *scanner.Candidate) {
			c.Mechanism, c.Value, c.Ref = scanner.StaticRef, secret.Value{}, scanner.Ref{Store: scanner.CISecret, Key: "X"}
		}, "medium"},
		{"action input", func(c *scanner.Candidate) {
			c.Mechanism, c.Value, c.Place, c.Ref = scanner.StaticRef, secret.Value{}, scanner.InActionInput, scanner.Ref{Store: scanner.CISecret, Key: "X"}
		}, "low"},
		{"read", func(c *scanner.Candidate) {
			c.Mechanism, c.Value, c.Kind = scanner.CodeRead, secret.Value{}, scanner.Python
		}, "low"},
	} {
		inv := dotenvInventory("SERVICE_PASSWORD=Copper-Kettle-31")
		c.change(&inv.Candidates[0])
		s := judge(inv)
		if len(s.Findings) != 1 || s.Findings[0].Severity.String() != c.want {
			t.Errorf("%s: got %v", c.what, s.Findings)
		}
	}
}

func TestWeakValuesJoinOnlyTheSameNameInTheSameFolder(t *testing.T) {
	literal := func(path, name, value string) scanner.Candidate {
		return scanner.Candidate{Kind: scanner.Compose, Mechanism: scanner.Literal, Name: name, Value: secret.New(value), At: scanner.Position{Path: path, Line: 1}, Object: scanner.Object{Kind: "service", Name: path + name}}
	}
	for _, c := range []struct {
		what  string
		a, b  scanner.Candidate
		count int
	}{
		{"weak, same folder and name", literal("x/a.yaml", "DB_PASSWORD", "postgres"), literal("x/b.yaml", "DB_PASSWORD", "postgres"), 1},
		{"weak, other name", literal("x/a.yaml", "DB_PASSWORD", "postgres"), literal("x/b.yaml", "API_PASSWORD", "postgres"), 2},
		{"weak, other folder", literal("x/a.yaml", "DB_PASSWORD", "postgres"), literal("y/b.yaml", "DB_PASSWORD", "postgres"), 2},
		{"strong, anywhere", literal("x/a.yaml", "DB_PASSWORD", "Copper-Kettle-31"), literal("y/b.yaml", "API_PASSWORD", "Copper-Kettle-31"), 1},
		{"strong, in a URL", literal("x/a.yaml", "DB_PASSWORD", "Copper-Kettle-31"), literal("y/b.yaml", "DATABASE_URL", "postgres://me:Copper-Kettle-31@db/x"), 1},
		{"the same weak login", literal("x/a.yaml", "DATABASE_URL", "postgres://me:acme-local@db/x"), literal("y/b.yaml", "PG_URI", "postgres://me:acme-local@db/x"), 1},
		{"the same common login", literal("x/a.yaml", "DATABASE_URL", "postgres://me:postgres@db/x"), literal("y/b.yaml", "PG_URI", "postgres://me:postgres@db/x"), 2},
	} {
		s := judge(&scanner.Inventory{Candidates: []scanner.Candidate{c.a, c.b}})
		if len(s.Secrets) != c.count || len(s.Findings) != 2 {
			t.Errorf("%s: %d secrets, %d findings", c.what, len(s.Secrets), len(s.Findings))
		}
	}
}

func TestASecretsNamespaceIsPartOfIt(t *testing.T) {
	entry := func(path, ns string) scanner.Candidate {
		return scanner.Candidate{Kind: scanner.Kubernetes, Mechanism: scanner.Literal, Place: scanner.InSecretData, Name: "password", Value: secret.New("Copper-Kettle-" + ns + path[:1]),
			Object: scanner.Object{Kind: "Secret", Namespace: ns, Name: "db"}, At: scanner.Position{Path: path, Line: 1}}
	}
	ref := func(path, ns string) scanner.Candidate {
		return scanner.Candidate{Kind: scanner.Kubernetes, Mechanism: scanner.StaticRef, Name: "DB_PASSWORD", Ref: scanner.Ref{Store: scanner.KubernetesSecret, Namespace: ns, Name: "db", Key: "password"},
			Object: scanner.Object{Kind: "Deployment", Namespace: ns, Name: "web", Container: "web"}, At: scanner.Position{Path: path, Line: 9}}
	}
	for _, c := range []struct {
		what  string
		of    []scanner.Candidate
		count int
	}{
		{"same namespace, other folder", []scanner.Candidate{entry("a/s.yaml", "blue"), ref("b/d.yaml", "blue")}, 1},
		{"other namespace", []scanner.Candidate{entry("a/s.yaml", "blue"), ref("a/d.yaml", "green")}, 2},
		{"no namespace, same folder", []scanner.Candidate{entry("a/s.yaml", ""), ref("a/d.yaml", "")}, 1},
		{"no namespace, other folder", []scanner.Candidate{entry("a/s.yaml", ""), ref("b/d.yaml", "")}, 2},
		{"one of them without, same folder", []scanner.Candidate{entry("a/s.yaml", ""), ref("a/d.yaml", "blue")}, 1},
		{"without, and two namespaces in the folder", []scanner.Candidate{entry("a/s.yaml", ""), ref("a/d.yaml", "blue"), ref("a/e.yaml", "green")}, 3},
	} {
		if s := judge(&scanner.Inventory{Candidates: c.of}); len(s.Secrets) != c.count {
			t.Errorf("%s: %d secrets, want %d", c.what, len(s.Secrets), c.count)
		}
	}
}

func TestOutsideCandidatesJoinWithoutAFinding(t *testing.T) {
	inv := platform()
	for i := range inv.Candidates {
		inv.Candidates[i].Outside = inv.Candidates[i].At.Path == ".env"
	}
	s := judge(inv)
	for _, f := range s.Findings {
		if f.At.Path == ".env" {
			t.Errorf("reported: %v", f)
		}
	}
	if db := secretNamed(t, s, "DATABASE_URL", true); len(db.Findings) != 8 {
		t.Errorf("%d findings", len(db.Findings))
	}
}

func TestTheDefaultIsReportedOnceAndTheReferenceStillJoins(t *testing.T) {
	at := scanner.Position{Path: "compose.yaml", Line: 4}
	object := scanner.Object{Kind: "service", Name: "db"}
	inv := dotenvInventory("PG_PASSWORD=Copper-Kettle-31")
	inv.Candidates = append(inv.Candidates,
		scanner.Candidate{Kind: scanner.Compose, Mechanism: scanner.Literal, Place: scanner.InDefault, Name: "POSTGRES_PASSWORD", Value: secret.New("letmein-please"), At: at, Object: object},
		scanner.Candidate{Kind: scanner.Compose, Mechanism: scanner.StaticRef, Name: "POSTGRES_PASSWORD", Ref: scanner.Ref{Store: scanner.Environment, Scope: ".env", Key: "PG_PASSWORD"}, At: at, Object: object})
	s := judge(inv)
	if len(s.Findings) != 2 || len(s.Secrets) != 1 || s.Findings[1].Mechanism != scanner.Literal {
		t.Errorf("got %v, %v", s.Findings, s.Secrets)
	}
}

func TestTextHitsOnJudgedLinesAreDropped(t *testing.T) {
	inv := dotenvInventory("SERVICE_PASSWORD=Copper-Kettle-31")
	text := scanner.Candidate{Kind: scanner.Dotenv, Mechanism: scanner.Literal, Place: scanner.InText, Pattern: "generic-api-key", Value: secret.New("Copper-Kettle-31"), At: scanner.Position{Path: ".env", Line: 1}}
	inv.Candidates = append(inv.Candidates, text, text)
	if s := judge(inv); len(s.Findings) != 1 || s.Findings[0].Rule == "text-secret-pattern" {
		t.Errorf("got %v", s.Findings)
	}
	text.At.Line = 7
	inv.Candidates = append(inv.Candidates, text, text)
	if s := judge(inv); len(s.Findings) != 2 || len(s.Secrets) != 1 {
		t.Errorf("got %v", s.Findings)
	}
}

// An ID is made of rule and logical location: edits, moves within the file and
// new values keep it, and two runs give the same document.
func TestJudgeIsDeterministicAndIDsAreStable(t *testing.T) {
	key := secret.NewKey()
	doc := func(inv *scanner.Inventory) (string, map[string]bool) {
		s := Judge(inv, Options{Key: key})
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, f := range s.Findings {
			if ids[f.ID] {
				t.Errorf("%s twice", f.ID)
			}
			ids[f.ID] = true
		}
		return string(b), ids
	}
	first, ids := doc(platform())
	for range 5 {
		if again, _ := doc(platform()); again != first {
			t.Fatal("two runs differ")
		}
	}
	changed := platform()
	for i := range changed.Candidates {
		c := &changed.Candidates[i]
		c.At.Line += 100
		if !c.Value.IsZero() {
			c.Value = secret.New(strings.Replace(c.Value.Reveal(), "Copper-Kettle-31", "Amber-Lantern-19", 1))
		}
	}
	if _, now := doc(changed); len(now) != len(ids) {
		t.Error("another number of findings")
	} else {
		for id := range ids {
			if !now[id] {
				t.Errorf("%s changed", id)
			}
		}
	}
}

// Canary: no value, whole or half, in the document, and no control character of
// a hostile name.
func TestNoValueReachesTheDocument(t *testing.T) {
	inv := platform()
	canaries := []string{"Copper-Kettle-31", "quiet-river-of-stones-71"}
	for i, m := range []scanner.Mechanism{scanner.Literal, scanner.Leak} {
		for j, p := range []scanner.Place{scanner.InEnv, scanner.InSecretData, scanner.InConfigData, scanner.InCommand, scanner.InAnnotation, scanner.InBuildArg, scanner.InDefault, scanner.InWrite, scanner.InText} {
			value := fmt.Sprintf("canary-%d-%d-%s", i, j, letters(12))
			canaries = append(canaries, value)
			for k, v := range []string{value, "https://me:" + value + "@example.net/x?token=" + value, "redis://" + value + ":" + value + "x@h/0", "Bearer " + value, "host=a password=" + value} {
				inv.Candidates = append(inv.Candidates, scanner.Candidate{Mechanism: m, Place: p, Name: "SERVICE_PASSWORD\x1b[2J", Value: secret.New(v), Kind: scanner.Kubernetes,
					Object: scanner.Object{Kind: "Deployment", Name: "x\x07"}, At: scanner.Position{Path: "z.yaml", Line: 100*i + 10*j + k}})
			}
		}
	}
	s := judge(inv, func(o *Options) { o.ValuePatterns = mustPatterns(t) })
	doc, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	doc = append(doc, fmt.Sprintf("%v %+v %#v", s, s, s)...)
	for _, c := range canaries {
		// A user name may stand in an endpoint; here it equals the password on purpose.
		if i := bytes.Index(doc, []byte(c)); i >= 0 && !bytes.HasSuffix(doc[:i], []byte(`"user":"`)) && !bytes.Contains(doc[max(0, i-60):i], []byte("User:")) {
			t.Errorf("a value is in the document, after %q", doc[max(0, i-60):i])
		}
	}
	if bytes.Contains(doc, []byte("\\u001b")) || bytes.Contains(doc, []byte("\\u0007")) {
		t.Error("a control character of a name is in the document")
	}
	if len(s.Findings) < 60 {
		t.Errorf("only %d findings: the canary proves little", len(s.Findings))
	}
}

func TestWorst(t *testing.T) {
	s := &Scan{}
	if _, any := s.Worst(); any || s.Exceeds(Info) {
		t.Error("a scan without findings exceeds something")
	}
	s.Findings = []Finding{{Severity: Low}, {Severity: High}, {Severity: Medium}}
	if w, _ := s.Worst(); w != High || !s.Exceeds(High) || s.Exceeds(Critical) {
		t.Error("wrong")
	}
}

// A repository may be built to make the joins explode.
func TestHostileSizesEnd(t *testing.T) {
	inv := &scanner.Inventory{}
	const n = 2000
	for i := range n {
		inv.Workloads = append(inv.Workloads, scanner.Workload{ID: fmt.Sprint("w", i), Object: scanner.Object{Kind: "service", Name: fmt.Sprint("w", i)}})
		add := func(c scanner.Candidate, path string) {
			c.At = scanner.Position{Path: path, Line: i + 1}
			inv.Candidates = append(inv.Candidates, c)
		}
		add(scanner.Candidate{Kind: scanner.Dotenv, Mechanism: scanner.Literal, Name: fmt.Sprintf("K%d_PASSWORD", i), Value: secret.New(fmt.Sprint("Copper-Kettle-", i))}, ".env")
		add(scanner.Candidate{Kind: scanner.Compose, Mechanism: scanner.Literal, Name: "SAME_PASSWORD", Value: secret.New("Silver-Birch-58"), Workload: fmt.Sprint("w", i)}, "a.yaml")
		add(scanner.Candidate{Kind: scanner.Compose, Mechanism: scanner.BulkRef, Ref: scanner.Ref{Store: scanner.EnvFile, Name: ".env"}, Workload: fmt.Sprint("w", i)}, "b.yaml")
		add(scanner.Candidate{Kind: scanner.Compose, Mechanism: scanner.Literal, Name: "OTHER_PASSWORD", Value: secret.New(fmt.Sprint("Amber-Lantern-", i))}, "c.yaml")
		add(scanner.Candidate{Kind: scanner.Python, Mechanism: scanner.CodeRead, Name: "OTHER_PASSWORD"}, fmt.Sprintf("d%d/x.py", i%50))
	}
	start := time.Now()
	s := judge(inv)
	if len(s.Findings) != 5*n {
		t.Errorf("%d findings", len(s.Findings))
	}
	if took := time.Since(start); took > 2*time.Minute {
		t.Errorf("%s for %d candidates", took, len(inv.Candidates))
	} else {
		t.Log(took)
	}
}
