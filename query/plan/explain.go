package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// Actual is what running a node was like.
type Actual struct {
	Rows    int64
	Loops   int64
	Startup time.Duration // of the first loop, until the first rows
	Time    time.Duration // of the node with all below it
	Bytes   int64         // memory held at most
	Spill   int64         // bytes written to files
	Files   int64
	// What a scan read: index entries, rows fetched by key, the bytes of both, and rows
	// taken from columns that were kept decoded.
	Entries, Fetched, ReadBytes, Columns int64
	// Unmatched are rows that a scan left out since a join above has no match for them.
	Unmatched int64
}

// Explainer prints plans as PostgreSQL does.
type Explainer struct {
	Costs   bool
	Verbose bool
	// Timing shows times, Buffers what scans read, both of a run.
	Timing, Buffers bool
	// Actual gives the figures of a run; nil where the plan was not run.
	Actual func(n Node) (Actual, bool)
}

// Text prints a plan as lines.
func (x *Explainer) Text(n Node) string {
	var b strings.Builder
	x.node(&b, n, 0, "")
	return b.String()
}

func (x *Explainer) node(b *strings.Builder, n Node, depth int, label string) {
	indent, arrow := "", ""
	if depth > 0 {
		indent = strings.Repeat(" ", 2+(depth-1)*6)
		arrow = "->  "
	}
	if label != "" {
		fmt.Fprintf(b, "%s%s\n", indent, label)
		indent += "  "
	}
	b.WriteString(indent + arrow + x.title(n))
	e := n.Estimate()
	if x.Costs {
		fmt.Fprintf(b, "  (cost=%.2f..%.2f rows=%.0f width=%.0f)", e.Startup, e.Total, e.Rows, e.Width)
	}
	x.actual(b, n)
	b.WriteByte('\n')
	pad := indent
	if depth > 0 {
		pad += "      "
	} else {
		pad += "  "
	}
	for _, d := range append(x.details(n), x.buffers(n)...) {
		fmt.Fprintf(b, "%s%s: %s\n", pad, d[0], d[1])
	}
	for i, s := range subplansOf(n) {
		name := fmt.Sprintf("SubPlan %d", i+1)
		if len(s.Args) == 0 {
			name = fmt.Sprintf("InitPlan %d", i+1)
		}
		x.node(b, s.Plan, depth+1, name)
	}
	if c, ok := n.(*CTE); ok {
		x.node(b, c.Plan, depth+1, "CTE")
		if c.Step != nil {
			x.node(b, c.Step, depth+1, "Recursive term")
		}
		x.node(b, c.Body, depth+1, "")
		return
	}
	for _, c := range n.Children() {
		x.node(b, c, depth+1, "")
	}
}

func (x *Explainer) actual(b *strings.Builder, n Node) {
	if x.Actual == nil {
		return
	}
	a, ok := x.Actual(n)
	if !ok {
		b.WriteString(" (never executed)")
		return
	}
	loops := max(a.Loops, 1)
	b.WriteString(" (actual ")
	if x.Timing {
		fmt.Fprintf(b, "time=%.3f..%.3f ", millis(a.Startup), millis(a.Time)/float64(loops))
	}
	fmt.Fprintf(b, "rows=%s loops=%d", perLoop(a.Rows, loops), loops)
	if a.Bytes > 0 {
		fmt.Fprintf(b, " memory=%dkB", (a.Bytes+1023)/1024)
	}
	if a.Spill > 0 {
		fmt.Fprintf(b, " spilled=%dkB", (a.Spill+1023)/1024)
	}
	b.WriteByte(')')
}

func millis(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// perLoop is the number of rows of one loop: whole where there was one.
func perLoop(rows, loops int64) string {
	if rows%loops == 0 {
		return fmt.Sprint(rows / loops)
	}
	return fmt.Sprintf("%.2f", float64(rows)/float64(loops))
}

// buffers says what a scan read, and what it left out for a join.
func (x *Explainer) buffers(n Node) (list [][2]string) {
	if x.Actual == nil {
		return nil
	}
	a, ok := x.Actual(n)
	if ok && a.Unmatched > 0 {
		list = append(list, [2]string{"Rows Removed by Join Filter", perLoop(a.Unmatched, max(a.Loops, 1))})
	}
	if !ok || !x.Buffers {
		return list
	}
	var parts []string
	for _, p := range []struct {
		name string
		n    int64
	}{{"entries", a.Entries}, {"fetched", a.Fetched}, {"bytes", a.ReadBytes}, {"column rows", a.Columns}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", p.name, p.n))
		}
	}
	if parts == nil {
		return list
	}
	return append(list, [2]string{"Buffers", strings.Join(parts, " ")})
}

var joinNames = map[JoinKind]string{Inner: "", Left: " Left", Right: " Right", Full: " Full", Semi: " Semi", Anti: " Anti", NullAnti: " Null-Aware Anti", RightSemi: " Right Semi", RightAnti: " Right Anti"}

func (x *Explainer) title(n Node) string {
	switch n := n.(type) {
	case *Values:
		if len(n.Rows) == 1 {
			return "Result"
		}
		return "Values Scan"
	case *Scan:
		return scanTitle(n)
	case *FuncScan:
		return "Function Scan on " + n.name()
	case *Virtual:
		return "Virtual Scan on " + n.Object
	case *Filter:
		return "Filter"
	case *Project:
		if n.Sets != nil {
			return "ProjectSet"
		}
		return "Project"
	case *Sort:
		if n.Limit >= 0 {
			return "Top-N Sort"
		}
		if n.Prefix > 0 {
			return "Incremental Sort"
		}
		return "Sort"
	case *Limit:
		return "Limit"
	case *Distinct:
		if n.Sorted {
			return "Unique"
		}
		return "HashDistinct"
	case *Aggregate:
		switch {
		case n.Sets != nil:
			return "MixedAggregate"
		case len(n.Keys) == 0:
			return "Aggregate"
		case n.Sorted:
			return "GroupAggregate"
		}
		return "HashAggregate"
	case *HashJoin:
		return "Hash" + joinNames[n.Kind] + " Join"
	case *MergeJoin:
		return "Merge" + joinNames[n.Kind] + " Join"
	case *NestedLoop:
		return "Nested Loop" + joinNames[n.Kind] + joinWord(n.Kind)
	case *Apply:
		return "Index Nested Loop" + joinNames[n.Kind] + joinWord(n.Kind)
	case *SetOp:
		name := map[SetOpKind]string{Union: "Union", Intersect: "Intersect", Except: "Except"}[n.Kind]
		if n.All {
			name += " All"
		}
		return "HashSetOp " + name
	}
	return otherTitle(n)
}

// name is what a scan of functions is called: its only function, or its alias.
func (n *FuncScan) name() string {
	if len(n.Calls) == 1 {
		return n.Calls[0].Name()
	}
	return n.Alias
}

func joinWord(k JoinKind) string {
	if k == Inner {
		return ""
	}
	return " Join"
}

func otherTitle(n Node) string {
	switch n := n.(type) {
	case *Append:
		return "Append"
	case *Window:
		return "WindowAgg"
	case *CTE:
		if n.Recursive {
			return "Recursive Union"
		}
		return "With"
	case *CTEScan:
		return "CTE Scan on " + ast.QuoteIdent(n.Name)
	case *WorkScan:
		return "WorkTable Scan"
	case *Materialize:
		return "Materialize"
	case *Insert:
		return "Insert on " + ast.QuoteIdent(n.Table.Name)
	case *Update:
		return "Update on " + ast.QuoteIdent(n.Table.Name)
	case *Delete:
		return "Delete on " + ast.QuoteIdent(n.Table.Name)
	case *LockRows:
		return "LockRows"
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", n), "*plan.")
}

func scanTitle(n *Scan) string {
	on, using := ast.QuoteIdent(n.Table.Name), " using "+ast.QuoteIdent(n.Index.Name)
	if n.Alias != "" && n.Alias != n.Table.Name {
		on += " " + ast.QuoteIdent(n.Alias)
	}
	back := ""
	if n.Reverse {
		back = " Backward"
	}
	switch {
	case n.Union != nil:
		return "Index Union Scan on " + on
	case n.Ranges == nil && n.Index.Primary && !n.Reverse:
		return "Seq Scan on " + on
	case n.Index.Primary && n.Point:
		return "Primary Key Lookup on " + on
	case n.Index.Primary:
		return "Primary Key Scan" + back + " on " + on
	case !n.Fetch:
		return "Index Only Scan" + back + using + " on " + on
	}
	return "Index Scan" + back + using + " on " + on
}

// details are the lines below a node's title.
func (x *Explainer) details(n Node) (out [][2]string) {
	add := func(name, value string) {
		if value != "" {
			out = append(out, [2]string{name, value})
		}
	}
	if x.Verbose {
		names := make([]string, len(n.Fields()))
		for i, f := range n.Fields() {
			names[i] = ast.QuoteIdent(f.Name)
		}
		add("Output", strings.Join(names, ", "))
	}
	switch n := n.(type) {
	case *Scan:
		add("Index Cond", rangesText(n))
		add("Index Cond", unionText(n))
		add("Index Cond", probesText(n, true))
		add("Pushed Down", probesText(n, false))
		add("Filter", exprText(n.Filter))
		if n.Limit > 0 {
			add("Rows Wanted", fmt.Sprint(n.Limit))
		}
	case *Virtual:
		add("Filter", exprText(n.Filter))
	case *Filter:
		add("Filter", exprText(n.Cond))
	case *Sort:
		add("Sort Key", keysText(n.Keys))
		if n.Prefix > 0 {
			add("Presorted Key", keysText(n.Keys[:n.Prefix]))
		}
		if n.Limit >= 0 {
			add("Rows Wanted", fmt.Sprint(n.Limit))
		}
	case *Aggregate:
		add("Group Key", listText(n.Keys))
	case *HashJoin:
		add("Hash Cond", equalText(n.LeftKeys, n.RightKeys))
		add("Join Filter", exprText(n.Residual))
	case *MergeJoin:
		add("Merge Cond", mergeText(n.LeftKeys, n.RightKeys))
		add("Join Filter", exprText(n.Residual))
	case *NestedLoop:
		add("Join Filter", exprText(n.Cond))
	case *Apply:
		add("Join Filter", exprText(n.Cond))
	case *Window:
		add("Partition By", listText(n.Partition))
		add("Order By", keysText(n.Order))
	case *Insert:
		if n.Conflict != nil {
			action := "UPDATE"
			if n.Conflict.Nothing {
				action = "NOTHING"
			}
			add("Conflict Resolution", action)
		}
	}
	return out
}

// probesText are the conditions that an external table's model is asked for: those that
// its index is searched by, or the others.
func probesText(s *Scan, byIndex bool) string {
	var conds []Expr
	for _, p := range s.Probes {
		if p.Cond != nil && p.ByIndex == byIndex {
			conds = append(conds, p.Cond)
		}
	}
	return exprText(Conjunction(conds))
}

// unionText is what the arms of a union search for, and in which indexes.
func unionText(s *Scan) string {
	arms := make([]string, len(s.Union))
	for i, a := range s.Union {
		arms[i] = "(" + rangesText(&Scan{Table: s.Table, Index: a.Index, Ranges: a.Ranges}) + " using " + ast.QuoteIdent(a.Index.Name) + ")"
	}
	return strings.Join(arms, " OR ")
}

func rangesText(s *Scan) string {
	if len(s.Ranges) > 4 {
		return fmt.Sprintf("%d ranges", len(s.Ranges))
	}
	parts := make([]string, len(s.Ranges))
	for i, r := range s.Ranges {
		parts[i] = rangeText(s, r)
	}
	return strings.Join(parts, " OR ")
}

func rangeText(s *Scan, r KeyRange) string {
	name := func(i int) string {
		k := s.Index.Columns[i]
		switch o := s.Table.Ordinal(k.Column); {
		case k.Expr != "":
			return "(" + k.Expr + ")"
		case o >= 0:
			return ast.QuoteIdent(s.Table.Columns[o].Name)
		case k.Column == catalog.RowID:
			return "rowid"
		}
		return "?"
	}
	var conds []string
	for i, e := range r.Eq {
		if r.EqNull != nil && r.EqNull[i] {
			conds = append(conds, name(i)+" IS NULL")
			continue
		}
		conds = append(conds, name(i)+" = "+exprText(e))
	}
	next := len(r.Eq)
	bound := func(b *Bound, op string) {
		if b == nil {
			return
		}
		if b.Inclusive {
			op += "="
		}
		conds = append(conds, name(next)+" "+op+" "+exprText(b.Vals[0]))
	}
	lower, upper := ">", "<"
	if next < len(s.Index.Columns) && s.Index.Columns[next].Desc {
		lower, upper = upper, lower
	}
	bound(r.Lower, lower)
	bound(r.Upper, upper)
	return "(" + strings.Join(conds, " AND ") + ")"
}

func equalText(l, r []Expr) string {
	parts := make([]string, len(l))
	for i := range l {
		parts[i] = exprText(l[i]) + " = " + exprText(r[i])
	}
	return "(" + strings.Join(parts, " AND ") + ")"
}

func mergeText(l, r []SortKey) string {
	parts := make([]string, len(l))
	for i := range l {
		parts[i] = exprText(l[i].Expr) + " = " + exprText(r[i].Expr)
	}
	return "(" + strings.Join(parts, " AND ") + ")"
}

func keysText(keys []SortKey) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = exprText(k.Expr)
		if k.Desc {
			parts[i] += " DESC"
		}
		if k.NullsFirst != k.Desc {
			parts[i] += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
		}
	}
	return strings.Join(parts, ", ")
}

func listText(list []Expr) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = exprText(e)
	}
	return strings.Join(parts, ", ")
}

// exprText prints a bound expression.
func exprText(e Expr) string {
	switch e := e.(type) {
	case nil:
		return ""
	case *Const:
		return constText(e)
	case *Slot:
		return ast.QuoteIdent(e.Name)
	case *Param:
		return fmt.Sprintf("$%d", e.Index+1)
	case *Outer:
		return "outer." + ast.QuoteIdent(e.Name)
	case *Call:
		return callText(e)
	case *And:
		return "(" + joinText(e.Args, " AND ") + ")"
	case *Or:
		return "(" + joinText(e.Args, " OR ") + ")"
	case *Not:
		return "(NOT " + exprText(e.Arg) + ")"
	case *IsNull:
		return "(" + exprText(e.Arg) + " IS" + notText(e.Not) + " NULL)"
	case *IsBool:
		return "(" + exprText(e.Arg) + " IS" + notText(e.Not) + " " + map[byte]string{'t': "TRUE", 'f': "FALSE", 'u': "UNKNOWN"}[e.Want] + ")"
	case *IsDistinct:
		return "(" + exprText(e.L) + " IS" + notText(e.Not) + " DISTINCT FROM " + exprText(e.R) + ")"
	case *In:
		return "(" + exprText(e.Arg) + notText(e.Not) + " IN (" + joinText(e.List, ", ") + "))"
	case *Case:
		s := "CASE"
		for i := range e.Conds {
			s += " WHEN " + exprText(e.Conds[i]) + " THEN " + exprText(e.Results[i])
		}
		if e.Else != nil {
			s += " ELSE " + exprText(e.Else)
		}
		return s + " END"
	case *Coalesce:
		return "COALESCE(" + joinText(e.Args, ", ") + ")"
	case *ArrayExpr:
		return "ARRAY[" + joinText(e.Elems, ", ") + "]"
	case *PartCheck:
		return exprText(e.Arg)
	case *RowExpr:
		return "ROW(" + joinText(e.Elems, ", ") + ")"
	case *SubPlan:
		if len(e.Args) == 0 {
			return "(InitPlan)"
		}
		return "(SubPlan)"
	}
	return "?"
}

func notText(not bool) string {
	if not {
		return " NOT"
	}
	return ""
}

func joinText(list []Expr, sep string) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = exprText(e)
	}
	return strings.Join(parts, sep)
}

func constText(c *Const) string {
	if c.Value.Null {
		return "NULL"
	}
	s := sqltype.FormatText(c.Typ, c.Value)
	switch c.Typ.ID {
	case sqltype.Bool:
		return map[bool]string{true: "true", false: "false"}[c.Value.Int != 0]
	case sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Numeric, sqltype.Float4, sqltype.Float8:
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'::" + c.Typ.String()
}

func callText(e *Call) string {
	switch {
	case e.Func.Name == "cast" && len(e.Args) == 1:
		return "(" + exprText(e.Args[0]) + ")::" + e.Typ.String()
	case e.Op && len(e.Args) == 2:
		return "(" + exprText(e.Args[0]) + " " + e.Func.Name + " " + exprText(e.Args[1]) + ")"
	case e.Op && len(e.Args) == 1:
		return "(" + e.Func.Name + " " + exprText(e.Args[0]) + ")"
	}
	return e.Func.Name + "(" + joinText(e.Args, ", ") + ")"
}

// subplansOf lists the subqueries in a node's own expressions.
func subplansOf(n Node) (list []*SubPlan) {
	look := func(es ...Expr) {
		for _, e := range es {
			Walk(e, func(x Expr) bool {
				if s, ok := x.(*SubPlan); ok {
					list = append(list, s)
				}
				return true
			})
		}
	}
	switch n := n.(type) {
	case *Scan:
		look(n.Filter)
	case *Filter:
		look(n.Cond)
	case *Project:
		look(n.Exprs...)
	case *Values:
		for _, r := range n.Rows {
			look(r...)
		}
	case *Aggregate:
		look(n.Keys...)
		for _, a := range n.Aggs {
			look(a.Args...)
		}
	case *Sort:
		for _, k := range n.Keys {
			look(k.Expr)
		}
	case *HashJoin:
		look(n.Residual)
	case *NestedLoop:
		look(n.Cond)
	case *Apply:
		look(n.Cond)
	}
	return list
}

// JSON gives a plan as the objects of EXPLAIN (FORMAT JSON).
func (x *Explainer) JSON(n Node) map[string]any {
	e := n.Estimate()
	out := map[string]any{"Node Type": x.title(n)}
	if x.Costs {
		out["Startup Cost"], out["Total Cost"], out["Plan Rows"], out["Plan Width"] = round2(e.Startup), round2(e.Total), e.Rows, e.Width
	}
	for _, d := range x.details(n) {
		out[d[0]] = d[1]
	}
	if x.Actual != nil {
		if a, ok := x.Actual(n); ok {
			out["Actual Rows"], out["Actual Loops"] = float64(a.Rows)/float64(max(a.Loops, 1)), a.Loops
			if x.Timing {
				out["Actual Startup Time"], out["Actual Total Time"] = millis(a.Startup), millis(a.Time)/float64(max(a.Loops, 1))
			}
			if a.Bytes > 0 {
				out["Memory"] = a.Bytes
			}
			if a.Spill > 0 {
				out["Spilled"], out["Spill Files"] = a.Spill, a.Files
			}
			if a.Unmatched > 0 {
				out["Rows Removed by Join Filter"] = float64(a.Unmatched) / float64(max(a.Loops, 1))
			}
			if x.Buffers && a.Entries+a.Fetched+a.Columns > 0 {
				out["Read Entries"], out["Read Fetched"], out["Read Bytes"], out["Read Column Rows"] = a.Entries, a.Fetched, a.ReadBytes, a.Columns
			}
		}
	}
	var kids []any
	for _, s := range subplansOf(n) {
		k := x.JSON(s.Plan)
		k["Parent Relationship"] = "SubPlan"
		kids = append(kids, k)
	}
	for _, c := range n.Children() {
		kids = append(kids, x.JSON(c))
	}
	if kids != nil {
		out["Plans"] = kids
	}
	return out
}

func round2(f float64) float64 { return float64(int64(f*100+0.5)) / 100 }
