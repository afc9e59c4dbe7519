package scanner

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/agentsec/agentsec/internal/secret"
)

// tree writes files below a new folder: path → content.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for p, content := range files {
		full := filepath.Join(dir, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tell matches the word TELLTALE, so that tests see which text was matched.
func tell(_ string, text []byte) []TextMatch {
	var hits []TextMatch
	for i, line := range bytes.Split(text, []byte("\n")) {
		if col := bytes.Index(line, []byte("TELLTALE")); col >= 0 {
			hits = append(hits, TextMatch{Pattern: "telltale", Line: i + 1, Column: col + 1, Value: secret.New("TELLTALE")})
		}
	}
	return hits
}

func scanFor(t *testing.T, opts Options, paths ...string) *Inventory {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	inv, err := Scan(ctx, paths, opts)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func places(inv *Inventory) []string {
	var out []string
	for _, c := range inv.Candidates {
		out = append(out, c.At.Path)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestOddFilesNeitherBlockNorHide(t *testing.T) {
	dir := tree(t, map[string]string{
		"plain.txt":              "TELLTALE\n",
		"node_modules/x/a.txt":   "TELLTALE\n",
		"go.sum":                 "TELLTALE\n",
		"binary.bin":             "\x7fELF\x00TELLTALE\n",
		"deep/a/b/c/d/plain.txt": "x\nTELLTALE\n",
	})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"loop": ".", "out": "/etc/passwd", "dangling": "nowhere"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	wide := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune("one\r\nTELLTALE\r\n")) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	if err := os.WriteFile(filepath.Join(dir, "wide.txt"), wide, 0o644); err != nil {
		t.Fatal(err)
	}
	inv := scanFor(t, Options{Text: tell}, dir)
	want := []string{"deep/a/b/c/d/plain.txt", "plain.txt", "wide.txt"}
	if got := places(inv); !slices.Equal(got, want) {
		t.Errorf("hits in %v, want %v", got, want)
	}
	for reason, n := range map[string]int{"installed packages": 1, "lock file": 1, "binary": 1, "symbolic link": 3, "not a regular file": 1} {
		if inv.Coverage.Excluded[reason] != n {
			t.Errorf("excluded as %q: %d, want %d", reason, inv.Coverage.Excluded[reason], n)
		}
	}
	if len(inv.Coverage.Skipped) != 0 {
		t.Errorf("skipped: %v", inv.Coverage.Skipped)
	}
}

func TestUnreadableFileIsSkippedNotClean(t *testing.T) {
	if os.Getuid() == 0 {
		// Root reads everything: drop to nobody in a child of this test.
		dir := tree(t, map[string]string{"locked.txt": "TELLTALE\n", "open.txt": "TELLTALE\n"})
		for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(filepath.Join(dir, "locked.txt"), 0); err != nil {
			t.Fatal(err)
		}
		exe := filepath.Join(dir, "test.bin")
		self, err := os.ReadFile("/proc/self/exe")
		if err != nil {
			t.Skip("no /proc on this system")
		}
		if err := os.WriteFile(exe, self, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(exe, "-test.run", "^TestUnreadableFileIsSkippedNotClean$", "-test.v")
		cmd.Env = []string{"AGENTSEC_TEST_TREE=" + dir, "TMPDIR=" + dir}
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("--- PASS")) {
			t.Fatalf("as nobody: %v\n%s", err, out)
		}
		return
	}
	dir := os.Getenv("AGENTSEC_TEST_TREE")
	if dir == "" {
		dir = tree(t, map[string]string{"locked.txt": "TELLTALE\n", "open.txt": "TELLTALE\n"})
		if err := os.Chmod(filepath.Join(dir, "locked.txt"), 0); err != nil {
			t.Fatal(err)
		}
	}
	inv := scanFor(t, Options{Text: tell}, filepath.Join(dir, "locked.txt"), filepath.Join(dir, "open.txt"))
	if got := places(inv); !slices.Equal(got, []string{"open.txt"}) {
		t.Errorf("hits in %v", got)
	}
	if len(inv.Coverage.Skipped) != 1 || inv.Coverage.Skipped[0].Path != "locked.txt" || !strings.Contains(inv.Coverage.Skipped[0].Reason, "permission denied") {
		t.Errorf("skipped: %+v", inv.Coverage.Skipped)
	}
}

func TestBinaryContentInConfigurationIsNotClean(t *testing.T) {
	dir := tree(t, map[string]string{".env": "API_TOKEN=abc\x00def\n", "image.png": "\x89PNG\x00"})
	inv := scanFor(t, Options{}, dir)
	if len(inv.Coverage.Skipped) != 1 || inv.Coverage.Skipped[0].Path != ".env" || inv.Coverage.Excluded["binary"] != 1 {
		t.Errorf("coverage: %+v", inv.Coverage)
	}
}

func TestLargeFileIsMatchedAcrossChunks(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	filler := strings.Repeat("x", 1023) + "\n"
	var want []int
	for line := 1; b.Len() < maxStructured+3*chunkSize; line++ {
		if line%1000 == 17 {
			b.WriteString("TELLTALE\n")
			want = append(want, line)
			continue
		}
		b.WriteString(filler)
	}
	if err := os.WriteFile(filepath.Join(dir, "large.log"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	inv := scanFor(t, Options{Text: tell}, dir)
	var got []int
	for _, c := range inv.Candidates {
		got = append(got, c.At.Line)
	}
	if !slices.Equal(got, want) {
		t.Errorf("hits on lines %v, want %v", got, want)
	}
	if inv.Coverage.Bytes != int64(b.Len()) {
		t.Errorf("%d bytes read, want %d", inv.Coverage.Bytes, b.Len())
	}
}

func TestReferencesAreReadUpToTheRootAndNoFurther(t *testing.T) {
	dir := tree(t, map[string]string{
		".git/HEAD":        "ref: refs/heads/main\n",
		".env":             "SHARED_TOKEN=inside-the-repository\n",
		"app/compose.yaml": "services:\n  web:\n    image: a\n    env_file: [../.env, ../../outside.env]\n",
		"other/.env":       "OTHER_TOKEN=never-asked-for\n",
	})
	outside := filepath.Join(filepath.Dir(dir), "outside.env")
	if err := os.WriteFile(outside, []byte("OUTSIDE_TOKEN=beyond\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(outside)
	inv := scanFor(t, Options{}, filepath.Join(dir, "app"))
	var names []string
	for _, c := range inv.Candidates {
		names = append(names, c.Name)
		if c.Name == "SHARED_TOKEN" && (!c.Outside || c.At.Path != ".env") {
			t.Errorf("the referenced file: %+v", c)
		}
	}
	if !slices.Contains(names, "SHARED_TOKEN") || slices.Contains(names, "OUTSIDE_TOKEN") || slices.Contains(names, "OTHER_TOKEN") {
		t.Errorf("candidates %v", names)
	}
	if inv.Coverage.Files != 1 {
		t.Errorf("%d files covered, want the one within the path", inv.Coverage.Files)
	}
}

func TestUntrackedFilesAreTold(t *testing.T) {
	dir := tree(t, map[string]string{".env": "A_TOKEN=x\n", ".env.local": "B_TOKEN=y\n", ".gitignore": ".env.local\n"})
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v %s", args, err, out)
		}
	}
	for _, c := range scanFor(t, Options{}, dir).Candidates {
		if want := c.At.Path == ".env.local"; c.Untracked != want {
			t.Errorf("%s untracked: %v, want %v", c.At.Path, c.Untracked, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".git", "index"), []byte("DIRC\x00\x00\x00\x02\xff\xff\xff\xff"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range scanFor(t, Options{}, dir).Candidates {
		if c.Untracked {
			t.Errorf("%s counts as untracked although the index is damaged", c.At.Path)
		}
	}
}

func TestAFailingExtractorIsAVisibleGap(t *testing.T) {
	y := yield{}
	y.found.file = &file{path: "x"}
	y.found.run(&extractor{kind: Text, extract: func(*file, *found) { panic("hostile input") }}, y.found.file)
	if len(y.found.skipped) != 1 || strings.Contains(y.found.skipped[0].Reason, "hostile input") {
		t.Errorf("skipped: %+v", y.found.skipped)
	}
}

func TestNothingReadIsNotClean(t *testing.T) {
	dir := tree(t, map[string]string{".env": "API_TOKEN=x\n"})
	if inv := scanFor(t, Options{Exclude: []string{"**"}}, dir); len(inv.Coverage.Skipped) != 1 {
		t.Errorf("everything is excluded, and nothing is said: %+v", inv.Coverage)
	}
	if inv := scanFor(t, Options{}, t.TempDir()); len(inv.Coverage.Skipped) != 1 {
		t.Errorf("an empty folder: %+v", inv.Coverage)
	}
}

func TestErrorsOfScan(t *testing.T) {
	if _, err := Scan(t.Context(), []string{filepath.Join(t.TempDir(), "nowhere")}, Options{}); err == nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a path that does not exist: %v", err)
	}
	if _, err := Scan(t.Context(), []string{t.TempDir()}, Options{Exclude: []string{"[a"}}); err == nil {
		t.Error("a bad glob is accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Scan(ctx, []string{tree(t, map[string]string{"a": "b"})}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled scan: %v", err)
	}
}

func TestContexts(t *testing.T) {
	for p, want := range map[string]Context{
		".env": Deployed, ".env.example": Example, "env.sample": Example, ".env.template": Example, "example.env": Example,
		".mcp.env.example": Example, "deploy/template.yaml": Deployed, "charts/x/templates/a.yaml": Deployed,
		"examples/k8s/a.yaml": Example, "src/tests/a.py": Test, "src/test_a.py": Test, "a_test.go": Test, "latest/a.env": Deployed,
		"README.md": Docs, "docs/a.yaml": Docs, "docker/docker-compose.yml": Deployed, ".env.test": Test, ".env.production": Deployed,
		"contest/app.py": Deployed, "dist/config.yaml": Deployed, "config.yaml.dist": Example,
	} {
		if got := contextOf(p); got != want {
			t.Errorf("%s: %q, want %q", p, got, want)
		}
	}
}
