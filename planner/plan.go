// Package planner decides: it turns scans into a risk map and a risk map into a
// staged plan. Its functions are pure: the same input gives the same bytes.
package planner

import (
	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// PlanVersion names the schema of plan.yaml. A reader refuses any other.
const PlanVersion = "agentsec.plan/v1"

// A Plan is the document migration/plan.yaml, the whole truth of a migration:
// apply reads it, live state, and the secrets that Inputs names. It holds no
// value.
type Plan struct {
	Version string     `yaml:"version" json:"version" jsonschema:"const=agentsec.plan/v1"`
	Source  string     `yaml:"source" json:"source" jsonschema:"description=Root of the scanned repository; patches apply there"`
	Chosen  Chosen     `yaml:"chosen" json:"chosen"`
	Inputs  []Input    `yaml:"inputs" json:"inputs"`
	Agents  []Identity `yaml:"agents" json:"agents"`
	Stages  []Stage    `yaml:"stages" json:"stages"`
	Proof   Proof      `yaml:"proof" json:"proof"`
	// Open lists findings that no step closes, with the reason.
	Open []Open `yaml:"open,omitempty" json:"open,omitempty"`
}

// Chosen is the credential that the plan migrates, and why that one.
type Chosen struct {
	Secret   string          `yaml:"secret" json:"secret"` // name
	Names    []string        `yaml:"names" json:"names"`
	Endpoint *rules.Endpoint `yaml:"endpoint,omitempty" json:"endpoint,omitempty"`
	Tenants  []string        `yaml:"tenants" json:"tenants"`
	Score    int             `yaml:"score" json:"score"`
	Reason   string          `yaml:"reason" json:"reason"`
}

// An Input is a secret or a server that the operator hands to apply or verify
// by name: `--input NAME=FILE`. The plan holds its name only.
type Input struct {
	Name        string `yaml:"name" json:"name"`
	Description string `yaml:"description" json:"description"`
	// For says which commands need it: apply, verify.
	For []string `yaml:"for" json:"for"`
}

// An Identity is one (tenant, agent role) with all names that are made for it.
type Identity struct {
	Tenant    string `yaml:"tenant" json:"tenant"`
	Role      string `yaml:"role" json:"role"`           // agent role: "researcher"
	Subject   string `yaml:"subject" json:"subject"`     // system:serviceaccount:ns:name
	AuthMount string `yaml:"authMount" json:"authMount"` // "jwt-agents"
	AuthRole  string `yaml:"authRole" json:"authRole"`   // role of the auth method
	Audience  string `yaml:"audience" json:"audience"`
	Policy    string `yaml:"policy" json:"policy"`
	CredsPath string `yaml:"credsPath" json:"credsPath"` // database/creds/…
	Group     string `yaml:"group" json:"group"`         // Postgres group role
	// Workloads are the Workload.IDs that run under it.
	Workloads []string `yaml:"workloads" json:"workloads"`
}

// Name is "tenant/role", as --identity spells it.
func (i Identity) Name() string { return i.Tenant + "/" + i.Role }

// A Proof is what verify must see on the running servers. It needs identities
// of two tenants at least; a check that cannot be made is a failed check.
type Proof struct {
	Database Target  `yaml:"database" json:"database"`
	Probes   []Probe `yaml:"probes" json:"probes"`
	// LegacyRole is the retired login; StaticInput names its old URL.
	LegacyRole  string `yaml:"legacyRole" json:"legacyRole"`
	StaticInput string `yaml:"staticInput" json:"staticInput"`
	AdminInput  string `yaml:"adminInput" json:"adminInput"`
	// MaxTTLSeconds bounds the lease that an agent is given.
	MaxTTLSeconds int `yaml:"maxTtlSeconds" json:"maxTtlSeconds"`
}

// A Target is where issued credentials are used.
type Target struct {
	Host     string `yaml:"host" json:"host"`
	Port     int    `yaml:"port" json:"port"`
	Database string `yaml:"database" json:"database"`
	SSLMode  string `yaml:"sslmode" json:"sslmode"`
}

// A Probe reads one tenant table as one identity: every row that it sees has
// Value in Column, and there is at least one.
type Probe struct {
	Identity string `yaml:"identity" json:"identity"` // Identity.Name
	Table    string `yaml:"table" json:"table"`
	Column   string `yaml:"column" json:"column"`
	Value    string `yaml:"value" json:"value"`
}

// A Stage is one phase of the migration. Number and ID follow the timeline:
// 1 inventory, 2 broker, 3 databases, 4 identity, 5 gateway.
type Stage struct {
	Number int    `yaml:"number" json:"number"`
	ID     string `yaml:"id" json:"id"`
	Title  string `yaml:"title" json:"title"`
	When   string `yaml:"when" json:"when"`
	Steps  []Step `yaml:"steps" json:"steps"`
}

// A Status says whether a step can be carried out as it stands.
type Status string

const (
	Ready Status = "ready"
	// NeedsCodeChange: code still takes the secret from the environment, or
	// reads the file once; Blockers name file:line.
	NeedsCodeChange Status = "needs-code-change"
	// NeedsBroker: one process serves several tenants, no static role fits.
	NeedsBroker Status = "needs-broker"
	// NeedsInput: .agentsec.yaml must say something that nothing else tells.
	NeedsInput Status = "needs-input"
)

// A Gate is what must hold before a step runs.
type Gate string

const (
	// AfterVerify: every check of verify.json for this plan passed.
	AfterVerify Gate = "verified"
)

// A Step is one reviewable change with its reason, its proof and its way back.
type Step struct {
	ID     string   `yaml:"id" json:"id"`
	Title  string   `yaml:"title" json:"title"`
	Status Status   `yaml:"status" json:"status"`
	Reason []string `yaml:"reason" json:"reason"`                     // finding ids
	Closes []string `yaml:"closes,omitempty" json:"closes,omitempty"` // finding ids that a rescan no longer shows
	// Blockers say why the status is not ready: "agents/db.py:14: DATABASE_URL is read …".
	Blockers []string `yaml:"blockers,omitempty" json:"blockers,omitempty"`
	Gate     Gate     `yaml:"gate,omitempty" json:"gate,omitempty"`
	Op       Op       `yaml:"op" json:"op"`
	Check    string   `yaml:"check" json:"check"` // how apply knows that it holds
	Undo     string   `yaml:"undo" json:"undo"`   // the way back in words; "irreversible: …"
	// Artifact is a file in the migration folder for the reviewer (diff, SQL, policy).
	Artifact string `yaml:"artifact,omitempty" json:"artifact,omitempty"`
	// Unverified says what could not be exercised, if anything.
	Unverified string `yaml:"unverified,omitempty" json:"unverified,omitempty"`
}

// An Op is what a step does; exactly one field is set. A new operation is one
// field here, one file in package migrate, and one line in its list.
type Op struct {
	SQL           *SQL           `yaml:"sql,omitempty" json:"sql,omitempty"`
	VaultMount    *VaultMount    `yaml:"vaultMount,omitempty" json:"vaultMount,omitempty"`
	VaultAuth     *VaultMount    `yaml:"vaultAuth,omitempty" json:"vaultAuth,omitempty"`
	VaultPolicy   *VaultPolicy   `yaml:"vaultPolicy,omitempty" json:"vaultPolicy,omitempty"`
	VaultObject   *VaultObject   `yaml:"vaultObject,omitempty" json:"vaultObject,omitempty"`
	Connection    *Connection    `yaml:"databaseConnection,omitempty" json:"databaseConnection,omitempty"`
	Patch         *Patch         `yaml:"patch,omitempty" json:"patch,omitempty"`
	RemoveLiteral *RemoveLiteral `yaml:"removeLiteral,omitempty" json:"removeLiteral,omitempty"`
}

// SQL runs statements on the database that Input connects to.
type SQL struct {
	Input      string      `yaml:"input" json:"input"` // Input.Name: admin connection URL
	Statements []Statement `yaml:"statements" json:"statements"`
}

// A Statement is idempotent through Present.
type Statement struct {
	Do string `yaml:"do" json:"do"`
	// Present is a query of one boolean: true when Do has nothing left to do. It
	// is asked before (to skip) and after (read back).
	Present string `yaml:"present" json:"present"`
	// Refuse is a query whose rows, if there are any, are reasons not to run Do.
	Refuse string `yaml:"refuse,omitempty" json:"refuse,omitempty"`
	// Undo is "" when it is irreversible.
	Undo string `yaml:"undo,omitempty" json:"undo,omitempty"`
}

// VaultMount mounts a secrets engine (sys/mounts) or an auth method (sys/auth).
type VaultMount struct {
	Path        string `yaml:"path" json:"path"` // without slashes at the ends
	Type        string `yaml:"type" json:"type"`
	Description string `yaml:"description" json:"description"`
}

// VaultPolicy is an ACL policy in HCL.
type VaultPolicy struct {
	Name string `yaml:"name" json:"name"`
	HCL  string `yaml:"hcl" json:"hcl"`
}

// VaultObject is a configuration endpoint: written with POST, read with GET,
// compared field by field after numbers and lists are normalised.
type VaultObject struct {
	Path string         `yaml:"path" json:"path"` // "auth/jwt-agents/role/x"
	Data map[string]any `yaml:"data" json:"data"` // strings, numbers, booleans, lists of strings
	// Unreadable fields are never returned by the server; they are written with
	// the others and shown as such in a diff.
	Unreadable []string `yaml:"unreadable,omitempty" json:"unreadable,omitempty"`
	// Singleton: the endpoint always exists (a config); undo restores its fields
	// and never deletes it.
	Singleton bool `yaml:"singleton,omitempty" json:"singleton,omitempty"`
}

// Connection configures Vault's database engine for one Postgres and hands over
// its administrator: the login AdminRole gets a random password that only Vault
// keeps (rotate-root directly after the first write, never again).
type Connection struct {
	Mount        string   `yaml:"mount" json:"mount"`
	Name         string   `yaml:"name" json:"name"`
	URL          string   `yaml:"url" json:"url"` // postgresql://{{username}}:{{password}}@host:port/db?…
	AdminRole    string   `yaml:"adminRole" json:"adminRole"`
	AllowedRoles []string `yaml:"allowedRoles" json:"allowedRoles"`
	Input        string   `yaml:"input" json:"input"` // Input.Name: admin connection URL
}

// A Patch is a unified diff against the source tree. It never contains a line
// that holds a literal secret, neither changed nor as context.
type Patch struct {
	Diff  string   `yaml:"diff" json:"diff"`
	Files []string `yaml:"files" json:"files"`
}

// RemoveLiteral deletes the entry Key from a file without quoting its value.
type RemoveLiteral struct {
	Path   string         `yaml:"path" json:"path"`
	Kind   scanner.Kind   `yaml:"kind" json:"kind"` // dotenv, kubernetes, compose
	Key    string         `yaml:"key" json:"key"`
	Object scanner.Object `yaml:"object,omitempty" json:"object,omitzero"`
}

// Open is a finding that the plan leaves.
type Open struct {
	Finding string `yaml:"finding" json:"finding"`
	Why     string `yaml:"why" json:"why"`
}
