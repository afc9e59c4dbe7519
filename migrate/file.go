package migrate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// maxFile bounds what is read of one source file.
const maxFile = 16 << 20

// A tree is the working tree. It is somebody else's: every path in it is
// resolved below its root, and no symbolic link is followed.
type tree struct{ root *os.Root }

func openTree(dir string) (*tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the source tree: %w", err)
	}
	return &tree{root}, nil
}

func (t *tree) close() { _ = t.root.Close() }

// confine refuses a path that is not a plain file's place below the root.
func (t *tree) confine(name string) error {
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\:\x00") {
		return fmt.Errorf("path %q does not stay in the source tree", name)
	}
	parts := strings.Split(name, "/")
	for i, part := range parts {
		if strings.EqualFold(part, ".git") {
			return fmt.Errorf("path %q is in git's own folder", name)
		}
		at := path.Join(parts[:i+1]...)
		info, err := t.root.Lstat(at)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing below it can be a link
		}
		if err != nil {
			return err
		}
		if last := i == len(parts)-1; last && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", at)
		} else if !last && !info.IsDir() {
			return fmt.Errorf("%s is not a folder (a symbolic link is not followed)", at)
		}
	}
	return nil
}

// read returns the file, or an error that wraps fs.ErrNotExist.
func (t *tree) read(name string) ([]byte, fs.FileMode, error) {
	if err := t.confine(name); err != nil {
		return nil, 0, err
	}
	f, err := t.root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	text, err := limited(f, maxFile)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return text, info.Mode().Perm(), nil
}

// write replaces the file and keeps its mode; mode is for a new one.
func (t *tree) write(name string, text []byte, mode fs.FileMode) error {
	if err := t.confine(name); err != nil {
		return err
	}
	if info, err := t.root.Lstat(name); err == nil {
		mode = info.Mode().Perm()
	} else if dir := path.Dir(name); dir != "." {
		if err := t.root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return replaceFile(t.root, name, text, mode)
}

func (t *tree) remove(name string) error {
	if err := t.confine(name); err != nil {
		return err
	}
	return t.root.Remove(name)
}

// replaceFile writes a file so that a reader sees the old text or the new one
// and a crash leaves one of both. The name of the intermediate file is fixed:
// what a crash left is taken away by the next run.
func replaceFile(root *os.Root, name string, text []byte, mode fs.FileMode) (err error) {
	temp := path.Join(path.Dir(name), ".agentsec-"+path.Base(name)+".tmp")
	_ = root.Remove(temp)
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = root.Remove(temp)
		}
	}()
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return root.Rename(temp, name)
}

func readLimited(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return limited(f, limit)
}

func limited(r io.Reader, limit int64) ([]byte, error) {
	var text bytes.Buffer
	n, err := io.Copy(&text, io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("larger than %d MiB", limit>>20)
	}
	return text.Bytes(), nil
}
