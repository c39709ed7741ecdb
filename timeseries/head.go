package timeseries

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// head has the points of batches by columns, in memory, as commits bring them. The batches
// in the store are the truth: the head is made of them when the store is opened, and a
// snapshot from before what it knows is answered from them.
type head struct {
	txns   *txn.Store
	limit  int64        // points that call for sealing
	points atomic.Int64 // that are not sealed
	heard  atomic.Uint64
	kick   chan struct{} // has a token where there are more than limit
	places places

	once sync.Mutex // of start
	on   atomic.Bool
	stop func()

	mu      sync.RWMutex
	floor   uint64 // snapshots before it are not answered from here
	metrics map[metricKey]*headMetric
	gone    []trimmed // what was cut off of columns, oldest first
	kept    int64     // points of it
	free    chan struct{}

	past pasts
}

// keepTrimmed is how long points that were sealed stay for those that read an older
// snapshot.
const keepTrimmed = 5 * time.Second

type metricKey struct {
	db     keyspace.DatabaseID
	metric uint64
}

// headMetric is what the head has of a metric.
type headMetric struct {
	batches []batchAt // in the order of their commits
	base    uint32    // of the first one
	columns columnSet
	points  int
	floor   uint64
	err     error // a batch could not be read
}

type batchAt struct{ at, number uint64 }

type columnKey struct {
	series uint64
	field  int
}

// headColumn is a column: its points in the order of their commits. Nothing in its arrays
// is ever changed, so that a reader goes on without the lock.
type headColumn struct {
	headView
	prev  headView // as it was before it was cut last, at
	cutAt uint64   // this commit; 0 where there is none
}

// headView is points, and the batches they are from.
type headView struct {
	kind    block.Kind
	times   []int64
	bits    []uint64 // of floats and ints; bools are 0 and 1
	texts   []string
	seq     []uint32 // of the batch, from base on
	batches []batchAt
	base    uint32
}

type trimmed struct {
	of     *headMetric
	key    columnKey
	column *headColumn
	at     uint64 // of the commit
	when   time.Time
	points int
}

func (h *head) init(txns *txn.Store, limit int) {
	h.txns, h.limit = txns, int64(limit)
	h.kick = make(chan struct{}, 1)
	h.free = make(chan struct{})
	h.metrics = make(map[metricKey]*headMetric)
}

func (h *head) close() {
	h.once.Lock()
	defer h.once.Unlock()
	if h.stop != nil {
		h.stop()
	}
}

// start has the head hear of commits, and makes it of the batches that are there.
func (h *head) start(ctx context.Context, c *core) error {
	if h.on.Load() {
		return nil
	}
	h.once.Lock()
	defer h.once.Unlock()
	if h.on.Load() {
		return nil
	}
	h.mu.Lock() // what is committed meanwhile waits
	defer h.mu.Unlock()
	since, stop := h.txns.OnCommitSince(h.hear)
	err := h.txns.WaitVisible(ctx, since)
	if err == nil {
		err = h.txns.View(ctx, func(tx *txn.Tx) error { return h.load(tx, c, uint64(since)) })
	}
	if err != nil {
		go stop() // hear may wait for mu
		h.metrics = make(map[metricKey]*headMetric)
		h.points.Store(0)
		return err
	}
	h.stop = stop
	h.on.Store(true)
	return nil
}

func (h *head) load(tx *txn.Tx, c *core, since uint64) error {
	h.floor = uint64(tx.ReadTimestamp())
	it := tx.Iter(txn.IterOptions{})
	dbs, err := keyspace.Databases(it, keyspace.SpaceSeries)
	it.Close()
	if err != nil {
		return err
	}
	for _, db := range dbs {
		s := &Store{core: c, db: db}
		list, err := s.MetricsTx(tx)
		if err != nil {
			return err
		}
		for _, m := range list {
			x, err := s.readBatches(tx, m.id, since, true)
			if err != nil {
				return err
			}
			if len(x.batches) > 0 {
				h.metrics[metricKey{db, m.id}] = x
				h.points.Add(int64(x.points))
			}
		}
	}
	return nil
}

// readBatches makes a metric of its committed batches, up to a commit; of what is not
// sealed, where asked for.
func (s *Store) readBatches(tx *txn.Tx, metric uint64, until uint64, unsealed bool) (*headMetric, error) {
	x := &headMetric{}
	var m mark
	if unsealed {
		var err error
		if m, err = s.mark(tx, metric); err != nil {
			return nil, err
		}
	}
	var list []batchAt
	it := tx.Iter(within(s.of(objBatch, metric)))
	defer it.Close()
	for it.Next() {
		n, err := s.cutBatch(it.Key(), metric)
		if err != nil {
			return nil, err
		}
		if at := uint64(it.Timestamp()); at != 0 && at <= until {
			list = append(list, batchAt{at, n})
		}
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b batchAt) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number)) })
	var into slab
	for _, b := range list {
		v, _, err := tx.Get(s.batchKey(metric, b.number))
		if err != nil {
			return nil, err
		}
		if err := x.add(b, v, &into, &m); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// mark reads how far the batches of a metric are sealed.
func (s *Store) mark(tx *txn.Tx, metric uint64) (m mark, err error) {
	v, ok, err := tx.Get(s.markKey(metric))
	if err == nil && ok {
		err = m.decode(v)
	}
	return m, err
}

// add adds a batch; what is sealed by the mark is left out.
func (x *headMetric) add(at batchAt, v []byte, into *slab, m *mark) error {
	seq := x.base + uint32(len(x.batches))
	x.batches = append(x.batches, at)
	return readBatch(v, into, func(b *slab) error {
		for i, id := range b.series {
			if m.now != 0 && at.at <= m.of(column{series: id, field: b.field}) {
				continue
			}
			c := x.columns.open(columnKey{id, b.field})
			c.kind = b.points.Kind
			c.times = append(c.times, b.points.Times[i])
			c.seq = append(c.seq, seq)
			switch c.kind {
			case block.Float:
				c.bits = append(c.bits, math.Float64bits(b.points.Floats[i]))
			case block.Int:
				c.bits = append(c.bits, uint64(b.points.Ints[i]))
			case block.Bool:
				c.bits = append(c.bits, uint64(btoi(b.points.Bools[i])))
			case block.Text:
				c.texts = append(c.texts, b.points.Texts[i])
			}
			x.points++
		}
		return nil
	})
}

// hear takes what a commit brought.
func (h *head) hear(set *txn.ChangeSet) {
	for ops := set.Ops; len(ops) > 0; {
		db, space, obj, tuple, ok := keyspace.Split(ops[0].Key)
		switch {
		case !ok || space == keyspace.SpaceSeries:
		case space < keyspace.SpaceSeries && len(ops) > fewOps:
			ops = from(ops, keyspace.AppendSpacePrefix(nil, db, keyspace.SpaceSeries))
			continue
		case space > keyspace.SpaceSeries && len(ops) > fewOps:
			next := keyspace.End(keyspace.AppendDatabasePrefix(nil, db))
			if ops = from(ops, next); next == nil {
				ops = nil
			}
			continue
		}
		if ok && space == keyspace.SpaceSeries {
			switch {
			case obj == objBatch && !ops[0].Deleted:
				h.hearBatch(db, tuple, ops[0].Value, uint64(set.Timestamp))
			case obj == objSeries:
				h.places.hear(db, tuple, ops[0].Value, ops[0].Deleted, uint64(set.Timestamp))
			case obj == objGone:
				h.places.hearGone(uint64(set.Timestamp))
			}
		}
		ops = ops[1:]
	}
	h.heard.Store(uint64(set.Timestamp))
}

// fewOps are looked at one by one.
const fewOps = 16

// from are the writes from a key on.
func from(ops []txn.Op, key []byte) []txn.Op {
	n := sort.Search(len(ops), func(i int) bool { return string(ops[i].Key) >= string(key) })
	return ops[n:]
}

func (h *head) hearBatch(db keyspace.DatabaseID, tuple, v []byte, at uint64) {
	metric, rest, err := enc.DecodeUint(tuple)
	if err != nil {
		return // no key of ours
	}
	number, _, err := enc.DecodeUint(rest)
	if err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key := metricKey{db, metric}
	x := h.metrics[key]
	if x == nil {
		x = &headMetric{}
		h.metrics[key] = x
	}
	into := slabs.Get().(*slab)
	defer slabs.Put(into)
	before := x.points
	if err := x.add(batchAt{at, number}, v, into, &mark{}); err != nil && x.err == nil {
		x.err = err
	}
	if n := h.points.Add(int64(x.points - before)); n > h.limit {
		select {
		case h.kick <- struct{}{}:
		default:
		}
	}
}

var slabs = sync.Pool{New: func() any { return new(slab) }}

// settle makes sure that all was heard that a snapshot sees.
func (h *head) settle(snapshot uint64) {
	if h.heard.Load() < snapshot {
		h.txns.Settle()
	}
}

// view returns what there is of a column as of a snapshot, perhaps with later points;
// false where the head cannot tell.
func (h *head) view(db keyspace.DatabaseID, c column, snapshot uint64) (v headView, ok bool, err error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if snapshot < h.floor {
		return v, false, nil
	}
	x := h.metrics[metricKey{db, c.metric}]
	if x == nil {
		return v, true, nil
	}
	if x.err != nil || snapshot < x.floor {
		return v, false, x.err
	}
	col := x.columns.get(columnKey{c.series, c.field})
	switch {
	case col == nil:
		return v, true, nil
	case snapshot < col.cutAt:
		return col.prev, true, nil
	}
	v = col.headView
	v.batches, v.base = x.batches, x.base
	return v, true, nil
}

// batchesOf returns the layers of a column that are from batches: those that were
// committed up to until, of which stops are the other layers, in order.
func (s *Store) batchesOf(tx *txn.Tx, c column, from, to int64, until uint64, stops []layer) ([]layer, error) {
	prefix := s.of(objBatch, c.metric)
	if err := tx.ReadRange(prefix, keyspace.End(prefix)); err != nil {
		return nil, err
	}
	h, snapshot := &s.head, uint64(tx.ReadTimestamp())
	h.settle(snapshot)
	v, ok, err := h.view(s.db, c, snapshot)
	if err != nil {
		return nil, err
	}
	if !ok {
		if v, err = s.pastView(tx, c, snapshot); err != nil {
			return nil, err
		}
	}
	w := layerer{from: from, to: to, stops: stops}
	if len(v.times) > 0 {
		m, err := s.mark(tx, c.metric)
		if err != nil {
			return nil, err
		}
		w.view(&v, m.of(c), min(snapshot, until))
	}
	if until == math.MaxUint64 {
		err = s.own(tx, c, &w)
	}
	return w.list, err
}

// layerer makes layers of points as they come in the order of commits.
type layerer struct {
	from, to int64
	stops    []layer
	stop     int // of stops are behind
	list     []layer
}

func (w *layerer) view(v *headView, after, until uint64) {
	at := func(i int) *batchAt { return &v.batches[v.seq[i]-v.base] }
	i := sort.Search(len(v.seq), func(i int) bool { return at(i).at > after })
	for ; i < len(v.seq); i++ {
		b := at(i)
		if b.at > until {
			return
		}
		t := v.times[i]
		if t < w.from || t > w.to {
			continue
		}
		p := w.room(b.at, b.number, t, v.kind)
		p.Times = append(p.Times, t)
		switch v.kind {
		case block.Float:
			p.Floats = append(p.Floats, math.Float64frombits(v.bits[i]))
		case block.Int:
			p.Ints = append(p.Ints, int64(v.bits[i]))
		case block.Bool:
			p.Bools = append(p.Bools, v.bits[i] != 0)
		case block.Text:
			p.Texts = append(p.Texts, v.texts[i])
		}
	}
}

// room is where a point at t goes: to the layer of the ones before where it follows them
// and nothing else came between.
func (w *layerer) room(at, number uint64, t int64, kind block.Kind) *block.Points {
	fresh := len(w.list) == 0 || w.list[len(w.list)-1].max >= t
	for w.stop < len(w.stops) && w.stops[w.stop].before(at, number) {
		w.stop++
		fresh = true
	}
	if fresh {
		w.list = append(w.list, layer{at: txn.Timestamp(at), number: number, min: t, points: &block.Points{Kind: kind}})
	}
	l := &w.list[len(w.list)-1]
	l.max = t
	return l.points
}

func (l *layer) before(at, number uint64) bool {
	return uint64(l.at) < at || uint64(l.at) == at && l.number < number
}

// own adds what the transaction itself has put into batches.
func (s *Store) own(tx *txn.Tx, c column, w *layerer) (err error) {
	prefix := s.of(objBatch, c.metric)
	tx.Own(prefix, keyspace.End(prefix), func(key, value []byte, deleted bool) bool {
		if deleted {
			return true
		}
		var n uint64
		if n, err = s.cutBatch(key, c.metric); err != nil {
			return false
		}
		var list []columnPoints
		if list, err = s.head.past.columns(s.db, c.metric, n, value); err != nil {
			return false
		}
		i, ok := slices.BinarySearchFunc(list, c, func(x columnPoints, c column) int { return x.column.compare(c) })
		if !ok {
			return true
		}
		p := list[i].points
		for k, t := range p.Times {
			if t >= w.from && t <= w.to {
				q := w.room(math.MaxUint64, n, t, p.Kind)
				valueAt(p, k).appendTo(q, t)
			}
		}
		return true
	})
	return err
}

// trim cuts off what a commit has sealed: points of columns up to until.
func (h *head) trim(db keyspace.DatabaseID, list []column, until, at uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range list {
		x := h.metrics[metricKey{db, c.metric}]
		if x == nil {
			continue
		}
		key := columnKey{c.series, c.field}
		col := x.columns.get(key)
		if col == nil {
			continue
		}
		n := x.sealed(col, until)
		if n == 0 {
			continue
		}
		if col.cutAt != 0 {
			x.floor = max(x.floor, col.cutAt)
		}
		col.prev, col.cutAt = col.headView, at
		col.prev.batches, col.prev.base = x.batches, x.base
		col.cut(n)
		x.points -= n
		h.points.Add(int64(-n))
		h.gone = append(h.gone, trimmed{x, key, col, at, time.Now(), n})
		h.kept += int64(n)
	}
	h.release(time.Now().Add(-keepTrimmed))
	close(h.free)
	h.free = make(chan struct{})
}

// sealed is how many points of a column are of commits up to until.
func (x *headMetric) sealed(c *headColumn, until uint64) int {
	return sort.Search(len(c.seq), func(i int) bool { return x.batches[c.seq[i]-x.base].at > until })
}

// cut drops the first n points; who reads them goes on with the old arrays.
func (c *headColumn) cut(n int) {
	c.times, c.seq = slices.Clone(c.times[n:]), slices.Clone(c.seq[n:])
	if c.kind == block.Text {
		c.texts = slices.Clone(c.texts[n:])
	} else {
		c.bits = slices.Clone(c.bits[n:])
	}
}

// release lets go of what was cut off before a time, and of what is too much. Held: mu.
func (h *head) release(before time.Time) {
	n := 0
	for n < len(h.gone) && (h.kept > h.limit || h.gone[n].when.Before(before)) {
		g := &h.gone[n]
		h.kept -= int64(g.points)
		if g.column.cutAt == g.at { // else it was cut again since
			g.of.floor = max(g.of.floor, g.at)
			g.column.prev, g.column.cutAt = headView{}, 0
			if len(g.column.times) == 0 && g.of.columns.get(g.key) == g.column {
				g.of.columns.remove(g.key)
			}
		}
		n++
	}
	if n > 0 {
		h.gone = slices.Delete(h.gone, 0, n)
	}
}

// tick lets go of what nobody reads any more.
func (h *head) tick() {
	h.mu.Lock()
	h.release(time.Now().Add(-keepTrimmed))
	h.mu.Unlock()
	h.past.forget()
}

// finish drops the batches of a metric that are sealed in all columns.
func (h *head) finish(db keyspace.DatabaseID, metric, until uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := h.metrics[metricKey{db, metric}]
	if x == nil {
		return
	}
	x.columns.each(func(_ columnKey, c *headColumn) {
		if n := x.sealed(c, until); n > 0 { // its commit was not heard of to the end
			x.floor = uint64(h.txns.LastCommit())
			x.points -= n
			h.points.Add(int64(-n))
			c.cut(n)
		}
	})
	n := sort.Search(len(x.batches), func(i int) bool { return x.batches[i].at > until })
	x.batches, x.base = slices.Clone(x.batches[n:]), x.base+uint32(n)
}

// drop forgets the metrics that are not alive at a commit, which alive tells of as of then;
// older snapshots read the store.
func (h *head) drop(alive func(key metricKey) bool, at uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, x := range h.metrics {
		if len(x.batches) > 0 && x.batches[len(x.batches)-1].at <= at && !alive(key) {
			h.points.Add(int64(-x.points))
			h.metrics[key] = &headMetric{floor: at}
			close(h.free)
			h.free = make(chan struct{})
		}
	}
}

// dropDatabases forgets what is of other databases than those that there were at a commit.
func (h *head) dropDatabases(dbs []keyspace.DatabaseID, at uint64) {
	h.drop(func(key metricKey) bool { return slices.Contains(dbs, key.db) }, at)
}

// maxHeldBack is how long a write is held back before it is refused.
const maxHeldBack = 10 * time.Second

// wait holds back who writes while far more lies open than there should.
func (h *head) wait(ctx context.Context) error {
	if h.points.Load() <= 2*h.limit {
		return nil
	}
	late := time.NewTimer(maxHeldBack)
	defer late.Stop()
	for h.points.Load() > 2*h.limit {
		h.mu.RLock()
		free := h.free
		h.mu.RUnlock()
		if h.points.Load() <= 2*h.limit {
			return nil
		}
		select {
		case h.kick <- struct{}{}:
		default:
		}
		select {
		case <-free:
		case <-late.C:
			return dberr.New(dberr.ErrUnavailable, "SEALING_BEHIND", "%d points lie unsealed in memory, and sealing does not keep up", h.points.Load()).
				WithHint("write again later, or more slowly")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// openMetric is what of a metric is not sealed.
type openMetric struct {
	*Metric
	points, columns int
	oldest          uint64 // commit of a batch; 0: there is none
}

func (h *head) open(db keyspace.DatabaseID, metric uint64) openMetric {
	h.mu.RLock()
	defer h.mu.RUnlock()
	x := h.metrics[metricKey{db, metric}]
	if x == nil || len(x.batches) == 0 {
		return openMetric{}
	}
	return openMetric{points: x.points, columns: x.columns.n, oldest: x.batches[0].at}
}

// columns are those of a metric that have points of commits up to until.
func (h *head) columns(db keyspace.DatabaseID, metric, until uint64) (list []ripeColumn, err error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	x := h.metrics[metricKey{db, metric}]
	if x == nil {
		return nil, nil
	}
	x.columns.each(func(key columnKey, c *headColumn) {
		if len(c.seq) > 0 && x.batches[c.seq[0]-x.base].at <= until {
			list = append(list, ripeColumn{column{metric, key.series, key.field}, len(c.seq)})
		}
	})
	return list, x.err
}

// ripeColumn is a column and how many points of it lie open.
type ripeColumn struct {
	column
	points int
}
