package fn

import (
	"strconv"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// sizePretty is pg_size_pretty.
func sizePretty(v int64) string {
	abs := func(x int64) int64 { return max(x, -x) }
	if abs(v) < 10*1024 {
		return strconv.FormatInt(v, 10) + " bytes"
	}
	units := []string{"kB", "MB", "GB", "TB", "PB"}
	u := 0
	for v /= 512; abs(v) >= 20*1024-1 && u < len(units)-1; u++ { // v counts halves of a unit
		v /= 1024
	}
	if v < 0 {
		return strconv.FormatInt((v-1)/2, 10) + " " + units[u]
	}
	return strconv.FormatInt((v+1)/2, 10) + " " + units[u]
}

// sizePrettyNum is pg_size_pretty of a numeric, which may be of any size.
func sizePrettyNum(v sqltype.Num) (string, error) {
	over := func(x sqltype.Num, limit int64) bool { return x.Abs().Cmp(sqltype.NumInt(limit)) >= 0 }
	if !over(v, 10*1024) {
		return v.String() + " bytes", nil
	}
	units := []string{"kB", "MB", "GB", "TB", "PB"}
	v, err := halves(v, 512)
	u := 0
	for ; err == nil && over(v, 20*1024-1) && u < len(units)-1; u++ {
		v, err = halves(v, 1024)
	}
	if err != nil {
		return "", err
	}
	add := int64(1)
	if v.Sign() < 0 {
		add = -1
	}
	if v, err = v.Add(sqltype.NumInt(add)); err == nil {
		v, err = halves(v, 2)
	}
	return v.String() + " " + units[u], err
}

// halves divides and cuts off.
func halves(v sqltype.Num, by int64) (sqltype.Num, error) {
	q, err := v.Div(sqltype.NumInt(by))
	return q.Trunc(0), err
}

// sizeBytes is pg_size_bytes.
func sizeBytes(s string) (int64, error) {
	t := strings.TrimSpace(s)
	n := 0
	for n < len(t) && strings.IndexByte("+-.0123456789eE", t[n]) >= 0 {
		n++
	}
	num, err := sqltype.ParseNum(t[:n])
	if err != nil {
		return 0, errParam("invalid size: \"%s\"", s)
	}
	unit := int64(1)
	switch u := strings.ToLower(strings.TrimSpace(t[n:])); u {
	case "", "b", "bytes":
	case "kb":
		unit = 1 << 10
	case "mb":
		unit = 1 << 20
	case "gb":
		unit = 1 << 30
	case "tb":
		unit = 1 << 40
	case "pb":
		unit = 1 << 50
	default:
		return 0, errParam("invalid size: \"%s\"", s).WithDetail("Invalid size unit: \"%s\".", strings.TrimSpace(t[n:])).
			WithHint("Valid units are \"bytes\", \"B\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".")
	}
	if num, err = num.Mul(sqltype.NumInt(unit)); err != nil {
		return 0, err
	}
	return num.Int64("bigint")
}

// FormatType is format_type(oid, typmod) of a built-in type or an enumerated one.
func FormatType(oid uint32, mod sqltype.Datum) sqltype.Datum {
	c := &call{arg: []sqltype.Datum{{Int: int64(oid)}, mod}}
	d, err := formatType(c)
	if err != nil {
		return sqltype.NullDatum
	}
	return d
}

// formatType is format_type(oid, typmod).
func formatType(c *call) (sqltype.Datum, error) {
	if c.arg[0].Null {
		return sqltype.NullDatum, nil
	}
	t, ok := sqltype.TypeByOID(uint32(c.arg[0].Int))
	if !ok {
		return sqltype.Datum{Str: "???"}, nil
	}
	if !c.arg[1].Null && c.arg[1].Int >= 0 {
		t.Mod = modFromTypmod(t, int32(c.arg[1].Int))
	}
	return sqltype.Datum{Str: t.String()}, nil
}

func modFromTypmod(t sqltype.Type, m int32) int32 {
	id := t.ID
	if id == sqltype.Array {
		id = t.Elem
	}
	switch id {
	case sqltype.Varchar, sqltype.Bpchar:
		return m - 4
	case sqltype.Numeric:
		m -= 4
		scale := int(m & 0x7ff)
		if scale > 1023 {
			scale -= 2048
		}
		return sqltype.NumericMod(int(m>>16), scale)
	}
	return m + 1
}

// schemas are those of the search path; there are none where there is no session.
func schemas(env *Env, all bool) []string {
	if env.Host == nil {
		return nil
	}
	return env.Host.Schemas(all)
}

func registerSystem(t *tables) {
	str := func(f func(env *Env) string) Eval {
		return n0(func(env *Env) (string, error) { return f(env), nil })
	}
	t.def("version() text stable", str(func(env *Env) string { return env.ServerVersion }))
	database := str(func(env *Env) string { return env.Database })
	t.defs("current_database() name stable", database, "current_catalog")
	t.def("current_schema() name stable", rowwise(func(c *call) (sqltype.Datum, error) {
		list := schemas(c.env, false)
		if len(list) == 0 {
			return sqltype.NullDatum, nil
		}
		return sqltype.Datum{Str: list[0]}, nil
	}))
	t.def("current_schemas(bool) name[] stable", n1(func(env *Env, system int64) (any, error) {
		a := textArray(schemas(env, system != 0))
		a.Elem = sqltype.TName
		return a, nil
	}))
	t.defs("current_user() name stable", str(func(env *Env) string { return env.User }), "session_user", "current_role", "user")
	t.def("pg_typeof(any) regtype called stable", rowwise(func(c *call) (sqltype.Datum, error) { return sqltype.Datum{Int: int64(c.typ[0].OID())}, nil }))
	t.def("typeof(any) text called stable", rowwise(func(c *call) (sqltype.Datum, error) { return sqltype.Datum{Str: c.typ[0].Name()}, nil }))
	t.def("format_type(oid,int4) text called stable", rowwise(formatType))
	t.def("pg_size_pretty(int8) text", p1(sizePretty))
	t.def("pg_size_pretty(numeric) text", e1(sizePrettyNum))
	t.def("pg_size_bytes(text) int8", e1(sizeBytes))
	yes := func(*call) (sqltype.Datum, error) { return sqltype.Datum{Int: 1}, nil }
	no := func(*call) (sqltype.Datum, error) { return sqltype.Datum{}, nil }
	none := func(*call) (sqltype.Datum, error) { return sqltype.NullDatum, nil }
	for _, kind := range []string{"table", "type", "function", "operator", "opclass", "collation", "conversion"} {
		t.def("pg_"+kind+"_is_visible(oid) bool stable", rowwise(yes))
	}
	for _, kind := range []string{"table", "schema", "database", "function", "sequence", "type"} {
		name := "has_" + kind + "_privilege"
		for _, sig := range []string{"(text,text)", "(oid,text)", "(name,text,text)", "(name,oid,text)"} {
			t.def(name+sig+" bool stable", rowwise(yes))
		}
	}
	for _, sig := range []string{"(text,text)", "(oid,text)", "(name,text,text)", "(name,oid,text)"} {
		t.def("has_any_column_privilege"+sig+" bool stable", rowwise(yes))
	}
	for _, sig := range []string{"(text,text,text)", "(oid,text,text)", "(oid,int2,text)", "(text,int2,text)"} {
		t.def("has_column_privilege"+sig+" bool stable", rowwise(yes))
	}
	for _, sig := range []string{"obj_description(oid)", "obj_description(oid,name)", "shobj_description(oid,name)", "col_description(oid,int4)"} {
		t.def(sig+" text stable", rowwise(none))
	}
	utf8 := str(func(*Env) string { return "UTF8" })
	t.defs("pg_client_encoding() name stable", utf8, "getdatabaseencoding")
	t.def("pg_encoding_max_length(int4) int4", p1(func(v int64) int64 { return 4 }))
	t.def("pg_char_to_encoding(name) int4 stable", p1(func(s string) int64 {
		if strings.EqualFold(strings.ReplaceAll(s, "-", ""), "UTF8") {
			return 6
		}
		return -1
	}))
	t.def("pg_trigger_depth() int4 stable", n0(func(*Env) (int64, error) { return 0, nil }))
	t.def("pg_my_temp_schema() oid stable", n0(func(*Env) (int64, error) { return 0, nil }))
	t.def("pg_column_size(any) int4 stable", rowwise(func(c *call) (sqltype.Datum, error) {
		return sqltype.Datum{Int: int64(len(sqltype.AppendValue(nil, c.typ[0], c.arg[0])))}, nil
	}))
	t.def("pg_collation_for(any) text called stable", rowwise(func(c *call) (sqltype.Datum, error) {
		if !isString(c.typ[0].ID) {
			return sqltype.NullDatum, dberr.SQL(dberr.StateDatatypeMismatch, "collations are not supported by type %s", c.typ[0].Name())
		}
		return sqltype.Datum{Str: `"default"`}, nil
	}))
	t.def("pg_backend_pid() int4 stable", n0(func(e *Env) (int64, error) { return e.Backend, nil }))
	t.def("pg_is_in_recovery() bool stable", rowwise(no))
	t.def("pg_encoding_to_char(int4) name stable", p1(func(v int64) string {
		if v == 6 {
			return "UTF8"
		}
		return ""
	}))
	t.def("pg_get_userbyid(oid) name stable", n1(func(env *Env, _ int64) (string, error) { return env.User, nil }))
	t.def("current_setting(text) text stable", n1(func(env *Env, name string) (string, error) { return setting(env, name, false) }))
	t.def("current_setting(text,bool) text stable", n2(func(env *Env, name string, missing int64) (string, error) {
		return setting(env, name, missing != 0)
	}))
	t.def("set_config(text,text,bool) text called volatile", rowwise(setConfig))
	t.def("num_nulls(variadic any) int4 called", rowwise(countNulls(true)))
	t.def("num_nonnulls(variadic any) int4 called", rowwise(countNulls(false)))
	registerExtremes(t)
}

// setting is current_setting.
func setting(env *Env, name string, missingOK bool) (string, error) {
	if env.Host != nil {
		if v, ok := env.Host.Setting(name); ok {
			return v, nil
		}
	}
	if missingOK {
		return "", errNull
	}
	return "", dberr.SQL(dberr.StateUndefinedObject, "unrecognized configuration parameter \"%s\"", name)
}

// setConfig is set_config: name, value, whether for the transaction only.
func setConfig(c *call) (sqltype.Datum, error) {
	if c.arg[0].Null {
		return sqltype.NullDatum, dberr.SQL("22004", "SET requires parameter name")
	}
	if c.env.Host == nil {
		return sqltype.NullDatum, dberr.SQL(dberr.StateFeatureNotSupported, "set_config is not supported here: there is no session")
	}
	var v *string
	if !c.arg[1].Null {
		v = &c.arg[1].Str
	}
	s, err := c.env.Host.SetSetting(c.arg[0].Str, v, !c.arg[2].Null && c.arg[2].Int != 0)
	return sqltype.Datum{Str: s}, err
}

func countNulls(null bool) func(c *call) (sqltype.Datum, error) {
	return func(c *call) (sqltype.Datum, error) {
		n := int64(0)
		for _, a := range c.arg {
			n += b2i(a.Null == null)
		}
		return sqltype.Datum{Int: n}, nil
	}
}

// registerExtremes adds greatest, least and nullif, whose arguments the planner
// brings to one type.
func registerExtremes(t *tables) {
	for name, sign := range map[string]int{"greatest": 1, "least": -1} {
		t.def(name+"(variadic anycompatible) anycompatible called", rowwise(func(c *call) (sqltype.Datum, error) {
			best := sqltype.NullDatum
			for _, a := range c.arg {
				if !a.Null && (best.Null || sqltype.Compare(c.ret, a, best)*sign > 0) {
					best = a
				}
			}
			return best, nil
		}))
	}
	t.def("nullif(anycompatible,anycompatible) anycompatible called", rowwise(func(c *call) (sqltype.Datum, error) {
		if !c.arg[0].Null && !c.arg[1].Null && sqltype.Equal(c.ret, c.arg[0], c.arg[1]) {
			return sqltype.NullDatum, nil
		}
		return c.arg[0], nil
	}))
}
