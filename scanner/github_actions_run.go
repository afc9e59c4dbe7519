package scanner

import (
	"path"
	"strings"

	"gopkg.in/yaml.v3"
)

// script reads a step's run.
func (r *actionsReader) script(run *yaml.Node, p actionsPlace, shell string) {
	r.seen[run] = true
	p.place = InEnv // of exports; what else a script says has its own place
	text := run.Value
	exprs := actionsExprs(text)
	used := make([]bool, len(exprs))
	if r.left -= len(text); !r.exhausted() && isShellName(shell) {
		ranges := make([][2]int, len(exprs))
		for i, e := range exprs {
			ranges[i] = [2]int{e.start, e.end}
		}
		for _, v := range expressionScriptValues(text, ranges) {
			c := r.scriptCandidate(v, exprs, used, p.known)
			if c.Name != "" {
				r.add(r.lineAt(run, v.value.offset), 0, p, c)
			}
		}
	}
	// What the command lines above do not account for: another shell, an argument.
	for i, e := range exprs {
		if used[i] {
			continue
		}
		line := r.lineAt(run, e.start)
		if e.all {
			r.add(line, 0, p, allSecrets("secrets"))
		}
		for _, key := range e.secrets {
			r.add(line, 0, p, Candidate{Mechanism: Leak, Place: InCommand, Name: key, Ref: Ref{Store: CISecret, Key: key},
				Detail: "interpolated into a script"})
		}
		if e.token && len(e.secrets) == 0 && !e.all {
			r.add(line, 0, p, Candidate{Mechanism: Dynamic, Place: InCommand, Name: "GITHUB_TOKEN", Detail: "token issued to the job, interpolated into a script"})
		}
	}
}

// isShellName reports whether the shell of a step is a POSIX one; the default is
// bash. "bash -e {0}" is a template.
func isShellName(shell string) bool {
	name, _, _ := strings.Cut(strings.TrimSpace(shell), " ")
	return name == "" || isShell(path.Base(name)) || strings.Contains(name, "${{")
}

// scriptCandidate turns a value of a script into a candidate; one without name
// if it says nothing about a secret.
func (r *actionsReader) scriptCandidate(v commandValue, exprs []actionsExpr, used []bool, known map[string]string) Candidate {
	var direct *actionsExpr
	foreign := false
	for _, ref := range v.value.refs {
		if ref.expr < 1 || ref.expr > len(exprs) {
			continue
		}
		if e := &exprs[ref.expr-1]; len(e.secrets) > 0 && !used[ref.expr-1] {
			direct = e
			used[ref.expr-1] = true
		} else {
			foreign = true
		}
	}
	place := v.place
	if v.use == useWrite {
		place = InCIEnvFile
	}
	if direct != nil {
		detail := v.detail
		switch v.use {
		case useWrite:
			detail = "appended to " + v.target
		case useAssign, useExport:
			detail = "interpolated into a script"
		}
		return Candidate{Mechanism: Leak, Place: place, Name: v.name, Ref: Ref{Store: CISecret, Key: direct.secrets[0]}, Detail: detail}
	}
	c := v.candidate()
	for _, ref := range v.value.refs {
		if key, ok := known[ref.variable]; ok && ref.expr == 0 {
			c.Ref, foreign = Ref{Store: CISecret, Key: key}, false
		}
	}
	switch {
	case c.Name == "":
	case v.use == useWrite && c.Value.IsZero() && c.Ref.Store != CISecret:
		return Candidate{} // a variable of the script's own
	case foreign && c.Value.IsZero():
		return Candidate{} // filled from an input, an output, a variable
	case v.use == useWrite:
		c.Mechanism, c.Place, c.Detail = Leak, InCIEnvFile, "appended to "+v.target
	case v.use == useAssign || v.use == useExport:
		if !v.value.constant() && c.Ref.Store != SecretFile && c.Value.IsZero() {
			return Candidate{} // X="$Y": says nothing new
		}
		if v.value.constant() && c.Mechanism != Dynamic {
			c.Mechanism = Literal
		}
	}
	return c
}
