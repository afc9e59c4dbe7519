package report

import (
	"io"

	"github.com/agentsec/agentsec/migrate"
)

// ChangesJSON writes the changes as {"changes": […]}, without the steps that
// have nothing left to do.
func ChangesJSON(w io.Writer, doc []migrate.Change, _ Options) error {
	out := struct {
		Changes []migrate.Change `json:"changes"`
	}{Changes: []migrate.Change{}}
	for _, c := range doc {
		if c.Action != migrate.None {
			out.Changes = append(out.Changes, c)
		}
	}
	return writeJSON(w, out)
}

// ResultJSON writes {"steps": […]}.
func ResultJSON(w io.Writer, doc *migrate.Result, _ Options) error {
	type step struct {
		Step     string           `json:"step"`
		Title    string           `json:"title"`
		Stage    int              `json:"stage"`
		Outcome  migrate.Outcome  `json:"outcome"`
		Changes  []migrate.Change `json:"changes,omitempty"`
		Blockers []string         `json:"blockers,omitempty"`
	}
	out := struct {
		Steps []step `json:"steps"`
	}{Steps: []step{}}
	for _, s := range doc.Steps {
		out.Steps = append(out.Steps, step(s))
	}
	return writeJSON(w, out)
}

// VerificationJSON writes verify.json.
func VerificationJSON(w io.Writer, doc *migrate.Verification, _ Options) error {
	return writeJSON(w, doc)
}
