package scanner

import (
	"io"

	"github.com/go-git/go-git/v5/plumbing/format/index"
)

// maxIndex bounds git's index: 256 MiB hold more than a million files.
const maxIndex = 256 << 20

// readIndex lists the paths in git's index file. An index that cannot be
// decoded (a newer format, damage) gives nil: tracked or not is then unknown,
// and nothing is treated as untracked.
func readIndex(r io.Reader) (tracked map[string]bool) {
	defer func() {
		if recover() != nil { // the decoder trusts lengths in the file
			tracked = nil
		}
	}()
	var idx index.Index
	if err := index.NewDecoder(io.LimitReader(r, maxIndex)).Decode(&idx); err != nil {
		return nil
	}
	tracked = make(map[string]bool, len(idx.Entries))
	for _, e := range idx.Entries {
		tracked[e.Name] = true
	}
	return tracked
}
