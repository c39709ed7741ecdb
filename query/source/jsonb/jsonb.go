// Package jsonb writes stored JSON in jsonb's text form: keys by length and then bytes,
// numbers as numeric writes them. It promises what sqltype.CanonicalJSON gives for the
// same value, without a tree between the two; what it is not sure of it hands to it.
package jsonb

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/query/sqltype"
)

// Of is a document's value. Errors are jsonb's: a string with \u0000, a number beyond
// numeric.
func Of(v doc.Value) (string, error) {
	if dst, ok := appendValue(make([]byte, 0, len(v.Bytes())*5/4), v); ok {
		return string(dst), nil
	}
	return sqltype.CanonicalJSON(string(v.AppendJSON(nil)))
}

// OfText is a JSON text.
func OfText(text []byte) (string, error) {
	if v, err := doc.Parse(text); err == nil {
		if dst, ok := appendValue(make([]byte, 0, len(text)*5/4), v); ok {
			return string(dst), nil
		}
	}
	return sqltype.CanonicalJSON(string(text))
}

// appendValue reports false where the value is not a plain one.
func appendValue(dst []byte, v doc.Value) ([]byte, bool) {
	switch v.Kind() {
	case doc.Number:
		return appendNumber(dst, v)
	case doc.String:
		return appendString(dst, v.Str())
	case doc.Object:
		return appendObject(dst, v)
	case doc.Array:
		dst = append(dst, '[')
		ok := true
		v.Elements(func(i int, e doc.Value) bool {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst, ok = appendValue(dst, e)
			return ok
		})
		return append(dst, ']'), ok
	}
	return v.AppendJSON(dst), true
}

// plainDigits is the most characters of a number that is taken as it is.
const plainDigits = 64

func appendNumber(dst []byte, v doc.Value) ([]byte, bool) {
	if n, ok := v.Int(); ok {
		return strconv.AppendInt(dst, n, 10), true
	}
	from := len(dst)
	dst = v.AppendNumberText(dst)
	text := dst[from:]
	if len(text) > plainDigits || bytes.HasPrefix(text, []byte("-0")) || bytes.ContainsAny(text, "eE") {
		return dst, false
	}
	return dst, true
}

func appendString(dst, s []byte) ([]byte, bool) {
	return sqltype.AppendJSONString(dst, s), bytes.IndexByte(s, 0) < 0
}

// field is a field of an object.
type field struct {
	name  []byte
	value doc.Value
}

func appendObject(dst []byte, v doc.Value) ([]byte, bool) {
	var room [16]field
	list := room[:0]
	v.Fields(func(name []byte, f doc.Value) bool {
		list = append(list, field{name, f})
		return true
	})
	slices.SortFunc(list, func(a, b field) int {
		if n := len(a.name) - len(b.name); n != 0 {
			return n
		}
		return bytes.Compare(a.name, b.name)
	})
	dst = append(dst, '{')
	for i := range list {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		var ok bool
		if dst, ok = appendString(dst, list[i].name); !ok {
			return dst, false
		}
		if dst, ok = appendValue(append(dst, ": "...), list[i].value); !ok {
			return dst, false
		}
	}
	return append(dst, '}'), true
}
