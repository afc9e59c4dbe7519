package planner

import (
	"fmt"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// annotations configure the Vault Agent Injector for one pod: log in as the
// identity, render one URL to a file, renew it, and revoke it at the end.
func annotations(m *manifest, c consumer, id Identity, db target, auth Auth, inits bool) []string {
	var list []string
	set := func(key, value string) { list = append(list, injector+key+": "+value) }
	set("agent-inject", `"true"`)
	set("role", quoted(id.AuthRole))
	set("auth-type", auth.Method)
	set("auth-path", "auth/"+auth.Mount)
	set("agent-service-account-token-volume-name", volumeName)
	if auth.Method == "jwt" {
		set("auth-config-path", tokenFile)
		// The projected volume is read-only; the default is to delete the file.
		set("auth-config-remove-jwt-after-reading", `"false"`)
	}
	set("agent-revoke-on-shutdown", `"true"`)
	if inits {
		set("agent-init-first", `"true"`)
	}
	if m.kind == "Job" || m.kind == "CronJob" {
		// A sidecar would keep the Job from ever completing.
		set("agent-pre-populate-only", `"true"`)
	}
	perms := `"0400"`
	switch user, group, where := m.runAs(c.exposures[0].container); where {
	case firstContainer:
		set("agent-run-as-same-user", `"true"`)
	case elsewhere:
		set("agent-run-as-user", strconv.Quote(user))
		if group != "" {
			set("agent-run-as-group", strconv.Quote(group))
		}
	default:
		// Whoever the image runs as must be able to read it; nobody outside the
		// pod can.
		perms = `"0444"`
	}
	for _, v := range c.variables() {
		n := fileName(v)
		set("agent-inject-secret-"+n, id.CredsPath)
		set("agent-inject-perms-"+n, perms)
		set("agent-inject-template-"+n, "|")
		list = append(list, pad(2,
			fmt.Sprintf(`{{- with secret "%s" -}}`, id.CredsPath),
			db.url("{{ .Data.username | urlquery }}", "{{ .Data.password | urlquery }}"),
			`{{- end -}}`)...)
	}
	return list
}

// A runAsSource tells where a manifest says which user the process runs as.
type runAsSource int

const (
	unknownUser runAsSource = iota
	// firstContainer: agent-run-as-same-user works only with the user of
	// containers[0].securityContext; the injector refuses the pod otherwise.
	firstContainer
	elsewhere
)

func (m *manifest) runAs(container string) (user, group string, where runAsSource) {
	c, init := m.container(container)
	number := func(n *yaml.Node, key string) string {
		v := scalar(n, "securityContext", key)
		if u, err := strconv.ParseUint(v, 10, 31); err != nil || u == 0 {
			return ""
		}
		return v
	}
	own := number(c, "runAsUser")
	if _, list := child(m.spec, "containers"); own != "" && !init && slices.Index(list.Content, c) == 0 {
		return own, "", firstContainer
	}
	if user = or(own, number(m.spec, "runAsUser")); user == "" {
		return "", "", unknownUser
	}
	return user, or(number(c, "runAsGroup"), number(m.spec, "runAsGroup")), elsewhere
}
