package exec

import (
	"math/rand/v2"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// grower makes random expressions over the columns of random.
type grower struct {
	t   *testing.T
	rng *rand.Rand
	rel relation
}

func (g *grower) boolean(depth int) plan.Expr {
	if depth == 0 {
		return &plan.IsNull{Arg: g.rel.slot(g.rng.IntN(4)), Not: g.rng.IntN(2) == 0}
	}
	args := func() (list []plan.Expr) {
		for range 2 + g.rng.IntN(2) {
			list = append(list, g.boolean(depth-1))
		}
		return list
	}
	switch g.rng.IntN(9) {
	case 0:
		return &plan.And{Args: args()}
	case 1:
		return &plan.Or{Args: args()}
	case 2:
		return &plan.Not{Arg: g.boolean(depth - 1)}
	case 3:
		return &plan.IsBool{Arg: g.boolean(depth - 1), Want: "tfu"[g.rng.IntN(3)], Not: g.rng.IntN(2) == 0}
	case 4:
		return &plan.IsDistinct{L: g.integer(depth - 1), R: g.integer(depth - 1), Not: g.rng.IntN(2) == 0}
	case 5:
		list := []plan.Expr{intConst(1), intConst(int64(g.rng.IntN(5)))}
		if g.rng.IntN(2) == 0 {
			list = append(list, g.integer(depth-1))
		}
		eq := op(g.t, "=", intConst(1), intConst(1)).(*plan.Call).Func
		return &plan.In{Arg: g.integer(depth - 1), List: list, Not: g.rng.IntN(2) == 0, Eq: eq}
	}
	return op(g.t, []string{"<", "=", ">="}[g.rng.IntN(3)], g.integer(depth-1), g.integer(depth-1))
}

func (g *grower) integer(depth int) plan.Expr {
	if depth <= 0 {
		switch g.rng.IntN(4) {
		case 0:
			return intConst(int64(g.rng.IntN(7) - 3))
		case 1:
			return &plan.Const{Typ: sqltype.TInt4, Value: sqltype.NullDatum}
		}
		return g.rel.slot(4 * g.rng.IntN(2))
	}
	switch g.rng.IntN(5) {
	case 0:
		return &plan.Coalesce{Typ: sqltype.TInt4, Args: []plan.Expr{g.integer(depth - 1), g.integer(depth - 1)}}
	case 1:
		c := &plan.Case{Typ: sqltype.TInt4, Conds: []plan.Expr{g.boolean(depth - 1), g.boolean(depth - 1)}, Results: []plan.Expr{g.integer(depth - 1), g.integer(depth - 1)}}
		if g.rng.IntN(2) == 0 {
			c.Else = g.integer(depth - 1)
		}
		return c
	case 2: // may divide by zero
		return op(g.t, "/", g.integer(depth-1), g.integer(depth-1))
	}
	return op(g.t, "+", g.integer(depth-1), g.integer(depth-1))
}

// TestExpressionsRowByRow: a batch, with and without dead rows, gives what its
// rows give alone; and it fails where one of them does.
func TestExpressionsRowByRow(t *testing.T) {
	rng := seeded(t, 61)
	failed := 0
	for range 400 {
		g := &grower{t, rng, random(rng, 40, 6)}
		e := g.boolean(1 + rng.IntN(4))
		var wants []sqltype.Datum
		var state string
		for _, r := range g.rel.rows {
			d, s := evalOver(t, e, relation{g.rel.types, []row{r}}, false)
			if s != "" {
				state = s
				break
			}
			wants = append(wants, d[0])
		}
		for _, dead := range []bool{false, true} {
			got, s := evalOver(t, e, g.rel, dead)
			if s != state {
				t.Fatalf("%s: got error %q, want %q", plan.Key(e), s, state)
			}
			if s != "" {
				failed++
				continue
			}
			for i := range got {
				if got[i].Null != wants[i].Null || !got[i].Null && got[i].Int != wants[i].Int {
					t.Fatalf("%s\nrow %s: got %v, want %v", plan.Key(e), g.rel.rows[i].text(g.rel.fields()), got[i], wants[i])
				}
			}
		}
	}
	if failed == 0 || failed > 700 {
		t.Errorf("%d of 800 evaluations failed: the expressions say little", failed)
	}
}

// evalOver evaluates a condition for the rows of a relation that arrive as one batch.
func evalOver(t *testing.T, e plan.Expr, rel relation, dead bool) (out []sqltype.Datum, state string) {
	t.Helper()
	f := &feed{rel: rel, shape: shape{batch: vec.BatchSize, dead: dead}}
	b, err := f.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	x, err := compile(&Context{Env: &fn.Env{}}, e)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second time, over what the first has left behind
		v, err := x.eval(b, b.Sel)
		if err != nil {
			return nil, dberr.As(err).SQLState
		}
		out = out[:0]
		for _, i := range live(b) {
			out = append(out, v.Get(int(i)))
		}
	}
	return out, ""
}
