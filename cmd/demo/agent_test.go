package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/internal/secret"
)

// An agent in shell. It must look like Python for observe, so it is a copy of
// the shell under that name.
func observed(t *testing.T, env []string, script string) (*demo, *observation, string) {
	t.Helper()
	if !canSeeProcesses {
		t.Skip("this system has no /proc")
	}
	dir := t.TempDir()
	shell, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Skip("no /bin/sh")
	}
	if err := os.WriteFile(filepath.Join(dir, "python3"), shell, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "agent.py"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	d := &demo{canary: canaryWithBird(t), world: &world{platform: dir}}
	d.show = newShow(&out, d.canary)
	cmd := d.command(t.Context(), []string{filepath.Join(dir, "python3"), "agent.py"}, env...)
	o, err := d.observe(t.Context(), cmd, "agent.py")
	if err != nil {
		t.Fatal(err)
	}
	return d, o, out.String()
}

const line = `echo '{"agent":"researcher","tenant":"aurora","round":1,"rows":2,"tenants_seen":["aurora"],"db_user":"u%d"}'; sleep 0.7; `

func rounds() string { return fmt.Sprintf(line+line, 1, 2) }

func TestObserveReadsRounds(t *testing.T) {
	_, o, _ := observed(t, nil, rounds())
	if len(o.rounds) != 2 || len(o.users) != 2 || strings.Join(o.reach(), "") != "aurora" {
		t.Errorf("rounds %v, users %v", o.rounds, o.users)
	}
	if len(o.agents) == 0 || len(o.exposed) != 0 {
		t.Errorf("agents %v, exposed %d", o.agents, len(o.exposed))
	}
}

// The demo's look at /proc fails for every way in which a secret gets there.
func TestCleanSeesSecretsInProc(t *testing.T) {
	const (
		first  = "echo postgres://u:issued-1-credential@127.0.0.1/acme > FILE.new; mv FILE.new FILE\nsleep 0.4\n"
		second = "echo postgres://u:issued-2-credential@127.0.0.1/acme > FILE.new; mv FILE.new FILE\n"
	)
	good := first + second + rounds() + "rm FILE"
	tests := map[string]struct {
		variable string // beside DATABASE_URL_FILE
		script   string
		want     string // in the error; "" none
	}{
		"clean":                  {"", good, ""},
		"in the environment":     {"X=" + bird, good, "environ"},
		"in a child's":           {"", "(export X='" + bird + "'; exec sleep 0.5)\n" + good, "environ"},
		"on a command line":      {"", "sh -c 'sleep 0.5; : " + bird + "'\n" + good, "cmdline"},
		"issued, in a child's":   {"", first + "X=$(cat FILE) sh -c 'sleep 0.5; :'\n" + good, "environ"},
		"no rotation":            {"", first + rounds() + "rm FILE", "issued credentials"},
		"the file is left there": {"", first + second + rounds(), "still there"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "url")
			env := []string{"DATABASE_URL_FILE=" + file}
			if test.variable != "" {
				env = append(env, test.variable)
			}
			d, o, out := observed(t, env, strings.ReplaceAll(test.script, "FILE", file))
			err := o.clean(d)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if strings.Contains(out+fmt.Sprint(err), bird) {
				t.Error("the secret was told")
			}
		})
	}
}

func TestCleanNeedsTheFileVariable(t *testing.T) {
	d, o, _ := observed(t, nil, rounds())
	if err := o.clean(d); err == nil || !strings.Contains(err.Error(), "DATABASE_URL_FILE") {
		t.Errorf("got %v", err)
	}
}

func TestAgentOutputIsScreened(t *testing.T) {
	d, _, out := observed(t, nil, "echo 'connecting with "+bird+"'; sleep 0.3")
	if strings.Contains(out, bird) {
		t.Error("the demo printed what it should hide")
	}
	if _, _, places := d.canary.verdict(); len(places) != 1 {
		t.Errorf("%d places, want 1", len(places))
	}
}

func TestPassword(t *testing.T) {
	got, err := password(secret.New("postgres://u:a%2Fb-c@h/d\n"))
	if err != nil || got.Reveal() != "a/b-c" {
		t.Errorf("error %v", err)
	}
	for _, bad := range []string{"postgres://u@h/d", "postgres://u:" + bird + "@h:port/d", "\x7f:" + bird} {
		if _, err := password(secret.New(bad)); err == nil || strings.Contains(err.Error(), bird) {
			t.Error("a URL without a readable password was accepted or quoted")
		}
	}
}
