package planner

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// A large platform is planned in time that grows with its size and not with its
// square: 200 tenants of two agents each, in 200 manifests, beside 3000 sources.
func TestLargePlatform(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	tree, base := platform(true)
	b := &scanBuilder{scan: &rules.Scan{Version: rules.ScanVersion, Secrets: base.Secrets[:1], Reads: base.Reads}}
	b.scan.Secrets[0].Findings, b.scan.Secrets[0].Workloads, b.scan.Secrets[0].Tenants = nil, nil, nil
	for i := range 3000 {
		tree[fmt.Sprintf("agents/common/part%d/module%d.py", i%50, i)] = &fstest.MapFile{Data: []byte("from common import database\nimport json\n")}
	}
	for i := range 200 {
		tenant := fmt.Sprintf("t%03d", i)
		file, m := "deploy/"+tenant+".yaml", tenantManifest(tenant)
		tree[file] = &fstest.MapFile{Data: []byte(m)}
		for n, role := range []string{"reader", "writer"} {
			o := scanner.Object{Kind: "Deployment", Namespace: "berth-" + tenant, Name: role}
			w := b.workload(rules.Workload{ID: o.String(), Object: o, Kind: scanner.Kubernetes, At: find(file, m, "name: "+role), Tenant: tenant,
				Images: []string{"registry.harbour.example/office/" + role}, AgentRole: role})
			o.Container = "main"
			b.finding("S1", rules.Finding{Kind: scanner.Kubernetes, Mechanism: scanner.StaticRef, Name: "DATABASE_URL", At: nth(file, m, "- name: DATABASE_URL", n), Object: o, Workload: w, Tenant: tenant})
		}
		b.finding("S1", rules.Finding{Kind: scanner.Kubernetes, Mechanism: scanner.Literal, Place: scanner.InSecretData, Name: "DATABASE_URL", Fingerprint: "f",
			At: find(file, m, "  DATABASE_URL: postgresql"), Object: scanner.Object{Kind: "Secret", Namespace: "berth-" + tenant, Name: "database"}})
	}
	b.finish()
	start := time.Now()
	p := mustBuild(t, b.scan, harbour(), tree)
	took := time.Since(start)
	if text := written(t, p); len(text) > 10<<20 || strings.Contains(text, canary) {
		t.Errorf("the plan has %d bytes, or a value in it", len(text))
	}
	if len(p.Agents) != 400 || stepsOf(p)["retire"].Status != Ready {
		t.Errorf("%d identities, retirement %v", len(p.Agents), stepsOf(p)["retire"].Blockers)
	}
	t.Logf("%d steps, %d bytes, in %s", len(stepsOf(p)), len(written(t, p)), took)
	if took > time.Minute {
		t.Errorf("took %s", took)
	}
}
