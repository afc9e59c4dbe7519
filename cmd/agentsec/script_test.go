package main

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

const scripts = "../../testdata/scripts"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"agentsec": main})
}

// TestScripts runs the stories in testdata/scripts through the real main.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 scripts,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               remember,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"nosecret": nosecret,
			"name":     name,
		},
	})
}

// TestEveryStoryHasACanary: a story that runs agentsec proves that it tells no
// value.
func TestEveryStoryHasACanary(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(scripts, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		story, _, _ := strings.Cut(string(text), "\n-- ")
		if !strings.Contains(story, "\nnosecret ") {
			t.Errorf("%s has no canary", file)
		}
	}
}

// original is what the story began with: the contents of its files. A copy of
// one of them is the story's own doing.
type original map[string]bool

func remember(env *testscript.Env) error {
	// A PATH of agentsec alone: no Vault on this machine.
	folder, _, _ := strings.Cut(env.Getenv("PATH"), string(os.PathListSeparator))
	env.Setenv("AGENTSEC_FOLDER", folder)
	files := original{}
	env.Values[original{}.key()] = files
	return filepath.WalkDir(env.WorkDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		files[string(text)] = true
		return err
	})
}

func (original) key() any { return "original" }

// exits CODE COMMAND… runs the command and wants exactly that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG…]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("%s: exit code %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// nosecret VALUE… fails if a value, plain or encoded, is in the last standard
// output or error, or in any file that the story did not begin with.
func nosecret(ts *testscript.TestScript, neg bool, values []string) {
	if neg || len(values) == 0 {
		ts.Fatalf("usage: nosecret VALUE…")
	}
	before := ts.Value(original{}.key()).(original)
	texts := map[string]string{"stdout": ts.ReadFile("stdout"), "stderr": ts.ReadFile("stderr")}
	ts.Check(filepath.WalkDir(ts.Getenv("WORK"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if !before[string(text)] {
			texts[path] = string(text)
		}
		return err
	}))
	for where, text := range texts {
		for i, v := range values {
			for _, form := range []string{v, base64.StdEncoding.EncodeToString([]byte(v)), url.QueryEscape(v), url.PathEscape(v)} {
				if bytes.Contains([]byte(text), []byte(form)) {
					ts.Fatalf("value %d is in %s", i+1, where)
				}
			}
		}
	}
}

// name FILE ESCAPED renames FILE to a name with Go escapes, which a txtar archive
// cannot hold.
func name(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: name FILE ESCAPED")
	}
	to := strings.NewReplacer(`\e`, "\x1b", `\u202e`, "\u202e").Replace(args[1])
	ts.Check(os.Rename(ts.MkAbs(args[0]), ts.MkAbs(to)))
}
