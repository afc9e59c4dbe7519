package scanner

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestPythonForms(t *testing.T) {
	for _, test := range []struct{ source, want string }{
		{"import os\nos.environ['A']", "2 code-read A"},
		{"import os\nos.environ[\n  'A' 'B'\n]", "2 code-read AB"},
		{"import os\nos.environ.\\\n  get('A')", "2 code-read A"},
		{"import os\nx = os.environ [ 'A' ]", "2 code-read A"},
		{"import os\nos.environ['A'] = os.environ['B']", "2 code-read A write; 2 code-read B"},
		{"import os\nos.environ['A'], x = 'v', 1", ""},
		{"import os\nos.environ['A'] += 'v'", "2 code-read A"},
		{"import os\nos.environ |= {'A': 'v', 'B': x}", "2 literal A write; 2 code-read B write"},
		{"import os\nos.putenv('A', 'v')", "2 literal A write"},
		{"import os\nos.environb[b'A']", "2 code-read A"},
		{"import os\nif os.getenv('A'): x = os.environ['B']", "2 code-read A; 2 code-read B"},
		{"import os\nx: str = os.environ['A']; y = os.environ['B']", "2 code-read A; 2 code-read B"},
		{"from os import *\nenviron['A'], getenv('B')", "2 code-read A; 2 code-read B"},
		{"import os.path\nos.getenv('A')", "2 code-read A"},
		{"os.getenv('A')", "1 code-read A"},
		{"getenv('A')\nenviron['B']", ""},
		{"from mine import getenv, environ\ngetenv('A'); environ['B']", ""},
		{"import os\nos = Fake()\nos.environ['A']", ""},
		{"import os\ndef f(os):\n  os.environ['A']\nos.environ['B']", "4 code-read B"},
		{"import os\ne = dict(os.environ)\ne['A']; e.get('B', 'v')", "3 code-read A; 3 code-read B; 3 literal B default"},
		{"import os\ne = {**os.environ, 'A': 'v'}\ne['B']", "2 literal A write; 3 code-read B"},
		{"import os\ndict(os.environ, A='v')", "2 literal A write"},
		{"import os\nfor k in ('A', 'B'):\n  os.environ[k]", "3 code-read A; 3 code-read B"},
		{"import os\nfor k in names:\n  os.environ[k]", ""},
		{"import os\nfor k, v in os.environ.items():\n  print(f'{k}={v}')", "3 leak *"},
		{"import os\nf'{os.environ[\"A\"]:>{width}}' f\"{os.environ['B']!r}\"", "2 code-read A; 2 code-read B"},
		{"import os\nf\"{os.environ[\"A\"]} {f\"{os.environ['B']}\"}\"", "2 code-read A; 2 code-read B"},
		{"import os\nf'{{os.environ[\"A\"]}}'", ""},
		{"import os\nf'''{\nos.environ['A']\n}'''", "3 code-read A"},
		{"import os\nr'\\'; os.environ['A']", ""}, // the quote is escaped in a raw string too
		{"import os\nx = '''\nos.environ['A']\n'''", ""},
		{"import os\nx = 1 # os.environ['A']", ""},
		{"import os\nassert 'A' not in os.environ", "2 code-read A"},
		{"import os\nx = [k for k in os.environ if k in os.environ]", ""},
		{"import dotenv\nv = dotenv.dotenv_values('x/.env')\nv['A']", "2 bulk-ref x/.env; 3 code-read A"},
		{"from environs import Env\nenv = Env()\nenv.str('A', 'v'); env('B'); env.list('C')", "3 code-read A; 3 literal A default; 3 code-read B; 3 code-read C"},
		{"from .base import env\nenv('A')", "2 code-read A"},
		{"from decouple import Config, RepositoryEnv\nconfig = Config(RepositoryEnv('.env'))\nconfig('A')", "2 bulk-ref .env; 3 code-read A"},
		{"from starlette.config import Config\nc = Config('.env')\nc('A', cast=Secret)", "2 bulk-ref .env; 3 code-read A"},
		{"import typer\ndef f(k: str = typer.Option(None, envvar=['A', 'B'])): ...", "2 code-read A; 2 code-read B"},
		{"def f(password='pw-literal'): ...", "1 literal password default"},
		{"def f(password: str = 'pw-literal'): ...", "1 literal password default"},
		{"client.api_key = 'key-literal'", "1 literal api_key"},
		{"app.config['SECRET_KEY'] = 'key-literal'", "1 literal SECRET_KEY"},
		{"x = {'password': 'pw-literal', 'host': 'h'}", "1 literal password"},
		{"password = b'pw-literal'", "1 literal password"},
		{"password = ('pw-' 'literal')", "1 literal password"},
		{"password = ''", ""},
		{"password: str", ""},
		{"if password == 'pw-literal': pass", ""},
		{"password = f'{a}'", ""},
		{"url = f'postgres://app:pw-literal@{host}/db'", "1 literal url"},
		{"url = f'postgres://app:{password}@{host}/db'", ""},
		{"create_engine('postgres://app:pw-literal@h/db')", "1 literal url"},
		{"import os\nimport subprocess\nsubprocess.run(['x'], env={**os.environ, 'A': 'v'})", "3 literal A write"},
		{"import os\nos.environ.update(A='v', **more)", "2 literal A write"},
		{"import os\ndef f(n): return os.getenv('APP_' + n)\nf('A')", "3 code-read APP_A"},
		{"import os\nf('A')\ndef f(n): return os.environ[n]", "2 code-read A"},
		{"import os\nprint(os.environ['A'])", "2 code-read A; 2 leak A"},
		{"import os\nlog.info('x', len(os.environ['A']))", "2 code-read A"},
		{"#!/usr/bin/env python3\nimport os; os.environ['A']", "2 code-read A"},
		{"import os\r\nos.environ['A']\r\n", "2 code-read A"},
		{"import os\nclass C:\n  key = os.environ['A']\n  def f(self): return os.environ['B']", "3 code-read A; 4 code-read B"},
	} {
		expectList(t, test.source, python(t, "a.py", test.source).list(), test.want)
	}
}

func TestPythonScopes(t *testing.T) {
	source := `import os
A = os.environ["A"]
class C:
    B = os.environ["B"]
    def m(self, x=os.environ["C"]):
        return os.environ["D"]
E = lambda: os.environ["E"]
F = [os.environ["F"], lambda: os.environ["G"], os.environ["H"]]
if __name__ == "__main__":
    I = os.environ["I"]
async def f():
    def g():
        return f"{os.environ['J']}"
`
	want := map[string]Scope{"A": ModuleScope, "B": ModuleScope, "C": ModuleScope, "D": FunctionScope, "E": FunctionScope,
		"F": ModuleScope, "G": FunctionScope, "H": ModuleScope, "I": ModuleScope, "J": FunctionScope}
	o := python(t, "a.py", source)
	for _, c := range o.candidates {
		if c.Scope != want[c.Name] {
			t.Errorf("%s: scope %q, want %q", c.Name, c.Scope, want[c.Name])
		}
		delete(want, c.Name)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}

func TestPythonOptional(t *testing.T) {
	for source, optional := range map[string]bool{
		`os.environ["A"]`: false, `os.environ.get("A")`: true, `os.getenv("A")`: true, `"A" in os.environ`: true,
		`os.environ.pop("A")`: false, `os.environ.pop("A", None)`: true,
	} {
		if o := python(t, "a.py", "import os\n"+source); len(o.candidates) != 1 || o.candidates[0].Optional != optional {
			t.Errorf("%s: %v, want optional %v", source, o.list(), optional)
		}
	}
}

func TestPythonEnvFiles(t *testing.T) {
	for call, want := range map[string]string{
		"load_dotenv()":                                                   "svc/app/.env",
		"load_dotenv('.env.prod')":                                        "svc/app/.env.prod",
		"load_dotenv(dotenv_path='../x.env')":                             "svc/x.env",
		"load_dotenv(find_dotenv())":                                      "svc/app/.env",
		"load_dotenv(Path(__file__).parent / 'e')":                        "svc/app/e",
		"load_dotenv(ROOT / 'e')":                                         "e",
		"load_dotenv(os.path.join(os.path.dirname(__file__), '..', 'e'))": "svc/e",
		"load_dotenv(Path(__file__).parents[1] / 'e')":                    "svc/e",
		"load_dotenv('../../../outside')":                                 "../../../outside",
	} {
		o := python(t, "svc/app/main.py", "import os\nfrom pathlib import Path\nfrom dotenv import load_dotenv, find_dotenv\nROOT = Path(__file__).parent.parent.parent\n"+call)
		if len(o.candidates) != 1 || o.candidates[0].Ref.Name != want || o.candidates[0].Ref.Store != EnvFile {
			t.Errorf("%s: %+v, want %s", call, o.candidates, want)
		}
		if strings.Contains(want, "outside") == (len(o.references) > 0) {
			t.Errorf("%s refers to %v", call, o.references)
		}
	}
}

func TestPythonBrokenIsReportedAndTheRestRead(t *testing.T) {
	o := python(t, "a.py", "import os\nx = (1,\n\ndef f():\n  return os.environ['A']\n")
	expectList(t, "open bracket", o.list(), "5 code-read A")
	if len(o.skipped) != 1 || o.skipped[0].Line != 2 {
		t.Errorf("skipped %+v", o.skipped)
	}
	o = python(t, "a.py", "import os\nos.environ['A']\nx = '''never closed\n")
	expectList(t, "open string", o.list(), "2 code-read A")
	if len(o.skipped) != 1 || o.skipped[0].Line != 3 {
		t.Errorf("skipped %+v", o.skipped)
	}
}

// Hostile sources: each has cost a parser somewhere seconds or its stack.
func TestPythonHostileIsBounded(t *testing.T) {
	for name, source := range map[string]string{
		"brackets":       strings.Repeat("(", 1<<18),
		"closing":        strings.Repeat(")", 1<<18),
		"calls":          strings.Repeat("os.getenv('A', ", 20_000),
		"copies":         "x = " + strings.Repeat("dict(", 30_000),
		"lambdas":        strings.Repeat("lambda:", 30_000),
		"strings":        strings.Repeat("f'{a}' ", 30_000),
		"holes":          "f'" + strings.Repeat("{a", 100_000),
		"nested holes":   strings.Repeat("f'{", 20_000),
		"mixed holes":    strings.Repeat("f\"{f'{", 20_000),
		"attributes":     "a" + strings.Repeat(".b", 100_000),
		"trailers":       "a" + strings.Repeat("()", 100_000),
		"targets":        strings.Repeat("a = ", 20_000) + "[" + strings.Repeat("'x',", 30_000) + "]",
		"headers":        strings.Repeat("if a: ", 30_000),
		"doubling":       "A = 'xxxxxxxx'\n" + strings.Repeat("A = A + A\n", 10_000),
		"comprehensions": strings.Repeat("[x for x in ", 20_000),
		"keywords":       "f(" + strings.Repeat("token=a if b else ", 20_000),
		"parentheses":    "password = " + strings.Repeat("(", 20_000) + "'x'",
		"indentation":    strings.Repeat(" ", 1<<18) + "x",
		"scopes":         strings.Repeat("def f():\n", 20_000),
		"deep scopes":    deepScopes(1000),
		"escapes":        "x = '" + strings.Repeat(`\`, 1<<18),
		"NUL":            "os.environ['A\x00B']",
		"reads":          strings.Repeat("os.environ['A'];", 20_000),
		"dicts":          strings.Repeat("{**os.environ, 'A': ", 20_000),
	} {
		start := time.Now()
		o := python(t, "a.py", source)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: %v", name, took)
		}
		if len(o.candidates) > maxPyCandidates {
			t.Errorf("%s: %d candidates", name, len(o.candidates))
		}
	}
}

func deepScopes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "def f():\n")
	}
	return b.String()
}

const canary = "Canary-Bluethroat-7731"

// TestExtractorsTellNoValue: formatting what an extractor found shows no value.
func TestExtractorsTellNoValue(t *testing.T) {
	o := python(t, "a.py", "import os\npassword = '"+canary+"'\nx = os.getenv('A', '"+canary+"')\nos.environ['B'] = '"+canary+"'\ny = f'redis://:"+canary+"@{h}'\n(")
	k := kubernetes(t, "a.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a, annotations: {password: "+canary+"}}\nstringData: {A: "+canary+"}\ndata: {B: "+canary+"}\n")
	for _, o := range []*found{o, k} {
		if len(o.candidates) < 3 || len(o.skipped) == 0 {
			t.Errorf("%v %v", o.list(), o.skipped)
		}
		if text := fmt.Sprintf("%v %+v %#v", o.candidates, o.candidates, o.skipped); strings.Contains(text, canary) {
			t.Error("a value is told")
		}
		for _, c := range o.candidates {
			if strings.Contains(c.Name+c.Detail+c.Ref.Name+c.Ref.Key, canary) {
				t.Errorf("a value is in a field of line %d", c.At.Line)
			}
			if c.Value.IsZero() && c.Mechanism == Literal {
				t.Errorf("line %d has no value", c.At.Line)
			}
		}
	}
}

func FuzzPython(f *testing.F) {
	for _, seed := range []string{"import os\nos.environ['A'] = f'{x!r:>{w}}'", "class S(BaseSettings):\n  a: str = Field('x', alias='B')", "'''", "f'{", "def f(a=(", "\\\n", "load_dotenv(Path(__file__).parents[2] / 'x')"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		lines := strings.Split(source, "\n")
		o := python(t, "a.py", source)
		for _, c := range o.candidates {
			if c.At.Line < 1 || c.At.Line > len(lines) || c.At.Column < 1 || c.At.Column > len(lines[c.At.Line-1])+1 {
				t.Errorf("%s at %d:%d of %d lines", c.Name, c.At.Line, c.At.Column, len(lines))
			}
			if c.Name == "" {
				t.Error("a candidate without a name")
			}
		}
		for _, s := range o.skipped {
			if s.Line < 0 || s.Line > len(lines) {
				t.Errorf("skipped at %d of %d lines", s.Line, len(lines))
			}
		}
	})
}
