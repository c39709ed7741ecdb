package exec

import (
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// partCheck gives the value of its argument, of which the parts that are of domains have
// met their rules.
type partCheck struct {
	arg   evaluator
	parts []domainPart
	pos   int
}

// domainPart checks one kind of parts: those of a batch of values are gathered and checked
// together.
type domainPart struct {
	path   []int
	checks []check
	vals   *vec.Vector
}

func compileParts(c *Context, e *plan.PartCheck) (evaluator, error) {
	arg, err := compile(c, e.Arg)
	if err != nil {
		return nil, err
	}
	x := &partCheck{arg: arg, pos: e.Pos}
	for i := range e.Parts {
		p := domainPart{path: e.Parts[i].Path, vals: newOut(e.Parts[i].Typ)}
		for k := range e.Parts[i].Checks {
			rule := &e.Parts[i].Checks[k]
			cond, err := compile(c, rule.Cond)
			if err != nil {
				return nil, err
			}
			p.checks = append(p.checks, check{rule, cond})
		}
		x.parts = append(x.parts, p)
	}
	return x, nil
}

func (x *partCheck) eval(b *vec.Batch, sel []int32) (*vec.Vector, error) {
	v, err := x.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	rows := vec.Live(b.Len, sel)
	if v.Const && len(rows) > 1 {
		rows = rows[:1]
	}
	for i := range x.parts {
		p := &x.parts[i]
		p.vals.Reset(0)
		for _, r := range rows {
			p.gather(v.Get(int(r)), p.path)
		}
		if err := p.check(); err != nil {
			return nil, at(err, x.pos)
		}
	}
	return v, nil
}

// gather adds the parts of a value at the end of a path.
func (p *domainPart) gather(d sqltype.Datum, path []int) {
	if len(path) == 0 {
		p.vals.AppendDatum(d)
		return
	}
	if d.Null {
		return
	}
	switch a := d.Any.(type) {
	case *sqltype.ArrayValue:
		for _, e := range a.Vals {
			p.gather(e, path[1:])
		}
	case *sqltype.RecordValue:
		if path[0] < len(a.Vals) {
			p.gather(a.Vals[path[0]], path[1:])
		}
	}
}

func (p *domainPart) check() error {
	n := p.vals.Len()
	if n == 0 {
		return nil
	}
	b := &vec.Batch{Len: n, Cols: []*vec.Vector{p.vals}}
	for _, k := range p.checks {
		v, err := k.cond.eval(b, nil)
		if err != nil {
			return err
		}
		for i := range n {
			if !v.IsNull(i) && v.I[v.At(i)] == 0 {
				return k.rule.Error()
			}
		}
	}
	return nil
}
