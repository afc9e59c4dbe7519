package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/scanner"
)

// userinfo is the part of a URL or image reference that may hold a password.
var userinfo = regexp.MustCompile(`(://|^)[^\s/@:]*:[^\s/@]*@`)

func withoutUserinfo(s string) string {
	if !strings.Contains(s, "@") {
		return s
	}
	return userinfo.ReplaceAllString(s, "$1")
}

// plainName is what of a name can be one: "DB_PASSWORD:hunter2" in a list of
// variables is a slip of whoever wrote it, and the rest of it is the value.
func plainName(c *scanner.Candidate) string {
	name := withoutUserinfo(c.Name)
	if c.Kind == scanner.Kubernetes {
		return name // ".dockerconfigjson/registry:5000"
	}
	if i := strings.IndexAny(name, ":= \t\r\n"); i >= 0 {
		return name[:i]
	}
	return name
}

// tidy is inv without what names and labels may hold of a value. It works by
// place, where redact works by value: a short or common password is known as one
// by where it stands only.
func tidy(inv *scanner.Inventory) *scanner.Inventory {
	out := *inv
	out.Candidates = slices.Clone(inv.Candidates)
	for i := range out.Candidates {
		c := &out.Candidates[i]
		if name := plainName(c); name != c.Name {
			if c.Ref.Key == c.Name {
				c.Ref.Key = name
			}
			c.Name = name
		}
		c.Ref.Name = withoutUserinfo(c.Ref.Name)
		c.Object.Name, c.Object.Container = withoutUserinfo(c.Object.Name), withoutUserinfo(c.Object.Container)
		c.Workload = withoutUserinfo(c.Workload)
	}
	out.Workloads = slices.Clone(inv.Workloads)
	for i := range out.Workloads {
		w := &out.Workloads[i]
		w.ID = withoutUserinfo(w.ID)
		w.Object.Name, w.Object.Container = withoutUserinfo(w.Object.Name), withoutUserinfo(w.Object.Container)
		w.Images = slices.Clone(w.Images)
		for j := range w.Images {
			w.Images[j] = withoutUserinfo(w.Images[j])
		}
		if w.Labels != nil {
			labels := make(map[string]string, len(w.Labels))
			for k, v := range w.Labels {
				if !isSecretName(k) {
					labels[k] = withoutUserinfo(v)
				}
			}
			w.Labels = labels
		}
	}
	return &out
}
