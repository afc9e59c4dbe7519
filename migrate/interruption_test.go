//go:build unix

package migrate

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

var errKilled = errors.New("killed")

// TestInterruption kills apply at every write to Vault, before the server gets it
// and after it has done it, and sees the next run go on until all is as if
// nothing had happened, and rollback leave nothing behind.
func TestInterruption(t *testing.T) {
	w := newWorld(t)
	for _, afterwards := range []bool{false, true} {
		kills := 0
		for n := 1; w.killed(t, n, afterwards); n++ {
			kills++
			w.apply(t)
			w.requireSettled(t)
			w.rollback(t)
			w.requireGone(t)
		}
		if kills < 14 { // one for each Vault step, two for the connection
			t.Errorf("only %d kills", kills)
		}
		w.requireSettled(t)
		requireChecks(t, w.verify(t))
		w.rollback(t)
	}
	t.Run("again and again", func(t *testing.T) {
		kills := 0
		// Three: the connection is configured and rotated in one go, since a password
		// that was not rotated is never kept.
		for w.killed(t, 3, kills%2 == 0) {
			if kills++; kills > 100 {
				t.Fatal("it never ends")
			}
		}
		if kills < 4 {
			t.Errorf("only %d kills", kills)
		}
		w.requireSettled(t)
		w.rollback(t)
		w.requireGone(t)
	})
}

// killed runs apply until its n-th write, and reports whether it came so far.
func (w *world) killed(t *testing.T, n int, afterwards bool) bool {
	t.Helper()
	healthy := w.env.Vault
	defer func() { w.env.Vault = healthy }()
	w.env.Vault = w.through(t, &cutter{next: w.vault.CloneConfig().HttpClient.Transport, at: n, afterwards: afterwards})
	_, err := Apply(t.Context(), w.env, w.plan, Options{})
	if err != nil && !strings.Contains(err.Error(), errKilled.Error()) {
		t.Fatalf("killed at write %d: %v", n, err)
	}
	return err != nil
}

func (w *world) rollback(t *testing.T) {
	t.Helper()
	if _, err := Rollback(t.Context(), w.env, w.plan, Options{}); err != nil {
		t.Fatal(err)
	}
	w.env.Source = sourceTree(t) // a removed literal does not come back
}

// requireSettled: a rerun has nothing to do, and the connection works.
func (w *world) requireSettled(t *testing.T) {
	t.Helper()
	result, err := Apply(t.Context(), w.env, w.plan, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if result.Count(Unchanged) != len(result.Steps)-1 {
		t.Fatalf("not settled: %v", outcomes(result))
	}
	s, err := w.vault.Logical().Read("database/creds/aurora-support")
	if err != nil || s == nil {
		t.Fatalf("the connection does not work: %v", err)
	}
	w.put(t, "sys/leases/revoke", map[string]any{"lease_id": s.LeaseID, "sync": true})
}

func (w *world) requireGone(t *testing.T) {
	t.Helper()
	mounts, err := w.vault.Sys().ListMounts()
	if err != nil || mounts["database/"] != nil {
		t.Fatalf("the engine is still there (%v)", err)
	}
	if n := w.pg.ask(t, database, "SELECT count(*)::text FROM pg_roles WHERE rolname LIKE 'agentsec%' OR rolname LIKE 'v-%'"); n != "0" {
		t.Fatalf("%s roles are left", n)
	}
}

// A cutter fails every request from the at-th write on: the process is dead.
type cutter struct {
	next       http.RoundTripper
	at, n      int
	afterwards bool
}

func (c *cutter) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && r.Method != "LIST" {
		c.n++
	}
	if c.n < c.at {
		return c.next.RoundTrip(r)
	}
	if c.n == c.at && c.afterwards {
		if response, err := c.next.RoundTrip(r); err == nil {
			_ = response.Body.Close()
		}
	}
	c.n = c.at + 1
	return nil, errKilled
}

// TestCancel ends apply by its context, in the middle of a statement.
func TestCancel(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	first := &w.plan.Stages[0].Steps[0].Op.SQL.Statements[1]
	do := first.Do
	first.Do = "SELECT pg_sleep(30); " + do
	if _, err := Apply(ctx, w.env, w.plan, Options{}); err == nil {
		t.Fatal("apply was not interrupted")
	}
	first.Do = do
	w.apply(t)
	w.requireSettled(t)
}

// TestOneAtATime: two applies in one folder do not meet.
func TestOneAtATime(t *testing.T) {
	dir := t.TempDir()
	j, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openJournal(dir); err == nil || !strings.Contains(err.Error(), "another") {
		t.Errorf("the second one got: %v", err)
	}
	j.close()
	again, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	again.close()
}
