package plan

import (
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// What follows binds as MySQL means it, where Scope.MySQL is set: numbers and truth
// values stand for each other, text that meets a number or a time becomes one (an error
// where it is none, never 0), / divides exactly, and division by zero is NULL. Stored
// expressions and views are PostgreSQL's and are bound without it.

// plainly binds what is stored, which is in PostgreSQL's dialect.
func (b *binder) plainly() (restore func()) {
	was, fn := b.mysql, b.fn
	b.mysql, b.fn = false, nil
	return func() { b.mysql, b.fn = was, fn }
}

func mysqlNumber(t sqltype.Type) bool {
	switch t.ID {
	case sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Numeric, sqltype.Float4, sqltype.Float8:
		return true
	}
	return false
}

func mysqlFloat(t sqltype.Type) bool { return t.ID == sqltype.Float4 || t.ID == sqltype.Float8 }

func mysqlText(t sqltype.Type) bool {
	return t.ID == sqltype.Text || t.ID == sqltype.Varchar || t.ID == sqltype.Bpchar || t.ID == sqltype.Name
}

func mysqlTime(t sqltype.Type) bool {
	switch t.ID {
	case sqltype.Date, sqltype.Time, sqltype.Timestamp, sqltype.TimestampTZ:
		return true
	}
	return false
}

func (b *binder) isText(e Expr) bool {
	c, ok := e.(*Const)
	return mysqlText(e.Type()) || ok && e.Type().ID == sqltype.Unknown && !c.Value.Null
}

// mysqlOperator prepares the operands of an operator; a result that is not nil is
// the whole operation.
func (b *binder) mysqlOperator(op string, l, r Expr, pos int) (Expr, Expr, Expr) {
	arithmetic := op == "+" || op == "-" || op == "*" || op == "/" || op == "%"
	compares := op == "=" || op == "<>" || op == "<" || op == "<=" || op == ">" || op == ">="
	if !arithmetic && !compares {
		return l, r, nil
	}
	if l.Type().ID == sqltype.Bool && (arithmetic || mysqlNumber(r.Type())) {
		l = b.cast(l, sqltype.TInt4, pos)
	}
	if r.Type().ID == sqltype.Bool && (arithmetic || mysqlNumber(l.Type())) {
		r = b.cast(r, sqltype.TInt4, pos)
	}
	l, r = b.mysqlText(arithmetic, l, r, pos), b.mysqlText(arithmetic, r, l, pos)
	switch op {
	case "/":
		return l, r, b.mysqlDivide(l, r, pos)
	case "%":
		if mysqlFloat(l.Type()) || mysqlFloat(r.Type()) {
			l, r = b.cast(l, sqltype.TNumeric, pos), b.cast(r, sqltype.TNumeric, pos)
		}
		return l, r, b.unlessZero(r, func() Expr { return b.resolved("%", l, r, pos) }, pos)
	}
	return l, r, nil
}

// mysqlText makes text a number or a time where it meets one.
func (b *binder) mysqlText(arithmetic bool, e, other Expr, pos int) Expr {
	column := mysqlText(e.Type())
	switch {
	case !b.isText(e):
	case mysqlTime(other.Type()):
		if column {
			return b.cast(e, other.Type(), pos)
		}
	case other.Type().ID == sqltype.Interval:
	case column && mysqlNumber(other.Type()), arithmetic:
		return b.cast(e, sqltype.TFloat8, pos)
	}
	return e
}

// resolved is an operator with its operands as they are.
func (b *binder) resolved(op string, l, r Expr, pos int) Expr {
	f, want, err := fn.ResolveOp(op, l.Type(), r.Type())
	if err != nil {
		fail(at(err, pos))
	}
	return &Call{Typ: f.Ret, Func: f, Op: true, Pos: pos, Args: []Expr{b.coerceArg(l, want[0], pos), b.coerceArg(r, want[1], pos)}}
}

// unlessZero is an expression that is NULL where a divisor is 0.
func (b *binder) unlessZero(divisor Expr, make func() Expr, pos int) Expr {
	zero := b.resolved("=", divisor, &Const{Typ: sqltype.TInt4}, pos)
	e := make()
	return &Case{Typ: e.Type(), Conds: []Expr{zero}, Results: []Expr{&Const{Typ: e.Type(), Value: sqltype.NullDatum}}, Else: e}
}

// mysqlDivide divides: numbers that are not floats exactly, to four digits more than
// the dividend has.
func (b *binder) mysqlDivide(l, r Expr, pos int) Expr {
	if mysqlFloat(l.Type()) || mysqlFloat(r.Type()) {
		l, r = b.cast(l, sqltype.TFloat8, pos), b.cast(r, sqltype.TFloat8, pos)
		return b.unlessZero(r, func() Expr { return b.resolved("/", l, r, pos) }, pos)
	}
	if l.Type().ID == sqltype.Interval {
		return b.resolved("/", l, r, pos)
	}
	digits := Expr(&Const{Typ: sqltype.TInt4, Value: sqltype.Datum{Int: 4}})
	if l.Type().ID == sqltype.Numeric {
		digits = b.resolved("+", b.function("scale", []Expr{l}, pos), digits, pos)
	}
	l, r = b.cast(l, sqltype.TNumeric, pos), b.cast(r, sqltype.TNumeric, pos)
	return b.unlessZero(r, func() Expr {
		return b.function("round", []Expr{b.resolved("/", l, r, pos), digits}, pos)
	}, pos)
}

// mysqlTruth makes a condition of a number or a text.
func (b *binder) mysqlTruth(x Expr, pos int) Expr {
	if mysqlText(x.Type()) {
		x = b.cast(x, sqltype.TFloat8, pos)
	}
	if mysqlNumber(x.Type()) {
		return b.resolved("<>", x, &Const{Typ: sqltype.TInt4}, pos)
	}
	return x
}

// mysqlAssign makes a value fit for a column by any cast that there is.
func (b *binder) mysqlAssign(e Expr, t sqltype.Type, pos int) Expr {
	if t.ID == sqltype.Bool && mysqlNumber(e.Type()) {
		return b.mysqlTruth(e, pos)
	}
	if e.Type().ID == sqltype.Bool && mysqlNumber(t) {
		e = b.cast(e, sqltype.TInt4, pos)
	}
	return b.convert(e, t, pos, fn.Cast)
}

// mysqlNumbers gives truth values among the branches of an expression the numbers that
// they stand for, where others are numbers.
func (b *binder) mysqlNumbers(args []Expr, pos int) []sqltype.Type {
	number := false
	for _, a := range args {
		number = number || mysqlNumber(a.Type()) || a.Type().ID == sqltype.Bool
	}
	types := make([]sqltype.Type, len(args))
	for i, a := range args {
		if number && a.Type().ID == sqltype.Bool {
			args[i] = b.cast(a, sqltype.TInt4, pos)
		}
		if number && a.Type().ID == sqltype.Unknown && b.isText(a) {
			args[i] = b.settled(a)
		}
		types[i] = args[i].Type()
	}
	return types
}

// mysqlCommon is the type of branches that have none in common: text.
func (b *binder) mysqlCommon(args []Expr, pos int) {
	for i, a := range args {
		args[i] = b.cast(b.settled(a), sqltype.TText, pos)
	}
}

// ordered applies MySQL's ORDER BY and LIMIT of UPDATE and DELETE.
func (b *binder) ordered(s *scope, rel Rel, orders []ast.OrderItem, limit ast.Expr) Rel {
	s.what, s.noAgg, s.noWin = "ORDER BY", "ORDER BY", "ORDER BY"
	var keys []SortKey
	for _, o := range orders {
		e := b.settled(b.expr(s, o.Expr))
		b.orderable(e, o.Pos())
		keys = append(keys, order{item: o}.key(e))
	}
	rel = sorted(rel, keys)
	if limit == nil {
		return rel
	}
	l := &LLimit{Input: rel, Count: b.limitValue(s, limit, "LIMIT")}
	if l.Count == nil {
		return rel
	}
	return l
}

// anyConflict is ON DUPLICATE KEY UPDATE and REPLACE, which mean every unique index.
func (b *binder) anyConflict(c *ast.OnConflict) bool { return b.mysql && (c.Replace || !c.Nothing) }
