package scanner

import (
	"path"
	"strings"

	"github.com/agentsec/agentsec/internal/secret"
)

// Command lines, read for the values that they hand to a process: options
// (--password X, -pX), assignments (PASSWORD=X cmd), exports, headers, URLs and
// writes to the environment file of a CI job. Scripts are parsed, never run.

// A commandUse says how a command line carries a value.
type commandUse string

const (
	useOption commandUse = "option" // --password X; also headers, key=value words, URLs
	useAssign commandUse = "assign" // PASSWORD=X cmd, or a shell variable
	useExport commandUse = "export" // export PASSWORD=X
	useWrite  commandUse = "write"  // echo "X=…" >> $GITHUB_ENV
)

// A commandValue is one named value on a command line.
type commandValue struct {
	use    commandUse
	place  Place  // InCommand, or InBuildArg of --build-arg
	name   string // option without dashes, variable or key; "password" where the option is a letter
	value  word   // its offset counts in the script, or in the argument
	arg    int    // index of the argument (argvValues)
	target string // of useWrite: GITHUB_ENV, GITHUB_OUTPUT, …
	detail string // which option of which command; no value
}

// maxScript bounds what is parsed as one script: the parser recurses, and a
// stack that overflows cannot be recovered. Longer ones are read line by line.
const maxScript = 32 << 10

// maxCommandValues bounds what one script yields.
const maxCommandValues = 5000

// argvValues reads a command given as a list of arguments (exec form). The
// script of `sh -c script` is read as a script. References in the arguments are
// those that vars finds (nil: none).
func argvValues(argv []string, vars func(string) word) []commandValue {
	if vars == nil {
		vars = literalWord
	}
	words := make([]word, len(argv))
	for i, a := range argv {
		words[i] = vars(strings.ReplaceAll(a, "\x00", " "))
	}
	same := func(i int) int { return i }
	i := shellScriptArg(argv)
	if i < 0 {
		return commandValues(words, same)
	}
	out := commandValues(words[:i], same)
	for _, v := range scriptValues(argv[i]) {
		v.arg = i
		out = append(out, v)
	}
	return out
}

// shellScriptArg returns the index of the script of `sh -c`, -1 if argv is no
// shell that runs one.
func shellScriptArg(argv []string) int {
	for i, a := range argv {
		if !isShell(a) {
			continue
		}
		for j := i + 1; j < len(argv); j++ {
			option := argv[j]
			if !strings.HasPrefix(option, "-") && !strings.HasPrefix(option, "+") {
				break
			}
			if !strings.HasPrefix(option, "--") && strings.HasSuffix(option, "c") && j+1 < len(argv) {
				return j + 1
			}
			if option == "-o" || option == "+o" {
				j++
			}
		}
		return -1
	}
	return -1
}

func isShell(name string) bool {
	switch path.Base(name) {
	case "sh", "bash", "dash", "ash", "zsh", "ksh":
		return true
	}
	return false
}

// candidate turns v into what an extractor adds; offset and argument tell the
// extractor its line. The zero Candidate (no name) means that nothing is known
// about the value: it is made at run time.
func (v commandValue) candidate() Candidate {
	c := v.value.candidate(v.name, "")
	c.Place = v.place
	if v.use == useExport {
		c.Place = InEnv
	}
	if c.Mechanism == StaticRef && c.Ref.IsZero() {
		return Candidate{}
	}
	switch {
	case v.value.constant() && isSecretMount(v.value.text[strings.LastIndexByte(v.value.text, ':')+1:]):
		// Names the file of a secret ("docker-desktop:/run/secrets/x"): the good form.
		c.Mechanism, c.Ref, c.Value = Dynamic, Ref{Store: SecretFile, Name: v.value.text[strings.LastIndexByte(v.value.text, ':')+1:]}, secret.Value{}
	case v.use != useExport:
		c.Mechanism = Leak
	}
	if v.detail != "" {
		c.Detail = v.detail
	}
	return c
}

// scriptValues reads a shell script. $(VAR) with a bare name is the reference of
// Kubernetes, as a command VAR would hardly be.
func scriptValues(script string) []commandValue {
	return expressionScriptValues(script, nil)
}

// expressionScriptValues reads a script some ranges of which are expressions of
// a template language; expressions are their [start, end) in order. A reference
// to the n-th has expr n+1.
func expressionScriptValues(script string, expressions [][2]int) []commandValue {
	masked := maskExpressions(script, expressions)
	s := &shellReader{script: masked}
	if len(masked) <= maxScript && s.read(masked, 0) {
		return s.out
	}
	// Not one valid script (another dialect, an error): each command line alone.
	s.out = nil
	for _, line := range logicalLines(masked) {
		text := masked[line[0]:line[1]]
		if len(text) > maxScript {
			text = text[:maxScript]
		}
		before := len(s.out)
		if !s.read(text, line[0]) {
			s.out = s.out[:before]
			s.command(plainWords(text, line[0]))
		}
		if len(s.out) > maxCommandValues {
			break
		}
	}
	return s.out
}
