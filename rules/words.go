package rules

import (
	"slices"
	"strings"
)

// words splits a variable, key or option name into lower-case words: at
// everything that is neither letter nor digit, and at the humps of camel case
// ("openaiAPIKey" → openai, api, key).
func words(name string) []string {
	var out []string
	start := -1
	flush := func(end int) {
		if start >= 0 {
			out = append(out, strings.ToLower(name[start:end]))
			start = -1
		}
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !isAlnum(c) {
			flush(i)
			continue
		}
		if start >= 0 && isUpper(c) {
			// In NEO4J_AUTH the digit belongs to the capitals around it.
			p := i - 1
			for p > start && isDigit(name[p]) {
				p--
			}
			// The s of URLs is no hump.
			if !isUpper(name[p]) || i+2 < len(name) && isLower(name[i+1]) && isLower(name[i+2]) {
				flush(i)
			}
		}
		if start < 0 {
			start = i
		}
	}
	flush(len(name))
	return out
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool { return isUpper(c) || isLower(c) || isDigit(c) }

// wordSet makes a set of the words in text.
func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

func anyWord(list []string, set map[string]bool) bool {
	for _, w := range list {
		if set[w] {
			return true
		}
	}
	return false
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func hasAny(list []string, any ...string) bool {
	for _, w := range list {
		if slices.Contains(any, w) {
			return true
		}
	}
	return false
}
