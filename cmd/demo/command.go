package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// An invocation is one command that the demo shows, runs and judges.
type invocation struct {
	args []string
	// code is the exit code that it must end with; others is a list of further
	// ones that are as good.
	code   int
	others []int
	lines  int    // of its output to show
	last   bool   // the last lines, not the first
	as     string // what to show instead of the command line, if it is long
}

// A result is what a command left. Its output has no secret in it: screen has
// replaced those and keeps the place for the verdict.
type result struct {
	output string // both streams in the order of a terminal
	code   int
}

// run shows the command, runs it in the platform's folder and shows its output.
func (d *demo) run(ctx context.Context, in invocation) (result, error) {
	line := in.as
	if line == "" {
		line = quote(in.args)
	}
	d.show.ran(line)
	cmd := d.command(ctx, in.args)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output // one writer: exec then never calls it concurrently
	err := cmd.Run()
	killGroup(cmd)
	place := "output of " + line
	r := result{output: d.canary.screen(place, output.String()), code: cmd.ProcessState.ExitCode()}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return r, fmt.Errorf("running %s: %w", in.args[0], err)
	}
	asExpected := r.code == in.code || slices.Contains(in.others, r.code)
	if !asExpected {
		d.show.all(r.output)
		return r, fmt.Errorf("%s ended with exit code %d, not %d", line, r.code, in.code)
	}
	if in.last {
		d.show.end(r.output, in.lines)
	} else {
		d.show.output(r.output, in.lines)
	}
	if r.code != 0 {
		d.show.note("exit code %d, as it should be", r.code)
	}
	return r, nil
}

// command prepares a command: its environment is made for it, nothing of ours
// gets in, and a cancelled demo asks it to end before it makes it end.
func (d *demo) command(ctx context.Context, args []string, env ...string) *exec.Cmd {
	name := args[0]
	if name == "agentsec" {
		name = d.opts.agentsec
	}
	cmd := exec.CommandContext(ctx, name, args[1:]...)
	cmd.Dir = d.world.platform
	cmd.Env = append(d.world.environment(), env...)
	cmd.WaitDelay = 10 * time.Second
	cmd.Cancel = func() error { return askToEnd(cmd.Process) }
	ownGroup(cmd)
	return cmd
}

// git runs git without the machine's configuration and hooks.
func (d *demo) git(ctx context.Context, args ...string) error {
	full := append([]string{
		"git", "-c", "user.name=Dana Okafor", "-c", "user.email=dana@acme.example",
		"-c", "core.hooksPath=" + os.DevNull, "-c", "commit.gpgSign=false", "-c", "init.defaultBranch=main",
	}, args...)
	_, err := d.run(ctx, invocation{args: full, lines: 4, as: quote(append([]string{"git"}, args...))})
	return err
}

// quote writes args as a shell would take them.
func quote(args []string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = arg
		if arg == "" || strings.ContainsAny(arg, " \t'\"$&|;<>()*?#~`\\!") {
			quoted[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
