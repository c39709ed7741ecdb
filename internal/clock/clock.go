// Package clock is the wall clock as a value, so that a test can hand in its own.
//
// It promises nothing about monotonicity: who needs order makes it (storage/txn
// does). It owns no state and refuses nothing.
package clock

import (
	"sync/atomic"
	"time"
)

// Clock tells the time.
type Clock interface {
	Now() time.Time
}

// System is the clock of the machine.
var System Clock = system{}

type system struct{}

func (system) Now() time.Time { return time.Now() }

// Manual is a clock that stands still until it is moved. The zero value stands
// at the Unix epoch. Safe for concurrent use.
type Manual struct{ nanos atomic.Int64 }

// NewManual returns a clock that stands at t.
func NewManual(t time.Time) *Manual {
	m := &Manual{}
	m.Set(t)
	return m
}

// Now implements Clock.
func (m *Manual) Now() time.Time { return time.Unix(0, m.nanos.Load()).UTC() }

// Set moves the clock to t, which may lie in its past.
func (m *Manual) Set(t time.Time) { m.nanos.Store(t.UnixNano()) }

// Advance moves the clock by d.
func (m *Manual) Advance(d time.Duration) { m.nanos.Add(int64(d)) }
