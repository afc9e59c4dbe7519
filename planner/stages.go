package planner

import "github.com/agentsec/agentsec/rules"

// Numbers of the stages that have work for a class of secrets.
const (
	databaseStage = 3
	identityStage = 4
	gatewayStage  = 5
)

// stages is the timeline. Only the database stage has steps yet.
var stages = []Stage{
	{Number: 1, ID: "inventory", Title: "Find every static secret and map who depends on it", When: "weeks 1-2"},
	{Number: 2, ID: "broker", Title: "Run Vault next to the platform", When: "weeks 3-4"},
	{Number: databaseStage, ID: "databases", Title: "Shared database credentials become one short-lived login per agent", When: "month 2"},
	{Number: identityStage, ID: "identity", Title: "Workload identity replaces cloud keys", When: "month 3"},
	{Number: gatewayStage, ID: "gateway", Title: "LLM and third-party keys move behind a gateway", When: "month 4 and later"},
}

// stageOf says which stage removes a secret of a class.
func stageOf(c rules.Class) int {
	switch c {
	case rules.Database:
		return databaseStage
	case rules.Cloud:
		return identityStage
	default:
		return gatewayStage
	}
}
