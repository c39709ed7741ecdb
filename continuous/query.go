package continuous

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// Query is a continuous query: what it reads, and what it makes of it.
type Query struct {
	Name    string
	Channel string
	Window  window.Spec
	// Time is the time of a message, in SQL; empty: when it was published. With it the
	// watermark moves by messages alone, or with Idle, without it also as time goes by.
	Time string
	// Where is a condition in SQL, Filter one on messages; both must hold.
	Where      string
	Filter     streaming.Filter
	Keys       []Column // that messages are grouped by
	Aggregates []Aggregate
	// Computed are further values of each result, and Having is a condition that it must
	// meet to be given. They are SQL over window_start, window_end and the names of Keys and
	// Aggregates.
	Computed []Column
	Having   string
	// Delay is by how much a message may be behind the newest one without being late.
	Delay time.Duration
	// Lateness is for how long after a window was closed a late message still changes it.
	Lateness time.Duration
	// Idle, with Time, is after how long without a message the watermark goes on with the
	// clock; 0: never.
	Idle time.Duration
	// OnChange gives results of windows that are open, too, once for each transaction that
	// changed them.
	OnChange bool
	Output   Output
	LateTo   string // the channel of late messages; empty: they are dropped
	// SkipFaulty skips messages for which an expression fails; else the query waits there.
	SkipFaulty bool
	MaxWindows int // DefaultWindows where it is 0
	Paused     bool
	Created    time.Time

	id      keyspace.ObjectID
	version txn.Timestamp // when it was written last; of lists alone
	// forgotten is the end of windows that are gone whatever Lateness says: they were given
	// up when it was less.
	forgotten int64
}

// Column is a value of each message, with its name among the results.
type Column struct {
	Name     string
	SQL      string
	typeName string
	typ      sqltype.Type // of what is computed, once config has asked
}

// Aggregate is what the values of a window come to. Its argument is SQL; count has none
// where it counts messages.
type Aggregate struct {
	Name     string
	Function window.Function
	SQL      string
	Hidden   bool // it is there to be computed with, and not among the results
	typeName string
}

// Output is where results go: a channel, or a table, or a materialized view.
type Output struct {
	Channel       string
	Schema, Table string
	View          keyspace.ObjectID // of the table, where that is a materialized view
}

// The columns of results that every query has.
const (
	StartColumn = "window_start"
	EndColumn   = "window_end"
)

func invalid(code, field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, code, format, args...).WithField(field)
}

func tooLarge(field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrTooLarge, "FIELD_TOO_LARGE", format, args...).WithField(field)
}

// filtered says whether Filter says anything.
func (q *Query) filtered() bool {
	f := &q.Filter
	return f.Types != nil || f.Sources != nil || f.Keys != nil || f.Headers != nil || f.Partition != nil || f.Where != nil || f.SQL != ""
}

// check holds a query against the rules, but for those of types.
func (q *Query) check() error {
	if err := checkName(q.Name); err != nil {
		return err
	}
	if field, err := q.Window.Check(); err != nil {
		return invalid("INVALID_WINDOW", field, "%v", err)
	}
	for _, f := range []struct {
		field string
		d     time.Duration
	}{{"delay_ms", q.Delay}, {"lateness_ms", q.Lateness}, {"idle_ms", q.Idle}} {
		if f.d < 0 || f.d > window.MaxSize || f.d%time.Millisecond != 0 {
			return invalid("INVALID_FIELD", f.field, "%v is not a whole number of milliseconds from 0 to %v", f.d, window.MaxSize)
		}
	}
	switch {
	case q.Channel == "":
		return invalid("MISSING_FIELD", "channel", "a continuous query needs a channel to read")
	case q.Idle != 0 && q.Time == "":
		return invalid("INVALID_FIELD", "idle_ms", "without a time of its own a message has that of the clock, so the watermark goes on with that anyway")
	case len(q.Aggregates) == 0:
		return invalid("MISSING_FIELD", "aggregates", "a continuous query needs an aggregate, such as count")
	case len(q.Aggregates) > MaxAggregates:
		return tooLarge("aggregates", "%d aggregates are over the maximum of %d", len(q.Aggregates), MaxAggregates)
	case len(q.Computed) > MaxAggregates:
		return tooLarge("compute", "%d computed values are over the maximum of %d", len(q.Computed), MaxAggregates)
	case len(q.Keys) > MaxKeys:
		return tooLarge("group_by", "%d values to group by are over the maximum of %d", len(q.Keys), MaxKeys)
	case q.MaxWindows < 0 || q.MaxWindows > MaxWindows:
		return invalid("INVALID_FIELD", "max_windows", "max_windows is %d, want a number from 1 to %d", q.MaxWindows, MaxWindows)
	}
	if err := q.checkOutput(); err != nil {
		return err
	}
	return q.checkColumns()
}

// checkName holds the name of a query against the rules.
func checkName(name string) error {
	switch {
	case name == "":
		return invalid("MISSING_FIELD", "name", "a continuous query needs a name")
	case len(name) > MaxNameBytes:
		return tooLarge("name", "name of %d bytes is over the maximum of %d", len(name), MaxNameBytes)
	case !utf8.ValidString(name) || strings.IndexFunc(name, func(c rune) bool { return c == '/' || !unicode.IsPrint(c) }) >= 0:
		return invalid("INVALID_FIELD", "name", "the name %q holds a sign that names do not have", name)
	}
	return nil
}

func (q *Query) checkOutput() error {
	o := &q.Output
	switch {
	case (o.Channel == "") == (o.Table == ""):
		return invalid("MISSING_FIELD", "output", "a continuous query needs an output: either a channel or a table")
	case o.Channel == q.Channel:
		return invalid("INVALID_FIELD", "output", "the query reads channel %q, so its results would come back as messages; take another one", o.Channel)
	case q.LateTo == q.Channel:
		return invalid("INVALID_FIELD", "late_channel", "the query reads channel %q, so late messages would come back; take another one", q.LateTo)
	}
	for _, n := range []struct{ field, name string }{{"output", o.Channel}, {"late_channel", q.LateTo}} {
		if strings.HasPrefix(n.name, streaming.FeedPrefix) {
			return invalid("INVALID_CHANNEL", n.field, "%q is a channel of changes, to which nothing can be published", n.name)
		}
	}
	return nil
}

// checkColumns looks at names and expressions, and writes those in one way.
func (q *Query) checkColumns() error {
	seen := map[string]bool{StartColumn: true, EndColumn: true}
	name := func(field, n string) error {
		switch {
		case n == "" || len(n) > 63 || !utf8.ValidString(n) || strings.IndexByte(n, 0) >= 0:
			return invalid("INVALID_FIELD", field, "the name %q of a result is not of 1 to 63 bytes", n)
		case seen[n]:
			return dberr.New(dberr.ErrInvalid, "DUPLICATE_COLUMN", "the results have %q twice", n).WithField(field).
				WithHint("every result has %s and %s; give the other another name", StartColumn, EndColumn)
		}
		seen[n] = true
		return nil
	}
	for i := range q.Keys {
		k := &q.Keys[i]
		if err := name("group_by", k.Name); err != nil {
			return err
		}
		if err := settle("group_by", ofMessage, &k.SQL); err != nil {
			return err
		}
	}
	for i := range q.Aggregates {
		a := &q.Aggregates[i]
		if err := name("aggregates", a.Name); err != nil {
			return err
		}
		if a.SQL == "" && a.Function == window.Count {
			continue
		}
		if a.SQL == "" {
			return invalid("MISSING_FIELD", "aggregates", "aggregate %q: %s needs a field, or an expression in SQL", a.Name, a.Function)
		}
		if err := settle("aggregates", ofMessage, &a.SQL); err != nil {
			return err
		}
	}
	for i := range q.Computed {
		k := &q.Computed[i]
		if err := name("compute", k.Name); err != nil {
			return err
		}
		if err := settle("compute", ofResult, &k.SQL); err != nil {
			return err
		}
	}
	if q.Having != "" {
		if err := settle("having", ofResult, &q.Having); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		field string
		sql   *string
	}{{"time", &q.Time}, {"where", &q.Where}} {
		if *f.sql != "" {
			if err := settle(f.field, ofMessage, f.sql); err != nil {
				return err
			}
		}
	}
	return nil
}

// What expressions are of.
const (
	ofMessage = "of one message alone"
	ofResult  = "of one result alone"
)

// settle parses an expression, refuses what is not one of a single message or result, and
// writes it in one way.
func settle(field, of string, sql *string) error {
	if len(*sql) > MaxExprBytes {
		return tooLarge(field, "an expression of %d bytes is over the maximum of %d", len(*sql), MaxExprBytes)
	}
	e, err := parse.ParseExpr(*sql, parse.Limits{})
	if err != nil {
		return withField(err, field)
	}
	what := ""
	ast.Walk(e, func(n any) bool {
		switch n := n.(type) {
		case *ast.Select:
			what = "a sub-query"
		case *ast.FuncCall:
			if n.Over != nil {
				what = "a window function"
			}
		}
		return true
	})
	if ast.MaxParam(e) > 0 {
		what = "a parameter"
	}
	if what != "" {
		return dberr.New(dberr.ErrUnsupported, "UNSUPPORTED_EXPRESSION", "the expression holds %s, but it is %s", what, of).WithField(field)
	}
	*sql = ast.String(e)
	return nil
}

// withField names the field that an error of SQL is about.
func withField(err error, field string) error {
	if e := dberr.As(err); e != nil {
		c := *e
		c.Field, c.Position = field, 0
		return &c
	}
	return err
}

// ident quotes a name.
func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal quotes a text.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// selects is the query of SQL that evaluates the expressions for each message: its offset,
// its time, the keys and the arguments. The caller ends it with a condition and an order.
func (q *Query) selects() string {
	var b strings.Builder
	at := `"time"`
	if q.Time != "" {
		at = "(" + q.Time + ")::timestamptz"
	}
	fmt.Fprintf(&b, `SELECT "offset", %s`, at)
	for _, k := range q.Keys {
		fmt.Fprintf(&b, ", (%s)", k.SQL)
	}
	for _, a := range q.Aggregates {
		if a.SQL == "" {
			b.WriteString(", NULL::boolean")
			continue
		}
		fmt.Fprintf(&b, ", (%s)", a.SQL)
	}
	fmt.Fprintf(&b, " FROM stream.%s", ident(q.Channel))
	return b.String()
}

// condition is Where as a further condition.
func (q *Query) condition() string {
	if q.Where == "" {
		return ""
	}
	return " AND (" + q.Where + ")"
}

// Describe gives the names and types of the results of a query of SQL.
type Describe func(sql string) ([]sqltype.Type, error)

// config makes what a machine needs, with the types that SQL gives to the expressions.
func (q *Query) config(describe Describe) (*window.Config, error) {
	types, err := describe(q.selects() + ` WHERE "offset" < 0` + q.condition() + ` ORDER BY "offset"`)
	if err != nil {
		return nil, err
	}
	c := &window.Config{Spec: q.Window, Delay: q.Delay, Lateness: q.Lateness, OnChange: q.OnChange}
	types = types[2:]
	for i := range q.Keys {
		t := plain(types[i])
		if !groupable(t) {
			return nil, invalid("INVALID_FIELD", "group_by", "%q is of type %s, by which nothing can be grouped; cast it", q.Keys[i].Name, t.Name())
		}
		c.Keys = append(c.Keys, t)
	}
	for i, a := range q.Aggregates {
		w := window.Aggregate{Function: a.Function}
		if a.SQL != "" {
			w.Type = plain(types[len(q.Keys)+i])
		}
		if _, err := w.Result(); err != nil {
			return nil, invalid("INVALID_FIELD", "aggregates", "aggregate %q: %v", a.Name, err).WithHint("cast the argument, as in (data->>'amount')::numeric")
		}
		c.Aggregates = append(c.Aggregates, w)
	}
	return c, q.typeComputed(c, describe)
}

// plain is a type as results have it: a literal without a type is a text.
func plain(t sqltype.Type) sqltype.Type {
	if t.ID == sqltype.Unknown {
		return sqltype.TText
	}
	return t
}

// groupable says whether values of a type can be told apart, and kept.
func groupable(t sqltype.Type) bool {
	switch t.ID {
	case sqltype.JSON, sqltype.Jsonpath, sqltype.Record, sqltype.Void, sqltype.Array, sqltype.Enum:
		return false
	}
	return true
}

// typeText is how a record has a type.
func typeText(t sqltype.Type) string { return t.String() }

// ResultColumn is a column of the results.
type ResultColumn struct {
	Name string
	Type sqltype.Type
}

// columns are those of the results, for a machine that config has made.
func (q *Query) columns(c *window.Config) (list []ResultColumn) {
	list = []ResultColumn{{StartColumn, sqltype.TTimestampTZ}, {EndColumn, sqltype.TTimestampTZ}}
	for i, k := range q.Keys {
		list = append(list, ResultColumn{k.Name, c.Keys[i]})
	}
	for i, a := range q.Aggregates {
		if !a.Hidden {
			list = append(list, ResultColumn{a.Name, resultOf(c.Aggregates[i])})
		}
	}
	for _, k := range q.Computed {
		list = append(list, ResultColumn{k.Name, k.typ})
	}
	return list
}

// keyColumns are the columns that tell results apart.
func (q *Query) keyColumns() []string {
	list := []string{StartColumn}
	for _, k := range q.Keys {
		list = append(list, k.Name)
	}
	return list
}
