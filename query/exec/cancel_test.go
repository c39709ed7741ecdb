package exec

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/vfs"
)

// endless gives batches until the context ends, as every leaf does; after some it
// ends the context itself.
type endless struct {
	cancel context.CancelFunc
	left   int
}

func (e *endless) OpenVirtual(context.Context, *Context, *plan.Virtual) (Operator, error) {
	return e, nil
}

func (e *endless) Next(ctx context.Context) (*vec.Batch, error) {
	if err := canceled(ctx); err != nil {
		return nil, err
	}
	if e.left--; e.left == 0 {
		e.cancel()
	}
	b := vec.NewBatch([]sqltype.Type{sqltype.TInt4, sqltype.TText})
	for i := range vec.BatchSize {
		b.Cols[0].AppendDatum(sqltype.Datum{Int: int64(e.left*vec.BatchSize + i)})
		b.Cols[1].AppendDatum(sqltype.Datum{Str: "x"})
	}
	b.Len = vec.BatchSize
	return b, nil
}

func (e *endless) Close() error { return nil }

// operators are plans over endless inputs, one for each operator.
func operators(t *testing.T) map[string]plan.Node {
	rel := relation{types: []sqltype.Type{sqltype.TInt4, sqltype.TText}}
	in, out := rel.in("endless"), plan.Base{Out: rel.fields()}
	both := plan.Base{Out: append(rel.fields(), rel.fields()...)}
	no := op(t, "<", rel.slot(0), intConst(-1<<30))
	count := agg(t, "count")
	count.Star = true
	one := plan.Base{Out: []plan.Field{{Type: sqltype.TInt8}}}
	keys := []plan.SortKey{{Expr: rel.slot(0)}}
	ends := func(n plan.Node) plan.Node { return &plan.Aggregate{Base: one, Input: n, Aggs: []plan.AggCall{count}} }
	return map[string]plan.Node{
		"filter":    &plan.Filter{Base: out, Input: in, Cond: no},
		"project":   ends(&plan.Project{Base: out, Input: in, Exprs: []plan.Expr{rel.slot(0), rel.slot(1)}}),
		"sort":      &plan.Sort{Base: out, Input: in, Keys: keys, Limit: -1},
		"topn":      &plan.Sort{Base: out, Input: in, Keys: keys, Limit: 5},
		"limit":     &plan.Limit{Base: out, Input: in, Offset: intConst(1 << 30)},
		"distinct":  ends(&plan.Distinct{Base: out, Input: in}),
		"aggregate": &plan.Aggregate{Base: plan.Base{Out: []plan.Field{rel.fields()[0], one.Out[0]}}, Input: in, Keys: []plan.Expr{rel.slot(0)}, Aggs: []plan.AggCall{count}},
		"hash join": ends(&plan.HashJoin{Base: both, Left: in, Right: in, LeftKeys: []plan.Expr{rel.slot(0)}, RightKeys: []plan.Expr{rel.slot(0)}}),
		"loop join": ends(&plan.NestedLoop{Base: both, Left: in, Right: in}),
		"merge":     ends(&plan.MergeJoin{Base: both, Left: in, Right: in, LeftKeys: keys, RightKeys: keys}),
		"apply":     ends(&plan.Apply{Base: both, Left: in, Right: in, Kind: plan.Inner}),
		"set op":    &plan.SetOp{Base: out, Kind: plan.Except, Left: in, Right: in},
		"append":    ends(&plan.Append{Base: out, Inputs: []plan.Node{in, in}}),
		"window":    &plan.Window{Base: plan.Base{Out: append(rel.fields(), one.Out...)}, Input: in, Calls: []plan.WindowCall{{Name: "row_number", Typ: sqltype.TInt8}}},
		"cte":       &plan.CTE{Base: out, ID: 1, Plan: in, Body: ends(&plan.CTEScan{Base: out, ID: 1})},
		"keep":      &plan.Materialize{Base: out, Input: in},
	}
}

// TestCancel ends the context while an operator reads: it reads no further, gives
// the error that PostgreSQL's users know, and holds nothing afterwards.
func TestCancel(t *testing.T) {
	for name, n := range operators(t) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			src := &endless{cancel: cancel, left: 20}
			dir := t.TempDir()
			c := &Context{Ctx: ctx, Env: &fn.Env{}, Virtual: src, Memory: 1 << 20, SpillDir: dir}
			_, err := Run(c, n, nil)
			if !errors.Is(err, dberr.ErrCanceled) {
				t.Fatalf("got %v, want it canceled", err)
			}
			wantState(t, err, "57014")
			if src.left != 0 {
				t.Errorf("%d batches were read after the end", -src.left)
			}
			if c.mem.used != 0 {
				t.Errorf("%d bytes are still reserved", c.mem.used)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
				t.Errorf("files are left: %v", left)
			}
		})
	}
}

// setOf is a call of a set-returning function.
func setOf(t *testing.T, name string, args ...plan.Expr) *plan.SetCall {
	set, _, err := fn.ResolveSet(name, exprTypes(args))
	if err != nil {
		t.Fatal(err)
	}
	return &plan.SetCall{Set: set, Args: args}
}

// busy are plans that go on for ever without reading much.
func busy(t *testing.T) map[string]plan.Node {
	rel := relation{types: []sqltype.Type{sqltype.TInt4, sqltype.TText}}
	out, one := plan.Base{Out: rel.fields()}, plan.Base{Out: []plan.Field{{Type: sqltype.TInt8}}}
	both := plan.Base{Out: append(rel.fields(), rel.fields()...)}
	few := &plan.Limit{Base: out, Input: rel.in("endless"), Count: intConst(40_000)}
	count := agg(t, "count")
	count.Star = true
	ends := func(n plan.Node) plan.Node { return &plan.Aggregate{Base: one, Input: n, Aggs: []plan.AggCall{count}} }
	series := &plan.FuncScan{Base: plan.Base{Out: []plan.Field{{Type: sqltype.TInt4}}}, Calls: []*plan.SetCall{setOf(t, "generate_series", intConst(1), intConst(1<<30))}}
	text := &plan.Slot{Typ: sqltype.TText, Index: 1}
	frame := plan.Frame{Mode: plan.FrameRows, Start: plan.FrameBound{Kind: plan.CurrentRow}, End: plan.FrameBound{Kind: plan.UnboundedFollowing}}
	never := op(t, "<", rel.slot(0), intConst(-1<<30))
	return map[string]plan.Node{
		"function":  ends(series),
		"loop join": ends(&plan.NestedLoop{Base: both, Left: few, Right: few}),
		"no pair":   ends(&plan.NestedLoop{Base: both, Left: few, Right: few, Cond: never}),
		"hash join": ends(&plan.HashJoin{Base: both, Left: few, Right: few, LeftKeys: []plan.Expr{text}, RightKeys: []plan.Expr{text}}),
		"merge":     ends(&plan.MergeJoin{Base: both, Left: few, Right: few, LeftKeys: []plan.SortKey{{Expr: text}}, RightKeys: []plan.SortKey{{Expr: text}}}),
		"apply":     ends(&plan.Apply{Base: both, Left: few, Right: series, Kind: plan.Inner}),
		"window": ends(&plan.Window{
			Base: plan.Base{Out: append(rel.fields(), one.Out...)}, Input: few,
			Calls: []plan.WindowCall{{Agg: count.Func, Typ: sqltype.TInt8, Frame: frame}},
		}),
		"recursion": ends(&plan.CTE{
			Base: one, ID: 1, Plan: few, Recursive: true, Step: &plan.Limit{Base: out, Input: &plan.WorkScan{Base: out, ID: 1}, Count: intConst(1)},
			Body: ends(&plan.CTEScan{Base: out, ID: 1}),
		}),
		"sort": &plan.Sort{Base: out, Input: &plan.Project{Base: out, Input: series, Exprs: []plan.Expr{rel.slot(0), &plan.Const{Typ: sqltype.TText}}}, Keys: []plan.SortKey{{Expr: rel.slot(0), Desc: true}}, Limit: -1},
	}
}

// TestDeadline ends plans by the clock that would otherwise run for ever.
func TestDeadline(t *testing.T) {
	for name, n := range busy(t) {
		t.Run(name, func(t *testing.T) {
			const limit = 500 * time.Millisecond
			for tries := 1; ; tries++ {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				defer cancel()
				c := &Context{Ctx: ctx, Env: &fn.Env{}, Virtual: &endless{left: -1}, SpillDir: t.TempDir()}
				_, err := Run(c, n, nil)
				deadline, _ := ctx.Deadline()
				late := time.Since(deadline)
				if !errors.Is(err, dberr.ErrTimeout) {
					t.Fatalf("got %v, want a timeout", err)
				}
				t.Logf("%v late", late)
				if late <= limit {
					return
				}
				if tries == 10 { // others may keep the machine busy, but not each time
					t.Fatalf("it ended %v after the deadline, want %v", late, limit)
				}
			}
		})
	}
}

// TestCloseEarly closes operators that were never read, or read a little.
func TestCloseEarly(t *testing.T) {
	for name, n := range operators(t) {
		for _, reads := range []int{0, 1} {
			ctx, cancel := context.WithCancel(t.Context())
			c := &Context{Ctx: ctx, Env: &fn.Env{}, Virtual: &endless{cancel: cancel, left: 5}, SpillDir: t.TempDir()}
			op, err := Build(c, n)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for range reads {
				if b, err := op.Next(ctx); b == nil && !errors.Is(err, dberr.ErrCanceled) {
					t.Errorf("%s: got no batch and %v", name, err)
				}
			}
			for range 2 {
				if err := op.Close(); err != nil {
					t.Errorf("%s: close: %v", name, err)
				}
			}
			if c.mem.used != 0 {
				t.Errorf("%s: %d bytes are still reserved", name, c.mem.used)
			}
			cancel()
		}
	}
}

func TestRemoveSpill(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"weft-spill-1", "weft-spill-2", "other"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := RemoveSpill(vfs.OS(), dir); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("left are %v, want other alone", left)
	}
}
