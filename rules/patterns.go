package rules

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	ahocorasick "github.com/BobuSumisu/aho-corasick"
	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
)

// Patterns are gitleaks' default rules, for text that no structure reaches and
// for single values. They are safe for concurrent use.
//
// The rules, their keywords, entropies and allowlists are gitleaks'; the loop is
// our own. Its detector lower-cases whole files and runs each regular expression
// twice over all of them (17 s on a Helm repository of 80 files); here an
// expression is compiled on its first use and runs only around its keywords.
// Nothing but rule, position and a secret.Value leaves Match.
type Patterns struct {
	rules  []*pattern
	words  *ahocorasick.Trie
	byWord map[string][]*pattern
	global func() []*config.Allowlist
}

// A pattern is one rule, compiled on first use.
type pattern struct {
	id       string
	compiled func() config.Rule
}

// droppedPatterns are left to structure, or match what is no secret.
var droppedPatterns = wordSet(`
	kubernetes-secret-yaml
	pkcs12-file
	sourcegraph-access-token`) // Secrets are read by structure; a file's name; any 40 hex digits

// NewPatterns loads the rules with a viper of its own, because gitleaks'
// constructor reads into the process-wide one. A set without rules is refused:
// it would make every scan look clean.
func NewPatterns() (*Patterns, error) { return loadPatterns(config.DefaultConfig) }

func loadPatterns(toml string) (*Patterns, error) {
	v := viper.New()
	v.SetConfigType("toml")
	if err := v.ReadConfig(strings.NewReader(toml)); err != nil {
		return nil, fmt.Errorf("reading the secret patterns: %w", err)
	}
	var vc config.ViperConfig
	if err := v.Unmarshal(&vc); err != nil {
		return nil, fmt.Errorf("reading the secret patterns: %w", err)
	}
	if vc.Extend.Path != "" || vc.Extend.URL != "" || vc.Extend.UseDefault {
		// Translate would follow it through the global viper to any path.
		return nil, errors.New("reading the secret patterns: [extend] is not supported")
	}
	p := &Patterns{byWord: map[string][]*pattern{}}
	for i := range vc.Rules {
		r := &vc.Rules[i]
		if droppedPatterns[r.ID] || r.Regex == "" || r.SkipReport {
			continue
		}
		if len(r.Keywords) == 0 {
			return nil, fmt.Errorf("reading the secret patterns: %s has no keyword", r.ID)
		}
		one := vc
		//lint:ignore SA1019 gitleaks' own rules still use the old field
		one.Rules, one.AllowList, one.Allowlists = vc.Rules[i:i+1:i+1], nil, nil
		rule := &pattern{id: r.ID, compiled: sync.OnceValue(func() config.Rule {
			c, err := one.Translate()
			if err != nil {
				panic("the secret pattern " + one.Rules[0].ID + " does not compile") // a test compiles them all
			}
			return c.Rules[one.Rules[0].ID]
		})}
		p.rules = append(p.rules, rule)
		for _, word := range r.Keywords {
			word = strings.ToLower(word)
			p.byWord[word] = append(p.byWord[word], rule)
		}
	}
	if len(p.rules) == 0 {
		return nil, errors.New("reading the secret patterns: there is no rule, so nothing would ever be found")
	}
	words := make([]string, 0, len(p.byWord))
	for word := range p.byWord {
		words = append(words, word)
	}
	p.words = ahocorasick.NewTrieBuilder().AddStrings(words).Build()
	vc.Rules = nil
	p.global = sync.OnceValue(func() []*config.Allowlist {
		c, err := vc.Translate()
		if err != nil {
			panic("the allowlist of the secret patterns does not compile")
		}
		return c.Allowlists
	})
	return p, nil
}

// Len is the number of rules.
func (p *Patterns) Len() int { return len(p.rules) }
