package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/dgraph-io/badger/v4"
	"go.etcd.io/bbolt"

	"github.com/weftdb/weft/bench/report"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// The six workloads of the Yahoo! Cloud Serving Benchmark, on Weft through the key-value
// model of its Go API. Every operation is a transaction of its own on all sides that
// have transactions; nobody waits for the disk.

// kvEngine is the key-value model as an engine.
type kvEngine struct {
	s    *storage.Store
	keys *kv.Store
}

const kvBucket = "bench"

func openKV(o setup) (engine, error) {
	opts := storage.Options{BufferBytes: o.memory, History: -1, MaxRetries: 1 << 20}
	if !o.sync {
		opts.Durability = txn.DurabilityAsync // what the others promise
	}
	s, err := storage.Open(vfs.OS(), o.dir, opts)
	if err != nil {
		return nil, err
	}
	keys, err := kv.Open(s.Store, kv.Options{})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &kvEngine{s, keys}, nil
}

func (e *kvEngine) write(list []record) error {
	if len(list) == 1 {
		_, err := e.keys.Put(ctx, kvBucket, list[0].key, kv.Raw(list[0].value), kv.PutOptions{})
		return err
	}
	return e.keys.Update(ctx, func(tx *txn.Tx) error {
		for i := range list {
			if _, err := e.keys.PutTx(tx, kvBucket, list[i].key, kv.Raw(list[i].value), kv.PutOptions{}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *kvEngine) snapshot() (reader, error) {
	tx, err := e.s.Begin(ctx, txn.TxOptions{ReadOnly: true})
	return kvReader{e, tx}, err
}

func (e *kvEngine) transfer(_, _ []byte) error {
	return errors.New("transfers are those of the engine")
}

func (e *kvEngine) settle() error { return (&weftEngine{e.s}).settle() }

func (e *kvEngine) close() error { return errors.Join(e.keys.Close(), e.s.Close()) }

type kvReader struct {
	e  *kvEngine
	tx *txn.Tx
}

func (r kvReader) get(key []byte) (bool, error) {
	v, ok, err := r.e.keys.GetTx(r.tx, kvBucket, key)
	if ok {
		touch(key, v.Value.Data)
	}
	return ok, err
}

func (r kvReader) scan(key []byte, n int) (int, error) {
	rows := 0
	for entry, err := range r.e.keys.AllTx(r.tx, kvBucket, kv.Scan{Range: kv.Range{Start: key}}) {
		if err != nil {
			return rows, err
		}
		touch(entry.Key, entry.Value.Data)
		if rows++; rows == n {
			break
		}
	}
	return rows, nil
}

func (r kvReader) close() error { r.tx.Release(); return nil }

// modify reads a record and writes it changed, in one transaction.
func modify(s *store, key []byte, change func([]byte) []byte) error {
	switch e := s.engine.(type) {
	case *kvEngine:
		return e.keys.Update(ctx, func(tx *txn.Tx) error {
			v, _, err := e.keys.GetTx(tx, kvBucket, key)
			if err != nil {
				return err
			}
			_, err = e.keys.PutTx(tx, kvBucket, key, kv.Raw(change(v.Value.Data)), kv.PutOptions{})
			return err
		})
	case *pebbleEngine: // without a transaction
		v, c, err := e.db.Get(key)
		if err != nil {
			return err
		}
		next := change(v)
		return errors.Join(c.Close(), e.db.Set(key, next, pebble.NoSync))
	case *badgerEngine:
		for {
			err := e.db.Update(func(tx *badger.Txn) error {
				it, err := tx.Get(key)
				if err != nil {
					return err
				}
				v, err := it.ValueCopy(nil)
				if err != nil {
					return err
				}
				return tx.Set(key, change(v))
			})
			if !errors.Is(err, badger.ErrConflict) {
				return err
			}
		}
	case *boltEngine:
		return e.db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket(bucket)
			return b.Put(key, change(b.Get(key)))
		})
	}
	return fmt.Errorf("%s cannot modify", s.side)
}

// getOne reads a record in a snapshot of its own.
func getOne(s *store, key []byte, dst *[]byte) (ok bool, err error) {
	switch e := s.engine.(type) {
	case *kvEngine:
		*dst, ok, err = e.keys.AppendValue(ctx, (*dst)[:0], kvBucket, key)
		return ok, err
	case *pebbleEngine:
		v, c, err := e.db.Get(key)
		if errors.Is(err, pebble.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		*dst = append((*dst)[:0], v...)
		return true, c.Close()
	}
	r, err := s.snapshot()
	if err != nil {
		return false, err
	}
	ok, err = r.get(key)
	return ok, errors.Join(err, r.close())
}

func scanOne(s *store, key []byte, n int) error {
	r, err := s.snapshot()
	if err != nil {
		return err
	}
	_, err = r.scan(key, n)
	return errors.Join(err, r.close())
}

// workload is a mixture, in hundredths.
type workload struct {
	name                                string
	read, update, insert, scan, readMod int
	latest                              bool // reads are of what came last
}

var workloads = []workload{
	{name: "YCSB A: half reads, half updates", read: 50, update: 50},
	{name: "YCSB B: 95 % reads, 5 % updates", read: 95, update: 5},
	{name: "YCSB C: reads", read: 100},
	{name: "YCSB D: 95 % reads of the latest, 5 % inserts", read: 95, insert: 5, latest: true},
	{name: "YCSB E: 95 % scans of 1 to 100, 5 % inserts", scan: 95, insert: 5},
	{name: "YCSB F: half reads, half reads and writes", read: 50, readMod: 50},
}

const ycsbClients = 8

// benchYCSB runs the workloads, one store of each side for all of them.
func benchYCSB(c *config, t *report.Table) (err error) {
	defer func(raw func(setup) (engine, error)) { openers["weft"] = raw }(openers["weft"])
	openers["weft"] = openKV
	list, err := c.openAll([]string{"weft", "pebble", "badger", "bbolt"}, setup{memory: plenty}, func(s *store) error {
		return errors.Join(fill(s, c.records, keyOf), s.settle())
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeAll(list)) }()
	counts := map[string]*atomic.Int64{}
	for _, s := range list {
		counts[s.side] = &atomic.Int64{}
		counts[s.side].Store(int64(c.records))
	}
	for _, w := range workloads {
		row := t.Row(w.name, report.PerSecond, report.AtLeast(1.0, "pebble"), report.AtLeast(1.5, "badger"), report.AtLeast(1.5, "bbolt"))
		err := c.turns(list, func(s *store, round int) error {
			r, err := drive(ycsbClients, c.round, false, func(client int) (func() (int, error), func() error, error) {
				return w.client(s, c.records, counts[s.side], uint64(round*ycsbClients+client)), nil, nil
			})
			row.Add(s.side, r.perSec())
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return nil
}

// client gives the operations of one client. Keys are chosen by Zipf's law and
// scattered, as YCSB does.
func (w workload) client(s *store, records int, count *atomic.Int64, seed uint64) func() (int, error) {
	r := rand.New(rand.NewPCG(seed, 5))
	zipf := rand.NewZipf(r, 1.01, 1, uint64(records-1))
	var key, dst []byte
	pick := func() []byte {
		n := zipf.Uint64()
		if w.latest {
			n = uint64(max(count.Load()-1-int64(n), 0))
		} else {
			n = n * 0x9e3779b97f4a7c15 % uint64(records)
		}
		key = keyOf(key, n)
		return key
	}
	return func() (int, error) {
		for range 16 {
			var err error
			switch p := r.IntN(100); {
			case p < w.read:
				var ok bool
				if ok, err = getOne(s, pick(), &dst); err == nil && !ok && !w.latest { // the latest may be on its way
					err = fmt.Errorf("the key %x is not there", key)
				}
			case p < w.read+w.update:
				err = s.write([]record{{append([]byte(nil), pick()...), valueOf(nil, r.Uint64())}})
			case p < w.read+w.update+w.insert:
				n := uint64(count.Add(1) - 1)
				err = s.write([]record{{keyOf(nil, n), valueOf(nil, n)}})
			case p < w.read+w.update+w.insert+w.scan:
				err = scanOne(s, pick(), 1+r.IntN(100))
			default:
				err = modify(s, append([]byte(nil), pick()...), func(v []byte) []byte {
					out := append([]byte(nil), v...)
					binary.BigEndian.PutUint64(out, r.Uint64())
					return out
				})
			}
			if err != nil {
				return 0, err
			}
		}
		return 16, nil
	}
}
