package scanner

import (
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
)

// A word is a text some ranges of which are filled at run time.
type word struct {
	text string // as written, quotes removed; a reference stands as its source text
	refs []wordRef
	// offset of the text in the script or argument that it comes from, in bytes.
	offset int
}

// A wordRef is one range of a word that is filled at run time.
type wordRef struct {
	start, end int    // in word.text
	variable   string // the environment variable; "" if something else fills it
	file       string // the file that $(cat file) reads
	expr       int    // number of the workflow expression plus 1; 0 for none
	fallback   string // the literal of ${X:-literal}
}

func literalWord(text string) word { return word{text: text} }

// constant reports whether nothing is filled at run time.
func (w word) constant() bool { return len(w.refs) == 0 }

// from returns the word behind its first k bytes.
func (w word) from(k int) word {
	out := word{text: w.text[k:], offset: w.offset + k}
	for _, r := range w.refs {
		if r.start >= k {
			r.start, r.end = r.start-k, r.end-k
			out.refs = append(out.refs, r)
		}
	}
	return out
}

// to returns the first k bytes of the word.
func (w word) to(k int) word {
	out := word{text: w.text[:k], offset: w.offset}
	for _, r := range w.refs {
		if r.end <= k {
			out.refs = append(out.refs, r)
		}
	}
	return out
}

// cut splits the word around the first sep that stands in its constant part.
func (w word) cut(sep string) (before, after word, ok bool) {
	for at := 0; ; {
		i := strings.Index(w.text[at:], sep)
		if i < 0 {
			return w, word{}, false
		}
		i += at
		inside := false
		for _, r := range w.refs {
			if i < r.end && i+len(sep) > r.start {
				inside, at = true, r.end
			}
		}
		if !inside {
			return w.to(i), w.from(i + len(sep)), true
		}
	}
}

// split cuts the word at every sep.
func (w word) split(sep string) []word {
	var out []word
	for len(out) < 1000 {
		before, after, ok := w.cut(sep)
		out = append(out, before)
		if !ok {
			break
		}
		w = after
	}
	return out
}

// only returns the reference that the whole word consists of.
func (w word) only() (wordRef, bool) {
	if len(w.refs) == 1 && w.refs[0].start == 0 && w.refs[0].end == len(w.text) {
		return w.refs[0], true
	}
	return wordRef{}, false
}

// filled returns the text with all defaults filled in; false if a reference has
// none.
func (w word) filled() (string, bool) {
	var b strings.Builder
	at := 0
	for _, r := range w.refs {
		if r.fallback == "" {
			return "", false
		}
		b.WriteString(w.text[at:r.start])
		b.WriteString(r.fallback)
		at = r.end
	}
	b.WriteString(w.text[at:])
	return b.String(), true
}

// telling returns the reference that matters most: the one at the password of a
// URL, else the last one that has no default, else the last.
func (w word) telling() (wordRef, bool) {
	if len(w.refs) == 0 {
		return wordRef{}, false
	}
	if start, end, ok := w.userinfoPassword(); ok {
		for _, r := range w.refs {
			if r.start >= start && r.end <= end {
				return r, true
			}
		}
	}
	for i := len(w.refs) - 1; i >= 0; i-- {
		if w.refs[i].fallback == "" {
			return w.refs[i], true
		}
	}
	return w.refs[len(w.refs)-1], true
}

// userinfoPassword finds the password of a URL without references.
func userinfoPassword(url string) (start, end int, ok bool) {
	return literalWord(url).userinfoPassword()
}

// userinfoPassword finds the password of a URL's userinfo: behind the first colon
// and before the last @ of the authority, colons and @ of references left out.
func (w word) userinfoPassword() (start, end int, ok bool) {
	scheme := strings.Index(w.text, "://")
	if scheme < 0 {
		return 0, 0, false
	}
	start, end = -1, -1
	ref := 0
	for i := scheme + 3; i < len(w.text); i++ {
		for ref < len(w.refs) && w.refs[ref].end <= i {
			ref++
		}
		if ref < len(w.refs) && w.refs[ref].start <= i {
			i = w.refs[ref].end - 1
			continue
		}
		switch c := w.text[i]; {
		case c == ':' && start < 0:
			start = i + 1
		case c == '@':
			end = i
		case c == '?' || c == '#' || c == '/' && end >= 0 || c == ' ' || c == '\n':
			return start, end, start > 0 && end >= start
		}
	}
	return start, end, start > 0 && end >= start
}

// literalPassword returns a URL whose password is constant although other parts
// are not; those stand as the names of their variables, so that it stays a URL.
func (w word) literalPassword() (string, bool) {
	start, end, ok := w.userinfoPassword()
	if !ok || start == end {
		return "", false
	}
	var b strings.Builder
	at := 0
	for _, r := range w.refs {
		if r.start < end && r.end > start {
			return "", false
		}
		b.WriteString(w.text[at:r.start])
		if name := r.variable; r.fallback != "" {
			b.WriteString(r.fallback)
		} else if name != "" {
			b.WriteString(name)
		} else {
			b.WriteByte('x')
		}
		at = r.end
	}
	b.WriteString(w.text[at:])
	return b.String(), true
}

// candidate returns what the word tells about an entry that it fills: mechanism,
// value, reference and, for a default, the place.
func (w word) candidate(name string, scope string) Candidate {
	c := Candidate{Name: name, Mechanism: Literal}
	if w.constant() {
		c.Value = secret.New(w.text)
		return c
	}
	ref, _ := w.telling()
	c.Ref = ref.ref(scope)
	if filled, ok := w.filled(); ok {
		c.Value, c.Place = secret.New(filled), InDefault
		c.Detail = "default of a variable"
		if _, only := w.only(); !only {
			c.Detail = "text with the defaults of its variables filled in"
		}
		return c
	}
	if text, ok := w.literalPassword(); ok {
		c.Value, c.Detail = secret.New(text), "URL with a literal password, other parts come from variables"
		return c
	}
	c.Mechanism = StaticRef
	if _, only := w.only(); !only {
		c.Detail = "part of the value comes from a variable"
		if _, _, ok := w.userinfoPassword(); ok {
			c.Detail = "URL whose user or password comes from a variable"
		}
	}
	return c
}

// ref returns where the text comes from; scope is that of the variables.
func (r wordRef) ref(scope string) Ref {
	switch {
	case r.variable != "":
		return Ref{Store: Environment, Key: r.variable, Scope: scope}
	case r.file != "":
		return Ref{Store: SecretFile, Name: r.file}
	}
	return Ref{}
}
