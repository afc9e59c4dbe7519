package rules

import (
	"strings"
	"testing"
)

func TestKindOfValue(t *testing.T) {
	for _, c := range []struct {
		kind valueKind
		text []string
	}{
		{valueEmpty, []string{"", "  ", `""`, "''"}},
		{valueTemplate, []string{"${X}", "{{ .Values.x }}", "$(cat x)", "%(x)s", "os.environ/KEY", "$KEY", "vault:secret/data/x#y", "arn:aws:secretsmanager:eu:1:secret:x",
			"{{resolve:secretsmanager:x}}", "ENC[AES256_GCM,data:x]", "op://vault/item", "a-${B}"}},
		{valuePlaceholder, []string{"your-api-key", "your_anthropic_api_key_here", "<token>", "<your key>", "xxxx", "xxx-xxx", "...", "sk-...", "…", "TODO", "replace-me", "replace_api_key",
			"YOUR EMAIL PASSWORD", "ghp_XXXXX", "ghp_custom_token", "********", "[your-password]", "insert-key", "sk-your-key", "my-api-key-here", "__TOKEN__", "REDACTED", "fill-me-in", "abc-placeholder"}},
		{valueDefault, []string{"changeme", "change-me", "CHANGE_ME", "changeit", "change_this", "change-me-to-a-long-random-key", "please-change-me", "password-changeme"}},
		{valueFlag, []string{"true", "No", "null", "none", "on"}},
		{valueNumber, []string{"10", "42", "3600", "1.5", "15m", "-1"}},
		{valuePath, []string{"/run/secrets/db", "./keys/x", "~/x", "../a/b.pem", "certs/server.key", "/etc/x"}},
		{valueURL, []string{"https://example.net", "redis://cache:6379"}},
		{valueHash, []string{"$2b$12$" + strings.Repeat("a", 53), "$argon2id$v=19$m=1$x", "{SSHA}abcdef"}},
		{valueCertificate, []string{"-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----"}},
		{valuePrivateKey, []string{pemKey(), `{"kty":"EC","d":"` + letters(30) + `"}`}},
		{valueJWT, []string{"ey" + letters(20) + ".ey" + letters(30) + "." + letters(30)}},
		{valueText, []string{"two words", "a\nb"}},
		{valueOpaque, []string{"postgres", "hunter2x", "changePassword", "39528$vdg7Jb", "example_123", "test_server_token", "difyai123456", "sk-difyai", "letta",
			"/9jQSkZJ7gABxQEAYVBgPAD2wBDtAMC4gMuAoMDq5Kz", "a%40b", "p@ss"}},
	} {
		for _, v := range c.text {
			if got := kindOfValue(v); got != c.kind {
				t.Errorf("%.20s… (%d bytes): got %d, want %d", v, len(v), got, c.kind)
			}
		}
	}
}

func TestStrength(t *testing.T) {
	for _, weak := range []string{"", "x", "password", "changeme", "postgres", "mysecretpassword", "n8n-test-password", "aaaaaaaaaaaa", "12345678", "admin1234"} {
		if isStrong(weak) {
			t.Errorf("%q joins unrelated systems", weak)
		}
	}
	for _, strong := range []string{"Copper-Kettle-31", letters(24), "lYkiYYT6owG+71oL"} {
		if !isStrong(strong) {
			t.Errorf("%q does not join", strong)
		}
	}
}

func TestPrintableRemovesWhatSteersATerminal(t *testing.T) {
	if got := printable("a\x1b[31mb\r\nc\u202ed\x9b\u2028"); got != "a[31mbcd" {
		t.Errorf("got %q", got)
	}
	if got := printable(strings.Repeat("é", 1000)); len(got) > 310 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestProviderOfValue(t *testing.T) {
	for provider, v := range map[string]string{
		"openai": "sk" + "-proj-" + letters(48), "anthropic": "sk" + "-ant-api03-" + letters(60), "google": "AI" + "za" + letters(35), "groq": "gsk" + "_" + letters(52),
		"openrouter": "sk" + "-or-v1-" + letters(60), "huggingface": "hf" + "_" + letters(34), "langsmith": "lsv2" + "_pt_" + letters(40), "tavily": "tvly" + "-" + letters(32),
		"pinecone": "pcsk" + "_" + letters(60), "github": "ghp" + "_" + letters(36), "slack": "xox" + "b-" + letters(50), "stripe": "sk" + "_live_" + letters(30),
		"langfuse": "sk" + "-lf-" + letters(36), "aws": "AKIA" + strings.ToUpper(letters(16)),
	} {
		p, ok := providerOfValue(v)
		if !ok || p.provider != provider || p.public {
			t.Errorf("%s: got %q, %t", provider, p.provider, ok)
		}
	}
	if p, ok := providerOfValue("pk" + "-lf-" + letters(36)); !ok || !p.public {
		t.Error("a Langfuse public key is public")
	}
	for _, v := range []string{"sk-...", "sk-your-key-goes-here-and-it-is-long-enough", "sk-1234567890abcdef1234567890abcdef1234567890", "sk-", "ghp_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
		"sk-difyai", "hf_model", "AKIA-region", "xai-" + "corp", "pa-rt of a sentence that is long enough to be a key"} {
		if p, ok := providerOfValue(v); ok {
			t.Errorf("%q is no credential of %s", v, p.provider)
		}
	}
}
