package fn

import (
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// appendJSONValue writes a value as to_json does.
func appendJSONValue(dst []byte, env *sqltype.Env, t sqltype.Type, d sqltype.Datum) []byte {
	if d.Null {
		return append(dst, "null"...)
	}
	switch t.ID {
	case sqltype.Bool:
		return strconv.AppendBool(dst, d.Int != 0)
	case sqltype.JSON, sqltype.JSONB:
		return append(dst, d.Str...)
	case sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Float4, sqltype.Float8, sqltype.Numeric:
		s := sqltype.AppendTextEnv(nil, env, t, d)
		if c := s[len(s)-1]; c < '0' || c > '9' { // NaN and infinities
			return sqltype.AppendJSONString(dst, string(s))
		}
		return append(dst, s...)
	case sqltype.Timestamp, sqltype.TimestampTZ:
		return sqltype.AppendJSONString(dst, jsonMoment(env, t, d))
	case sqltype.Array:
		return appendJSONArray(dst, env, d.Any.(*array), "")
	case sqltype.Record:
		return appendJSONRecord(dst, env, t, d.Any.(*sqltype.RecordValue), "")
	}
	return sqltype.AppendJSONString(dst, string(sqltype.AppendTextEnv(nil, env.ISO(), t, d)))
}

// appendJSONRecord writes a row as an object, with gap between its members.
func appendJSONRecord(dst []byte, env *sqltype.Env, t sqltype.Type, r *sqltype.RecordValue, gap string) []byte {
	c, named := sqltype.CompositeOf(t)
	named = named && len(c.Fields) == len(r.Vals)
	dst = append(dst, '{')
	for i, v := range r.Vals {
		if i > 0 {
			dst = append(append(dst, ','), gap...)
		}
		name := "f" + strconv.Itoa(i+1)
		if named {
			name = c.Fields[i].Name
		}
		dst = append(sqltype.AppendJSONString(dst, name), ':')
		dst = appendJSONValue(dst, env, r.Types[i], v)
	}
	return append(dst, '}')
}

// jsonMoment is a date or time as JSON shows it, in ISO 8601.
func jsonMoment(env *sqltype.Env, t sqltype.Type, d sqltype.Datum) string {
	s := string(sqltype.AppendTextEnv(nil, env.ISO(), t, d))
	if t.ID != sqltype.TimeTZ && infinite(d.Int) {
		return s
	}
	if t.ID == sqltype.Timestamp || t.ID == sqltype.TimestampTZ {
		s = strings.Replace(s, " ", "T", 1)
	}
	zoned := t.ID == sqltype.TimestampTZ || t.ID == sqltype.TimeTZ
	s, before := strings.CutSuffix(s, " BC")
	if i := len(s) - 3; zoned && (s[i] == '+' || s[i] == '-') {
		s += ":00"
	}
	if before {
		s += " BC"
	}
	return s
}

// appendJSONArray writes an array, nested by its dimensions.
func appendJSONArray(dst []byte, env *sqltype.Env, a *array, sep string) []byte {
	at := 0
	var level func(dst []byte, k int) []byte
	level = func(dst []byte, k int) []byte {
		dst = append(dst, '[')
		for i := range a.Dims[k] {
			if i > 0 {
				dst = append(dst, ',')
			}
			if i > 0 && k == 0 { // arrays within stay on their line
				dst = append(dst, sep...)
			}
			if k+1 < len(a.Dims) {
				dst = level(dst, k+1)
				continue
			}
			dst = appendJSONValue(dst, env, a.Elem, a.Vals[at])
			at++
		}
		return append(dst, ']')
	}
	if len(a.Dims) == 0 {
		return append(dst, "[]"...)
	}
	return level(dst, 0)
}

// canonical turns JSON text into jsonb where b.
func canonical(s []byte, b bool) (sqltype.Datum, error) {
	if !b {
		return sqltype.Datum{Str: string(s)}, nil
	}
	c, err := sqltype.CanonicalJSON(string(s))
	return sqltype.Datum{Str: c}, err
}

// jsonKey appends a key of an object.
func jsonKey(dst []byte, env *Env, t sqltype.Type, d sqltype.Datum) ([]byte, error) {
	if d.Null {
		return dst, errParam("null value not allowed for object key")
	}
	if t.ID == sqltype.Array || t.ID == sqltype.Record || t.ID == sqltype.JSON || t.ID == sqltype.JSONB {
		return dst, errParam("key value must be scalar, not array, composite, or json")
	}
	return sqltype.AppendJSONString(dst, textOf(env, t, d)), nil
}

func buildObject(b bool) func(c *call) (sqltype.Datum, error) {
	return func(c *call) (sqltype.Datum, error) {
		if len(c.arg)%2 != 0 {
			fn := "json_build_object()"
			if b {
				fn = "jsonb_build_object()"
			}
			return sqltype.NullDatum, errParam("argument list must have even number of elements").
				WithHint("The arguments of %s must consist of alternating keys and values.", fn)
		}
		dst := []byte("{")
		for i := 0; i < len(c.arg); i += 2 {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			if c.arg[i].Null && b {
				return sqltype.NullDatum, errParam("argument %d: key must not be null", i+1)
			}
			if c.arg[i].Null {
				return sqltype.NullDatum, errParam("argument %d cannot be null", i+1).WithHint("Object keys should be text.")
			}
			var err error
			if dst, err = jsonKey(dst, c.env, c.typ[i], c.arg[i]); err != nil {
				return sqltype.NullDatum, err
			}
			dst = appendJSONValue(append(dst, " : "...), c.env.types(), c.typ[i+1], c.arg[i+1])
		}
		return canonical(append(dst, '}'), b)
	}
}

func buildArray(b bool) func(c *call) (sqltype.Datum, error) {
	return func(c *call) (sqltype.Datum, error) {
		dst := []byte("[")
		for i, d := range c.arg {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendJSONValue(dst, c.env.types(), c.typ[i], d)
		}
		return canonical(append(dst, ']'), b)
	}
}

// jsonObject is json_object of one array of pairs, or of keys and values.
func jsonObject(b bool) func(c *call) (sqltype.Datum, error) {
	return func(c *call) (sqltype.Datum, error) {
		first := arrayOfDatum(c.arg[0])
		keys := first.Vals
		var vals []sqltype.Datum
		if len(c.arg) == 2 {
			second := arrayOfDatum(c.arg[1])
			vals = second.Vals
			if len(first.Dims) > 1 || len(first.Dims) != len(second.Dims) {
				return sqltype.NullDatum, errDims("wrong number of array subscripts")
			}
			if len(keys) != len(vals) {
				return sqltype.NullDatum, errDims("mismatched array dimensions")
			}
		} else {
			switch {
			case len(first.Dims) > 2:
				return sqltype.NullDatum, errDims("wrong number of array subscripts")
			case len(first.Dims) == 2 && first.Dims[1] != 2:
				return sqltype.NullDatum, errDims("array must have two columns")
			case len(keys)%2 != 0:
				return sqltype.NullDatum, errDims("array must have even number of elements")
			}
			var ks []sqltype.Datum
			for i := 0; i < len(keys); i += 2 {
				ks, vals = append(ks, keys[i]), append(vals, keys[i+1])
			}
			keys = ks
		}
		dst := []byte("{")
		for i, k := range keys {
			if k.Null {
				return sqltype.NullDatum, dberr.SQL("22004", "null value not allowed for object key")
			}
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(sqltype.AppendJSONString(dst, k.Str), " : "...)
			dst = appendJSONValue(dst, nil, sqltype.TText, vals[i])
		}
		return canonical(append(dst, '}'), b)
	}
}

func toJSON(b bool) func(c *call) (sqltype.Datum, error) {
	return func(c *call) (sqltype.Datum, error) {
		return canonical(appendJSONValue(nil, c.env.types(), c.typ[0], c.arg[0]), b)
	}
}

// stripRaw drops null members of objects, and of arrays where asked, from JSON text,
// keeping the order.
func stripRaw(dst []byte, s string, arrays bool) []byte {
	kind := rawKind(s)
	if kind != '{' && kind != '[' {
		return append(dst, strings.TrimSpace(s)...)
	}
	dst = append(dst, kind)
	first := true
	rawMembers(s, func(k, v string) bool {
		if (arrays || kind == '{') && v == "null" {
			return true
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if kind == '{' {
			dst = append(append(dst, k...), ':')
		}
		dst = stripRaw(dst, v, arrays)
		return true
	})
	return append(dst, kind+2)
}

func registerJSONBuild(t *tables) {
	t.def("json_strip_nulls(json) json", p1(func(s string) string { return string(stripRaw(nil, s, false)) }))
	for _, b := range []bool{false, true} {
		typ := "json"
		if b {
			typ = "jsonb"
		}
		t.def("to_"+typ+"(anyelement) "+typ+" stable", rowwise(toJSON(b)))
		t.def(typ+"_build_object(variadic any) "+typ+" called stable", rowwise(buildObject(b)))
		t.def(typ+"_build_object() "+typ+" called", rowwise(buildObject(b)))
		t.def(typ+"_build_array(variadic any) "+typ+" called stable", rowwise(buildArray(b)))
		t.def(typ+"_build_array() "+typ+" called", rowwise(buildArray(b)))
		t.def(typ+"_object(text[]) "+typ, rowwise(jsonObject(b)))
		t.def(typ+"_object(text[],text[]) "+typ, rowwise(jsonObject(b)))
	}
	t.def("row_to_json(record) json stable", rowwise(toJSON(false)))
	t.def("row_to_json(record,bool) json stable", rowwise(func(c *call) (sqltype.Datum, error) {
		gap := ""
		if c.arg[1].Int != 0 {
			gap = "\n "
		}
		return canonical(appendJSONRecord(nil, c.env.types(), c.typ[0], c.arg[0].Any.(*sqltype.RecordValue), gap), false)
	}))
	t.def("array_to_json(anyarray) json stable", rowwise(toJSON(false)))
	t.def("array_to_json(anyarray,bool) json stable", rowwise(func(c *call) (sqltype.Datum, error) {
		sep := ""
		if c.arg[1].Int != 0 {
			sep = "\n "
		}
		return canonical(appendJSONArray(nil, c.env.types(), arrayOfDatum(c.arg[0]), sep), false)
	}))
}
