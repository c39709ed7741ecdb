package fn

import (
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// quotedWords are the key words that cannot stand as identifiers everywhere.
var quotedWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`all analyse analyze and any array as asc asymmetric authorization between
		bigint binary bit boolean both case cast char character check coalesce collate collation column concurrently
		constraint create cross current_catalog current_date current_role current_schema current_time
		current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists
		extract false fetch float for foreign freeze from full grant greatest group grouping having ilike in
		initially inner inout int integer intersect interval into is isnull join lateral leading least left like
		limit localtime localtimestamp national natural nchar none normalize not notnull null nullif numeric
		offset on only or order out outer overlaps overlay placing position precision primary real references
		returning right row select session_user setof similar smallint some substring symmetric table
		tablesample then time timestamp to trailing treat trim true union unique user using values varchar
		variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest
		xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`) {
		m[w] = true
	}
	return m
}()

// QuoteIdent quotes an identifier where it would not be read back as it is.
func QuoteIdent(s string) string {
	plain := s != "" && !quotedWords[s]
	for i := 0; plain && i < len(s); i++ {
		c := s[i]
		plain = c == '_' || c >= 'a' && c <= 'z' || i > 0 && c >= '0' && c <= '9'
	}
	if plain {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// QuoteLiteral writes s as an SQL literal.
func QuoteLiteral(s string) string {
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

func quoteIdentArray(s string, strict bool) ([]string, error) {
	bad := func() *dberr.Error {
		return errParam("string is not a valid identifier: \"%s\"", s)
	}
	var parts []string
	rest := strings.TrimSpace(s)
	for {
		if strings.HasPrefix(rest, `"`) {
			end := 1
			for {
				i := strings.IndexByte(rest[end:], '"')
				if i < 0 {
					return nil, bad().WithDetail("String has unclosed double quotes.")
				}
				end += i + 1
				if end >= len(rest) || rest[end] != '"' {
					break
				}
				end++
			}
			word := strings.ReplaceAll(rest[1:end-1], `""`, `"`)
			if word == "" {
				return nil, bad().WithDetail("Quoted identifier must not be empty.")
			}
			parts, rest = append(parts, word), rest[end:]
		} else {
			n := 0
			for n < len(rest) && (isWordByte(rest[n]) || rest[n] >= 0x80 || n > 0 && rest[n] == '$') {
				n++
			}
			if n == 0 || rest[0] >= '0' && rest[0] <= '9' {
				return nil, bad()
			}
			parts, rest = append(parts, strings.ToLower(rest[:n])), rest[n:]
		}
		rest = strings.TrimSpace(rest)
		if rest == "" {
			return parts, nil
		}
		if rest[0] != '.' {
			if !strict {
				return parts, nil
			}
			return nil, bad()
		}
		rest = strings.TrimSpace(rest[1:])
	}
}

// format is format(): %s, %I, %L and %%, with n$ positions, - and widths.
func format(c *call) (sqltype.Datum, error) {
	if c.arg[0].Null {
		return sqltype.NullDatum, nil
	}
	f := &formatter{c: c, f: c.arg[0].Str, next: 1}
	if err := f.run(); err != nil {
		return sqltype.NullDatum, err
	}
	return sqltype.Datum{Str: f.b.String()}, nil
}

type formatter struct {
	c    *call
	f    string
	i    int
	next int
	b    strings.Builder
}

func errFormatEnd() error {
	return errParam("unterminated format() type specifier").WithHint("For a single \"%%\" use \"%%%%\".")
}

func (f *formatter) number() (n int, ok bool, err error) {
	for f.i < len(f.f) && f.f[f.i] >= '0' && f.f[f.i] <= '9' {
		n, ok = n*10+int(f.f[f.i]-'0'), true
		if n > 1<<30 {
			return 0, true, dberr.SQL(dberr.StateNumericOutOfRange, "number is out of range")
		}
		f.i++
	}
	if f.i >= len(f.f) {
		return n, ok, errFormatEnd()
	}
	return n, ok, nil
}

// arg takes argument n, or the next one where n is 0.
func (f *formatter) arg(n int) (sqltype.Datum, sqltype.Type, error) {
	if n == 0 {
		n = f.next
	}
	if n >= len(f.c.arg) {
		return sqltype.NullDatum, sqltype.TText, errParam("too few arguments for format()")
	}
	f.next = n + 1
	return f.c.arg[n], f.c.typ[n], nil
}

func (f *formatter) run() error {
	for f.i < len(f.f) {
		ch := f.f[f.i]
		f.i++
		if ch != '%' {
			f.b.WriteByte(ch)
			continue
		}
		if f.i >= len(f.f) {
			return errFormatEnd()
		}
		if f.f[f.i] == '%' {
			f.b.WriteByte('%')
			f.i++
			continue
		}
		if err := f.spec(); err != nil {
			return err
		}
	}
	return nil
}

// spec handles one specifier after its %.
func (f *formatter) spec() error {
	n, ok, err := f.number()
	if err != nil {
		return err
	}
	pos, width, minus := 0, 0, false
	if ok && f.f[f.i] == '$' {
		if n == 0 {
			return errParam("format specifies argument 0, but arguments are numbered from 1")
		}
		pos, ok = n, false
		f.i++
	} else if ok {
		width = n
	}
	if !ok {
		for f.i < len(f.f) && f.f[f.i] == '-' {
			minus = true
			f.i++
		}
		if f.i < len(f.f) && f.f[f.i] == '*' {
			if width, minus, err = f.starWidth(minus); err != nil {
				return err
			}
		} else if width, _, err = f.number(); err != nil {
			return err
		}
	}
	if f.i >= len(f.f) {
		return errFormatEnd()
	}
	verb := f.f[f.i]
	f.i++
	d, t, err := f.arg(pos)
	if err != nil {
		return err
	}
	s, err := formatArg(f.c.env, verb, t, d)
	if err != nil {
		return err
	}
	if s, err = padFormat(s, width, minus); err == nil {
		f.b.WriteString(s)
	}
	return err
}

func padFormat(s string, width int, minus bool) (string, error) {
	if int64(width) <= runeCount(s) {
		return s, nil
	}
	return pad(s, int64(width), " ", !minus)
}

// starWidth reads a width from the arguments: * or *n$.
func (f *formatter) starWidth(minus bool) (int, bool, error) {
	f.i++
	n, ok, err := f.number()
	if err != nil {
		return 0, minus, err
	}
	if ok {
		if f.f[f.i] != '$' {
			return 0, minus, errParam("width argument position must be ended by \"$\"")
		}
		f.i++
	}
	d, t, err := f.arg(n)
	if err != nil || d.Null {
		return 0, minus, err
	}
	w, err := sqltype.CastDatum(d, t, sqltype.TInt4, true, f.c.env.types())
	if err != nil {
		return 0, minus, err
	}
	if w.Int < 0 {
		return int(-w.Int), true, nil
	}
	return int(w.Int), minus, nil
}

func formatArg(env *Env, verb byte, t sqltype.Type, d sqltype.Datum) (string, error) {
	switch verb {
	case 's':
		if d.Null {
			return "", nil
		}
		return textOf(env, t, d), nil
	case 'I':
		if d.Null {
			return "", dberr.SQL("22004", "null values cannot be formatted as an SQL identifier")
		}
		return QuoteIdent(textOf(env, t, d)), nil
	case 'L':
		if d.Null {
			return "NULL", nil
		}
		return QuoteLiteral(textOf(env, t, d)), nil
	}
	return "", errParam("unrecognized format() type specifier \"%c\"", verb).WithHint("For a single \"%%\" use \"%%%%\".")
}

func registerQuote(t *tables) {
	t.def("quote_ident(text) text", p1(QuoteIdent))
	t.def("quote_literal(text) text", p1(QuoteLiteral))
	t.def("quote_literal(anyelement) text stable", rowwise(func(c *call) (sqltype.Datum, error) {
		return sqltype.Datum{Str: QuoteLiteral(textOf(c.env, c.typ[0], c.arg[0]))}, nil
	}))
	nullable := rowwise(func(c *call) (sqltype.Datum, error) {
		if c.arg[0].Null {
			return sqltype.Datum{Str: "NULL"}, nil
		}
		return sqltype.Datum{Str: QuoteLiteral(textOf(c.env, c.typ[0], c.arg[0]))}, nil
	})
	t.def("quote_nullable(text) text called", nullable)
	t.def("quote_nullable(anyelement) text called stable", nullable)
	t.def("format(text,variadic any) text called stable", rowwise(format))
	t.def("format(text) text called stable", rowwise(format))
	t.def("parse_ident(text) text[]", e1(func(s string) (any, error) {
		parts, err := quoteIdentArray(s, true)
		return textArray(parts), err
	}))
	t.def("parse_ident(str text,strict bool) text[]", e2(func(s string, strict int64) (any, error) {
		parts, err := quoteIdentArray(s, strict != 0)
		return textArray(parts), err
	}))
}
