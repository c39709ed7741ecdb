package timeseries

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Point is what is written: the fields of one series at one time.
type Point struct {
	Metric string
	Tags   []Tag // in any order
	Time   int64 // nanoseconds since 1970
	Fields []Field
}

// Field is a named value.
type Field struct {
	Name  string
	Value Value
	// Loose says that the kind of the value was not written but guessed, as of a whole
	// number in JSON, or a text that names a float such as NaN: a new field is made of
	// floats then.
	Loose bool
}

// What lies open is one record for each column and write: points in a block, or a
// deletion. Writers put records of their own and read none, so they never conflict.
//
//	form (1) = 1 · block    or    form (1) = 2 · first time (varint) · last time (varint)
const (
	openPoints   = 1
	openDeletion = 2
)

// openPointsMax is how many points one open record holds.
const openPointsMax = 8192

// Write writes points, all or none, and makes metrics, fields and series that are
// missing.
func (s *Store) Write(ctx context.Context, points []Point) error {
	return s.update(ctx, func(tx *txn.Tx) error { return s.WriteTx(ctx, tx, points) })
}

// WriteTx is Write in a transaction.
func (s *Store) WriteTx(ctx context.Context, tx *txn.Tx, points []Point) error {
	w := s.writer(ctx, tx)
	for i := range points {
		if err := w.add(&points[i]); err != nil {
			return err
		}
	}
	return w.finish()
}

// Refused is a point that was left out, and why.
type Refused struct {
	Point int // its place among those given
	Err   error
}

// WriteEach writes the points that can be written, all in one transaction, and returns
// the others.
func (s *Store) WriteEach(ctx context.Context, points []Point) (refused []Refused, err error) {
	err = s.update(ctx, func(tx *txn.Tx) error {
		refused = nil
		w := s.writer(ctx, tx)
		for i := range points {
			err := w.add(&points[i])
			switch {
			case err == nil:
			case errors.Is(err, dberr.ErrInvalid), errors.Is(err, dberr.ErrConstraint), errors.Is(err, dberr.ErrTooLarge):
				refused = append(refused, Refused{i, err})
			default:
				return err
			}
		}
		return w.finish()
	})
	return refused, err
}

func (s *Store) writer(ctx context.Context, tx *txn.Tx) *writer {
	return &writer{s: s, ctx: ctx, tx: tx, metrics: make(map[string]*target), columns: make(map[column]*block.Points)}
}

// writer gathers the points of one write by columns.
type writer struct {
	s       *Store
	ctx     context.Context
	tx      *txn.Tx
	metrics map[string]*target
	columns map[column]*block.Points
	order   []column
}

// target is a metric that is written to.
type target struct {
	*Metric
	series map[string]uint64
}

func (w *writer) metric(name string) (*target, error) {
	if t := w.metrics[name]; t != nil {
		return t, nil
	}
	m, ok, err := w.s.metric(w.tx, name)
	if err != nil {
		return nil, err
	}
	if !ok {
		m = &Metric{Name: name}
		if err := w.s.makeMetric(w.ctx, w.tx, m); err != nil {
			return nil, err
		}
	}
	t := &target{Metric: m, series: make(map[string]uint64)}
	w.metrics[name] = t
	return t, nil
}

func (w *writer) add(p *Point) error {
	t, err := w.metric(p.Metric)
	if err != nil {
		return err
	}
	if len(p.Fields) == 0 {
		return invalid("MISSING_FIELD", "fields", "a point of metric %q has no value", shorten(p.Metric))
	}
	tags, canon, err := canonical(p.Tags)
	if err != nil {
		return err
	}
	if err := t.check(p); err != nil { // before anything is made for its sake
		return err
	}
	id, ok := t.series[string(canon)]
	if !ok {
		if id, err = w.s.openSeries(w.ctx, w.tx, t.Metric, tags, canon); err != nil {
			return err
		}
		t.series[string(canon)] = id
	}
	for i := range p.Fields {
		if err := w.addField(t, id, p.Time, &p.Fields[i]); err != nil {
			return err
		}
	}
	return nil
}

// check holds the fields of a point against those of the metric and against each other.
func (t *target) check(p *Point) error {
	fresh := 0
	for i := range p.Fields {
		f := &p.Fields[i]
		n := t.Field(f.Name)
		if err := f.settle(t.Metric, n); err != nil {
			return err
		}
		kind := f.kind()
		if n >= 0 {
			kind = t.Fields[n].Kind
		} else {
			for j := range i {
				if p.Fields[j].Name == f.Name {
					return invalid("DUPLICATE_FIELD", f.Name, "a point has the field %q twice", shorten(f.Name))
				}
			}
			if err := checkName("field", f.Name); err != nil {
				return err
			}
			fresh++
		}
		v, ok := f.Value.as(kind)
		if !ok {
			return errFieldType(t.Name, f.Name, kind, f.Value)
		}
		if len(v.Text) > MaxTextBytes {
			return tooLarge("TEXT_TOO_LARGE", f.Name, "a text of %d bytes is over the maximum of %d", len(v.Text), MaxTextBytes)
		}
	}
	if fresh > 0 && len(t.Fields)+fresh > MaxFields {
		return errManyFields(t.Metric)
	}
	return nil
}

// kind is what a field becomes that is made for this value.
func (f *Field) kind() block.Kind {
	if f.Loose {
		return block.Float
	}
	return f.Value.Kind
}

// settle reads a text that names a float, where one is wanted; n is the place of the
// field, negative where it is new.
func (f *Field) settle(m *Metric, n int) error {
	if !f.Loose || f.Value.Kind != block.Text || n >= 0 && m.Fields[n].Kind != block.Float {
		return nil
	}
	x, err := strconv.ParseFloat(f.Value.Text, 64)
	if err != nil {
		return invalid("INVALID_VALUE", f.Name, "field %q is %q, which is no number", f.Name, shorten(f.Value.Text))
	}
	f.Value = FloatValue(x)
	return nil
}

// addField adds a value that check has let pass.
func (w *writer) addField(t *target, series uint64, at int64, f *Field) error {
	n := t.Field(f.Name)
	if n < 0 {
		var err error
		if n, err = w.s.addField(w.tx, t.Metric, f.Name, f.kind()); err != nil {
			return err
		}
	}
	v, _ := f.Value.as(t.Fields[n].Kind)
	c := column{t.id, series, n}
	p := w.columns[c]
	if p == nil {
		p = &block.Points{Kind: v.Kind}
		w.columns[c] = p
		w.order = append(w.order, c)
	}
	v.appendTo(p, at)
	return nil
}

// finish puts an open record for each column.
func (w *writer) finish() error {
	policies := make(map[uint64]Policy, len(w.metrics))
	for _, t := range w.metrics {
		policies[t.id] = t.Duplicates
	}
	for _, c := range w.order {
		p := settle(w.columns[c], policies[c.metric])
		for from := 0; from < p.Len(); {
			to := from + partLen(p, from)
			if err := w.s.putOpen(w.ctx, w.tx, c, cut(p, from, to)); err != nil {
				return err
			}
			from = to
		}
	}
	return nil
}

// partLen is how many points from from on one record takes.
func partLen(p *block.Points, from int) int {
	to, bytes := from, 0
	for to < p.Len() && to-from < openPointsMax {
		if p.Kind == block.Text {
			if bytes += len(p.Texts[to]); bytes > 4<<20 && to > from {
				break
			}
		}
		to++
	}
	return to - from
}

func (s *Store) putOpen(ctx context.Context, tx *txn.Tx, c column, p *block.Points) error {
	v, err := block.Append([]byte{openPoints}, p, block.Fast)
	if err != nil {
		return err
	}
	return s.putRecord(ctx, tx, c, v)
}

func (s *Store) putRecord(ctx context.Context, tx *txn.Tx, c column, v []byte) error {
	n, err := s.ids.take(ctx, s.db, 1)
	if err != nil {
		return err
	}
	return tx.Put(enc.AppendUint(s.openPrefix(c), n), v)
}

// settle brings points into the order of time, and of those with one time keeps the one
// that the policy names.
func settle(p *block.Points, policy Policy) *block.Points {
	sorted := true
	for i := 1; i < len(p.Times) && sorted; i++ {
		sorted = p.Times[i-1] < p.Times[i]
	}
	if sorted {
		return p
	}
	order := make([]int, p.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p.Times[a] < p.Times[b]:
			return -1
		case p.Times[a] > p.Times[b]:
			return 1
		}
		return 0
	})
	out := &block.Points{Kind: p.Kind}
	for i := 0; i < len(order); {
		best, t := order[i], p.Times[order[i]]
		for i++; i < len(order) && p.Times[order[i]] == t; i++ {
			if policy.prefers(valueAt(p, best), valueAt(p, order[i])) {
				best = order[i]
			}
		}
		valueAt(p, best).appendTo(out, t)
	}
	return out
}

// prefers says whether the later of two values at one time is the one that is seen.
func (p Policy) prefers(earlier, later Value) bool {
	switch p {
	case First:
		return false
	case Least:
		return less(later, earlier)
	case Most:
		return less(earlier, later)
	}
	return true
}
