package rules

import (
	"regexp"
	"strings"
)

var (
	keywordPattern  = regexp.MustCompile(`(?i)(?:^|[;\s?&])(?:password|pwd|accountkey|sharedaccesskey)\s*=\s*('[^']*'|"[^"]*"|[^;\s&]+)`)
	embeddedPattern = regexp.MustCompile(`^[\s{,-]*["']?([\w.-]{2,100})["']?[ \t]*[:=][ \t]*["']?([^\s"',}]{4,})`)
)

// keywordPassword is the password of a connection string ("host=db
// password=x", "Server=db;Password=x", "AccountKey=x").
func keywordPassword(text string) (string, bool) {
	if len(text) > 4096 || !strings.ContainsAny(text, "=") {
		return "", false
	}
	m := keywordPattern.FindStringSubmatch(expand(text, 0))
	if m == nil || strings.ContainsAny(m[1], unknown+fillIn) {
		return "", false
	}
	password := unquote(m[1])
	switch kindOfValue(password) {
	case valueOpaque, valueDefault, valueNumber:
		return password, true
	}
	return "", false
}

// embeddedPassword finds an assignment of a credential in a file that stands as
// one value.
func embeddedPassword(text string) (string, bool) {
	for line := range strings.Lines(text) {
		if len(line) > 2000 {
			continue
		}
		m := embeddedPattern.FindStringSubmatch(line)
		if m == nil || kindOfName(m[1]) != nameSecret {
			continue
		}
		if k := kindOfValue(m[2]); k == valueOpaque || k == valueDefault || k == valueJWT {
			return m[2], true
		}
	}
	return "", false
}
