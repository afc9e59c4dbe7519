package scanner

import (
	"strings"
)

// kubernetesVars finds the $(VAR) that the kubelet expands in command, args and
// env values; $$(VAR) stays text.
func kubernetesVars(text string) word {
	var w word
	var b strings.Builder
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "$$"):
			b.WriteByte('$')
			i += 2
		case kubernetesVar(text[i:]) > 0:
			end := i + kubernetesVar(text[i:])
			w.refs = append(w.refs, wordRef{start: b.Len(), end: b.Len() + end - i, variable: text[i+2 : end-1]})
			b.WriteString(text[i:end])
			i = end
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	w.text = b.String()
	return w
}

// kubernetesVar is the length of the $(VAR) that text begins with, 0 for none.
func kubernetesVar(text string) int {
	name, ok := strings.CutPrefix(text, "$(")
	end := strings.IndexByte(name, ')')
	if !ok || end < 1 || strings.ContainsAny(name[:end], " \t\n$(\"'") {
		return 0
	}
	return len("$(") + end + len(")")
}
