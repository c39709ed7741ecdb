package doctable

import (
	"math"
	"strings"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/source"
	"github.com/weftdb/weft/query/sqltype"
)

// A probe is turned into a filter of the model that holds wherever the condition does;
// it may hold for others, which the executor then leaves out. What differs: ->> makes
// text of numbers, booleans, objects and arrays too, so 'x' < data->>'a' may hold for
// any of them, by the first byte of their text; a cast to a number takes text that looks
// like one; a path of the model goes on through arrays, one of SQL does not, which only
// makes the filter hold for more.

// maxDigits bounds what numbers a filter is given: jsonb and the model agree on these.
const maxDigits = 300

// filterOf is the filter of probes that all must hold; nil where none can be said.
func filterOf(probes []source.Probe) (*match.Filter, error) {
	var all []doc.Value
	for i := range probes {
		all = append(all, said(&probes[i])...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return match.Compile(object("$and", array(all)))
}

// said is what a filter can say of a probe, nil for nothing.
func said(p *source.Probe) []doc.Value {
	if p.Kind == source.Contains {
		return contained(p.Values[0].Str)
	}
	if !plainPath(p.Path) {
		return nil
	}
	if v, ok := condition(p); ok {
		return []doc.Value{v}
	}
	return nil
}

// conditions are what a filter says of probes, each of which it must know.
func conditions(probes []source.Probe) (all []doc.Value, err error) {
	for i := range probes {
		v := said(&probes[i])
		if v == nil {
			return nil, dberr.SQL(dberr.StateFeatureNotSupported, "the condition of an index over the path %q is not supported", strings.Join(probes[i].Path, ",")).
				WithHint("Compare a path with constants, or ask that it IS NOT NULL.")
		}
		all = append(all, v...)
	}
	return all, nil
}

// plainPath reports whether the steps of a path mean the same in both languages.
func plainPath(path []string) bool {
	if len(path) == 0 || len(path) > doc.MaxPathSteps || len(strings.Join(path, ".")) > doc.MaxPathBytes {
		return false
	}
	for _, step := range path {
		if step == "" || step[0] == '$' || strings.ContainsAny(step, ".\x00") {
			return false
		}
	}
	return true
}

func object(name string, v doc.Value) doc.Value {
	return doc.Of(doc.AppendObject(nil, []doc.Field{{Name: name, Value: v}}))
}

func array(list []doc.Value) doc.Value { return doc.Of(doc.AppendArray(nil, list)) }

func str(s string) doc.Value { return doc.Of(doc.AppendString(nil, s)) }

// onPath says that one of several conditions holds at a path.
func onPath(path []string, any []doc.Value) doc.Value {
	name := strings.Join(path, ".")
	list := make([]doc.Value, len(any))
	for i, c := range any {
		list[i] = object(name, c)
	}
	if len(list) == 1 {
		return list[0]
	}
	return object("$or", array(list))
}

// condition is the filter of a probe of a path.
func condition(p *source.Probe) (doc.Value, bool) {
	var any []doc.Value
	switch p.Kind {
	case source.TextCompare:
		any = textCompare(p.Op, p.Values[0].Str)
	case source.TextIn:
		any = textIn(p.Values)
	case source.NumberCompare:
		any = numberCompare(p.Op, p.Values[0])
	case source.FloatCompare:
		any = floatCompare(p.Op, p.Values[0].Float)
	case source.NumberIn:
		any = numberIn(p.Values)
	case source.JSONCompare, source.JSONIn:
		any = jsonIn(p.Values)
	}
	if len(any) == 0 {
		return doc.Value{}, false
	}
	return onPath(p.Path, any), true
}

func kinds(names ...string) doc.Value {
	list := make([]doc.Value, len(names))
	for i, n := range names {
		list[i] = str(n)
	}
	return object("$type", array(list))
}

// textIn: text that a string, a number, a boolean or something nested may have.
func textIn(values []sqltype.Datum) (any []doc.Value) {
	var points []doc.Value
	object, list, long := false, false, false
	for _, d := range values {
		t := d.Str
		points = append(points, str(t))
		if n, ok := number(t); ok {
			points = append(points, n)
		}
		switch {
		case len(t) > maxDigits && (t[0] == '-' || '0' <= t[0] && t[0] <= '9'):
			long = true
		case t == "true" || t == "false":
			points = append(points, doc.Of(doc.AppendBool(nil, t == "true")))
		case strings.HasPrefix(t, "{"):
			object = true
		case strings.HasPrefix(t, "["):
			list = true
		}
	}
	any = append(any, oneOf(points))
	if object {
		any = append(any, kinds("object"))
	}
	if list {
		any = append(any, kinds("array"))
	}
	if long {
		any = append(any, kinds("number"))
	}
	return any
}

func oneOf(points []doc.Value) doc.Value {
	if len(points) == 1 {
		return object("$eq", points[0])
	}
	return object("$in", array(points))
}

// number is a text as a number, if all of it is one as JSON writes them.
func number(t string) (doc.Value, bool) {
	if len(t) == 0 || len(t) > maxDigits {
		return doc.Value{}, false
	}
	if c := t[0]; c != '-' && (c < '0' || c > '9') {
		return doc.Value{}, false
	}
	v, err := doc.Parse([]byte(t))
	return v, err == nil && v.Kind() == doc.Number
}

var operators = map[string]string{"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}

// textCompare: text in a range, by the bytes with which the texts of kinds begin.
func textCompare(op, t string) []doc.Value {
	if op == "=" {
		return textIn([]sqltype.Datum{{Str: t}})
	}
	name := operators[op]
	if name == "" {
		return nil
	}
	any := []doc.Value{object(name, str(t))}
	above := op == ">" || op == ">="
	may := func(first, last byte) bool { // a text that begins so may be in the range
		if t == "" {
			return above
		}
		if above {
			return last >= t[0]
		}
		return first <= t[0]
	}
	var names []string
	if may('-', '9') {
		names = append(names, "number")
	}
	if may('f', 't') {
		names = append(names, "bool")
	}
	if may('{', '{') {
		names = append(names, "object")
	}
	if may('[', '[') {
		names = append(names, "array")
	}
	if names != nil {
		any = append(any, kinds(names...))
	}
	return any
}

// numberCompare: a number in a range, or any string, which may look like a number.
// Everything else fails the cast.
func numberCompare(op string, d sqltype.Datum) []doc.Value {
	if op == "=" {
		return numberIn([]sqltype.Datum{d})
	}
	n, ok := number(sqltype.FormatText(sqltype.TNumeric, d))
	if name := operators[op]; ok && name != "" {
		return []doc.Value{object(name, n), kinds("string")}
	}
	return nil
}

func numberIn(values []sqltype.Datum) []doc.Value {
	var points []doc.Value
	for _, d := range values {
		n, ok := number(sqltype.FormatText(sqltype.TNumeric, d))
		if !ok {
			return nil
		}
		points = append(points, n)
	}
	return []doc.Value{oneOf(points), kinds("string")}
}

// jsonIn: scalars are looked for, anything nested by its kind.
func jsonIn(values []sqltype.Datum) (any []doc.Value) {
	var points []doc.Value
	nested := map[string]bool{}
	for _, d := range values {
		v, err := doc.Parse([]byte(d.Str))
		switch {
		case err != nil:
			return nil
		case v.Kind() == doc.Object:
			nested["object"] = true
		case v.Kind() == doc.Array:
			nested["array"] = true
		case v.Kind() == doc.Number && len(d.Str) > maxDigits:
			return nil
		default:
			points = append(points, v)
		}
	}
	if points != nil {
		any = append(any, oneOf(points))
	}
	for _, name := range []string{"object", "array"} {
		if nested[name] {
			any = append(any, kinds(name))
		}
	}
	return any
}

// maxContained bounds the conditions that one containment becomes.
const maxContained = 32

// contained says of @> what the scalars within the value ask for.
func contained(text string) (list []doc.Value) {
	v, err := doc.Parse([]byte(text))
	if err != nil || v.Kind() != doc.Object {
		return nil
	}
	var into func(path []string, v doc.Value)
	into = func(path []string, v doc.Value) {
		if len(list) >= maxContained {
			return
		}
		switch v.Kind() {
		case doc.Object:
			v.Fields(func(name []byte, f doc.Value) bool {
				into(append(path[:len(path):len(path)], string(name)), f)
				return true
			})
		case doc.Array:
			v.Elements(func(_ int, e doc.Value) bool {
				if k := e.Kind(); k != doc.Object && k != doc.Array {
					into(path, e)
				}
				return true
			})
		default:
			if plainPath(path) && len(v.Bytes()) <= maxDigits {
				list = append(list, onPath(path, []doc.Value{object("$eq", v)}))
			}
		}
	}
	into(nil, v)
	return list
}

// floatCompare: numbers that the cast to a double brings into a range, which may round
// them, or any string.
func floatCompare(op string, f float64) []doc.Value {
	if math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) >= math.MaxFloat64 {
		return nil
	}
	next := func(side int) doc.Value {
		return doc.Of(doc.AppendFloat(nil, math.Nextafter(f, math.Inf(side))))
	}
	switch op {
	case "=":
		return []doc.Value{doc.Of(doc.AppendObject(nil, []doc.Field{{Name: "$gte", Value: next(-1)}, {Name: "$lte", Value: next(1)}})), kinds("string")}
	case ">", ">=":
		return []doc.Value{object("$gte", next(-1)), kinds("string")}
	case "<", "<=":
		return []doc.Value{object("$lte", next(1)), kinds("string")}
	}
	return nil
}
