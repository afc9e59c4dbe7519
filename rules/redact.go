package rules

import (
	"reflect"
	"strings"
)

// redact replaces every strong secret value that stands in some text of the
// scan: a name, a label, an image, a path. What an input calls a name may be the
// secret itself (`sk-live…=x`, a password as a map key), and the documents must
// hold no value.
func redact(scan *Scan, seen []*sighting) {
	var pairs []string
	known := map[string]bool{}
	for _, s := range seen {
		for _, v := range []string{s.c.Value.Reveal(), s.verdict.value.Reveal()} {
			if len(v) >= minRedacted && isStrong(v) && !known[v] {
				known[v] = true
				pairs = append(pairs, v, "[redacted]")
			}
		}
	}
	if len(pairs) > 0 {
		redactStrings(reflect.ValueOf(scan).Elem(), strings.NewReplacer(pairs...))
	}
}

// minRedacted keeps words that are also ordinary names; a value this short is
// weak whoever shows it.
const minRedacted = 12

func redactStrings(v reflect.Value, r *strings.Replacer) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			redactStrings(v.Elem(), r)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			redactStrings(v.Field(i), r)
		}
	case reflect.Slice:
		for i := range v.Len() {
			redactStrings(v.Index(i), r)
		}
	case reflect.Map:
		if v.Type().Elem().Kind() != reflect.String {
			return // counts by kind and by reason: their keys are ours
		}
		for _, k := range v.MapKeys() {
			old := v.MapIndex(k).String()
			key, text := r.Replace(k.String()), r.Replace(old)
			if key != k.String() {
				v.SetMapIndex(k, reflect.Value{})
			} else if text == old {
				continue
			}
			v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), reflect.ValueOf(text).Convert(v.Type().Elem()))
		}
	case reflect.String:
		if old := v.String(); old != "" {
			if text := r.Replace(old); text != old {
				v.SetString(text)
			}
		}
	}
}
