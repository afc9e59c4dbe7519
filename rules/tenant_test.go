package rules

import (
	"strings"
	"testing"
)

func newFinder(rules ...TenantRule) *tenantFinder {
	f := &tenantFinder{rules: rules, known: map[string]bool{}, namespaces: map[string]map[string]string{
		"blue": {"acme.example/tenant": "borealis"}, "plain": {},
	}}
	for _, r := range rules {
		f.known[r.Name] = true
	}
	return f
}

func TestTenantOfAPlace(t *testing.T) {
	labels := func(kv ...string) []map[string]string {
		m := map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return []map[string]string{m}
	}
	rules := []TenantRule{
		{Name: "aurora", Selectors: []Selector{{Namespace: "tenant-aurora"}, {Label: "acme.example/tenant=aurora"}}},
		{Name: "cumulus", Selectors: []Selector{{Path: "clusters/**/cumulus-*.yaml"}, {Workload: "shared-*"}}},
		{Name: "delta", Selectors: []Selector{{Workload: "shared-*"}, {}}},
		{Name: "both", Selectors: []Selector{{Namespace: "x", Workload: "y*"}}},
	}
	for _, c := range []struct {
		what         string
		configured   bool
		place        place
		want, source string
	}{
		{"namespace selector", true, place{path: "a.yaml", namespace: "tenant-aurora"}, "aurora", "configuration"},
		{"label selector", true, place{path: "a.yaml", labels: labels("acme.example/tenant", "aurora")}, "aurora", "configuration"},
		{"path selector", true, place{path: "clusters/eu/a/cumulus-1.yaml"}, "cumulus", "configuration"},
		{"several", true, place{path: "a", name: "shared-db"}, "cumulus delta", "configuration"},
		{"all fields", true, place{path: "a", namespace: "x", name: "yes"}, "both", "configuration"},
		{"not all fields", true, place{path: "a", namespace: "x", name: "no"}, "", ""},
		{"an empty selector matches nothing", true, place{path: "a"}, "", ""},
		{"label", false, place{path: "a", labels: labels("tenant", "aurora")}, "aurora", "label tenant"},
		{"label with a domain", false, place{path: "a", labels: labels("acme.example/tenant", "aurora", "app", "x")}, "aurora", "label acme.example/tenant"},
		{"label of the namespace", false, place{path: "a", namespace: "blue"}, "borealis", "label acme.example/tenant"},
		{"templated label", false, place{path: "a", labels: labels("tenant", "{{ .tenant }}")}, "", ""},
		{"namespace prefix", false, place{path: "a", namespace: "customer-nova"}, "nova", "namespace"},
		{"namespace suffix", false, place{path: "a", namespace: "nova-tenant"}, "nova", "namespace"},
		{"multi-tenant is none", false, place{path: "a", namespace: "multi-tenant"}, "", ""},
		{"tenant-operator is none", false, place{path: "a", namespace: "tenant-operator"}, "", ""},
		{"folder", false, place{path: "deploy/tenants/aurora/app.yaml"}, "aurora", "folder"},
		{"file in a folder of tenants", false, place{path: "deploy/tenants/aurora.yaml"}, "aurora", "folder"},
		{"shared folder", false, place{path: "deploy/tenants/base/app.yaml"}, "", ""},
		{"nothing tells", false, place{path: "deploy/app.yaml", namespace: "plain"}, "", ""},
		{"environment, not tenant", false, place{path: ".env.production"}, "", ""},
	} {
		f := newFinder()
		if c.configured {
			f = newFinder(rules...)
		}
		got := f.find(c.place)
		if strings.Join(got.names, " ") != c.want || got.source != c.source {
			t.Errorf("%s: got %v from %q, want %q from %q", c.what, got.names, got.source, c.want, c.source)
		}
	}
}

func TestFileNameTellsAKnownTenantOnly(t *testing.T) {
	f := newFinder()
	if got := f.find(place{path: "values-aurora.yaml"}); got.names != nil {
		t.Errorf("unknown: got %v", got)
	}
	f.find(place{path: "a", namespace: "tenant-aurora"})
	for _, p := range []string{"values-aurora.yaml", "env/.env.aurora", "aurora.env"} {
		if got := f.find(place{path: p}); strings.Join(got.names, "") != "aurora" || got.source != "file name" {
			t.Errorf("%s: got %v", p, got)
		}
	}
}
