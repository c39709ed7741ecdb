package window

import (
	"slices"
	"testing"
	"time"
)

const us = time.Microsecond

func TestOf(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		at   int64
		want []Span
	}{
		{Spec{Kind: Tumbling, Size: 10 * us}, 25, []Span{{20, 30}}},
		{Spec{Kind: Tumbling, Size: 10 * us}, 30, []Span{{30, 40}}},
		{Spec{Kind: Tumbling, Size: 10 * us}, -1, []Span{{-10, 0}}},
		{Spec{Kind: Sliding, Size: 10 * us, Slide: 5 * us}, 12, []Span{{5, 15}, {10, 20}}},
		{Spec{Kind: Sliding, Size: 10 * us, Slide: 4 * us}, 12, []Span{{4, 14}, {8, 18}, {12, 22}}},
		{Spec{Kind: Session, Gap: 7 * us}, 12, []Span{{12, 19}}},
	} {
		got := c.spec.Of(c.at)
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v at %d: %v, want %v", c.spec, c.at, got, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		s     Spec
		field string
	}{
		{Spec{Kind: Tumbling}, "size_ms"}, {Spec{Kind: Tumbling, Size: ms, Slide: ms}, "slide_ms"}, {Spec{Kind: Sliding, Size: 5 * ms}, "slide_ms"}, {Spec{Kind: Sliding, Size: 5 * ms, Slide: 6 * ms}, "slide_ms"},
		{Spec{Kind: Sliding, Size: (MaxOverlap + 1) * ms, Slide: ms}, "slide_ms"}, {Spec{Kind: Session}, "gap_ms"}, {Spec{Kind: Session, Gap: ms, Size: ms}, "size_ms"}, {Spec{Kind: Tumbling, Size: ms, Gap: ms}, "gap_ms"},
		{Spec{Kind: Tumbling, Size: -ms}, "size_ms"}, {Spec{Kind: Tumbling, Size: us}, "size_ms"}, {Spec{Kind: Tumbling, Size: MaxSize + ms}, "size_ms"}, {Spec{Kind: Session, Gap: ms + us}, "gap_ms"},
		{Spec{Kind: Sliding, Size: 5 * ms, Slide: 5 * ms}, ""}, {Spec{Kind: Session, Gap: ms}, ""}, {Spec{Kind: Sliding, Size: MaxOverlap * ms, Slide: ms}, ""},
	} {
		if field, err := c.s.Check(); field != c.field || (err == nil) != (field == "") {
			t.Errorf("%+v: %q, %v, want %q", c.s, field, err, c.field)
		}
	}
}
