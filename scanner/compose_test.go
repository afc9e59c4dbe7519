package scanner

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func compose(t *testing.T, text string) *found {
	t.Helper()
	return extracted(t, composeExtractor, "deploy/compose.yaml", text)
}

func TestComposeEnvironment(t *testing.T) {
	const env = "environment::"
	for name, test := range map[string]struct {
		text string
		want []wanted
	}{
		"map": {`services:
  web:
    environment:
      A: plain
      B: ${X}
      C: $X
      D: ${X:-dflt}
      E: ${X-dflt}
      F: ${X:?must be set}
      G: pa$$word
      H:
      I: ""
      J: 5
      K: postgres://u:${PW}@h/db
      L: postgres://u:${PW:-pw}@h/db
      M: ${URL:-postgres://${U:-u}:${P:-p}@h/db}
`, []wanted{{4, "A", "literal", "plain", ""}, {5, "B", "static-ref", "", env + "X"}, {6, "C", "static-ref", "", env + "X"},
			{7, "D", "literal@default", "dflt", env + "X"}, {8, "E", "literal@default", "dflt", env + "X"}, {9, "F", "static-ref", "", env + "X"},
			{10, "G", "literal", "pa$word", ""}, {11, "H", "static-ref", "", env + "H"}, {12, "I", "literal", "", ""}, {13, "J", "literal", "5", ""},
			{14, "K", "static-ref", "", env + "PW"}, {15, "L", "literal@default", "postgres://u:pw@h/db", env + "PW"},
			{16, "M", "literal@default", "postgres://u:p@h/db", env + "URL"}}},
		"list": {`services:
  web:
    environment:
      - A=plain=x
      - B
      - C=
      - "D=${X}"
      - PW_FILE=/run/secrets/pw
`, []wanted{{4, "A", "literal", "plain=x", ""}, {5, "B", "static-ref", "", env + "B"}, {6, "C", "literal", "", ""},
			{7, "D", "static-ref", "", env + "X"}, {8, "PW_FILE", "dynamic", "", "secret-file:/run/secrets/pw:"}}},
		"env_file": {`services:
  a:
    env_file: .env
  b:
    env_file:
      - ../.env
      - path: ./b.env
        required: false
      - ../../outside.env
      - ${DIR}/x.env
`, []wanted{{3, ".env", "bulk-ref", "", "env-file:deploy/.env:"}, {6, "../.env", "bulk-ref", "", "env-file:.env:"},
			{7, "./b.env", "bulk-ref", "", "env-file:deploy/b.env:"}, {9, "../../outside.env", "bulk-ref", "", "env-file:../../outside.env:"},
			{10, "${DIR}/x.env", "bulk-ref", "", "env-file:${DIR}/x.env:"}}},
		"build arguments and labels": {`services:
  a:
    build:
      context: ../app
      args:
        TOKEN: abc
        NPM_TOKEN:
    labels:
      - traefik.auth=u:hash
  b:
    build:
      args: ["PIP_TOKEN=${PIP_TOKEN:-x1}", OTHER]
`, []wanted{{6, "TOKEN", "leak@build-arg", "abc", ""}, {7, "NPM_TOKEN", "leak@build-arg", "", env + "NPM_TOKEN"},
			{9, "traefik.auth", "leak@annotation", "u:hash", ""}, {12, "PIP_TOKEN", "leak@build-arg", "x1", env + "PIP_TOKEN"}, {12, "OTHER", "leak@build-arg", "", env + "OTHER"}}},
		"secrets": {`services:
  a:
    secrets: [one, {source: two, target: x}]
secrets:
  one:
    file: ./one.txt
  two:
    environment: TWO
  three:
    external: true
`, []wanted{{3, "one", "dynamic", "", "secret-file:/run/secrets/one:"}, {3, "two", "dynamic", "", "secret-file:/run/secrets/two:"},
			{5, "one", "dynamic", "", "secret-file:deploy/one.txt:"}, {7, "two", "static-ref", "", env + "TWO"}, {9, "three", "dynamic", "", "secret-manager:three:"}}},
		"commands": {`services:
  a:
    command: redis-server --requirepass hunter --port 6379
  b:
    command: ["redis-server", "--requirepass", "${REDIS_PASSWORD}"]
  c:
    entrypoint: ["sh", "-c", "PGPASSWORD=tiger psql -h db"]
  d:
    healthcheck:
      test: ["CMD-SHELL", "mysqladmin ping -p\"$$(cat /run/secrets/db)\" || exit 1"]
  e:
    healthcheck:
      test: ["CMD", "redis-cli", "-a", "$$REDIS_PASSWORD", "ping"]
  f:
    command: >
      myapp
      --token=abc
      --verbose
  g:
    command: |
      myapp \
        --password xyz
`, []wanted{{3, "requirepass", "leak@command", "hunter", ""}, {3, "port", "leak@command", "6379", ""},
			{5, "requirepass", "leak@command", "", env + "REDIS_PASSWORD"}, {7, "PGPASSWORD", "leak@command", "tiger", ""},
			{10, "password", "leak@command", "", "secret-file:/run/secrets/db:"}, {13, "password", "leak@command", "", env + "REDIS_PASSWORD"},
			{17, "token", "leak@command", "abc", ""}, {22, "password", "leak@command", "xyz", ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			o := compose(t, test.text)
			checkCandidates(t, o.candidates, test.want)
			if len(o.skipped) > 0 {
				t.Errorf("skipped: %v", o.skipped)
			}
			for _, c := range o.candidates {
				if c.Ref.Store == Environment && c.Ref.Scope != "deploy/.env" {
					t.Errorf("%s: scope %q", c.Name, c.Ref.Scope)
				}
			}
		})
	}
}

func TestComposeAnchorsCountOnceAtTheirPlace(t *testing.T) {
	o := compose(t, `x-env: &env
  DB_PASSWORD: tiger
  MODE: a
x-spare:
  environment:
    SPARE_TOKEN: abc
services:
  one:
    environment: *env
  two:
    environment:
      <<: *env
      MODE: b
  three:
    environment:
      <<: [*env]
`)
	checkCandidates(t, o.candidates, []wanted{{2, "DB_PASSWORD", "literal", "tiger", ""}, {3, "MODE", "literal", "a", ""}, {13, "MODE", "literal", "b", ""}, {6, "SPARE_TOKEN", "literal", "abc", ""}})
	first := o.candidates[0]
	if first.Workload != "deploy/compose.yaml#service/one" || !slices.Equal(first.Shared, []string{"deploy/compose.yaml#service/two", "deploy/compose.yaml#service/three"}) {
		t.Errorf("users: %s, %v", first.Workload, first.Shared)
	}
	if shared := o.candidates[1].Shared; !slices.Equal(shared, []string{"deploy/compose.yaml#service/three"}) {
		t.Errorf("an overridden entry is shared with %v", shared)
	}
}

func TestComposeWorkloadsAndReferences(t *testing.T) {
	data, err := os.ReadFile("testdata/compose/platform.yaml")
	if err != nil {
		t.Fatal(err)
	}
	o := extracted(t, composeExtractor, "stack/platform.yaml", string(data)) // by content
	var got []string
	for _, w := range o.workloads {
		got = append(got, fmt.Sprint(w.ID, " ", w.At.Line, " ", w.Images, w.BuildContexts, w.Commands, w.Labels))
	}
	want := []string{
		"stack/platform.yaml#service/agent 5 [] [agents/triage] [agent.py] map[tenant:north]",
		"stack/platform.yaml#service/batch 17 [acme/batch:1] [] [batch.main] map[tier:low]",
		"stack/platform.yaml#service/db 24 [postgres:17] [] [] map[]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("workloads:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, p := range []string{"stack/.env", ".env", "stack/base.yaml", "stack/extra.yaml", "shared/env"} {
		if !slices.Contains(o.references, p) {
			t.Errorf("%s is not asked for: %v", p, o.references)
		}
	}
}

func TestComposeRecognition(t *testing.T) {
	for path, want := range map[string]bool{
		"compose.yaml": true, "docker-compose.yml": true, "docker-compose.prod.yml": true, "dev-compose.yaml": true, "app.compose.yml": true,
		"values.yaml": false, "composer.json": false, "decompose.yaml": false,
	} {
		if got := isCompose(&file{path: path, data: []byte("a: b\n")}); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	for text, want := range map[string]bool{
		"services:\n  web:\n    image: x\n":                           true,
		"services:\n  web:\n    image:\n      repository: x\n":        false, // Helm values
		"services:\n  - web\n":                                        false,
		"kind: X\nservices:\n  web:\n    image: x\n":                  false,
		"version: '3'\nservices:\n  a: {build: .}\n  b: {image: c}\n": true,
	} {
		if got := isCompose(&file{path: "stack.yml", data: []byte(text)}); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestComposeHostileInput(t *testing.T) {
	t.Run("a broken document does not hide the next", func(t *testing.T) {
		o := compose(t, "services:\n  a: [\n---\nservices:\n  b:\n    environment: {A: x}\n")
		checkCandidates(t, o.candidates, []wanted{{6, "A", "literal", "x", ""}})
		if len(o.skipped) != 1 {
			t.Errorf("skipped %v", o.skipped)
		}
	})
	t.Run("odd shapes", func(t *testing.T) {
		o := compose(t, "services:\n  a:\n    environment: {A: [1], B: {c: d}}\n    command: {x: y}\n    env_file: {a: b}\n    labels: 5\n    build: []\n  b: null\n  c: [1]\nsecrets: [1]\ninclude: 7\n")
		if len(o.workloads) != 3 || len(o.skipped) != 2 {
			t.Errorf("%d workloads, skipped %v", len(o.workloads), o.skipped)
		}
	})
	t.Run("aliases and merges are bounded", func(t *testing.T) {
		var b strings.Builder
		b.WriteString("x-a: &a0 {K0: v}\n")
		for i := 1; i < 40; i++ {
			fmt.Fprintf(&b, "x-a%d: &a%d {<<: [*a%d, *a%d], K%d: v}\n", i, i, i-1, i-1, i)
		}
		b.WriteString("x-big: &big\n")
		for i := range 3000 {
			fmt.Fprintf(&b, "  B%d: v\n", i)
		}
		b.WriteString("services:\n")
		for i := range 2000 {
			fmt.Fprintf(&b, "  s%d: {environment: {<<: [*a39, *big]}}\n", i)
		}
		o := compose(t, b.String())
		if len(o.skipped) == 0 || len(o.candidates) > 4000 {
			t.Errorf("%d candidates, skipped %v", len(o.candidates), o.skipped)
		}
	})
	t.Run("an alias of itself", func(t *testing.T) {
		compose(t, "services: &s\n  a: &a\n    <<: *a\n    environment: &e\n      <<: *e\n      A: x\n    labels: *s\n")
	})
}

func FuzzCompose(f *testing.F) {
	f.Add("services:\n  a:\n    environment: {A: \"${X:-y}\"}\n    command: sh -c 'x --p=$$Y'\n")
	f.Add("a: &a\n  <<: *a\nservices: *a\n---\nx")
	f.Fuzz(func(t *testing.T, text string) {
		o := &found{file: &file{path: "compose.yaml", data: []byte(text)}}
		extractCompose(o.file, o)
		checkPositions(t, text, o)
	})
}

func checkPositions(t *testing.T, text string, o *found) {
	plain, _ := utf8Text([]byte(text))
	lines := strings.Count(string(plain), "\n") + 1
	for _, c := range o.candidates {
		if c.At.Line < 1 || c.At.Line > lines || c.At.Column < 0 {
			t.Fatalf("%d:%d is outside of %d lines", c.At.Line, c.At.Column, lines)
		}
		if c.Name == "" || c.Mechanism == "" || c.Kind == "" {
			t.Fatalf("line %d: incomplete candidate", c.At.Line)
		}
	}
}
