package migrate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"github.com/agentsec/agentsec/planner"
)

// patchOp applies a unified diff to the working tree. Lines must match to the
// byte; only their place may have moved. A file counts as done when the diff can
// be taken back from it.
type patchOp struct{ *planner.Patch }

// A filePatch is the part of a diff for one file.
type filePatch struct {
	name string
	diff *gitdiff.File
}

// parse refuses everything but changed, new and deleted text files that the
// plan names.
func (o patchOp) parse() ([]filePatch, error) {
	files, _, err := gitdiff.Parse(strings.NewReader(o.Diff))
	if err != nil {
		return nil, errors.New("the patch is not a unified diff")
	}
	if len(files) == 0 {
		return nil, errors.New("the patch is empty")
	}
	var patches []filePatch
	for _, f := range files {
		if f.IsBinary || f.IsCopy || f.IsRename || f.OldMode != f.NewMode && !f.IsNew && !f.IsDelete && f.NewMode != 0 {
			return nil, errors.New("the patch does more than change text")
		}
		name := f.NewName
		if f.IsDelete {
			name = f.OldName
		}
		if !f.IsNew && !f.IsDelete && f.OldName != f.NewName && trimPrefix(f.OldName) != trimPrefix(f.NewName) {
			return nil, errors.New("the patch renames a file")
		}
		if !slices.Contains(o.Files, name) { // a plain diff keeps its a/ and b/
			name = trimPrefix(name)
		}
		if !slices.Contains(o.Files, name) {
			return nil, fmt.Errorf("the patch changes a file that the step does not name: %q", name)
		}
		patches = append(patches, filePatch{name, f})
	}
	return patches, nil
}

func trimPrefix(name string) string {
	for _, prefix := range []string{"a/", "b/"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

func (o patchOp) diff(_ context.Context, r *run) ([]delta, error) {
	patches, err := o.parse()
	if err != nil {
		return nil, err
	}
	t, err := r.sources()
	if err != nil {
		return nil, err
	}
	var deltas []delta
	for _, p := range patches {
		_, needed, err := p.change(t, p.diff, reverse(p.diff))
		if err != nil {
			return nil, err
		}
		if needed {
			deltas = append(deltas, delta{Change: Change{Target: p.name, Field: "text", After: p.diff.String(), Action: p.action()}})
		}
	}
	return deltas, nil
}

func (p filePatch) action() Action {
	switch {
	case p.diff.IsNew:
		return Create
	case p.diff.IsDelete:
		return Delete
	}
	return Update
}

func (o patchOp) write(_ context.Context, r *run, _ Entry) error {
	patches, err := o.parse()
	if err != nil {
		return err
	}
	t, err := r.sources()
	if err != nil {
		return err
	}
	for _, p := range patches {
		if err := p.apply(t, p.diff, reverse(p.diff)); err != nil {
			return err
		}
	}
	return nil
}

func (o patchOp) undo(_ context.Context, r *run, begin Entry) (left []string, err error) {
	if r.tree == nil {
		return []string{"files are left alone, since no source tree was given: " + strings.Join(o.Files, ", ")}, nil
	}
	patches, err := o.parse()
	if err != nil {
		return nil, err
	}
	for _, p := range slices.Backward(patches) {
		ours := slices.ContainsFunc(begin.Changes, func(c Change) bool { return c.Target == p.name })
		if !ours {
			continue
		}
		if err := p.apply(r.tree, reverse(p.diff), p.diff); err != nil {
			left = append(left, err.Error())
		}
	}
	return left, nil
}

func (p filePatch) apply(t *tree, forward, back *gitdiff.File) error {
	text, needed, err := p.change(t, forward, back)
	if err != nil || !needed {
		return err
	}
	if forward.IsDelete {
		return t.remove(p.name)
	}
	mode := fs.FileMode(0o644)
	if forward.NewMode&0o111 != 0 {
		mode = 0o755
	}
	return t.write(p.name, text, mode)
}

// change returns the file's text after forward, or needed false if back could
// be applied, which means that forward was.
func (p filePatch) change(t *tree, forward, back *gitdiff.File) (text []byte, needed bool, err error) {
	old, _, err := t.read(p.name)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return nil, false, fmt.Errorf("patching: %w", err)
	}
	switch {
	case missing && forward.IsDelete:
		return nil, false, nil
	case missing && !forward.IsNew:
		return nil, false, fmt.Errorf("patching: %s is not there", p.name)
	case missing:
		text, _, err = patched(nil, forward)
		return text, true, err
	case forward.IsNew: // present: it must be the file that the patch makes
		made, _, err := patched(nil, forward)
		if err == nil && !bytes.Equal(made, old) {
			err = fmt.Errorf("patching: %s is there already with another text", p.name)
		}
		return nil, false, err
	}
	text, moved, err := patched(old, forward)
	_, movedBack, errBack := patched(old, back)
	switch {
	case err != nil && errBack != nil:
		return nil, false, fmt.Errorf("patching: %s was changed since the plan was made (neither its old nor its new lines are found); make a new plan", p.name)
	case err != nil, errBack == nil && movedBack < moved:
		return nil, false, nil
	case errBack == nil && movedBack == moved:
		return nil, false, fmt.Errorf("patching: %s: cannot tell whether the patch was applied; make a new plan", p.name)
	}
	return text, true, nil
}

// patched returns text with the patch applied, and by how many lines its
// fragments had to move relative to one another.
func patched(text []byte, f *gitdiff.File) (result []byte, moved int, err error) {
	moving := *f
	moving.TextFragments = nil
	lines := bytes.SplitAfter(text, []byte("\n"))
	from, shift := 0, 0
	for _, fragment := range f.TextFragments {
		at, ok := find(lines, fragment, from, shift)
		if !ok {
			return nil, 0, errors.New("the patch does not apply")
		}
		placed := *fragment
		if fragment.OldPosition > 0 {
			now := at - (int(fragment.OldPosition) - 1)
			moved += abs(now - shift)
			shift = now
			placed.OldPosition = int64(at) + 1
			from = at + int(fragment.OldLines)
		}
		moving.TextFragments = append(moving.TextFragments, &placed)
	}
	var out bytes.Buffer
	if err := gitdiff.Apply(&out, bytes.NewReader(text), &moving); err != nil {
		return nil, 0, errors.New("the patch does not apply")
	}
	return out.Bytes(), moved, nil
}

// find returns the place (from 0) nearest to the expected one where the
// fragment's old lines stand. Two places equally near are none.
func find(lines [][]byte, fragment *gitdiff.TextFragment, from, shift int) (at int, ok bool) {
	var old [][]byte
	for _, line := range fragment.Lines {
		if line.Op != gitdiff.OpAdd {
			old = append(old, []byte(line.Line))
		}
	}
	expected := int(fragment.OldPosition) - 1 + shift
	matches := func(i int) bool {
		return i >= from && i+len(old) <= len(lines) &&
			slices.EqualFunc(old, lines[i:i+len(old)], bytes.Equal)
	}
	if len(old) == 0 { // nothing to recognise a moved place by
		return max(expected, 0), true
	}
	for distance := 0; distance <= len(lines)+abs(expected); distance++ {
		before, after := matches(expected-distance), matches(expected+distance)
		switch {
		case distance > 0 && before && after:
			return 0, false
		case before:
			return expected - distance, true
		case after:
			return expected + distance, true
		}
	}
	return 0, false
}

func abs(n int) int { return max(n, -n) }

// reverse exchanges the two sides of a diff.
func reverse(f *gitdiff.File) *gitdiff.File {
	back := &gitdiff.File{
		OldName: f.NewName, NewName: f.OldName,
		OldMode: f.NewMode, NewMode: f.OldMode,
		IsNew: f.IsDelete, IsDelete: f.IsNew,
	}
	for _, fragment := range f.TextFragments {
		turned := &gitdiff.TextFragment{
			OldPosition: fragment.NewPosition, OldLines: fragment.NewLines,
			NewPosition: fragment.OldPosition, NewLines: fragment.OldLines,
			LinesAdded: fragment.LinesDeleted, LinesDeleted: fragment.LinesAdded,
			LeadingContext: fragment.LeadingContext, TrailingContext: fragment.TrailingContext,
		}
		for _, line := range fragment.Lines {
			switch line.Op {
			case gitdiff.OpAdd:
				line.Op = gitdiff.OpDelete
			case gitdiff.OpDelete:
				line.Op = gitdiff.OpAdd
			}
			turned.Lines = append(turned.Lines, line)
		}
		back.TextFragments = append(back.TextFragments, turned)
	}
	return back
}
