package expr

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
		"$subtract": {2, 2, numeric("$subtract", doc.Sub)}, "$divide": {2, 2, numeric("$divide", Divide)}, "$mod": {2, 2, numeric("$mod", modulo)},
		"$abs":   {1, 1, rounded("$abs", func(d, x *apd.Decimal) error { d.Abs(x); return nil })},
		"$ceil":  {1, 1, rounded("$ceil", func(d, x *apd.Decimal) error { _, err := wide.Ceil(d, x); return err })},
		"$floor": {1, 1, rounded("$floor", func(d, x *apd.Decimal) error { _, err := wide.Floor(d, x); return err })},
		"$round": {1, 2, places("$round", apd.RoundHalfEven)}, "$trunc": {1, 2, places("$trunc", apd.RoundDown)},
		"$sqrt": {1, 1, floating("$sqrt", math.Sqrt)}, "$exp": {1, 1, floating("$exp", math.Exp)}, "$ln": {1, 1, floating("$ln", math.Log)}, "$log10": {1, 1, floating("$log10", math.Log10)},
		"$pow": {2, 2, floating2("$pow", math.Pow)}, "$log": {2, 2, floating2("$log", func(x, base float64) float64 { return math.Log(x) / math.Log(base) })},
		"$atan2": {2, 2, floating2("$atan2", math.Atan2)}, "$rand": {0, 0, random},
		"$bitAnd": {0, -1, bits("$bitAnd", -1, func(a, b int64) int64 { return a & b })}, "$bitOr": {0, -1, bits("$bitOr", 0, func(a, b int64) int64 { return a | b })},
		"$bitXor": {0, -1, bits("$bitXor", 0, func(a, b int64) int64 { return a ^ b })}, "$bitNot": {1, 1, bitNot},

		"$eq": {2, 2, compared(func(c int) bool { return c == 0 })}, "$ne": {2, 2, compared(func(c int) bool { return c != 0 })},
		"$gt": {2, 2, compared(func(c int) bool { return c > 0 })}, "$gte": {2, 2, compared(func(c int) bool { return c >= 0 })},
		"$lt": {2, 2, compared(func(c int) bool { return c < 0 })}, "$lte": {2, 2, compared(func(c int) bool { return c <= 0 })},
		"$cmp": {2, 2, func(a []doc.Value) (doc.Value, error) { return doc.FromInt(int64(compare(a[0], a[1]))), nil }},
		"$not": {1, 1, func(a []doc.Value) (doc.Value, error) { return doc.FromBool(!Truth(a[0])), nil }},

		"$type":     {1, 1, func(a []doc.Value) (doc.Value, error) { return doc.FromText(typeName(a[0])), nil }},
		"$isNumber": {1, 1, func(a []doc.Value) (doc.Value, error) { return doc.FromBool(a[0].Kind() == doc.Number), nil }},
		"$isArray":  {1, 1, func(a []doc.Value) (doc.Value, error) { return doc.FromBool(a[0].Kind() == doc.Array), nil }},
		"$toString": {1, 1, toString}, "$toBool": {1, 1, toBool}, "$toInt": {1, 1, toInt("$toInt")}, "$toLong": {1, 1, toInt("$toLong")},
		"$toDouble": {1, 1, toDouble}, "$toDecimal": {1, 1, toNumber("$toDecimal")}, "$toDate": {1, 1, toDate},

		"$sum": {0, -1, overList(sumOf)}, "$avg": {0, -1, overList(averageOf)}, "$min": {0, -1, overList(extreme(-1))}, "$max": {0, -1, overList(extreme(1))},
		"$stdDevPop": {0, -1, overList(deviationOf(false))}, "$stdDevSamp": {0, -1, overList(deviationOf(true))},
	}
	for name, fn := range map[string]func(float64) float64{
		"$sin": math.Sin, "$cos": math.Cos, "$tan": math.Tan, "$asin": math.Asin, "$acos": math.Acos, "$atan": math.Atan,
		"$sinh": math.Sinh, "$cosh": math.Cosh, "$tanh": math.Tanh, "$asinh": math.Asinh, "$acosh": math.Acosh, "$atanh": math.Atanh,
		"$degreesToRadians": func(x float64) float64 { return x * math.Pi / 180 }, "$radiansToDegrees": func(x float64) float64 { return x * 180 / math.Pi },
	} {
		functions[name] = function{1, 1, floating(name, fn)}
	}
	for name, f := range stringFunctions {
		functions[name] = f
	}
	for name, f := range arrayFunctions {
		functions[name] = f
	}
	specials = map[string]special{
		"$literal": func(_ *Compiler, _ string, arg doc.Value) (Expr, error) { return Literal{arg}, nil },
		"$and":     logic(true), "$or": logic(false), "$cond": cond, "$ifNull": ifNull, "$switch": switchOf, "$let": let,
		"$map": mapOf, "$filter": filterOf, "$reduce": reduceOf, "$regexMatch": regexMatch, "$trim": trim(true, true), "$ltrim": trim(true, false), "$rtrim": trim(false, true),
		"$replaceOne": replace(1), "$replaceAll": replace(-1), "$sortArray": sortArray, "$zip": zip, "$firstN": several("$firstN"), "$lastN": several("$lastN"), "$minN": several("$minN"), "$maxN": several("$maxN"),
		"$regexFind": regexFind(false), "$regexFindAll": regexFind(true), "$convert": convert,
		"$getField": getField, "$setField": setField, "$unsetField": unsetField,
		"$dateToString": dateToString, "$dateFromString": dateFromString, "$dateToParts": dateToParts, "$dateFromParts": dateFromParts,
		"$dateTrunc": dateTrunc, "$dateAdd": dateAdd(1), "$dateSubtract": dateAdd(-1), "$dateDiff": dateDiff,
	}
	for name, fn := range dateParts {
		specials[name] = datePart(fn)
	}
}

// parts compiles the fields of an argument; those that are not needed may be absent.
func (c *Compiler) parts(name string, arg doc.Value, need int, names ...string) ([]Expr, error) {
	return c.partsWith(name, arg, "", nil, need, names...)
}

// partsWith is parts where the field inner knows further variables.
func (c *Compiler) partsWith(name string, arg doc.Value, inner string, vars []string, need int, names ...string) ([]Expr, error) {
	if arg.Kind() != doc.Object {
		return nil, invalid(name, "%s takes an object with the fields %s", name, join(names))
	}
	out := make([]Expr, len(names))
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		i := slices.Index(names, string(field))
		switch {
		case i < 0:
			err = invalid(name, "%s does not know the field %q", name, field).WithHint("known here: %s", join(names))
		case inner == string(field):
			err = c.Nested(vars, func() (err error) {
				out[i], err = c.Expression(v)
				return err
			})
		default:
			out[i], err = c.Expression(v)
		}
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
type evalFunc func(e *Env) (doc.Value, error)

// Eval implements Expr.
func (f evalFunc) Eval(e *Env) (doc.Value, error) { return f(e) }
