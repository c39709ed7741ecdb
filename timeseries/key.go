package timeseries

import (
	"encoding/binary"
	"math"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Objects of keyspace.SpaceSeries. Part of the format: docs/format/timeseries.md.
const (
	objMetrics  keyspace.ObjectID = 0  // name → metric
	objNumbers  keyspace.ObjectID = 1  // one record: the next id
	objSeries   keyspace.ObjectID = 2  // metric id, tags → series id
	objTags     keyspace.ObjectID = 3  // metric id, series id → tags
	objIndex    keyspace.ObjectID = 4  // metric id, tag, value, series id → nothing
	objOpen     keyspace.ObjectID = 5  // metric id, series id, field, number → points or a deletion
	objDropped  keyspace.ObjectID = 6  // metric id, or metric id and series id → nothing: to be removed
	objPolicies keyspace.ObjectID = 7  // name → retention policy
	objRetained keyspace.ObjectID = 8  // metric id → what is kept of it
	objBatch    keyspace.ObjectID = 9  // metric id, number → points of many columns
	objMark     keyspace.ObjectID = 10 // metric id → how far batches are sealed
	objGone     keyspace.ObjectID = 11 // metric id → nothing: written when series of it are removed
	firstID     keyspace.ObjectID = 16 // of metrics: series id, field, last time → block
)

func appendObject(dst []byte, db keyspace.DatabaseID, obj keyspace.ObjectID) []byte {
	return keyspace.AppendPrefix(dst, db, keyspace.SpaceSeries, obj)
}

func (s *Store) metricKey(name string) []byte {
	return enc.AppendString(appendObject(nil, s.db, objMetrics), name)
}

// of appends the metric's part of keys in objSeries, objTags, objIndex, objOpen.
func (s *Store) of(obj keyspace.ObjectID, metric uint64) []byte {
	return enc.AppendUint(appendObject(make([]byte, 0, 64), s.db, obj), metric)
}

func (s *Store) seriesKey(metric uint64, tags []byte) []byte {
	return append(s.of(objSeries, metric), tags...)
}

func (s *Store) tagsKey(metric, series uint64) []byte {
	return enc.AppendUint(s.of(objTags, metric), series)
}

func (s *Store) indexKey(metric uint64, t Tag, series uint64) []byte {
	return enc.AppendUint(enc.AppendString(enc.AppendString(s.of(objIndex, metric), t.Key), t.Value), series)
}

// column is a field of a series: what one run of blocks is of.
type column struct {
	metric, series uint64
	field          int
}

func (s *Store) openPrefix(c column) []byte {
	return enc.AppendUint(enc.AppendUint(s.of(objOpen, c.metric), c.series), uint64(c.field))
}

func (s *Store) blockPrefix(c column) []byte {
	dst := appendObject(make([]byte, 0, 64), s.db, keyspace.ObjectID(c.metric))
	return enc.AppendUint(enc.AppendUint(dst, c.series), uint64(c.field))
}

func (s *Store) blockKey(c column, last int64) []byte { return enc.AppendTime(s.blockPrefix(c), last) }

func within(prefix []byte) txn.IterOptions {
	return txn.IterOptions{Lower: prefix, Upper: keyspace.End(prefix)}
}

// cutOpen reads what follows the object of a key in objOpen.
func cutOpen(tuple []byte) (c column, number uint64, err error) {
	if c.metric, tuple, err = enc.DecodeUint(tuple); err != nil {
		return c, 0, err
	}
	if c.series, tuple, err = enc.DecodeUint(tuple); err != nil {
		return c, 0, err
	}
	field, tuple, err := enc.DecodeUint(tuple)
	if err != nil || field > math.MaxInt32 {
		return c, 0, enc.ErrFormat
	}
	c.field = int(field)
	number, tuple, err = enc.DecodeUint(tuple)
	if err == nil && len(tuple) != 0 {
		err = enc.ErrFormat
	}
	return c, number, err
}

func appendVarint(dst []byte, v int64) []byte { return binary.AppendVarint(dst, v) }

func appendUvarint(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, v) }

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
