package planner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

const readmeName = "README.md"

// artifactPath is where a step's own file stands in the migration folder, "" for
// a step without one.
func artifactPath(st *Stage, number int, s Step) string {
	folder := fmt.Sprintf("%d-%s", st.Number, st.ID)
	file := func(sub, ext string) string {
		return path.Join(folder, sub, fmt.Sprintf("%03d-%s%s", number, s.ID, ext))
	}
	switch {
	case s.Op.SQL != nil && len(s.Op.SQL.Statements) > 0:
		return file("", ".sql")
	case s.Op.VaultPolicy != nil:
		return path.Join(folder, "policies", s.Op.VaultPolicy.Name+".hcl")
	case s.Op.VaultObject != nil:
		return file("vault", ".json")
	case s.Op.Connection != nil:
		return file("vault", ".json")
	case s.Op.Patch != nil && s.Op.Patch.Diff != "":
		return file("patches", ".diff")
	}
	return ""
}

// Artifacts are the files for the reviewer by their path below the migration
// folder: every step in the form of its trade, and a timeline. They are made
// from the plan alone.
func Artifacts(p *Plan) map[string][]byte {
	files := map[string][]byte{readmeName: readme(p)}
	for _, st := range p.Stages {
		for _, s := range st.Steps {
			if s.Artifact == "" || !safePath(s.Artifact) {
				continue
			}
			if b := artifact(s); b != nil {
				files[s.Artifact] = b
			}
		}
	}
	return files
}

func artifact(s Step) []byte {
	switch {
	case s.Op.SQL != nil:
		return sqlFile(s)
	case s.Op.VaultPolicy != nil:
		return []byte(s.Op.VaultPolicy.HCL)
	case s.Op.VaultObject != nil:
		return jsonFile(map[string]any{"path": s.Op.VaultObject.Path, "data": s.Op.VaultObject.Data})
	case s.Op.Connection != nil:
		c := s.Op.Connection
		return jsonFile(map[string]any{"path": c.Mount + "/config/" + c.Name, "data": map[string]any{
			"plugin_name": "postgresql-database-plugin", "connection_url": c.URL, "allowed_roles": c.AllowedRoles, "username": c.AdminRole,
		}})
	case s.Op.Patch != nil:
		return []byte(s.Op.Patch.Diff)
	}
	return nil
}

func jsonFile(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil // strings, numbers and lists of them always encode
	}
	return b.Bytes()
}

// sqlFile shows the statements with their way back. It is for reading: the
// queries that make them safe to repeat are in the plan.
func sqlFile(s Step) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "-- %s\n-- Undo: %s.\n", s.Title, s.Undo)
	if s.Gate != "" {
		fmt.Fprintf(&b, "-- Only after: %s.\n", s.Gate)
	}
	for _, st := range s.Op.SQL.Statements {
		fmt.Fprintf(&b, "\n%s;\n", st.Do)
		if st.Undo != "" {
			fmt.Fprintf(&b, "-- undo: %s;\n", strings.ReplaceAll(st.Undo, "\n", "\n--   "))
		}
	}
	return []byte(b.String())
}
