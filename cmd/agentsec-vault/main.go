// Command agentsec-vault runs a real HashiCorp Vault for development: in
// memory, on loopback only, gone when its parent is gone.
//
// It answers to the command line that agentsec uses for "vault" and "bao", so
// that one launcher drives all three.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/hashicorp/go-hclog"
)

const usage = `agentsec-vault runs a real HashiCorp Vault in memory, for development only.

Usage:
  agentsec-vault server -dev [-dev-no-store-token] [-dev-listen-address=127.0.0.1:8200] [-log-level=warn]
  agentsec-vault version

The server prints its address and a root token of its own making on standard
output, once. It listens on loopback addresses only; port 0 picks a free one.
Nothing is written to disk, unless you enable a file audit device.

It stops on SIGINT and SIGTERM. When its standard input is a pipe or a socket,
it also stops when that input ends: whoever holds the other end owns the server.

Engines: database (postgresql), kv, pki, transit. KV version 2 is mounted at secret/.
Auth methods: token, approle, cert, jwt, kubernetes. Audit device: file.
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run returns the exit code: 0 done, 1 failed, 2 a wrong command line.
func run(args []string, stdin *os.File, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		_, _ = io.WriteString(stderr, usage)
		return 2
	}
	switch args[0] {
	case "server":
		opts, err := parseServer(args[1:])
		if errors.Is(err, flag.ErrHelp) {
			_, _ = io.WriteString(stdout, usage)
			return 0
		}
		if err == nil {
			err = opts.check()
		}
		if err != nil {
			return fail(stderr, 2, err)
		}
		if err := serve(context.Background(), opts, stdin, stdout, stderr); err != nil {
			return fail(stderr, 1, err)
		}
		return 0
	case "version", "-version", "--version":
		_, _ = io.WriteString(stdout, versionText())
		return 0
	case "help", "-help", "--help", "-h":
		_, _ = io.WriteString(stdout, usage)
		return 0
	}
	return fail(stderr, 2, fmt.Errorf("unknown command %q; see agentsec-vault --help", args[0]))
}

func fail(stderr io.Writer, code int, err error) int {
	_, _ = fmt.Fprintln(stderr, "agentsec-vault:", err)
	return code
}

type serverOptions struct {
	dev      bool
	listen   string
	logLevel string
}

// parseServer knows no flag and no variable that carries a token: arguments and
// environment of a process can be read by others.
func parseServer(args []string) (serverOptions, error) {
	var o serverOptions
	fs := flag.NewFlagSet("server", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&o.dev, "dev", false, "")
	fs.Bool("dev-no-store-token", true, "") // this server never stores a token
	fs.StringVar(&o.listen, "dev-listen-address", "127.0.0.1:8200", "")
	fs.StringVar(&o.logLevel, "log-level", "warn", "")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return o, nil
}

func (o serverOptions) check() error {
	if !o.dev {
		return errors.New("this Vault is for development only: add -dev, or use the real vault for anything that must last")
	}
	if hclog.LevelFromString(o.logLevel) == hclog.NoLevel {
		return fmt.Errorf("unknown log level %q: use trace, debug, info, warn, error or off", o.logLevel)
	}
	_, err := loopbackAddr(o.listen)
	return err
}

func versionText() string {
	own, vault := "(devel)", "of unknown version"
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			own = info.Main.Version
		}
		for _, m := range info.Deps {
			if m.Path == "github.com/hashicorp/vault" {
				vault = strings.TrimPrefix(m.Version, "v")
			}
		}
	}
	return fmt.Sprintf(`agentsec-vault %s %s/%s %s
Contains HashiCorp Vault %s under the Business Source License 1.1 (BUSL-1.1),
which is not an open source license. The code of agentsec-vault itself is under Apache-2.0.
`, own, runtime.GOOS, runtime.GOARCH, runtime.Version(), vault)
}
