package fn

import (
	"errors"
	"strings"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
)

// paths keeps parsed paths; it is emptied when full.
var paths = struct {
	sync.RWMutex
	m map[string]*sqltype.JSONPath
}{m: map[string]*sqltype.JSONPath{}}

const maxPaths = 512

// compilePath parses a path, once for all rows.
func compilePath(s string) (*sqltype.JSONPath, error) {
	paths.RLock()
	p := paths.m[s]
	paths.RUnlock()
	if p != nil {
		return p, nil
	}
	p, err := sqltype.ParseJSONPath(s)
	if err != nil {
		return nil, err
	}
	paths.Lock()
	if len(paths.m) >= maxPaths {
		clear(paths.m)
	}
	paths.m[s] = p
	paths.Unlock()
	return p, nil
}

// pathCall is one evaluation of a path.
type pathCall struct {
	doc, path string
	vars      string // "" means none
	silent    bool
	zones     bool
	bare      bool // of an operator, to which variables are null
	env       *Env
}

// run evaluates the path into out, which is nil where only existence is asked. failed
// says that there was an error that is not told.
func (c pathCall) run(out *found) (res pathResult, failed bool, err error) {
	p, err := compilePath(c.path)
	if err != nil {
		return pathNone, false, err
	}
	doc, err := sqltype.ParseJSON(c.doc)
	if err != nil {
		return pathNone, false, err
	}
	vars := jsonValue{Kind: sqltype.JSONObject}
	if c.vars != "" {
		if vars, err = sqltype.ParseJSON(c.vars); err != nil {
			return pathNone, false, err
		}
		if vars.Kind != sqltype.JSONObject {
			return pathNone, false, errParam("\"vars\" argument is not an object").
				WithDetail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.")
		}
	}
	return c.runOn(p, &doc, &vars, out)
}

func (c pathCall) runOn(p *sqltype.JSONPath, doc, vars *jsonValue, out *found) (res pathResult, failed bool, err error) {
	r := &pathRun{env: c.env, lax: !p.Strict, lenient: !p.Strict, throw: !c.silent, zones: c.zones, bare: c.bare, root: doc, vars: vars, last: -1, objects: 2, current: pathValue{v: doc}}
	r.base = pathBase{v: doc}
	if p.Strict && out == nil {
		out = &found{} // all values, to be sure that there is no error
		if _, err = r.item(p.Root, pathValue{v: doc}, out); err == nil && len(out.vals) > 0 {
			res = pathOK
		}
	} else {
		res, err = r.item(p.Root, pathValue{v: doc}, out)
	}
	if errors.Is(err, errPathSilent) {
		return pathNone, true, nil
	}
	return res, false, err
}

// callPath takes the arguments of the functions: target, path, vars and silent.
func callPath(c *call, zones bool) pathCall {
	p := pathCall{doc: c.arg[0].Str, path: c.arg[1].Str, zones: zones, env: c.env}
	if len(c.arg) > 2 {
		p.vars = c.arg[2].Str
	}
	if len(c.arg) > 3 {
		p.silent = c.arg[3].Int != 0
	}
	return p
}

func pathExists(zones bool) func(c *call) (sqltype.Datum, error) {
	return func(c *call) (sqltype.Datum, error) { return existsOf(callPath(c, zones)) }
}

func existsOf(p pathCall) (sqltype.Datum, error) {
	res, failed, err := p.run(nil)
	if failed || err != nil {
		return sqltype.NullDatum, err
	}
	return sqltype.Datum{Int: b2i(res == pathOK)}, nil
}

func pathMatch(zones bool) func(c *call) (sqltype.Datum, error) {
	return func(c *call) (sqltype.Datum, error) { return matchOf(callPath(c, zones)) }
}

func matchOf(p pathCall) (sqltype.Datum, error) {
	var f found
	_, failed, err := p.run(&f)
	if err != nil {
		return sqltype.NullDatum, err
	}
	if !failed && len(f.vals) == 1 {
		switch v := f.vals[0]; {
		case v.is(sqltype.JSONTrue), v.is(sqltype.JSONFalse):
			return sqltype.Datum{Int: b2i(v.is(sqltype.JSONTrue))}, nil
		case v.is(sqltype.JSONNull):
			return sqltype.NullDatum, nil
		}
	}
	if p.silent {
		return sqltype.NullDatum, nil
	}
	return sqltype.NullDatum, dberr.SQL(statePathSingle, "single boolean result is expected")
}

// pathTexts evaluates a path to the texts of what it finds, or, where errors are
// silent, has found before one.
func pathTexts(p pathCall) ([]string, error) {
	var f found
	if _, _, err := p.run(&f); err != nil {
		return nil, err
	}
	out := make([]string, len(f.vals))
	for i, v := range f.vals {
		out[i] = pathText(v, p.env)
	}
	return out, nil
}

func pathArray(zones bool) func(c *call) (sqltype.Datum, error) {
	return func(c *call) (sqltype.Datum, error) {
		texts, err := pathTexts(callPath(c, zones))
		return sqltype.Datum{Str: "[" + strings.Join(texts, ", ") + "]"}, err
	}
}

func pathFirst(zones bool) func(c *call) (sqltype.Datum, error) {
	return func(c *call) (sqltype.Datum, error) {
		texts, err := pathTexts(callPath(c, zones))
		if err != nil || len(texts) == 0 {
			return sqltype.NullDatum, err
		}
		return sqltype.Datum{Str: texts[0]}, nil
	}
}

func pathQuery(zones bool) func(c *call) (SetIter, error) {
	return func(c *call) (SetIter, error) {
		texts, err := pathTexts(callPath(c, zones))
		if err != nil {
			return nil, err
		}
		return listOf(textArray(texts).Vals), nil
	}
}

func registerPath(t *tables) {
	t.op("@?(jsonb,jsonpath) bool", rowwise(func(c *call) (sqltype.Datum, error) {
		p := callPath(c, false)
		p.silent, p.bare = true, true
		return existsOf(p)
	}))
	t.op("@@(jsonb,jsonpath) bool", rowwise(func(c *call) (sqltype.Datum, error) {
		p := callPath(c, false)
		p.silent, p.bare = true, true
		return matchOf(p)
	}))
	for _, zoned := range []bool{false, true} {
		tz, vol := "", ""
		if zoned {
			tz, vol = "_tz", " stable"
		}
		for _, args := range []string{"", ",vars jsonb", ",vars jsonb='{}',silent bool='false'"} {
			list := "(target jsonb,path jsonpath" + args + ") "
			t.def("jsonb_path_exists"+tz+list+"bool"+vol, rowwise(pathExists(zoned)))
			t.def("jsonb_path_match"+tz+list+"bool"+vol, rowwise(pathMatch(zoned)))
			t.def("jsonb_path_query_array"+tz+list+"jsonb"+vol, rowwise(pathArray(zoned)))
			t.def("jsonb_path_query_first"+tz+list+"jsonb"+vol, rowwise(pathFirst(zoned)))
			t.set("jsonb_path_query"+tz+list+"jsonb"+vol, "", pathQuery(zoned))
		}
	}
}
