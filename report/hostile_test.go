package report

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/agentsec/agentsec/migrate"
	"github.com/agentsec/agentsec/planner"
	"github.com/agentsec/agentsec/rules"
)

// fill sets every text below v to hostile and every list to two elements.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.SetMapIndex(key, value)
	case reflect.Interface:
		v.Set(reflect.ValueOf(hostile))
	}
}

// assertFormatsInert renders a document of which every text is hostile.
func assertFormatsInert[D any](t *testing.T, formats []Format[D]) {
	t.Helper()
	var doc D
	fill(reflect.ValueOf(&doc).Elem())
	for _, f := range formats {
		for _, opts := range []Options{{}, {Verbose: true}, {Quiet: true}, {Width: 40}} {
			var b bytes.Buffer
			if err := f.Render(&b, doc, opts); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
			if b.Len() == 0 {
				t.Errorf("%s: nothing was rendered", f.Name)
			}
			assertInert(t, b.String())
		}
	}
}

func TestNoFormatObeysHostileInput(t *testing.T) {
	assertFormatsInert(t, ScanFormats)
	assertFormatsInert(t, RiskMapFormats)
	assertFormatsInert(t, PlanFormats)
	assertFormatsInert(t, ChangesFormats)
	assertFormatsInert(t, ResultFormats)
	assertFormatsInert(t, VerificationFormats)
}

func TestNoFormatFailsOnAnEmptyDocument(t *testing.T) {
	var b bytes.Buffer
	for _, f := range ScanFormats {
		if err := f.Render(&b, &rules.Scan{}, Options{}); err != nil {
			t.Error(f.Name, err)
		}
	}
	for _, f := range RiskMapFormats {
		if err := f.Render(&b, &planner.RiskMap{}, Options{}); err != nil {
			t.Error(f.Name, err)
		}
	}
	if err := PlanText(&b, &planner.Plan{}, Options{}); err != nil {
		t.Error(err)
	}
	if err := ResultText(&b, &migrate.Result{}, Options{}); err != nil {
		t.Error(err)
	}
}
