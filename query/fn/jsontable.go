package fn

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"strings"
)

// JSONTable is a level of JSON_TABLE: the rows that a path finds, with the columns that are
// computed for each and the levels nested within it.
type JSONTable struct {
	Path    string
	Columns []JSONColumn
	Nested  []*JSONTable
}

// JSONColumn is a column of JSON_TABLE: Query on the row's item, or, where it is nil, the
// row's number within its level. Out is its place among the columns of the function;
// Empty and Failed are the arguments with the values of DEFAULT, 0 for none.
type JSONColumn struct {
	Query         *JSONQuery
	Path          string
	Out           int
	Empty, Failed int
}

// Func makes the function of (item jsonb, values of PASSING, values of DEFAULT). Where
// throws is set, errors of the topmost path are told; else it then gives no rows.
func (t *JSONTable) Func(args []sqltype.Type, cols []Column, names []string, throws bool) *SetFunc {
	return &SetFunc{Name: "json_table", Args: args, Cols: cols, Volatility: Stable, open: func(c *call) (SetIter, error) {
		if c.arg[0].Null {
			return noRows{}, nil
		}
		x := &jsonTableRun{env: c.env, vars: jsonVars(c, names, 1), args: c.arg, width: len(cols), out: &listed{}}
		items, err := x.items(c.arg[0].Str, t.Path)
		if e := dberr.As(err); e != nil && !throws && strings.HasPrefix(e.SQLState, "22") {
			return noRows{}, nil
		}
		if err != nil {
			return nil, err
		}
		rows, err := x.level(t, items)
		x.out.rows = rows
		return x.out, err
	}}
}

type jsonTableRun struct {
	env   *Env
	vars  string
	args  []sqltype.Datum
	width int
	out   *listed
}

func (x *jsonTableRun) items(doc, path string) ([]string, error) {
	return pathTexts(pathCall{doc: doc, path: path, vars: x.vars, zones: true, env: x.env})
}

// level gives the rows of a level and those nested within: the nested levels follow each
// other, and where none has a row there is one without them.
func (x *jsonTableRun) level(t *JSONTable, items []string) (rows [][]sqltype.Datum, err error) {
	for n, item := range items {
		row := make([]sqltype.Datum, x.width)
		for i := range row {
			row[i] = sqltype.NullDatum
		}
		for _, c := range t.Columns {
			if row[c.Out], err = x.column(c, item, n+1); err != nil {
				return nil, err
			}
		}
		var below [][]sqltype.Datum
		for _, nested := range t.Nested {
			found, err := x.items(item, nested.Path)
			if e := dberr.As(err); e != nil && strings.HasPrefix(e.SQLState, "22") {
				found, err = nil, nil
			}
			if err != nil {
				return nil, err
			}
			more, err := x.level(nested, found)
			if err != nil {
				return nil, err
			}
			below = append(below, more...)
		}
		if len(below) == 0 {
			rows = append(rows, row)
			continue
		}
		for _, b := range below {
			for _, c := range t.Columns {
				b[c.Out] = row[c.Out]
			}
		}
		rows = append(rows, below...)
	}
	return rows, nil
}

func (x *jsonTableRun) column(c JSONColumn, item string, n int) (sqltype.Datum, error) {
	if c.Query == nil {
		return sqltype.Datum{Int: int64(n)}, nil
	}
	def := func(i int) sqltype.Datum {
		if i == 0 {
			return sqltype.NullDatum
		}
		return x.args[i]
	}
	return c.Query.of(x.env, item, c.Path, x.vars, def(c.Empty), def(c.Failed))
}
