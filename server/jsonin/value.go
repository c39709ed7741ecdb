package jsonin

import "strconv"

// Bool takes true or false.
func (s *Scanner) Bool() (bool, error) {
	if s.Peek() == Bool && s.b[s.i] == 't' {
		return true, s.word("true")
	}
	return false, s.word("false")
}

// Null takes null.
func (s *Scanner) Null() error { return s.word("null") }

func (s *Scanner) word(w string) error {
	s.space()
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return s.errorf(s.i, "no %s", w)
	}
	s.i += len(w)
	return nil
}

// Num takes a number and returns it as written; whole says that it has neither
// fraction nor exponent.
func (s *Scanner) Num() (raw []byte, whole bool, err error) {
	s.space()
	start := s.i
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	first := s.i
	if !s.digits() {
		return nil, false, s.errorf(s.i, "a number without digits")
	}
	if s.b[first] == '0' && s.i > first+1 {
		return nil, false, s.errorf(first, "a number with a leading zero")
	}
	whole = true
	if s.i < len(s.b) && s.b[s.i] == '.' {
		whole = false
		s.i++
		if !s.digits() {
			return nil, false, s.errorf(s.i, "a number that ends in a point")
		}
	}
	if s.i < len(s.b) && (s.b[s.i] == 'e' || s.b[s.i] == 'E') {
		whole = false
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if !s.digits() {
			return nil, false, s.errorf(s.i, "a number with an empty exponent")
		}
	}
	return s.b[start:s.i], whole, nil
}

func (s *Scanner) digits() bool {
	start := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > start
}

// StrField takes the string value of a field.
func (s *Scanner) StrField(field string) (string, error) {
	if k := s.Peek(); k != String && k != Invalid {
		return "", WantError(field, "a string", k)
	}
	return s.Str()
}

// IntField takes the whole-number value of a field between low and high.
func (s *Scanner) IntField(field string, low, high int64) (int64, error) {
	if k := s.Peek(); k != Number && k != Invalid {
		return 0, WantError(field, "a whole number", k)
	}
	raw, whole, err := s.Num()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if !whole || err != nil || n < low || n > high {
		return 0, RangeError(field, string(raw), low, high)
	}
	return n, nil
}

// Raw takes any value, checks it, and returns its bytes in the input.
func (s *Scanner) Raw() ([]byte, error) {
	s.space()
	start := s.i
	if err := s.skip(); err != nil {
		return nil, err
	}
	return s.b[start:s.i], nil
}

func (s *Scanner) skip() (err error) {
	switch s.Peek() {
	case Null:
		return s.Null()
	case Bool:
		_, err = s.Bool()
	case Number:
		_, _, err = s.Num()
	case String:
		_, err = s.stringBytes()
	case Array:
		return s.Array(func(int) error { return s.skip() })
	case Object:
		return s.Object(func([]byte) error { return s.skip() })
	default:
		if s.i >= len(s.b) {
			return s.errorf(s.i, "it ends where a value must stand")
		}
		return s.errorf(s.i, "%q where a value must stand", s.b[s.i])
	}
	return err
}
