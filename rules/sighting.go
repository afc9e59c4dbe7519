package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/scanner"
)

// A sighting is a candidate that is about a secret.
type sighting struct {
	c        *scanner.Candidate
	verdict  verdict
	rule     *Rule
	severity Severity
	print    string    // fingerprint of the value
	workload *Workload // nil if it belongs to none
	tenants  []string
	groups   []*group // one; several for a bulk reference or a read
	silent   bool     // joins, but is no finding of its own
	id       string   // of the finding
	shown    string   // see displayName
}

// see classifies all candidates of an inventory. The second result are those
// that reach their process the right way.
func see(inv *scanner.Inventory, workloads []Workload, opts *Options, finder *tenantFinder) ([]*sighting, []Dynamic) {
	byID := make(map[string]*Workload, len(workloads))
	for i := range workloads {
		byID[workloads[i].ID] = &workloads[i]
	}
	verdicts := make([]verdict, len(inv.Candidates))
	for i := range inv.Candidates {
		c := &inv.Candidates[i]
		verdicts[i] = classify(c, opts.ValuePatterns, around(c, byID[c.Workload])...)
	}
	files := knownFiles(inv.Candidates, verdicts)
	byPlace := map[placeKey]tenancy{}
	var seen []*sighting
	dynamic := []Dynamic{}
	for i := range inv.Candidates {
		c := &inv.Candidates[i]
		w := byID[c.Workload]
		v := verdicts[i]
		if (v.mechanism == scanner.Dynamic || v.file) && !c.Outside {
			detail := c.Detail
			if v.file {
				detail = "the variable holds the path of a mounted secret"
			}
			dynamic = append(dynamic, Dynamic{Name: printable(c.Name), At: c.At, Object: cleanObject(c.Object), Detail: printable(detail)})
			continue
		}
		if v.class == NoSecret || v.mechanism == scanner.Dynamic || files.harmless(c) {
			continue
		}
		s := &sighting{c: c, verdict: v, workload: w, print: opts.Key.Fingerprint(v.value), silent: c.Outside}
		if w != nil {
			s.tenants = w.allTenants()
		} else {
			p := placeKey{c.At.Path, c.Object.Namespace, c.Object.InKubernetes()}
			t, ok := byPlace[p]
			if !ok {
				t = finder.find(placeOf(c))
				byPlace[p] = t
			}
			s.tenants = t.names
		}
		seen = append(seen, s)
	}
	return dedupe(seen), dynamic
}

// placeKey is the key under which a tenancy is remembered.
type placeKey struct {
	path, namespace string
	kubernetes      bool
}

// around are the names near c that help to tell its class, nearest first.
func around(c *scanner.Candidate, w *Workload) []string {
	names := []string{c.Ref.Name, c.Object.Name}
	if c.Place == scanner.InSecretData || c.Place == scanner.InConfigData {
		return append(names, path.Base(c.At.Path))
	}
	if w != nil {
		names = append(names, w.Images...)
	}
	if c.Mechanism == scanner.Leak || c.Place == scanner.InCommand {
		names = append(names, c.Object.Container, c.Detail)
	}
	return names
}

// known tells what files and stores hold that the scan has read.
type known struct {
	plain  map[string]bool // "path\x00key" of a dotenv file: a URL without a password
	files  map[string]bool // dotenv files; "configmap ns/name"
	secret map[string]bool // of those, the ones that hold a secret
}

func knownFiles(candidates []scanner.Candidate, verdicts []verdict) *known {
	k := &known{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for i := range candidates {
		c := &candidates[i]
		if c.Place == scanner.InComment || c.Place == scanner.InText {
			continue
		}
		var holder string
		switch {
		case c.Kind == scanner.Dotenv:
			holder = c.At.Path
			k.plain[c.At.Path+"\x00"+c.Name] = verdicts[i].class == NoSecret && kindOfValue(c.Value.Reveal()) == valueURL
		case c.Place == scanner.InConfigData:
			holder = configMapHolder(c.Object.Namespace, c.Object.Name, c.At.Path)
		default:
			continue
		}
		k.files[holder] = true
		if verdicts[i].class != NoSecret {
			k.secret[holder] = true
		}
	}
	return k
}

func configMapHolder(namespace, name, file string) string {
	if namespace == "" {
		namespace = "@" + path.Dir(file)
	}
	return "configmap " + namespace + "/" + name
}

// harmless: a reference whose target is known and holds no secret.
func (k *known) harmless(c *scanner.Candidate) bool {
	switch {
	case c.Mechanism == scanner.BulkRef && c.Ref.Store == scanner.EnvFile:
		return k.files[c.Ref.Name] && !k.secret[c.Ref.Name]
	case c.Mechanism == scanner.BulkRef && c.Ref.Store == scanner.KubernetesConfigMap:
		// Configuration is what ConfigMaps are for: only one that is known to hold
		// a secret is a finding.
		return !k.secret[configMapHolder(c.Ref.Namespace, c.Ref.Name, c.At.Path)]
	case c.Mechanism == scanner.StaticRef && c.Ref.Store == scanner.Environment && kindOfName(c.Name) == nameStoreURL && c.Value.IsZero():
		// REDIS_URL=redis://cache:6379 holds no password.
		return k.plain[c.Ref.Scope+"\x00"+c.Ref.Key]
	}
	return false
}

// dedupe keeps one finding of several on the same thing: what structure saw
// over what a pattern saw, and the literal default over the reference that it
// is the default of.
func dedupe(seen []*sighting) []*sighting {
	type line struct {
		path string
		line int
	}
	structured := map[line]bool{}
	literal := map[string]bool{}
	exact := map[string]bool{}
	for _, s := range seen {
		if s.c.Place != scanner.InText {
			structured[line{s.c.At.Path, s.c.At.Line}] = true
			if isLiteral(s) {
				literal[spot(s)] = true
			}
		}
	}
	return slices.DeleteFunc(seen, func(s *sighting) bool {
		at := line{s.c.At.Path, s.c.At.Line}
		if s.c.Place == scanner.InText {
			if structured[at] {
				return true
			}
		} else if s.verdict.mechanism == scanner.StaticRef && literal[spot(s)] {
			s.silent = true // the default is reported; the reference still joins
			return false
		}
		key := strings.Join([]string{spot(s), string(s.verdict.mechanism), string(s.c.Place), s.c.Ref.Key, s.c.Ref.Name, s.print}, "\x00")
		if s.c.Place == scanner.InText {
			key = strings.Join([]string{spot(s), s.print}, "\x00")
		}
		if exact[key] {
			return true
		}
		exact[key] = true
		return false
	})
}

// spot is a place down to the line and the name.
func spot(s *sighting) string {
	return strings.Join([]string{s.c.At.Path, itoa(s.c.At.Line), s.c.Object.String(), s.c.Name}, "\x00")
}

func cleanObject(o scanner.Object) scanner.Object {
	return scanner.Object{Kind: printable(o.Kind), Namespace: printable(o.Namespace), Name: printable(o.Name), Container: printable(o.Container)}
}
