package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agentsec/agentsec/scanner"
)

// identities makes one identity for each (tenant, agent role) among the
// consumers and enters it there. Who cannot have one gets a blocker.
func identities(list []consumer, db target, auth Auth) ([]Identity, error) {
	var made []Identity
	for _, key := range identityKeys(list) {
		members := key.members(list)
		if len(db.roleGrants(key.role)) == 0 {
			for _, i := range members {
				list[i].blockers = append(list[i].blockers, input(fmt.Sprintf("%s.grants: say what role %s may do on which table", db.key, key.role)))
			}
			continue
		}
		namespace, blocked := chooseNamespace(list, members, auth)
		id, err := nameIdentity(db.Database, auth, key.tenant, key.role, namespace)
		if err != nil {
			return nil, fmt.Errorf("naming the identity of %s: %w", list[members[0]].w.ID, err)
		}
		for _, i := range members {
			list[i].identity = len(made)
			list[i].blockers = append(list[i].blockers, blocked[i]...)
			id.Workloads = append(id.Workloads, list[i].w.ID)
		}
		made = append(made, id)
	}
	return made, distinct(made)
}

type identityKey struct{ tenant, role string }

func identityKeys(list []consumer) []identityKey {
	var keys []identityKey
	for _, c := range list {
		if t := tenantsOf(c.w); len(t) == 1 && !c.unused && !c.inCI() && len(c.exposures) > 0 {
			keys = append(keys, identityKey{t[0], c.role()})
		}
	}
	slices.SortFunc(keys, func(a, b identityKey) int {
		return strings.Compare(a.tenant+"\x00"+a.role, b.tenant+"\x00"+b.role)
	})
	return slices.Compact(keys)
}

func (k identityKey) members(list []consumer) []int {
	var members []int
	for i, c := range list {
		if t := tenantsOf(c.w); len(t) == 1 && t[0] == k.tenant && c.role() == k.role && !c.unused && !c.inCI() && len(c.exposures) > 0 {
			members = append(members, i)
		}
	}
	return members
}

// chooseNamespace finds the one Kubernetes namespace of an identity. An identity
// has one subject, so a second namespace needs a role of its own.
func chooseNamespace(list []consumer, members []int, auth Auth) (string, map[int][]blocker) {
	namespace := ""
	blocked := map[int][]blocker{}
	for _, i := range members {
		w := list[i].w
		switch {
		case w.Kind != scanner.Kubernetes:
			if auth.Method == "kubernetes" {
				blocked[i] = append(blocked[i], input(fmt.Sprintf("%s: %s has no ServiceAccount to log in with: auth.method jwt is what it needs", at(w.At), w.ID)))
			}
		case w.Object.Namespace == "":
			blocked[i] = append(blocked[i], input(fmt.Sprintf("%s: %s has no metadata.namespace, so its ServiceAccount is not known", at(w.At), w.ID)))
		case !mountName.MatchString(w.Object.Namespace):
			blocked[i] = append(blocked[i], input(fmt.Sprintf("%s: metadata.namespace is not a DNS label", at(w.At))))
		case namespace == "":
			namespace = w.Object.Namespace
		case namespace != w.Object.Namespace:
			blocked[i] = append(blocked[i], input(fmt.Sprintf("%s: %s runs in another namespace than %s, where its tenant and role have their ServiceAccount: give it a role of its own in agents[]", at(w.At), w.ID, namespace)))
		}
	}
	return namespace, blocked
}

// distinct refuses two identities under one name: "a-b"/"c" and "a"/"b-c".
func distinct(list []Identity) error {
	seen := map[string]string{}
	for _, id := range list {
		for _, name := range []string{id.AuthRole, id.Group, id.Subject} {
			if other, taken := seen[name]; taken {
				return fmt.Errorf("naming identities: %s and %s would both be %s: rename a tenant or a role", other, id.Name(), name)
			}
			seen[name] = id.Name()
		}
	}
	return nil
}
