package timeseries

import (
	"sort"

	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// How the head hears of commits.

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
	before := x.points
	if err := x.add(batchAt{at: at, number: number}, v); err != nil && x.err == nil {
		x.err = err
	}
	if n := h.points.Add(int64(x.points - before)); n > h.limit {
		select {
		case h.kick <- struct{}{}:
		default:
		}
	}
}
