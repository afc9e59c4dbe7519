package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A Command is a process to run with a credential file.
type Command struct {
	Args   []string // the program and its arguments
	Dir    string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

// stopGrace is how long a process may take to end once it was asked to.
const stopGrace = 10 * time.Second

// Run starts the command, with config.Variable+"_FILE" in its environment, and
// returns its exit code when it has ended (128 + n if signal n ended it). Signals
// that this process gets are passed on. When ctx ends, so does the command, at
// first by SIGTERM. Run returns when everything is revoked; the error says what
// went wrong on this side.
func Run(ctx context.Context, config Config, command Command) (exitCode int, err error) {
	if len(command.Args) == 0 {
		return 0, errors.New("no command to run")
	}
	client, err := Start(ctx, config)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	return client.Exec(ctx, command)
}

// Exec is Run with a client that goes on afterwards.
func (c *Client) Exec(ctx context.Context, command Command) (exitCode int, err error) {
	if len(command.Args) == 0 {
		return 0, errors.New("no command to run")
	}
	cmd := exec.CommandContext(ctx, command.Args[0], command.Args[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = command.Dir, command.Stdin, command.Stdout, command.Stderr
	cmd.Env = append(Environ(c.config.Env, c.config.Variable), c.config.Variable+"_FILE="+c.file.path)
	cmd.WaitDelay = stopGrace
	if runtime.GOOS != "windows" { // it has no SIGTERM
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	}

	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting the command: %w", err)
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case s := <-signals:
				_ = cmd.Process.Signal(s)
			case <-ended:
				return
			}
		}
	}()
	err = cmd.Wait()
	if code, known := codeOf(cmd.ProcessState); known {
		return code, nil
	}
	return 0, fmt.Errorf("running the command: %w", err)
}

// Environ is what a process may see of env: not the variable that the file
// replaces, and nothing that lets it, or whoever reads its environment, talk to
// Vault or the database as somebody else. A nil env means the few variables of
// this process that every program needs.
func Environ(env []string, variable string) []string {
	if env == nil {
		env = []string{}
		for _, name := range []string{"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "TERM", "SYSTEMROOT"} {
			if value, ok := os.LookupEnv(name); ok {
				env = append(env, name+"="+value)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == variable || name == variable+"_FILE" || withheld(strings.ToUpper(name))
	})
}

func withheld(name string) bool {
	for _, prefix := range []string{"VAULT_", "BAO_", "AGENTSEC_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{"PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE", "PGUSER"}, name)
}
