// Package secret holds credential values so that no formatter, encoder or
// logger can print them, and joins them by a keyed HMAC.
package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"unique"
)

const redacted = "[redacted]"

// A Value is a credential in memory. Every way of formatting or encoding it
// yields "[redacted]"; only Reveal gives the text. The zero Value is "no value".
// Two Values are == when their texts are.
type Value struct {
	// A handle and not the string itself: fmt cannot call the methods of a Value
	// in an unexported field of another struct and prints its fields by
	// reflection; of a handle that is an address.
	text unique.Handle[string]
}

// New wraps text.
func New(text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{unique.Make(text)}
}

// Reveal returns the text, for the places that must use it: a comparison, a
// classification, a connection. What it returns must not reach any output.
func (v Value) Reveal() string {
	if v.IsZero() {
		return ""
	}
	return v.text.Value()
}

// IsZero reports whether there is no value (an empty credential is none).
func (v Value) IsZero() bool { return v == Value{} }

func (v Value) String() string   { return v.shown() }
func (v Value) GoString() string { return v.shown() }

// Format covers every verb, %x and %q included.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.shown()) }

// MarshalText covers encoding/json, XML and map keys.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.shown()), nil }

// MarshalYAML covers gopkg.in/yaml.v3.
func (v Value) MarshalYAML() (any, error) { return v.shown(), nil }

func (v Value) shown() string {
	if v.IsZero() {
		return ""
	}
	return redacted
}

// A Key joins equal values without telling them. Fingerprints of different keys
// are never compared: documents carry the key's ID.
type Key struct {
	// A pointer for the reason that Value has a handle.
	bytes *[]byte
}

// NewKey returns a random 32-byte key, good for joins within one run.
func NewKey() Key {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return Key{&b}
}

// ReadKey reads a key file of 32 bytes or more that only its owner can read,
// so that several runs can be joined.
func ReadKey(path string) (Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Key{}, fmt.Errorf("reading join key: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > 1<<16 {
		return Key{}, fmt.Errorf("reading join key: %s is not a key file", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("reading join key: %s can be read by others (mode %04o); run chmod 600 on it", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("reading join key: %w", err)
	}
	if len(b) < 32 {
		return Key{}, errors.New("reading join key: " + path + " is shorter than 32 bytes; make one with: head -c 32 /dev/urandom > FILE")
	}
	return Key{&b}, nil
}

// ID names the key without telling it: 16 hex digits.
func (k Key) ID() string { return k.mac("agentsec key id")[:16] }

// Fingerprint is the HMAC-SHA-256 of v under k in hex, "" for no value.
func (k Key) Fingerprint(v Value) string {
	if v.IsZero() {
		return ""
	}
	return k.mac("value\x00" + v.Reveal())
}

// mac panics on a zero Key: an HMAC under no key would be a guessable hash.
func (k Key) mac(text string) string {
	if k.bytes == nil {
		panic("secret: fingerprint under a zero Key")
	}
	m := hmac.New(sha256.New, *k.bytes)
	_, _ = io.WriteString(m, text)
	return hex.EncodeToString(m.Sum(nil))
}
