package migrate

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Vault gives back in another form what was written: numbers as json.Number,
// durations in seconds, comma-separated text as a list, sets in any order, text
// without its last newline. A difference is only one of meaning.

// sameField compares what the plan wants in a field with what is there.
func sameField(field string, want, live any) bool {
	want, live = shape(field, want, live), shape(field, live, want)
	if isEmpty(want) && isEmpty(live) {
		return true
	}
	if reflect.DeepEqual(want, live) {
		return true
	}
	return sameDuration(field, want, live)
}

// shape brings a value into one form: string, bool, []string or, for what Vault
// nests, map[string]any of those. other decides whether text means a list.
func shape(field string, v, other any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		if isList(other) {
			return shape(field, splitList(field, v), nil)
		}
		if _, ok := other.(bool); ok {
			if b, err := strconv.ParseBool(v); err == nil {
				return b
			}
		}
		return number(strings.TrimRight(v, "\r\n"))
	case bool:
		return v
	case map[string]any:
		shaped := map[string]any{}
		others, _ := other.(map[string]any)
		for key, item := range v {
			shaped[key] = shape(key, item, others[key])
		}
		return shaped
	}
	if isList(v) {
		var items []string
		list := reflect.ValueOf(v)
		for i := range list.Len() {
			items = append(items, fmt.Sprint(shape("", list.Index(i).Interface(), nil)))
		}
		if !ordered(field) {
			slices.Sort(items)
			items = slices.Compact(items)
		}
		return items
	}
	return number(fmt.Sprint(v))
}

func isList(v any) bool { return v != nil && reflect.TypeOf(v).Kind() == reflect.Slice }

// ordered lists are run from first to last; all others are sets.
func ordered(field string) bool { return strings.HasSuffix(field, "_statements") }

func splitList(field, text string) []string {
	if ordered(field) {
		return []string{text}
	}
	var items []string
	for _, item := range strings.Split(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// number writes equal numbers alike (300, "300", 3e2) and leaves other text.
// Only a short text can be one: big.Rat would expand a huge exponent.
func number(text string) string {
	if len(text) == 0 || len(text) > 24 || strings.Trim(text, "+-.0123456789eE") != "" {
		return text
	}
	if f, err := strconv.ParseFloat(text, 64); err != nil || f > 1e18 || f < -1e18 {
		return text
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return text
	}
	if n.IsInt() {
		return n.Num().String()
	}
	return n.FloatString(9)
}

// sameDuration compares "5m", "300s" and 300. Between two texts that are no
// numbers it does so only in fields that are durations by name.
func sameDuration(field string, want, live any) bool {
	a, okA := want.(string)
	b, okB := live.(string)
	if !okA || !okB {
		return false
	}
	if _, err := strconv.Atoi(a); err != nil {
		if _, err := strconv.Atoi(b); err != nil && !durationField(field) {
			return false
		}
	}
	x, okX := duration(a)
	y, okY := duration(b)
	return okX && okY && x == y
}

func durationField(field string) bool {
	for _, end := range []string{"ttl", "period", "leeway", "duration", "interval", "timeout"} {
		if strings.HasSuffix(field, end) {
			return true
		}
	}
	return false
}

// duration reads Go's notation, days ("2d") and plain seconds.
func duration(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n < 1<<15 && n > -1<<15 {
			return time.Duration(n) * 24 * time.Hour, true
		}
	}
	if n, err := strconv.ParseInt(text, 10, 32); err == nil {
		return time.Duration(n) * time.Second, true
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// isEmpty: Vault does not tell an unset field from an empty one. false and 0 are
// what unset flags and numbers read as.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == "" || v == "0"
	case bool:
		return !v
	case []string:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// show writes a value for a reader, without passwords of URLs.
func show(v any) string { return hideUserinfo(showRaw(v)) }

// showRaw writes text as it is, all else as JSON.
func showRaw(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
