package scanner

import (
	"maps"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/agentsec/agentsec/internal/secret"
)

func (r *actionsReader) add(line, column int, p actionsPlace, c Candidate) {
	if c.Name == "" {
		return // no variable can have it
	}
	c.Kind, c.Object, c.Workload, c.Shared = GitHubActions, p.object, p.workload, p.shared
	c.At = Position{Line: line, Column: column}
	c.Wide = p.wide && (c.Mechanism == StaticRef || c.Mechanism == BulkRef)
	if c.Place == InEnv {
		c.Place = p.place
	}
	r.found.add(c)
}

// env reads a mapping of names to values: env, with, secrets, credentials. An
// anchored mapping counts once.
func (r *actionsReader) env(n *yaml.Node, p actionsPlace) {
	if whole, ok := yamlScalar(n); ok { // env: ${{ fromJSON(…) }}
		candidates, _ := r.candidates("env", whole)
		for _, c := range candidates {
			r.add(n.Line, n.Column, p, c)
		}
		r.seen[n] = true
		return
	}
	for _, f := range r.fields(n) {
		r.entry(f, p)
	}
}

func (r *actionsReader) entry(f yamlField, p actionsPlace) {
	if r.seen[f.key] {
		return
	}
	r.seen[f.key], r.seen[f.value] = true, true
	if f.value.Kind != yaml.ScalarNode {
		r.found.skip(f.key.Line, "the value of an entry is no scalar")
		return
	}
	text := yamlText(f.value)
	candidates, offsets := r.candidates(f.name(), text)
	for i, c := range candidates {
		if p.place == InEnv {
			c = pathEntry(c)
		}
		line, column := f.key.Line, f.key.Column
		if strings.Contains(text, "\n") && offsets[i] >= 0 {
			line, column = r.lineAt(f.value, offsets[i]), 0
		}
		r.add(line, column, p, c)
	}
	r.found.reach(f.key.Line)
	r.found.reach(r.scalarLines(f.value)...)
}

// secretVariables adds to those of the enclosing scope the variables that env
// fills from a secret.
func (r *actionsReader) secretVariables(env *yaml.Node, outer map[string]string) map[string]string {
	fields := r.fields(env)
	if len(fields) == 0 {
		return outer
	}
	known := maps.Clone(outer)
	if known == nil {
		known = map[string]string{}
	}
	for _, f := range fields {
		delete(known, f.name())
		for _, e := range actionsExprs(yamlText(f.value)) {
			if len(e.secrets) > 0 {
				known[f.name()] = e.secrets[0]
			}
		}
	}
	return known
}

// candidates returns what a value says. Of references, only those to secrets and
// to the environment count: inputs, outputs and variables were filled elsewhere.
// The offsets tell where in the text each stands, -1 for the text as a whole.
func (r *actionsReader) candidates(name, text string) (out []Candidate, offsets []int) {
	exprs := actionsExprs(text)
	w := expressionWord(text, exprs)
	if len(exprs) == 0 {
		return []Candidate{w.candidate(name, "")}, []int{-1}
	}
	_, only := w.only()
	detail := "part of the value"
	if only {
		detail = ""
	}
	for _, e := range exprs {
		before := len(out)
		if e.all {
			out = append(out, allSecrets(name))
		}
		for _, key := range e.secrets {
			out = append(out, Candidate{Mechanism: StaticRef, Name: name, Ref: Ref{Store: CISecret, Key: key}, Detail: detail})
		}
		if e.token && len(e.secrets) == 0 && !e.all {
			out = append(out, Candidate{Mechanism: Dynamic, Name: name, Detail: "token issued to the job"})
		}
		if e.env != "" && len(e.secrets) == 0 {
			out = append(out, Candidate{Mechanism: StaticRef, Name: name, Ref: Ref{Store: Environment, Key: e.env}, Detail: "mapped from env." + safeName(e.env)})
		}
		if e.literal != "" && only {
			c := Candidate{Mechanism: Literal, Place: InDefault, Name: name, Value: secret.New(e.literal), Detail: "string inside an expression"}
			if len(e.secrets) > 0 {
				c.Ref = Ref{Store: CISecret, Key: e.secrets[0]}
			}
			out = append(out, c)
		}
		for range out[before:] {
			offsets = append(offsets, e.start)
		}
	}
	if password, ok := w.literalPassword(); ok {
		out = append(out, Candidate{Mechanism: Literal, Name: name, Value: secret.New(password), Detail: "URL with a literal password"})
		offsets = append(offsets, -1)
	}
	return out, offsets
}

// inputs reads the `with` of a step.
func (r *actionsReader) inputs(step *yaml.Node, p actionsPlace) {
	p.place = InActionInput
	for _, f := range r.fields(r.get(step, "with")) {
		switch strings.ToLower(f.name()) {
		case "build-args", "build_args":
			r.buildArgs(f, p)
		case "role-to-assume", "workload_identity_provider":
			r.seen[f.key], r.seen[f.value] = true, true
			r.add(f.key.Line, f.key.Column, p, Candidate{Mechanism: Dynamic, Name: f.name(), Detail: "role assumed with an OIDC token"})
		default:
			r.entry(f, p)
		}
	}
}

// buildArgs reads the lines NAME=value that docker/build-push-action hands to a
// build, where they stay in the image's history.
func (r *actionsReader) buildArgs(f yamlField, p actionsPlace) {
	r.seen[f.key], r.seen[f.value] = true, true
	offset := 0
	for line := range strings.SplitAfterSeq(yamlText(f.value), "\n") {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		if ok {
			candidates, _ := r.candidates(strings.TrimSpace(name), value)
			for _, c := range candidates {
				if c.Mechanism != Dynamic && c.Ref.Store != Environment {
					c.Mechanism = Leak
				}
				c.Place = InBuildArg
				r.add(r.lineAt(f.value, offset), 0, p, c)
			}
		}
		offset += len(line)
	}
	r.found.reach(r.scalarLines(f.value)...)
}
