package fn

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/query/sqltype"
)

// A testExpr evaluates the part of SQL's expressions that exercises this package:
// literals, typed literals, casts, calls, ARRAY[…], parentheses and operators
// without precedence (left to right).
type testExpr struct {
	src string
	i   int
	env *Env
}

type typed struct {
	t sqltype.Type
	d sqltype.Datum
}

var testEnv = func() *Env {
	loc, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	now := time.Date(2024, 3, 10, 12, 0, 0, 0, time.UTC)
	return &Env{Now: now, Statement: now, Location: loc, Database: "postgres", User: "t", ServerVersion: "test"}
}()

func evalText(src string) (typed, error) {
	p := &testExpr{src: src, env: testEnv}
	v, err := p.binary()
	if err == nil && p.peek() != 0 {
		return v, fmt.Errorf("left over: %q", p.src[p.i:])
	}
	return v, err
}

func (p *testExpr) peek() byte {
	for p.i < len(p.src) && p.src[p.i] == ' ' {
		p.i++
	}
	if p.i < len(p.src) {
		return p.src[p.i]
	}
	return 0
}

func (p *testExpr) op() string {
	p.peek()
	end := p.i
	for end < len(p.src) && strings.IndexByte("+-*/<>=~!@#%^&|?", p.src[end]) >= 0 {
		end++
	}
	op := p.src[p.i:end]
	for len(op) > 1 && (op[len(op)-1] == '-' || op[len(op)-1] == '+') && !strings.ContainsAny(op[:len(op)-1], "~!@#%^&|?") {
		op = op[:len(op)-1]
	}
	p.i += len(op)
	return op
}

func (p *testExpr) binary() (typed, error) {
	l, err := p.unary()
	for err == nil {
		if c := p.peek(); c == 0 || c == ')' || c == ',' || c == ']' {
			return l, nil
		}
		op := p.op()
		if op == "" {
			return l, fmt.Errorf("operator expected at %q", p.src[p.i:])
		}
		var r typed
		if r, err = p.unary(); err == nil {
			l, err = p.apply(op, l, r)
		}
	}
	return l, err
}

func (p *testExpr) apply(op string, l, r typed) (typed, error) {
	f, want, err := ResolveOp(op, l.t, r.t)
	if err != nil {
		return l, err
	}
	args := []typed{l, r}
	if l.t.ID == sqltype.Void {
		args = args[1:]
	}
	return p.call(f, want, args)
}

func (p *testExpr) call(f *Func, want []sqltype.Type, args []typed) (typed, error) {
	ds := make([]sqltype.Datum, len(args))
	for i, a := range args {
		d, err := p.coerce(a, want[i])
		if err != nil {
			return a, err
		}
		ds[i] = d
	}
	d, err := f.CallRow(p.env, ds...)
	return typed{f.Ret, d}, err
}

func (p *testExpr) coerce(v typed, t sqltype.Type) (sqltype.Datum, error) {
	if v.t == t {
		return v.d, nil
	}
	return Cast(v.t, t).CallRow(p.env, v.d)
}

func (p *testExpr) unary() (typed, error) {
	if c := p.peek(); strings.IndexByte("+-~@|", c) >= 0 && c != 0 {
		op := p.op()
		v, err := p.unary()
		if err != nil {
			return v, err
		}
		return p.apply(op, typed{t: sqltype.Type{ID: sqltype.Void}}, v)
	}
	v, err := p.primary()
	for err == nil && p.peek() == ':' {
		p.i += 2
		var t sqltype.Type
		if t, err = p.typeName(); err != nil {
			return v, err
		}
		f := Cast(v.t, t)
		if f == nil {
			return v, fmt.Errorf("no cast from %s to %s", v.t, t)
		}
		v.d, err = f.CallRow(p.env, v.d)
		v.t = t
	}
	return v, err
}

func (p *testExpr) word() string {
	p.peek()
	start := p.i
	for p.i < len(p.src) && isWordByte(p.src[p.i]) {
		p.i++
	}
	return p.src[start:p.i]
}

func (p *testExpr) typeName() (sqltype.Type, error) {
	name := p.word()
	var mods []int
	if p.i < len(p.src) && p.src[p.i] == '(' {
		end := strings.IndexByte(p.src[p.i:], ')') + p.i
		for _, m := range strings.Split(p.src[p.i+1:end], ",") {
			n, err := strconv.Atoi(strings.TrimSpace(m))
			if err != nil {
				return sqltype.TUnknown, err
			}
			mods = append(mods, n)
		}
		p.i = end + 1
	}
	t, err := sqltype.TypeByName(name, mods...)
	if strings.HasPrefix(p.src[p.i:], "[]") {
		p.i += 2
		t = sqltype.ArrayOf(t)
	}
	return t, err
}

func (p *testExpr) quoted() string {
	var b strings.Builder
	p.i++
	for p.i < len(p.src) {
		if p.src[p.i] == '\'' {
			p.i++
			if p.i >= len(p.src) || p.src[p.i] != '\'' {
				break
			}
		}
		b.WriteByte(p.src[p.i])
		p.i++
	}
	return b.String()
}

func (p *testExpr) list(end byte) ([]typed, error) {
	p.i++
	var args []typed
	for p.peek() != end {
		v, err := p.binary()
		if err != nil {
			return nil, err
		}
		args = append(args, v)
		if p.peek() == ',' {
			p.i++
		} else if p.peek() != end {
			return nil, fmt.Errorf("%q expected at %q", end, p.src[p.i:])
		}
	}
	p.i++
	return args, nil
}

func (p *testExpr) primary() (typed, error) {
	c := p.peek()
	switch {
	case c == '(':
		vs, err := p.list(')')
		if err != nil {
			return typed{}, err
		}
		return vs[0], nil
	case c == '\'':
		return typed{sqltype.TUnknown, sqltype.Datum{Str: p.quoted()}}, nil
	case c >= '0' && c <= '9' || c == '.':
		return p.number()
	case c == '"': // "extract" is a key word otherwise
		p.i++
		name := p.word()
		p.i++
		return p.function(name)
	}
	start := p.i
	name := p.word()
	switch strings.ToLower(name) {
	case "null":
		return typed{sqltype.TUnknown, sqltype.NullDatum}, nil
	case "true", "false":
		return typed{sqltype.TBool, sqltype.Datum{Int: b2i(strings.EqualFold(name, "true"))}}, nil
	case "array":
		return p.array()
	}
	if p.peek() == '(' {
		return p.function(name)
	}
	p.i = start
	t, err := p.typeName()
	if err != nil {
		return typed{}, err
	}
	if p.peek() != '\'' {
		return typed{}, fmt.Errorf("literal expected at %q", p.src[p.i:])
	}
	d, err := p.coerce(typed{sqltype.TUnknown, sqltype.Datum{Str: p.quoted()}}, t)
	return typed{t, d}, err
}

func (p *testExpr) function(name string) (typed, error) {
	args, err := p.list(')')
	if err != nil {
		return typed{}, err
	}
	types := make([]sqltype.Type, len(args))
	for i, a := range args {
		types[i] = a.t
	}
	f, want, err := Resolve(strings.ToLower(name), types)
	if err != nil {
		return typed{}, err
	}
	return p.call(f, want, args)
}

func (p *testExpr) number() (typed, error) {
	start := p.i
	for p.i < len(p.src) && (p.src[p.i] >= '0' && p.src[p.i] <= '9' || p.src[p.i] == '.' || p.src[p.i] == 'e' ||
		p.src[p.i] == '-' && p.src[p.i-1] == 'e') {
		p.i++
	}
	s := p.src[start:p.i]
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		t := sqltype.TInt8
		if v == int64(int32(v)) {
			t = sqltype.TInt4
		}
		return typed{t, sqltype.Datum{Int: v}}, nil
	}
	n, err := sqltype.ParseNum(s)
	return typed{sqltype.TNumeric, sqltype.Datum{Num: n}}, err
}

func (p *testExpr) array() (typed, error) {
	vs, err := p.list(']')
	if err != nil {
		return typed{}, err
	}
	types := make([]sqltype.Type, len(vs))
	for i, v := range vs {
		types[i] = v.t
	}
	t, err := CommonType("ARRAY", types...)
	if err != nil {
		return typed{}, err
	}
	vals := make([]sqltype.Datum, len(vs))
	for i, v := range vs {
		if vals[i], err = p.coerce(v, t); err != nil {
			return typed{}, err
		}
	}
	return typed{sqltype.ArrayOf(t), sqltype.Datum{Any: newArray(t.Base(), vals)}}, nil
}
