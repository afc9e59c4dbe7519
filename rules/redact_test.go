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

func TestPiecesOfValuesInNamesLabelsAndEndpoints(t *testing.T) {
	at := scanner.Position{Path: ".env", Line: 1}
	piece := "mMnv80pQ"
	inv := &scanner.Inventory{
		Candidates: []scanner.Candidate{
			{Kind: scanner.Dotenv, Mechanism: scanner.Literal, Name: "DATABASE_URL", Value: secret.New("postgres://u:Nq79@" + piece + "/Nq81@host/db"), At: at},
			{Kind: scanner.Compose, Mechanism: scanner.StaticRef, Name: "DB_PASSWORD:" + piece, At: at, Workload: "w",
				Ref: scanner.Ref{Store: scanner.Environment, Key: "DB_PASSWORD:" + piece}},
			{Kind: scanner.GitHubActions, Mechanism: scanner.StaticRef, Name: "API_TOKEN", At: at, Ref: scanner.Ref{Store: scanner.CISecret, Key: "API_TOKEN"},
				Object: scanner.Object{Kind: "job", Name: "b", Container: "psql postgres://u:" + piece + "@h/d"}},
		},
		Workloads: []scanner.Workload{{ID: "w", Object: scanner.Object{Kind: "service", Name: "w"}, Images: []string{"u:" + piece + "@r.example/x"},
			Labels: map[string]string{"backup.password": piece, "tier": "web"}}},
	}
	b, err := json.Marshal(Judge(inv, Options{Key: secret.NewKey()}))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(b); strings.Contains(text, piece) || !strings.Contains(text, `"DB_PASSWORD"`) || !strings.Contains(text, `"host":"host"`) || !strings.Contains(text, `"tier":"web"`) {
		t.Errorf("got %s", b)
	}
	if scan := Judge(&scanner.Inventory{Candidates: []scanner.Candidate{{Kind: scanner.GitHubActions, Mechanism: scanner.Literal, Place: scanner.InActionInput,
		Name: "password", Value: secret.New("Fq19-wwxz-77Lk"), At: at}}}, Options{Key: secret.NewKey()}); len(scan.Findings) != 1 || scan.Findings[0].Severity != High {
		t.Errorf("a literal as an action input: %+v", scan.Findings)
	}
}
