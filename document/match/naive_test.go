package match

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/testkit/seed"
)

// The naive interpreter: filters and documents as plain Go values, each operator as
// MongoDB's manual words it. It shares no code with the matcher.

type object []member // in order

type member struct {
	name  string
	value any
}

type missing struct{}

func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return missing{}
}

// leaves collects what a path leads to.
func leaves(v any, path []string) (out []any) {
	if len(path) == 0 {
		return []any{v}
	}
	switch v := v.(type) {
	case object:
		if f := v.get(path[0]); f != (any)(missing{}) {
			return leaves(f, path[1:])
		}
		return []any{missing{}}
	case []any:
		i, err := strconv.Atoi(path[0])
		for at, e := range v {
			if err == nil && at == i {
				out = append(out, leaves(e, path[1:])...)
			}
			if o, ok := e.(object); ok && (err != nil || o.get(path[0]) != (any)(missing{})) {
				out = append(out, leaves(o, path)...)
			}
		}
		return out
	}
	return []any{missing{}}
}

func isMissing(v any) bool { _, ok := v.(missing); return ok }

func rank(v any) int {
	switch v.(type) {
	case nil, missing:
		return 1
	case *big.Rat:
		return 2
	case string:
		return 3
	case object:
		return 4
	case []any:
		return 5
	}
	return 6
}

func cmp(a, b any) int {
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra - rb
	}
	switch a := a.(type) {
	case *big.Rat:
		return a.Cmp(b.(*big.Rat))
	case string:
		return strings.Compare(a, b.(string))
	case bool:
		if a == b.(bool) {
			return 0
		} else if a {
			return 1
		}
		return -1
	case []any:
		b := b.([]any)
		for i := 0; i < len(a) && i < len(b); i++ {
			if c := cmp(a[i], b[i]); c != 0 {
				return c
			}
		}
		return len(a) - len(b)
	case object:
		b := b.(object)
		for i := 0; i < len(a) && i < len(b); i++ {
			if c := rank(a[i].value) - rank(b[i].value); c != 0 {
				return c
			}
			if c := strings.Compare(a[i].name, b[i].name); c != 0 {
				return c
			}
			if c := cmp(a[i].value, b[i].value); c != 0 {
				return c
			}
		}
		return len(a) - len(b)
	}
	return 0
}

func naive(filter object, v any) bool {
	for _, m := range filter {
		ok := true
		switch m.name {
		case "$expr":
			ok = truth(value(m.value, v))
		case "$and", "$or", "$nor":
			held := 0
			for _, f := range m.value.([]any) {
				if naive(f.(object), v) {
					held++
				}
			}
			ok = m.name == "$and" && held == len(m.value.([]any)) || m.name == "$or" && held > 0 || m.name == "$nor" && held == 0
		default:
			ok = naiveField(strings.Split(m.name, "."), m.value, v)
		}
		if !ok {
			return false
		}
	}
	return true
}

func operators(v any) (object, bool) {
	o, ok := v.(object)
	return o, ok && len(o) > 0 && strings.HasPrefix(o[0].name, "$")
}

func naiveField(path []string, cond, v any) bool {
	ops, ok := operators(cond)
	if !ok {
		ops = object{{"$eq", cond}}
	}
	for _, op := range ops {
		if op.name != "$options" && !naiveOp(op.name, op.value, ops, leaves(v, path)) {
			return false
		}
	}
	return true
}

// naiveOp applies an operator to the leaves of a path, looking into arrays.
func naiveOp(name string, arg any, all object, found []any) bool {
	switch name {
	case "$ne":
		return !naiveOp("$eq", arg, all, found)
	case "$nin":
		return !naiveOp("$in", arg, all, found)
	case "$not":
		for _, op := range arg.(object) {
			if op.name != "$options" && !naiveOp(op.name, op.value, arg.(object), found) {
				return true
			}
		}
		return false
	case "$exists":
		exists := false
		for _, l := range found {
			exists = exists || !isMissing(l)
		}
		return exists == arg.(bool)
	case "$all":
		for _, want := range arg.([]any) {
			ok := naiveOp("$eq", want, all, found)
			if o, is := operators(want); is {
				ok = naiveOp("$elemMatch", o.get("$elemMatch"), all, found)
			}
			if !ok {
				return false
			}
		}
		return len(arg.([]any)) > 0
	}
	for _, l := range found {
		if naiveOne(name, arg, all, l) {
			return true
		}
		if list, ok := l.([]any); ok && name != "$size" && name != "$elemMatch" {
			for _, e := range list {
				if naiveOne(name, arg, all, e) {
					return true
				}
			}
		}
	}
	return false
}

func naiveOne(name string, arg any, all object, v any) bool {
	sameKind := rank(v) == rank(arg)
	text, isText := v.(string)
	switch name {
	case "$eq":
		return sameKind && cmp(v, arg) == 0
	case "$gt":
		return sameKind && cmp(v, arg) > 0
	case "$gte":
		return sameKind && cmp(v, arg) >= 0
	case "$lt":
		return sameKind && cmp(v, arg) < 0
	case "$lte":
		return sameKind && cmp(v, arg) <= 0
	case "$in":
		for _, want := range arg.([]any) {
			if rank(v) == rank(want) && cmp(v, want) == 0 {
				return true
			}
		}
		return false
	case "$type":
		names := map[int]string{1: "null", 2: "number", 3: "string", 4: "object", 5: "array", 6: "bool"}
		return !isMissing(v) && names[rank(v)] == arg.(string)
	case "$regex": // only literal text is asked for
		if all.get("$options") == (any)("i") {
			return isText && strings.Contains(strings.ToLower(text), strings.ToLower(arg.(string)))
		}
		return isText && strings.Contains(text, arg.(string))
	case "$contains":
		if list, ok := v.([]any); ok {
			for _, e := range list {
				if rank(e) == rank(arg) && cmp(e, arg) == 0 {
					return true
				}
			}
			return false
		}
		want, ok := arg.(string)
		return isText && ok && strings.Contains(text, want)
	case "$startsWith":
		return isText && strings.HasPrefix(text, arg.(string))
	case "$endsWith":
		return isText && strings.HasSuffix(text, arg.(string))
	case "$mod":
		r, ok := v.(*big.Rat)
		if !ok {
			return false
		}
		whole := new(big.Int).Quo(r.Num(), r.Denom())
		d, want := arg.([]any)[0].(*big.Rat).Num(), arg.([]any)[1].(*big.Rat).Num()
		return new(big.Int).Rem(whole, d).Cmp(want) == 0
	case "$size":
		list, ok := v.([]any)
		return ok && big.NewRat(int64(len(list)), 1).Cmp(arg.(*big.Rat)) == 0
	case "$elemMatch":
		list, ok := v.([]any)
		if !ok {
			return false
		}
		for _, e := range list {
			if ops, is := operators(arg); is && ops[0].name != "$and" && ops[0].name != "$or" && ops[0].name != "$nor" {
				held := true
				for _, op := range ops {
					held = held && (op.name == "$options" || naiveElem(op, ops, e))
				}
				if held {
					return true
				}
			} else if o, isObject := e.(object); isObject && naive(arg.(object), o) {
				return true
			}
		}
		return false
	}
	panic(name)
}

// naiveElem applies an operator of $elemMatch to an element, not looking into it.
func naiveElem(op member, all object, e any) bool {
	switch op.name {
	case "$ne":
		return !naiveOne("$eq", op.value, all, e)
	case "$nin":
		return !naiveOne("$in", op.value, all, e)
	case "$not":
		for _, inner := range op.value.(object) {
			if inner.name != "$options" && !naiveElem(inner, op.value.(object), e) {
				return true
			}
		}
		return false
	case "$exists":
		return op.value.(bool)
	case "$all":
		panic("not made within $elemMatch")
	}
	return naiveOne(op.name, op.value, all, e)
}

// plain turns a Value into the plain form.
func plain(v doc.Value) any {
	switch v.Kind() {
	case doc.Number:
		r, _ := new(big.Rat).SetString(v.JSON())
		return r
	case doc.String:
		return string(v.Str())
	case doc.Bool:
		return v.Bool()
	case doc.Array:
		list := []any{}
		v.Elements(func(_ int, e doc.Value) bool { list = append(list, plain(e)); return true })
		return list
	case doc.Object:
		o := object{}
		v.Fields(func(name []byte, f doc.Value) bool { o = append(o, member{string(name), plain(f)}); return true })
		return o
	}
	return nil
}

// maker makes random documents and filters of a small world.
type maker struct{ *rand.Rand }

func (m maker) pick(list ...string) string { return list[m.IntN(len(list))] }

func (m maker) scalar() string {
	return m.pick("null", "true", "false", "0", "1", "2", "3", "-1", "1.0", "1.5", "2e0", "25", `""`, `"a"`, `"ab"`, `"B"`, `"abc"`)
}

func (m maker) value(depth int) string {
	switch n := m.IntN(10); {
	case depth > 0 && n < 2:
		parts := make([]string, m.IntN(4))
		for i := range parts {
			parts[i] = m.value(depth - 1)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case depth > 0 && n < 4:
		return m.object(depth - 1)
	}
	return m.scalar()
}

func (m maker) object(depth int) string {
	var parts []string
	for _, name := range []string{"a", "b", "c", "0", "1"} {
		if m.IntN(3) > 0 {
			parts = append(parts, fmt.Sprintf("%q:%s", name, m.value(depth)))
		}
	}
	m.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return "{" + strings.Join(parts, ",") + "}"
}

func (m maker) path() string {
	p := m.pick("a", "b", "c")
	for m.IntN(2) == 0 && len(p) < 6 {
		p += "." + m.pick("a", "b", "0", "1")
	}
	return p
}

func (m maker) list(most int) string {
	parts := make([]string, m.IntN(most))
	for i := range parts {
		parts[i] = m.value(1)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func (m maker) ops(depth int, within bool) string {
	seen := map[string]bool{}
	var parts []string
	for range 1 + m.IntN(2) {
		name := m.pick("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$type", "$regex", "$contains", "$startsWith", "$endsWith",
			"$mod", "$size", "$all", "$elemMatch", "$not")
		if seen[name] || within && name == "$all" {
			continue
		}
		seen[name] = true
		arg := m.value(1)
		switch name {
		case "$in", "$nin":
			arg = m.list(4 + m.IntN(2)*20)
		case "$all":
			arg = m.list(3)
			if depth > 0 && m.IntN(3) == 0 {
				arg = `[{"$elemMatch":` + m.elem(depth-1) + `}]`
			}
		case "$exists":
			arg = m.pick("true", "false")
		case "$type":
			arg = m.pick(`"null"`, `"number"`, `"string"`, `"object"`, `"array"`, `"bool"`)
		case "$regex":
			arg = m.pick(`"a"`, `"b"`, `"ab"`)
			if m.IntN(2) == 0 {
				arg += `,"$options":"i"`
			}
		case "$startsWith", "$endsWith":
			arg = m.pick(`""`, `"a"`, `"b"`)
		case "$mod":
			arg = m.pick("[2,0]", "[2,1]", "[3,-1]", "[-2,1]", "[1,0]", "[-1,0]")
		case "$size":
			arg = m.pick("0", "1", "2", "2.0")
		case "$elemMatch":
			if depth == 0 {
				continue
			}
			arg = m.elem(depth - 1)
		case "$not":
			if depth == 0 {
				continue
			}
			arg = m.ops(depth-1, within)
		}
		parts = append(parts, fmt.Sprintf("%q:%s", name, arg))
	}
	if len(parts) == 0 {
		return `{"$exists":true}`
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (m maker) elem(depth int) string {
	if m.IntN(2) == 0 {
		return m.ops(depth, true)
	}
	return m.filter(depth)
}

func (m maker) filter(depth int) string {
	var parts []string
	names := map[string]bool{}
	for range m.IntN(3) {
		name := m.path()
		arg := m.value(1)
		switch {
		case depth > 0 && m.IntN(4) == 0:
			name = m.pick("$and", "$or", "$nor")
			arg = "[" + m.filter(depth-1)
			for m.IntN(2) == 0 {
				arg += "," + m.filter(depth-1)
			}
			arg += "]"
		case m.IntN(4) > 0:
			arg = m.ops(depth, false)
		}
		if !names[name] {
			names[name] = true
			parts = append(parts, fmt.Sprintf("%q:%s", name, arg))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// TestAgainstNaive holds the matcher against the naive interpreter.
func TestAgainstNaive(t *testing.T) {
	filters, docs := 4000, 25
	if os.Getenv("WEFT_LONG") != "" {
		filters = 100_000
	}
	from := seed.Of(t)
	m := maker{rand.New(rand.NewPCG(from, 1))}
	held := 0
	for range filters {
		text := m.whole()
		f, err := Parse([]byte(text))
		if err != nil {
			t.Fatalf("seed %d: %s is refused: %v", from, text, err)
		}
		fv, _ := doc.Parse([]byte(text))
		pf := plain(fv).(object)
		for range docs {
			d := m.object(3)
			v, err := doc.Parse([]byte(d))
			if err != nil {
				t.Fatal(err)
			}
			got, want := f.Match(v), naive(pf, plain(v))
			if got != want {
				t.Fatalf("seed %d: %s on %s: got %v, want %v", from, text, d, got, want)
			}
			if got {
				held++
			}
		}
	}
	if total := filters * docs; held < total/20 || held > total*19/20 {
		t.Errorf("%d of %d hold: the filters tell too little apart", held, total)
	}
}

func TestPlainIsOrdered(t *testing.T) { // the interpreter itself
	v, _ := doc.Parse([]byte(`{"b":1,"a":[2]}`))
	if got := plain(v); !reflect.DeepEqual(got, object{{"b", big.NewRat(1, 1)}, {"a", []any{big.NewRat(2, 1)}}}) {
		t.Errorf("got %v", got)
	}
	list := []any{true, "x", nil, big.NewRat(1, 2)}
	sort.Slice(list, func(i, j int) bool { return cmp(list[i], list[j]) < 0 })
	if list[0] != nil || list[3] != true {
		t.Errorf("got %v", list)
	}
}
