package rules

import (
	"regexp"
	"strings"
)

// A parsedURL is a URL as it stands in configuration: not necessarily valid,
// with references to variables anywhere in it. unknown marks such a reference.
type parsedURL struct {
	scheme, user, password, host, port, database, query string
	hasPassword                                         bool
}

// unknown replaces what only run time knows: ${X}, {{ x }}, $(x), <x>.
const unknown = "\x01"

// fillIn replaces what the reader of an example has to fill in: <password>.
const fillIn = "\x02"

var schemePattern = regexp.MustCompile(`^(?:jdbc:)?([A-Za-z][A-Za-z0-9+.-]{1,40})://`)

// parseURL reads v as a URL. A shell default inside it counts as the text that
// it will be: ${URL:-postgres://u:p@db} is a URL with the password p.
func parseURL(v string) (parsedURL, bool) {
	if len(v) > 8192 || !strings.Contains(v, "://") {
		return parsedURL{}, false
	}
	v = expand(v, 0)
	m := schemePattern.FindStringSubmatch(v)
	if m == nil || strings.ContainsAny(v, "\n\r") {
		return parsedURL{}, false
	}
	u := parsedURL{scheme: strings.ToLower(m[1])}
	rest := v[len(m[0]):]
	if i := strings.IndexAny(rest, " \t\"'"); i >= 0 {
		rest = rest[:i]
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if isStoreScheme(u.scheme) {
		// Passwords with an unescaped slash or @ are common and work with some
		// drivers: the last @ before the query ends them.
		before := rest
		if q := strings.IndexAny(rest, "?#"); q >= 0 && strings.Contains(rest[:q], "@") {
			before = rest[:q]
		}
		if i := strings.LastIndexByte(before, '@'); i > at && strings.Contains(rest[:i], ":") {
			at = i
			if end = strings.IndexAny(rest[at:], "/?#"); end < 0 {
				end = len(rest)
			} else {
				end += at
			}
		}
	}
	if at >= 0 {
		u.user, u.password, u.hasPassword = strings.Cut(rest[:at], ":")
		u.hasPassword = u.hasPassword && u.password != ""
	}
	authority, path := rest[at+1:end], rest[end:]
	u.host = authority
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		u.host, u.port = authority[:i], authority[i+1:]
	}
	if i := strings.IndexByte(path, '#'); i >= 0 {
		path = path[:i]
	}
	path, u.query, _ = strings.Cut(path, "?")
	u.database = strings.Trim(path, "/")
	return u, true
}

// endpoint is what u says beside its password; nil unless it names a store.
// What only run time knows is left out.
func (u parsedURL) endpoint() *Endpoint {
	if !isStoreScheme(u.scheme) {
		return nil
	}
	known := func(s string) string {
		if strings.ContainsAny(s, unknown+fillIn) {
			return ""
		}
		return printable(s)
	}
	e := &Endpoint{Scheme: u.scheme, User: known(u.user), Host: known(u.host), Port: known(u.port), Database: known(u.database)}
	if !allDigits(e.Port) {
		e.Port = ""
	}
	// What does not look like a host or a database may be a piece of a password
	// that the URL was cut in.
	if !hostPattern.MatchString(e.Host) || !databasePattern.MatchString(e.Database) || !databasePattern.MatchString(e.User) {
		return nil
	}
	return e
}

var (
	hostPattern     = regexp.MustCompile(`^[A-Za-z0-9._,:\[\]-]{0,253}$`)
	databasePattern = regexp.MustCompile(`^[A-Za-z0-9._%+-]{0,128}$`)
)

// storeSchemes are those whose userinfo logs in to a database or broker; a
// driver may follow after "+".
var storeSchemes = wordSet(`postgres postgresql pgsql pg mysql mysql2 mariadb mongodb redis rediss valkey amqp amqps clickhouse
	clickhouses mssql sqlserver cockroachdb cockroach oracle neo4j neo4js bolt bolts cassandra couchbase couchbases db2 vertica snowflake
	redshift nats kafka memcached sqlanywhere trino presto databricks influxdb elasticsearch opensearch libsql timescaledb
	stomp mqtt mqtts`)

func isStoreScheme(scheme string) bool {
	base, _, _ := strings.Cut(scheme, "+")
	return storeSchemes[base]
}

// expand replaces references by unknown and shell defaults by their text.
// Nesting is bounded: input is hostile.
func expand(v string, depth int) string {
	if depth > 8 || !strings.ContainsAny(v, "$<{%") {
		return v
	}
	var out strings.Builder
	for i := 0; i < len(v); {
		rest := v[i:]
		switch {
		case strings.HasPrefix(rest, "${{"):
			n := closing(rest, "}}", 3)
			out.WriteString(unknown)
			i += n
		case strings.HasPrefix(rest, "{{"):
			n := closing(rest, "}}", 2)
			out.WriteString(unknown)
			i += n
		case strings.HasPrefix(rest, "$${"):
			i++
		case strings.HasPrefix(rest, "${"):
			n := braced(rest)
			out.WriteString(shellDefault(rest[2:max(2, n-1)], depth))
			i += n
		case strings.HasPrefix(rest, "$("):
			n := closing(rest, ")", 2)
			out.WriteString(unknown)
			i += n
		case strings.HasPrefix(rest, "%("):
			n := closing(rest, ")s", 2)
			out.WriteString(unknown)
			i += n
		case rest[0] == '<':
			n := strings.IndexByte(rest, '>')
			if n < 0 {
				out.WriteByte('<')
				i++
				continue
			}
			out.WriteString(fillIn)
			i += n + 1
		case rest[0] == '{' && len(rest) > 2 && (isAlnum(rest[1]) || rest[1] == '_'):
			// A format string: postgresql://{user}:{password}@db
			n := strings.IndexByte(rest, '}')
			if n < 0 || strings.ContainsAny(rest[:n], " @/") {
				out.WriteByte('{')
				i++
				continue
			}
			out.WriteString(unknown)
			i += n + 1
		case rest[0] == '$' && len(rest) > 1 && (isUpper(rest[1]) || isLower(rest[1]) || rest[1] == '_'):
			n := 1
			for n < len(rest) && (isAlnum(rest[n]) || rest[n] == '_') {
				n++
			}
			out.WriteString(unknown)
			i += n
		default:
			out.WriteByte(rest[0])
			i++
		}
	}
	return out.String()
}

// closing is the length up to and with the mark, all of s without one.
func closing(s, mark string, from int) int {
	if from > len(s) {
		return len(s)
	}
	if i := strings.Index(s[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(s)
}

// maxBraced bounds one ${…}: without it, many that are never closed cost the
// square of the text.
const maxBraced = 4 << 10

// braced is the length of the ${…} that s begins with.
func braced(s string) int {
	depth := 0
	for i := 0; i < min(len(s), maxBraced); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// shellDefault is the text of NAME:-default or NAME-default (also NAME:default,
// as Spring writes it), unknown without one.
func shellDefault(body string, depth int) string {
	n := 0
	for n < len(body) && (isAlnum(body[n]) || body[n] == '_' || body[n] == '.') {
		n++
	}
	rest := body[n:]
	for _, op := range []string{":-", ":=", "-", "=", ":"} {
		if d, ok := strings.CutPrefix(rest, op); ok && d != "" && d[0] != '?' && d[0] != '+' {
			return expand(d, depth+1)
		}
	}
	return unknown
}
