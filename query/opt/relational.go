package opt

import (
	"math"

	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/stats"
)

type sqlType = sqltype.Type

const jsonID = sqltype.JSON

func isText(t sqlType) bool {
	return t.ID == sqltype.Text || t.ID == sqltype.Varchar || t.ID == sqltype.Name
}

func (b *builder) buildWindow(r *plan.LWindow) (cand, error) {
	keys := make([]plan.SortKey, 0, len(r.Partition)+len(r.Order))
	for _, p := range r.Partition {
		keys = append(keys, plan.SortKey{Expr: p})
	}
	keys = append(keys, r.Order...)
	in, err := b.sortBy(r.Input, keys, 0, -1)
	if len(keys) == 0 {
		in, err = b.build(r.Input, need{})
	}
	if err != nil {
		return in, err
	}
	w := &plan.Window{Input: in.node}
	c := in
	c.cols = append([]plan.Col(nil), in.cols...)
	if w.Partition, err = b.emitAll(r.Partition, in.cols); err != nil {
		return c, err
	}
	if w.Order, err = b.emitKeys(r.Order, in.cols); err != nil {
		return c, err
	}
	for i, call := range r.Calls {
		if !b.used.Has(r.CallCols[i]) {
			continue
		}
		x := call
		if x.Args, err = b.emitAll(call.Args, in.cols); err != nil {
			return c, err
		}
		if x.Filter, err = b.emitOpt(call.Filter, in.cols); err != nil {
			return c, err
		}
		if x.Frame.Start.Offset, err = b.emitOpt(call.Frame.Start.Offset, in.cols); err != nil {
			return c, err
		}
		if x.Frame.End.Offset, err = b.emitOpt(call.Frame.End.Offset, in.cols); err != nil {
			return c, err
		}
		w.Calls = append(w.Calls, x)
		c.cols = append(c.cols, r.CallCols[i])
	}
	c.total += in.rows * costWindowRow * float64(len(w.Calls))
	w.Base = b.base(&c)
	c.node = w
	return c, nil
}

func (b *builder) buildValues(r *plan.LValues) (cand, error) {
	c := cand{cols: r.ColIDs, rows: float64(len(r.Rows)), total: costExpr * float64(len(r.Rows)), unique: len(r.Rows) <= 1}
	v := &plan.Values{Rows: make([][]plan.Expr, len(r.Rows))}
	for i, row := range r.Rows {
		out, err := b.emitAll(row, nil)
		if err != nil {
			return c, err
		}
		v.Rows[i] = out
	}
	v.Base = b.base(&c)
	c.node = v
	return c, nil
}

func (b *builder) buildFunc(r *plan.LFunc) (cand, error) {
	c := cand{cols: r.ColIDs, rows: funcRows(r)}
	f := &plan.FuncScan{Ordinality: r.Ordinality, Alias: r.Alias}
	for _, s := range r.Calls {
		args, err := b.emitAll(s.Args, nil)
		if err != nil {
			return c, err
		}
		f.Calls = append(f.Calls, &plan.SetCall{Set: s.Set, Args: args, Column: s.Column})
	}
	c.total = c.rows * costFuncRow
	f.Base = b.base(&c)
	c.node = f
	return c, nil
}

func funcRows(r *plan.LFunc) float64 {
	rows := 0.0
	for _, s := range r.Calls {
		rows = math.Max(rows, callRows(s))
	}
	return rows
}

func callRows(s *plan.SetCall) float64 {
	if s.Set == nil {
		return 1
	}
	if s.Set.Name == "generate_series" && len(s.Args) >= 2 {
		lo, ok1 := constInt(s.Args[0])
		hi, ok2 := constInt(s.Args[1])
		if ok1 && ok2 && s.Args[0].Type().Phys() == sqltype.PhysInt && isInt(s.Args[0].Type()) {
			return math.Max(0, float64(hi)-float64(lo)+1)
		}
		return stats.DefaultRows
	}
	return 10
}

func (b *builder) buildVirtual(r *plan.LVirtual, conds []plan.Expr) (cand, error) {
	v := &plan.Virtual{Source: r.Source, Object: r.Object}
	c := cand{rows: 100 * b.selectivity(conds), total: 100}
	for i, col := range r.ColIDs {
		if b.used.Has(col) {
			v.Cols, c.cols = append(v.Cols, r.Ords[i]), append(c.cols, col)
		}
	}
	var err error
	if v.Filter, err = b.emitCond(conds, c.cols); err != nil {
		return c, err
	}
	v.Base = b.base(&c)
	c.node = v
	return c, nil
}

func (b *builder) buildSetOp(r *plan.LSetOp) (cand, error) {
	l, err := b.build(r.Left, need{})
	if err != nil {
		return l, err
	}
	right, err := b.build(r.Right, need{})
	if err != nil {
		return right, err
	}
	l, right = b.only(l, r.Left.Cols()), b.only(right, r.Right.Cols())
	c := cand{cols: r.ColIDs, rows: l.rows + right.rows, total: l.total + right.total}
	if r.Kind == plan.Union {
		c.startup = math.Min(l.startup, right.startup)
		app := &plan.Append{Inputs: []plan.Node{l.node, right.node}}
		if a, ok := l.node.(*plan.Append); ok {
			app.Inputs = append(append([]plan.Node(nil), a.Inputs...), right.node)
		}
		app.Base = b.base(&c)
		c.node = app
		if r.All {
			return c, nil
		}
		c.total += c.rows * costGroupRow
		c.node = &plan.Distinct{Base: b.base(&c), Input: app}
		return c, nil
	}
	c.rows = l.rows / 2
	c.total += (l.rows + right.rows) * costGroupRow
	c.startup = c.total
	c.node = &plan.SetOp{Base: b.base(&c), Kind: r.Kind, All: r.All, Left: l.node, Right: right.node}
	return c, nil
}

func (b *builder) buildWith(r *plan.LWith, n need) (cand, error) {
	p, err := b.build(r.Plan, need{})
	if err != nil {
		return p, err
	}
	cols := r.Plan.Cols()
	if len(cols) > 0 {
		p = b.only(p, cols)
	}
	info := &cteInfo{rows: p.rows, cols: cols, free: plan.FreeCols(r.Plan)}
	if r.Recursive {
		for c := range plan.FreeCols(r.Step) {
			info.free.Add(c)
		}
	}
	for id, other := range b.ctes {
		if total, _ := countRefs(r.Plan, id); total > 0 {
			for c := range other.free {
				info.free.Add(c)
			}
		}
	}
	b.ctes[r.ID] = info
	w := &plan.CTE{ID: r.ID, Plan: p.node, Recursive: r.Recursive, Union: r.Union, Modifies: r.Modifies}
	cost := p.total
	if r.Recursive {
		info.rows *= 10
		step, err := b.build(r.Step, need{})
		if err != nil {
			return step, err
		}
		step = b.only(step, r.Step.Cols())
		w.Step = step.node
		cost += 10 * step.total
	}
	body, err := b.build(r.Body, n)
	if err != nil {
		return body, err
	}
	c := body
	c.total += cost
	w.Body = body.node
	w.Base = b.base(&c)
	c.node = w
	return c, nil
}

func (b *builder) buildWithRef(r *plan.LWithRef) (cand, error) {
	c := cand{cols: r.ColIDs, rows: stats.DefaultRows}
	if info := b.ctes[r.ID]; info != nil {
		c.rows = info.rows
	}
	for i, src := range r.Source {
		if st, ok := b.colStats[src]; ok {
			b.colStats[r.ColIDs[i]] = st
		}
	}
	c.total = c.rows * costFuncRow
	if r.Work {
		c.node = &plan.WorkScan{Base: b.base(&c), ID: r.ID}
	} else {
		c.node = &plan.CTEScan{Base: b.base(&c), ID: r.ID, Name: r.Name}
	}
	return c, nil
}
