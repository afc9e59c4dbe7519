// Package report shows: it renders the documents of the other stages for people
// and for programs.
//
// A renderer is a pure function of one document: it reads no file, no clock and
// no environment, and it computes no verdict. So every format can be made later
// from a stored document. Whatever comes from the scanned input (paths, names,
// messages) is hostile: text escapes what a terminal would obey.
package report

import (
	"io"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/rules"
)

// Options say how to render; they never change what a document says. The zero
// value is plain text of unlimited width.
type Options struct {
	Color bool
	// Width of the terminal in columns; 0: do not shorten lines.
	Width int
	// Verbose lists what text output otherwise only counts.
	Verbose bool
	// Quiet reduces text output to one line a secret and to what is missing.
	Quiet bool
}

// A Format is one way to render a document of type D.
type Format[D any] struct {
	Name   string
	Render func(io.Writer, D, Options) error
}

// The formats of each document. A new one is a file and a line here.
var (
	ScanFormats = []Format[*rules.Scan]{
		{"text", ScanText},
		{"json", ScanJSON},
		{"sarif", ScanSARIF},
	}
	RiskMapFormats = []Format[*planner.RiskMap]{
		{"text", RiskMapText},
		{"json", RiskMapJSON},
	}
	PlanFormats = []Format[*planner.Plan]{
		{"text", PlanText},
	}
	ChangesFormats = []Format[[]migrate.Change]{
		{"text", ChangesText},
		{"json", ChangesJSON},
	}
	ResultFormats = []Format[*migrate.Result]{
		{"text", ResultText},
		{"json", ResultJSON},
	}
	VerificationFormats = []Format[*migrate.Verification]{
		{"text", VerificationText},
		{"json", VerificationJSON},
	}
)

// Names lists the formats by name, for help and errors.
func Names[D any](formats []Format[D]) []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.Name
	}
	return names
}

// Find returns the format called name.
func Find[D any](formats []Format[D], name string) (Format[D], bool) {
	for _, f := range formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format[D]{}, false
}
