package scanner

import (
	"fmt"
	"strings"
	"testing"
)

func line(v commandValue) string {
	ref, _ := v.value.telling()
	return fmt.Sprintf("%d %s %s $%s <%s", v.arg, v.use, v.name, ref.variable, ref.file)
}

func TestArgvValues(t *testing.T) {
	for name, test := range map[string]struct {
		argv []string
		want []string
	}{
		"long options":        {[]string{"app", "--a=1", "--password", "x", "--flag", "--last"}, []string{"1 option a $ <", "3 option password $ <"}},
		"of Kubernetes":       {[]string{"app", "--token=$(TOKEN)", "$$(NOT)", "--pw", "$(PW)"}, []string{"1 option token $TOKEN <", "4 option pw $PW <"}},
		"script":              {[]string{"/bin/sh", "-ec", "exec app --password=$PW"}, []string{"2 option password $PW <"}},
		"script behind words": {[]string{"tini", "--", "bash", "-c", "redis-cli -a $(cat /run/pw)"}, []string{"4 option password $ </run/pw"}},
		"kubelet's in script": {[]string{"sh", "-c", "app --token $(TOKEN)"}, []string{"2 option token $TOKEN <"}},
		"Go and Java":         {[]string{"app", "-password", "x", "-Ddb.password=y"}, []string{"2 option password $ <", "3 option db.password $ <"}},
		"files are no leak":   {[]string{"app", "--password-file", "/x", "--password-stdin", "--token-path=/y"}, nil},
		"build secret":        {[]string{"docker", "build", "--secret", "id=npm,src=x", "."}, nil},
		"connection string":   {[]string{"psql", "host=db password=x dbname=y"}, []string{"1 option host $ <", "1 option password $ <", "1 option dbname $ <"}},
		"openssl":             {[]string{"openssl", "rsa", "-passin", "pass:x"}, []string{"3 option passin $ <"}},
		"not a name":          {[]string{"/opt/tool", "-pMyPassword1", "db", "u:MyPassword1@h/x=y"}, nil},
		"MySQL family":        {[]string{"mysqlslap", "-pMyPassword1", "db"}, []string{"1 option password $ <"}},
		"npm":                 {[]string{"npm", "config", "set", "//registry/:_authToken=x"}, []string{"3 option //registry/:_authToken $ <"}},
		"nothing":             {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, v := range argvValues(test.argv, kubernetesVars) {
				got = append(got, line(v))
			}
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestArgvValuesPassPrefix(t *testing.T) {
	v := argvValues([]string{"openssl", "-passin", "pass:x"}, nil)
	if len(v) != 1 || v[0].value.text != "x" || v[0].value.offset != len("pass:") {
		t.Errorf("got %d values", len(v))
	}
}

func TestScriptOffsets(t *testing.T) {
	script := "set -e\napp \\\n  --password one\nsh -c '\n  app --token two\n'\n"
	for _, v := range scriptValues(script) {
		want := map[string]int{"password": 2, "token": 4}[v.name]
		if got := strings.Count(script[:v.value.offset], "\n"); got != want {
			t.Errorf("%s stands on line %d, want %d", v.name, got, want)
		}
	}
}

func TestScriptIsBounded(t *testing.T) {
	for _, script := range []string{
		strings.Repeat("(", maxScript), strings.Repeat("$(", maxScript/2), strings.Repeat("if ", maxScript/3), strings.Repeat("! ", maxScript/2),
		strings.Repeat("${a:-", maxScript/5), strings.Repeat("`", maxScript), strings.Repeat("a=b ", 100000), strings.Repeat("x --a b\n", 50000), "a\x00b --c\x00d e",
	} {
		if n := len(scriptValues(script)); n > 2*maxCommandValues {
			t.Errorf("%d values", n)
		}
	}
}

func TestInterpolate(t *testing.T) {
	for text, want := range map[string]string{
		"plain": "plain []", "$A": "$A [A=]", "${A}": "${A} [A=]", "${A:-b}": "${A:-b} [A=b]", "${A-b}x": "${A-b}x [A=b]",
		"${A:?no}": "${A:?no} [A=]", "$$A": "$A []", "$": "$ []", "${": "${ []", "${}": "${} []", "${A": "${A []", "a$5": "a$5 []",
		"${A:-${B:-c}}": "${A:-${B:-c}} [A=c]", "${A:-${B}}": "${A:-${B}} [A=]", "${A:-}": "${A:-} [A=]", "${A/b/c}": "${A/b/c} []",
	} {
		w := interpolate(text)
		refs := []string{}
		for _, r := range w.refs {
			refs = append(refs, r.variable+"="+r.fallback)
		}
		if got := fmt.Sprintf("%s %v", w.text, refs); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func FuzzScript(f *testing.F) {
	f.Add("a --b=\"$C\" | tee -a $GITHUB_ENV <<EOF\nx=${{ y }}\nEOF", 3, 9)
	f.Fuzz(func(t *testing.T, script string, from, to int) {
		var expressions [][2]int
		if from >= 0 && to <= len(script) && from < to {
			expressions = append(expressions, [2]int{from, to})
		}
		for _, v := range expressionScriptValues(script, expressions) {
			last := 0
			for _, r := range v.value.refs {
				if r.start < last || r.end < r.start || r.end > len(v.value.text) {
					t.Fatal("references overlap or leave the word")
				}
				last = r.end
			}
			v.candidate()
		}
	})
}
