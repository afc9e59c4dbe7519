package scanner

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf16"
)

// A wanted candidate. Its value is compared but never printed.
type wanted struct {
	line  int
	name  string
	how   string // mechanism, "@place" if it has one
	value string
	ref   string // store:name:key
}

func extracted(t *testing.T, e extractor, path, text string) *found {
	t.Helper()
	f := &file{path: path, data: []byte(text)}
	if !e.match(f) {
		t.Fatalf("%s is not recognised", path)
	}
	o := &found{file: f}
	e.extract(f, o)
	return o
}

func told(c Candidate) wanted {
	w := wanted{line: c.At.Line, name: c.Name, how: string(c.Mechanism), value: c.Value.Reveal()}
	if c.Place != InEnv {
		w.how += "@" + string(c.Place)
	}
	if !c.Ref.IsZero() {
		w.ref = fmt.Sprintf("%s:%s:%s", c.Ref.Store, c.Ref.Name, c.Ref.Key)
	}
	return w
}

func checkCandidates(t *testing.T, got []Candidate, want []wanted) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing: line %d %s %s", want[i].line, want[i].name, want[i].how)
		case i >= len(want):
			g := told(got[i])
			t.Errorf("not wanted: line %d %s %s %s", g.line, g.name, g.how, g.ref)
		default:
			g, w := told(got[i]), want[i]
			if g == w {
				continue
			}
			same := g.value == w.value
			g.value, w.value = "", ""
			t.Errorf("candidate %d: got %+v, want %+v, same value: %v", i, g, w, same)
		}
	}
}

func skippedLines(o *found) []int {
	var lines []int
	for _, s := range o.skipped {
		lines = append(lines, s.Line)
	}
	return lines
}

func TestDotenv(t *testing.T) {
	const scope = "environment::"
	for name, test := range map[string]struct {
		text string
		want []wanted
		skip []int
	}{
		"empty value does not swallow the next line": {
			"EMPTY=\nDB_PASSWORD=tiger\nBLANK=   \nB=2\nQ=\"\"\nC=3",
			[]wanted{{1, "EMPTY", "literal", "", ""}, {2, "DB_PASSWORD", "literal", "tiger", ""}, {3, "BLANK", "literal", "", ""},
				{4, "B", "literal", "2", ""}, {5, "Q", "literal", "", ""}, {6, "C", "literal", "3", ""}}, nil},
		"CRLF, BOM, export, blanks around =": {
			"\ufeffexport A=1\r\n  B = two \r\n\r\nC=\r\nD=4\r\n",
			[]wanted{{1, "A", "literal", "1", ""}, {2, "B", "literal", "two", ""}, {4, "C", "literal", "", ""}, {5, "D", "literal", "4", ""}}, nil},
		"quotes and escapes": {
			`A="a \"b\" \\ \n\tc \$X"` + "\n" + `B='raw \n $X "q"'` + "\nC=`tick 'x' \"y\"`\n" + `D="x" # comment` + "\n" + `E='it'"s"`,
			[]wanted{{1, "A", "literal", "a \"b\" \\ \n\tc $X", ""}, {2, "B", "literal", `raw \n $X "q"`, ""},
				{3, "C", "literal", `tick 'x' "y"`, ""}, {4, "D", "literal", "x", ""}, {5, "E", "literal", `it"s"`, ""}}, nil},
		"comments end unquoted values, a # inside does not": {
			"A=p#ss # the password\nB=#nothing\nC=a b c\t# d",
			[]wanted{{1, "A", "literal", "p#ss", ""}, {2, "B", "literal", "", ""}, {3, "C", "literal", "a b c", ""}}, nil},
		"multi-line quotes": {
			"KEY=\"-----BEGIN X-----\nabc=\ndef==\n-----END X-----\"\nNEXT=1\nJSON='{\n \"a\": \"b=c\"\n}'\nLAST=2",
			[]wanted{{1, "KEY", "literal", "-----BEGIN X-----\nabc=\ndef==\n-----END X-----", ""}, {5, "NEXT", "literal", "1", ""},
				{6, "JSON", "literal", "{\n \"a\": \"b=c\"\n}", ""}, {9, "LAST", "literal", "2", ""}}, nil},
		"a lost quote costs one line": {
			"A=\"open\nB=kept\nC='also open\nD=kept\"",
			[]wanted{{1, "A", "literal", "open", ""}, {2, "B", "literal", "kept", ""}, {3, "C", "literal", "also open", ""}, {4, "D", "literal", `kept"`, ""}},
			[]int{1, 3}},
		"interpolation": {
			"A=${X}\nB=$Y\nC=${X:-fallback}\nD=postgres://u:${PW}@h/db\nE=postgres://u:${PW:-tiger}@h/db\nF=postgres://${U}:tiger@h/db\nG='${X}'\nH=${X:?must be set}",
			[]wanted{{1, "A", "static-ref", "", scope + "X"}, {2, "B", "static-ref", "", scope + "Y"},
				{3, "C", "literal@default", "fallback", scope + "X"}, {4, "D", "static-ref", "", scope + "PW"},
				{5, "E", "literal@default", "postgres://u:tiger@h/db", scope + "PW"}, {6, "F", "literal", "postgres://U:tiger@h/db", scope + "U"},
				{7, "G", "literal", "${X}", ""}, {8, "H", "static-ref", "", scope + "X"}}, nil},
		"a dollar sign in a password is no variable": {
			"A=pa$word\nB=$2y$10$abcdefg\nC=pa$$word\nD=end$",
			[]wanted{{1, "A", "literal", "pa$word", ""}, {2, "B", "literal", "$2y$10$abcdefg", ""}, {3, "C", "literal", "pa$word", ""}, {4, "D", "literal", "end$", ""}}, nil},
		"commented-out assignments": {
			"# DB_PASSWORD=old\n#export TOKEN=\"t1\" # why\n# Set X=1 to enable\n## just words\n# EMPTY=",
			[]wanted{{1, "DB_PASSWORD", "literal@comment", "old", ""}, {2, "TOKEN", "literal@comment", "t1", ""}, {5, "EMPTY", "literal@comment", "", ""}}, nil},
		"names with dots and dashes, YAML form, bare names, duplicates": {
			"github.token=abc\nx-key: v1\nPASS\nexport OTHER\nA=1\nA=2",
			[]wanted{{1, "github.token", "literal", "abc", ""}, {2, "x-key", "literal", "v1", ""}, {3, "PASS", "static-ref", "", scope + "PASS"},
				{4, "OTHER", "static-ref", "", scope + "OTHER"}, {5, "A", "literal", "1", ""}, {6, "A", "literal", "2", ""}}, nil},
		"a malformed line is told, prose is not, the rest goes on": {
			"A=1\n)( what is this\n=5\nB=2",
			[]wanted{{1, "A", "literal", "1", ""}, {4, "B", "literal", "2", ""}}, []int{3}},
		"paths of secret files are inventory, a secret in a _FILE is not": {
			"DB_PASSWORD_FILE=/run/secrets/db\nPASSWORD=/run/secrets/pw\nKEY_FILE=abcdEFGH0123/+abcd==\nC=$(op read x)",
			[]wanted{{1, "DB_PASSWORD_FILE", "dynamic", "", "secret-file:/run/secrets/db:"}, {2, "PASSWORD", "dynamic", "", "secret-file:/run/secrets/pw:"},
				{3, "KEY_FILE", "literal", "abcdEFGH0123/+abcd==", ""}, {4, "C", "dynamic", "", ""}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := extracted(t, dotenvExtractor, "app/.env", test.text)
			checkCandidates(t, o.candidates, test.want)
			if got := skippedLines(o); fmt.Sprint(got) != fmt.Sprint(test.skip) {
				t.Errorf("skipped lines %v, want %v", got, test.skip)
			}
			for _, c := range o.candidates {
				if c.Ref.Store == Environment && c.Detail != "passed through" && c.Ref.Scope != "app/.env" {
					t.Errorf("%s: scope is %q", c.Name, c.Ref.Scope)
				}
			}
		})
	}
}

func TestDotenvPositionsAndReach(t *testing.T) {
	o := extracted(t, dotenvExtractor, ".env", "  export A=1\nKEY='x\ny\nz'\nB=2\n")
	if got := o.candidates[0].At; got != (Position{Path: ".env", Line: 1, Column: 10}) {
		t.Errorf("position %+v", got)
	}
	for line := 1; line <= 5; line++ {
		if !o.reached[line] {
			t.Errorf("line %d is not reached", line)
		}
	}
}

func TestDotenvUTF16(t *testing.T) {
	data := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune("A=ä\r\nB=2\r\n")) {
		data = append(data, byte(u), byte(u>>8))
	}
	o := extracted(t, dotenvExtractor, ".env", string(data))
	checkCandidates(t, o.candidates, []wanted{{1, "A", "literal", "ä", ""}, {2, "B", "literal", "2", ""}})

	o = extracted(t, dotenvExtractor, ".env", "A=1\x00\x01")
	if len(o.skipped) != 1 {
		t.Error("a binary .env looks clean")
	}
}

func TestDotenvNames(t *testing.T) {
	for path, want := range map[string]bool{
		".env": true, "a/.env.local": true, ".env.runtime": true, "prod.env": true, ".mcp.env.example": true, ".env-dev": true, ".envrc": true,
		"env": true, "env.example": true, "app.env.sample": true, ".env.ts": false, "environment.py": false, "readme.env.md": false, "a/.envs": false, "env.go": false,
	} {
		if got := isDotenv(&file{path: path, data: []byte("A=1\nB=2\n")}); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if isDotenv(&file{path: "usr.env", data: []byte("some words\nand more words\nA=1\n")}) {
		t.Error("prose in a .env-like name is taken for dotenv")
	}
}

func TestEnvrcReadsOnlyPlainExports(t *testing.T) {
	o := extracted(t, dotenvExtractor, ".envrc", "source_up\nif has nix; then\n  use flake\nfi\nexport TOKEN=abc\nexport PW=$(pass show x)\nlocal y=1\n")
	checkCandidates(t, o.candidates, []wanted{{5, "TOKEN", "literal", "abc", ""}, {6, "PW", "dynamic", "", ""}})
	if len(o.skipped) != 0 {
		t.Errorf("shell code is reported as skipped: %v", o.skipped)
	}
}

func TestDotenvFixture(t *testing.T) {
	data, err := os.ReadFile("testdata/dotenv/agent.env")
	if err != nil {
		t.Fatal(err)
	}
	o := extracted(t, dotenvExtractor, "agent.env", string(data))
	names := []string{}
	for _, c := range o.candidates {
		names = append(names, fmt.Sprintf("%d:%s", c.At.Line, c.Name))
	}
	const want = "2:DATABASE_URL 4:REDIS_PASSWORD 5:LOG_LEVEL 6:SESSION_KEY 9:SIGNING_KEY 13:OLD_TOKEN 14:mcp.search.api-key"
	if got := strings.Join(names, " "); got != want || len(o.skipped) != 0 {
		t.Errorf("got %s\nwant %s\nskipped %v", got, want, o.skipped)
	}
}

func FuzzDotenv(f *testing.F) {
	for _, seed := range []string{"A=1\nB=\nC='x\ny'\n", "A=\"\\n${X:-$Y}\"\r\n# B=2\r\nC: d", "\xff\xfeA\x00=\x00", "export A=`b`\n\"K\"=v", "A=${X:-${Y:-z}}@$$", "A='", "K=$(x)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o := &found{file: &file{path: ".env", data: []byte(text)}}
		extractDotenv(o.file, o)
		plain, ok := utf8Text([]byte(text))
		if !ok && len(o.skipped) == 0 {
			t.Fatal("unreadable, yet not reported")
		}
		lines := strings.Split(string(plain), "\n")
		last := 0
		for _, c := range o.candidates {
			if c.At.Line <= last || c.At.Line > len(lines) {
				t.Fatalf("line %d after %d of %d", c.At.Line, last, len(lines))
			}
			last = c.At.Line
			line := lines[c.At.Line-1]
			if c.At.Column < 1 || c.At.Column > len(line) || !strings.HasPrefix(line[c.At.Column-1:], c.Name) {
				t.Fatalf("line %d, column %d: the name does not stand there", c.At.Line, c.At.Column)
			}
			// Of a value without references and escapes, every line stands in the file.
			if v := c.Value.Reveal(); c.Ref.IsZero() && !strings.ContainsAny(string(plain), "\\$\"'`\r") && !strings.Contains(string(plain), v) {
				t.Fatalf("line %d: the value does not stand in the file", c.At.Line)
			}
		}
	})
}
