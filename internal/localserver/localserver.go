// Package localserver starts real servers on this machine, for rehearsals, the
// demo and the tests: a Vault in memory and a throw-away PostgreSQL cluster.
//
// What holds for both: they listen on loopback only; their credentials are made
// for one run and appear in no argument, environment or log; they see nothing of
// this process's environment but PATH; they end with Stop, and on Linux also
// when this process is killed. The context of a Start bounds the starting, not
// the life of the server: cleaning up after a cancelled run needs the server.
package localserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"time"
)

// ErrNotFound is wrapped by the errors of FindVault and FindPostgres: the server
// is not installed here, which a test may take as a reason to skip.
var ErrNotFound = errors.New("not found")

// Servers are up in far less than a second on an idle machine; the limit is for
// a busy one. A context can only shorten it.
const startTimeout = 60 * time.Second

// startAttempts covers the moment between choosing a free port and listening on
// it, in which another process can take it.
const startAttempts = 4

// errPortTaken means that another process took the chosen port.
var errPortTaken = errors.New("the port was taken meanwhile")

// withFreePort calls start with free loopback ports until it gets one for itself.
func withFreePort(start func(port int) error) error {
	var err error
	for range startAttempts {
		var port int
		if port, err = freePort(); err != nil {
			return err
		}
		if err = start(port); !errors.Is(err, errPortTaken) {
			return err
		}
	}
	return err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// portTaken recognises the complaint in a server's last lines.
func portTaken(lines string) bool {
	lines = strings.ToLower(lines)
	return strings.Contains(lines, "address already in use") || strings.Contains(lines, "only one usage of each socket address")
}

// minimalEnv is all that a server gets to see of the environment. Variables such
// as VAULT_TOKEN or PGPASSWORD must neither steer it nor show up in its /proc.
func minimalEnv(home string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LC_ALL=C"}
	if runtime.GOOS == "windows" { // sockets do not work without it
		env = append(env, "SYSTEMROOT="+os.Getenv("SYSTEMROOT"), "TEMP="+home)
	}
	return env
}
