//go:build !unix

package localserver

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd, os.Signal) {}

func killGroup(p *os.Process) { _ = p.Kill() }

// account has no meaning here: servers run as we are.
type account struct{}

func unprivileged() (account, error) { return account{}, nil }

func (account) runAs(*exec.Cmd) {}

func (account) own(string) error { return nil }
