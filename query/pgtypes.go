package query

import (
	_ "embed"
	"strconv"
	"strings"

	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/sqltype"
)

// What the system catalogs say of built-in types beside what package sqltype knows:
// how PostgreSQL lays their values out, the functions that read and write them, and the operator
// classes by which they are indexed. Drivers look for these by their object ids.

//go:embed systemtypes.txt
var systemTypeText string

// typeFacts are what pg_type says of a type.
type typeFacts struct {
	byValue        bool
	align, storage string
	subscript      int
	functions      [7]int // input, output, receive, send, modin, modout, analyze
}

// opclass is a row of pg_opclass, opfamily one of pg_opfamily.
type opclass struct {
	oid, method  int
	name         string
	family, typ  int
	defaultClass bool
}

type opfamily struct {
	oid, method int
	name        string
}

// typeFunction is a function that reads or writes values of types.
type typeFunction struct {
	oid  int
	name string
}

var builtin = readSystemTypes(systemTypeText)

type systemTypes struct {
	facts     map[string]typeFacts
	classes   []opclass
	families  []opfamily
	functions []typeFunction
}

func readSystemTypes(file string) *systemTypes {
	s := &systemTypes{facts: map[string]typeFacts{}}
	number := func(w string) int {
		n, err := strconv.Atoi(w)
		if err != nil {
			panic("query: systemtypes.txt: " + err.Error())
		}
		return n
	}
	seen := map[int]bool{}
	function := func(w string) int {
		oid, name, ok := strings.Cut(w, ":")
		if !ok {
			return 0
		}
		n := number(oid)
		if !seen[n] {
			seen[n] = true
			s.functions = append(s.functions, typeFunction{n, name})
		}
		return n
	}
	for _, line := range strings.Split(file, "\n") {
		w := strings.Fields(line)
		if len(w) == 0 || w[0] == "#" {
			continue
		}
		switch w[0] {
		case "type":
			f := typeFacts{byValue: w[2] == "t", align: w[3], storage: w[4], subscript: function(w[6])}
			for i := range f.functions {
				f.functions[i] = function(w[7+i])
			}
			s.facts[w[1]] = f
		case "opclass":
			s.classes = append(s.classes, opclass{number(w[1]), number(w[2]), w[3], number(w[4]), number(w[5]), w[6] == "t"})
		case "opfamily":
			s.families = append(s.families, opfamily{number(w[1]), number(w[2]), w[3]})
		}
	}
	return s
}

// factsOf are the facts of a type.
func factsOf(t sqltype.Type) typeFacts {
	switch {
	case t.IsVector():
		return builtin.facts[t.ShortName()]
	case t.ID == sqltype.Array:
		f := builtin.facts["_int4"]
		if e := factsOf(t.ElemType()); e.align == "d" {
			f.align = "d"
		}
		return f
	case t.IsEnum():
		return typeFacts{byValue: true, align: "i", storage: "p", functions: [7]int{3504, 3505, 3532, 3533}}
	}
	if f, ok := builtin.facts[t.ShortName()]; ok {
		return f
	}
	if f, ok := builtin.facts[t.ID.String()]; ok {
		return f
	}
	return typeFacts{align: "i", storage: "x"}
}

// collationOf is the collation of a type, 0 where it has none.
func collationOf(t sqltype.Type) int {
	if t.ID == sqltype.Array {
		t = t.ElemType()
	}
	switch {
	case t.ID == sqltype.Name:
		return 950
	case t.Category() == 'S':
		return 100
	}
	return 0
}

const (
	btreeOID = 403
	hashOID  = 405
)

// opclassOf is the operator class by which a kind of index holds a type, 0 for none.
func opclassOf(t sqltype.Type, kind catalog.IndexKind) int {
	method, typ := btreeOID, int(t.Base().OID())
	if kind == catalog.Hash {
		method = hashOID
	}
	switch {
	case t.ID == sqltype.Array:
		typ = 2277
	case t.IsEnum():
		typ = 3500
	case t.ID == sqltype.Varchar:
		typ = int(sqltype.TText.OID())
	case t.ID == sqltype.Cidr:
		typ = int(sqltype.Type{ID: sqltype.Inet}.OID())
	}
	for _, c := range builtin.classes {
		if c.method == method && c.typ == typ && c.defaultClass {
			return c.oid
		}
	}
	return 0
}
