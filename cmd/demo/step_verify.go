package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// A verification is what the demo reads of verify.json.
type verification struct {
	Checks []struct {
		ID      string `json:"id"`
		Passed  bool   `json:"passed"`
		Pending bool   `json:"pending"`
		Detail  string `json:"detail"`
	} `json:"checks"`
}

func verify(ctx context.Context, d *demo) error {
	v, err := d.verify(ctx, 30)
	if err != nil {
		return err
	}
	pending := 0
	for _, c := range v.Checks {
		if c.Pending {
			pending++
		}
	}
	if pending == 0 {
		return errors.New("no check waits for the end of the static password")
	}
	return nil
}

func (d *demo) verify(ctx context.Context, lines int) (verification, error) {
	var v verification
	args := d.migrate("verify", append(d.identities("aurora/researcher", "borealis/support"), d.inputs("verify")...)...)
	if _, err := d.run(ctx, invocation{args: args, lines: lines, last: true}); err != nil {
		return v, err
	}
	if err := d.readJSON("migration/verify.json", &v); err != nil {
		return v, err
	}
	if len(v.Checks) == 0 {
		return v, errors.New("verify.json holds no check")
	}
	for _, c := range v.Checks {
		if !c.Passed && !c.Pending {
			return v, fmt.Errorf("check %s failed: %s", c.ID, c.Detail)
		}
	}
	return v, nil
}

func retire(ctx context.Context, d *demo) error {
	if _, err := d.run(ctx, invocation{args: d.applyArgs(), lines: 2, last: true}); err != nil {
		return err
	}
	reason, err := d.world.refused(ctx)
	if err != nil {
		return err
	}
	if reason == "" {
		return errors.New("the static password still opens the database")
	}
	d.show.checked("the database refuses the static password: %s", reason)
	v, err := d.verify(ctx, 3)
	if err != nil {
		return err
	}
	for _, c := range v.Checks {
		if c.Pending {
			return fmt.Errorf("check %s is still pending: %s", c.ID, c.Detail)
		}
		if strings.Contains(c.ID, "static-retired") {
			d.show.checked("%d checks passed, the end of the static password among them", len(v.Checks))
			return nil
		}
	}
	return errors.New("verify.json has no check of the static password's end")
}
