package planner_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// The bundled platform through the real scanner and rules: plan, the developer's
// commit, plan again, apply the diffs, rescan.
func TestBundledPlatform(t *testing.T) {
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS("../testdata/acme")); err != nil {
		t.Fatal(err)
	}
	git(t, root, "", "init", "-q")
	git(t, root, "", "add", "-A")

	waiting := map[string]planner.Status{}
	each(planned(t, root), func(s planner.Step) {
		if s.Status != planner.Ready {
			waiting[s.ID] = s.Status
		}
		if strings.Contains(s.ID, "researcher") && s.Status != planner.Ready {
			t.Errorf("%s: %s %v", s.ID, s.Status, s.Blockers)
		}
	})
	for _, id := range []string{"patch-deployment-tenant-borealis-support", "ci-github-workflows-deploy-yml-job-deploy", "remove-env-database-url", "retire"} {
		if waiting[id] != planner.NeedsCodeChange {
			t.Errorf("%s: %q, want %s", id, waiting[id], planner.NeedsCodeChange)
		}
	}

	commit, err := filepath.Abs("../testdata/acme/changes/support-reads-database-from-file.patch")
	if err != nil {
		t.Fatal(err)
	}
	git(t, root, "", "apply", "-p1", commit)
	p := planned(t, root)
	var closed []string
	each(p, func(s planner.Step) {
		if s.Status != planner.Ready {
			t.Errorf("%s: %s %v", s.ID, s.Status, s.Blockers)
		}
		if s.Op.Patch != nil {
			git(t, root, s.Op.Patch.Diff, "apply")
			closed = append(closed, s.Closes...)
		}
	})
	if len(p.Agents) != 6 || len(closed) != 8 {
		t.Errorf("%d identities and %d findings closed by patches, want 6 and 8", len(p.Agents), len(closed))
	}
	for _, f := range scanned(t, root).Findings {
		if slices.Contains(closed, f.ID) {
			t.Errorf("%s (%s) is still there", f.ID, f.Message)
		}
	}
}

func each(p *planner.Plan, f func(planner.Step)) {
	for _, st := range p.Stages {
		for _, s := range st.Steps {
			f(s)
		}
	}
}

func git(t *testing.T, dir, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func configured(t *testing.T, root string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, ".agentsec.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func scanned(t *testing.T, root string) *rules.Scan {
	t.Helper()
	inv, err := scanner.Scan(t.Context(), []string{root}, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var policy rules.Policy
	configured(t, root, &policy)
	return rules.Judge(inv, rules.Options{Policy: policy, Key: secret.NewKey(), Root: "."})
}

func planned(t *testing.T, root string) *planner.Plan {
	t.Helper()
	var settings planner.Settings
	configured(t, root, &settings)
	scan := scanned(t, root)
	p, err := planner.Build(scan, planner.Map(scan, settings.Scoring), settings, os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
