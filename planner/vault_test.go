package planner

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/vault/api"

	"github.com/agentsec/agentsec/internal/localserver"
	"github.com/agentsec/agentsec/internal/localserver/servertest"
	"github.com/agentsec/agentsec/internal/secret"
)

// What the plan writes to Vault reads back equal, so that a second apply finds
// nothing to do; and the whole of it issues a login that sees one tenant and
// dies, with its session, when it is revoked. (Package migrate tests the same
// through apply; here it is the plan's own words that are on trial.)
func TestObjectsReadBackEqual(t *testing.T) {
	server := servertest.Vault(t)
	config := api.DefaultConfig()
	config.Address = server.Address
	vault, err := api.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	vault.SetToken(server.Token.Reveal())
	postgres, admin := startPostgres(t)
	harbourTables(t, admin)

	for _, method := range []string{"jwt", "kubernetes"} {
		tree, scan := platform(true)
		settings := harbour()
		settings.Auth.Method, settings.Auth.KubernetesHost = method, "https://cluster.harbour.example:6443"
		settings.Databases[0].Host, settings.Databases[0].Port = postgres.Host, postgres.Port
		settings.Databases[0].Database, settings.Databases[0].SSLMode = "postgres", "disable"
		p := mustBuild(t, scan, settings, tree)
		p.each(func(s Step) {
			switch {
			case s.Op.SQL != nil && s.Gate == "":
				run(t, admin, s.Op.SQL.Statements)
			case s.Op.VaultMount != nil && method == "jwt":
				err = vault.Sys().Mount(s.Op.VaultMount.Path, &api.MountInput{Type: s.Op.VaultMount.Type})
			case s.Op.VaultAuth != nil:
				err = vault.Sys().EnableAuthWithOptions(s.Op.VaultAuth.Path, &api.EnableAuthOptions{Type: s.Op.VaultAuth.Type})
			case s.Op.Connection != nil:
				c := s.Op.Connection
				mustExec(t, admin, "ALTER ROLE "+ident(c.AdminRole)+" LOGIN PASSWORD 'taken-over'")
				_, err = vault.Logical().Write(c.Mount+"/config/"+c.Name, map[string]any{
					"plugin_name": "postgresql-database-plugin", "connection_url": c.URL, "allowed_roles": c.AllowedRoles,
					"username": c.AdminRole, "password": "taken-over",
				})
			case s.Op.VaultPolicy != nil:
				if err = vault.Sys().PutPolicy(s.Op.VaultPolicy.Name, s.Op.VaultPolicy.HCL); err == nil {
					var back string
					if back, err = vault.Sys().GetPolicy(s.Op.VaultPolicy.Name); back != s.Op.VaultPolicy.HCL {
						t.Errorf("%s reads back as %s", s.ID, back)
					}
				}
			case s.Op.VaultObject != nil:
				err = readBack(t, vault, s.Op.VaultObject)
			}
			if err != nil {
				t.Fatalf("%s: %v", s.ID, err)
			}
		})
		if method == "jwt" {
			issueAndRevoke(t, vault, postgres, p)
		}
	}
}

func readBack(t *testing.T, vault *api.Client, o *VaultObject) error {
	t.Helper()
	if _, err := vault.Logical().Write(o.Path, o.Data); err != nil {
		return err
	}
	got, err := vault.Logical().Read(o.Path)
	if err != nil {
		return err
	}
	for key, want := range o.Data {
		if slices.Contains(o.Unreadable, key) {
			continue
		}
		if diff := cmp.Diff(normalised(t, want), normalised(t, got.Data[key])); diff != "" {
			t.Errorf("%s: %s reads back differently: %s", o.Path, key, diff)
		}
	}
	return nil
}

func normalised(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func issueAndRevoke(t *testing.T, vault *api.Client, server *localserver.Postgres, p *Plan) {
	t.Helper()
	issued, err := vault.Logical().Read(p.Agents[0].CredsPath)
	if err != nil {
		t.Fatal(err)
	}
	if issued.LeaseDuration != 300 {
		t.Errorf("the lease lives %d s, want 300", issued.LeaseDuration)
	}
	url := strings.NewReplacer("{{username}}", fmt.Sprint(issued.Data["username"]), "{{password}}", fmt.Sprint(issued.Data["password"])).
		Replace(stepsOf(p)["database-connection"].Op.Connection.URL)
	session := dial(t, secret.New(url))
	if got := rowsOf(t, session, "SELECT DISTINCT tenant FROM ships"); !slices.Equal(got, []string{"north"}) {
		t.Errorf("%s sees %v", p.Agents[0].Name(), got)
	}
	if err := vault.Sys().RevokeWithOptions(&api.RevokeOptions{LeaseID: issued.LeaseID, Sync: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("the session survived the revocation")
	}
}
