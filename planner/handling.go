package planner

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/rules"
	"github.com/agentsec/agentsec/scanner"
)

// handling judges what code does with the variable that carries the credential.
// A workload is ready when every read of it that the workload may run takes the
// value from the file that NAME_FILE names, at the time of use.
type handling struct {
	own     *ownership
	reads   []rules.Read               // sorted by position
	context map[string]scanner.Context // of code reads, by position
}

func newHandling(scan *rules.Scan, own *ownership) *handling {
	h := &handling{own: own, reads: scan.Reads, context: map[string]scanner.Context{}}
	for _, f := range scan.Findings {
		if f.Mechanism == scanner.CodeRead {
			h.context[at(f.At)+f.Name] = f.Context
		}
	}
	return h
}

// fileReads are what one file does with one variable.
type fileReads struct {
	path                string
	link                link
	direct, write, file []rules.Read
}

func (h *handling) of(w rules.Workload, name string) []fileReads {
	var list []fileReads
	for _, r := range h.reads {
		if r.Name != name && r.Name != name+"_FILE" || h.context[at(r.At)+r.Name] != scanner.Deployed {
			continue
		}
		link := h.own.link(w, r.At.Path)
		if link == apart || link == foreign {
			continue
		}
		if len(list) == 0 || list[len(list)-1].path != r.At.Path {
			list = append(list, fileReads{path: r.At.Path, link: link})
		}
		f := &list[len(list)-1]
		switch {
		case r.Name == name && r.Write:
			f.write = append(f.write, r)
		case r.Name == name:
			f.direct = append(f.direct, r)
		case !r.Write:
			f.file = append(f.file, r)
		}
	}
	return list
}

// judge returns what stands in the way of taking the variable away from w.
func (h *handling) judge(w rules.Workload, name string) []blocker {
	var list []blocker
	proven := false
	for _, f := range h.of(w, name) {
		late := false // the file reads NAME_FILE when it needs it
		for _, r := range f.file {
			if r.Scope == scanner.ModuleScope {
				list = append(list, codeChange(fmt.Sprintf("%s: %s is read once at import: a renewed credential would not be seen", at(r.At), r.Name)))
			} else {
				late = true
			}
		}
		proven = proven || late && f.link == runs
		for _, r := range f.write {
			list = append(list, codeChange(fmt.Sprintf("%s: %s is put back into the environment", at(r.At), name)))
		}
		for _, r := range f.direct {
			switch {
			case !late:
				list = append(list, codeChange(fmt.Sprintf("%s: %s is read from the environment%s: read the file that %s_FILE names, at each connect", at(r.At), name, scope(r), name)))
			case !r.Optional && r.Scope == scanner.FunctionScope && !h.fallback(r, f.file):
				list = append(list, codeChange(fmt.Sprintf("%s: %s is required here, and the function does not read %s_FILE", at(r.At), name, name)))
			case r.Scope == scanner.ModuleScope && !r.Optional:
				list = append(list, codeChange(fmt.Sprintf("%s: %s is required at import, so the process would not start without it", at(r.At), name)))
			}
		}
	}
	list = append(list, h.beyondReads(w, name)...)
	if !proven && len(list) == 0 {
		list = append(list, codeChange(fmt.Sprintf("%s: no code that reads %s_FILE was found for %s; its credential handling is unproven", at(w.At), name, shown(w))))
	}
	if !h.own.sources.complete {
		list = append(list, input("the source tree could not be read to its end, so what code does with "+name+" is unproven"))
	}
	return list
}

// fallback reports whether a required read stands in one function with a read
// of the file's name: no definition begins between the two.
func (h *handling) fallback(r rules.Read, files []rules.Read) bool {
	lines := strings.Split(string(h.own.sources.read(r.At.Path)), "\n")
	for _, f := range files {
		from, to := min(r.At.Line, f.At.Line), max(r.At.Line, f.At.Line)
		if f.Scope != scanner.FunctionScope || to > len(lines) {
			continue
		}
		if !slices.ContainsFunc(lines[from-1:to], func(line string) bool {
			line = strings.TrimSpace(line)
			return strings.HasPrefix(line, "def ") || strings.HasPrefix(line, "async def ") || strings.HasPrefix(line, "class ")
		}) {
			return true
		}
	}
	return false
}

func scope(r rules.Read) string {
	if r.Scope == scanner.ModuleScope {
		return " once at import"
	}
	return ""
}

func shown(w rules.Workload) string {
	if len(w.Images) > 0 {
		return "image " + strings.Join(w.Images, ", ")
	}
	return w.ID
}

// beyondReads finds code whose reads the scanner does not extract: files that
// cannot be read, and mentions in other languages. What they do is for a human
// to say.
func (h *handling) beyondReads(w rules.Workload, name string) []blocker {
	var list []blocker
	for _, p := range h.own.sources.paths {
		if h.own.link(w, p) != runs {
			continue
		}
		if h.own.sources.read(p) == nil {
			list = append(list, codeChange(fmt.Sprintf("%s: it is unreadable or larger than %d MiB, so what it does with %s is unproven", p, maxSourceFile>>20, name)))
			continue
		}
		if path.Ext(p) == ".py" {
			continue
		}
		if line := h.own.sources.mention(p, name); line > 0 {
			list = append(list, codeChange(fmt.Sprintf("%s:%d: %s is named in code whose reads agentsec cannot judge", p, line, name)))
		}
	}
	return list
}

// unused reports whether the code of w is here and never names the variable: it
// is handed over with others (an env file) and not used.
func (h *handling) unused(w rules.Workload, name string) bool {
	if len(h.of(w, name)) > 0 || !h.own.sources.complete || !h.own.code(w) {
		return false
	}
	return !slices.ContainsFunc(h.own.sources.paths, func(p string) bool {
		return h.own.link(w, p) == runs && (h.own.sources.read(p) == nil ||
			h.own.sources.mention(p, name) > 0 || h.own.sources.mention(p, name+"_FILE") > 0)
	})
}
