package scanner

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// word joins the parts of a shell word: quotes removed, expansions as references.
func (s *shellReader) word(parts []syntax.WordPart, offset int) word {
	w := word{offset: s.base + offset}
	var b strings.Builder
	s.parts(&w, &b, parts, 0)
	w.text = b.String()
	w.addMasks()
	return w
}

func (s *shellReader) parts(w *word, b *strings.Builder, parts []syntax.WordPart, depth int) {
	if depth > 50 {
		return
	}
	for _, part := range parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(unescape(p.Value))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			s.parts(w, b, p.Parts, depth+1)
		default:
			ref := s.reference(part, depth)
			ref.start = b.Len()
			b.WriteString(s.source(part))
			ref.end = b.Len()
			w.refs = append(w.refs, ref)
		}
	}
}

// unescape removes the backslashes that quote a character of a literal.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
			if text[i] == '\n' {
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// source is the text of an expansion as written.
func (s *shellReader) source(n syntax.Node) string {
	start, end := s.base+int(n.Pos().Offset()), s.base+int(n.End().Offset())
	if start < 0 || end > len(s.script) || start >= end {
		return "$"
	}
	return s.script[start:end]
}

// reference says what fills an expansion.
func (s *shellReader) reference(part syntax.WordPart, depth int) wordRef {
	switch p := part.(type) {
	case *syntax.ParamExp:
		if p.Param == nil || !isName(p.Param.Value) {
			return wordRef{}
		}
		ref := wordRef{variable: p.Param.Value}
		if p.Exp != nil && p.Exp.Word != nil {
			switch p.Exp.Op {
			case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull,
				syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
				var inner word
				var b strings.Builder
				s.parts(&inner, &b, p.Exp.Word.Parts, depth+1)
				inner.text = b.String()
				inner.addMasks()
				ref.fallback, _ = inner.filled()
			}
		}
		return ref
	case *syntax.CmdSubst:
		return s.substitution(p, depth)
	}
	return wordRef{}
}

// substitution knows $(cat file), $(< file) and the $(VAR) of Kubernetes.
func (s *shellReader) substitution(p *syntax.CmdSubst, depth int) wordRef {
	if len(p.Stmts) != 1 {
		return wordRef{}
	}
	stmt := p.Stmts[0]
	if stmt.Cmd == nil && len(stmt.Redirs) == 1 && stmt.Redirs[0].Op == syntax.RdrIn {
		return wordRef{file: s.fileWord(stmt.Redirs[0].Word, depth)}
	}
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok {
		return wordRef{}
	}
	switch {
	case len(call.Args) == 2 && call.Args[0].Lit() == "cat":
		return wordRef{file: s.fileWord(call.Args[1], depth)}
	case len(call.Args) == 1 && isName(call.Args[0].Lit()) && strings.ToUpper(call.Args[0].Lit()) == call.Args[0].Lit():
		return wordRef{variable: call.Args[0].Lit()}
	}
	return wordRef{}
}

func (s *shellReader) fileWord(w *syntax.Word, depth int) string {
	var inner word
	var b strings.Builder
	s.parts(&inner, &b, w.Parts, depth+1)
	return b.String()
}

// addMasks turns masked expressions in the text into references.
func (w *word) addMasks() {
	if !strings.Contains(w.text, maskStart) {
		return
	}
	var refs []wordRef
	for _, m := range mask.FindAllStringSubmatchIndex(w.text, -1) {
		n, err := strconv.Atoi(w.text[m[2]:m[3]])
		if err != nil {
			continue
		}
		refs = append(refs, wordRef{start: m[0], end: m[1], expr: n})
	}
	// Both lists are in order. An expression inside an expansion is left to the
	// command that holds it: X=$(curl -H "… ${{ secrets.X }}").
	merged := make([]wordRef, 0, len(refs)+len(w.refs))
	i := 0
	for _, r := range w.refs {
		for ; i < len(refs) && refs[i].start < r.start; i++ {
			merged = append(merged, refs[i])
		}
		for i < len(refs) && refs[i].start < r.end {
			i++
		}
		merged = append(merged, r)
	}
	w.refs = append(merged, refs[i:]...)
}

// writeTarget is the CI file ("GITHUB_ENV") that a statement appends to.
func (s *shellReader) writeTarget(n *syntax.Stmt) string {
	for _, r := range n.Redirs {
		if (r.Op == syntax.AppOut || r.Op == syntax.RdrOut) && r.Word != nil {
			if t := s.ciFile(r.Word); t != "" {
				return t
			}
		}
	}
	// echo … | tee -a "$GITHUB_ENV"
	if pipe, ok := n.Cmd.(*syntax.BinaryCmd); ok && (pipe.Op == syntax.Pipe || pipe.Op == syntax.PipeAll) && pipe.Y != nil {
		if call, ok := pipe.Y.Cmd.(*syntax.CallExpr); ok && len(call.Args) > 1 && call.Args[0].Lit() == "tee" {
			return s.ciFile(call.Args[len(call.Args)-1])
		}
	}
	return ""
}

func (s *shellReader) ciFile(w *syntax.Word) string {
	ref, ok := s.word(w.Parts, 0).only()
	if ok && (ref.variable == "GITHUB_ENV" || ref.variable == "GITHUB_OUTPUT" || ref.variable == "GITHUB_STATE") {
		return ref.variable
	}
	return ""
}

func (s *shellReader) heredocs(n *syntax.Stmt, target string) {
	for _, r := range n.Redirs {
		if r.Hdoc != nil {
			for _, line := range s.word(r.Hdoc.Parts, int(r.Hdoc.Pos().Offset())).split("\n") {
				s.written(line, target)
			}
		}
	}
}

// written records NAME=value in what is appended to a CI file; a value without a
// name (a heredoc delimiter form, a dump) is recorded under the target's.
func (s *shellReader) written(w word, target string) {
	name, value, ok := w.cut("=")
	if !ok || !name.constant() || !isName(strings.TrimSpace(name.text)) {
		if w.constant() {
			return
		}
		name, value = literalWord(target), w
	}
	s.add(commandValue{use: useWrite, name: strings.TrimSpace(name.text), value: value, target: target})
}
