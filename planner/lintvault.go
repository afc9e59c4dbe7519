package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl"
	"github.com/hashicorp/hcl/hcl/ast"
)

func isDatabaseRole(path string) bool {
	return strings.Contains(path, "/roles/") && !strings.HasPrefix(path, "auth/")
}

func isAuthRole(path string) bool {
	return strings.HasPrefix(path, "auth/") && strings.Contains(path, "/role/")
}

// strs reads a list of strings as Build makes it or as YAML gives it back.
func strs(v any) ([]string, bool) {
	switch list := v.(type) {
	case []string:
		return list, true
	case []any:
		out := make([]string, len(list))
		for i, e := range list {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			out[i] = s
		}
		return out, true
	}
	return nil, false
}

// lintTTL: a credential and the token behind it live between a minute and an
// hour; a missing bound means the server's default of 32 days.
func lintTTL(p *Plan, _ map[string][]int, report func(string, string, ...any)) {
	p.each(func(s Step) {
		o := s.Op.VaultObject
		if o == nil {
			return
		}
		var keys []string
		switch {
		case isDatabaseRole(o.Path):
			keys = []string{"default_ttl", "max_ttl"}
		case isAuthRole(o.Path):
			keys = []string{"token_ttl", "token_max_ttl"}
		}
		for _, key := range keys {
			seconds, ok := o.Data[key].(int)
			switch {
			case !ok:
				report(s.ID, "%s is missing or no number of seconds: the credential would live for weeks", key)
			case seconds < int(minTTL.Seconds()) || seconds > int(maxTTL.Seconds()):
				report(s.ID, "%s is %d s, want %d to %d", key, seconds, int(minTTL.Seconds()), int(maxTTL.Seconds()))
			}
		}
		for key, v := range o.Data {
			if n, ok := v.(int); strings.HasSuffix(key, "token_period") && (!ok || n != 0) {
				report(s.ID, "token_period makes a token that never ends")
			}
		}
	})
	if p.Proof.MaxTTLSeconds > int(maxTTL.Seconds()) {
		report("", "proof.maxTtlSeconds is %d, want %d at most", p.Proof.MaxTTLSeconds, int(maxTTL.Seconds()))
	}
}

// upkeep is what every identity may do beside reading its own credential.
var upkeep = map[string]string{
	"auth/token/lookup-self": "read",
	"auth/token/renew-self":  "update",
	"auth/token/revoke-self": "update",
	"sys/leases/renew":       "update",
}

// lintPolicies: a policy names one credential, its own, and no pattern.
func lintPolicies(p *Plan, _ map[string][]int, report func(string, string, ...any)) {
	own := map[string]string{}
	for _, id := range p.Agents {
		own[id.Policy] = id.CredsPath
	}
	p.each(func(s Step) {
		if s.Op.VaultPolicy == nil {
			return
		}
		paths, err := policyPaths(s.Op.VaultPolicy.HCL)
		if err != nil {
			report(s.ID, "the policy cannot be parsed")
			return
		}
		creds, known := own[s.Op.VaultPolicy.Name]
		if !known {
			report(s.ID, "the policy belongs to no identity of the plan")
		}
		for _, path := range paths {
			want, listed := upkeep[path.path]
			if path.path == creds {
				want, listed = "read", true
			}
			switch {
			case strings.ContainsAny(path.path, "*+"):
				report(s.ID, "policy path %q is a pattern", clip(path.path))
			case !listed:
				report(s.ID, "policy path %q is neither its own credential nor the upkeep of its token", clip(path.path))
			case path.other || len(path.capabilities) != 1 || path.capabilities[0] != want:
				report(s.ID, "policy path %q gives more than %q", clip(path.path), want)
			}
		}
	})
}

type policyPath struct {
	path         string
	capabilities []string
	other        bool // something beside capabilities
}

// policyPaths parses an ACL policy; what is not a path block is an error.
func policyPaths(text string) ([]policyPath, error) {
	file, err := hcl.Parse(text)
	if err != nil {
		return nil, err
	}
	root, ok := file.Node.(*ast.ObjectList)
	if !ok {
		return nil, fmt.Errorf("no list of paths")
	}
	var list []policyPath
	for _, item := range root.Items {
		if len(item.Keys) != 2 || item.Keys[0].Token.Value() != "path" {
			return nil, fmt.Errorf("line %d: want a path", item.Pos().Line)
		}
		p := policyPath{}
		p.path, _ = item.Keys[1].Token.Value().(string)
		body, ok := item.Val.(*ast.ObjectType)
		if !ok {
			return nil, fmt.Errorf("line %d: want a block", item.Pos().Line)
		}
		for _, entry := range body.List.Items {
			var caps []string
			if len(entry.Keys) != 1 || entry.Keys[0].Token.Value() != "capabilities" || hcl.DecodeObject(&caps, entry.Val) != nil {
				p.other = true
				continue
			}
			p.capabilities = append(p.capabilities, caps...)
		}
		list = append(list, p)
	}
	return list, nil
}

// lintAuthRoles: one role lets one subject in and gives it one policy.
func lintAuthRoles(p *Plan, _ map[string][]int, report func(string, string, ...any)) {
	p.each(func(s Step) {
		o := s.Op.VaultObject
		if o == nil || !isAuthRole(o.Path) {
			return
		}
		one := func(key string) {
			list, ok := strs(o.Data[key])
			if !ok || len(list) != 1 || list[0] == "" || strings.ContainsAny(list[0], "*?") {
				report(s.ID, "%s must be one plain name", key)
			}
		}
		one("token_policies")
		if o.Data["token_no_default_policy"] != true {
			report(s.ID, "token_no_default_policy must be true")
		}
		if _, kubernetes := o.Data["bound_service_account_names"]; kubernetes {
			one("bound_service_account_names")
			one("bound_service_account_namespaces")
			if text, _ := o.Data["audience"].(string); text == "" {
				report(s.ID, "audience is empty: a token for another service would be taken")
			}
			return
		}
		one("bound_audiences")
		if text, _ := o.Data["bound_subject"].(string); text == "" || strings.ContainsAny(text, "*?, ") {
			report(s.ID, "bound_subject must be one plain subject: whoever the issuer signs for could log in")
		}
		if o.Data["role_type"] != "jwt" || o.Data["user_claim"] != "sub" {
			report(s.ID, "role_type must be jwt and user_claim sub")
		}
	})
}

// lintIdentities: nothing that separates tenants is shared between identities,
// and every role of the plan belongs to one.
func lintIdentities(p *Plan, _ map[string][]int, report func(string, string, ...any)) {
	seen := map[string]string{}
	for _, id := range p.Agents {
		for _, name := range []string{"subject " + id.Subject, "auth role " + id.AuthMount + "/" + id.AuthRole, "policy " + id.Policy, "credentials " + id.CredsPath, "group " + id.Group} {
			if other, taken := seen[name]; taken {
				report("", "%s and %s share the %s", other, id.Name(), name)
			}
			seen[name] = id.Name()
		}
		if id.Tenant == "" || id.Role == "" || id.Subject == "" {
			report("", "an identity lacks its tenant, role or subject")
		}
	}
	bound := map[string]string{}
	p.each(func(s Step) {
		o := s.Op.VaultObject
		if o == nil || !isAuthRole(o.Path) {
			return
		}
		i := slices.IndexFunc(p.Agents, func(id Identity) bool { return o.Path == "auth/"+id.AuthMount+"/role/"+id.AuthRole })
		if i < 0 {
			report(s.ID, "the auth role belongs to no identity of the plan")
			return
		}
		if policies, _ := strs(o.Data["token_policies"]); !slices.Equal(policies, []string{p.Agents[i].Policy}) {
			report(s.ID, "the auth role does not give the policy of %s", p.Agents[i].Name())
		}
		subject := subjectOf(o.Data)
		if subject != p.Agents[i].Subject {
			report(s.ID, "the auth role lets in another subject than %s", p.Agents[i].Name())
		}
		if other, taken := bound[subject]; taken {
			report(s.ID, "%s lets in the same subject", other)
		}
		bound[subject] = s.ID
	})
}

func subjectOf(data map[string]any) string {
	if s, ok := data["bound_subject"].(string); ok {
		return s
	}
	names, _ := strs(data["bound_service_account_names"])
	namespaces, _ := strs(data["bound_service_account_namespaces"])
	return "system:serviceaccount:" + strings.Join(namespaces, ",") + ":" + strings.Join(names, ",")
}
