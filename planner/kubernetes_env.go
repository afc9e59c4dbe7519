package planner

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// fileName is the name of the rendered file for a variable.
func fileName(variable string) string {
	return strings.ToLower(strings.ReplaceAll(variable, "_", "-"))
}

// envEdits replace the variables by NAME_FILE. It also tells whether an init
// container needs the credential.
func (m *manifest) envEdits(list []exposure) (edits []edit, inits bool, err error) {
	for _, e := range list {
		container, init := m.container(e.container)
		if container == nil {
			return nil, false, fmt.Errorf("%s:%d: no container %q", m.sheet.path, m.spec.Line, clip(e.container))
		}
		inits = inits || init
		more, err := envEdit(m.sheet, container, e)
		if err != nil {
			return nil, false, err
		}
		edits = append(edits, more...)
	}
	return edits, inits, nil
}

func (m *manifest) container(name string) (n *yaml.Node, init bool) {
	for _, group := range []string{"containers", "initContainers"} {
		_, list := child(m.spec, group)
		if list == nil || list.Kind != yaml.SequenceNode {
			continue
		}
		for _, c := range list.Content {
			if scalar(c, "name") == name {
				return c, group == "initContainers"
			}
		}
	}
	return nil, false
}

func envEdit(s *sheet, container *yaml.Node, e exposure) ([]edit, error) {
	entry := []string{"- name: " + e.variable + "_FILE", "  value: /vault/secrets/" + fileName(e.variable)}
	key, env := child(container, "env")
	if env == nil || env.Kind != yaml.SequenceNode || len(env.Content) == 0 {
		if env != nil && (env.Tag != "!!null" && len(env.Content) > 0 || env.Kind == yaml.AliasNode || env.Style&yaml.FlowStyle != 0) {
			return nil, fmt.Errorf("%s:%d: env cannot be patched line by line", s.path, env.Line)
		}
		if env != nil { // "env:" with nothing below
			return []edit{{key.Line, key.Line, pad(key.Column+1, entry...)}}, nil
		}
		if container.Style&yaml.FlowStyle != 0 || container.Anchor != "" || len(container.Content) == 0 {
			return nil, fmt.Errorf("%s:%d: the container is written in flow style or shared through an anchor", s.path, container.Line)
		}
		end := s.blockEnd(container.Line-1, false)
		return []edit{{end, end, append(pad(container.Column-1, "env:"), pad(container.Column+1, entry...)...)}}, nil
	}
	if err := editable(s.path, key, env); err != nil {
		return nil, err
	}
	depth := env.Column - 1
	for _, item := range env.Content {
		switch scalar(item, "name") {
		case e.variable + "_FILE":
			return nil, fmt.Errorf("%s:%d: %s_FILE is there already: merge by hand", s.path, item.Line, e.variable)
		case e.variable:
			if item.Kind == yaml.AliasNode || item.Anchor != "" {
				return nil, fmt.Errorf("%s:%d: the entry is shared through a YAML anchor: write it out first", s.path, item.Line)
			}
			from, to := item.Line-1, s.blockEnd(item.Line-1, false)
			if indent(s.lines[from]) != depth {
				return nil, fmt.Errorf("%s:%d: the entry does not begin its line", s.path, item.Line)
			}
			if !e.literal && !e.bulk {
				return []edit{{from, to, pad(depth, entry...)}}, nil
			}
		}
	}
	// The entry itself goes with the literal (RemoveLiteral) or never was there:
	// the new one stands at the nearest end of the list that git can anchor.
	for _, i := range []int{s.blockEnd(key.Line-1, true), key.Line} {
		if i >= len(s.lines) || !s.literal[i] {
			return []edit{{i, i, pad(depth, entry...)}}, nil
		}
	}
	return nil, fmt.Errorf("%s:%d: literal secrets stand at both ends of env, so a diff would show one", s.path, key.Line)
}
