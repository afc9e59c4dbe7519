package main

import (
	"errors"
	"fmt"
)

// A usageError is a mistake in the command line or the configuration: nothing
// was done.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// A hintError carries what to do next beside what went wrong.
type hintError struct {
	error
	hint string
}

func (e hintError) Unwrap() error { return e.error }

// errorWithHint adds advice to err: a sentence that says what to do next.
func errorWithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return hintError{err, hint}
}

// hint is the advice that err carries, "" if there is none.
func hint(err error) string {
	var h hintError
	if errors.As(err, &h) {
		return h.hint
	}
	return ""
}
