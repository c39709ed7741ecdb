package pipeline

import (
	"sort"
	"strings"

	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/document/expr"
)

// accumulator gathers the values of a group.
type accumulator interface {
	add(v doc.Value) error
	result() (doc.Value, error)
}

// accumulators make one for a group. Those that hold values take them off the budget.
var accumulators = map[string]func(r *run) accumulator{
	"$sum":          func(*run) accumulator { return &summed{sum: doc.FromInt(0)} },
	"$avg":          func(*run) accumulator { return &summed{sum: doc.FromInt(0), average: true} },
	"$min":          func(*run) accumulator { return &bound{sign: -1} },
	"$max":          func(*run) accumulator { return &bound{sign: 1} },
	"$first":        func(*run) accumulator { return &edge{} },
	"$last":         func(*run) accumulator { return &edge{last: true} },
	"$push":         func(r *run) accumulator { return &pushed{r: r} },
	"$addToSet":     func(r *run) accumulator { return &pushed{r: r, set: map[string]bool{}} },
	"$count":        func(*run) accumulator { return &counted{} },
	"$stdDevPop":    func(*run) accumulator { return &deviation{} },
	"$stdDevSamp":   func(*run) accumulator { return &deviation{expr.Deviation{Sample: true}} },
	"$mergeObjects": func(*run) accumulator { return &merged{} },
}

func accumulatorNames() []string {
	var names []string
	for name := range accumulators {
		names = append(names, name)
	}
	for name := range severals {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

type summed struct {
	sum     doc.Value
	n       int64
	average bool
}

func (s *summed) add(v doc.Value) (err error) {
	if v.Kind() == doc.Number {
		s.n++
		s.sum, err = doc.Add(s.sum, v)
	}
	return err
}

func (s *summed) result() (doc.Value, error) {
	if !s.average {
		return s.sum, nil
	}
	if s.n == 0 {
		return null, nil
	}
	return expr.Divide(s.sum, doc.FromInt(s.n))
}

type bound struct {
	sign int
	best doc.Value
}

func (b *bound) add(v doc.Value) error {
	if !isNull(v) && (!b.best.Exists() || doc.Compare(v, b.best)*b.sign > 0) {
		b.best = v
	}
	return nil
}

func (b *bound) result() (doc.Value, error) { return orNull(b.best), nil }

func orNull(v doc.Value) doc.Value {
	if !v.Exists() {
		return null
	}
	return v
}

type edge struct {
	last, set bool
	v         doc.Value
}

func (f *edge) add(v doc.Value) error {
	if f.last || !f.set {
		f.v, f.set = v, true
	}
	return nil
}

func (f *edge) result() (doc.Value, error) { return orNull(f.v), nil }

type pushed struct {
	r    *run
	list []doc.Value
	set  map[string]bool
}

func (p *pushed) add(v doc.Value) error {
	if !v.Exists() {
		return nil
	}
	if p.set != nil {
		k := expr.Key(v)
		if p.set[k] {
			return nil
		}
		p.set[k] = true
		if err := p.r.hold("$group", len(k)); err != nil {
			return err
		}
	}
	p.list = append(p.list, v)
	return p.r.hold("$group", len(v.Bytes()))
}

func (p *pushed) result() (doc.Value, error) { return doc.FromArray(p.list), nil }

type counted struct{ n int64 }

func (c *counted) add(doc.Value) error        { c.n++; return nil }
func (c *counted) result() (doc.Value, error) { return doc.FromInt(c.n), nil }

type deviation struct{ expr.Deviation }

func (d *deviation) add(v doc.Value) error { d.Add(v); return nil }

func (d *deviation) result() (doc.Value, error) { return d.Result() }

type merged struct{ list []doc.Value }

func (m *merged) add(v doc.Value) (err error) {
	var one doc.Value
	if one, err = expr.MergeObjects(append(m.list, v)); err == nil {
		m.list = []doc.Value{one}
	}
	return err
}

func (m *merged) result() (doc.Value, error) { return expr.MergeObjects(m.list) }

// gathered is a field of a group.
type gathered struct {
	name string
	make func(r *run) accumulator
	arg  expr.Expr
}

func (c *compiler) gathered(stage, name string, v doc.Value) (g gathered, err error) {
	if strings.Contains(name, ".") || strings.HasPrefix(name, "$") {
		return g, invalid(name, "the field %q of %s holds a dot or begins with $", name, stage)
	}
	if v.Kind() != doc.Object || v.Len() != 1 {
		return g, invalid(name, `the field %q of %s must be one accumulator, such as {"$sum": 1}`, name, stage)
	}
	op, arg := v.FieldAt(0)
	if _, ok := severals[string(op)]; ok {
		return c.several(name, string(op), arg)
	}
	makes, ok := accumulators[string(op)]
	if !ok {
		return g, expr.Unknown("accumulator", string(op), accumulatorNames())
	}
	if string(op) == "$count" && (arg.Kind() != doc.Object || arg.Len() > 0) {
		return g, invalid(name, "the accumulator $count takes {}")
	}
	x, err := c.Expression(arg)
	return gathered{name, makes, x}, err
}

// newGroup takes {"_id": expression, "field": accumulator, …}.
func newGroup(c *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object || !arg.Field("_id").Exists() {
		return nil, invalid(name, `$group needs the field "_id", an expression, or null for one group`)
	}
	g := &groupStage{name: name}
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		if string(field) == "_id" {
			g.id, err = c.Expression(v)
			return err == nil
		}
		var f gathered
		f, err = c.gathered(name, string(field), v)
		g.fields = append(g.fields, f)
		return err == nil
	})
	return g, err
}

type groupStage struct {
	name   string
	id     expr.Expr
	fields []gathered
}

type group struct {
	id   doc.Value
	accs []accumulator
}

// run gives the groups in the order in which they came.
func (g *groupStage) run(r *run, in Iter) (Iter, error) {
	groups := map[string]*group{}
	var order []*group
	for {
		v, err := in()
		if err != nil {
			return nil, err
		}
		if !v.Exists() {
			break
		}
		e := r.env(v)
		id, err := g.id.Eval(e)
		if err != nil {
			return nil, err
		}
		k := expr.Key(orNull(id))
		at := groups[k]
		if at == nil {
			at = &group{id: orNull(id)}
			for _, f := range g.fields {
				at.accs = append(at.accs, f.make(r))
			}
			if err := r.hold(g.name, 2*len(k)+64*len(at.accs)); err != nil {
				return nil, err
			}
			groups[k] = at
			order = append(order, at)
		}
		for i, f := range g.fields {
			x, err := f.arg.Eval(e)
			if err == nil {
				err = at.accs[i].add(x)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return g.results(order), nil
}

func (g *groupStage) results(groups []*group) Iter {
	return func() (doc.Value, error) {
		if len(groups) == 0 {
			return doc.Value{}, nil
		}
		at := groups[0]
		groups = groups[1:]
		fields := []doc.Field{{Name: "_id", Value: at.id}}
		for i, f := range g.fields {
			v, err := at.accs[i].result()
			if err != nil {
				return v, err
			}
			fields = append(fields, doc.Field{Name: f.name, Value: v})
		}
		return doc.FromFields(fields), nil
	}
}

// newSortByCount is $group by an expression with a count, the largest first.
func newSortByCount(c *compiler, name string, arg doc.Value) (stage, error) {
	id, err := c.Expression(arg)
	g := &groupStage{name: name, id: id, fields: []gathered{{"count", accumulators["$count"], expr.Literal{Value: null}}}}
	return stages{g, &sortStage{expr.By("count", -1)}}, err
}

// stages are several as one.
type stages []stage

func (list stages) run(r *run, in Iter) (Iter, error) {
	var err error
	for _, s := range list {
		if in, err = s.run(r, in); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// newBucket takes {"groupBy","boundaries","default"?,"output"?}.
func newBucket(c *compiler, name string, arg doc.Value) (stage, error) {
	if arg.Kind() != doc.Object {
		return nil, invalid(name, "$bucket takes an object")
	}
	b := &bucketStage{}
	g := &groupStage{name: name, id: b}
	var err error
	arg.Fields(func(field []byte, v doc.Value) bool {
		switch string(field) {
		case "groupBy":
			b.by, err = c.Expression(v)
		case "boundaries":
			b.bounds = v.List()
		case "default":
			b.other = v
		case "output":
			if v.Kind() != doc.Object {
				err = invalid(name, "the output of $bucket must be an object, not %s", v.Kind())
			}
			v.Fields(func(f []byte, a doc.Value) bool {
				var one gathered
				one, err = c.gathered(name, string(f), a)
				g.fields = append(g.fields, one)
				return err == nil
			})
		default:
			err = invalid(name, "$bucket does not know the field %q", field).WithHint("known here: groupBy, boundaries, default, output")
		}
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	if b.by == nil || len(b.bounds) < 2 {
		return nil, invalid(name, `$bucket needs "groupBy" and at least two "boundaries"`)
	}
	for i := 1; i < len(b.bounds); i++ {
		if b.bounds[i].Kind() != b.bounds[0].Kind() || doc.Compare(b.bounds[i-1], b.bounds[i]) >= 0 {
			return nil, invalid(name, "the boundaries of $bucket must be of one kind and ascend")
		}
	}
	if b.other.Exists() && doc.Compare(b.other, b.bounds[0]) >= 0 && doc.Compare(b.other, b.bounds[len(b.bounds)-1]) < 0 {
		return nil, invalid(name, "the default of $bucket lies within its boundaries, where it would be another bucket's").WithHint("it is less than the first boundary, or not less than the last")
	}
	if !arg.Field("output").Exists() {
		g.fields = []gathered{{"count", accumulators["$count"], expr.Literal{Value: null}}}
	}
	return stages{g, &sortStage{expr.By("_id", 1)}}, nil
}

// bucketStage is the expression that gives the lower boundary of a document's bucket.
type bucketStage struct {
	by     expr.Expr
	bounds []doc.Value
	other  doc.Value
}

func (b *bucketStage) Eval(e *expr.Env) (doc.Value, error) {
	v, err := b.by.Eval(e)
	if err != nil {
		return v, err
	}
	i := sort.Search(len(b.bounds), func(i int) bool { return doc.Compare(b.bounds[i], v) > 0 })
	if i > 0 && i < len(b.bounds) {
		return b.bounds[i-1], nil
	}
	if !b.other.Exists() {
		return v, expr.Failed("$bucket", "the value %.60s is in no bucket, and there is no default", v.JSON())
	}
	return b.other, nil
}
