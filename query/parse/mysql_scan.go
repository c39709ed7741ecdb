package parse

import (
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
)

// mysqlKind is the kind of a token of MySQL's dialect.
type mysqlKind uint8

const (
	myWord   mysqlKind = iota // text in lower case
	myName                    // in backticks; text as it is meant
	myString                  // text as it is meant
	myNumber                  // text as written
	myHex                     // text is the digits
	myParam                   // ?
	myOp                      // text is the symbol
)

// mysqlToken is a token, at [start, end) of the text.
type mysqlToken struct {
	kind       mysqlKind
	text       string
	start, end int
}

func (t mysqlToken) is(op string) bool { return t.kind == myOp && t.text == op }

// word is the text of a word or symbol, "" for others.
func (t mysqlToken) word() string {
	if t.kind == myWord || t.kind == myOp {
		return t.text
	}
	return ""
}

func (t mysqlToken) shown() string {
	if t.kind == myString {
		return "a string"
	}
	return t.text
}

// emit writes the token so that the grammar cannot read it otherwise.
func (t mysqlToken) emit() string {
	switch t.kind {
	case myName:
		return "`" + strings.ReplaceAll(t.text, "`", "``") + "`"
	case myString:
		return "'" + mysqlEscape.Replace(t.text) + "'"
	case myHex:
		return "x'" + t.text + "'"
	}
	return t.text
}

var mysqlEscape = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

func joinMySQL(toks []mysqlToken) string {
	var b strings.Builder
	for i, t := range toks {
		if i > 0 {
			b.WriteByte(' ')
		}
		if t.kind == myWord && (t.text == "substr" || t.text == "substring") && i+1 < len(toks) && toks[i+1].is("(") {
			b.WriteString("mid") // the grammar takes only columns under the other names
			continue
		}
		b.WriteString(t.emit())
	}
	return b.String()
}

// mysqlScanner cuts a text into tokens.
type mysqlScanner struct {
	sql  string
	i    int
	toks []mysqlToken
}

// scanMySQL cuts a text into tokens and refuses what would be read differently from
// MySQL, and nesting beyond the limit.
func scanMySQL(sql string, limits Limits) ([]mysqlToken, error) {
	s := &mysqlScanner{sql: sql}
	depth, run := 0, 0
	for {
		if err := s.space(); err != nil {
			return nil, err
		}
		if s.i >= len(sql) {
			return s.toks, nil
		}
		n := len(s.toks)
		if err := s.token(); err != nil {
			return nil, err
		}
		if len(s.toks) == n {
			continue // two strings side by side became one
		}
		t := s.toks[n]
		switch w := t.word(); {
		case w == "(" || w == "case":
			depth++
		case (w == ")" || w == "end") && depth > 0:
			depth--
		}
		run++
		if t.kind != myOp && t.word() != "not" && t.word() != "binary" || t.is(",") {
			run = 0
		}
		if depth > limits.MaxNesting || run > limits.MaxNesting {
			return nil, dberr.SQL(dberr.StateStatementTooComplex, "the statement has more than %d nested parentheses, CASE or prefix operators", limits.MaxNesting).At(t.start + 1)
		}
		if err := s.pair(n); err != nil {
			return nil, err
		}
	}
}

// pair refuses two tokens side by side that mean one thing to MySQL and another to the grammar.
func (s *mysqlScanner) pair(n int) error {
	t := s.toks[n]
	if t.kind == myWord && t.text == "xor" {
		return refuseMySQL(t.start+1, "XOR").WithHint("Write (a) <> (b). %s", mysqlHint)
	}
	if n == 0 || t.kind != myString {
		return nil
	}
	switch p := s.toks[n-1]; {
	case p.kind == myWord && (p.text == "date" || p.text == "time" || p.text == "timestamp"):
		return refuseMySQL(p.start+1, "%s '…'", strings.ToUpper(p.text)).WithHint("Write CAST('…' AS %s). %s", strings.ToUpper(p.text), mysqlHint)
	case p.kind == myWord && p.text[0] == '_':
		return refuseMySQL(p.start+1, "the character set introducer %s", p.text)
	}
	return nil
}

// space passes over white space and comments.
func (s *mysqlScanner) space() error {
	for s.i < len(s.sql) {
		rest := s.sql[s.i:]
		switch c := rest[0]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
			s.i++
		case c == '#':
			s.line()
		case strings.HasPrefix(rest, "--"):
			if len(rest) > 2 && !strings.ContainsRune(" \t\n\r", rune(rest[2])) {
				return refuseMySQL(s.i+1, "-- without a space after it").WithHint("Write - - for two signs, or a space to begin a comment.")
			}
			s.line()
		case strings.HasPrefix(rest, "/*!"):
			return refuseMySQL(s.i+1, "a comment that is executed, /*! … */,")
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return dberr.SQL(dberr.StateSyntax, "unterminated /* comment").At(s.i + 1)
			}
			s.i += end + 4
		default:
			return nil
		}
	}
	return nil
}

func (s *mysqlScanner) line() {
	if n := strings.IndexByte(s.sql[s.i:], '\n'); n >= 0 {
		s.i += n + 1
	} else {
		s.i = len(s.sql)
	}
}

// mysqlOps are the symbols, longer ones first.
var mysqlOps = []string{"<=>", "->>", "->", "<=", ">=", "<>", "!=", "<<", ">>", "&&", "||", "(", ")", ",", ";", ".", "=", "<", ">", "+", "-", "*", "/", "%", "&", "|", "^", "~", "!"}

func (s *mysqlScanner) token() error {
	start := s.i
	c := s.sql[s.i]
	switch {
	case c == '\'' || c == '"':
		return s.str(start)
	case c == '`':
		return s.name(start)
	case c == '?':
		s.i++
		s.add(myParam, "?", start)
		return nil
	case (c == 'x' || c == 'X') && s.i+1 < len(s.sql) && s.sql[s.i+1] == '\'':
		return s.hex(start)
	case (c == 'b' || c == 'B' || c == 'n' || c == 'N') && s.i+1 < len(s.sql) && s.sql[s.i+1] == '\'':
		return refuseMySQL(start+1, "%c'…'", c)
	case c >= '0' && c <= '9' || c == '.' && s.i+1 < len(s.sql) && isDecimal(s.sql[s.i+1]) && !s.afterName():
		return s.number(start)
	case wordByte(c) || c >= utf8.RuneSelf:
		for s.i < len(s.sql) && (wordByte(s.sql[s.i]) || isDecimal(s.sql[s.i]) || s.sql[s.i] == '$' || s.sql[s.i] >= utf8.RuneSelf) {
			s.i++
		}
		text := strings.ToLower(s.sql[start:s.i])
		kind := myWord
		if strings.ContainsFunc(text, func(r rune) bool { return r == '$' || r >= utf8.RuneSelf }) {
			kind = myName
		}
		s.add(kind, text, start)
		return nil
	case strings.HasPrefix(s.sql[s.i:], "//"):
		return dberr.SQL(dberr.StateSyntax, `syntax error at or near "//"`).At(start + 1)
	}
	for _, op := range mysqlOps {
		if strings.HasPrefix(s.sql[s.i:], op) {
			s.i += len(op)
			s.add(myOp, op, start)
			return nil
		}
	}
	switch c {
	case '@':
		return refuseMySQL(start+1, "a variable")
	case ':':
		return dberr.SQL(dberr.StateSyntax, `syntax error at or near ":"`).At(start + 1).WithHint("The placeholder is ?.")
	}
	return dberr.SQL(dberr.StateSyntax, "syntax error at or near %q", clip(s.sql[start:min(start+1, len(s.sql))])).At(start + 1)
}

func wordByte(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isDecimal(c byte) bool { return c >= '0' && c <= '9' }

func (s *mysqlScanner) afterName() bool {
	n := len(s.toks)
	return n > 0 && (s.toks[n-1].kind == myWord || s.toks[n-1].kind == myName) && s.toks[n-1].end == s.i
}

func (s *mysqlScanner) add(kind mysqlKind, text string, start int) {
	s.toks = append(s.toks, mysqlToken{kind, text, start, s.i})
}

// str reads a string; one right after another is its continuation.
func (s *mysqlScanner) str(start int) error {
	quote := s.sql[s.i]
	var b strings.Builder
	for s.i++; ; s.i++ {
		if s.i >= len(s.sql) {
			return dberr.SQL(dberr.StateSyntax, "unterminated quoted string").At(start + 1)
		}
		c := s.sql[s.i]
		switch {
		case c == quote && s.i+1 < len(s.sql) && s.sql[s.i+1] == quote:
			b.WriteByte(c)
			s.i++
		case c == quote:
			s.i++
			if n := len(s.toks); n > 0 && s.toks[n-1].kind == myString {
				s.toks[n-1].text += b.String()
				s.toks[n-1].end = s.i
				return nil
			}
			s.add(myString, b.String(), start)
			return nil
		case c == '\\' && s.i+1 < len(s.sql):
			s.i++
			switch e := s.sql[s.i]; e {
			case '0':
				return dberr.SQL("22021", `invalid byte sequence for encoding "UTF8": 0x00`).At(s.i)
			case 'b':
				b.WriteByte('\b')
			case 'n':
				b.WriteByte('\n')
			case 'r':
				b.WriteByte('\r')
			case 't':
				b.WriteByte('\t')
			case 'Z':
				b.WriteByte(26)
			case '%', '_': // kept for LIKE
				b.WriteByte('\\')
				b.WriteByte(e)
			default:
				b.WriteByte(e)
			}
		default:
			b.WriteByte(c)
		}
	}
}

func (s *mysqlScanner) name(start int) error {
	var b strings.Builder
	for s.i++; s.i < len(s.sql); s.i++ {
		c := s.sql[s.i]
		if c != '`' {
			b.WriteByte(c)
			continue
		}
		if s.i+1 < len(s.sql) && s.sql[s.i+1] == '`' {
			b.WriteByte(c)
			s.i++
			continue
		}
		s.i++
		if b.Len() == 0 {
			return dberr.SQL(dberr.StateSyntax, "a name in backticks is empty").At(start + 1)
		}
		s.add(myName, b.String(), start)
		return nil
	}
	return dberr.SQL(dberr.StateSyntax, "unterminated quoted identifier").At(start + 1)
}

func (s *mysqlScanner) hex(start int) error {
	end := strings.IndexByte(s.sql[s.i+2:], '\'')
	if end < 0 {
		return dberr.SQL(dberr.StateSyntax, "unterminated hexadecimal string literal").At(start + 1)
	}
	digits := s.sql[s.i+2 : s.i+2+end]
	if end%2 != 0 || strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
		return dberr.SQL(dberr.StateSyntax, "a hexadecimal string has %q", clip(digits)).At(start + 1)
	}
	s.i += end + 3
	s.add(myHex, strings.ToLower(digits), start)
	return nil
}

func (s *mysqlScanner) number(start int) error {
	digits := func() {
		for s.i < len(s.sql) && isDecimal(s.sql[s.i]) {
			s.i++
		}
	}
	digits()
	if s.i < len(s.sql) && s.sql[s.i] == '.' {
		s.i++
		digits()
	}
	if s.i < len(s.sql) && (s.sql[s.i] == 'e' || s.sql[s.i] == 'E') {
		k := s.i + 1
		if k < len(s.sql) && (s.sql[k] == '+' || s.sql[k] == '-') {
			k++
		}
		if k < len(s.sql) && isDecimal(s.sql[k]) {
			s.i = k
			digits()
		}
	}
	if s.i < len(s.sql) && (wordByte(s.sql[s.i]) || s.sql[s.i] == '$' || s.sql[s.i] >= utf8.RuneSelf) {
		if s.sql[start] == '0' && (s.sql[s.i] == 'x' || s.sql[s.i] == 'b') {
			return refuseMySQL(start+1, "a number in base 16 or 2").WithHint("Write x'…' for bytes.")
		}
		return dberr.SQL(dberr.StateSyntax, "trailing junk after the number at or near %q", clip(s.sql[start:s.i+1])).At(start + 1)
	}
	s.add(myNumber, s.sql[start:s.i], start)
	return nil
}
