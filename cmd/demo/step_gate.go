package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

const baseline = "agentsec-baseline.yaml"

func gate(ctx context.Context, d *demo) error {
	after, err := d.scan(ctx, 0)
	if err != nil {
		return err
	}
	if left := d.compare(after); left > 0 {
		return fmt.Errorf("%d exposures of the database credential are left", left)
	}
	if err := d.world.staticGone(d.canary); err != nil {
		return err
	}
	d.show.checked("no file of the working tree holds the static password; what git's history keeps opens nothing")
	d.show.note("The other secrets are for later stages. The baseline admits them, and nothing new:")
	if _, err := d.run(ctx, invocation{args: []string{"agentsec", "baseline", "create", "-o", baseline}, lines: 4}); err != nil {
		return err
	}
	gated := []string{"agentsec", "scan", ".", "--baseline", baseline}
	if _, err := d.run(ctx, invocation{args: gated, lines: 8}); err != nil {
		return err
	}
	d.show.checked("the gate is open")

	d.show.note("Somebody in a hurry puts the static URL back into compose.yaml:")
	path := filepath.Join(d.world.platform, "compose.yaml")
	good, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := d.world.relapse(); err != nil {
		return err
	}
	_, err = d.run(ctx, invocation{args: gated, code: 1, lines: 12})
	if err := errors.Join(err, os.WriteFile(path, good, 0o644)); err != nil {
		return err
	}
	d.show.checked("the gate is shut")
	d.show.note("and it is put away again:")
	_, err = d.run(ctx, invocation{args: gated, lines: 3})
	return err
}

// staticGone looks for the static password in the working tree.
func (w *world) staticGone(c *canary) error {
	return filepath.WalkDir(w.platform, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if entry.Name() == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if slices.Contains(c.find(text), staticPassword) {
			return fmt.Errorf("%s still holds the static password", entry.Name())
		}
		return nil
	})
}

// relapse writes the static URL into the environment of compose's researcher.
func (w *world) relapse() error {
	static := "postgresql://acme_app:"
	secret, err := password(w.static)
	if err != nil {
		return err
	}
	const anchor = "dockerfile: researcher/Dockerfile\n    labels:\n      acme.example/tenant: aurora\n    environment:\n"
	return w.edit("compose.yaml", anchor, anchor+"      DATABASE_URL: "+static+secret.Reveal()+"@postgres:5432/acme\n")
}

// compare shows the exposures of the database credential before and after, and
// returns how many are left.
func (d *demo) compare(after rules.Scan) (left int) {
	before, now := exposures(d.before), exposures(after)
	var rows []scanner.Mechanism
	for mechanism := range before {
		rows = append(rows, mechanism)
	}
	for mechanism := range now {
		if _, ok := before[mechanism]; !ok {
			rows = append(rows, mechanism)
		}
	}
	slices.Sort(rows)
	table := fmt.Sprintf("%-28s %8s %8s\n", "database credential", "before", "after")
	total := 0
	for _, mechanism := range rows {
		table += fmt.Sprintf("  %-26s %8d %8d\n", mechanism, before[mechanism], now[mechanism])
		total += before[mechanism]
		left += now[mechanism]
	}
	table += fmt.Sprintf("  %-26s %8d %8d", "all", total, left)
	d.show.output(table, 20)
	return left
}

// exposures counts the findings about database credentials by mechanism, in
// every context.
func exposures(s rules.Scan) map[scanner.Mechanism]int {
	count := map[scanner.Mechanism]int{}
	for _, f := range s.Findings {
		if f.Class == rules.Database || f.Name == "DATABASE_URL" {
			count[f.Mechanism]++
		}
	}
	return count
}
