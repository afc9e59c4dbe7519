package scanner

import (
	"regexp"
	"strings"
)

// Bounds of a quoted value that spans lines: a PEM bundle or a service-account
// file fits, and a lost quote does not take the file with it.
const (
	maxQuotedLines = 400
	maxQuotedBytes = 64 << 10
)

// assignmentInside tells that a quoted value is not closed: no PEM, JSON or
// base64 line looks like this.
var assignmentInside = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*=[^=\s]`)

// value reads the value at offset and returns where it ends. oneLine keeps it
// from going on on the next line (a comment).
func (r *dotenvReader) value(offset int, oneLine bool) (v dotenvValue, end int, problem string) {
	line := r.rest(offset)
	if line == "" {
		return dotenvValue{}, offset, ""
	}
	if quote := line[0]; quote == '"' || quote == '\'' || quote == '`' {
		closing := r.closing(offset+1, quote, oneLine)
		if closing < 0 {
			if !oneLine {
				problem = "a quote is not closed on any line that can belong to it"
			}
			return dotenvValue{word: literalWord(unquoted(line[1:]))}, offset + len(line), problem
		}
		inner := r.text[offset+1 : closing]
		tail := r.rest(closing + 1)
		end = closing + 1 + len(tail)
		if rest := unquoted(tail); rest != "" {
			// 'a'b: shells join the parts, loaders do not agree.
			return dotenvValue{word: literalWord(inner + rest)}, end, ""
		}
		if quote != '"' {
			return dotenvValue{word: literalWord(strings.ReplaceAll(inner, "\r\n", "\n"))}, end, ""
		}
		return expandDotenv(unescapeDotenv(inner)), end, ""
	}
	return expandDotenv(unquoted(line)), offset + len(line), ""
}

// closing finds the quote that closes the one before offset; -1 if there is none.
func (r *dotenvReader) closing(offset int, quote byte, oneLine bool) int {
	lines := 0
	for i := offset; i < len(r.text) && i-offset < maxQuotedBytes; i++ {
		switch c := r.text[i]; {
		case c == '\\' && quote == '"' && i+1 < len(r.text) && r.text[i+1] != '\n' && r.text[i+1] != '\r':
			i++
		case c == quote:
			return i
		case c == '\n':
			if lines++; oneLine || lines > maxQuotedLines || assignmentInside.MatchString(r.rest(i+1)) {
				return -1
			}
		}
	}
	return -1
}

// unquoted is a value without quotes: up to a comment, without blanks at the end.
func unquoted(line string) string {
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			line = line[:i]
			break
		}
	}
	return strings.TrimSpace(line)
}

// unescapeDotenv resolves the escapes of double quotes. An escaped dollar sign
// becomes $$, which interpolation reads as one.
func unescapeDotenv(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		switch text[i] {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case '"', '\\', '\'', '`':
			b.WriteByte(text[i])
		case '$':
			b.WriteString("$$")
		default:
			b.WriteByte('\\')
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

func expandDotenv(text string) dotenvValue {
	if strings.HasPrefix(text, "$(") && strings.HasSuffix(text, ")") {
		return dotenvValue{word: literalWord(text), command: true}
	}
	v := dotenvValue{word: interpolate(text)}
	if len(v.refs) == 0 {
		v.word = literalWord(strings.ReplaceAll(text, "$$", "$"))
	}
	return v
}
