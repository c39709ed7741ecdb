package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// EventKind says what happened.
type EventKind uint8

// The kinds of events.
const (
	EventPut    EventKind = iota // a key was written
	EventDelete                  // a key was removed, or expired and was swept
	EventDrop                    // the bucket was removed with all its keys
)

// String is the name of the kind.
func (k EventKind) String() string {
	switch k {
	case EventPut:
		return "put"
	case EventDelete:
		return "delete"
	}
	return "drop"
}

// Event is one change of a bucket.
type Event struct {
	Kind EventKind
	At   Position
	// Entry is what was written; of a removal only the key, of a drop nothing.
	Entry Entry
}

// Position is a place in the changes that a watcher sees: the Seqth event, from 1,
// of the commit at Timestamp. Seq 0 stands before that commit's first.
type Position struct {
	Timestamp txn.Timestamp
	Seq       int
}

// After is the position behind all events of a commit.
func After(ts txn.Timestamp) Position { return Position{Timestamp: ts + 1} }

// String is the position as text, which ParsePosition reads.
func (p Position) String() string {
	return strconv.FormatUint(uint64(p.Timestamp), 10) + "." + strconv.Itoa(p.Seq)
}

// ParsePosition reads a position. A timestamp alone stands behind all events of
// its commit.
func ParsePosition(text string) (p Position, err error) {
	ts, seq, cut := strings.Cut(text, ".")
	n, err := strconv.ParseUint(ts, 10, 63)
	if err == nil && cut {
		p.Seq, err = strconv.Atoi(seq)
	}
	if err != nil || p.Seq < 0 {
		return Position{}, invalid("INVALID_POSITION", "since", "%q is not a position in the changes", text)
	}
	p.Timestamp = txn.Timestamp(n)
	if !cut {
		p = After(p.Timestamp)
	}
	return p, nil
}

// WatchOptions says which changes to watch.
type WatchOptions struct {
	// Prefix limits the watch to keys that start with it.
	Prefix []byte
	// Since, where not zero, begins with the first event after that position, which
	// must lie within the store's history. Else the watch begins now.
	Since Position
	// KeysOnly leaves the values out.
	KeysOnly bool
}

// Watcher hands out the changes of a bucket in the order of commits. One goroutine
// may call Next at a time.
type Watcher struct {
	s    *Store
	name string
	opts WatchOptions
	from Position
	past *past // changes before the watch began, nil once they were handed out

	// mu is taken under hub.mu.
	mu struct {
		sync.Mutex
		id     keyspace.ObjectID // of the bucket now, 0 where there is none
		raw    []*txn.ChangeSet  // commits that came before id was known
		known  bool              // id is
		queue  []pending
		bytes  int
		reason error // why the watch has ended
	}
	ready chan struct{} // has a token where there may be news
}

// pending is an event whose record is not read yet.
type pending struct {
	kind EventKind
	at   Position
	key  []byte
	rec  []byte
}

func (p *pending) size() int { return len(p.key) + len(p.rec) + 64 }

// Watch watches a bucket, which need not be there yet. The watcher must be closed.
func (s *Store) Watch(ctx context.Context, bucket string, o WatchOptions) (*Watcher, error) {
	if err := checkBucket(bucket); err != nil {
		return nil, err
	}
	if err := s.hub.listen(ctx); err != nil {
		return nil, err
	}
	o.Prefix = bytes.Clone(o.Prefix)
	w := &Watcher{s: s, name: orDefault(bucket), opts: o, ready: make(chan struct{}, 1)}
	s.hub.mu.Lock()
	from, closed := s.hub.mu.last, s.hub.mu.closed
	if !closed {
		s.hub.mu.watchers[w] = struct{}{}
	}
	s.hub.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	if err := w.begin(ctx, from); err != nil {
		w.Close()
		return nil, fmt.Errorf("watch bucket %q: %w", abbreviate([]byte(w.name)), err)
	}
	return w, nil
}

// begin finds out which bucket the name stood for after the commit at from, the
// last that was not heard, and takes in those that were heard meanwhile.
func (w *Watcher) begin(ctx context.Context, from txn.Timestamp) error {
	var id keyspace.ObjectID
	if w.opts.Since != (Position{}) {
		w.past = &past{w: w, at: w.opts.Since, until: from}
		lives, err := w.past.lives(ctx)
		if err != nil {
			return err
		}
		if n := len(lives); n > 0 && lives[n-1].until > from {
			id = lives[n-1].id
		}
	} else if err := w.s.view(ctx, func(tx *txn.Tx) error {
		b, _, err := w.s.bucket(tx, w.name)
		id, from = b.id, max(from, tx.ReadTimestamp())
		return err
	}); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mu.id, w.mu.known = id, true
	if w.from = w.opts.Since; w.from == (Position{}) {
		w.from = After(from)
	}
	for _, set := range w.mu.raw {
		if set.Timestamp > from {
			w.takeLocked(set)
		}
	}
	w.mu.raw = nil
	return nil
}

// From is the position where the watch began.
func (w *Watcher) From() Position { return w.from }

// hear takes in a commit and says whether the watch goes on.
func (w *Watcher) hear(set *txn.ChangeSet) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.mu.reason != nil:
		return false
	case !w.mu.known:
		w.mu.raw = append(w.mu.raw, set.Clone())
		if len(w.mu.raw) > w.s.opts.WatchEvents {
			w.cutLocked(errTooSlow)
		}
	default:
		w.takeLocked(set)
	}
	return w.mu.reason == nil
}

// takeLocked queues the events of a commit.
func (w *Watcher) takeLocked(set *txn.ChangeSet) {
	at := Position{Timestamp: set.Timestamp}
	for i := range set.Ops {
		op := &set.Ops[i]
		o, ok := parseOp(op.Key)
		if !ok || o.db != w.s.db {
			continue
		}
		p := pending{key: o.key, rec: op.Value, kind: EventPut}
		switch {
		case o.id == 0 && o.bucket == w.name:
			if !w.rebindLocked(op) {
				continue
			}
			p = pending{kind: EventDrop}
		case o.id == 0 || o.id != w.mu.id || !bytes.HasPrefix(o.key, w.opts.Prefix):
			continue
		case op.Deleted:
			p.kind, p.rec = EventDelete, nil
		}
		at.Seq++
		p.at = at
		p.key, p.rec = bytes.Clone(p.key), bytes.Clone(p.rec) // the commit's are its own
		if !w.pushLocked(p) {
			return
		}
	}
}

// rebindLocked follows the bucket's name to what it stands for now, and says
// whether the bucket of before is gone.
func (w *Watcher) rebindLocked(op *txn.Op) (dropped bool) {
	var b Bucket
	if !op.Deleted {
		if err := b.decode(op.Value, 0); err != nil {
			w.cutLocked(err)
			return false
		}
	}
	dropped = w.mu.id != 0 && w.mu.id != b.id
	w.mu.id = b.id
	return dropped
}

func (w *Watcher) pushLocked(p pending) bool {
	if len(w.mu.queue) >= w.s.opts.WatchEvents || w.mu.bytes+p.size() > w.s.opts.WatchBytes && len(w.mu.queue) > 0 {
		w.cutLocked(errTooSlow)
		return false
	}
	w.mu.queue = append(w.mu.queue, p)
	w.mu.bytes += p.size()
	w.wake()
	return true
}

var errTooSlow = dberr.New(dberr.ErrUnavailable, "WATCH_TOO_SLOW", "the watcher fell too far behind the changes and was cut off").
	WithHint("watch again from the last event that arrived")

func (w *Watcher) wake() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// cut ends the watch. What is queued can still be read.
func (w *Watcher) cut(reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cutLocked(reason)
}

func (w *Watcher) cutLocked(reason error) {
	if w.mu.reason != nil {
		return
	}
	w.mu.reason, w.mu.raw = reason, nil
	w.wake()
	if f := w.s.opts.Events.WatcherCut; f != nil && !errors.Is(reason, errWatchClosed) {
		f(reason)
	}
}

var errWatchClosed = dberr.New(dberr.ErrInvalid, "WATCH_CLOSED", "the watcher is closed")

// Close ends the watch.
func (w *Watcher) Close() {
	w.s.hub.mu.Lock()
	delete(w.s.hub.mu.watchers, w)
	w.s.hub.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cutLocked(errWatchClosed)
	w.mu.queue, w.mu.bytes = nil, 0
}

// Next waits for the next event. The error says why there are no more: the code
// WATCH_TOO_SLOW where the reader did not keep up, HISTORY_GONE where what it asked
// for is no longer kept, SHUTTING_DOWN where the store closes, or that ctx ended.
func (w *Watcher) Next(ctx context.Context) (Event, error) {
	for {
		p, ok, err := w.pop(ctx)
		if err != nil {
			return Event{}, err
		}
		if ok {
			return w.event(ctx, &p)
		}
		select {
		case <-w.ready:
		case <-ctx.Done():
			return Event{}, dberr.New(dberr.ErrCanceled, "CANCELED", "the watch was given up").Wrap(context.Cause(ctx))
		}
	}
}

// pop takes the next event, first of the past.
func (w *Watcher) pop(ctx context.Context) (p pending, ok bool, err error) {
	if w.past != nil {
		if p, ok, err = w.past.next(ctx); ok || err != nil {
			return p, ok, err
		}
		w.past = nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.mu.queue) == 0 {
		return p, false, w.mu.reason
	}
	p = w.mu.queue[0]
	w.mu.queue[0] = pending{}
	w.mu.queue = w.mu.queue[1:]
	w.mu.bytes -= p.size()
	return p, true, nil
}

// event reads the record of an event.
func (w *Watcher) event(ctx context.Context, p *pending) (Event, error) {
	e := Event{Kind: p.kind, At: p.at, Entry: Entry{Key: p.key}}
	if p.kind != EventPut {
		e.Entry.Version, e.Entry.Updated = p.at.Timestamp, p.at.Timestamp.Time()
		return e, nil
	}
	var r record
	if err := r.decode(p.rec); err != nil {
		return e, fmt.Errorf("read key %q: %w", abbreviate(p.key), err)
	}
	e.Entry.fill(&r, p.at.Timestamp)
	switch {
	case w.opts.KeysOnly:
	case r.flags&flagParts != 0:
		return e, w.loadParts(ctx, &e, &r)
	default:
		var err error
		if e.Entry.Value.Data, err = r.unpack(r.value); err != nil {
			return e, fmt.Errorf("read key %q: %w", abbreviate(p.key), err)
		}
	}
	return e, nil
}

// loadParts reads a long value as it was at the time of the event.
func (w *Watcher) loadParts(ctx context.Context, e *Event, r *record) error {
	tx, err := w.s.txns.Begin(ctx, txn.TxOptions{AsOf: e.At.Timestamp})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	b, _, err := w.s.bucket(tx, w.name)
	if err == nil {
		e.Entry.Value.Data, err = w.s.load(tx, b.id, r)
	}
	return err
}
