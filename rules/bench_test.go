package rules_test

import (
	"testing"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// A whole scan of the bundled platform: walk, extract, match, judge.
func BenchmarkScanPlatform(b *testing.B) {
	patterns, err := rules.NewPatterns()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		inv, err := scanner.Scan(b.Context(), []string{"../testdata/acme"}, scanner.Options{Text: patterns.Matcher()})
		if err != nil {
			b.Fatal(err)
		}
		if scan := rules.Judge(inv, rules.Options{Key: secret.NewKey(), ValuePatterns: patterns}); len(scan.Findings) == 0 {
			b.Fatal("nothing found")
		}
		b.SetBytes(inv.Coverage.Bytes)
	}
}

// What every scan pays once.
func BenchmarkLoadPatterns(b *testing.B) {
	for b.Loop() {
		if _, err := rules.NewPatterns(); err != nil {
			b.Fatal(err)
		}
	}
}
