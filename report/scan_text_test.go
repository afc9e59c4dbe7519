package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

func scanText(t *testing.T, doc *rules.Scan, opts Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := ScanText(&b, doc, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestScanTextGroupsBySecret(t *testing.T) {
	got := scanText(t, leaky(), Options{})
	want := `critical  DATABASE_URL  also PG_URL  database-credential  shared by 2 tenants: aurora, borealis  2 places
     deploy/a b:c#ä.yaml:12  literal        Secret/tenant-aurora/platform-db  tenant aurora
     and 1 low code-read

high      OPENAI_API_KEY  llm-key (openai)  1 place
     .env:2  literal

Secrets: 1 critical, 1 high.
Not listed: 1 more secret of low or info severity (-v lists them).
Scanned: 5 files, 4 KiB (dotenv 1, kubernetes 4).
Left out: binary 3.
Suppressed: 2 findings by the baseline.
INCOMPLETE: 1 input could not be read. Secrets there are not in this report.
     deploy/bad.yaml:7  is not valid YAML
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestScanTextVerboseHidesNothing(t *testing.T) {
	got := scanText(t, leaky(), Options{Verbose: true})
	for _, f := range leaky().Findings {
		if !strings.Contains(got, fmt.Sprintf("%s:%d", f.At.Path, f.At.Line)) || !strings.Contains(got, f.Rule) {
			t.Errorf("%s:%d (%s) is missing in\n%s", f.At.Path, f.At.Line, f.Rule, got)
		}
	}
	if !strings.Contains(got, "used by Deployment/tenant-aurora/researcher") {
		t.Errorf("the related place is missing in\n%s", got)
	}
}

func TestScanTextQuietStillTellsGaps(t *testing.T) {
	got := scanText(t, leaky(), Options{Quiet: true})
	if lines := strings.Count(got, "\n"); lines != 4 || !strings.Contains(got, "INCOMPLETE") || strings.Contains(got, "Scanned") {
		t.Errorf("got %d lines:\n%s", lines, got)
	}
}

func TestScanTextOfACleanScanIsShort(t *testing.T) {
	doc := clean12()
	for i := range 200 { // a twelve-factor repository reads much of its environment
		doc.Secrets = append(doc.Secrets, rules.Secret{ID: fmt.Sprint(i), Name: "N"})
		doc.Findings = append(doc.Findings, rules.Finding{Secret: fmt.Sprint(i), Severity: rules.Low, Mechanism: scanner.CodeRead})
	}
	got := scanText(t, doc, Options{})
	if n := strings.Count(got, "\n"); n > 4 || !strings.HasPrefix(got, "No static secret") || !strings.Contains(got, "200 more secrets") {
		t.Errorf("%d lines:\n%s", n, got)
	}
}

func TestScanTextSaysThatNothingWasScanned(t *testing.T) {
	doc := clean12()
	doc.Coverage = scanner.Coverage{}
	if got := scanText(t, doc, Options{}); !strings.Contains(got, "Nothing was scanned") {
		t.Errorf("got:\n%s", got)
	}
}

func TestScanTextBoundsPlaces(t *testing.T) {
	doc := clean12()
	doc.Secrets = []rules.Secret{{ID: "S1", Name: "K"}}
	for i := range 500 {
		doc.Findings = append(doc.Findings, rules.Finding{Secret: "S1", Severity: rules.High, Mechanism: scanner.Literal, At: scanner.Position{Path: "p", Line: i + 1}})
	}
	got := scanText(t, doc, Options{})
	if n := strings.Count(got, "\n"); n > 20 || !strings.Contains(got, "and 488 high literal") {
		t.Errorf("%d lines:\n%s", n, got)
	}
}

func TestScanTextShowsAFindingOfAnUnknownSecret(t *testing.T) {
	doc := clean12()
	doc.Findings = []rules.Finding{{Secret: "S9", Name: "LOST", Severity: rules.High, At: scanner.Position{Path: "p", Line: 3}}}
	if got := scanText(t, doc, Options{}); !strings.Contains(got, "LOST") || !strings.Contains(got, "p:3") {
		t.Errorf("got:\n%s", got)
	}
}

func TestTextObeysNoHostileInput(t *testing.T) {
	doc := leaky()
	for i := range doc.Findings {
		f := &doc.Findings[i]
		f.At.Path, f.Name, f.Message, f.Rule, f.Tenant = hostile, hostile, hostile, hostile, hostile
		f.Mechanism, f.Class, f.Provider = scanner.Mechanism(hostile), rules.Class(hostile), hostile
		f.Object = scanner.Object{Kind: hostile, Name: hostile}
		f.Related = []rules.Related{{At: scanner.Position{Path: hostile}, Message: hostile}}
		f.Context = scanner.Context(hostile)
	}
	for i := range doc.Secrets {
		s := &doc.Secrets[i]
		s.Name, s.Names, s.Class, s.Provider, s.Tenants = hostile, []string{hostile, "b"}, rules.Class(hostile), hostile, []string{hostile, "b"}
	}
	doc.Coverage.Skipped = []scanner.Skipped{{Path: hostile, Reason: hostile}}
	doc.Coverage.ByKind[scanner.Kind(hostile)] = 1
	doc.Coverage.Excluded[hostile] = 1
	for _, opts := range []Options{{}, {Verbose: true}, {Quiet: true}, {Width: 20}} {
		assertInert(t, scanText(t, doc, opts))
	}
	for _, render := range []func(*bytes.Buffer) error{
		func(b *bytes.Buffer) error { return ScanJSON(b, doc, Options{}) },
		func(b *bytes.Buffer) error { return ScanSARIF(b, doc, Options{}) },
	} {
		var b bytes.Buffer
		if err := render(&b); err != nil {
			t.Fatal(err)
		}
		assertInert(t, b.String())
	}
}

// assertInert fails if s holds anything but glyphs, spaces and line breaks.
func assertInert(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("a byte that is not UTF-8 reaches the terminal")
	}
	for i, r := range s {
		if r != '\n' && !shows(r) {
			t.Fatalf("%q at %d reaches the terminal in %.80q", r, i, s[max(0, i-30):])
		}
	}
}

func TestColourIsAskedFor(t *testing.T) {
	if got := scanText(t, leaky(), Options{}); strings.Contains(got, "\x1b") {
		t.Errorf("escape sequences without colour: %q", got)
	}
	got := scanText(t, leaky(), Options{Color: true})
	if !strings.Contains(got, "\x1b[") {
		t.Error("no colour where it was asked for")
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain/path.yaml":         "plain/path.yaml",
		"ä日本":                     "ä日本",
		"a\x1b[2Jb":               `a\x1b[2Jb`,
		"a\u202eb":                `a\u202eb`,
		"a\nb\tc\rd\x00":          `a\nb\tc\x0dd\x00`,
		"a\u00a0b\u2028\u200b":    `a\u00a0b\u2028\u200b`,
		"\xff\U000e0041":          `\xff\U000e0041`,
		"\u009b1m\x7f":            `\u009b1m\x7f`,
		strings.Repeat("x", 9999): strings.Repeat("x", maxShown) + "…",
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add(hostile)
	f.Fuzz(func(t *testing.T, s string) { assertInert(t, Visible(s)) })
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("disk full") }

func TestRenderersReportWriteErrors(t *testing.T) {
	for _, f := range ScanFormats {
		if err := f.Render(failing{}, leaky(), Options{}); err == nil {
			t.Errorf("%s hides that its output was lost", f.Name)
		}
	}
}
