// Package scanner collects: it reads files below a root and returns every place
// where a named value reaches a process, or could. It never executes, fetches
// or follows anything outside the root, and it judges nothing: whether a
// candidate is a secret is for package rules to say.
package scanner

import (
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
)

// A Kind names an input kind.
type Kind string

const (
	Dotenv        Kind = "dotenv"
	Compose       Kind = "compose"
	Kubernetes    Kind = "kubernetes"
	GitHubActions Kind = "github-actions"
	Python        Kind = "python"
	Text          Kind = "text"
)

// A Mechanism is the way by which a value reaches a process (the exposure
// classes). An extractor proposes the one that the syntax shows; rules may
// sharpen it (a literal that is a URL with a password is a leak).
type Mechanism string

const (
	// Literal: the value stands in the file.
	Literal Mechanism = "literal"
	// StaticRef: one environment variable is filled from a static store.
	StaticRef Mechanism = "static-ref"
	// BulkRef: everything of a Secret or env file at once.
	BulkRef Mechanism = "bulk-ref"
	// Leak: command line, build argument, URL, annotation, log, output file.
	Leak Mechanism = "leak"
	// CodeRead: application code takes it from (or puts it into) the environment.
	CodeRead Mechanism = "code-read"
	// SyncedStatic: a long-lived key that an operator copies into a static store.
	SyncedStatic Mechanism = "synced-static"
	// Dynamic: issued to the process or read from a file at run time. Inventory,
	// never a finding.
	Dynamic Mechanism = "dynamic"
)

// A Context says how much a file counts. The zero Context is Deployed.
type Context string

const (
	Deployed Context = ""
	Example  Context = "example"
	Test     Context = "test"
	Docs     Context = "docs"
)

// A Position is a place in a file. Path is slash-separated and relative to
// Inventory.Root; Line and Column count from 1, in lines and bytes.
type Position struct {
	Path   string `json:"path" yaml:"path"`
	Line   int    `json:"line" yaml:"line"`
	Column int    `json:"column,omitempty" yaml:"column,omitempty"`
}

// An Object is the logical place of a candidate: a container of a Kubernetes
// object, a service of a compose file, a step of a job.
type Object struct {
	Kind      string `json:"kind,omitempty"` // Deployment, Secret, …; service; job; workflow
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Container string `json:"container,omitempty"` // container; step id, name or number
}

// IsZero reports whether o names nothing.
func (o Object) IsZero() bool { return o == Object{} }

// String is Kind/namespace/name/container without the empty parts at the end;
// an empty namespace stays visible as "-" for Kubernetes kinds.
func (o Object) String() string {
	if o.IsZero() {
		return ""
	}
	parts := []string{o.Kind}
	if o.InKubernetes() {
		ns := o.Namespace
		if ns == "" {
			ns = "-"
		}
		parts = append(parts, ns)
	}
	parts = append(parts, o.Name)
	if o.Container != "" {
		parts = append(parts, o.Container)
	}
	return strings.Join(parts, "/")
}

// Qualified is Kind/name/container, SARIF's fullyQualifiedName.
func (o Object) Qualified() string {
	o.Namespace = ""
	return strings.Replace(o.String(), "/-/", "/", 1)
}

// InKubernetes reports whether o is a Kubernetes object (their kinds begin
// with a capital letter, those of other inputs do not).
func (o Object) InKubernetes() bool {
	return o.Kind != "" && o.Kind[0] >= 'A' && o.Kind[0] <= 'Z'
}

// A Store is what a reference points into.
type Store string

const (
	KubernetesSecret    Store = "kubernetes-secret"
	KubernetesConfigMap Store = "kubernetes-configmap"
	// EnvFile: Ref.Name is the path of a dotenv file relative to the root.
	EnvFile Store = "env-file"
	// Environment: the shell that starts compose, after its project's .env file
	// (Ref.Scope, a path relative to the root). Ref.Key is the variable.
	Environment Store = "environment"
	// CISecret: a secret of the CI system; Ref.Key is its name, "*" all of them.
	CISecret Store = "ci-secret"
	// SecretFile: a file mounted by compose `secrets:`, or any *_FILE path.
	SecretFile Store = "secret-file"
	// Manager: an external secret manager (Vault, a cloud's).
	Manager Store = "secret-manager"
)

// A Ref is what a candidate points at instead of holding a value.
type Ref struct {
	Store     Store  `json:"store,omitempty" yaml:"store,omitempty"`
	Namespace string `json:"namespace,omitempty" yaml:"namespace,omitempty"`
	Name      string `json:"name,omitempty" yaml:"name,omitempty"`     // of the Secret, ConfigMap or file
	Key       string `json:"key,omitempty" yaml:"key,omitempty"`       // in it; "" all of it
	Prefix    string `json:"prefix,omitempty" yaml:"prefix,omitempty"` // envFrom.prefix
	Scope     string `json:"scope,omitempty" yaml:"scope,omitempty"`   // of Environment: path of the .env that is read first
	Optional  bool   `json:"optional,omitempty" yaml:"optional,omitempty"`
}

// IsZero reports whether there is no reference.
func (r Ref) IsZero() bool { return r == Ref{} }

// A Place says in which part of its input a candidate stands, where that
// changes the judgement.
type Place string

const (
	InEnv         Place = ""             // an environment entry
	InSecretData  Place = "secret-data"  // data or stringData of a Kubernetes Secret
	InConfigData  Place = "config-data"  // data of a ConfigMap
	InCommand     Place = "command"      // command line, args, probe, a step's run script
	InAnnotation  Place = "annotation"   // metadata.annotations
	InBuildArg    Place = "build-arg"    // build.args, --build-arg
	InCIEnvFile   Place = "ci-env-file"  // written to GITHUB_ENV or GITHUB_OUTPUT
	InActionInput Place = "action-input" // `with:` of a step, `secrets:` of a reusable workflow
	InDefault     Place = "default"      // the literal of ${X:-literal} or getenv(x, "literal")
	InWrite       Place = "write"        // code that sets the variable
	InComment     Place = "comment"      // a commented-out assignment
	InText        Place = "text"         // found by a pattern in residual text
)

// A Candidate is one place where a named value is set, referred to, read or
// written.
type Candidate struct {
	Kind      Kind
	Mechanism Mechanism
	Place     Place
	Name      string       // variable, key or option name; as the input spells it
	Value     secret.Value // the literal, decoded (base64, quotes); zero if there is none
	Ref       Ref          // what it points at; zero for a plain literal
	At        Position
	Object    Object
	Workload  string  // Workload.ID, "" if it belongs to none
	Context   Context // filled by Scan
	Outside   bool    // read only for a reference: joins, but is not reported
	Untracked bool    // git is there and does not track the file
	Wide      bool    // GitHub Actions: scope wider than the step that needs it
	Scope     Scope   // of a code read
	Optional  bool    // of a code read: the code goes on without the variable
	Detail    string  // what the syntax says, for the message; no value
	Pattern   string  // InText: id of the pattern that matched
	Type      string  // InSecretData: the Secret's type
	// Shared lists further workloads (Workload.ID) that get the value through
	// this same place: an entry of a YAML anchor or of an extended service counts
	// once, but each tenant behind it depends on the secret.
	Shared []string
}

// A Scope says when code reads a variable.
type Scope string

const (
	ModuleScope   Scope = "module"   // once, at import
	FunctionScope Scope = "function" // at each call
)

// A Workload is what consumes secrets.
type Workload struct {
	ID             string // unique in an inventory: "Deployment/ns/name", "compose.yaml#service/web"
	Object         Object
	At             Position
	ServiceAccount string
	Labels         map[string]string
	Images         []string
	BuildContexts  []string // folders relative to the root whose code it runs
	Commands       []string // the words that name scripts, e.g. "agent.py"; no values
	AutomountToken *bool
	Outside        bool
	Context        Context
	Kind           Kind
}

// Skipped is something that should have been read and could not be: it is
// shown and makes the scan incomplete.
type Skipped struct {
	Path   string `json:"path"`
	Line   int    `json:"line,omitempty"`
	Reason string `json:"reason"`
}

// Coverage says what was looked at.
type Coverage struct {
	Files    int            `json:"files"`              // read
	Bytes    int64          `json:"bytes"`              // read
	ByKind   map[Kind]int   `json:"byKind"`             // files of each input kind
	Excluded map[string]int `json:"excluded,omitempty"` // left out on purpose: reason → files or folders
	Skipped  []Skipped      `json:"skipped,omitempty"`
}

// An Inventory is what Scan returns, in a deterministic order.
type Inventory struct {
	Root       string // absolute path of the repository's root
	Candidates []Candidate
	Workloads  []Workload
	Namespaces map[string]map[string]string // labels of Namespace objects
	Coverage   Coverage
}
