package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/agentsec/agentsec/internal/secret"
)

// A canary knows every secret value of the run by a name that may be told, and
// finds them in what others can read: plain, base64 or percent-encoded.
type canary struct {
	mu      sync.Mutex
	secrets map[string][][]byte // name → the forms of its value
	places  []string            // where one was found that should hold none
	looked  int                 // bytes
}

func newCanary() *canary { return &canary{secrets: map[string][][]byte{}} }

// Shorter values would be found everywhere.
const shortest = 8

func (c *canary) know(name string, value secret.Value) error {
	text := value.Reveal()
	if len(text) < shortest {
		return fmt.Errorf("the value of %s is too short to be looked for", name)
	}
	forms := []string{
		text, url.QueryEscape(text), url.PathEscape(text),
		base64.StdEncoding.EncodeToString([]byte(text)),
		base64.RawURLEncoding.EncodeToString([]byte(text)),
	}
	slices.Sort(forms)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, form := range slices.Compact(forms) {
		c.secrets[name] = append(c.secrets[name], []byte(form))
	}
	return nil
}

// find names the secrets in text.
func (c *canary) find(text []byte) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked += len(text)
	var names []string
	for name, forms := range c.secrets {
		if slices.ContainsFunc(forms, func(form []byte) bool { return bytes.Contains(text, form) }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// screen looks through the text of a place that should hold no secret, and
// returns it without those that it does hold.
func (c *canary) screen(place, text string) string {
	found := c.find([]byte(text))
	if len(found) == 0 {
		return text
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.places = append(c.places, place+": "+strings.Join(found, ", "))
	for _, name := range found {
		for _, form := range c.secrets[name] {
			text = strings.ReplaceAll(text, string(form), "[LEAKED: "+name+"]")
		}
	}
	return text
}

// screenFiles looks through files and folders and returns how many files it read.
func (c *canary) screenFiles(paths ...string) (int, error) {
	read := 0
	for _, path := range paths {
		err := filepath.WalkDir(path, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			read++
			c.screen(filepath.Base(path), string(text))
			return nil
		})
		if err != nil {
			return read, err
		}
	}
	return read, nil
}

func (c *canary) verdict() (looked, secrets int, places []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.looked, len(c.secrets), slices.Compact(slices.Sorted(slices.Values(c.places)))
}
