package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/rules"
)

func scan(ctx context.Context, d *demo) error {
	found, err := d.scan(ctx, 20)
	if err != nil {
		return err
	}
	d.before = found
	shared := 0
	for _, s := range found.Secrets {
		if s.Class == rules.Database {
			shared = max(shared, len(s.Tenants))
		}
	}
	if shared != 3 {
		return fmt.Errorf("the database credential is seen at %d tenants, not 3", shared)
	}
	d.show.checked("%d findings about %d secrets; the database credential is shared by %d tenants", len(found.Findings), len(found.Secrets), shared)
	return nil
}

// scan writes scan.json and shows the same findings as text. There are findings
// at every time of the story: later stages of a migration remove the others.
func (d *demo) scan(ctx context.Context, lines int) (rules.Scan, error) {
	var found rules.Scan
	if _, err := d.run(ctx, invocation{args: []string{"agentsec", "scan", ".", "-o", "scan.json", "--format", "json"}, code: 1, lines: 4}); err != nil {
		return found, err
	}
	if lines > 0 {
		if _, err := d.run(ctx, invocation{args: []string{"agentsec", "scan", "."}, code: 1, lines: lines}); err != nil {
			return found, err
		}
	}
	if err := d.readJSON("scan.json", &found); err != nil {
		return found, err
	}
	if n := len(found.Coverage.Skipped); n > 0 {
		return found, fmt.Errorf("scan.json: %d files were skipped", n)
	}
	return found, nil
}

func riskMap(ctx context.Context, d *demo) error {
	r, err := d.run(ctx, invocation{args: []string{"agentsec", "riskmap", "scan.json"}, lines: 14})
	if err != nil {
		return err
	}
	if !strings.Contains(r.output, "DATABASE_URL") {
		return errors.New("the risk map does not show DATABASE_URL")
	}
	return nil
}

func plan(ctx context.Context, d *demo) error {
	if err := d.makePlan(ctx, 18); err != nil {
		return err
	}
	if n := len(d.plan.Agents); n != 6 {
		return fmt.Errorf("the plan has %d identities, not 6", n)
	}
	blockers := d.blockers()
	waiting := 0
	for _, blocker := range blockers {
		if strings.Contains(blocker, "waits for step") {
			waiting++
			continue
		}
		d.show.warn("%s", blocker)
	}
	if waiting > 0 {
		d.show.note("%d more steps wait for these", waiting)
	}
	for _, file := range []string{"agents/support/agent.py:", ".github/workflows/deploy.yml:"} {
		if !strings.Contains(strings.Join(blockers, "\n"), file) {
			return fmt.Errorf("the plan does not say that %s must change", strings.TrimSuffix(file, ":"))
		}
	}
	return nil
}

func developersCommit(ctx context.Context, d *demo) error {
	// The commit comes from a colleague: it is not part of the repository yet.
	patch := filepath.Join(d.opts.platform, "changes", "support-reads-database-from-file.patch")
	text, err := os.ReadFile(patch)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.world.operator, filepath.Base(patch)), text, 0o600); err != nil {
		return err
	}
	if err := d.git(ctx, "apply", filepath.Join("..", "operator", filepath.Base(patch))); err != nil {
		return err
	}
	if err := d.git(ctx, "commit", "--quiet", "--all", "--message", "Take the database credential from a file"); err != nil {
		return err
	}
	d.show.output(d.lastCommit(ctx), 8)
	if _, err := d.scan(ctx, 0); err != nil {
		return err
	}
	if err := d.makePlan(ctx, 3); err != nil {
		return err
	}
	if blockers := d.blockers(); len(blockers) > 0 {
		return fmt.Errorf("the plan still waits for: %s", strings.Join(blockers, "; "))
	}
	steps := 0
	for _, stage := range d.plan.Stages {
		steps += len(stage.Steps)
	}
	d.show.checked("all %d steps are ready", steps)
	return nil
}

// makePlan writes migration/plan.yaml and reads it as a reviewer would.
func (d *demo) makePlan(ctx context.Context, lines int) error {
	if _, err := d.run(ctx, invocation{args: []string{"agentsec", "plan", "scan.json", "-o", "migration"}, lines: lines}); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(d.world.platform, "migration", "plan.yaml"))
	if err != nil {
		return err
	}
	d.plan = planner.Plan{}
	if err := yaml.Unmarshal(text, &d.plan); err != nil {
		return fmt.Errorf("reading plan.yaml: %w", err)
	}
	if d.plan.Chosen.Secret != "DATABASE_URL" {
		return fmt.Errorf("the plan migrates %s, not DATABASE_URL", d.plan.Chosen.Secret)
	}
	return nil
}

// blockers lists what stands in the way of the plan's steps, each once.
func (d *demo) blockers() []string {
	var lines []string
	said := map[string]bool{}
	for _, stage := range d.plan.Stages {
		for _, s := range stage.Steps {
			if s.Status == planner.Ready {
				continue
			}
			for _, blocker := range s.Blockers {
				line := string(s.Status) + ": " + blocker
				if !said[line] {
					said[line] = true
					lines = append(lines, line)
				}
			}
			if len(s.Blockers) == 0 {
				lines = append(lines, string(s.Status)+": step "+s.ID)
			}
		}
	}
	return lines
}

// lastCommit is what git says about it; nothing if git fails, which the next
// step would notice.
func (d *demo) lastCommit(ctx context.Context) string {
	out, _ := d.command(ctx, []string{"git", "show", "--stat=80", "--format=%h %an: %s", "HEAD"}).Output()
	return d.canary.screen("git show", string(out))
}

func (d *demo) readJSON(name string, document any) error {
	text, err := os.ReadFile(filepath.Join(d.world.platform, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, document); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}
