package fn

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/weftdb/weft/query/sqltype"
)

// PostgreSQL's operators are functions that can be called by their names too.

//go:embed operatorfuncs.txt
var operatorFuncText string

// registerOperatorFuncs gives the functions behind operators their names.
func registerOperatorFuncs(t *tables) {
	for _, line := range strings.Split(operatorFuncText, "\n") {
		w := strings.Fields(line)
		if len(w) == 0 || w[0] == "#" {
			continue
		}
		args := make([]sqltype.Type, len(w)-2)
		for i := range args {
			args[i] = typeWord(w[i+2])
		}
		f := t.operator(w[1], args)
		if f == nil {
			panic("fn: no operator for " + line)
		}
		if slices.ContainsFunc(t.funcs[w[0]], func(o *Func) bool { return slices.Equal(o.Args, args) }) {
			continue
		}
		named := *f
		named.Name, named.Args = w[0], args
		t.funcs[w[0]] = append(t.funcs[w[0]], &named)
	}
}

// operator finds the operator of exactly these types.
func (t *tables) operator(op string, args []sqltype.Type) *Func {
	cands := t.ops[op]
	if len(args) == 1 {
		cands = t.preops[op]
	}
	for _, f := range cands {
		if slices.Equal(f.Args, args) {
			return f
		}
	}
	f, err := chooseOp(cands, args)
	if err != nil || slices.ContainsFunc(args, func(a sqltype.Type) bool { return a.ID >= idAny }) {
		return nil
	}
	if f, err = instantiate(f, args); err != nil || !slices.Equal(f.Args, args) {
		return nil
	}
	return f
}
