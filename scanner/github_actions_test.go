package scanner

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func workflow(t *testing.T, text string) *found {
	t.Helper()
	return extracted(t, githubActionsExtractor, ".github/workflows/ci.yml", text)
}

// steps wraps step lines; the first stands on line 5.
func steps(lines string) string {
	return "on: push\njobs:\n  build:\n    steps:\n" + lines
}

func TestWorkflowEnvironment(t *testing.T) {
	const ci = "ci-secret::"
	o := workflow(t, `name: CI
on: push
env:
  WIDE: ${{ secrets.WIDE_KEY }}
permissions:
  id-token: write
jobs:
  build:
    env:
      JOB: ${{ secrets['job_key'] }}
      PLAIN: tiger
      EMPTY: ""
    container:
      image: node:22
      credentials:
        username: bot
        password: ${{ secrets.REGISTRY }}
    services:
      db:
        image: postgres:17
        env:
          POSTGRES_PASSWORD: postgres
    steps:
      - id: one
        env:
          A: ${{ secrets.A }}
          TOKEN: ${{ secrets.GITHUB_TOKEN }}
          GH: ${{ github.token }}
          MAPPED: ${{ env.WIDE }}
          VAR: ${{ vars.X }}
          OUT: ${{ steps.x.outputs.token }}
          ALL: ${{ toJSON(secrets) }}
          DYN: ${{ secrets[matrix.name] }}
          URL: postgres://u:${{ secrets.PW }}@h/db
          LIT: postgres://u:tiger@${{ vars.H }}/db
          COND: ${{ matrix.db == 'pg' && 'tiger' || '' }}
          DFLT: ${{ secrets.X || 'fallback' }}
        uses: some/action@v1
        with:
          api_key: ${{ secrets.LLM }}
          role-to-assume: arn:aws:iam::1:role/x
          build-args: |
            MODE=x
            TOKEN=${{ secrets.NPM }}
  call:
    uses: ./.github/workflows/other.yml
    secrets: inherit
  call2:
    uses: ./.github/workflows/other.yml
    secrets:
      NPM_TOKEN: ${{ secrets.NPM }}
`)
	checkCandidates(t, o.candidates, []wanted{
		{4, "WIDE", "static-ref", "", ci + "WIDE_KEY"}, {6, "id-token", "dynamic", "", ""},
		{10, "JOB", "static-ref", "", ci + "JOB_KEY"}, {11, "PLAIN", "literal", "tiger", ""}, {12, "EMPTY", "literal", "", ""},
		{16, "username", "literal@action-input", "bot", ""}, {17, "password", "static-ref@action-input", "", ci + "REGISTRY"},
		{22, "POSTGRES_PASSWORD", "literal", "postgres", ""},
		{26, "A", "static-ref", "", ci + "A"}, {27, "TOKEN", "dynamic", "", ""}, {28, "GH", "dynamic", "", ""},
		{29, "MAPPED", "static-ref", "", "environment::WIDE"}, {32, "ALL", "bulk-ref", "", ci + "*"}, {33, "DYN", "bulk-ref", "", ci + "*"},
		{34, "URL", "static-ref", "", ci + "PW"}, {35, "LIT", "literal", "postgres://u:tiger@x/db", ""},
		{36, "COND", "literal@default", "tiger", ""}, {37, "DFLT", "static-ref", "", ci + "X"}, {37, "DFLT", "literal@default", "fallback", ci + "X"},
		{40, "api_key", "static-ref@action-input", "", ci + "LLM"}, {41, "role-to-assume", "dynamic@action-input", "", ""},
		{43, "MODE", "leak@build-arg", "x", ""}, {44, "TOKEN", "leak@build-arg", "", ci + "NPM"},
		{47, "inherit", "bulk-ref", "", ci + "*"}, {51, "NPM_TOKEN", "static-ref@action-input", "", ci + "NPM"},
	})
	byName := map[string]Candidate{}
	for _, c := range o.candidates {
		byName[c.Name] = c
	}
	for name, want := range map[string]bool{"WIDE": true, "JOB": true, "A": false, "POSTGRES_PASSWORD": false} {
		if byName[name].Wide != want {
			t.Errorf("%s: wide is %v", name, byName[name].Wide)
		}
	}
	if c := byName["A"]; c.Object.String() != "job/build/one" || c.Workload != ".github/workflows/ci.yml#job/build" {
		t.Errorf("object %s of %s", c.Object, c.Workload)
	}
	if c := byName["WIDE"]; c.Object.String() != "workflow/CI" || len(c.Shared) != 2 {
		t.Errorf("object %s, shared with %v", c.Object, c.Shared)
	}
	if len(o.workloads) != 3 || !slices.Equal(o.workloads[0].Images, []string{"node:22", "postgres:17"}) {
		t.Errorf("workloads %+v", o.workloads)
	}
	if !slices.Contains(o.references, ".github/workflows/other.yml") {
		t.Errorf("references %v", o.references)
	}
}

func TestWorkflowScripts(t *testing.T) {
	const ci, env = "ci-secret::", "environment::"
	for name, test := range map[string]struct {
		run  string // indented by four; begins on line 6
		want []wanted
	}{
		"helm and kubectl": {`helm install pg x \
  --set auth.password=tiger,auth.database=db \
  --set "token=${{ secrets.T }}"
kubectl create secret generic s --from-literal=KEY=abc --from-literal pw=${{ secrets.PW }}`,
			[]wanted{{7, "auth.password", "leak@command", "tiger", ""}, {7, "auth.database", "leak@command", "db", ""}, {8, "token", "leak@command", "", ci + "T"},
				{9, "KEY", "leak@command", "abc", ""}, {9, "pw", "leak@command", "", ci + "PW"}}},
		"headers and users": {`curl -sH "Authorization: Bearer ${{ secrets.PAT }}" https://x
curl -u me:tiger https://x -H 'X-Api-Key: abc' -H "Accept: text/plain"
curl "https://bot:${{ secrets.GIT }}@host/x"`,
			[]wanted{{6, "Authorization", "leak@command", "", ci + "PAT"}, {7, "password", "leak@command", "tiger", ""}, {7, "X-Api-Key", "leak@command", "abc", ""},
				{7, "Accept", "leak@command", "text/plain", ""}, {8, "url", "leak@command", "", ci + "GIT"}}},
		"short options": {`docker login -u x -p ${{ secrets.DOCKER }} ghcr.io
redis-cli -a "$REDIS_PASSWORD" ping
mysql -uroot -proot db
docker run -p 80:80 -e PW=tiger --env TOKEN=$T image
helm install -p x mysql chart`,
			[]wanted{{6, "password", "leak@command", "", ci + "DOCKER"}, {7, "password", "leak@command", "", env + "REDIS_PASSWORD"}, {8, "password", "leak@command", "root", ""},
				{9, "PW", "leak@command", "tiger", ""}, {9, "TOKEN", "leak@command", "", env + "T"}}},
		"files of the job": {`echo "TOKEN=${{ secrets.T }}" >> $GITHUB_ENV
echo "sha=$(git rev-parse HEAD)" >> "$GITHUB_OUTPUT"
echo "pw=$FROM_SECRET" | tee -a "$GITHUB_OUTPUT"
{
  echo "B=${{ secrets.B }}"
} >> "$GITHUB_ENV"
cat >> $GITHUB_ENV <<EOF
C=${{ secrets.C }}
EOF
echo "version=$VERSION" >> $GITHUB_OUTPUT`,
			[]wanted{{6, "TOKEN", "leak@ci-env-file", "", ci + "T"}, {8, "pw", "leak@ci-env-file", "", ci + "S"}, {10, "B", "leak@ci-env-file", "", ci + "B"}, {13, "C", "leak@ci-env-file", "", ci + "C"}}},
		"assignments": {`export A=tiger
export B=$A
PGPASSWORD=tiger psql
X=${{ secrets.X }}
docker build --build-arg NPM=${{ secrets.NPM }} .
export F="$(cat /run/secrets/f)"
Y=$(curl -H "Authorization: token ${{ secrets.Y }}" u)`,
			[]wanted{{6, "A", "literal", "tiger", ""}, {8, "PGPASSWORD", "literal@command", "tiger", ""}, {9, "X", "leak@command", "", ci + "X"},
				{10, "NPM", "leak@build-arg", "", ci + "NPM"}, {11, "F", "static-ref", "", "secret-file:/run/secrets/f:"}, {12, "Authorization", "leak@command", "", ci + "Y"}}},
		"anything else with a secret in it": {`if [ -n "${{ secrets.OPT }}" ]; then echo yes; fi
login --password-stdin <<< "${{ secrets.IN }}"
echo "${{ github.token }}" | gh auth login --with-token
echo ${{ inputs.name }} --token ${{ steps.t.outputs.token }}`,
			[]wanted{{6, "OPT", "leak@command", "", ci + "OPT"}, {7, "IN", "leak@command", "", ci + "IN"}, {8, "GITHUB_TOKEN", "dynamic@command", "", ""}}},
		"not one valid script": {`echo 'never closed
mytool --password tiger
mytool --token ${{ secrets.T }} )`,
			[]wanted{{7, "password", "leak@command", "tiger", ""}, {8, "token", "leak@command", "", ci + "T"}}},
	} {
		t.Run(name, func(t *testing.T) {
			text := steps("      - run: |\n          " + strings.ReplaceAll(test.run, "\n", "\n          ") + "\n        env: {FROM_SECRET: '${{ secrets.S }}'}\n")
			var got []Candidate
			for _, c := range workflow(t, text).candidates {
				if c.Name != "FROM_SECRET" {
					got = append(got, c)
				}
			}
			checkCandidates(t, got, test.want)
		})
	}
}

func TestWorkflowOtherShells(t *testing.T) {
	o := workflow(t, steps(`      - shell: pwsh
        run: |
          $env:X = "tiger"; tool --password tiger
          tool ${{ secrets.A }}
      - shell: python
        run: print("${{ secrets.B }}")
`))
	checkCandidates(t, o.candidates, []wanted{{8, "A", "leak@command", "", "ci-secret::A"}, {10, "B", "leak@command", "", "ci-secret::B"}})
}

func TestWorkflowFoldedScript(t *testing.T) {
	o := workflow(t, steps("      - run: >-\n          tool\n          --verbose\n          --password=tiger\n"))
	checkCandidates(t, o.candidates, []wanted{{8, "password", "leak@command", "tiger", ""}})
}

func TestWorkflowBrokenExpressionStillTellsItsSecret(t *testing.T) {
	o := workflow(t, steps("      - env:\n          A: ${{ secrets.KEY | }}\n          B: ${{ toJSON(secrets) ! }}\n          C: ${{ secrets.OPEN\n"))
	checkCandidates(t, o.candidates, []wanted{{6, "A", "static-ref", "", "ci-secret::KEY"}, {7, "B", "bulk-ref", "", "ci-secret::*"}, {8, "C", "static-ref", "", "ci-secret::OPEN"}})
}

func TestWorkflowBulkAnywhere(t *testing.T) {
	o := workflow(t, "on: push\njobs:\n  a:\n    outputs:\n      x: ${{ toJson(secrets) }}\n    if: ${{ secrets.X != '' }}\n")
	checkCandidates(t, o.candidates, []wanted{{5, "secrets", "bulk-ref", "", "ci-secret::*"}})
}

func TestCompositeAction(t *testing.T) {
	data, err := os.ReadFile("testdata/github_actions/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	o := extracted(t, githubActionsExtractor, ".github/actions/deploy/action.yml", string(data))
	checkCandidates(t, o.candidates, []wanted{
		{7, "token", "dynamic", "", ""}, {9, "region", "literal@default", "north-1", ""},
		{14, "DEPLOY_KEY", "literal", "not-so-secret", ""}, {17, "password", "leak@command", "paperclip", ""},
	})
	if got := fmt.Sprint(o.candidates[3].Object); got != "action/deploy/Roll out" {
		t.Errorf("object %s", got)
	}
}

func TestWorkflowHostileInput(t *testing.T) {
	for name, text := range map[string]string{
		"deep expression": steps("      - run: echo ${{ " + strings.Repeat("(", 200000) + " }}\n"),
		"deep not":        steps("      - env: {A: \"${{ " + strings.Repeat("!", 20000) + "secrets.A }}\"}\n"),
		"deep shell":      steps("      - run: '" + strings.Repeat("(", 300000) + "'\n"),
		"deep subst":      steps("      - run: '" + strings.Repeat("$(", 30000) + "'\n"),
		"many lines":      steps("      - run: |\n" + strings.Repeat("          tool --x y 'z\n", 20000)),
		"odd shapes":      "on: 1\njobs:\n  a: 1\n  b: [x]\n  c: {steps: {a: b}, env: [1], services: 3, with: 4, secrets: [x], uses: [y]}\n  d: {steps: [1, [2], {run: [3], env: {A: {b: c}}, with: 7}]}\nenv: 5\n",
		"no jobs":         "a: b\n",
		"self":            "jobs: &j\n  a: &a\n    <<: *a\n    steps: [*a, *a]\n    env: *j\n",
	} {
		t.Run(name, func(t *testing.T) {
			checkPositions(t, text, workflow(t, text))
		})
	}
	o := workflow(t, "jobs: [\n")
	if len(o.skipped) != 1 {
		t.Error("a broken workflow looks clean")
	}
}

// No text that a report shows may hold a value of the input.
func TestExtractorsShowNoValue(t *testing.T) {
	const canary = "canary-5f1e-value"
	texts := map[string]string{
		"compose.yaml":             "services:\n  a:\n    environment: {A: CANARY, B: 'x://u:CANARY@h', C_FILE: CANARY, D: '${X:-CANARY}'}\n    command: tool --password CANARY -pCANARY --set a=CANARY X=CANARY\n    healthcheck: {test: CMD-SHELL redis-cli -a CANARY}\n  b: [\n---\nservices: {a: {environment: {A: [CANARY]}, command: 'tool --password CANARY CANARY.py --x=/run/secrets/y:CANARY'}}\n",
		".env":                     "A=CANARY\nB=\"CANARY\n)CANARY\n# C=CANARY\nD_FILE=CANARY\nE=${X:-CANARY}\n",
		".github/workflows/ci.yml": steps("      - run: |\n          tool --password CANARY 'CANARY\n          export A=CANARY\n        env: {A: CANARY, B: \"${{ x && 'CANARY' }}\", C: \"${{ CANARY\"}\n        with: {p: CANARY}\n"),
	}
	for path, text := range texts {
		f := &file{path: path, data: []byte(strings.ReplaceAll(text, "CANARY", canary))}
		for _, e := range []extractor{dotenvExtractor, composeExtractor, githubActionsExtractor} {
			if !e.match(f) {
				continue
			}
			o := &found{file: f}
			e.extract(f, o)
			if len(o.candidates) == 0 {
				t.Errorf("%s: nothing found", path)
			}
			for _, c := range o.candidates {
				if shown := fmt.Sprintf("%+v", c); strings.Contains(shown, canary) {
					t.Errorf("%s:%d: %s shows a value", path, c.At.Line, c.Name)
				}
			}
			if shown := fmt.Sprintf("%+v %+v", o.skipped, o.workloads); strings.Contains(shown, canary) && path != "compose.yaml" {
				t.Errorf("%s: skipped or workloads show a value", path)
			}
		}
	}
}

func FuzzWorkflow(f *testing.F) {
	f.Add(steps("      - run: |\n          echo \"A=${{ secrets.A }}\" >> $GITHUB_ENV\n        env: {A: \"${{ secrets['x'] || 'y' }}\"}\n"))
	f.Add("env: ${{ toJSON(secrets) }}\njobs: {a: {secrets: inherit, uses: ./x}}")
	f.Fuzz(func(t *testing.T, text string) {
		o := &found{file: &file{path: ".github/workflows/x.yml", data: []byte(text)}}
		extractGitHubActions(o.file, o)
		checkPositions(t, text, o)
	})
}
