package bulk

import (
	"fmt"
	"math"
	"strconv"
	"unsafe"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// textChunk is the size of the blocks that hold the text of a batch.
const textChunk = 256 << 10

// batcher turns records into batches of a table's columns.
type batcher struct {
	types []sqltype.Type
	names []string
	from  []int // field of the record for each column, -1 for none
	batch *vec.Batch
	recs  []origin // of each row of the batch
	bytes int
	text  []byte // current block of text
	// raw says that records are passed on as they are: raws has them, each with a line end.
	raw  bool
	raws []byte
}

// origin is where a row came from.
type origin struct {
	line   int64
	record int64
	raw    []byte
	from   int // where raw is, of records that are passed on as they are
	size   int
}

func newBatcher(columns []TableColumn, from []int) *batcher {
	b := &batcher{from: from}
	for _, c := range columns {
		b.types = append(b.types, c.Type)
		b.names = append(b.names, c.Name)
	}
	b.reset()
	return b
}

// reset starts a new batch, with room for as many rows as the last one had; the old one
// stays as it is.
func (b *batcher) reset() {
	rows := 0
	if b.batch != nil {
		rows = b.batch.Len
	}
	b.batch = vec.NewBatch(b.types)
	for _, v := range b.batch.Cols {
		v.Reset(rows)
		v.Reset(0)
	}
	if b.raw {
		rows = len(b.recs)
		b.raws = make([]byte, 0, len(b.raws)+len(b.raws)/16)
	}
	b.recs, b.bytes, b.text = make([]origin, 0, rows), 0, nil
}

// rows is how many there are in the batch.
func (b *batcher) rows() int { return len(b.recs) }

// add appends a record as a row, or says why it cannot be one.
func (b *batcher) add(rec *Record, number int64) (reason string) {
	if b.raw {
		b.recs = append(b.recs, origin{line: rec.Line, record: number, from: len(b.raws), size: len(rec.Raw)})
		b.raws = append(append(b.raws, rec.Raw...), '\n')
		b.bytes += len(rec.Raw)
		return ""
	}
	row := b.batch.Len
	for i, v := range b.batch.Cols {
		var f Field
		if k := b.from[i]; k >= 0 && k < len(rec.Fields) {
			f = rec.Fields[k]
		}
		if why := b.value(v, row, f); why != "" {
			b.truncate(row)
			return fmt.Sprintf("column %q: %s", b.names[i], why)
		}
	}
	b.batch.Len++
	b.recs = append(b.recs, origin{line: rec.Line, record: number, raw: b.keep(rec.Raw)})
	b.bytes += len(rec.Raw)
	return ""
}

// truncate takes the values of a half-made row back.
func (b *batcher) truncate(row int) {
	for _, v := range b.batch.Cols {
		if v.Len() > row {
			v.Resize(row)
		}
	}
}

// keep copies bytes that live as long as the batch.
func (b *batcher) keep(s []byte) []byte {
	if len(s) == 0 {
		return nil
	}
	if cap(b.text)-len(b.text) < len(s) {
		b.text = make([]byte, 0, max(textChunk, len(s)))
	}
	n := len(b.text)
	b.text = append(b.text, s...)
	return b.text[n:len(b.text):len(b.text)]
}

func view(s []byte) string { return unsafe.String(unsafe.SliceData(s), len(s)) }

// value appends one field to a column.
func (b *batcher) value(v *vec.Vector, row int, f Field) (reason string) {
	if isNull(v.Type, f) {
		v.AppendDatum(sqltype.NullDatum)
		return ""
	}
	switch v.Type.ID {
	case sqltype.Text:
		v.S = append(v.S, view(b.keep(f.Text)))
		return ""
	case sqltype.Int2, sqltype.Int4, sqltype.Int8:
		if f.Kind == JSONBool || f.Kind == JSONRaw {
			break
		}
		if n, ok := parseInt(trimSpace(f.Text), v.Type.ID); ok {
			v.I = append(v.I, n)
			return ""
		}
	case sqltype.Float8:
		if f.Kind == JSONBool || f.Kind == JSONRaw {
			break
		}
		if x, err := strconv.ParseFloat(view(trimSpace(f.Text)), 64); err == nil && !math.IsInf(x, 0) && !math.IsNaN(x) {
			v.F = append(v.F, x)
			return ""
		}
	default:
		if f.Kind == Bare || f.Kind == Quoted {
			if b.plain(v, trimSpace(f.Text)) {
				return ""
			}
		}
	}
	d, err := parseField(v.Type, f)
	if err != nil {
		if e := dberr.As(err); e != nil {
			return e.Message
		}
		return err.Error()
	}
	v.AppendDatum(d)
	return ""
}

// plain appends a value in the commonest form of its type, and reports whether it was in
// one; others go through the type's own input function, and so do all that it refuses.
func (b *batcher) plain(v *vec.Vector, s []byte) bool {
	switch v.Type {
	case sqltype.TBool:
		if len(s) == 0 {
			return false
		}
		switch string(s) {
		case "t", "true":
			v.I = append(v.I, 1)
			return true
		case "f", "false":
			v.I = append(v.I, 0)
			return true
		}
	case sqltype.TDate:
		if c, rest, ok := plainDate(s); ok && len(rest) == 0 {
			v.I = append(v.I, sqltype.DaysFromCivil(c.Year, c.Month, c.Day))
			return true
		}
	case sqltype.TTimestamp:
		if us, ok := plainTimestamp(s); ok {
			v.I = append(v.I, us)
			return true
		}
	case sqltype.TNumeric:
		if n, err := sqltype.ParseNum(view(s)); err == nil && n.Big == nil {
			v.N = append(v.N, n)
			return true
		}
	}
	return false
}

// digits reads n decimal digits.
func digits(s []byte, n int) (v int, rest []byte, ok bool) {
	if len(s) < n {
		return 0, s, false
	}
	for _, c := range s[:n] {
		if c-'0' > 9 {
			return 0, s, false
		}
		v = v*10 + int(c-'0')
	}
	return v, s[n:], true
}

// plainDate reads YYYY-MM-DD with a day that every month has.
func plainDate(s []byte) (c sqltype.Civil, rest []byte, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return c, s, false
	}
	var y, m, d bool
	c.Year, _, y = digits(s, 4)
	c.Month, _, m = digits(s[5:], 2)
	c.Day, _, d = digits(s[8:], 2)
	ok = y && m && d && c.Year > 0 && c.Month >= 1 && c.Month <= 12 && c.Day >= 1 && c.Day <= 28
	return c, s[10:], ok
}

// plainTimestamp reads YYYY-MM-DD HH:MM:SS with up to six digits behind the point.
func plainTimestamp(s []byte) (us int64, ok bool) {
	c, s, ok := plainDate(s)
	if !ok || len(s) < 9 || s[0] != ' ' && s[0] != 'T' || s[3] != ':' || s[6] != ':' {
		return 0, false
	}
	var h, m, sec bool
	c.Hour, _, h = digits(s[1:], 2)
	c.Minute, _, m = digits(s[4:], 2)
	c.Second, _, sec = digits(s[7:], 2)
	if !h || !m || !sec || c.Hour > 23 || c.Minute > 59 || c.Second > 59 {
		return 0, false
	}
	if s = s[9:]; len(s) > 0 {
		n := len(s) - 1
		if s[0] != '.' || n < 1 || n > 6 {
			return 0, false
		}
		if c.Micro, _, ok = digits(s[1:], n); !ok {
			return 0, false
		}
		for ; n < 6; n++ {
			c.Micro *= 10
		}
	}
	return c.Timestamp()
}

// isNull says whether a field stands for NULL in a column of type t: nothing at
// all, and, since no other type has an empty text, an empty quoted field.
func isNull(t sqltype.Type, f Field) bool {
	switch f.Kind {
	case Missing, Null:
		return true
	case Quoted, Bare:
		if t.Phys() == sqltype.PhysString && t.ID != sqltype.UUID && t.ID != sqltype.JSON && t.ID != sqltype.JSONB {
			return false
		}
		return len(trimSpace(f.Text)) == 0
	}
	return false
}

// parseInt reads a decimal integer of up to 18 digits in the range of the type;
// anything else is left to the type's own input function and its error.
func parseInt(s []byte, id sqltype.ID) (int64, bool) {
	neg := false
	if len(s) > 0 && s[0] == '-' {
		neg, s = true, s[1:]
	}
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range s {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	switch id {
	case sqltype.Int4:
		return n, n >= math.MinInt32 && n <= math.MaxInt32
	case sqltype.Int2:
		return n, n >= math.MinInt16 && n <= math.MaxInt16
	}
	return n, true
}

// parseField goes through the type's text input, after giving JSON values the form
// that it reads.
func parseField(t sqltype.Type, f Field) (sqltype.Datum, error) {
	text := f.Text
	switch t.ID {
	case sqltype.JSON, sqltype.JSONB:
		if f.Kind == JSONString {
			text = appendJSONString(nil, text)
		}
	case sqltype.Text, sqltype.Varchar, sqltype.Bpchar:
	case sqltype.Array:
		if f.Kind == JSONRaw {
			d, _, err := sqltype.ParamFromJSON(append([]byte(nil), text...), t)
			return d, err
		}
	default:
		if f.Kind == JSONRaw {
			return sqltype.Datum{}, dberr.SQL(dberr.StateInvalidTextRepr, "an object or array cannot become %s", t)
		}
		if f.Kind == JSONBool && t.ID != sqltype.Bool {
			return sqltype.Datum{}, dberr.SQL(dberr.StateInvalidTextRepr, "%s cannot become %s", text, t)
		}
		text = trimSpace(text)
	}
	return sqltype.Parse(t, string(text))
}

const hexDigits = "0123456789abcdef"

// appendJSONString appends s, which is valid UTF-8, as a JSON string.
func appendJSONString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
