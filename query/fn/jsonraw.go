package fn

import (
	"strings"

	"github.com/weftdb/weft/query/sqltype"
)

// The raw functions walk JSON text that is known to be valid, without building
// values: what they return are pieces of the text. For jsonb, whose text is
// canonical, pieces are canonical too.

func skipBlank(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// rawEnd returns the offset after the value that begins at i.
func rawEnd(s string, i int) int {
	switch s[i] {
	case '"':
		for i++; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(s)
	case '{', '[':
		depth := 0
		for i < len(s) {
			switch s[i] {
			case '"':
				i = rawEnd(s, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return len(s)
	}
	for i < len(s) && strings.IndexByte(",]} \n\t\r", s[i]) < 0 {
		i++
	}
	return i
}

// rawMembers calls f with each member of an object or array (key is raw and
// quoted, "" in arrays) until it returns false.
func rawMembers(s string, f func(key, val string) bool) {
	i := skipBlank(s, 0)
	object := s[i] == '{'
	i = skipBlank(s, i+1)
	for i < len(s) && s[i] != '}' && s[i] != ']' {
		key := ""
		if object {
			end := rawEnd(s, i)
			key = s[i:end]
			i = skipBlank(s, skipBlank(s, end)+1)
		}
		end := rawEnd(s, i)
		if !f(key, s[i:end]) {
			return
		}
		if i = skipBlank(s, end); i < len(s) && s[i] == ',' {
			i = skipBlank(s, i+1)
		}
	}
}

// rawKind returns the first byte of the value: { [ " t f n or a digit or minus.
func rawKind(s string) byte {
	if i := skipBlank(s, 0); i < len(s) {
		return s[i]
	}
	return 0
}

// rawString decodes a JSON string.
func rawString(raw string) string {
	inner := raw[1 : len(raw)-1]
	if strings.IndexByte(inner, '\\') < 0 {
		return inner
	}
	v, err := sqltype.ParseJSON(raw)
	if err != nil {
		return inner
	}
	return v.Str
}

// rawKey returns the member of an object; of equal keys the last.
func rawKey(s, key string) (val string, ok bool) {
	if rawKind(s) != '{' {
		return "", false
	}
	rawMembers(s, func(k, v string) bool {
		if len(k) >= len(key)+2 && rawString(k) == key {
			val, ok = v, true
		}
		return true
	})
	return val, ok
}

// rawIndex returns an element of an array, from the end where i is negative.
func rawIndex(s string, i int64) (val string, ok bool) {
	if rawKind(s) != '[' {
		return "", false
	}
	if i < 0 {
		n := rawCount(s)
		if i += n; i < 0 {
			return "", false
		}
	}
	rawMembers(s, func(_, v string) bool {
		if i == 0 {
			val, ok = v, true
			return false
		}
		i--
		return true
	})
	return val, ok
}

// rawElement is rawIndex for jsonb, which counts a scalar as an array of itself.
func rawElement(s string, i int64) (string, bool) {
	if k := rawKind(s); k != '[' && k != '{' {
		return s, i == 0 || i == -1
	}
	return rawIndex(s, i)
}

func rawCount(s string) (n int64) {
	rawMembers(s, func(string, string) bool { n++; return true })
	return n
}

// rawPath follows keys and subscripts.
func rawPath(s string, path []sqltype.Datum) (string, bool) {
	s = strings.TrimSpace(s)
	for _, p := range path {
		if p.Null {
			return "", false
		}
		var ok bool
		switch rawKind(s) {
		case '{':
			s, ok = rawKey(s, p.Str)
		case '[':
			var i int64
			if i, ok = subscript(p.Str); ok {
				s, ok = rawIndex(s, i)
			}
		}
		if !ok {
			return "", false
		}
	}
	return s, true
}

// subscript reads an array subscript in a path.
func subscript(s string) (int64, bool) {
	d, err := sqltype.Parse(sqltype.TInt4, s)
	return d.Int, err == nil
}

// rawText is the value as ->> gives it: strings without quotes, null as NULL.
func rawText(raw string) (string, error) {
	switch rawKind(raw) {
	case '"':
		return rawString(strings.TrimSpace(raw)), nil
	case 'n':
		return "", errNull
	}
	return raw, nil
}

func rawTypeof(raw string) string {
	switch rawKind(raw) {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}
