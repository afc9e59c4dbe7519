package rules

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
)

func TestASecretThatIsUsedAsANameIsNotShown(t *testing.T) {
	value := "Zx81-qwmv-" + "T7kkPp04rL"
	at := func(line int) scanner.Position { return scanner.Position{Path: "a/" + value + ".env", Line: line} }
	inv := &scanner.Inventory{
		Candidates: []scanner.Candidate{
			{Kind: scanner.Dotenv, Mechanism: scanner.Literal, Name: "API_TOKEN", Value: secret.New(value), At: at(1), Workload: "w"},
			{Kind: scanner.Dotenv, Mechanism: scanner.Literal, Name: "PASSWORD_" + value, Value: secret.New("another-9Secret-value"), At: at(2),
				Object: scanner.Object{Kind: "service", Name: value}, Workload: "w"},
			{Kind: scanner.Python, Mechanism: scanner.CodeRead, Name: value + "_TOKEN", At: at(3)},
		},
		Workloads: []scanner.Workload{{ID: "w", Object: scanner.Object{Kind: "service", Name: value}, Images: []string{"x:" + value},
			Labels: map[string]string{value: value, "k": value}, Commands: []string{value}}},
		Coverage: scanner.Coverage{Skipped: []scanner.Skipped{{Path: value}}, ByKind: map[scanner.Kind]int{scanner.Dotenv: 1}},
	}
	scan := Judge(inv, Options{Key: secret.NewKey()})
	b, err := json.Marshal(scan)
	if err != nil {
		t.Fatal(err)
	}
	if len(scan.Findings) < 2 || strings.Contains(string(b), value) {
		t.Errorf("%d findings; the value is shown: %s", len(scan.Findings), b)
	}
}

func TestNamesBesideTextMatches(t *testing.T) {
	for before, want := range map[string]string{
		`api_key = "`:                         "api_key",
		`"OPENAI_API_KEY": "`:                 "OPENAI_API_KEY",
		`3UUeDwjw2SlAORgc4APu7vHwWRgqdidWls=`: "",
		strings.Repeat("a_b", 30) + "=":       "",
	} {
		if got := assignedName(before); got != want {
			t.Errorf("a name of %d bytes, want %q", len(got), want)
		}
	}
}
