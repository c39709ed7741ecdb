// Package stats says how many rows a table has and how its values are spread,
// for the planner's estimates.
//
// A Collector makes the figures of a table from its rows (ANALYZE); Encode and
// Decode are their stored form (docs/format/stats.md). Estimates decide only between
// plans, never about results, so they may be stale. Nothing here is exact but what
// says so.
package stats

import (
	"math"
	"slices"
	"sort"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// Column describes the values of one column or index expression.
type Column struct {
	// Type is that of the values; figures of a column whose type has changed since
	// say nothing about it.
	Type sqltype.Type
	// NullFrac is the fraction of NULLs.
	NullFrac float64
	// NDV is the number of distinct values other than NULL.
	NDV float64
	// Width is the average size of a value in bytes.
	Width float64
	// Correlation of the values' order with that of the rows, -1 to 1.
	Correlation float64
	// MCV are the most common values with their fractions of all rows, the most
	// frequent first.
	MCV []Common
	// Bounds cut the values that are not in MCV into parts of equal frequency.
	Bounds []sqltype.Datum
}

// Common is a frequent value.
type Common struct {
	Value sqltype.Datum
	Frac  float64
}

// Group is the number of distinct combinations of several columns, which an index
// has as its first parts.
type Group struct {
	Columns []catalog.ColumnID // ascending
	NDV     float64
}

// Table describes a table.
type Table struct {
	Rows    float64
	Columns map[catalog.ColumnID]*Column
	// Exprs are index expressions, by their SQL text.
	Exprs map[string]*Column
	// Groups are sorted by their columns.
	Groups []Group
	// Sampled is how many rows were looked at; Rows where it was all of them.
	Sampled float64
	// At is when that was, in nanoseconds since 1970; 0 where it never was.
	At int64
}

// Source gives the statistics of tables; an entry without columns is fine.
type Source interface {
	TableStats(t *catalog.Table) *Table
}

// Default estimates, for columns of which nothing is known.
const (
	DefaultRows        = 1000
	DefaultNDV         = 200
	DefaultEqFrac      = 0.005
	DefaultRangeFrac   = 1.0 / 3
	DefaultBetweenFrac = 0.05
	DefaultLikeFrac    = 0.05
	DefaultFrac        = 0.5
	DefaultNullFrac    = 0.01
)

// Column gives the figures of a column; nil where there are none, or only of
// values of another type.
func (t *Table) Column(c *catalog.Column) *Column {
	s := t.Columns[c.ID]
	if s == nil || s.Type.Base() != c.Type.Base() {
		return nil
	}
	return s
}

// GroupNDV gives the number of distinct combinations of columns, where it was counted.
func (t *Table) GroupNDV(ids []catalog.ColumnID) (float64, bool) {
	want := slices.Clone(ids)
	slices.Sort(want)
	for _, g := range t.Groups {
		if slices.Equal(g.Columns, want) {
			return g.NDV, true
		}
	}
	return 0, false
}

// Scaled gives the figures as they would be with another number of rows: columns
// that were nearly distinct grow with it, others keep their values.
func (t *Table) Scaled(rows float64) *Table {
	out := *t
	out.Rows = rows
	if t.Rows <= 0 || rows == t.Rows {
		return &out
	}
	ratio := rows / t.Rows
	scale := func(ndv float64) float64 {
		if ndv > 0.1*t.Rows {
			ndv *= ratio
		}
		return math.Max(1, math.Min(ndv, rows))
	}
	out.Columns = make(map[catalog.ColumnID]*Column, len(t.Columns))
	for id, c := range t.Columns {
		n := *c
		n.NDV = scale(c.NDV)
		out.Columns[id] = &n
	}
	out.Groups = slices.Clone(t.Groups)
	for i := range out.Groups {
		out.Groups[i].NDV = scale(out.Groups[i].NDV)
	}
	return &out
}

// NDVOf estimates the number of distinct values of a column.
func (t *Table) NDVOf(c *catalog.Column) float64 {
	if s := t.Column(c); s != nil {
		return max(1, min(s.NDV, t.Rows))
	}
	return max(1, min(DefaultNDV, t.Rows))
}

// WidthOf estimates the size of a value in memory, in bytes.
func WidthOf(t sqltype.Type) float64 {
	switch t.Phys() {
	case sqltype.PhysInt, sqltype.PhysFloat:
		return 8
	case sqltype.PhysNumeric:
		return 24
	case sqltype.PhysInterval:
		return 16
	}
	return 32
}

// compare orders two values of the column.
func (c *Column) compare(a, b sqltype.Datum) int { return sqltype.Compare(c.Type, a, b) }

// common finds a value among the most common ones.
func (c *Column) common(v sqltype.Datum) (frac float64, ok bool) {
	for i := range c.MCV {
		if sqltype.Equal(c.Type, c.MCV[i].Value, v) {
			return c.MCV[i].Frac, true
		}
	}
	return 0, false
}

// commonFrac is the fraction of rows that have one of the most common values.
func (c *Column) commonFrac() (sum float64) {
	for i := range c.MCV {
		sum += c.MCV[i].Frac
	}
	return sum
}

// EqFrac estimates the fraction of rows whose column equals a value; v is nil
// where the value is not known yet.
func (c *Column) EqFrac(rows float64, v *sqltype.Datum) float64 {
	least := 0.1 / max(rows, 1)
	if v == nil {
		return min(1, max((1-c.NullFrac)/max(c.NDV, 1), least))
	}
	if v.Null {
		return 0
	}
	if f, ok := c.common(*v); ok {
		return f
	}
	rest := max(0, 1-c.NullFrac-c.commonFrac())
	f := rest / max(c.NDV-float64(len(c.MCV)), 1)
	if n := len(c.MCV); n > 0 { // a value that is not among them is less frequent than all of them
		f = min(f, c.MCV[n-1].Frac)
	}
	return min(1, max(f, least))
}

// LessFrac estimates the fraction of rows whose column is less than a value, or
// equal to it where orEqual.
func (c *Column) LessFrac(v sqltype.Datum, orEqual bool) float64 {
	frac, rest := 0.0, 1-c.NullFrac
	for i := range c.MCV {
		m := &c.MCV[i]
		rest -= m.Frac
		if d := c.compare(m.Value, v); d < 0 || d == 0 && orEqual {
			frac += m.Frac
		}
	}
	if rest <= 0 {
		return min(1, frac)
	}
	if len(c.Bounds) < 2 {
		return min(1, frac+rest*DefaultRangeFrac)
	}
	return min(1, frac+rest*c.below(v))
}

// WithinFrac estimates the fraction of rows whose column is at least one value and less than
// another: of texts, which crowd together, by the bounds that lie between them rather than by
// how far apart they are.
func (c *Column) WithinFrac(least, past sqltype.Datum) float64 {
	frac, rest := 0.0, 1-c.NullFrac
	within := func(d sqltype.Datum) bool { return c.compare(d, least) >= 0 && c.compare(d, past) < 0 }
	for i := range c.MCV {
		rest -= c.MCV[i].Frac
		if within(c.MCV[i].Value) {
			frac += c.MCV[i].Frac
		}
	}
	bounds := 0
	for _, d := range c.Bounds {
		if within(d) {
			bounds++
		}
	}
	if bounds > 0 && rest > 0 && len(c.Bounds) > 1 {
		frac += rest * min(1, float64(bounds)/float64(len(c.Bounds)-1))
	}
	return max(frac, c.LessFrac(past, false)-c.LessFrac(least, false))
}

// below is the part of the histogram that lies below a value.
func (c *Column) below(v sqltype.Datum) float64 {
	n := len(c.Bounds)
	i := sort.Search(n, func(i int) bool { return c.compare(c.Bounds[i], v) >= 0 })
	switch i {
	case 0:
		return 0
	case n:
		return 1
	}
	return (float64(i-1) + c.within(c.Bounds[i-1], c.Bounds[i], v)) / float64(n-1)
}

// within says how far between two bounds a value lies, 0 to 1.
func (c *Column) within(lo, hi, v sqltype.Datum) float64 {
	prefix := 0
	if c.Type.Phys() == sqltype.PhysString {
		for prefix < len(lo.Str) && prefix < len(hi.Str) && lo.Str[prefix] == hi.Str[prefix] {
			prefix++
		}
	}
	a, ok1 := scalar(c.Type, lo, prefix)
	z, ok2 := scalar(c.Type, hi, prefix)
	x, ok3 := scalar(c.Type, v, prefix)
	if !ok1 || !ok2 || !ok3 || z <= a {
		return 0.5
	}
	return math.Max(0, math.Min(1, (x-a)/(z-a)))
}

// scalar maps a value to a number of the same order, as far as that goes; of text
// the bytes after a prefix that is common to what it is compared with.
func scalar(t sqltype.Type, d sqltype.Datum, prefix int) (float64, bool) {
	switch t.Phys() {
	case sqltype.PhysInt:
		return float64(d.Int), true
	case sqltype.PhysFloat:
		return d.Float, !math.IsNaN(d.Float) && !math.IsInf(d.Float, 0)
	case sqltype.PhysNumeric:
		f := d.Num.Float64()
		return f, !math.IsNaN(f) && !math.IsInf(f, 0)
	case sqltype.PhysInterval:
		return (float64(d.Ivl.Months)*30+float64(d.Ivl.Days))*86400e6 + float64(d.Ivl.Micros), true
	case sqltype.PhysString:
		f, unit := 0.0, 1.0
		for i := prefix; i < prefix+8; i++ {
			unit /= 256
			if i < len(d.Str) {
				f += float64(d.Str[i]) * unit
			}
		}
		return f, true
	}
	return 0, false
}
