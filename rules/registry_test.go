package rules

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
	"golang.org/x/tools/txtar"
)

// letters are random, so that no fixture looks like somebody's key.
func letters(n int) string {
	const set = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = set[int(b[i])%len(set)]
	}
	return string(b)
}

func pemKey() string {
	return "-----BEGIN " + "PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString([]byte(letters(120))) + "\n-----END " + "PRIVATE KEY-----"
}

// fill puts made-up credentials where a fixture names them.
func fill(text string) string {
	return strings.NewReplacer("@github@", "ghp"+"_"+letters(36), "@pem@", pemKey()).Replace(text)
}

// scanFixture writes the files below prefix to a folder and judges it.
func scanFixture(t *testing.T, archive *txtar.Archive, prefix string, patterns *Patterns) *Scan {
	t.Helper()
	dir := t.TempDir()
	n := 0
	for _, f := range archive.Files {
		name, ok := strings.CutPrefix(f.Name, prefix)
		if !ok {
			continue
		}
		n++
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(fill(string(f.Data))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 {
		t.Fatalf("there is no file below %s", prefix)
	}
	inv, err := scanner.Scan(context.Background(), []string{dir}, scanner.Options{Text: patterns.Matcher()})
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Coverage.Skipped) > 0 {
		t.Fatalf("skipped: %v", inv.Coverage.Skipped)
	}
	return Judge(inv, Options{Key: secret.NewKey(), ValuePatterns: patterns})
}

func mustPatterns(t testing.TB) *Patterns {
	t.Helper()
	p, err := NewPatterns()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Every rule has a fixture: bad files with exactly the findings that it lists,
// and good files, its right form, without a finding of the rule.
func TestEveryRuleFindsTheBadAndLeavesTheGood(t *testing.T) {
	patterns := mustPatterns(t)
	for _, r := range All() {
		t.Run(r.ID, func(t *testing.T) {
			archive, err := txtar.ParseFile(filepath.Join("testdata", "rules", r.ID+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			var want, got []string
			for line := range strings.Lines(string(archive.Comment)) {
				if place, ok := strings.CutPrefix(strings.TrimSpace(line), "want "); ok {
					want = append(want, place)
				}
			}
			for _, f := range scanFixture(t, archive, "bad/", patterns).Findings {
				if f.Rule == r.ID {
					got = append(got, fmt.Sprintf("%s:%d", f.At.Path, f.At.Line))
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("bad: got %v, want %v", got, want)
			}
			for _, f := range scanFixture(t, archive, "good/", patterns).Findings {
				if f.Rule == r.ID {
					t.Errorf("good: %s:%d %s", f.At.Path, f.At.Line, f.Name)
				}
			}
		})
	}
}

func TestEveryFixtureBelongsToARule(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "rules", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		id := strings.TrimSuffix(filepath.Base(f), ".txtar")
		if !slices.ContainsFunc(All(), func(r Rule) bool { return r.ID == id }) {
			t.Errorf("%s: there is no such rule", f)
		}
	}
}

func TestRulesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	form := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	for _, r := range All() {
		if seen[r.ID] || !form.MatchString(r.ID) {
			t.Errorf("%q: twice, or not in kebab case", r.ID)
		}
		seen[r.ID] = true
		for what, text := range map[string]string{"title": r.Title, "why": r.Why, "fix": r.Fix} {
			if len(text) < 10 {
				t.Errorf("%s: no %s", r.ID, what)
			}
		}
		if len(r.References) == 0 || r.selects == nil {
			t.Errorf("%s: no references, or nothing that selects", r.ID)
		}
	}
}

// An exposure that no rule selects would be lost without a word.
func TestEveryExposureHasARule(t *testing.T) {
	mechanisms := []scanner.Mechanism{scanner.Literal, scanner.StaticRef, scanner.BulkRef, scanner.Leak, scanner.CodeRead, scanner.SyncedStatic}
	places := []scanner.Place{scanner.InEnv, scanner.InSecretData, scanner.InConfigData, scanner.InCommand, scanner.InAnnotation, scanner.InBuildArg,
		scanner.InCIEnvFile, scanner.InActionInput, scanner.InDefault, scanner.InWrite, scanner.InComment, scanner.InText}
	classes := []Class{LLMKey, Database, Cloud, InternalToken, SigningKey, ThirdParty, OAuth, TLSKey, OtherClass, PasswordHash}
	kinds := []scanner.Kind{scanner.Dotenv, scanner.Compose, scanner.Kubernetes, scanner.GitHubActions, scanner.Python, scanner.Text}
	for _, m := range mechanisms {
		for _, p := range places {
			for _, class := range classes {
				for _, k := range kinds {
					for _, value := range []string{"", "x"} {
						if m == scanner.Literal && value == "" {
							continue
						}
						s := &sighting{c: &scanner.Candidate{Mechanism: m, Place: p, Kind: k}, verdict: verdict{class: class, mechanism: m, value: secret.New(value)}}
						if ruleFor(s) == nil {
							t.Errorf("no rule for %s %s in place %q of %s, value %t", m, class, p, k, value != "")
						}
					}
				}
			}
		}
	}
}
