package planner

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// A sheet is a text file as lines, with those that hold a literal secret marked.
// Patches are made by editing lines, never by writing a parsed document back, so
// that comments and formatting stay; and no marked line ever enters a diff.
type sheet struct {
	path    string
	lines   []string // without their ends
	eol     string
	noEnd   bool // the last line has no end
	literal []bool
	docs    []*yaml.Node // parsed once, see documents
}

// An edit replaces lines[from:to] (from 0) by others.
type edit struct {
	from, to int
	lines    []string
}

// newSheet splits a file. secret lists line numbers (from 1) of literals.
func newSheet(path string, data []byte, secret []int) (*sheet, error) {
	content := string(data)
	if !utf8.ValidString(content) || strings.ContainsRune(content, 0) || strings.HasPrefix(content, "\ufeff") {
		return nil, fmt.Errorf("%s is not plain UTF-8 text", path)
	}
	s := &sheet{path: path, eol: "\n"}
	if strings.Contains(content, "\r\n") {
		s.eol = "\r\n"
	}
	if content != "" {
		s.noEnd = !strings.HasSuffix(content, "\n")
		s.lines = strings.Split(strings.TrimSuffix(content, "\n"), "\n")
	}
	for i, l := range s.lines {
		last := i == len(s.lines)-1 && s.noEnd
		if s.eol == "\r\n" && strings.HasSuffix(l, "\r") != !last || strings.Contains(strings.TrimSuffix(l, "\r"), "\r") {
			return nil, fmt.Errorf("%s:%d: line ends are mixed", path, i+1)
		}
		s.lines[i] = strings.TrimSuffix(l, "\r")
	}
	s.literal = make([]bool, len(s.lines))
	for _, n := range secret {
		s.mark(n - 1)
	}
	return s, nil
}

// mark marks the line of a literal and what hangs below it: a value that goes on
// over several lines is indented deeper than the line that it begins on.
func (s *sheet) mark(i int) {
	if i < 0 || i >= len(s.lines) {
		return
	}
	s.literal[i] = true
	for j := i + 1; j < len(s.lines) && (blank(s.lines[j]) || indent(s.lines[j]) > indent(s.lines[i])); j++ {
		s.literal[j] = true
	}
}

func (s *sheet) text() string {
	if len(s.lines) == 0 {
		return ""
	}
	t := strings.Join(s.lines, s.eol)
	if !s.noEnd {
		t += s.eol
	}
	return t
}

// apply returns the edited sheet and the diff that leads to it.
func (s *sheet) apply(edits []edit) (*sheet, string, error) {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	edits = s.endings(edits)
	next := &sheet{path: s.path, eol: s.eol, noEnd: s.noEnd}
	at := 0
	for _, e := range edits {
		if e.from < at || e.to < e.from || e.to > len(s.lines) {
			return nil, "", fmt.Errorf("%s:%d: two edits overlap", s.path, e.from+1)
		}
		next.copy(s, at, e.from)
		for _, l := range e.lines {
			next.lines, next.literal = append(next.lines, l), append(next.literal, false)
		}
		at = e.to
	}
	next.copy(s, at, len(s.lines))
	diff, err := s.diff(edits)
	return next, diff, err
}

// endings joins what is added after a last line without an end to the edit of
// that line: to go on after it is to rewrite it.
func (s *sheet) endings(edits []edit) []edit {
	n := len(s.lines)
	if !s.noEnd {
		return edits
	}
	var out []edit
	for _, e := range edits {
		last := len(out) - 1
		switch {
		case e.from != n:
			out = append(out, e)
		case last >= 0 && out[last].to == n:
			out[last].lines = slices.Concat(out[last].lines, e.lines)
		default:
			out = append(out, edit{n - 1, n, slices.Concat(s.lines[n-1:], e.lines)})
		}
	}
	return out
}

func (s *sheet) copy(from *sheet, a, b int) {
	s.lines = append(s.lines, from.lines[a:b]...)
	s.literal = append(s.literal, from.literal[a:b]...)
}

func blank(l string) bool { return strings.TrimSpace(l) == "" }

func indent(l string) int { return len(l) - len(strings.TrimLeft(l, " ")) }

// blockEnd is the line after the block that hangs below line i: deeper lines, and
// for a list also its dashes at the same depth. Comments and blank lines that
// follow it are not of it.
func (s *sheet) blockEnd(i int, list bool) int {
	depth := indent(s.lines[i])
	end := i + 1
	for j := i + 1; j < len(s.lines); j++ {
		l := s.lines[j]
		deeper := indent(l) > depth
		if blank(l) || !deeper && strings.HasPrefix(strings.TrimSpace(l), "#") {
			continue
		}
		if !deeper && !(list && indent(l) == depth && strings.HasPrefix(l[depth:], "- ")) {
			break
		}
		end = j + 1
	}
	return end
}
