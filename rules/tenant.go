package rules

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/scanner"
	"github.com/bmatcuk/doublestar/v4"
)

// A place is what tenancy is told from.
type place struct {
	path      string
	namespace string
	name      string              // of the workload
	labels    []map[string]string // of the workload, then of its namespace
}

// A tenancy says who a place belongs to, and what told it.
type tenancy struct {
	names  []string
	source string
}

// tenantFinder applies the policy, then conventions, strongest first. What
// nothing tells stays unknown: a guess would hide a shared secret.
type tenantFinder struct {
	rules      []TenantRule
	namespaces map[string]map[string]string
	known      map[string]bool // names found so far, for the weak conventions
}

func (f *tenantFinder) find(p place) tenancy {
	if p.namespace != "" {
		p.labels = append(p.labels, f.namespaces[p.namespace])
	}
	var t tenancy
	for _, rule := range f.rules {
		if rule.Name != "" && slices.ContainsFunc(rule.Selectors, func(s Selector) bool { return s.matches(p) }) {
			t.names, t.source = append(t.names, rule.Name), "configuration"
		}
	}
	if t.names == nil {
		t = byConvention(p)
	}
	if t.names == nil {
		if name := f.byFileName(p.path); name != "" {
			t = tenancy{[]string{name}, "file name"}
		}
	}
	slices.Sort(t.names)
	t.names = slices.Compact(t.names)
	for _, n := range t.names {
		f.known[n] = true
	}
	return t
}

// matches: all non-empty fields; an empty selector matches nothing.
func (s Selector) matches(p place) bool {
	if s == (Selector{}) {
		return false
	}
	return (s.Namespace == "" || glob(s.Namespace, p.namespace)) &&
		(s.Workload == "" || glob(s.Workload, p.name)) &&
		(s.Path == "" || glob(s.Path, p.path)) &&
		(s.Label == "" || hasLabel(s.Label, p.labels))
}

// glob matches text that is there; "*" does not cross a slash, "**" does.
func glob(pattern, text string) bool {
	if text == "" {
		return false
	}
	ok, err := doublestar.Match(pattern, text)
	return ok && err == nil
}

func hasLabel(selector string, labels []map[string]string) bool {
	key, want, exact := strings.Cut(selector, "=")
	for _, set := range labels {
		if got, ok := set[key]; ok {
			return !exact || got == want // the workload's label hides its namespace's
		}
	}
	return false
}

var (
	tenantLabel = regexp.MustCompile(`^(?:[\w.-]+/)?(?:tenant|tenant[-_]?id|tenant[-_]?name|customer|customer[-_]?id)$`)
	// tenantName bounds what conventions accept: no templates, no sentences.
	tenantName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
	prefixed   = regexp.MustCompile(`^(?:tenant|customer)-(.+)$`)
	suffixed   = regexp.MustCompile(`^(.+)-(?:tenant|customer)$`)
	// notTenants are words that conventions meet where no customer is meant.
	notTenants = wordSet(`multi per single shared all base common default template templates example examples sample values
		system operator controller manager service services api app platform admin infra global _template _base schema kustomization
		index readme namespace namespaces config`)
)

func byConvention(p place) tenancy {
	for _, labels := range p.labels {
		keys := make([]string, 0, len(labels))
		for key := range labels {
			if tenantLabel.MatchString(key) {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		for _, key := range keys {
			if isTenantName(labels[key]) {
				return tenancy{[]string{labels[key]}, "label " + printable(key)}
			}
		}
	}
	for _, form := range []*regexp.Regexp{prefixed, suffixed} {
		if m := form.FindStringSubmatch(p.namespace); m != nil && isTenantName(m[1]) {
			return tenancy{[]string{m[1]}, "namespace"}
		}
	}
	parts := strings.Split(p.path, "/")
	for i := 0; i+1 < len(parts); i++ {
		if dir := strings.ToLower(parts[i]); dir != "tenants" && dir != "customers" {
			continue
		}
		name := parts[i+1]
		if i+2 == len(parts) { // tenants/aurora.yaml
			name = strings.TrimSuffix(name, path.Ext(name))
			if name == "" || strings.HasPrefix(parts[i+1], ".") {
				continue
			}
		}
		if isTenantName(name) {
			return tenancy{[]string{name}, "folder"}
		}
	}
	return tenancy{}
}

func isTenantName(s string) bool { return tenantName.MatchString(s) && !notTenants[strings.ToLower(s)] }

// byFileName accepts values-aurora.yaml and .env.aurora once aurora is known as
// a tenant: on its own, ".env.production" names none.
func (f *tenantFinder) byFileName(p string) string {
	base := path.Base(p)
	for _, part := range strings.FieldsFunc(base, func(r rune) bool { return r == '.' || r == '_' }) {
		if f.known[part] {
			return part
		}
		for name := range f.known {
			if strings.HasSuffix(part, "-"+name) && (strings.HasPrefix(part, "values-") || strings.HasPrefix(part, "env-") || strings.HasPrefix(part, "secrets-")) {
				return name
			}
		}
	}
	return ""
}

// placeOf is where a candidate that no workload owns stands.
func placeOf(c *scanner.Candidate) place {
	p := place{path: c.At.Path}
	if c.Object.InKubernetes() {
		p.namespace = c.Object.Namespace
	}
	return p
}
