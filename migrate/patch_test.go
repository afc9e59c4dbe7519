package migrate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/planner"
)

const original = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"

const change = `--- a/dir/file.txt
+++ b/dir/file.txt
@@ -2,3 +2,3 @@
 two
-three
+THREE
 four
`

func patchRun(t *testing.T, text string) (*run, string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "dir", "file.txt")
	if err := os.WriteFile(path, []byte(text), 0o750); err != nil {
		t.Fatal(err)
	}
	tree, err := openTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tree.close)
	return &run{tree: tree}, path
}

func TestPatch(t *testing.T) {
	changed := strings.Replace(original, "three", "THREE", 1)
	tests := []struct{ name, in, want, err string }{
		{"fits", original, changed, ""},
		{"was applied", changed, changed, ""},
		{"fits further down", "zero\nzero\n" + original, "zero\nzero\n" + changed, ""},
		{"was applied further up", strings.TrimPrefix(changed, "one\n"), strings.TrimPrefix(changed, "one\n"), ""},
		{"fits, and was applied elsewhere", original + "a\nb\nc\n" + changed, changed + "a\nb\nc\n" + changed, ""},
		{"was applied, and fits elsewhere", changed + "a\nb\nc\n" + original, changed + "a\nb\nc\n" + original, ""},
		{"changed by others", strings.Replace(original, "three", "3", 1), "", "make a new plan"},
		{"empty", "", "", "make a new plan"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, path := patchRun(t, tt.in)
			op := patchOp{&planner.Patch{Diff: change, Files: []string{"dir/file.txt"}}}
			deltas, err := op.diff(t.Context(), r)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error: %v", err)
				}
				return
			}
			if err != nil || (len(deltas) > 0) != (tt.in != tt.want) {
				t.Fatalf("%d differences, %v", len(deltas), err)
			}
			if err := op.write(t.Context(), r, Entry{}); err != nil {
				t.Fatal(err)
			}
			got, _ := os.ReadFile(path)
			if string(got) != tt.want {
				t.Fatalf("%q, want %q", got, tt.want)
			}
			if info, _ := os.Stat(path); info.Mode().Perm() != 0o750 {
				t.Errorf("mode %v", info.Mode())
			}
			if deltas, err := op.diff(t.Context(), r); err != nil || len(deltas) > 0 {
				t.Errorf("after writing: %d differences, %v", len(deltas), err)
			}
			changes, _ := splitDeltas("s", deltas)
			if left, err := op.undo(t.Context(), r, Entry{Changes: changes}); err != nil || len(left) > 0 {
				t.Errorf("undo: %v %v", left, err)
			}
			if got, _ := os.ReadFile(path); string(got) != tt.in {
				t.Errorf("undo: %q, want %q", got, tt.in)
			}
			if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
				t.Error("something was left in the folder")
			}
		})
	}
}

func TestPatchRefusesTwoPlacesEquallyNear(t *testing.T) {
	r, _ := patchRun(t, "0\ntwo\nthree\nfour\n4\n5\n6\ntwo\nthree\nfour\n")
	diff := strings.Replace(change, "-2,3 +2,3", "-5,3 +5,3", 1)
	if _, err := (patchOp{&planner.Patch{Diff: diff, Files: []string{"dir/file.txt"}}}).diff(t.Context(), r); err == nil {
		t.Error("no error")
	}
}

func TestPatchNewAndDeletedFiles(t *testing.T) {
	const diff = "diff --git a/new/a.txt b/new/a.txt\nnew file mode 100755\n--- /dev/null\n+++ b/new/a.txt\n@@ -0,0 +1,2 @@\n+hello\n+world\n" +
		"diff --git a/dir/file.txt b/dir/file.txt\ndeleted file mode 100644\n--- a/dir/file.txt\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-bye\n-world\n"
	r, path := patchRun(t, "bye\nworld\n")
	op := patchOp{&planner.Patch{Diff: diff, Files: []string{"new/a.txt", "dir/file.txt"}}}
	deltas, err := op.diff(t.Context(), r)
	if err != nil || len(deltas) != 2 {
		t.Fatalf("%v %v", deltas, err)
	}
	if err := op.write(t.Context(), r, Entry{}); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(filepath.Dir(path), "..", "new", "a.txt")
	if text, _ := os.ReadFile(made); string(text) != "hello\nworld\n" {
		t.Errorf("made %q", text)
	}
	if info, err := os.Stat(made); err != nil || info.Mode().Perm()&0o100 == 0 {
		t.Errorf("mode %v", info)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the deleted file is still there")
	}
	if again, err := op.diff(t.Context(), r); err != nil || len(again) != 0 {
		t.Errorf("again: %v %v", again, err)
	}
	changes, _ := splitDeltas("s", deltas)
	if left, err := op.undo(t.Context(), r, Entry{Changes: changes}); err != nil || len(left) > 0 {
		t.Fatalf("undo: %v %v", left, err)
	}
	if text, _ := os.ReadFile(path); string(text) != "bye\nworld\n" {
		t.Errorf("undo: %q", text)
	}
	if _, err := os.Stat(made); err == nil {
		t.Error("undo left the new file")
	}
}

// Nothing outside the source tree is read or written, whatever a plan says.
func TestPathsAreConfined(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "file.txt")
	if err := os.WriteFile(outside, []byte(original), 0o644); err != nil {
		t.Fatal(err)
	}
	r, path := patchRun(t, original)
	dir := filepath.Dir(filepath.Dir(path))
	for link, to := range map[string]string{"link.txt": outside, "linkdir": filepath.Dir(outside), "inner.txt": "dir/file.txt", "innerdir": "dir"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, ".git", "hooks"), 0o755); err != nil {
		t.Fatal(err)
	}
	names := []string{
		"../file.txt", "dir/../../file.txt", outside, "link.txt", "linkdir/file.txt", "inner.txt", "innerdir/file.txt",
		".git/hooks/pre-commit", ".GIT/config", "dir", "", ".", `dir\file.txt`,
	}
	for _, name := range names {
		diff := strings.ReplaceAll(change, "dir/file.txt", name)
		op := patchOp{&planner.Patch{Diff: diff, Files: []string{name, "dir/file.txt"}}}
		if _, err := op.diff(t.Context(), r); err == nil {
			t.Errorf("diff of %q: no error", name)
		}
		if err := op.write(t.Context(), r, Entry{}); err == nil {
			t.Errorf("patch of %q: no error", name)
		}
		if err := r.tree.write(name, []byte("x"), 0o644); err == nil {
			t.Errorf("write to %q: no error", name)
		}
		if _, _, err := r.tree.read(name); err == nil {
			t.Errorf("read of %q: no error", name)
		}
	}
	if text, _ := os.ReadFile(outside); string(text) != original {
		t.Error("a file outside was changed")
	}
	unnamed := patchOp{&planner.Patch{Diff: change, Files: []string{"other.txt"}}}
	if _, err := unnamed.diff(t.Context(), r); err == nil {
		t.Error("a patch changed a file that its step does not name")
	}
}
