package fn

import (
	"math"
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// pathBase is the object that the ids of keyvalue() count from.
type pathBase struct {
	v  *jsonValue
	id int
}

// rebase sets the base and returns what restores it.
func (r *pathRun) rebase(b pathBase) func() {
	saved := r.base
	r.base = b
	return func() { r.base = saved }
}

// method runs .name().
func (r *pathRun) method(p *sqltype.JSONPathItem, v pathValue, out *found, unwrap bool) (pathResult, error) {
	switch p.Text {
	case "type":
		return r.next(p, stringValue(kindName(v)), out)
	case "size":
		n := 1
		if v.is(sqltype.JSONArray) {
			n = len(v.v.Arr)
		} else if !r.lax {
			if r.lenient {
				return pathNone, nil
			}
			return pathNone, r.fail(statePathArray, "jsonpath item method .size() can only be applied to an array")
		}
		return r.next(p, numberValue(sqltype.NumInt(int64(n))), out)
	}
	if unwrap && v.is(sqltype.JSONArray) {
		return r.descend(p, v, out, 1, 1, 1, false, false)
	}
	var got pathValue
	var err error
	switch p.Text {
	case "abs", "floor", "ceiling":
		if !v.is(sqltype.JSONNumber) {
			return pathNone, r.fail(statePathNumeric, "jsonpath item method .%s() can only be applied to a numeric value", p.Text)
		}
		f := map[string]func(sqltype.Num) sqltype.Num{"abs": sqltype.Num.Abs, "floor": sqltype.Num.Floor, "ceiling": sqltype.Num.Ceil}[p.Text]
		got = numberValue(f(v.v.Num))
	case "keyvalue":
		return r.keyValue(p, v, out)
	case "datetime", "date", "time", "time_tz", "timestamp", "timestamp_tz":
		got, err = r.datetime(p, v)
	case "string":
		got, err = r.toString(v)
	case "boolean":
		got, err = r.toBool(v)
	default:
		got, err = r.toNumber(p, v)
	}
	if err != nil {
		return pathNone, err
	}
	if p.Next == nil && out == nil {
		return pathOK, nil
	}
	return r.next(p, got, out)
}

// toNumber is .double(), .bigint(), .integer(), .number() and .decimal(p, s).
func (r *pathRun) toNumber(p *sqltype.JSONPathItem, v pathValue) (pathValue, error) {
	typ := map[string]sqltype.Type{"double": sqltype.TFloat8, "bigint": sqltype.TInt8, "integer": sqltype.TInt4,
		"number": sqltype.TNumeric, "decimal": sqltype.TNumeric}[p.Text]
	text := ""
	switch {
	case v.is(sqltype.JSONNumber):
		text = v.v.Num.String()
	case v.is(sqltype.JSONString):
		text = v.v.Str
	default:
		return v, r.fail(statePathNumeric, "jsonpath item method .%s() can only be applied to a string or numeric value", p.Text)
	}
	invalid := func() (pathValue, error) {
		if p.Text == "double" && v.is(sqltype.JSONNumber) {
			return v, r.fail(statePathNumeric, "numeric argument of jsonpath item method .double() is out of range for type double precision")
		}
		if p.Text == "double" {
			return v, r.fail(statePathNumeric, "string argument of jsonpath item method .double() is not a valid representation of a double precision number")
		}
		return v, r.fail(statePathNumeric, "argument \"%s\" of jsonpath item method .%s() is invalid for type %s", text, p.Text, typ.Name())
	}
	if typ.ID == sqltype.Int4 || typ.ID == sqltype.Int8 {
		return r.toInteger(v, text, typ, invalid)
	}
	d, err := sqltype.Parse(typ, text)
	if err != nil {
		return invalid()
	}
	n := d.Num
	if p.Text == "double" {
		if math.IsNaN(d.Float) || math.IsInf(d.Float, 0) {
			return invalid()
		}
		if v.is(sqltype.JSONNumber) {
			return v, nil
		}
		n = sqltype.NumFloat(d.Float, 64)
	}
	if !n.Finite() {
		return v, r.fail(statePathNumeric, "NaN or Infinity is not allowed for jsonpath item method .%s()", p.Text)
	}
	if p.Text == "decimal" && len(p.Args) > 0 {
		if n, err = r.limit(p, n); err != nil {
			return v, err
		}
	}
	return numberValue(n), nil
}

func (r *pathRun) toInteger(v pathValue, text string, typ sqltype.Type, invalid func() (pathValue, error)) (pathValue, error) {
	var i int64
	if v.is(sqltype.JSONNumber) {
		n, err := v.v.Num.Round(0).Int64(typ.Name())
		if err != nil || typ.ID == sqltype.Int4 && n != int64(int32(n)) {
			return invalid()
		}
		i = n
	} else {
		d, err := sqltype.Parse(typ, text)
		if err != nil {
			return invalid()
		}
		i = d.Int
	}
	return numberValue(sqltype.NumInt(i)), nil
}

// limit applies the precision and scale of .decimal(p, s).
func (r *pathRun) limit(p *sqltype.JSONPathItem, n sqltype.Num) (sqltype.Num, error) {
	var mods []int
	for _, a := range p.Args {
		i, err := a.Num.Int64("integer")
		if err != nil || i != int64(int32(i)) {
			return n, dberr.SQL(statePathNumeric, "precision of jsonpath item method .decimal() is out of range for type integer")
		}
		mods = append(mods, int(i))
	}
	typ, err := sqltype.TNumeric.WithMods(mods...)
	if err != nil {
		return n, err
	}
	if n, err = n.ApplyMod(typ.Mod); err != nil {
		return n, r.fail(statePathNumeric, "argument of jsonpath item method .decimal() is invalid for type numeric")
	}
	return n, nil
}

func (r *pathRun) toString(v pathValue) (pathValue, error) {
	switch {
	case v.when != nil:
		return stringValue(v.when.text(r.env)), nil
	case v.is(sqltype.JSONString):
		return v, nil
	case v.is(sqltype.JSONNumber), v.is(sqltype.JSONTrue), v.is(sqltype.JSONFalse):
		return stringValue(string(v.v.AppendText(nil))), nil
	}
	return v, r.fail(statePathNumeric, "jsonpath item method .string() can only be applied to a boolean, string, numeric, or datetime value")
}

func (r *pathRun) toBool(v pathValue) (pathValue, error) {
	switch {
	case v.is(sqltype.JSONTrue), v.is(sqltype.JSONFalse):
		return v, nil
	case v.is(sqltype.JSONString):
		d, err := sqltype.Parse(sqltype.TBool, v.v.Str)
		if err != nil {
			return v, r.fail(statePathNumeric, "argument \"%s\" of jsonpath item method .boolean() is invalid for type boolean", v.v.Str)
		}
		return truthValue(truth(d.Int)), nil
	case v.is(sqltype.JSONNumber):
		i, err := v.v.Num.Int64("integer")
		if err != nil || i != int64(int32(i)) || v.v.Num.Cmp(sqltype.NumInt(i)) != 0 {
			return v, r.fail(statePathNumeric, "argument \"%s\" of jsonpath item method .boolean() is invalid for type boolean", v.v.Num.String())
		}
		return truthValue(truth(b2i(i != 0))), nil
	}
	return v, r.fail(statePathNumeric, "jsonpath item method .boolean() can only be applied to a boolean, string, or numeric value")
}

// keyValue is .keyvalue(): an object for each member, with an id that is that of
// the object it comes from.
func (r *pathRun) keyValue(p *sqltype.JSONPathItem, v pathValue, out *found) (pathResult, error) {
	if !v.is(sqltype.JSONObject) {
		return pathNone, r.fail(statePathObject, "jsonpath item method .keyvalue() can only be applied to an object")
	}
	if len(v.v.Keys) == 0 {
		return pathNone, nil
	}
	if p.Next == nil && out == nil {
		return pathOK, nil
	}
	offset := int64(0)
	if r.base.v != nil {
		offset = offsetWithin(r.base.v, v.v)
	}
	id := sqltype.NumInt(int64(r.base.id)*10_000_000_000 + offset)
	res := pathNone
	for i, k := range v.v.Keys {
		o := sqltype.NewJSONObject([]string{"key", "value", "id"},
			[]jsonValue{{Kind: sqltype.JSONString, Str: k}, v.v.Arr[i], {Kind: sqltype.JSONNumber, Num: id}})
		restore := r.rebase(pathBase{v: &o, id: r.objects})
		r.objects++
		got, err := r.next(p, pathValue{v: &o}, out)
		restore()
		if err != nil {
			return pathNone, err
		}
		if got == pathOK {
			res = got
			if out == nil {
				return got, nil
			}
		}
	}
	return res, nil
}

// offsetWithin is where an object lies within another in PostgreSQL's binary form of
// jsonb, from which its ids are made.
func offsetWithin(in, want *jsonValue) int64 {
	if in == want {
		return 0
	}
	found := int64(0)
	jsonbSize(in, 0, want, &found)
	return found
}

// jsonbSize is the size of a container at offset at, headers included.
func jsonbSize(v *jsonValue, at int64, want *jsonValue, found *int64) int64 {
	if v == want {
		*found = at
	}
	pos := at + 4 + 4*int64(len(v.Keys)+len(v.Arr))
	for _, k := range v.Keys {
		pos += int64(len(k))
	}
	for i := range v.Arr {
		m := &v.Arr[i]
		switch m.Kind {
		case sqltype.JSONString:
			pos += int64(len(m.Str))
		case sqltype.JSONNumber:
			pos = (pos+3)&^3 + 4 + 2 + 2*numericDigits(m.Num)
		case sqltype.JSONArray, sqltype.JSONObject:
			pos = (pos + 3) &^ 3
			pos += jsonbSize(m, pos, want, found)
		}
	}
	return pos - at
}

// numericDigits is the number of base-10000 digits of a number.
func numericDigits(n sqltype.Num) int64 {
	s := strings.TrimPrefix(n.String(), "-")
	whole, frac, _ := strings.Cut(s, ".")
	whole = strings.TrimLeft(whole, "0")
	frac = strings.TrimRight(frac, "0")
	whole = strings.Repeat("0", (4-len(whole)%4)%4) + whole
	frac += strings.Repeat("0", (4-len(frac)%4)%4)
	digits := whole + frac
	for strings.HasPrefix(digits, "0000") {
		digits = digits[4:]
	}
	for strings.HasSuffix(digits, "0000") {
		digits = digits[:len(digits)-4]
	}
	return int64(len(digits) / 4)
}

func pathText(v pathValue, env *Env) string {
	if v.when != nil {
		return strconv.Quote(v.when.text(env))
	}
	return string(v.v.AppendText(nil))
}
