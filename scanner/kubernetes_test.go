package scanner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/agentsec/agentsec/internal/secret"
)

func kubernetes(t testing.TB, path, source string) *found {
	t.Helper()
	f := &file{path: path, data: []byte(source)}
	o := &found{file: f}
	if !isKubernetes(f) {
		t.Fatalf("%s is not taken for Kubernetes", path)
	}
	extractKubernetes(f, o)
	return o
}

func manifest(kind, rest string) string {
	return "apiVersion: v1\nkind: " + kind + "\nmetadata: {name: x, namespace: n}\n" + rest
}

// podSpec indents a pod specification for each way of owning one.
const podSpec = `containers: [{name: c, image: i, env: [{name: A_TOKEN, value: v}]}]`

func TestKubernetesForms(t *testing.T) {
	for _, test := range []struct{ what, source, want string }{
		{"Pod", manifest("Pod", "spec: {"+podSpec+"}"), "4 literal A_TOKEN"},
		{"Deployment", manifest("Deployment", "spec: {template: {spec: {"+podSpec+"}}}"), "4 literal A_TOKEN"},
		{"ReplicaSet", manifest("ReplicaSet", "spec: {template: {spec: {"+podSpec+"}}}"), "4 literal A_TOKEN"},
		{"Job", manifest("Job", "spec: {template: {spec: {"+podSpec+"}}}"), "4 literal A_TOKEN"},
		{"CronJob", manifest("CronJob", "spec: {jobTemplate: {spec: {template: {spec: {"+podSpec+"}}}}}"), "4 literal A_TOKEN"},
		{"DaemonSet", manifest("DaemonSet", "spec: {template: {spec: {"+podSpec+"}}}"), "4 literal A_TOKEN"},
		{"custom resource", manifest("RayCluster", "spec: {headGroupSpec: {template: {spec: {"+podSpec+"}}}}"), "4 literal A_TOKEN"},
		{"podTemplate", manifest("Agent", "spec: {podTemplate: {spec: {"+podSpec+"}}}"), "4 literal A_TOKEN"},
		{"env of a custom resource", manifest("Agent", "spec:\n  deployment:\n    env:\n    - name: A\n      value: v\n    - name: B\n      valueFrom: {secretKeyRef: {name: s, key: k}}"), "7 literal A; 9 static-ref B"},
		{"containers of every kind", manifest("Pod", `spec:
  initContainers:
  - name: i
    env:
    - name: A
      value: "1"
  containers:
  - name: c
    env:
    - value: "2"
      name: B
  ephemeralContainers:
  - name: e
    env:
    - name: C
      value: "3"`), "8 literal A; 13 literal B; 18 literal C"},
		{"references", manifest("Pod", `spec:
  containers:
  - name: c
    envFrom:
    - secretRef: {name: s, optional: true}
      prefix: P_
    - configMapRef:
        name: m
    env:
    - name: A
      valueFrom: {configMapKeyRef: {name: m, key: k}}
    - name: B
      valueFrom: {fieldRef: {fieldPath: status.podIP}}
    - name: C
      valueFrom: {resourceFieldRef: {resource: limits.cpu}}
    - name: D
      value: $(A)
    - name: E
      value: http://$(B):80
    - name: F
      value: $$(A)
    - name: G_FILE
      value: /etc/g/token
    - name: H_TOKEN_PATH
      value: /etc/h/token`),
			"8 bulk-ref s; 10 bulk-ref m; 13 static-ref A; 19 static-ref D; 21 literal E; 23 literal F; 25 dynamic G_FILE; 27 dynamic H_TOKEN_PATH"},
		{"command lines", manifest("Pod", `spec:
  containers:
  - name: c
    command: ["redis-server"]
    args: ["--requirepass", "v"]
    livenessProbe:
      exec:
        command: ["redis-cli", "-a", "v", "ping"]
    readinessProbe:
      httpGet:
        httpHeaders:
        - name: Authorization
          value: Bearer v
    lifecycle:
      preStop:
        exec:
          command: [sh, -c, "mysqladmin -pv shutdown"]`),
			"8 leak requirepass command; 11 leak password command; 15 leak Authorization command; 20 leak password command"},
		{"Secret", "data:\n  a: dg==\n  b: aW52YWxp*\n  c: ''\n  d: <placeholder>\nimmutable: true\nkind: Secret\nstringData:\n  e: v\napiVersion: v1\nmetadata: {name: x}",
			"2 literal a secret-data; 3 literal b secret-data; 4 literal c secret-data; 5 literal d secret-data; 9 literal e secret-data"},
		{"Secret without data", manifest("Secret", "type: Opaque"), ""},
		{"Secret of TLS", manifest("Secret", "type: kubernetes.io/tls\ndata: {tls.crt: dg==, tls.key: dg==, ca.crt: dg==}"), "5 literal tls.key secret-data"},
		{"Secret of basic-auth", manifest("Secret", "type: kubernetes.io/basic-auth\nstringData: {username: u, password: v}"), "5 literal password secret-data"},
		{"Secret of SSH", manifest("Secret", "type: kubernetes.io/ssh-auth\nstringData: {ssh-privatekey: v}"), "5 literal ssh-privatekey secret-data"},
		{"Secret of a ServiceAccount", manifest("Secret", "type: kubernetes.io/service-account-token\ndata: {token: dg==, ca.crt: dg==, namespace: dg==}"), "5 literal token secret-data"},
		{"registries", manifest("Secret", `type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{"auths": {"https://a.example/v1": {"auth": "dTp2"}, "b.example": {"username": "u", "password": "v"}, "c.example": {}}}'`),
			"6 literal .dockerconfigjson/b.example secret-data; 6 literal .dockerconfigjson/a.example secret-data"},
		{"file in a Secret", manifest("Secret", "stringData:\n  .env: |\n    # comment\n    A=v\n    export B='v'\n"), "7 literal A secret-data; 8 literal B secret-data"},
		{"ConfigMap", manifest("ConfigMap", "data:\n  A_TOKEN: v\n  app.properties: |\n    db.password=v\n    # db.old=v\n    db.host = h\n  config.yaml: |\n    auth:\n      password: v\n      user: u\n  c.json: '{\"api_key\": \"v\"}'\n"),
			"5 literal A_TOKEN config-data; 7 literal db.password config-data; 9 literal db.host config-data; 12 literal password config-data; 14 literal api_key config-data"},
		{"annotations", "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  annotations:\n    example.com/password: v\n    example.com/url: postgres://u:v@h/d\n    example.com/owner: team\n    checksum/secret: abc\n    vault.hashicorp.com/agent-inject-secret-db: database/creds/x\n",
			"6 leak example.com/password annotation; 7 leak example.com/url annotation; 10 dynamic db"},
		{"last applied", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{\"a\":\"dg==\"}}\n",
			"7 leak a annotation"},
		{"SealedSecret", manifest("SealedSecret", "spec:\n  encryptedData:\n    a: AgBv\n"), "6 dynamic a"},
		{"SOPS", manifest("Secret", "stringData:\n  a: ENC[AES256_GCM,data:x]\n  b_unencrypted: v\nsops:\n  mac: ENC[x]\n"), "5 dynamic a; 6 literal b_unencrypted secret-data"},
		{"ExternalSecret", manifest("ExternalSecret", "spec:\n  target: {name: t}\n  data:\n  - secretKey: a\n    remoteRef: {key: path/a}\n  dataFrom:\n  - extract: {key: path}\n  - sourceRef: {generatorRef: {kind: VaultDynamicSecret, name: g}}\n"),
			"7 synced-static a; 10 synced-static t; 11 dynamic t"},
		{"VaultStaticSecret", manifest("VaultStaticSecret", "spec:\n  destination:\n    name: t\n"), "6 synced-static t"},
		{"VaultDynamicSecret", manifest("VaultDynamicSecret", "spec: {}"), "3 dynamic x"},
		{"SecretProviderClass", manifest("SecretProviderClass", "spec:\n  secretObjects:\n  - secretName: t\n    data:\n    - key: a\n      objectName: o\n"), "3 dynamic x; 8 synced-static a"},
		{"volumes", manifest("Pod", "spec:\n  containers: [{name: c}]\n  volumes:\n  - name: v\n    secret: {secretName: s}\n  - projected: {sources: [{secret: {name: p}}, {serviceAccountToken: {path: t}}]}\n  - csi: {volumeAttributes: {secretProviderClass: k}}\n"),
			"8 dynamic s; 9 dynamic p; 10 dynamic k"},
		{"names only", manifest("Ingress", "spec:\n  tls: [{secretName: s}]\n  existingSecret: e\n  secretKey: k\n  imagePullSecrets: [{name: p}]\n"), ""},
		{"names in a custom resource", "apiVersion: kagent.dev/v1\nkind: ModelConfig\nmetadata: {name: x}\nspec:\n  apiKeySecret: s\n  apiKeySecretKey: OPENAI_API_KEY\n  apiKeyRef: {name: s, key: apiKey}\n  tokenSecretRef: {name: s}\n  secretName: s\n  maxTokens: 10\n  passwordKey: k\n", ""},
		{"literals in a custom resource", "apiVersion: kagent.dev/v1\nkind: ModelConfig\nmetadata: {name: x}\nspec:\n  apiKey: v\n  headers:\n  - name: Authorization\n    value: Bearer v\n  params: {url: 'redis://:v@h'}\n", "5 literal apiKey; 7 literal Authorization; 9 literal url"},
		{"script in a custom resource", "apiVersion: a.example/v1\nkind: Task\nmetadata: {name: x}\nspec:\n  steps:\n  - script: |\n      kubectl create secret generic s --from-literal=a=v\n      kubectl apply -f - <<EOF\n      apiVersion: v1\n      kind: Secret\n      metadata: {name: y}\n      stringData:\n        b: v\n      EOF\n", "7 leak a command; 13 literal b secret-data"},
		{"List", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: x}\n  stringData:\n    a: v\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: y}\n  stringData:\n    b: v\n", "8 literal a secret-data; 13 literal b secret-data"},
		{"JSON", "{\n  \"kind\": \"Secret\",\n  \"apiVersion\": \"v1\",\n  \"stringData\": {\n    \"a\": \"v\"\n  }\n}\n", "5 literal a secret-data"},
		{"custom tags", manifest("Secret", "stringData:\n  a: !vault v\n  b: !!str 5\n"), "5 literal a secret-data; 6 literal b secret-data"},
		{"a definition of custom resources", manifest("CustomResourceDefinition", "spec:\n  env:\n  - name: A\n    value: v\n"), ""},
		{"a role", "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: x}\nrules: [{resources: [secrets]}]", ""},
		{"injected", manifest("Pod", "spec: {containers: [{env: [{name: A, value: 'vault:secret/data/a#b'}]}]}"), "4 dynamic A"},
		{"broken document", "apiVersion: v1\nkind: Secret\nstringData: {a: v}\n---\nkind: Pod\n  bad: [\n---\napiVersion: v1\nkind: Secret\nstringData: {b: v}\n", "3 literal a secret-data; 10 literal b secret-data"},
	} {
		expectList(t, test.what, kubernetes(t, "a.yaml", test.source).list(), test.want)
	}
}

func TestKubernetesValuesAndReferences(t *testing.T) {
	o := kubernetes(t, "a.yaml", `apiVersion: v1
kind: Pod
metadata: {name: p, namespace: n}
spec:
  containers:
  - name: c
    envFrom: [{secretRef: {name: bulk, optional: true}, prefix: P_}]
    env:
    - {name: PW, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}
    - {name: HOST, value: db}
    - {name: URL, value: "postgres://u:$(PW)@$(HOST)/d"}
    - {name: ADDRESS, value: "$(HOST):5432"}
---
{apiVersion: v1, kind: Secret, metadata: {name: s}, type: Opaque, data: {k: "d\n mFs"}}
`)
	want := map[string]Candidate{
		"bulk":    {Ref: Ref{Store: KubernetesSecret, Namespace: "n", Name: "bulk", Prefix: "P_", Optional: true}},
		"PW":      {Ref: Ref{Store: KubernetesSecret, Namespace: "n", Name: "s", Key: "k", Optional: true}},
		"URL":     {Ref: Ref{Store: KubernetesSecret, Namespace: "n", Name: "s", Key: "k", Optional: true}},
		"ADDRESS": {Value: secret.New("db:5432")},
		"HOST":    {Value: secret.New("db")},
		"k":       {Value: secret.New("val"), Type: "Opaque"},
	}
	for _, c := range o.candidates {
		w, ok := want[c.Name]
		if !ok || c.Ref != w.Ref || c.Value != w.Value || c.Type != w.Type {
			t.Errorf("%s: %+v %q, want %+v", c.Name, c.Ref, c.Type, w.Ref)
		}
		delete(want, c.Name)
	}
	if len(want) > 0 {
		t.Errorf("missing %v", want)
	}
	if got := o.candidates[0].Object.String(); got != "Pod/n/p/c" {
		t.Errorf("object %s", got)
	}
}

func TestKubernetesWorkloads(t *testing.T) {
	o := kubernetes(t, "k/a.yaml", `apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: n, labels: {tier: x, team: t}}
spec:
  template:
    metadata: {labels: {tier: agent}, annotations: {token: v}}
    spec:
      serviceAccountName: sa
      automountServiceAccountToken: false
      containers:
      - {name: c, image: i:1, command: [python, -m, app.main], args: [run.py], env: &env [{name: A, value: v}]}
      - {name: d, image: i:2, env: *env}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: c, image: i:3}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: n, labels: {tenant: a}}
`)
	if len(o.workloads) != 2 {
		t.Fatalf("%d workloads", len(o.workloads))
	}
	w := o.workloads[0]
	if w.ID != "Deployment/n/d" || w.ServiceAccount != "sa" || w.AutomountToken == nil || *w.AutomountToken ||
		w.Labels["tier"] != "agent" || w.Labels["team"] != "t" || !slices.Equal(w.Images, []string{"i:1", "i:2"}) ||
		!slices.Equal(w.Commands, []string{"app.main", "run.py"}) || w.At.Line != 3 {
		t.Errorf("%+v", w)
	}
	if o.workloads[1].ID != "Pod/-/p@k/a.yaml" || o.workloads[1].AutomountToken != nil {
		t.Errorf("%+v", o.workloads[1])
	}
	if o.namespaces["n"]["tenant"] != "a" {
		t.Errorf("namespaces %v", o.namespaces)
	}
	var env []string
	for _, c := range o.candidates {
		if c.Workload != "Deployment/n/d" {
			t.Errorf("%s belongs to %q", c.Name, c.Workload)
		}
		env = append(env, c.Name)
	}
	if !slices.Equal(env, []string{"token", "A"}) {
		t.Errorf("candidates %v: an anchor counts once", env)
	}
}

// An entry of an anchor that two objects of a file share counts once, for both.
func TestKubernetesSharedAnchor(t *testing.T) {
	o := kubernetes(t, "a.yaml", `apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: n}, spec: {containers: [{name: c, env: &e [{name: A, value: v}]}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: b, namespace: n}, spec: {containers: [{name: c, env: *e}]}}
`)
	if len(o.candidates) != 1 || !slices.Equal(o.candidates[0].Shared, []string{"Pod/n/b"}) {
		t.Errorf("%+v", o.candidates)
	}
}

func TestKubernetesIsRecognisedByContent(t *testing.T) {
	for source, want := range map[string]bool{
		"kind: Pod\napiVersion: v1\n":                                        true,
		"# c\n---\nkind: Pod\napiVersion: v1\n":                              true,
		"{kind: Pod, apiVersion: v1}":                                        true,
		"{\"kind\": \"Pod\", \"apiVersion\": \"v1\"}":                        true,
		"apiVersion: v2\nname: chart\n":                                      false,
		"AWSTemplateFormatVersion: '2010-09-09'\nResources: {}\n":            false,
		"family: x\ncontainerDefinitions: [{environment: [{name: A}]}]":      false,
		"a: apiVersion\nb: kind\n":                                           false,
		"apiVersion: v1\nkind: Secret\ndata:\n  a: {{ .Values.a }}\n":        false,
		"apiVersion: v1\nkind: Secret\n{{- if .Values.a }}\n{{- end }}\n":    false,
		"{{- if .Values.a }}\napiVersion: v1\nkind: Secret\n{{- end }}\n":    false,
		"apiVersion: v1\nkind: Secret\ndata:\n  {{- include \"a\" . }}\n":    false,
		"apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    {{ .x }}\n":     true,
		"apiVersion: v1\nkind: ConfigMap\ndata:\n  a: \"{{ .x }}\"\n":        true,
		"apiVersion: v1\nkind: Pod\nspec: [\n---\nkind: Pod\napiVersion: v1": true,
	} {
		if got := isKubernetes(&file{path: "a.yaml", data: []byte(source)}); got != want {
			t.Errorf("%q: %v", source, got)
		}
	}
	if isKubernetes(&file{path: "a.md", data: []byte("kind: Pod\napiVersion: v1\n")}) {
		t.Error("a Markdown file is taken")
	}
}

func TestKubernetesSkips(t *testing.T) {
	for source, line := range map[string]int{
		"apiVersion: v1\nkind: Secret\ndata:\n  a: '%%%'\n":                                       4,
		"apiVersion: v1\nkind: Pod\n---\nkind: Pod\n  bad: [\n":                                   5,
		"apiVersion: v1\nkind: Pod\nspec: {containers: [{env: [{name: A, value: [x]}]}]}":         3,
		"apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    " + lastApplied + ": '{\"a'\n": 5,
	} {
		o := kubernetes(t, "a.yaml", source)
		if len(o.skipped) != 1 || o.skipped[0].Line != line {
			t.Errorf("%q: %+v, want line %d", source, o.skipped, line)
		}
	}
	if o := kubernetes(t, "a.yaml", "apiVersion: v1\nkind: Secret\ndata: {a: '${A}', b: '<base64>'}"); len(o.skipped) > 0 {
		t.Errorf("placeholders are no gap: %+v", o.skipped)
	}
}

func TestKubernetesHostileIsBounded(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("apiVersion: v1\nkind: Pod\na0: &a0 {env: [{name: A, value: v}]}\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d]\n", i, i, i-1, i-1, i-1)
	}
	nested := "apiVersion: v1\nkind: List\nitems: " + strings.Repeat("[{apiVersion: v1, kind: List, items: ", 2000)
	for name, source := range map[string]string{
		"aliases": bomb.String(),
		"cycle":   "apiVersion: v1\nkind: Pod\nspec: &s {a: *s, b: *s, env: [{name: A, value: v}]}\n",
		"lists":   nested,
		"expand":  manifest("Pod", "spec: {containers: [{command: ['"+strings.Repeat("$(A", 100_000)+"']}]}"),
		"env":     manifest("Pod", "spec: {containers: [{env: ["+strings.Repeat("{name: A, value: $(A)},\n  ", 20_000)+"]}]}"),
		"heredoc": manifest("Pod", "spec:\n  containers:\n  - command:\n    - |\n"+strings.Repeat("      cat <<A apiVersion:\n", 20_000)),
	} {
		start := time.Now()
		kubernetes(t, "a.yaml", source)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: %v", name, took)
		}
	}
	if o := kubernetes(t, "a.yaml", bomb.String()); len(o.skipped) == 0 {
		t.Error("a document beyond the budget is not reported")
	}
}

func FuzzKubernetes(f *testing.F) {
	f.Add(manifest("Pod", "spec: {containers: [{env: [{name: A, value: $(B)}]}]}"))
	f.Add(manifest("Secret", "stringData:\n  .env: |\n    A=v\n  b: \"x\\\n    y\"\n"))
	f.Add("apiVersion: v1\nkind: Pod\nspec: &s {a: *s}\n")
	f.Fuzz(func(t *testing.T, source string) {
		in := &file{path: "a.yaml", data: []byte(source)}
		if !isKubernetes(in) {
			return
		}
		o := &found{file: in}
		extractKubernetes(in, o)
		lines := strings.Count(source, "\n") + 1
		for _, c := range o.candidates {
			if c.At.Line < 1 || c.At.Line > lines || c.At.Column < 0 {
				t.Errorf("%s at %d:%d of %d lines", c.Name, c.At.Line, c.At.Column, lines)
			}
		}
	})
}
