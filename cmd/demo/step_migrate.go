package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// migrate is the start of every command of the migration: what it acts on.
func (d *demo) migrate(verb string, more ...string) []string {
	args := append([]string{"agentsec", "migrate", verb, "-p", "migration"}, more...)
	return append(args, d.world.vaultFlags()...)
}

// inputs hands the credentials to a command that the plan asks for by name.
func (d *demo) inputs(command string) []string {
	files := map[string]string{
		d.plan.Proof.AdminInput:  "database-admin-url",
		d.plan.Proof.StaticInput: "static-database-url",
	}
	var args []string
	for _, input := range d.plan.Inputs {
		if slices.Contains(input.For, command) && files[input.Name] != "" {
			args = append(args, "--input", input.Name+"="+filepath.Join("..", "operator", files[input.Name]))
		}
	}
	return args
}

func diff(ctx context.Context, d *demo) error {
	before, err := d.status(ctx)
	if err != nil {
		return err
	}
	args := d.migrate("diff", append([]string{"--source", "."}, d.inputs("apply")...)...)
	r, err := d.run(ctx, invocation{args: args, lines: 14})
	if err != nil {
		return err
	}
	if !strings.Contains(r.output, "database/") {
		return errors.New("the diff does not show Vault's database engine")
	}
	after, err := d.status(ctx)
	if err != nil {
		return err
	}
	if before != after {
		return errors.New("the diff changed the working tree")
	}
	return nil
}

func apply(ctx context.Context, d *demo) error {
	if _, err := d.run(ctx, invocation{args: d.applyArgs(), lines: 14, last: true}); err != nil {
		return err
	}
	once, err := d.journal()
	if err != nil {
		return err
	}
	d.show.note("again:")
	if _, err := d.run(ctx, invocation{args: d.applyArgs(), lines: 3, last: true}); err != nil {
		return err
	}
	twice, err := d.journal()
	if err != nil {
		return err
	}
	if !bytes.Equal(once, twice) {
		return errors.New("the second apply wrote to the journal")
	}
	d.show.checked("the second run wrote nothing: the journal has the same %d lines", bytes.Count(twice, []byte("\n")))
	if reason, err := d.world.refused(ctx); err != nil || reason != "" {
		return errors.Join(err, errors.New("the static password ended before anything was verified"))
	}
	d.show.checked("the static password still works: it ends after verification only")
	if err := d.git(ctx, "add", "--all"); err != nil {
		return err
	}
	if err := d.git(ctx, "commit", "--quiet", "--message", "Issue the database credential to each agent"); err != nil {
		return err
	}
	d.show.output(d.lastCommit(ctx), 10)
	return d.projectTokens()
}

func (d *demo) applyArgs() []string {
	return d.migrate("apply", append([]string{"--yes", "--source", "."}, d.inputs("apply")...)...)
}

func (d *demo) journal() ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(d.world.platform, "migration", "journal.jsonl"))
	if err == nil && len(text) == 0 {
		err = errors.New("the journal is empty")
	}
	return text, err
}

func (d *demo) status(ctx context.Context) (string, error) {
	out, err := d.command(ctx, []string{"git", "status", "--porcelain"}).Output()
	return string(out), err
}

// projectTokens gives each identity of the plan the token that Kubernetes would
// project into its pods.
func (d *demo) projectTokens() error {
	d.tokens = map[string]string{}
	for _, identity := range d.plan.Agents {
		token, err := d.world.issuer.token(identity.Subject, identity.Audience)
		if err != nil {
			return err
		}
		if err := d.canary.know("the identity token of "+identity.Name(), token); err != nil {
			return err
		}
		path, err := d.world.hold(identity.Tenant+"-"+identity.Role+".jwt", token)
		if err != nil {
			return err
		}
		d.tokens[identity.Name()] = path
	}
	for _, name := range []string{"aurora/researcher", "borealis/support"} {
		if d.tokens[name] == "" {
			return fmt.Errorf("the plan has no identity %s", name)
		}
	}
	return nil
}

func (d *demo) identities(names ...string) []string {
	var args []string
	for _, name := range names {
		args = append(args, "--identity", name+"="+d.tokens[name])
	}
	return args
}
