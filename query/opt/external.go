package opt

import (
	"math"
	"slices"
	"strings"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
)

// Conditions on what paths lead to in a jsonb column of an external table become probes,
// which its model may search for: of data->'a'->>'b' = 'x', the path a, b and the text x.
// A probe only narrows what is read, so the condition stays in the filter.

// probed is a condition with the probes that follow from it.
type probed struct {
	cond   int
	probes []plan.Probe
}

// prober reads conditions on paths.
type prober struct {
	// column finds the ordinal of a jsonb column of the table.
	column func(e plan.Expr) (int, bool)
	// outside reports whether a value does not depend on the row.
	outside func(e plan.Expr) bool
}

func (m *matcher) prober() *prober { return &prober{m.column, m.outside} }

// rowProber reads conditions that are bound over the columns of a table.
func rowProber() *prober {
	return &prober{
		column: func(e plan.Expr) (int, bool) {
			v, ok := e.(*plan.Slot)
			if !ok || v.Typ.ID != sqltype.JSONB {
				return 0, false
			}
			return v.Index, true
		},
		outside: func(e plan.Expr) bool {
			found := false
			plan.Walk(e, func(x plan.Expr) bool {
				_, is := x.(*plan.Slot)
				found = found || is
				return true
			})
			return !found && !isVolatile(e) && !hasSubquery(e)
		},
	}
}

// PathOf reads an expression over the columns of a table, such as an index has, that leads
// to the text, number or json at a path within a jsonb column.
func PathOf(e plan.Expr) (column int, path []string, ok bool) {
	p, ok := rowProber().place(e)
	if ok {
		_, _, ok = p.kind("=", false)
	}
	return p.column, p.path, ok
}

// ProbesOf gives the probes that a condition over the columns of a table comes to, where
// its values are constants.
func ProbesOf(cond plan.Expr) (list []source.Probe, ok bool) {
	for _, p := range rowProber().probesOf(cond) {
		s, ok := constantProbe(&p)
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, len(list) > 0
}

// probes finds the conditions of a scan that an external table can be asked for.
func (m *matcher) probes() (list []probed) {
	pr := m.prober()
	for i, c := range m.conds {
		ps := pr.probesOf
		if m.scan.Table.External.Columns {
			ps = m.columnProbes
		}
		if ps := ps(c); ps != nil {
			list = append(list, probed{i, ps})
		}
	}
	return list
}

func (m *prober) probesOf(c plan.Expr) []plan.Probe {
	switch e := c.(type) {
	case *plan.Call:
		if e.Op && len(e.Args) == 2 {
			return m.compareProbe(e)
		}
	case *plan.In:
		return m.inProbe(e)
	}
	return nil
}

// columnProbes are the conditions on columns of the key themselves: texts that are equal to
// something, other types compared in any way.
func (m *matcher) columnProbes(c plan.Expr) []plan.Probe {
	switch e := c.(type) {
	case *plan.Call:
		if !e.Op || len(e.Args) != 2 || flipped[e.Func.Name] == "" {
			return nil
		}
		op, value := e.Func.Name, e.Args[1]
		column, typ, ok := m.keyColumn(e.Args[0])
		if !ok {
			op, value = flipped[op], e.Args[0]
			if column, typ, ok = m.keyColumn(e.Args[1]); !ok {
				return nil
			}
		}
		v, ok := probeValue(value, typ)
		if !ok || !m.outside(value) || op != "=" && typ.ID == sqltype.Text {
			return nil
		}
		return []plan.Probe{{Column: column, Kind: source.ColumnCompare, Op: op, Values: []plan.Expr{v}}}
	case *plan.In:
		column, typ, ok := m.keyColumn(e.Arg)
		if !ok || e.Not || len(e.List) > maxRanges {
			return nil
		}
		out := plan.Probe{Column: column, Kind: source.ColumnIn, Op: "="}
		for _, x := range e.List {
			v, ok := probeValue(x, typ)
			if !ok || !m.outside(x) {
				return nil
			}
			out.Values = append(out.Values, v)
		}
		return []plan.Probe{out}
	}
	return nil
}

// keyColumn finds the ordinal of a column of the scan that is part of the key.
func (m *matcher) keyColumn(e plan.Expr) (ord int, typ sqltype.Type, ok bool) {
	v, is := e.(*plan.Var)
	if !is {
		return 0, typ, false
	}
	i := slices.Index(m.scan.ColIDs, v.Col)
	if i < 0 || m.scan.Ords[i] < 0 {
		return 0, typ, false
	}
	ord = m.scan.Ords[i]
	id := m.scan.Table.Columns[ord].ID
	return ord, v.Typ, slices.ContainsFunc(m.scan.Table.Indexes[0].Columns, func(c catalog.IndexColumn) bool { return c.Column == id })
}

// place is what a condition is about: the text, number or json at a path of a column.
type place struct {
	column int
	path   []string
	text   bool         // ->>
	cast   sqltype.Type // of the text, Unknown for none
}

// column finds the ordinal of a jsonb column of the scan.
func (m *matcher) column(e plan.Expr) (int, bool) {
	v, ok := e.(*plan.Var)
	if !ok || v.Typ.ID != sqltype.JSONB {
		return 0, false
	}
	for i, c := range m.scan.ColIDs {
		if c == v.Col && m.scan.Ords[i] >= 0 {
			return m.scan.Ords[i], true
		}
	}
	return 0, false
}

// place reads an expression of the form (column -> 'a' ->> 'b')::type.
func (m *prober) place(e plan.Expr) (p place, ok bool) {
	c, is := e.(*plan.Call)
	if is && c.Func.Name == "cast" && len(c.Args) == 1 {
		if p, ok = m.place(c.Args[0]); !ok || p.cast.ID != sqltype.Unknown || !p.text && c.Typ.ID != sqltype.Numeric {
			return p, false
		}
		p.cast = c.Typ
		return p, true
	}
	if !is || len(c.Args) != 2 {
		return p, false
	}
	step, is := c.Args[1].(*plan.Const)
	if !is || step.Value.Null {
		return p, false
	}
	if p, ok = m.below(c.Args[0]); !ok {
		return p, false
	}
	switch c.Func.Name {
	case "->", "->>":
		if step.Typ.ID != sqltype.Text {
			return p, false
		}
		p.path = append(p.path, step.Value.Str)
	case "#>", "#>>":
		list, is := step.Value.Any.(*sqltype.ArrayValue)
		if !is || len(list.Vals) == 0 || len(p.path) > 0 {
			return p, false
		}
		for _, d := range list.Vals {
			if d.Null || d.Str == "" || strings.IndexByte("0123456789+- ", d.Str[0]) >= 0 { // of an array
				return p, false
			}
			p.path = append(p.path, d.Str)
		}
	default:
		return p, false
	}
	p.text = c.Func.Name == "->>" || c.Func.Name == "#>>"
	return p, true
}

// below is what a path begins with: the column, or another path of jsonb.
func (m *prober) below(e plan.Expr) (p place, ok bool) {
	if p.column, ok = m.column(e); ok {
		return p, true
	}
	c, is := e.(*plan.Call)
	if !is || c.Func.Name != "->" {
		return p, false
	}
	return m.place(e)
}

// kind says how values are compared at a place; ok is false where no probe can.
func (p *place) kind(op string, in bool) (kind source.ProbeOp, want sqltype.Type, ok bool) {
	pick := func(one, many source.ProbeOp) source.ProbeOp {
		if in {
			return many
		}
		return one
	}
	switch {
	case !p.text && p.cast.ID == sqltype.Unknown:
		return pick(source.JSONCompare, source.JSONIn), sqltype.TJSONB, op == "="
	case p.cast.ID == sqltype.Unknown:
		return pick(source.TextCompare, source.TextIn), sqltype.TText, true
	case isInt(p.cast), p.cast == sqltype.TNumeric:
		return pick(source.NumberCompare, source.NumberIn), sqltype.TNumeric, true
	case p.cast == sqltype.TFloat8:
		return source.FloatCompare, sqltype.TFloat8, !in
	}
	return 0, want, false
}

func (m *prober) compareProbe(e *plan.Call) []plan.Probe {
	op, left, right := e.Func.Name, e.Args[0], e.Args[1]
	if op == "@>" {
		return m.containsProbe(left, right)
	}
	p, ok := m.place(left)
	if !ok {
		if p, ok = m.place(right); !ok || flipped[op] == "" {
			return nil
		}
		op, right = flipped[op], left
	}
	if op == "~~" {
		return p.likeProbe(right)
	}
	kind, want, ok := p.kind(op, false)
	if !ok || flipped[op] == "" || !m.outside(right) {
		return nil
	}
	v, ok := probeValue(right, want)
	if !ok {
		return nil
	}
	return []plan.Probe{{Column: p.column, Path: p.path, Kind: kind, Op: op, Values: []plan.Expr{v}}}
}

func (m *prober) containsProbe(left, right plan.Expr) []plan.Probe {
	column, ok := m.column(left)
	if !ok || right.Type().ID != sqltype.JSONB || !m.outside(right) {
		return nil
	}
	return []plan.Probe{{Column: column, Kind: source.Contains, Op: "@>", Values: []plan.Expr{right}}}
}

// likeProbe is the range of texts that LIKE 'abc%' allows.
func (p *place) likeProbe(pattern plan.Expr) (out []plan.Probe) {
	if !p.text || p.cast.ID != sqltype.Unknown {
		return nil
	}
	for _, s := range likeSargs(pattern, 0, sqltype.TText) {
		out = append(out, plan.Probe{Column: p.column, Path: p.path, Kind: source.TextCompare, Op: s.op, Values: []plan.Expr{s.value}})
	}
	return out
}

func (m *prober) inProbe(e *plan.In) []plan.Probe {
	p, ok := m.place(e.Arg)
	if !ok || e.Not || len(e.List) > maxRanges {
		return nil
	}
	kind, want, ok := p.kind("=", true)
	if !ok {
		return nil
	}
	out := plan.Probe{Column: p.column, Path: p.path, Kind: kind, Op: "="}
	for _, x := range e.List {
		v, ok := probeValue(x, want)
		if !ok || !m.outside(x) {
			return nil
		}
		out.Values = append(out.Values, v)
	}
	return []plan.Probe{out}
}

// probeValue makes a value have the type that a probe wants.
func probeValue(e plan.Expr, want sqltype.Type) (plan.Expr, bool) {
	have := e.Type()
	if have == want || fn.SameValue(have, want) {
		return e, true
	}
	if want != sqltype.TNumeric || !isInt(have) {
		return nil, false
	}
	f := fn.ImplicitCast(have, want)
	if f == nil {
		return nil, false
	}
	return &plan.Call{Typ: want, Func: f, Args: []plan.Expr{e}, Op: true}, true
}

// ask has scans of an external table ask for what is probed.
func (m *matcher) ask(list []cand, found []probed) error {
	if len(found) == 0 {
		return nil
	}
	for _, c := range list {
		scan := c.node.(*plan.Scan)
		scan.Probes = nil
		for _, f := range found {
			for i, p := range f.probes {
				var err error
				if p.Values, err = m.b.emitAll(p.Values, nil); err != nil {
					return err
				}
				p.From = m.conds[f.cond]
				if i == 0 {
					if p.Cond, err = m.b.emit(m.conds[f.cond], c.cols); err != nil {
						return err
					}
				}
				scan.Probes = append(scan.Probes, p)
			}
		}
	}
	return nil
}

// Searcher is a stats.Source that can tell how many rows a search of an external table
// comes to.
type Searcher interface {
	// Usable says that the index can be searched by the probes, counted that rows is how
	// many there are, and not more than were counted.
	SearchRows(t *catalog.Table, x *catalog.Index, probes []source.Probe) (rows float64, counted, usable bool)
}

// byPath plans reading an external table through an index of paths, where probes are
// about its first one.
// An index with a filter, and one without an entry for what lacks one of its paths, is read
// only where the conditions are known to keep within it.
func (m *matcher) byPath(x *catalog.Index, whole cand) (cand, bool) {
	scan := *whole.node.(*plan.Scan)
	scan.Probes = slices.Clone(scan.Probes)
	var conds []plan.Expr
	var search []source.Probe
	single, constant := false, true
	for i := range scan.Probes {
		p := &scan.Probes[i]
		if !serves(x, p) {
			continue
		}
		p.ByIndex = true
		if p.Cond != nil {
			conds = append(conds, p.From)
		}
		single = single || x.Unique && len(x.Columns) == 1 && p.Op == "=" && len(p.Values) == 1
		s, ok := constantProbe(p)
		search, constant = append(search, s), constant && ok
	}
	if search == nil || x.Unique && !x.NullsNotDistinct && !servesAll(x, scan.Probes) {
		return cand{}, false
	}
	read := math.Max(1, math.Max(m.b.scanStats(m.scan).Rows, 1)*m.b.selectivity(conds))
	if single {
		read = 1
	}
	within := x.Predicate == ""
	if s, ok := m.b.source.(Searcher); ok && constant {
		// What does not serve the index may still show that its filter holds.
		all := search
		for i := range scan.Probes {
			if s, ok := constantProbe(&scan.Probes[i]); ok && !serves(x, &scan.Probes[i]) {
				all = append(all, s)
			}
		}
		n, counted, usable := s.SearchRows(m.scan.Table, x, all)
		if counted {
			read = n
		}
		within = within || usable
	}
	if !within {
		return cand{}, false
	}
	c := whole
	scan.Index, scan.Fetch, scan.Reverse = x, true, false
	c.order = nil
	c.rows = math.Max(math.Min(c.rows, read), 1e-3)
	c.total = costStartScan + read*(costFetchRow+costExternalRow+costFilter*float64(len(m.conds)))
	c.startup = costStartScan
	scan.Base = m.b.base(&c)
	c.node = &scan
	return c, true
}

// constantProbe is a probe whose values are known.
func constantProbe(p *plan.Probe) (out source.Probe, ok bool) {
	out = source.Probe{Column: p.Column, Path: p.Path, Kind: p.Kind, Op: p.Op}
	for _, v := range p.Values {
		if call, is := v.(*plan.Call); is && call.Func.Name == "cast" {
			if c, is := call.Args[0].(*plan.Const); is && isInt(c.Typ) {
				v = &plan.Const{Typ: sqltype.TNumeric, Value: sqltype.Datum{Null: c.Value.Null, Num: sqltype.NumInt(c.Value.Int)}}
			}
		}
		c, is := v.(*plan.Const)
		if !is || c.Value.Null {
			return out, false
		}
		out.Values = append(out.Values, c.Value)
	}
	return out, true
}

// serves reports whether an index of an external table begins with what a probe is about.
func serves(x *catalog.Index, p *plan.Probe) bool {
	if len(x.Columns) == 0 || x.Columns[0].Path == nil {
		return false
	}
	first := x.Columns[0].Path
	if p.Kind == source.Contains {
		return holdsScalar(p.Values[0], first)
	}
	if x.Kind == catalog.Hash && (p.Op != "=" || len(x.Columns) > 1) {
		return false
	}
	if len(first) != len(p.Path) {
		return false
	}
	for i := range first {
		if first[i] != p.Path[i] {
			return false
		}
	}
	return true
}

// servesAll reports whether every path of an index has a probe.
func servesAll(x *catalog.Index, probes []plan.Probe) bool {
	for i := range x.Columns {
		one := catalog.Index{Columns: x.Columns[i : i+1]}
		if !slices.ContainsFunc(probes, func(p plan.Probe) bool { return serves(&one, &p) }) {
			return false
		}
	}
	return true
}

// holdsScalar reports whether a constant jsonb object has a scalar at a path, or a list
// of which one is.
func holdsScalar(e plan.Expr, path []string) bool {
	c, ok := e.(*plan.Const)
	if !ok || c.Value.Null {
		return false
	}
	v, err := sqltype.ParseJSON(c.Value.Str)
	if err != nil {
		return false
	}
	at := &v
	for _, step := range path {
		if at.Kind != sqltype.JSONObject {
			return false
		}
		next, ok := at.Get(step)
		if !ok {
			return false
		}
		at = next
	}
	if at.Kind == sqltype.JSONArray {
		for i := range at.Arr {
			if k := at.Arr[i].Kind; k != sqltype.JSONArray && k != sqltype.JSONObject {
				return true
			}
		}
		return false
	}
	return at.Kind != sqltype.JSONObject
}

// probesOuter reports whether a scan searches a path for what registers hold.
func probesOuter(s *plan.Scan, regs []int) bool {
	if s.Index.Primary {
		return false
	}
	found := false
	for i := range s.Probes {
		if !serves(s.Index, &s.Probes[i]) {
			continue
		}
		for _, v := range s.Probes[i].Values {
			plan.Walk(v, func(x plan.Expr) bool {
				o, is := x.(*plan.Outer)
				for _, r := range regs {
					found = found || is && o.Index == r
				}
				return true
			})
		}
	}
	return found
}
