package scanner

import (
	"path"
	"strings"
)

// envFile reads load_dotenv(…), dotenv_values(…) and read_env on a class.
func (p *pyReader) envFile(q string, start int, args []pyArgument) {
	switch q {
	case "dotenv.load_dotenv", "dotenv.main.load_dotenv", "dotenv.dotenv_values", "dotenv.main.dotenv_values":
		p.envFileArgument(start, args, q[strings.LastIndexByte(q, '.')+1:], "dotenv_path")
	case "environ.Env.read_env", "environs.Env.read_env", "decouple.RepositoryEnv":
		p.envFileArgument(start, args, q[strings.IndexByte(q, '.')+1:], "path", "env_file", "source")
	case "starlette.config.Config", "starlette.config":
		if len(args) > 0 {
			p.envFileArgument(start, args, "Config", "env_file")
		}
	}
}

// envFileArgument records the env file that a call names; without a name it is
// the nearest .env upwards from the file that calls.
func (p *pyReader) envFileArgument(start int, args []pyArgument, what string, names ...string) {
	t := p.st.tokens[start]
	a, ok := positional(args, 0, names...)
	if ok && p.st.tokens[a.from].name("None") {
		ok = false
	}
	if ok {
		if q, next := p.qualify(a.from); strings.HasSuffix(q, "find_dotenv()") && next == a.to {
			p.addEnvFile(t, ".env", what)
			p.upwards(".env")
			return
		}
		if text, next, constant := p.text(a.from, 0); constant && next == a.to {
			p.addEnvFile(t, text, what)
			return
		}
		if folder, known := p.folder(a.from, a.to); known {
			p.addEnvFile(t, folder, what)
			return
		}
		p.add(t, Candidate{Mechanism: BulkRef, Name: ".env", Scope: p.when(start), Detail: what + " of a path that is known at run time",
			Ref: Ref{Store: EnvFile}})
		return
	}
	p.addEnvFile(t, ".env", what)
	p.upwards(".env")
}

func (p *pyReader) addEnvFile(t pyToken, name, what string) {
	target := p.found.refer(name)
	if target == "" {
		target = name
	}
	p.add(t, Candidate{Mechanism: BulkRef, Name: name, Scope: p.when(0), Detail: what, Ref: Ref{Store: EnvFile, Name: target, Optional: true}})
}

// upwards asks for the files of that name in the folders above.
func (p *pyReader) upwards(name string) {
	up := name
	for dir := path.Dir(p.file.path); dir != "." && dir != "/" && len(up) < 100; dir = path.Dir(dir) {
		up = "../" + up
		p.found.refer(up)
	}
}

// folder evaluates a path that starts at __file__ to one relative to the folder
// of this file: Path(__file__).parent.parent / ".env", os.path.join(
// os.path.dirname(__file__), "..", ".env"), BASE_DIR / ".env".
func (p *pyReader) folder(from, to int) (string, bool) {
	t := p.st.tokens
	if to-from > 100 {
		return "", false
	}
	start, below, ups := "", "", 0
	for i := from; i < to; i++ {
		switch {
		case t[i].name("__file__"):
			start = "file"
		case t[i].name("parent"), t[i].name("dirname"):
			ups++
		case t[i].name("parents") && i+2 < to && t[i+1].op("[") && len(t[i+2].text) == 1 && t[i+2].kind == pyNumber:
			ups += int(t[i+2].text[0]-'0') + 1
		case t[i].kind == pyString:
			text, ok := t[i].str.constant()
			if !ok {
				return "", false
			}
			below += "/" + text
		case t[i].kind == pyName && (i == 0 || !t[i-1].op(".")):
			if b, ok := p.lookup(t[i].text); ok && b.folder != "" {
				start = b.folder
			}
		}
	}
	if start == "" || start == "file" && ups == 0 {
		return "", false
	}
	return path.Join(start, strings.Repeat("../", ups), "."+below), true
}
