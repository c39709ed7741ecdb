package timeseries

import (
	"context"
	"slices"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// Recompressed are what a recompression did.
type Recompressed struct {
	Scanned      int // blocks that were looked at
	Recompressed int // blocks that were written anew, as fewer or smaller ones
	Already      int // blocks that are as small as they get
	BytesBefore  int64
	BytesAfter   int64
}

// Recompress writes the sealed blocks of a metric that lie from from to to, both included,
// anew where that makes them smaller: small neighbours become one block, and all encodings
// are weighed. Sealing does so by itself as a series grows; what a series that no longer
// grows was left with, this does.
func (s *Store) Recompress(ctx context.Context, metric string, from, to int64) (n Recompressed, err error) {
	if from > to {
		return n, invalid("INVALID_RANGE", "end", "the range ends before it starts")
	}
	m, err := s.Metric(ctx, metric)
	if err != nil {
		return n, err
	}
	s.seal.mu.Lock() // nobody else writes blocks
	defer s.seal.mu.Unlock()
	var list []found
	if err := s.txns.View(ctx, func(tx *txn.Tx) error {
		list, err = s.scanSeries(tx, m)
		return err
	}); err != nil {
		return n, err
	}
	for _, f := range list {
		for field := range m.Fields {
			if err := s.recompress(ctx, m, column{m.id, f.id, field}, from, to, &n); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// recompress does one column, in transactions of some blocks.
func (s *Store) recompress(ctx context.Context, m *Metric, c column, from, to int64, n *Recompressed) error {
	for more := true; more; {
		var done Recompressed
		err := s.txns.Update(ctx, txn.TxOptions{Isolation: txn.Snapshot}, func(tx *txn.Tx) error {
			done = Recompressed{}
			if err := tx.Guard(s.metricKey(m.Name)); err != nil {
				return err
			}
			now, ok, err := s.metric(tx, m.Name)
			if err != nil || !ok || now.id != m.id {
				more = false
				return err
			}
			var next int64
			if next, more, err = s.recompressSome(tx, c, from, to, &done); err == nil {
				from = next
			}
			return err
		})
		if err != nil {
			return err
		}
		n.Scanned, n.Recompressed, n.Already = n.Scanned+done.Scanned, n.Recompressed+done.Recompressed, n.Already+done.Already
		n.BytesBefore, n.BytesAfter = n.BytesBefore+done.BytesBefore, n.BytesAfter+done.BytesAfter
	}
	return nil
}

// together are neighbouring blocks that fit into one.
type together struct {
	keys   [][]byte
	raw    [][]byte
	points int
	bytes  int
}

// recompressSome goes through up to sealBatch blocks that lie within a range, and returns
// from where on there may be more.
func (s *Store) recompressSome(tx *txn.Tx, c column, from, to int64, n *Recompressed) (next int64, more bool, err error) {
	opts := within(s.blockPrefix(c))
	opts.Lower = s.blockKey(c, from)
	it := tx.Iter(opts)
	defer it.Close()
	var groups []together
	next = from
	for it.Next() {
		h, err := block.ReadHeader(it.Value())
		if err != nil {
			return next, false, err
		}
		if h.MaxTime > to {
			break
		}
		if n.Scanned == sealBatch {
			more = true
			break
		}
		if next = h.MaxTime; next < to {
			next++
		}
		if h.MinTime < from {
			continue
		}
		n.Scanned++
		n.BytesBefore += int64(len(it.Value()))
		if k := len(groups); k == 0 || groups[k-1].points+h.Count > blockPoints {
			groups = append(groups, together{})
		}
		g := &groups[len(groups)-1]
		g.keys, g.raw = append(g.keys, slices.Clone(it.Key())), append(g.raw, slices.Clone(it.Value()))
		g.points, g.bytes = g.points+h.Count, g.bytes+len(it.Value())
	}
	if err := it.Err(); err != nil {
		return next, false, err
	}
	for i := range groups {
		if err := s.recompressGroup(tx, c, &groups[i], n); err != nil {
			return next, false, err
		}
	}
	return next, more, nil
}

func (s *Store) recompressGroup(tx *txn.Tx, c column, g *together, n *Recompressed) error {
	var p block.Points
	for _, raw := range g.raw {
		if err := block.Decode(raw, &p); err != nil {
			return err
		}
	}
	after := g.bytes
	var v []byte
	if partLen(&p, 0) == p.Len() { // else texts are too long for one block
		var err error
		if v, err = block.Append(nil, &p, block.Small); err != nil {
			return err
		}
		after = len(v)
	}
	if after >= g.bytes {
		n.Already += len(g.keys)
		n.BytesAfter += int64(g.bytes)
		return nil
	}
	for _, key := range g.keys {
		if err := tx.Delete(key); err != nil {
			return err
		}
	}
	n.Recompressed += len(g.keys)
	n.BytesAfter += int64(after)
	return tx.Put(enc.AppendTime(s.blockPrefix(c), p.Times[p.Len()-1]), v)
}
