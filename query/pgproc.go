package query

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/sqltype"
)

// The rows of pg_proc and of information_schema about functions, of which those of users are in userfunctions.go. Those
// that read and write values of types have PostgreSQL's object ids, since drivers look for them;
// so have the others where PostgreSQL has them; of those that it has not they are made of their
// signatures.

// pseudoTypes are the object ids of types that only functions have.
var pseudoTypes = map[string]int{"any": 2276, "anyelement": 2283, "anyarray": 2277, "anynonarray": 2776, "anycompatible": 5077,
	"anycompatiblearray": 5078, "anycompatiblenonarray": 5079, "anyenum": 3500,
	"anyrange": 3831, "anymultirange": 4537}

func functionTypeOID(name string) int {
	if oid := pseudoTypes[name]; oid != 0 {
		return oid
	}
	if name == "char" {
		return int(sqltype.TChar.OID())
	}
	t, err := sqltype.TypeByName(name)
	if err != nil {
		return 0
	}
	return int(t.OID())
}

func functionTypeName(name string) string {
	if pseudoTypes[name] != 0 {
		return name
	}
	if name == "char" {
		return sqltype.TChar.Name()
	}
	t, err := sqltype.TypeByName(name)
	if err != nil {
		return name
	}
	return t.Base().Name()
}

//go:embed systemfunctions.txt
var systemFunctionText string

// systemFunctions are PostgreSQL's functions: the object ids by name and arguments, and the names
// by object id.
var systemFunctions = sync.OnceValue(func() (s struct {
	oids  map[string]int
	names map[int64]string
}) {
	s.oids, s.names = map[string]int{}, map[int64]string{}
	for _, line := range strings.Split(systemFunctionText, "\n") {
		w := strings.Fields(line)
		if len(w) != 3 || w[0] == "#" {
			continue
		}
		oid := wordOID(w[0])
		s.oids[w[1]+"("+strings.TrimPrefix(w[2], "-")+")"], s.names[int64(oid)] = oid, w[1]
	}
	return s
})

// functionOID is the object id of a function: PostgreSQL's, where it has it too.
func functionOID(f *fn.Listed) int {
	if oid := systemFunctions().oids[f.Name+"("+strings.Join(f.Args, ",")+")"]; oid != 0 {
		return oid
	}
	return madeOID(append([]string{"function", f.Name, string(f.Kind)}, f.Args...)...)
}

func (v *viewCall) pgProc() error {
	for _, f := range builtin.functions {
		v.set(row{"oid": f.oid, "proname": f.name, "pronamespace": 11, "proowner": ownerOID, "prolang": 12, "procost": 1.0, "prokind": "f", "proisstrict": true,
			"provolatile": "i", "proparallel": "s", "proargtypes": vector(sqltype.TOID), "prosrc": f.name})
	}
	v.userProcs()
	list := fn.Functions()
	for i := range list {
		f := &list[i]
		var types []int64
		for _, a := range f.Args {
			types = append(types, int64(functionTypeOID(a)))
		}
		rows, variadic := 0.0, 0
		if f.Set {
			rows = 1000
		}
		if f.Variadic {
			variadic = int(types[len(types)-1])
		}
		var names any
		if len(f.ArgNames) > 0 {
			a := &sqltype.ArrayValue{Elem: sqltype.TText, Dims: []int{len(f.ArgNames)}, Lower: []int{1}}
			for _, n := range f.ArgNames {
				a.Vals = append(a.Vals, text(n))
			}
			names = a
		}
		v.set(row{"oid": functionOID(f), "proname": f.Name, "pronamespace": 11, "proowner": ownerOID, "prolang": 12, "procost": 1.0, "prorows": rows,
			"provariadic": variadic, "prokind": string(f.Kind), "proisstrict": f.Strict, "proretset": f.Set, "provolatile": string("isv"[f.Volatility]),
			"proparallel": "s", "pronargs": len(types), "prorettype": functionTypeOID(f.Ret), "proargtypes": vector(sqltype.TOID, types...),
			"proargnames": names, "prosrc": f.Name})
	}
	return nil
}

func (v *viewCall) infoRoutines() error {
	v.userRoutines()
	list := fn.Functions()
	for i := range list {
		f := &list[i]
		if f.Kind != 'f' {
			continue
		}
		name := f.Name + "_" + strconv.Itoa(functionOID(f))
		v.set(row{"specific_catalog": v.db, "specific_schema": catalog.SystemSchema, "specific_name": name, "routine_catalog": v.db,
			"routine_schema": catalog.SystemSchema, "routine_name": f.Name, "routine_type": "FUNCTION", "data_type": functionTypeName(f.Ret),
			"type_udt_catalog": v.db, "type_udt_schema": catalog.SystemSchema, "type_udt_name": f.Ret, "dtd_identifier": "0", "routine_body": "EXTERNAL",
			"routine_definition": f.Name, "external_name": f.Name, "external_language": "INTERNAL", "parameter_style": "GENERAL",
			"is_deterministic": yesNo(f.Volatility == fn.Immutable), "sql_data_access": "MODIFIES", "is_null_call": yesNo(f.Strict),
			"schema_level_routine": "YES", "max_dynamic_result_sets": 0, "security_type": "INVOKER", "as_locator": "NO", "is_udt_dependent": "NO"})
	}
	return nil
}

func (v *viewCall) infoParameters() error {
	v.userParameters()
	list := fn.Functions()
	for i := range list {
		f := &list[i]
		for n, a := range f.Args {
			if f.Kind != 'f' {
				break
			}
			var name any
			if n < len(f.ArgNames) {
				name = f.ArgNames[n]
			}
			v.set(row{"specific_catalog": v.db, "specific_schema": catalog.SystemSchema, "specific_name": f.Name + "_" + strconv.Itoa(functionOID(f)),
				"ordinal_position": n + 1, "parameter_mode": "IN", "is_result": "NO", "as_locator": "NO", "parameter_name": name,
				"data_type": strings.TrimSuffix(functionTypeName(a), "[]"), "udt_catalog": v.db, "udt_schema": catalog.SystemSchema, "udt_name": a,
				"dtd_identifier": strconv.Itoa(n + 1)})
		}
	}
	return nil
}
