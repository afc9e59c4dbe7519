package migrate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/scanner"
)

// removeOp deletes a literal secret from a file. It needs no value for that and
// keeps none: only git's history can bring it back.
type removeOp struct{ *planner.RemoveLiteral }

// A remover returns text without the entry, byte for byte the same otherwise.
// Text without the entry comes back as it is.
type remover func(text []byte, key string, object scanner.Object) ([]byte, error)

// removers lists the kinds of files that an entry can be deleted from.
var removers = map[scanner.Kind]remover{
	scanner.Dotenv:     removeDotenv,
	scanner.Kubernetes: removeKubernetes,
	scanner.Compose:    removeCompose,
}

func (o removeOp) without(t *tree) (text []byte, needed bool, err error) {
	remove := removers[o.Kind]
	if remove == nil {
		return nil, false, fmt.Errorf("removing %s from %s: files of kind %q are not edited", o.Key, o.Path, o.Kind)
	}
	if o.Key == "" {
		return nil, false, fmt.Errorf("removing from %s: no key is named", o.Path)
	}
	old, _, err := t.read(o.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil // gone with its file
	}
	if err != nil {
		return nil, false, fmt.Errorf("removing %s: %w", o.Key, err)
	}
	text, err = remove(old, o.Key, o.Object)
	if err != nil {
		return nil, false, fmt.Errorf("removing %s from %s: %w", o.Key, o.Path, err)
	}
	return text, !bytes.Equal(old, text), nil
}

func (o removeOp) diff(_ context.Context, r *run) ([]delta, error) {
	t, err := r.sources()
	if err != nil {
		return nil, err
	}
	_, needed, err := o.without(t)
	if err != nil || !needed {
		return nil, err
	}
	field := o.Key
	if !o.Object.IsZero() {
		field = o.Object.String() + "/" + o.Key
	}
	return []delta{{Change: Change{Target: o.Path, Field: field, Before: Hidden, Action: Delete, Unreadable: true}}}, nil
}

func (o removeOp) write(_ context.Context, r *run, _ Entry) error {
	t, err := r.sources()
	if err != nil {
		return err
	}
	text, needed, err := o.without(t)
	if err != nil || !needed {
		return err
	}
	return t.write(o.Path, text, 0o600)
}

func (o removeOp) undo(context.Context, *run, Entry) (left []string, err error) {
	return []string{fmt.Sprintf("irreversible: %s in %s: agentsec kept no value (git's history has the file)", o.Key, o.Path)}, nil
}
