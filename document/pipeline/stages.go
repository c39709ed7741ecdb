package pipeline

import (
	"math/rand/v2"
	"slices"
	"sort"
	"strings"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/expr"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
)

type buildStage func(c *compiler, name string, arg doc.Value) (stage, error)

var (
	stageTable map[string]buildStage
	stageNames []string
)

func init() { // the table and the functions in it know each other
	stageTable = map[string]buildStage{
		"$match": newMatch, "$project": newProject, "$addFields": newAddFields, "$set": newAddFields, "$unset": newUnset,
		"$replaceRoot": newReplaceRoot, "$replaceWith": newReplaceRoot,
		"$sort": newSort, "$limit": newLimit, "$skip": newSkip, "$count": newCount, "$sample": newSample,
		"$unwind": newUnwind, "$group": newGroup, "$bucket": newBucket, "$sortByCount": newSortByCount,
		"$lookup": newLookup, "$unionWith": newUnionWith, "$facet": newFacet,
	}
	for name := range stageTable {
		stageNames = append(stageNames, name)
	}
	stageNames = append(stageNames, "$out")
	sort.Strings(stageNames)
}

// each makes a stage of a function on one document; Missing leaves it out.
type each func(r *run, v doc.Value) (doc.Value, error)

func (fn each) run(r *run, in Iter) (Iter, error) {
	return func() (doc.Value, error) {
		for {
			v, err := in()
			if err != nil || !v.Exists() {
				return v, err
			}
			if v, err = fn(r, v); err != nil || v.Exists() {
				return v, err
			}
		}
	}, nil
}

type matchStage struct{ filter *match.Filter }

func newMatch(c *compiler, _ string, arg doc.Value) (stage, error) {
	f, err := match.CompileWith(&c.Compiler, arg)
	return &matchStage{f}, err
}

func (m *matchStage) run(r *run, in Iter) (Iter, error) {
	return matching(m.filter.Bind(r.vars), in), nil
}

func newReplaceRoot(c *compiler, name string, arg doc.Value) (stage, error) {
	if name == "$replaceRoot" {
		if arg.Kind() != doc.Object || arg.Len() != 1 || !arg.Field("newRoot").Exists() {
			return nil, invalid(name, `$replaceRoot takes the field "newRoot"`)
		}
		arg = arg.Field("newRoot")
	}
	x, err := c.Expression(arg)
	return each(func(r *run, v doc.Value) (doc.Value, error) {
		out, err := x.Eval(r.env(v))
		if err == nil && out.Kind() != doc.Object {
			err = expr.Failed(name, "%s needs an object, not %s", name, out.Kind())
		}
		return out, err
	}), err
}

type sortStage struct{ order expr.Order }

func newSort(_ *compiler, name string, arg doc.Value) (stage, error) {
	o, err := expr.ParseOrder(name, arg, false)
	if e := dberr.As(err); e != nil && e.Code == "INVALID_EXPRESSION" {
		return nil, invalid(name, "%v", err)
	}
	return &sortStage{o}, err
}

func (s *sortStage) run(r *run, in Iter) (Iter, error) {
	docs, err := r.collect("$sort", in)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(docs, s.order.Compare)
	return list(docs), nil
}

// collect holds all documents.
func (r *run) collect(stage string, in Iter) (docs []doc.Value, err error) {
	for {
		v, err := in()
		if err != nil || !v.Exists() {
			return docs, err
		}
		if err := r.hold(stage, len(v.Bytes())); err != nil {
			return nil, err
		}
		docs = append(docs, v)
	}
}

func count(name string, arg doc.Value, least int64) (int64, error) {
	n, ok := arg.Int()
	if !ok || n < least {
		return 0, invalid(name, "%s takes a whole number from %d, not %s", name, least, arg.JSON())
	}
	return n, nil
}

type limitStage int64

func newLimit(_ *compiler, name string, arg doc.Value) (stage, error) {
	n, err := count(name, arg, 1)
	return limitStage(n), err
}

func (n limitStage) run(_ *run, in Iter) (Iter, error) {
	left := int64(n)
	return func() (doc.Value, error) {
		if left == 0 {
			return doc.Value{}, nil
		}
		left--
		return in()
	}, nil
}

type skipStage int64

func newSkip(_ *compiler, name string, arg doc.Value) (stage, error) {
	n, err := count(name, arg, 0)
	return skipStage(n), err
}

func (n skipStage) run(_ *run, in Iter) (Iter, error) {
	left := int64(n)
	return func() (doc.Value, error) {
		for ; left > 0; left-- {
			if v, err := in(); err != nil || !v.Exists() {
				return v, err
			}
		}
		return in()
	}, nil
}

type countStage string

func newCount(_ *compiler, name string, arg doc.Value) (stage, error) {
	s := string(arg.Str())
	if s == "" || s[0] == '$' || strings.Contains(s, ".") {
		return nil, invalid(name, "$count takes the name of a field, without $ and dots")
	}
	return countStage(s), nil
}

// run gives one document, or none where there is nothing to count.
func (s countStage) run(_ *run, in Iter) (Iter, error) {
	done := false
	return func() (doc.Value, error) {
		if done {
			return doc.Value{}, nil
		}
		done = true
		for n := int64(0); ; n++ {
			v, err := in()
			if err != nil {
				return v, err
			}
			if !v.Exists() {
				if n == 0 {
					return v, nil
				}
				return doc.FromFields([]doc.Field{{Name: string(s), Value: doc.FromInt(n)}}), nil
			}
		}
	}, nil
}

type sampleStage int64

func newSample(_ *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object || arg.Len() != 1 {
		return nil, invalid(name, `$sample takes {"size": n}`)
	}
	n, err := count(name, arg.Field("size"), 1)
	return sampleStage(n), err
}

// run keeps a uniform sample (reservoir sampling, Vitter's algorithm R).
func (n sampleStage) run(r *run, in Iter) (Iter, error) {
	var docs []doc.Value
	for seen := int64(1); ; seen++ {
		v, err := in()
		if err != nil {
			return nil, err
		}
		if !v.Exists() {
			rand.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
			return list(docs), nil
		}
		if int64(len(docs)) < int64(n) {
			if err := r.hold("$sample", len(v.Bytes())); err != nil {
				return nil, err
			}
			docs = append(docs, v)
		} else if i := rand.Int64N(seen); i < int64(n) {
			if err := r.hold("$sample", len(v.Bytes())-len(docs[i].Bytes())); err != nil {
				return nil, err
			}
			docs[i] = v
		}
	}
}

// newFacet takes {"name": pipeline, …}.
func newFacet(c *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object || arg.Len() == 0 {
		return nil, invalid(name, "$facet takes an object of pipelines")
	}
	var f facetStage
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		var p *Pipeline
		if p, err = c.pipeline(v, false); err == nil {
			f.names, f.pipelines = append(f.names, string(field)), append(f.pipelines, p)
		}
		return err == nil
	})
	return &f, err
}

type facetStage struct {
	names     []string
	pipelines []*Pipeline
}

func (f *facetStage) run(r *run, in Iter) (Iter, error) {
	docs, err := r.collect("$facet", in)
	if err != nil {
		return nil, err
	}
	var fields []doc.Field
	for i, p := range f.pipelines {
		out, err := p.whole(r, list(docs))
		if err != nil {
			return nil, err
		}
		found, err := r.collect("$facet", out)
		if err != nil {
			return nil, err
		}
		fields = append(fields, doc.Field{Name: f.names[i], Value: doc.FromArray(found)})
	}
	return list([]doc.Value{doc.FromFields(fields)}), nil
}
