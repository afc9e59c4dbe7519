package localserver

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
)

// searchProc looks for a credential in what every process shows of itself, the
// servers' own children included.
func searchProc(t *testing.T, canary string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	seen := 0
	for _, name := range []string{"cmdline", "environ"} {
		files, err := filepath.Glob("/proc/[0-9]*/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				continue // of another user, or gone
			}
			seen++
			if bytes.Contains(b, []byte(canary)) {
				t.Errorf("the credential is in %s", file)
			}
		}
	}
	if seen == 0 {
		t.Error("could read nothing of /proc")
	}
}

func searchEnviron(t *testing.T, pid int, canary string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	if err != nil {
		t.Fatal(err)
	}
	if len(b) == 0 || bytes.Contains(b, []byte(canary)) {
		t.Errorf("its environment of %d bytes is empty or holds what we had in ours", len(b))
	}
}

// grep lists the files below dir that hold text.
func grep(t *testing.T, dir, text string) []string {
	t.Helper()
	var hits []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) { // PostgreSQL's temporary files come and go
			return nil
		}
		if bytes.Contains(b, []byte(text)) {
			hits = append(hits, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hits
}
