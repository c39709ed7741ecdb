package query

import (
	"context"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// The functions that tell sizes. A size is estimated from a sample of entries, keys and
// values before compression; of the tables of other models it is NULL, and of what has no
// storage 0.

func (c *catalogCall) sizeOf(oid int64, choose func(t *catalog.Table, x *catalog.Index) bool) (sqltype.Datum, error) {
	r := c.relation(oid)
	switch {
	case r == nil || r.table != nil && r.table.External != nil:
		return sqltype.NullDatum, nil
	case r.table == nil:
		return sqltype.Datum{}, nil
	}
	rows, err := c.s.e.rows.exact(context.Background(), r.table)
	if err != nil {
		return sqltype.NullDatum, err
	}
	total := int64(0)
	for i := range r.table.Indexes {
		x := &r.table.Indexes[i]
		if r.index != nil && x.ID != r.index.ID || r.index == nil && !choose(r.table, x) {
			continue
		}
		bytes, sampled, err := sampleSize(context.Background(), c.s.e.store, r.table, x)
		if err != nil {
			return sqltype.NullDatum, err
		}
		if sampled > 0 {
			total += bytes * rows / sampled
		}
	}
	return sqltype.Datum{Int: total}, nil
}

// relationSize is the size of a table's rows, which its primary index holds, or of an index.
func (c *catalogCall) relationSize(args []sqltype.Datum) (sqltype.Datum, error) {
	return c.sizeOf(args[0].Int, func(t *catalog.Table, x *catalog.Index) bool { return x.ID == t.Indexes[0].ID })
}

func (c *catalogCall) indexesSize(args []sqltype.Datum) (sqltype.Datum, error) {
	return c.sizeOf(args[0].Int, func(t *catalog.Table, x *catalog.Index) bool { return x.ID != t.Indexes[0].ID })
}

func (c *catalogCall) totalSize(args []sqltype.Datum) (sqltype.Datum, error) {
	return c.sizeOf(args[0].Int, func(*catalog.Table, *catalog.Index) bool { return true })
}
