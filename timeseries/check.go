package timeseries

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Checked counts what a check has looked at.
type Checked struct {
	Metrics, Series, Blocks, Points int64
}

// Check reads all points of every database as of one moment, and holds series, tags and
// their index against each other. What is wrong goes to found; the error is for what
// kept the check from its end.
func (s *Store) Check(ctx context.Context, found func(problem string)) (n Checked, err error) {
	dbs, _, err := s.databases(ctx)
	if err != nil {
		return n, fmt.Errorf("check time series: %w", err)
	}
	tx, err := s.txns.Begin(ctx, txn.TxOptions{ReadOnly: true, AnyAge: true})
	if err != nil {
		return n, fmt.Errorf("check time series: %w", err)
	}
	defer tx.Rollback()
	for _, db := range dbs {
		c := &checker{s: s.In(db), tx: tx, ctx: ctx, n: &n, found: found}
		if err := c.database(); err != nil {
			return n, fmt.Errorf("check time series: %w", err)
		}
	}
	return n, nil
}

// checker checks one database.
type checker struct {
	s     *Store
	tx    *txn.Tx
	ctx   context.Context
	n     *Checked
	found func(problem string)
	m     *Metric
	tags  map[uint64][]Tag // of the series of m
}

func (c *checker) problem(format string, args ...any) {
	c.found(fmt.Sprintf("database %d: ", c.s.db) + fmt.Sprintf(format, args...))
}

func (c *checker) database() error {
	list, err := c.s.MetricsTx(c.tx)
	if errors.Is(err, dberr.ErrCorrupt) {
		c.problem("the metrics: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	for _, m := range list {
		c.n.Metrics++
		c.m, c.tags = m, make(map[uint64][]Tag)
		for _, step := range []func() error{c.series, c.names, c.index, c.blocks, c.open, c.batches, c.tiers} {
			if err := step(); err != nil {
				return err
			}
			if c.ctx.Err() != nil {
				return context.Cause(c.ctx)
			}
		}
	}
	return nil
}

// each calls fn for every key with a prefix; what it finds malformed is told.
func (c *checker) each(prefix []byte, fn func(tuple, value []byte) error) error {
	it := c.tx.Iter(within(prefix))
	defer it.Close()
	for n := 0; it.Next(); n++ {
		if n%256 == 0 && c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		err := fn(it.Key()[len(prefix):], it.Value())
		if errors.Is(err, dberr.ErrCorrupt) || errors.Is(err, enc.ErrFormat) || errors.Is(err, enc.ErrShort) {
			c.problem("metric %q, key %x: %v", c.m.Name, it.Key(), err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return it.Err()
}

func (c *checker) series() error {
	return c.each(c.s.of(objTags, c.m.id), func(tuple, value []byte) error {
		c.n.Series++
		id, rest, err := enc.DecodeUint(tuple)
		if err != nil || len(rest) != 0 {
			return enc.ErrFormat
		}
		tags, err := decodeTags(value)
		if err != nil {
			return err
		}
		c.tags[id] = tags
		v, ok, err := c.tx.Get(c.s.seriesKey(c.m.id, value))
		if err != nil {
			return err
		}
		if !ok || string(v) != string(appendUvarint(nil, id)) {
			c.problem("metric %q: series %d is not found by its tags", c.m.Name, id)
		}
		for _, t := range tags {
			_, ok, err := c.tx.Get(c.s.indexKey(c.m.id, t, id))
			if err != nil {
				return err
			}
			if !ok {
				c.problem("metric %q: the tag index lacks series %d with %s=%q", c.m.Name, id, t.Key, t.Value)
			}
		}
		return nil
	})
}

// names holds that every set of tags leads to a series.
func (c *checker) names() error {
	return c.each(c.s.of(objSeries, c.m.id), func(_, value []byte) error {
		r := enc.NewReader(value)
		if id := r.Uvarint(); r.Bad() || !c.has(id) {
			c.problem("metric %q: tags lead to series %d, which is not there", c.m.Name, id)
		}
		return nil
	})
}

func (c *checker) has(id uint64) bool {
	_, ok := c.tags[id]
	return ok
}

func (c *checker) index() error {
	return c.each(c.s.of(objIndex, c.m.id), func(tuple, _ []byte) error {
		var t Tag
		var id uint64
		var err error
		if t.Key, tuple, err = enc.DecodeString(tuple); err != nil {
			return err
		}
		if t.Value, tuple, err = enc.DecodeString(tuple); err != nil {
			return err
		}
		if id, tuple, err = enc.DecodeUint(tuple); err != nil || len(tuple) != 0 {
			return enc.ErrFormat
		}
		if !slices.Contains(c.tags[id], t) {
			c.problem("metric %q: the tag index has series %d with %s=%q, which it does not have", c.m.Name, id, t.Key, t.Value)
		}
		return nil
	})
}

// blocks reads every block, and holds that those of a column do not overlap.
func (c *checker) blocks() error {
	var last column
	var lastTime int64
	prefix := c.s.prefixes(c.m.id)[0]
	return c.each(prefix, func(tuple, value []byte) error {
		col := column{metric: c.m.id}
		var err error
		var field uint64
		if col.series, tuple, err = enc.DecodeUint(tuple); err != nil {
			return err
		}
		if field, tuple, err = enc.DecodeUint(tuple); err != nil || field > math.MaxInt32 {
			return enc.ErrFormat
		}
		col.field = int(field)
		at, rest, err := enc.DecodeTime(tuple)
		if err != nil || len(rest) != 0 {
			return enc.ErrFormat
		}
		var p block.Points
		if err := block.Decode(value, &p); err != nil {
			return err
		}
		c.n.Blocks++
		c.n.Points += int64(p.Len())
		if err := c.belongs(col, p.Kind); err != nil {
			return err
		}
		if p.Times[p.Len()-1] != at || !increasing(p.Times) || col == last && p.Times[0] <= lastTime {
			c.problem("metric %q: a block of series %d up to %d is out of place", c.m.Name, col.series, at)
		}
		last, lastTime = col, at
		return nil
	})
}

func increasing(times []int64) bool {
	for i := 1; i < len(times); i++ {
		if times[i] <= times[i-1] {
			return false
		}
	}
	return true
}

// belongs holds that a column is one of the metric, but for series that were dropped,
// whose points are removed soon.
func (c *checker) belongs(col column, kind block.Kind) error {
	if !c.has(col.series) {
		key := c.s.droppedKey(c.m.id, col.series)
		_, dropped, err := c.tx.Get(key)
		if err == nil && !dropped {
			c.problem("metric %q: there are points of series %d, which is not there", c.m.Name, col.series)
		}
		return err
	}
	if col.field >= len(c.m.Fields) || kind != 0 && c.m.Fields[col.field].Kind != kind {
		c.problem("metric %q: series %d has points of %v in field %d, which is none of that type", c.m.Name, col.series, kind, col.field)
	}
	return nil
}

func (c *checker) open() error {
	prefix := c.s.of(objOpen, c.m.id)
	head := len(appendObject(nil, c.s.db, objOpen))
	return c.each(prefix, func(tuple, value []byte) error {
		col, _, err := cutOpen(append(slices.Clone(prefix[head:]), tuple...))
		if err != nil {
			return err
		}
		var l layer
		if err := l.read(value, math.MinInt64, math.MaxInt64); err != nil {
			return err
		}
		kind := block.Kind(0)
		if l.points != nil {
			c.n.Points += int64(l.points.Len())
			if kind = l.points.Kind; !increasing(l.points.Times) {
				c.problem("metric %q: open points of series %d are out of order", c.m.Name, col.series)
			}
		}
		return c.belongs(col, kind)
	})
}

// batches reads what many columns share. Of series that were removed points may be left.
func (c *checker) batches() error {
	m, err := c.s.mark(c.tx, c.m.id)
	if errors.Is(err, dberr.ErrCorrupt) {
		c.problem("metric %q: %v", c.m.Name, err)
		return nil
	}
	if err != nil {
		return err
	}
	prefix := c.s.of(objBatch, c.m.id)
	it := c.tx.Iter(within(prefix))
	defer it.Close()
	for it.Next() {
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		_, err := c.s.cutBatch(it.Key(), c.m.id)
		var list []columnPoints
		if err == nil {
			list, err = columnsOf(it.Value(), c.m.id)
		}
		if errors.Is(err, dberr.ErrCorrupt) || errors.Is(err, dberr.ErrInvalid) {
			c.problem("metric %q, key %x: %v", c.m.Name, it.Key(), err)
			continue
		}
		if err != nil {
			return err
		}
		for _, x := range list {
			if uint64(it.Timestamp()) <= m.of(x.column) {
				continue // it is in blocks
			}
			c.n.Points += int64(x.points.Len())
			if !increasing(x.points.Times) {
				c.problem("metric %q: points of series %d in a batch are out of order", c.m.Name, x.series)
			}
			if c.has(x.series) {
				if err := c.belongs(x.column, x.points.Kind); err != nil {
					return err
				}
			}
		}
	}
	return it.Err()
}

// tiers reads all rows, and holds that they are of windows of their tier.
func (c *checker) tiers() error {
	st, err := c.s.retained(c.tx, c.m.id)
	if errors.Is(err, dberr.ErrCorrupt) {
		c.problem("metric %q: %v", c.m.Name, err)
		return nil
	}
	if err != nil || st == nil {
		return err
	}
	for _, t := range st.tiers {
		var last column
		var lastStart int64
		prefix := appendObject(nil, c.s.db, keyspace.ObjectID(t.id))
		err := c.each(prefix, func(tuple, value []byte) error {
			col := column{metric: t.id}
			var field uint64
			var err error
			if col.series, tuple, err = enc.DecodeUint(tuple); err != nil {
				return err
			}
			if field, _, err = enc.DecodeUint(tuple); err != nil || field >= uint64(len(c.m.Fields)) {
				return enc.ErrFormat
			}
			col.field = int(field)
			rows, err := readRows(nil, value, c.m.Fields[field].Kind)
			if err != nil {
				return err
			}
			for _, x := range rows {
				if floorTo(x.start, int64(t.Interval)) != x.start || col == last && x.start <= lastStart {
					c.problem("metric %q: a row of series %d at %d is out of place in the tier of %v", c.m.Name, col.series, x.start, t.Interval)
				}
				last, lastStart = col, x.start
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
