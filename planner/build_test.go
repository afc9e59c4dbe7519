package planner

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

var update = flag.Bool("update", false, "write the golden files anew")

func written(t *testing.T, p *Plan) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The whole plan, as a reviewer sees it.
func TestGoldenPlan(t *testing.T) {
	for name, fixed := range map[string]bool{"first": false, "fixed": true} {
		tree, scan := platform(fixed)
		p := mustBuild(t, scan, harbour(), tree)
		golden(t, "testdata/"+name+"-plan.yaml", written(t, p))
		golden(t, "testdata/"+name+"-README.md", string(Artifacts(p)[readmeName]))
	}
	_, scan := platform(false)
	b, err := json.MarshalIndent(Map(scan, Scoring{}), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/riskmap.json", string(b)+"\n")
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (run go test -update if this is meant):\n%s", file, diff)
	}
}

func TestFirstPlanWaitsForTheDeveloper(t *testing.T) {
	tree, scan := platform(false)
	steps := stepsOf(mustBuild(t, scan, harbour(), tree))
	for id, want := range map[string]struct {
		status  Status
		blocker string
	}{
		"patch-deployment-berth-north-reader":       {Ready, ""},
		"patch-compose-yaml-service-reader":         {Ready, ""},
		"patch-deployment-berth-south-writer":       {NeedsCodeChange, "agents/writer/main.py:3: DATABASE_URL is read from the environment once at import"},
		"ci-github-workflows-deploy-yml-job-deploy": {NeedsCodeChange, ".github/workflows/deploy.yml:4:"},
		"remove-env-database-url":                   {NeedsCodeChange, "waits for step ci-"},
		"retire":                                    {NeedsCodeChange, "waits for step ci-"},
	} {
		s, ok := steps[id]
		if !ok || s.Status != want.status || !strings.HasPrefix(strings.Join(s.Blockers, "\n"), want.blocker) {
			t.Errorf("%s: %v %q, want %v %q", id, s.Status, s.Blockers, want.status, want.blocker)
		}
	}
	if _, ok := steps["patch-compose-yaml-service-gangway"]; ok {
		t.Error("gangway gets .env and does not use the variable: nothing to patch")
	}
}

func TestFixedPlanIsReady(t *testing.T) {
	tree, scan := platform(true)
	p := mustBuild(t, scan, harbour(), tree)
	p.each(func(s Step) {
		if s.Status != Ready {
			t.Errorf("%s: %s %v", s.ID, s.Status, s.Blockers)
		}
		if s.Check == "" || s.Undo == "" || len(s.Reason) == 0 || s.Title == "" {
			t.Errorf("%s lacks its check, undo, reason or title", s.ID)
		}
	})
	retire := stepsOf(p)["retire"]
	if retire.Gate != AfterVerify {
		t.Errorf("retirement has gate %q", retire.Gate)
	}
	// Each finding is closed by a step or open with a reason.
	seen := map[string]int{}
	p.each(func(s Step) {
		for _, id := range slices.Compact(s.Closes) {
			seen[id]++
		}
	})
	for _, o := range p.Open {
		if o.Why == "" || seen[o.Finding] > 0 {
			t.Errorf("%s is closed and open, or open without a reason", o.Finding)
		}
		seen[o.Finding]++
	}
	for _, f := range scan.Findings {
		if seen[f.ID] == 0 {
			t.Errorf("finding %s is neither closed nor open", f.ID)
		}
	}
}

// Every order of everything in a scan gives the same bytes.
func TestPlanDoesNotDependOnOrder(t *testing.T) {
	tree, scan := platform(false)
	want := written(t, mustBuild(t, scan, harbour(), tree))
	wantMap, _ := json.Marshal(Map(scan, Scoring{}))
	for seed := range uint64(30) {
		shuffled := shuffle(t, scan, rand.New(rand.NewPCG(seed, 1)))
		before, _ := json.Marshal(shuffled)
		if diff := cmp.Diff(want, written(t, mustBuild(t, shuffled, harbour(), tree))); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		if got, _ := json.Marshal(Map(shuffled, Scoring{})); !bytes.Equal(got, wantMap) {
			t.Fatalf("seed %d: another risk map", seed)
		}
		if after, _ := json.Marshal(shuffled); !bytes.Equal(before, after) {
			t.Fatal("the scan was changed")
		}
	}
}

func shuffle(t *testing.T, scan *rules.Scan, r *rand.Rand) *rules.Scan {
	t.Helper()
	b, err := json.Marshal(scan)
	if err != nil {
		t.Fatal(err)
	}
	var s rules.Scan
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	mix := func(list []string) { r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] }) }
	r.Shuffle(len(s.Findings), func(i, j int) { s.Findings[i], s.Findings[j] = s.Findings[j], s.Findings[i] })
	r.Shuffle(len(s.Secrets), func(i, j int) { s.Secrets[i], s.Secrets[j] = s.Secrets[j], s.Secrets[i] })
	r.Shuffle(len(s.Workloads), func(i, j int) { s.Workloads[i], s.Workloads[j] = s.Workloads[j], s.Workloads[i] })
	r.Shuffle(len(s.Reads), func(i, j int) { s.Reads[i], s.Reads[j] = s.Reads[j], s.Reads[i] })
	mix(s.Tenants)
	for _, c := range s.Secrets {
		mix(c.Findings)
		mix(c.Workloads)
		mix(c.Tenants)
		mix(c.Names)
	}
	return &s
}

func TestPlanSurvivesItsFile(t *testing.T) {
	tree, scan := platform(false)
	text := written(t, mustBuild(t, scan, harbour(), tree))
	p, err := ReadPlan(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, written(t, p)); diff != "" {
		t.Error(diff)
	}
	if problems := Lint(p, scan); len(problems) > 0 {
		t.Error(problems)
	}
}

// No value reaches a plan, an artifact, the risk map or a problem.
func TestNoValueInAnyDocument(t *testing.T) {
	for _, fixed := range []bool{false, true} {
		tree, scan := platform(fixed)
		p := mustBuild(t, scan, harbour(), tree)
		documents := map[string][]byte{"plan.yaml": []byte(written(t, p))}
		for name, b := range Artifacts(p) {
			documents[name] = b
		}
		documents["riskmap.json"], _ = json.Marshal(Map(scan, Scoring{}))
		if len(documents) < 20 {
			t.Errorf("only %d documents", len(documents))
		}
		for name, b := range documents {
			for _, c := range []string{canary, llmCanary} {
				if bytes.Contains(b, []byte(c)) {
					t.Errorf("%s holds a value", name)
				}
			}
		}
	}
}

func TestNothingToMigrate(t *testing.T) {
	tree, scan := platform(false)
	for i := range scan.Secrets {
		scan.Secrets[i].Class = rules.LLMKey
	}
	p := mustBuild(t, scan, harbour(), tree)
	p.each(func(s Step) { t.Errorf("step %s without a database credential", s.ID) })
	if len(p.Open) != len(scan.Findings) || p.Chosen.Secret != "" {
		t.Errorf("%d findings open of %d", len(p.Open), len(scan.Findings))
	}
}

func TestChooseTheMostShared(t *testing.T) {
	risk := func(id string, class rules.Class, score int, tenants ...string) Risk {
		return Risk{ID: id, Name: id, Class: class, Score: score, Tenants: tenants}
	}
	for _, c := range []struct {
		list []Risk
		want string
	}{
		{[]Risk{risk("a", rules.Database, 90, "x"), risk("b", rules.Database, 10, "x", "y")}, "b"},
		{[]Risk{risk("a", rules.Database, 10, "x"), risk("b", rules.Database, 90, "y")}, "b"},
		{[]Risk{risk("b", rules.Database, 10, "x"), risk("a", rules.Database, 10, "y")}, "a"},
		{[]Risk{risk("a", rules.LLMKey, 99, "x", "y", "z"), risk("b", rules.Database, 1)}, "b"},
	} {
		if got, _ := choose(&RiskMap{Secrets: c.list}); got.ID != c.want {
			t.Errorf("chose %s, want %s", got.ID, c.want)
		}
	}
}

// What only the operator knows is asked for by its key.
func TestMissingSettings(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Settings)
		step   string
		want   string
	}{
		"no entry":   {func(s *Settings) { s.Databases[0].Variables = []string{"OTHER"} }, "settings", "no entry of databases lists DATABASE_URL"},
		"no tables":  {func(s *Settings) { s.Databases[0].Tenancy.Tables = nil; s.Databases[0].Grants = nil }, "settings", "databases[0].tenancy.tables is missing"},
		"no column":  {func(s *Settings) { s.Databases[0].Tenancy.Column = "" }, "settings", "databases[0].tenancy.column is missing"},
		"no grants":  {func(s *Settings) { s.Databases[0].Grants = s.Databases[0].Grants[2:] }, "patch-deployment-berth-north-reader", "databases[0].grants: say what role reader"},
		"no keys":    {func(s *Settings) { s.Auth.PublicKeysFile = "" }, "auth-config", "auth.publicKeysFile or auth.jwksUrl"},
		"lost keys":  {func(s *Settings) { s.Auth.PublicKeysFile = "deploy/none.pem" }, "patch-deployment-berth-north-reader", "auth.publicKeysFile: there is no deploy/none.pem"},
		"no issuer":  {func(s *Settings) { s.Auth.Issuer = "" }, "auth-config", "auth.issuer"},
		"k8s on dev": {func(s *Settings) { s.Auth = Auth{} }, "patch-compose-yaml-service-reader", "auth.method jwt"},
	} {
		tree, scan := platform(true)
		settings := harbour()
		c.change(&settings)
		p := mustBuild(t, scan, settings, tree)
		s := stepsOf(p)[c.step]
		if s.Status != NeedsInput || !strings.Contains(strings.Join(s.Blockers, "\n"), c.want) {
			t.Errorf("%s: %s is %q %v, want %q", name, c.step, s.Status, s.Blockers, c.want)
		}
		if s := stepsOf(p)["retire"]; s.ID != "" && s.Status == Ready {
			t.Errorf("%s: the old login would be retired", name)
		}
	}
}

// Settings that are wrong are an error that names the key and never a plan.
func TestWrongSettings(t *testing.T) {
	for want, change := range map[string]func(*Settings, fstest.MapFS){
		"databases[0].ttl":              func(s *Settings, _ fstest.MapFS) { s.Databases[0].TTL = "2h" },
		`databases[0].ttl "10s"`:        func(s *Settings, _ fstest.MapFS) { s.Databases[0].TTL = "10s" },
		"longer than maxTtl":            func(s *Settings, _ fstest.MapFS) { s.Databases[0].TTL, s.Databases[0].Max = "20m", "10m" },
		"databases[0].name":             func(s *Settings, _ fstest.MapFS) { s.Databases[0].Name = `x"; DROP ROLE postgres; --` },
		"databases[0].host":             func(s *Settings, _ fstest.MapFS) { s.Databases[0].Host = "user:pass@host" },
		"databases[0].sslmode":          func(s *Settings, _ fstest.MapFS) { s.Databases[0].SSLMode = "disable&host=/tmp" },
		"databases[0].keep":             func(s *Settings, _ fstest.MapFS) { s.Databases[0].Keep = []string{"PUBLIC"} },
		"databases[0].tenancy.column":   func(s *Settings, _ fstest.MapFS) { s.Databases[0].Tenancy.Column = "x = x OR y" },
		"databases[0].tenancy.tables":   func(s *Settings, _ fstest.MapFS) { s.Databases[0].Tenancy.Tables = []string{"a.b.c"} },
		"have the same value":           func(s *Settings, _ fstest.MapFS) { s.Databases[0].Tenancy.Values = []string{"north=1", "south=1"} },
		"databases[0].tenancy.values":   func(s *Settings, _ fstest.MapFS) { s.Databases[0].Tenancy.Values = []string{`north=\`} },
		"without row security":          func(s *Settings, _ fstest.MapFS) { s.Databases[0].Grants[0].Table = "payroll" },
		"databases[0].grants[0].rights": func(s *Settings, _ fstest.MapFS) { s.Databases[0].Grants[0].Rights = []string{"ALL"} },
		"auth.method":                   func(s *Settings, _ fstest.MapFS) { s.Auth.Method = "approle" },
		"auth.mount":                    func(s *Settings, _ fstest.MapFS) { s.Auth.Mount = "../sys" },
		"auth.audience":                 func(s *Settings, _ fstest.MapFS) { s.Auth.Audience = "a\nb" },
		"auth.publicKeysFile: deploy/issuer.pem: block 1": func(_ *Settings, tree fstest.MapFS) {
			tree["deploy/issuer.pem"] = &fstest.MapFile{Data: freshPrivateKey(t)}
		},
	} {
		tree, scan := platform(true)
		settings := harbour()
		change(&settings, tree)
		_, err := Build(scan, Map(scan, Scoring{}), settings, tree)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		} else if strings.Contains(err.Error(), "user:pass") {
			t.Error("the error quotes a login")
		}
	}
}

// Without anyone who uses the credential nothing can be proven, so nothing is
// taken away.
func TestNoConsumers(t *testing.T) {
	tree, scan := platform(true)
	scan.Workloads = nil
	scan.Findings = slices.DeleteFunc(scan.Findings, func(f rules.Finding) bool { return f.Workload != "" })
	for i := range scan.Secrets {
		scan.Secrets[i].Workloads = nil
	}
	steps := stepsOf(mustBuild(t, scan, harbour(), tree))
	for _, id := range []string{"retire", "remove-env-database-url"} {
		if s := steps[id]; s.Status != NeedsInput || !strings.Contains(strings.Join(s.Blockers, ""), "no workload that uses") {
			t.Errorf("%s: %q %v", id, s.Status, s.Blockers)
		}
	}
}

// A URL with templates in it tells no host: the operator is asked.
func TestTemplatedEndpoint(t *testing.T) {
	tree, scan := platform(true)
	scan.Secrets[0].Endpoint = &rules.Endpoint{Scheme: "postgresql", User: "${USER}", Host: "${DB_HOST}", Database: "{{ db }}"}
	s := stepsOf(mustBuild(t, scan, harbour(), tree))["settings"]
	if got := strings.Join(s.Blockers, "\n"); !strings.Contains(got, "databases[0].host is missing") || !strings.Contains(got, "databases[0].legacyRole is missing") {
		t.Error(got)
	}
}

// Names of tenants and roles come from labels in manifests: hostile ones stop
// the plan.
func TestHostileNames(t *testing.T) {
	for _, tenant := range []string{`north"; DROP TABLE ships; --`, "north\ntoken_policies: root", "../../sys", "NORTH", strings.Repeat("n", 60), "north*", "{{identity}}"} {
		tree, scan := platform(true)
		for i := range scan.Workloads {
			if scan.Workloads[i].Tenant == "north" {
				scan.Workloads[i].Tenant = tenant
			}
		}
		if _, err := Build(scan, Map(scan, Scoring{}), harbour(), tree); err == nil || !strings.Contains(err.Error(), "lower-case letters") {
			t.Errorf("tenant %q: %v", tenant, err)
		}
	}
}

func TestAmbiguousNamesAreRefused(t *testing.T) {
	tree, scan := platform(true)
	for i := range scan.Workloads {
		switch w := &scan.Workloads[i]; {
		case w.Tenant == "north":
			w.Tenant, w.AgentRole = "a-b", "c"
		case w.Tenant == "south":
			w.Tenant, w.AgentRole = "a", "b-c"
		}
		scan.Workloads[i].Object.Namespace = "one"
	}
	settings := harbour()
	settings.Databases[0].Grants = []Grant{{"c", "ships", []string{"SELECT"}}, {"b-c", "ships", []string{"SELECT"}}}
	if _, err := Build(scan, Map(scan, Scoring{}), settings, tree); err == nil || !strings.Contains(err.Error(), "rename a tenant or a role") {
		t.Error(err)
	}
}

func TestTenancyOfWorkloads(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*rules.Workload)
		status Status
		want   string
	}{
		"several":      {func(w *rules.Workload) { w.Tenant, w.Tenants = "", []string{"north", "south"} }, NeedsBroker, "serves north, south"},
		"unknown":      {func(w *rules.Workload) { w.Tenant = "" }, NeedsInput, "tenants[].selectors"},
		"no namespace": {func(w *rules.Workload) { w.Object.Namespace = "" }, NeedsInput, "no metadata.namespace"},
		"suppressed":   {func(w *rules.Workload) {}, NeedsInput, "a baseline admits it"},
	} {
		tree, scan := platform(true)
		for i := range scan.Workloads {
			if w := &scan.Workloads[i]; w.ID == "Deployment/berth-south/reader" {
				c.change(w)
			}
		}
		if name == "suppressed" {
			scan.Findings = slices.DeleteFunc(scan.Findings, func(f rules.Finding) bool { return f.Workload == "Deployment/berth-south/reader" })
		}
		p := mustBuild(t, scan, harbour(), tree)
		s := stepsOf(p)["patch-deployment-berth-south-reader"]
		if s.Status != c.status || !strings.Contains(strings.Join(s.Blockers, "\n"), c.want) || s.Op.Patch.Diff != "" {
			t.Errorf("%s: %q %v, want %s %q and no diff", name, s.Status, s.Blockers, c.status, c.want)
		}
		if stepsOf(p)["retire"].Status == Ready {
			t.Errorf("%s: the old login would be retired under it", name)
		}
	}
}

func TestKubernetesAuth(t *testing.T) {
	tree, scan := platform(true)
	settings := harbour()
	settings.Auth = Auth{Method: "kubernetes"}
	steps := stepsOf(mustBuild(t, scan, settings, tree))
	want := map[string]any{
		"bound_service_account_names": []string{"south-writer"}, "bound_service_account_namespaces": []string{"berth-south"},
		"audience": "vault", "alias_name_source": "serviceaccount_name",
		"token_policies": []string{"harbour-south-writer"}, "token_no_default_policy": true, "token_ttl": 300, "token_max_ttl": 3600,
	}
	role := steps["auth-role-harbour-south-writer"].Op.VaultObject
	if diff := cmp.Diff(want, role.Data); diff != "" || role.Path != "auth/agents-kubernetes/role/harbour-south-writer" {
		t.Error(role.Path, diff)
	}
	if diff := steps["patch-deployment-berth-south-writer"].Op.Patch.Diff; strings.Contains(diff, "auth-config") || !strings.Contains(diff, "auth-type: kubernetes") {
		t.Error(diff)
	}
}

func TestWorkloadKindsThatAreNotConsumers(t *testing.T) {
	tree, scan := platform(true)
	for i := range scan.Findings {
		if scan.Findings[i].Workload == "Deployment/berth-south/reader" {
			scan.Findings[i].Context = scanner.Example
		}
	}
	for i := range scan.Workloads {
		if scan.Workloads[i].ID == "Deployment/berth-south/reader" {
			scan.Workloads[i].Context = scanner.Example
		}
	}
	if _, ok := stepsOf(mustBuild(t, scan, harbour(), tree))["patch-deployment-berth-south-reader"]; ok {
		t.Error("an example is patched")
	}
}
