package source

import (
	"bytes"
	"slices"
)

// Span is the keys in [Lower, Upper); an Upper of nil is no bound.
type Span struct{ Lower, Upper []byte }

// Normalize sorts spans and makes one of those that overlap or touch; empty ones go.
func Normalize(spans []Span) []Span {
	spans = slices.DeleteFunc(spans, func(s Span) bool {
		return s.Upper != nil && bytes.Compare(s.Lower, s.Upper) >= 0
	})
	slices.SortFunc(spans, func(a, b Span) int { return bytes.Compare(a.Lower, b.Lower) })
	out := spans[:0]
	for _, s := range spans {
		if k := len(out); k > 0 && (out[k-1].Upper == nil || bytes.Compare(s.Lower, out[k-1].Upper) <= 0) {
			if last := &out[k-1]; last.Upper != nil && (s.Upper == nil || bytes.Compare(s.Upper, last.Upper) > 0) {
				last.Upper = s.Upper
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// TextSpan is the span of a range of the bytes of a text.
func TextSpan(r *Range) Span {
	after := func(s string) []byte { return append([]byte(s), 0) }
	if len(r.Eq) > 0 {
		return Span{[]byte(r.Eq[0].Str), after(r.Eq[0].Str)}
	}
	var s Span
	if b := r.Lower; b != nil {
		s.Lower = []byte(b.Value.Str)
		if !b.Inclusive {
			s.Lower = after(b.Value.Str)
		}
	}
	if b := r.Upper; b != nil {
		s.Upper = []byte(b.Value.Str)
		if b.Inclusive {
			s.Upper = after(b.Value.Str)
		}
	}
	return s
}
