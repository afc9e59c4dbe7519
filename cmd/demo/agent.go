package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/agentsec/agentsec/internal/secret"
)

// A round is one line of an agent.
type round struct {
	Agent       string   `json:"agent"`
	Tenant      string   `json:"tenant"`
	Round       int      `json:"round"`
	Rows        int      `json:"rows"`
	TenantsSeen []string `json:"tenants_seen"`
	DBUser      string   `json:"db_user"`
}

// An observation is what was seen of an agent while it ran.
type observation struct {
	rounds  []round
	users   []string     // database users in order of appearance
	looks   int          // at the process tree
	tree    map[int]bool // processes seen, the agent among them
	agents  map[int]bool // of those, Python that runs the agent
	files   []string     // values of DATABASE_URL_FILE
	issued  int          // credentials read from that file
	exposed []string     // "environ of process 12: the static database password"
}

// observe runs an agent to its end and reads the environment and command line of
// it, its parents below us and its children all the while.
func (d *demo) observe(ctx context.Context, cmd *exec.Cmd, script string) (*observation, error) {
	o := &observation{tree: map[int]bool{}, agents: map[int]bool{}}
	lines, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout // the same pipe: its log stays between the lines
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer killGroup(cmd)
	read := make(chan error, 1)
	go func() { read <- o.follow(lines, d) }()
	watch := time.NewTicker(100 * time.Millisecond)
	defer watch.Stop()
	cancelled := ctx.Done()
	for running := true; running; {
		select {
		case err = <-read:
			running = false
		case <-cancelled: // it has been asked to end; what it leaves would keep its output open
			cancelled = nil
			defer time.AfterFunc(cmd.WaitDelay, func() { killGroup(cmd) }).Stop()
		case <-watch.C:
			if lookErr := o.look(cmd.Process.Pid, script, d.canary); lookErr != nil {
				_ = askToEnd(cmd.Process)
				err = errors.Join(lookErr, <-read)
				running = false
			}
		}
	}
	if err = errors.Join(err, cmd.Wait()); err != nil {
		return o, fmt.Errorf("running %s: %w", script, err)
	}
	return o, nil
}

// follow shows the agent's lines as they come.
func (o *observation) follow(lines io.Reader, d *demo) error {
	in := bufio.NewScanner(lines)
	var failure error
	for in.Scan() { // to the end, or the agent would block
		d.show.all(d.canary.screen("output of the agent", in.Text()))
		var r round
		if err := json.Unmarshal(in.Bytes(), &r); err != nil || r.Agent == "" {
			continue // its log
		}
		o.rounds = append(o.rounds, r)
		if !slices.Contains(o.users, r.DBUser) {
			o.users = append(o.users, r.DBUser)
		}
		if r.Rows < 1 {
			failure = fmt.Errorf("round %d read no rows", r.Round)
		}
	}
	return errors.Join(failure, in.Err())
}

// look reads /proc once. The credential in the agent's file is learnt first, so
// that it is looked for as well.
func (o *observation) look(root int, script string, c *canary) error {
	tree, err := processTree(root)
	if err != nil {
		return fmt.Errorf("reading /proc: %w", err)
	}
	for _, p := range tree {
		if err := o.learn(p.variable("DATABASE_URL_FILE"), c); err != nil {
			return err
		}
	}
	for _, p := range tree {
		o.tree[p.pid] = true
		if strings.Contains(string(p.cmdline), script) && strings.HasPrefix(commandName(p), "python") {
			o.agents[p.pid] = true
		}
		for place, text := range map[string][]byte{"environ": p.environ, "cmdline": p.cmdline} {
			for _, name := range c.find(text) {
				o.expose(fmt.Sprintf("%s of process %d (%s): %s", place, p.pid, commandName(p), name))
			}
		}
	}
	o.looks++
	return nil
}

func (o *observation) expose(what string) {
	if !slices.Contains(o.exposed, what) {
		o.exposed = append(o.exposed, what)
	}
}

// learn reads the credential file of an agent.
func (o *observation) learn(path string, c *canary) error {
	if path == "" {
		return nil
	}
	if !slices.Contains(o.files, path) {
		o.files = append(o.files, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil // not written yet, or the agent has ended
	}
	issued, err := password(secret.New(string(text)))
	if err != nil {
		return fmt.Errorf("the file of DATABASE_URL_FILE: %w", err)
	}
	if len(c.find([]byte(issued.Reveal()))) > 0 {
		return nil // known
	}
	o.issued++
	return c.know(fmt.Sprintf("issued database password %d", o.issued), issued)
}

func commandName(p seen) string {
	name, _, _ := strings.Cut(string(p.cmdline), "\x00")
	return name[strings.LastIndexByte(name, '/')+1:]
}

// reach is the union of the tenants that the agent's login could read.
func (o *observation) reach() []string {
	var tenants []string
	for _, r := range o.rounds {
		tenants = append(tenants, r.TenantsSeen...)
	}
	slices.Sort(tenants)
	return slices.Compact(tenants)
}
