package streaming

import (
	"errors"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// Options tunes the model. The zero value is good.
type Options struct {
	// SweepEvery is how often channels are held against what they are to keep. Default
	// 1 s; negative never does, so that only Sweep removes messages.
	SweepEvery time.Duration
	// TailMessages and TailBytes bound what is kept in memory of the end of a channel
	// that has subscribers, for all of them together; who is further behind reads from
	// the store. Defaults 1,024 and 1 MiB.
	TailMessages int
	TailBytes    int
	// FeedMessages and FeedBytes are the same of the feed of a table or another object
	// that somebody follows: to read on from the history means a look through the whole
	// object. Defaults 8,192 and 4 MiB.
	FeedMessages int
	FeedBytes    int
	// ProducerKeep is how long the last number of a producer is remembered after it
	// published. Default 7 days.
	ProducerKeep time.Duration
	// Where, where set, reads a filter over data that are JSON, and returns what tells
	// whether data match. It must refuse what it does not know.
	Where func(filter []byte) (matches func(data []byte) bool, err error)
	// SQL, where set, reads a predicate of SQL over messages, and returns what tells whether
	// a message is wanted: quick, safe for concurrent use, and always the same of the same
	// message. It is asked for the same text again and again.
	SQL func(text string) (wants func(m *Message) bool, err error)
	// Events, where set, is told what the model does.
	Events Events
}

// Events are told what the model does in the background. Any may be nil; they must be
// quick.
type Events struct {
	// Removed is called for each transaction that removed messages.
	Removed func(messages int)
	// SweepFailed is called where messages could not be removed; it is tried again.
	SweepFailed func(err error)
}

func (o Options) withDefaults() Options {
	if o.SweepEvery == 0 {
		o.SweepEvery = time.Second
	}
	if o.TailMessages == 0 {
		o.TailMessages = 1 << 10
	}
	if o.TailBytes == 0 {
		o.TailBytes = 1 << 20
	}
	if o.FeedMessages == 0 {
		o.FeedMessages = 8 << 10
	}
	if o.FeedBytes == 0 {
		o.FeedBytes = 4 << 20
	}
	if o.ProducerKeep == 0 {
		o.ProducerKeep = 7 * 24 * time.Hour
	}
	return o
}

// Validate says what is wrong with the options, all faults at once.
func (o Options) Validate() error {
	var errs []error
	for _, f := range []struct {
		name string
		n    int64
	}{{"TailMessages", int64(o.TailMessages)}, {"TailBytes", int64(o.TailBytes)},
		{"FeedMessages", int64(o.FeedMessages)}, {"FeedBytes", int64(o.FeedBytes)}, {"ProducerKeep", int64(o.ProducerKeep)}} {
		if f.n < 0 {
			errs = append(errs, fmt.Errorf("%s %d is negative", f.name, f.n))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", dberr.ErrInvalid, errors.Join(errs...))
}
