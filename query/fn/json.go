package fn

import (
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

type jsonValue = sqltype.JSONValue

// rawOr returns a piece of JSON, or NULL.
func rawOr(s string, ok bool) (string, error) {
	if !ok {
		return "", errNull
	}
	return s, nil
}

func textOr(s string, ok bool) (string, error) {
	if !ok {
		return "", errNull
	}
	return rawText(s)
}

// tree adapts a function of parsed jsonb that returns jsonb.
func tree(f func(v jsonValue) (jsonValue, error)) func(string) (string, error) {
	return func(s string) (string, error) {
		v, err := sqltype.ParseJSON(s)
		if err != nil {
			return "", err
		}
		if v, err = f(v); err != nil {
			return "", err
		}
		return string(v.AppendText(nil)), nil
	}
}

func parse2(a, b string) (x, y jsonValue, err error) {
	if x, err = sqltype.ParseJSON(a); err == nil {
		y, err = sqltype.ParseJSON(b)
	}
	return x, y, err
}

// jsonContains is jsonb's @>.
func jsonContains(a, b *jsonValue, top bool) bool {
	switch {
	case b.Kind == sqltype.JSONObject:
		if a.Kind != sqltype.JSONObject {
			return false
		}
		for i, k := range b.Keys {
			v, ok := a.Get(k)
			if !ok || !jsonContains(v, &b.Arr[i], false) {
				return false
			}
		}
		return true
	case a.Kind == sqltype.JSONArray && b.Kind == sqltype.JSONArray:
		for i := range b.Arr {
			if !slices.ContainsFunc(a.Arr, func(v jsonValue) bool {
				return v.Kind == b.Arr[i].Kind && jsonContains(&v, &b.Arr[i], false)
			}) {
				return false
			}
		}
		return true
	case a.Kind == sqltype.JSONArray:
		return top && slices.ContainsFunc(a.Arr, func(v jsonValue) bool { return v.Kind == b.Kind && v.Compare(b) == 0 })
	}
	return a.Kind == b.Kind && a.Compare(b) == 0
}

func jsonbContains(a, b string) (int64, error) {
	x, y, err := parse2(a, b)
	return b2i(err == nil && jsonContains(&x, &y, true)), err
}

// hasKey is jsonb's ?: a key of an object, a string in an array, or a string itself.
func hasKey(s, key string) bool {
	switch rawKind(s) {
	case '{':
		_, ok := rawKey(s, key)
		return ok
	case '[':
		found := false
		rawMembers(s, func(_, v string) bool {
			found = v[0] == '"' && rawString(v) == key
			return !found
		})
		return found
	case '"':
		return rawString(s) == key
	}
	return false
}

func hasKeys(s string, keys any, all bool) int64 {
	for _, k := range keys.(*array).Vals {
		if !k.Null && hasKey(s, k.Str) != all {
			return b2i(!all)
		}
	}
	return b2i(all)
}

func jsonbConcat(a, b string) (string, error) {
	x, y, err := parse2(a, b)
	if err != nil {
		return "", err
	}
	var out jsonValue
	if x.Kind == sqltype.JSONObject && y.Kind == sqltype.JSONObject {
		out = sqltype.NewJSONObject(append(slices.Clone(x.Keys), y.Keys...), append(slices.Clone(x.Arr), y.Arr...))
	} else {
		list := func(v jsonValue) []jsonValue {
			if v.Kind == sqltype.JSONArray {
				return v.Arr
			}
			return []jsonValue{v}
		}
		out = jsonValue{Kind: sqltype.JSONArray, Arr: append(slices.Clone(list(x)), list(y)...)}
	}
	return string(out.AppendText(nil)), nil
}

func errScalar(what string) error {
	return errParam("cannot delete from %s", what)
}

func dropMember(v *jsonValue, i int) {
	v.Arr = slices.Delete(v.Arr, i, i+1)
	if v.Kind == sqltype.JSONObject {
		v.Keys = slices.Delete(v.Keys, i, i+1)
	}
}

func deleteKeys(v jsonValue, drop func(key string) bool) (jsonValue, error) {
	switch v.Kind {
	case sqltype.JSONObject:
		for i := len(v.Keys) - 1; i >= 0; i-- {
			if drop(v.Keys[i]) {
				dropMember(&v, i)
			}
		}
	case sqltype.JSONArray:
		for i := len(v.Arr) - 1; i >= 0; i-- {
			if v.Arr[i].Kind == sqltype.JSONString && drop(v.Arr[i].Str) {
				dropMember(&v, i)
			}
		}
	default:
		return v, errScalar("scalar")
	}
	return v, nil
}

func deleteIndex(v jsonValue, i int64) (jsonValue, error) {
	if v.Kind == sqltype.JSONObject {
		return v, errParam("cannot delete from object using integer index")
	}
	if v.Kind != sqltype.JSONArray {
		return v, errScalar("scalar")
	}
	if i < 0 {
		i += int64(len(v.Arr))
	}
	if i >= 0 && i < int64(len(v.Arr)) {
		dropMember(&v, int(i))
	}
	return v, nil
}

// pathOp says what to do where a path ends.
type pathOp uint8

const (
	pathDelete pathOp = iota
	pathSet           // replace, or add where create
	pathInsert
)

type pathEdit struct {
	op     pathOp
	val    jsonValue
	create bool // pathSet: add what is missing
	after  bool // pathInsert: after the element, not before
}

// edit follows the path and changes what it finds there.
func (e *pathEdit) edit(v *jsonValue, path []sqltype.Datum, depth int) error {
	if path[0].Null {
		return dberr.SQL("22004", "path element at position %d is null", depth)
	}
	last := len(path) == 1
	switch v.Kind {
	case sqltype.JSONObject:
		i := slices.Index(v.Keys, path[0].Str)
		switch {
		case i >= 0 && !last:
			return e.edit(&v.Arr[i], path[1:], depth+1)
		case !last:
		case i >= 0 && e.op == pathDelete:
			dropMember(v, i)
		case i >= 0 && e.op == pathInsert:
			return errParam("cannot replace existing key").WithHint("Try using the function jsonb_set to replace key value.")
		case i >= 0:
			v.Arr[i] = e.val
		case e.op == pathInsert || e.op == pathSet && e.create:
			*v = sqltype.NewJSONObject(append(v.Keys, path[0].Str), append(v.Arr, e.val))
		}
	case sqltype.JSONArray:
		i, ok := subscript(path[0].Str)
		if !ok {
			return dberr.SQL(dberr.StateInvalidTextRepr, "path element at position %d is not an integer: \"%s\"", depth, path[0].Str)
		}
		n := int64(len(v.Arr))
		if i < 0 {
			i += n
		}
		if i >= 0 && i < n && !last {
			return e.edit(&v.Arr[i], path[1:], depth+1)
		}
		if last {
			e.element(v, i, n)
		}
	}
	return nil
}

// element changes element i of an array of n.
func (e *pathEdit) element(v *jsonValue, i, n int64) {
	inside := i >= 0 && i < n
	switch {
	case e.op == pathDelete:
		if inside {
			dropMember(v, int(i))
		}
	case e.op == pathInsert:
		at := min(max(i, 0), n)
		if e.after && inside {
			at++
		}
		v.Arr = slices.Insert(v.Arr, int(at), e.val)
	case inside:
		v.Arr[i] = e.val
	case e.create && i < 0:
		v.Arr = slices.Insert(v.Arr, 0, e.val)
	case e.create:
		v.Arr = append(v.Arr, e.val)
	}
}

func editPath(target string, path any, e pathEdit) (string, error) {
	p := path.(*array)
	if len(p.Dims) > 1 {
		return "", errDims("wrong number of array subscripts")
	}
	v, err := sqltype.ParseJSON(target)
	if err != nil {
		return "", err
	}
	if v.Kind != sqltype.JSONObject && v.Kind != sqltype.JSONArray {
		if e.op == pathDelete {
			return "", errParam("cannot delete path in scalar")
		}
		return "", errParam("cannot set path in scalar")
	}
	if len(p.Vals) == 0 || len(v.Arr) == 0 && (e.op == pathDelete || e.op == pathSet && !e.create) {
		return target, nil
	}
	if err := e.edit(&v, p.Vals, 1); err != nil {
		return "", err
	}
	return string(v.AppendText(nil)), nil
}

func jsonbSet(target string, path any, val string, create int64) (string, error) {
	v, err := sqltype.ParseJSON(val)
	if err != nil {
		return "", err
	}
	return editPath(target, path, pathEdit{op: pathSet, val: v, create: create != 0})
}

func jsonbInsert(target string, path any, val string, after int64) (string, error) {
	v, err := sqltype.ParseJSON(val)
	if err != nil {
		return "", err
	}
	return editPath(target, path, pathEdit{op: pathInsert, val: v, after: after != 0})
}

func jsonbSetLax(c *call) (sqltype.Datum, error) {
	a := c.arg
	if a[0].Null || a[1].Null || len(a) > 3 && a[3].Null {
		return sqltype.NullDatum, nil
	}
	create, treat := int64(1), "use_json_null"
	if len(a) > 3 {
		create = a[3].Int
	}
	if len(a) > 4 {
		if a[4].Null {
			return sqltype.NullDatum, errParam("null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"")
		}
		treat = a[4].Str
	}
	val := a[2].Str
	if a[2].Null {
		switch treat {
		case "use_json_null":
			val = "null"
		case "delete_key":
			s, err := editPath(a[0].Str, a[1].Any, pathEdit{op: pathDelete})
			return sqltype.Datum{Str: s}, err
		case "return_target":
			return a[0], nil
		case "raise_exception":
			return sqltype.NullDatum, dberr.SQL("22004", "JSON value must not be null")
		default:
			return sqltype.NullDatum, errParam("null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"")
		}
	}
	s, err := jsonbSet(a[0].Str, a[1].Any, val, create)
	return sqltype.Datum{Str: s}, err
}

func stripNulls(v jsonValue) (jsonValue, error) {
	for i := len(v.Arr) - 1; i >= 0; i-- {
		if v.Kind == sqltype.JSONObject && v.Arr[i].Kind == sqltype.JSONNull {
			dropMember(&v, i)
			continue
		}
		v.Arr[i], _ = stripNulls(v.Arr[i])
	}
	return v, nil
}

// pretty is jsonb_pretty.
func pretty(b *strings.Builder, v *jsonValue, indent int) {
	open, shut := "[", "]"
	switch v.Kind {
	case sqltype.JSONObject:
		open, shut = "{", "}"
	case sqltype.JSONArray:
	default:
		b.Write(v.AppendText(nil))
		return
	}
	b.WriteString(open)
	for i := range v.Arr {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n" + strings.Repeat(" ", indent+4))
		if v.Kind == sqltype.JSONObject {
			b.Write(append(sqltype.AppendJSONString(nil, v.Keys[i]), ": "...))
		}
		pretty(b, &v.Arr[i], indent+4)
	}
	b.WriteString("\n" + strings.Repeat(" ", indent) + shut)
}

func jsonbPretty(s string) (string, error) {
	v, err := sqltype.ParseJSON(s)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	pretty(&b, &v, 0)
	return b.String(), nil
}

func arrayLength(s string) (int64, error) {
	switch rawKind(s) {
	case '[':
		return rawCount(s), nil
	case '{':
		return 0, errParam("cannot get array length of a non-array")
	}
	return 0, errParam("cannot get array length of a scalar")
}

// checkEscapes checks the escapes of JSON text that is looked into, since its type keeps them
// as they were written.
func checkEscapes(s string) error {
	if !strings.Contains(s, `\u`) {
		return nil
	}
	_, err := sqltype.ParseJSON(s)
	if d := dberr.As(err); d != nil && (d.SQLState == dberr.StateInvalidTextRepr || d.SQLState == "22P05") {
		return err
	}
	return nil
}

func registerJSON(t *tables) {
	for _, typ := range []string{"json", "jsonb"} {
		rawIndex := rawIndex
		checked := func(string) error { return nil }
		if typ == "jsonb" {
			rawIndex = rawElement
		} else {
			checked = checkEscapes
		}
		t.op("->("+typ+",text) "+typ, e2(func(s, k string) (string, error) {
			if err := checked(s); err != nil {
				return "", err
			}
			return rawOr(rawKey(s, k))
		}))
		t.op("->("+typ+",int4) "+typ, e2(func(s string, i int64) (string, error) {
			if err := checked(s); err != nil {
				return "", err
			}
			return rawOr(rawIndex(s, i))
		}))
		t.op("->>("+typ+",text) text", e2(func(s, k string) (string, error) {
			if err := checked(s); err != nil {
				return "", err
			}
			return textOr(rawKey(s, k))
		}))
		t.op("->>("+typ+",int4) text", e2(func(s string, i int64) (string, error) {
			if err := checked(s); err != nil {
				return "", err
			}
			return textOr(rawIndex(s, i))
		}))
		at := func(s string, path []sqltype.Datum) (string, error) {
			if err := checked(s); err != nil {
				return "", err
			}
			return rawOr(rawPath(s, path))
		}
		textAt := func(s string, path []sqltype.Datum) (string, error) {
			if err := checked(s); err != nil {
				return "", err
			}
			return textOr(rawPath(s, path))
		}
		t.op("#>("+typ+",text[]) "+typ, e2(func(s string, p any) (string, error) { return at(s, p.(*array).Vals) }))
		t.op("#>>("+typ+",text[]) text", e2(func(s string, p any) (string, error) { return textAt(s, p.(*array).Vals) }))
		t.def(typ+"_extract_path("+typ+",variadic text) "+typ, rowwise(func(c *call) (sqltype.Datum, error) {
			s, err := at(c.arg[0].Str, c.arg[1:])
			return sqltype.Datum{Str: s}, err
		}))
		t.def(typ+"_extract_path_text("+typ+",variadic text) text", rowwise(func(c *call) (sqltype.Datum, error) {
			s, err := textAt(c.arg[0].Str, c.arg[1:])
			return sqltype.Datum{Str: s}, err
		}))
		t.def(typ+"_typeof("+typ+") text", p1(rawTypeof))
		t.def(typ+"_array_length("+typ+") int4", e1(arrayLength))
	}
	t.def("jsonb_strip_nulls(jsonb) jsonb", e1(tree(stripNulls)))
	t.def("jsonb_pretty(jsonb) text", e1(jsonbPretty))
	t.op("@>(jsonb,jsonb) bool", e2(jsonbContains))
	t.op("<@(jsonb,jsonb) bool", flip(e2(jsonbContains)))
	t.op("?(jsonb,text) bool", p2(func(s, k string) int64 { return b2i(hasKey(s, k)) }))
	t.op("?|(jsonb,text[]) bool", p2(func(s string, k any) int64 { return hasKeys(s, k, false) }))
	t.op("?&(jsonb,text[]) bool", p2(func(s string, k any) int64 { return hasKeys(s, k, true) }))
	t.op("||(jsonb,jsonb) jsonb", e2(jsonbConcat))
	t.op("-(jsonb,text) jsonb", e2(func(s, k string) (string, error) {
		return tree(func(v jsonValue) (jsonValue, error) { return deleteKeys(v, func(x string) bool { return x == k }) })(s)
	}))
	t.op("-(jsonb,int4) jsonb", e2(func(s string, i int64) (string, error) {
		return tree(func(v jsonValue) (jsonValue, error) { return deleteIndex(v, i) })(s)
	}))
	t.op("-(jsonb,text[]) jsonb", e2(func(s string, keys any) (string, error) {
		ks, _ := stringsOf(keys.(*array))
		return tree(func(v jsonValue) (jsonValue, error) {
			return deleteKeys(v, func(x string) bool { return slices.Contains(ks, x) })
		})(s)
	}))
	del := e2(func(s string, p any) (string, error) { return editPath(s, p, pathEdit{op: pathDelete}) })
	t.op("#-(jsonb,text[]) jsonb", del)
	t.def("jsonb_delete_path(jsonb,text[]) jsonb", del)
	t.def("jsonb_set(jsonb_in jsonb,path text[],replacement jsonb,create_if_missing bool) jsonb", e4(jsonbSet))
	t.def("jsonb_set(jsonb_in jsonb,path text[],replacement jsonb) jsonb", e3(func(s string, p any, v string) (string, error) { return jsonbSet(s, p, v, 1) }))
	t.def("jsonb_insert(jsonb_in jsonb,path text[],replacement jsonb,insert_after bool) jsonb", e4(jsonbInsert))
	t.def("jsonb_insert(jsonb_in jsonb,path text[],replacement jsonb) jsonb", e3(func(s string, p any, v string) (string, error) { return jsonbInsert(s, p, v, 0) }))
	for _, tail := range []string{"", ",bool", ",bool,text"} {
		t.def("jsonb_set_lax(jsonb,text[],jsonb"+tail+") jsonb called", rowwise(jsonbSetLax))
	}
	compared(t, "jsonb", "jsonb", "", func(a, b string) int { return sqltype.CompareString(sqltype.JSONB, a, b) })
	registerJSONBuild(t)
}
