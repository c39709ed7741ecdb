package exec

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

func wantState(t *testing.T, err error, state string) {
	t.Helper()
	var e *dberr.Error
	if !errors.As(err, &e) || e.SQLState != state {
		t.Fatalf("got error %v, want SQLSTATE %s", err, state)
	}
}

// naiveJoin joins by trying every pair.
func naiveJoin(kind plan.JoinKind, l, r relation, match func(a, b row) bool) (out []row) {
	nulls := func(n int) row {
		x := make(row, n)
		for i := range x {
			x[i] = sqltype.NullDatum
		}
		return x
	}
	used := make([]bool, len(r.rows))
	for _, a := range l.rows {
		any := false
		for j, b := range r.rows {
			if !match(a, b) {
				continue
			}
			any, used[j] = true, true
			if kind < plan.Semi {
				out = append(out, slices.Concat(a, b))
			}
		}
		switch {
		case kind == plan.Semi && any, kind == plan.Anti && !any:
			out = append(out, a)
		case (kind == plan.Left || kind == plan.Full) && !any:
			out = append(out, slices.Concat(a, nulls(len(r.types))))
		}
	}
	if keepsRight(kind) {
		for j, b := range r.rows {
			switch {
			case rightOnly(kind) && used[j] == (kind == plan.RightSemi):
				out = append(out, b)
			case !rightOnly(kind) && !used[j]:
				out = append(out, slices.Concat(nulls(len(l.types)), b))
			}
		}
	}
	return out
}

func joinFields(kind plan.JoinKind, l, r relation) []plan.Field {
	if rightOnly(kind) {
		return r.fields()
	}
	if kind >= plan.Semi {
		return l.fields()
	}
	return append(l.fields(), r.fields()...)
}

var joinKinds = []plan.JoinKind{plan.Inner, plan.Left, plan.Right, plan.Full, plan.Semi, plan.Anti}

// joinCase is keys of a join by column, and whether NULLs are equal.
type joinCase struct {
	cols     []int
	safe     bool
	residual bool
}

func (j joinCase) match(types []sqltype.Type) func(a, b row) bool {
	return func(a, b row) bool {
		for _, k := range j.cols {
			if a[k].Null || b[k].Null {
				if !j.safe || a[k].Null != b[k].Null {
					return false
				}
				continue
			}
			if sqltype.Compare(types[k], a[k], b[k]) != 0 {
				return false
			}
		}
		return !j.residual || a[4].Int < b[4].Int
	}
}

func TestHashJoin(t *testing.T) {
	rng := seeded(t, 11)
	l, r := random(rng, 400, 25), random(rng, 300, 25)
	rels := map[string]relation{"l": l, "r": r, "none": {types: l.types}}
	cases := []joinCase{{[]int{0}, false, false}, {[]int{1}, false, true}, {[]int{2}, false, true}, {[]int{3, 0}, false, false}, {[]int{0, 1}, true, false}}
	for _, kind := range append(joinKinds, plan.RightSemi, plan.RightAnti) {
		for _, j := range cases {
			for _, side := range []string{"both", "no left", "no right"} {
				a, b, an, bn := l, r, "l", "r"
				switch side {
				case "no left":
					a, an = rels["none"], "none"
				case "no right":
					b, bn = rels["none"], "none"
				}
				n := &plan.HashJoin{Base: plan.Base{Out: joinFields(kind, a, b)}, Kind: kind, Left: a.in(an), Right: b.in(bn)}
				for _, k := range j.cols {
					n.LeftKeys, n.RightKeys = append(n.LeftKeys, a.slot(k)), append(n.RightKeys, b.slot(k))
					n.NullSafe = append(n.NullSafe, j.safe)
				}
				if j.residual {
					n.Residual = op(t, "<", l.slot(4), &plan.Slot{Typ: sqltype.TInt4, Index: 9})
				}
				t.Run(fmt.Sprintf("kind=%d,%v,%s", kind, j, side), func(t *testing.T) {
					verify(t, rels, n, naiveJoin(kind, a, b, j.match(l.types)), !keepsRight(kind))
				})
			}
		}
	}
}

// TestNotIn: one NULL on the right and nothing is certain; without rows there,
// everything is.
func TestNotIn(t *testing.T) {
	rng := seeded(t, 12)
	l, r := random(rng, 200, 25), random(rng, 30, 25)
	clean := relation{types: r.types}
	for _, x := range r.rows {
		if !x[0].Null {
			clean.rows = append(clean.rows, x)
		}
	}
	rels := map[string]relation{"l": l, "nulls": r, "clean": clean, "none": {types: r.types}}
	for name, right := range rels {
		if name == "l" {
			continue
		}
		var want []row
		for _, a := range l.rows {
			keep := len(right.rows) == 0 || !a[0].Null
			for _, b := range right.rows {
				keep = keep && !b[0].Null && b[0].Int != a[0].Int
			}
			if keep {
				want = append(want, a)
			}
		}
		n := &plan.HashJoin{
			Base: plan.Base{Out: l.fields()}, Kind: plan.NullAnti, Left: l.in("l"), Right: right.in(name),
			LeftKeys: []plan.Expr{l.slot(0)}, RightKeys: []plan.Expr{r.slot(0)},
		}
		t.Run(name, func(t *testing.T) { verify(t, rels, n, want, true) })
	}
}

func TestNestedLoop(t *testing.T) {
	rng := seeded(t, 13)
	l, r := random(rng, 90, 6), random(rng, 80, 6)
	rels := map[string]relation{"l": l, "r": r}
	cond := op(t, "<", l.slot(0), &plan.Slot{Typ: sqltype.TInt4, Index: 5})
	match := func(a, b row) bool { return !a[0].Null && !b[0].Null && a[0].Int < b[0].Int }
	for _, kind := range joinKinds {
		n := &plan.NestedLoop{Base: plan.Base{Out: joinFields(kind, l, r)}, Kind: kind, Left: l.in("l"), Right: r.in("r"), Cond: cond}
		t.Run(fmt.Sprintf("kind=%d", kind), func(t *testing.T) {
			verify(t, rels, n, naiveJoin(kind, l, r, match), kind != plan.Full && kind != plan.Right)
		})
		n2 := *n
		n2.Cond = nil
		t.Run(fmt.Sprintf("cross,kind=%d", kind), func(t *testing.T) {
			verify(t, rels, &n2, naiveJoin(kind, l, r, func(a, b row) bool { return true }), true)
		})
	}
}

func TestMergeJoin(t *testing.T) {
	rng := seeded(t, 14)
	for _, keys := range [][]plan.SortKey{{{}}, {{Desc: true, NullsFirst: true}}} {
		l, r := random(rng, 300, 20), random(rng, 260, 20)
		for _, rel := range []relation{l, r} {
			slices.SortStableFunc(rel.rows, func(a, b row) int {
				return compareCol(sqltype.TInt4, a[0], b[0], keys[0].Desc, keys[0].NullsFirst)
			})
		}
		rels := map[string]relation{"l": l, "r": r}
		for _, kind := range joinKinds {
			for _, residual := range []bool{false, true} {
				j := joinCase{cols: []int{0}, residual: residual}
				lk, rk := keys[0], keys[0]
				lk.Expr, rk.Expr = l.slot(0), r.slot(0)
				n := &plan.MergeJoin{
					Base: plan.Base{Out: joinFields(kind, l, r)}, Kind: kind, Left: l.in("l"), Right: r.in("r"),
					LeftKeys: []plan.SortKey{lk}, RightKeys: []plan.SortKey{rk},
				}
				if residual {
					n.Residual = op(t, "<", l.slot(4), &plan.Slot{Typ: sqltype.TInt4, Index: 9})
				}
				t.Run(fmt.Sprintf("kind=%d,residual=%t,desc=%t", kind, residual, lk.Desc), func(t *testing.T) {
					verify(t, rels, n, naiveJoin(kind, l, r, j.match(l.types)), false)
				})
			}
		}
	}
}

// TestApply runs the right side for each left row, by a register.
func TestApply(t *testing.T) {
	rng := seeded(t, 15)
	l, r := random(rng, 120, 6), random(rng, 100, 6)
	rels := map[string]relation{"l": l, "r": r}
	inner := &plan.Filter{
		Base: plan.Base{Out: r.fields()}, Input: r.in("r"),
		Cond: op(t, "=", r.slot(0), &plan.Outer{Typ: sqltype.TInt4, Index: 0}),
	}
	for _, kind := range []plan.JoinKind{plan.Inner, plan.Left, plan.Semi, plan.Anti} {
		for _, residual := range []bool{false, true} {
			j := joinCase{cols: []int{0}, residual: residual}
			n := &plan.Apply{
				Base: plan.Base{Out: joinFields(kind, l, r)}, Kind: kind, Left: l.in("l"), Right: inner,
				Args: []plan.Expr{l.slot(0)}, Regs: []int{0},
			}
			if residual {
				n.Cond = op(t, "<", l.slot(4), &plan.Slot{Typ: sqltype.TInt4, Index: 9})
			}
			t.Run(fmt.Sprintf("kind=%d,residual=%t", kind, residual), func(t *testing.T) {
				verify(t, rels, n, naiveJoin(kind, l, r, j.match(l.types)), true)
			})
		}
	}
}
