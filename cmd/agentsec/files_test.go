package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/planner"
)

func TestReadSecret(t *testing.T) {
	dir := t.TempDir()
	path := func(name, text string, mode os.FileMode) string {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
		return p
	}
	v, err := readSecret("x", path("good", "a value\r\n", 0o600))
	if err != nil || v.Reveal() != "a value" {
		t.Errorf("got %d bytes, %v", len(v.Reveal()), err)
	}
	for name, p := range map[string]string{
		"readable by others": path("open", "canary-value", 0o644),
		"by the group":       path("group", "canary-value", 0o640),
		"empty":              path("empty", "\n", 0o600),
		"too large":          path("large", strings.Repeat("canary-value", 1<<14), 0o600),
		"missing":            filepath.Join(dir, "missing"),
		"a folder":           dir,
	} {
		_, err := readSecret("x", p)
		var usage usageError
		if !errors.As(err, &usage) || strings.Contains(err.Error()+hint(err), "canary-value") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := readSecret("x", filepath.Join(dir, "open")); !strings.Contains(hint(err), "chmod 600") {
		t.Errorf("no advice: %q", hint(err))
	}
}

func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	p := filepath.Join(dir, "out")
	if err := os.WriteFile(p, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(p, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, _ := os.Stat(p)
	if text, _ := os.ReadFile(p); string(text) != "new" || info.Mode().Perm() != 0o600 {
		t.Errorf("%q, mode %o", text, info.Mode().Perm())
	}
	if err := replaceFile(dir, nil, 0o600); err == nil {
		t.Error("a folder was replaced")
	}
	if err := replaceFile("/dev/null", nil, 0o600); err == nil {
		t.Error("a device was replaced")
	}
	if err := replaceFile(filepath.Join(dir, "no/such"), nil, 0o600); err == nil {
		t.Error("no error for a missing folder")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files are left", len(entries))
	}
}

// TestOutputIsAllOrNothing: a renderer that fails leaves the former file.
func TestOutputIsAllOrNothing(t *testing.T) {
	p := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(p, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &session{streams: streams{out: io.Discard, err: io.Discard}}
	err := s.writeOutput(p, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return errors.New("cannot go on")
	})
	if text, _ := os.ReadFile(p); err == nil || string(text) != "old" {
		t.Errorf("%v, %q", err, text)
	}
}

func TestFolderKeepsWhatIsNotItsOwn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "migration")
	plan := &planner.Plan{Version: planner.PlanVersion, Source: ".", Stages: []planner.Stage{{Number: 3, ID: "databases", Title: "Databases", When: "now", Steps: []planner.Step{
		{ID: "policy", Title: "Policy", Status: planner.Ready, Reason: []string{}, Check: "c", Undo: "u", Artifact: "3-databases/policies/a.hcl",
			Op: planner.Op{VaultPolicy: &planner.VaultPolicy{Name: "a", HCL: "path \"x\" {}\n"}}},
	}}}}
	write := func() {
		t.Helper()
		f, err := openFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer f.close()
		if _, err := f.write(plan); err != nil {
			t.Fatal(err)
		}
	}
	write()
	journal := filepath.Join(dir, "journal.jsonl")
	if err := os.WriteFile(journal, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(dir, "3-databases/policies/a.hcl")
	if _, err := os.Stat(policy); err != nil {
		t.Fatal(err)
	}
	plan.Stages[0].Steps = []planner.Step{}
	write()
	if _, err := os.Stat(policy); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the artifact of the former plan is still there: %v", err)
	}
	if _, err := os.Stat(journal); err != nil {
		t.Errorf("the journal is gone: %v", err)
	}
}

func TestArtifactsStayInTheFolder(t *testing.T) {
	for _, name := range []string{"../x", "/x", "plan.yaml", "journal.jsonl", "verify.json", ".", "", "a/../../x"} {
		if artifactPath(name) == nil {
			t.Errorf("artifact %q is accepted", name)
		}
	}
	if err := artifactPath("3-databases/010-groups.sql"); err != nil {
		t.Error(err)
	}
}
