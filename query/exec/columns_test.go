package exec

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/colstore"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
)

// columnTable is a table of many types with nothing but its primary index, which tests write
// to directly.
type columnTable struct {
	tb *catalog.Table
	l  *rowstore.Layout
}

func newColumnTable(hidden bool) *columnTable {
	tb := manyTyped(hidden)
	tb.Indexes = tb.Indexes[:1]
	return &columnTable{tb, rowstore.Of(tb)}
}

// put writes a row under id; del removes it.
func (c *columnTable) put(tx *txn.Tx, id int, r row) error {
	key, value := c.entry(id, r)
	return tx.Put(key, value)
}

func (c *columnTable) entry(id int, r row) (key, value []byte) {
	vals := slices.Clone(r)
	vals[0] = sqltype.Datum{Int: int64(id / 16)}
	vals[1] = sqltype.Datum{Str: fmt.Sprintf("k%02d", id%16)}
	key, _ = c.l.Indexes[0].Key(nil, vals, int64(id), nil)
	value, _ = c.l.AppendRow(nil, vals, nil)
	return key, value
}

func (c *columnTable) del(tx *txn.Tx, id int) error {
	key, _ := c.entry(id, make(row, len(c.tb.Columns)))
	return tx.Delete(key)
}

// change does a few random writes.
func (c *columnTable) change(rng *rand.Rand, tx *txn.Tx, ids int, rows []row) error {
	at, n := rng.IntN(ids), 1
	if rng.IntN(3) == 0 {
		n = 1 + rng.IntN(120)
	}
	kind := rng.IntN(4)
	for i := range n {
		id := (at + i) % ids
		var err error
		switch kind {
		case 0:
			err = c.del(tx, id)
		case 1: // here and there
			err = c.put(tx, rng.IntN(ids), rows[rng.IntN(len(rows))])
		default:
			err = c.put(tx, id, rows[rng.IntN(len(rows))])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// scan makes a random scan of the primary index.
func (c *columnTable) scan(t *testing.T, rng *rand.Rand, rows []row) *plan.Scan {
	n := &plan.Scan{Table: c.tb, Index: &c.tb.Indexes[0]}
	n.Cols = append(n.Cols, rng.Perm(len(c.tb.Columns))[:rng.IntN(len(c.tb.Columns)+1)]...)
	if c.l.Hidden() && rng.IntN(3) == 0 {
		n.Cols = append(n.Cols, rowstore.RowID)
	}
	for _, o := range n.Cols {
		f := plan.Field{Name: "rowid", Type: sqltype.TInt8}
		if o >= 0 {
			f = plan.Field{Name: c.tb.Columns[o].Name, Type: c.tb.Columns[o].Type}
		}
		n.Out = append(n.Out, f)
	}
	if !c.l.Hidden() && rng.IntN(3) == 0 {
		pivot := row{{Int: int64(rng.IntN(120))}, {Str: "k05"}}
		other := row{{Int: int64(rng.IntN(120))}, {Str: "k09"}}
		n.Ranges = []plan.KeyRange{randomRange(rng, c.tb, n.Index, []row{pivot, other}).r}
	}
	var conds []plan.Expr
	for i, o := range n.Cols {
		if rng.IntN(3) > 0 || o < 0 {
			continue
		}
		name := []string{"=", "<", "<=", ">", ">=", "<>"}[rng.IntN(6)]
		d := rows[rng.IntN(len(rows))][o]
		switch o {
		case 0:
			d = sqltype.Datum{Int: int64(rng.IntN(120))}
		case 1:
			d = sqltype.Datum{Str: fmt.Sprintf("k%02d", rng.IntN(16))}
		case 4, 5, 6:
			continue
		}
		slot, value := plan.Expr(&plan.Slot{Typ: n.Out[i].Type, Index: i}), plan.Expr(&plan.Const{Typ: n.Out[i].Type, Value: d})
		if rng.IntN(4) == 0 {
			slot, value = value, slot
		}
		conds = append(conds, op(t, name, slot, value))
	}
	if len(conds) > 0 {
		n.Filter = plan.Conjunction(conds)
	}
	if rng.IntN(8) == 0 {
		n.Limit = int64(1 + rng.IntN(900))
	}
	return n
}

// same compares a scan of a transaction through columns with one through rows.
func (c *columnTable) same(t *testing.T, tx *txn.Tx, cache *colstore.Cache, n *plan.Scan) {
	t.Helper()
	want, _, err := runIn(t, tx, n, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, _, err := runIn(t, tx, n, func(x *Context) { x.Columns = cache })
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("snapshot %d, columns %v, filter %v, ranges %v, limit %d: %d rows, want %d\ngot  %s\nwant %s", tx.ReadTimestamp(), n.Cols, n.Filter, n.Ranges, n.Limit,
				len(got), len(want), clip(got), clip(want))
		}
	}
}

var smallSizes = colstore.Sizes{Block: 64, Segment: 512, Min: 128}

// TestColumnsModel: whatever is written, rolled back and looked at from the past, a scan
// through columns gives the rows of a scan through rows, in their order.
func TestColumnsModel(t *testing.T) {
	for _, limit := range []int64{1 << 30, 60_000} {
		for _, hidden := range []bool{false, true} {
			t.Run(fmt.Sprintf("limit=%d,hidden=%t", limit, hidden), func(t *testing.T) {
				rng := seeded(t, 77)
				s, c, rows := memoryStore(t), newColumnTable(hidden), manyRows(rng, 200)
				cache := colstore.NewSized(s, limit, smallSizes)
				defer cache.Close()
				columnsModel(t, rng, s, c, cache, rows)
				stats := cache.Stats()
				t.Logf("%+v", stats)
				if stats.Built == 0 || stats.Blocks == 0 || stats.Replaced == 0 || limit == 1<<30 && stats.Evicted > 0 {
					t.Errorf("the cache did nothing: %+v", stats)
				}
				if stats.Bytes > limit {
					t.Errorf("it holds %d bytes, over its limit of %d", stats.Bytes, limit)
				}
			})
		}
	}
}

func columnsModel(t *testing.T, rng *rand.Rand, s *txn.Store, c *columnTable, cache *colstore.Cache, rows []row) {
	const ids = 1900
	begin := func(opts txn.TxOptions) *txn.Tx {
		tx, err := s.Begin(context.Background(), opts)
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	fill := begin(txn.TxOptions{})
	for id := range ids - 300 {
		if err := c.put(fill, id, rows[rng.IntN(len(rows))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := fill.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
	held := []*txn.Tx{begin(txn.TxOptions{ReadOnly: true})}
	defer func() {
		for _, tx := range held {
			tx.Rollback()
		}
	}()
	steps := 160
	if testing.Short() { // as under the race detector
		steps = 50
	}
	for range steps {
		switch k := rng.IntN(10); {
		case k < 3:
			tx := begin(txn.TxOptions{})
			if err := c.change(rng, tx, ids, rows); err != nil {
				t.Fatal(err)
			}
			if rng.IntN(4) == 0 { // what it wrote itself it sees, also after a part was undone
				sp := tx.Savepoint()
				c.same(t, tx, cache, c.scan(t, rng, rows))
				if err := c.change(rng, tx, ids, rows); err != nil {
					t.Fatal(err)
				}
				c.same(t, tx, cache, c.scan(t, rng, rows))
				if err := tx.RollbackTo(sp); err != nil {
					t.Fatal(err)
				}
				c.same(t, tx, cache, c.scan(t, rng, rows))
			}
			if rng.IntN(5) == 0 {
				tx.Rollback()
			} else if err := tx.Commit(context.Background()); err != nil {
				t.Fatal(err)
			}
		case k == 3:
			held = append(held, begin(txn.TxOptions{ReadOnly: rng.IntN(2) == 0}))
			if len(held) > 5 {
				i := rng.IntN(len(held))
				held[i].Rollback()
				held = slices.Delete(held, i, i+1)
			}
		case k == 4 && len(held) > 0:
			c.same(t, held[rng.IntN(len(held))], cache, c.scan(t, rng, rows))
		default:
			tx := begin(txn.TxOptions{ReadOnly: true})
			c.same(t, tx, cache, c.scan(t, rng, rows))
			tx.Rollback()
		}
	}
}

// TestColumnsConcurrent: writers commit while scans read and build.
func TestColumnsConcurrent(t *testing.T) {
	const ids = 1900
	rng := seeded(t, 78)
	s, c, rows := memoryStore(t), newColumnTable(false), manyRows(rng, 200)
	cache := colstore.NewSized(s, 200_000, smallSizes)
	defer cache.Close()
	err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
		for id := range ids {
			if err := c.put(tx, id, rows[id%len(rows)]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var writers, readers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 9))
			for {
				select {
				case <-stop:
					return
				default:
				}
				err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return c.change(rng, tx, ids, rows) })
				if err != nil && !errors.Is(err, dberr.ErrConflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	for r := range 3 {
		readers.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(r), 10))
			for range 30 {
				tx, err := s.Begin(context.Background(), txn.TxOptions{ReadOnly: r != 0})
				if err != nil {
					t.Error(err)
					return
				}
				n := c.scan(t, rng, rows)
				for range 3 {
					c.same(t, tx, cache, n)
				}
				tx.Rollback()
			}
		})
	}
	readers.Wait()
	close(stop)
	writers.Wait()
	for range 3 { // and when it is quiet, columns are used
		tx, err := s.Begin(context.Background(), txn.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		c.same(t, tx, cache, scanOf(c.tb))
		tx.Rollback()
	}
	if stats := cache.Stats(); stats.Built == 0 {
		t.Errorf("nothing was built: %+v", stats)
	}
}

// TestColumnsValidated: a serializable transaction that has read columns conflicts with who
// changed the rows.
func TestColumnsValidated(t *testing.T) {
	rng := seeded(t, 79)
	s, c, rows := memoryStore(t), newColumnTable(false), manyRows(rng, 200)
	cache := colstore.NewSized(s, 1<<30, smallSizes)
	defer cache.Close()
	write := func(id int) {
		t.Helper()
		err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return c.put(tx, id, rows[id%len(rows)]) })
		if err != nil {
			t.Fatal(err)
		}
	}
	for id := range 700 {
		write(id)
	}
	for range 3 {
		tx, err := s.Begin(context.Background(), txn.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		c.same(t, tx, cache, scanOf(c.tb))
		tx.Rollback()
	}
	for _, at := range []int{0, 300, 699} {
		blocks := cache.Stats().Blocks
		tx, err := s.Begin(context.Background(), txn.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := runIn(t, tx, scanOf(c.tb), func(x *Context) { x.Columns = cache }); err != nil {
			t.Fatal(err)
		}
		if cache.Stats().Blocks == blocks {
			t.Fatal("no block was read")
		}
		write(at)
		if err := c.put(tx, 5000, rows[0]); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(context.Background()); !errors.Is(err, dberr.ErrConflict) {
			t.Errorf("row %d: got %v, want a conflict", at, err)
		}
	}
}

// TestColumnsSeeEveryCommit: a snapshot that holds a commit of which the cache has not been
// told yet waits for that, and does not see the rows as they were before.
func TestColumnsSeeEveryCommit(t *testing.T) {
	rng := seeded(t, 80)
	s, c, rows := memoryStore(t), newColumnTable(false), manyRows(rng, 200)
	hold, entered := make(chan struct{}), make(chan struct{})
	var armed atomic.Bool
	defer s.OnCommit(func(*txn.ChangeSet) { // told before the cache is
		if armed.CompareAndSwap(true, false) {
			close(entered)
			<-hold
		}
	})()
	cache := colstore.NewSized(s, 1<<30, smallSizes)
	defer cache.Close()
	write := func(from, to int) error {
		return s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			for id := from; id < to; id++ {
				if err := c.put(tx, id, rows[id%len(rows)]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := write(0, 600); err != nil {
		t.Fatal(err)
	}
	view := func() (n int) {
		tx, err := s.Begin(context.Background(), txn.TxOptions{ReadOnly: true})
		if err != nil {
			t.Error(err)
			return 0
		}
		defer tx.Rollback()
		out, _, err := runIn(t, tx, scanOf(c.tb), func(x *Context) { x.Columns = cache })
		if err != nil {
			t.Error(err)
		}
		return len(out)
	}
	for range 3 {
		if n := view(); n != 600 {
			t.Fatalf("%d rows, want 600", n)
		}
	}
	armed.Store(true)
	done := make(chan error, 1)
	go func() {
		done <- s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error { return c.del(tx, 5) })
	}()
	<-entered // the commit is visible, and the cache does not know
	got := make(chan int, 1)
	go func() { got <- view() }()
	for range 10_000 {
		runtime.Gosched()
	}
	close(hold)
	if n := <-got; n != 599 {
		t.Errorf("%d rows, want 599", n)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
