package migrate

import (
	"strings"
	"testing"

	"github.com/agentsec/agentsec/scanner"
)

func TestRemoveDotenv(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "A=1\nKEY=v\nB=2\n", "A=1\nB=2\n"},
		{"no newline at the end", "A=1\nKEY=v", "A=1\n"},
		{"export, blanks, comment behind", "  export KEY = 'v' # why\nB=2\n", "B=2\n"},
		{"twice", "KEY=1\nA=1\nKEY=2\n", "A=1\n"},
		{"commented out", "# KEY=old\nA=1\n#KEY=older\n", "A=1\n"},
		{"carriage returns stay", "A=1\r\nKEY=v\r\nB=2\r\n", "A=1\r\nB=2\r\n"},
		{"many lines, double quotes", "KEY=\"one\ntwo \\\" KEY=3\nthree\"\nB=2\n", "B=2\n"},
		{"many lines, single quotes", "KEY='one\n\\'\nB=2\n", "B=2\n"},
		{"inside another value", "PEM=\"-\nKEY=inside\n-\"\nKEY=v\n", "PEM=\"-\nKEY=inside\n-\"\n"},
		{"a quote that never ends", "KEY=\"v\nB=2\n", "B=2\n"},
		{"another key", "KEY2=v\nMY_KEY=v\nXKEY: v\n", "KEY2=v\nMY_KEY=v\nXKEY: v\n"},
		{"byte order mark", "\ufeffKEY=v\nB=2\n", "B=2\n"},
		{"absent", "A=1\n", "A=1\n"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		got, err := removeDotenv([]byte(tt.in), "KEY", scanner.Object{})
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %q, want %q (%v)", tt.name, got, tt.want, err)
		}
		again, _ := removeDotenv(got, "KEY", scanner.Object{})
		if string(again) != string(got) {
			t.Errorf("%s: the second time changes more", tt.name)
		}
	}
}

func FuzzRemoveDotenv(f *testing.F) {
	f.Add("A=1\nKEY=\"x\ny\"\n")
	f.Add("KEY='")
	f.Fuzz(func(t *testing.T, in string) {
		out, err := removeDotenv([]byte(in), "KEY", scanner.Object{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(out), "KEY=") {
			t.Errorf("left in %q", out)
		}
	})
}

var platformDB = scanner.Object{Kind: "Secret", Namespace: "ns", Name: "db"}

func TestRemoveKubernetes(t *testing.T) {
	const head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: ns\n"
	env := scanner.Object{Kind: "Deployment", Namespace: "ns", Name: "web", Container: "app"}
	const deployment = "kind: Deployment\nmetadata: {name: web, namespace: ns}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        env:\n"
	tests := []struct {
		name, in, want string
		object         scanner.Object
	}{
		{"one of two", head + "stringData:\n  # the database\n  KEY: v\n  OTHER: 1 # kept\n", head + "stringData:\n  # the database\n  OTHER: 1 # kept\n", platformDB},
		{"the only one", head + "stringData:\n  KEY: v\ntype: Opaque\n", head + "type: Opaque\n", platformDB},
		{"data and stringData", head + "data:\n  KEY: dg==\nstringData:\n  KEY: v\n", head, platformDB},
		{"block scalar", head + "stringData:\n  KEY: |\n    one\n\n    two\n  OTHER: 1\n", head + "stringData:\n  OTHER: 1\n", platformDB},
		{"quoted over lines", head + "stringData:\n  KEY: \"one\n    two\"\n  OTHER: 1\n", head + "stringData:\n  OTHER: 1\n", platformDB},
		{"flow, first", head + "stringData: {KEY: v, OTHER: 'a, }b'}\n", head + "stringData: {OTHER: 'a, }b'}\n", platformDB},
		{"flow, last", head + "stringData: {OTHER: 'a, }b', KEY: v}\n", head + "stringData: {OTHER: 'a, }b'}\n", platformDB},
		{"flow, only", head + "stringData: {KEY: v}\n", head, platformDB},
		{"json", `{"kind": "Secret", "metadata": {"name": "db", "namespace": "ns"}, "data": {"KEY": "dg==", "O": "x"}}`, `{"kind": "Secret", "metadata": {"name": "db", "namespace": "ns"}, "data": {"O": "x"}}`, platformDB},
		{"other documents stay", "kind: Secret\nmetadata: {name: other, namespace: ns}\nstringData:\n  KEY: v\n---\n" + head + "stringData:\n  KEY: v\n  O: 1\n---\n# end\nkind: X\n", "kind: Secret\nmetadata: {name: other, namespace: ns}\nstringData:\n  KEY: v\n---\n" + head + "stringData:\n  O: 1\n---\n# end\nkind: X\n", platformDB},
		{"another namespace", "kind: Secret\nmetadata: {name: db, namespace: no}\nstringData:\n  KEY: v\n", "kind: Secret\nmetadata: {name: db, namespace: no}\nstringData:\n  KEY: v\n", platformDB},
		{"in a list", "kind: List\nitems:\n- kind: Secret\n  metadata: {name: db, namespace: ns}\n  data:\n    KEY: dg==\n    O: x\n", "kind: List\nitems:\n- kind: Secret\n  metadata: {name: db, namespace: ns}\n  data:\n    O: x\n", platformDB},
		{"env entry", deployment + "        - name: KEY\n          value: v\n        - name: O\n          value: x\n", deployment + "        - name: O\n          value: x\n", env},
		{"env entry, the only one", deployment + "        - name: KEY\n          value: v\n        image: x\n", strings.TrimSuffix(deployment, "        env:\n") + "        image: x\n", env},
		{"a reference is no literal", deployment + "        - name: KEY\n          valueFrom: {secretKeyRef: {name: db, key: KEY}}\n", deployment + "        - name: KEY\n          valueFrom: {secretKeyRef: {name: db, key: KEY}}\n", env},
		{"absent", head, head, platformDB},
	}
	for _, tt := range tests {
		got, err := removeKubernetes([]byte(tt.in), "KEY", tt.object)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", tt.name, err, got, tt.want)
		}
	}
}

func TestRemoveCompose(t *testing.T) {
	web := scanner.Object{Kind: "service", Name: "web"}
	tests := []struct{ name, in, want string }{
		{"mapping", "services:\n  web:\n    environment:\n      KEY: v\n      O: x\n", "services:\n  web:\n    environment:\n      O: x\n"},
		{"list", "services:\n  web:\n    environment:\n      - KEY=v=w\n      - O=x\n    image: i\n", "services:\n  web:\n    environment:\n      - O=x\n    image: i\n"},
		{"emptied", "services:\n  web:\n    environment:\n      - KEY=v\n    image: i\n", "services:\n  web:\n    image: i\n"},
		{"another service", "services:\n  db:\n    environment: {KEY: v}\n", "services:\n  db:\n    environment: {KEY: v}\n"},
	}
	for _, tt := range tests {
		got, err := removeCompose([]byte(tt.in), "KEY", web)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", tt.name, err, got, tt.want)
		}
	}
}

// What cannot be edited safely is refused: never called absent, never broken.
func TestRemoveYAMLRefuses(t *testing.T) {
	const canary = "can" + "ary-value"
	tests := []struct{ name, in string }{
		{"alias", "x: &e\n  KEY: " + canary + "\nservices:\n  web:\n    environment: *e\n"},
		{"merge", "x: &e\n  KEY: " + canary + "\nservices:\n  web:\n    environment:\n      <<: *e\n      O: x\n"},
		{"anchor", "services:\n  web:\n    environment: &e\n      KEY: " + canary + "\n      O: x\n  db:\n    environment: *e\n"},
		{"not YAML", "services:\n  web: {{ .Values }}: [" + canary},
	}
	for _, tt := range tests {
		got, err := removeCompose([]byte(tt.in), "KEY", scanner.Object{Kind: "service", Name: "web"})
		if err == nil {
			t.Errorf("%s: no error, but\n%s", tt.name, got)
		} else if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error quotes the value", tt.name)
		}
	}
}

func FuzzRemoveKubernetes(f *testing.F) {
	f.Add("kind: Secret\nmetadata: {name: db, namespace: ns}\ndata:\n  KEY: x\n  O: y\n")
	f.Add("kind: Secret\nmetadata: {name: db}\ndata: {KEY: x}\n---\na: &b [1]\nc: *b\n")
	f.Fuzz(func(t *testing.T, in string) {
		out, err := removeKubernetes([]byte(in), "KEY", platformDB)
		if err != nil {
			return
		}
		docs, err := parseYAML(out)
		if err != nil {
			t.Fatalf("%q became invalid: %q", in, out)
		}
		for _, doc := range docs {
			if len(doc.Content) > 0 {
				if found, err := inObject(doc.Content[0], "KEY", platformDB); found != nil && err == nil {
					t.Errorf("left in %q", out)
				}
			}
		}
	})
}
