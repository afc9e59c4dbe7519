// Package schema publishes the JSON Schemas of agentsec's documents. They are
// generated from the Go types and embedded; a test keeps them current:
//
//	go test ./schema ./cmd/agentsec -run Current -update
package schema

import (
	"embed"
	"strings"
)

//go:embed *.json
var files embed.FS

// Names lists the documents that have a schema.
var Names = []string{"scan", "riskmap", "plan", "verify", "baseline", "config"}

// Read returns the schema of the document called name.
func Read(name string) ([]byte, bool) {
	if strings.ContainsAny(name, `/\`) {
		return nil, false
	}
	text, err := files.ReadFile(name + ".v1.json")
	return text, err == nil
}
