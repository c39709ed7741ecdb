package parse

import (
	"strconv"
	"strings"

	"github.com/xwb1989/sqlparser"

	"github.com/weftdb/weft/query/ast"
)

// mysqlSame are functions that mean the same under the same or another name, with
// the numbers of arguments that they take.
var mysqlSame = map[string]struct {
	name     string
	min, max int
}{
	"abs": {"abs", 1, 1}, "ceil": {"ceil", 1, 1}, "ceiling": {"ceil", 1, 1}, "floor": {"floor", 1, 1}, "sign": {"sign", 1, 1},
	"sqrt": {"sqrt", 1, 1}, "exp": {"exp", 1, 1}, "ln": {"ln", 1, 1}, "power": {"power", 2, 2}, "pow": {"power", 2, 2},
	"sin": {"sin", 1, 1}, "cos": {"cos", 1, 1}, "tan": {"tan", 1, 1}, "asin": {"asin", 1, 1}, "acos": {"acos", 1, 1},
	"atan": {"atan", 1, 1}, "atan2": {"atan2", 2, 2}, "radians": {"radians", 1, 1}, "degrees": {"degrees", 1, 1}, "pi": {"pi", 0, 0},
	"rand": {"random", 0, 0}, "lower": {"lower", 1, 1}, "lcase": {"lower", 1, 1}, "upper": {"upper", 1, 1}, "ucase": {"upper", 1, 1},
	"char_length": {"char_length", 1, 1}, "character_length": {"char_length", 1, 1}, "length": {"octet_length", 1, 1}, "octet_length": {"octet_length", 1, 1},
	"trim": {"btrim", 1, 1}, "ltrim": {"ltrim", 1, 1}, "rtrim": {"rtrim", 1, 1}, "replace": {"replace", 3, 3}, "reverse": {"reverse", 1, 1},
	"repeat": {"repeat", 2, 2}, "lpad": {"lpad", 3, 3}, "rpad": {"rpad", 3, 3}, "instr": {"strpos", 2, 2}, "ascii": {"ascii", 1, 1}, "md5": {"md5", 1, 1},
	"avg": {"avg", 1, 1}, "min": {"min", 1, 1}, "max": {"max", 1, 1}, "std": {"stddev_pop", 1, 1}, "stddev": {"stddev_pop", 1, 1}, "stddev_pop": {"stddev_pop", 1, 1},
	"stddev_samp": {"stddev_samp", 1, 1}, "variance": {"var_pop", 1, 1}, "var_pop": {"var_pop", 1, 1}, "var_samp": {"var_samp", 1, 1},
	"sum": {"sum", 1, 1}, "count": {"count", 1, 1}, "version": {"version", 0, 0}, "last_insert_id": {"lastval", 0, 0}, "nullif": {"nullif", 2, 2},
}

var mysqlAggregates = map[string]bool{"avg": true, "min": true, "max": true, "sum": true, "count": true, "std": true, "stddev": true,
	"stddev_pop": true, "stddev_samp": true, "variance": true, "var_pop": true, "var_samp": true}

// function maps a call.
func (m *mysqlMapper) function(e *sqlparser.FuncExpr) ast.Expr {
	name := e.Name.Lowered()
	m.refuseIf(!e.Qualifier.IsEmpty(), "a function of a database")
	m.refuseIf(e.Distinct && !mysqlAggregates[name], "DISTINCT in %s", strings.ToUpper(name))
	var args []ast.Expr
	for _, a := range e.Exprs {
		switch a := a.(type) {
		case *sqlparser.StarExpr:
			if name != "count" || len(e.Exprs) != 1 || !a.TableName.IsEmpty() || e.Distinct {
				m.refuse("* as an argument of %s", strings.ToUpper(name))
			}
			return &ast.FuncCall{Loc: m.at(name), Name: []string{"count"}, Star: true}
		case *sqlparser.AliasedExpr:
			m.refuseIf(!a.As.IsEmpty(), "a name for an argument")
			if len(args) == 0 && (name == "if" || name == "timestampdiff") {
				args = append(args, m.firstArg(name, a.Expr))
				continue
			}
			if iv, ok := a.Expr.(*sqlparser.IntervalExpr); ok && len(args) == 1 && len(e.Exprs) == 2 {
				return m.dateFunction(name, e.Exprs[0], iv)
			}
			args = append(args, m.value(a.Expr))
		default:
			m.refuse("an argument of %s", strings.ToUpper(name))
		}
	}
	if m.err != nil {
		return nil
	}
	if f, ok := mysqlSame[name]; ok {
		m.count(name, len(args), f.min, f.max)
		if name == "nullif" && len(args) == 2 {
			return &ast.NullIf{Loc: m.loc(), L: args[0], R: args[1]}
		}
		return &ast.FuncCall{Loc: m.at(name), Name: []string{f.name}, Args: args, Distinct: e.Distinct}
	}
	f, ok := mysqlFunctions[name]
	if !ok {
		m.refuse("the function %s", strings.ToUpper(name))
		return nil
	}
	if m.count(name, len(args), f.min, f.max); m.err != nil {
		return nil
	}
	return f.build(m, args)
}

// firstArg maps the argument that is a condition, or a unit of time.
func (m *mysqlMapper) firstArg(name string, e sqlparser.Expr) ast.Expr {
	if name == "if" {
		return m.cond(e)
	}
	c, ok := e.(*sqlparser.ColName)
	if !ok {
		m.refuse("this unit of TIMESTAMPDIFF")
		return nil
	}
	return m.text(c.Name.Lowered())
}

func (m *mysqlMapper) count(name string, have, least, most int) {
	if have < least || most >= 0 && have > most {
		m.refuse("%s with %d arguments", strings.ToUpper(name), have)
	}
}

// dateFunction maps DATE_ADD and DATE_SUB.
func (m *mysqlMapper) dateFunction(name string, date sqlparser.SelectExpr, iv *sqlparser.IntervalExpr) ast.Expr {
	op := "+"
	switch name {
	case "date_add", "adddate":
	case "date_sub", "subdate":
		op = "-"
	default:
		m.refuse("INTERVAL in %s", strings.ToUpper(name))
	}
	a, ok := date.(*sqlparser.AliasedExpr)
	if !ok {
		m.refuse("this argument of %s", strings.ToUpper(name))
		return nil
	}
	return m.addInterval(a.Expr, iv, op)
}

// addInterval maps date ± INTERVAL n unit.
func (m *mysqlMapper) addInterval(date sqlparser.Expr, iv *sqlparser.IntervalExpr, op string) ast.Expr {
	d := m.value(date)
	if v, ok := date.(*sqlparser.SQLVal); ok && (v.Type == sqlparser.StrVal || v.Type == sqlparser.ValArg) {
		d = m.cast(d, "timestamp")
	}
	unit := strings.ToLower(iv.Unit)
	factor := "1"
	switch unit {
	case "microsecond", "second", "minute", "hour", "day", "week", "month", "year":
	case "quarter":
		unit, factor = "month", "3"
	default:
		m.refuse("INTERVAL … %s", strings.ToUpper(iv.Unit))
	}
	n := m.value(iv.Expr)
	if unit != "second" { // only seconds have fractions
		n = m.cast(m.call("round", m.numeric(n)), "float8")
	} else {
		n = m.cast(n, "float8")
	}
	return m.binary(op, d, m.binary("*", n, m.cast(m.text(factor+" "+unit), "interval")))
}

func (m *mysqlMapper) groupConcat(e *sqlparser.GroupConcatExpr) ast.Expr {
	var parts []ast.Expr
	for _, x := range e.Exprs {
		a, ok := x.(*sqlparser.AliasedExpr)
		if !ok || !a.As.IsEmpty() {
			m.refuse("this argument of GROUP_CONCAT")
			return nil
		}
		parts = append(parts, m.asText(a.Expr))
	}
	sep := ","
	if e.Separator != "" {
		sep = strings.TrimSuffix(strings.TrimPrefix(e.Separator, " separator '"), "'")
	}
	order := m.orderBy(e.OrderBy)
	if e.Distinct != "" { // ordered as what is joined
		for i := range order {
			order[i].Expr = m.cast(order[i].Expr, "text")
		}
	}
	return &ast.FuncCall{Loc: m.loc(), Name: []string{"string_agg"}, Args: []ast.Expr{m.joined(parts), m.text(sep)},
		Distinct: e.Distinct != "", OrderBy: order}
}

// joined concatenates texts; NULL where one of them is.
func (m *mysqlMapper) joined(parts []ast.Expr) ast.Expr {
	out := parts[0]
	for _, p := range parts[1:] {
		out = m.binary("||", out, p)
	}
	return out
}

func (m *mysqlMapper) texts(args []ast.Expr) []ast.Expr {
	out := make([]ast.Expr, len(args))
	for i, a := range args {
		out[i] = m.cast(a, "text")
	}
	return out
}

func (m *mysqlMapper) choose(cond, yes, no ast.Expr) ast.Expr {
	return &ast.Case{Loc: m.loc(), Whens: []ast.When{{Loc: m.loc(), Cond: cond, Result: yes}}, Else: no}
}

// substring maps SUBSTRING, which counts from the end where its position is negative.
func (m *mysqlMapper) substring(args []ast.Expr) ast.Expr {
	s, from := m.cast(args[0], "text"), args[1]
	if l, ok := from.(*ast.Literal); !ok || l.Kind != ast.LitInt || l.Text == "0" {
		zero := m.integer("0")
		end := m.binary("+", m.binary("+", m.call("char_length", s), from), m.integer("1"))
		outside := &ast.Or{Loc: m.loc(), Args: []ast.Expr{m.binary("=", from, zero), m.binary("<", end, m.integer("1"))}}
		at := m.choose(m.binary("<", from, zero), end, from)
		rest := append([]ast.Expr{s, at}, args[2:]...)
		negative := &ast.And{Loc: m.loc(), Args: []ast.Expr{m.binary("<=", from, zero), outside}}
		return m.choose(negative, m.text(""), m.call("substr", m.length(rest)...))
	}
	return m.call("substr", m.length(append([]ast.Expr{s, from}, args[2:]...))...)
}

// length makes a negative length none.
func (m *mysqlMapper) length(args []ast.Expr) []ast.Expr {
	if len(args) == 3 {
		args[2] = &ast.MinMax{Loc: m.loc(), Args: []ast.Expr{args[2], m.integer("0")}}
	}
	return args
}

// now is the time of the statement's transaction, to the second or finer.
func (m *mysqlMapper) now(args []ast.Expr) ast.Expr {
	unit := "second"
	if len(args) == 1 {
		digits := ""
		if l, ok := args[0].(*ast.Literal); ok {
			digits = l.Text
		}
		switch digits {
		case "0":
		case "3":
			unit = "milliseconds"
		case "6":
			unit = "microseconds"
		default:
			m.refuse("a time with this precision")
		}
	}
	return m.call("date_trunc", m.text(unit), &ast.SQLValue{Loc: m.loc(), Name: "localtimestamp", Precision: -1})
}

func (m *mysqlMapper) utc() ast.Expr {
	return m.call("date_trunc", m.text("second"), m.call("timezone", m.text("UTC"), m.call("now")))
}

func (m *mysqlMapper) part(name string, e ast.Expr) ast.Expr {
	return m.cast(m.call("extract", m.text(name), m.cast(e, "timestamp")), "int4")
}

// mysqlDates are the letters of DATE_FORMAT in the words of to_char.
var mysqlDates = map[byte]string{'Y': "YYYY", 'y': "YY", 'm': "MM", 'c': "FMMM", 'd': "DD", 'e': "FMDD", 'H': "HH24", 'k': "FMHH24", 'h': "HH12", 'I': "HH12",
	'l': "FMHH12", 'i': "MI", 's': "SS", 'S': "SS", 'f': "US", 'p': "AM", 'M': "FMMonth", 'b': "Mon", 'W': "FMDay", 'a': "Dy", 'j': "DDD",
	'T': "HH24:MI:SS", 'r': "HH12:MI:SS AM"}

// dateFormat turns the format of DATE_FORMAT into that of to_char.
func (m *mysqlMapper) dateFormat(e ast.Expr) ast.Expr {
	l, ok := e.(*ast.Literal)
	if !ok || l.Kind != ast.LitString {
		m.refuse("a date format that is no constant")
		return nil
	}
	var out, plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			out.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(plain.String()) + `"`)
			plain.Reset()
		}
	}
	for i := 0; i < len(l.Text); i++ {
		if l.Text[i] != '%' || i+1 == len(l.Text) {
			plain.WriteByte(l.Text[i])
			continue
		}
		i++
		word, ok := mysqlDates[l.Text[i]]
		if !ok {
			if strings.IndexByte("UuVvXxDw", l.Text[i]) >= 0 {
				m.refuse("%%%c in a date format", l.Text[i])
			}
			plain.WriteByte(l.Text[i])
			continue
		}
		flush()
		out.WriteString(word)
	}
	flush()
	return m.text(out.String())
}

// timestampDiff counts whole units between two times.
func (m *mysqlMapper) timestampDiff(args []ast.Expr) ast.Expr {
	from, to := m.cast(args[1], "timestamp"), m.cast(args[2], "timestamp")
	seconds := map[string]int{"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
	unit := args[0].(*ast.Literal).Text
	if n, ok := seconds[unit]; ok {
		diff := m.numeric(m.call("extract", m.text("epoch"), m.binary("-", to, from)))
		return m.cast(m.call("div", diff, m.numeric(m.integer(strconv.Itoa(n)))), "int8")
	}
	months := map[string]int{"month": 1, "quarter": 3, "year": 12}
	n, ok := months[unit]
	if !ok {
		m.refuse("TIMESTAMPDIFF in %s", strings.ToUpper(unit))
		return nil
	}
	age := m.call("age", to, from)
	sum := m.binary("+", m.binary("*", m.call("extract", m.text("year"), age), m.integer("12")), m.call("extract", m.text("month"), age))
	return m.cast(m.call("div", m.numeric(sum), m.numeric(m.integer(strconv.Itoa(n)))), "int8")
}

// mysqlFunctions are those that are built of others.
var mysqlFunctions = map[string]struct {
	min, max int
	build    func(m *mysqlMapper, a []ast.Expr) ast.Expr
}{
	"if":       {3, 3, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.choose(a[0], a[1], a[2]) }},
	"ifnull":   {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return &ast.Coalesce{Loc: m.loc(), Args: a} }},
	"coalesce": {1, -1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return &ast.Coalesce{Loc: m.loc(), Args: a} }},
	"isnull": {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.cast(&ast.IsNull{Loc: m.loc(), Arg: a[0]}, "int4")
	}},
	"greatest": {2, -1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.extreme(a, false) }},
	"least":    {2, -1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.extreme(a, true) }},
	"mod":      {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.binary("%", a[0], a[1]) }},
	"round": {1, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		if len(a) == 2 {
			a[0] = m.numeric(a[0])
		}
		return m.call("round", a...)
	}},
	"truncate": {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.call("trunc", m.numeric(a[0]), a[1]) }},
	"log": {1, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		if len(a) == 1 {
			return m.call("ln", m.cast(a[0], "float8"))
		}
		return m.call("log", m.numeric(a[0]), m.numeric(a[1]))
	}},
	"log10": {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.call("log", m.cast(a[0], "float8")) }},
	"log2": {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.call("log", m.numeric(m.integer("2")), m.numeric(a[0]))
	}},

	"concat":    {1, -1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.joined(m.texts(a)) }},
	"concat_ws": {2, -1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.call("concat_ws", m.texts(a)...) }},
	"mid":       {2, 3, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.substring(a) }},
	"left": {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.call("left", m.cast(a[0], "text"), &ast.MinMax{Loc: m.loc(), Args: []ast.Expr{a[1], m.integer("0")}})
	}},
	"right": {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.call("right", m.cast(a[0], "text"), &ast.MinMax{Loc: m.loc(), Args: []ast.Expr{a[1], m.integer("0")}})
	}},
	"locate": {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.call("strpos", m.cast(a[1], "text"), m.cast(a[0], "text"))
	}},
	"position": {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.call("strpos", m.cast(a[1], "text"), m.cast(a[0], "text"))
	}},
	"strcmp": {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		l, r := m.cast(a[0], "text"), m.cast(a[1], "text")
		return &ast.Case{Loc: m.loc(), Whens: []ast.When{{Loc: m.loc(), Cond: m.binary("<", l, r), Result: m.integer("-1")},
			{Loc: m.loc(), Cond: m.binary("=", l, r), Result: m.integer("0")}, {Loc: m.loc(), Cond: m.binary(">", l, r), Result: m.integer("1")}}}
	}},
	"field": {2, -1, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		c := &ast.Case{Loc: m.loc(), Arg: a[0], Else: m.integer("0")}
		for i, x := range a[1:] {
			c.Whens = append(c.Whens, ast.When{Loc: m.loc(), Cond: x, Result: m.integer(strconv.Itoa(i + 1))})
		}
		return c
	}},
	"find_in_set": {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		list := m.call("string_to_array", m.cast(a[1], "text"), m.text(","))
		found := m.call("array_position", list, m.cast(a[0], "text"))
		both := &ast.Or{Loc: m.loc(), Args: []ast.Expr{&ast.IsNull{Loc: m.loc(), Arg: a[0]}, &ast.IsNull{Loc: m.loc(), Arg: a[1]}}}
		return m.choose(both, &ast.Literal{Loc: m.loc(), Kind: ast.LitNull}, &ast.Coalesce{Loc: m.loc(), Args: []ast.Expr{found, m.integer("0")}})
	}},

	"now":               {0, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.now(a) }},
	"sysdate":           {0, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.now(a) }},
	"current_timestamp": {0, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.now(a) }},
	"localtimestamp":    {0, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.now(a) }},
	"localtime":         {0, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.now(a) }},
	"current_date":      {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.cast(m.now(nil), "date") }},
	"curdate":           {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.cast(m.now(nil), "date") }},
	"current_time":      {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.cast(m.now(nil), "time") }},
	"curtime":           {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.cast(m.now(nil), "time") }},
	"utc_timestamp":     {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.utc() }},
	"utc_date":          {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.cast(m.utc(), "date") }},
	"utc_time":          {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.cast(m.utc(), "time") }},
	"date":              {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.cast(m.cast(a[0], "timestamp"), "date") }},
	"year":              {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.part("year", a[0]) }},
	"quarter":           {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.part("quarter", a[0]) }},
	"month":             {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.part("month", a[0]) }},
	"day":               {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.part("day", a[0]) }},
	"dayofmonth":        {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.part("day", a[0]) }},
	"dayofyear":         {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.part("doy", a[0]) }},
	"dayofweek":         {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.binary("+", m.part("dow", a[0]), m.integer("1")) }},
	"weekday": {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.binary("-", m.part("isodow", a[0]), m.integer("1"))
	}},
	"hour":   {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.part("hour", a[0]) }},
	"minute": {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.part("minute", a[0]) }},
	"second": {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.cast(m.call("floor", m.call("extract", m.text("second"), m.cast(a[0], "timestamp"))), "int4")
	}},
	"last_day": {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		first := m.call("date_trunc", m.text("month"), m.cast(a[0], "timestamp"))
		return m.cast(m.binary("+", first, m.cast(m.text("1 month -1 day"), "interval")), "date")
	}},
	"datediff": {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.binary("-", m.cast(m.cast(a[0], "timestamp"), "date"), m.cast(m.cast(a[1], "timestamp"), "date"))
	}},
	"timestampdiff": {3, 3, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.timestampDiff(a) }},
	"unix_timestamp": {0, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		at := m.call("now")
		if len(a) == 1 {
			at = m.cast(a[0], "timestamptz")
		}
		return m.cast(m.call("floor", m.call("extract", m.text("epoch"), at)), "int8")
	}},
	"from_unixtime": {1, 1, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.cast(m.call("to_timestamp", m.cast(a[0], "float8")), "timestamp")
	}},
	"date_format": {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.call("to_char", m.cast(a[0], "timestamp"), m.dateFormat(a[1]))
	}},
	"str_to_date": {2, 2, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.cast(m.call("to_timestamp", m.cast(a[0], "text"), m.dateFormat(a[1])), "timestamp")
	}},

	"uuid": {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr { return m.cast(m.call("gen_random_uuid"), "text") }},
	"database": {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.cast(&ast.SQLValue{Loc: m.loc(), Name: "current_catalog", Precision: -1}, "text")
	}},
	"schema": {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.cast(&ast.SQLValue{Loc: m.loc(), Name: "current_catalog", Precision: -1}, "text")
	}},
	"user": {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.cast(&ast.SQLValue{Loc: m.loc(), Name: "current_user", Precision: -1}, "text")
	}},
	"current_user": {0, 0, func(m *mysqlMapper, a []ast.Expr) ast.Expr {
		return m.cast(&ast.SQLValue{Loc: m.loc(), Name: "current_user", Precision: -1}, "text")
	}},
}

// extreme maps GREATEST and LEAST, which are NULL where an argument is.
func (m *mysqlMapper) extreme(args []ast.Expr, least bool) ast.Expr {
	anyNull := &ast.Or{Loc: m.loc()}
	for _, a := range args {
		anyNull.Args = append(anyNull.Args, &ast.IsNull{Loc: m.loc(), Arg: a})
	}
	return m.choose(anyNull, &ast.Literal{Loc: m.loc(), Kind: ast.LitNull}, &ast.MinMax{Loc: m.loc(), Least: least, Args: args})
}
