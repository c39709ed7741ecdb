// Package jsonin reads the JSON bodies of requests strictly and in one pass.
//
// It promises to refuse, naming the place, everything that a lenient reader lets
// through: duplicate names, names nobody asked for, text that is not UTF-8,
// lone surrogates, data after the value. Numbers are handed out as written, so
// that nothing is rounded on the way. It owns no memory: what it returns is
// copied, except raw values, which are slices of the input.
package jsonin

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

// MaxDepth is how deep arrays and objects may nest.
const MaxDepth = 200

// Kind is the kind of the value that comes next.
type Kind uint8

// The kinds of JSON values.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"nothing", "null", "a boolean", "a number", "a string", "an array", "an object"}

// String names the kind with its article.
func (k Kind) String() string { return kindNames[k] }

// Scanner walks over one JSON text. The zero value with Reset is ready.
type Scanner struct {
	b     []byte
	i     int
	depth int
}

// Reset starts at the beginning of b.
func (s *Scanner) Reset(b []byte) { s.b, s.i, s.depth = b, 0, 0 }

// Errorf returns an error of code INVALID_JSON with the offset of the fault.
func (s *Scanner) errorf(at int, format string, args ...any) error {
	e := dberr.New(dberr.ErrInvalid, "INVALID_JSON", format, args...)
	e.Message = "body is not valid JSON: " + e.Message + " at byte " + strconv.Itoa(at)
	return e
}

// WantError says that a field holds another kind than it must.
func WantError(field, want string, got Kind) error {
	return dberr.New(dberr.ErrInvalid, "INVALID_FIELD", "field %q must be %s, not %s", field, want, got).WithField(field)
}

func (s *Scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// Peek returns the kind of the next value without taking it.
func (s *Scanner) Peek() Kind {
	s.space()
	if s.i >= len(s.b) {
		return Invalid
	}
	switch c := s.b[s.i]; {
	case c == '"':
		return String
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == '-' || c >= '0' && c <= '9':
		return Number
	case c == 't' || c == 'f':
		return Bool
	case c == 'n':
		return Null
	}
	return Invalid
}

// End checks that nothing follows.
func (s *Scanner) End() error {
	s.space()
	if s.i < len(s.b) {
		return s.errorf(s.i, "more data after the value")
	}
	return nil
}

// expect takes one byte.
func (s *Scanner) expect(c byte) error {
	s.space()
	if s.i >= len(s.b) {
		return s.errorf(s.i, "it ends where %q must stand", c)
	}
	if s.b[s.i] != c {
		return s.errorf(s.i, "%q where %q must stand", s.b[s.i], c)
	}
	s.i++
	return nil
}

func (s *Scanner) enter(c byte) error {
	if s.depth++; s.depth > MaxDepth {
		return s.errorf(s.i, "nested deeper than %d", MaxDepth)
	}
	return s.expect(c)
}

// next takes a comma (more) or the closing byte (done).
func (s *Scanner) next(closing byte) (done bool, err error) {
	s.space()
	if s.i >= len(s.b) {
		return true, s.errorf(s.i, "it ends inside a value")
	}
	switch s.b[s.i] {
	case closing:
		s.i++
		s.depth--
		return true, nil
	case ',':
		s.i++
		return false, nil
	}
	return true, s.errorf(s.i, "%q where ',' or %q must stand", s.b[s.i], closing)
}

// Object takes an object and calls field for each name, which must take the
// value. The name is valid during the call. A name that comes twice is refused.
func (s *Scanner) Object(field func(name []byte) error) error {
	if err := s.enter('{'); err != nil {
		return err
	}
	s.space()
	if s.i < len(s.b) && s.b[s.i] == '}' {
		s.i++
		s.depth--
		return nil
	}
	var seen names
	for {
		s.space()
		at := s.i
		name, err := s.stringBytes()
		if err != nil {
			return err
		}
		if !seen.add(name) {
			return dberr.New(dberr.ErrInvalid, "DUPLICATE_FIELD", "body names the field %q twice (at byte %d)", name, at).WithField(string(name))
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := field(name); err != nil {
			return err
		}
		if done, err := s.next('}'); done || err != nil {
			return err
		}
	}
}

// names remembers the names of one object: the first few in place, more in a map.
type names struct {
	first [16][]byte
	n     int
	more  map[string]struct{}
}

func (k *names) add(name []byte) bool {
	for _, have := range k.first[:k.n] {
		if string(have) == string(name) {
			return false
		}
	}
	if k.n < len(k.first) {
		k.first[k.n] = name
		k.n++
		return true
	}
	if _, dup := k.more[string(name)]; dup {
		return false
	}
	if k.more == nil {
		k.more = make(map[string]struct{})
	}
	k.more[string(name)] = struct{}{}
	return true
}

// Array takes an array and calls element before each element, which it must take.
func (s *Scanner) Array(element func(i int) error) error {
	if err := s.enter('['); err != nil {
		return err
	}
	s.space()
	if s.i < len(s.b) && s.b[s.i] == ']' {
		s.i++
		s.depth--
		return nil
	}
	for n := 0; ; n++ {
		if err := element(n); err != nil {
			return err
		}
		if done, err := s.next(']'); done || err != nil {
			return err
		}
	}
}

// Str takes a string.
func (s *Scanner) Str() (string, error) {
	b, err := s.stringBytes()
	return string(b), err
}

// stringBytes takes a string; without escapes it is a slice of the input.
func (s *Scanner) stringBytes() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, err
	}
	start := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[start : s.i-1], nil
		case c == '\\':
			return s.escaped(start)
		case c < 0x20:
			return nil, s.errorf(s.i, "an unescaped control character in a string")
		case c < utf8.RuneSelf:
			s.i++
		default:
			r, n := utf8.DecodeRune(s.b[s.i:])
			if r == utf8.RuneError && n == 1 {
				return nil, s.errorf(s.i, "a string that is not UTF-8")
			}
			s.i += n
		}
	}
	return nil, s.errorf(s.i, "it ends inside a string")
}

// escaped goes on with a string at its first escape.
func (s *Scanner) escaped(start int) ([]byte, error) {
	out := append([]byte(nil), s.b[start:s.i]...)
	for s.i < len(s.b) {
		c := s.b[s.i]
		switch {
		case c == '"':
			s.i++
			return out, nil
		case c == '\\':
			var err error
			if out, err = s.escape(out); err != nil {
				return nil, err
			}
		case c < 0x20:
			return nil, s.errorf(s.i, "an unescaped control character in a string")
		case c < utf8.RuneSelf:
			out = append(out, c)
			s.i++
		default:
			r, n := utf8.DecodeRune(s.b[s.i:])
			if r == utf8.RuneError && n == 1 {
				return nil, s.errorf(s.i, "a string that is not UTF-8")
			}
			out = append(out, s.b[s.i:s.i+n]...)
			s.i += n
		}
	}
	return nil, s.errorf(s.i, "it ends inside a string")
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (s *Scanner) escape(out []byte) ([]byte, error) {
	at := s.i
	if s.i+1 >= len(s.b) {
		return nil, s.errorf(at, "it ends inside a string")
	}
	c := s.b[s.i+1]
	s.i += 2
	if c != 'u' {
		e, ok := escapes[c]
		if !ok {
			return nil, s.errorf(at, "an unknown escape %q", []byte{'\\', c})
		}
		return append(out, e), nil
	}
	r, ok := s.hex4()
	if ok && utf16.IsSurrogate(r) {
		ok = false
		if s.i+1 < len(s.b) && s.b[s.i] == '\\' && s.b[s.i+1] == 'u' {
			s.i += 2
			var low rune
			if low, ok = s.hex4(); ok {
				r = utf16.DecodeRune(r, low)
				ok = r != utf8.RuneError
			}
		}
	}
	if !ok {
		return nil, s.errorf(at, `a \u escape that is no character`)
	}
	return utf8.AppendRune(out, r), nil
}

func (s *Scanner) hex4() (rune, bool) {
	if s.i+4 > len(s.b) {
		return 0, false
	}
	var r rune
	for _, c := range s.b[s.i : s.i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.i += 4
	return r, true
}
