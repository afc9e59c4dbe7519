package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/agentsec/agentsec/planner"
)

// Digest names a plan by its content: SHA-256 of its JSON form, which is the
// same whether the plan came from YAML or from the planner.
func Digest(plan *planner.Plan) (string, error) {
	text, err := json.Marshal(plan)
	if err != nil {
		return "", fmt.Errorf("digesting the plan: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
