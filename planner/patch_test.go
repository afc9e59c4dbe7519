package planner

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// A repository is a temporary git work tree.
type repository struct {
	t   *testing.T
	dir string
}

func checkout(t *testing.T, tree fstest.MapFS) repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal(err)
	}
	r := repository{t, t.TempDir()}
	if err := os.CopyFS(r.dir, tree); err != nil {
		t.Fatal(err)
	}
	r.git("", "init", "-q")
	return r
}

func (r repository) git(stdin string, args ...string) {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("git %v: %v\n%s\n%s", args, err, out, stdin)
	}
}

func (r repository) read(name string) string {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

// Every diff applies after those before it, with git's own checks, and undoes in
// reverse.
func TestPatchesApplyInOrder(t *testing.T) {
	for _, fixed := range []bool{false, true} {
		tree, scan := platform(fixed)
		repo := checkout(t, tree)
		var diffs []string
		mustBuild(t, scan, harbour(), tree).each(func(s Step) {
			if s.Op.Patch != nil && s.Op.Patch.Diff != "" {
				diffs = append(diffs, s.Op.Patch.Diff)
			}
		})
		if len(diffs) != 5 {
			t.Fatalf("%d diffs, want 5", len(diffs))
		}
		for _, d := range diffs {
			repo.git(d, "apply", "--check")
			repo.git(d, "apply")
		}
		for _, tenant := range []string{"north", "south"} {
			manifest := repo.read("deploy/" + tenant + ".yaml")
			for _, want := range []string{"serviceAccountName: " + tenant + "-reader", "serviceAccountName: " + tenant + "-writer", "name: DATABASE_URL_FILE", "# not a comment", "# one container", canary, llmCanary} {
				if !strings.Contains(manifest, want) {
					t.Errorf("%s lacks %q", tenant, want)
				}
			}
			if strings.Contains(manifest, "secretKeyRef") || strings.Count(manifest, "kind: ServiceAccount\n") != 2 {
				t.Errorf("%s is not migrated:\n%s", tenant, manifest)
			}
			for d := yaml.NewDecoder(strings.NewReader(manifest)); ; {
				var doc map[string]any
				if err := d.Decode(&doc); err != nil {
					break
				}
			}
		}
		for i := len(diffs) - 1; i >= 0; i-- {
			repo.git(diffs[i], "apply", "-R")
		}
		for name, f := range tree {
			if got := repo.read(name); got != string(f.Data) {
				t.Errorf("%s is not what it was", name)
			}
		}
	}
}

// patchOne plans one Deployment with one container in the manifest given; secret
// lists the lines of literals.
func patchOne(t *testing.T, manifest string, exposures []exposure, secret ...int) (fstest.MapFS, string, error) {
	t.Helper()
	tree := fstest.MapFS{"app.yaml": {Data: []byte(manifest)}}
	s, err := newSheet("app.yaml", []byte(manifest), secret)
	if err != nil {
		return tree, "", err
	}
	kind, _, _ := strings.Cut(manifest[strings.Index(manifest, "kind: ")+6:], "\n")
	c := consumer{exposures: exposures, w: rules.Workload{Kind: scanner.Kubernetes, Object: scanner.Object{Kind: strings.TrimSpace(kind), Namespace: "ns", Name: "app"}}}
	id := Identity{Tenant: "t", Role: "app", Subject: "system:serviceaccount:ns:t-app", AuthRole: "db-t-app", CredsPath: "database/creds/db-t-app"}
	db := target{Database: Database{Host: "h", Port: 5432, Database: "d", SSLMode: "require"}}
	_, diff, err := kubernetesPatch(s, c, id, db, Auth{Method: "jwt", Mount: "m", Audience: "vault"}, true)
	return tree, diff, err
}

var plainRef = []exposure{{container: "main", variable: "DATABASE_URL"}}

const podHead = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app, namespace: ns}\nspec:\n  template:\n"

func TestManifestForms(t *testing.T) {
	ref := "            - name: DATABASE_URL\n              valueFrom: {secretKeyRef: {name: db, key: url}}\n"
	for name, c := range map[string]struct {
		manifest string
		want     string // in the result
		literal  bool
		secret   []int
	}{
		"no metadata":        {podHead + "    spec:\n      containers:\n        - name: main\n          env:\n" + ref, "    metadata:\n      annotations:\n", false, nil},
		"no end of line":     {strings.TrimSuffix(podHead+"    spec:\n      containers:\n        - name: main\n          env:\n"+ref, "\n"), "DATABASE_URL_FILE", false, nil},
		"windows":            {strings.ReplaceAll(podHead+"    spec:\n      containers:\n        - name: main\n          env:\n"+ref, "\n", "\r\n"), "DATABASE_URL_FILE\r\n", false, nil},
		"empty annotations":  {podHead + "    metadata:\n      annotations: {}\n    spec:\n      containers:\n        - name: main\n          env:\n" + ref, "      annotations:\n        vault", false, nil},
		"old serviceAccount": {podHead + "    spec:\n      serviceAccount: old\n      containers:\n        - name: main\n          env:\n" + ref, "serviceAccount: t-app\n", false, nil},
		"one-line entry":     {podHead + "    spec:\n      containers:\n        - name: main\n          env:\n            - {name: DATABASE_URL, valueFrom: {secretKeyRef: {name: db, key: url}}}\n", "DATABASE_URL_FILE", false, nil},
		"comment after":      {podHead + "    spec:\n      containers:\n        - name: main\n          env:\n" + ref + "            # about the next\n            - name: B\n              value: b\n", "            # about the next\n            - name: B\n", false, nil},
		"block scalar last":  {podHead + "    spec:\n      containers:\n        - name: main\n          env:\n" + ref + "          args:\n            - |\n              echo\n\n              # comment-like\n", "              # comment-like\n      volumes:\n", false, nil},
		"init container":     {podHead + "    spec:\n      initContainers:\n        - name: main\n          env:\n" + ref + "      containers:\n        - name: other\n", `agent-init-first: "true"`, false, nil},
		"same user":          {podHead + "    spec:\n      containers:\n        - name: main\n          securityContext: {runAsUser: 7}\n          env:\n" + ref, `agent-run-as-same-user: "true"`, false, nil},
		"literal entry": {podHead + "    spec:\n      containers:\n        - name: main\n          env:\n            - name: A\n              value: a\n            - name: DATABASE_URL\n              value: " + canaryURL + "\n",
			"DATABASE_URL_FILE", true, []int{13}},
		"only a literal entry": {podHead + "    spec:\n      containers:\n        - name: main\n          env:\n            - name: DATABASE_URL\n              value: >-\n                " + canaryURL + "\n                more\n          image: x\n",
			"DATABASE_URL_FILE", true, []int{10}},
		"cron": {"apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: app\n  namespace: ns\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n          - name: main\n            env:\n            - name: DATABASE_URL\n              value: x\n", `agent-pre-populate-only: "true"`, false, nil},
		"pod":  {"kind: Pod\nmetadata:\n  name: app\n  namespace: ns\nspec:\n  containers:\n  - name: main\n    env:\n    - name: DATABASE_URL\n      value: x\n", "  serviceAccountName: t-app", false, nil},
		"list": {"kind: Deployment\n---\nkind: List\nitems:\n- kind: Deployment\n  metadata:\n    name: app\n    namespace: ns\n  spec:\n    template:\n      spec:\n        containers:\n        - name: main\n          env:\n          - name: DATABASE_URL\n            value: x\n", "        serviceAccountName: t-app", false, nil},
	} {
		e := plainRef
		if c.literal {
			e = []exposure{{container: "main", variable: "DATABASE_URL", literal: true}}
		}
		tree, diff, err := patchOne(t, c.manifest, e, c.secret...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(diff, canary) {
			t.Errorf("%s: the diff shows a literal:\n%s", name, diff)
		}
		repo := checkout(t, tree)
		repo.git(diff, "apply")
		got := repo.read("app.yaml")
		if !strings.Contains(got, c.want) || !strings.Contains(got, "serviceAccountToken") || strings.Contains(got, canary) != c.literal {
			t.Errorf("%s: want %q in\n%s", name, c.want, got)
		}
		repo.git(diff, "apply", "-R")
		if repo.read("app.yaml") != c.manifest {
			t.Errorf("%s: the way back gives another file", name)
		}
	}
}

// What cannot be patched line by line says so with its line; it is never patched
// wrongly.
func TestManifestsThatNeedAHand(t *testing.T) {
	ref := "            - name: DATABASE_URL\n              value: x\n"
	for want, manifest := range map[string]string{
		"app.yaml:9: env is shared through a YAML anchor": podHead + "    spec:\n      containers:\n        - name: main\n          env: &env\n" + ref + "        - name: other\n          env: *env\n",
		"flow style":                    podHead + "    spec: {containers: [{name: main, env: [{name: DATABASE_URL, value: x}]}]}\n",
		"uses the Vault Agent Injector": podHead + "    metadata:\n      annotations:\n        vault.hashicorp.com/role: other\n    spec:\n      containers:\n        - name: main\n          env:\n" + ref,
		"DATABASE_URL_FILE is there":    podHead + "    spec:\n      containers:\n        - name: main\n          env:\n            - name: DATABASE_URL_FILE\n              value: /x\n" + ref,
		"volume agentsec-identity":      podHead + "    spec:\n      volumes:\n        - name: agentsec-identity\n      containers:\n        - name: main\n          env:\n" + ref,
		"no container":                  podHead + "    spec:\n      containers:\n        - name: other\n          env:\n" + ref,
		"cannot be parsed as YAML":      podHead + "    spec: [\n",
		"no longer there":               "kind: Deployment\nmetadata: {name: else, namespace: ns}\n",
		"kind Rollout":                  "kind: Rollout\nmetadata: {name: app, namespace: ns}\nspec:\n  template:\n    spec:\n      containers:\n        - name: main\n",
		"line ends are mixed":           "kind: Deployment\r\nmetadata: {name: app, namespace: ns}\n",
		"stands right after the change": podHead + "    spec:\n      containers:\n        - name: main\n          env:\n" + ref + "            - {name: KEY, value: " + canary + "}\n",
		"merged from a YAML anchor":     "kind: Deployment\nmetadata: {name: app, namespace: ns}\nx: &base\n  restartPolicy: Always\nspec:\n  template:\n    spec:\n      <<: *base\n      containers:\n        - name: main\n          env:\n" + ref,
	} {
		var secret []int
		if i := strings.Index(manifest, canary); i >= 0 {
			secret = []int{strings.Count(manifest[:i], "\n") + 1}
		}
		_, diff, err := patchOne(t, manifest, plainRef, secret...)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary) {
			t.Errorf("error %v, want %q; diff:\n%s", err, want, diff)
		}
	}
}

func TestComposeForms(t *testing.T) {
	head := "services:\n  app:\n    image: x\n"
	for name, c := range map[string]struct {
		file, want string
		e          exposure
		secret     []int
	}{
		"map":         {head + "    environment:\n      DATABASE_URL: ${DATABASE_URL}\n", "      DATABASE_URL_FILE: /run/agentsec/database-url\n", plainRef[0], nil},
		"list":        {head + "    environment:\n      - DATABASE_URL=${DATABASE_URL}\n      - A=b\n", "      - DATABASE_URL_FILE=/run/agentsec/database-url\n", plainRef[0], nil},
		"bare":        {head + "    environment:\n    - DATABASE_URL\n", "    - DATABASE_URL_FILE=/run/agentsec/database-url\n", plainRef[0], nil},
		"null":        {head + "    environment:\n      DATABASE_URL:\n    ports: ['1:1']\n", "      DATABASE_URL_FILE: /run", plainRef[0], nil},
		"env_file":    {head + "    env_file: [.env]\nvolumes:\n  x:\n", "    environment:\n      DATABASE_URL_FILE: /run", exposure{variable: "DATABASE_URL", bulk: true}, nil},
		"has volumes": {head + "    volumes:\n      - ./x:/x\n    environment:\n      DATABASE_URL: ${DATABASE_URL}\n", "      - ./x:/x\n", plainRef[0], nil},
		"default":     {head + "    environment:\n      A: b\n      DATABASE_URL: ${DATABASE_URL:-" + canaryURL + "}\n    restart: always\n", "DATABASE_URL_FILE: /run", exposure{variable: "DATABASE_URL", literal: true}, []int{6}},
		"merged key":  {"x-a: &a\n  restart: always\nservices:\n  app:\n    <<: *a\n    environment:\n      DATABASE_URL: ${DATABASE_URL}\n", "DATABASE_URL_FILE: /run", plainRef[0], nil},
	} {
		s, err := newSheet("compose.yaml", []byte(c.file), c.secret)
		if err != nil {
			t.Fatal(err)
		}
		u := consumer{exposures: []exposure{c.e}, w: rules.Workload{Object: scanner.Object{Kind: "service", Name: "app"}}}
		_, diff, err := composePatch(s, u, Identity{AuthRole: "db-t-app"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		repo := checkout(t, fstest.MapFS{"compose.yaml": {Data: []byte(c.file)}})
		repo.git(diff, "apply")
		got := repo.read("compose.yaml")
		if !strings.Contains(got, c.want) || !strings.Contains(got, "read_only: true") || strings.Contains(diff, canary) {
			t.Errorf("%s: want %q in\n%s", name, c.want, got)
		}
	}
	for want, file := range map[string]string{
		"comes to the service from elsewhere": "services:\n  app:\n    environment:\n      A: b\n",
		"merged from a YAML anchor":           "x: &e\n  DATABASE_URL: ${DATABASE_URL}\nservices:\n  app:\n    environment:\n      <<: *e\n      A: b\n",
		"shared through a YAML anchor":        "services:\n  app:\n    environment: &e\n      DATABASE_URL: x\n  other:\n    environment: *e\n",
		"no service":                          "services:\n  other:\n    image: x\n",
	} {
		s, _ := newSheet("compose.yaml", []byte(file), nil)
		u := consumer{exposures: plainRef, w: rules.Workload{Object: scanner.Object{Kind: "service", Name: "app"}}}
		if _, _, err := composePatch(s, u, Identity{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
