package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// VerificationVersion names the schema of verify.json. A reader refuses any other.
const VerificationVersion = "agentsec.verify/v1"

// A Verification is the document verify.json: what was seen on the running
// servers. It is the key to the steps with Gate "verified".
type Verification struct {
	Version string `json:"version" jsonschema:"const=agentsec.verify/v1"`
	// Plan is the digest of the plan that was verified: another plan's
	// verification opens nothing.
	Plan string `json:"plan"`
	// Journal is the number of journal entries at that time: a change that came
	// later has not been verified.
	Journal int     `json:"journal"`
	Checks  []Check `json:"checks"`
}

// A Check is one thing that must be so. A check that could not be made is
// neither passed nor pending: it failed.
type Check struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Identity string `json:"identity,omitempty"` // tenant/role
	Passed   bool   `json:"passed"`
	// Pending: its time has not come; it neither passed nor failed.
	Pending bool   `json:"pending,omitempty"`
	Detail  string `json:"detail"`
}

// Outcome is Passed, Pending or Failed.
func (c Check) Outcome() Outcome {
	switch {
	case c.Passed:
		return Passed
	case c.Pending:
		return Pending
	}
	return Failed
}

// Passed reports whether no check failed, and at least one passed. Pending
// checks do not count.
func (v *Verification) Passed() bool {
	passed := 0
	for _, c := range v.Checks {
		switch c.Outcome() {
		case Failed:
			return false
		case Passed:
			passed++
		}
	}
	return passed > 0
}

// Complete reports whether every check passed, the pending ones too.
func (v *Verification) Complete() bool {
	for _, c := range v.Checks {
		if !c.Passed {
			return false
		}
	}
	return len(v.Checks) > 0
}

const verifyFile = "verify.json"

// WriteVerification writes dir/verify.json.
func WriteVerification(dir string, v *Verification) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing %s: %w", verifyFile, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("writing %s: %w", verifyFile, err)
	}
	defer root.Close()
	if err := replaceFile(root, verifyFile, text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", verifyFile, err)
	}
	return nil
}

// ReadVerification reads dir/verify.json; it returns nil if there is none.
func ReadVerification(dir string) (*Verification, error) {
	path := filepath.Join(dir, verifyFile)
	text, err := readLimited(path, 16<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", verifyFile, err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var v Verification
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("reading %s: it is not a verification document", path)
	}
	if v.Version != VerificationVersion {
		return nil, fmt.Errorf("reading %s: version %q; this agentsec reads %q", path, v.Version, VerificationVersion)
	}
	return &v, nil
}
