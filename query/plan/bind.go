package plan

import (
	"fmt"
	"runtime/debug"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
)

// VirtualTable describes a system view or a table of another model.
type VirtualTable struct {
	Source, Object string
	Columns        []ColInfo
	// Hidden is how many of the last columns have to be named: * leaves them out.
	Hidden int
}

// Scope is what a statement is bound against.
type Scope struct {
	Catalog *catalog.Snapshot
	// Path is the list of schemas in which unqualified names are looked up.
	Path []string
	// Temp is the schema of the session's temporary objects, "" where it has none.
	Temp     string
	Database string
	// Params are the types of the parameters, Unknown where the statement decides.
	Params []sqltype.Type
	// Env reads literals whose meaning depends on the session.
	Env *sqltype.Env
	// Virtual finds a system view; nil where there is none.
	Virtual func(schema, name string) *VirtualTable
	// External finds a table of another model, as of a timestamp (0 for that of the
	// transaction); nil without an error where the schema is no model's. It may be nil.
	External func(schema, name string, asOf uint64) (*catalog.Table, error)
	// Sequence gives the function that yields the following value of a sequence; what
	// is nextval, currval, setval or lastval (then the sequence is nil).
	Sequence func(what string, seq *catalog.Sequence) *fn.Func
	// SequenceBy is Sequence with the name of the sequence as its first argument, which find
	// looks up.
	SequenceBy func(what string, find func(name string) (*catalog.Sequence, error)) *fn.Func
	// CatalogFunc makes a function that looks into the catalog, for a number of
	// arguments; nil where there is none.
	CatalogFunc func(name string, args int) *fn.Func
	// History gives the catalog as of the time that an expression of AS OF SYSTEM TIME
	// names, and its timestamp.
	History func(e ast.Expr) (*catalog.Snapshot, uint64, error)
	// Implies reports whether a condition over the slots of a table implies another; nil proves
	// only a condition that is the same.
	Implies func(t *catalog.Table, given, pred Expr) bool
	// RowKeys has the query give the keys of rows of its tables, for a cursor.
	RowKeys bool
	// Cursor gives the key of the row of a table on which a cursor stands; nil where it stands on
	// none of it.
	Cursor func(name string, t *catalog.Table) ([]sqltype.Datum, error)
	// MySQL binds the statement with the meaning of that dialect.
	MySQL bool
	// Maintains lets the statement write to materialized views.
	Maintains bool
	// MaxDepth bounds the nesting of views and subqueries; 0 means 4000.
	MaxDepth int
}

// binder binds one statement. Errors travel as panics of type bindError and are
// caught in Bind, so that the code reads as the rules do.
type binder struct {
	*Scope
	q           *Query
	mysql       bool         // Scope.MySQL, but not within what is stored
	pos         map[Expr]int // positions of literals, parameters and columns
	source      map[*Var]string
	rows        map[Col][]sqltype.Type // the fields of rows without a type that columns are known to be
	given       []bool                 // parameters whose type was given or has been decided
	depth       int
	reads       map[relKey]bool     // what the statement reads, for views
	uses        *Uses               // where wanted
	mergeAction *string             // what merge_action() is, nil outside of MERGE … RETURNING
	asOf        uint64              // within a view that is read as of a time
	hit         visible             // the column that was found last
	root        *ast.Select         // the statement, where it is a query
	rowOnly     bool                // there is no query that subqueries could be part of
	texts       *texts              // where what is bound is to be shown
	fn          *funcBody           // the function whose body is being bound
	within      []keyspace.ObjectID // the functions around, those around a view included
	inlined     int                 // how many bodies of functions have been bound
	opaque      bool                // calls of functions are not to be replaced by their bodies
}

type relKey struct{ schema, name string }

type bindError struct{ err error }

func fail(err error) { panic(bindError{err}) }

func failAt(pos int, state, format string, args ...any) {
	fail(dberr.SQL(state, format, args...).At(pos))
}

// unsupported refuses a feature by name.
func unsupported(pos int, what string) {
	failAt(pos, dberr.StateFeatureNotSupported, "%s is not supported", what)
}

// at adds the position to an error that has none.
func at(err error, pos int) error {
	if e := dberr.As(err); e != nil {
		e.At(pos)
	}
	return err
}

func catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case bindError:
		*err = r.err
	default:
		*err = dberr.SQL(dberr.StateInternal, "the statement could not be analysed").Wrap(fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
	}
}

func newBinder(s *Scope) *binder {
	b := &binder{Scope: s, q: &Query{}, pos: map[Expr]int{}, source: map[*Var]string{}, reads: map[relKey]bool{}}
	for i, t := range s.Params {
		b.q.Params = append(b.q.Params, t)
		b.given = append(b.given, s.Params[i].ID != sqltype.Unknown)
	}
	return b
}

// Bind looks up the names of a query or a change of data and decides its types.
func Bind(s *Scope, stmt ast.Stmt) (q *Query, err error) {
	defer catch(&err)
	b := newBinder(s)
	b.mysql = s.MySQL
	out := b.statement(stmt, nil)
	b.q.Rel = out.rel
	b.q.Out = out.cols
	for i, c := range out.cols {
		b.settle(out, i)
		b.q.Info[c].Name = out.names[i]
	}
	b.q.Rel, b.q.Out = b.outputs(out)
	for i := range b.q.Params {
		if b.q.Params[i].ID == sqltype.Unknown {
			b.q.Params[i] = sqltype.TText
		}
	}
	b.q.Rel = b.resolveParams(b.q.Rel)
	return b.q, nil
}

// outputs gives each output column an id of its own with its name.
func (b *binder) outputs(out *bound) (Rel, []Col) {
	if out.names == nil {
		return out.rel, nil
	}
	seen, same := ColSet{}, len(out.cols) == len(out.rel.Cols())
	for i, c := range out.cols {
		same = same && !seen.Has(c) && out.rel.Cols()[i] == c && b.q.Info[c].Name == out.names[i]
		seen.Add(c)
	}
	if same {
		return out.rel, out.cols
	}
	p := &LProject{Input: out.rel}
	for i, c := range out.cols {
		p.Exprs = append(p.Exprs, b.q.Ref(c))
		p.ColIDs = append(p.ColIDs, b.q.NewCol(out.names[i], b.q.TypeOf(c)))
	}
	return p, p.ColIDs
}

// resolveParams gives parameters that nothing decided the type text.
func (b *binder) resolveParams(r Rel) Rel {
	return MapRel(r, func(e Expr) Expr {
		if p, ok := e.(*Param); ok && p.Typ.ID == sqltype.Unknown {
			return &Param{Typ: sqltype.TText, Index: p.Index}
		}
		return e
	})
}

// bound is a bound query: its columns by position.
type bound struct {
	rel   Rel
	cols  []Col
	names []string // nil where the statement returns no rows
}

func (b *binder) statement(stmt ast.Stmt, parent *scope) *bound {
	switch s := stmt.(type) {
	case *ast.Select:
		if parent == nil {
			b.q.Command = "SELECT"
			b.root = s
		}
		return b.query(s, parent, nil)
	case *ast.Insert:
		b.q.Writes = true
		if parent == nil {
			b.q.Command = "INSERT"
		}
		return b.insert(s, parent)
	case *ast.Update:
		b.q.Writes = true
		if parent == nil {
			b.q.Command = "UPDATE"
		}
		if s.Table == nil {
			return b.updateJoined(s, parent)
		}
		return b.update(s, parent)
	case *ast.Delete:
		b.q.Writes = true
		if parent == nil {
			b.q.Command = "DELETE"
		}
		if s.Table == nil {
			return b.deleteJoined(s, parent)
		}
		return b.delete(s, parent)
	case *ast.Merge:
		b.q.Writes = true
		if parent == nil {
			b.q.Command = "MERGE"
		}
		return b.merge(s, parent)
	}
	unsupported(stmt.Pos(), "this statement here")
	return nil
}

// enter guards against recursion without end.
func (b *binder) enter(pos int) func() {
	limit := b.MaxDepth
	if limit == 0 {
		limit = 4000
	}
	b.depth++
	if b.depth > limit {
		fail(dberr.SQL(dberr.StateStatementTooComplex, "stack depth limit exceeded").
			WithHint("Queries and views may be nested %d deep, operators included.", limit).At(pos))
	}
	return func() { b.depth-- }
}

// BindRowExpr binds an expression over the columns of one table, such as a CHECK, a
// DEFAULT or the key of an index. The columns become slots. A type other than Unknown
// is what it is assigned to. What names the context in errors.
func BindRowExpr(s *Scope, t *catalog.Table, e ast.Expr, want sqltype.Type, what string) (out Expr, err error) {
	defer catch(&err)
	b := newBinder(s)
	b.rowOnly = true
	sc := b.newScope(nil)
	sc.what, sc.noAgg, sc.noWin = what, what+"s", what+"s"
	slots := map[Col]int{}
	if t != nil {
		ids := make([]Col, len(t.Columns))
		for i, c := range t.Columns {
			ids[i] = b.q.NewCol(c.Name, c.Type)
			slots[ids[i]] = i
		}
		sc.add(b.tableEntry(t, t.Name, ids))
	}
	x := b.expr(sc, e)
	if want.ID != sqltype.Unknown {
		x = b.assign(x, want, "", e.Pos())
	} else {
		x = b.settled(x)
	}
	bad := false
	x = Map(x, func(e Expr) Expr {
		switch e := e.(type) {
		case *Var:
			return &Slot{Typ: e.Typ, Index: slots[e.Col], Name: e.Name}
		case *SubLink:
			bad = true
		}
		return e
	})
	if bad {
		failAt(e.Pos(), dberr.StateFeatureNotSupported, "cannot use subquery in %s", what)
	}
	return x, nil
}
