package match

import (
	"fmt"
	"math/big"
	"strings"
)

// The naive interpreter of expressions, for $expr: of those operators that never fail, as
// MongoDB's manual words them.

// at is what a field path of an expression leads to: of an array, what it leads to in each
// element that is an object, without those where it leads nowhere.
func at(v any, path []string) any {
	if len(path) == 0 {
		return v
	}
	switch v := v.(type) {
	case object:
		return at(v.get(path[0]), path[1:])
	case []any:
		out := []any{}
		for _, e := range v {
			if o, ok := e.(object); ok {
				if f := at(o, path); !isMissing(f) {
					out = append(out, f)
				}
			}
		}
		return out
	}
	return missing{}
}

// order compares as expressions do: what is missing comes before null.
func order(a, b any) int {
	switch {
	case isMissing(a) && isMissing(b):
		return 0
	case isMissing(a):
		return -1
	case isMissing(b):
		return 1
	}
	return cmp(a, b)
}

func truth(v any) bool {
	switch v := v.(type) {
	case nil, missing:
		return false
	case bool:
		return v
	case *big.Rat:
		return v.Sign() != 0
	}
	return true
}

func value(e, doc any) any {
	switch e := e.(type) {
	case string:
		if p, ok := strings.CutPrefix(e, "$"); ok {
			return at(doc, strings.Split(p, "."))
		}
		return e
	case []any:
		out := []any{}
		for _, x := range e {
			v := value(x, doc)
			if isMissing(v) {
				v = nil
			}
			out = append(out, v)
		}
		return out
	case object:
		args, ok := e[0].value.([]any)
		if !ok {
			args = []any{e[0].value}
		}
		return operator(e[0].name, args, doc)
	}
	return e
}

func operator(name string, args []any, doc any) any {
	v := func(i int) any { return value(args[i], doc) }
	switch name {
	case "$eq":
		return order(v(0), v(1)) == 0
	case "$ne":
		return order(v(0), v(1)) != 0
	case "$gt":
		return order(v(0), v(1)) > 0
	case "$gte":
		return order(v(0), v(1)) >= 0
	case "$lt":
		return order(v(0), v(1)) < 0
	case "$lte":
		return order(v(0), v(1)) <= 0
	case "$cmp":
		c := order(v(0), v(1))
		return big.NewRat(int64(min(max(c, -1), 1)), 1)
	case "$and", "$or":
		for i := range args {
			if truth(v(i)) == (name == "$or") {
				return name == "$or"
			}
		}
		return name == "$and"
	case "$not":
		return !truth(v(0))
	case "$cond":
		if truth(v(0)) {
			return v(1)
		}
		return v(2)
	case "$ifNull":
		for i := range args {
			if x := v(i); i == len(args)-1 || x != nil && !isMissing(x) {
				return x
			}
		}
	case "$isArray":
		_, ok := v(0).([]any)
		return ok
	case "$in":
		list, ok := v(1).([]any)
		if !ok {
			panic(fmt.Sprint(args[1]))
		}
		x := v(0)
		for _, e := range list {
			if order(x, e) == 0 {
				return true
			}
		}
		return false
	}
	panic(name)
}

// expr makes a random expression.
func (m maker) expr(depth int) string {
	if depth == 0 || m.IntN(4) == 0 {
		if m.IntN(3) > 0 {
			return `"$` + m.path() + `"`
		}
		return m.scalar()
	}
	args := func(n int) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = m.expr(depth - 1)
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	switch name := m.pick("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$cmp", "$and", "$or", "$not", "$cond", "$ifNull", "$isArray", "$in", ""); name {
	case "":
		return args(m.IntN(3))
	case "$and", "$or":
		return fmt.Sprintf("{%q:%s}", name, args(m.IntN(4)))
	case "$not", "$isArray":
		return fmt.Sprintf("{%q:%s}", name, args(1))
	case "$cond":
		return fmt.Sprintf("{%q:%s}", name, args(3))
	case "$ifNull":
		return fmt.Sprintf("{%q:%s}", name, args(2+m.IntN(2)))
	case "$in":
		return fmt.Sprintf("{%q:[%s,%s]}", name, m.expr(depth-1), args(m.IntN(4)))
	default:
		return fmt.Sprintf("{%q:%s}", name, args(2))
	}
}

// whole makes a filter of whole documents, where expressions may stand.
func (m maker) whole() string {
	expr := func() string { return `{"$expr":` + m.expr(3) + `}` }
	switch m.IntN(6) {
	case 0:
		return expr()
	case 1:
		return fmt.Sprintf(`{%q:[%s,%s]}`, m.pick("$and", "$or", "$nor"), m.filter(1), expr())
	case 2:
		return fmt.Sprintf(`{"$expr":%s,%q:[%s,%s]}`, m.expr(2), m.pick("$and", "$or", "$nor"), expr(), m.filter(1))
	}
	return m.filter(2)
}
