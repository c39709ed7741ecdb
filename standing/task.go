package standing

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
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

// task is a query that runs. All but id and wake belong to whoever holds turn.
type task struct {
	s    *Store
	name string
	wake chan struct{}

	// turn is held for a step: over runs, and so over I/O.
	turn  sync.Mutex
	rec   *record    // as last seen
	st    *statement // of rec
	feed  *txn.Feed  // nil while the query does not run
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

// start makes the task of a query that has none, and wakes one that it has.
func (s *Store) start(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := taskID{s.db, name}
	if t := s.mu.tasks[id]; t != nil {
		select {
		case t.wake <- struct{}{}:
		default:
		}
		return
	}
	if s.mu.closed {
		return
	}
	t := &task{s: s, name: name, wake: make(chan struct{}, 1)}
	s.mu.tasks[id] = t
	if !s.opts.Manual {
		s.work.Go(t.loop)
	}
}

// loop runs the query until it is removed or the store is closed.
func (t *task) loop() {
	ctx := t.s.ctx
	for {
		t.turn.Lock()
		wait, ok := t.step(ctx)
		var more <-chan struct{}
		if t.feed != nil && t.rec != nil && t.rec.Late > 0 {
			more = t.feed.More()
		}
		t.turn.Unlock()
		if !ok {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-t.wake:
		case <-more:
			// What comes late may wait; what is written now comes all the time.
			select {
			case <-timer.C:
			case <-t.wake:
			case <-time.After(firstPause):
			case <-ctx.Done():
			}
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// RunDue runs what is due of all databases, as the background does, and returns when
// there is something to do next.
func (s *Store) RunDue(ctx context.Context) time.Duration {
	s.mu.Lock()
	var list []*task
	for _, t := range s.mu.tasks {
		list = append(list, t)
	}
	s.mu.Unlock()
	least := maxWait
	for _, t := range list {
		t.turn.Lock()
		wait, ok := t.step(ctx)
		t.turn.Unlock()
		if ok {
			least = min(least, wait)
		}
	}
	return least
}

// maxWait is after how long a query looks around though nothing is due: the wall clock may
// have been set.
const maxWait = time.Minute

// step does all that is due, and returns how long to wait; false where the query is gone.
func (t *task) step(ctx context.Context) (wait time.Duration, ok bool) {
	for {
		if ctx.Err() != nil {
			t.stop()
			return 0, false
		}
		err := t.look(ctx)
		switch {
		case errors.Is(err, errNone):
			if t.forget() {
				return 0, false
			}
			continue
		case err != nil:
			t.tell(err)
			return lastPause, true
		case t.rec.Paused:
			t.stop()
			return maxWait, true
		}
		now := t.s.now()
		if now.Before(t.again) {
			return min(maxWait, t.again.Sub(now)), true
		}
		from, again, at := t.due()
		if at.After(now) {
			return max(min(maxWait, at.Sub(now)), time.Millisecond), true
		}
		t.do(ctx, from, again)
	}
}

var errNone = errors.New("there is no such query")

func (t *task) tell(err error) {
	if f := t.s.opts.Events.Failed; f != nil && t.s.ctx.Err() == nil {
		f(t.s.database, t.name, err)
	}
}

// look reads the record, and what has come late.
func (t *task) look(ctx context.Context) error {
	var r *record
	err := t.s.txns.View(ctx, func(tx *txn.Tx) (err error) {
		r, err = t.s.load(tx, t.name)
		return err
	})
	if err != nil {
		return err
	}
	if r == nil {
		return errNone
	}
	if t.rec == nil || t.rec.Query != r.Query || !t.rec.created.Equal(r.created) || !t.rec.Start.Equal(r.Start) {
		t.stop()
		if t.st, err = takeApart(r.Query); err != nil {
			return err
		}
		t.fails, t.again = 0, time.Time{}
	}
	t.rec = r
	if r.Paused {
		return nil
	}
	return t.listen(ctx)
}

// stop lets go of what a query that runs has.
func (t *task) stop() {
	if t.feed != nil {
		t.feed.Close()
	}
	t.feed, t.ran, t.late = nil, nil, nil
	t.fails, t.again = 0, time.Time{}
}

// forget ends the task of a query that is gone; false where it has come back meanwhile.
func (t *task) forget() bool {
	t.stop()
	s := t.s
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-t.wake: // look once more
		return false
	default:
	}
	delete(s.mu.tasks, taskID{s.db, t.name})
	return true
}

// due is the window to be run next, and when: what is new comes before what came late.
func (t *task) due() (from time.Time, again bool, at time.Time) {
	from, at = t.rec.next, t.rec.due()
	if !at.After(t.s.now()) {
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
		t.again = t.s.now().Add(pause)
	}
}
