package localserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// A process is a server that runs in a process group of its own, so that a
// Ctrl-C in the terminal reaches us first and we can still tidy up with it.
type process struct {
	cmd     *exec.Cmd
	done    chan struct{} // closed when the process has ended and its output is read
	err     error         // how it ended; read only after done
	stopped sync.Once
}

// startProcess starts cmd; deathSignal is sent to it when this process dies
// (Linux only). The kernel sends that signal when the thread that forked ends, so
// one thread is kept for the child's whole life.
func startProcess(cmd *exec.Cmd, deathSignal os.Signal) (*process, error) {
	ownGroup(cmd, deathSignal)
	cmd.WaitDelay = 2 * time.Second // a grandchild may hold the output open
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		for _, w := range []any{cmd.Stdout, cmd.Stderr} {
			if w, ok := w.(*lineWriter); ok {
				w.flush()
			}
		}
		close(p.done)
	}()
	return p, <-started
}

// stop asks the process to end, and after a while makes it.
func (p *process) stop(ask os.Signal, patience time.Duration) {
	p.stopped.Do(func() {
		if p.cmd.Process.Signal(ask) != nil { // a signal that this system cannot send
			_ = p.cmd.Process.Kill()
		}
		select {
		case <-p.done:
		case <-time.After(patience):
			killGroup(p.cmd.Process)
		}
	})
	<-p.done
}

// await waits until the server says that it is ready. A process that ends first,
// or a context that ends, is an error with the server's last lines.
func (p *process) await(ctx context.Context, ready <-chan struct{}, out *tail) error {
	select {
	case <-ready:
		return nil
	case <-p.done:
		if portTaken(out.String()) {
			return errPortTaken
		}
		return p.failed("ended before it was ready", p.err, out)
	case <-ctx.Done():
		return p.failed("was not ready in time", ctx.Err(), out)
	}
}

func (p *process) failed(what string, err error, out *tail) error {
	if err == nil {
		err = errors.New("exit status 0")
	}
	lines := out.String()
	if lines == "" {
		lines = "(it printed nothing)"
	}
	return fmt.Errorf("%s %s: %w; its last lines:\n%s", p.cmd.Path, what, err, lines)
}
