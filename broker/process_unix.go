//go:build unix

package broker

import (
	"os"
	"syscall"
)

// forwarded are the signals that people and supervisors send to a service.
var forwarded = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
}

// codeOf is the code that a shell would tell.
func codeOf(state *os.ProcessState) (int, bool) {
	if state == nil {
		return 0, false
	}
	if s, ok := state.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal()), true
	}
	return state.ExitCode(), state.Exited()
}
