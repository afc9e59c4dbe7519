package planner

import (
	"path"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// ownership tells which workload runs which code. The evidence is what names it:
// the last part of an image, a compose service, a folder, a command. Where it
// says nothing, code counts for every workload that could contain it.
type ownership struct {
	sources  *sources
	names    map[string][]string        // normalized name → workloads that bear it
	contexts map[string][]string        // workload → folders that its image is built from
	reach    map[string]map[string]bool // workload → sources that its own code imports, itself included
	cache    map[string][]string        // file → workloads, as of found them
	modules  map[string][]string        // module or package name → Python files
}

func owners(workloads []rules.Workload, s *sources) *ownership {
	o := &ownership{sources: s, names: map[string][]string{}, contexts: map[string][]string{},
		reach: map[string]map[string]bool{}, cache: map[string][]string{}, modules: map[string][]string{}}
	for _, p := range s.paths {
		if path.Ext(p) == ".py" {
			for _, word := range sorted([]string{module(p), path.Base(path.Dir(p))}) {
				o.modules[word] = append(o.modules[word], p)
			}
		}
	}
	for _, w := range workloads {
		if w.Kind == scanner.GitHubActions {
			continue // a job called "common" owns no folder
		}
		for _, n := range codeNames(w) {
			o.names[n] = append(o.names[n], w.ID)
		}
	}
	// A Deployment and the compose service of its name run the same image.
	built := map[string][]string{} // name → build contexts
	for _, w := range workloads {
		for _, n := range codeNames(w) {
			built[n] = append(built[n], w.BuildContexts...)
		}
	}
	for _, w := range workloads {
		list := w.BuildContexts
		if len(list) == 0 {
			for _, n := range codeNames(w) {
				list = append(list, built[n]...)
			}
		}
		o.contexts[w.ID] = sorted(list)
	}
	return o
}

func module(p string) string { return strings.TrimSuffix(path.Base(p), ".py") }

// codeNames are the names by which a workload's code can be found.
func codeNames(w rules.Workload) []string {
	list := []string{normal(w.Object.Name), normal(w.AgentRole)}
	for _, image := range w.Images {
		image, _, _ = strings.Cut(image, "@")
		image = path.Base(image)
		image, _, _ = strings.Cut(image, ":")
		list = append(list, normal(image))
	}
	return slices.DeleteFunc(sorted(list), func(n string) bool { return n == "" || n == "." })
}

func normal(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }

// of returns the workloads that a file belongs to by name: its nearest folder
// that bears one, or else the file itself.
func (o *ownership) of(file string) []string {
	list, known := o.cache[file]
	if !known {
		list = o.find(file)
		o.cache[file] = list
	}
	return list
}

func (o *ownership) find(file string) []string {
	dir, base := path.Split(file)
	folders := strings.Split(strings.TrimSuffix(dir, "/"), "/")
	for _, f := range slices.Backward(folders) {
		if list := o.names[normal(f)]; len(list) > 0 {
			return list
		}
	}
	return o.names[normal(strings.TrimSuffix(base, path.Ext(base)))]
}

// A link says how sure it is that a workload runs a file.
type link int

const (
	apart   link = iota // it does not
	maybe               // nothing tells whose code it is
	runs                // it does, or its image contains it
	foreign             // another workload's, and not imported
)

func (o *ownership) link(w rules.Workload, file string) link {
	owners := o.of(file)
	switch {
	case slices.Contains(owners, w.ID), commanded(w, file), o.reachable(w)[file]:
		return runs
	case len(owners) > 0:
		return foreign
	}
	contexts := o.contexts[w.ID]
	if len(contexts) == 0 {
		return maybe
	}
	if slices.ContainsFunc(contexts, func(c string) bool { return within(c, file) }) {
		return runs
	}
	return apart
}

// code reports whether any source of the workload is in the tree.
func (o *ownership) code(w rules.Workload) bool {
	return slices.ContainsFunc(o.sources.paths, func(p string) bool {
		return o.link(w, p) == runs && !strings.HasPrefix(path.Base(p), "Dockerfile")
	})
}

func within(dir, file string) bool {
	dir = path.Clean(dir)
	return dir == "." || strings.HasPrefix(file, dir+"/")
}

// commanded reports whether a command of the workload names the file: by a path
// with a folder in it or by a dotted module. A bare "main.py" says nothing.
func commanded(w rules.Workload, file string) bool {
	for _, c := range w.Commands {
		p := strings.TrimPrefix(path.Clean("/"+c), "/")
		if strings.Contains(c, ".") && !strings.Contains(c, "/") && !sourceExtensions[path.Ext(c)] {
			p = strings.ReplaceAll(c, ".", "/") + ".py"
		}
		if strings.Contains(p, "/") && (file == p || strings.HasSuffix(file, "/"+p)) {
			return true
		}
	}
	return false
}

// reachable follows the imports of a workload's own Python files. It goes by
// words, so it reaches too much rather than too little.
func (o *ownership) reachable(w rules.Workload) map[string]bool {
	if r, done := o.reach[w.ID]; done {
		return r
	}
	r := map[string]bool{}
	o.reach[w.ID] = r
	words := map[string]bool{}
	var queue []string
	for _, p := range o.sources.paths {
		if slices.Contains(o.of(p), w.ID) || commanded(w, p) {
			queue = append(queue, p)
		}
	}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if r[next] {
			continue
		}
		r[next] = true
		var fresh []string
		for _, word := range o.sources.imports(next) {
			if !words[word] {
				words[word] = true
				fresh = append(fresh, word)
			}
		}
		for _, word := range fresh {
			for _, p := range o.modules[word] {
				if !r[p] && o.imported(p, words) {
					queue = append(queue, p)
				}
			}
		}
	}
	return r
}

// imported reports whether import words reach a file: both its package and its
// module for another workload's file (so that two agent.py stay apart), either
// of them for shared code.
func (o *ownership) imported(p string, words map[string]bool) bool {
	folder := path.Base(path.Dir(p))
	if module(p) == "__init__" {
		return words[folder]
	}
	if len(o.of(p)) > 0 {
		return words[folder] && words[module(p)]
	}
	return words[module(p)] || words[folder]
}
