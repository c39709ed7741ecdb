package continuous

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// describer describes queries of SQL in a transaction.
func describer(ctx context.Context, t *query.Transaction, database string) Describe {
	return func(sql string) (types []sqltype.Type, err error) {
		var d columnsSink
		err = t.Execute(ctx, query.Request{SQL: sql, Database: database, OneStatement: true, MaxRows: -1}, &d)
		for _, c := range d.cols {
			types = append(types, c.Type)
		}
		return types, err
	}
}

// columnsSink keeps the columns of a result.
type columnsSink struct{ cols []query.Column }

func (d *columnsSink) Begin(_ int, cols []query.Column) error { d.cols = cols; return nil }
func (d *columnsSink) Batch(*vec.Batch) error                 { return nil }
func (d *columnsSink) End(query.Tag) error                    { return nil }

// Define checks a query and adds it, in the caller's transaction; it runs once that is
// committed. from is where it begins in its channel. makeOutput, where set, makes what the
// results go to, before anything is written.
func (s *Service) Define(ctx context.Context, tx *txn.Tx, db keyspace.DatabaseID, q *Query, from streaming.Start, describe Describe, makeOutput func([]ResultColumn) error) error {
	if err := q.check(); err != nil {
		return err
	}
	if q.MaxWindows == 0 {
		q.MaxWindows = DefaultWindows
	}
	if old, err := lookup(tx, db, q.Name); err != nil || old != nil {
		if old != nil {
			err = dberr.New(dberr.ErrExists, "QUERY_EXISTS", "there is a continuous query %q already", q.Name).WithField("name").
				WithHint("drop it, or take another name")
		}
		return err
	}
	st, err := s.begin(tx, db, q, from)
	if err != nil {
		return err
	}
	c, err := q.config(describe)
	if err != nil {
		return err
	}
	for i := range q.Keys {
		q.Keys[i].typeName = typeText(c.Keys[i])
	}
	for i := range q.Aggregates {
		q.Aggregates[i].typeName = typeText(c.Aggregates[i].Type)
	}
	if makeOutput != nil {
		if err := makeOutput(q.columns(c)); err != nil {
			return err
		}
	}
	if q.id, err = nextID(tx, db); err != nil {
		return err
	}
	q.Created, q.forgotten = s.channels.Now().UTC(), window.None
	rec, err := q.record()
	if err != nil {
		return err
	}
	if err := s.listen(ctx); err != nil {
		return err
	}
	return errors.Join(tx.Put(queryKey(db, q.Name), rec), tx.Put(appendOf(db, objStates, q.id), st.record()))
}

// begin finds where the query begins, and checks its filter.
func (s *Service) begin(tx *txn.Tx, db keyspace.DatabaseID, q *Query, from streaming.Start) (st state, err error) {
	if from == streaming.Snapshot {
		return st, invalid("INVALID_FIELD", "start", "a continuous query begins with earliest, latest, an offset or a time, not with a snapshot")
	}
	store := s.channels.In(db)
	info, err := store.InfoTx(tx, q.Channel)
	if err != nil {
		return st, err
	}
	// The filter is looked at by being used.
	page, err := store.HistoryTx(tx, q.Channel, streaming.HistoryOptions{From: streaming.AtOffset(info.Next), Limit: 1, Filter: q.Filter})
	if err == nil && from != streaming.Latest {
		page, err = store.HistoryTx(tx, q.Channel, streaming.HistoryOptions{From: from, Limit: 1, Scan: 1})
	}
	if err != nil {
		return st, err
	}
	st = state{channel: info.ID(), next: info.Next, watermark: window.None, newest: window.None}
	switch {
	case from == streaming.Latest:
	case len(page.Messages) > 0:
		st.next = page.Messages[0].Offset
	default:
		st.next = page.Next
	}
	return st, nil
}

func nextID(tx *txn.Tx, db keyspace.DatabaseID) (keyspace.ObjectID, error) {
	key := appendObject(nil, db, objNextID)
	v, ok, err := tx.Get(key)
	if err != nil {
		return 0, err
	}
	id := uint64(firstID)
	if ok {
		n := 0
		if id, n = binary.Uvarint(v); n != len(v) || id < uint64(firstID) {
			return 0, fmt.Errorf("%w: the record of the next continuous query's id is malformed", dberr.ErrCorrupt)
		}
	}
	return keyspace.ObjectID(id), tx.Put(key, binary.AppendUvarint(nil, id+1))
}

// Create checks a query and starts it. A table that it writes to is made where it is not
// there; one that is there must have the columns of the results, and a unique index on
// window_start and those of the keys.
func (s *Service) Create(ctx context.Context, database string, q Query, from streaming.Start) (out Query, err error) {
	err = s.update(ctx, database, func(t *query.Transaction, db keyspace.DatabaseID) error {
		out = q
		out.Keys, out.Aggregates = append([]Column(nil), q.Keys...), append([]Aggregate(nil), q.Aggregates...)
		out.Computed = append([]Column(nil), q.Computed...)
		return s.Define(ctx, t.Tx(), db, &out, from, describer(ctx, t, ""), func(cols []ResultColumn) error {
			return makeTable(ctx, t, &out, cols)
		})
	})
	return out, err
}

// update runs fn in a transaction of a database, again where it met a conflict.
func (s *Service) update(ctx context.Context, database string, fn func(t *query.Transaction, db keyspace.DatabaseID) error) error {
	db, err := s.engine.DatabaseID(ctx, database, false)
	if err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		err := func() error {
			t, err := s.engine.Begin(ctx, database, txn.TxOptions{})
			if err != nil {
				return err
			}
			defer t.Rollback()
			if err := fn(t, db); err != nil {
				return err
			}
			_, err = t.Commit(ctx)
			return err
		}()
		if !dberr.RunAgain(err) || attempt >= 100 {
			return err
		}
	}
}

// makeTable makes the table of a query where it is missing, and sees whether it fits.
func makeTable(ctx context.Context, t *query.Transaction, q *Query, cols []ResultColumn) error {
	if q.Output.Table == "" {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE IF NOT EXISTS %s (", q.Output.name())
	for i, c := range cols {
		fmt.Fprintf(&b, "%s %s", ident(c.Name), c.Type)
		if i < 2 {
			b.WriteString(" NOT NULL")
		}
		b.WriteString(", ")
	}
	fmt.Fprintf(&b, "UNIQUE NULLS NOT DISTINCT (%s))", idents(q.keyColumns()))
	run := func(sql string, params []query.Param) error {
		return withField(t.Execute(ctx, query.Request{SQL: sql, MaxRows: -1, Params: params}, &columnsSink{}), "output")
	}
	if err := run(b.String(), nil); err != nil {
		return err
	}
	sql := q.upsert(cols)
	params := make([]query.Param, len(cols))
	for i, c := range cols {
		params[i] = query.Param{Type: c.Type, Datum: sqltype.NullDatum}
	}
	if err := run("EXPLAIN "+sql, params); err != nil {
		e := dberr.New(dberr.ErrInvalid, "TABLE_UNFIT", "table %s cannot take the results: %v", q.Output.name(), err).WithField("output")
		return e.WithHint("let the query make a table by a new name, or give this one the columns %s and a unique index on (%s)", columnTexts(cols), idents(q.keyColumns()))
	}
	return nil
}

func columnTexts(cols []ResultColumn) string {
	list := make([]string, len(cols))
	for i, c := range cols {
		list[i] = ident(c.Name) + " " + c.Type.String()
	}
	return strings.Join(list, ", ")
}

func idents(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = ident(n)
	}
	return strings.Join(list, ", ")
}

// name is the table in SQL.
func (o *Output) name() string {
	if o.Schema == "" {
		return ident(o.Table)
	}
	return ident(o.Schema) + "." + ident(o.Table)
}

func errNoQuery(name string) error {
	return dberr.New(dberr.ErrNotFound, "QUERY_NOT_FOUND", "there is no continuous query %q", name)
}

// DropTx removes a query, in the caller's transaction; false where there is none. Its
// output stays.
func (s *Service) DropTx(ctx context.Context, tx *txn.Tx, db keyspace.DatabaseID, name string) (bool, error) {
	q, err := lookup(tx, db, name)
	if err != nil || q == nil {
		return false, err
	}
	if err := s.listen(ctx); err != nil {
		return false, err
	}
	return true, errors.Join(tx.Put(appendOf(db, objDropped, q.id), nil), tx.Delete(appendOf(db, objStates, q.id)), tx.Delete(queryKey(db, name)))
}

// Drop removes a query. Its output stays, but for a materialized view, which SQL drops
// with its query.
func (s *Service) Drop(ctx context.Context, database, name string) error {
	return s.update(ctx, database, func(t *query.Transaction, db keyspace.DatabaseID) error {
		q, err := lookup(t.Tx(), db, name)
		switch {
		case err != nil:
			return err
		case q == nil:
			return errNoQuery(name)
		case q.Output.View != 0:
			return dberr.New(dberr.ErrConstraint, "QUERY_OF_VIEW", "continuous query %q keeps the materialized view %s", name, q.Output.name()).
				WithHint("DROP MATERIALIZED VIEW %s removes both", q.Output.name())
		}
		_, err = s.DropTx(ctx, t.Tx(), db, name)
		return err
	})
}

// Status says where a query is.
type Status struct {
	Query
	Next uint64 // the offset of the first message that was not read
	// Lag is how many messages of the channel there are from there on, as offsets count.
	Lag       uint64
	Watermark time.Time // zero before the first message
	Windows   uint64    // that are open or kept
	Bytes     uint64    // of them
	Read      uint64    // messages that the conditions let through
	Late      uint64
	Faulty    uint64 // skipped, as an expression failed
	Missed    uint64 // removed before they were read
	Results   uint64
	// Err is why the query does not get on, nil where it does; it is tried again.
	Err   error
	ErrAt time.Time

	due  bool              // windows are to be closed before more is read
	of   keyspace.ObjectID // the channel that Next is of
	last keyspace.ObjectID // the channel that there is now, and the end of it
	end  uint64
}

// State is what a query does in a word: running, paused or failing.
func (st *Status) State() string {
	switch {
	case st.Paused:
		return "paused"
	case st.Err != nil:
		return "failing"
	}
	return "running"
}

// Status says where a query is.
func (s *Service) Status(ctx context.Context, database, name string) (st Status, err error) {
	db, err := s.engine.DatabaseID(ctx, database, false)
	if err != nil {
		return st, err
	}
	err = s.txns.View(ctx, func(tx *txn.Tx) error {
		q, err := lookup(tx, db, name)
		if err == nil && q == nil {
			err = errNoQuery(name)
		}
		if err != nil {
			return err
		}
		st, err = s.status(tx, db, q)
		return err
	})
	return st, err
}

// Wait waits until the results of all messages that are in the channel now are written,
// or the query is paused or does not get on, and says where it is. It returns also, without
// an error, when ctx ends.
func (s *Service) Wait(ctx context.Context, database, name string) (st Status, err error) {
	var until Status
	for first := true; ; first = false {
		moved := s.moved()
		if st, err = s.Status(context.WithoutCancel(ctx), database, name); err != nil {
			return st, err
		}
		if first {
			until = st
		}
		done := st.Lag == 0 || st.of == until.last && st.Next >= until.end
		if done && !st.due || st.State() != "running" || ctx.Err() != nil {
			return st, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
		case <-s.ctx.Done():
			return st, dberr.New(dberr.ErrUnavailable, "SHUTTING_DOWN", "continuous queries are closed")
		}
	}
}

// List tells of all queries of a database, by name.
func (s *Service) List(ctx context.Context, database string) (list []Status, err error) {
	db, err := s.engine.DatabaseID(ctx, database, false)
	if err != nil {
		return nil, err
	}
	err = s.txns.View(ctx, func(tx *txn.Tx) error {
		list = nil
		all, err := queries(tx, db)
		if err != nil {
			return err
		}
		for _, q := range all {
			st, err := s.status(tx, db, q)
			if err != nil {
				return err
			}
			list = append(list, st)
		}
		return nil
	})
	return list, err
}

func (s *Service) status(tx *txn.Tx, db keyspace.DatabaseID, q *Query) (Status, error) {
	st, err := readState(tx, db, q.id)
	if err != nil {
		return Status{}, err
	}
	out := Status{Query: *q, Next: st.next, Windows: st.windows, Bytes: st.bytes, Read: st.read, Late: st.late, Faulty: st.faulty, Missed: st.missed, Results: st.results, due: st.due, of: st.channel}
	if st.watermark != window.None {
		out.Watermark = time.UnixMicro(st.watermark).UTC()
	}
	info, err := s.channels.In(db).InfoTx(tx, q.Channel)
	out.last, out.end = info.ID(), info.Next
	switch {
	case errors.Is(err, dberr.ErrNotFound): // the fault of the query tells
	case err != nil:
		return out, err
	case info.ID() != st.channel:
		out.Lag = info.Next - info.First
	case info.Next > st.next:
		out.Lag = info.Next - st.next
		if info.Feed() { // whose end goes on with every commit
			page, err := s.channels.In(db).HistoryTx(tx, q.Channel, streaming.HistoryOptions{From: streaming.AtOffset(st.next), Limit: 1, Scan: 1})
			if err == nil && len(page.Messages) == 0 {
				out.Lag = 0
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.mu.faults[ref{db, q.id}]; ok {
		out.Err, out.ErrAt = f.err, f.at
	}
	return out, nil
}

// dropGrace is how long what a dropped query has stays: transactions that began before
// may still read it.
const dropGrace = 10 * time.Second

// sweep removes what dropped queries have left. A range that is dropped twice is no harm.
func (s *Service) sweep() error {
	var dropped []ref
	err := s.each(s.ctx, func(tx *txn.Tx, _ string, db keyspace.DatabaseID) error {
		prefix := appendObject(nil, db, objDropped)
		it := tx.Iter(within(prefix))
		defer it.Close()
		for it.Next() {
			id, err := droppedID(it.Key()[len(prefix):])
			if err != nil {
				return err
			}
			if s.channels.Now().Sub(it.Timestamp().Time()) >= dropGrace {
				dropped = append(dropped, ref{db, id})
			}
		}
		return it.Err()
	})
	for _, d := range dropped {
		if err != nil {
			return err
		}
		prefix := appendObject(nil, d.db, d.id)
		if err = s.txns.DropRange(s.ctx, prefix, keyspace.End(prefix)); err == nil {
			err = s.txns.Update(s.ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Delete(appendOf(d.db, objDropped, d.id)) })
		}
	}
	return err
}
