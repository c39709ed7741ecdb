package exec

import (
	"sync"

	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// Predicate is a condition over single rows, outside of any plan: immutable, without
// parameters and subqueries. Safe for concurrent use.
type Predicate struct {
	cond  plan.Expr
	types []sqltype.Type
	slots []int     // the columns that it looks at
	idle  sync.Pool // of *predicateRun
}

// predicateRun is what one evaluation at a time needs.
type predicateRun struct {
	eval evaluator
	row  vec.Batch
}

// NewPredicate makes a condition ready, whose slots are columns of the types given.
func NewPredicate(cond plan.Expr, types []sqltype.Type) (*Predicate, error) {
	p := &Predicate{cond: cond, types: types}
	seen := make([]bool, len(types))
	plan.Walk(cond, func(e plan.Expr) bool {
		if s, ok := e.(*plan.Slot); ok && !seen[s.Index] {
			seen[s.Index] = true
			p.slots = append(p.slots, s.Index)
		}
		return true
	})
	r, err := p.run()
	if err != nil {
		return nil, err
	}
	p.idle.Put(r)
	return p, nil
}

func (p *Predicate) run() (*predicateRun, error) {
	if r, ok := p.idle.Get().(*predicateRun); ok {
		return r, nil
	}
	x, err := compile(&Context{Env: &fn.Env{}}, p.cond)
	if err != nil {
		return nil, err
	}
	r := &predicateRun{eval: x, row: vec.Batch{Len: 1, Cols: make([]*vec.Vector, len(p.types))}}
	for i, t := range p.types {
		r.row.Cols[i] = &vec.Vector{Type: t}
	}
	return r, nil
}

// Slots are the columns that the condition looks at.
func (p *Predicate) Slots() []int { return p.slots }

// Holds reports whether the condition is true of a row, of which only Slots need be
// there. An error is the row's, such as a text that is no number.
func (p *Predicate) Holds(row []sqltype.Datum) (bool, error) {
	r, err := p.run()
	if err != nil {
		return false, err
	}
	defer p.idle.Put(r)
	for _, i := range p.slots {
		r.row.Cols[i].Reset(0)
		r.row.Cols[i].AppendDatum(row[i])
	}
	v, err := r.eval.eval(&r.row, nil)
	return err == nil && passes(v, 0), err
}
