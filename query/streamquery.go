package query

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/sqltype"
)

// streamWord is what stands before a channel in FROM. To the grammar it is a table, and
// the channel its alias.
const streamWord = "stream"

// streamFrom is the channel of SELECT … FROM STREAM channel; false for other queries, and
// where there is a relation of that name.
func (d *definer) streamFrom(st ast.Stmt) (channel string, ok bool) {
	sel, is := st.(*ast.Select)
	if !is || len(sel.From) == 0 {
		return "", false
	}
	ref, is := sel.From[0].(*ast.TableRef)
	if !is || ref.Name.Schema != "" || ref.Name.Name != streamWord || ref.Alias == nil {
		return "", false
	}
	if _, err := d.s.lookup(d.e.Snapshot, ref.Name); err == nil {
		return "", false
	}
	return ref.Alias.Name, true
}

// windowNames are the functions that divide time: how many arguments they have, and what
// the last ones are.
var windowNames = map[string][]string{
	"tumble":  {"size"},
	"hop":     {"slide", "size"},
	"session": {"gap"},
}

// streamReader takes a SELECT over a stream apart.
type streamReader struct {
	sel   *ast.Select
	q     *ContinuousQuery
	time  string // the argument of the window
	names []string
	keys  map[string]int // the ordinals of targets, by the text of their expressions
	// named are the names of keys and aggregates, by their texts.
	named map[string]string
	later []int // the ordinals of targets that are computed from them
}

// readStream takes SELECT … FROM STREAM … GROUP BY window apart. columns are the names of
// its columns in their order.
func readStream(sel *ast.Select, channel string, names []string) (q *ContinuousQuery, columns []string, err error) {
	r := &streamReader{sel: sel, q: &ContinuousQuery{Channel: channel}, names: names, keys: map[string]int{}, named: map[string]string{}}
	if err := r.refuse(); err != nil {
		return nil, nil, err
	}
	if sel.Where != nil {
		r.q.Where = ast.String(sel.Where)
	}
	if len(names) > len(sel.Targets) {
		return nil, nil, dberr.SQL(dberr.StateSyntax, "too many column names were specified").At(sel.Pos())
	}
	groups, err := r.groups()
	if err != nil {
		return nil, nil, err
	}
	for i := range sel.Targets {
		name, err := r.target(i, groups)
		if err != nil {
			return nil, nil, err
		}
		columns = append(columns, name)
	}
	for text, pos := range groups {
		if _, ok := r.keys[text]; !ok {
			return nil, nil, dberr.SQL(dberr.StateFeatureNotSupported, "GROUP BY an expression that is not in the select list").At(pos).
				WithHint("Add %s to the select list: it tells the rows apart.", text)
		}
	}
	if err := r.compute(columns); err != nil {
		return nil, nil, err
	}
	return r.q, columns, nil
}

// refuse refuses the clauses that have no meaning over a stream, by name.
func (r *streamReader) refuse() error {
	s := r.sel
	no := func(is bool, pos int, what string) error {
		if !is {
			return nil
		}
		return refuse(pos, "%s over a stream", what)
	}
	ref, _ := s.From[0].(*ast.TableRef)
	for _, err := range []error{
		no(s.With != nil, s.Pos(), "WITH"),
		no(s.Op != ast.NoSetOp || s.Values != nil, s.Pos(), "UNION, INTERSECT, EXCEPT or VALUES"),
		no(s.Distinct, s.Pos(), "DISTINCT"),
		no(len(s.From) > 1, s.Pos(), "a join"),
		no(ref.Only || ref.AsOf != nil || ref.Sample != nil, ref.Pos(), "ONLY, AS OF or TABLESAMPLE"),
		no(len(ref.Alias.Columns) > 0, ref.Pos(), "an alias with columns"),
		no(s.GroupDistinct, s.Pos(), "GROUP BY DISTINCT"),
		no(len(s.Windows) > 0, s.Pos(), "WINDOW"),
		no(len(s.OrderBy) > 0, s.Pos(), "ORDER BY"),
		no(s.Limit != nil || s.Offset != nil, s.Pos(), "LIMIT and OFFSET"),
		no(len(s.Locking) > 0, s.Pos(), "FOR UPDATE"),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// groups reads GROUP BY: the window, and the positions of the other expressions by their
// texts.
func (r *streamReader) groups() (map[string]int, error) {
	out := map[string]int{}
	for _, g := range r.sel.GroupBy {
		if g.Kind != ast.GroupExpr {
			return nil, refuse(g.Pos(), "GROUPING SETS, ROLLUP or CUBE over a stream")
		}
		if call, ok := g.Expr.(*ast.FuncCall); ok && len(call.Name) == 1 && windowNames[call.Name[0]] != nil {
			if r.q.Window != "" {
				return nil, refuse(g.Pos(), "GROUP BY two windows")
			}
			if err := r.window(call); err != nil {
				return nil, err
			}
			continue
		}
		e, err := r.grouped(g.Expr)
		if err != nil {
			return nil, err
		}
		out[ast.String(e)] = g.Pos()
	}
	if r.q.Window == "" {
		return nil, dberr.SQL(dberr.StateFeatureNotSupported, "a query over a stream without a window").At(r.sel.Pos()).
			WithHint("Add tumble(time, INTERVAL '1 minute'), hop(time, slide, size) or session(time, gap) to GROUP BY.")
	}
	return out, nil
}

// grouped is the expression that an item of GROUP BY stands for: a number or an alias is
// of the select list.
func (r *streamReader) grouped(e ast.Expr) (ast.Expr, error) {
	if l, ok := e.(*ast.Literal); ok && l.Kind == ast.LitInt {
		n, err := strconv.Atoi(l.Text)
		if err != nil || n < 1 || n > len(r.sel.Targets) {
			return nil, dberr.SQL("42P10", "GROUP BY position %s is not in select list", l.Text).At(e.Pos())
		}
		return r.sel.Targets[n-1].Expr, nil
	}
	if c, ok := e.(*ast.ColumnRef); ok && len(c.Names) == 1 && !c.Star {
		for _, t := range r.sel.Targets {
			if t.Alias == c.Names[0] {
				return t.Expr, nil
			}
		}
	}
	return e, nil
}

// window reads a call of tumble, hop or session.
func (r *streamReader) window(c *ast.FuncCall) error {
	name, parts := c.Name[0], windowNames[c.Name[0]]
	if len(c.Args) != 1+len(parts) || c.Star || c.Distinct || c.Filter != nil || c.Over != nil || len(c.OrderBy) > 0 {
		return dberr.SQL(dberr.StateUndefinedFunction, "%s takes the time and %s", name, strings.Join(parts, " and ")).At(c.Pos()).
			WithHint("Write %s(time, %s).", name, strings.Join(slices.Repeat([]string{"INTERVAL '1 minute'"}, len(parts)), ", "))
	}
	r.q.Window, r.time = name, ast.String(c.Args[0])
	if col, ok := c.Args[0].(*ast.ColumnRef); !ok || col.Names[len(col.Names)-1] != "time" {
		r.q.Time = r.time
	}
	for i, part := range parts {
		d, err := intervalOf(c.Args[1+i], part)
		if err != nil {
			return err
		}
		switch part {
		case "size":
			r.q.Size = d
		case "slide":
			r.q.Slide = d
		case "gap":
			r.q.Gap = d
		}
	}
	return nil
}

// intervalOf is the value of a constant of type interval, such as INTERVAL '1 minute', or
// of its text.
func intervalOf(e ast.Expr, what string) (time.Duration, error) {
	bad := func(why string) error {
		return dberr.SQL(dberr.StateInvalidParameterValue, "%s must be %s", what, why).At(e.Pos()).
			WithHint("Write it as INTERVAL '1 minute'.")
	}
	arg := e
	if c, ok := e.(*ast.Cast); ok {
		if strings.ToLower(c.Type.String()) != "interval" {
			return 0, bad("a constant of type interval")
		}
		arg = c.Arg
	}
	l, ok := arg.(*ast.Literal)
	if !ok || l.Kind != ast.LitString {
		return 0, bad("a constant of type interval")
	}
	v, err := sqltype.ParseInterval(l.Text, "second")
	if err != nil {
		return 0, bad("a constant of type interval")
	}
	const day = 24 * time.Hour
	d := time.Duration(v.Days)*day + time.Duration(v.Micros)*time.Microsecond
	switch {
	case v.Months != 0:
		return 0, bad("of days and shorter units: months are not of one length")
	case d < 0 || v.Days > 100_000 || v.Days < 0:
		return 0, bad("from 0 to 366 days")
	}
	return d, nil
}

// target reads an item of the select list, and returns the name of its column.
func (r *streamReader) target(i int, groups map[string]int) (string, error) {
	t := r.sel.Targets[i]
	name := t.Alias
	if i < len(r.names) {
		name = r.names[i]
	}
	if c, ok := t.Expr.(*ast.ColumnRef); ok && len(c.Names) == 1 && (c.Names[0] == "window_start" || c.Names[0] == "window_end") {
		if name != "" && name != c.Names[0] {
			return "", refuse(t.Pos(), "another name for %s", c.Names[0])
		}
		return c.Names[0], nil
	}
	if name == "" {
		if name = ast.ColumnName(t.Expr); name == "?column?" {
			return "", dberr.SQL(dberr.StateSyntax, "the expression needs a name").At(t.Pos()).WithHint("Add AS and a name.")
		}
	}
	text := ast.String(t.Expr)
	if _, ok := groups[text]; ok {
		r.keys[text], r.named[text] = i, name
		r.q.Keys = append(r.q.Keys, ContinuousColumn{Name: name, SQL: text})
		return name, nil
	}
	call, ok := t.Expr.(*ast.FuncCall)
	if !ok || !isStreamAggregate(call) {
		r.later = append(r.later, i)
		return name, nil
	}
	r.named[text] = name
	return name, r.aggregate(ContinuousColumn{Name: name}, call)
}

// ContinuousFunctions are the aggregates of queries over streams.
var ContinuousFunctions = []string{"count", "sum", "avg", "min", "max", "first", "last"}

// aggregate reads a call of an aggregate.
func (r *streamReader) aggregate(a ContinuousColumn, c *ast.FuncCall) error {
	fn := c.Name[0]
	switch {
	case c.Distinct || len(c.OrderBy) > 0 || c.WithinGroup || c.Over != nil || c.Variadic:
		return refuse(c.Pos(), "DISTINCT, ORDER BY, WITHIN GROUP or OVER in an aggregate over a stream")
	case (fn == "first" || fn == "last") && len(c.Args) == 2 && ast.String(c.Args[1]) == r.time:
		c.Args = c.Args[:1] // that is what they go by
	case len(c.Args) > 1:
		return refuse(c.Pos(), "%s with several arguments over a stream, unless the second is the time of the window", fn)
	case len(c.Args) == 0 && !c.Star:
		return dberr.SQL(dberr.StateUndefinedFunction, "function %s() does not exist", fn).At(c.Pos())
	}
	arg := ""
	if !c.Star {
		arg = ast.String(c.Args[0])
	}
	if c.Filter != nil {
		if c.Star {
			arg = "1"
		}
		arg = "CASE WHEN " + ast.String(c.Filter) + " THEN " + arg + " END"
	}
	a.Function, a.SQL = fn, arg
	r.q.Aggregates = append(r.q.Aggregates, a)
	return nil
}

// streamOptions reads the options of WITH.
func streamOptions(q *ContinuousQuery, list []ast.Option) error {
	for _, o := range list {
		var text string
		switch v := o.Value.(type) {
		case *ast.Literal:
			text = v.Text
		case *ast.ColumnRef:
			text = strings.Join(v.Names, ".")
		}
		var err error
		word := func(to *string, words ...string) {
			if *to = text; len(words) > 0 && !slices.Contains(words, text) {
				err = dberr.SQL(dberr.StateInvalidParameterValue, "invalid value for parameter %q: %q", o.Name, text).At(o.Pos()).
					WithHint("The values are %s.", strings.Join(words, ", "))
			}
		}
		switch o.Name {
		case "delay":
			q.Delay, err = optionInterval(o)
		case "lateness":
			q.Lateness, err = optionInterval(o)
		case "idle":
			q.Idle, err = optionInterval(o)
		case "emit":
			word(&q.Emit, "close", "change")
		case "on_error":
			word(&q.OnError, "stop", "skip")
		case "start":
			word(&q.Start, "earliest", "latest")
		case "late_channel":
			word(&q.LateTo)
		case "max_windows":
			if q.MaxWindows, err = strconv.Atoi(text); err != nil || q.MaxWindows < 1 {
				err = dberr.SQL(dberr.StateInvalidParameterValue, "max_windows must be a number from 1").At(o.Pos())
			}
		default:
			err = dberr.SQL(dberr.StateInvalidParameterValue, "unrecognized parameter %q", o.Name).At(o.Pos()).
				WithHint("The parameters are delay, lateness, idle, emit, on_error, start, late_channel and max_windows.")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func optionInterval(o ast.Option) (time.Duration, error) {
	if o.Value == nil {
		return 0, dberr.SQL(dberr.StateInvalidParameterValue, "parameter %q needs an interval", o.Name).At(o.Pos()).WithHint("Write %s = '10 seconds'.", o.Name)
	}
	return intervalOf(o.Value, o.Name)
}
