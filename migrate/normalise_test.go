package migrate

import (
	"encoding/json"
	"testing"
)

func TestSameField(t *testing.T) {
	type list = []any
	tests := []struct {
		field      string
		want, live any
		same       bool
	}{
		{"default_ttl", "5m", json.Number("300"), true},
		{"default_ttl", "300", json.Number("300"), true},
		{"default_ttl", 300, json.Number("300"), true},
		{"default_ttl", 300.0, json.Number("300"), true},
		{"default_ttl", "5m", "300s", true},
		{"default_ttl", "2d", json.Number("172800"), true},
		{"default_ttl", "5m", json.Number("301"), false},
		{"default_ttl", "5m", nil, false},
		{"username", "5m", "300s", false}, // a name, no duration
		{"token_policies", list{"b", "a", "a"}, list{"a", "b"}, true},
		{"token_policies", []string{"a"}, list{"a"}, true},
		{"token_policies", "b, a", list{"a", "b"}, true},
		{"token_policies", list{"a"}, list{"a", "b"}, false},
		{"token_policies", list{}, nil, true},
		{"creation_statements", list{"one", "two"}, list{"two", "one"}, false},
		{"creation_statements", "SELECT a, b", list{"SELECT a, b"}, true},
		{"jwt_validation_pubkeys", list{"KEY\n"}, list{"KEY"}, true},
		{"bound_issuer", "https://a\n", "https://a", true},
		{"verbose", true, true, true},
		{"verbose", "true", true, true},
		{"verbose", false, nil, true},
		{"verbose", true, nil, false},
		{"limit", 0, nil, true},
		{"limit", "1e3", json.Number("1000"), true},
		{"limit", "1e999999999", json.Number("1"), false}, // no expansion
		{"claim_mappings", map[string]any{"a": "b"}, map[string]any{"a": "b"}, true},
		{"claim_mappings", map[string]any{"a": "b"}, map[string]any{"a": "c"}, false},
		{"bound_claims", map[string]any{"g": list{"y", "x"}}, map[string]any{"g": list{"x", "y"}}, true},
	}
	for _, tt := range tests {
		if got := sameField(tt.field, tt.want, tt.live); got != tt.same {
			t.Errorf("%s: %v and %v: same is %v", tt.field, tt.want, tt.live, got)
		}
	}
}

func TestShowHidesPasswordsOfURLs(t *testing.T) {
	password := "pass" + "word-1"
	for _, v := range []any{
		"postgresql://u:" + password + "@h/db",
		[]any{"x", "postgresql://u:" + password + "@h/db"},
	} {
		if got := show(v); got == showRaw(v) {
			t.Errorf("a password is shown")
		}
	}
	const template = "postgresql://{{username}}:{{password}}@h/db"
	if show(template) != template {
		t.Error("Vault's own template was changed")
	}
}
