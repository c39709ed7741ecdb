package exec

import (
	"bytes"
	"context"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/rowstore"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/txn"
)

// maxUnionBytes is how many bytes of keys a union keeps, about. Where there are more, the
// whole table is read instead.
const maxUnionBytes = 4 << 20

// unionScan reads the rows to which any of several index searches leads. It gathers their
// primary keys first, and then fetches the rows in the order of these, each once.
type unionScan struct {
	table    *scan // of the whole table: decodes what is fetched, and filters
	n        *plan.Scan
	arms     []*rowstore.Index
	gathered bool
	whole    bool     // there are too many keys: the table gives all rows
	keys     [][]byte // in order, the fetched ones taken off
	most     int      // bytes of keys
}

func newUnionScan(c *Context, n *plan.Scan) (Operator, error) {
	all := *n
	all.Union = nil
	table, err := prepareScan(c, &all)
	if err != nil {
		return nil, err
	}
	table.read = c.reads(n)
	u := &unionScan{table: table, n: n, arms: make([]*rowstore.Index, len(n.Union)), most: maxUnionBytes}
	for i, a := range n.Union {
		if u.arms[i] = table.layout.Find(a.Index.ID); u.arms[i] == nil {
			return nil, dberr.SQL(dberr.StateInternal, "table %s has no index %s", n.Table.Name, a.Index.Name)
		}
	}
	u.restart()
	return u, nil
}

func (u *unionScan) restart() bool {
	u.gathered, u.whole, u.keys = false, false, u.keys[:0]
	return u.table.restart()
}

// gather finds the keys of the rows.
func (u *unionScan) gather(ctx context.Context) error {
	u.gathered = true
	bytesOf := 0
	for i, x := range u.arms {
		spans, err := keySpans(u.table.c, x, u.n.Union[i].Ranges, nil)
		if err != nil {
			return err
		}
		for _, s := range spans {
			n, err := u.search(ctx, x, s, u.most-bytesOf)
			if err != nil {
				return err
			}
			if bytesOf += n; bytesOf > u.most {
				u.whole, u.keys = true, nil
				return nil
			}
		}
	}
	slices.SortFunc(u.keys, bytes.Compare)
	u.keys = slices.CompactFunc(u.keys, bytes.Equal)
	return nil
}

// search adds the keys of the rows to which a span of an index leads, and says how many
// bytes these are. It ends once they are more than most.
func (u *unionScan) search(ctx context.Context, x *rowstore.Index, s rowstore.Span, most int) (n int, err error) {
	it := u.table.tx.Iter(txn.IterOptions{Lower: s.Lower, Upper: s.Upper})
	defer it.Close()
	for i := 0; n <= most && it.Next(); i++ {
		if i%vec.BatchSize == 0 {
			if err := canceled(ctx); err != nil {
				return n, err
			}
		}
		key := bytes.Clone(it.Key())
		if x != &u.table.layout.Indexes[0] {
			if key, err = u.table.layout.Primary(x, it.Key(), it.Value(), nil); err != nil {
				return n, err
			}
		}
		u.table.read.entry(it.Key(), it.Value())
		u.keys = append(u.keys, key)
		n += len(key) + 32
	}
	return n, it.Err()
}

func (u *unionScan) Next(ctx context.Context) (*vec.Batch, error) {
	s := u.table
	if !u.gathered {
		if err := u.gather(ctx); err != nil {
			return nil, err
		}
	}
	for !u.whole {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		if len(u.keys) == 0 || s.left == 0 {
			return nil, nil
		}
		n, err := u.fetch()
		if err != nil {
			return nil, err
		}
		s.out = vec.Batch{Len: n, Cols: s.cols}
		some := true
		if s.filter != nil {
			some, err = s.filter.apply(&s.out)
		}
		if err != nil {
			return nil, err
		}
		if some {
			s.cut()
			return &s.out, nil
		}
	}
	return s.Next(ctx)
}

// fetch reads the next rows into the columns of the table's scan.
func (u *unionScan) fetch() (n int, err error) {
	s := u.table
	n = min(s.size, len(u.keys))
	s.size = min(4*s.size, vec.BatchSize)
	s.dec.Begin(s.cols, n)
	for i, key := range u.keys[:n] {
		row, ok, err := s.tx.Get(key)
		if err != nil {
			return 0, err
		}
		if !ok {
			return 0, errDangling(u.n.Table, u.n.Union[0].Index)
		}
		s.read.fetched(key, row)
		if s.rowKey != nil {
			s.rowKey.S[i] = string(key)
		}
		if err := s.dec.Add(i, key, row); err != nil {
			return 0, err
		}
	}
	s.dec.End(n)
	u.keys = u.keys[n:]
	return n, nil
}

func (u *unionScan) Close() error {
	u.gathered, u.whole, u.keys = true, false, nil
	return u.table.Close()
}
