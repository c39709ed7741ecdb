package kv

import (
	"errors"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// Options tunes the model. The zero value is good.
type Options struct {
	// SweepEvery is how often expired keys are looked for. Default 1 s; negative
	// never does, so that only Sweep removes them.
	SweepEvery time.Duration
	// SweepRate bounds how many expired keys are removed in a second, so that many
	// that expire at once do not take the log from others. Default 20,000.
	SweepRate int
	// WatchEvents and WatchBytes bound what a watcher may lag behind, in events and
	// in bytes of keys and values, before it is cut off. Defaults 8,192 and 16 MiB.
	WatchEvents int
	WatchBytes  int
	// Events, where set, is told what the model does.
	Events Events
}

// Events are told what the model does in the background. Any may be nil; they
// must be quick.
type Events struct {
	// Expired is called for each transaction that removed expired keys.
	Expired func(keys int)
	// SweepFailed is called where expired keys could not be removed; they are tried
	// again, and nobody sees them meanwhile.
	SweepFailed func(err error)
	// WatcherCut is called when a watcher is cut off, with the reason.
	WatcherCut func(reason error)
}

func (o Options) withDefaults() Options {
	if o.SweepEvery == 0 {
		o.SweepEvery = time.Second
	}
	if o.SweepRate == 0 {
		o.SweepRate = 20_000
	}
	if o.WatchEvents == 0 {
		o.WatchEvents = 8 << 10
	}
	if o.WatchBytes == 0 {
		o.WatchBytes = 16 << 20
	}
	return o
}

// Validate says what is wrong with the options, all faults at once.
func (o Options) Validate() error {
	var errs []error
	for _, f := range []struct {
		name string
		n    int
	}{{"SweepRate", o.SweepRate}, {"WatchEvents", o.WatchEvents}, {"WatchBytes", o.WatchBytes}} {
		if f.n < 0 {
			errs = append(errs, fmt.Errorf("%s %d is negative", f.name, f.n))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", dberr.ErrInvalid, errors.Join(errs...))
}
