package continuous

import (
	"bytes"
	"context"
	"errors"
	"math"
	"time"

	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// pass is one step of a runner in its transaction.
type pass struct {
	r     *runner
	t     *query.Transaction
	tx    *txn.Tx
	st    state // as it will be
	dirty bool  // there is something to commit
	late  []uint64
}

// run takes in messages and writes what comes of them.
func (p *pass) run(ctx context.Context) (more bool, err error) {
	m := p.r.machine
	was := p.st
	m.Finish(p.finisher(ctx))
	if m.Due() {
		if err := m.Drain(batchResults); err != nil {
			return false, err
		}
		more = true
	} else if more, err = p.messages(ctx); err != nil {
		return false, err
	}
	if err := m.Flush(); err != nil {
		return false, err
	}
	if err := p.results(ctx, m.Take()); err != nil {
		return false, err
	}
	if err := p.sendLate(); err != nil {
		return false, err
	}
	if p.st.watermark = m.Watermark(); !p.dirty && !more && p.st.watermark == was.watermark && p.st.next == was.next {
		return false, nil
	}
	p.dirty = true
	return more || m.Due(), p.save()
}

// save writes windows and state.
func (p *pass) save() error {
	m, prefix := p.r.machine, appendObject(nil, p.r.at.db, p.r.at.id)
	key := func(k []byte) []byte { return append(bytes.Clone(prefix), k...) }
	err := m.Changes(func(k, rec []byte) error { return p.tx.Put(key(k), rec) }, func(k []byte) error { return p.tx.Delete(key(k)) })
	if err != nil {
		return err
	}
	if m.Bytes() > MaxBytes {
		return dberr.New(dberr.ErrTooLarge, "STATE_TOO_LARGE", "the windows of the query are over the maximum of %d bytes", MaxBytes).
			WithHint("take shorter windows, less lateness or fewer keys")
	}
	p.st.due = m.Due()
	p.st.windows, p.st.bytes = uint64(m.Windows()), uint64(m.Bytes())
	return p.tx.Put(appendOf(p.r.at.db, objStates, p.r.at.id), p.st.record())
}

// messages takes in the next messages of the channel, or at its end lets time pass.
func (p *pass) messages(ctx context.Context) (more bool, err error) {
	q, store := p.r.q, p.r.s.channels.In(p.r.at.db)
	info, err := store.InfoTx(p.tx, q.Channel)
	if err != nil {
		return false, err
	}
	if info.ID() != p.st.channel { // it was dropped and made again
		p.st.channel, p.st.next, p.dirty = info.ID(), 1, true
	}
	if !info.Feed() && p.st.next < info.First {
		p.st.missed += info.First - p.st.next
		p.st.next, p.dirty = info.First, true
	}
	if p.st.next >= info.Next {
		return false, p.wait()
	}
	to, only, err := p.extent(store, &info)
	if err != nil {
		return false, err
	}
	if to == p.st.next { // of changes there is none, though the end of the channel goes on
		p.follow(&info)
		return false, p.wait()
	}
	next, err := p.take(ctx, to, only)
	if err != nil {
		return false, err
	}
	p.st.next, p.dirty, p.r.active = next, true, p.r.s.channels.Now()
	return next < info.Next || next < to, nil
}

// wait lets time pass at the end of the channel: what comes is newer than the snapshot.
func (p *pass) wait() error {
	q, m := p.r.q, p.r.machine
	var now time.Time
	switch {
	case q.Time == "":
		at := p.tx.ReadTimestamp()
		if p.r.offset == p.st.next {
			at = max(at, p.r.clock)
		}
		now = at.Time()
	case q.Idle != 0 && !p.r.s.channels.Now().Before(p.r.active.Add(q.Idle)):
		now = p.r.s.channels.Now()
	default:
		return nil
	}
	at := now.Add(-q.Delay).UnixMicro()
	if end, ok := m.Next(); !ok || end > at {
		return nil // there is nothing to be written
	}
	m.Advance(at)
	p.dirty = true
	return m.Drain(batchResults)
}

// extent is up to which offset this pass reads, and which messages the filter wants there;
// nil: all.
func (p *pass) extent(store *streaming.Store, info *streaming.Info) (to uint64, only []uint64, err error) {
	q, n := p.r.q, p.r.batch
	to = min(p.st.next+uint64(n), info.Next)
	if !q.filtered() && !info.Feed() {
		return to, nil, nil
	}
	o := streaming.HistoryOptions{From: streaming.AtOffset(p.st.next), Limit: n, Scan: n}
	if info.Feed() {
		page, err := store.HistoryTx(p.tx, q.Channel, o)
		if err != nil || len(page.Messages) == 0 {
			return p.st.next, nil, err
		}
		if to = page.Messages[len(page.Messages)-1].Offset + 1; !q.filtered() {
			return to, nil, nil
		}
	}
	o.Filter = q.Filter
	page, err := store.HistoryTx(p.tx, q.Channel, o)
	if err != nil {
		return 0, nil, err
	}
	only = []uint64{}
	for _, m := range page.Messages {
		if m.Offset < to {
			only = append(only, m.Offset)
		}
	}
	return to, only, nil
}

// feedEvery is how often a query that waits for changes notes that there were none: what
// is older than the history of the store cannot be asked for.
const feedEvery = 30 * time.Second

// follow moves a query along a channel of changes without any.
func (p *pass) follow(info *streaming.Info) {
	if info.Next > p.st.next+uint64(feedEvery) { // offsets of changes are times
		p.st.next, p.dirty = info.Next, true
	}
}

// take evaluates the messages before to and gives them to the machine. It returns the
// first offset that it did not get to.
func (p *pass) take(ctx context.Context, to uint64, only []uint64) (next uint64, err error) {
	from := p.st.next
	if p.r.skip == from && from != 0 {
		p.st.faulty++
		return p.r.after, nil
	}
	if p.r.skip > from {
		to = min(to, p.r.skip)
	}
	if only != nil && len(only) == 0 {
		return to, nil
	}
	events, err := p.evaluate(ctx, from, to, only)
	if err != nil {
		return 0, blameOn(err, from, to)
	}
	for i := range events {
		e := &events[i]
		if full, err := p.full(e); err != nil {
			return 0, err
		} else if full {
			return e.Offset, nil
		}
		if err := p.apply(e); err != nil {
			return 0, err
		}
	}
	return to, nil
}

// blameOn says which messages an error of an expression is about, where it does not say
// so itself.
func blameOn(err error, from, to uint64) error {
	var f *faulty
	if errors.As(err, &f) {
		return err
	}
	return &faulty{err, from, to}
}

// full says that this pass has enough to commit, before an event. A query without room
// for it gets no further.
func (p *pass) full(e *window.Event) (bool, error) {
	m := p.r.machine
	results, writes := m.Pending()
	if m.Due() || results+len(p.late) >= batchResults || writes >= batchResults || p.heavy() {
		return true, nil
	}
	if m.Windows()+m.Room() <= p.r.q.MaxWindows {
		return false, nil
	}
	if e.Offset > p.st.next {
		return true, nil
	}
	return false, dberr.New(dberr.ErrTooLarge, "TOO_MANY_WINDOWS", "offset %d: the query has %d windows, and may have %d", e.Offset, m.Windows(), p.r.q.MaxWindows).
		WithHint("take longer windows, less lateness or fewer keys, or a greater max_windows")
}

// heavy says that the windows that wait to be written are large.
func (p *pass) heavy() bool {
	m := p.r.machine
	_, writes := m.Pending()
	return m.Windows() > 0 && writes*(m.Bytes()/m.Windows()) > batchStateBytes
}

// apply gives an event to the machine.
func (p *pass) apply(e *window.Event) error {
	m := p.r.machine
	if len(p.r.c.KeyOf(e.Keys)) > MaxGroupBytes {
		return &faulty{dberr.New(dberr.ErrTooLarge, "KEY_TOO_LARGE", "the values that the message is grouped by are over the maximum of %d bytes", MaxGroupBytes), e.Offset, e.Offset + 1}
	}
	late, err := m.Apply(e)
	if err != nil {
		return &faulty{err, e.Offset, e.Offset + 1}
	}
	p.st.read++
	p.st.newest = max(p.st.newest, e.Time)
	if late {
		p.st.late++
		if p.r.q.LateTo != "" {
			p.late = append(p.late, e.Offset)
		}
	}
	// What the event has closed is given before the next one.
	return m.Drain(batchResults)
}

// The times that messages may have: those of which JSON and SQL have texts.
var (
	leastTime = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	mostTime  = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
)

// evaluate runs the expressions on the messages from one offset to before another.
func (p *pass) evaluate(ctx context.Context, from, to uint64, only []uint64) ([]window.Event, error) {
	q := p.r.q
	sql := q.selects() + ` WHERE "offset" >= $1 AND "offset" < $2`
	params := []query.Param{bigint(from), bigint(to)}
	if only != nil {
		a := &sqltype.ArrayValue{Elem: sqltype.TInt8, Dims: []int{len(only)}, Lower: []int{1}}
		for _, o := range only {
			a.Vals = append(a.Vals, sqltype.Datum{Int: int64(o)})
		}
		sql += ` AND "offset" = ANY($3)`
		params = append(params, query.Param{Type: sqltype.ArrayOf(sqltype.TInt8), Datum: sqltype.Datum{Any: a}})
	}
	var sink query.MemorySink
	req := query.Request{SQL: sql + q.condition() + ` ORDER BY "offset"`, Params: params, MaxRows: -1, OneStatement: true}
	if err := p.t.Execute(ctx, req, &sink); err != nil {
		return nil, err
	}
	var list []window.Event
	last := uint64(0)
	for _, b := range sink.Results[0].Batches {
		for i := range b.Len {
			row := make([]sqltype.Datum, len(b.Cols))
			for c := range row {
				row[c] = b.Cols[c].Get(i)
			}
			e := window.Event{Offset: uint64(row[0].Int), Keys: row[2 : 2+len(q.Keys)], Args: row[2+len(q.Keys):]}
			if e.Offset == last {
				return nil, one(e.Offset, "SEVERAL_ROWS", "an expression gives several rows for the message")
			}
			last = e.Offset
			if row[1].Null {
				return nil, one(e.Offset, "NO_TIME", "the time of the message is NULL")
			}
			if e.Time = unixMicros(row[1].Int); e.Time < leastTime || e.Time >= mostTime {
				return nil, one(e.Offset, "TIME_OUT_OF_RANGE", "the time of the message is not within the years 1 and 9998")
			}
			list = append(list, e)
		}
	}
	return list, nil
}

// one is the fault of one message.
func one(offset uint64, code, text string) error {
	return &faulty{dberr.New(dberr.ErrInvalid, code, "%s", text), offset, offset + 1}
}

func bigint(n uint64) query.Param {
	return query.Param{Type: sqltype.TInt8, Datum: sqltype.Datum{Int: int64(min(n, math.MaxInt64))}}
}

// epoch is 2000-01-01 in microseconds since 1970, from where SQL counts.
const epoch = 946_684_800_000_000

func unixMicros(t int64) int64 {
	if t == sqltype.IntInfinity || t == sqltype.IntNInfinity {
		return math.MaxInt64 // out of range
	}
	return t + epoch
}

// errSkipped is what a message that retention removed meanwhile is.
var errSkipped = errors.New("the message is gone")

// message reads a message of the channel.
func (p *pass) message(offset uint64) (*streaming.Message, error) {
	page, err := p.r.s.channels.In(p.r.at.db).HistoryTx(p.tx, p.r.q.Channel, streaming.HistoryOptions{From: streaming.AtOffset(offset), Limit: 1, Scan: 1})
	if err != nil {
		return nil, err
	}
	if len(page.Messages) == 0 || page.Messages[0].Offset != offset {
		return nil, errSkipped
	}
	return page.Messages[0], nil
}
