package rules

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
	"github.com/zricethezav/gitleaks/v8/config"
)

// genericPattern fires on every long word after "key" or "token". Its hits count
// only with the evidence that strongGeneric asks for.
const genericPattern = "generic-api-key"

// How far around its keyword a rule looks: names before it, a value on the same
// or the next line after it, and the whole block for keys in PEM.
const (
	windowBefore = 512
	windowAfter  = 2 << 10
	windowBlock  = 16 << 10
	windowLine   = 1 << 10 // of the generic rule
	maxHits      = 1000    // of one text: what has more is no source file
)

// Match finds secrets in text, which begins at line firstLine of the file at
// path.
func (p *Patterns) Match(path string, text []byte, firstLine int) []scanner.TextMatch {
	global := p.global()
	for _, a := range global {
		if a.PathAllowed(path) {
			return nil
		}
	}
	raw := string(text)
	var matches []scanner.TextMatch
	var lines []int
	for _, h := range p.hits(path, raw, global) {
		if lines == nil {
			lines = lineStarts(text)
		}
		line, _ := slices.BinarySearch(lines, h.at+1)
		start := lines[line-1]
		matches = append(matches, scanner.TextMatch{
			Pattern:  h.rule,
			Provider: providerOfPattern(h.rule),
			Line:     firstLine + line - 1,
			Column:   h.at - start + 1,
			Name:     assignedName(raw[max(start, h.at-300):h.at]),
			Value:    secret.New(h.text),
		})
	}
	slices.SortFunc(matches, func(a, b scanner.TextMatch) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.Pattern, b.Pattern))
	})
	return onePerValue(matches)
}

// Matcher is Match for scanner.Options.Text.
func (p *Patterns) Matcher() scanner.TextMatcher {
	return func(path string, text []byte) []scanner.TextMatch { return p.Match(path, text, 1) }
}

// Provider tells the issuer of a single structured value.
func (p *Patterns) Provider(name, value string) (string, bool) {
	if strings.ContainsAny(value, "\n\r") {
		return "", false
	}
	for _, h := range p.hits("", name+"="+value+"\n", p.global()) {
		if h.rule == genericPattern || !strings.Contains(value, h.text) {
			continue
		}
		if provider := providerOfPattern(h.rule); provider != "" {
			return provider, true
		}
	}
	return "", false
}

// A hit is one match of one rule; at is where the secret begins.
type hit struct {
	rule, text string
	at         int
}

// A window is where one rule looks.
type window struct{ from, to int }

func (p *Patterns) hits(path, raw string, global []*config.Allowlist) []hit {
	windows := map[*pattern][]window{}
	low := lowerASCII(raw)
	for _, m := range p.words.MatchString(low) {
		at := int(m.Pos())
		for _, rule := range p.byWord[m.MatchString()] {
			if rule.id == "jwt" && at > 0 && (isAlnum(low[at-1]) || low[at-1] == '_') {
				continue // its "ey" begins a word: every "key" has one that does not
			}
			w := windowAround(raw, at, rule.id)
			list := windows[rule]
			if n := len(list); n > 0 && w.from <= list[n-1].to {
				list[n-1].to = max(list[n-1].to, w.to)
				list[n-1].from = min(list[n-1].from, w.from)
				continue
			}
			windows[rule] = append(list, w)
		}
	}
	var out []hit
	for _, rule := range p.rules { // the order of the file, not of the map
		for _, w := range windows[rule] {
			if rule.id == genericPattern && !mayBeStrong(raw[w.from:w.to]) {
				continue
			}
			out = append(out, rule.find(path, raw, w, global)...)
			if len(out) > maxHits {
				return out
			}
		}
	}
	return out
}

// windowAround is the window of a rule for a keyword at at, cut at line ends so that
// no word is cut in two.
func windowAround(raw string, at int, id string) window {
	before, after := windowBefore, windowAfter
	switch id {
	case "private-key", "1password-service-account-token", "jwt", "jwt-base64":
		after = windowBlock
	case genericPattern:
		from := strings.LastIndexByte(raw[max(0, at-windowLine):at], '\n') + 1 + max(0, at-windowLine)
		to := len(raw)
		if i := strings.IndexByte(raw[at:], '\n'); i >= 0 {
			to = at + i + 1
		}
		return window{from, min(to, at+windowLine)}
	}
	from := max(0, at-before)
	if i := strings.LastIndexByte(raw[from:at], '\n'); i >= 0 {
		from += i + 1
	}
	to := min(len(raw), at+after)
	if to < len(raw) {
		if i := strings.LastIndexByte(raw[at:to], '\n'); i >= 0 {
			to = at + i + 1
		}
	}
	return window{from, to}
}

// find runs the rule in its window, as gitleaks does: group, entropy,
// allowlists.
func (r *pattern) find(path, raw string, w window, global []*config.Allowlist) []hit {
	rule := r.compiled()
	for _, a := range rule.Allowlists {
		if a.MatchCondition == config.AllowlistMatchOr && a.PathAllowed(path) {
			return nil
		}
	}
	if rule.Path != nil && !rule.Path.MatchString(path) {
		return nil
	}
	text := raw[w.from:w.to]
	var out []hit
	for _, m := range rule.Regex.FindAllStringSubmatchIndex(text, maxHits) {
		start, end := m[0], m[1]
		switch group := 2 * rule.SecretGroup; {
		case group > 0 && group+1 < len(m) && m[group] >= 0:
			start, end = m[group], m[group+1]
		case group == 0:
			for g := 2; g+1 < len(m); g += 2 {
				if m[g] >= 0 && m[g+1] > m[g] {
					start, end = m[g], m[g+1]
					break
				}
			}
		}
		found := strings.Trim(text[start:end], "\n")
		whole := strings.Trim(text[m[0]:m[1]], "\n")
		line := lineAt(text, m[0], m[1])
		if found == "" || rule.Entropy != 0 && entropy(found) <= rule.Entropy || strings.Contains(line, "gitleaks:allow") {
			continue
		}
		if allowed(path, found, whole, line, global) || allowed(path, found, whole, line, rule.Allowlists) {
			continue
		}
		if r.id == genericPattern && !strongGeneric(text[m[0]:start], found) {
			continue
		}
		out = append(out, hit{r.id, found, w.from + start})
	}
	return out
}

// allowed applies gitleaks' allowlists.
func allowed(path, found, match, line string, lists []*config.Allowlist) bool {
	for _, a := range lists {
		target := found
		switch a.RegexTarget {
		case "match":
			target = match
		case "line":
			target = line
		}
		regex := a.RegexAllowed(target)
		stop, _ := a.ContainsStopWord(found)
		if a.MatchCondition != config.AllowlistMatchAnd {
			if regex || stop {
				return true
			}
			continue
		}
		if len(a.Commits) == 0 && (len(a.Paths) == 0 || a.PathAllowed(path)) && (len(a.Regexes) == 0 || regex) && (len(a.StopWords) == 0 || stop) {
			return true
		}
	}
	return false
}

// onePerValue keeps one match of several rules on the same text: the first that
// names an issuer.
func onePerValue(matches []scanner.TextMatch) []scanner.TextMatch {
	var out []scanner.TextMatch
	for _, m := range matches {
		if n := len(out); n > 0 && out[n-1].Line == m.Line && m.Column < out[n-1].Column+len(out[n-1].Value.Reveal()) {
			if out[n-1].Provider == "" && m.Provider != "" {
				out[n-1] = m
			}
			continue
		}
		out = append(out, m)
	}
	return out
}

// strongGeneric is the evidence that a generic hit needs: a long random text
// under a name that ends as credentials do. Most generic hits are hashes,
// identifiers and names.
func strongGeneric(before, text string) bool {
	if kindOfName(assignedName(before)) != nameSecret || len(text) < 20 || strings.Contains(text, ".") && !jwtPattern.MatchString(text) {
		return false
	}
	digits, letters := 0, 0
	for i := 0; i < len(text); i++ {
		switch {
		case isDigit(text[i]):
			digits++
		case isAlnum(text[i]):
			letters++
		}
	}
	return digits >= 3 && letters >= 3 && entropy(text) >= 3.7 && kindOfValue(text) == valueOpaque && !isSequence(text)
}

// mayBeStrong is a cheap test for what strongGeneric wants, before the slowest
// expression runs.
func mayBeStrong(line string) bool {
	run, digits := 0, 0
	for i := 0; i < len(line); i++ {
		c := line[i]
		if !isAlnum(c) && strings.IndexByte("_.=+/-", c) < 0 {
			run, digits = 0, 0
			continue
		}
		run++
		if isDigit(c) {
			digits++
		}
		if run >= 20 && digits >= 3 {
			return true
		}
	}
	return false
}

// assignedName is the last name before a value.
func assignedName(before string) string {
	if len(before) > 200 {
		before = before[len(before)-200:]
	}
	before = strings.TrimRight(before, " \t\r\n:='\"`>(,[{")
	i := len(before)
	for i > 0 && (isAlnum(before[i-1]) || strings.IndexByte("_.-", before[i-1]) >= 0) {
		i--
	}
	name := strings.Trim(before[i:], ".-")
	if len(name) > 64 || looksRandom(name) {
		return "" // a piece of the secret, or of another one, in front of a "="
	}
	return name
}

// looksRandom tells an encoded value from a name: long, without separators, of
// digits and letters of both cases.
func looksRandom(name string) bool {
	return len(name) >= 20 && !strings.ContainsAny(name, "_.-") && strings.ContainsAny(name, "0123456789") &&
		strings.ToLower(name) != name && strings.ToUpper(name) != name
}

// lineAt is the line, or lines, that from to to touch.
func lineAt(text string, from, to int) string {
	start := strings.LastIndexByte(text[:from], '\n') + 1
	end := len(text)
	if i := strings.IndexByte(text[to:], '\n'); i >= 0 {
		end = to + i
	}
	return text[start:end]
}

func lineStarts(text []byte) []int {
	starts := []int{0}
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '\n')
		if n < 0 {
			return starts
		}
		i += n + 1
		starts = append(starts, i)
	}
}

// lowerASCII keeps the length, so that offsets hold in both texts.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if isUpper(c) {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// anonymousPatterns name no issuer.
var anonymousPatterns = wordSet(`generic-api-key jwt jwt-base64 private-key curl-auth-header curl-auth-user sidekiq-secret sidekiq-sensitive-url`)

// afterIssuer are the words of a pattern's id that follow the issuer.
var afterIssuer = wordSet(`api access secret client token pat key oauth app fine refresh user org organization bot admin legacy
	config webhook service session deploy cicd feature feed incoming kubernetes ptt rrt runner scim global origin custom private
	shared sensitive batch password license page pub publishable encryption public upload personal application insert browser
	short long identity reference delivery amazon ad tf bearer workspace cloud`)

// providerOfPattern is the issuer in the id of one of gitleaks' rules
// ("new-relic-user-api-key" → new-relic), "" if it names none.
func providerOfPattern(id string) string {
	if id == "" || anonymousPatterns[id] {
		return ""
	}
	parts := strings.Split(id, "-")
	n := 1
	for n < len(parts) && !afterIssuer[parts[n]] {
		n++
	}
	return strings.Join(parts[:n], "-")
}
