package query

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
)

// The tables and views of pg_catalog and information_schema. Their columns are
// PostgreSQL's, in its order, as systemviews.txt lists them; their rows are made of the catalog
// as the statement sees it by the functions of systemRows. One without a function has no
// rows, since it is about what Weft does not have. A view of which PostgreSQL's would have
// rows that cannot be made here is not listed, so that it is refused and not empty.

//go:embed systemviews.txt
var systemViewText string

// catalogSource is the name under which system views stand in plans.
const catalogSource = "catalog"

// systemView is a table or view of pg_catalog or information_schema.
type systemView struct {
	schema, name string
	kind         string // r or v, as in pg_class
	oid          int
	columns      []plan.ColInfo
	notNull      []bool
	at           map[string]int
}

// systemViews are the views by schema and name, systemList in the order of the file.
var systemViews, systemList = readSystemViews(systemViewText)

// viewTypes are the types of columns of system views by name.
var viewTypes = map[string]sqltype.Type{"name": sqltype.TName, "text": sqltype.TText, "varchar": sqltype.TVarchar, "int2": sqltype.TInt2, "int4": sqltype.TInt4,
	"int8": sqltype.TInt8, "bool": sqltype.TBool, "oid": sqltype.TOID, "float4": sqltype.TFloat4, "float8": sqltype.TFloat8, "timestamptz": sqltype.TTimestampTZ,
	"char": sqltype.TChar, "int2vector": sqltype.TInt2Vector, "oidvector": sqltype.TOIDVector, "xid": sqltype.Reg(sqltype.RegXID), "regproc": sqltype.Reg(sqltype.RegProc),
	"regtype": sqltype.Reg(sqltype.RegType), "interval": sqltype.TInterval, "bytea": sqltype.TBytea, "inet": {ID: sqltype.Inet}}

func viewType(name string) sqltype.Type {
	elem, array := strings.CutSuffix(name, "[]")
	t, ok := viewTypes[elem]
	if !ok {
		panic("query: no type " + name + " in systemviews.txt")
	}
	if array {
		return sqltype.ArrayOf(t)
	}
	return t
}

// readSystemViews reads lines of "schema.name kind oid: column type, …".
func readSystemViews(file string) (map[string]*systemView, []*systemView) {
	views, list := map[string]*systemView{}, []*systemView(nil)
	for _, line := range strings.Split(file, "\n") {
		head, cols, ok := strings.Cut(line, ": ")
		if !ok || line[0] == '#' {
			continue
		}
		words := strings.Fields(head)
		v := &systemView{kind: words[1], at: map[string]int{}}
		v.schema, v.name, _ = strings.Cut(words[0], ".")
		if v.oid, _ = strconv.Atoi(words[2]); v.oid == 0 {
			v.oid = madeOID("view", v.schema, v.name)
		}
		for i, def := range strings.Split(cols, ", ") {
			name, typ, _ := strings.Cut(def, " ")
			typ, notNull := strings.CutSuffix(typ, "!")
			v.columns = append(v.columns, plan.ColInfo{Name: name, Type: viewType(typ)})
			v.notNull, v.at[name] = append(v.notNull, notNull), i
		}
		views[words[0]], list = v, append(list, v)
	}
	return views, list
}

// virtualTable finds a system view for the binder; nil where there is none.
func virtualTable(schema, name string) *plan.VirtualTable {
	object := schema + "." + name
	v, ok := systemViews[object]
	if !ok {
		return nil
	}
	t := &plan.VirtualTable{Source: catalogSource, Object: object, Columns: v.columns}
	if v.kind == "r" { // tables have system columns; rows are as old as can be
		t.Columns, t.Hidden = append(slices.Clone(v.columns), plan.ColInfo{Name: "tableoid", Type: sqltype.TOID}, plan.ColInfo{Name: "xmin", Type: sqltype.TOID}), 2
	}
	return t
}

// viewCall makes the rows of a system view.
type viewCall struct {
	ctx  context.Context
	e    *Engine
	s    *Session
	tx   *txn.Tx
	db   string
	snap *catalog.Snapshot
	view *systemView
	rows [][]sqltype.Datum
}

// row are values of a row by the names of their columns; the others are NULL, or zero
// where they cannot be.
type row map[string]any

// add adds a row of the first columns; the others are as in set.
func (v *viewCall) add(values ...any) {
	d := v.empty()
	for i, x := range values {
		d[i] = viewDatum(v.view.columns[i].Type, x)
	}
	v.rows = append(v.rows, d)
}

// set adds a row.
func (v *viewCall) set(r row) {
	d := v.empty()
	for name, x := range r {
		i, ok := v.view.at[name]
		if !ok {
			panic(fmt.Sprintf("query: %s.%s has no column %s", v.view.schema, v.view.name, name))
		}
		d[i] = viewDatum(v.view.columns[i].Type, x)
	}
	v.rows = append(v.rows, d)
}

func (v *viewCall) empty() []sqltype.Datum {
	d := make([]sqltype.Datum, len(v.view.columns), len(v.view.columns)+2)
	for i, zero := range v.view.notNull {
		if !zero {
			d[i] = sqltype.NullDatum
		}
	}
	return append(d, sqltype.Datum{Int: int64(v.view.oid)}, sqltype.Datum{Int: 1})
}

func viewDatum(t sqltype.Type, x any) sqltype.Datum {
	switch x := x.(type) {
	case string:
		return text(x)
	case int:
		return sqltype.Datum{Int: int64(x)}
	case int64:
		return sqltype.Datum{Int: x}
	case uint32:
		return sqltype.Datum{Int: int64(x)}
	case float64:
		if t.ID == sqltype.Float4 {
			x = float64(float32(x))
		}
		return sqltype.Datum{Float: x}
	case *sqltype.ArrayValue:
		return sqltype.Datum{Any: x}
	case bool:
		return boolDatum(x)
	case time.Time:
		return sqltype.Datum{Int: sqltype.TimestampFromGo(x)}
	case time.Duration:
		return sqltype.Datum{Ivl: sqltype.IntervalValue{Micros: x.Microseconds()}}
	}
	return sqltype.NullDatum
}

// orNull is a text, or NULL where it is empty.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// viewRows gives the rows of a system view, all columns.
func (v *systemSource) viewRows(ctx context.Context, snap *catalog.Snapshot, object string) ([][]sqltype.Datum, error) {
	view, ok := systemViews[object]
	if !ok {
		return nil, dberr.SQL(dberr.StateUndefinedTable, "relation %q does not exist", object)
	}
	make, ok := systemRows[object]
	if !ok {
		return nil, nil
	}
	c := &viewCall{ctx: ctx, e: v.e, s: v.s, tx: v.tx, db: v.db, snap: snap, view: view}
	err := make(c)
	return c.rows, err
}
