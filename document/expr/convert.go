package expr

import (
	"github.com/cockroachdb/apd/v3"

	"github.com/weftdb/weft/document/doc"
)

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
		return doc.FromText(v.JSON()), nil
	default:
		return v, Failed("$toString", "$toString takes no %s", typeName(v))
	}
}

func toBool(args []doc.Value) (doc.Value, error) {
	if isNull(args[0]) {
		return null, nil
	}
	return doc.FromBool(Truth(args[0])), nil
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
				return doc.FromInt(1), nil
			}
			return doc.FromInt(0), nil
		case doc.String:
			if n, err := doc.Parse(v.Str()); err == nil && n.Kind() == doc.Number {
				return n, nil
			}
		}
		return args[0], Failed(name, "%s takes no %s that is not a number", name, typeName(args[0]))
	}
}

// toDouble rounds to the nearest double of IEEE 754; a number beyond their range is
// an error.
func toDouble(args []doc.Value) (doc.Value, error) {
	v, err := toNumber("$toDouble")(args)
	if err != nil || isNull(v) {
		return v, err
	}
	f, _ := v.Float()
	return Finite("$toDouble", f)
}

// conversions are the targets of $convert, by MongoDB's names and numbers.
func conversions(to doc.Value) func([]doc.Value) (doc.Value, error) {
	name := string(to.Str())
	if to.Kind() == doc.Number {
		name = to.JSON()
	}
	switch name {
	case "double", "1":
		return toDouble
	case "string", "2":
		return toString
	case "bool", "8":
		return toBool
	case "date", "9":
		return toDate
	case "int", "16", "long", "18":
		return toInt("$convert")
	case "decimal", "19":
		return toNumber("$convert")
	}
	return nil
}

// convert takes {"input","to","onError"?,"onNull"?}.
func convert(c *Compiler, name string, arg doc.Value) (Expr, error) {
	p, err := c.parts(name, arg, 2, "input", "to", "onError", "onNull")
	return evalFunc(func(e *Env) (doc.Value, error) {
		v, err := p[0].Eval(e)
		if err != nil {
			return v, err
		}
		if isNull(v) {
			return orElse(e, p[3])
		}
		to, err := p[1].Eval(e)
		if err != nil || isNull(to) {
			return null, err
		}
		fn := conversions(to)
		if fn == nil {
			return null, Failed(name, "$convert does not know the type %.60s", to.JSON()).WithHint("known: double, string, bool, date, int, long, decimal")
		}
		out, err := fn([]doc.Value{v})
		if err != nil && p[2] != nil {
			return p[2].Eval(e)
		}
		return out, err
	}), err
}

// orElse evaluates an expression that may have been left out: then it is null.
func orElse(e *Env, x Expr) (doc.Value, error) {
	if x == nil {
		return null, nil
	}
	return x.Eval(e)
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
			return v, Failed(name, "the number %s does not fit 64 bits", v.JSON())
		}
		return v, nil
	}
}
