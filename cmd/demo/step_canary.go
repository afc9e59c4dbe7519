package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// lookForSecrets reads every document that the run has written. The outputs were
// looked through as they came.
func lookForSecrets(_ context.Context, d *demo) error {
	w := d.world
	documents := []string{"scan.json", "migration", baseline}
	for i, name := range documents {
		documents[i] = filepath.Join(w.platform, name)
	}
	for _, name := range []string{"plan.yaml", "journal.jsonl", "verify.json"} {
		if info, err := os.Stat(filepath.Join(w.platform, "migration", name)); err != nil || info.Size() == 0 {
			return errors.New("migration/" + name + " is not there")
		}
	}
	files, err := d.canary.screenFiles(documents...)
	if err != nil {
		return err
	}
	looked, secrets, places := d.canary.verdict()
	for _, place := range places {
		d.show.warn("%s", place)
	}
	if len(places) > 0 {
		return errors.New("a secret value got out")
	}
	d.show.checked("%d secret values looked for in %d documents, all outputs and /proc (%d KB): none found", secrets, files, looked>>10)
	return nil
}
