package fn

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/weftdb/weft/query/sqltype"
)

// Pseudo-types of polymorphic declarations. They appear only in the registry:
// what Resolve returns has concrete types.
const (
	idAny            sqltype.ID = 240 + iota // "any"
	idAnyElement                             // all of these have one type, …
	idAnyArray                               // … this is an array of it
	idAnyNonArray                            // … and is no array
	idAnyCompat                              // these are brought to a common type, …
	idAnyCompatArray                         // … this to an array of it
	idAnyCompatNonArray
	idAnyRange      // a range of idAnyElement …
	idAnyMultirange // … and a multirange
)

// registry is built once, before main, and never changed.
var registry = build()

type tables struct {
	funcs   map[string][]*Func
	ops     map[string][]*Func // binary
	preops  map[string][]*Func // prefix
	aggs    map[string][]*AggFunc
	sets    map[string][]*SetFunc
	windows map[string][]*WindowFunc
}

func build() *tables {
	t := &tables{
		funcs: map[string][]*Func{}, ops: map[string][]*Func{}, preops: map[string][]*Func{},
		aggs: map[string][]*AggFunc{}, sets: map[string][]*SetFunc{}, windows: map[string][]*WindowFunc{},
	}
	for _, register := range registrars {
		register(t)
	}
	return t
}

var typeWords = map[string]sqltype.ID{
	"bool": sqltype.Bool, "int2": sqltype.Int2, "int4": sqltype.Int4, "int8": sqltype.Int8,
	"float4": sqltype.Float4, "float8": sqltype.Float8, "numeric": sqltype.Numeric,
	"text": sqltype.Text, "varchar": sqltype.Varchar, "bpchar": sqltype.Bpchar, "name": sqltype.Name,
	"bytea": sqltype.Bytea, "date": sqltype.Date, "time": sqltype.Time, "timetz": sqltype.TimeTZ,
	"timestamp": sqltype.Timestamp, "timestamptz": sqltype.TimestampTZ, "interval": sqltype.Interval,
	"uuid": sqltype.UUID, "json": sqltype.JSON, "jsonb": sqltype.JSONB, "jsonpath": sqltype.Jsonpath, "bit": sqltype.Bit, "varbit": sqltype.Varbit,
	"inet": sqltype.Inet, "cidr": sqltype.Cidr, "macaddr": sqltype.Macaddr, "macaddr8": sqltype.Macaddr8, "record": sqltype.Record,
	"oid": sqltype.OID, "void": sqltype.Void, "tid": sqltype.TID, "char": sqltype.Char,
	"anyrange": idAnyRange, "anymultirange": idAnyMultirange,
	"any": idAny, "anyelement": idAnyElement, "anyarray": idAnyArray, "anynonarray": idAnyNonArray,
	"anycompatible": idAnyCompat, "anycompatiblearray": idAnyCompatArray, "anycompatiblenonarray": idAnyCompatNonArray,
}

func typeWord(w string) sqltype.Type {
	elem, isArray := strings.CutSuffix(w, "[]")
	id, ok := typeWords[elem]
	if t, err := sqltype.TypeByName(elem); !ok && err == nil && (t.IsRange() || t.IsMultirange()) {
		id, ok = t.ID, true
	}
	if t, err := sqltype.TypeByName(w); !ok && err == nil && t.Reg() != 0 {
		return t
	}
	if t, err := sqltype.TypeByName(w); !ok && err == nil && t.IsVector() {
		return t
	}
	if !ok {
		panic("fn: unknown type " + w)
	}
	if isArray {
		return sqltype.ArrayOf(sqltype.Type{ID: id})
	}
	return sqltype.Type{ID: id}
}

// signature reads "name(type, variadic type) ret flag…". A type may follow the name of
// the argument, and a default in quotes the type.
func signature(sig string) *Func {
	open, shut := strings.IndexByte(sig, '('), strings.IndexByte(sig, ')')
	f := &Func{Name: sig[:open], Strict: true}
	if list := sig[open+1 : shut]; list != "" {
		for _, a := range strings.Split(list, ",") {
			a = strings.TrimSpace(a)
			if v, ok := strings.CutPrefix(a, "variadic "); ok {
				f.Variadic, a = true, v
			}
			if argName, typ, ok := strings.Cut(a, " "); ok {
				f.ArgNames, a = append(f.ArgNames, argName), typ
			}
			a, def, _ := strings.Cut(a, "=")
			f.defaults = append(f.defaults, strings.Trim(def, "'"))
			f.Args = append(f.Args, typeWord(a))
		}
	}
	words := strings.Fields(sig[shut+1:])
	f.Ret = typeWord(words[0])
	for _, w := range words[1:] {
		switch w {
		case "called": // also on NULL
			f.Strict = false
		case "stable":
			f.Volatility = Stable
		case "volatile":
			f.Volatility = Volatile
		case "total":
			f.total = true
		default:
			panic(fmt.Sprintf("fn: %q in %q", w, sig))
		}
	}
	return f
}

// def registers a function by its signature.
func (t *tables) def(sig string, ev Eval) {
	f := signature(sig)
	f.Eval = ev
	t.funcs[f.Name] = append(t.funcs[f.Name], f)
}

// defs registers one implementation under several names, the first being that of
// the signature.
func (t *tables) defs(sig string, ev Eval, aliases ...string) {
	t.def(sig, ev)
	rest := sig[strings.IndexByte(sig, '('):]
	for _, a := range aliases {
		t.def(a+rest, ev)
	}
}

// op registers operators by "symbol(left, right) ret" or "symbol(right) ret".
func (t *tables) op(sig string, ev Eval) {
	f := signature(sig)
	f.Eval = ev
	if len(f.Args) == 1 {
		t.preops[f.Name] = append(t.preops[f.Name], f)
	} else {
		t.ops[f.Name] = append(t.ops[f.Name], f)
	}
}

// IsFunc reports whether there is a scalar function of the name.
func IsFunc(name string) bool { return registry.funcs[name] != nil }

// IsAgg reports whether there is an aggregate of the name.
func IsAgg(name string) bool { return registry.aggs[name] != nil }

// IsSet reports whether there is a set-returning function of the name.
func IsSet(name string) bool { return registry.sets[name] != nil }

// IsWindow reports whether there is a pure window function of the name.
func IsWindow(name string) bool { return registry.windows[name] != nil }

// Names lists all functions, aggregates, set-returning and window functions.
func Names() []string {
	var names []string
	for n := range registry.funcs {
		names = append(names, n)
	}
	for n := range registry.aggs {
		names = append(names, n)
	}
	for n := range registry.sets {
		names = append(names, n)
	}
	for n := range registry.windows {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// signatures lists the arguments of all that has a name.
func signatures(name string) (list [][]sqltype.Type) {
	for _, f := range registry.funcs[name] {
		list = append(list, f.Args)
	}
	for _, f := range registry.aggs[name] {
		list = append(list, f.Args)
	}
	for _, f := range registry.sets[name] {
		list = append(list, f.Args)
	}
	for _, f := range registry.windows[name] {
		list = append(list, f.Args)
	}
	return list
}

// Overloads is the number of functions of a name, of all kinds.
func Overloads(name string) int { return len(signatures(name)) }

// HasOverload reports whether there is a function of a name and exactly these types of
// arguments; a polymorphic argument is of no type.
func HasOverload(name string, args []sqltype.Type) bool {
	return slices.ContainsFunc(signatures(name), func(s []sqltype.Type) bool { return slices.Equal(s, args) })
}
