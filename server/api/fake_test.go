package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/bulk"
	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/live"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/source/streamtable"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
)

// fake is a backend whose answers are scripts by SQL text.
type fake struct {
	mu      sync.Mutex
	last    query.Request
	scripts map[string]func(ctx context.Context, req query.Request, sink query.Sink) error
	dbs     []string
	kv      func() *memoryKV
	docs    func() *document.Store
	stream  func() *streaming.Store
	series  func() *timeseries.Store
	db      *weft.DB // for continuous queries, nil before the first
	closing []func() error
	health  error
}

// newFake is a fake whose stores are closed when the test ends: each has goroutines of its own.
func newFake(t testing.TB) *fake {
	f := &fake{dbs: []string{"default"}}
	t.Cleanup(f.close)
	f.kv = sync.OnceValue(func() *memoryKV {
		s := newKV()
		f.opened(s.txns.Close, s.Close)
		return s
	})
	f.docs = sync.OnceValue(func() *document.Store {
		s, err := document.Open(f.kv().txns, document.Options{SweepEvery: -1})
		if err != nil {
			panic(err)
		}
		f.opened(s.Close)
		return s
	})
	f.series = sync.OnceValue(func() *timeseries.Store {
		s, err := timeseries.Open(f.kv().txns, timeseries.Options{SealEvery: -1})
		if err != nil {
			panic(err)
		}
		f.opened(s.Close)
		return s
	})
	f.stream = sync.OnceValue(func() *streaming.Store {
		s, err := streaming.Open(f.kv().txns, streaming.Options{SweepEvery: -1, Where: match.Text, SQL: streamtable.Filters(query.RowPredicate)})
		if err != nil {
			panic(err)
		}
		f.opened(s.Close)
		return s
	})
	f.scripts = map[string]func(context.Context, query.Request, query.Sink) error{
		"SELECT 1": rows(query.Tag{Command: "SELECT", Rows: 1}, cols("n", sqltype.TInt8), []any{1}),
		"types": rows(query.Tag{Command: "SELECT", Rows: 2}, cols("i", sqltype.TInt8, "f", sqltype.TFloat8, "s", sqltype.TText,
			"b", sqltype.TBool, "n", sqltype.TNumeric, "j", sqltype.TJSON, "y", sqltype.TBytea, "t", sqltype.TTimestampTZ),
			[]any{int64(9007199254740993), 0.5, "a\"ä\n", true, "1.50", "{\"a\":\n1}", "\x01\x02", int64(0)}, []any{nil, nil, "", nil, nil, nil, nil, nil}),
		"twice":  rows(query.Tag{Command: "SELECT", Rows: 1}, cols("x", sqltype.TInt4, "x", sqltype.TInt4), []any{1, 2}),
		"INSERT": rows(query.Tag{Command: "INSERT", Rows: 3, Write: true}, nil),
		"":       func(context.Context, query.Request, query.Sink) error { return nil },
		"INSERT; SELECT": func(ctx context.Context, r query.Request, s query.Sink) error {
			return errors.Join(rows(query.Tag{Command: "INSERT", Rows: 3, Write: true}, nil)(ctx, r, s),
				rows(query.Tag{Command: "SELECT", Rows: 1}, cols("n", sqltype.TInt8), []any{7})(ctx, r, s))
		},
		"SELECT; SELECT": func(ctx context.Context, r query.Request, s query.Sink) error {
			one := rows(query.Tag{Command: "SELECT", Rows: 1}, cols("n", sqltype.TInt8), []any{7})
			if err := one(ctx, r, s); err != nil {
				return err
			}
			return one(ctx, r, s)
		},
		"SELECT 'ä', x FROM": fail(dberr.SQL(dberr.StateUndefinedColumn, "column \"x\" does not exist").At(14)),
		"unique":             fail(dberr.SQL(dberr.StateUniqueViolation, "duplicate key")),
		"check":              fail(dberr.SQL(dberr.StateCheckViolation, "check")),
		"conflict":           fail(dberr.SQL(dberr.StateSerializationFailure, "conflict")),
		"bug":                fail(errors.New("secret /path")),
		"full":               fail(dberr.New(dberr.ErrFull, "", "no space")),
		"readonly store":     fail(fmt.Errorf("write: %w", dberr.ErrReadOnly)),
		"panic":              func(context.Context, query.Request, query.Sink) error { panic("secret panic") },
		"wait":               wait,
		"big":                many(200_000, nil),
		"big then fails":     many(200_000, dberr.SQL(dberr.StateDivisionByZero, "division by zero")),
		"small then fails":   many(10, dberr.SQL(dberr.StateDivisionByZero, "division by zero")),
	}
	return f
}

func (f *fake) Execute(ctx context.Context, req query.Request, sink query.Sink) error {
	f.mu.Lock()
	f.last = req
	script := f.scripts[req.SQL]
	f.mu.Unlock()
	if script == nil {
		return dberr.SQL(dberr.StateSyntax, "syntax error at or near %q", req.SQL).At(1)
	}
	return script(ctx, req, sink)
}

func (f *fake) request() query.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func wait(ctx context.Context, _ query.Request, _ query.Sink) error {
	<-ctx.Done()
	return dberr.SQL(dberr.StateQueryCanceled, "canceling statement").Wrap(ctx.Err())
}

func fail(err error) func(context.Context, query.Request, query.Sink) error {
	return func(context.Context, query.Request, query.Sink) error { return err }
}

func cols(pairs ...any) (list []query.Column) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, query.Column{Name: pairs[i].(string), Type: pairs[i+1].(sqltype.Type)})
	}
	return list
}

// rows answers with rows of Go values.
func rows(tag query.Tag, cols []query.Column, list ...[]any) func(context.Context, query.Request, query.Sink) error {
	return func(_ context.Context, _ query.Request, sink query.Sink) error {
		if err := sink.Begin(0, cols); err != nil {
			return err
		}
		if len(list) > 0 {
			b := &vec.Batch{Len: len(list)}
			for i, c := range cols {
				v := vec.NewVector(c.Type, 0)
				for _, r := range list {
					v.AppendDatum(datum(c.Type, r[i]))
				}
				b.Cols = append(b.Cols, v)
			}
			if err := sink.Batch(b); err != nil {
				return err
			}
		}
		return sink.End(tag)
	}
}

func datum(t sqltype.Type, v any) sqltype.Datum {
	switch v := v.(type) {
	case int:
		return sqltype.Datum{Int: int64(v)}
	case int64:
		return sqltype.Datum{Int: v}
	case bool:
		return sqltype.Datum{Int: 1}
	case float64:
		return sqltype.Datum{Float: v}
	case string:
		if t.ID == sqltype.Numeric {
			n, err := sqltype.ParseNum(v)
			if err != nil {
				panic(err)
			}
			return sqltype.Datum{Num: n}
		}
		return sqltype.Datum{Str: v}
	}
	return sqltype.NullDatum
}

// many sends n rows in batches with every second row filtered out, then err.
func many(n int, err error) func(context.Context, query.Request, query.Sink) error {
	return func(_ context.Context, _ query.Request, sink query.Sink) error {
		if err := sink.Begin(0, cols("id", sqltype.TInt8, "note", sqltype.TText)); err != nil {
			return err
		}
		for at := 0; at < n; at += 1000 {
			size := min(1000, n-at)
			b := vec.NewBatch([]sqltype.Type{sqltype.TInt8, sqltype.TText})
			b.Len = 2 * size
			for i := range size {
				for range 2 {
					b.Cols[0].AppendDatum(sqltype.Datum{Int: int64(at + i)})
					b.Cols[1].AppendDatum(sqltype.Datum{Str: "some note, with a comma"})
				}
				b.Sel = append(b.Sel, int32(2*i))
			}
			if err := sink.Batch(b); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		return sink.End(query.Tag{Command: "SELECT", Rows: int64(n)})
	}
}

var text0 = "0"

func (f *fake) Tables(_ context.Context, database string) ([]Table, error) {
	if database != "" && database != "default" {
		return nil, dberr.SQL(dberr.StateInvalidCatalogName, "database %q does not exist", database)
	}
	return []Table{{Name: "a b", Schema: "public", Columns: []Column{{Name: "id", DataType: "bigint", PrimaryKey: true}, {Name: "n", DataType: "integer", Nullable: true, Default: &text0}},
		Indexes: []Index{{Name: "a_pkey", Columns: []string{"id"}, Unique: true, Primary: true, Kind: "btree"}}, Constraints: []Constraint{}, RowCount: 5}}, nil
}

func (f *fake) Table(ctx context.Context, database, name string) (Table, error) {
	list, err := f.Tables(ctx, database)
	if err != nil || name != "a b" {
		return Table{}, errors.Join(err, dberr.SQL(dberr.StateUndefinedTable, "relation %q does not exist", name))
	}
	return list[0], nil
}

func (f *fake) Databases(context.Context) (list []Database, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range f.dbs {
		list = append(list, Database{Name: name, TableCount: 1})
	}
	return list, nil
}

func (f *fake) CreateDatabase(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.Contains(strings.Join(f.dbs, ","), name) {
		return dberr.SQL(dberr.StateDuplicateDatabase, "database %q already exists", name)
	}
	f.dbs = append(f.dbs, name)
	return nil
}

func (f *fake) DropDatabase(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, have := range f.dbs {
		if have == name {
			f.dbs = append(f.dbs[:i:i], f.dbs[i+1:]...)
			return nil
		}
	}
	return dberr.SQL(dberr.StateInvalidCatalogName, "database %q does not exist", name)
}

func (f *fake) StorageUsage(context.Context) (StorageUsage, error) {
	total := int64(100)
	return StorageUsage{Total: &total, Used: &total, Available: &total, Data: 7, Databases: []DatabaseStorage{{Name: "default", Bytes: 7,
		Models: []ModelStorage{{Model: "sql", Bytes: 7, Objects: []ObjectStorage{{Name: "t", Bytes: 5, Index: 2}}}}}}}, nil
}

func (f *fake) Checkpoint(context.Context) (Checkpointed, error) {
	at := time.Unix(5, 0).UTC()
	return Checkpointed{Applied: &at, WAL: 9}, nil
}

func (f *fake) Compact(context.Context) (Compacted, error) {
	return Compacted{Versions: 3, Before: 20, After: 10}, nil
}

func (f *fake) Importer(string) bulk.Target { return fakeTarget{} }

// fakeTarget takes all rows of an import and forgets them.
type fakeTarget struct{}

func (fakeTarget) Table(context.Context, string) ([]bulk.TableColumn, bool, error) {
	return nil, false, nil
}

func (fakeTarget) Create(context.Context, string) error { return nil }

func (fakeTarget) Insert(context.Context, string, []string, *vec.Batch) ([]bulk.RowError, error) {
	return nil, nil
}

func (fakeTarget) InsertAll(_ context.Context, _ string, _ []string, next func() (*vec.Batch, error)) error {
	for {
		if b, err := next(); b == nil || err != nil {
			return err
		}
	}
}

func (f *fake) KeyValue(_ context.Context, database string, create bool) (*kv.Store, error) {
	if database != "" && database != "default" && !create {
		return nil, dberr.SQL(dberr.StateInvalidCatalogName, "database %q does not exist", database)
	}
	return f.kv().Store, nil
}

func (f *fake) Streaming(_ context.Context, database string, create bool) (*streaming.Store, error) {
	if database != "" && database != "default" && !create {
		return nil, dberr.SQL(dberr.StateInvalidCatalogName, "database %q does not exist", database)
	}
	return f.stream(), nil
}

func (f *fake) Documents(_ context.Context, database string, create bool) (*document.Store, error) {
	if database != "" && database != "default" && !create {
		return nil, dberr.SQL(dberr.StateInvalidCatalogName, "database %q does not exist", database)
	}
	return f.docs(), nil
}

func (f *fake) TimeSeries(_ context.Context, database string, create bool) (*timeseries.Store, error) {
	if database != "" && database != "default" && !create {
		return nil, dberr.SQL(dberr.StateInvalidCatalogName, "database %q does not exist", database)
	}
	return f.series(), nil
}

// opened keeps what closes something.
func (f *fake) opened(closing ...func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closing = append(f.closing, closing...)
}

// close closes what was opened, the last first.
func (f *fake) close() {
	f.mu.Lock()
	list := f.closing
	f.mu.Unlock()
	for _, c := range slices.Backward(list) {
		_ = c() // of stores that tests leave as they like
	}
}

func (f *fake) Continuous() ContinuousQueries { return f.weft().Continuous() }

// weft is a database of its own, for what runs queries of SQL.
func (f *fake) weft() *weft.DB {
	if f.db == nil {
		db, err := weft.OpenMemory(weft.Options{})
		if err != nil {
			panic(err)
		}
		f.db = db
		f.opened(db.Close)
	}
	return f.db
}

func (f *fake) Fills(_ context.Context, database string) (Fills, error) {
	if database != "" && database != "default" {
		return nil, dberr.SQL(dberr.StateInvalidCatalogName, "database %q does not exist", database)
	}
	return fakeFills{f}, nil
}

// fakeFills are continuous queries that never run: the name says what one is like.
type fakeFills struct{ *fake }

func (q fakeFills) Create(_ context.Context, d continuous.Fill) (continuous.FillStatus, error) {
	st := continuous.FillStatus{Fill: d, Target: "x", Created: time.Unix(9, 0), Next: time.Unix(60, 0), NextRun: time.Unix(120, 0)}
	if d.Paused {
		st.NextRun = time.Time{}
	}
	return st, nil
}

func (q fakeFills) Get(_ context.Context, name string) (st continuous.FillStatus, err error) {
	st = continuous.FillStatus{Fill: continuous.Fill{Name: name, Query: "INSERT …", Every: time.Minute, Late: time.Hour}, Target: "x", Next: time.Unix(120, 0), NextRun: time.Unix(180, 0), Runs: 1,
		Last: []continuous.Run{{From: time.Unix(60, 0), To: time.Unix(120, 0), At: time.Unix(121, 0), Took: 1500 * time.Microsecond, Points: 3}}}
	switch name {
	case "gone":
		return st, dberr.New(dberr.ErrNotFound, "CONTINUOUS_QUERY_NOT_FOUND", "there is no continuous query %q", name)
	case "bad":
		st.Last[0].Error, st.Last[0].Again, st.Failed = "division by zero", true, 1
	}
	return st, nil
}

func (q fakeFills) List(ctx context.Context) ([]continuous.FillStatus, error) {
	a, _ := q.Get(ctx, "a")   //nolint:errcheck // it is there
	b, _ := q.Get(ctx, "bad") //nolint:errcheck // it is there
	return []continuous.FillStatus{a, b}, nil
}

func (q fakeFills) Delete(ctx context.Context, name string) error {
	_, err := q.Get(ctx, name)
	return err
}

func (q fakeFills) Pause(ctx context.Context, name string) (continuous.FillStatus, error) {
	st, err := q.Get(ctx, name)
	st.Paused, st.NextRun = true, time.Time{}
	return st, err
}

func (q fakeFills) Alter(ctx context.Context, name string, c continuous.FillChange) (continuous.FillStatus, error) {
	st, err := q.Get(ctx, name)
	if c.Paused != nil {
		st.Paused = *c.Paused
	}
	if c.Delay != nil {
		st.Delay = *c.Delay
	}
	if c.Late != nil {
		st.Late = *c.Late
	}
	return st, err
}

func (q fakeFills) Resume(ctx context.Context, name string, start time.Time) (continuous.FillStatus, error) {
	st, err := q.Get(ctx, name)
	if !start.IsZero() {
		st.Next = start
	}
	return st, err
}

func (f *fake) Live(context.Context, live.Options) (*live.Query, error) {
	return nil, dberr.New(dberr.ErrUnsupported, "NO_LIVE_QUERIES", "the fake follows nothing")
}

func (f *fake) Prepare(_ context.Context, _, sql, _ string) (query.Prepared, error) {
	if f.scripts[sql] == nil {
		return query.Prepared{}, dberr.SQL(dberr.StateSyntax, "syntax error at or near %q", sql).At(1)
	}
	return query.Prepared{Params: []sqltype.Type{sqltype.TInt8, sqltype.TJSONB}, Columns: cols("n", sqltype.TInt8), Command: "SELECT"}, nil
}

func (f *fake) View(ctx context.Context, fn func(tx *txn.Tx) error) error {
	return f.kv().txns.View(ctx, fn)
}

func (f *fake) Begin(ctx context.Context, database string, opts txn.TxOptions) (Transaction, error) {
	if database != "" && database != "default" {
		return nil, dberr.SQL(dberr.StateInvalidCatalogName, "database %q does not exist", database)
	}
	tx, err := f.kv().txns.Begin(ctx, opts)
	return &fakeTx{fake: f, tx: tx}, err
}

// fakeTx is a transaction of the store beneath the fake's keys; its SQL is scripts.
type fakeTx struct {
	*fake
	tx     *txn.Tx
	failed bool
}

func (t *fakeTx) Execute(ctx context.Context, req query.Request, sink query.Sink) error {
	err := t.fake.Execute(ctx, req, sink)
	t.failed = err != nil
	return err
}

func (t *fakeTx) KeyValue(ctx context.Context, database string, _ bool) (*kv.Store, error) {
	s, err := t.fake.KeyValue(ctx, database, false)
	if err != nil {
		return nil, err
	}
	return s.Within(t.tx), nil
}

func (t *fakeTx) Streaming(ctx context.Context, database string, _ bool) (*streaming.Store, error) {
	s, err := t.fake.Streaming(ctx, database, false)
	if err != nil {
		return nil, err
	}
	return s.Within(t.tx), nil
}

func (t *fakeTx) Documents(ctx context.Context, database string, _ bool) (*document.Store, error) {
	s, err := t.fake.Documents(ctx, database, false)
	if err != nil {
		return nil, err
	}
	return s.Within(t.tx), nil
}

func (t *fakeTx) TimeSeries(ctx context.Context, database string, _ bool) (*timeseries.Store, error) {
	s, err := t.fake.TimeSeries(ctx, database, false)
	if err != nil {
		return nil, err
	}
	return s.Within(t.tx), nil
}

func (t *fakeTx) Do(fn func() error) error {
	at := t.tx.Savepoint()
	err := fn()
	if err != nil && !t.failed {
		return errors.Join(err, t.tx.RollbackTo(at))
	}
	return err
}

func (t *fakeTx) Tx() *txn.Tx  { return t.tx }
func (t *fakeTx) Failed() bool { return t.failed }
func (t *fakeTx) Rollback()    { t.tx.Rollback() }

func (t *fakeTx) IdleTimeout() time.Duration { return 0 }

func (t *fakeTx) Commit(ctx context.Context) (txn.Timestamp, error) {
	err := t.tx.Commit(ctx)
	return t.tx.CommitTimestamp(), err
}

func (f *fake) Health() error { return f.health }
