package rules

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
)

func TestASetWithoutRulesIsRefused(t *testing.T) {
	for toml, want := range map[string]string{
		"":                                  "no rule",
		"[allowlist]\npaths = ['''x''']":    "no rule",
		"[extend]\nuseDefault = true":       "[extend]",
		"[extend]\npath = '/etc/x.toml'":    "[extend]",
		"rules = 3":                         "secret patterns",
		"[[rules]]\nid='a'\nregex='''b'''":  "no keyword",
		"[[rules]]\nid='a'\nkeywords=['b']": "no rule",
	} {
		if p, err := loadPatterns(toml); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v; want %q", toml, p, err, want)
		}
	}
}

func TestPatternsLeaveTheGlobalViperAlone(t *testing.T) {
	before := len(viper.AllKeys())
	mustPatterns(t)
	if after := len(viper.AllKeys()); after != before {
		t.Errorf("%d keys, before %d", after, before)
	}
}

// Each expression compiles on first use; a broken one would show at a user's.
func TestEveryPatternCompiles(t *testing.T) {
	p := mustPatterns(t)
	if p.Len() < 200 || p.Len() < strings.Count(config.DefaultConfig, "[[rules]]")-len(droppedPatterns) {
		t.Fatalf("%d rules", p.Len())
	}
	if len(p.global()) == 0 {
		t.Error("no allowlist")
	}
	for _, r := range p.rules {
		if c := r.compiled(); c.Regex == nil || c.RuleID != r.id {
			t.Errorf("%s: got %q", r.id, c.RuleID)
		}
	}
	for id := range droppedPatterns {
		if !strings.Contains(config.DefaultConfig, `id = "`+id+`"`) {
			t.Errorf("%s is dropped, but gitleaks has no such rule", id)
		}
	}
}

// samples are texts as repositories hold them, with credentials made up here.
func samples() []string {
	var out []string
	for _, credential := range []string{
		"ghp" + "_" + letters(36), "xox" + "b-123456789012-1234567890123-" + letters(24), "sk" + "_live_" + letters(24), "glpat" + "-" + letters(20),
		"AKIA" + strings.Map(func(r rune) rune { return 'A' + r%26 }, letters(16)), pemKey(), "hf" + "_" + strings.Repeat("abcdefghijk", 3) + "l", "SG" + "." + letters(66),
		"npm" + "_" + strings.ToLower(letters(36)), "ey" + letters(30) + ".ey" + letters(40) + "." + letters(40),
	} {
		for _, form := range []string{"%s", "token = %q", "export TOKEN=%s\nexport OTHER=1", "x: 1\n  key:\n    %s\n", "curl -H 'Authorization: Bearer %s' https://example.net", strings.Repeat("filler line\n", 500) + "a=%s"} {
			out = append(out, fmt.Sprintf(form, credential))
		}
	}
	return out
}

// The loop is ours, the rules are gitleaks': both find the same, the generic
// rule apart, which needs more evidence here.
func TestMatchAgreesWithGitleaks(t *testing.T) {
	p := mustPatterns(t)
	d, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		t.Fatal(err)
	}
	hits := 0
	for _, text := range samples() {
		ours, theirs := map[string]bool{}, map[string]bool{}
		for _, h := range p.hits("notes.txt", text, p.global()) {
			ours[h.rule+" "+h.text] = true
		}
		for _, f := range d.DetectString(text) {
			if !droppedPatterns[f.RuleID] {
				theirs[f.RuleID+" "+f.Secret] = true
			}
		}
		for k := range theirs {
			if rule, _, _ := strings.Cut(k, " "); !ours[k] && rule != genericPattern {
				t.Errorf("gitleaks alone finds %s", rule)
			}
		}
		for k := range ours {
			hits++
			if rule, _, _ := strings.Cut(k, " "); !theirs[k] && rule != genericPattern { // gitleaks drops its own where another rule hits
				t.Errorf("only here: %s", rule)
			}
		}
	}
	if hits < 40 {
		t.Errorf("only %d hits: the samples prove nothing", hits)
	}
}

func TestMatchTellsPositionNameAndIssuer(t *testing.T) {
	p := mustPatterns(t)
	token := "ghp" + "_" + letters(36)
	text := "first\nsecond line\n  deploy_token: '" + token + "'\n"
	m := p.Match("notes.txt", []byte(text), 10)
	if len(m) != 1 || m[0].Line != 12 || m[0].Column != 18 || m[0].Name != "deploy_token" || m[0].Provider != "github" || m[0].Value.Reveal() != token {
		t.Fatalf("got %v", m)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", m, m, m), token) {
		t.Error("a match shows its value")
	}
	if m := p.Match("notes.txt", []byte("x = '"+token+"' # gitleaks:allow\n"), 1); len(m) != 0 {
		t.Error("gitleaks:allow is not honoured")
	}
	if m := p.Match("go.sum", []byte(text), 1); len(m) != 0 {
		t.Error("gitleaks' allowlist of paths is not honoured")
	}
}

func TestGenericNeedsEvidence(t *testing.T) {
	p := mustPatterns(t)
	value := "q" + letters(10) + "7" + letters(10) + "3" + letters(10) + "59"
	for text, want := range map[string]int{
		"service_token = " + value + "\n":                             1,
		"cache_key = " + value + "\n":                                 0,
		"token_type = " + value + "\n":                                0,
		"api_key = your-api-key-goes-here-please-1234\n":              0,
		"commit key: 3f786850e387550fdab836ed7e6dc881de23001b.yaml\n": 0,
		"password_hash_key: sha256-abcdefghijklmnopqrstuvwxyz\n":      0,
	} {
		if got := p.Match("notes.txt", []byte(text), 1); len(got) != want {
			t.Errorf("%.14s…: %d matches, want %d", text, len(got), want)
		}
	}
}

func TestMatchIsDeterministicAndConcurrent(t *testing.T) {
	p := mustPatterns(t)
	text := []byte(strings.Join(samples(), "\n"))
	want := p.Match("x.txt", text, 1)
	if len(want) < 20 {
		t.Fatalf("%d matches", len(want))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := p.Match("x.txt", text, 1); !slices.Equal(got, want) {
				t.Error("another result")
			}
		})
	}
	wg.Wait()
}

func TestProviderOfPattern(t *testing.T) {
	for id, want := range map[string]string{"openai-api-key": "openai", "new-relic-user-api-key": "new-relic", "github-fine-grained-pat": "github",
		"generic-api-key": "", "jwt": "", "private-key": "", "aws-access-token": "aws", "": "", "gcp-api-key": "gcp"} {
		if got := providerOfPattern(id); got != want {
			t.Errorf("%s: got %q, want %q", id, got, want)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	p := mustPatterns(b)
	text := []byte(strings.Repeat("apiVersion: v1\n  description: the key of the access token for authentication\n", 10000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		p.Match("crd.yaml", text, 1)
	}
}
