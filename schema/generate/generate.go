// Package generate makes JSON Schemas from Go types. Only tests use it, so that
// the program itself holds the result and not the generator.
package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/invopop/jsonschema"
)

// Schema returns the schema of doc, a zero value of a document's type. Property
// names come from the struct tag called tag ("json" or "yaml").
func Schema(name string, doc any, tag string) ([]byte, error) {
	r := &jsonschema.Reflector{FieldNameTag: tag, Anonymous: true, ExpandedStruct: true}
	s := r.Reflect(doc)
	s.ID = jsonschema.ID(fmt.Sprintf("https://github.com/agentsec/agentsec/schema/%s.v1.json", name))
	s.Title = "agentsec." + name + "/v1"
	if version, ok := s.Properties.Get("version"); ok {
		version.Const = s.Title // the documents say in it which schema they follow
	}
	if tag == "yaml" { // settings: the decoder takes each key as it comes or not
		s.Required = nil
		for _, d := range s.Definitions {
			d.Required = nil
		}
	}
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// Compare reports how the schema file in dir differs from the types; with update
// it writes the file instead.
func Compare(dir, name string, doc any, tag string, update bool) error {
	want, err := Schema(name, doc, tag)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, name+".v1.json")
	if update {
		return os.WriteFile(path, want, 0o644)
	}
	have, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, want) {
		return fmt.Errorf("%s differs from the Go types: run go test ./schema ./cmd/agentsec -run Current -update", path)
	}
	return nil
}
