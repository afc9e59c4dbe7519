package scanner

import (
	"regexp"
	"strings"
)

// A template expression inside a script is masked by a text of the same length
// that is one plain word to the shell: two private-use runes with its number
// between them.
const maskStart, maskEnd = "\ue000", "\ue001"

var mask = regexp.MustCompile(maskStart + `(\d*)` + maskEnd)

func maskExpressions(script string, expressions [][2]int) string {
	clean := strings.NewReplacer(maskStart, "???", maskEnd, "???", "\x00", "?")
	var b strings.Builder
	at := 0
	for n, e := range expressions {
		if e[0] < at || e[1] > len(script) || e[1]-e[0] < len(maskStart)+len(maskEnd)+1 {
			continue
		}
		digits := itoa(n+1, e[1]-e[0]-len(maskStart)-len(maskEnd))
		if digits == "" {
			continue
		}
		b.WriteString(clean.Replace(script[at:e[0]]))
		b.WriteString(maskStart + digits + maskEnd)
		at = e[1]
	}
	b.WriteString(clean.Replace(script[at:]))
	return b.String()
}

// itoa is n in width digits; "" if it needs more.
func itoa(n, width int) string {
	digits := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	if n > 0 {
		return ""
	}
	return string(digits)
}

// logicalLines returns the ranges of lines, joined where a backslash ends them.
func logicalLines(script string) [][2]int {
	var out [][2]int
	start := 0
	for i := 0; i <= len(script); i++ {
		if i < len(script) && script[i] != '\n' {
			continue
		}
		if line := strings.TrimRight(script[start:i], " \t\r"); strings.HasSuffix(line, "\\") && i < len(script) {
			continue
		}
		out = append(out, [2]int{start, i})
		start = i + 1
	}
	return out
}

// plainWords splits at blanks a line that no shell grammar fits.
func plainWords(text string, offset int) []word {
	var out []word
	for at := 0; at < len(text); {
		if strings.IndexByte(" \t\r\n\\;|&()", text[at]) >= 0 {
			at++
			continue
		}
		end := at
		for end < len(text) && strings.IndexByte(" \t\r\n;|&()", text[end]) < 0 {
			end++
		}
		start, stop := at, end
		for start < stop && (text[start] == '"' || text[start] == '\'') {
			start++
		}
		for stop > start && (text[stop-1] == '"' || text[stop-1] == '\'') {
			stop--
		}
		w := interpolate(text[start:stop])
		w.addMasks()
		w.offset = offset + start
		out = append(out, w)
		at = end
	}
	return out
}
