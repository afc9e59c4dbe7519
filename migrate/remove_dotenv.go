package migrate

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/agentsec/agentsec/scanner"
)

// assignment matches the start of an entry, commented out or not: a value that
// stands in a comment is as readable as any.
var assignment = regexp.MustCompile(`^[ \t]*(#[ \t]*)?(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*[=:]`)

// removeDotenv deletes every assignment of key, with all lines of a quoted
// value. What looks like an assignment inside another's quotes is none.
func removeDotenv(text []byte, key string, _ scanner.Object) ([]byte, error) {
	var kept bytes.Buffer
	rest := text
	for len(rest) > 0 {
		line := firstLineOf(rest)
		m := assignment.FindSubmatch(bytes.TrimPrefix(line, []byte("\ufeff")))
		entry := line
		if m != nil && len(m[1]) == 0 {
			start := bytes.Index(line, m[0]) + len(m[0])
			entry = rest[:start+valueLength(rest[start:])]
		}
		if m == nil || string(m[2]) != key {
			kept.Write(entry)
		}
		rest = rest[len(entry):]
	}
	return kept.Bytes(), nil
}

func firstLineOf(text []byte) []byte {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1]
	}
	return text
}

// valueLength is the length of a value up to and with the end of its last line.
// A quote that never ends spans nothing, as in shells' and dotenv's own error.
func valueLength(text []byte) int {
	start := len(text) - len(bytes.TrimLeft(text, " \t"))
	oneLine := len(firstLineOf(text))
	if start >= oneLine || !strings.ContainsRune("\"'`", rune(text[start])) {
		return oneLine
	}
	quote := text[start]
	for i := start + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] == quote:
			return i + len(firstLineOf(text[i:]))
		}
	}
	return oneLine
}
