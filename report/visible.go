package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxShown bounds one untrusted word in text output, in runes: a name of a
// megabyte must not push the findings off the screen.
const maxShown = 200

// Visible returns s as it can be shown on a terminal: control characters,
// escape sequences, bidirectional overrides, invisible characters and bytes that
// are not UTF-8 become visible escapes such as \x1b and \u202e, and what is too
// long ends in "…".
func Visible(s string) string {
	if short, cut := shorten(s, maxShown); cut {
		return escape(short) + "…"
	}
	return escape(s)
}

func escape(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case shows(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += size
	}
	return b.String()
}

// shows reports whether a terminal prints r as a glyph and does nothing else.
// IsPrint is false for controls (Cc), for format characters (Cf: bidi overrides,
// zero-width) and for every space but the ASCII one.
func shows(r rune) bool { return unicode.IsPrint(r) && !unicode.Is(unicode.Variation_Selector, r) }

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// shorten cuts s to n runes.
func shorten(s string, n int) (short string, cut bool) {
	if len(s) <= n {
		return s, false
	}
	runes := 0
	for i := range s {
		if runes == n {
			return s[:i], true
		}
		runes++
	}
	return s, false
}

// Lines escapes like Visible but keeps line breaks and does not shorten: for
// messages of our own that may name hostile things.
func Lines(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = escape(l)
	}
	return strings.Join(lines, "\n")
}
