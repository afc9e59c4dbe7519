package rules

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
)

// A group is one secret with all its sightings.
type group struct {
	sightings []*sighting
	tenants   []string
	workloads []string
	literal   bool
	explained []*sighting // see telling
	out       *Secret
}

// join makes groups: sightings that share a key are about the same secret. The
// keys are equal strong values, and references to the same entry of a store.
// Bulk references and reads in code are not one secret: they are added to all
// that they reach.
func join(seen []*sighting, key secret.Key) []*group {
	u := newUnion(len(seen))
	holders := map[string]int{}
	namespaces := secretNamespaces(seen)
	variables := workflowVariables(seen)
	for i, s := range seen {
		if isMany(s) {
			continue
		}
		keys := joinKeys(s, key, namespaces)
		if k := workflowVariable(s); k != "" && len(variables[k]) == 1 {
			keys = append(keys, k)
		}
		for _, k := range keys {
			if j, ok := holders[k]; ok {
				u.merge(i, j)
			} else {
				holders[k] = i
			}
		}
	}
	byRoot := map[int]*group{}
	var groups []*group
	for i, s := range seen {
		if isMany(s) {
			continue
		}
		g := byRoot[u.root(i)]
		if g == nil {
			g = &group{}
			byRoot[u.root(i)] = g
			groups = append(groups, g)
		}
		g.add(s)
	}
	groups = attachBulk(groups, seen, namespaces)
	return attachReads(groups, seen)
}

func (g *group) add(s *sighting) {
	g.sightings = append(g.sightings, s)
	s.groups = append(s.groups, g)
}

// maxTargets bounds to how many secrets one bulk reference or read is added: a
// hostile file may hold a million.
const maxTargets = 100

// A groupList is a set that keeps its order.
type groupList struct {
	groups []*group
	has    map[*group]bool
}

func (l *groupList) add(g *group) {
	if l.has[g] || len(l.groups) == maxTargets {
		return
	}
	if l.has == nil {
		l.has = map[*group]bool{}
	}
	l.has[g] = true
	l.groups = append(l.groups, g)
}

// isMany: not about one secret of its own.
func isMany(s *sighting) bool {
	return s.verdict.mechanism == scanner.BulkRef || s.verdict.mechanism == scanner.CodeRead
}

// joinKeys are the identities that s has.
func joinKeys(s *sighting, key secret.Key, namespaces map[string][]string) []string {
	var keys []string
	c, dir := s.c, path.Dir(s.c.At.Path)
	if s.print != "" {
		if isStrong(s.verdict.value.Reveal()) {
			keys = append(keys, "value "+s.print)
		} else {
			keys = append(keys, "weak "+dir+"\x00"+strings.ToLower(c.Name)+"\x00"+s.print)
		}
	}
	if !s.verdict.identity.IsZero() {
		keys = append(keys, "login "+key.Fingerprint(s.verdict.identity))
	}
	switch {
	case c.Place == scanner.InSecretData:
		keys = append(keys, storeKeys("secret", c.Object.Namespace, c.Object.Name, c.Name, dir, namespaces)...)
	case c.Place == scanner.InConfigData:
		keys = append(keys, storeKeys("configmap", c.Object.Namespace, c.Object.Name, c.Name, dir, namespaces)...)
	case c.Kind == scanner.Dotenv && c.Place != scanner.InComment:
		keys = append(keys, "env "+c.At.Path+"\x00"+c.Name)
	}
	r := c.Ref
	switch r.Store {
	case scanner.KubernetesSecret:
		keys = append(keys, storeKeys("secret", r.Namespace, r.Name, r.Key, dir, namespaces)...)
	case scanner.KubernetesConfigMap:
		keys = append(keys, storeKeys("configmap", r.Namespace, r.Name, r.Key, dir, namespaces)...)
	case scanner.Environment:
		switch {
		case c.Kind == scanner.GitHubActions: // ${{ env.NAME }}
			keys = append(keys, "workflow "+c.At.Path+"\x00"+r.Key)
		case r.Scope == "":
			keys = append(keys, "env "+path.Join(dir, ".env")+"\x00"+r.Key)
		default:
			keys = append(keys, "env "+r.Scope+"\x00"+r.Key)
		}
	case scanner.EnvFile:
		keys = append(keys, "env "+r.Name+"\x00"+r.Key)
	case scanner.CISecret:
		keys = append(keys, "ci "+strings.ToUpper(r.Key))
	case scanner.Manager, scanner.SecretFile:
		if r.Name != "" {
			keys = append(keys, "store "+string(r.Store)+"\x00"+r.Namespace+"\x00"+r.Name+"\x00"+r.Key)
		}
	}
	if s.verdict.mechanism == scanner.StaticRef || c.Place == scanner.InDefault {
		keys = append(keys, "spot "+spot(s))
	}
	return keys
}

// workflowVariables lists what each variable of a workflow is filled from: jobs
// may give one name to different secrets, and then ${{ env.NAME }} tells none.
func workflowVariables(seen []*sighting) map[string][]string {
	out := map[string][]string{}
	for _, s := range seen {
		k := workflowVariable(s)
		if source := s.c.Ref.Key + "\x00" + s.print; k != "" && !slices.Contains(out[k], source) {
			out[k] = append(out[k], source)
		}
	}
	return out
}

func workflowVariable(s *sighting) string {
	if s.c.Kind != scanner.GitHubActions || s.c.Place != scanner.InEnv || s.c.Ref.Store == scanner.Environment || isMany(s) {
		return ""
	}
	return "workflow " + s.c.At.Path + "\x00" + s.c.Name
}

// storeKeys names an entry of a Secret. Its namespace is part of its identity;
// without one it is the same only as its namesakes in the same folder, and as
// the one of a namespace if the folder knows just that one (kustomize adds the
// namespace later).
func storeKeys(kind, namespace, name, key, dir string, namespaces map[string][]string) []string {
	if name == "" {
		return nil
	}
	local := kind + " @" + dir + "\x00" + name + "\x00" + key
	if namespace == "" {
		return []string{local}
	}
	keys := []string{kind + " " + namespace + "\x00" + name + "\x00" + key}
	if len(namespaces[kind+dir+"\x00"+name]) == 1 {
		keys = append(keys, local)
	}
	return keys
}

// secretNamespaces lists, per folder and Secret name, the namespaces in use.
func secretNamespaces(seen []*sighting) map[string][]string {
	out := map[string][]string{}
	add := func(kind, namespace, name, dir string) {
		k := kind + dir + "\x00" + name
		if name != "" && namespace != "" && !slices.Contains(out[k], namespace) {
			out[k] = append(out[k], namespace)
		}
	}
	for _, s := range seen {
		dir := path.Dir(s.c.At.Path)
		switch {
		case s.c.Place == scanner.InSecretData:
			add("secret", s.c.Object.Namespace, s.c.Object.Name, dir)
		case s.c.Place == scanner.InConfigData:
			add("configmap", s.c.Object.Namespace, s.c.Object.Name, dir)
		case s.c.Ref.Store == scanner.KubernetesSecret:
			add("secret", s.c.Ref.Namespace, s.c.Ref.Name, dir)
		case s.c.Ref.Store == scanner.KubernetesConfigMap:
			add("configmap", s.c.Ref.Namespace, s.c.Ref.Name, dir)
		}
	}
	return out
}

// attachBulk adds a bulk reference to every secret of what it imports; one
// whose content is unknown is a secret of its own.
func attachBulk(groups []*group, seen []*sighting, namespaces map[string][]string) []*group {
	entries := map[string]*groupList{} // store → groups with an entry in it
	add := func(k string, g *group) {
		if entries[k] == nil {
			entries[k] = &groupList{}
		}
		entries[k].add(g)
	}
	for _, g := range groups {
		for _, s := range g.sightings {
			c := s.c
			switch {
			case c.Place == scanner.InSecretData:
				for _, k := range storeKeys("secret", c.Object.Namespace, c.Object.Name, "", path.Dir(c.At.Path), namespaces) {
					add(k, g)
				}
			case c.Place == scanner.InConfigData:
				for _, k := range storeKeys("configmap", c.Object.Namespace, c.Object.Name, "", path.Dir(c.At.Path), namespaces) {
					add(k, g)
				}
			case c.Kind == scanner.Dotenv && c.Place != scanner.InComment:
				add("file "+c.At.Path, g)
			case c.Ref.Store == scanner.CISecret && c.Kind == scanner.GitHubActions:
				add("ci", g)
			}
		}
	}
	own := map[string]*group{}
	for _, s := range seen {
		if s.verdict.mechanism != scanner.BulkRef {
			continue
		}
		keys := bulkKeys(s, namespaces)
		var targets groupList
		for _, k := range keys {
			if list := entries[k]; list != nil {
				for _, g := range list.groups {
					targets.add(g)
				}
			}
		}
		for _, g := range targets.groups {
			g.add(s)
		}
		if len(s.groups) > 0 {
			continue
		}
		k := spot(s)
		if len(keys) > 0 {
			k = keys[0]
		}
		if own[k] == nil {
			own[k] = &group{}
			groups = append(groups, own[k])
		}
		own[k].add(s)
	}
	return groups
}

func bulkKeys(s *sighting, namespaces map[string][]string) []string {
	r, dir := s.c.Ref, path.Dir(s.c.At.Path)
	switch r.Store {
	case scanner.KubernetesSecret:
		return storeKeys("secret", r.Namespace, r.Name, "", dir, namespaces)
	case scanner.KubernetesConfigMap:
		return storeKeys("configmap", r.Namespace, r.Name, "", dir, namespaces)
	case scanner.EnvFile:
		return []string{"file " + r.Name}
	case scanner.CISecret:
		return []string{"ci"}
	}
	return nil
}

// attachReads adds a read in code to the secret that its variable carries: the
// only one of that name, else those that workloads built from that code get,
// else those nearest in the folders, else all. A variable that nothing sets is a
// secret of its own.
func attachReads(groups []*group, seen []*sighting) []*group {
	byName := map[string]*groupList{}
	for _, g := range groups {
		for _, s := range g.sightings {
			name := variable(s)
			if name == "" {
				continue
			}
			if byName[name] == nil {
				byName[name] = &groupList{}
			}
			byName[name].add(g)
		}
	}
	own := map[string]*group{}
	found := map[string][]*group{} // by name and folder of the read
	for _, s := range seen {
		if s.verdict.mechanism != scanner.CodeRead {
			continue
		}
		place := s.c.Name + "\x00" + path.Dir(s.c.At.Path)
		if _, ok := found[place]; !ok && byName[s.c.Name] != nil {
			found[place] = nearest(byName[s.c.Name].groups, s.c.At.Path)
		}
		for _, g := range found[place] {
			g.add(s)
		}
		if len(s.groups) > 0 {
			continue
		}
		if own[s.c.Name] == nil {
			own[s.c.Name] = &group{}
			groups = append(groups, own[s.c.Name])
		}
		own[s.c.Name].add(s)
	}
	return groups
}

// variable is the environment variable that s sets, "" if it sets none.
func variable(s *sighting) string {
	switch {
	case s.verdict.mechanism == scanner.BulkRef, s.c.Kind == scanner.GitHubActions:
		return ""
	case s.c.Place == scanner.InEnv, s.c.Place == scanner.InDefault, s.c.Place == scanner.InWrite, s.c.Place == scanner.InSecretData, s.c.Place == scanner.InConfigData:
		return s.c.Name
	}
	return ""
}

func nearest(groups []*group, file string) []*group {
	if len(groups) < 2 {
		return groups
	}
	var built []*group
	depth := make([]int, len(groups))
	deepest := 0
	for i, g := range groups {
		fits := false
		for _, s := range g.sightings {
			if s.workload != nil && slices.ContainsFunc(s.workload.BuildContexts, func(dir string) bool { return within(file, dir) }) {
				fits = true
			}
			depth[i] = max(depth[i], sharedFolders(s.c.At.Path, file))
		}
		if fits {
			built = append(built, g)
		}
		deepest = max(deepest, depth[i])
	}
	if len(built) > 0 {
		return built
	}
	var out []*group
	for i, g := range groups {
		if depth[i] == deepest {
			out = append(out, g)
		}
	}
	return out
}

func within(file, dir string) bool {
	return dir == "." || dir == "" || strings.HasPrefix(file, strings.TrimSuffix(dir, "/")+"/")
}

func sharedFolders(a, b string) int {
	x, y := strings.Split(path.Dir(a), "/"), strings.Split(path.Dir(b), "/")
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] && x[n] != "." {
		n++
	}
	return n
}

func itoa(n int) string { return strconv.Itoa(n) }

// A union is a disjoint-set forest with path halving.
type union []int

func newUnion(n int) union {
	u := make(union, n)
	for i := range u {
		u[i] = i
	}
	return u
}

func (u union) root(i int) int {
	for u[i] != i {
		u[i] = u[u[i]]
		i = u[i]
	}
	return i
}

// merge keeps the smaller root, so that groups come in the order of their first
// sighting.
func (u union) merge(i, j int) {
	a, b := u.root(i), u.root(j)
	if a > b {
		a, b = b, a
	}
	u[b] = a
}
