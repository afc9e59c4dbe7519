package planner

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// codeCase is a repository's code, the reads that a scan finds in it, and one
// workload.
type codeCase struct {
	files     map[string]string
	reads     []rules.Read
	workloads []rules.Workload // the first is judged
}

func read(name, where string, scope scanner.Scope) rules.Read {
	p, line, _ := strings.Cut(where, ":")
	return rules.Read{Name: name, Scope: scope, File: strings.HasSuffix(name, "_FILE"), At: scanner.Position{Path: p, Line: int(line[0] - '0')}}
}

func (c codeCase) handling() *handling {
	tree := fstest.MapFS{}
	for name, text := range c.files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	for _, r := range c.reads { // the file that a read stands in is there
		if tree[r.At.Path] == nil {
			tree[r.At.Path] = &fstest.MapFile{Data: []byte("1\n2\n3\n4\n5\n")}
		}
	}
	scan := canonical(&rules.Scan{Reads: c.reads, Workloads: c.workloads})
	return newHandling(scan, owners(scan.Workloads, readSources(tree)))
}

func deployment(name, image string) rules.Workload {
	w := rules.Workload{ID: "Deployment/ns/" + name, Kind: scanner.Kubernetes, At: scanner.Position{Path: "k.yaml", Line: 3},
		Object: scanner.Object{Kind: "Deployment", Namespace: "ns", Name: name}}
	if image != "" {
		w.Images = []string{image}
	}
	return w
}

func service(name, context string) rules.Workload {
	return rules.Workload{ID: "compose.yaml#service/" + name, Kind: scanner.Compose, Object: scanner.Object{Kind: "service", Name: name}, BuildContexts: []string{context}}
}

func TestHandling(t *testing.T) {
	late := read("DB_FILE", "app/db.py:1", scanner.FunctionScope)
	both := []rules.Read{late, read("DB", "app/db.py:2", scanner.FunctionScope)}
	code := map[string]string{"app/db.py": "import os\n"}
	optional := read("DB", "app/db.py:2", scanner.ModuleScope)
	optional.Optional = true
	write := read("DB", "app/db.py:4", scanner.FunctionScope)
	write.Write = true
	for name, c := range map[string]struct {
		codeCase
		want string // of the blockers, "" for ready
	}{
		"required in another function":  {codeCase{map[string]string{"app/db.py": "    a\ndef migrate():\n    b\n"}, []rules.Read{late, read("DB", "app/db.py:3", scanner.FunctionScope)}, []rules.Workload{deployment("app", "")}}, "app/db.py:3: DB is required here"},
		"file with a fallback":          {codeCase{code, both, []rules.Workload{deployment("app", "")}}, ""},
		"by image":                      {codeCase{code, both, []rules.Workload{deployment("x", "r.example/team/app:1@sha256:00")}}, ""},
		"by build context":              {codeCase{code, both, []rules.Workload{service("x", "./app")}}, ""},
		"by the service of its name":    {codeCase{code, both, []rules.Workload{deployment("x", ""), service("x", "app")}}, ""},
		"by command":                    {codeCase{code, both, []rules.Workload{{ID: "x", Commands: []string{"app/db.py"}}}}, ""},
		"by module":                     {codeCase{code, both, []rules.Workload{{ID: "x", Commands: []string{"app.db"}}}}, ""},
		"nothing tells whose code":      {codeCase{code, both, []rules.Workload{deployment("x", "python:3")}}, "k.yaml:3: no code that reads DB_FILE was found for image python:3"},
		"no code":                       {codeCase{nil, nil, []rules.Workload{deployment("app", "")}}, "no code that reads DB_FILE was found for Deployment/ns/app"},
		"direct":                        {codeCase{code, both[1:], []rules.Workload{deployment("app", "")}}, "app/db.py:2: DB is read from the environment: read the file"},
		"path at import":                {codeCase{code, []rules.Read{read("DB_FILE", "app/db.py:1", scanner.ModuleScope)}, []rules.Workload{deployment("app", "")}}, "app/db.py:1: DB_FILE is read once at import"},
		"required at import":            {codeCase{code, []rules.Read{late, read("DB", "app/db.py:2", scanner.ModuleScope)}, []rules.Workload{deployment("app", "")}}, "app/db.py:2: DB is required at import"},
		"optional at import":            {codeCase{code, []rules.Read{late, optional}, []rules.Workload{deployment("app", "")}}, ""},
		"put into the environment":      {codeCase{code, []rules.Read{late, write}, []rules.Workload{deployment("app", "")}}, "app/db.py:4: DB is put back"},
		"another file of it":            {codeCase{code, append(both, read("DB", "app/x.py:7", scanner.FunctionScope)), []rules.Workload{deployment("app", "")}}, "app/x.py:7:"},
		"a folder of nobody":            {codeCase{code, append(both, read("DB", "lib/x.py:7", scanner.FunctionScope)), []rules.Workload{deployment("app", "")}}, "lib/x.py:7:"},
		"outside its build context":     {codeCase{code, append(both, read("DB", "lib/x.py:7", scanner.FunctionScope)), []rules.Workload{service("app", "app")}}, ""},
		"another workload's":            {codeCase{code, append(both, read("DB", "other/x.py:7", scanner.FunctionScope)), []rules.Workload{deployment("app", ""), deployment("other", "")}}, ""},
		"a CI job owns no folder":       {codeCase{code, append(both, read("DB", "lib/x.py:7", scanner.FunctionScope)), []rules.Workload{deployment("app", ""), {ID: "job", Kind: scanner.GitHubActions, Object: scanner.Object{Name: "lib"}}}}, "lib/x.py:7:"},
		"another's, but imported":       {codeCase{map[string]string{"app/db.py": "from other import x\n", "other/x.py": ""}, append(both, read("DB", "other/x.py:7", scanner.FunctionScope)), []rules.Workload{deployment("app", ""), deployment("other", "")}}, "other/x.py:7:"},
		"handled in imported code":      {codeCase{map[string]string{"app/main.py": "from lib.db import dsn\n", "lib/db.py": ""}, []rules.Read{read("DB_FILE", "lib/db.py:1", scanner.FunctionScope)}, []rules.Workload{deployment("app", "")}}, ""},
		"handled, but not imported":     {codeCase{map[string]string{"app/main.py": "import json\n", "lib/db.py": ""}, []rules.Read{read("DB_FILE", "lib/db.py:1", scanner.FunctionScope)}, []rules.Workload{deployment("app", "")}}, "no code that reads"},
		"shell":                         {codeCase{map[string]string{"app/db.py": "1\n2\n", "app/run.sh": "#!/bin/sh\npsql \"$DB\"\n"}, both, []rules.Workload{deployment("app", "")}}, "app/run.sh:2: DB is named in code"},
		"another name in shell":         {codeCase{map[string]string{"app/db.py": "1\n2\n", "app/run.sh": "psql \"$DB_HOST\" $XDB\n"}, both, []rules.Workload{deployment("app", "")}}, ""},
		"javascript in the same image":  {codeCase{map[string]string{"app/db.py": "1\n2\n", "app/a.mjs": "process.env.DB"}, both, []rules.Workload{deployment("app", "")}}, "app/a.mjs:1:"},
		"tests are not what is run":     {codeCase{map[string]string{"app/db.py": "1\n2\n", "app/tests/a.sh": "$DB"}, both, []rules.Workload{deployment("app", "")}}, ""},
		"a source too large to look at": {codeCase{map[string]string{"app/db.py": "1\n2\n", "app/a.js": strings.Repeat("x", maxSourceFile+1)}, both, []rules.Workload{deployment("app", "")}}, "app/a.js: it is unreadable or larger than 2 MiB"},
	} {
		var texts []string
		for _, b := range c.handling().judge(c.workloads[0], "DB") {
			texts = append(texts, b.text)
		}
		got := strings.Join(texts, "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Count(got, "\n") > 0 {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestUnused(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		reads []rules.Read
		want  bool
	}{
		"does not name it": {map[string]string{"app/a.py": "import os\nos.environ['OTHER_DB']\n"}, nil, true},
		"names it":         {map[string]string{"app/a.py": "x = 'DB'\n"}, nil, false},
		"names the file":   {map[string]string{"app/a.js": "DB_FILE"}, nil, false},
		"reads it":         {map[string]string{"app/a.py": ""}, []rules.Read{read("DB", "app/b.py:1", scanner.FunctionScope)}, false},
		"no code":          {map[string]string{"app/Dockerfile": "FROM x"}, nil, false},
		"nothing":          {nil, nil, false},
	} {
		w := service("app", "app")
		if got := (codeCase{c.files, c.reads, []rules.Workload{w}}).handling().unused(w, "DB"); got != c.want {
			t.Errorf("%s: unused is %v", name, got)
		}
	}
}

func TestPasswordOnlyVariables(t *testing.T) {
	for name, want := range map[string]bool{"PGPASSWORD": true, "DB_PASS": true, "mysql_pwd": true, "DATABASE_URL": false, "PASSWORD_STORE_URL": false} {
		if passwordOnly(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
