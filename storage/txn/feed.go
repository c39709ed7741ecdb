package txn

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
)

// FeedOptions says what a Feed gives.
type FeedOptions struct {
	// Since is where it begins: with the first commit after that timestamp, which must
	// lie within the history; LastCommit is one. Zero is before all commits.
	Since Timestamp
	// Now begins with the next commit instead.
	Now bool
	// Lower and Upper bound the keys, [Lower, Upper); nil bounds are open.
	Lower, Upper []byte
	// Ranges, where set, are the bounds instead: several, in the order of keys, that do not
	// overlap.
	Ranges []Range
	// QueueBytes bounds what waits for the reader in memory, beside as much at most that
	// Poll has begun to give. Behind it the feed reads what it missed from the history.
	// Default 16 MiB.
	QueueBytes int
}

// Range is the keys in [Lower, Upper); nil bounds are open.
type Range struct{ Lower, Upper []byte }

// Feed gives what commits changed, in their order, none twice and none left out. A
// reader that falls behind, or comes back later with the Position it was at, is served
// from the history as long as that lasts (error code HISTORY_GONE after it). Ranges
// that were dropped (DropRange) are not in it. Must be closed.
type Feed struct {
	s    *Store
	opts FeedOptions
	stop func()
	at   Timestamp    // of the last one given
	past []*ChangeSet // read from the history, and not given yet
	out  pile         // taken from the queue; where it is not all given, past is empty

	// mu is taken by the hook, under hooks.calling; it takes nothing.
	mu struct {
		sync.Mutex
		queue  pile
		bytes  int
		missed Timestamp // the history is to be read up to here first
		closed bool
	}
	more chan struct{} // something came in
	done chan struct{} // closed by Close
}

// Feed begins a feed.
func (s *Store) Feed(ctx context.Context, o FeedOptions) (*Feed, error) {
	if o.QueueBytes == 0 {
		o.QueueBytes = 16 << 20
	}
	if o.Ranges == nil {
		o.Ranges = []Range{{o.Lower, o.Upper}}
	}
	o.Ranges = slices.Clone(o.Ranges)
	for i, r := range o.Ranges {
		o.Ranges[i] = Range{bytes.Clone(r.Lower), bytes.Clone(r.Upper)}
	}
	f := &Feed{s: s, opts: o, at: o.Since, more: make(chan struct{}, 1), done: make(chan struct{})}
	f.mu.Lock() // until it is known where it begins
	since, stop := s.OnCommitBriefly(f.hear)
	f.stop = stop
	switch {
	case o.Now:
		f.at = since
	case o.Since < since:
		f.mu.missed = since
	}
	f.mu.Unlock()
	if o.Since > since && !o.Now {
		f.Close()
		return nil, dberr.New(dberr.ErrInvalid, "FEED_IN_FUTURE", "the feed is to begin at %d, after the last commit, of %d", o.Since, since)
	}
	if f.mu.missed != 0 && s.live.floor.Load() > uint64(o.Since) {
		f.Close()
		return nil, errHistoryGone(o.Since, s.live.floor.Load())
	}
	if err := s.WaitVisible(ctx, since); err != nil {
		f.Close()
		return nil, fmt.Errorf("begin feed: %w", err)
	}
	return f, nil
}

// hear is the commit hook.
func (f *Feed) hear(set *ChangeSet) {
	ops := f.within(set.Ops)
	if len(ops) == 0 {
		return
	}
	size := 0
	for i := range ops {
		size += len(ops[i].Key) + len(ops[i].Value) + 64
	}
	f.mu.Lock()
	if f.mu.bytes+size > f.opts.QueueBytes {
		f.mu.queue, f.mu.bytes, f.mu.missed = pile{}, 0, set.Timestamp
	} else {
		f.mu.queue.add(set.Timestamp, ops)
		f.mu.bytes += size
	}
	f.mu.Unlock()
	select {
	case f.more <- struct{}{}:
	default:
	}
}

// pile is change sets with memory of their own, which is used again.
type pile struct {
	sets []ChangeSet
	next int // the first one that was not given
	ops  []Op
	data []byte
}

// maxPile is the memory that a pile keeps for later.
const maxPile = 64 << 10

func (p *pile) add(at Timestamp, ops []Op) {
	from := len(p.ops)
	for i := range ops {
		op := &ops[i]
		p.ops = append(p.ops, Op{Key: p.keep(op.Key), Value: p.keep(op.Value), Deleted: op.Deleted, New: op.New})
	}
	p.sets = append(p.sets, ChangeSet{Timestamp: at, Ops: p.ops[from:len(p.ops):len(p.ops)]})
}

func (p *pile) keep(b []byte) []byte {
	if b == nil {
		return nil
	}
	from := len(p.data)
	p.data = append(p.data, b...)
	return p.data[from:len(p.data):len(p.data)]
}

// empty makes room for others where nobody needs what was given any more.
func (p *pile) empty() {
	if cap(p.data)+64*cap(p.ops) > maxPile {
		*p = pile{}
		return
	}
	clear(p.sets)
	clear(p.ops)
	poison(p.data)
	p.sets, p.next, p.ops, p.data = p.sets[:0], 0, p.ops[:0], p.data[:0]
}

// within cuts ops, which are in order, to the bounds.
func (f *Feed) within(ops []Op) (in []Op) {
	for i := range f.opts.Ranges {
		r := &f.opts.Ranges[i]
		ops = ops[sort.Search(len(ops), func(i int) bool { return bytes.Compare(ops[i].Key, r.Lower) >= 0 }):]
		n := len(ops)
		if r.Upper != nil {
			n = sort.Search(len(ops), func(i int) bool { return bytes.Compare(ops[i].Key, r.Upper) >= 0 })
		}
		if n > 0 && in == nil {
			in = ops[:n:n] // not copied where one range has all
		} else {
			in = append(in, ops[:n]...)
		}
		ops = ops[n:]
	}
	return in
}

// Next returns the changes of the next commit that changed something within the
// bounds. It waits for one. What it returns is valid until the next call of Next or Poll.
func (f *Feed) Next(ctx context.Context) (*ChangeSet, error) {
	for {
		if set, err := f.Poll(ctx); set != nil || err != nil {
			return set, err
		}
		select {
		case <-f.more:
		case <-f.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("feed: %w", contextError(ctx))
		}
	}
}

// Poll is Next that returns nil where there is nothing yet. After Store.Settle, that is
// where nothing was committed.
func (f *Feed) Poll(ctx context.Context) (*ChangeSet, error) {
	for {
		if len(f.past) > 0 {
			set := f.past[0]
			f.past[0] = nil
			f.past = f.past[1:]
			f.at = set.Timestamp
			return set, nil
		}
		if f.out.next < len(f.out.sets) {
			set := &f.out.sets[f.out.next]
			f.out.next++
			f.at = set.Timestamp
			return set, nil
		}
		missed, closed := f.take()
		switch {
		case closed:
			return nil, dberr.New(dberr.ErrInvalid, "FEED_CLOSED", "the feed is closed")
		case missed != 0:
			if err := f.catchUp(ctx, missed); err != nil {
				return nil, err
			}
		case len(f.out.sets) == 0:
			return nil, nil
		}
	}
}

// More has a token where there may be something to Poll since it had one last.
func (f *Feed) More() <-chan struct{} { return f.more }

// take moves what is in the queue to out, or says up to where the history is to be read.
func (f *Feed) take() (missed Timestamp, closed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.closed || f.mu.missed != 0 {
		return f.mu.missed, f.mu.closed
	}
	f.out.empty()
	f.out, f.mu.queue, f.mu.bytes = f.mu.queue, f.out, 0
	return 0, false
}

// catchUp reads the history from the last set given up to until, or less of it where
// that is more than should be in memory at once.
func (f *Feed) catchUp(ctx context.Context, until Timestamp) error {
	to := until
	for {
		sets, ok, err := f.read(ctx, f.at, to)
		if err != nil {
			return err
		}
		if ok || to <= f.at+1 {
			f.past = sets
			break
		}
		if half := sets[len(sets)/2].Timestamp; half < to {
			to = half // the middle of what was seen
		} else {
			to = f.at + (to-f.at)/2
		}
	}
	if len(f.past) == 0 {
		f.at = to
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if to == until && f.mu.missed == until {
		f.mu.missed = 0
	}
	return nil
}

// read gathers what commits after since and up to until changed. It says false where
// that is more than QueueBytes, unless it is a single commit.
func (f *Feed) read(ctx context.Context, since, until Timestamp) (sets []*ChangeSet, ok bool, err error) {
	byTime := map[Timestamp]*ChangeSet{}
	size := 0
	ok = true
	defer func() {
		slices.SortFunc(sets, func(a, b *ChangeSet) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	}()
	take := func(ts Timestamp, op Op) bool {
		size += len(op.Key) + len(op.Value) + 64
		if ok = size <= f.opts.QueueBytes || len(sets) == 0 || len(sets) == 1 && byTime[ts] != nil; !ok {
			return false
		}
		set := byTime[ts]
		if set == nil {
			set = &ChangeSet{Timestamp: ts}
			byTime[ts] = set
			sets = append(sets, set)
		}
		set.Ops = append(set.Ops, Op{Key: bytes.Clone(op.Key), Value: bytes.Clone(op.Value), Deleted: op.Deleted})
		return true
	}
	for i := range f.opts.Ranges {
		r := &f.opts.Ranges[i]
		if err = f.s.History(ctx, r.Lower, r.Upper, since, until, take); err != nil || !ok {
			break
		}
	}
	return sets, ok, err
}

// Position is the timestamp to go on from, as FeedOptions.Since, after what Next has
// given so far.
func (f *Feed) Position() Timestamp { return f.at }

// Close ends the feed; a Next that waits returns. It may be called more than once, but
// not from a commit hook.
func (f *Feed) Close() {
	f.mu.Lock()
	closed := f.mu.closed
	f.mu.closed = true
	f.mu.queue = pile{}
	f.mu.Unlock()
	if !closed {
		f.stop()
		close(f.done)
	}
}
