package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"github.com/agentsec/agentsec/rules"
)

// A text writes lines for people. Its writer keeps the first error, which done
// returns.
type text struct {
	out   *bufio.Writer
	width int
	style styles
}

// styles are the colours of text output. Without colour they change nothing.
type styles struct {
	strong, faint, good, bad lipgloss.Style
	severity                 [5]lipgloss.Style // by rules.Severity
}

func newText(w io.Writer, opts Options) *text {
	// A renderer of its own: the default one asks the terminal for its colours.
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.Ascii)
	if opts.Color {
		r.SetColorProfile(termenv.ANSI)
	}
	plain := r.NewStyle()
	s := styles{
		strong: plain.Bold(true),
		faint:  plain.Faint(true),
		good:   plain.Foreground(lipgloss.Color("2")),
		bad:    plain.Foreground(lipgloss.Color("1")).Bold(true),
	}
	s.severity = [5]lipgloss.Style{
		rules.Info:     plain.Foreground(lipgloss.Color("8")),
		rules.Low:      plain.Foreground(lipgloss.Color("4")),
		rules.Medium:   plain.Foreground(lipgloss.Color("3")),
		rules.High:     plain.Foreground(lipgloss.Color("1")),
		rules.Critical: plain.Foreground(lipgloss.Color("5")).Bold(true),
	}
	return &text{out: bufio.NewWriter(w), width: opts.Width, style: s}
}

// line writes its words separated by two spaces, without the empty ones and
// without spaces at the end.
func (t *text) line(words ...string) {
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	_, _ = t.out.WriteString(strings.TrimRight(strings.Join(words, "  "), " "))
	_ = t.out.WriteByte('\n')
}

// at is "path:line".
func at(path string, line int) string {
	if line == 0 {
		return Visible(path)
	}
	return fmt.Sprintf("%s:%d", Visible(path), line)
}

func (t *text) done() error { return t.out.Flush() }

// severity is the name of s in its colour, padded for a column.
func (t *text) severity(s rules.Severity) string {
	return t.style.severity[s].Render(fmt.Sprintf("%-8s", s))
}

// pad fills s, which is already escaped, with spaces up to n columns.
func pad(s string, n int) string {
	if have := utf8.RuneCountInString(s); have < n {
		return s + strings.Repeat(" ", n-have)
	}
	return s
}

// columns is the width of the widest of words, at most limit.
func columns(words []string, limit int) int {
	widest := 0
	for _, w := range words {
		widest = max(widest, utf8.RuneCountInString(w))
	}
	return min(widest, limit)
}

// count is "1 place", "2 places".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// list joins untrusted words and counts those beyond max.
func list(words []string, limit int) string {
	shown := make([]string, 0, min(len(words), limit))
	for _, w := range words[:min(len(words), limit)] {
		shown = append(shown, Visible(w))
	}
	if more := len(words) - limit; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(shown, ", "), more)
	}
	return strings.Join(shown, ", ")
}
