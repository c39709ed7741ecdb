package fn

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// RecordField takes a field out of a row.
func RecordField(row sqltype.Type, field int, ret sqltype.Type) *Func {
	return &Func{Name: "field", Args: []sqltype.Type{row}, Ret: ret, Strict: true, Eval: rowwise(func(c *call) (sqltype.Datum, error) {
		r := c.arg[0].Any.(*sqltype.RecordValue)
		if field >= len(r.Vals) {
			return sqltype.NullDatum, nil
		}
		return r.Vals[field], nil
	})}
}

// populateRow makes a row of a composite type from a JSON object; what the object has no key
// for is as in base.
func populateRow(env *Env, t sqltype.Type, base sqltype.Datum, raw string) (sqltype.Datum, error) {
	c, ok := sqltype.CompositeOf(t)
	if !ok {
		return sqltype.NullDatum, dberr.SQL(dberr.StateDatatypeMismatch, "could not determine row type")
	}
	old, _ := base.Any.(*sqltype.RecordValue)
	r := &sqltype.RecordValue{}
	for i, f := range c.Fields {
		d := sqltype.NullDatum
		if !base.Null && old != nil && i < len(old.Vals) {
			d = old.Vals[i]
		}
		if v, ok := rawKey(raw, f.Name); ok {
			var err error
			if d, err = populate(env, f.Type, v); err != nil {
				return d, err
			}
		}
		r.Types, r.Vals = append(r.Types, f.Type), append(r.Vals, d)
	}
	return sqltype.Datum{Any: r}, nil
}

// populated is json_populate_record: the row for the JSON of an object.
func populated(name string, c *call, raw string) (sqltype.Datum, error) {
	if !c.typ[0].HasFields() {
		return sqltype.NullDatum, dberr.SQL(dberr.StateDatatypeMismatch, "first argument of %s must be a row type", name)
	}
	switch rawKind(raw) {
	case '{':
		return populateRow(c.env, c.typ[0], c.arg[0], raw)
	case '[':
		return sqltype.NullDatum, errParam("cannot call %s on an array", name)
	}
	return sqltype.NullDatum, errParam("cannot call %s on a scalar", name)
}

// populatedSet gives the rows of json_populate_recordset.
func populatedSet(name string, c *call) (rows []sqltype.Datum, err error) {
	if c.arg[1].Null {
		return nil, nil
	}
	raw := c.arg[1].Str
	if rawKind(raw) != '[' {
		return nil, errParam("cannot call %s on %s", name, map[bool]string{true: "an object", false: "a scalar"}[rawKind(raw) == '{'])
	}
	rawMembers(raw, func(_, v string) bool {
		if rawKind(v) != '{' {
			err = errParam("argument of %s must be an array of objects", name)
			return false
		}
		var d sqltype.Datum
		d, err = populated(name, c, v)
		rows = append(rows, d)
		return err == nil
	})
	return rows, err
}

// JSONPopulate is json_populate_record, or json_populate_recordset where many, in FROM: with a
// column for each field.
func JSONPopulate(name string, row, arg sqltype.Type, cols []Column, many bool) *SetFunc {
	return &SetFunc{Name: name, Args: []sqltype.Type{row, arg}, Cols: cols, Volatility: Stable, open: func(c *call) (SetIter, error) {
		var rows []sqltype.Datum
		var err error
		if many {
			rows, err = populatedSet(name, c)
		} else {
			rows = []sqltype.Datum{c.arg[0]}
			if !c.arg[1].Null {
				rows[0], err = populated(name, c, c.arg[1].Str)
			}
		}
		l := &listed{}
		for _, d := range rows {
			vals := make([]sqltype.Datum, len(cols))
			r, _ := d.Any.(*sqltype.RecordValue)
			for i := range vals {
				if vals[i] = sqltype.NullDatum; !d.Null && r != nil && i < len(r.Vals) {
					vals[i] = r.Vals[i]
				}
			}
			l.rows = append(l.rows, vals)
		}
		return l, err
	}}
}

// Spread makes a function whose rows are values of a composite type one with a column for
// each field.
func Spread(f *SetFunc) *SetFunc {
	c, ok := sqltype.CompositeOf(f.Cols[0].Type)
	if !ok {
		return f
	}
	g := *f
	g.Cols = nil
	for _, field := range c.Fields {
		g.Cols = append(g.Cols, Column{field.Name, field.Type})
	}
	g.open = func(c *call) (SetIter, error) {
		c.ret = f.Cols[0].Type
		it, err := f.open(c)
		return &spread{it: it, row: vec.NewVector(f.Cols[0].Type, 0)}, err
	}
	return &g
}

type spread struct {
	it  SetIter
	row *vec.Vector
}

func (s *spread) Next(out []*vec.Vector, limit int) (int, error) {
	s.row.Reset(0)
	n, err := s.it.Next([]*vec.Vector{s.row}, limit)
	for i := range n {
		r, _ := s.row.Get(i).Any.(*sqltype.RecordValue)
		for k, v := range out {
			d := sqltype.NullDatum
			if r != nil && k < len(r.Vals) {
				d = r.Vals[k]
			}
			v.AppendDatum(d)
		}
	}
	return n, err
}

func registerComposite(t *tables) {
	// Drivers call this helper of PostgreSQL's information_schema.
	t.set("information_schema._pg_expandarray(anyarray) anyelement", "x anyelement,n int4", func(c *call) (SetIter, error) {
		l := &listed{}
		for i, v := range arrayOfDatum(c.arg[0]).Vals {
			l.rows = append(l.rows, []sqltype.Datum{v, {Int: int64(i + 1)}})
		}
		return l, nil
	})
	for _, typ := range []string{"json", "jsonb"} {
		name := typ + "_populate_record"
		t.def(name+"(anyelement,"+typ+") anyelement called stable", rowwise(func(c *call) (sqltype.Datum, error) {
			if c.arg[1].Null {
				return c.arg[0], nil
			}
			return populated(name, c, c.arg[1].Str)
		}))
		t.set(name+"set(anyelement,"+typ+") anyelement called stable", "", func(c *call) (SetIter, error) {
			rows, err := populatedSet(name+"set", c)
			return listOf(rows), err
		})
	}
}

// Discard computes its argument and gives nothing: a function that returns void.
func Discard(name string, arg sqltype.Type) *Func {
	return &Func{Name: name, Args: []sqltype.Type{arg}, Ret: sqltype.Type{ID: sqltype.Void}, Volatility: Volatile,
		Eval: rowwise(func(*call) (sqltype.Datum, error) { return sqltype.NullDatum, nil })}
}
