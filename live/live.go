// Package live follows the result of a query: first all of it, and then what enters,
// changes and leaves with the commits that change it.
//
// It promises that a batch, applied to the result that the batches before it make, gives
// the result of the query as of the batch's commit, whatever the query is: it is run
// again, and compared, when a commit has written something that it read, keys or ranges,
// as serializable transactions are validated. Commits that come while it runs are taken
// together; no batch mixes two states. What changes without a commit, such as now(), is
// looked at with the next change.
//
// A row is found again by its key columns, which must tell the rows of a result apart;
// without them a row that changes leaves and another enters. It owns no state but that of
// its queries. It refuses statements that write or give no rows, results over MaxRows or
// MaxBytes, and keys that are not unique.
package live

import (
	"context"
	"errors"
	"slices"
	"sort"
	"sync"

	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// MaxRows is how many rows a result may have, and MaxBytes how long they may be as JSON:
// each query holds its result.
const (
	MaxRows  = 10_000
	MaxBytes = 16 << 20
)

// Options says what to follow: a SELECT, or the documents of a collection that a filter
// matches.
type Options struct {
	Database string

	SQL    string
	Params []query.Param
	Key    []string // columns of the result that tell its rows apart; none: whole rows

	Collection string
	Filter     []byte // in the language of filters; nil: all documents
}

// Source makes live queries. Safe for concurrent use.
type Source struct {
	txns   *txn.Store
	engine *query.Engine
	docs   *document.Store
}

// New makes a source.
func New(txns *txn.Store, engine *query.Engine, docs *document.Store) *Source {
	return &Source{txns: txns, engine: engine, docs: docs}
}

// Kind says what happened to a row.
type Kind uint8

// The kinds of events.
const (
	Enter Kind = iota
	Update
	Leave
)

// String is the name of the kind.
func (k Kind) String() string { return [...]string{"enter", "update", "leave"}[k] }

// Event is what happened to a row of the result.
type Event struct {
	Kind Kind
	Key  string // JSON: an array of the key's values, or of all of the row; a document's id
	Old  []byte // JSON, nil where it enters
	Row  []byte // JSON, nil where it leaves
}

// Batch is what one state of the result has that the one before it had not.
type Batch struct {
	At     txn.Timestamp // the result is that of this commit
	Events []Event
}

// Query is a result that is followed. It belongs to one goroutine, and must be closed.
type Query struct {
	s      *Source
	o      Options
	filter *match.Filter
	stop   func()
	at     txn.Timestamp    // of rows
	rows   map[string][]row // by key: one, or as many equal ones as there are
	first  bool

	// mu is taken by the hook of commits; it takes nothing.
	mu struct {
		sync.Mutex
		reads *txn.Reads       // what the last run has read; nil while one runs
		at    txn.Timestamp    // of that
		seen  []*txn.ChangeSet // what was committed while one runs
		ops   int              // of seen
		over  bool             // that was more than is kept
		dirty bool             // a commit has written something that was read
	}
	news chan struct{} // has a token where dirty was set
}

// maxSeen is how many writes are kept while a query runs; more count as a change.
const maxSeen = 1024

type row struct{ json []byte }

// Open begins to follow a query. What is wrong with it is found here.
func (s *Source) Open(ctx context.Context, o Options) (*Query, error) {
	q := &Query{s: s, o: o, first: true, news: make(chan struct{}, 1)}
	switch {
	case (o.SQL == "") == (o.Collection == ""):
		return nil, dberr.New(dberr.ErrInvalid, "MISSING_FIELD", "a live query needs either sql or collection").WithField("sql")
	case o.Collection != "" && (o.Key != nil || o.Params != nil):
		return nil, dberr.New(dberr.ErrInvalid, "INVALID_FIELD", "key and params are of sql; documents have their ids").WithField("key")
	case o.SQL != "" && o.Filter != nil:
		return nil, dberr.New(dberr.ErrInvalid, "INVALID_FIELD", "filter is of a collection; sql has WHERE").WithField("filter")
	}
	if o.Collection != "" {
		q.filter = match.All()
		if o.Filter != nil {
			var err error
			if q.filter, err = match.Parse(o.Filter); err != nil {
				return nil, err
			}
		}
	}
	var err error
	since, stop := s.txns.OnCommitSince(q.hear)
	q.stop = stop
	if err = s.txns.WaitVisible(ctx, since); err == nil {
		q.rows, err = q.run(ctx)
	}
	if err != nil {
		stop()
		return nil, err
	}
	return q, nil
}

// Close ends the query. It may be called more than once.
func (q *Query) Close() { q.stop() }

// hear is the hook of commits.
func (q *Query) hear(set *txn.ChangeSet) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.mu.reads != nil:
		q.touchLocked(set)
	case q.mu.ops+len(set.Ops) <= maxSeen:
		q.mu.seen = append(q.mu.seen, set)
		q.mu.ops += len(set.Ops)
	default:
		q.mu.over = true
	}
}

func (q *Query) touchLocked(set *txn.ChangeSet) {
	if q.mu.dirty || set.Timestamp <= q.mu.at || !q.mu.reads.Touched(set) {
		return
	}
	q.dirtyLocked()
}

func (q *Query) dirtyLocked() {
	q.mu.dirty = true
	select {
	case q.news <- struct{}{}:
	default:
	}
}

// Next waits for the next batch. The first has all rows of the result as they enter, and
// may be empty; others are not. After an error that is not the end of ctx the query is at
// its end.
func (q *Query) Next(ctx context.Context) (b Batch, err error) {
	for {
		if err := q.Wait(ctx); err != nil {
			return b, err
		}
		if b, ok, err := q.Step(ctx); ok || err != nil {
			return b, err
		}
	}
}

// Step runs the query again and returns the next batch; false where the result is what it
// was. Next is Wait and Step, until there is one.
func (q *Query) Step(ctx context.Context) (b Batch, ok bool, err error) {
	if q.first {
		q.first = false
		return Batch{At: q.at, Events: differ(nil, q.rows)}, true, nil
	}
	fresh, err := q.run(ctx)
	if err != nil {
		return b, false, err
	}
	events := differ(q.rows, fresh)
	q.rows = fresh
	return Batch{At: q.at, Events: events}, len(events) > 0, nil
}

// Wait returns once a commit after the last run has written something that it read.
func (q *Query) Wait(ctx context.Context) error {
	if q.first {
		return nil
	}
	for {
		q.mu.Lock()
		dirty := q.mu.dirty
		q.mu.Unlock()
		if dirty {
			return nil
		}
		select {
		case <-q.news:
		case <-ctx.Done():
			return dberr.New(dberr.ErrCanceled, "CANCELED", "the live query was given up").Wrap(context.Cause(ctx))
		}
	}
}

// run runs the query on the newest state.
func (q *Query) run(ctx context.Context) (rows map[string][]row, err error) {
	q.mu.Lock()
	q.mu.reads, q.mu.seen, q.mu.ops, q.mu.over, q.mu.dirty = nil, nil, 0, false, false
	q.mu.Unlock()
	defer func() {
		if err != nil { // it is to run again
			q.mu.Lock()
			q.dirtyLocked()
			q.mu.Unlock()
		}
	}()
	tx, err := q.s.engine.Begin(ctx, q.o.Database, txn.TxOptions{})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	if q.o.SQL != "" {
		rows, err = q.runSQL(ctx, tx)
	} else {
		rows, err = q.runFilter(tx)
	}
	if err != nil {
		return nil, err
	}
	q.at = tx.Tx().ReadTimestamp()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.at, q.mu.reads = q.at, tx.Tx().Reads()
	if q.mu.over {
		q.dirtyLocked()
	}
	for _, set := range q.mu.seen {
		q.touchLocked(set)
	}
	q.mu.seen, q.mu.ops = nil, 0
	return rows, nil
}

// size is how large a result is so far.
type size struct{ rows, bytes int }

// add counts a row in, and refuses it where the result is too large with it.
func (z *size) add(row []byte) error {
	z.rows++
	z.bytes += len(row)
	if z.rows <= MaxRows && z.bytes <= MaxBytes {
		return nil
	}
	return dberr.New(dberr.ErrTooLarge, "RESULT_TOO_LARGE", "the result of a live query has more than %d rows, or more than %d bytes", MaxRows, MaxBytes).
		WithHint("narrow the query, name fewer columns, or add LIMIT")
}

func (q *Query) runSQL(ctx context.Context, tx *query.Transaction) (map[string][]row, error) {
	c := &collector{key: q.o.Key, rows: map[string][]row{}}
	err := tx.Execute(ctx, query.Request{SQL: q.o.SQL, Params: q.o.Params, MaxRows: -1, OneStatement: true, ReadOnly: true}, c)
	if err != nil {
		return nil, err
	}
	if c.cols == nil {
		return nil, dberr.New(dberr.ErrInvalid, "NOT_A_QUERY", "a live query must be a statement that gives rows, such as SELECT").WithField("sql")
	}
	return c.rows, nil
}

func (q *Query) runFilter(tx *query.Transaction) (map[string][]row, error) {
	store := q.s.docs
	if q.o.Database != "" {
		id, err := q.s.engine.DatabaseID(context.Background(), q.o.Database, false)
		if err != nil {
			return nil, err
		}
		store = store.In(id)
	}
	w, err := store.WalkTx(tx.Tx(), q.o.Collection, document.Walk{Filter: q.filter})
	if err != nil {
		return nil, err
	}
	rows := map[string][]row{}
	var z size
	for w.Next() {
		d := w.Document()
		json := d.Value.AppendJSON(nil)
		if err := z.add(json); err != nil {
			return nil, errors.Join(err, w.Close())
		}
		rows[string(sqltype.AppendJSONString(nil, d.ID))] = []row{{json}}
	}
	return rows, errors.Join(w.Err(), w.Close())
}

// collector takes rows of a result in.
type collector struct {
	key  []string
	cols []query.Column
	at   []int // of the key
	size size
	rows map[string][]row
}

// Begin implements query.Sink.
func (c *collector) Begin(_ int, cols []query.Column) error {
	if len(cols) == 0 {
		return nil
	}
	c.cols = cols
	for _, name := range c.key {
		i := slices.IndexFunc(cols, func(col query.Column) bool { return col.Name == name })
		if i < 0 {
			return dberr.New(dberr.ErrInvalid, "INVALID_FIELD", "the result has no column %q", name).WithField("key")
		}
		c.at = append(c.at, i)
	}
	return nil
}

// Batch implements query.Sink.
func (c *collector) Batch(b *vec.Batch) error {
	for _, i := range vec.Live(b.Len, b.Sel) {
		var json []byte
		whole := []byte{'['}
		key := []byte{'['}
		json = append(json, '{')
		for col := range c.cols {
			if col > 0 {
				json, whole = append(json, ','), append(whole, ',')
			}
			from := len(whole)
			whole = b.Cols[col].AppendJSON(whole, int(i), sqltype.JSONOptions{})
			oneLine(whole[from:])
			json = append(append(sqltype.AppendJSONString(json, c.cols[col].Name), ':'), whole[from:]...)
		}
		for n, col := range c.at {
			if n > 0 {
				key = append(key, ',')
			}
			key = b.Cols[col].AppendJSON(key, int(i), sqltype.JSONOptions{})
		}
		if c.at == nil {
			key = whole
		}
		k := string(append(key, ']'))
		if c.at != nil && c.rows[k] != nil {
			return dberr.New(dberr.ErrConstraint, "KEY_NOT_UNIQUE", "the result has several rows with the key %s", k).WithField("key").
				WithHint("name columns that tell the rows apart, or none")
		}
		json = append(json, '}')
		if err := c.size.add(json); err != nil {
			return err
		}
		c.rows[k] = append(c.rows[k], row{json})
	}
	return nil
}

// End implements query.Sink.
func (c *collector) End(query.Tag) error { return nil }

// oneLine takes line breaks out of JSON text, which can only be between tokens.
func oneLine(json []byte) {
	for i, c := range json {
		if c == '\n' || c == '\r' {
			json[i] = ' '
		}
	}
}

// differ tells what makes fresh of old: what leaves, then what changes, then what
// enters, each in the order of keys.
func differ(old, fresh map[string][]row) (events []Event) {
	for key, was := range old {
		is := fresh[key]
		for i := range was {
			switch {
			case i >= len(is):
				events = append(events, Event{Kind: Leave, Key: key, Old: was[i].json})
			case string(was[i].json) != string(is[i].json):
				events = append(events, Event{Kind: Update, Key: key, Old: was[i].json, Row: is[i].json})
			}
		}
	}
	for key, is := range fresh {
		for i := len(old[key]); i < len(is); i++ {
			events = append(events, Event{Kind: Enter, Key: key, Row: is[i].json})
		}
	}
	order := [...]int{Leave: 0, Update: 1, Enter: 2}
	sort.Slice(events, func(i, j int) bool {
		if a, b := order[events[i].Kind], order[events[j].Kind]; a != b {
			return a < b
		}
		return events[i].Key < events[j].Key
	})
	return events
}
