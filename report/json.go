package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/rules"
)

// ScanJSON writes scan.json.
func ScanJSON(w io.Writer, doc *rules.Scan, _ Options) error { return writeJSON(w, doc) }

// RiskMapJSON writes riskmap.json.
func RiskMapJSON(w io.Writer, doc *planner.RiskMap, _ Options) error { return writeJSON(w, doc) }

// writeJSON writes doc indented. Characters that a terminal would obey are
// written as \uXXXX, which every JSON reader reads as the same text.
func writeJSON(w io.Writer, doc any) error {
	out := &visibleJSON{w: bufio.NewWriter(w)}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	return out.w.Flush()
}

// visibleJSON escapes what does not show. The encoder hands it a whole document
// in one Write, in which everything but ASCII stands inside of strings.
type visibleJSON struct{ w *bufio.Writer }

func (v *visibleJSON) Write(p []byte) (int, error) {
	start := 0
	for i := 0; i < len(p); {
		if p[i] < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRune(p[i:])
		if !shows(r) {
			_, _ = v.w.Write(p[start:i])
			if r > 0xffff {
				high, low := utf16.EncodeRune(r)
				fmt.Fprintf(v.w, `\u%04x\u%04x`, high, low)
			} else {
				fmt.Fprintf(v.w, `\u%04x`, r)
			}
			start = i + size
		}
		i += size
	}
	// A bufio.Writer keeps its first error: this one tells also of those above.
	_, err := v.w.Write(p[start:])
	return len(p), err
}
