package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
)

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, cause(err)
	}
	if info.IsDir() {
		return nil, errors.New("it is a folder")
	}
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, cause(err)
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("it is larger than %d MiB", limit>>20)
	}
	return text, nil
}

// maxSecret bounds a credential in a file.
const maxSecret = 64 << 10

// readSecret reads the credential in a file that only its owner can read; one
// line break at its end does not belong to it.
func readSecret(what, path string) (secret.Value, error) {
	f, err := os.Open(path)
	if err != nil {
		return secret.Value{}, usagef("reading %s from %s: %w", what, path, cause(err))
	}
	defer f.Close()
	info, err := f.Stat() // of the open file: not of what lies there a moment later
	if err != nil {
		return secret.Value{}, usagef("reading %s from %s: %w", what, path, cause(err))
	}
	if info.IsDir() {
		return secret.Value{}, usagef("reading %s from %s: it is a folder", what, path)
	}
	if mode := info.Mode().Perm(); info.Mode().IsRegular() && mode&0o077 != 0 {
		return secret.Value{}, errorWithHint(usagef("reading %s: %s can be read by others (mode %04o)", what, path, mode),
			fmt.Sprintf("Run: chmod 600 %s", path))
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return secret.Value{}, usagef("reading %s from %s: %w", what, path, cause(err))
	case len(text) > maxSecret:
		return secret.Value{}, usagef("reading %s: %s is larger than %d KiB", what, path, maxSecret>>10)
	}
	v := secret.New(strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"))
	if v.IsZero() {
		return v, usagef("reading %s: %s is empty", what, path)
	}
	return v, nil
}

// shorter is path relative to the working folder if it lies below it.
func shorter(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(wd, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return path
	}
	return rel
}
