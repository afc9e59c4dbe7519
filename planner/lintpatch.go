package planner

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	hunkHead = regexp.MustCompile(`^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@`)
	// urlPassword is a URL with a password that no template stands for.
	urlPassword = regexp.MustCompile(`://[^/\s:@{}$]*:[^@\s{}$]+@`)
	// sourcing puts a rendered file into an environment again: the value would be
	// as static as before.
	sourcing = regexp.MustCompile(`(?:^|[\s;&|"'\[(])(?:source|\.)\s+["']?(?:/vault/secrets|/run/agentsec)|(?:\$\(\s*(?:cat\s+|<\s*)|` + "`" + `\s*cat\s+)["']?(?:/vault/secrets|/run/agentsec|\$\{?\w+_FILE)|env_file:.*(?:/vault/secrets|/run/agentsec)|export\s+\w+=.*(?:/vault/secrets|/run/agentsec|_FILE)`)
)

// lintPatches: no line of a diff holds a literal secret, not even as context.
func lintPatches(p *Plan, literals map[string][]int, report func(string, string, ...any)) {
	traces := map[string]*trace{}
	p.each(func(s Step) {
		if r := s.Op.RemoveLiteral; r != nil && (!safePath(r.Path) || r.Key == "") {
			report(s.ID, "it names no key, or a file outside the source")
		}
		if s.Op.Patch != nil {
			lintDiff(s, literals, traces, func(format string, args ...any) { report(s.ID, format, args...) })
		}
	})
}

func lintDiff(s Step, literals map[string][]int, traces map[string]*trace, report func(string, ...any)) {
	var file *trace
	var secret []int
	close := func() {
		if file != nil {
			file.finish()
		}
	}
	defer close()
	lines := strings.SplitAfter(s.Op.Patch.Diff, "\n")
	for i := 0; i < len(lines); i++ {
		if path, ok := strings.CutPrefix(lines[i], "--- a/"); ok {
			close()
			path = strings.TrimRight(path, "\r\n")
			if traces[path] == nil {
				traces[path] = &trace{}
			}
			file, secret = traces[path], literals[path]
			file.start()
			if !slices.Contains(s.Op.Patch.Files, path) || !safePath(path) {
				report("the diff changes a file that the step does not name, or that is outside the source")
			}
			continue
		}
		head := hunkHead.FindStringSubmatch(lines[i])
		if head == nil {
			if l := lines[i]; l != "" && !strings.HasPrefix(l, "+++ b/") && !strings.HasPrefix(l, "\\ ") {
				report("line %d of the diff is neither a head nor in a hunk", i+1)
				return
			}
			continue
		}
		from, old, added := number(head[1]), number(head[2]), number(head[4])
		if old == 0 {
			from++ // an empty range is named by the line before it
		}
		if file == nil || !file.seek(from) {
			report("a hunk stands before any file, out of order, or after line %d", maxTraced)
			return
		}
		for old > 0 || added > 0 {
			if i++; i >= len(lines) || lines[i] == "" {
				report("the diff ends in the middle of a hunk")
				return
			}
			line := 0 // in the file as it was scanned
			switch lines[i][0] {
			case '+':
				added--
				file.add()
			case '-':
				old--
				line = file.take(false)
			case ' ':
				old, added = old-1, added-1
				line = file.take(true)
			case '\\':
			default:
				report("the diff has a line that is neither kept, taken nor added")
				return
			}
			if line > 0 && slices.Contains(secret, line) {
				report("the diff shows line %d, which holds a literal secret", line)
			}
			if urlPassword.MatchString(lines[i]) {
				report("the diff shows a URL with a password")
			}
		}
	}
}

// lintSourcing: a rendered file that is read back into the environment closes
// nothing.
func lintSourcing(p *Plan, _ map[string][]int, report func(string, string, ...any)) {
	p.each(func(s Step) {
		if s.Op.Patch == nil {
			return
		}
		for l := range strings.Lines(s.Op.Patch.Diff) {
			if strings.HasPrefix(l, "+") && sourcing.MatchString(l[1:]) {
				report(s.ID, "the patch puts a rendered file back into the environment")
			}
		}
	})
}

// number reads a count of a hunk's head; without one it is 1.
func number(s string) int {
	if s == "" {
		return 1
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return maxTraced + 1
	}
	return n
}

// maxTraced bounds the line numbers of a diff: a hostile plan must not fill
// memory.
const maxTraced = 1 << 20

// A trace leads the lines of a file back through the diffs of earlier steps to
// the file that was scanned.
type trace struct {
	lines []int // of the file as it is now: the line that each was, 0 for an added one
	delta int   // after those: the line that it was, less the line that it is
	next  []int // the same after the diff in hand
	at    int   // lines of the file that the diff has passed
}

func (t *trace) start() { t.next, t.at = nil, 0 }

// was is the scanned line of line i (from 0).
func (t *trace) was(i int) int {
	if i < len(t.lines) {
		return t.lines[i]
	}
	return i + 1 + t.delta
}

func (t *trace) take(keep bool) int {
	line := t.was(t.at)
	t.at++
	if keep {
		t.next = append(t.next, line)
	}
	return line
}

func (t *trace) add() { t.next = append(t.next, 0) }

// seek passes all lines before line (from 1).
func (t *trace) seek(line int) bool {
	if line-1 < t.at || line > maxTraced {
		return false
	}
	for t.at < line-1 {
		t.take(true)
	}
	return true
}

func (t *trace) finish() {
	for t.at < len(t.lines) {
		t.take(true)
	}
	t.lines, t.delta = t.next, t.was(t.at)-len(t.next)-1
}
