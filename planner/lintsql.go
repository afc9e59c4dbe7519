package planner

import (
	"regexp"
	"strings"
)

// closing statements end what a role can do. A plan needs them in one place: to
// retire the old login.
var (
	alterRole  = regexp.MustCompile(`(?is)\b(?:ALTER|DROP)\s+(?:ROLE|USER|GROUP)\s+(?:IF\s+EXISTS\s+)?("(?:[^"]|"")+"|[^\s;]+)`)
	terminates = regexp.MustCompile(`(?i)pg_terminate_backend|pg_cancel_backend`)
)

// lintRetire: whatever touches the old login waits for the proof, and comes
// after every step that moves a workload.
func lintRetire(p *Plan, _ map[string][]int, report func(string, string, ...any)) {
	retired := false
	p.each(func(s Step) {
		if s.Op.SQL != nil && touchesLegacy(s.Op.SQL.Statements, p.Proof.LegacyRole) {
			retired = true
			if s.Gate != AfterVerify {
				report(s.ID, "it changes the login that is to be retired and is not gated on %q", AfterVerify)
			}
			return
		}
		if retired && s.Op.Patch != nil {
			report(s.ID, "it moves a workload after the old login is retired")
		}
	})
}

func touchesLegacy(list []Statement, legacy string) bool {
	for _, st := range list {
		for _, m := range alterRole.FindAllStringSubmatch(st.Do, -1) {
			if role := strings.ReplaceAll(strings.Trim(m[1], `"`), `""`, `"`); strings.EqualFold(role, legacy) {
				return true
			}
		}
		if terminates.MatchString(st.Do) {
			return true
		}
	}
	return false
}

// lintRevocation: a login that is dropped keeps its open sessions.
func lintRevocation(p *Plan, _ map[string][]int, report func(string, string, ...any)) {
	p.each(func(s Step) {
		o := s.Op.VaultObject
		if o == nil || !isDatabaseRole(o.Path) {
			return
		}
		list, _ := strs(o.Data["revocation_statements"])
		all := strings.Join(list, "\n")
		if !terminates.MatchString(all) {
			report(s.ID, "revocation leaves open sessions alive: its statements call no pg_terminate_backend")
		}
		if !strings.Contains(strings.ToUpper(all), "DROP ROLE") {
			report(s.ID, "revocation leaves the login: its statements drop no role")
		}
	})
}

func lintConnections(p *Plan, _ map[string][]int, report func(string, string, ...any)) {
	p.each(func(s Step) {
		c := s.Op.Connection
		if c == nil {
			return
		}
		if len(c.AllowedRoles) == 0 {
			report(s.ID, "allowedRoles is empty")
		}
		for _, r := range c.AllowedRoles {
			if strings.ContainsAny(r, "*+") {
				report(s.ID, "allowedRoles holds a pattern: any role written to the mount could use the connection")
			}
		}
		if user, _, _ := strings.Cut(c.URL, "@"); !strings.Contains(user, "{{username}}:{{password}}") {
			report(s.ID, "url must carry {{username}}:{{password}}, never a login")
		}
	})
}

func lintEmpty(p *Plan, _ map[string][]int, report func(string, string, ...any)) {
	p.each(func(s Step) {
		switch {
		case s.Op.kinds() != 1:
			report(s.ID, "it has %d operations, want one", s.Op.kinds())
		case s.Status == Ready && len(s.Blockers) > 0:
			report(s.ID, "it is ready and has blockers")
		case s.Status != Ready:
		case s.Op.Patch != nil && s.Op.Patch.Diff == "", s.Op.SQL != nil && len(s.Op.SQL.Statements) == 0:
			report(s.ID, "it is ready and does nothing")
		}
	})
}
