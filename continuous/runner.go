package continuous

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// runner runs one query, step by step. It belongs to its goroutine.
type runner struct {
	s        *Service
	at       ref
	database string
	name     string

	// What was committed last; machine is nil where it is to be read anew.
	q       *Query
	def     []byte // the record of q
	c       *window.Config
	machine *window.Machine
	st      state

	batch  int       // messages of the next step: fewer after one has failed
	skip   uint64    // the offset of a message to be skipped, 0: none
	after  uint64    // where reading goes on behind that
	again  bool      // the step that failed is worth another try at once, as it is another one
	active time.Time // when it read a message last

	// All messages at offset and behind it are of later commits than this time.
	clock  txn.Timestamp
	offset uint64

	committing func() error // nil but in tests: called just before a step commits
}

func (s *Service) newRunner(at ref, database, name string) *runner {
	return &runner{s: s, at: at, database: database, name: name, batch: s.opts.Batch, active: s.channels.Now()}
}

// errGone says that the query is no longer defined, or paused.
var errGone = errors.New("the continuous query is gone")

// run runs the query until it is gone or paused, or ctx ends.
func (r *runner) run(ctx context.Context) {
	wait := r.s.opts.Retry
	for ctx.Err() == nil {
		err := r.follow(ctx)
		switch {
		case ctx.Err() != nil || errors.Is(err, errGone):
			return
		case err == nil: // the channel was dropped or made again
			continue
		}
		r.s.fail(r, err)
		if r.s.opts.Failed != nil {
			r.s.opts.Failed(r.database, r.name, err)
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		if wait *= 2; wait > 64*r.s.opts.Retry {
			wait = 64 * r.s.opts.Retry
		}
		if r.machine != nil { // it got on in between
			wait = r.s.opts.Retry
		}
	}
}

// follow runs steps as long as there are messages, and waits for more.
func (r *runner) follow(ctx context.Context) error {
	channels := r.s.channels.In(r.at.db)
	q, err := r.definition(ctx)
	if err != nil {
		return err
	}
	sub, err := channels.Subscribe(ctx, q.Channel, streaming.SubscribeOptions{})
	if err != nil {
		return err
	}
	defer sub.Close()
	for {
		news, err := sub.Changed()
		if err != nil {
			return err
		}
		for more := true; more; {
			if more, err = r.step(ctx); err != nil {
				if ctx.Err() == nil && (r.again || dberr.RunAgain(err)) {
					more = true
					continue
				}
				return err
			}
			r.s.fail(r, nil)
		}
		// It may have got on by a step whose commit the runner before this one did not
		// wait for, since it was to end.
		r.s.move()
		timer, stop := r.timer()
		select {
		case <-news:
		case <-timer:
			if err := r.tick(ctx); err != nil {
				stop()
				return err
			}
		case <-ctx.Done():
			stop()
			return context.Cause(ctx)
		}
		stop()
	}
}

// definition reads what the query is.
func (r *runner) definition(ctx context.Context) (q *Query, err error) {
	err = r.s.txns.View(ctx, func(tx *txn.Tx) error {
		q, err = lookup(tx, r.at.db, r.name)
		if err == nil && (q == nil || q.id != r.at.id || q.Paused) {
			err = errGone
		}
		return err
	})
	return q, err
}

// timer fires when time alone may close a window.
func (r *runner) timer() (<-chan time.Time, func()) {
	wait := time.Duration(math.MaxInt64)
	if strings.HasPrefix(r.q.Channel, streaming.FeedPrefix) {
		wait = feedEvery
	}
	if end, ok := r.machine.Next(); ok && (r.q.Time == "" || r.q.Idle != 0) {
		due := time.UnixMicro(end).Add(r.q.Delay)
		if r.q.Idle != 0 {
			if idle := r.active.Add(r.q.Idle); idle.After(due) {
				due = idle
			}
		}
		wait = min(wait, max(due.Sub(r.s.channels.Now()), time.Millisecond))
	}
	if wait == math.MaxInt64 {
		return nil, func() {}
	}
	t := time.NewTimer(wait)
	return t.C, func() { t.Stop() }
}

// tick notes how late it is, where messages have the time of their commits: a snapshot has
// the time of the last commit, but one as of now makes all later commits come after it.
func (r *runner) tick(ctx context.Context) error {
	if r.q.Time != "" {
		return nil
	}
	now := txn.Timestamp(r.s.channels.Now().UnixNano())
	tx, err := r.s.txns.Begin(ctx, txn.TxOptions{AsOf: now})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	page, err := r.s.channels.In(r.at.db).HistoryTx(tx, r.q.Channel, streaming.HistoryOptions{From: streaming.AtOffset(r.st.next), Limit: 1, Scan: 1})
	if err == nil && len(page.Messages) == 0 {
		r.clock, r.offset = now, r.st.next
	}
	return err
}

// step takes in some messages, and commits what comes of them together with how far that
// is. more says that there is more to do at once. After an error nothing has happened.
func (r *runner) step(ctx context.Context) (more bool, err error) {
	defer func() {
		if r.again = false; err != nil {
			r.machine = nil // it may have taken in what was not committed
			r.blame(err)
		} else if r.batch < r.s.opts.Batch {
			r.batch = min(2*r.batch, r.s.opts.Batch)
		}
	}()
	t, err := r.s.engine.Begin(ctx, r.database, txn.TxOptions{Isolation: txn.Snapshot})
	if err != nil {
		return false, err
	}
	defer t.Rollback()
	if err := r.load(ctx, t); err != nil {
		return false, err
	}
	p := &pass{r: r, t: t, tx: t.Tx(), st: r.st}
	if more, err = p.run(ctx); err != nil || !p.dirty {
		return more, err
	}
	if r.committing != nil {
		if err := r.committing(); err != nil {
			return false, err
		}
	}
	if _, err := t.Commit(ctx); err != nil {
		return false, err
	}
	if r.st = p.st; r.skip < r.st.next {
		r.skip = 0
	}
	r.s.move()
	return more, nil
}

// load reads the definition, which must not change before the commit, and where the
// machine is not known its windows.
func (r *runner) load(ctx context.Context, t *query.Transaction) error {
	tx := t.Tx()
	if err := r.redefine(tx); err != nil || r.machine != nil {
		return err
	}
	q := r.q
	if r.c == nil {
		c, err := q.config(describer(ctx, t, ""))
		if err != nil {
			return err
		}
		if err := q.sameTypes(c); err != nil {
			return err
		}
		r.c = c
	}
	st, err := readState(tx, r.at.db, r.at.id)
	if err != nil {
		return err
	}
	r.st = st
	m := window.New(r.c, r.st.watermark)
	m.Forget(q.forgotten)
	it := tx.Iter(within(appendObject(nil, r.at.db, r.at.id)))
	defer it.Close()
	for it.Next() {
		if err := m.Load(it.Value()); err != nil {
			return fmt.Errorf("continuous query %q, key %x: %w", r.name, it.Key(), err)
		}
	}
	if err := it.Err(); err != nil {
		return err
	}
	r.machine = m
	return nil
}

// redefine reads the definition. One that is not what it was has all else be read anew.
func (r *runner) redefine(tx *txn.Tx) error {
	key := queryKey(r.at.db, r.name)
	v, ok, err := tx.Get(key)
	if err != nil {
		return err
	}
	if !ok {
		return errGone
	}
	if err := tx.Guard(key); err != nil || r.q != nil && bytes.Equal(v, r.def) {
		return err
	}
	q := &Query{}
	if err := q.decode(r.name, v); err != nil {
		return err
	}
	if q.id != r.at.id || q.Paused {
		return errGone
	}
	r.q, r.def, r.c, r.machine, r.skip = q, bytes.Clone(v), nil, nil, 0
	return nil
}

// sameTypes says whether windows that were written down can be read.
func (q *Query) sameTypes(c *window.Config) error {
	for i, k := range q.Keys {
		if typeText(c.Keys[i]) != k.typeName {
			return errTypes(k.Name, k.typeName, typeText(c.Keys[i]))
		}
	}
	for i, a := range q.Aggregates {
		if typeText(c.Aggregates[i].Type) != a.typeName {
			return errTypes(a.Name, a.typeName, typeText(c.Aggregates[i].Type))
		}
	}
	return nil
}

func errTypes(name, was, is string) error {
	return dberr.New(dberr.ErrUnsupported, "TYPE_CHANGED", "the expression of %q was of type %s when the query was made, and is of type %s now", name, was, is).
		WithHint("drop the query and make it again")
}

// faulty is an error of an expression, for some messages.
type faulty struct {
	err      error
	from, to uint64 // offsets; to is not of it
}

func (f *faulty) Error() string {
	if f.to == f.from+1 {
		return fmt.Sprintf("offset %d: %v", f.from, f.err)
	}
	return f.err.Error()
}

func (f *faulty) Unwrap() error { return f.err }

// blame makes the next step smaller until the message is found for which an expression
// fails, and skips that where the query says so.
func (r *runner) blame(err error) {
	var f *faulty
	if !errors.As(err, &f) {
		return
	}
	known := f.to == f.from+1 || r.batch == 1 // between changes offsets have gaps
	switch {
	case known && r.q != nil && r.q.SkipFaulty:
		r.again, r.skip, r.after = r.skip != f.from, f.from, f.to
	case !known:
		r.again, r.batch = true, max(int(min(f.to-f.from, uint64(r.batch)))/8, 1)
	}
}
