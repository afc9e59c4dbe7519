//go:build unix

package localserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

// An account that servers run as instead of root. The zero account is "as we are".
type account struct {
	set      bool
	uid, gid int
}

// unprivileged names an account for a server that refuses to be root.
func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2); err != nil {
			return account{}, fmt.Errorf("reading account %s: %w", name, err)
		}
		return account{true, uid, gid}, nil
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is no account postgres or nobody to run it as")
}

// runAs drops to the account, with no supplementary groups.
func (a account) runAs(cmd *exec.Cmd) {
	if a.set {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}}
	}
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if !a.set {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}
