package localserver

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// A lineWriter hands on what is written to it line by line. It buffers no more
// than maxLine bytes: the rest of a longer line is dropped, not split, because a
// filter that looks for a credential must see it whole.
type lineWriter struct {
	line    func(string)
	pending []byte
	skip    bool
}

const maxLine = 64 << 10

func (w *lineWriter) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		part, rest, ended := bytes.Cut(b, []byte("\n"))
		if !w.skip {
			w.pending = append(w.pending, part[:min(len(part), maxLine-len(w.pending))]...)
			w.skip = len(w.pending) == maxLine
		}
		if ended {
			w.flush()
		}
		b = rest
	}
	return n, nil
}

// flush ends the pending line, also an unterminated last one.
func (w *lineWriter) flush() {
	if len(w.pending) > 0 {
		w.line(strings.TrimRight(string(w.pending), "\r"))
	}
	w.pending, w.skip = w.pending[:0], false
}

// A tail keeps the last lines of a server for an error message and copies them
// to a log. Both output streams of a process write to it.
type tail struct {
	mu    sync.Mutex
	log   io.Writer
	lines []string
}

const tailLines = 12

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.log != nil {
		_, _ = io.WriteString(t.log, line+"\n")
	}
	if strings.TrimSpace(line) == "" {
		return
	}
	if t.lines = append(t.lines, line); len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}
