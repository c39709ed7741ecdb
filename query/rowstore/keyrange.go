package rowstore

import (
	"bytes"
	"slices"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// Span is the keys in [Lower, Upper).
type Span struct{ Lower, Upper []byte }

// Limit is one end of a range of a key part.
type Limit struct {
	Value     sqltype.Datum // not NULL
	Inclusive bool
}

// All is the span of the whole index.
func (x *Index) All() Span { return Span{x.Prefix, keyspace.End(x.Prefix)} }

// Span returns the keys whose first parts equal eq (NULL finds NULL) and whose
// next part lies within the limits, nil for open ends; with notNull, an open end stops
// before the NULLs. Limits are in the order of keys: of a descending part, lower is
// its greatest value.
func (x *Index) Span(eq []sqltype.Datum, lower, upper *Limit, notNull bool) Span {
	base := bytes.Clone(x.Prefix)
	for p, d := range eq {
		part := &x.Def.Columns[p]
		base = sqltype.AppendKey(base, part.Type, d, part.Desc, part.NullsFirst)
	}
	base = base[:len(base):len(base)]
	s := Span{base, keyspace.End(base)}
	if len(eq) == len(x.Parts) {
		return s
	}
	part := &x.Def.Columns[len(eq)]
	if notNull {
		null := enc.AppendNull(base, part.NullsFirst)
		if part.NullsFirst {
			s.Lower = keyspace.End(null)
		} else {
			s.Upper = null
		}
	}
	at := func(l *Limit, after bool) []byte {
		k := sqltype.AppendKey(base, part.Type, l.Value, part.Desc, part.NullsFirst)
		if after {
			return keyspace.End(k)
		}
		return k
	}
	if lower != nil {
		s.Lower = at(lower, !lower.Inclusive)
	}
	if upper != nil {
		s.Upper = at(upper, upper.Inclusive)
	}
	return s
}

// Normalize sorts spans, drops empty ones and joins those that overlap.
func Normalize(spans []Span) []Span {
	spans = slices.DeleteFunc(spans, func(s Span) bool { return s.Upper != nil && bytes.Compare(s.Lower, s.Upper) >= 0 })
	slices.SortFunc(spans, func(a, b Span) int { return bytes.Compare(a.Lower, b.Lower) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && (out[n-1].Upper == nil || bytes.Compare(s.Lower, out[n-1].Upper) < 0) {
			if last := &out[n-1]; last.Upper != nil && (s.Upper == nil || bytes.Compare(s.Upper, last.Upper) > 0) {
				last.Upper = s.Upper
			}
			continue
		}
		out = append(out, s)
	}
	return out
}
