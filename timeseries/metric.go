package timeseries

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Type says what a metric measures; queries treat all alike. The numbers are stored.
type Type uint8

// The types.
const (
	Gauge Type = iota
	Counter
	Histogram
	Summary
)

// TypeNames are the names of the types, in their order.
var TypeNames = []string{"gauge", "counter", "histogram", "summary"}

// String is the name of the type.
func (t Type) String() string { return TypeNames[t] }

// Policy says which of several points of one series, field and timestamp is seen. The
// numbers are stored.
type Policy uint8

// The policies.
const (
	Last  Policy = iota // the one that was committed last
	First               // the one that was committed first
	Least               // the least value
	Most                // the greatest value
)

// PolicyNames are the names of the policies, in their order.
var PolicyNames = []string{"last", "first", "min", "max"}

// String is the name of the policy.
func (p Policy) String() string { return PolicyNames[p] }

// FieldInfo describes a field of a metric.
type FieldInfo struct {
	Name string
	Kind block.Kind
}

// DefaultField is the field of points that have one value without a name.
const DefaultField = "value"

// Metric is a set of series with one name.
type Metric struct {
	Name        string
	Type        Type
	Unit        string
	Description string
	Duplicates  Policy
	Fields      []FieldInfo // in the order in which they came; none is ever removed
	Created     time.Time

	id uint64
}

// Field finds a field by its name; -1 where there is none.
func (m *Metric) Field(name string) int {
	for i := range m.Fields {
		if m.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

const metricVersion = 1

func (m *Metric) append(dst []byte) []byte {
	dst = appendUvarint(append(dst, metricVersion), m.id)
	dst = append(dst, byte(m.Type), byte(m.Duplicates))
	dst = appendUvarint(dst, uint64(m.Created.UnixNano()))
	dst = appendText(appendText(dst, m.Unit), m.Description)
	dst = appendUvarint(dst, uint64(len(m.Fields)))
	for _, f := range m.Fields {
		dst = append(appendText(dst, f.Name), byte(f.Kind))
	}
	return dst
}

func (m *Metric) decode(v []byte) error {
	if len(v) == 0 || v[0] != metricVersion {
		return corrupt("the record of metric %q has no version that is known", m.Name)
	}
	r := enc.NewReader(v[1:])
	m.id = r.Uvarint()
	m.Type, m.Duplicates = Type(r.Byte()), Policy(r.Byte())
	m.Created = time.Unix(0, int64(r.Uvarint())).UTC()
	m.Unit, m.Description = r.Text(), r.Text()
	n := r.Uvarint()
	m.Fields = nil
	for range min(n, MaxFields) {
		m.Fields = append(m.Fields, FieldInfo{Name: r.Text(), Kind: block.Kind(r.Byte())})
	}
	if !r.Done() || n > MaxFields || int(m.Type) >= len(TypeNames) || int(m.Duplicates) >= len(PolicyNames) || m.id < uint64(firstID) {
		return corrupt("the record of metric %q is malformed", m.Name)
	}
	return nil
}

// checkName holds the name of a metric, field or tag against the rules.
func checkName(what, name string) error {
	field := strings.ReplaceAll(what, " ", "_")
	switch {
	case name == "":
		return invalid("INVALID_NAME", field, "the name of a %s is empty", what)
	case len(name) > MaxNameBytes:
		return tooLarge("NAME_TOO_LARGE", field, "the name of a %s has %d bytes, over the maximum of %d", what, len(name), MaxNameBytes)
	case !utf8.ValidString(name):
		return invalid("INVALID_NAME", field, "the name of a %s must be UTF-8", what)
	}
	for _, c := range name {
		if !unicode.IsPrint(c) {
			return invalid("INVALID_NAME", field, "the name %q of a %s holds %q", name, what, c)
		}
	}
	return nil
}

func (s *Store) metric(tx *txn.Tx, name string) (*Metric, bool, error) {
	if err := checkName("metric", name); err != nil {
		return nil, false, err
	}
	v, ok, err := tx.Get(s.metricKey(name))
	if err != nil || !ok {
		return nil, false, err
	}
	m := &Metric{Name: name}
	return m, true, m.decode(v)
}

func errNoMetric(name string) error {
	return dberr.New(dberr.ErrNotFound, "METRIC_NOT_FOUND", "there is no metric %q", shorten(name)).
		WithField("metric").WithHint("the first write makes it")
}

func shorten(s string) string {
	if len(s) > 64 {
		return s[:61] + "..."
	}
	return s
}

// MetricTx returns a metric.
func (s *Store) MetricTx(tx *txn.Tx, name string) (*Metric, error) {
	m, ok, err := s.metric(tx, name)
	if err == nil && !ok {
		err = errNoMetric(name)
	}
	return m, err
}

// Metric returns a metric.
func (s *Store) Metric(ctx context.Context, name string) (m *Metric, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		m, err = s.MetricTx(tx, name)
		return err
	})
	return m, err
}

// LookupTx is MetricTx that says whether there is one.
func (s *Store) LookupTx(tx *txn.Tx, name string) (*Metric, bool, error) { return s.metric(tx, name) }

// MetricsTx returns all metrics in the order of their names.
func (s *Store) MetricsTx(tx *txn.Tx) (list []*Metric, err error) {
	it := tx.Iter(within(appendObject(nil, s.db, objMetrics)))
	defer it.Close()
	for it.Next() {
		_, _, _, tuple, ok := keyspace.Split(it.Key())
		name, rest, err := enc.DecodeString(tuple)
		if !ok || err != nil || len(rest) != 0 {
			return nil, corrupt("the key %x of a metric is malformed", it.Key())
		}
		m := &Metric{Name: name}
		if err := m.decode(it.Value()); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, it.Err()
}

// Metrics returns all metrics in the order of their names.
func (s *Store) Metrics(ctx context.Context) (list []*Metric, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		list, err = s.MetricsTx(tx)
		return err
	})
	return list, err
}

// makeMetric adds a metric; the caller has seen that there is none.
func (s *Store) makeMetric(ctx context.Context, tx *txn.Tx, m *Metric) error {
	if err := checkName("metric", m.Name); err != nil {
		return err
	}
	id, err := s.ids.take(ctx, s.db, 1)
	if err != nil {
		return err
	}
	m.id, m.Created = id, s.Now().UTC()
	return tx.Put(s.metricKey(m.Name), m.append(nil))
}

// Register adds a metric, with fields where it names some. One that is there is an
// error of class ErrExists.
func (s *Store) Register(ctx context.Context, m Metric) (*Metric, error) {
	if len(m.Unit) > MaxNameBytes {
		return nil, tooLarge("UNIT_TOO_LARGE", "unit", "a unit of %d bytes is over the maximum of %d", len(m.Unit), MaxNameBytes)
	}
	if len(m.Description) > MaxTagValueBytes {
		return nil, tooLarge("DESCRIPTION_TOO_LARGE", "description", "a description of %d bytes is over the maximum of %d", len(m.Description), MaxTagValueBytes)
	}
	if len(m.Fields) > MaxFields {
		return nil, tooLarge("TOO_MANY_FIELDS", "fields", "%d fields are over the maximum of %d", len(m.Fields), MaxFields)
	}
	for i, f := range m.Fields {
		if err := checkName("field", f.Name); err != nil {
			return nil, err
		}
		if m.Field(f.Name) != i {
			return nil, invalid("DUPLICATE_FIELD", "fields", "field %q comes twice", f.Name)
		}
	}
	err := s.update(ctx, func(tx *txn.Tx) error {
		_, ok, err := s.metric(tx, m.Name)
		if err != nil {
			return err
		}
		if ok {
			return dberr.New(dberr.ErrExists, "METRIC_EXISTS", "metric %q is there already", m.Name).WithField("name")
		}
		return s.makeMetric(ctx, tx, &m)
	})
	return &m, err
}

// Drop removes a metric with all its series. They are out of sight with the commit, and
// their memory is taken back soon after.
func (s *Store) Drop(ctx context.Context, name string) error {
	return s.update(ctx, func(tx *txn.Tx) error {
		m, err := s.MetricTx(tx, name)
		if err != nil {
			return err
		}
		if err := tx.Put(enc.AppendUint(appendObject(nil, s.db, objDropped), m.id), nil); err != nil {
			return err
		}
		return tx.Delete(s.metricKey(name))
	})
}

func errManyFields(m *Metric) error {
	return tooLarge("TOO_MANY_FIELDS", "fields", "metric %q has %d fields, and more than %d it cannot have", m.Name, len(m.Fields), MaxFields)
}

// addField gives a metric one more field, whose name was checked.
func (s *Store) addField(tx *txn.Tx, m *Metric, name string, kind block.Kind) (int, error) {
	m.Fields = append(m.Fields, FieldInfo{Name: name, Kind: kind})
	if err := tx.Put(s.metricKey(m.Name), m.append(nil)); err != nil {
		return 0, fmt.Errorf("add field %q: %w", name, err)
	}
	return len(m.Fields) - 1, nil
}
