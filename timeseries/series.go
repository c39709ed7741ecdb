package timeseries

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Tag is a name and a value by which series are told apart. An empty value is as good
// as no tag.
type Tag struct{ Key, Value string }

// canonical sorts tags by their names, drops empty ones, and returns them as the bytes
// by which the series is found. The list is the caller's own.
func canonical(tags []Tag) ([]Tag, []byte, error) {
	if len(tags) > MaxTags {
		return nil, nil, tooLarge("TOO_MANY_TAGS", "tags", "%d tags are over the maximum of %d", len(tags), MaxTags)
	}
	sorted := true
	for i := range tags {
		sorted = sorted && tags[i].Value != "" && (i == 0 || tags[i-1].Key < tags[i].Key)
	}
	if !sorted {
		tags = slices.DeleteFunc(slices.Clone(tags), func(t Tag) bool { return t.Value == "" })
		slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	}
	var b []byte
	for i, t := range tags {
		if err := checkName("tag", t.Key); err != nil {
			return nil, nil, err
		}
		if i > 0 && tags[i-1].Key == t.Key {
			return nil, nil, invalid("DUPLICATE_TAG", "tags", "tag %q comes twice", t.Key)
		}
		if len(t.Value) > MaxTagValueBytes {
			return nil, nil, tooLarge("TAG_TOO_LARGE", "tags", "the value of tag %q has %d bytes, over the maximum of %d", t.Key, len(t.Value), MaxTagValueBytes)
		}
		if !utf8.ValidString(t.Value) {
			return nil, nil, invalid("INVALID_TAG", "tags", "the value of tag %q must be UTF-8", t.Key)
		}
		b = enc.AppendString(enc.AppendString(b, t.Key), t.Value)
	}
	if len(b) > MaxTagsBytes {
		return nil, nil, tooLarge("TAGS_TOO_LARGE", "tags", "tags of %d bytes are over the maximum of %d", len(b), MaxTagsBytes)
	}
	return tags, b, nil
}

func decodeTags(b []byte) (tags []Tag, err error) {
	for len(b) > 0 {
		var t Tag
		if t.Key, b, err = enc.DecodeString(b); err != nil {
			return nil, corrupt("tags are malformed")
		}
		if t.Value, b, err = enc.DecodeString(b); err != nil {
			return nil, corrupt("tags are malformed")
		}
		tags = append(tags, t)
	}
	return tags, nil
}

// counts knows about how many series metrics have.
type counts struct {
	mu sync.Mutex
	of map[[2]uint64]int // database and metric
}

// openSeries finds the series of tags or makes it. since is the commit that made it, 0
// where the transaction itself does.
func (s *Store) openSeries(ctx context.Context, tx *txn.Tx, m *Metric, tags []Tag, canon []byte) (id, since uint64, err error) {
	key := s.seriesKey(m.id, canon)
	v, at, ok, err := tx.GetVersion(key)
	if err != nil {
		return 0, 0, err
	}
	if ok {
		r := enc.NewReader(v)
		id := r.Uvarint()
		if !r.Done() {
			return 0, 0, corrupt("the record of a series of metric %q is malformed", m.Name)
		}
		return id, uint64(at), nil
	}
	if err := s.oneMore(ctx, m); err != nil {
		return 0, 0, err
	}
	if id, err = s.ids.take(ctx, s.db, 1); err != nil {
		return 0, 0, err
	}
	if err := tx.Put(key, appendUvarint(nil, id)); err != nil {
		return 0, 0, err
	}
	if err := tx.Put(s.tagsKey(m.id, id), canon); err != nil {
		return 0, 0, err
	}
	for _, t := range tags {
		if err := tx.Put(s.indexKey(m.id, t, id), nil); err != nil {
			return 0, 0, err
		}
	}
	return id, 0, nil
}

// oneMore counts a series that is to be made. The count is of what was tried, so at the
// limit it is made anew from what there is.
func (s *Store) oneMore(ctx context.Context, m *Metric) error {
	c := &s.seen
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = make(map[[2]uint64]int)
	}
	key := [2]uint64{uint64(s.db), m.id}
	n, ok := c.of[key]
	if !ok || n >= s.opts.MaxSeries {
		var err error
		if n, err = s.countSeries(ctx, m); err != nil {
			return err
		}
	}
	if n >= s.opts.MaxSeries {
		c.of[key] = n
		return tooLarge("TOO_MANY_SERIES", "tags", "metric %q has %d series, the maximum of %d", m.Name, n, s.opts.MaxSeries).
			WithHint("leave out tags with ever new values, delete series, or raise timeseries.max_series")
	}
	c.of[key] = n + 1
	return nil
}

// countSeries counts what is committed, apart from any transaction.
func (s *Store) countSeries(ctx context.Context, m *Metric) (n int, err error) {
	err = s.txns.View(ctx, func(tx *txn.Tx) error {
		n = 0
		it := tx.Iter(within(s.of(objTags, m.id)))
		defer it.Close()
		for it.Next() {
			n++
		}
		return it.Err()
	})
	return n, err
}

// MatchOp is how a Matcher compares.
type MatchOp uint8

// The comparisons. A series without the tag has the empty value.
const (
	MatchIn       MatchOp = iota // the value is one of Values
	MatchNotIn                   // it is none of them
	MatchRegex                   // it matches Values[0] whole
	MatchNotRegex                // it does not
)

// Matcher is a condition on a tag.
type Matcher struct {
	Tag    string
	Op     MatchOp
	Values []string

	re *regexp.Regexp
}

func (m *Matcher) compile() error {
	if err := checkName("tag", m.Tag); err != nil {
		return err
	}
	if m.Op != MatchRegex && m.Op != MatchNotRegex {
		return nil
	}
	if len(m.Values) != 1 || len(m.Values[0]) > MaxTagValueBytes {
		return invalid("INVALID_REGEX", "tags", "the expression for tag %q is longer than %d bytes", m.Tag, MaxTagValueBytes)
	}
	re, err := regexp.Compile("^(?s:" + m.Values[0] + ")$")
	if err != nil {
		return invalid("INVALID_REGEX", "tags", "the expression for tag %q cannot be read: %s", m.Tag, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	m.re = re
	return nil
}

func (m *Matcher) holds(value string) bool {
	switch m.Op {
	case MatchIn:
		return slices.Contains(m.Values, value)
	case MatchNotIn:
		return !slices.Contains(m.Values, value)
	case MatchRegex:
		return m.re.MatchString(value)
	}
	return !m.re.MatchString(value)
}

// found is a series of a search.
type found struct {
	id   uint64
	tags []Tag
}

// find returns the series of a metric for which all matchers hold, by their ids.
func (s *Store) find(tx *txn.Tx, m *Metric, matchers []Matcher) (list []found, err error) {
	var set *roaring64.Bitmap // nil: all
	for i := range matchers {
		x := &matchers[i]
		if err := x.compile(); err != nil {
			return nil, err
		}
		hit, err := s.postings(tx, m, x)
		if err != nil {
			return nil, err
		}
		if x.holds("") { // what does not have the tag, too
			all, err := s.allSeries(tx, m)
			if err != nil {
				return nil, err
			}
			all.AndNot(hit)
			hit = all
		}
		if set == nil {
			set = hit
		} else {
			set.And(hit)
		}
	}
	if set == nil {
		return s.scanSeries(tx, m)
	}
	for ids := set.Iterator(); ids.HasNext(); {
		id := ids.Next()
		v, ok, err := tx.Get(s.tagsKey(m.id, id))
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, corrupt("series %d of metric %q has no tags", id, m.Name)
		}
		tags, err := decodeTags(v)
		if err != nil {
			return nil, err
		}
		list = append(list, found{id, tags})
	}
	return list, nil
}

// postings are the series with a tag whose value holds; where an absent tag holds, too,
// those whose value does not.
func (s *Store) postings(tx *txn.Tx, m *Metric, x *Matcher) (*roaring64.Bitmap, error) {
	set := roaring64.New()
	prefix := enc.AppendString(s.of(objIndex, m.id), x.Tag)
	absent := x.holds("")
	if !absent && x.Op == MatchIn {
		for _, v := range x.Values {
			if err := eachID(tx, enc.AppendString(slices.Clip(prefix), v), func(id uint64) { set.Add(id) }); err != nil {
				return nil, err
			}
		}
		return set, nil
	}
	it := tx.Iter(within(prefix))
	defer it.Close()
	var last []byte // the key up to the value
	holds := false
	for it.Next() {
		k := it.Key()
		if last == nil || !strings.HasPrefix(string(k), string(last)) {
			value, rest, err := enc.DecodeString(k[len(prefix):])
			if err != nil {
				return nil, corrupt("the key %x of the tag index is malformed", k)
			}
			last = append(last[:0], k[:len(k)-len(rest)]...)
			holds = x.holds(value)
		}
		if holds != absent {
			id, rest, err := enc.DecodeUint(k[len(last):])
			if err != nil || len(rest) != 0 {
				return nil, corrupt("the key %x of the tag index is malformed", k)
			}
			set.Add(id)
		}
	}
	return set, it.Err()
}

func eachID(tx *txn.Tx, prefix []byte, fn func(id uint64)) error {
	it := tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		id, rest, err := enc.DecodeUint(it.Key()[len(prefix):])
		if err != nil || len(rest) != 0 {
			return corrupt("the key %x of time series is malformed", it.Key())
		}
		fn(id)
	}
	return it.Err()
}

func (s *Store) allSeries(tx *txn.Tx, m *Metric) (*roaring64.Bitmap, error) {
	set := roaring64.New()
	return set, eachID(tx, s.of(objTags, m.id), func(id uint64) { set.Add(id) })
}

func (s *Store) scanSeries(tx *txn.Tx, m *Metric) (list []found, err error) {
	prefix := s.of(objTags, m.id)
	it := tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		id, _, err := enc.DecodeUint(it.Key()[len(prefix):])
		if err != nil {
			return nil, corrupt("the key %x of a series is malformed", it.Key())
		}
		tags, err := decodeTags(it.Value())
		if err != nil {
			return nil, err
		}
		list = append(list, found{id, tags})
	}
	return list, it.Err()
}

// Cardinality is how many series and values of tags a metric has.
type Cardinality struct {
	Series int
	Tags   []TagCardinality // by name
}

// TagCardinality is how many values a tag has, and how many series have it.
type TagCardinality struct {
	Tag    string
	Values int
	Series int
}

// Cardinality counts the series of a metric and the values of its tags.
func (s *Store) Cardinality(ctx context.Context, metric string) (c Cardinality, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		c = Cardinality{}
		m, err := s.MetricTx(tx, metric)
		if err != nil {
			return err
		}
		all, err := s.allSeries(tx, m)
		if err != nil {
			return err
		}
		c.Series = int(all.GetCardinality())
		return s.eachTagValue(tx, m, func(tag, value string, n int) {
			if len(c.Tags) == 0 || c.Tags[len(c.Tags)-1].Tag != tag {
				c.Tags = append(c.Tags, TagCardinality{Tag: tag})
			}
			t := &c.Tags[len(c.Tags)-1]
			t.Values++
			t.Series += n
		})
	})
	return c, err
}

// TagValues are the values of a tag of a metric, in the order of their bytes.
func (s *Store) TagValues(ctx context.Context, metric, tag string) (values []string, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		values = nil
		m, err := s.MetricTx(tx, metric)
		if err != nil {
			return err
		}
		return s.eachTagValue(tx, m, func(t, value string, _ int) {
			if t == tag {
				values = append(values, value)
			}
		})
	})
	return values, err
}

// eachTagValue calls fn for each tag and value, in order, with the number of series.
func (s *Store) eachTagValue(tx *txn.Tx, m *Metric, fn func(tag, value string, series int)) error {
	prefix := s.of(objIndex, m.id)
	it := tx.Iter(within(prefix))
	defer it.Close()
	var last Tag
	n := 0
	for it.Next() {
		var t Tag
		var err error
		rest := it.Key()[len(prefix):]
		if t.Key, rest, err = enc.DecodeString(rest); err == nil {
			t.Value, _, err = enc.DecodeString(rest)
		}
		if err != nil {
			return corrupt("the key %x of the tag index is malformed", it.Key())
		}
		if t != last && n > 0 {
			fn(last.Key, last.Value, n)
			n = 0
		}
		last = t
		n++
	}
	if n > 0 {
		fn(last.Key, last.Value, n)
	}
	return it.Err()
}

// forget removes a series: its tags, its entries of the index, and soon its points. Who
// writes to it meanwhile runs again.
func (s *Store) forget(tx *txn.Tx, m *Metric, f found) error {
	if err := s.removeSeries(tx, m, f); err != nil {
		return err
	}
	if err := tx.Put(s.goneKey(m.id), nil); err != nil {
		return err
	}
	return tx.Put(s.droppedKey(m.id, f.id), nil)
}

// droppedKey is that of a series whose points are to be removed.
func (s *Store) droppedKey(metric, series uint64) []byte {
	return enc.AppendUint(enc.AppendUint(appendObject(nil, s.db, objDropped), metric), series)
}

func (s *Store) removeSeries(tx *txn.Tx, m *Metric, f found) error {
	_, canon, err := canonical(f.tags)
	if err != nil {
		return err
	}
	for _, key := range [][]byte{s.seriesKey(m.id, canon), s.tagsKey(m.id, f.id)} {
		if err := tx.Delete(key); err != nil {
			return err
		}
	}
	for _, t := range f.tags {
		if err := tx.Delete(s.indexKey(m.id, t, f.id)); err != nil {
			return err
		}
	}
	return nil
}

// Extents are where in the key space a metric lies.
func (s *Store) Extents(m *Metric) (list [][2][]byte) {
	for _, prefix := range s.prefixes(m.id) {
		list = append(list, [2][]byte{prefix, keyspace.End(prefix)})
	}
	return list
}

func (s *Store) prefixes(metric uint64) [][]byte {
	return [][]byte{
		appendObject(nil, s.db, keyspace.ObjectID(metric)),
		s.of(objOpen, metric), s.of(objSeries, metric), s.of(objTags, metric), s.of(objIndex, metric), s.of(objBatch, metric), s.of(objMark, metric), s.of(objGone, metric),
	}
}
