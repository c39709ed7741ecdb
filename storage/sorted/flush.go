package sorted

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"time"
)

// Entry is one version of a key.
type Entry struct {
	Key     []byte
	TS      uint64 // commit timestamp: after Applied, at most the one that is flushed up to
	Value   []byte // not looked at where Deleted
	Deleted bool
	// New says that the store holds no version of Key, and spares looking. Saying so
	// where it does is an error that nothing detects: a deletion would be lost.
	New bool
}

// Entries gives the entries of a generation, keys ascending, and the versions of
// one key from new to old. Next returns nil at the end. An entry is looked at only
// until the following call of Next.
type Entries interface {
	Next() (*Entry, error)
}

// FlushStats says what a Flush did.
type FlushStats struct {
	Entries  int   // given
	Stored   int   // versions written
	Removed  int   // versions deleted from the store, since nothing can read them
	Skipped  int   // entries not stored, for the same reason or since they hide nothing
	Probed   int   // keys that the store was asked for
	Hidden   int   // versions of the keys that are hidden by newer ones now, and deletions: what GC is for
	Files    int   // SSTables
	Bytes    int64 // their size
	Duration time.Duration
}

// Flush brings a generation into the store: after it, Applied is applied, and
// everything at or before that must have been in this generation or an earlier
// one. Reads before horizon end with it; pass the earliest timestamp that anything
// may still read, at most applied. A horizon before Horizon changes nothing.
//
// It is all or nothing: an error means that nothing of it is in the store, unless
// its class is dberr.ErrReadOnly; then the store has failed and opening it again
// tells. A ctx that ends is looked at until the files are written.
func (s *Store) Flush(ctx context.Context, it Entries, applied, horizon uint64) (FlushStats, error) {
	return s.FlushGeneration(ctx, it, Generation{Applied: applied, Horizon: horizon})
}

// Generation says what a flush brings beside its entries.
type Generation struct {
	Applied, Horizon uint64 // as in Flush
	// Drops are ranges that were dropped since the flush before. They are noted with
	// the rest, and kept until DropRange executes them.
	Drops []Drop
}

// FlushGeneration is Flush that notes dropped ranges, too.
func (s *Store) FlushGeneration(ctx context.Context, it Entries, g Generation) (FlushStats, error) {
	start, applied, horizon := time.Now(), g.Applied, g.Horizon
	if err := s.beginWrite(ctx); err != nil {
		return FlushStats{}, err
	}
	defer s.endWrite()
	b := *s.books.Load()
	if applied < b.applied || applied > MaxTimestamp {
		return FlushStats{}, badInput("flush up to %d, which is not within %d and %d", applied, b.applied, uint64(MaxTimestamp))
	}
	if horizon > applied {
		return FlushStats{}, badInput("history horizon %d is after %d, up to which is flushed", horizon, applied)
	}
	f := flush{s: s, w: s.newWriter(), after: b.applied, applied: applied, horizon: max(horizon, b.horizon)}
	defer f.end()
	if err := f.run(ctx, it); err != nil {
		return FlushStats{}, s.wrap("flush", err)
	}
	next := books{applied: applied, horizon: f.horizon, drops: append(slices.Clip(b.drops), g.Drops...)}
	if next.applied == b.applied && next.horizon == b.horizon && len(g.Drops) == 0 && f.w.entries == 0 {
		return f.stats, nil
	}
	if err := f.w.ingest(ctx, next); err != nil {
		return FlushStats{}, s.wrap("flush", err)
	}
	f.stats.Files, f.stats.Bytes, f.stats.Duration = len(f.w.paths), f.w.bytes, time.Since(start)
	if s.opts.Events.Flushed != nil {
		s.opts.Events.Flushed(f.stats)
	}
	return f.stats, nil
}

// flush is a Flush that is running. For each key it decides which versions stay:
// those after the horizon, the newest at or before it (the base), and none that is
// a deletion with nothing under it. What the store holds is older than anything
// given, so the decision for a key needs only what was given so far, one deletion
// held back, and at its end a look at the store.
type flush struct {
	s                       *Store
	w                       *writer
	after, applied, horizon uint64
	probe                   *cursor // nil until the first look
	stats                   FlushStats

	key   []byte
	last  uint64 // timestamp of the entry before, of the same key
	kept  int    // versions of key that were written
	gone  bool   // the newest version of key is a deletion
	isNew bool   // the store has no version of key
	base  bool   // the base is among the entries given
	held  uint64 // timestamp of a deletion, the oldest of a run; 0 is none
	old   []oldVersion
}

func (f *flush) end() {
	f.w.abort()
	if f.probe != nil {
		f.s.points.give(f.probe)
	}
}

// ctxEvery is how many entries are handled between looks at the context, and yieldEvery
// how many before others may run: where there are as many processors as goroutines like
// this one, commits would wait for 10 ms until the runtime takes the processor away.
const (
	ctxEvery   = 1024
	yieldEvery = 64
)

func (f *flush) run(ctx context.Context, it Entries) error {
	for {
		e, err := it.Next()
		if err != nil {
			return err
		}
		if e == nil {
			break
		}
		if f.stats.Entries%ctxEvery == 0 && ctx.Err() != nil {
			return canceled(ctx)
		}
		if f.stats.Entries%yieldEvery == 0 {
			runtime.Gosched()
		}
		if err := f.add(e); err != nil {
			return err
		}
	}
	return f.endKey()
}

func (f *flush) add(e *Entry) error {
	order := 1
	if f.stats.Entries > 0 {
		order = bytes.Compare(e.Key, f.key)
	}
	if err := f.check(e, order); err != nil {
		return err
	}
	if order > 0 {
		if err := f.endKey(); err != nil {
			return err
		}
		f.key = append(f.key[:0], e.Key...)
		f.isNew, f.base, f.kept, f.gone = e.New, false, 0, e.Deleted
	}
	f.stats.Entries++
	f.last = e.TS
	if f.base { // older than the base
		f.stats.Skipped++
		return nil
	}
	f.base = e.TS <= f.horizon
	if e.Deleted {
		if f.held != 0 {
			f.stats.Skipped++ // deletes what is deleted
		}
		f.held = e.TS
		return nil
	}
	if err := f.storeHeld(); err != nil {
		return err
	}
	return f.store(e.TS, e.Value, false)
}

// store writes a version of the key.
func (f *flush) store(ts uint64, value []byte, deleted bool) error {
	f.stats.Stored++
	f.kept++
	return f.w.set(f.key, ts, value, deleted)
}

// check refuses entries that break the contract.
func (f *flush) check(e *Entry, order int) error {
	switch {
	case !validKey(e.Key):
		return badInput("entry %d has the key %q, which is not greater than 00", f.stats.Entries, e.Key)
	case order < 0:
		return badInput("key %x comes after %x", e.Key, f.key)
	case order == 0 && e.TS >= f.last:
		return badInput("version %d of key %x comes after version %d", e.TS, e.Key, f.last)
	case e.TS <= f.after || e.TS > f.applied:
		return badInput("version %d of key %x is not within %d and %d", e.TS, e.Key, f.after+1, f.applied)
	}
	return nil
}

// storeHeld stores the deletion held back.
func (f *flush) storeHeld() error {
	if f.held == 0 {
		return nil
	}
	ts := f.held
	f.held = 0
	return f.store(ts, nil, true)
}

// endKey deletes what the store holds of the key that nothing can read any more,
// and stores the deletion held back if something is left for it to hide.
func (f *flush) endKey() error {
	if f.stats.Entries == 0 {
		return nil
	}
	f.old = f.old[:0]
	if !f.isNew {
		if err := f.look(); err != nil {
			return err
		}
	}
	hides := false
	for _, v := range f.old {
		if !v.remove { // the newest that stays
			hides = !v.deleted
			break
		}
	}
	if hides {
		if err := f.storeHeld(); err != nil {
			return err
		}
	} else if f.held != 0 {
		f.held = 0
		f.stats.Skipped++
	}
	for _, v := range f.old {
		if !v.remove {
			f.kept++
			continue
		}
		f.stats.Removed++
		if err := f.w.remove(f.key, v.ts); err != nil {
			return err
		}
	}
	if f.kept > 0 && !f.gone {
		f.kept-- // what a read finds
	}
	f.stats.Hidden += f.kept
	return nil
}

// oldVersion is a version in the store.
type oldVersion struct {
	ts      uint64
	deleted bool
	remove  bool
}

// look lists the versions of the key in the store, from new to old, and marks those
// that go.
func (f *flush) look() error {
	f.stats.Probed++
	if f.probe == nil {
		c, err := f.s.points.take()
		if err != nil {
			return err
		}
		f.probe = c
	}
	c := f.probe
	c.key = appendPrefix(c.key[:0], f.key)
	sweep := versionSweep{horizon: f.horizon, base: f.base}
	for ok := c.it.SeekPrefixGE(c.key); ok; ok = c.it.Next() {
		_, ts, isVersion := cutVersion(c.it.Key())
		if !isVersion {
			return f.s.damaged("key %x is not in the form of this store", c.it.Key())
		}
		value := c.it.LazyValue()
		v := oldVersion{ts: ts, deleted: value.Len() == 0}
		v.remove = sweep.remove(v.ts, v.deleted)
		f.old = append(f.old, v)
	}
	return c.it.Error()
}

// versionSweep decides which versions of one key go, given from new to old.
type versionSweep struct {
	horizon uint64
	base    bool // the newest version at or before the horizon has been seen
}

// remove says whether a version goes: one older than the base, and a base that is a
// deletion, since nothing is left for it to hide.
func (v *versionSweep) remove(ts uint64, deleted bool) bool {
	if ts > v.horizon {
		return false
	}
	if v.base {
		return true
	}
	v.base = true
	return deleted
}
