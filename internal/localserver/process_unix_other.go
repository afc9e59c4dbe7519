//go:build unix && !linux

package localserver

import (
	"os"
	"os/exec"
	"syscall"
)

func ownGroup(cmd *exec.Cmd, _ os.Signal) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}
