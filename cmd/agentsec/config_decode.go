package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"

	"gopkg.in/yaml.v3"
)

// parseConfig decodes strictly: a key that nobody reads is a mistake that would
// silently weaken the gate.
func parseConfig(path string, text []byte) (config, error) {
	var c config
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return c, configError(path, err)
	}
	if n := crowded(&root); n != nil {
		return c, usagef("%s:%d: a mapping with more than %d keys is no part of a configuration", path, n.Line, maxKeys)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	switch err := dec.Decode(&c); {
	case errors.Is(err, io.EOF): // empty
		return c, nil
	case err != nil:
		return c, configError(path, err)
	}
	if !errors.Is(dec.Decode(new(yaml.Node)), io.EOF) {
		return c, usagef("%s: it holds more than one YAML document", path)
	}
	return c, c.check(path, &root)
}

// maxKeys is more than any mapping of a configuration or a plan has. The decoder compares
// the keys of a mapping each with each: a megabyte of them would take minutes.
const maxKeys = 100

// crowded returns a mapping with too many keys, nil if there is none. It does not
// follow aliases: what they point at stands in the document too.
func crowded(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.MappingNode && len(n.Content) > 2*maxKeys {
		return n
	}
	for _, c := range n.Content {
		if found := crowded(c); found != nil {
			return found
		}
	}
	return nil
}

var (
	yamlLine    = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	yamlUnknown = regexp.MustCompile(`^field (.+) not found in type \S+$`)
	yamlQuoted  = regexp.MustCompile("(?s) `.*`")
	yamlInto    = regexp.MustCompile(`into \S+$`)
)

// configError turns the decoder's words into file:line errors. They never quote
// values: somebody may have put a secret where none belongs.
func configError(path string, err error) error {
	messages := []string{err.Error()}
	var te *yaml.TypeError
	if errors.As(err, &te) {
		messages = te.Errors
	}
	var all []error
	for _, m := range messages[:min(len(messages), 20)] {
		all = append(all, errors.New(path+configMessage(m)))
	}
	return errorWithHint(usageError{errors.Join(all...)}, "\"agentsec schema config\" prints the keys and what they take.")
}

func configMessage(message string) string {
	m := yamlLine.FindStringSubmatch(message)
	if m == nil {
		return ": it is not valid YAML"
	}
	text := yamlQuoted.ReplaceAllString(m[2], " value")
	if u := yamlUnknown.FindStringSubmatch(text); u != nil {
		text = fmt.Sprintf("unknown key %q", u[1])
	}
	return ":" + m[1] + ": " + yamlInto.ReplaceAllString(text, "into what this key takes")
}
