// Package stats says how many rows a table has and how its values are spread,
// for the planner's estimates.
//
// Estimates decide only between plans, never about results, so they may be
// stale. Nothing here is exact but what says so.
package stats

import (
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// Column describes the values of one column.
type Column struct {
	// NullFrac is the fraction of NULLs.
	NullFrac float64
	// NDV is the number of distinct values other than NULL.
	NDV float64
	// Width is the average size of a value in bytes.
	Width float64
	// MCV are the most common values with their fractions of all rows.
	MCV []Common
	// Bounds cut the values that are not in MCV into parts of equal frequency.
	Bounds []sqltype.Datum
}

// Common is a frequent value.
type Common struct {
	Value sqltype.Datum
	Frac  float64
}

// Table describes a table.
type Table struct {
	Rows    float64
	Columns map[catalog.ColumnID]*Column
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

// NDVOf estimates the number of distinct values of a column.
func (t *Table) NDVOf(id catalog.ColumnID) float64 {
	if c := t.Columns[id]; c != nil && c.NDV > 0 {
		return min(c.NDV, max(t.Rows, 1))
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

// EqFrac estimates the fraction of rows whose column equals a value; v is nil
// where the value is not known yet. equal compares two values of the column's type.
func (c *Column) EqFrac(rows float64, v *sqltype.Datum, compare func(a, b sqltype.Datum) int) float64 {
	rest, left := 1-c.NullFrac, c.NDV
	if v != nil {
		if v.Null {
			return 0
		}
		for _, m := range c.MCV {
			if compare(m.Value, *v) == 0 {
				return m.Frac
			}
			rest -= m.Frac
			left--
		}
	}
	if left < 1 {
		left = 1
	}
	return min(1, max(rest/left, 0.1/max(rows, 1)))
}

// LessFrac estimates the fraction of rows whose column is less than a value.
func (c *Column) LessFrac(v sqltype.Datum, compare func(a, b sqltype.Datum) int) float64 {
	frac, rest := 0.0, 1-c.NullFrac
	for _, m := range c.MCV {
		rest -= m.Frac
		if compare(m.Value, v) < 0 {
			frac += m.Frac
		}
	}
	if n := len(c.Bounds); n > 1 {
		i := 0
		for i < n && compare(c.Bounds[i], v) < 0 {
			i++
		}
		part := float64(i) / float64(n-1)
		if i > 0 && i < n {
			part = (float64(i) - 0.5) / float64(n-1)
		}
		return min(1, frac+max(rest, 0)*min(part, 1))
	}
	return min(1, frac+max(rest, 0)*DefaultRangeFrac)
}
