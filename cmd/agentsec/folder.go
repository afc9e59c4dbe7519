package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/agentsec/agentsec/planner"
)

const planFile = "plan.yaml"

// A folder is a migration folder: plan.yaml, the artifacts, and later journal
// and verification, which a new plan leaves alone.
type folder struct {
	name string
	root *os.Root
	old  *planner.Plan // the plan that is there; nil if none
}

// openFolder makes the folder, or takes one that is empty or holds a plan.
// Anything else is somebody's folder and not written into.
func openFolder(name string) (*folder, error) {
	if err := os.MkdirAll(name, 0o755); err != nil {
		return nil, usagef("making the migration folder %s: %w", name, cause(err))
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, usagef("opening the migration folder %s: %w", name, cause(err))
	}
	f := &folder{name: name, root: root}
	if f.old, err = f.plan(); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *folder) close() { _ = f.root.Close() }

// plan reads the plan that is there, nil in an empty folder.
func (f *folder) plan() (*planner.Plan, error) {
	refused := func(why error) error {
		return errorWithHint(usagef("%s is not a migration folder: %w", f.name, why), "Name an empty or a new folder with -o FOLDER.")
	}
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return nil, refused(cause(err))
	}
	if len(entries) == 0 {
		return nil, nil
	}
	text, err := f.root.ReadFile(planFile)
	if err != nil {
		return nil, refused(errors.New("it holds files and no plan.yaml"))
	}
	plan, err := parsePlan(text)
	if err != nil {
		return nil, refused(fmt.Errorf("its plan.yaml cannot be read: %w", err))
	}
	return plan, nil
}

// write replaces the plan and its artifacts; plan.yaml is written last, so that a
// plan never points at artifacts that are not there yet. It returns the number
// of artifacts.
func (f *folder) write(plan *planner.Plan) (int, error) {
	var text bytes.Buffer
	if err := plan.Write(&text); err != nil {
		return 0, err
	}
	artifacts := planner.Artifacts(plan)
	if f.old != nil {
		for name := range planner.Artifacts(f.old) {
			if _, kept := artifacts[name]; !kept && artifactPath(name) == nil {
				_ = f.root.Remove(name) // stale; gone already is fine
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(artifacts)) {
		if err := artifactPath(name); err != nil {
			return 0, err
		}
		if err := f.put(name, artifacts[name]); err != nil {
			return 0, err
		}
	}
	return len(artifacts), f.put(planFile, text.Bytes())
}

// artifactPath refuses names that a plan may not take: those outside, and the
// files of which agentsec believes what stands in them.
func artifactPath(name string) error {
	if !fs.ValidPath(name) || slices.Contains([]string{".", planFile, "journal.jsonl", "verify.json"}, name) {
		return fmt.Errorf("the plan names an artifact %q that it must not write", name)
	}
	return nil
}

func (f *folder) put(name string, content []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", path.Join(f.name, name), cause(err))
		}
	}()
	if err := f.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	temp := path.Join(path.Dir(name), ".agentsec-"+path.Base(name)+".tmp")
	if err := f.root.WriteFile(temp, content, 0o644); err != nil {
		return err
	}
	return f.root.Rename(temp, name)
}
