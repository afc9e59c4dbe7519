package migrate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/agentsec/agentsec/planner"
)

const journalFile = "journal.jsonl"

// maxJournal bounds what is read of a journal: a migration writes some hundred
// lines of a few hundred bytes.
const maxJournal = 64 << 20

// What an entry says.
const (
	began   = "begin"     // a change is about to be made; Changes and Op tell which
	done    = "done"      // it was made and read back
	handing = "hand-over" // the administrator's login is about to be set; Restore holds "login" as it was
	rotated = "rotated"   // the connection's password is known to Vault alone
	undoing = "undo"      // rollback is about to take entry Of back
	undone  = "undone"    // it has
)

// An Entry is one line of the journal. Together with live state, begin entries
// are all that rollback needs, whatever has become of the plan.
type Entry struct {
	Seq    int       `json:"seq"` // from 1, without gaps
	Time   time.Time `json:"time"`
	Plan   string    `json:"plan"` // Digest
	Stage  int       `json:"stage"`
	Step   string    `json:"step"`
	Action string    `json:"action"`
	// Of is the Seq of the begin entry that this one belongs to.
	Of      int         `json:"of,omitempty"`
	Op      *planner.Op `json:"op,omitempty"`
	Changes []Change    `json:"changes,omitempty"`
	// Restore holds, by field, what readable fields held before.
	Restore map[string]any `json:"restore,omitempty"`
	// Prev is the SHA-256 of the line before, without its newline; "" in the first.
	Prev string `json:"prev"`
	// Sum is the SHA-256 of this line up to the comma before "sum", so that a
	// change of the last line shows too.
	Sum string `json:"sum,omitempty"`
}

const sumMark = `,"sum":"`

// A journal is the append-only history of a migration folder. Each line is on
// disk before what it announces happens. The chain shows edits of the history;
// it cannot show that the newest lines were cut off at a line's end, or that all
// of it was written anew by somebody who can compute SHA-256.
type journal struct {
	file    *os.File // nil when read only
	entries []Entry
	last    string // hash of the last line
	now     func() time.Time
}

// openJournal opens the folder's journal for writing and keeps others out until
// close.
func openJournal(dir string) (*journal, error) {
	path := filepath.Join(dir, journalFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	j := &journal{file: f, now: time.Now}
	if err := lock(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("opening %s: another apply or rollback is at work in this folder", path)
	}
	kept, err := j.load(f, path)
	if err == nil {
		err = j.dropTorn(kept)
	}
	if err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// readJournal reads the folder's journal without locking it.
func readJournal(dir string) (*journal, error) {
	path := filepath.Join(dir, journalFile)
	j := &journal{now: time.Now}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer f.Close()
	_, err = j.load(f, path)
	return j, err
}

func (j *journal) close() {
	if j.file != nil {
		_ = j.file.Close() // releases the lock
		j.file = nil
	}
}

// load reads all complete lines and returns their length in bytes.
func (j *journal) load(f io.Reader, path string) (kept int64, err error) {
	text, err := limited(f, maxJournal)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", path, err)
	}
	for number := 1; ; number++ {
		line, rest, complete := bytes.Cut(text, []byte("\n"))
		if !complete {
			return kept, nil // torn by a crash: what it announced did not happen
		}
		if err := j.take(line); err != nil {
			return kept, fmt.Errorf("%s:%d: %w; the history was edited and is not continued", path, number, err)
		}
		kept += int64(len(line)) + 1
		text = rest
	}
}

// take accepts the next line if it is exactly what append wrote.
func (j *journal) take(line []byte) error {
	cut := bytes.LastIndex(line, []byte(sumMark))
	if cut < 0 {
		return errors.New("not a journal entry")
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	var e Entry
	if err := dec.Decode(&e); err != nil || dec.More() {
		return errors.New("not a journal entry")
	}
	switch {
	case e.Sum != hash(line[:cut]) || string(line[cut:]) != sumMark+e.Sum+`"}`:
		return errors.New("the entry does not match its own hash")
	case e.Prev != j.last:
		return errors.New("the entry does not follow the line before it")
	case e.Seq != len(j.entries)+1:
		return errors.New("the entry has another number than its place")
	}
	j.entries = append(j.entries, e)
	j.last = hash(line)
	return nil
}

// dropTorn cuts off an incomplete last line, which only a crash leaves.
func (j *journal) dropTorn(kept int64) error {
	info, err := j.file.Stat()
	if err != nil || info.Size() == kept {
		return err
	}
	return errors.Join(j.file.Truncate(kept), j.file.Sync())
}

// append writes an entry and returns when it is on disk.
func (j *journal) append(e Entry) (Entry, error) {
	e.Seq = len(j.entries) + 1
	e.Time = j.now().UTC().Truncate(time.Millisecond)
	e.Prev = j.last
	e.Sum = ""
	text, err := marshalLine(e)
	if err != nil {
		return e, fmt.Errorf("writing the journal: %w", err)
	}
	text = bytes.TrimSuffix(text, []byte("}"))
	e.Sum = hash(text)
	line := append(text, sumMark+e.Sum+`"}`...)
	if _, err := j.file.Write(append(line[:len(line):len(line)], '\n')); err != nil {
		return e, fmt.Errorf("writing the journal: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return e, fmt.Errorf("writing the journal: %w", err)
	}
	j.entries = append(j.entries, e)
	j.last = hash(line)
	return e, nil
}

func marshalLine(e Entry) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // SQL and HCL stay legible
	if err := enc.Encode(e); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// isOpen reports whether the step was begun and never finished: the process
// ended in between.
func (j *journal) isOpen(step string) (Entry, bool) {
	var open *Entry
	for i, e := range j.entries {
		if e.Step != step {
			continue
		}
		switch e.Action {
		case began:
			open = &j.entries[i]
		case done, undone:
			open = nil
		}
	}
	if open == nil {
		return Entry{}, false
	}
	return *open, true
}

// isDone reports whether the step's last change was made and not taken back.
func (j *journal) isDone(step string) bool {
	is := false
	for _, e := range j.entries {
		if e.Step == step && (e.Action == done || e.Action == undone) {
			is = e.Action == done
		}
	}
	return is
}

// standing lists the begin entries that were not taken back, newest first.
func (j *journal) standing() []Entry {
	gone := map[int]bool{}
	var entries []Entry
	for i := len(j.entries) - 1; i >= 0; i-- {
		switch e := j.entries[i]; e.Action {
		case undone:
			gone[e.Of] = true
		case began:
			if !gone[e.Seq] {
				entries = append(entries, e)
			}
		}
	}
	return entries
}
