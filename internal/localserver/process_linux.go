package localserver

import (
	"os"
	"os/exec"
	"syscall"
)

func ownGroup(cmd *exec.Cmd, deathSignal os.Signal) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = deathSignal.(syscall.Signal)
}
