package scanner

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// utf8Text returns data as UTF-8 without byte order mark, with lines kept. It
// reads UTF-16 with a mark, which Windows editors write; false for anything
// that is no text (NUL bytes). Bytes that are not UTF-8 are left as they are:
// a value in Latin-1 is a value all the same.
func utf8Text(data []byte) ([]byte, bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return fromUTF16(data[2:], func(a, b byte) uint16 { return uint16(a) | uint16(b)<<8 }), true
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return fromUTF16(data[2:], func(a, b byte) uint16 { return uint16(a)<<8 | uint16(b) }), true
	}
	return data, bytes.IndexByte(data, 0) < 0
}

func fromUTF16(data []byte, unit func(a, b byte) uint16) []byte {
	units := make([]uint16, 0, len(data)/2)
	for i := 0; i+1 < len(data); i += 2 {
		units = append(units, unit(data[i], data[i+1]))
	}
	var out []byte
	for _, r := range utf16.Decode(units) {
		out = utf8.AppendRune(out, r)
	}
	return out
}
