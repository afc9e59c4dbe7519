package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/agentsec/agentsec/report"
)

// writeOutput hands render a buffer and puts what it wrote to path, or to the
// standard output for "" and "-". The file is replaced as a whole or not at all,
// and only its owner can read it: a list of findings is a map for an attacker.
func (s *session) writeOutput(path string, render func(io.Writer) error) error {
	if path == "" || path == "-" {
		if err := render(s.out); err != nil {
			return fmt.Errorf("writing the output: %w", err)
		}
		return nil
	}
	var b bytes.Buffer
	if err := render(&b); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return replaceFile(path, b.Bytes(), 0o600)
}

func replaceFile(path string, content []byte, mode fs.FileMode) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return errorWithHint(usagef("writing %s: it is not a regular file", path), "Without -o the output goes to the standard output.")
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".agentsec-*.tmp")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, cause(err))
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
			err = fmt.Errorf("writing %s: %w", path, cause(err))
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// cause strips the path that os errors repeat.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}

// A view holds the flags that say how a document is shown.
type view struct {
	format, output          string
	quiet, verbose, noColor bool
}

// options are those of a renderer that writes where v says.
func (s *session) options(v view) report.Options {
	o := report.Options{Verbose: v.verbose, Quiet: v.quiet}
	if v.output == "" || v.output == "-" {
		o.Color, o.Width = coloured(s.out, v.noColor), width(s.out)
	}
	return o
}

// show renders doc in the format that v names.
func show[D any](s *session, formats []report.Format[D], doc D, v view) error {
	f, ok := report.Find(formats, v.format)
	if !ok {
		return unknownFormat(formats, v.format)
	}
	return s.writeOutput(v.output, func(w io.Writer) error { return f.Render(w, doc, s.options(v)) })
}
