package query

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// regClass is the type of arguments that name relations.
var regClass = sqltype.Reg(sqltype.RegClass)

// regKinds say how names of each kind are read and shown.
var regKinds = map[int32]struct {
	oid, name func(c *catalogCall, args []sqltype.Datum) (sqltype.Datum, error)
}{
	sqltype.RegClass:     {(*catalogCall).classOID, (*catalogCall).className},
	sqltype.RegType:      {(*catalogCall).typeOID, (*catalogCall).typeName},
	sqltype.RegProc:      {(*catalogCall).procOID, (*catalogCall).procName},
	sqltype.RegProcedure: {(*catalogCall).procedureOID, (*catalogCall).procedureName},
	sqltype.RegOper:      {(*catalogCall).operOID, (*catalogCall).operName},
	sqltype.RegOperator:  {(*catalogCall).operatorOID, (*catalogCall).operatorName},
	sqltype.RegNamespace: {(*catalogCall).schemaOID, (*catalogCall).schemaName},
	sqltype.RegRole:      {(*catalogCall).roleOID, (*catalogCall).roleName},
}

// The functions that ask whether something of a name is there: it, or NULL.
func init() {
	for kind := range regKinds {
		catalogFunctions["to_"+sqltype.Reg(kind).Name()] = catalogFunction{[]sqltype.Type{sqltype.TText}, 1, sqltype.Reg(kind),
			func(c *catalogCall, args []sqltype.Datum) (sqltype.Datum, error) {
				if _, err := strconv.ParseUint(args[0].Str, 10, 32); err == nil {
					return sqltype.NullDatum, nil // a name, and no number
				}
				d, err := c.named(kind, args[0].Str)
				if e := dberr.As(err); e != nil && slices.Contains(absent, e.SQLState) {
					return sqltype.NullDatum, nil
				}
				return d, err
			}}
	}
}

// absent are the states by which reading a name says that there is nothing of it.
var absent = []string{dberr.StateUndefinedTable, dberr.StateUndefinedObject, dberr.StateUndefinedFunction, dberr.StateInvalidSchemaName, "42725"}

// named finds what a text names: "-" is none, and a number stands for itself.
func (c *catalogCall) named(kind int32, s string) (sqltype.Datum, error) {
	if n, ok := number(s); ok {
		return sqltype.Datum{Int: n}, nil
	}
	return regKinds[kind].oid(c, []sqltype.Datum{text(s)})
}

// names reads and shows the names of objects for the statement of a session that runs.
type names struct{ s *Session }

// catalog is what the transaction sees; there is none once it has ended.
func (n names) catalog() (*catalog.Snapshot, error) {
	if n.s.tx == nil {
		return nil, dberr.SQL(dberr.StateFeatureNotSupported, "a name cannot be read outside of a statement")
	}
	return n.s.e.cat.At(n.s.tx, n.s.db.ID)
}

// RegName implements sqltype.Names.
func (n names) RegName(kind int32, oid int64) string {
	if oid == 0 {
		return "-"
	}
	snap, err := n.catalog()
	if err == nil {
		known := &n.s.shownNames
		if path := strings.Join(n.s.set.path, ","); known.snap != snap || known.path != path {
			*known = shownNames{snap: snap, path: path, names: map[shownName]string{}}
		}
		if s, ok := known.names[shownName{kind, oid}]; ok {
			return s
		}
		if d, err := regKinds[kind].name(&catalogCall{n.s, snap}, []sqltype.Datum{{Int: oid}}); err == nil && !d.Null {
			known.names[shownName{kind, oid}] = d.Str
			return d.Str
		}
	}
	return strconv.FormatInt(oid, 10)
}

// RegOID implements sqltype.Names.
func (n names) RegOID(kind int32, s string) (int64, error) {
	snap, err := n.catalog()
	if err != nil {
		return 0, err
	}
	d, err := (&catalogCall{n.s, snap}).named(kind, s)
	return d.Int, unplaced(err)
}

// shownNames are names that were looked up in a catalog already.
type shownNames struct {
	snap  *catalog.Snapshot
	path  string
	names map[shownName]string
}

type shownName struct {
	kind int32
	oid  int64
}

// typeOID reads the name of a type.
func (c *catalogCall) typeOID(args []sqltype.Datum) (sqltype.Datum, error) {
	name := args[0].Str
	if open, shut := strings.IndexByte(name, '('), strings.LastIndexByte(name, ')'); open > 0 && shut > open && name[0] != '"' {
		name = name[:open] + name[shut+1:] // a modifier changes nothing
	}
	t, terr := sqltype.TypeByName(name)
	if terr == nil && !strings.HasPrefix(strings.TrimSpace(name), `"`) {
		return sqltype.Datum{Int: int64(t.Base().OID())}, nil
	}
	elem, array := strings.CutSuffix(strings.TrimSpace(name), "[]")
	if under, ok := strings.CutPrefix(elem, "_"); ok && !array && under != "" { // the name of an array type
		if d, err := c.typeOID([]sqltype.Datum{{Str: under + "[]"}}); err == nil {
			return d, nil
		}
	}
	n, err := plan.SplitName(elem)
	if err != nil {
		return sqltype.NullDatum, err
	}
	t, user, err := plan.ResolveType(c.s.scope(c.snap, nil), &ast.TypeName{Schema: n.Schema, Name: n.Name})
	if err != nil {
		if rel, rerr := c.find(elem); rerr == nil && !array {
			for _, r := range pgRelations(c.snap) {
				if r.oid == objectOID(relationID(rel)) && rowTypeOID(&r) != 0 {
					return sqltype.Datum{Int: int64(rowTypeOID(&r))}, nil
				}
			}
		}
		return sqltype.NullDatum, err
	}
	oid := t.OID()
	if user != nil {
		oid = user.OID()
	}
	if array {
		oid = sqltype.ArrayOf(t).OID()
		if user != nil {
			oid = user.OID() | 1<<30
		}
	}
	return sqltype.Datum{Int: int64(oid)}, nil
}

// functionName reads the name of a function, which are all those of pg_catalog.
func functionName(s string) (string, error) {
	n, err := plan.SplitName(s)
	if err != nil || n.Schema != "" && n.Schema != catalog.SystemSchema {
		return "", err
	}
	return n.Name, nil
}

// showNames gives a client names in the place of object ids that are read and shown as such.
type showNames struct {
	Sink
	env  *sqltype.Env
	cols []int // those that are
}

// shown puts names into the results of a statement, where it has columns of object ids that
// are shown so.
func (r *running) shown(to Sink, cols []Column) (Sink, []Column) {
	n := &showNames{Sink: to}
	for i, c := range cols {
		if c.Type.Shown() == c.Type {
			continue
		}
		if n.cols == nil {
			cols = slices.Clone(cols)
		}
		n.cols = append(n.cols, i)
		cols[i].Type = c.Type.Shown()
	}
	if n.cols == nil {
		return to, cols
	}
	n.env = r.env().TypeEnv()
	return n, cols
}

// Batch implements Sink.
func (n *showNames) Batch(b *vec.Batch) error {
	out := *b
	out.Cols = slices.Clone(b.Cols)
	for _, c := range n.cols {
		from := b.Cols[c]
		v := vec.NewVector(from.Type.Shown(), b.Len)
		for k := range b.Rows() {
			i := k
			if b.Sel != nil {
				i = int(b.Sel[k])
			}
			d, err := shownDatum(from.Get(i), from.Type, n.env)
			if err != nil {
				return err
			}
			v.Set(i, d)
		}
		out.Cols[c] = v
	}
	return n.Sink.Batch(&out)
}

func shownDatum(d sqltype.Datum, t sqltype.Type, env *sqltype.Env) (sqltype.Datum, error) {
	if d.Null {
		return d, nil
	}
	if t.ID != sqltype.Array {
		return text(string(sqltype.AppendTextEnv(nil, env, t, d))), nil
	}
	a, ok := d.Any.(*sqltype.ArrayValue)
	if !ok {
		return d, nil
	}
	out := &sqltype.ArrayValue{Elem: t.Shown().ElemType(), Dims: a.Dims, Lower: a.Lower, Vals: make([]sqltype.Datum, len(a.Vals))}
	for i, v := range a.Vals {
		var err error
		if out.Vals[i], err = shownDatum(v, t.ElemType(), env); err != nil {
			return d, err
		}
	}
	return sqltype.Datum{Any: out}, nil
}
