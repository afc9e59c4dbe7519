package scanner

import (
	"bytes"
	"path"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// GitHub Actions workflows and composite actions. They are read as YAML nodes,
// one way for both; expressions are parsed by actionlint, scripts by the shell
// parser.
var githubActionsExtractor = extractor{
	kind:    GitHubActions,
	match:   isGitHubActions,
	extract: extractGitHubActions,
}

func isGitHubActions(f *file) bool {
	base := path.Base(f.path)
	if ext := path.Ext(base); ext != ".yml" && ext != ".yaml" {
		return false
	}
	dir := path.Dir(f.path)
	for _, host := range []string{".github", ".gitea", ".forgejo"} {
		if dir == host+"/workflows" || strings.HasSuffix(dir, "/"+host+"/workflows") {
			return true
		}
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(base, ".yaml"), ".yml")
	return stem == "action" && (bytes.HasPrefix(f.data, []byte("runs:")) || bytes.Contains(f.data, []byte("\nruns:")))
}

// An actionsReader reads one workflow or action.
type actionsReader struct {
	*yamlDoc
	found *found
	seen  map[*yaml.Node]bool // nodes whose expressions are accounted for
}

// An actionsPlace is what the entries of one place have in common.
type actionsPlace struct {
	object   Object
	workload string
	shared   []string
	wide     bool
	place    Place
	// known are the variables of the environment that hold a secret: NAME → secret.
	known map[string]string
}

func extractGitHubActions(f *file, o *found) {
	for _, doc := range yamlDocuments(f.data) {
		if doc.problem != "" {
			o.skip(doc.problemLine, doc.problem)
			continue
		}
		r := &actionsReader{yamlDoc: doc, found: o, seen: map[*yaml.Node]bool{}}
		if runs := doc.get(doc.root, "runs"); runs != nil {
			r.action(runs)
		} else {
			r.workflow()
		}
		r.bulk(doc.root, 0)
		if doc.exhausted() {
			o.skip(doc.line, "too many entries (aliases and merge keys counted); the rest was not read")
		}
	}
}

// action reads a composite action; its steps run in the job that uses it.
func (r *actionsReader) action(runs *yaml.Node) {
	p := actionsPlace{object: Object{Kind: "action", Name: path.Base(path.Dir(r.found.file.path))}}
	r.inputDefaults(r.get(r.root, "inputs"), p)
	for i, step := range r.items(r.get(runs, "steps")) {
		r.step(step, i, p, "")
	}
	p.object.Container = "runs"
	r.env(r.get(runs, "env"), p) // of a Docker action
}

func (r *actionsReader) workflow() {
	name := yamlText(r.get(r.root, "name"))
	if name == "" || strings.Contains(name, "${{") {
		name = path.Base(r.found.file.path)
	}
	jobs := r.fields(r.get(r.root, "jobs"))
	p := actionsPlace{object: Object{Kind: "workflow", Name: name}, wide: true}
	for i, job := range jobs {
		if id := r.jobID(job); i == 0 {
			p.workload = id
		} else {
			p.shared = append(p.shared, id)
		}
	}
	for _, trigger := range []string{"workflow_call", "workflow_dispatch"} {
		r.inputDefaults(r.get(r.root, "on", trigger, "inputs"), p)
	}
	env := r.get(r.root, "env")
	r.env(env, p)
	known := r.secretVariables(env, nil)
	r.permissions(r.get(r.root, "permissions"), p)
	shell := yamlText(r.get(r.root, "defaults", "run", "shell"))
	for _, job := range jobs {
		r.job(job, shell, known)
	}
}

func (r *actionsReader) jobID(job yamlField) string {
	return r.found.file.path + "#" + Object{Kind: "job", Name: job.name()}.String()
}

func (r *actionsReader) job(job yamlField, shell string, known map[string]string) {
	object := Object{Kind: "job", Name: job.name()}
	w := Workload{ID: r.jobID(job), Object: object, Kind: GitHubActions, At: Position{Line: job.key.Line, Column: job.key.Column}}
	p := actionsPlace{object: object, workload: w.ID, wide: true}
	env := r.get(job.value, "env")
	r.env(env, p)
	p.known = r.secretVariables(env, known)
	r.permissions(r.get(job.value, "permissions"), p)

	p.wide = false
	w.Images = append(w.Images, r.container(r.get(job.value, "container"), "container", p)...)
	for _, s := range r.fields(r.get(job.value, "services")) {
		w.Images = append(w.Images, r.container(s.value, s.name(), p)...)
	}
	if own := yamlText(r.get(job.value, "defaults", "run", "shell")); own != "" {
		shell = own
	}
	if shell == "" && strings.Contains(yamlText(r.get(job.value, "runs-on")), "windows") {
		shell = "pwsh"
	}
	for i, step := range r.items(r.get(job.value, "steps")) {
		w.Commands = append(w.Commands, r.step(step, i, p, shell)...)
	}
	if uses := r.get(job.value, "uses"); uses != nil {
		r.call(job.value, p)
		if file := yamlText(uses); strings.HasPrefix(file, "./") {
			r.found.references = append(r.found.references, resolveAll(r.found.file.path, file)...)
		}
	}
	r.found.workload(w)
}

// resolveAll resolves a path that is relative to the repository, which begins
// where the folder .github stands.
func resolveAll(workflow, file string) []string {
	repository := path.Dir(path.Dir(path.Dir(workflow)))
	if p := resolve(repository, file); p != "" {
		return []string{p}
	}
	return nil
}

// container reads a job's container or service: env and registry credentials.
func (r *actionsReader) container(n *yaml.Node, name string, p actionsPlace) []string {
	if image, ok := yamlScalar(n); ok {
		return []string{image}
	}
	p.object.Container = name
	r.env(r.get(n, "env"), p)
	if credentials := r.get(n, "credentials"); credentials != nil {
		p.place = InActionInput
		r.env(credentials, p)
	}
	if image := yamlText(r.get(n, "image")); image != "" {
		return []string{image}
	}
	return nil
}

// call reads what a job hands to a reusable workflow.
func (r *actionsReader) call(job *yaml.Node, p actionsPlace) {
	p.place = InActionInput
	r.env(r.get(job, "with"), p)
	f, ok := r.field(job, "secrets")
	if !ok {
		return
	}
	if text, ok := yamlScalar(f.value); ok && text == "inherit" {
		p.place = InEnv
		r.add(f.value.Line, f.value.Column, p, Candidate{Mechanism: BulkRef, Name: "inherit",
			Ref: Ref{Store: CISecret, Key: "*"}, Detail: "secrets: inherit"})
		return
	}
	r.env(f.value, p)
}

// permissions notes OIDC: a credential that is issued to the job.
func (r *actionsReader) permissions(n *yaml.Node, p actionsPlace) {
	if f, ok := r.field(n, "id-token"); ok && yamlText(f.value) == "write" {
		p.wide = false
		r.add(f.key.Line, f.key.Column, p, Candidate{Mechanism: Dynamic, Name: "id-token", Detail: "OIDC token"})
	}
}

func (r *actionsReader) inputDefaults(inputs *yaml.Node, p actionsPlace) {
	p.wide, p.workload, p.shared = false, "", nil
	for _, input := range r.fields(inputs) {
		f, ok := r.field(input.value, "default")
		text, isText := yamlScalar(f.value)
		if !ok || !isText {
			continue
		}
		r.seen[f.value] = true
		candidates, _ := r.candidates(input.name(), text)
		for _, c := range candidates {
			if c.Mechanism == Literal {
				c.Place = InDefault
			}
			r.add(f.key.Line, f.key.Column, p, c)
		}
	}
}

// step reads one step and returns the words of its script that name code.
func (r *actionsReader) step(step *yaml.Node, number int, p actionsPlace, shell string) []string {
	p.object.Container = "step " + strconv.Itoa(number+1)
	for _, key := range []string{"name", "id"} {
		if s := yamlText(r.get(step, key)); s != "" && !strings.Contains(s, "${{") && len(s) <= 120 {
			p.object.Container = s
		}
	}
	env := r.get(step, "env")
	r.env(env, p)
	p.known = r.secretVariables(env, p.known)
	r.inputs(step, p)
	if own := yamlText(r.get(step, "shell")); own != "" {
		shell = own
	}
	if run := r.get(step, "run"); run != nil && run.Kind == yaml.ScalarNode {
		r.script(run, p, shell)
		return scriptWords(strings.Fields(run.Value[:min(len(run.Value), maxScript)]))
	}
	return nil
}

// bulk looks everywhere else for expressions that take all secrets.
func (r *actionsReader) bulk(n *yaml.Node, depth int) {
	if n == nil || depth > 1000 || r.seen[n] {
		return
	}
	if n.Kind == yaml.ScalarNode {
		for _, e := range actionsExprs(n.Value) {
			if e.all {
				r.add(r.lineAt(n, e.start), 0, actionsPlace{}, allSecrets("secrets"))
			}
		}
	}
	for _, c := range n.Content {
		r.bulk(c, depth+1)
	}
}

func allSecrets(name string) Candidate {
	return Candidate{Mechanism: BulkRef, Name: name, Ref: Ref{Store: CISecret, Key: "*"}, Detail: "every secret of the repository"}
}
