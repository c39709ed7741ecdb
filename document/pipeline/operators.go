package pipeline

import (
	"math"
	"slices"

	"github.com/cockroachdb/apd/v3"

	"github.com/weftdb/weft/document/doc"
)

var (
	functions map[string]function
	specials  map[string]special
)

func init() { // the tables and the functions in them know each other
	functions = map[string]function{
		"$add": {0, -1, fold("$add", doc.Add, 0)}, "$multiply": {0, -1, fold("$multiply", doc.Mul, 1)},
		"$subtract": {2, 2, numeric("$subtract", doc.Sub)}, "$divide": {2, 2, numeric("$divide", divide)}, "$mod": {2, 2, numeric("$mod", modulo)},
		"$abs":   {1, 1, rounded("$abs", func(d, x *apd.Decimal) error { d.Abs(x); return nil })},
		"$ceil":  {1, 1, rounded("$ceil", func(d, x *apd.Decimal) error { _, err := wide.Ceil(d, x); return err })},
		"$floor": {1, 1, rounded("$floor", func(d, x *apd.Decimal) error { _, err := wide.Floor(d, x); return err })},
		"$round": {1, 2, places("$round", apd.RoundHalfEven)}, "$trunc": {1, 2, places("$trunc", apd.RoundDown)},
		"$sqrt": {1, 1, floating("$sqrt", math.Sqrt)}, "$exp": {1, 1, floating("$exp", math.Exp)}, "$ln": {1, 1, floating("$ln", math.Log)}, "$log10": {1, 1, floating("$log10", math.Log10)},
		"$pow": {2, 2, power},

		"$eq": {2, 2, compared(func(c int) bool { return c == 0 })}, "$ne": {2, 2, compared(func(c int) bool { return c != 0 })},
		"$gt": {2, 2, compared(func(c int) bool { return c > 0 })}, "$gte": {2, 2, compared(func(c int) bool { return c >= 0 })},
		"$lt": {2, 2, compared(func(c int) bool { return c < 0 })}, "$lte": {2, 2, compared(func(c int) bool { return c <= 0 })},
		"$cmp": {2, 2, func(a []doc.Value) (doc.Value, error) { return integer(int64(doc.Compare(a[0], a[1]))), nil }},
		"$not": {1, 1, func(a []doc.Value) (doc.Value, error) { return boolean(!truth(a[0])), nil }},

		"$type":     {1, 1, func(a []doc.Value) (doc.Value, error) { return text(typeName(a[0])), nil }},
		"$isNumber": {1, 1, func(a []doc.Value) (doc.Value, error) { return boolean(a[0].Kind() == doc.Number), nil }},
		"$isArray":  {1, 1, func(a []doc.Value) (doc.Value, error) { return boolean(a[0].Kind() == doc.Array), nil }},
		"$toString": {1, 1, toString}, "$toBool": {1, 1, toBool}, "$toInt": {1, 1, toInt("$toInt")}, "$toLong": {1, 1, toInt("$toLong")},
		"$toDouble": {1, 1, toNumber("$toDouble")}, "$toDecimal": {1, 1, toNumber("$toDecimal")},

		"$sum": {0, -1, overList(sumOf)}, "$avg": {0, -1, overList(averageOf)}, "$min": {0, -1, overList(extreme(-1))}, "$max": {0, -1, overList(extreme(1))},
	}
	for name, f := range stringFunctions {
		functions[name] = f
	}
	for name, f := range arrayFunctions {
		functions[name] = f
	}
	specials = map[string]special{
		"$literal": func(_ *compiler, _ string, arg doc.Value) (expr, error) { return literal{arg}, nil },
		"$and":     logic(true), "$or": logic(false), "$cond": cond, "$ifNull": ifNull, "$switch": switchOf, "$let": let,
		"$map": mapOf, "$filter": filterOf, "$reduce": reduceOf, "$regexMatch": regexMatch, "$trim": trim(true, true), "$ltrim": trim(true, false), "$rtrim": trim(false, true),
		"$replaceOne": replace(1), "$replaceAll": replace(-1), "$sortArray": sortArray, "$dateToString": dateToString,
	}
	for name, f := range dateParts {
		functions[name] = f
	}
}

// wide calculates what has no end with as many digits as IEEE decimal128.
var wide = apd.Context{Precision: 34, MaxExponent: 100_000, MinExponent: -100_000, Traps: apd.DefaultTraps, Rounding: apd.RoundHalfEven}

// fold applies an operation to all arguments; null where one is null.
func fold(name string, op func(a, b doc.Value) (doc.Value, error), start int64) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		out := integer(start)
		for _, a := range args {
			if isNull(a) {
				return null, nil
			}
			if a.Kind() != doc.Number {
				return a, cannot(name, "%s takes numbers, not %s", name, a.Kind())
			}
			var err error
			if out, err = op(out, a); err != nil {
				return out, err
			}
		}
		return out, nil
	}
}

// numeric applies an operation to two numbers; null where one is null.
func numeric(name string, op func(a, b doc.Value) (doc.Value, error)) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		for _, a := range args {
			if isNull(a) {
				return null, nil
			}
			if a.Kind() != doc.Number {
				return a, cannot(name, "%s takes numbers, not %s", name, a.Kind())
			}
		}
		return op(args[0], args[1])
	}
}

func decimals(a, b doc.Value) (x, y *apd.Decimal, err error) {
	if x, err = a.Decimal(); err == nil {
		y, err = b.Decimal()
	}
	return x, y, err
}

func divide(a, b doc.Value) (doc.Value, error) {
	x, y, err := decimals(a, b)
	if err != nil {
		return a, err
	}
	if y.IsZero() {
		return a, cannot("$divide", "division by zero")
	}
	var d apd.Decimal
	if _, err := wide.Quo(&d, x, y); err != nil {
		return a, cannot("$divide", "the quotient is out of range")
	}
	return doc.FromDecimal(&d), nil
}

func modulo(a, b doc.Value) (doc.Value, error) {
	x, okX := a.Int()
	y, okY := b.Int()
	if okX && okY && y != 0 && y != -1 {
		return integer(x % y), nil
	}
	p, q, err := decimals(a, b)
	if err != nil {
		return a, err
	}
	if q.IsZero() {
		return a, cannot("$mod", "division by zero")
	}
	var d apd.Decimal
	if _, err := wide.Rem(&d, p, q); err != nil {
		return a, cannot("$mod", "the remainder is out of range")
	}
	return doc.FromDecimal(&d), nil
}

func rounded(name string, op func(d, x *apd.Decimal) error) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) {
			return null, nil
		}
		if args[0].Kind() != doc.Number {
			return args[0], cannot(name, "%s takes a number, not %s", name, args[0].Kind())
		}
		x, err := args[0].Decimal()
		if err != nil {
			return args[0], err
		}
		var d apd.Decimal
		if err := op(&d, x); err != nil {
			return args[0], cannot(name, "the result of %s is out of range", name)
		}
		return doc.FromDecimal(&d), nil
	}
}

// places rounds to a number of digits behind the point, 0 where it is not given.
func places(name string, how apd.Rounder) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		digits := int64(0)
		if len(args) == 2 {
			if isNull(args[1]) {
				return null, nil
			}
			n, ok := args[1].Int()
			if !ok || n < -20 || n > 100 {
				return args[0], cannot(name, "the places of %s must be a whole number from -20 to 100", name)
			}
			digits = n
		}
		ctx := wide
		ctx.Precision, ctx.Rounding = 1000, how
		return rounded(name, func(d, x *apd.Decimal) error {
			_, err := ctx.Quantize(d, x, int32(-digits))
			return err
		})(args[:1])
	}
}

func floating(name string, fn func(float64) float64) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if isNull(args[0]) {
			return null, nil
		}
		f, ok := args[0].Float()
		if !ok {
			return args[0], cannot(name, "%s takes a number, not %s", name, args[0].Kind())
		}
		return finite(name, fn(f))
	}
}

func finite(name string, f float64) (doc.Value, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return null, cannot(name, "the result of %s is no finite number", name)
	}
	return doc.Of(doc.AppendFloat(nil, f)), nil
}

func power(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) || isNull(args[1]) {
		return null, nil
	}
	x, okX := args[0].Float()
	y, okY := args[1].Float()
	if !okX || !okY {
		return null, cannot("$pow", "$pow takes numbers")
	}
	return finite("$pow", math.Pow(x, y))
}

func compared(ok func(int) bool) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		c := doc.Compare(args[0], args[1])
		if c == 0 && args[0].Exists() != args[1].Exists() { // missing is less than null
			c = -1
			if args[0].Exists() {
				c = 1
			}
		}
		return boolean(ok(c)), nil
	}
}

func typeName(v doc.Value) string {
	switch v.Kind() {
	case doc.Missing:
		return "missing"
	case doc.Null:
		return "null"
	case doc.Number:
		if n, ok := v.Int(); ok {
			if int64(int32(n)) == n {
				return "int"
			}
			return "long"
		}
		if v.NumberForm() == doc.FloatNumber {
			return "double"
		}
		return "decimal"
	case doc.String:
		return "string"
	case doc.Object:
		return "object"
	case doc.Array:
		return "array"
	}
	return "bool"
}

func toString(args []doc.Value) (doc.Value, error) {
	switch v := args[0]; v.Kind() {
	case doc.Missing, doc.Null:
		return null, nil
	case doc.String:
		return v, nil
	case doc.Number, doc.Bool:
		return text(v.JSON()), nil
	default:
		return v, cannot("$toString", "$toString takes no %s", typeName(v))
	}
}

func toBool(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) {
		return null, nil
	}
	return boolean(truth(args[0])), nil
}

// toNumber takes numbers, booleans and text that is a number.
func toNumber(name string) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		switch v := args[0]; v.Kind() {
		case doc.Missing, doc.Null:
			return null, nil
		case doc.Number:
			return v, nil
		case doc.Bool:
			if v.Bool() {
				return integer(1), nil
			}
			return integer(0), nil
		case doc.String:
			if n, err := doc.Parse(v.Str()); err == nil && n.Kind() == doc.Number {
				return n, nil
			}
		}
		return args[0], cannot(name, "%s takes no %s that is not a number", name, typeName(args[0]))
	}
}

// toInt cuts a number to its whole part, within 64 bits.
func toInt(name string) func([]doc.Value) (doc.Value, error) {
	number, cut := toNumber(name), places(name, apd.RoundDown)
	return func(args []doc.Value) (doc.Value, error) {
		v, err := number(args)
		if err != nil || isNull(v) {
			return v, err
		}
		if v, err = cut([]doc.Value{v}); err != nil {
			return v, err
		}
		if _, ok := v.Int(); !ok {
			return v, cannot(name, "the number %s does not fit 64 bits", v.JSON())
		}
		return v, nil
	}
}

// overList takes one array's elements, or all arguments.
func overList(fn func([]doc.Value) (doc.Value, error)) func([]doc.Value) (doc.Value, error) {
	return func(args []doc.Value) (doc.Value, error) {
		if len(args) == 1 && args[0].Kind() == doc.Array {
			args = elements(args[0])
		}
		return fn(args)
	}
}

func elements(v doc.Value) []doc.Value {
	out := make([]doc.Value, 0, v.Len())
	v.Elements(func(_ int, e doc.Value) bool {
		out = append(out, e)
		return true
	})
	return out
}

func sumOf(list []doc.Value) (doc.Value, error) {
	sum := integer(0)
	for _, v := range list {
		if v.Kind() != doc.Number {
			continue
		}
		var err error
		if sum, err = doc.Add(sum, v); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

func averageOf(list []doc.Value) (doc.Value, error) {
	list = slices.DeleteFunc(slices.Clone(list), func(v doc.Value) bool { return v.Kind() != doc.Number })
	if len(list) == 0 {
		return null, nil
	}
	sum, err := sumOf(list)
	if err != nil {
		return sum, err
	}
	return divide(sum, integer(int64(len(list))))
}

func extreme(sign int) func([]doc.Value) (doc.Value, error) {
	return func(list []doc.Value) (doc.Value, error) {
		best := null
		for _, v := range list {
			if !isNull(v) && (isNull(best) || doc.Compare(v, best)*sign > 0) {
				best = v
			}
		}
		return best, nil
	}
}

// logic is $and (true) and $or (false), which stop as soon as they can.
func logic(and bool) special {
	return func(c *compiler, name string, arg doc.Value) (expr, error) {
		if arg.Kind() != doc.Array {
			return nil, invalid(name, "%s takes an array of expressions", name)
		}
		list, err := c.expressions(arg)
		return &logicExpr{and, list}, err
	}
}

type logicExpr struct {
	and  bool
	list []expr
}

func (l *logicExpr) eval(e *env) (doc.Value, error) {
	for _, x := range l.list {
		v, err := x.eval(e)
		if err != nil {
			return v, err
		}
		if truth(v) != l.and {
			return boolean(!l.and), nil
		}
	}
	return boolean(l.and), nil
}

// parts compiles the fields of an argument; those that are not needed may be absent.
func (c *compiler) parts(name string, arg doc.Value, need int, names ...string) ([]expr, error) {
	if arg.Kind() != doc.Object {
		return nil, invalid(name, "%s takes an object with the fields %s", name, join(names))
	}
	out := make([]expr, len(names))
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		i := slices.Index(names, string(field))
		if i < 0 {
			err = invalid(name, "%s does not know the field %q", name, field).WithHint("known here: %s", join(names))
			return false
		}
		out[i], err = c.expression(v)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	for i := range need {
		if out[i] == nil {
			return nil, invalid(name, "%s needs the field %q", name, names[i])
		}
	}
	return out, nil
}

// evalFunc is an expression that is a function.
type evalFunc func(e *env) (doc.Value, error)

func (f evalFunc) eval(e *env) (doc.Value, error) { return f(e) }

func cond(c *compiler, name string, arg doc.Value) (expr, error) {
	var p []expr
	var err error
	if arg.Kind() == doc.Array {
		if arg.Len() != 3 {
			return nil, invalid(name, "$cond takes three expressions, not %d", arg.Len())
		}
		p, err = c.expressions(arg)
	} else {
		p, err = c.parts(name, arg, 3, "if", "then", "else")
	}
	if err != nil {
		return nil, err
	}
	return evalFunc(func(e *env) (doc.Value, error) {
		v, err := p[0].eval(e)
		if err != nil {
			return v, err
		}
		if truth(v) {
			return p[1].eval(e)
		}
		return p[2].eval(e)
	}), nil
}

func ifNull(c *compiler, name string, arg doc.Value) (expr, error) {
	if arg.Kind() != doc.Array || arg.Len() < 2 {
		return nil, invalid(name, "$ifNull takes at least two expressions")
	}
	list, err := c.expressions(arg)
	return evalFunc(func(e *env) (v doc.Value, err error) {
		for _, x := range list {
			if v, err = x.eval(e); err != nil || !isNull(v) {
				return v, err
			}
		}
		return v, nil
	}), err
}

func switchOf(c *compiler, name string, arg doc.Value) (expr, error) {
	branches := arg.Field("branches")
	if branches.Kind() != doc.Array || branches.Len() == 0 {
		return nil, invalid(name, "$switch needs the field \"branches\", an array")
	}
	var list [][]expr
	var err error
	branches.Elements(func(_ int, b doc.Value) bool {
		var p []expr
		p, err = c.parts(name, b, 2, "case", "then")
		list = append(list, p)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	var otherwise expr
	arg.Fields(func(field []byte, v doc.Value) bool {
		switch string(field) {
		case "branches":
		case "default":
			otherwise, err = c.expression(v)
		default:
			err = invalid(name, "$switch does not know the field %q", field)
		}
		return err == nil
	})
	return evalFunc(func(e *env) (doc.Value, error) {
		for _, p := range list {
			v, err := p[0].eval(e)
			if err != nil {
				return v, err
			}
			if truth(v) {
				return p[1].eval(e)
			}
		}
		if otherwise == nil {
			return null, cannot(name, "no branch of $switch holds, and there is no default")
		}
		return otherwise.eval(e)
	}), err
}

func let(c *compiler, name string, arg doc.Value) (expr, error) {
	vars := arg.Field("vars")
	if arg.Kind() != doc.Object || arg.Len() != 2 || vars.Kind() != doc.Object || !arg.Field("in").Exists() {
		return nil, invalid(name, `$let takes "vars", an object, and "in"`)
	}
	var names []string
	var values []expr
	var err error
	vars.Fields(func(field []byte, v doc.Value) bool {
		var x expr
		if err = checkVariable(string(field)); err == nil {
			x, err = c.expression(v)
		}
		names, values = append(names, string(field)), append(values, x)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	in, err := c.expression(arg.Field("in"))
	return evalFunc(func(e *env) (doc.Value, error) {
		list, err := evalAll(e, values)
		if err != nil {
			return null, err
		}
		bound := make([]binding, len(names))
		for i := range names {
			bound[i] = binding{names[i], list[i]}
		}
		return e.with(in, bound...)
	}), err
}

func checkVariable(name string) error {
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		return invalid("$let", "the name %q of a variable must begin with a small letter", name)
	}
	return nil
}
