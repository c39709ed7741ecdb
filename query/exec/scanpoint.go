package exec

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"weak"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// pointable reports whether one full unique key is searched, without NULLs.
func pointable(n *plan.Scan) bool {
	if len(n.Ranges) != 1 || !n.Index.Distinct() && !n.Index.Primary {
		return false
	}
	r := &n.Ranges[0]
	if len(r.Eq) != len(n.Index.Columns) || r.Lower != nil || r.Upper != nil {
		return false
	}
	for _, null := range r.EqNull {
		if null {
			return false
		}
	}
	return true
}

// pointScan reads at most one row by its whole key, without an iterator.
type pointScan struct {
	*scan
	done bool
}

func (p *pointScan) restart() bool {
	p.done = p.scan == nil
	return !p.done
}

// points keeps, by plan, point scans that were closed, since making one costs more
// than the lookup itself. Those with a filter are not kept: a compiled filter belongs to
// its run.
var points sync.Map // weak.Pointer[plan.Scan] → *sync.Pool of *scan

// takePoint returns a kept scan of a plan, or nil.
func takePoint(c *Context, n *plan.Scan) *pointScan {
	pool, ok := points.Load(weak.Make(n))
	if !ok {
		return nil
	}
	s, _ := pool.(*sync.Pool).Get().(*scan)
	if s == nil {
		return nil
	}
	s.c, s.tx, s.read = c, c.ReadTx(), c.reads(n)
	return &pointScan{scan: s}
}

// Close keeps the scan for the next run of its plan.
func (p *pointScan) Close() error {
	s := p.scan
	p.done, p.scan = true, nil
	if s == nil || s.filter != nil || s.n.AsOf != 0 {
		return nil
	}
	n := s.n
	s.c, s.tx = nil, nil
	key := weak.Make(n)
	pool, ok := points.Load(key)
	if !ok {
		if pool, ok = points.LoadOrStore(key, &sync.Pool{}); !ok {
			runtime.AddCleanup(n, func(k weak.Pointer[plan.Scan]) { points.Delete(k) }, key)
		}
	}
	pool.(*sync.Pool).Put(s)
	return nil
}

func (p *pointScan) Next(ctx context.Context) (*vec.Batch, error) {
	if p.done {
		return nil, nil
	}
	p.done = true
	if err := canceled(ctx); err != nil {
		return nil, err
	}
	key, row, ok, err := p.get()
	if !ok || err != nil {
		return nil, err
	}
	p.dec.Begin(p.cols, 1)
	if err := p.dec.Add(0, key, row); err != nil {
		return nil, err
	}
	if p.rowKey != nil {
		p.rowKey.S[0] = string(p.key)
	}
	p.dec.End(1)
	for _, v := range p.cols {
		if len(v.S) == 1 {
			v.S[0] = strings.Clone(v.S[0]) // it points into the store
		}
	}
	p.out = vec.Batch{Len: 1, Cols: p.cols}
	if p.filter != nil {
		if some, err := p.filter.apply(&p.out); !some || err != nil {
			return nil, err
		}
	}
	return &p.out, nil
}

// get finds the entry from which the columns are decoded; p.key is then the key
// of the row.
func (p *pointScan) get() (key, row []byte, ok bool, err error) {
	k := append(p.key[:0], p.x.Prefix...)
	for i, e := range p.n.Ranges[0].Eq {
		d, err := evalOnce(p.c, e)
		if err != nil || d.Null {
			return nil, nil, false, err
		}
		part := &p.n.Index.Columns[i]
		k = sqltype.AppendKey(k, part.Type, d, part.Desc, part.NullsFirst)
	}
	p.key = k
	row, ok, err = p.tx.Get(k)
	if ok {
		p.read.entry(k, row)
	}
	if !ok || err != nil || p.x == &p.layout.Indexes[0] {
		return k, row, ok, err
	}
	entry, primary := k, row
	if p.key, err = p.layout.Primary(p.x, entry, primary, nil); err != nil || !p.fetch {
		return entry, row, ok, err
	}
	if row, ok, err = p.tx.Get(p.key); err == nil && !ok {
		err = errDangling(p.n.Table, p.n.Index)
	}
	p.read.fetched(p.key, row)
	return p.key, row, ok, err
}
