package main

import (
	"context"

	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/rules"
)

// A step is one section of the story. An error means that it did not do what it
// should.
type step struct {
	title string
	why   string
	run   func(context.Context, *demo) error
}

// steps is the story, in order.
var steps = []step{
	{"The platform", "Two agents, an MCP server, three tenants, one database password for all.", setUp},
	{"Today", "The agent as it is: whoever reads its environment has every tenant's data.", runToday},
	{"Scan", "Where do static secrets reach a process?", scan},
	{"Risk map", "What would the leak of each cost?", riskMap},
	{"Plan", "The credential that most tenants share goes first. The plan says what code stands in the way.", plan},
	{"The developer's commit", "The code that the plan named now takes the credential from a file.", developersCommit},
	{"Diff", "What apply would change on Vault, on PostgreSQL and in the files. Nothing is written.", diff},
	{"Apply", "Read, compare, write, read back, journal. A second run writes nothing.", apply},
	{"The patched agent", "It runs with its own credential, which is replaced under it every three seconds.", runPatched},
	{"Verify", "Two agents of two tenants prove it on the running servers.", verify},
	{"Retire", "Only now does the static password end.", retire},
	{"Rescan and gate", "What is gone stays gone: a static password that comes back fails the build.", gate},
	{"Canary", "Did any secret value get into an output or a document?", lookForSecrets},
}

// A demo is the state that the steps hand on.
type demo struct {
	opts   options
	show   *show
	canary *canary
	world  *world // nil before setUp

	tokens map[string]string // identity → token file
	before rules.Scan        // the first scan
	plan   planner.Plan
}

// stop takes everything back; it may be called at any time.
func (d *demo) stop() {
	if d.world != nil {
		d.world.stop()
	}
}
