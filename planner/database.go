package planner

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/agentsec/agentsec/rules"
)

// Vault's names and bounds for the database stage.
const (
	databaseMount = "database"
	adminInput    = "database-admin-url"
	staticInput   = "static-database-url"

	minTTL = time.Minute
	maxTTL = time.Hour
)

// A target is a Database of the settings with its defaults filled in and every
// name checked: what follows can quote it without a second thought.
type target struct {
	Database
	key    string // "databases[0]", for messages
	tables []table
	grants []grant
	values map[string]string // tenant → what the tenancy column holds
	ttl    time.Duration
	max    time.Duration
}

type grant struct {
	role   string
	table  table
	rights []string // in the order of allRights
}

var allRights = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

// adminRole is the login that Vault makes the others with.
func (t target) adminRole() string { return "vault_admin_" + t.Name }

// value is what the tenancy column holds for a tenant.
func (t target) value(tenant string) string {
	if v, ok := t.values[tenant]; ok {
		return v
	}
	return tenant
}

// roleGrants are the grants of one agent role, nil if the settings name none.
func (t target) roleGrants(role string) []grant {
	var list []grant
	for _, g := range t.grants {
		if g.role == role {
			list = append(list, g)
		}
	}
	return list
}

// url is the address with what stands for user and password.
func (t target) url(user, password string) string {
	return fmt.Sprintf("postgresql://%s:%s@%s/%s?sslmode=%s", user, password,
		net.JoinHostPort(strings.Trim(t.Host, "[]"), strconv.Itoa(t.Port)), t.Database.Database, t.SSLMode)
}

// findDatabase returns the index of the entry that lists one of the variables.
func findDatabase(list []Database, names []string) int {
	return slices.IndexFunc(list, func(d Database) bool {
		return slices.ContainsFunc(d.Variables, func(v string) bool { return slices.Contains(names, v) })
	})
}

// resolve checks an entry. Missing keys come back by name, for the operator to
// fill; a key that is there and wrong is an error.
func resolve(d Database, index int, found *rules.Endpoint) (t target, missing []string, err error) {
	t = target{Database: d, key: fmt.Sprintf("databases[%d]", index), values: map[string]string{}}
	if found != nil {
		// What a URL has templates for (${DB_HOST}) is not known.
		known := func(s string, form *regexp.Regexp) string {
			if form.MatchString(s) {
				return s
			}
			return ""
		}
		port, _ := strconv.Atoi(found.Port)
		t.Host, t.Port = or(t.Host, known(found.Host, hostName)), or(t.Port, port)
		t.Database.Database = or(t.Database.Database, known(found.Database, sqlName))
		t.LegacyRole = or(t.LegacyRole, known(found.User, loginName))
	}
	t.Port, t.SSLMode = or(t.Port, 5432), or(t.SSLMode, "verify-full")
	for _, need := range []struct{ key, value string }{
		{"name", t.Name}, {"host", t.Host}, {"database", t.Database.Database},
		{"legacyRole", t.LegacyRole}, {"tenancy.column", t.Tenancy.Column},
		{"tenancy.tables", strings.Join(t.Tenancy.Tables, "")},
	} {
		if need.value == "" {
			missing = append(missing, t.key+"."+need.key)
		}
	}
	if len(t.Grants) == 0 {
		missing = append(missing, t.key+".grants")
	}
	for _, check := range []func() error{t.checkServer, t.checkTTL, t.checkTenancy, t.checkGrants} {
		if err := check(); err != nil {
			return t, missing, fmt.Errorf("reading settings: %s.%w", t.key, err)
		}
	}
	return t, missing, nil
}

func (t *target) checkServer() error {
	switch {
	case t.Name != "" && !serverName.MatchString(t.Name):
		return fmt.Errorf("name %q: want a lower-case letter, then letters, digits and hyphens, 32 at most", clip(t.Name))
	case t.Host != "" && !hostName.MatchString(t.Host):
		return errors.New("host: it is not a host name or address")
	case t.Port < 1 || t.Port > 65535:
		return fmt.Errorf("port %d is not a port", t.Port)
	case t.Database.Database != "" && !sqlName.MatchString(t.Database.Database):
		return errors.New("database: it is not a plain database name")
	case t.LegacyRole != "" && !loginName.MatchString(t.LegacyRole):
		return errors.New("legacyRole: it is not a plain role name")
	case !slices.Contains([]string{"disable", "require", "verify-ca", "verify-full"}, t.SSLMode):
		return errors.New("sslmode: want verify-full, verify-ca, require or disable")
	}
	for _, k := range t.Keep {
		// A policy for everybody would show each agent the rows of all tenants.
		if !loginName.MatchString(k) || strings.EqualFold(k, "public") {
			return fmt.Errorf("keep %q: want the name of a role", clip(k))
		}
	}
	t.Keep = sorted(t.Keep)
	return nil
}

func (t *target) checkTTL() (err error) {
	parse := func(key, s, fallback string) time.Duration {
		d, e := time.ParseDuration(or(s, fallback))
		if err == nil && (e != nil || d < minTTL || d > maxTTL || d%time.Second != 0) {
			err = fmt.Errorf("%s %q: want whole seconds between %s and %s, like 15m", key, clip(s), "1m", "1h")
		}
		return d
	}
	t.ttl, t.max = parse("ttl", t.TTL, "15m"), parse("maxTtl", t.Max, "1h")
	if err == nil && t.ttl > t.max {
		err = fmt.Errorf("ttl %s is longer than maxTtl %s", t.ttl, t.max)
	}
	return err
}

func (t *target) checkTenancy() error {
	if c := t.Tenancy.Column; c != "" && !sqlName.MatchString(c) {
		return fmt.Errorf("tenancy.column %q is not a plain column name", clip(c))
	}
	for _, s := range sorted(t.Tenancy.Tables) {
		parsed, ok := parseTable(s)
		if !ok {
			return fmt.Errorf("tenancy.tables %q: want table or schema.table", clip(s))
		}
		if !slices.Contains(t.tables, parsed) {
			t.tables = append(t.tables, parsed)
		}
	}
	held := map[string]string{}
	for _, pair := range sorted(t.Tenancy.Values) {
		tenant, value, ok := strings.Cut(pair, "=")
		if !ok || checkLabel("tenant", tenant) != nil || value == "" || len(value) > 200 || strings.ContainsFunc(value, unsafeInSQL) {
			return errors.New("tenancy.values: want tenant=value")
		}
		if other, taken := held[value]; taken {
			return fmt.Errorf("tenancy.values: %s and %s have the same value, so they would see each other's rows", other, tenant)
		}
		if _, twice := t.values[tenant]; twice {
			return fmt.Errorf("tenancy.values names %s twice", tenant)
		}
		held[value], t.values[tenant] = tenant, value
	}
	return nil
}

func unsafeInSQL(r rune) bool {
	return r == '\\' || r == unicode.ReplacementChar || !unicode.IsPrint(r)
}

func (t *target) checkGrants() error {
	merged := map[string]map[table]map[string]bool{}
	for i, g := range t.Grants {
		key := fmt.Sprintf("grants[%d]", i)
		if err := checkLabel("role", g.Role); err != nil {
			return fmt.Errorf("%s.%w", key, err)
		}
		parsed, ok := parseTable(g.Table)
		if !ok {
			return fmt.Errorf("%s.table %q: want table or schema.table", key, clip(g.Table))
		}
		if !slices.Contains(t.tables, parsed) {
			return fmt.Errorf("%s.table %s is not in tenancy.tables: without row security an agent would see the rows of every tenant", key, parsed)
		}
		if len(g.Rights) == 0 {
			return fmt.Errorf("%s.rights is empty", key)
		}
		for _, r := range g.Rights {
			r = strings.ToUpper(r)
			if !slices.Contains(allRights, r) {
				return fmt.Errorf("%s.rights %q: want SELECT, INSERT, UPDATE or DELETE", key, clip(r))
			}
			if merged[g.Role] == nil {
				merged[g.Role] = map[table]map[string]bool{}
			}
			if merged[g.Role][parsed] == nil {
				merged[g.Role][parsed] = map[string]bool{}
			}
			merged[g.Role][parsed][r] = true
		}
	}
	for role, tables := range merged {
		for tab, rights := range tables {
			g := grant{role: role, table: tab}
			for _, r := range allRights {
				if rights[r] {
					g.rights = append(g.rights, r)
				}
			}
			t.grants = append(t.grants, g)
		}
	}
	slices.SortFunc(t.grants, func(a, b grant) int {
		return strings.Compare(a.role+" "+a.table.String(), b.role+" "+b.table.String())
	})
	return nil
}
