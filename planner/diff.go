package planner

import (
	"fmt"
	"strings"
)

const contextLines = 3

// diff writes edits as a unified diff that git apply takes. Context stops at a
// line that holds a literal secret, and an edit of such a line, or one that ends
// right before it, cannot be written: git needs a line of context there.
func (s *sheet) diff(edits []edit) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "--- a/%s\n+++ b/%s\n", s.path, s.path)
	shift := 0 // lines that earlier hunks added
	for len(edits) > 0 {
		n := 1
		for n < len(edits) && s.joins(edits[n-1].to, edits[n].from) {
			n++
		}
		if err := s.hunk(&b, edits[:n], &shift); err != nil {
			return "", err
		}
		edits = edits[n:]
	}
	return b.String(), nil
}

// joins reports whether the gap between two edits is so small that their hunks
// would touch; a literal in it forces them apart.
func (s *sheet) joins(from, to int) bool {
	if to-from > 2*contextLines {
		return false
	}
	for i := from; i < to; i++ {
		if s.literal[i] {
			return false
		}
	}
	return true
}

func (s *sheet) hunk(b *strings.Builder, edits []edit, shift *int) error {
	first, last := edits[0].from, edits[len(edits)-1].to
	start, end := first, last
	for start > 0 && first-start < contextLines && !s.literal[start-1] {
		start--
	}
	for end < len(s.lines) && end-last < contextLines && !s.literal[end] {
		end++
	}
	if end == last && last < len(s.lines) {
		return fmt.Errorf("%s:%d: this line holds a literal secret and stands right after the change, so a diff would show it: move one of them", s.path, last+1)
	}
	var body strings.Builder
	removed, added := 0, 0
	at := start
	keep := func(to int) {
		for ; at < to; at++ {
			s.line(&body, ' ', s.lines[at], at == len(s.lines)-1)
			removed, added = removed+1, added+1
		}
	}
	for _, e := range edits {
		keep(e.from)
		for ; at < e.to; at++ {
			if s.literal[at] {
				return fmt.Errorf("%s:%d: this line holds a literal secret, so a diff must not show it", s.path, at+1)
			}
			s.line(&body, '-', s.lines[at], at == len(s.lines)-1)
			removed++
		}
		for i, l := range e.lines {
			s.line(&body, '+', l, e.to == len(s.lines) && i == len(e.lines)-1)
			added++
		}
	}
	keep(end)
	fmt.Fprintf(b, "@@ -%s +%s @@\n%s", span(start, removed), span(start+*shift, added), body.String())
	*shift += added - removed
	return nil
}

func (s *sheet) line(b *strings.Builder, mark byte, l string, last bool) {
	b.WriteByte(mark)
	b.WriteString(l)
	if last && s.noEnd {
		b.WriteString("\n\\ No newline at end of file\n")
		return
	}
	b.WriteString(s.eol)
}

// span is a range in a hunk's head; an empty one is named by the line before it.
func span(start, n int) string {
	if n == 0 {
		return fmt.Sprintf("%d,0", start)
	}
	return fmt.Sprintf("%d,%d", start+1, n)
}
