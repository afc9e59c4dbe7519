package planner

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	// runFolder is where a compose service finds rendered files; the host's side
	// is what agentsec dev run or a Vault Agent renders into, one folder for each
	// identity. A folder and not a file: a renewed credential is a new file.
	runFolder = "/run/agentsec"
	hostRun   = "${AGENTSEC_RUN_DIR:-./.agentsec/run}/"
)

// composePatch gives a compose service the rendered file in place of the
// variable.
func composePatch(s *sheet, c consumer, id Identity) (*sheet, string, error) {
	service, err := findService(s, c.w.Object.Name)
	if err != nil {
		return nil, "", err
	}
	var edits []edit
	for _, e := range c.edited() {
		more, err := serviceEnv(s, service, e)
		if err != nil {
			return nil, "", err
		}
		edits = append(edits, more...)
	}
	mount, err := serviceVolume(s, service, id)
	if err != nil {
		return nil, "", err
	}
	next, diff, err := s.apply(append(edits, mount...))
	if err != nil {
		return nil, "", err
	}
	return next, diff, checkService(next, c, id)
}

func findService(s *sheet, name string) (*yaml.Node, error) {
	docs, err := documents(s)
	if err != nil {
		return nil, err
	}
	for _, doc := range docs {
		if key, service := descend(doc, "services", name); service != nil {
			if service.Kind != yaml.MappingNode {
				return nil, fmt.Errorf("%s:%d: the service is no block", s.path, key.Line)
			}
			// A merge key below is fine: only what is written here is edited.
			if service.Style&yaml.FlowStyle != 0 || service.Anchor != "" || len(service.Content) == 0 || service.Content[0].Line == key.Line {
				return nil, fmt.Errorf("%s:%d: the service is written in flow style or shared through an anchor: write it out first", s.path, key.Line)
			}
			return service, nil
		}
	}
	return nil, fmt.Errorf("%s: there is no service %q", s.path, clip(name))
}

func serviceEnv(s *sheet, service *yaml.Node, e exposure) ([]edit, error) {
	value := runFolder + "/" + fileName(e.variable)
	key, env := child(service, "environment")
	if env == nil {
		i, depth := service.Line-1, service.Column-1
		return []edit{{i, i, append(pad(depth, "environment:"), pad(depth+2, e.variable+"_FILE: "+value)...)}}, nil
	}
	if err := editable(s.path, key, env); err != nil {
		return nil, err
	}
	entry := e.variable + "_FILE: " + value
	if env.Kind == yaml.SequenceNode {
		entry = "- " + e.variable + "_FILE=" + value
	}
	depth := env.Column - 1
	for i, n := range env.Content {
		if env.Kind == yaml.MappingNode && i%2 == 1 {
			continue
		}
		name, _, _ := strings.Cut(n.Value, "=")
		switch name {
		case e.variable + "_FILE":
			return nil, fmt.Errorf("%s:%d: %s_FILE is there already: merge by hand", s.path, n.Line, e.variable)
		case e.variable:
			if e.literal || e.bulk {
				continue
			}
			if indent(s.lines[n.Line-1]) != depth {
				return nil, fmt.Errorf("%s:%d: the entry does not begin its line", s.path, n.Line)
			}
			return []edit{{n.Line - 1, s.blockEnd(n.Line-1, false), pad(depth, entry)}}, nil
		}
	}
	if !e.literal && !e.bulk {
		return nil, fmt.Errorf("%s:%d: %s comes to the service from elsewhere (extends, an anchor, another file): write it out first", s.path, key.Line, e.variable)
	}
	for _, i := range []int{s.blockEnd(key.Line-1, true), key.Line} {
		if i >= len(s.lines) || !s.literal[i] {
			return []edit{{i, i, pad(depth, entry)}}, nil
		}
	}
	return nil, fmt.Errorf("%s:%d: literal secrets stand at both ends of environment, so a diff would show one", s.path, key.Line)
}

func serviceVolume(s *sheet, service *yaml.Node, id Identity) ([]edit, error) {
	item := []string{
		"- type: bind",
		"  source: " + hostRun + id.AuthRole,
		"  target: " + runFolder,
		"  read_only: true",
	}
	key, volumes := child(service, "volumes")
	if volumes == nil {
		depth := service.Column - 1
		end := s.blockEnd(service.Content[0].Line-1, false)
		for i := 0; i < len(service.Content); i += 2 {
			list := service.Content[i+1].Kind == yaml.SequenceNode
			end = max(end, s.blockEnd(service.Content[i].Line-1, list))
		}
		return []edit{{end, end, append(pad(depth, "volumes:"), pad(depth+2, item...)...)}}, nil
	}
	if volumes.Kind != yaml.SequenceNode || len(volumes.Content) == 0 {
		return nil, fmt.Errorf("%s:%d: volumes is not a list in block style", s.path, key.Line)
	}
	if err := editable(s.path, key, volumes); err != nil {
		return nil, err
	}
	return []edit{{key.Line, key.Line, pad(volumes.Column-1, item...)}}, nil
}

// checkService parses what a patch leads to and looks for all that it promises.
func checkService(s *sheet, c consumer, id Identity) error {
	service, err := findService(s, c.w.Object.Name)
	if err != nil {
		return err
	}
	wrong := fmt.Errorf("%s:%d: a line patch would not come out right: change it by hand", s.path, service.Line)
	_, env := child(service, "environment")
	set := map[string]bool{}
	for i, n := range env.Content {
		if env.Kind == yaml.SequenceNode || i%2 == 0 {
			name, _, _ := strings.Cut(n.Value, "=")
			set[name] = true
		}
	}
	for _, e := range c.exposures {
		if set[e.variable] && !e.literal || !set[e.variable+"_FILE"] {
			return wrong
		}
	}
	_, volumes := child(service, "volumes")
	for _, v := range volumes.Content {
		if scalar(v, "source") == hostRun+id.AuthRole && scalar(v, "target") == runFolder {
			return nil
		}
	}
	return wrong
}
