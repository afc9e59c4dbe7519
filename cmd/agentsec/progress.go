package main

import (
	"fmt"
	"sync"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/report"
)

// progress returns a counter for a terminal's last line and what clears it. It
// is silent where nobody watches.
func (s *session) progress(quiet bool) (tell func(done, total int), end func()) {
	if quiet || !terminal(s.err) {
		return nil, func() {}
	}
	var mu sync.Mutex // several workers tell
	tell = func(done, total int) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(s.err, "\r\x1b[Kscanning: %d of %d files", done, total)
	}
	return tell, func() { fmt.Fprint(s.err, "\r\x1b[K") }
}

// steps returns what tells of a migration's steps on a terminal's last line.
func (s *session) steps(quiet bool) func(migrate.Event) {
	if quiet || !terminal(s.err) {
		return nil
	}
	return func(e migrate.Event) {
		if e.Result == "" {
			fmt.Fprintf(s.err, "\r\x1b[K%s", report.Visible(e.Title))
			return
		}
		fmt.Fprint(s.err, "\r\x1b[K")
	}
}
