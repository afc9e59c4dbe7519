package migrate

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/planner"
)

func someJournal(t *testing.T) (dir string, lines []string) {
	t.Helper()
	dir = t.TempDir()
	j, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	op := planner.Op{VaultPolicy: &planner.VaultPolicy{Name: "p", HCL: `path "a/*" { capabilities = ["read"] }`}}
	for i := range 3 {
		id := fmt.Sprintf("step-%d", i)
		begin, err := j.append(Entry{Plan: "d", Step: id, Action: began, Op: &op, Changes: []Change{{Target: "a", Field: `,"sum":"`, After: "<&>", Action: Create}}, Restore: map[string]any{"ttl": 300, "sum": "x"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.append(Entry{Plan: "d", Step: id, Action: done, Of: begin.Seq}); err != nil {
			t.Fatal(err)
		}
	}
	j.close()
	text, err := os.ReadFile(filepath.Join(dir, journalFile))
	if err != nil {
		t.Fatal(err)
	}
	return dir, strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
}

func TestJournalReadsWhatItWrote(t *testing.T) {
	dir, _ := someJournal(t)
	j, err := readJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(j.entries) != 6 || !j.isDone("step-1") || len(j.standing()) != 3 || j.standing()[0].Step != "step-2" {
		t.Errorf("entries %d, standing %d", len(j.entries), len(j.standing()))
	}
	if info, _ := os.Stat(filepath.Join(dir, journalFile)); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if again, err := openJournal(dir); err != nil {
		t.Error(err)
	} else if _, err := again.append(Entry{Step: "more", Action: began}); err != nil {
		t.Error(err)
	} else {
		again.close()
	}
	if j, err := readJournal(dir); err != nil || len(j.entries) != 7 {
		t.Errorf("after one more: %v", err)
	}
}

// Every kind of edit of the history is refused, with the line where it shows.
func TestJournalRefusesEditedHistory(t *testing.T) {
	tests := []struct {
		name string
		edit func(lines []string) []string
		line int
	}{
		{"a value", func(l []string) []string { l[2] = strings.Replace(l[2], "step-1", "step-9", 1); return l }, 3},
		{"a value of the last line", func(l []string) []string { l[5] = strings.Replace(l[5], "done", "undo", 1); return l }, 6},
		{"a hash", func(l []string) []string {
			l[1] = strings.Replace(l[1], `"sum":"`, `"sum":"0`, 1)
			return l
		}, 2},
		{"a line is gone", func(l []string) []string { return append(l[:2], l[3:]...) }, 3},
		{"the first line is gone", func(l []string) []string { return l[1:] }, 1},
		{"two lines are exchanged", func(l []string) []string { l[1], l[2] = l[2], l[1]; return l }, 2},
		{"a line came in", func(l []string) []string {
			return append(l[:3], append([]string{"{}\n"}, l[3:]...)...)
		}, 4},
		{"a blank", func(l []string) []string { l[4] = strings.Replace(l[4], `,"time"`, `, "time"`, 1); return l }, 5},
		{"an unknown field", func(l []string) []string { l[4] = strings.Replace(l[4], `{"seq"`, `{"x":1,"seq"`, 1); return l }, 5},
		{"rubbish", func(l []string) []string { l[0] = "rubbish\n"; return l }, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, lines := someJournal(t)
			text := strings.TrimSuffix(strings.Join(tt.edit(lines), ""), "\n") + "\n"
			if err := os.WriteFile(filepath.Join(dir, journalFile), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("%s:%d:", journalFile, tt.line)
			if _, err := openJournal(dir); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("opening: %v, want one that names %s", err, want)
			}
			if _, err := readJournal(dir); err == nil {
				t.Error("reading: no error")
			}
			if now, _ := os.ReadFile(filepath.Join(dir, journalFile)); string(now) != text {
				t.Error("a refused journal was changed")
			}
		})
	}
}

// A crash can leave a part of the last line; what it announced did not happen.
func TestJournalDropsTornLine(t *testing.T) {
	dir, lines := someJournal(t)
	path := filepath.Join(dir, journalFile)
	whole := strings.Join(lines[:5], "")
	if err := os.WriteFile(path, []byte(whole+lines[5][:20]), 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	if _, open := j.isOpen("step-2"); !open || len(j.entries) != 5 {
		t.Errorf("%d entries", len(j.entries))
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, []byte(whole)) {
		t.Error("the torn line is still there")
	}
}
