package planner

import (
	"github.com/agentsec/agentsec/rules"
)

// RiskMapVersion names the schema of riskmap.json. A reader refuses any other.
const RiskMapVersion = "agentsec.riskmap/v1"

// A RiskMap is the document riskmap.json: each secret with all that depends on
// it, most dangerous first.
type RiskMap struct {
	Version string     `json:"version" jsonschema:"const=agentsec.riskmap/v1"`
	KeyID   string     `json:"keyId"`
	Secrets []Risk     `json:"secrets"`
	Tenants []Exposed  `json:"tenants"`
	Summary RiskTotals `json:"summary"`
}

// A Risk is one secret in the map.
type Risk struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Names    []string        `json:"names"`
	Class    rules.Class     `json:"class"`
	Provider string          `json:"provider,omitempty"`
	Endpoint *rules.Endpoint `json:"endpoint,omitempty"`
	Severity rules.Severity  `json:"severity" jsonschema:"type=string,enum=info,enum=low,enum=medium,enum=high,enum=critical"`
	// Lives: path:line of each place where the value or a reference stands.
	Lives     []string `json:"lives"`
	Workloads []string `json:"workloads"`
	Agents    []string `json:"agents"`
	Tenants   []string `json:"tenants"`
	// UnknownTenant: some consumer's tenant is not known; Tenants is a lower bound.
	UnknownTenant bool     `json:"unknownTenant,omitempty"`
	Findings      []string `json:"findings"`
	Score         int      `json:"score"` // sum of the factors' points
	Factors       []Factor `json:"factors"`
	Stage         int      `json:"stage"` // the stage that removes it
}

// A Factor is one addend of a score.
type Factor struct {
	Name   string `json:"name"`
	Points int    `json:"points"`
	Why    string `json:"why"`
}

// Exposed says what a leak would cost one tenant.
type Exposed struct {
	Tenant  string   `json:"tenant"`
	Secrets []string `json:"secrets"` // Risk.ID
	Shared  []string `json:"shared"`  // of those, shared with other tenants
}

// RiskTotals is the one line that a team decides from.
type RiskTotals struct {
	Secrets  int                 `json:"secrets"`
	Shared   int                 `json:"shared"` // across tenants
	Dynamic  int                 `json:"dynamic"`
	ByClass  map[rules.Class]int `json:"byClass"`
	Critical int                 `json:"critical"`
	High     int                 `json:"high"`
}
