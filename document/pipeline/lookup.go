package pipeline

import (
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/expr"
	"github.com/weftdb/weft/document/match"
)

// maxLookupBytes bounds what $lookup adds to one document.
const maxLookupBytes = 16 << 20

// lookupStage adds to each document those of another collection that belong to it.
type lookupStage struct {
	from, as, foreign string
	local             doc.Path
	names             []string // of let
	values            []expr.Expr
	pipeline          *Pipeline
}

// newLookup takes {"from","as"} with "localField" and "foreignField", or a "pipeline",
// which knows the variables of "let", or both.
func newLookup(c *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object {
		return nil, invalid(name, "$lookup takes an object")
	}
	l := &lookupStage{}
	var stages doc.Value
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		switch s := string(v.Str()); string(field) {
		case "from":
			l.from = s
		case "localField":
			l.local, err = doc.ParsePath(s)
		case "foreignField":
			l.foreign = s
			_, err = doc.ParsePath(s)
		case "as":
			l.as = s
		case "let":
			l.names, l.values, err = c.Variables(name, v)
		case "pipeline":
			stages = v
		default:
			err = invalid(name, "$lookup does not know the field %q", field).WithHint("known here: from, localField, foreignField, as, let, pipeline")
		}
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	switch {
	case l.from == "" || l.as == "" || l.as[0] == '$' || (l.local == nil) != (l.foreign == "") || l.local == nil && !stages.Exists():
		return nil, invalid(name, `$lookup needs "from", "as", and "localField" with "foreignField" or a "pipeline"`)
	case l.names != nil && !stages.Exists():
		return nil, invalid(name, `$lookup has "let" only with a "pipeline", which knows the variables`)
	case stages.Exists():
		err = c.Nested(l.names, func() (err error) {
			l.pipeline, err = c.pipeline(stages, false)
			return err
		})
	}
	return l, err
}

func (l *lookupStage) run(r *run, in Iter) (Iter, error) {
	return func() (doc.Value, error) {
		v, err := in()
		if err != nil || !v.Exists() {
			return v, err
		}
		found, err := l.find(r, v)
		if err != nil {
			return v, err
		}
		n := doc.NewNode(v)
		if f := n.Field(l.as); f != nil {
			f.Set(found)
		} else {
			n.AddField(l.as, doc.NewNode(found))
		}
		return n.Value(), nil
	}, nil
}

// find gives the documents that belong to v: those whose foreign field is equal to
// its local one, or to one of its elements, as the pipeline makes of them.
func (l *lookupStage) find(r *run, v doc.Value) (doc.Value, error) {
	p := l.pipeline
	if p == nil {
		p = &Pipeline{first: match.All()}
	}
	bound, err := expr.Bind(r.env(v), l.names, l.values)
	if err != nil {
		return v, err
	}
	inner := r.within(bound)
	f := p.first.Bind(inner.vars)
	if l.local != nil {
		same, err := l.same(v)
		if err != nil {
			return v, err
		}
		f = match.Both(same, f)
	}
	in, err := p.over(inner, l.from, f)
	if err != nil {
		return v, err
	}
	var out []doc.Value
	total := 0
	for {
		d, err := in()
		if err != nil {
			return v, err
		}
		if !d.Exists() {
			return doc.FromArray(out), nil
		}
		if total += len(d.Bytes()); total > maxLookupBytes {
			return v, expr.Failed("$lookup", "one document has more than %d bytes of documents that belong to it", maxLookupBytes)
		}
		out = append(out, d)
	}
}

// same is the filter of the documents whose foreign field is equal to v's local one.
func (l *lookupStage) same(v doc.Value) (*match.Filter, error) {
	want := expr.Follow(v, l.local)
	if !want.Exists() {
		want = null
	}
	values := []doc.Value{want}
	if want.Kind() == doc.Array {
		values = want.List()
	}
	cond := doc.FromFields([]doc.Field{{Name: "$in", Value: doc.FromArray(values)}})
	return match.Compile(doc.FromFields([]doc.Field{{Name: l.foreign, Value: cond}}))
}

// unionStage gives the documents of another collection behind those that come.
type unionStage struct {
	from     string
	pipeline *Pipeline
}

// newUnionWith takes the name of a collection, or {"coll","pipeline"?}.
func newUnionWith(c *compiler, name string, arg doc.Value) (stage, error) {
	u := &unionStage{from: string(arg.Str()), pipeline: &Pipeline{first: match.All()}}
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		switch string(field) {
		case "coll":
			u.from = string(v.Str())
		case "pipeline":
			u.pipeline, err = c.pipeline(v, false)
		default:
			err = invalid(name, "$unionWith does not know the field %q", field).WithHint("known here: coll, pipeline")
		}
		return err == nil
	})
	if err == nil && u.from == "" {
		err = invalid(name, `$unionWith takes the name of a collection, alone or as "coll"`)
	}
	return u, err
}

func (u *unionStage) run(r *run, in Iter) (Iter, error) {
	var other Iter
	return func() (doc.Value, error) {
		if other == nil {
			v, err := in()
			if err != nil || v.Exists() {
				return v, err
			}
			if other, err = u.pipeline.over(r, u.from, u.pipeline.first.Bind(r.vars)); err != nil {
				return v, err
			}
		}
		return other()
	}, nil
}
