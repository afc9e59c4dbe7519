package planner

import (
	"fmt"
	"strings"
)

// readme is the plan's timeline for people.
func readme(p *Plan) []byte {
	var b strings.Builder
	b.WriteString("# Migration\n\n")
	if p.Chosen.Secret == "" {
		fmt.Fprintf(&b, "Nothing to migrate: %s.\n", markdown(p.Chosen.Reason))
	} else {
		fmt.Fprintf(&b, "%s.\n", markdown(p.Chosen.Reason))
	}
	b.WriteString("\n`plan.yaml` is what `agentsec migrate apply` does; the files here are its steps for reading.\n\n## Timeline\n\n| Stage | When | What | Steps |\n|---|---|---|---|\n")
	for _, st := range p.Stages {
		ready := 0
		for _, s := range st.Steps {
			if s.Status == Ready {
				ready++
			}
		}
		steps := "-"
		if len(st.Steps) > 0 {
			steps = fmt.Sprintf("%d of %d ready", ready, len(st.Steps))
		}
		fmt.Fprintf(&b, "| %d %s | %s | %s | %s |\n", st.Number, st.ID, st.When, st.Title, steps)
	}
	for _, st := range p.Stages {
		if len(st.Steps) > 0 {
			fmt.Fprintf(&b, "\n## Stage %d: %s\n", st.Number, st.ID)
		}
		for _, s := range st.Steps {
			readmeStep(&b, s)
		}
	}
	if len(p.Open) > 0 {
		b.WriteString("\n## Left open\n\n")
		for _, o := range p.Open {
			fmt.Fprintf(&b, "- `%s` %s\n", o.Finding, markdown(o.Why))
		}
	}
	return []byte(b.String())
}

func readmeStep(b *strings.Builder, s Step) {
	fmt.Fprintf(b, "\n### %s\n\n%s. Status: **%s**", s.ID, markdown(s.Title), s.Status)
	if s.Gate != "" {
		fmt.Fprintf(b, ", only after: %s", s.Gate)
	}
	b.WriteString(".\n\n")
	for _, why := range s.Blockers {
		fmt.Fprintf(b, "- blocked: %s\n", markdown(why))
	}
	fmt.Fprintf(b, "- check: %s\n- undo: %s\n", markdown(s.Check), markdown(s.Undo))
	if s.Unverified != "" {
		fmt.Fprintf(b, "- not exercised: %s\n", markdown(s.Unverified))
	}
	if s.Artifact != "" {
		fmt.Fprintf(b, "- file: [%s](%s)\n", s.Artifact, s.Artifact)
	}
}

// markdown keeps names from a hostile repository from becoming markup.
var markdownEscapes = strings.NewReplacer("|", `\|`, "<", "&lt;", "[", `\[`, "]", `\]`, "`", "'", "\n", " ", "\r", " ", "*", `\*`)

func markdown(s string) string { return markdownEscapes.Replace(s) }
