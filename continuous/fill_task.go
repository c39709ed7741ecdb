package continuous

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// The pauses after a run that failed, and before a window is run again for what came late.
const (
	firstPause = time.Second
	lastPause  = 5 * time.Minute
	settleTime = 5 * time.Second
	// lateTries is how often a run again is tried.
	lateTries = 5
)

// task runs a query that fills a metric. It belongs to its goroutine.
type task struct {
	f    *Fills
	id   keyspace.ObjectID
	name string

	rec   *fillRecord // as last seen
	st    *statement  // of rec
	feed  *txn.Feed   // nil while the query does not run
	upTo  txn.Timestamp
	ran   map[time.Time]txn.Timestamp // as of when windows have run, of those that may be run again
	late  map[time.Time]*lateWindow
	fails int
	again time.Time // not before it is anything tried again

	tooLate uint64 // since the record was written last
}

// lateWindow is a window that is to be run again.
type lateWindow struct {
	since txn.Timestamp // of the first commit that it lacks
	at    time.Time     // when it was noticed
	tries int
}

// loop runs the query until it is gone, paused or changed, or ctx ends.
func (t *task) loop(ctx context.Context) {
	defer t.stop()
	for {
		wait, ok := t.step(ctx)
		if !ok {
			return
		}
		var more <-chan struct{}
		if t.feed != nil && t.rec != nil && t.rec.Late > 0 {
			more = t.feed.More()
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-more:
			// What comes late may wait; what is written now comes all the time.
			pause := time.NewTimer(firstPause)
			select {
			case <-timer.C:
			case <-pause.C:
			case <-ctx.Done():
			}
			pause.Stop()
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// lookEvery is after how long a query looks around though nothing is due: the wall clock
// may have been set.
const lookEvery = time.Minute

// step does all that is due, and returns how long to wait; false where it is over.
func (t *task) step(ctx context.Context) (wait time.Duration, ok bool) {
	for {
		if ctx.Err() != nil {
			return 0, false
		}
		switch err := t.look(ctx); {
		case errors.Is(err, errGone):
			return 0, false
		case err != nil:
			t.tell(err)
			return lastPause, true
		}
		now := t.f.s.now()
		if now.Before(t.again) {
			return min(lookEvery, t.again.Sub(now)), true
		}
		from, again, at := t.due()
		if at.After(now) {
			return max(min(lookEvery, at.Sub(now)), time.Millisecond), true
		}
		t.do(ctx, from, again)
	}
}

func (t *task) tell(err error) {
	if fn := t.f.s.opts.Failed; fn != nil && t.f.s.ctx.Err() == nil {
		fn(t.f.database, t.name, err)
	}
}

// look reads the record, and what has come late.
func (t *task) look(ctx context.Context) error {
	var r *fillRecord
	err := t.f.s.txns.View(ctx, func(tx *txn.Tx) (err error) {
		r, err = loadFill(tx, t.f.db, t.name)
		return err
	})
	switch {
	case err != nil:
		return err
	case r == nil || r.id != t.id || r.Paused || t.rec != nil && !t.rec.Start.Equal(r.Start):
		return errGone
	}
	if t.st == nil {
		if t.st, err = takeApart(r.Query); err != nil {
			return err
		}
	}
	t.rec = r
	return t.listen(ctx)
}

// stop lets go of what a query that runs has.
func (t *task) stop() {
	if t.feed != nil {
		t.feed.Close()
	}
	t.feed = nil
}

// due is the window to be run next, and when: what is new comes before what came late.
func (t *task) due() (from time.Time, again bool, at time.Time) {
	from, at = t.rec.next, t.rec.due()
	if !at.After(t.f.s.now()) {
		return from, false, at
	}
	starts := make([]time.Time, 0, len(t.late))
	for start := range t.late {
		starts = append(starts, start)
	}
	slices.SortFunc(starts, time.Time.Compare)
	for _, start := range starts {
		w := t.late[start]
		when := w.at.Add(min(settleTime, t.rec.Every))
		if end := start.Add(t.rec.Every + t.rec.Delay); end.After(when) {
			when = end
		}
		if when.Before(at) {
			from, again, at = start, true, when
		}
	}
	return from, again, at
}

// do runs a window, and says when to try again where that fails.
func (t *task) do(ctx context.Context, from time.Time, again bool) {
	began := time.Now()
	at, err := t.run(ctx, from, again)
	switch {
	case err == nil:
		t.fails, t.again = 0, time.Time{}
		if t.ran != nil {
			t.ran[from] = at
		}
		if w := t.late[from]; w != nil && w.since <= at {
			delete(t.late, from)
		}
	case errors.Is(err, errChanged) || ctx.Err() != nil:
	default:
		t.failed(ctx, from, again, began, err)
		if w := t.late[from]; again && w != nil {
			if w.tries++; w.tries >= lateTries {
				delete(t.late, from)
				t.tooLate++
			}
		}
		pause := min(firstPause<<min(t.fails, 20), lastPause)
		if dberr.As(err) != nil && errors.Is(err, dberr.ErrReadOnly) {
			pause = lastPause
		}
		t.fails++
		t.again = t.f.s.now().Add(pause)
	}
}
