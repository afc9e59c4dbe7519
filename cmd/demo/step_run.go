package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// runToday runs the agent as the platform runs it today. It is also the proof
// that the same look at /proc later on can find something.
func runToday(ctx context.Context, d *demo) error {
	const script = "agents/researcher/agent.py"
	args := []string{d.opts.python, script, "--tenant", "aurora", "--interval", "0.4", "--rounds", "3"}
	d.show.ran("DATABASE_URL=… " + quote(args))
	cmd := d.command(ctx, args, "LOG_LEVEL=warning", "DATABASE_URL="+d.world.static.Reveal())
	o, err := d.observe(ctx, cmd, script)
	if err != nil {
		return err
	}
	if reach := o.reach(); len(reach) != 3 {
		return fmt.Errorf("the static login reads the rows of %d tenants, not 3", len(reach))
	}
	d.show.warn("the agent of aurora can read the rows of %s", strings.Join(o.reach(), ", "))
	if !canSeeProcesses {
		d.show.note("looking into /proc is skipped: this system has none")
		return nil
	}
	if len(o.exposed) == 0 {
		return errors.New("the static password was not found in the environment of the agent that got it there")
	}
	for _, what := range o.exposed {
		d.show.warn("/proc: %s", what)
	}
	return nil
}

// runPatched runs the patched agent with a credential of its own.
func runPatched(ctx context.Context, d *demo) error {
	const script, rounds = "agents/researcher/agent.py", "7"
	args := []string{"agentsec", "dev", "run", "--plan", "migration/plan.yaml"}
	args = append(args, d.identities("aurora/researcher")...)
	args = append(args, "--rotate-every", "3s", "--vault-addr", d.world.vault.Address,
		"--", d.opts.python, script, "--tenant", "aurora", "--interval", "1", "--rounds", rounds)
	d.show.ran(quote(args))
	o, err := d.observe(ctx, d.command(ctx, args), script)
	if err != nil {
		return err
	}
	if fmt.Sprint(len(o.rounds)) != rounds {
		return fmt.Errorf("the agent did %d rounds, not %s", len(o.rounds), rounds)
	}
	if reach := o.reach(); !slices.Equal(reach, []string{"aurora"}) {
		return fmt.Errorf("the agent of aurora can read the rows of %s", strings.Join(reach, ", "))
	}
	d.show.checked("%s rounds; the login reads the rows of aurora and of nobody else", rounds)
	if slices.Contains(o.users, "acme_app") || len(o.users) < 2 {
		return fmt.Errorf("no rotation was survived: database users were %s", strings.Join(o.users, ", "))
	}
	d.show.checked("%d database users one after another: the agent survived the rotation", len(o.users))
	left, err := d.world.rolesLeft(ctx, o.users)
	if err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("%d of the issued logins still exist after the agent has ended", left)
	}
	d.show.checked("none of these logins exists any more")
	return o.clean(d)
}

// clean judges what was seen in /proc. A look that saw no agent, or saw it
// without its environment, proves nothing and fails.
func (o *observation) clean(d *demo) error {
	if !canSeeProcesses {
		d.show.note("looking into /proc is skipped: this system has none")
		return nil
	}
	switch {
	case len(o.exposed) > 0:
		return errors.New("a secret is in /proc: " + strings.Join(o.exposed, "; "))
	case len(o.agents) == 0 || o.looks < 10:
		return fmt.Errorf("the agent was not seen in /proc (%d looks)", o.looks)
	case len(o.files) == 0:
		return errors.New("the agent's environment has no DATABASE_URL_FILE")
	case o.issued < 2:
		return fmt.Errorf("%d issued credentials were seen in the agent's file, not 2 or more", o.issued)
	}
	_, secrets, _ := d.canary.verdict()
	d.show.checked("/proc/PID/environ and cmdline of all %d processes, read %d times: none of %d secrets, the %d issued passwords among them",
		len(o.tree), o.looks, secrets, o.issued)
	for _, file := range o.files {
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			return errors.New("the credential file is still there after the agent has ended")
		}
	}
	d.show.checked("the credential file went with the agent")
	return nil
}
