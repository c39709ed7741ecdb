package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// Key gives a text that is equal for expressions that mean the same by structure.
// Subqueries are equal only to themselves.
func Key(e Expr) string {
	var b strings.Builder
	writeKey(&b, e)
	return b.String()
}

// Same reports whether two expressions are equal by structure.
func Same(a, b Expr) bool { return a == b || Key(a) == Key(b) }

func writeKey(b *strings.Builder, e Expr) {
	switch e := e.(type) {
	case nil:
		b.WriteByte('_')
		return
	case *Const:
		if e.Value.Null {
			fmt.Fprintf(b, "n%v", e.Typ)
			return
		}
		fmt.Fprintf(b, "k%v:%d:%v:%q:%v:%v:%v:%v", e.Typ, e.Value.Int, e.Value.Float, e.Value.Str,
			e.Value.Num.Coef, e.Value.Num.Scale, e.Value.Num.Big, e.Value.Ivl)
		if e.Value.Any != nil {
			fmt.Fprintf(b, ":%q", sqltype.FormatText(e.Typ, e.Value))
		}
		return
	case *Var:
		fmt.Fprintf(b, "v%d", e.Col)
		return
	case *Slot:
		fmt.Fprintf(b, "s%d", e.Index)
		return
	case *Param:
		fmt.Fprintf(b, "p%d:%v", e.Index, e.Typ)
		return
	case *Outer:
		fmt.Fprintf(b, "o%d", e.Index)
		return
	case *Call:
		fmt.Fprintf(b, "c%s%v", e.Func.Name, e.Typ)
		if e.Func.Volatility == fn.Volatile {
			fmt.Fprintf(b, "%p", e)
		}
	case *And:
		b.WriteString("and")
	case *Or:
		b.WriteString("or")
	case *Not:
		b.WriteString("not")
	case *IsNull:
		fmt.Fprintf(b, "isnull%t", e.Not)
	case *IsBool:
		fmt.Fprintf(b, "isbool%c%t", e.Want, e.Not)
	case *IsDistinct:
		fmt.Fprintf(b, "isdistinct%t", e.Not)
	case *Case:
		fmt.Fprintf(b, "case%d%t", len(e.Conds), e.Else != nil)
	case *Coalesce:
		b.WriteString("coalesce")
	case *In:
		fmt.Fprintf(b, "in%t", e.Not)
	case *ArrayExpr:
		fmt.Fprintf(b, "array%v", e.Typ)
	case *RowExpr:
		fmt.Fprintf(b, "row%d%t", e.Typ.Mod, e.Nullable)
	case *PartCheck:
		b.WriteString("parts")
		for i := range e.Parts {
			fmt.Fprintf(b, "%v", e.Parts[i].Path)
			for _, c := range e.Parts[i].Checks {
				fmt.Fprintf(b, "%q%q", c.Domain, c.Name)
				writeKey(b, c.Cond)
			}
		}
	case *setExpr:
		fmt.Fprintf(b, "set%s%d", e.call.Name(), e.call.Column)
		if e.call.Set.Volatility == fn.Volatile {
			fmt.Fprintf(b, "%p", e.call)
		}
	case *SubLink:
		if writeArrayKey(b, e) {
			return
		}
		fmt.Fprintf(b, "%T%p", e, e)
		return
	default:
		fmt.Fprintf(b, "%T%p", e, e)
		return
	}
	b.WriteByte('(')
	for i, k := range Children(e) {
		if i > 0 {
			b.WriteByte(',')
		}
		writeKey(b, k)
	}
	b.WriteByte(')')
}

// writeArrayKey writes the key of op ANY (array), whose columns have a new number
// each time.
func writeArrayKey(b *strings.Builder, e *SubLink) bool {
	f, ok := e.Rel.(*LFunc)
	if !ok || len(f.Calls) != 1 || f.Calls[0].Name() != "unnest" || len(f.Calls[0].Args) != 1 {
		return false
	}
	fmt.Fprintf(b, "any%d(", e.Kind)
	for _, l := range e.Left {
		writeKey(b, l)
		b.WriteByte(',')
	}
	writeKey(b, f.Calls[0].Args[0])
	b.WriteByte(',')
	own := append(append([]Col(nil), e.LeftCols...), f.ColIDs...)
	writeKey(b, Replace(e.Test, func(x Expr) (Expr, bool) {
		if v, ok := x.(*Var); ok {
			if i := slices.Index(own, v.Col); i >= 0 {
				return &Slot{Typ: v.Typ, Index: i}, true
			}
		}
		return x, false
	}))
	b.WriteByte(')')
	return true
}

// Conjuncts cuts a condition into the parts that must all be true.
func Conjuncts(e Expr) []Expr {
	switch e := e.(type) {
	case nil:
		return nil
	case *And:
		var out []Expr
		for _, a := range e.Args {
			out = append(out, Conjuncts(a)...)
		}
		return out
	}
	return []Expr{e}
}

// Conjunction joins conditions; nil where there is none.
func Conjunction(list []Expr) Expr {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	return &And{Args: list}
}

// ColSet is a set of columns.
type ColSet map[Col]struct{}

// SetOf makes a set.
func SetOf(lists ...[]Col) ColSet {
	s := ColSet{}
	for _, l := range lists {
		for _, c := range l {
			s[c] = struct{}{}
		}
	}
	return s
}

// Has reports whether c is in the set.
func (s ColSet) Has(c Col) bool { _, ok := s[c]; return ok }

// Add adds c.
func (s ColSet) Add(c Col) { s[c] = struct{}{} }

// VarsOf adds the columns that e refers to, also from within subqueries, but not
// those that the subqueries produce themselves.
func VarsOf(e Expr, into ColSet) {
	Walk(e, func(x Expr) bool {
		switch x := x.(type) {
		case *Var:
			into.Add(x.Col)
		case *SubLink:
			for _, l := range x.Left {
				VarsOf(l, into)
			}
			inner := ColSet{}
			VarsOf(x.Test, inner)
			own := SetOf(x.LeftCols, x.Rel.Cols())
			for c := range inner {
				if !own.Has(c) {
					into.Add(c)
				}
			}
			for c := range FreeCols(x.Rel) {
				into.Add(c)
			}
			return false
		}
		return true
	})
}

// FreeCols are the columns that a relation refers to and does not produce.
func FreeCols(r Rel) ColSet {
	used, made := ColSet{}, ColSet{}
	collectFree(r, used, made)
	for c := range made {
		delete(used, c)
	}
	return used
}

func collectFree(r Rel, used, made ColSet) {
	for _, e := range RelExprs(r) {
		VarsOf(e, used)
	}
	for _, c := range Produced(r) {
		made.Add(c)
	}
	for _, in := range Inputs(r) {
		collectFree(in, used, made)
	}
}

// Produced are the columns that a relation itself makes, as against those that
// its inputs pass up.
func Produced(r Rel) []Col {
	switch r := r.(type) {
	case *LScan, *LValues, *LFunc, *LVirtual, *LProject, *LWithRef, *LSetOp:
		return r.Cols()
	case *LAgg:
		return r.Cols()
	case *LWindow:
		return r.CallCols
	case *LInsert:
		cols := concat(r.ColIDs, r.TableCols)
		if r.Conflict != nil {
			cols = append(cols, r.Conflict.Old...)
		}
		return cols
	case *LUpdate:
		return concat(r.ColIDs, r.NewCols)
	case *LDelete:
		return r.ColIDs
	}
	return nil
}
