package main

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/internal/secret"
)

// A value with characters that URLs encode; made up.
const bird = "Canary/Bird+2031=" + "song"

func canaryWithBird(t *testing.T) *canary {
	t.Helper()
	c := newCanary()
	if err := c.know("the bird", secret.New(bird)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCanaryFindsEveryForm(t *testing.T) {
	c := canaryWithBird(t)
	for name, form := range map[string]string{
		"plain": bird, "query": url.QueryEscape(bird), "path": url.PathEscape(bird),
		"base64": base64.StdEncoding.EncodeToString([]byte(bird)),
	} {
		if got := c.find([]byte("x" + form + "y")); len(got) != 1 {
			t.Errorf("%s: found %v", name, got)
		}
	}
	if got := c.find([]byte(bird[:len(bird)-1])); len(got) != 0 {
		t.Errorf("a part of the value: found %v", got)
	}
}

func TestCanaryRefusesShortValues(t *testing.T) {
	if newCanary().know("short", secret.New("1234567")) == nil {
		t.Error("a value that would be found everywhere was accepted")
	}
}

func TestScreenReplacesAndRemembers(t *testing.T) {
	c := canaryWithBird(t)
	if got := c.screen("a log", "clean"); got != "clean" {
		t.Errorf("clean text became %q", got)
	}
	got := c.screen("a log", "password "+bird+" here")
	if strings.Contains(got, bird) || !strings.Contains(got, "the bird") {
		t.Error("the value was not replaced by its name")
	}
	if _, _, places := c.verdict(); len(places) != 1 || places[0] != "a log: the bird" {
		t.Errorf("places: %d", len(places))
	}
}

// The last step of the demo fails when a document holds a secret.
func TestLookForSecretsSeesDocuments(t *testing.T) {
	for _, leaking := range []string{"", "scan.json", "migration/journal.jsonl", "migration/artifacts/policy.hcl", baseline} {
		w := &world{platform: t.TempDir()}
		write := func(name, text string) {
			path := filepath.Join(w.platform, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"scan.json", "migration/plan.yaml", "migration/journal.jsonl", "migration/verify.json", baseline} {
			write(name, "{}")
		}
		if leaking != "" {
			write(leaking, "url: "+bird)
		}
		var out bytes.Buffer
		d := &demo{canary: canaryWithBird(t), world: w}
		d.show = newShow(&out, d.canary)
		err := lookForSecrets(t.Context(), d)
		if (err != nil) != (leaking != "") {
			t.Errorf("leak in %q: %v", leaking, err)
		}
		if strings.Contains(out.String(), bird) {
			t.Errorf("leak in %q: the demo printed the value", leaking)
		}
	}
}
