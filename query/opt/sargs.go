package opt

import (
	"sort"
	"strings"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

// sarg is a condition on one key part that an index can search for.
type sarg struct {
	op    string // = < <= > >= in null
	value plan.Expr
	list  []plan.Expr
	cond  int
	lossy bool // the condition must still be checked
}

// emitRanges turns the columns in key values, which are of rows further out, into
// registers. Ranges share bounds and heads of Eq, so those are made anew.
func (m *matcher) emitRanges(ranges []plan.KeyRange) (err error) {
	bound := func(bd *plan.Bound) *plan.Bound {
		if bd == nil || err != nil {
			return bd
		}
		out := *bd
		out.Vals, err = m.b.emitAll(bd.Vals, nil)
		return &out
	}
	for i := range ranges {
		r := &ranges[i]
		if r.Eq, err = m.b.emitAll(r.Eq, nil); err != nil {
			return err
		}
		r.Lower, r.Upper = bound(r.Lower), bound(r.Upper)
	}
	return err
}

// sortedRanges is true for the ranges of an IN list of constants, which were sorted.
func sortedRanges(ranges []plan.KeyRange) bool {
	for _, r := range ranges {
		for _, e := range r.Eq {
			if _, ok := e.(*plan.Const); !ok {
				return false
			}
		}
	}
	return true
}

// maxRanges is how many ranges an IN list may become.
const maxRanges = 1000

// ranges turns conditions into key ranges of an index. used marks the conditions
// that need no further check, search holds those that are searched for.
func (m *matcher) ranges(no int) (ranges []plan.KeyRange, used map[int]bool, search []plan.Expr, point bool) {
	x := &m.scan.Table.Indexes[no]
	used = map[int]bool{}
	ranges = []plan.KeyRange{{}}
	full, nulls := true, false
	searched := false
	for i, k := range x.Columns {
		col, ok := m.partCol(no, i)
		if !ok {
			full = false
			break
		}
		args := m.sargs(col)
		if eq := pick(args, "="); eq != nil {
			searched = true
			search = append(search, m.conds[eq.cond])
			used[eq.cond] = !eq.lossy
			m.appendEq(ranges, eq.value, false)
			continue
		}
		if in := pick(args, "in"); in != nil && len(ranges)*len(in.list) <= maxRanges {
			searched = true
			search = append(search, m.conds[in.cond])
			used[in.cond] = true
			ranges = product(ranges, in.list)
			continue
		}
		if null := pick(args, "null"); null != nil {
			searched, nulls = true, true
			search = append(search, m.conds[null.cond])
			used[null.cond] = true
			m.appendEq(ranges, &plan.Const{Typ: k.Type, Value: sqltype.NullDatum}, true)
			continue
		}
		full = false
		if x.Kind == catalog.Ordered && m.bound(ranges, args, k, used) {
			searched = true
			seen := map[int]bool{}
			for _, a := range args {
				if a.op != "=" && a.op != "in" && a.op != "null" && !seen[a.cond] {
					seen[a.cond] = true
					search = append(search, m.conds[a.cond])
				}
			}
		}
		break
	}
	if !searched {
		return nil, used, nil, false
	}
	point = full && x.Distinct() && !nulls && len(ranges) == 1
	return ranges, used, search, point
}

func (m *matcher) appendEq(ranges []plan.KeyRange, v plan.Expr, null bool) {
	for i := range ranges {
		r := &ranges[i]
		if null && r.EqNull == nil {
			r.EqNull = make([]bool, len(r.Eq))
		}
		r.Eq = append(r.Eq[:len(r.Eq):len(r.Eq)], v)
		if r.EqNull != nil {
			r.EqNull = append(r.EqNull[:len(r.EqNull):len(r.EqNull)], null)
		}
	}
}

func product(ranges []plan.KeyRange, list []plan.Expr) (out []plan.KeyRange) {
	for _, r := range ranges {
		for _, v := range list {
			n := r
			n.Eq = append(r.Eq[:len(r.Eq):len(r.Eq)], v)
			if r.EqNull != nil {
				n.EqNull = append(r.EqNull[:len(r.EqNull):len(r.EqNull)], false)
			}
			out = append(out, n)
		}
	}
	return out
}

func pick(list []sarg, op string) *sarg {
	for i := range list {
		if list[i].op == op {
			return &list[i]
		}
	}
	return nil
}

// bound sets the ends of the ranges on the next key part, in the order of keys.
func (m *matcher) bound(ranges []plan.KeyRange, args []sarg, k catalog.IndexColumn, used map[int]bool) bool {
	any := false
	for _, a := range args {
		bd := &plan.Bound{Vals: []plan.Expr{a.value}, Inclusive: a.op == "<=" || a.op == ">="}
		low := a.op == ">" || a.op == ">="
		if !low && a.op != "<" && a.op != "<=" {
			continue
		}
		if k.Desc { // limits are in the order of keys
			low = !low
		}
		if low && ranges[0].Lower != nil || !low && ranges[0].Upper != nil {
			continue
		}
		for i := range ranges {
			if low {
				ranges[i].Lower = bd
			} else {
				ranges[i].Upper = bd
			}
			ranges[i].NotNull = true
		}
		used[a.cond] = !a.lossy
		any = true
	}
	return any
}

// sargs lists what the conditions say about one column.
func (m *matcher) sargs(col plan.Col) (out []sarg) {
	t := m.b.q.Info[col].Type
	for i, c := range m.search {
		switch e := c.(type) {
		case *plan.Call:
			if e.Op && len(e.Args) == 2 {
				out = append(out, m.compareSarg(e, i, col, t)...)
			}
		case *plan.In:
			if s, ok := m.inSarg(e, i, col, t); ok {
				out = append(out, s)
			}
		case *plan.IsNull:
			if v, ok := e.Arg.(*plan.Var); ok && v.Col == col && !e.Not {
				out = append(out, sarg{op: "null", cond: i})
			}
		case *plan.Var:
			if e.Col == col && t.ID == sqltype.Bool {
				out = append(out, sarg{op: "=", value: boolConst(true), cond: i})
			}
		case *plan.Not:
			if v, ok := e.Arg.(*plan.Var); ok && v.Col == col && t.ID == sqltype.Bool {
				out = append(out, sarg{op: "=", value: boolConst(false), cond: i})
			}
		}
	}
	return out
}

func (m *matcher) compareSarg(e *plan.Call, i int, col plan.Col, t sqltype.Type) []sarg {
	op, value := e.Func.Name, e.Args[1]
	if v, ok := e.Args[0].(*plan.Var); !ok || v.Col != col {
		v, ok := e.Args[1].(*plan.Var)
		if !ok || v.Col != col || flipped[op] == "" {
			return nil
		}
		op, value = flipped[op], e.Args[0]
	}
	if op == "~~" {
		return likeSargs(value, i, t)
	}
	if flipped[op] == "" || !m.outside(value) {
		return nil
	}
	v, ok := keyValue(value, t)
	if !ok {
		return nil
	}
	return []sarg{{op: op, value: v, cond: i}}
}

// outside reports whether e can be computed before the scan starts.
func (m *matcher) outside(e plan.Expr) bool {
	return !refers(e, m.own) && !isVolatile(e) && !hasSubquery(e)
}

// keyValue makes a value have the type of a key part, where its order is the same.
func keyValue(e plan.Expr, t sqltype.Type) (plan.Expr, bool) {
	have := e.Type()
	if have == t || fn.SameValue(have, t.Base()) {
		return e, true
	}
	if isInt(have) && isInt(t) {
		if c, ok := e.(*plan.Const); ok {
			return &plan.Const{Typ: t, Value: c.Value}, c.Value.Null || fitsInt(c.Value.Int, t)
		}
		return e, true // integers of all sizes have one encoding and one order
	}
	return nil, false
}

func isInt(t sqltype.Type) bool {
	return t.ID == sqltype.Int2 || t.ID == sqltype.Int4 || t.ID == sqltype.Int8
}

func fitsInt(v int64, t sqltype.Type) bool {
	switch t.ID {
	case sqltype.Int2:
		return v == int64(int16(v))
	case sqltype.Int4:
		return v == int64(int32(v))
	}
	return true
}

func (m *matcher) inSarg(e *plan.In, i int, col plan.Col, t sqltype.Type) (sarg, bool) {
	v, ok := e.Arg.(*plan.Var)
	if !ok || v.Col != col || e.Not || len(e.List) > maxRanges {
		return sarg{}, false
	}
	s := sarg{op: "in", cond: i}
	var values []*plan.Const
	for _, x := range e.List {
		c, ok := x.(*plan.Const)
		if !ok {
			v, ok := keyValue(x, t)
			if !ok || !m.outside(x) {
				return sarg{}, false
			}
			s.list = append(s.list, v) // the executor joins ranges that turn out equal
			continue
		}
		if c.Value.Null {
			continue
		}
		if isInt(c.Typ) && isInt(t) && !fitsInt(c.Value.Int, t) {
			continue // no row can have it
		}
		k, ok := keyValue(c, t)
		if !ok {
			return sarg{}, false
		}
		values = append(values, k.(*plan.Const))
	}
	sort.SliceStable(values, func(i, j int) bool { return sqltype.Compare(t, values[i].Value, values[j].Value) < 0 })
	for k, c := range values {
		if k == 0 || sqltype.Compare(t, values[k-1].Value, c.Value) != 0 {
			s.list = append(s.list, c)
		}
	}
	return s, len(s.list) > 0
}

// likeSargs turns LIKE 'abc%' into a range.
func likeSargs(pattern plan.Expr, i int, t sqltype.Type) []sarg {
	c, ok := pattern.(*plan.Const)
	if !ok || c.Value.Null || t.ID != sqltype.Text && t.ID != sqltype.Varchar {
		return nil
	}
	prefix := c.Value.Str
	if k := strings.IndexAny(prefix, `%_\`); k >= 0 {
		prefix = prefix[:k]
	} else {
		return []sarg{{op: "=", value: &plan.Const{Typ: t, Value: c.Value}, cond: i, lossy: true}}
	}
	if prefix == "" {
		return nil
	}
	out := []sarg{{op: ">=", value: &plan.Const{Typ: t, Value: sqltype.Datum{Str: prefix}}, cond: i, lossy: true}}
	end := []byte(prefix)
	if last := end[len(end)-1]; last < 0x7f { // the following character is one byte too
		end[len(end)-1]++
		out = append(out, sarg{op: "<", value: &plan.Const{Typ: t, Value: sqltype.Datum{Str: string(end)}}, cond: i, lossy: true})
	}
	return out
}
