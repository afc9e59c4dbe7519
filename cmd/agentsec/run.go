package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/report"
)

// commands lists the commands. A new one is a file and a line here.
var commands = []func(*session) *cobra.Command{
	scanCommand,
	riskmapCommand,
	planCommand,
	migrateCommand,
	reportCommand,
	baselineCommand,
	rulesCommand,
	schemaCommand,
	devCommand,
	versionCommand,
}

// A session is one invocation: its streams and how far it came.
type session struct {
	streams
	began bool // a command's own code ran: an error before that is one of usage
	quiet bool // a verdict is told by the exit code alone
}

// run is the whole program.
func run(ctx context.Context, args []string, io streams) (code int) {
	s := &session{streams: io}
	defer func() {
		if recover() != nil {
			// Neither the panic's value, which may hold input, nor exit code 2 of
			// a Go panic, which would say "usage".
			fmt.Fprintf(io.err, "agentsec: a defect of agentsec ended this run; please report these lines:\n%s", debug.Stack())
			code = exitIncomplete
		}
	}()
	root := rootCommand(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !s.began {
		err = asUsage(err)
	}
	err = interrupted(ctx, err)
	s.complain(err)
	return exitCode(err)
}

func rootCommand(s *session) *cobra.Command {
	root := &cobra.Command{
		Use:   "agentsec",
		Short: "Find static environment secrets of AI-agent platforms and replace them by short-lived credentials",
		Long: `agentsec finds the static environment secrets of AI-agent platforms, maps who
depends on them, plans the way to short-lived credentials per tenant and agent,
carries the plan out on Vault and Postgres, proves that it works, and gates.

Exit codes: 0 clean or done; 1 findings at or above --fail-on, or a failed
verification; 2 usage; 3 something was not read or not done. 1 outranks 3.

Configuration, in rising precedence: .agentsec.yaml (found from the scanned path
up to the repository's root, or --config FILE), environment variables
(` + environmentNames() + `), flags.
"agentsec schema config" prints the keys of .agentsec.yaml.`,
		Example: `  agentsec scan
  agentsec scan -o scan.json --format json && agentsec riskmap scan.json
  agentsec plan scan.json -o migration && agentsec migrate diff -p migration`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(flagError)
	for _, command := range commands {
		root.AddCommand(command(s))
	}
	s.group(root)
	root.SetHelpCommand(helpCommand(s, root))
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		s.group(c)
		c.Example = "  source <(agentsec completion bash)"
	}
	return root
}

// helpCommand replaces cobra's, for which an unknown command is a success.
func helpCommand(s *session, root *cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help about a command",
		Example: "  agentsec help scan",
	}
	return s.leaf(c, func(_ context.Context, args []string) error {
		found, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return unknownCommand(root, strings.Join(args, " "))
		}
		found.InitDefaultHelpFlag()
		return found.Help()
	})
}

// group makes c a command that only holds others: called without one it shows
// its help, and an unknown one is a mistake and not, as with cobra, a success.
func (s *session) group(c *cobra.Command) {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(c, args[0])
		}
		c.SetOut(s.err)
		_ = c.Help()
		return usagef("name a command")
	}
}

// leaf makes c a command that works: do runs after flags and arguments are
// parsed.
func (s *session) leaf(c *cobra.Command, do func(ctx context.Context, args []string) error) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		s.began = true
		return do(c.Context(), args)
	}
	return c
}

func asUsage(err error) error {
	var already usageError
	if errors.As(err, &already) {
		return err
	}
	return errorWithHint(usageError{err}, "Run \"agentsec --help\" for the commands, \"agentsec COMMAND --help\" for flags and examples.")
}

// complain says what went wrong and what to do next.
func (s *session) complain(err error) {
	var child childExit
	var verdict verdictError
	switch {
	case err == nil,
		errors.As(err, &child), // it has spoken for itself
		s.quiet && errors.As(err, &verdict):
		return
	}
	fmt.Fprintf(s.err, "agentsec: %s\n", report.Lines(err.Error()))
	if h := hint(err); h != "" {
		fmt.Fprintf(s.err, "%s\n", report.Lines(h))
	}
}
