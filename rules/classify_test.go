package rules

import (
	"strings"
	"testing"

	"github.com/agentsec/agentsec/internal/secret"
	"github.com/agentsec/agentsec/scanner"
)

func candidate(m scanner.Mechanism, name, value string) *scanner.Candidate {
	return &scanner.Candidate{Mechanism: m, Name: name, Value: secret.New(value), At: scanner.Position{Path: "x", Line: 1}}
}

func TestClassifyLiteral(t *testing.T) {
	for _, c := range []struct {
		name, value string
		class       Class
	}{
		{"POSTGRES_PASSWORD", "postgres", Database},
		{"POSTGRES_PASSWORD", "1234", Database},
		{"DB_PASSWORD", "changeme", Database},
		{"POSTGRES_USER", "postgres", NoSecret},
		{"POSTGRES_PASSWORD", "", NoSecret},
		{"POSTGRES_PASSWORD", "${DB_PASSWORD}", NoSecret},
		{"DATABASE_PASSWORD", "/run/secrets/db-password", NoSecret},
		{"OPENAI_API_KEY", "quiet-river", LLMKey},
		{"OPENAI_API_KEY", "fake", NoSecret},
		{"OPENAI_API_KEY", "your-key", NoSecret},
		{"OPENAI_MODEL", "gpt-4o-mini", NoSecret},
		{"MAX_TOKENS", "4096", NoSecret},
		{"QDRANT_API_KEY", "quiet-river", Database},
		{"HUGGING_FACE_HUB_TOKEN", "quiet-river", LLMKey},
		{"AZURE_OPENAI_API_KEY", "quiet-river", LLMKey},
		{"GOOGLE_API_KEY", "quiet-river", LLMKey},
		{"RUNNERS_AUTH_TOKEN", "changeRunnerAuthToken", InternalToken},
		{"LETTA_SERVER_PASS", "test_server_token", InternalToken},
		{"N8N_ENCRYPTION_KEY", "change-me-to-a-long-random-key", SigningKey},
		{"SECRET_KEY", "quiet-river-9", SigningKey},
		{"JWT_SECRET", "quiet-river-9", SigningKey},
		{"SMTP_PASSWORD", "quiet-river", ThirdParty},
		{"TAVILY_API_KEY", "quiet-river", ThirdParty},
		{"OAUTH_CLIENT_SECRET", "quiet-river", OAuth},
		{"AWS_SECRET_ACCESS_KEY", "quiet-river", Cloud},
		{"AZURE_STORAGE_CONNECTION_STRING", "AccountName=x;AccountKey=quietriverkey==;", Cloud},
		{"TLS_PRIVATE_KEY", pemKey(), TLSKey},
		{"JWT_SIGNING_KEY", pemKey(), SigningKey},
		{"SECRET_BLAH", "secretsquirrels", OtherClass},
		{"BLAH", "secretsquirrels", NoSecret},
		{"GF_SECURITY_ADMIN_PASSWORD", "grafana", OtherClass},
		{"ADMIN_PASSWORD_HASH", "$2b$12$" + strings.Repeat("a", 53), PasswordHash},
		{"IMAGE_TAG", "3f786850e387550fdab836ed7e6dc881de23001b", NoSecret},
		{"AWS_ACCESS_KEY_ID", "AKIA" + "IOSFODNN7" + "EXAMPLE", Cloud},
		{"MINIO_ACCESS_KEY", "minio", NoSecret},
		{"DATABASE_URL", "sqlite:///data.db", NoSecret},
		{"DATABASE_URL", "host=db user=me password=quiet-river", Database},
		{"BASE_URL", "https://example.net", NoSecret},
		{"KEY", "quiet-river", NoSecret},
		{"API_KEY", "Bearer ${TOKEN}", NoSecret},
	} {
		if got := classify(candidate(scanner.Literal, c.name, c.value), nil); got.class != c.class {
			t.Errorf("%s: got %q, want %q", c.name, got.class, c.class)
		}
	}
}

func TestClassifyReference(t *testing.T) {
	k8s := scanner.Ref{Store: scanner.KubernetesSecret, Name: "web", Key: "value"}
	cm := scanner.Ref{Store: scanner.KubernetesConfigMap, Name: "web", Key: "value"}
	shell := scanner.Ref{Store: scanner.Environment, Scope: ".env", Key: "X"}
	ci := scanner.Ref{Store: scanner.CISecret, Key: "X"}
	for _, c := range []struct {
		name  string
		ref   scanner.Ref
		class Class
	}{
		{"DB_PASSWORD", k8s, Database}, {"DB_PASSWORD", shell, Database}, {"DB_PASSWORD", cm, Database}, {"DB_PASSWORD", ci, Database},
		{"DATABASE_URL", shell, Database}, {"DATABASE_URL", cm, NoSecret},
		{"DB_USER", k8s, NoSecret}, {"DB_HOST", k8s, NoSecret}, {"AWS_REGION", ci, NoSecret}, {"LOG_LEVEL", shell, NoSecret},
		{"BLAH", k8s, OtherClass}, {"BLAH", ci, OtherClass}, {"BLAH", shell, NoSecret}, {"BLAH", cm, NoSecret},
		{"BLAH", scanner.Ref{Store: scanner.Environment, Key: "DB_PASSWORD"}, Database},
		{"BLAH", scanner.Ref{Store: scanner.KubernetesSecret, Name: "x", Key: "username"}, NoSecret},
	} {
		cand := candidate(scanner.StaticRef, c.name, "")
		cand.Ref = c.ref
		if got := classify(cand, nil); got.class != c.class {
			t.Errorf("%s from %s %s: got %q, want %q", c.name, c.ref.Store, c.ref.Key, got.class, c.class)
		}
	}
	token := candidate(scanner.StaticRef, "GH_TOKEN", "")
	token.Ref = scanner.Ref{Store: scanner.CISecret, Key: "GITHUB_TOKEN"}
	if got := classify(token, nil); got.mechanism != scanner.Dynamic || got.class != NoSecret {
		t.Errorf("GITHUB_TOKEN: got %v %v", got.mechanism, got.class)
	}
}

func TestURLWithALiteralPasswordIsALeakUnderAnyName(t *testing.T) {
	for _, name := range []string{"DATABASE_URL", "BACKEND", "LOG_LEVEL", "DB_HOST"} {
		v := classify(candidate(scanner.Literal, name, "postgres://me:Copper%2DKettle-31@db:5432/app"), nil)
		if v.class != Database || v.mechanism != scanner.Leak || !v.inURL || v.endpoint == nil || v.value.Reveal() != "Copper-Kettle-31" {
			t.Errorf("%s: got %+v", name, v)
		}
	}
	c := candidate(scanner.Literal, "DATABASE_URL", "postgres://me:${PASSWORD}@db/app")
	if v := classify(c, nil); v.mechanism != scanner.StaticRef || v.inURL || v.class != Database || !v.value.IsZero() {
		t.Errorf("a password from elsewhere: got %+v", v)
	}
	for _, harmless := range []string{"postgres://me:<password>@db/app", "postgres://me:your-password@db/app", "postgres://db/app", "https://example.net/?q=a:b@c"} {
		if v := classify(candidate(scanner.Literal, "DATABASE_URL", harmless), nil); v.class != NoSecret {
			t.Errorf("%s: got %+v", harmless, v)
		}
	}
}

func TestSecretDataIsASecretUnlessItsNameSaysOtherwise(t *testing.T) {
	for name, want := range map[string]bool{"password": true, "k8svaultkey": true, "key": true, "salt": true, ".dockerconfigjson": true,
		"username": false, "host": false, "POSTGRES_DB": false, "tls.crt": false} {
		c := candidate(scanner.Literal, name, "quiet-river")
		c.Place = scanner.InSecretData
		if got := classify(c, nil).class != NoSecret; got != want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestCommandLineLeaksAlsoAReference(t *testing.T) {
	for _, value := range []string{"Copper-Kettle-31", "$DB_PASSWORD", "$(cat /run/secrets/db)", "${{ secrets.X }}"} {
		c := candidate(scanner.Leak, "password", value)
		c.Place = scanner.InCommand
		if v := classify(c, nil); v.class == NoSecret || v.mechanism != scanner.Leak {
			t.Errorf("%s: got %+v", value, v)
		}
	}
	for name, value := range map[string]string{"auth.rootUser": "root", "password": "your-password", "database.passwordSecret.name": "db"} {
		c := candidate(scanner.Leak, name, value)
		c.Place = scanner.InCommand
		if v := classify(c, nil); v.class != NoSecret {
			t.Errorf("%s: got %+v", name, v)
		}
	}
}

func TestCommentNeedsAFormOrAURL(t *testing.T) {
	for value, want := range map[string]bool{"Copper-Kettle-31": false, "postgres://me:Copper-Kettle-31@db/x": true, "gsk" + "_" + letters(52): true} {
		c := candidate(scanner.Literal, "DB_PASSWORD", value)
		c.Place = scanner.InComment
		if got := classify(c, nil).class != NoSecret; got != want {
			t.Errorf("%d bytes: got %t", len(value), got)
		}
	}
}

func TestAWeakDefaultIsAPlaceholderInAnExampleOnly(t *testing.T) {
	c := candidate(scanner.Literal, "DB_PASSWORD", "changeme")
	if classify(c, nil).class == NoSecret {
		t.Error("a deployed changeme works as a password")
	}
	c.Context = scanner.Example
	if classify(c, nil).class != NoSecret {
		t.Error("changeme in an example asks to be replaced")
	}
}

func FuzzClassify(f *testing.F) {
	for _, seed := range []string{"postgres", "postgres://u:p@h/d", "${A:-b}", "sk-abc", "-----BEGIN x", "a=b;password=c", "\x00\xff", "{{", "Bearer x"} {
		f.Add("DB_PASSWORD", seed, uint8(0), uint8(0))
		f.Add("x.y-zKey", seed, uint8(3), uint8(3))
	}
	mechanisms := []scanner.Mechanism{scanner.Literal, scanner.StaticRef, scanner.BulkRef, scanner.Leak, scanner.CodeRead, scanner.SyncedStatic, scanner.Dynamic}
	places := []scanner.Place{scanner.InEnv, scanner.InSecretData, scanner.InConfigData, scanner.InCommand, scanner.InAnnotation, scanner.InComment, scanner.InText}
	f.Fuzz(func(t *testing.T, name, value string, m, p uint8) {
		c := candidate(mechanisms[int(m)%len(mechanisms)], name, value)
		c.Place = places[int(p)%len(places)]
		plain := classify(c, nil)
		for _, quote := range []string{`"`, `'`} {
			if strings.ContainsAny(value, "\"'`") {
				break // inner quotes end a URL
			}
			quoted := *c
			quoted.Value = secret.New(quote + value + quote)
			if got := classify(&quoted, nil); got.class != plain.class || got.mechanism != plain.mechanism {
				t.Errorf("quotes change %q/%s to %q/%s", plain.class, plain.mechanism, got.class, got.mechanism)
			}
		}
		if plain.class != NoSecret && plain.mechanism == "" {
			t.Error("a secret without a mechanism")
		}
	})
}
