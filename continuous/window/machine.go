package window

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weftdb/weft/query/sqltype"
)

// Config says what a machine does.
type Config struct {
	Spec
	Keys       []sqltype.Type // of the values that events are grouped by
	Aggregates []Aggregate
	Delay      time.Duration // by which the watermark is behind the greatest time
	Lateness   time.Duration // for which a window is kept after it was closed
	OnChange   bool          // Flush gives the results of windows that are open, too
}

// Event is one message, as the machine sees it.
type Event struct {
	Time   int64 // in microseconds since 1970
	Offset uint64
	Keys   []sqltype.Datum
	Args   []sqltype.Datum // of the aggregates; what stands for count(*) is not looked at
}

// Outcome is why there is a result.
type Outcome uint8

// The outcomes.
const (
	Closed  Outcome = iota // the window was closed
	Updated                // a late event has changed it after that
	Changed                // it is open, and has changed
	Retract                // a result that was given is void: another session has swallowed its window, or it holds no longer
)

// String is the name of an outcome.
func (o Outcome) String() string { return [...]string{"closed", "updated", "changed", "retracted"}[o] }

// Result is what the events of a window come to, for one combination of keys.
type Result struct {
	Span
	Outcome Outcome
	Keys    []sqltype.Datum
	Values  []sqltype.Datum // of the aggregates; nil where it is void
}

// None is the watermark before the first event.
const None = int64(math.MinInt64)

// item is a window with its aggregates.
type item struct {
	Span
	group   *group
	accs    []acc
	closed  bool
	changed bool
	dead    bool    // another has taken its place
	given   []int64 // starts under which results were given that still hold
	size    int     // of its record
}

// group is the windows of one combination of keys.
type group struct {
	id    string // equal for equal keys
	keys  []sqltype.Datum
	items []*item // by start
}

// Machine aggregates events. Not safe for concurrent use.
type Machine struct {
	c         *Config
	groups    map[string]*group
	open      queue // not closed, by end
	kept      queue // closed and kept for what is late, by end
	watermark int64
	forgotten int64 // the end of windows that are gone whatever the lateness
	windows   int
	bytes     int

	finish func(r *Result) (holds bool, err error)

	changed []*item          // open ones, with OnChange
	out     []Result         // that were not taken
	touched map[string]*item // by key of record: what is to be written, nil: removed
}

// New makes a machine without windows. The config must not be changed.
func New(c *Config, watermark int64) *Machine {
	return &Machine{c: c, groups: map[string]*group{}, watermark: watermark, forgotten: None, touched: map[string]*item{}}
}

// Finish has fn see each result before it is given: it may put other values in their
// place, and one that does not hold is not given, so that what was given in its stead is
// void.
func (m *Machine) Finish(fn func(r *Result) (holds bool, err error)) { m.finish = fn }

// Watermark is the time up to which windows are closed; None before the first event.
func (m *Machine) Watermark() int64 { return m.watermark }

// Windows is how many windows there are, and Bytes how long their records are.
func (m *Machine) Windows() int { return m.windows }

// Bytes is how long the records of the windows are together.
func (m *Machine) Bytes() int { return m.bytes }

// Room is how many windows an event may add.
func (m *Machine) Room() int {
	if m.c.Kind == Sliding {
		return int((m.c.Size + m.c.Slide - 1) / m.c.Slide)
	}
	return 1
}

// KeyOf is what tells groups apart: equal for equal keys.
func (c *Config) KeyOf(keys []sqltype.Datum) []byte {
	var id []byte
	for i, d := range keys {
		id = sqltype.AppendKey(id, c.Keys[i], d, false, false)
	}
	return id
}

// Apply takes an event in and moves the watermark. It says whether the event was late.
// After an error the machine is of no more use.
func (m *Machine) Apply(e *Event) (late bool, err error) {
	late = true
	id := string(m.c.KeyOf(e.Keys))
	for _, span := range m.c.Of(e.Time) {
		in, err := m.into(id, e, span)
		if err != nil {
			return false, err
		}
		late = late && !in
	}
	m.Advance(e.Time - m.c.Delay.Microseconds())
	return late, nil
}

// Advance moves the watermark, never back. Drain gives what it closes.
func (m *Machine) Advance(watermark int64) { m.watermark = max(m.watermark, watermark) }

// past says whether the watermark has reached the end of a window.
func (m *Machine) past(end int64) bool { return m.watermark != None && end <= m.watermark }

// gone says whether a window that ends then is no longer kept.
func (m *Machine) gone(end int64) bool {
	return m.watermark != None && end <= m.watermark-m.c.Lateness.Microseconds() || end <= m.forgotten
}

// Forget has windows that end by then be gone, whatever the lateness: they were given up
// when it was less, so that what comes for them now is late.
func (m *Machine) Forget(end int64) { m.forgotten = max(m.forgotten, end) }

// into adds an event to one of its windows; false where that is gone.
func (m *Machine) into(id string, e *Event, span Span) (bool, error) {
	g := m.groups[id]
	var it *item
	var err error
	if m.c.Kind == Session {
		it, err = m.session(g, span)
	} else if g != nil {
		if i, ok := g.find(span.Start); ok {
			it = g.items[i]
		}
	}
	if err != nil {
		return false, err
	}
	if it == nil {
		if m.gone(span.End) {
			return false, nil
		}
		if g == nil {
			g = &group{id: id, keys: slices.Clone(e.Keys)}
			m.groups[id] = g
		}
		it = m.add(&item{Span: span, group: g, accs: make([]acc, len(m.c.Aggregates)), closed: m.past(span.End)})
	}
	for i := range m.c.Aggregates {
		if err := it.accs[i].add(&m.c.Aggregates[i], e.Args[i], e); err != nil {
			return false, err
		}
	}
	return true, m.note(it)
}

// note marks a window that has changed.
func (m *Machine) note(it *item) error {
	m.touched[it.key()] = it
	if it.closed {
		return m.give(it, Updated)
	}
	if m.c.OnChange && !it.changed {
		it.changed = true
		m.changed = append(m.changed, it)
	}
	return nil
}

func (g *group) find(start int64) (int, bool) {
	return slices.BinarySearchFunc(g.items, start, func(it *item, s int64) int { return cmp.Compare(it.Start, s) })
}

// add takes a window in.
func (m *Machine) add(it *item) *item {
	i, _ := it.group.find(it.Start)
	it.group.items = slices.Insert(it.group.items, i, it)
	m.windows++
	if it.closed {
		heap.Push(&m.kept, it)
	} else {
		heap.Push(&m.open, it)
	}
	return it
}

// remove takes a window out.
func (m *Machine) remove(it *item) {
	g := it.group
	if i, ok := g.find(it.Start); ok && g.items[i] == it {
		g.items = slices.Delete(g.items, i, i+1)
	}
	if len(g.items) == 0 {
		delete(m.groups, g.id)
	}
	it.dead = true
	m.windows--
	m.bytes -= it.size
	m.touched[it.key()] = nil
}

// session makes one window of the sessions that a span touches, and returns it; nil where
// there is none.
func (m *Machine) session(g *group, span Span) (*item, error) {
	if g == nil {
		return nil, nil
	}
	var parts []*item
	for _, it := range g.items {
		if it.touches(span) {
			parts = append(parts, it)
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	if len(parts) == 1 && parts[0].Start <= span.Start && parts[0].End >= span.End {
		return parts[0], nil
	}
	whole := &item{Span: span, group: g, accs: make([]acc, len(m.c.Aggregates))}
	for _, p := range parts {
		whole.Span = Span{min(whole.Start, p.Start), max(whole.End, p.End)}
		for i := range whole.accs {
			if err := whole.accs[i].merge(&m.c.Aggregates[i], &p.accs[i]); err != nil {
				return nil, err
			}
		}
		whole.given = append(whole.given, p.given...)
	}
	for _, p := range parts {
		m.remove(p)
	}
	m.groups[g.id] = g // where its last window went
	whole.closed = m.past(whole.End)
	return m.add(whole), nil
}

// give gives the result of a window, after what it makes void.
func (m *Machine) give(it *item, outcome Outcome) error {
	r := Result{Span: it.Span, Outcome: outcome, Keys: it.group.keys, Values: make([]sqltype.Datum, len(it.accs))}
	for i := range it.accs {
		var err error
		if r.Values[i], err = it.accs[i].result(&m.c.Aggregates[i]); err != nil {
			return err
		}
	}
	holds := true
	if m.finish != nil {
		var err error
		if holds, err = m.finish(&r); err != nil {
			return err
		}
	}
	for _, start := range it.given {
		if start != it.Start || !holds {
			m.out = append(m.out, Result{Span: Span{start, start}, Outcome: Retract, Keys: it.group.keys})
		}
	}
	it.given = nil
	if holds {
		it.given = []int64{it.Start}
		m.out = append(m.out, r)
	}
	m.touched[it.key()] = it
	return nil
}

// Due says whether the watermark has closed windows that Drain did not look at yet.
func (m *Machine) Due() bool {
	m.prune()
	return len(m.open) > 0 && m.past(m.open[0].End) || len(m.kept) > 0 && m.gone(m.kept[0].End)
}

// Next is the watermark at which a window is closed or forgotten next; false where there
// is none.
func (m *Machine) Next() (watermark int64, ok bool) {
	m.prune()
	watermark = math.MaxInt64
	if len(m.open) > 0 {
		watermark = m.open[0].End
	}
	if len(m.kept) > 0 {
		watermark = min(watermark, m.kept[0].End+m.c.Lateness.Microseconds())
	}
	return watermark, len(m.open)+len(m.kept) > 0
}

// prune takes dead windows off the fronts of the queues.
func (m *Machine) prune() {
	for _, q := range []*queue{&m.open, &m.kept} {
		for len(*q) > 0 && (*q)[0].dead {
			heap.Pop(q)
		}
	}
}

// Drain closes windows that the watermark has passed, in the order of their ends, and
// forgets those that are kept no longer, until most were closed or forgotten. Due says
// whether there are more.
func (m *Machine) Drain(most int) error {
	for ; most > 0 && m.Due(); most-- {
		if len(m.open) == 0 || !m.past(m.open[0].End) {
			m.remove(heap.Pop(&m.kept).(*item)) //nolint:forcetypeassert // it holds nothing else
			continue
		}
		it := heap.Pop(&m.open).(*item) //nolint:forcetypeassert // it holds nothing else
		if err := m.give(it, Closed); err != nil {
			return err
		}
		if it.closed = true; m.gone(it.End) {
			m.remove(it)
		} else {
			heap.Push(&m.kept, it)
		}
	}
	return nil
}

// Pending is how many results wait to be taken, with those that Flush would add, and
// how many windows are to be written.
func (m *Machine) Pending() (results, writes int) {
	return len(m.out) + len(m.changed), len(m.touched)
}

// Flush gives the results of open windows that have changed, with OnChange.
func (m *Machine) Flush() error {
	for _, it := range m.changed {
		if it.changed = false; it.dead || it.closed {
			continue
		}
		if err := m.give(it, Changed); err != nil {
			return err
		}
	}
	m.changed = m.changed[:0]
	return nil
}

// Take returns the results since it was called last, in order.
func (m *Machine) Take() []Result {
	out := m.out
	m.out = nil
	return out
}

// key is what the record of a window is found by, in the order of starts within a group.
func (it *item) key() string {
	return string(binary.BigEndian.AppendUint64([]byte(it.group.id), uint64(it.Start)^1<<63))
}

const recordVersion = 1

// Changes calls put or remove for each record that has changed since it was called last,
// in the order of their keys.
func (m *Machine) Changes(put func(key, record []byte) error, remove func(key []byte) error) error {
	keys := make([]string, 0, len(m.touched))
	for k := range m.touched {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		it := m.touched[k]
		var err error
		if it == nil {
			err = remove([]byte(k))
		} else {
			rec := m.record(it)
			m.bytes += len(rec) - it.size
			it.size = len(rec)
			err = put([]byte(k), rec)
		}
		if err != nil {
			return err
		}
	}
	clear(m.touched)
	return nil
}

// record writes a window down, which docs/format/continuous.md describes.
func (m *Machine) record(it *item) []byte {
	flags := byte(0)
	if it.closed {
		flags = 1
	}
	dst := []byte{recordVersion, flags}
	dst = binary.AppendUvarint(binary.AppendVarint(dst, it.Start), uint64(it.End-it.Start))
	dst = binary.AppendUvarint(dst, uint64(len(it.given)))
	for _, start := range it.given {
		dst = binary.AppendVarint(dst, start)
	}
	for i, d := range it.group.keys {
		dst = appendSized(dst, m.c.Keys[i], d)
	}
	for i := range it.accs {
		dst = it.accs[i].append(dst, &m.c.Aggregates[i])
	}
	return dst
}

// Load takes in a window that was written down.
func (m *Machine) Load(rec []byte) error {
	if len(rec) < 2 || rec[0] != recordVersion || rec[1] > 1 {
		return damaged("the record of a window has a version or flags that are not known")
	}
	r := reader{rest: rec[2:]}
	it := &item{closed: rec[1] == 1, size: len(rec)}
	it.Start = r.varint()
	it.End = it.Start + int64(r.uvarint())
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		it.given = append(it.given, r.varint())
	}
	keys := make([]sqltype.Datum, len(m.c.Keys))
	for i := range keys {
		keys[i] = r.datum(m.c.Keys[i])
	}
	it.accs = make([]acc, len(m.c.Aggregates))
	for i := range it.accs {
		it.accs[i].cut(&r, &m.c.Aggregates[i])
	}
	if r.bad || len(r.rest) != 0 || it.End <= it.Start {
		return damaged("the record of a window is malformed")
	}
	id := string(m.c.KeyOf(keys))
	if it.group = m.groups[id]; it.group == nil {
		it.group = &group{id: id, keys: keys}
		m.groups[id] = it.group
	}
	m.bytes += it.size
	m.add(it)
	return nil
}

// Has says whether there is a window whose record belongs at key.
func (m *Machine) Has(key []byte) bool {
	for _, g := range m.groups {
		if !strings.HasPrefix(string(key), g.id) {
			continue
		}
		for _, it := range g.items {
			if it.key() == string(key) {
				return true
			}
		}
	}
	return false
}

// queue is windows by their ends, then starts and keys, the least in front.
type queue []*item

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	a, b := q[i], q[j]
	return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start), cmp.Compare(a.group.id, b.group.id)) < 0
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*item)) } //nolint:forcetypeassert // it holds nothing else
func (q *queue) Pop() any {
	old := *q
	it := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return it
}
