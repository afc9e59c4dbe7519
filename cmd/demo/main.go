// Command demo is "make demo": it leads the bundled platform testdata/acme from
// one static database password to a credential for each agent, with the real
// agentsec, Vault, PostgreSQL, git and Python, and tells each step.
//
// It exits 0 only if every step did what it should. Whatever happens, it leaves
// no process and no file behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// The demo takes well under a minute; a program that hangs must not hang it.
const timeLimit = 4 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends us at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type options struct {
	agentsec string // path of the binary
	vault    string // path of a Vault binary; "" look for one
	platform string // folder with the bundled platform
	python   string // an interpreter with psycopg2
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.agentsec, "agentsec", "bin/agentsec", "the agentsec binary")
	flags.StringVar(&o.vault, "vault-bin", "", "agentsec-vault, vault or bao (default: beside agentsec or on the PATH)")
	flags.StringVar(&o.platform, "platform", filepath.Join("testdata", "acme"), "the platform to migrate")
	flags.StringVar(&o.python, "python", "/usr/bin/python3", "a Python 3.11 or later with psycopg2")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	for _, path := range []*string{&o.agentsec, &o.platform} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return o, err
		}
		if _, err := os.Stat(absolute); err != nil {
			return o, fmt.Errorf("%w (start the demo with: make demo)", err)
		}
		*path = absolute
	}
	return o, nil
}

// run returns the exit code: 0 every step did what it should, 1 one did not,
// 2 a wrong command line.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()

	began := time.Now()
	d := &demo{opts: opts, canary: newCanary()}
	d.show = newShow(stdout, d.canary)
	defer d.stop()
	for i, s := range steps {
		d.show.step(i, s.title, s.why)
		err := s.run(ctx, d)
		if err == nil {
			continue
		}
		if cause := context.Cause(ctx); cause != nil {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		d.show.failed(i, s.title, err)
		return 1
	}
	d.show.done(len(steps), time.Since(began))
	return 0
}
