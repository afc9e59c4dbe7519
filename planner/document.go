package planner

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxPlan bounds a plan file: thousands of workloads fit, and a hostile one
// cannot fill memory.
const maxPlan = 32 << 20

const planHeader = `# Migration plan of agentsec. Review it like code: apply does what stands here
# and nothing else. It holds no secret, only their names. The files next to it
# are the same steps for reading; apply does not look at them.
`

// Write writes the plan as YAML.
func (p *Plan) Write(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(planHeader)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(p); err != nil {
		return fmt.Errorf("writing plan: %w", err)
	}
	if err := e.Close(); err != nil {
		return fmt.Errorf("writing plan: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// ReadPlan reads a plan and refuses what it does not know: another version, a
// field that no step has, a step without an operation or with two, a name that
// occurs twice.
func ReadPlan(r io.Reader) (*Plan, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxPlan+1))
	if err != nil {
		return nil, fmt.Errorf("reading plan: %w", err)
	}
	if len(data) > maxPlan {
		return nil, fmt.Errorf("reading plan: it is larger than %d bytes", maxPlan)
	}
	var version struct {
		Version string `yaml:"version"`
	}
	if err := yaml.Unmarshal(data, &version); err != nil {
		return nil, fmt.Errorf("reading plan: %w", withoutValues(err))
	}
	if version.Version != PlanVersion {
		return nil, fmt.Errorf("reading plan: version %q: this agentsec reads %s", clip(version.Version), PlanVersion)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	var p Plan
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("reading plan: %w", withoutValues(err))
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading plan: there is a second document in it")
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("reading plan: %w", err)
	}
	return &p, nil
}

// quotedValue is how yaml.v3 quotes what it could not decode.
var quotedValue = regexp.MustCompile("`[^`]*`")

// withoutValues keeps what the file says out of an error text.
func withoutValues(err error) error {
	return errors.New(quotedValue.ReplaceAllString(err.Error(), "this"))
}

// check looks at the form of a plan; whether it is wise is for Lint.
func (p *Plan) check() error {
	steps, artifacts := map[string]bool{}, map[string]bool{}
	for i, st := range p.Stages {
		if i > 0 && st.Number <= p.Stages[i-1].Number {
			return fmt.Errorf("stage %d is out of order", st.Number)
		}
		for _, s := range st.Steps {
			switch {
			case s.ID == "" || steps[s.ID]:
				return fmt.Errorf("stage %d: step id %q is empty or occurs twice", st.Number, clip(s.ID))
			case s.Op.kinds() != 1:
				return fmt.Errorf("step %s: want exactly one operation, got %d", s.ID, s.Op.kinds())
			case s.Artifact != "" && (!safePath(s.Artifact) || artifacts[s.Artifact] || s.Artifact == readmeName || s.Artifact == "plan.yaml"):
				return fmt.Errorf("step %s: artifact path is not usable or occurs twice", s.ID)
			}
			switch s.Status {
			case Ready, NeedsCodeChange, NeedsBroker, NeedsInput:
			default:
				return fmt.Errorf("step %s: unknown status %q", s.ID, clip(string(s.Status)))
			}
			if s.Gate != "" && s.Gate != AfterVerify {
				return fmt.Errorf("step %s: unknown gate %q", s.ID, clip(string(s.Gate)))
			}
			steps[s.ID], artifacts[s.Artifact] = true, true
		}
	}
	return nil
}

// safePath is a path that a file can be written to below a folder, anywhere.
func safePath(p string) bool {
	return fs.ValidPath(p) && p != "." && !strings.ContainsAny(p, "\\:") && !strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// kinds counts the operations that are set.
func (o Op) kinds() int {
	n := 0
	for _, set := range []bool{
		o.SQL != nil, o.VaultMount != nil, o.VaultAuth != nil, o.VaultPolicy != nil,
		o.VaultObject != nil, o.Connection != nil, o.Patch != nil, o.RemoveLiteral != nil,
	} {
		if set {
			n++
		}
	}
	return n
}
