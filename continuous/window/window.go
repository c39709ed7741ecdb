// Package window divides events over time into windows and aggregates them.
//
// It is a machine without a store: it is given events one by one, in the order of their
// channel, and gives results. It promises that what it gives depends on the events and
// their order alone, not on when they come, how many come at once, or whether it was
// written down and read back in between; that a window is closed once the watermark, the
// greatest time of an event less Config.Delay, has reached its end, and its result given
// then, once; that an event for a window that was closed no longer ago than
// Config.Lateness changes it, and its result is given again; and that an event all of
// whose windows are gone is late, and changes nothing.
//
// It owns the form in which windows are written down (docs/format/continuous.md). It
// bounds nothing itself: Room says what an event would add, and Drain stops when it has
// given as many results as are wanted.
package window

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind is how time is divided.
type Kind uint8

// The kinds of windows.
const (
	Tumbling Kind = iota // one behind the other
	Sliding              // of one size, one begins every slide
	Session              // of events that are closer to the next than a gap
)

var kindNames = []string{"tumbling", "sliding", "session"}

// String is the name of a kind.
func (k Kind) String() string { return kindNames[k] }

// KindOf finds a kind by its name.
func KindOf(name string) (Kind, bool) {
	if name == "hopping" {
		name = "sliding"
	}
	i := slices.Index(kindNames, name)
	return Kind(max(i, 0)), i >= 0
}

// The bounds of windows.
const (
	MaxOverlap = 1000                 // sliding windows that an event may be in
	MaxSize    = 366 * 24 * time.Hour // of a window, a slide, a gap, a delay and lateness
)

// Spec says how time is divided.
type Spec struct {
	Kind  Kind
	Size  time.Duration // of tumbling and sliding windows
	Slide time.Duration // of sliding windows
	Gap   time.Duration // of sessions
}

// Check says what is wrong with a spec, by the name of a field.
func (s *Spec) Check() (field string, err error) {
	switch {
	case s.Kind != Session && s.Size == 0:
		return "size_ms", fmt.Errorf("%s windows need a size", s.Kind)
	case s.Kind == Session && s.Size != 0:
		return "size_ms", errors.New("a session is as long as its events say, so it has no size")
	case s.Kind != Session && s.Gap != 0:
		return "gap_ms", errors.New("only sessions have a gap")
	case s.Kind == Session && s.Gap == 0:
		return "gap_ms", errors.New("sessions need a gap")
	case s.Kind != Sliding && s.Slide != 0:
		return "slide_ms", errors.New("only sliding windows have a slide")
	case s.Kind == Sliding && s.Slide == 0:
		return "slide_ms", errors.New("sliding windows need a slide")
	}
	for _, f := range []struct {
		field string
		d     time.Duration
	}{{"size_ms", s.Size}, {"slide_ms", s.Slide}, {"gap_ms", s.Gap}} {
		if f.d != 0 && (f.d < time.Millisecond || f.d > MaxSize || f.d%time.Millisecond != 0) {
			return f.field, fmt.Errorf("%v is not a whole number of milliseconds from 1ms to %v", f.d, MaxSize)
		}
	}
	if s.Kind == Sliding && (s.Slide > s.Size || (s.Size+s.Slide-1)/s.Slide > MaxOverlap) {
		return "slide_ms", fmt.Errorf("the slide of %v must be at most the size of %v, and so large that an event is in at most %d windows", s.Slide, s.Size, MaxOverlap)
	}
	return "", nil
}

// Span is a window: from Start, up to but without End, in microseconds since 1970.
type Span struct{ Start, End int64 }

// Of are the windows that an event belongs to, in the order of their starts. That of a
// session is what it would be if the event were its only one.
func (s *Spec) Of(at int64) []Span {
	if s.Kind == Session {
		return []Span{{at, at + s.Gap.Microseconds()}}
	}
	size := s.Size.Microseconds()
	slide := size
	if s.Kind == Sliding {
		slide = s.Slide.Microseconds()
	}
	var list []Span
	for start := at - mod(at, slide); start > at-size; start -= slide {
		list = append(list, Span{start, start + size})
	}
	slices.Reverse(list)
	return list
}

// mod is the rest of a division that rounds down.
func mod(a, b int64) int64 {
	r := a % b
	if r < 0 {
		r += b
	}
	return r
}

// touches says whether two sessions are one.
func (s Span) touches(t Span) bool { return s.Start < t.End && t.Start < s.End }
