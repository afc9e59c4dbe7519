package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asCommand makes the test binary be the command, so that the tests drive the
// real main in a real process without linking it a second time.
// AGENTSEC_VAULT_BIN names a built binary to drive instead.
const asCommand = "AGENTSEC_VAULT_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

func command(args ...string) *exec.Cmd {
	bin := os.Getenv("AGENTSEC_VAULT_BIN")
	if bin == "" {
		bin = os.Args[0]
	}
	cmd := exec.Command(bin, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

type instance struct {
	t              *testing.T
	address, token string
	cmd            *exec.Cmd
	stdin          io.Closer
	stderr         bytes.Buffer
	ended          chan error
}

func start(t *testing.T, args ...string) *instance {
	t.Helper()
	s := &instance{t: t, ended: make(chan error, 1)}
	s.cmd = command(append([]string{"server", "-dev", "-dev-no-store-token", "-dev-listen-address=127.0.0.1:0"}, args...)...)
	s.cmd.Stderr = &s.stderr
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.stdin = stdin
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	for s.token == "" && lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "Api Address: "); ok {
			s.address = rest
		}
		if rest, ok := strings.CutPrefix(lines.Text(), "Root Token: "); ok {
			s.token = rest
		}
	}
	t.Logf("start to unsealed: %v", time.Since(began))
	go func() {
		_, _ = io.Copy(io.Discard, stdout)
		s.ended <- s.cmd.Wait()
	}()
	if !strings.HasPrefix(s.address, "http://127.0.0.1:") || !strings.HasPrefix(s.token, "hvs.") {
		t.Fatalf("no address or no token of the core's making; standard error:\n%s", &s.stderr)
	}
	return s
}

// call expects a status and returns the body's data.
func (s *instance) call(method, path, body string, want int) map[string]any {
	s.t.Helper()
	req, err := http.NewRequest(method, s.address+"/v1/"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", s.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode != want {
		s.t.Fatalf("%s %s: status %d, want %d: %s", method, path, resp.StatusCode, want, text)
	}
	var doc map[string]any
	_ = json.Unmarshal(text, &doc) // empty for 204
	return doc
}

func (s *instance) waitEnd() {
	s.t.Helper()
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Fatalf("ended with %v; standard error:\n%s", err, &s.stderr)
		}
	case <-time.After(10 * time.Second):
		s.t.Fatal("still running after 10 s")
	}
}

func TestServesARealVault(t *testing.T) {
	s := start(t)
	if health := s.call("GET", "sys/health", "", 200); health["sealed"] != false || health["version"] != "1.21.2" {
		t.Fatalf("health: %v", health)
	}

	s.call("POST", "secret/data/app", `{"data":{"k":"v1"}}`, 200)
	s.call("POST", "secret/data/app", `{"data":{"k":"v2"}}`, 200)
	old := s.call("GET", "secret/data/app?version=1", "", 200)
	if got := old["data"].(map[string]any)["data"].(map[string]any)["k"]; got != "v1" {
		t.Fatalf("version 1 in KV version 2 is %v", got)
	}

	for _, engine := range []string{"database", "pki", "transit"} {
		s.call("POST", "sys/mounts/"+engine, `{"type":"`+engine+`"}`, 204)
	}
	for _, method := range []string{"approle", "cert", "jwt", "kubernetes"} {
		s.call("POST", "sys/auth/"+method, `{"type":"`+method+`"}`, 204)
	}
	s.call("POST", "database/config/pg", `{"plugin_name":"postgresql-database-plugin","verify_connection":false,
		"connection_url":"postgresql://{{username}}:{{password}}@127.0.0.1:1/none","username":"u","password":"p"}`, 204)
	s.call("POST", "transit/keys/k", `{"type":"ed25519"}`, 200)
	s.call("POST", "pki/root/generate/internal", `{"common_name":"dev","key_type":"ec","key_bits":256}`, 200)

	audit := filepath.Join(t.TempDir(), "audit.log")
	s.call("PUT", "sys/audit/file", `{"type":"file","options":{"file_path":`+strconv.Quote(audit)+`}}`, 204)
	s.call("GET", "secret/data/app", "", 200)
	log, err := os.ReadFile(audit)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(log, []byte(`"path":"secret/data/app"`)) || bytes.Contains(log, []byte(s.token)) {
		t.Fatalf("the audit file misses the read or shows the token:\n%s", log)
	}

	s.call("GET", "sys/raw/core/mounts", "", 404)
	if s.stderr.Len() > 0 {
		t.Fatalf("a clean start is not silent:\n%s", &s.stderr)
	}
}

func TestEndsWithItsStandardInput(t *testing.T) {
	s := start(t)
	_ = s.stdin.Close()
	s.waitEnd()
}

func TestStopsOnSIGTERM(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGTERM on Windows")
	}
	s := start(t)
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.waitEnd()
}

func TestTokenIsInNeitherArgumentsNorEnvironmentNorLog(t *testing.T) {
	s := start(t, "-log-level=trace")
	s.call("POST", "secret/data/app", `{"data":{"k":"v"}}`, 200)
	if runtime.GOOS == "linux" {
		for _, file := range []string{"cmdline", "environ"} {
			b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), file))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte(s.token)) {
				t.Errorf("the token is in /proc/PID/%s", file)
			}
		}
	}
	_ = s.stdin.Close()
	s.waitEnd()
	if s.stderr.Len() == 0 {
		t.Error("trace logging says nothing")
	}
	if strings.Contains(s.stderr.String(), s.token) {
		t.Error("the token is in the log")
	}
}

func TestRefusesWhatOthersCouldReach(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:8200"} {
		out, err := command("server", "-dev", "-dev-listen-address="+address).CombinedOutput()
		if code := exitCode(err); code != 2 || !strings.Contains(string(out), "loopback only") {
			t.Errorf("%s: exit code %d: %s", address, code, out)
		}
	}
}

func TestWrongCommandLines(t *testing.T) {
	for _, args := range [][]string{
		{}, {"operator"}, {"server"}, {"server", "-dev", "extra"},
		{"server", "-dev", "-dev-root-token-id=root"}, {"server", "-dev", "-log-level=loud"},
	} {
		if out, err := command(args...).CombinedOutput(); exitCode(err) != 2 || len(out) == 0 {
			t.Errorf("%q: exit code %d: %s", args, exitCode(err), out)
		}
	}
}

func TestPortInUseIsToldWithoutAToken(t *testing.T) {
	s := start(t)
	out, err := command("server", "-dev", "-dev-listen-address="+strings.TrimPrefix(s.address, "http://")).CombinedOutput()
	if exitCode(err) != 1 || strings.Contains(string(out), "Root Token") {
		t.Fatalf("exit code %d: %s", exitCode(err), out)
	}
}

func TestVersionTellsTheLicence(t *testing.T) {
	out, err := command("version").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Vault 1.21.2", "BUSL-1.1", "not an open source license"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("version does not say %q:\n%s", want, out)
		}
	}
	if out, err := command("--help").Output(); err != nil || !strings.Contains(string(out), "-dev-listen-address") {
		t.Errorf("--help: %v: %s", err, out)
	}
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	return -1
}
