package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/agentsec/agentsec/broker"
	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/report"
)

type devRunOptions struct {
	plan, identity, variable string
	vault                    string
	rotateEvery, grace       time.Duration
	quiet                    bool
}

func devRunCommand(s *session) *cobra.Command {
	var o devRunOptions
	c := &cobra.Command{
		Use:   "run --identity TENANT/ROLE=FILE -- COMMAND [ARG…]",
		Short: "Run an agent with a credential of its own",
		Long: `Run logs in to Vault with the agent's identity token, writes its database URL to a
file in a private folder, and runs COMMAND with the file's path in <VARIABLE>_FILE.
It renews, replaces (also every --rotate-every), and revokes when COMMAND ends. The
credential is in no environment and no argument, and Vault's variables do not reach
COMMAND. The exit code is COMMAND's.`,
		Example: `  agentsec dev run --plan migration/plan.yaml --identity aurora/researcher=id.jwt -- python3 -m researcher.agent
  agentsec dev run --identity aurora/support=id.jwt --rotate-every 1m -- ./agent`,
		Args: cobra.MinimumNArgs(1),
	}
	flags := c.Flags()
	flags.SetInterspersed(false) // what follows the command belongs to it
	flags.StringVar(&o.plan, "plan", "migration/plan.yaml", "the plan's `FILE`")
	flags.StringVar(&o.identity, "identity", "", "`TENANT/ROLE=FILE`: who the agent is; the file is read at each login")
	flags.StringVar(&o.variable, "variable", "", "`NAME` whose _FILE form COMMAND gets (default: the secret that the plan migrates)")
	flags.StringVar(&o.vault, "vault-addr", "", "`URL` of Vault or OpenBao (default: VAULT_ADDR)")
	flags.DurationVar(&o.rotateEvery, "rotate-every", 0, "also replace the credential every `DURATION`")
	flags.DurationVar(&o.grace, "grace", 5*time.Second, "how long the former credential lives on after that")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "tell only what goes wrong")
	return s.leaf(c, func(ctx context.Context, args []string) error {
		if err := settle(flags, nil); err != nil {
			return err
		}
		return s.devRun(ctx, o, args)
	})
}

func (o devRunOptions) check() error {
	switch {
	case o.identity == "":
		return errorWithHint(usagef("who the agent is, is not said"), "Give --identity TENANT/ROLE=FILE.")
	case o.rotateEvery < 0 || o.rotateEvery > 0 && o.rotateEvery < time.Second:
		return usagef("--rotate-every is a second or more")
	case o.grace < 0:
		return usagef("--grace is not negative")
	}
	return nil
}

func (s *session) devRun(ctx context.Context, o devRunOptions, command []string) error {
	if err := o.check(); err != nil {
		return err
	}
	cfg, err := o.brokerConfig()
	if err != nil {
		return err
	}
	cfg.Progress = s.happenings(o.quiet)
	client, err := broker.Start(ctx, cfg)
	if err != nil {
		return err
	}
	rotating, stop := context.WithCancel(ctx)
	var rotation sync.WaitGroup
	if o.rotateEvery > 0 {
		rotation.Go(func() { rotate(rotating, client, o.rotateEvery, cfg.Progress) })
	}
	// The broker passes signals on: the command decides when it ends.
	code, err := client.Exec(context.WithoutCancel(ctx), broker.Command{Args: command, Stdin: s.in, Stdout: s.out, Stderr: s.err})
	stop()
	rotation.Wait()
	if err := errors.Join(err, client.Close()); err != nil {
		return err
	}
	if code != 0 {
		return childExit(code)
	}
	return nil
}

func (o devRunOptions) brokerConfig() (broker.Config, error) {
	plan, err := readPlanFile(o.plan)
	if err != nil {
		return broker.Config{}, err
	}
	files, err := identityFiles(plan, []string{o.identity})
	if err != nil {
		return broker.Config{}, err
	}
	for _, agent := range plan.Agents {
		file, ours := files[agent.Name()]
		if !ours {
			continue
		}
		if _, err := readSecret("the identity "+agent.Name(), file); err != nil {
			return broker.Config{}, err
		}
		return o.configFor(plan, agent, file)
	}
	return broker.Config{}, errors.New("the plan does not hold the identity") // identityFiles has checked it
}

func (o devRunOptions) configFor(plan *planner.Plan, agent planner.Identity, file string) (broker.Config, error) {
	client, err := vaultOptions{address: o.vault}.anonymous()
	if err != nil {
		return broker.Config{}, err
	}
	variable := o.variable
	if variable == "" {
		variable = plan.Chosen.Secret
	}
	grace := o.grace
	if grace == 0 {
		grace = -1 // the broker's word for none
	}
	db := plan.Proof.Database
	return broker.Config{
		Vault:        client,
		AuthMount:    agent.AuthMount,
		AuthRole:     agent.AuthRole,
		IdentityFile: file,
		CredsPath:    agent.CredsPath,
		Target:       broker.Target{Host: db.Host, Port: db.Port, Database: db.Database, SSLMode: db.SSLMode},
		Variable:     variable,
		Grace:        grace,
	}, nil
}

// rotate replaces the credential at each tick. A failure is told; the credential
// in the file goes on.
func rotate(ctx context.Context, client *broker.Client, every time.Duration, tell func(broker.Event)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := client.Rotate(ctx); err != nil && ctx.Err() == nil {
				tell(broker.Event{What: broker.Failing, Time: time.Now(), Detail: err.Error()})
			}
		}
	}
}

// happenings tells on the standard error what the broker does.
func (s *session) happenings(quiet bool) func(broker.Event) {
	var mu sync.Mutex
	return func(e broker.Event) {
		bad := e.What == broker.Failing || e.What == broker.Expired
		if quiet && !bad {
			return
		}
		line := "agentsec: credential " + string(e.What)
		if e.What == broker.Failing {
			line = "agentsec: " + report.Lines(e.Detail)
		} else if !e.Until.IsZero() {
			line += ", valid until " + e.Until.Format(time.TimeOnly)
		}
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(s.err, line)
	}
}
