// Package rules judges: it classifies the candidates of an inventory, joins
// them to secrets, workloads and tenants, and returns findings. It is a pure
// function of its inputs: it reads no file, no clock and no network.
package rules

import (
	"fmt"

	"github.com/agentsec/agentsec/scanner"
)

// ScanVersion names the schema of scan.json. A reader refuses any other.
const ScanVersion = "agentsec.scan/v1"

// A Scan is the document scan.json: findings, the secrets that they are about,
// the workloads that consume them, and what was looked at. It holds no value.
type Scan struct {
	Version    string           `json:"version" jsonschema:"const=agentsec.scan/v1"`
	Tool       Tool             `json:"tool"`
	KeyID      string           `json:"keyId" jsonschema:"description=Names the HMAC key of the fingerprints; fingerprints of two keys are never compared"`
	Root       string           `json:"root" jsonschema:"description=The repository root as a path relative to where the scan ran or absolute"`
	Findings   []Finding        `json:"findings"`
	Secrets    []Secret         `json:"secrets"`
	Workloads  []Workload       `json:"workloads"`
	Reads      []Read           `json:"reads" jsonschema:"description=Every read and write of the environment in code whose variable is a secret or a *_FILE path"`
	Dynamic    []Dynamic        `json:"dynamic" jsonschema:"description=Inventory: secrets that already reach their process dynamically or as files"`
	Tenants    []string         `json:"tenants"`
	Suppressed int              `json:"suppressed" jsonschema:"description=Findings that the baseline admits; they are not in findings"`
	Coverage   scanner.Coverage `json:"coverage"`
}

// A Tool names the program that wrote a document.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// A Severity orders findings. Its text form is in the documents.
type Severity int

const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"info", "low", "medium", "high", "critical"}

func (s Severity) String() string { return severityNames[s] }

func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s *Severity) UnmarshalText(text []byte) error {
	for i, name := range severityNames {
		if name == string(text) {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("unknown severity %q: want info, low, medium, high or critical", text)
}

// A Class says what kind of credential a secret is.
type Class string

const (
	LLMKey        Class = "llm-key"
	Database      Class = "database-credential"
	Cloud         Class = "cloud-credential"
	InternalToken Class = "internal-service-token"
	SigningKey    Class = "signing-or-encryption-key"
	ThirdParty    Class = "third-party-api-key"
	OAuth         Class = "oauth-credential"
	TLSKey        Class = "tls-private-key"
	OtherClass    Class = "other"
	PasswordHash  Class = "password-hash"
	NoSecret      Class = "" // not a credential
)

// A Finding is a rule's judgement on one exposure.
type Finding struct {
	// ID is stable across runs, moves inside the file and changed values: it is
	// made of the rule and the logical location alone.
	ID        string            `json:"id"`
	Rule      string            `json:"rule"`
	Severity  Severity          `json:"severity" jsonschema:"type=string,enum=info,enum=low,enum=medium,enum=high,enum=critical"`
	Mechanism scanner.Mechanism `json:"mechanism"`
	Class     Class             `json:"class"`
	Provider  string            `json:"provider,omitempty"`
	Name      string            `json:"name"`
	Message   string            `json:"message"`
	At        scanner.Position  `json:"at"`
	Object    scanner.Object    `json:"object,omitzero"`
	// Place is where in its input the exposure stands ("" an environment entry).
	Place    scanner.Place   `json:"place,omitempty"`
	Context  scanner.Context `json:"context,omitempty"`
	Kind     scanner.Kind    `json:"kind"`
	Secret   string          `json:"secret" jsonschema:"description=Secret.id in secrets"`
	Workload string          `json:"workload,omitempty"`
	Tenant   string          `json:"tenant,omitempty"`
	Ref      scanner.Ref     `json:"ref,omitzero"`
	// Fingerprint joins equal values under Scan.KeyID; "" without a value.
	Fingerprint string    `json:"fingerprint,omitempty"`
	Related     []Related `json:"related,omitempty"`
	Untracked   bool      `json:"untracked,omitempty"`
}

// Location is the logical location that the ID and the baseline are made of:
// "Deployment/ns/name/container/ENV", or "path:service/web/ENV", or "path:KEY".
func (f Finding) Location() string { return location(f.At.Path, f.Object, f.Name) }

// A Related place explains a finding: where the value stands, who consumes it.
type Related struct {
	At      scanner.Position `json:"at"`
	Message string           `json:"message"`
}

// A Secret is one credential, joined over all its sightings by value or by
// reference.
type Secret struct {
	ID       string   `json:"id"` // "S1", … in order of weight
	Name     string   `json:"name"`
	Names    []string `json:"names"` // every name that it has
	Class    Class    `json:"class"`
	Provider string   `json:"provider,omitempty"`
	// Endpoint is what a database URL says beside its password.
	Endpoint  *Endpoint `json:"endpoint,omitempty"`
	Findings  []string  `json:"findings"`  // Finding.ID
	Workloads []string  `json:"workloads"` // Workload.ID of those that get it through their environment
	Tenants   []string  `json:"tenants"`   // of those workloads and of the places where it stands
	Severity  Severity  `json:"severity" jsonschema:"type=string,enum=info,enum=low,enum=medium,enum=high,enum=critical"`
	Literal   bool      `json:"literal"` // its value stands in at least one file
}

// SharedAcrossTenants reports whether more than one tenant depends on it.
func (s Secret) SharedAcrossTenants() bool { return len(s.Tenants) > 1 }

// An Endpoint is a database URL without its password and query.
type Endpoint struct {
	Scheme   string `json:"scheme" yaml:"scheme"`
	User     string `json:"user,omitempty" yaml:"user,omitempty"`
	Host     string `json:"host,omitempty" yaml:"host,omitempty"`
	Port     string `json:"port,omitempty" yaml:"port,omitempty"`
	Database string `json:"database,omitempty" yaml:"database,omitempty"`
}

// A Workload is a consumer of secrets with the tenant it works for.
type Workload struct {
	ID             string            `json:"id"`
	Object         scanner.Object    `json:"object"`
	At             scanner.Position  `json:"at"`
	Kind           scanner.Kind      `json:"kind"`
	ServiceAccount string            `json:"serviceAccount,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	Images         []string          `json:"images,omitempty"`
	BuildContexts  []string          `json:"buildContexts,omitempty"`
	Commands       []string          `json:"commands,omitempty"`
	// Tenant is "" when nothing tells it; several tenants are listed in Tenants.
	Tenant       string          `json:"tenant,omitempty"`
	Tenants      []string        `json:"tenants,omitempty"`      // more than one: it serves them all
	TenantSource string          `json:"tenantSource,omitempty"` // "configuration", "label …", "namespace", "folder"
	Agent        bool            `json:"agent"`                  // runs an LLM-driven loop
	AgentRole    string          `json:"agentRole,omitempty"`    // its name without the tenant
	Evidence     []string        `json:"evidence,omitempty"`     // why it counts as an agent
	Context      scanner.Context `json:"context,omitempty"`
	// ServiceAccountSharedWith lists other workloads under the same account.
	ServiceAccountSharedWith []string `json:"serviceAccountSharedWith,omitempty"`
}

// A Read is one read or write of the environment in code.
type Read struct {
	Name  string           `json:"name"`
	At    scanner.Position `json:"at"`
	Scope scanner.Scope    `json:"scope"`
	// File: the variable holds a path (NAME_FILE), so the secret is not in the
	// environment.
	File  bool `json:"file,omitempty"`
	Write bool `json:"write,omitempty"`
	// Optional: the code goes on without it (getenv, environ.get).
	Optional bool `json:"optional,omitempty"`
}

// A Dynamic is a secret that reaches its process the right way.
type Dynamic struct {
	Name   string           `json:"name"`
	At     scanner.Position `json:"at"`
	Object scanner.Object   `json:"object,omitzero"`
	Detail string           `json:"detail,omitempty"`
}

func location(path string, o scanner.Object, name string) string {
	if o.InKubernetes() {
		return o.String() + "/" + name
	}
	if o.IsZero() {
		return path + ":" + name
	}
	return path + ":" + o.String() + "/" + name
}
