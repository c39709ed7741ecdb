package fn

import (
	"errors"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// A pathValue is what a path has found: a JSON value, or a moment that datetime() made.
type pathValue struct {
	v    *jsonValue
	when *pathMoment // not nil for dates and times
}

// pathResult is how a step ended.
type pathResult uint8

const (
	pathNone pathResult = iota // nothing found
	pathOK
)

// truth is a value of the path language's logic.
type truth uint8

const (
	isFalse truth = iota
	isTrue
	isUnknown
)

// errPathSilent ends a path whose errors are not wanted.
var errPathSilent = errors.New("jsonpath: structural error")

// pathRun evaluates one path on one document, as PostgreSQL's jsonpath_exec.c does.
type pathRun struct {
	env     *Env
	lax     bool
	lenient bool // structural errors are ignored
	throw   bool // errors are told, not only that there was one
	zones   bool // the functions ending in _tz: the session's time zone may be used
	root    *jsonValue
	vars    *jsonValue
	bare    bool
	current pathValue
	last    int // index of the last element of the array being subscripted
	base    pathBase
	objects int // bases given out
	steps   int
}

// maxPathSteps bounds the work of one path on one document.
const maxPathSteps = 50_000_000

// found collects values; a nil one only asks whether there are any.
type found struct{ vals []pathValue }

func (f *found) add(v pathValue) {
	if f != nil {
		f.vals = append(f.vals, v)
	}
}

// fail makes an error, which is only told where wanted.
func (r *pathRun) fail(state, format string, args ...any) error {
	if !r.throw {
		return errPathSilent
	}
	return dberr.SQL(state, format, args...)
}

// next goes on with the step after p, or hands v over.
func (r *pathRun) next(p *sqltype.JSONPathItem, v pathValue, out *found) (pathResult, error) {
	if p.Next != nil {
		return r.item(p.Next, v, out)
	}
	out.add(v)
	return pathOK, nil
}

func (r *pathRun) item(p *sqltype.JSONPathItem, v pathValue, out *found) (pathResult, error) {
	return r.step(p, v, out, r.lax)
}

func (v pathValue) is(k sqltype.JSONKind) bool { return v.when == nil && v.v.Kind == k }

func kindName(v pathValue) string {
	if v.when != nil {
		return v.when.typ.Name()
	}
	switch v.v.Kind {
	case sqltype.JSONNull:
		return "null"
	case sqltype.JSONString:
		return "string"
	case sqltype.JSONNumber:
		return "number"
	case sqltype.JSONFalse, sqltype.JSONTrue:
		return "boolean"
	case sqltype.JSONArray:
		return "array"
	}
	return "object"
}

// Errors of the path language.
const (
	statePathMember    = "2203A"
	statePathArray     = "22039"
	statePathObject    = "2203C"
	statePathSubscript = "22033"
	statePathNumber    = "2203B"
	statePathNumeric   = "22036"
	statePathSingle    = "22038"
	statePathDatetime  = "22031"
)

// step runs one step on one value. unwrap says whether an array stands for its elements.
func (r *pathRun) step(p *sqltype.JSONPathItem, v pathValue, out *found, unwrap bool) (pathResult, error) {
	if r.steps++; r.steps > maxPathSteps {
		return pathNone, dberr.SQL(dberr.StateStatementTooComplex, "jsonpath takes more than %d steps on this document", maxPathSteps)
	}
	if p.IsPredicate() {
		t, err := r.truth(p, v, true)
		if err != nil {
			return pathNone, err
		}
		if p.Next == nil && out == nil {
			return pathOK, nil
		}
		return r.next(p, truthValue(t), out)
	}
	switch p.Op {
	case sqltype.PathRoot:
		defer r.rebase(pathBase{v: r.root})()
		return r.next(p, pathValue{v: r.root}, out)
	case sqltype.PathCurrent:
		return r.next(p, r.current, out)
	case sqltype.PathKey:
		return r.key(p, v, out, unwrap)
	case sqltype.PathAnyKey:
		switch {
		case v.is(sqltype.JSONObject):
			return r.descend(p.Next, v, out, 1, 1, 1, false, r.lax)
		case unwrap && v.is(sqltype.JSONArray):
			return r.descend(p, v, out, 1, 1, 1, false, false)
		case !r.lenient:
			return pathNone, r.fail(statePathObject, "jsonpath wildcard member accessor can only be applied to an object")
		}
		return pathNone, nil
	case sqltype.PathAnyArray:
		switch {
		case v.is(sqltype.JSONArray):
			return r.descend(p.Next, v, out, 1, 1, 1, false, r.lax)
		case r.lax:
			return r.next(p, v, out)
		case !r.lenient:
			return pathNone, r.fail(statePathArray, "jsonpath wildcard array accessor can only be applied to an array")
		}
		return pathNone, nil
	case sqltype.PathIndex:
		return r.subscripts(p, v, out)
	case sqltype.PathAny:
		return r.anywhere(p, v, out)
	case sqltype.PathFilter:
		if unwrap && v.is(sqltype.JSONArray) {
			return r.descend(p, v, out, 1, 1, 1, false, false)
		}
		t, err := r.nestedTruth(p.Args[0], v)
		if err != nil || t != isTrue {
			return pathNone, err
		}
		return r.next(p, v, out)
	case sqltype.PathArith:
		return r.arithmetic(p, v, out)
	case sqltype.PathSign:
		return r.sign(p, v, out)
	case sqltype.PathMethod:
		return r.method(p, v, out, unwrap)
	}
	if p.Next == nil && out == nil && p.Op != sqltype.PathVariable { // which may not be there
		return pathOK, nil
	}
	lit, err := r.literal(p)
	if err != nil {
		return pathNone, err
	}
	if p.Op == sqltype.PathVariable {
		defer r.rebase(pathBase{v: r.vars, id: 1})()
	}
	return r.next(p, lit, out)
}

func truthValue(t truth) pathValue {
	switch t {
	case isTrue:
		return pathValue{v: &jsonValue{Kind: sqltype.JSONTrue}}
	case isFalse:
		return pathValue{v: &jsonValue{Kind: sqltype.JSONFalse}}
	}
	return pathValue{v: &jsonValue{}}
}

func (r *pathRun) literal(p *sqltype.JSONPathItem) (pathValue, error) {
	v := &jsonValue{}
	switch p.Op {
	case sqltype.PathBool:
		v.Kind = sqltype.JSONFalse
		if p.Flag {
			v.Kind = sqltype.JSONTrue
		}
	case sqltype.PathNumber:
		v.Kind, v.Num = sqltype.JSONNumber, p.Num
	case sqltype.PathString:
		v.Kind, v.Str = sqltype.JSONString, p.Text
	case sqltype.PathLast:
		v.Kind, v.Num = sqltype.JSONNumber, sqltype.NumInt(int64(r.last))
	case sqltype.PathVariable:
		x, ok := r.vars.Get(p.Text)
		if !ok && r.bare {
			break
		}
		if !ok {
			return pathValue{}, dberr.SQL(dberr.StateUndefinedObject, "could not find jsonpath variable \"%s\"", p.Text)
		}
		v = x
	}
	return pathValue{v: v}, nil
}

func (r *pathRun) key(p *sqltype.JSONPathItem, v pathValue, out *found, unwrap bool) (pathResult, error) {
	switch {
	case v.is(sqltype.JSONObject):
		if m, ok := v.v.Get(p.Text); ok {
			return r.next(p, pathValue{v: m}, out)
		}
		if !r.lenient {
			return pathNone, r.fail(statePathMember, "JSON object does not contain key \"%s\"", p.Text)
		}
	case unwrap && v.is(sqltype.JSONArray):
		return r.descend(p, v, out, 1, 1, 1, false, false)
	case !r.lenient:
		return pathNone, r.fail(statePathMember, "jsonpath member accessor can only be applied to an object")
	}
	return pathNone, nil
}

// descend runs p, or nothing where nil, on the members of v from level first to last.
func (r *pathRun) descend(p *sqltype.JSONPathItem, v pathValue, out *found, level, first, last uint32, lenient, unwrap bool) (pathResult, error) {
	res := pathNone
	if level > last {
		return res, nil
	}
	for i := range v.v.Arr {
		m := pathValue{v: &v.v.Arr[i]}
		nested := m.v.Kind == sqltype.JSONArray || m.v.Kind == sqltype.JSONObject
		if level >= first || first == sqltype.PathLeaves && last == sqltype.PathLeaves && !nested {
			switch {
			case p != nil:
				got, err := r.lenientStep(p, m, out, lenient, unwrap)
				if err != nil {
					return pathNone, err
				}
				if got == pathOK {
					res = got
				}
				if got == pathOK && out == nil {
					return got, nil
				}
			case out == nil:
				return pathOK, nil
			default:
				out.add(m)
				res = pathOK
			}
		}
		if level < last && nested {
			got, err := r.descend(p, m, out, level+1, first, last, lenient, unwrap)
			if err != nil {
				return pathNone, err
			}
			if got == pathOK {
				res = got
				if out == nil {
					return got, nil
				}
			}
		}
	}
	return res, nil
}

// lenientStep runs a step that, where lenient, ignores structural errors.
func (r *pathRun) lenientStep(p *sqltype.JSONPathItem, v pathValue, out *found, lenient, unwrap bool) (pathResult, error) {
	saved := r.lenient
	r.lenient = r.lenient || lenient
	res, err := r.step(p, v, out, unwrap)
	r.lenient = saved
	return res, err
}

func (r *pathRun) anywhere(p *sqltype.JSONPathItem, v pathValue, out *found) (pathResult, error) {
	res := pathNone
	if p.First == 0 {
		saved := r.lenient
		r.lenient = true
		got, err := r.next(p, v, out)
		r.lenient = saved
		if err != nil || got == pathOK && out == nil {
			return got, err
		}
		res = got
	}
	if v.is(sqltype.JSONArray) || v.is(sqltype.JSONObject) {
		got, err := r.descend(p.Next, v, out, 1, p.First, p.Last, true, r.lax)
		if err != nil || got == pathOK {
			return got, err
		}
	}
	return res, nil
}

func (r *pathRun) subscripts(p *sqltype.JSONPathItem, v pathValue, out *found) (pathResult, error) {
	array := v.is(sqltype.JSONArray)
	if !array && !r.lax {
		if !r.lenient {
			return pathNone, r.fail(statePathArray, "jsonpath array accessor can only be applied to an array")
		}
		return pathNone, nil
	}
	size := 1
	if array {
		size = len(v.v.Arr)
	}
	outer := r.last
	r.last = size - 1
	defer func() { r.last = outer }()
	res := pathNone
	for _, s := range p.Ranges {
		from, err := r.index(s.From, v)
		if err != nil {
			return pathNone, err
		}
		to := from
		if s.To != nil {
			if to, err = r.index(s.To, v); err != nil {
				return pathNone, err
			}
		}
		if !r.lenient && (from < 0 || from > to || to >= size) {
			return pathNone, r.fail(statePathSubscript, "jsonpath array subscript is out of bounds")
		}
		for i := max(from, 0); i <= min(to, size-1); i++ {
			e := v
			if array {
				e = pathValue{v: &v.v.Arr[i]}
			}
			if p.Next == nil && out == nil {
				return pathOK, nil
			}
			got, err := r.next(p, e, out)
			if err != nil {
				return pathNone, err
			}
			if got == pathOK {
				res = got
				if out == nil {
					return got, nil
				}
			}
		}
	}
	return res, nil
}

// index computes a subscript.
func (r *pathRun) index(p *sqltype.JSONPathItem, v pathValue) (int, error) {
	var f found
	if _, err := r.item(p, v, &f); err != nil {
		return 0, err
	}
	if len(f.vals) != 1 || !f.vals[0].is(sqltype.JSONNumber) {
		return 0, r.fail(statePathSubscript, "jsonpath array subscript is not a single numeric value")
	}
	i, err := f.vals[0].v.Num.Trunc(0).Int64("integer")
	if err != nil || i != int64(int32(i)) {
		return 0, r.fail(statePathSubscript, "jsonpath array subscript is out of integer range")
	}
	return int(i), nil
}

// operand computes an operand, with arrays unwrapped where lax.
func (r *pathRun) operand(p *sqltype.JSONPathItem, v pathValue, unwrap bool) ([]pathValue, error) {
	var f found
	if _, err := r.item(p, v, &f); err != nil {
		return nil, err
	}
	if !unwrap || !r.lax {
		return f.vals, nil
	}
	var vals []pathValue
	for _, x := range f.vals {
		if !x.is(sqltype.JSONArray) {
			vals = append(vals, x)
			continue
		}
		for i := range x.v.Arr {
			vals = append(vals, pathValue{v: &x.v.Arr[i]})
		}
	}
	return vals, nil
}

// quietly runs f without telling its errors; only those that are always told come out.
func (r *pathRun) quietly(f func() error) (failed bool, err error) {
	saved := r.throw
	r.throw = false
	err = f()
	r.throw = saved
	if errors.Is(err, errPathSilent) {
		return true, nil
	}
	return false, err
}

func (r *pathRun) arithmetic(p *sqltype.JSONPathItem, v pathValue, out *found) (pathResult, error) {
	var nums [2]sqltype.Num
	for i, side := range []string{"left", "right"} {
		vals, err := r.operand(p.Args[i], v, true)
		if err != nil {
			return pathNone, err
		}
		if len(vals) != 1 || !vals[0].is(sqltype.JSONNumber) {
			return pathNone, r.fail(statePathSingle, "%s operand of jsonpath operator %s is not a single numeric value", side, p.Text)
		}
		nums[i] = vals[0].v.Num
	}
	f := map[string]func(a, b sqltype.Num) (sqltype.Num, error){"+": sqltype.Num.Add, "-": sqltype.Num.Sub, "*": sqltype.Num.Mul, "/": sqltype.Num.Div, "%": sqltype.Num.Mod}[p.Text]
	n, err := f(nums[0], nums[1])
	if err != nil {
		if !r.throw {
			err = errPathSilent
		}
		return pathNone, err
	}
	if p.Next == nil && out == nil {
		return pathOK, nil
	}
	return r.next(p, numberValue(n), out)
}

func numberValue(n sqltype.Num) pathValue {
	return pathValue{v: &jsonValue{Kind: sqltype.JSONNumber, Num: n}}
}

func stringValue(s string) pathValue {
	return pathValue{v: &jsonValue{Kind: sqltype.JSONString, Str: s}}
}

func (r *pathRun) sign(p *sqltype.JSONPathItem, v pathValue, out *found) (pathResult, error) {
	vals, err := r.operand(p.Args[0], v, true)
	if err != nil {
		return pathNone, err
	}
	res := pathNone
	for _, x := range vals {
		asked := p.Next == nil && out == nil
		if !x.is(sqltype.JSONNumber) {
			if asked {
				continue
			}
			return pathNone, r.fail(statePathNumber, "operand of unary jsonpath operator %s is not a numeric value", p.Text)
		}
		if asked {
			return pathOK, nil
		}
		n := x.v.Num
		if p.Text == "-" {
			n = n.Neg()
		}
		got, err := r.next(p, numberValue(n), out)
		if err != nil {
			return pathNone, err
		}
		if got == pathOK {
			res = got
			if out == nil {
				return got, nil
			}
		}
	}
	return res, nil
}

// nestedTruth computes the condition of a filter, in which @ is v.
func (r *pathRun) nestedTruth(p *sqltype.JSONPathItem, v pathValue) (truth, error) {
	saved := r.current
	r.current = v
	t, err := r.truth(p, v, false)
	r.current = saved
	return t, err
}

func (r *pathRun) truth(p *sqltype.JSONPathItem, v pathValue, _ bool) (truth, error) {
	switch p.Op {
	case sqltype.PathAnd, sqltype.PathOr:
		decided := isFalse
		if p.Op == sqltype.PathOr {
			decided = isTrue
		}
		a, err := r.truth(p.Args[0], v, false)
		if err != nil || a == decided {
			return a, err
		}
		b, err := r.truth(p.Args[1], v, false)
		if err != nil || b == decided || a != isUnknown {
			return b, err
		}
		return a, nil
	case sqltype.PathNot:
		t, err := r.truth(p.Args[0], v, false)
		if err != nil || t == isUnknown {
			return t, err
		}
		return isTrue - t, nil
	case sqltype.PathIsUnknown:
		t, err := r.truth(p.Args[0], v, false)
		if err != nil {
			return isUnknown, err
		}
		return truth(b2i(t == isUnknown)), nil
	case sqltype.PathExists:
		return r.exists(p.Args[0], v)
	case sqltype.PathStartsWith:
		return r.predicate(p, v, false, func(a, b pathValue) (truth, error) {
			if !a.is(sqltype.JSONString) || !b.is(sqltype.JSONString) {
				return isUnknown, nil
			}
			return truth(b2i(strings.HasPrefix(a.v.Str, b.v.Str))), nil
		})
	case sqltype.PathLikeRegex:
		return r.predicate(p, v, false, func(a, _ pathValue) (truth, error) {
			if !a.is(sqltype.JSONString) {
				return isUnknown, nil
			}
			ok, err := p.Regex.Match(a.v.Str)
			return truth(b2i(ok)), regexError(err)
		})
	}
	return r.predicate(p, v, true, func(a, b pathValue) (truth, error) { return r.compare(p.Text, a, b) })
}

func (r *pathRun) exists(p *sqltype.JSONPathItem, v pathValue) (truth, error) {
	var f *found
	if !r.lax {
		f = &found{} // all values, to be sure that there is no error
	}
	res := pathNone
	failed, err := r.quietly(func() (err error) {
		res, err = r.item(p, v, f)
		return err
	})
	switch {
	case err != nil:
		return isUnknown, err
	case failed:
		return isUnknown, nil
	case f != nil:
		return truth(b2i(len(f.vals) > 0)), nil
	}
	return truth(b2i(res == pathOK)), nil
}

// predicate tests all pairs of values of the operands.
func (r *pathRun) predicate(p *sqltype.JSONPathItem, v pathValue, unwrapRight bool, test func(a, b pathValue) (truth, error)) (truth, error) {
	var left, right []pathValue
	failed, err := r.quietly(func() (err error) {
		if left, err = r.operand(p.Args[0], v, true); err == nil && len(p.Args) > 1 {
			right, err = r.operand(p.Args[1], v, unwrapRight)
		}
		return err
	})
	if failed || err != nil {
		return isUnknown, err
	}
	if len(p.Args) == 1 {
		right = []pathValue{{}}
	}
	unknown, holds := false, false
	for _, a := range left {
		for _, b := range right {
			t, err := test(a, b)
			switch {
			case err != nil:
				return isUnknown, err
			case t == isUnknown && !r.lax:
				return isUnknown, nil
			case t == isTrue && r.lax:
				return isTrue, nil
			}
			unknown, holds = unknown || t == isUnknown, holds || t == isTrue
		}
	}
	switch {
	case holds:
		return isTrue, nil
	case unknown:
		return isUnknown, nil
	}
	return isFalse, nil
}

func (r *pathRun) compare(op string, a, b pathValue) (truth, error) {
	null := func(v pathValue) bool { return v.is(sqltype.JSONNull) }
	boolean := func(v pathValue) bool { return v.is(sqltype.JSONTrue) || v.is(sqltype.JSONFalse) }
	cmp := 0
	switch {
	case null(a) && null(b):
	case null(a) || null(b):
		return truth(b2i(op == "!=")), nil
	case a.when != nil && b.when != nil:
		c, ok, err := r.compareMoments(a.when, b.when)
		if err != nil || !ok {
			return isUnknown, err
		}
		cmp = c
	case a.when != nil || b.when != nil:
		return isUnknown, nil
	case boolean(a) && boolean(b), a.v.Kind == b.v.Kind && (a.is(sqltype.JSONString) || a.is(sqltype.JSONNumber)):
		cmp = a.v.Compare(b.v)
	default:
		return isUnknown, nil
	}
	holds := map[string]bool{"==": cmp == 0, "!=": cmp != 0, "<": cmp < 0, ">": cmp > 0, "<=": cmp <= 0, ">=": cmp >= 0}[op]
	return truth(b2i(holds)), nil
}
