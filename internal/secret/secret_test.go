package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentsec/agentsec/internal/secret"
	"gopkg.in/yaml.v3"
)

const canary = "canary-7f3a-value"

func TestNoWayOfPrintingShowsTheValue(t *testing.T) {
	v := secret.New(canary)
	type doc struct {
		V secret.Value            `json:"v" yaml:"v"`
		P *secret.Value           `json:"p" yaml:"p"`
		M map[string]secret.Value `json:"m" yaml:"m" xml:"-"`
	}
	type hidden struct {
		v secret.Value
		p *secret.Value
		m map[string]secret.Value
		k secret.Key
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(strings.Repeat(canary, 3)), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := secret.ReadKey(key)
	if err != nil {
		t.Fatal(err)
	}
	h := hidden{v, &v, map[string]secret.Value{"k": v}, k}
	d := doc{V: v, P: &v, M: map[string]secret.Value{"k": v}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+verb+"\n", v, &v, d, h, &h)
	}
	fmt.Fprintln(&out, fmt.Errorf("wrapped: %w", fmt.Errorf("%v", v)))
	first, second := "a", strings.Clone("a")
	if secret.New(first) != secret.New(second) || secret.New("a") == secret.New("b") || secret.New("") != (secret.Value{}) {
		t.Fatal("values do not compare by their text")
	}
	for _, encode := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal, xml.Marshal} {
		b, err := encode(d)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v, "d", d)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v, "d", d)
	if hex := fmt.Sprintf("%x", canary); strings.Contains(out.String(), canary) || strings.Contains(strings.ToLower(out.String()), hex) {
		t.Fatalf("the value is shown:\n%s", out.String())
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Fatal("nothing says that a value was there")
	}
}

func TestKeyFileOfOthersIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, bytes.Repeat([]byte{7}, 32), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.ReadKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Fatalf("a key that others can read: got %v", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := secret.ReadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := secret.ReadKey(path); again.ID() != k.ID() || again.Fingerprint(secret.New("a")) != k.Fingerprint(secret.New("a")) {
		t.Fatal("the same key file gives different joins")
	}
	if other := secret.NewKey(); other.Fingerprint(secret.New("a")) == k.Fingerprint(secret.New("a")) || other.ID() == k.ID() {
		t.Fatal("two keys give the same join")
	}
}
