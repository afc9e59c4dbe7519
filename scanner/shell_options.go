package scanner

import (
	"path"
	"strings"
)

// Which words of a command line carry a value, and under which name. Every long
// option and every key=value word is recorded, whatever its name: package rules
// decides which are secrets. Only where the command line gives no name (-p X)
// does this file say what the option means.

// commandValues returns the values on one command line. arg translates an index
// of words to the caller's.
func commandValues(words []word, arg func(int) int) []commandValue {
	c := commandLine{words: words, arg: arg}
	c.read()
	return c.out
}

type commandLine struct {
	words   []word
	arg     func(int) int
	command string // base name of the last command word that has short options
	login   bool
	out     []commandValue
}

func (c *commandLine) read() {
	for i := 0; i < len(c.words) && len(c.out) < maxCommandValues; i++ {
		w := c.words[i]
		switch {
		case strings.HasPrefix(w.text, "--") && len(w.text) > 2:
			i += c.longOption(i, 2)
		case strings.HasPrefix(w.text, "-") && len(w.text) > 1:
			i += c.shortOption(i)
		default:
			c.positional(i)
		}
	}
}

func (c *commandLine) add(i int, place Place, name string, value word, detail string) {
	if name == "" || value.text == "" {
		return
	}
	if c.command != "" && detail != "" {
		detail += " of " + c.command
	}
	c.out = append(c.out, commandValue{use: useOption, place: place, name: name, value: value, arg: c.arg(i), detail: detail})
}

// next is the value of the option at i, if the following word is no option.
func (c *commandLine) next(i int) (word, bool) {
	if i+1 >= len(c.words) {
		return word{}, false
	}
	w := c.words[i+1]
	return w, !strings.HasPrefix(w.text, "-") || len(w.text) > 1 && w.text[1] != '-' && strings.ContainsAny(w.text[1:], "0123456789") && len(w.text) > 8
}

// longOption reads --name=value and --name value (or -name …); it returns how
// many further words it took.
func (c *commandLine) longOption(i, dashes int) int {
	option, value, attached := c.words[i].from(dashes).cut("=")
	if !option.constant() {
		return 0
	}
	name := option.text
	taken := 0
	if !attached {
		var ok bool
		if value, ok = c.next(i); !ok {
			return 0
		}
		taken = 1
	}
	if withoutValue(name) {
		return 0
	}
	detail := "option " + strings.Repeat("-", dashes) + safeName(name)
	at := i + taken
	switch separator, keyed := keyedOptions[name]; {
	case keyed:
		c.pairs(at, name, separator, value, detail)
	case name == "header" || name == "headers":
		c.header(at, value)
	case name == "user" && c.command == "curl", name == "proxy-user":
		c.user(at, value)
	case name == "secret" && (strings.Contains(value.text, "id=") || c.command == "docker" || c.command == "podman"):
		// docker build --secret id=…,src=…: names a secret, the good form.
	default:
		value = value.withoutPrefix("pass:") // openssl -passin pass:X
		c.add(at, InCommand, name, value, detail)
		if key, _, ok := value.cut("="); !attached && ok && key.constant() && isName(key.text) {
			return 0 // perhaps a flag, and NAME=value stands for itself
		}
	}
	return taken
}

// withoutValue knows options that only sound like a secret's: flags, and paths.
func withoutValue(name string) bool {
	for _, suffix := range []string{"-stdin", "-file", "-path", "-from-env", "_file", "-files", "-dir", "-prompt"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return name == "with-token" || strings.HasPrefix(name, "no-")
}

func (w word) withoutPrefix(prefix string) word {
	if strings.HasPrefix(w.text, prefix) {
		return w.from(len(prefix))
	}
	return w
}

func (c *commandLine) shortOption(i int) int {
	w := c.words[i]
	letter, value := w.text[1], w.from(2)
	if last := w.text[len(w.text)-1]; c.command == "curl" && len(w.text) < 8 && optionsOf("curl")[letter] == "" && isName(w.text[1:]) {
		letter, value = last, word{} // curl -sSfH …
	}
	meaning := optionsOf(c.command)[letter]
	if meaning == loginPassword && !c.login {
		meaning = ""
	}
	attachedOnly := strings.HasPrefix(meaning, "=")
	meaning = strings.TrimPrefix(meaning, "=")
	if meaning == "" {
		switch {
		case letter == 'D' && len(w.text) > 2: // java -Dkey=value
			if key, value, ok := w.from(2).cut("="); ok && key.constant() {
				c.add(i, InCommand, key.text, value, "property -D"+safeName(key.text))
			}
			return 0
		default:
			if name, _, _ := strings.Cut(w.text[1:], "="); singleDash[name] {
				return c.longOption(i, 1)
			}
		}
		return 0
	}
	taken := 0
	if value.text == "" {
		if attachedOnly {
			return 0
		}
		var ok bool
		if value, ok = c.next(i); !ok {
			return 0
		}
		taken = 1
	} else if len(value.text) > 1 && value.text[0] == '=' {
		value = value.from(1)
	}
	detail := "option -" + string(letter)
	switch meaning {
	case userOption:
		c.user(i+taken, value)
	case headerOption:
		c.header(i+taken, value)
	case assignOption:
		c.pairs(i+taken, "env", "", value, detail)
	case loginPassword:
		c.add(i+taken, InCommand, "password", value, detail)
	default:
		c.add(i+taken, InCommand, meaning, value, detail)
	}
	return taken
}

// pairs records key=value under its key.
func (c *commandLine) pairs(i int, option, separator string, value word, detail string) {
	place := InCommand
	if option == "build-arg" {
		place = InBuildArg
	}
	if option == "opt" { // buildctl --opt build-arg:NAME=value
		if !strings.HasPrefix(value.text, separator) {
			return
		}
		place, value, separator = InBuildArg, value.from(len(separator)), ""
	}
	parts := []word{value}
	if separator != "" {
		parts = value.split(separator)
	}
	for _, part := range parts {
		if key, v, ok := part.cut("="); ok && key.constant() {
			c.add(i, place, strings.TrimSpace(key.text), v, detail)
		}
	}
}

// user records the password of user:password.
func (c *commandLine) user(i int, value word) {
	if _, password, ok := value.cut(":"); ok {
		c.add(i, InCommand, "password", password, "user:password")
		return
	}
	if !value.constant() {
		c.add(i, InCommand, "password", value, "user:password") // -u "$CREDENTIALS"
	}
}

// header records an authentication header under its name, with the value behind
// the scheme ("Bearer", "token").
func (c *commandLine) header(i int, value word) {
	name, rest, ok := value.cut(":")
	if !ok || !name.constant() {
		return
	}
	rest = rest.trimLeft()
	if scheme, credential, ok := rest.cut(" "); ok && scheme.constant() && isName(scheme.text) {
		rest = credential.trimLeft()
	}
	c.add(i, InCommand, strings.TrimSpace(name.text), rest, "header "+safeName(strings.TrimSpace(name.text)))
}

func (w word) trimLeft() word {
	return w.from(len(w.text) - len(strings.TrimLeft(w.text, " \t")))
}

// positional reads a word that is no option: a command name, key=value, a URL.
func (c *commandLine) positional(i int) {
	w := c.words[i]
	if w.constant() {
		base := path.Base(w.text)
		if optionsOf(base) != nil && (i == 0 || runsOthers[c.command]) {
			c.command, c.login = base, false
		} else if c.command == "" && i == 0 && isCommandName(base) {
			c.command = base
		}
		c.login = c.login || base == "login"
		if base == "requirepass" || base == "masterauth" { // redis-cli config set requirepass X
			if value, ok := c.next(i); ok {
				c.add(i+1, InCommand, base, value, "directive "+base)
			}
		}
	}
	if strings.ContainsAny(w.text, " \n") { // a connection string: "host=db password=X"
		if parts := w.fields(); len(parts) > 1 && len(parts) < 50 {
			for _, part := range parts {
				c.keyValue(i, part)
			}
			return
		}
	}
	c.keyValue(i, w)
}

func (c *commandLine) keyValue(i int, w word) {
	if key, value, ok := w.cut("="); ok && key.constant() && isKey(key.text) {
		c.add(i, InCommand, key.text, value, "")
		return
	}
	if _, _, ok := w.userinfoPassword(); ok || strings.Contains(w.text, "://") && strings.Contains(w.text, "@") {
		c.add(i, InCommand, "url", w, "URL with a user")
	}
}

func (w word) fields() []word {
	var out []word
	for _, part := range w.split(" ") {
		if part.text != "" {
			out = append(out, part)
		}
	}
	return out
}

// isKey reports whether s can be the key of a key=value word
// ("auth.password", "//registry/:_authToken").
func isKey(s string) bool {
	if s == "" || len(s) > 200 || strings.Contains(s, "://") {
		return false
	}
	others := "./-[]"
	if s[0] == '@' || strings.HasPrefix(s, "//") {
		others = "./-:@" // npm; elsewhere user:password@host would pass
	}
	for i := range len(s) {
		if !isNameByte(s[i], false) && strings.IndexByte(others, s[i]) < 0 {
			return false
		}
	}
	return true
}

func isCommandName(s string) bool { return isKey(s) && len(s) <= 40 }

// safeName is the name of an option for a message; a text that is no plain name
// could hold a value and is left out.
func safeName(s string) string {
	if isKey(s) && len(s) <= 60 {
		return s
	}
	return "…"
}
