package localserver

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const asParent = "LOCALSERVER_TEST_AS_PARENT"

func TestMain(m *testing.M) {
	if kind := os.Getenv(asParent); kind != "" {
		beParent(kind)
	}
	os.Exit(m.Run())
}

// beParent starts a server, prints its pid and address, and waits to be killed.
func beParent(kind string) {
	var proc *process
	var address string
	var err error
	switch kind {
	case "postgres":
		var p *Postgres
		if p, err = StartPostgres(context.Background()); err == nil {
			proc, address = p.proc, net.JoinHostPort(p.Host, strconv.Itoa(p.Port))
		}
	default:
		var v *Vault
		if v, err = StartVault(context.Background(), kind, nil); err == nil {
			proc, address = v.proc, strings.TrimPrefix(v.Address, "http://")
		}
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(proc.cmd.Process.Pid, address)
	select {}
}

func TestNoServerSurvivesAKilledParent(t *testing.T) {
	t.Run("vault", func(t *testing.T) { killParent(t, needVault(t)) })
	t.Run("deaf vault", func(t *testing.T) { // does not read its standard input, as the real vault
		killParent(t, script(t, "echo 'Root Token: hvs.x'; exec 3<&0 </dev/null; exec "+needVault(t)+` "$@"`))
	})
	t.Run("postgres", func(t *testing.T) {
		_, err := FindPostgres()
		skipIfMissing(t, err)
		killParent(t, "postgres")
	})
}

func killParent(t *testing.T, kind string) {
	t.Helper()
	tmp := openTempDir(t) // the data of a killed parent's server stays behind
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), asParent+"="+kind, "TMPDIR="+tmp)
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	_ = parent.Process.Kill()
	_ = parent.Wait()
	pid, address, ok := strings.Cut(strings.TrimSpace(line), " ")
	server, err := strconv.Atoi(pid)
	if err != nil || !ok {
		t.Fatalf("the parent says %q", line)
	}
	for range 200 {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		if err != nil && syscall.Kill(server, 0) != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	_ = syscall.Kill(server, syscall.SIGKILL)
	t.Fatal("the server survives")
}
