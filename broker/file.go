package broker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/agentsec/agentsec/internal/secret"
)

// A rendered file holds the current credential, without a newline at its end. It
// lies alone in a folder that only this user can enter.
type rendered struct{ dir, path string }

func newRendered(parent string) (*rendered, error) {
	if parent == "" {
		parent = os.Getenv("XDG_RUNTIME_DIR")
	}
	if info, err := os.Stat(parent); parent != "" && (err != nil || !info.IsDir()) {
		parent = ""
	}
	dir, err := os.MkdirTemp(parent, "agentsec-") // mode 0700
	if err != nil {
		return nil, fmt.Errorf("making a private folder: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("making a private folder: %w", err)
	}
	return &rendered{dir, filepath.Join(dir, "url")}, nil
}

// write replaces the file: a reader sees the former credential or the new one.
func (r *rendered) write(v secret.Value) error {
	next := r.path + ".next"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("rendering the credential: %w", err)
	}
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("rendering the credential: %w", err)
	}
	_, err = f.WriteString(v.Reveal())
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(next, r.path)
	}
	if err != nil {
		_ = os.Remove(next)
		return fmt.Errorf("rendering the credential: %w", err)
	}
	return nil
}

// clear takes the credential away.
func (r *rendered) clear() error {
	if err := os.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the credential: %w", err)
	}
	return nil
}

func (r *rendered) remove() error {
	if err := os.RemoveAll(r.dir); err != nil {
		return fmt.Errorf("removing the private folder: %w", err)
	}
	return nil
}
