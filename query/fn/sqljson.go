package fn

import (
	"errors"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// SQLSTATEs of SQL/JSON.
const (
	stateJSONMany      = "22034"
	stateJSONNone      = "22035"
	stateJSONNotScalar = "2203F"
	stateJSONDuplicate = "22030"
	stateJSONNullKey   = "22004"
)

// JSONQuery says what JSON_EXISTS, JSON_VALUE or JSON_QUERY does. The behaviors are letters:
// n NULL, e ERROR, d DEFAULT, a EMPTY ARRAY, o EMPTY OBJECT, t TRUE, f FALSE, u UNKNOWN
// and - for none given; Wrapper is n, c (conditional), u (unconditional) or -.
type JSONQuery struct {
	Op               string
	Ret              sqltype.Type
	OnEmpty, OnError byte
	Wrapper          byte
	OmitQuotes       bool
	Names            []string // of the values of PASSING
}

// Func makes the function of (item jsonb, path, value of DEFAULT … ON EMPTY, of DEFAULT …
// ON ERROR, values of PASSING).
func (q *JSONQuery) Func(passing []sqltype.Type) *Func {
	args := append([]sqltype.Type{sqltype.TJSONB, {ID: sqltype.Jsonpath}, q.Ret, q.Ret}, passing...)
	return &Func{Name: q.Op, Args: args, Ret: q.Ret, Volatility: Stable, Eval: rowwise(func(c *call) (sqltype.Datum, error) {
		if c.arg[0].Null || c.arg[1].Null {
			return sqltype.NullDatum, nil
		}
		return q.of(c.env, c.arg[0].Str, c.arg[1].Str, q.vars(c), c.arg[2], c.arg[3])
	})}
}

// vars makes one object of the values of PASSING.
func (q *JSONQuery) vars(c *call) string { return jsonVars(c, q.Names, 4) }

func jsonVars(c *call, names []string, from int) string {
	if len(names) == 0 {
		return ""
	}
	dst := []byte("{")
	for i, n := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(sqltype.AppendJSONString(dst, n), ':')
		dst = appendJSONValue(dst, c.env.types(), c.typ[from+i], c.arg[from+i])
	}
	return string(append(dst, '}'))
}

// jsonThrown is an error that ON ERROR does not turn into a value.
type jsonThrown struct{ error }

// of evaluates a path on a document.
func (q *JSONQuery) of(env *Env, doc, path, vars string, empty, failed sqltype.Datum) (sqltype.Datum, error) {
	d, err := q.find(env, pathCall{doc: doc, path: path, vars: vars, zones: true, env: env}, empty)
	var hard jsonThrown
	if errors.As(err, &hard) {
		return d, hard.error
	}
	e := dberr.As(err)
	if e == nil || !strings.HasPrefix(e.SQLState, "22") || q.OnError == 'e' {
		return d, err
	}
	return q.behave(env, q.OnError, failed)
}

// behave gives the value of a behavior other than ERROR.
func (q *JSONQuery) behave(env *Env, b byte, def sqltype.Datum) (sqltype.Datum, error) {
	switch b {
	case 'd':
		return def, nil
	case 't':
		return sqltype.Datum{Int: 1}, nil
	case 'a':
		return q.fit(env, "[]")
	case 'o':
		return q.fit(env, "{}")
	case '-':
		if q.Op == "json_exists" {
			return sqltype.Datum{}, nil
		}
	case 'f':
		return sqltype.Datum{}, nil
	}
	return sqltype.NullDatum, nil
}

func (q *JSONQuery) find(env *Env, p pathCall, empty sqltype.Datum) (sqltype.Datum, error) {
	if q.Op == "json_exists" {
		return existsOf(p)
	}
	texts, err := pathTexts(p)
	if err != nil {
		return sqltype.NullDatum, err
	}
	if len(texts) == 0 {
		return q.none(env, empty)
	}
	if q.Op == "json_value" {
		if len(texts) > 1 {
			return sqltype.NullDatum, dberr.SQL(stateJSONMany, "JSON path expression in JSON_VALUE must return single scalar item")
		}
		switch rawKind(texts[0]) {
		case '{', '[':
			return sqltype.NullDatum, dberr.SQL(stateJSONNotScalar, "JSON path expression in JSON_VALUE must return single scalar item")
		}
		return q.fit(env, texts[0])
	}
	switch {
	case q.Wrapper == 'u', q.Wrapper == 'c' && len(texts) > 1:
		return q.fit(env, "["+strings.Join(texts, ", ")+"]")
	case len(texts) > 1:
		return sqltype.NullDatum, dberr.SQL(stateJSONMany, "JSON path expression in JSON_QUERY must return single item when no wrapper is requested").
			WithHint("Use the WITH WRAPPER clause to wrap SQL/JSON items into an array.")
	}
	return q.fit(env, texts[0])
}

// none is what becomes of a path that finds nothing.
func (q *JSONQuery) none(env *Env, empty sqltype.Datum) (sqltype.Datum, error) {
	if q.OnEmpty == 'e' {
		return sqltype.NullDatum, jsonThrown{dberr.SQL(stateJSONNone, "no SQL/JSON item found for specified path")}
	}
	return q.behave(env, q.OnEmpty, empty)
}

// fit turns a piece of JSON into a value of the function's type.
func (q *JSONQuery) fit(env *Env, raw string) (sqltype.Datum, error) {
	scalar := q.Op == "json_value"
	if raw == "null" && (scalar || !isJSONType(q.Ret) && !isString(q.Ret.ID) && q.Ret.ID != sqltype.Bytea) {
		return sqltype.NullDatum, nil
	}
	if !scalar && q.OmitQuotes && rawKind(raw) == '"' {
		return parseAs(env, q.Ret, rawString(raw))
	}
	if scalar && isString(q.Ret.ID) && (raw == "true" || raw == "false") {
		raw = raw[:1] // as a boolean reads
	}
	if !scalar && !isJSONType(q.Ret) && q.Ret.ID != sqltype.Array {
		switch {
		case isString(q.Ret.ID):
			return fitType(env, sqltype.TText, q.Ret, sqltype.Datum{Str: raw})
		case q.Ret.ID == sqltype.Bytea:
			return sqltype.Datum{Str: raw}, nil
		}
		return parseAs(env, q.Ret, raw) // with its quotes
	}
	if isJSONType(q.Ret) {
		return canonical([]byte(raw), q.Ret.ID == sqltype.JSONB)
	}
	return populate(env, q.Ret, raw)
}

func isJSONType(t sqltype.Type) bool { return t.ID == sqltype.JSON || t.ID == sqltype.JSONB }

// fitType gives a value of a type the modifiers of another, as an assignment does.
func fitType(env *Env, from, to sqltype.Type, d sqltype.Datum) (sqltype.Datum, error) {
	if from == to || d.Null {
		return d, nil
	}
	f := AssignCast(from, to)
	if f == nil {
		f = Cast(from, to)
	}
	if f == nil {
		return d, nil
	}
	return f.CallRow(env, d)
}

// parseAs reads a text as a value of a type.
func parseAs(env *Env, t sqltype.Type, s string) (sqltype.Datum, error) {
	base := t.Base()
	d, err := sqltype.ParseEnv(env.types(), base, s)
	if err != nil {
		return sqltype.NullDatum, err
	}
	return fitType(env, base, t, d)
}

// populate turns a piece of JSON into a value of a type: arrays element by element,
// JSON as it is, anything else by its text. A null of JSON is NULL, also where JSON is asked for.
func populate(env *Env, t sqltype.Type, raw string) (sqltype.Datum, error) {
	switch {
	case raw == "null":
		return sqltype.NullDatum, nil
	case isJSONType(t):
		return canonical([]byte(raw), t.ID == sqltype.JSONB)
	case t.ID == sqltype.Array && rawKind(raw) != '"':
		return populateArray(env, t, raw)
	case t.HasFields() && rawKind(raw) == '{':
		return populateRow(env, t, sqltype.NullDatum, raw)
	case t.HasFields() && rawKind(raw) != '"':
		return sqltype.NullDatum, errParam("cannot call %s on %s", "populate_composite", map[bool]string{true: "an array", false: "a scalar"}[rawKind(raw) == '['])
	case rawKind(raw) == '"':
		return parseAs(env, t, rawString(raw))
	}
	return parseAs(env, t, raw)
}

func populateArray(env *Env, t sqltype.Type, raw string) (sqltype.Datum, error) {
	bad := func() (sqltype.Datum, error) {
		return sqltype.NullDatum, dberr.SQL(dberr.StateInvalidTextRepr, "expected JSON array")
	}
	if rawKind(raw) != '[' {
		return bad()
	}
	a := &array{Elem: t.ElemType()}
	var err error
	var level func(raw string, depth int)
	level = func(raw string, depth int) {
		n := int(rawCount(raw))
		if depth == len(a.Dims) {
			a.Dims, a.Lower = append(a.Dims, n), append(a.Lower, 1)
		} else if a.Dims[depth] != n && err == nil {
			err = dberr.SQL(dberr.StateInvalidTextRepr, "malformed JSON array").WithDetail("Multidimensional arrays must have sub-arrays with matching dimensions.")
		}
		rawMembers(raw, func(_, v string) bool {
			if rawKind(v) == '[' && !isJSONType(a.Elem) {
				level(v, depth+1)
				return err == nil
			}
			if depth+1 != len(a.Dims) && err == nil {
				err = dberr.SQL(dberr.StateInvalidTextRepr, "expected JSON array")
			}
			if err == nil {
				var d sqltype.Datum
				d, err = populate(env, a.Elem, v)
				a.Vals = append(a.Vals, d)
			}
			return err == nil
		})
	}
	level(raw, 0)
	if len(a.Vals) == 0 {
		a.Dims, a.Lower = nil, nil
	}
	return sqltype.Datum{Any: a}, err
}

// duplicateKey finds a key that an object within JSON text has twice.
func duplicateKey(raw string) (key string, found bool) {
	kind := rawKind(raw)
	if kind != '{' && kind != '[' {
		return "", false
	}
	seen := map[string]bool{}
	rawMembers(raw, func(k, v string) bool {
		if kind == '{' {
			k = rawString(k)
			if seen[k] {
				key, found = k, true
			}
			seen[k] = true
		}
		if !found {
			key, found = duplicateKey(v)
		}
		return !found
	})
	return key, found
}

// IsJSON makes the test of IS JSON for a type of value; flags are v, o, a or s for
// the kind, and u for unique keys.
func IsJSON(t sqltype.Type, flags string) *Func {
	return &Func{Name: "is_json", Args: []sqltype.Type{t}, Ret: sqltype.TBool, Strict: true, Eval: rowwise(func(c *call) (sqltype.Datum, error) {
		s := c.arg[0].Str
		if t.ID != sqltype.JSON && t.ID != sqltype.JSONB && sqltype.ValidateJSON(s) != nil {
			return sqltype.Datum{}, nil
		}
		ok := true
		switch kind := rawKind(s); flags[0] {
		case 'o':
			ok = kind == '{'
		case 'a':
			ok = kind == '['
		case 's':
			ok = kind != '{' && kind != '['
		}
		if ok && strings.Contains(flags, "u") {
			_, twice := duplicateKey(s)
			ok = !twice
		}
		return sqltype.Datum{Int: b2i(ok)}, nil
	})}
}

// JSONObject makes JSON_OBJECT of keys and values: absent leaves out NULLs, unique
// refuses keys that come twice.
func JSONObject(args []sqltype.Type, absent, unique, binary bool) *Func {
	return &Func{Name: "json_object", Args: args, Ret: jsonOrB(binary), Volatility: Stable, Eval: rowwise(func(c *call) (sqltype.Datum, error) {
		seen := map[string]bool{}
		dst := []byte("{")
		for i := 0; i < len(c.arg); i += 2 {
			if c.arg[i].Null {
				return sqltype.NullDatum, dberr.SQL(stateJSONNullKey, "null value not allowed for object key")
			}
			skip := absent && c.arg[i+1].Null
			if unique {
				k := textOf(c.env, c.typ[i], c.arg[i])
				if seen[k] {
					return sqltype.NullDatum, errDuplicateKey(k)
				}
				seen[k] = true
			}
			if skip {
				continue
			}
			if len(dst) > 1 {
				dst = append(dst, ", "...)
			}
			var err error
			if dst, err = jsonKey(dst, c.env, c.typ[i], c.arg[i]); err != nil {
				return sqltype.NullDatum, err
			}
			dst = appendJSONValue(append(dst, " : "...), c.env.types(), c.typ[i+1], c.arg[i+1])
		}
		return canonical(append(dst, '}'), binary)
	})}
}

func errDuplicateKey(k string) error {
	return dberr.SQL(stateJSONDuplicate, "duplicate JSON object key value: %s", sqltype.AppendJSONString(nil, k))
}

func jsonOrB(binary bool) sqltype.Type {
	if binary {
		return sqltype.TJSONB
	}
	return sqltype.Type{ID: sqltype.JSON}
}

// JSONArray makes JSON_ARRAY of values.
func JSONArray(args []sqltype.Type, absent, binary bool) *Func {
	return &Func{Name: "json_array", Args: args, Ret: jsonOrB(binary), Volatility: Stable, Eval: rowwise(func(c *call) (sqltype.Datum, error) {
		dst := []byte("[")
		for i, d := range c.arg {
			if absent && d.Null {
				continue
			}
			if len(dst) > 1 {
				dst = append(dst, ", "...)
			}
			dst = appendJSONValue(dst, c.env.types(), c.typ[i], d)
		}
		return canonical(append(dst, ']'), binary)
	})}
}

// JSONUnique makes the function that refuses JSON text with keys that come twice.
func JSONUnique() *Func {
	j := sqltype.Type{ID: sqltype.JSON}
	return &Func{Name: "json", Args: []sqltype.Type{j}, Ret: j, Strict: true, Eval: rowwise(func(c *call) (sqltype.Datum, error) {
		if k, twice := duplicateKey(c.arg[0].Str); twice {
			return sqltype.NullDatum, errDuplicateKey(k)
		}
		return c.arg[0], nil
	})}
}
