package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/agentsec/agentsec/rules"
)

// maxDocument bounds a stored document.
const maxDocument = 512 << 20

// readText reads a stored document, "-" from the standard input.
func (s *session) readText(path string) ([]byte, error) {
	if path != "-" {
		text, err := readBounded(path, maxDocument)
		if err != nil {
			return nil, usagef("reading %s: %w", path, err)
		}
		return text, nil
	}
	text, err := io.ReadAll(io.LimitReader(s.in, maxDocument+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the standard input: %w", err)
	case len(text) > maxDocument:
		return nil, usagef("reading the standard input: it is larger than %d MiB", maxDocument>>20)
	}
	return text, nil
}

// decode reads one JSON document strictly: a field that this version does not
// know may be the one that matters.
func decode[D any](path string, text []byte, doc *D) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(doc); err != nil {
		return usagef("reading %s: %w", path, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return usagef("reading %s: something follows the document", path)
	}
	return nil
}

// versionOf is the schema that a JSON document names, "" if it names none.
func versionOf(text []byte) string {
	var head struct {
		Version string `json:"version"`
	}
	if json.Unmarshal(text, &head) != nil {
		return ""
	}
	return head.Version
}

// refuseDocuments keeps a stored document from being scanned in place of what it
// describes: it holds no secret, so the answer would be a false "clean".
func refuseDocuments(paths []string) error {
	for _, p := range paths {
		if info, err := os.Stat(p); err != nil || !info.Mode().IsRegular() || filepath.Ext(p) != ".json" {
			continue
		}
		text, err := readBounded(p, maxDocument)
		if err != nil {
			continue // the scan says what is wrong with it
		}
		if strings.HasPrefix(versionOf(text), "agentsec.") {
			return errorWithHint(usagef("%s is a document of agentsec, not an input", p),
				"Give the path that was scanned; \"agentsec report\" shows a stored scan.")
		}
	}
	return nil
}

func (s *session) readScan(path string) (*rules.Scan, error) {
	text, err := s.readText(path)
	if err != nil {
		return nil, err
	}
	if v := versionOf(text); v != rules.ScanVersion {
		return nil, errorWithHint(usagef("reading %s: not a document %s", path, rules.ScanVersion),
			"Make one with: agentsec scan --format json -o scan.json")
	}
	scan := new(rules.Scan)
	return scan, decode(path, text, scan)
}
