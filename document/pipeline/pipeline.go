// Package pipeline is the aggregation language of documents: MongoDB's stages and
// the expressions that they need.
//
// It promises that a stage or operator means what MongoDB's manual says, with exact
// numbers in place of doubles where a result has finitely many digits; that
// documents stream through the stages which need not hold them; that what the
// others hold stays within the limit of Options, and is an error beyond it, never a
// part of the answer; and that every stage, operator and option that it does not
// know is refused by name before anything runs.
//
// It owns nothing and knows no collection: documents come from a Source. A Pipeline
// never changes and is safe for concurrent use. The stages are those of the table in
// stages.go, the operators of expressions those of the tables in operators.go.
package pipeline

import (
	"context"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/match"
	"github.com/weftdb/weft/internal/dberr"
)

// The limits of a pipeline.
const (
	MaxStages  = 100
	MaxNesting = 100
	MaxNodes   = 20_000 // operators and values of all expressions
)

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

// run is a pipeline that is running.
type run struct {
	ctx  context.Context
	src  Source
	left int64 // bytes that may be held yet
	step int
}

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

// cannot is an expression that the document at hand does not allow.
func cannot(op, format string, args ...any) *dberr.Error {
	return dberr.New(dberr.ErrConstraint, "EXPRESSION_FAILED", format, args...).WithField(op)
}

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

// compiler counts what it compiles.
type compiler struct{ nodes, depth int }

func (c *compiler) node() error {
	if c.nodes++; c.nodes > MaxNodes {
		return invalid("pipeline", "the pipeline has more than %d operators and values", MaxNodes)
	}
	if c.depth > MaxNesting {
		return invalid("pipeline", "the pipeline is nested deeper than %d", MaxNesting)
	}
	return nil
}

func (c *compiler) pipeline(v doc.Value, top bool) (*Pipeline, error) {
	if v.Kind() != doc.Array {
		return nil, invalid("pipeline", "a pipeline is an array of stages, not %s", v.Kind())
	}
	if v.Len() > MaxStages {
		return nil, invalid("pipeline", "a pipeline of %d stages has more than %d", v.Len(), MaxStages)
	}
	c.depth++
	defer func() { c.depth-- }()
	p := &Pipeline{first: match.All()}
	var err error
	v.Elements(func(i int, e doc.Value) bool {
		err = c.stage(p, e, i, top && i == v.Len()-1)
		return err == nil
	})
	return p, err
}

// stage compiles one stage. Only the last one of the whole may be $out.
func (c *compiler) stage(p *Pipeline, v doc.Value, i int, last bool) error {
	if v.Kind() != doc.Object || v.Len() != 1 {
		return invalid("pipeline", `stage %d must be an object with one field, such as {"$match": {…}}`, i)
	}
	name, arg := v.FieldAt(0)
	if err := c.node(); err != nil {
		return err
	}
	if string(name) == "$out" {
		return p.setOut(arg, last)
	}
	build, ok := stageTable[string(name)]
	if !ok {
		return unknown("stage", string(name), stageNames)
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

func unknown(what, name string, known []string) error {
	return dberr.New(dberr.ErrInvalid, "UNKNOWN_OPERATOR", "the %s %q is not known here", what, name).WithField(name).
		WithHint("known here: %s", join(known))
}

// Out is the collection that $out names, empty where there is none.
func (p *Pipeline) Out() string { return p.out }

// Run gives what the pipeline makes of a collection. The source must stay as it is
// until the last document.
func (p *Pipeline) Run(ctx context.Context, src Source, collection string, o Options) (Iter, error) {
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = 128 << 20
	}
	r := &run{ctx: ctx, src: src, left: o.MemoryBytes}
	in, err := src.Find(ctx, collection, p.first)
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
	return p.run(r, func() (doc.Value, error) {
		for {
			v, err := in()
			if err != nil || !v.Exists() || p.first.Match(v) {
				return v, err
			}
		}
	})
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
