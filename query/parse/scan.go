package parse

import "strings"

// kind is the kind of a token.
type kind uint8

const (
	kEOF    kind = iota
	kWord        // unquoted identifier or key word
	kQuoted      // "identifier"
	kString      // 'text' in any of its forms, dollar quotes too
	kBits        // b'01' or x'1f'
	kNumber
	kParam // $1
	kOp    // operator symbol of any length
	kPunct // one of , ( ) [ ] . ; : or :: := ..
	kOpen  // a string, quoted identifier or comment that does not end
)

// token is a piece of the text: sql[start:end].
type token struct {
	kind       kind
	start, end int
}

// scanner cuts SQL into tokens by PostgreSQL's lexical rules. White space and
// comments are passed over. It never fails: what does not end is a token of kind kOpen.
type scanner struct {
	sql string
	pos int
	// backtick is the position of the first backtick outside of quotes, 0 for none.
	backtick int
}

const (
	opChars   = "~!@#^&|`?+-*/%<>="
	selfChars = ",()[].;:"
)

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isIdentStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}
func isIdent(c byte) bool { return isIdentStart(c) || isDigit(c) || c == '$' }
func isOp(c byte) bool    { return strings.IndexByte(opChars, c) >= 0 }

func (s *scanner) at(i int) byte {
	if i < len(s.sql) {
		return s.sql[i]
	}
	return 0
}

// next returns the next token.
func (s *scanner) next() token {
	if !s.skip() {
		t := token{kOpen, s.pos, len(s.sql)}
		s.pos = len(s.sql)
		return t
	}
	start := s.pos
	if start >= len(s.sql) {
		return token{kEOF, start, start}
	}
	k := s.token()
	return token{k, start, s.pos}
}

// skip passes white space and comments; false means that a comment does not end.
func (s *scanner) skip() bool {
	for s.pos < len(s.sql) {
		c := s.sql[s.pos]
		switch {
		case isSpace(c):
			s.pos++
		case c == '-' && s.at(s.pos+1) == '-':
			if i := strings.IndexAny(s.sql[s.pos:], "\n\r"); i >= 0 {
				s.pos += i
			} else {
				s.pos = len(s.sql)
			}
		case c == '/' && s.at(s.pos+1) == '*':
			end := commentEnd(s.sql, s.pos)
			if end < 0 {
				return false
			}
			s.pos = end
		default:
			return true
		}
	}
	return true
}

// commentEnd finds the end of the comment, which may hold comments, that begins at i; -1 for none.
func commentEnd(sql string, i int) int {
	depth := 0
	for i < len(sql) {
		switch {
		case strings.HasPrefix(sql[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(sql[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return -1
}

func (s *scanner) token() kind {
	c := s.sql[s.pos]
	switch {
	case isIdentStart(c):
		return s.word()
	case c == '\'':
		return s.quoted('\'', false, kString)
	case c == '"':
		return s.quoted('"', false, kQuoted)
	case isDigit(c), c == '.' && isDigit(s.at(s.pos+1)):
		return s.number()
	case c == '$':
		return s.dollar()
	case isOp(c):
		return s.operator()
	case c == ':' && (s.at(s.pos+1) == ':' || s.at(s.pos+1) == '='), c == '.' && s.at(s.pos+1) == '.':
		s.pos += 2
		return kPunct
	}
	s.pos++
	return kPunct
}

// word scans an identifier, or a string whose kind stands before its quote.
func (s *scanner) word() kind {
	c, n := s.sql[s.pos]|0x20, s.at(s.pos+1)
	switch {
	case n == '\'' && c == 'e':
		s.pos++
		return s.quoted('\'', true, kString)
	case n == '\'' && (c == 'b' || c == 'x'):
		s.pos++
		return s.quoted('\'', false, kBits)
	case n == '\'' && c == 'n':
		s.pos++
		return s.quoted('\'', false, kString)
	case c == 'u' && n == '&' && s.at(s.pos+2) == '\'':
		s.pos += 2
		return s.quoted('\'', false, kString)
	case c == 'u' && n == '&' && s.at(s.pos+2) == '"':
		s.pos += 2
		return s.quoted('"', false, kQuoted)
	}
	for s.pos < len(s.sql) && isIdent(s.sql[s.pos]) {
		s.pos++
	}
	return kWord
}

// quoted scans to the closing quote; a doubled quote stands for itself. A string goes
// on in the next one where only white space with a line break is between them.
func (s *scanner) quoted(q byte, escapes bool, k kind) kind {
	s.pos++
	for s.pos < len(s.sql) {
		c := s.sql[s.pos]
		switch {
		case c == '\\' && escapes:
			s.pos += 2
		case c != q:
			s.pos++
		case s.at(s.pos+1) == q:
			s.pos += 2
		default:
			s.pos++
			next, ok := s.continued()
			if q != '\'' || !ok {
				return k
			}
			s.pos = next + 1
		}
	}
	s.pos = len(s.sql)
	return kOpen
}

// continued finds the quote of a string that continues the one before.
func (s *scanner) continued() (int, bool) {
	i, line := s.pos, false
	for i < len(s.sql) {
		switch c := s.sql[i]; {
		case c == '\n' || c == '\r':
			line = true
			i++
		case isSpace(c):
			i++
		case line && c == '-' && s.at(i+1) == '-':
			for i < len(s.sql) && s.sql[i] != '\n' && s.sql[i] != '\r' {
				i++
			}
		default:
			return i, line && c == '\''
		}
	}
	return i, false
}

func (s *scanner) number() kind {
	if s.sql[s.pos] == '0' && strings.IndexByte("xXoObB", s.at(s.pos+1)) >= 0 && s.pos+1 < len(s.sql) {
		for s.pos < len(s.sql) && isIdent(s.sql[s.pos]) {
			s.pos++
		}
		return kNumber
	}
	s.digits()
	if s.at(s.pos) == '.' && s.at(s.pos+1) != '.' {
		s.pos++
		s.digits()
	}
	if c := s.at(s.pos) | 0x20; c == 'e' {
		i := s.pos + 1
		if n := s.at(i); n == '+' || n == '-' {
			i++
		}
		if isDigit(s.at(i)) {
			s.pos = i
			s.digits()
		}
	}
	return kNumber
}

func (s *scanner) digits() {
	for s.pos < len(s.sql) && (isDigit(s.sql[s.pos]) || s.sql[s.pos] == '_') {
		s.pos++
	}
}

// dollar scans a parameter or a dollar-quoted string.
func (s *scanner) dollar() kind {
	i := s.pos + 1
	if isDigit(s.at(i)) {
		for i < len(s.sql) && isDigit(s.sql[i]) {
			i++
		}
		s.pos = i
		return kParam
	}
	for i < len(s.sql) && isIdent(s.sql[i]) && s.sql[i] != '$' {
		i++
	}
	if i == len(s.sql) {
		s.pos = i // perhaps a tag that goes on
		return kPunct
	}
	if s.sql[i] != '$' {
		s.pos++
		return kPunct
	}
	tag := s.sql[s.pos : i+1]
	end := strings.Index(s.sql[i+1:], tag)
	if end < 0 {
		s.pos = len(s.sql)
		return kOpen
	}
	s.pos = i + 1 + end + len(tag)
	return kString
}

// operator scans the longest operator symbol by PostgreSQL's rules: it does not run into a
// comment, and ends in + or - only if it has a character that standard operators lack.
func (s *scanner) operator() kind {
	start, i := s.pos, s.pos
	for i < len(s.sql) && isOp(s.sql[i]) {
		if i > start && (strings.HasPrefix(s.sql[i:], "--") || strings.HasPrefix(s.sql[i:], "/*")) {
			break
		}
		if s.sql[i] == '`' && s.backtick == 0 {
			s.backtick = i + 1
		}
		i++
	}
	if !strings.ContainsAny(s.sql[start:i], "~!@#^&|`?%") {
		for i-start > 1 && (s.sql[i-1] == '+' || s.sql[i-1] == '-') {
			i--
		}
	}
	s.pos = i
	return kOp
}

// is says whether t is the key word w, given in lower case.
func (t token) is(sql, w string) bool {
	if t.kind != kWord || t.end-t.start != len(w) {
		return false
	}
	for i := 0; i < len(w); i++ {
		c := sql[t.start+i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != w[i] {
			return false
		}
	}
	return true
}

// punct says whether t is the single character c.
func (t token) punct(sql string, c byte) bool {
	return t.end-t.start == 1 && (t.kind == kPunct || t.kind == kOp) && sql[t.start] == c
}
