package plan

import (
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// windowCall binds a call with OVER; its value becomes a column.
func (b *binder) windowCall(s *scope, e *ast.FuncCall, name string) Expr {
	if s.noWin != "" || s.win == nil {
		what := s.noWin
		if s.inAgg {
			failAt(e.Pos(), dberr.StateGrouping, "aggregate function calls cannot contain window function calls")
		}
		failAt(e.Pos(), dberr.StateWindowing, "window functions are not allowed in %s", what)
	}
	if e.Distinct {
		failAt(e.Pos(), dberr.StateFeatureNotSupported, "DISTINCT is not implemented for window functions")
	}
	if len(e.OrderBy) > 0 {
		failAt(e.Pos(), dberr.StateFeatureNotSupported, "aggregate ORDER BY is not implemented for window functions")
	}
	in := *s
	in.noWin, in.setsOK, in.noSets = "window functions", false, "window function calls"
	call := WindowCall{}
	args, types := b.args(&in, e.Args)
	if fn.IsWindow(name) {
		w, want, err := fn.ResolveWindow(name, types)
		if err != nil {
			fail(at(err, e.Pos()))
		}
		if e.Filter != nil {
			failAt(e.Pos(), dberr.StateFeatureNotSupported, "FILTER is not implemented for non-aggregate window functions")
		}
		call.Name, call.Args, call.Typ = name, b.coerceArgs(args, want, e.Args), w.Ret
		b.noteCall(e, call.Args, nil)
	} else {
		f, want, err := fn.ResolveAgg(name, types)
		if err != nil {
			fail(at(err, e.Pos()))
		}
		starredCall(e, f)
		if f.OrderedSet {
			failAt(e.Pos(), dberr.StateFeatureNotSupported, "OVER is not supported for ordered-set aggregate %s", name)
		}
		call.Agg, call.Args, call.Typ = f, b.coerceArgs(args, want, e.Args), f.Ret
		b.noteCall(e, call.Args, f.Args)
		if e.Filter != nil {
			call.Filter = b.boolean(&in, e.Filter, "FILTER")
		}
	}
	spec := &winSpec{}
	in.noSets = "set-returning functions in window definitions are not supported"
	b.windowSpec(&in, e.Over, spec, &call, 0)
	c := b.q.NewCol(name, call.Typ)
	for _, w := range s.win.specs {
		if sameSpec(w, spec) {
			w.calls, w.cols = append(w.calls, call), append(w.cols, c)
			return b.q.Ref(c)
		}
	}
	spec.calls, spec.cols = []WindowCall{call}, []Col{c}
	s.win.specs = append(s.win.specs, spec)
	return b.q.Ref(c)
}

func sameSpec(a, c *winSpec) bool {
	if len(a.partition) != len(c.partition) || len(a.order) != len(c.order) {
		return false
	}
	for i := range a.partition {
		if !Same(a.partition[i], c.partition[i]) {
			return false
		}
	}
	for i := range a.order {
		x, y := a.order[i], c.order[i]
		if x.Desc != y.Desc || x.NullsFirst != y.NullsFirst || !Same(x.Expr, y.Expr) {
			return false
		}
	}
	return true
}

// windowSpec binds a window definition, with those that it refers to.
func (b *binder) windowSpec(s *scope, def *ast.WindowDef, spec *winSpec, call *WindowCall, depth int) {
	ref, plain := def.Ref, false
	if depth == 0 && def.Ref == "" && def.Name != "" {
		ref, plain = def.Name, true
	}
	if ref != "" {
		base := s.win.defs[ref]
		if base == nil || depth > 50 {
			failAt(def.Pos(), dberr.StateUndefinedObject, "window %q does not exist", ref)
		}
		b.windowSpec(s, base, spec, call, depth+1)
		if !plain {
			if len(def.Partition) > 0 {
				failAt(def.Pos(), dberr.StateWindowing, "cannot override PARTITION BY clause of window %q", ref)
			}
			if len(def.OrderBy) > 0 && len(spec.order) > 0 {
				failAt(def.Pos(), dberr.StateWindowing, "cannot override ORDER BY clause of window %q", ref)
			}
			if base.Frame != nil {
				failAt(def.Pos(), dberr.StateWindowing, "cannot copy window %q because it has a frame clause", ref)
			}
		}
	}
	if plain {
		return
	}
	for _, p := range def.Partition {
		x := b.settled(b.expr(s, p))
		b.comparable(x, p.Pos())
		spec.partition = append(spec.partition, x)
	}
	for _, o := range def.OrderBy {
		x := b.settled(b.expr(s, o.Expr))
		b.orderable(x, o.Expr.Pos())
		spec.order = append(spec.order, order{item: o}.key(x))
	}
	call.Frame = Frame{Mode: FrameRange, Start: FrameBound{Kind: UnboundedPreceding}, End: FrameBound{Kind: CurrentRow}}
	if def.Frame != nil {
		call.Frame = b.frame(s, def, spec)
	}
}

var frameModes = map[ast.FrameMode]FrameMode{ast.FrameRange: FrameRange, ast.FrameRows: FrameRows, ast.FrameGroups: FrameGroups}

var frameBounds = map[ast.BoundKind]FrameBoundKind{
	ast.UnboundedPreceding: UnboundedPreceding, ast.OffsetPreceding: Preceding, ast.CurrentRow: CurrentRow,
	ast.OffsetFollowing: Following, ast.UnboundedFollowing: UnboundedFollowing,
}

var frameExcludes = map[ast.FrameExclude]byte{
	ast.ExcludeNone: 0, ast.ExcludeCurrentRow: 'c', ast.ExcludeGroup: 'g', ast.ExcludeTies: 't',
}

func (b *binder) frame(s *scope, def *ast.WindowDef, spec *winSpec) Frame {
	f := Frame{Mode: frameModes[def.Frame.Mode], Exclude: frameExcludes[def.Frame.Exclude]}
	pos := def.Pos()
	start, end := def.Frame.Start, def.Frame.End
	switch {
	case start.Kind == ast.UnboundedFollowing:
		failAt(pos, dberr.StateWindowing, "frame start cannot be UNBOUNDED FOLLOWING")
	case end.Kind == ast.UnboundedPreceding:
		failAt(pos, dberr.StateWindowing, "frame end cannot be UNBOUNDED PRECEDING")
	case start.Kind == ast.CurrentRow && end.Kind == ast.OffsetPreceding:
		failAt(pos, dberr.StateWindowing, "frame starting from current row cannot have preceding rows")
	case start.Kind == ast.OffsetFollowing && (end.Kind == ast.OffsetPreceding || end.Kind == ast.CurrentRow):
		failAt(pos, dberr.StateWindowing, "frame starting from following row cannot have preceding rows")
	}
	if f.Mode == FrameGroups && len(spec.order) == 0 {
		failAt(pos, dberr.StateWindowing, "GROUPS mode requires an ORDER BY clause")
	}
	f.Start, f.End = b.bound(s, start, f.Mode, spec, pos), b.bound(s, end, f.Mode, spec, pos)
	return f
}

func (b *binder) bound(s *scope, w ast.FrameBound, mode FrameMode, spec *winSpec, pos int) FrameBound {
	out := FrameBound{Kind: frameBounds[w.Kind]}
	if w.Offset == nil {
		return out
	}
	if mode != FrameRange {
		name := map[FrameMode]string{FrameRows: "ROWS", FrameGroups: "GROUPS"}[mode]
		x := b.expr(s, w.Offset)
		if len(freeVars(x)) > 0 {
			failAt(w.Offset.Pos(), dberr.StateInvalidColumnRef, "argument of %s must not contain variables", name)
		}
		out.Offset = b.assign(x, sqltype.TInt8, "", w.Offset.Pos())
		return out
	}
	if len(spec.order) != 1 {
		failAt(pos, dberr.StateWindowing, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column")
	}
	key := spec.order[0]
	op := "-"
	if (w.Kind == ast.OffsetFollowing) != key.Desc {
		op = "+"
	}
	t := key.Expr.Type().Base()
	x := b.rangeOffset(t, b.expr(s, w.Offset), w.Offset.Pos())
	f, want, err := fn.ResolveOp(op, t, x.Type())
	if err != nil {
		failAt(w.Offset.Pos(), dberr.StateFeatureNotSupported, "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s", t.Name())
	}
	out.RangeFn, out.Offset = f, b.coerce(x, want[1], w.Offset.Pos())
	return out
}

// rangeOffsets are the types that an offset of RANGE may have for a sort key of a type.
var rangeOffsets = map[sqltype.ID][]sqltype.Type{
	sqltype.Int2: {sqltype.TInt2, sqltype.TInt4, sqltype.TInt8}, sqltype.Int4: {sqltype.TInt4, sqltype.TInt2, sqltype.TInt8},
	sqltype.Int8: {sqltype.TInt8}, sqltype.Float4: {sqltype.TFloat8}, sqltype.Float8: {sqltype.TFloat8}, sqltype.Numeric: {sqltype.TNumeric},
	sqltype.Date: {sqltype.TInterval}, sqltype.Time: {sqltype.TInterval}, sqltype.TimeTZ: {sqltype.TInterval},
	sqltype.Timestamp: {sqltype.TInterval}, sqltype.TimestampTZ: {sqltype.TInterval}, sqltype.Interval: {sqltype.TInterval},
}

// rangeOffset gives the offset of RANGE one of the types that it may have.
func (b *binder) rangeOffset(key sqltype.Type, x Expr, pos int) Expr {
	list := rangeOffsets[key.ID]
	if list == nil {
		failAt(pos, dberr.StateFeatureNotSupported, "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s", key.Name())
	}
	from := x.Type()
	for _, t := range list {
		if from.Base() == t {
			return x
		}
	}
	out := b.convert(x, list[0], pos, fn.ImplicitCast)
	if out == nil {
		fail(dberr.SQL(dberr.StateFeatureNotSupported, "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s and offset type %s", key.Name(), from.Name()).
			WithHint("Cast the offset value to an appropriate type.").At(pos))
	}
	return out
}

func freeVars(e Expr) ColSet {
	s := ColSet{}
	VarsOf(e, s)
	return s
}

// windows adds the windows of a query level, one after the other.
func (b *binder) windows(s *scope, rel Rel) Rel {
	for _, w := range s.win.specs {
		rel = &LWindow{Input: rel, Partition: w.partition, Order: w.order, Calls: w.calls, CallCols: w.cols}
	}
	return rel
}
