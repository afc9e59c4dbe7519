package scanner

import (
	"regexp"
	"strings"

	"github.com/rhysd/actionlint"
)

// An actionsExpr is what one ${{ … }} of a workflow says about secrets.
type actionsExpr struct {
	start, end int      // in the text that holds it
	secrets    []string // names, upper case as the service stores them
	all        bool     // toJSON(secrets), secrets[name]: any of them
	token      bool     // github.token, secrets.GITHUB_TOKEN: issued to the job
	env        string   // env.NAME, as written
	literal    string   // a string that can become the value: x && 'literal' || …
}

// maxExpression is the service's own limit of an expression; the parser recurses.
const maxExpression = 21000

// actionsExprs finds the expressions of a text, in order.
func actionsExprs(text string) []actionsExpr {
	var out []actionsExpr
	for at := 0; ; {
		i := strings.Index(text[at:], "${{")
		if i < 0 {
			return out
		}
		start := at + i
		end := start + 3 + expressionEnd(text[start+3:])
		out = append(out, readExpression(text[start+3:end], start, min(end+2, len(text))))
		at = min(end+2, len(text))
	}
}

// expressionEnd finds the }} outside of strings; without one, the expression
// ends with its line.
func expressionEnd(text string) int {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\'':
			quoted = !quoted
		case !quoted && strings.HasPrefix(text[i:], "}}"):
			return i
		}
	}
	if i := strings.Index(text, "}}"); i >= 0 {
		return i
	}
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return i
	}
	return len(text)
}

func readExpression(source string, start, end int) actionsExpr {
	e := actionsExpr{start: start, end: end}
	if len(source) > maxExpression {
		e.roughly(source[:maxExpression])
		return e
	}
	node, err := actionlint.NewExprParser().Parse(actionlint.NewExprLexer(source + "}}"))
	if err != nil || node == nil {
		e.roughly(source)
		return e
	}
	actionlint.VisitExprNode(node, func(n, parent actionlint.ExprNode, entering bool) {
		if entering {
			e.visit(n, parent, source)
		}
	})
	e.literal = valueLiteral(node, 0)
	return e
}

func (e *actionsExpr) visit(n, parent actionlint.ExprNode, source string) {
	v, ok := n.(*actionlint.VariableNode)
	if !ok || v.Name != "secrets" && v.Name != "github" && v.Name != "env" {
		return
	}
	key, known := "", false
	switch p := parent.(type) {
	case *actionlint.ObjectDerefNode:
		key, known = p.Property, true
	case *actionlint.IndexAccessNode:
		if p.Index == n {
			return
		}
		if s, ok := p.Index.(*actionlint.StringNode); ok {
			key, known = s.Value, true
		}
	}
	switch {
	case v.Name == "env" && known:
		e.env = asWritten(source, key)
	case v.Name == "github":
		e.token = e.token || strings.EqualFold(key, "token")
	case v.Name == "secrets" && known:
		e.secret(key)
	case v.Name == "secrets":
		e.all = true
	}
}

func (e *actionsExpr) secret(name string) {
	name = strings.ToUpper(name)
	if name == "" {
		return
	}
	if name == "GITHUB_TOKEN" {
		e.token = true
		return
	}
	for _, have := range e.secrets {
		if have == name {
			return
		}
	}
	e.secrets = append(e.secrets, name)
}

// asWritten undoes the parser's lower case.
func asWritten(source, key string) string {
	if i := strings.Index(strings.ToLower(source), key); i >= 0 && i+len(key) <= len(source) {
		return source[i : i+len(key)]
	}
	return key
}

// valueLiteral is a string constant that the expression can evaluate to.
func valueLiteral(n actionlint.ExprNode, depth int) string {
	switch n := n.(type) {
	case *actionlint.StringNode:
		return n.Value
	case *actionlint.LogicalOpNode:
		if depth > 100 {
			return ""
		}
		if s := valueLiteral(n.Right, depth+1); s != "" {
			return s
		}
		if n.Kind == actionlint.LogicalOpNodeKindOr {
			return valueLiteral(n.Left, depth+1)
		}
	}
	return ""
}

var (
	secretName = regexp.MustCompile(`(?i)\bsecrets\s*(?:\.\s*([A-Za-z_][\w-]*)|\[\s*'([^']*)'\s*\])`)
	secretsAll = regexp.MustCompile(`(?i)\bsecrets\s*(?:\)|\[\s*[^'\s]|\.\s*\*|$)`)
)

// roughly reads an expression that does not parse: a secret that is named in it
// is not overlooked.
func (e *actionsExpr) roughly(source string) {
	for _, m := range secretName.FindAllStringSubmatch(source, 100) {
		e.secret(m[1] + m[2])
	}
	e.all = secretsAll.MatchString(source)
}

// expressionWord is a text whose expressions are references.
func expressionWord(text string, exprs []actionsExpr) word {
	w := literalWord(text)
	for i, e := range exprs {
		w.refs = append(w.refs, wordRef{start: e.start, end: e.end, expr: i + 1, variable: e.env})
	}
	return w
}
