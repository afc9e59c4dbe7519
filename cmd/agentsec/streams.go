package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// streams are what a command reads and writes; a test gives its own.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// terminal reports whether stream (a reader or a writer) is a terminal.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is the number of columns of the terminal w, 0 if it is none.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// coloured reports whether text on w may be coloured: on a terminal that can,
// unless the flag or https://no-color.org says no.
func coloured(w io.Writer, noColor bool) bool {
	return !noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && terminal(w)
}
