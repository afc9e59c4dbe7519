package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
)

// A show tells the story. It is plain when its writer is no terminal or NO_COLOR
// is set. No text passes it before the canary has seen it.
type show struct {
	out    io.Writer
	canary *canary

	title, quiet, command, good, bad lipgloss.Style
}

func newShow(out io.Writer, c *canary) *show {
	r := lipgloss.NewRenderer(out)
	// The terminal's own sixteen colours: they suit a light and a dark background,
	// so the terminal need not be asked which one it has.
	colour := func(number string) lipgloss.Style { return r.NewStyle().Foreground(lipgloss.Color(number)) }
	return &show{
		out: out, canary: c,
		title:   r.NewStyle().Bold(true),
		quiet:   r.NewStyle().Faint(true),
		command: colour("6").Bold(true),
		good:    colour("2"),
		bad:     colour("1").Bold(true),
	}
}

// line prints one line. Tabs are expanded here, because lipgloss renders them
// its own way.
func (s *show) line(style lipgloss.Style, indent, text string) {
	text = strings.ReplaceAll(s.canary.screen("what the demo prints", text), "\t", "    ")
	if text != "" {
		text = indent + style.Render(text)
	}
	fmt.Fprintln(s.out, text)
}

func (s *show) step(number int, title, why string) {
	s.line(s.quiet, "", "")
	s.line(s.title, "", fmt.Sprintf("%d. %s", number, title))
	s.line(s.quiet, "   ", why)
}

// ran prints a command as it was run.
func (s *show) ran(command string) {
	s.line(s.quiet, "", "")
	s.line(s.command, "   ", "$ "+command)
}

// output prints at most limit lines of text and says how many there are more.
func (s *show) output(text string, limit int) {
	lines := split(text)
	if len(lines) > limit+1 {
		s.lines(lines[:limit], clip)
		s.line(s.quiet, "     ", fmt.Sprintf("… %d more lines", len(lines)-limit))
		return
	}
	s.lines(lines, clip)
}

// end prints the last lines of text, as many as limit.
func (s *show) end(text string, limit int) {
	lines := split(text)
	if before := len(lines) - limit; before > 1 {
		s.line(s.quiet, "     ", fmt.Sprintf("… %d lines before", before))
		lines = lines[before:]
	}
	s.lines(lines, clip)
}

// all prints text as it is, for one who must find out what went wrong.
func (s *show) all(text string) {
	s.lines(split(text), func(line string) string { return line })
}

func (s *show) lines(lines []string, cut func(string) string) {
	for _, line := range lines {
		s.line(lipgloss.Style{}, "     ", cut(strings.TrimRight(line, " \r")))
	}
}

func split(text string) []string {
	text = strings.Trim(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// clip keeps a line on a screen; the documents have it whole.
func clip(line string) string {
	const width = 160
	if runes := []rune(line); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return line
}

// checked tells what the demo itself looked at and found right.
func (s *show) checked(format string, args ...any) {
	s.line(s.good, "   ", "✓ "+fmt.Sprintf(format, args...))
}

// note tells what is so, good or bad.
func (s *show) note(format string, args ...any) {
	s.line(s.quiet, "   ", fmt.Sprintf(format, args...))
}

func (s *show) warn(format string, args ...any) {
	s.line(s.bad, "   ", "! "+fmt.Sprintf(format, args...))
}

func (s *show) failed(number int, title string, err error) {
	s.line(s.quiet, "", "")
	first := true
	for line := range strings.SplitSeq(fmt.Sprintf("Step %d (%s) failed: %v", number, title, err), "\n") {
		indent := "   "
		if first {
			indent, first = "✗ ", false
		}
		s.line(s.bad, indent, line)
	}
}

func (s *show) done(steps int, took time.Duration) {
	s.line(s.quiet, "", "")
	s.line(s.good, "", fmt.Sprintf("All %d steps did what they should, in %.0f seconds.", steps, took.Seconds()))
}
