package rules

import "testing"

func TestParseURL(t *testing.T) {
	for _, c := range []struct {
		in, scheme, user, password, host, port, database string
	}{
		{"postgres://u:p@db:5432/app?sslmode=require", "postgres", "u", "p", "db", "5432", "app"},
		{"postgresql+psycopg2://u:p%40x@db/app", "postgresql+psycopg2", "u", "p%40x", "db", "", "app"},
		{"redis://:p@cache:6379/1", "redis", "", "p", "cache", "6379", "1"},
		{"redis://cache:6379", "redis", "", "", "cache", "6379", ""},
		{"mongodb+srv://u:p@cluster.example.net/", "mongodb+srv", "u", "p", "cluster.example.net", "", ""},
		{"postgres://u:p/w@db:5432/app", "postgres", "u", "p/w", "db", "5432", "app"},
		{"postgres://u:p@[::1]:5432/app", "postgres", "u", "p", "[::1]", "5432", "app"},
		{"https://example.net/a@b:c", "https", "", "", "example.net", "", "a@b:c"},
		{"jdbc:postgresql://db/app?user=u", "postgresql", "", "", "db", "", "app"},
		{"${URL:-postgresql://${U:-me}:${P:-pw}@${H:-db}:5432/app}", "postgresql", "me", "pw", "db", "5432", "app"},
		{"postgres://${U}:${P}@${H}/app", "postgres", unknown, unknown, unknown, "", "app"},
		{"redis://:{{ .REDIS_PASSWORD }}@redis:6379/1", "redis", "", unknown, "redis", "6379", "1"},
		{"mongodb://<user>:<password>@mongo/x", "mongodb", fillIn, fillIn, "mongo", "", "x"},
		{"postgresql://{user}:{password}@db/x", "postgresql", unknown, unknown, "db", "", "x"},
	} {
		u, ok := parseURL(c.in)
		if !ok || u.scheme != c.scheme || u.user != c.user || u.password != c.password || u.host != c.host || u.port != c.port || u.database != c.database {
			t.Errorf("%s: got %#v, %t", c.in, u, ok)
		}
		if u.hasPassword != (c.password != "") {
			t.Errorf("%s: hasPassword is %t", c.in, u.hasPassword)
		}
	}
	for _, in := range []string{"", "db:5432", "://x", "not a url://", "-----BEGIN x-----\nhttps://"} {
		if _, ok := parseURL(in); ok {
			t.Errorf("%q is no URL", in)
		}
	}
}

func TestEndpointIsForStoresOnlyAndHoldsNoPassword(t *testing.T) {
	u, _ := parseURL("postgres://acme_app:Copper-Kettle-31@db:5432/acme?password=Copper-Kettle-32")
	if e := u.endpoint(); e == nil || *e != (Endpoint{"postgres", "acme_app", "db", "5432", "acme"}) {
		t.Errorf("got %v", e)
	}
	u, _ = parseURL("https://user:pw@example.net/x")
	if e := u.endpoint(); e != nil {
		t.Errorf("an http URL has an endpoint: %v", e)
	}
	u, _ = parseURL("postgres://${U}:${P}@db:${PORT}/acme")
	if e := u.endpoint(); *e != (Endpoint{Scheme: "postgres", Host: "db", Database: "acme"}) {
		t.Errorf("got %v", e)
	}
}

// Nesting, unclosed braces and long inputs end.
func TestExpandIsBounded(t *testing.T) {
	deep := ""
	for range 10000 {
		deep += "${A:-"
	}
	for _, in := range []string{deep, "${", "{{", "$(", "%(", "<", "${A:-${B:-x}", "$", "{x"} {
		expand(in, 0)
		parseURL("postgres://" + in + "@x/" + in)
	}
	if got := expand("${A:-${B:-x}}y", 0); got != "xy" {
		t.Errorf("got %q", got)
	}
}
