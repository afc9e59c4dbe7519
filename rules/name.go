package rules

import (
	"slices"
	"strings"
)

// A nameKind is what the name alone says about the value. The last meaningful
// word decides: DB_PASSWORD is a password, PASSWORD_MIN_LENGTH is a length.
type nameKind int

const (
	nameNeutral  nameKind = iota
	nameSecret            // a credential
	nameHint              // speaks of a secret, but not with its last word (SECRET_BLAH)
	nameStoreURL          // URL or DSN of a store, where a password may stand
	nameURL               // any other URL
	nameUser              // user name
	nameKeyID             // the public half of an access key pair
	nameHash              // hash of a password
	nameOther             // says that it is no credential: path, flag, limit, id, …
)

// kindOfName judges a name. It is the same for "dbPassword", "DB_PASSWORD",
// "db.password" and "db-password".
func kindOfName(name string) nameKind {
	w := words(name)
	if i := strings.LastIndexByte(name, '.'); i > 0 && (name[i+1:] == "key" || name[i+1:] == "name") {
		// Helm's database.passwordSecret.key names an entry of a Secret.
		if parent := words(name[:i]); hasAny(parent[max(0, len(parent)-1):], "secret", "ref") {
			return nameOther
		}
	}
	if i := slices.Index(w, "for"); i > 0 {
		w = w[:i] // INNER_API_KEY_FOR_PLUGIN
	}
	for len(w) > 1 && allDigits(w[len(w)-1]) {
		w = w[:len(w)-1]
	}
	if len(w) == 0 {
		return nameNeutral
	}
	if k := kindOfWords(w); k != nameNeutral {
		return k
	}
	// PASSWORD_BASE64, API_KEY_PROD: look at what the qualifier qualifies.
	for n := len(w) - 1; n > 0 && qualifiers[w[n]]; n-- {
		if k := kindOfWords(w[:n]); k == nameSecret || k == nameOther || k == nameUser {
			return k
		}
	}
	if anyWord(w, hintWords) || hasPair(w, "api", "key") || hasPair(w, "access", "token") || hasPair(w, "private", "key") || hasPair(w, "secret", "key") {
		return nameHint
	}
	return nameNeutral
}

func kindOfWords(w []string) nameKind {
	last, prev := w[len(w)-1], ""
	if len(w) > 1 {
		prev = w[len(w)-2]
	}
	has := func(set map[string]bool) bool { return anyWord(w[:len(w)-1], set) }
	before := func(any ...string) bool { return hasAny(w[:len(w)-1], any...) }
	if len(w) > 1 && has(flagWords) || len(w) > 1 && (w[0] == "use" || w[0] == "max" || w[0] == "min" || w[0] == "num" || w[0] == "no") {
		return nameOther
	}
	switch {
	case last == "credentials" && before("application") && before("google"):
		return nameOther // a path, by its documentation
	case hasPair(w, "service", "account") && hasAny(w[len(w)-1:], "json", "base64", "b64", "key"),
		hasPair(w, "kube", "config") && !otherWords[last] || last == "config" && prev == "kube",
		hasAny(w[:len(w)-1], "kubeconfig") && hasAny(w[len(w)-1:], "data", "base64", "b64", "content"):
		return nameSecret
	case hasPair(w, "connection", "strings"):
		return nameStoreURL // .NET: ConnectionStrings__Default
	case last == "pwd" && (prev == "" || prev == "old"), last == "oldpwd":
		return nameOther // the shell's working directory
	case last == "askpass":
		return nameOther // a program
	case prev == "public" || prev == "publishable":
		if last == "key" || last == "token" || last == "secret" {
			return nameOther
		}
	case last == "key" && (prev == "password" || prev == "secret") && (before("existing") || prev == "password"):
		return nameOther // the key in a Secret under which it stands
	}
	if containsPublic(w) && last == "key" {
		return nameOther
	}
	switch {
	case secretWords[last]:
		if prev == "existing" || len(w) > 1 && w[0] == "existing" || prev == "generate" || prev == "external" && last == "secret" {
			return nameOther
		}
		if (last == "pass" || last == "pat") && (prev == "by" || prev == "proxy") {
			return nameOther // BY_PASS, proxy_pass
		}
		return nameSecret
	case last == "token":
		if tokenCounts[prev] && prev != "default" || prev == "csrf" && len(w) > 2 {
			return nameOther
		}
		return nameSecret
	case last == "tokens":
		if len(w) > 1 && secretTokens[prev] && !has(tokenCounts) {
			return nameSecret
		}
		return nameOther
	case last == "key" || last == "keys":
		return kindOfKey(w, prev)
	case last == "auth":
		switch prev {
		case "basic", "npm", "neo4j", "http", "docker", "registry", "rediscli", "redis", "proxy", "twine":
			return nameSecret
		}
		return nameNeutral
	case last == "jwt" || last == "cookie":
		if prev == "admin" || prev == "service" || prev == "auth" || (prev == "session" || prev == "erlang") && last == "cookie" {
			return nameSecret
		}
		return nameNeutral
	case last == "dsn":
		if before("sentry", "glitchtip") {
			return nameURL // identifies a project, and ships in browsers
		}
		return nameStoreURL
	case last == "string" && prev == "connection", last == "connectionstring", last == "connstr", last == "conninfo", last == "conn" && has(storeWords):
		if before("azure", "storage", "blob", "servicebus", "eventhub", "cosmos", "account") {
			return nameSecret // holds an account key
		}
		if before("insights", "applicationinsights") {
			return nameOther
		}
		return nameStoreURL
	case urlWords[last]:
		if before("token", "auth", "issuer", "jwks", "oauth", "login", "authorize", "callback") && !has(storeWords) {
			return nameOther
		}
		if before("webhook") && before("slack", "discord", "teams", "mattermost") || prev == "webhook" && before("alert", "notify", "notification", "notifications") {
			return nameSecret // whoever has the URL may post
		}
		if has(storeWords) && last != "endpoint" && last != "endpoints" {
			return nameStoreURL
		}
		return nameURL
	case last == "webhook":
		if before("slack", "discord", "teams", "mattermost") {
			return nameSecret
		}
		return nameNeutral
	case strings.HasSuffix(last, "databaseurl"), strings.HasSuffix(last, "redisurl"), strings.HasSuffix(last, "mongourl"):
		return nameStoreURL
	case last == "hash" && (prev == "password" || prev == "pass" || prev == "passwd"), last == "htpasswd", last == "passwordhash":
		return nameHash
	case last == "id" && prev == "key" && len(w) > 2 && w[len(w)-3] == "access", last == "accesskeyid":
		return nameKeyID
	case userWords[last], strings.HasPrefix(last, "user") && len(last) < 7:
		return nameUser
	case otherWords[last]:
		return nameOther
	}
	if len(last) > 6 {
		for _, ending := range fusedEndings {
			if strings.HasSuffix(last, ending) && last != "notoken" {
				return nameSecret
			}
		}
	}
	return nameNeutral
}

// kindOfKey judges "… KEY": the word before tells a credential from a lookup key.
func kindOfKey(w []string, prev string) nameKind {
	if len(w) == 1 {
		return nameNeutral
	}
	if notKeys[prev] || w[0] == "existing" {
		return nameOther
	}
	if prev == "allowed" && !hasAny(w, "apikey", "api") {
		return nameOther
	}
	if prev == "access" && len(w) > 2 && anyWord(w[:len(w)-2], keyIDs) && !hasAny(w, "secret") {
		return nameKeyID // AWS_ACCESS_KEY beside AWS_SECRET_KEY
	}
	return nameSecret
}

// containsPublic: POSTHOG_PUBLIC_API_KEY, NEXT_PUBLIC_SUPABASE_ANON_KEY and
// STRIPE_PUBLISHABLE_KEY go to browsers by design.
func containsPublic(w []string) bool {
	for i, word := range w[:len(w)-1] {
		switch word {
		case "publishable", "anon":
			return true
		case "public":
			// NEXT_PUBLIC_OPENAI_API_KEY is a secret that ends up in the browser:
			// the framework's prefix says nothing about the credential.
			if i == 0 || w[i-1] != "next" {
				return true
			}
		}
	}
	return false
}

func hasPair(w []string, a, b string) bool {
	for i := 1; i < len(w); i++ {
		if w[i-1] == a && w[i] == b {
			return true
		}
	}
	return false
}

// fileOf returns the variable that NAME_FILE stands for, "" if name is none.
func fileOf(name string) string {
	for _, suffix := range []string{"__FILE", "_FILE", "_PATH"} {
		if stem, ok := strings.CutSuffix(strings.ToUpper(name), suffix); ok && stem != "" {
			return name[:len(stem)]
		}
	}
	return ""
}
