package continuous

import (
	"context"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// What comes late is found in the commits themselves: a feed of the writes to metrics
// goes on where the record says that all before is in the windows that have run. So it
// is found also where the program was down, as long as the history lasts; behind that,
// all windows that may be run again are.

// listen opens the feed, and takes from it what has been committed.
func (t *task) listen(ctx context.Context) error {
	if t.rec.Late <= 0 {
		t.upTo = t.f.s.txns.LastCommit()
		return nil
	}
	if t.feed == nil {
		if err := t.open(ctx); err != nil {
			return err
		}
	}
	last := t.f.s.txns.LastCommit()
	t.f.s.txns.Settle()
	ids, err := t.metrics(ctx)
	if err != nil {
		return err
	}
	for {
		set, err := t.feed.Poll(ctx)
		if dberr.As(err) != nil && dberr.As(err).Code == "HISTORY_GONE" {
			t.feed.Close()
			t.feed = nil
			return t.open(ctx)
		}
		if err != nil {
			return err
		}
		if set == nil {
			break
		}
		for i := range set.Ops {
			metric, from, to, ok, err := t.f.series.WrittenBy(&set.Ops[i])
			if err != nil {
				return err
			}
			if ok && ids(metric) {
				t.written(set.Timestamp, from, to)
			}
		}
	}
	t.upTo = max(last, t.feed.Position())
	return nil
}

// open opens the feed where the record says, or has all windows run again where the
// history does not reach back to it.
func (t *task) open(ctx context.Context) (err error) {
	t.ran, t.late = make(map[time.Time]txn.Timestamp), make(map[time.Time]*lateWindow)
	opts := txn.FeedOptions{Since: t.rec.seen, Ranges: t.f.series.WriteRanges()}
	t.feed, err = t.f.s.txns.Feed(ctx, opts)
	e := dberr.As(err)
	if e == nil || e.Code != "HISTORY_GONE" && e.Code != "FEED_IN_FUTURE" {
		return err
	}
	opts.Since, opts.Now = 0, true
	if t.feed, err = t.f.s.txns.Feed(ctx, opts); err != nil {
		return err
	}
	now := t.f.s.now()
	for at := t.oldest(now); at.Before(t.rec.next); at = at.Add(t.rec.Every) {
		t.late[at] = &lateWindow{since: t.rec.seen, at: now}
	}
	return nil
}

// oldest is the first window that is run again by now.
func (t *task) oldest(now time.Time) time.Time {
	at := floor(now.Add(-t.rec.Late), t.rec.Every)
	if at.Before(t.rec.Start) {
		return t.rec.Start
	}
	return at
}

// metrics says which metrics count.
func (t *task) metrics(ctx context.Context) (func(id uint64) bool, error) {
	read := make(map[uint64]bool)
	target := uint64(0)
	err := t.f.s.txns.View(ctx, func(tx *txn.Tx) error {
		for _, name := range append([]string{t.st.target}, t.st.sources...) {
			m, ok, err := t.f.series.LookupTx(tx, name)
			if err != nil {
				return err
			}
			if ok && name == t.st.target {
				target = m.ID()
			} else if ok {
				read[m.ID()] = true
			}
		}
		return nil
	})
	if t.st.others {
		return func(id uint64) bool { return id != target }, err
	}
	return func(id uint64) bool { return read[id] }, err
}

// written notes what a commit wrote from one time to another, both included.
func (t *task) written(at txn.Timestamp, from, to int64) {
	now := t.f.s.now()
	oldest := t.oldest(now)
	if from < t.rec.next.UnixNano() && from < oldest.UnixNano() && oldest.After(t.rec.Start) && to >= t.rec.Start.UnixNano() {
		t.tooLate++
	}
	first := max(from, oldest.UnixNano())
	last := min(to, t.rec.next.UnixNano()-1)
	if first > last {
		return
	}
	for start := floor(time.Unix(0, first), t.rec.Every); start.UnixNano() <= last; start = start.Add(t.rec.Every) {
		if t.ran[start] >= at {
			continue
		}
		if w := t.late[start]; w == nil {
			t.late[start] = &lateWindow{since: at, at: now}
		}
	}
	for start := range t.ran {
		if start.Before(oldest) {
			delete(t.ran, start)
		}
	}
}

// seenWithout is up to where all commits are in windows that have run, once from has: of
// those that come late the first one is not.
func (t *task) seenWithout(from time.Time, again bool) txn.Timestamp {
	seen := t.upTo
	for start, w := range t.late {
		if again && start.Equal(from) {
			continue
		}
		seen = min(seen, w.since-1)
	}
	return seen
}
