package bulk

import (
	"context"
	"errors"
	"io"
	"math"
	"strconv"

	"github.com/weftdb/weft/query/sqltype"
)

// class is what a text could be, as a set: a column is what all its values are.
type class uint16

const (
	clBool    class = 1 << iota
	clInt           // fits int4
	clBigint        // fits int8
	clDecimal       // exact, with a fraction or over int8
	clFloat         // with an exponent, or a negative zero
	clDate
	clTimestamp
	clTimestampTZ
	clUUID
	clJSON // object or array
	clText
)

const (
	clExactInt = clInt | clBigint
	clExact    = clExactInt | clDecimal
	clNumber   = clExact | clFloat
)

// ColumnGuess is what Infer found out about a column.
type ColumnGuess struct {
	Name  string
	Type  sqltype.Type
	Nulls int64 // records without a value
	// MaxBytes is the length of the longest text.
	MaxBytes int

	seen        class
	digits      int  // most significant digits among numbers
	bare        bool // some value that is not empty stood without quotes
	quotedEmpty bool
	values      int64
}

// Guess is the outcome of reading a whole input once.
type Guess struct {
	Columns []ColumnGuess
	Records int64 // readable records
	Bad     int64 // records that cannot be read
}

// Infer reads every record and gives each column the narrowest type that holds all
// its values exactly. The order of widening is boolean | integer → bigint → numeric |
// double precision | date → timestamp | timestamp with time zone | uuid | json → text;
// values of different families make the column text, or json where one of them is an object
// or array. Text that looks like a number but would be written differently (leading zeros or
// plus signs) keeps a column text. progress, where not nil, is called every few thousand records.
func Infer(ctx context.Context, r Reader, progress func(records int64)) (Guess, error) {
	var g Guess
	var rec Record
	var bad *RecordError
	for {
		err := r.Read(&rec)
		switch {
		case errors.Is(err, io.EOF):
			g.finish(r.Columns())
			return g, nil
		case errors.As(err, &bad):
			g.Bad++
			continue
		case err != nil:
			return g, err
		}
		g.Records++
		for len(g.Columns) < len(rec.Fields) {
			g.Columns = append(g.Columns, ColumnGuess{})
		}
		for i, f := range rec.Fields {
			g.Columns[i].add(f)
		}
		if g.Records%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return g, err
			}
			if progress != nil {
				progress(g.Records)
			}
		}
	}
}

func (g *Guess) finish(names []string) {
	for len(g.Columns) < len(names) {
		g.Columns = append(g.Columns, ColumnGuess{})
	}
	for i := range g.Columns {
		c := &g.Columns[i]
		if i < len(names) {
			c.Name = names[i]
		}
		c.Nulls = g.Records - c.values
		c.Type = c.resolve()
	}
}

func (c *ColumnGuess) add(f Field) {
	switch f.Kind {
	case Missing, Null:
		return
	case Quoted:
		if len(f.Text) == 0 {
			c.quotedEmpty = true
			c.values++
			return
		}
	case Bare:
		c.bare = true
	}
	c.values++
	if len(f.Text) > c.MaxBytes {
		c.MaxBytes = len(f.Text)
	}
	switch f.Kind {
	case JSONRaw:
		c.seen |= clJSON
	case JSONBool:
		c.seen |= clBool
	case JSONNumber:
		c.number(f.Text)
	case JSONString:
		if cl := classifyTime(f.Text); cl != 0 {
			c.seen |= cl
		} else if isUUID(f.Text) {
			c.seen |= clUUID
		} else {
			c.seen |= clText
		}
	default:
		if c.seen&clText == 0 { // text stays text, whatever follows
			c.text(f.Text)
		}
	}
}

// text classifies CSV text.
func (c *ColumnGuess) text(s []byte) {
	s = trimSpace(s)
	if len(s) == 0 {
		c.seen |= clText
		return
	}
	switch ch := s[0]; {
	case ch == '-' || ch == '.' || ch >= '0' && ch <= '9':
		if c.number(s) {
			return
		}
		if cl := classifyTime(s); cl != 0 {
			c.seen |= cl
			return
		}
	case ch == 't' || ch == 'T' || ch == 'f' || ch == 'F':
		if isBool(s) {
			c.seen |= clBool
			return
		}
	}
	if isUUID(s) {
		c.seen |= clUUID
		return
	}
	c.seen |= clText
}

// number classifies a number as SQL would write it; false where s is none.
func (c *ColumnGuess) number(s []byte) bool {
	cl, digits := classifyNumber(s)
	if cl == 0 {
		return false
	}
	c.seen |= cl
	if digits > c.digits {
		c.digits = digits
	}
	return true
}

// resolve picks the type that holds every class seen.
func (c *ColumnGuess) resolve() sqltype.Type {
	// Where only some values are quoted, "" was meant to differ from nothing, and only
	// text can keep the difference; a writer that quotes everything says nothing by it.
	if c.quotedEmpty && c.bare {
		c.seen |= clText
	}
	switch seen := c.seen; {
	case seen&clJSON != 0:
		return sqltype.TJSON
	case seen == 0 || seen&clText != 0:
		return sqltype.TText
	case seen == clBool:
		return sqltype.TBool
	case seen&^clNumber == 0:
		return c.numberType()
	case seen == clDate:
		return sqltype.TDate
	case seen&^(clDate|clTimestamp) == 0:
		return sqltype.TTimestamp
	case seen == clTimestampTZ:
		return sqltype.TTimestampTZ
	case seen == clUUID:
		return sqltype.TUUID
	}
	return sqltype.TText
}

func (c *ColumnGuess) numberType() sqltype.Type {
	switch {
	case c.seen&clFloat != 0 && c.digits <= 15:
		return sqltype.TFloat8
	case c.seen&(clFloat|clDecimal) != 0:
		return sqltype.TNumeric
	case c.seen&clBigint != 0:
		return sqltype.TInt8
	}
	return sqltype.TInt4
}

// classifyNumber recognises [-]digits[.digits][e[±]digits] without leading zeros.
// digits counts the significant ones.
func classifyNumber(s []byte) (cl class, digits int) {
	i, neg := 0, false
	if i < len(s) && s[i] == '-' {
		neg = true
		i++
	}
	whole := i
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	intDigits := i - whole
	if intDigits > 1 && s[whole] == '0' {
		return 0, 0
	}
	frac := 0
	if i < len(s) && s[i] == '.' {
		i++
		for i < len(s) && s[i]-'0' <= 9 {
			i++
			frac++
		}
		if frac == 0 {
			return 0, 0
		}
	}
	if intDigits+frac == 0 || intDigits+frac > 1000 {
		return 0, 0
	}
	digits = significant(s[whole:i])
	switch {
	case i < len(s) && (s[i] == 'e' || s[i] == 'E'):
		if !isExponent(s[i+1:]) {
			return 0, 0
		}
		return floatClass(s), digits
	case i < len(s):
		return 0, 0
	case neg && digits == 0:
		return clFloat, 0 // only a float keeps the sign of zero
	case frac > 0:
		return clDecimal, digits
	}
	return intClass(s), digits
}

func significant(s []byte) int {
	n, zeros, started := 0, 0, false
	for _, c := range s {
		switch {
		case c == '.':
		case c == '0':
			if started {
				zeros++
			}
		default:
			n += zeros + 1
			started, zeros = true, 0
		}
	}
	return n
}

func isExponent(s []byte) bool {
	if len(s) > 0 && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	if len(s) == 0 || len(s) > 4 {
		return false
	}
	for _, c := range s {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// floatClass is clFloat where the number is in a float's range, else clDecimal.
func floatClass(s []byte) class {
	f, err := strconv.ParseFloat(string(s), 64)
	if err != nil || math.IsInf(f, 0) || f == 0 && significant(s) > 0 {
		return clDecimal
	}
	return clFloat
}

func intClass(s []byte) class {
	if len(s) <= 9 {
		return clInt
	}
	if len(s) > 20 {
		return clDecimal
	}
	v, err := strconv.ParseInt(string(s), 10, 64)
	switch {
	case err != nil:
		return clDecimal
	case v >= math.MinInt32 && v <= math.MaxInt32:
		return clInt
	}
	return clBigint
}

func isBool(s []byte) bool {
	switch string(s) {
	case "true", "false", "True", "False", "TRUE", "FALSE":
		return true
	}
	return false
}

// isUUID recognises the canonical lower-case form, the only one given back as it was.
func isUUID(s []byte) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if c-'0' > 9 && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// classifyTime recognises ISO 8601 dates and times of day with up to microseconds:
// YYYY-MM-DD[(T| )HH:MM[:SS[.ffffff]][Z|±HH[:MM]]].
func classifyTime(s []byte) class {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' || !validDate(s) {
		return 0
	}
	if len(s) == 10 {
		return clDate
	}
	if s[10] != 'T' && s[10] != ' ' || len(s) < 16 {
		return 0
	}
	hour, ok1 := two(s, 11)
	minute, ok2 := two(s, 14)
	if !ok1 || !ok2 || s[13] != ':' || hour > 23 || minute > 59 {
		return 0
	}
	rest := s[16:]
	if len(rest) >= 3 && rest[0] == ':' {
		sec, ok := two(rest, 1)
		if !ok || sec > 59 {
			return 0
		}
		if rest = rest[3:]; len(rest) > 1 && rest[0] == '.' {
			n := 1
			for n < len(rest) && rest[n]-'0' <= 9 {
				n++
			}
			if n == 1 || n > 7 {
				return 0
			}
			rest = rest[n:]
		}
	}
	switch {
	case len(rest) == 0:
		return clTimestamp
	case isOffset(rest):
		return clTimestampTZ
	}
	return 0
}

func isOffset(s []byte) bool {
	if len(s) == 1 {
		return s[0] == 'Z'
	}
	if s[0] != '+' && s[0] != '-' {
		return false
	}
	hour, ok := two(s, 1)
	if !ok || hour > 15 {
		return false
	}
	switch len(s) {
	case 3:
		return true
	case 5:
		m, ok := two(s, 3)
		return ok && m < 60
	case 6:
		m, ok := two(s, 4)
		return ok && m < 60 && s[3] == ':'
	}
	return false
}

func validDate(s []byte) bool {
	y1, ok1 := two(s, 0)
	y2, ok2 := two(s, 2)
	month, ok3 := two(s, 5)
	day, ok4 := two(s, 8)
	if !ok1 || !ok2 || !ok3 || !ok4 || month < 1 || month > 12 || day < 1 {
		return false
	}
	year := y1*100 + y2
	last := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		last = 29
	}
	return year >= 1 && day <= last
}

// two reads two digits at i.
func two(s []byte, i int) (int, bool) {
	if len(s) < i+2 || s[i]-'0' > 9 || s[i+1]-'0' > 9 {
		return 0, false
	}
	return int(s[i]-'0')*10 + int(s[i+1]-'0'), true
}

// trimSpace cuts spaces and tabs from both ends.
func trimSpace(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
