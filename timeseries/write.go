package timeseries

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Point is what is written: the fields of one series at one time.
type Point struct {
	Metric string
	Tags   []Tag // in any order
	Ref    *Ref  // where set, the series, in place of Metric and Tags
	Time   int64 // nanoseconds since 1970
	Fields []Field
}

// name is the metric of the point.
func (p *Point) name() string {
	if p.Ref != nil {
		return p.Ref.metric
	}
	return p.Metric
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
	if err := s.admit(ctx); err != nil {
		return err
	}
	return s.update(ctx, func(tx *txn.Tx) error { return s.WriteTx(ctx, tx, points) })
}

// WriteTx is Write in a transaction.
func (s *Store) WriteTx(ctx context.Context, tx *txn.Tx, points []Point) error {
	w, err := s.writer(ctx, tx)
	if err != nil {
		return err
	}
	for i := range points {
		if err := w.add(&points[i]); err != nil {
			return err
		}
	}
	return w.finish()
}

// admit holds back a write while sealing is far behind.
func (s *Store) admit(ctx context.Context) error {
	if s.tx != nil || s.opts.SealEvery < 0 {
		return nil
	}
	return s.head.wait(ctx)
}

// Refused is a point that was left out, and why.
type Refused struct {
	Point int // its place among those given
	Err   error
}

// WriteEach writes the points that can be written, all in one transaction, and returns
// the others.
func (s *Store) WriteEach(ctx context.Context, points []Point) (refused []Refused, err error) {
	if err := s.admit(ctx); err != nil {
		return nil, err
	}
	err = s.update(ctx, func(tx *txn.Tx) error {
		refused = nil
		w, err := s.writer(ctx, tx)
		if err != nil {
			return err
		}
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

func (s *Store) writer(ctx context.Context, tx *txn.Tx) (*writer, error) {
	if err := s.head.start(ctx, s.core); err != nil {
		return nil, err
	}
	w := &writer{s: s, ctx: ctx, tx: tx, metrics: make(map[string]*target), snapshot: uint64(tx.ReadTimestamp())}
	s.head.settle(w.snapshot)
	return w, nil
}

// writer gathers the points of one write by metrics and fields.
type writer struct {
	s        *Store
	ctx      context.Context
	tx       *txn.Tx
	snapshot uint64
	metrics  map[string]*target
	order    []*target
	last     *target
	spelled  []byte
	behind   *spelling // of the point before
}

// target is a metric that is written to.
type target struct {
	*Metric
	series map[string]uint64 // that were found in the store, by their tags
	known  bool              // places may say where series lie
	slabs  []*slab           // by the numbers of the fields
	few    []column          // the columns, up to batchColumns
	oldest int64             // points before it are refused
}

func (w *writer) metric(name string) (*target, error) {
	if w.last != nil && w.last.Name == name {
		return w.last, nil
	}
	if t := w.metrics[name]; t != nil {
		w.last = t
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
	if ok { // else nobody else knows of its series
		if err := w.tx.Guard(w.s.goneKey(m.id)); err != nil {
			return nil, err
		}
	}
	t := &target{Metric: m, series: make(map[string]uint64), oldest: math.MinInt64}
	if ok {
		if t.oldest, err = w.s.oldest(w.tx, m.id); err != nil {
			return nil, err
		}
	}
	// What is read of series counts where reads are validated, and what the transaction
	// itself did to series is known to nobody else.
	if t.known = ok && w.tx.Isolation() == txn.Snapshot; t.known {
		prefix := w.s.of(objSeries, m.id)
		w.tx.Own(prefix, keyspace.End(prefix), func(_, _ []byte, _ bool) bool {
			t.known = false
			return false
		})
	}
	w.metrics[name] = t
	w.order = append(w.order, t)
	w.last = t
	return t, nil
}

func (w *writer) add(p *Point) error {
	t, err := w.metric(p.name())
	if err != nil {
		return err
	}
	if p.Time < t.oldest {
		return errTooOld(t.Name, p.Time, t.oldest)
	}
	if len(p.Fields) == 0 {
		return invalid("MISSING_FIELD", "fields", "a point of metric %q has no value", shorten(t.Name))
	}
	id, found := w.known(t, p)
	var tags []Tag
	var canon []byte
	if !found && p.Ref != nil {
		tags, canon = p.Ref.tags, p.Ref.canon
	} else if !found {
		if tags, canon, err = canonical(p.Tags); err != nil {
			return err
		}
	}
	if err := t.check(p); err != nil { // before anything is made for its sake
		return err
	}
	if !found {
		if id, err = w.series(t, p, tags, canon); err != nil {
			return err
		}
	}
	for i := range p.Fields {
		if err := w.addField(t, id, p.Time, &p.Fields[i]); err != nil {
			return err
		}
	}
	return nil
}

// known finds the series of a point without a read.
func (w *writer) known(t *target, p *Point) (uint64, bool) {
	if !t.known {
		return 0, false
	}
	if p.Ref != nil {
		if at := p.Ref.at.Load(); w.serves(at, t) {
			return at.series, true
		}
		return 0, false
	}
	var next *spelling
	if w.behind != nil {
		next = w.behind.next.Load()
	}
	if next == nil || next.metric != t.id || !next.is(p.Tags) {
		w.spelled = spell(w.spelled[:0], w.s.db, t.id, p.Tags)
		next = w.s.head.places.find(w.spelled)
		if w.behind != nil && next != nil {
			w.behind.next.Store(next)
		}
	}
	if w.behind = next; next != nil && next.serves(t.id, w.snapshot) {
		return next.series, true
	}
	return 0, false
}

// serves says whether the place that a reference has is that of its series.
func (w *writer) serves(at *place, t *target) bool {
	return at.serves(t.id, w.snapshot) && at.store == &w.s.head.places && at.db == w.s.db
}

// series finds the series of tags in the store, or makes it.
func (w *writer) series(t *target, p *Point, tags []Tag, canon []byte) (uint64, error) {
	if id, ok := t.series[string(canon)]; ok {
		return id, nil
	}
	id, since, err := w.s.openSeries(w.ctx, w.tx, t.Metric, tags, canon)
	if err != nil {
		return 0, err
	}
	t.series[string(canon)] = id
	if t.known && since != 0 {
		at := &place{db: w.s.db, metric: t.id, series: id, since: since}
		key := w.s.seriesKey(t.id, canon)
		if p.Ref != nil {
			p.Ref.at.Store(w.s.head.places.keep(nil, key, at, w.snapshot))
		} else {
			w.spelled = spell(w.spelled[:0], w.s.db, t.id, p.Tags)
			w.s.head.places.keep(w.spelled, key, at, w.snapshot)
		}
	}
	return id, nil
}

// check holds the fields of a point against those of the metric and against each other.
func (t *target) check(p *Point) error {
	fresh := 0
	for i := range p.Fields {
		f := &p.Fields[i]
		n := t.Field(f.Name)
		if n >= 0 && t.Fields[n].Kind == f.Value.Kind && f.Value.Kind != block.Text {
			continue
		}
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
	b := t.slab(n)
	switch kind := t.Fields[n].Kind; {
	case kind == block.Float && f.Value.Kind == block.Float: // mostly
		b.addFloat(series, at, f.Value.Float)
	default:
		v, _ := f.Value.as(kind)
		b.add(series, at, v)
	}
	if len(t.few) < batchColumns {
		t.note(series, n)
	}
	return nil
}

// slab is where the points of a field are gathered.
func (t *target) slab(field int) *slab {
	for field >= len(t.slabs) {
		k := len(t.slabs)
		b := slabs.Get().(*slab)
		b.reset(k, t.Fields[k].Kind)
		t.slabs = append(t.slabs, b)
	}
	return t.slabs[field]
}

// note takes note of a column, while there are few.
func (t *target) note(series uint64, field int) {
	if c := (column{t.id, series, field}); !slices.Contains(t.few, c) {
		t.few = append(t.few, c)
	}
}

// finish puts what was gathered: into open records where it is of few columns, and into
// batches else.
func (w *writer) finish() error {
	for _, t := range w.order {
		for i := range t.slabs {
			t.slabs[i].settle(t.Duplicates)
		}
		put := w.putBatches
		if len(t.few) < batchColumns {
			put = w.putOpen
		}
		if err := put(t); err != nil {
			return err
		}
		for _, b := range t.slabs {
			slabs.Put(b)
		}
		t.slabs = nil
	}
	return nil
}

// putOpen puts an open record for each column.
func (w *writer) putOpen(t *target) error {
	for _, c := range t.few {
		b := t.slabs[c.field]
		p := &b.points
		if slices.ContainsFunc(b.series, func(id uint64) bool { return id != c.series }) {
			p = &block.Points{Kind: b.points.Kind}
			for i, id := range b.series {
				if id == c.series {
					valueAt(&b.points, i).appendTo(p, b.points.Times[i])
				}
			}
		}
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

// putBatches puts batches, each of as many points as one record takes.
func (w *writer) putBatches(t *target) error {
	v, room, columns := []byte{batchVersion}, openPointsMax, 0
	flush := func() error {
		n, err := w.s.ids.take(w.ctx, w.s.db, 1)
		if err == nil {
			err = w.tx.Put(w.s.batchKey(t.id, n), v)
		}
		w.tx.Reserve(columns) // a change of each column
		v, room, columns = v[:1], openPointsMax, 0
		return err
	}
	for i := range t.slabs {
		b := t.slabs[i]
		for from := 0; from < len(b.series); {
			to := from + min(partLen(&b.points, from), room)
			part := b.part(from, to)
			var err error
			if v, err = part.append(v); err != nil {
				return err
			}
			columns += to - from
			room -= to - from
			if from = to; room == 0 || len(v) > batchBytes {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	if len(v) > 1 {
		return flush()
	}
	return nil
}

// batchBytes is how long a batch may be before it is ended.
const batchBytes = 1 << 20

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
