package scanner

import (
	"strings"
	"unicode"

	"github.com/agentsec/agentsec/internal/secret"
)

// keyword reads NAME=value inside a bracket; i is the name.
func (p *pyReader) keyword(i int) {
	t := p.st.tokens
	if i == 0 || !t[i-1].op("(") && !t[i-1].op(",") || !t[p.st.parent[i]].op("(") ||
		p.st.parent[i] == p.params && p.depth == 0 {
		return
	}
	p.secretLiteral(t[i].text, i, i+2, "argument", InEnv)
	p.environmentDict(t[i].text, i+2)
	if i+2 < len(t) && t[i].text == "env" {
		if q, next := p.qualify(i + 2); isEnvironment(q) && p.ends(next) {
			p.add(t[i], Candidate{Mechanism: CodeRead, Name: "*", Scope: p.when(i), Detail: "whole environment handed to a child process"})
		}
	}
}

// entry reads "key": value inside a dict; i is the key.
func (p *pyReader) entry(i int) {
	t := p.st.tokens
	if i == 0 || i+2 >= len(t) || !t[i+1].op(":") || p.st.parent[i] < 0 || !t[p.st.parent[i]].op("{") || !t[i-1].op("{") && !t[i-1].op(",") {
		return
	}
	key, ok := t[i].str.constant()
	if !ok {
		return
	}
	p.secretLiteral(key, i, i+2, "entry", InEnv)
	p.environmentDict(key, i+2)
}

// secretLiteral records the literal at token value if the name at token at is
// that of a secret, or the literal is a URL with a password.
func (p *pyReader) secretLiteral(name string, at, value int, what string, place Place) {
	t := p.st.tokens
	if value >= len(t) {
		return
	}
	if t[value].kind == pyName && t[value].text != "SecretStr" && t[value].text != "str" {
		// A name that stands for a constant is reported where the constant stands.
		p.elseLiteral(name, at, value, what)
		return
	}
	text, next, ok := p.text(value, 0)
	if ok && !p.ends(next) {
		return
	}
	if !ok {
		text, ok = p.urlLiteral(value)
		if !ok {
			return
		}
	}
	p.literal(name, at, text, value, what, place)
}

func (p *pyReader) literal(name string, at int, text string, value int, what string, place Place) {
	if text == "" || len(name) > 200 || sameName(name, text) {
		return
	}
	if !isSecretName(name) {
		if _, _, ok := userinfoPassword(text); !ok || strings.ContainsAny(text, " \n") {
			return
		}
	}
	p.add(p.st.tokens[at], Candidate{Mechanism: Literal, Place: place, Name: name, Value: secret.New(text),
		Scope: p.when(at), Detail: what})
	if s := p.st.tokens[value].str; s != nil {
		for l := p.st.tokens[value].line; l <= s.last; l++ {
			p.found.reach(l)
		}
	}
}

// elseLiteral reads the literal of NAME = something if condition else "literal".
func (p *pyReader) elseLiteral(name string, at, value int, what string) {
	t := p.st.tokens
	if !isSecretName(name) {
		return
	}
	for i := value; i < len(t) && !t[i].op(",") && !t[i].op(";") && !t[i].op(")") && !t[i].op("}"); i++ {
		if t[i].name("else") {
			if text, next, ok := p.text(i+1, 0); ok && p.ends(next) && t[i+1].kind == pyString {
				p.literal(name, at, text, i+1, what, InDefault)
			}
			return
		}
		if p.st.opens(i) {
			i = p.st.match[i]
		}
	}
}

// urlLiteral recognises a format string that is a URL whose password stands in
// its text; {} stands for the expressions.
func (p *pyReader) urlLiteral(i int) (string, bool) {
	t := p.st.tokens
	if i >= len(t) || t[i].kind != pyString || !p.ends(i+1) {
		return "", false
	}
	text := t[i].str.source()
	start, end, ok := userinfoPassword(text)
	if !ok || start >= end || strings.ContainsAny(text[start:end], "{}%@/ ") {
		return "", false
	}
	return text, true
}

// url records a URL with a password that is an argument or element without a
// name, under the name "url".
func (p *pyReader) url(i int) {
	t := p.st.tokens
	if i == 0 || !t[i-1].op("(") && !t[i-1].op(",") && !t[i-1].op("[") || !p.ends(i+1) || i+1 < len(t) && t[i+1].op(":") {
		return
	}
	text, ok := t[i].str.constant()
	if !ok {
		text, ok = p.urlLiteral(i)
	}
	if start, end, has := userinfoPassword(text); ok && has && end > start && !p.literals[[2]int{t[i].line, t[i].col}] {
		p.literal("url", i, text, i, "argument", InEnv)
	}
}

// sameName: API_KEY = "api_key" names a field.
func sameName(name, text string) bool {
	if len(text) > 2*len(name)+8 {
		return false
	}
	return strings.Join(nameWords(name), "_") == strings.Join(nameWords(text), "_")
}

// isSecretName says whether code that gives this name a literal is worth
// judging. Package rules judges; here a literal under any other name is left to
// the text patterns.
func isSecretName(name string) bool {
	w := nameWords(name)
	for len(w) > 1 && nameQualifiers[w[len(w)-1]] {
		w = w[:len(w)-1]
	}
	if len(w) == 0 {
		return false
	}
	last, before := w[len(w)-1], ""
	if len(w) > 1 {
		before = w[len(w)-2]
	}
	switch last {
	case "key", "keys":
		return keyOwners[before] || before != "" && isUpperName(name) && !notKeyOwners[before]
	case "token":
		return !tokenKinds[before]
	case "auth":
		return before == "basic" || before == "proxy"
	}
	return nameSecrets[last]
}

var (
	nameSecrets = set("password passwd passwort pwd pass passphrase passcode secret secrets token apikey credential credentials creds pat " +
		"privatekey accesskey secretkey authtoken accesstoken masterkey encryptionkey signingkey authorization bearer webhook salt " +
		"dbpassword userpass jwtsecret mnemonic clientsecret authkey apitoken apisecret connectionstring")
	nameQualifiers = set("prod production dev development staging default test live old new base64 b64 encoded value str string bytes v1 v2 1 2")
	keyOwners      = set("api secret access private auth encryption encrypt signing sign master service account jwt license fernet aes hmac " +
		"subscription admin app session storage openai anthropic gemini google groq mistral cohere azure pinecone qdrant tavily serper " +
		"langsmith langfuse langchain huggingface hf stripe sendgrid deepseek openrouter together fireworks replicate voyage exa e2b " +
		"composio firecrawl wandb weaviate supabase litellm cookie crypto deploy ssh rsa integration personal")
	notKeyOwners = set("public publishable primary foreign sort cache partition dict hash index map group row object output input memory message " +
		"state result lookup order unique composite cursor idempotency header query metric host known sample config settings dedupe " +
		"lock redis queue routing event feature flag column field join context prompt score label name id type status data")
	tokenKinds = set("max min eos bos pad unk stop special mask sep cls next start end image total input output prompt completion num csrf page " +
		"continuation cancellation cancel first last prev previous")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// nameWords splits "dbPassword", "DB_PASSWORD" and "db-password" alike.
func nameWords(name string) []string {
	var words []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			words = append(words, strings.ToLower(b.String()))
			b.Reset()
		}
	}
	lower := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			lower = false
			continue
		case unicode.IsUpper(r) && lower:
			flush()
		}
		lower = unicode.IsLower(r)
		b.WriteRune(r)
	}
	flush()
	return words
}
