// Package pipeline is the aggregation language of documents: MongoDB's stages, with
// the expressions of document/expr and the filters of document/match.
//
// It promises that a stage means what MongoDB's manual says; that documents stream through the stages which need not hold them; that what the
// others hold stays within the limit of Options, and is an error beyond it, never a
// part of the answer; and that every stage, accumulator and option that it
// does not know is refused by name before anything runs.
//
// It owns nothing and knows no collection: documents come from a Source. A Pipeline
// never changes and is safe for concurrent use. The stages are those of the table in
// stages.go, the accumulators those of the table in group.go.
package pipeline

import (
	"context"
	"slices"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/expr"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
)

// MaxStages bounds a pipeline, beside the limits of document/expr.
const MaxStages = 100

// Iter gives documents, one a call, and Missing after the last.
type Iter func() (doc.Value, error)

// Source gives the documents of collections as of one snapshot.
type Source interface {
	// Find gives the documents of a collection for which the filter holds; none where
	// there is no such collection.
	Find(ctx context.Context, collection string, f *match.Filter) (Iter, error)
}

// Options bounds a run.
type Options struct {
	// MemoryBytes is how much the stages that hold documents may hold in all. Default
	// 128 MiB.
	MemoryBytes int64
}

// Pipeline is a compiled pipeline.
type Pipeline struct {
	first  *match.Filter // of leading $match stages
	stages []stage
	out    string
}

// stage makes of documents others.
type stage interface {
	run(r *run, in Iter) (Iter, error)
}

// run is a pipeline that is running, or one within another.
type run struct {
	*budget
	ctx  context.Context
	src  Source
	vars []expr.Binding // of the $lookup stages around it
}

// budget is what a pipeline and those within it share.
type budget struct {
	left int64 // bytes that may be held yet
	step int
}

// within is a run with further variables.
func (r *run) within(vars []expr.Binding) *run {
	inner := *r
	inner.vars = slices.Concat(r.vars, vars)
	return &inner
}

// env is what the expressions of a stage are evaluated with.
func (r *run) env(v doc.Value) *expr.Env { return &expr.Env{Root: v, Vars: slices.Clip(r.vars)} }

// hold takes bytes off the budget.
func (r *run) hold(stage string, bytes int) error {
	if r.left -= int64(bytes) + 48; r.left < 0 {
		return dberr.New(dberr.ErrTooLarge, "AGGREGATION_TOO_LARGE", "the stage %s holds more than the memory that an aggregation may take", stage).
			WithHint("filter or project earlier, or limit what is sorted")
	}
	return nil
}

// alive is an error once the request has ended.
func (r *run) alive() error {
	if r.step++; r.step%256 == 0 && r.ctx.Err() != nil {
		class, code := dberr.ErrCanceled, "CANCELED"
		if r.ctx.Err() == context.DeadlineExceeded {
			class, code = dberr.ErrTimeout, "TIMEOUT"
		}
		return dberr.New(class, code, "the aggregation was ended").Wrap(context.Cause(r.ctx))
	}
	return nil
}

func invalid(field, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrInvalid, "INVALID_PIPELINE", format, args...).WithField(field)
}

var null = doc.FromNull()

func isNull(v doc.Value) bool { return v.Kind() <= doc.Null }

// Parse compiles a pipeline from JSON text.
func Parse(text []byte) (*Pipeline, error) {
	v, err := doc.Parse(text)
	if err != nil {
		return nil, err
	}
	return Compile(v)
}

// Compile compiles an array of stages. It keeps pieces of v.
func Compile(v doc.Value) (*Pipeline, error) {
	c := &compiler{}
	p, err := c.pipeline(v, true)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// compiler compiles the stages, and counts what they hold.
type compiler struct{ expr.Compiler }

func (c *compiler) pipeline(v doc.Value, top bool) (*Pipeline, error) {
	if v.Kind() != doc.Array {
		return nil, invalid("pipeline", "a pipeline is an array of stages, not %s", v.Kind())
	}
	if v.Len() > MaxStages {
		return nil, invalid("pipeline", "a pipeline of %d stages has more than %d", v.Len(), MaxStages)
	}
	p := &Pipeline{first: match.All()}
	err := c.Nested(nil, func() (err error) {
		v.Elements(func(i int, e doc.Value) bool {
			err = c.stage(p, e, i, top && i == v.Len()-1)
			return err == nil
		})
		return err
	})
	return p, err
}

// stage compiles one stage. Only the last one of the whole may be $out.
func (c *compiler) stage(p *Pipeline, v doc.Value, i int, last bool) error {
	if v.Kind() != doc.Object || v.Len() != 1 {
		return invalid("pipeline", `stage %d must be an object with one field, such as {"$match": {…}}`, i)
	}
	name, arg := v.FieldAt(0)
	if err := c.Node(); err != nil {
		return err
	}
	if string(name) == "$out" {
		return p.setOut(arg, last)
	}
	build, ok := stageTable[string(name)]
	if !ok {
		return expr.Unknown("stage", string(name), stageNames)
	}
	s, err := build(c, string(name), arg)
	if err != nil {
		return err
	}
	if m, ok := s.(*matchStage); ok && len(p.stages) == 0 && i == 0 {
		p.first = m.filter
		return nil
	}
	p.stages = append(p.stages, s)
	return nil
}

func (p *Pipeline) setOut(arg doc.Value, last bool) error {
	if !last {
		return invalid("$out", "$out must be the last stage")
	}
	if arg.Kind() != doc.String || len(arg.Str()) == 0 {
		return invalid("$out", "$out takes the name of a collection, not %s", arg.Kind())
	}
	p.out = string(arg.Str())
	return nil
}

// Out is the collection that $out names, empty where there is none.
func (p *Pipeline) Out() string { return p.out }

// Run gives what the pipeline makes of a collection. The source must stay as it is
// until the last document.
func (p *Pipeline) Run(ctx context.Context, src Source, collection string, o Options) (Iter, error) {
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = 128 << 20
	}
	r := &run{budget: &budget{left: o.MemoryBytes}, ctx: ctx, src: src}
	return p.over(r, collection, p.first.Bind(nil))
}

// over runs the stages over the documents of a collection.
func (p *Pipeline) over(r *run, collection string, f *match.Filter) (Iter, error) {
	in, err := r.src.Find(r.ctx, collection, f)
	if err != nil {
		return nil, err
	}
	return p.run(r, r.checked(in))
}

// checked looks now and then whether the request still runs.
func (r *run) checked(in Iter) Iter {
	return func() (doc.Value, error) {
		if err := r.alive(); err != nil {
			return doc.Value{}, err
		}
		return in()
	}
}

func (p *Pipeline) run(r *run, in Iter) (Iter, error) {
	var err error
	for _, s := range p.stages {
		if in, err = s.run(r, in); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// whole runs a pipeline within another, on documents that are held.
func (p *Pipeline) whole(r *run, in Iter) (Iter, error) {
	return p.run(r, matching(p.first.Bind(r.vars), in))
}

// matching gives those for which the filter holds.
func matching(f *match.Filter, in Iter) Iter {
	return func() (doc.Value, error) {
		for {
			v, err := in()
			if err != nil || !v.Exists() {
				return v, err
			}
			if ok, err := f.Test(v); ok || err != nil {
				return v, err
			}
		}
	}
}

// list gives the elements of a slice.
func list(docs []doc.Value) Iter {
	return func() (doc.Value, error) {
		if len(docs) == 0 {
			return doc.Value{}, nil
		}
		v := docs[0]
		docs = docs[1:]
		return v, nil
	}
}
