package stats

import (
	"bytes"
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// How much is kept of a table.
const (
	// SampleRows is how many rows are kept to find common values and bounds.
	SampleRows = 30_000
	// targets is how many common values, and parts of equal frequency, a column has
	// at most.
	targets = 100
	// wideValue is the size from which on a value is neither a common one nor a bound.
	wideValue = 512
)

// Collector makes the statistics of a table from its rows: all of them, or a sample
// that is taken evenly. Rows come in the order of the primary key. Not safe for
// concurrent use.
type Collector struct {
	cols   []collected
	groups []*groupCount
	sample *vec.Batch
	order  []int64 // the numbers of the rows in sample
	seen   int64
	rng    *rand.Rand
	hashes []uint64
}

// collected is a column on its way.
type collected struct {
	id    catalog.ColumnID // 0 for an expression
	expr  string
	typ   sqltype.Type
	ndv   *HLL
	nulls int64
	bytes float64
	wide  vec.Bitmap // rows of the sample whose value was too large to keep
}

type groupCount struct {
	ids  []catalog.ColumnID
	cols []int
	ndv  HLL
}

// Expr is an index expression whose values follow the columns of a row.
type Expr struct {
	Text string
	Type sqltype.Type
}

// NewCollector begins the statistics of a table. The batches that follow have its
// columns, then the expressions.
func NewCollector(t *catalog.Table, exprs []Expr) *Collector {
	c := &Collector{rng: rand.New(rand.NewPCG(uint64(t.ID), 1))}
	var types []sqltype.Type
	for i := range t.Columns {
		col := &t.Columns[i]
		c.cols = append(c.cols, collected{id: col.ID, typ: col.Type, ndv: &HLL{}})
		types = append(types, col.Type)
	}
	for _, e := range exprs {
		c.cols = append(c.cols, collected{expr: e.Text, typ: e.Type, ndv: &HLL{}})
		types = append(types, e.Type)
	}
	c.sample = vec.NewBatch(types)
	c.addGroups(t)
	return c
}

// addGroups prepares to count combinations of the first parts of each index.
func (c *Collector) addGroups(t *catalog.Table) {
	have := map[string]bool{}
	for i := range t.Indexes {
		var ids []catalog.ColumnID
		for _, k := range t.Indexes[i].Columns {
			if t.Ordinal(k.Column) < 0 {
				break
			}
			ids = append(ids, k.Column)
			if len(ids) < 2 {
				continue
			}
			g := &groupCount{ids: slices.Sorted(slices.Values(ids))}
			var key []byte
			for _, id := range g.ids {
				g.cols = append(g.cols, t.Ordinal(id))
				key = append(key, byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
			}
			if !have[string(key)] {
				have[string(key)] = true
				c.groups = append(c.groups, g)
			}
		}
	}
}

// Add takes the live rows of a batch in.
func (c *Collector) Add(b *vec.Batch) {
	live := vec.Live(b.Len, b.Sel)
	n := len(live)
	if need := n * len(c.cols); cap(c.hashes) < need {
		c.hashes = make([]uint64, need)
	}
	for k := range c.cols {
		c.cols[k].add(b.Cols[k], live, c.hashes[k*n:(k+1)*n])
	}
	for _, g := range c.groups {
		for i := range n {
			h := uint64(0)
			for _, k := range g.cols {
				h = sqltype.HashCombine(h, c.hashes[k*n+i])
			}
			g.ndv.Add(h)
		}
	}
	for _, r := range live {
		c.keep(b, r)
	}
}

func (col *collected) add(v *vec.Vector, live []int32, hashes []uint64) {
	for i, r := range live {
		d := v.Get(int(r))
		h := sqltype.Hash(col.typ, d)
		hashes[i] = h
		if d.Null {
			col.nulls++
			continue
		}
		col.ndv.Add(h)
		col.bytes += widthOf(v, d)
	}
}

func widthOf(v *vec.Vector, d sqltype.Datum) float64 {
	switch v.Type.Phys() {
	case sqltype.PhysString:
		return float64(len(d.Str))
	case sqltype.PhysInt:
		if v.Type.ID == sqltype.Bool {
			return 1
		}
	case sqltype.PhysAny:
		return WidthOf(v.Type)
	}
	return WidthOf(v.Type)
}

// keep puts a row in the sample, each row seen so far with equal probability.
func (c *Collector) keep(b *vec.Batch, r int32) {
	c.seen++
	at := c.sample.Len
	if at == SampleRows {
		if at = int(c.rng.Int64N(c.seen)); at >= SampleRows {
			return
		}
	} else {
		c.sample.Len++
		c.order = append(c.order, 0)
	}
	c.order[at] = c.seen
	for k, v := range c.sample.Cols {
		if v.Len() <= at {
			v.Resize(at + 1)
		}
		d := b.Cols[k].Get(int(r))
		if len(d.Str) > wideValue { // counted, but not kept
			d.Str = ""
			c.cols[k].wide = c.cols[k].wide.With(at)
		} else {
			c.cols[k].wide.Clear(at)
		}
		v.Set(at, d)
	}
}

// Finish gives the statistics of a table of so many rows.
func (c *Collector) Finish(rows float64, at int64) *Table {
	t := &Table{Rows: rows, Sampled: float64(c.seen), At: at,
		Columns: map[catalog.ColumnID]*Column{}, Exprs: map[string]*Column{}}
	if c.seen == 0 {
		return t
	}
	for k := range c.cols {
		col := c.column(k, rows)
		if id := c.cols[k].id; id != 0 {
			t.Columns[id] = col
		} else {
			t.Exprs[c.cols[k].expr] = col
		}
	}
	for _, g := range c.groups {
		ndv := math.Min(g.ndv.Count(), float64(c.seen))
		if rows > float64(c.seen) { // of a sample: nearly distinct grows with the table
			if ndv > 0.5*float64(c.seen) {
				ndv *= rows / float64(c.seen)
			}
		}
		t.Groups = append(t.Groups, Group{g.ids, math.Max(1, math.Round(ndv))})
	}
	slices.SortFunc(t.Groups, func(a, b Group) int { return slices.Compare(a.Columns, b.Columns) })
	return t
}

// entry is a value of the sample with what it sorts by.
type entry struct {
	key []byte
	row int32
}

// column makes the figures of one column.
func (c *Collector) column(k int, rows float64) *Column {
	col, v := &c.cols[k], c.sample.Cols[k]
	seen := float64(c.seen)
	out := &Column{Type: col.typ, NullFrac: float64(col.nulls) / seen}
	filled := seen - float64(col.nulls)
	if filled == 0 {
		return out
	}
	out.Width = math.Round(10*col.bytes/filled) / 10
	entries := c.entries(k)
	runs := runsOf(entries)
	out.NDV = c.distinct(col, runs, len(entries), rows)
	if col.typ.ID == sqltype.JSON || len(entries) == 0 { // json has no order
		return out
	}
	out.Correlation = c.correlation(entries)
	rest := c.mostCommon(out, v, entries, runs)
	out.Bounds = bounds(v, entries, rest)
	return out
}

// entries are the values of the sample, in order.
func (c *Collector) entries(k int) []entry {
	v, t := c.sample.Cols[k], c.cols[k].typ
	list := make([]entry, 0, c.sample.Len)
	var all []byte
	type span struct{ from, to int }
	spans := make([]span, 0, c.sample.Len)
	for i := range c.sample.Len {
		d := v.Get(i)
		if d.Null || c.cols[k].wide.Get(i) {
			continue
		}
		from := len(all)
		all = sqltype.AppendKey(all, t, d, false, false)
		spans = append(spans, span{from, len(all)})
		list = append(list, entry{row: int32(i)})
	}
	for i, s := range spans {
		list[i].key = all[s.from:s.to]
	}
	slices.SortFunc(list, func(a, b entry) int {
		if d := bytes.Compare(a.key, b.key); d != 0 {
			return d
		}
		return cmp.Compare(c.order[a.row], c.order[b.row])
	})
	return list
}

// run is equal values: entries[from:to].
type run struct{ from, to int }

func (r run) len() int { return r.to - r.from }

func runsOf(list []entry) (runs []run) {
	for i := 0; i < len(list); {
		k := i + 1
		for k < len(list) && bytes.Equal(list[i].key, list[k].key) {
			k++
		}
		runs = append(runs, run{i, k})
		i = k
	}
	return runs
}

// distinct estimates the number of distinct values of the whole table. Where all rows
// were seen they have been counted; of a sample it is Haas and Stokes' Duj1.
func (c *Collector) distinct(col *collected, runs []run, n int, rows float64) float64 {
	seen := float64(c.seen)
	filled := seen - float64(col.nulls)
	if c.seen <= SampleRows && rows <= seen && float64(n) == filled {
		return float64(len(runs))
	}
	counted := math.Min(col.ndv.Count(), filled)
	if rows <= seen {
		return math.Max(1, math.Round(counted))
	}
	once := 0
	for _, r := range runs {
		if r.len() == 1 {
			once++
		}
	}
	if n == 0 {
		return math.Round(math.Max(1, counted*rows/seen))
	}
	d, f1, s := float64(len(runs)), float64(once), float64(n)
	total := rows * filled / seen
	estimate := s * d / (s - f1 + f1*s/total)
	return math.Round(math.Max(math.Max(1, counted), math.Min(estimate, total)))
}

// correlation compares the order of the values with that of the rows.
func (c *Collector) correlation(list []entry) float64 {
	n := float64(len(list))
	if n < 2 || bytes.Equal(list[0].key, list[len(list)-1].key) {
		return 0
	}
	ranks := make([]int32, c.sample.Len)
	byRow := make([]int32, len(list))
	for i := range list {
		byRow[i] = list[i].row
	}
	slices.SortFunc(byRow, func(a, b int32) int { return cmp.Compare(c.order[a], c.order[b]) })
	for i, r := range byRow {
		ranks[r] = int32(i)
	}
	var sxy float64
	for i := range list {
		sxy += float64(i) * float64(ranks[list[i].row])
	}
	mean := (n - 1) / 2
	return math.Round(1e4*(sxy-n*mean*mean)/(n*(n*n-1)/12)) / 1e4
}

// mostCommon notes the values that are clearly more frequent than the average, and
// returns the runs that are left.
func (c *Collector) mostCommon(out *Column, v *vec.Vector, list []entry, runs []run) []run {
	order := make([]int, len(runs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(runs[b].len(), runs[a].len()) })
	n := float64(len(list))
	least := 1.25 * n / float64(len(runs))
	if len(runs) <= targets && float64(c.sample.Len) == float64(c.seen) || float64(len(runs)) >= out.NDV*0.95 && len(runs) <= targets {
		least = 0 // these are all the values that there are
	}
	taken := make([]bool, len(runs))
	share := (1 - out.NullFrac) / n
	for _, i := range order {
		r := runs[i]
		if len(out.MCV) == targets || r.len() < 2 && least > 0 || float64(r.len()) < least {
			break
		}
		taken[i] = true
		out.MCV = append(out.MCV, Common{v.Get(int(list[r.from].row)), float64(r.len()) * share})
	}
	rest := runs[:0:0]
	for i, r := range runs {
		if !taken[i] {
			rest = append(rest, r)
		}
	}
	return rest
}

// bounds cuts the values of runs into parts of equal frequency.
func bounds(v *vec.Vector, list []entry, runs []run) []sqltype.Datum {
	if len(runs) < 2 {
		return nil
	}
	total := 0
	for _, r := range runs {
		total += r.len()
	}
	parts := min(targets, len(runs)-1)
	out := make([]sqltype.Datum, 0, parts+1)
	at, i := 0, 0 // entries before run i
	for p := range parts + 1 {
		want := p * (total - 1) / parts
		for at+runs[i].len() <= want {
			at += runs[i].len()
			i++
		}
		out = append(out, v.Get(int(list[runs[i].from].row)))
	}
	return out
}
