package scanner

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
)

// Dotenv files, read with the union of what the common loaders accept (docker
// compose, node dotenv, python-dotenv, direnv's plain exports): a secret that
// only one of them would load is a secret all the same.
var dotenvExtractor = extractor{
	kind:    Dotenv,
	match:   isDotenv,
	extract: extractDotenv,
}

func isDotenv(f *file) bool {
	base := strings.ToLower(path.Base(f.path))
	switch path.Ext(base) {
	case ".go", ".py", ".js", ".ts", ".mjs", ".cjs", ".md", ".json", ".yaml", ".yml", ".toml", ".sh", ".rb", ".html", ".rst":
		return false // code and documents about environments
	}
	if base == ".env" || base == ".envrc" || base == ".flaskenv" {
		return true
	}
	if rest, ok := strings.CutPrefix(base, ".env"); ok && strings.ContainsAny(rest[:1], ".-_") {
		return true
	}
	if strings.Contains(base, ".env.") && base[0] == '.' {
		return true // .mcp.env.example
	}
	if base == "env" || strings.HasSuffix(base, ".env") || strings.HasPrefix(base, "env.") || strings.Contains(base, ".env.") {
		return hasAssignments(f.data)
	}
	return false
}

// hasAssignments reports whether most lines that say anything are assignments.
func hasAssignments(data []byte) bool {
	data, ok := utf8Text(data[:min(len(data), 64<<10)])
	if !ok {
		return false
	}
	assignments, others := 0, 0
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0 || line[0] == '#':
		case dotenvAssignment.Match(line):
			assignments++
		default:
			others++
		}
	}
	return assignments > others
}

var (
	// NAME=value, "export NAME=value", 'NAME: value'. Names may have dots and dashes.
	dotenvAssignment = regexp.MustCompile(`^(?:export[ \t]+)?["']?([A-Za-z_][A-Za-z0-9_.\-]*)["']?[ \t]*(=|:(?:[ \t]|$))`)
	dotenvBareName   = regexp.MustCompile(`^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.\-]*)[ \t]*(?:#.*)?$`)
	// Without a blank in the name and with nothing but = behind it, so that prose stays prose.
	dotenvComment = regexp.MustCompile(`^[# \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.\-]*)=`)
)

func extractDotenv(f *file, o *found) {
	data, ok := utf8Text(f.data)
	if !ok {
		o.skip(0, "not a text file")
		return
	}
	r := dotenvReader{found: o, text: string(data), shell: path.Base(strings.ToLower(f.path)) == ".envrc"}
	for r.at < len(r.text) {
		r.line()
	}
}

// A dotenvReader goes through the text line by line.
type dotenvReader struct {
	found  *found
	text   string
	at     int // start of the current line
	number int // lines before at
	shell  bool
}

// rest is the current line from offset on, without its end.
func (r *dotenvReader) rest(offset int) string {
	end := strings.IndexByte(r.text[offset:], '\n')
	if end < 0 {
		end = len(r.text) - offset
	}
	return strings.TrimSuffix(r.text[offset:offset+end], "\r")
}

// line reads what begins on the current line and moves behind it.
func (r *dotenvReader) line() {
	line := r.rest(r.at)
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	trimmed := line[indent:]
	start := r.at + indent
	switch m := dotenvAssignment.FindStringSubmatchIndex(trimmed); {
	case trimmed == "":
	case trimmed[0] == '#':
		if m := dotenvComment.FindStringSubmatchIndex(trimmed); m != nil {
			r.assignment(start, trimmed, m[2], m[3], m[1], InComment)
			return
		}
	case r.shell && !strings.HasPrefix(trimmed, "export"):
		// Other lines of an .envrc are shell code.
	case m != nil:
		r.assignment(start, trimmed, m[2], m[3], m[1], InEnv)
		return
	case dotenvBareName.MatchString(trimmed):
		name := dotenvBareName.FindStringSubmatchIndex(trimmed)
		r.add(start+name[2], Candidate{Mechanism: StaticRef, Name: trimmed[name[2]:name[3]], Detail: "passed through",
			Ref: Ref{Store: Environment, Key: trimmed[name[2]:name[3]]}})
	case !r.shell && strings.Contains(trimmed, "="):
		// Prose without "=" sets nothing: loaders pass over it, and the text
		// patterns still judge it.
		r.found.skip(r.number+1, "neither NAME=value nor a comment")
	}
	r.advance(r.at + len(line))
}

// advance moves to the line behind offset.
func (r *dotenvReader) advance(offset int) {
	end := strings.IndexByte(r.text[offset:], '\n')
	if end < 0 {
		r.number++
		r.at = len(r.text)
		return
	}
	next := offset + end + 1
	r.number += strings.Count(r.text[r.at:next], "\n")
	r.at = next
}

// assignment reads NAME=value; the name is line[nameStart:nameEnd], the value
// begins behind line[:valueStart].
func (r *dotenvReader) assignment(start int, line string, nameStart, nameEnd, valueStart int, place Place) {
	name := line[nameStart:nameEnd]
	valueAt := start + valueStart
	valueAt += len(r.text[valueAt:]) - len(strings.TrimLeft(r.text[valueAt:], " \t"))
	value, end, problem := r.value(valueAt, place == InComment)
	if problem != "" {
		r.found.skip(r.number+1, problem)
	}
	c := value.candidate(name, r.found.file.path)
	if value.command {
		c = Candidate{Mechanism: Dynamic, Name: name, Detail: "made by a command"}
	}
	c = pathEntry(c)
	if place == InComment {
		c.Place = InComment
	}
	r.add(start+nameStart, c)
	first := r.number + 1
	r.advance(end)
	for n := first; n <= r.number; n++ {
		r.found.reach(n)
	}
}

func (r *dotenvReader) add(at int, c Candidate) {
	c.Kind = Dotenv
	c.At = Position{Line: r.number + 1, Column: at - r.at + 1}
	r.found.add(c)
}

// A dotenvValue is the right-hand side of an assignment.
type dotenvValue struct {
	word
	command bool // $(command)
}

// candidate is that of the word; a text in which a dollar sign may as well be
// part of a password is a literal.
func (v dotenvValue) candidate(name, scope string) Candidate {
	if only, ok := v.only(); ok || !v.bareRefs() {
		if !ok || strings.HasPrefix(v.text, "${") || strings.ToUpper(only.variable) == only.variable {
			return v.word.candidate(name, scope)
		}
	}
	return Candidate{Mechanism: Literal, Name: name, Value: secret.New(v.text)}
}

// bareRefs reports a $name without braces.
func (v dotenvValue) bareRefs() bool {
	for _, ref := range v.refs {
		if !strings.HasPrefix(v.text[ref.start:], "${") {
			return true
		}
	}
	return false
}
