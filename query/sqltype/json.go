package sqltype

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

// MaxJSONDepth is how deep arrays and objects may nest.
const MaxJSONDepth = 6000

// MaxJSONDigits bounds the digits of all large numbers of a jsonb value, whose
// exponents are written out.
const MaxJSONDigits = 16 << 20

// JSONKind is the kind of a JSON value, in jsonb's sort order.
type JSONKind uint8

const (
	JSONNull JSONKind = iota
	JSONString
	JSONNumber
	JSONFalse
	JSONTrue
	JSONArray
	JSONObject
)

// JSONValue is a parsed jsonb value: object keys are unique and sorted by length,
// then bytes. Numbers are exact.
type JSONValue struct {
	Kind JSONKind
	Str  string
	Num  Num
	Arr  []JSONValue // elements, or the values of Keys
	Keys []string
}

// jsonParser reads JSON text. With build it makes values; without, it checks only.
type jsonParser struct {
	src    string
	i      int
	depth  int
	quote  int // where the string being read began
	build  bool
	digits int // of all large numbers, when written out
	err    error
}

// ValidateJSON checks that s is one JSON text.
func ValidateJSON(s string) error {
	p := jsonParser{src: s}
	p.document()
	return p.err
}

// ParseJSON reads a JSON text into a jsonb value.
func ParseJSON(s string) (JSONValue, error) {
	p := jsonParser{src: s, build: true}
	v := p.document()
	return v, p.err
}

// CanonicalJSON returns the jsonb text form of a JSON text.
func CanonicalJSON(s string) (string, error) {
	v, err := ParseJSON(s)
	if err != nil {
		return "", err
	}
	return string(v.AppendText(make([]byte, 0, len(s)+16))), nil
}

func (p *jsonParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = dberr.SQL(dberr.StateInvalidTextRepr, "invalid input syntax for type json").WithDetail(format, args...)
	}
}

func (p *jsonParser) space() {
	for p.i < len(p.src) {
		switch p.src[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func isJSONWord(c byte) bool { return isAlpha(c) || isDigit(c) || c == '_' || c >= 0x80 }

// token returns the token at p.i as PostgreSQL's lexer cuts it, for messages, and
// whether it is one.
func (p *jsonParser) token() (text string, ok bool) {
	s := p.src[p.i:]
	switch c := s[0]; {
	case strings.IndexByte("{}[]:,", c) >= 0:
		return s[:1], true
	case c == '"':
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				return s[:i+1], true
			}
		}
		return s, false
	case c == '-' || isDigit(c):
		n, ok := scanJSONNumber(s)
		return s[:n], ok
	case !isJSONWord(c):
		return firstRune(s), false
	}
	i := 0
	for i < len(s) && isJSONWord(s[i]) {
		i++
	}
	return s[:i], s[:i] == "true" || s[:i] == "false" || s[:i] == "null"
}

func (p *jsonParser) expected(what string) {
	if p.i >= len(p.src) {
		p.fail("The input string ended unexpectedly.")
		return
	}
	t, ok := p.token()
	if !ok {
		p.fail("Token \"%s\" is invalid.", t)
		return
	}
	p.fail("Expected %s, but found \"%s\".", what, t)
}

func (p *jsonParser) document() JSONValue {
	if !utf8.ValidString(p.src) {
		p.err = dberr.SQL("22021", "invalid byte sequence for encoding \"UTF8\"")
		return JSONValue{}
	}
	v := p.value("JSON value")
	p.space()
	if p.err == nil && p.i < len(p.src) {
		p.expected("end of input")
	}
	return v
}

func (p *jsonParser) value(what string) (v JSONValue) {
	p.space()
	if p.i >= len(p.src) {
		p.expected(what)
		return v
	}
	switch c := p.src[p.i]; {
	case c == '{':
		return p.nested(p.object)
	case c == '[':
		return p.nested(p.array)
	case c == '"':
		return JSONValue{Kind: JSONString, Str: p.str()}
	case c == '-' || isDigit(c):
		return p.number()
	}
	t, _ := p.token()
	switch t {
	case "true":
		v.Kind = JSONTrue
	case "false":
		v.Kind = JSONFalse
	case "null":
	default:
		p.expected(what)
		return v
	}
	p.i += len(t)
	return v
}

func (p *jsonParser) nested(f func() JSONValue) JSONValue {
	if p.depth >= MaxJSONDepth {
		if p.err == nil {
			p.err = dberr.SQL(dberr.StateStatementTooComplex, "JSON nested deeper than %d levels", MaxJSONDepth)
		}
		return JSONValue{}
	}
	p.depth++
	p.i++
	v := f()
	p.depth--
	return v
}

func (p *jsonParser) array() JSONValue {
	v := JSONValue{Kind: JSONArray}
	p.space()
	if p.i < len(p.src) && p.src[p.i] == ']' {
		p.i++
		return v
	}
	for p.err == nil {
		e := p.value("JSON value")
		if p.build {
			v.Arr = append(v.Arr, e)
		}
		p.space()
		switch {
		case p.err != nil:
		case p.i < len(p.src) && p.src[p.i] == ',':
			p.i++
		case p.i < len(p.src) && p.src[p.i] == ']':
			p.i++
			return v
		default:
			p.expected("\",\" or \"]\"")
		}
	}
	return v
}

func (p *jsonParser) object() JSONValue {
	v := JSONValue{Kind: JSONObject}
	p.space()
	if p.i < len(p.src) && p.src[p.i] == '}' {
		p.i++
		return v
	}
	what := "string or \"}\""
	for p.err == nil {
		p.space()
		if p.i >= len(p.src) || p.src[p.i] != '"' {
			p.expected(what)
			break
		}
		k := p.str()
		p.space()
		if p.err != nil {
			break
		}
		if p.i >= len(p.src) || p.src[p.i] != ':' {
			p.expected("\":\"")
			break
		}
		p.i++
		e := p.value("JSON value")
		if p.build {
			v.Keys = append(v.Keys, k)
			v.Arr = append(v.Arr, e)
		}
		p.space()
		switch {
		case p.err != nil:
		case p.i < len(p.src) && p.src[p.i] == ',':
			p.i++
			what = "string"
		case p.i < len(p.src) && p.src[p.i] == '}':
			p.i++
			v.normalize()
			return v
		default:
			p.expected("\",\" or \"}\"")
		}
	}
	return v
}

func jsonKeyLess(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// normalize sorts the keys and lets the last of equal ones win.
func (v *JSONValue) normalize() {
	sorted := true
	for i := 1; i < len(v.Keys); i++ {
		if !jsonKeyLess(v.Keys[i-1], v.Keys[i]) {
			sorted = false
			break
		}
	}
	if sorted {
		return
	}
	sort.Stable((*byKey)(v))
	n := 0
	for i := range v.Keys {
		if i+1 < len(v.Keys) && v.Keys[i] == v.Keys[i+1] {
			continue
		}
		v.Keys[n], v.Arr[n] = v.Keys[i], v.Arr[i]
		n++
	}
	v.Keys, v.Arr = v.Keys[:n], v.Arr[:n]
}

// NewJSONObject makes an object of pairs in any order; the last of equal keys wins.
func NewJSONObject(keys []string, vals []JSONValue) JSONValue {
	v := JSONValue{Kind: JSONObject, Keys: keys, Arr: vals}
	v.normalize()
	return v
}

type byKey JSONValue

func (v *byKey) Len() int           { return len(v.Keys) }
func (v *byKey) Less(i, j int) bool { return jsonKeyLess(v.Keys[i], v.Keys[j]) }
func (v *byKey) Swap(i, j int) {
	v.Keys[i], v.Keys[j] = v.Keys[j], v.Keys[i]
	v.Arr[i], v.Arr[j] = v.Arr[j], v.Arr[i]
}

// scanJSONNumber measures -?int frac? exp?, with what clings to it where it is
// not a number.
func scanJSONNumber(s string) (n int, ok bool) {
	i := 0
	digits := func() bool {
		from := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		return i > from
	}
	if s[0] == '-' {
		i++
	}
	ok = true
	if i < len(s) && s[i] == '0' {
		i++
	} else {
		ok = digits()
	}
	if ok && i < len(s) && s[i] == '.' {
		i++
		ok = digits()
	}
	if ok && i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		ok = digits()
	}
	for i < len(s) && isJSONWord(s[i]) {
		ok = false
		i++
	}
	return i, ok
}

func (p *jsonParser) number() JSONValue {
	text := p.src[p.i:]
	n, ok := scanJSONNumber(text)
	if !ok {
		p.fail("Token \"%s\" is invalid.", text[:n])
		return JSONValue{}
	}
	p.i += n
	v := JSONValue{Kind: JSONNumber}
	if p.build {
		num, err := ParseNum(text[:n])
		if err != nil && p.err == nil {
			p.err = err
		}
		v.Num = num
		p.weigh(num)
	}
	return v
}

// weigh bounds what short numbers such as 1e131071 may grow to when written out.
func (p *jsonParser) weigh(n Num) {
	if n.Big == nil {
		return
	}
	if p.digits += n.Big.Coeff.BitLen() / 3; p.digits > MaxJSONDigits && p.err == nil {
		p.err = dberr.SQL(dberr.StateProgramLimit, "JSON numbers have more than %d digits in total", MaxJSONDigits)
	}
}

// AppendText appends the value in jsonb's text form.
func (v *JSONValue) AppendText(dst []byte) []byte {
	switch v.Kind {
	case JSONNull:
		return append(dst, "null"...)
	case JSONFalse:
		return append(dst, "false"...)
	case JSONTrue:
		return append(dst, "true"...)
	case JSONNumber:
		return v.Num.AppendText(dst)
	case JSONString:
		return AppendJSONString(dst, v.Str)
	case JSONArray:
		dst = append(dst, '[')
		for i := range v.Arr {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = v.Arr[i].AppendText(dst)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	for i := range v.Arr {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = AppendJSONString(dst, v.Keys[i])
		dst = v.Arr[i].AppendText(append(dst, ": "...))
	}
	return append(dst, '}')
}

// Get returns the value of a key of an object.
func (v *JSONValue) Get(key string) (*JSONValue, bool) {
	if v.Kind != JSONObject {
		return nil, false
	}
	i := sort.Search(len(v.Keys), func(i int) bool { return !jsonKeyLess(v.Keys[i], key) })
	if i < len(v.Keys) && v.Keys[i] == key {
		return &v.Arr[i], true
	}
	return nil, false
}

// Compare is jsonb's btree order: object > array > boolean > number > string >
// null, and more members > fewer; an empty array is below everything.
func (v *JSONValue) Compare(w *JSONValue) int { return compareJSON(v, w, true) }

func compareJSON(v, w *JSONValue, top bool) int {
	class := func(x *JSONValue) int64 {
		switch x.Kind {
		case JSONTrue:
			return int64(JSONFalse)
		case JSONArray:
			if top && len(x.Arr) == 0 {
				return -1
			}
		}
		return int64(x.Kind)
	}
	if c := cmpInt(class(v), class(w)); c != 0 {
		return c
	}
	switch v.Kind {
	case JSONString:
		return strings.Compare(v.Str, w.Str)
	case JSONNumber:
		return v.Num.Cmp(w.Num)
	case JSONFalse, JSONTrue:
		return cmpInt(int64(v.Kind), int64(w.Kind))
	case JSONArray, JSONObject:
		if c := cmpInt(int64(len(v.Arr)), int64(len(w.Arr))); c != 0 {
			return c
		}
		for i := range v.Arr {
			if v.Kind == JSONObject {
				if c := strings.Compare(v.Keys[i], w.Keys[i]); c != 0 {
					return c
				}
			}
			if c := compareJSON(&v.Arr[i], &w.Arr[i], false); c != 0 {
				return c
			}
		}
	}
	return 0
}
