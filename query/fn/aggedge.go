package fn

import (
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// edge is first(value, at) and last(value, at): the value of the row whose at is the
// least or the greatest, the first of such rows. Rows without an at do not count; the value
// may be NULL.
type edge struct {
	typ  sqltype.Type // of at
	sign int          // of comparing a better at with that kept
	val  []sqltype.Datum
	at   []sqltype.Datum
	any  vec.Bitmap
	held int64
}

func edgeAgg(sign int) func([]sqltype.Type, sqltype.Type) func(*Env) Aggregator {
	return func(args []sqltype.Type, _ sqltype.Type) func(*Env) Aggregator {
		if args[1].ID == sqltype.JSON {
			return nil
		}
		return func(*Env) Aggregator { return &edge{typ: args[1], sign: sign} }
	}
}

func (a *edge) Grow(n int) {
	a.val, a.at = grow(a.val, n), grow(a.at, n)
	a.any = grow(a.any, (n+63)/64)
}

func (a *edge) Add(n int, sel []int32, groups []int32, args []*vec.Vector) error {
	notNull(n, sel, args[1:], func(i int) {
		g, at := int(groups[i]), args[1].Get(i)
		if a.any.Get(g) && sqltype.Compare(a.typ, at, a.at[g])*a.sign <= 0 {
			return
		}
		a.any.Set(g)
		v := args[0].Get(i)
		a.held += int64(len(v.Str) + len(at.Str) - len(a.val[g].Str) - len(a.at[g].Str))
		a.val[g], a.at[g] = v, at
	})
	return nil
}

func (a *edge) Result(from, to int, out *vec.Vector) error {
	for g := from; g < to; g++ {
		if a.any.Get(g) {
			out.Set(g-from, a.val[g])
		} else {
			out.SetNull(g - from)
		}
	}
	return nil
}

// datumBytes is about what a Datum takes.
const datumBytes = 120

func (a *edge) Bytes() int64 { return a.held + 2*datumBytes*int64(cap(a.val)) }

func registerAggEdge(t *tables) {
	t.aggOf("first(anyelement,any) anyelement called", edgeAgg(-1))
	t.aggOf("last(anyelement,any) anyelement called", edgeAgg(1))
}
