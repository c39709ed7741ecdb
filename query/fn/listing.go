package fn

import (
	"cmp"
	"slices"
	"sync"

	"github.com/weftdb/weft/query/sqltype"
)

// Listed is a function as catalogs list it.
type Listed struct {
	Name       string
	Kind       byte // f, a (aggregate) or w (window function)
	Args       []string
	ArgNames   []string
	Ret        string
	Set        bool // returns rows
	Variadic   bool
	Strict     bool
	Volatility Volatility
}

// typeLabel is the internal name of a type, pseudo-types too.
func typeLabel(t sqltype.Type) string {
	id, suffix := t.ID, ""
	if id == sqltype.Array {
		id, suffix = t.Elem, "[]"
	}
	for word, w := range typeWords {
		if w == id && id >= idAny {
			return word + suffix
		}
	}
	return t.ShortName()
}

func typeLabels(list []sqltype.Type) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = typeLabel(t)
	}
	return out
}

// Functions lists every overload of every function, by name. The list is one for all, and not to be changed.
var Functions = sync.OnceValue(listFunctions)

func listFunctions() (list []Listed) {
	for _, fs := range registry.funcs {
		for _, f := range fs {
			list = append(list, Listed{Name: f.Name, Kind: 'f', Args: typeLabels(f.Args), ArgNames: f.ArgNames, Ret: typeLabel(f.Ret), Variadic: f.Variadic,
				Strict: f.Strict, Volatility: f.Volatility})
		}
	}
	for _, fs := range registry.aggs {
		for _, f := range fs {
			list = append(list, Listed{Name: f.Name, Kind: 'a', Args: typeLabels(f.Args), Ret: typeLabel(f.Ret), Variadic: f.Variadic})
		}
	}
	for _, fs := range registry.windows {
		for _, f := range fs {
			list = append(list, Listed{Name: f.Name, Kind: 'w', Args: typeLabels(f.Args), Ret: typeLabel(f.Ret)})
		}
	}
	for _, fs := range registry.sets {
		for _, f := range fs {
			ret := "record"
			if len(f.Cols) == 1 {
				ret = typeLabel(f.Cols[0].Type)
			}
			list = append(list, Listed{Name: f.Name, Kind: 'f', Args: typeLabels(f.Args), ArgNames: f.argNames, Ret: ret, Set: true, Variadic: f.Variadic,
				Strict: f.Strict, Volatility: f.Volatility})
		}
	}
	slices.SortFunc(list, func(a, b Listed) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), slices.Compare(a.Args, b.Args), cmp.Compare(a.Kind, b.Kind))
	})
	return list
}
