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
}

// origin is where a row came from.
type origin struct {
	line   int64
	record int64
	raw    []byte
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

// reset starts a new batch; the old one stays as it is.
func (b *batcher) reset() {
	b.batch = vec.NewBatch(b.types)
	b.recs, b.bytes, b.text = nil, 0, nil
}

// add appends a record as a row, or says why it cannot be one.
func (b *batcher) add(rec *Record, number int64) (reason string) {
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
