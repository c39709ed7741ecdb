package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/dgraph-io/badger/v4"
	boptions "github.com/dgraph-io/badger/v4/options"
	"go.etcd.io/bbolt"

	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// setup is how an engine is opened, the same for each.
type setup struct {
	dir    string
	memory int64 // for data: buffers, caches, memtables
	sync   bool  // a commit has been fsynced when it returns; else it is not waited for
	handed bool  // without sync, the system has a commit when it returns: Weft's interval durability
	ram    bool  // nothing on disk, where the engine can
}

type record struct{ key, value []byte }

// engine is one of the sides.
type engine interface {
	// write puts records in one transaction.
	write(list []record) error
	// snapshot returns a reader for one goroutine.
	snapshot() (reader, error)
	// transfer moves one unit between two accounts of 8 bytes, serializable.
	transfer(from, to []byte) error
	// settle brings everything to where it stays.
	settle() error
	close() error
}

type reader interface {
	get(key []byte) (bool, error)
	// scan reads n records from key on.
	scan(key []byte, n int) (int, error)
	close() error
}

var errNoTransactions = errors.New("no transactions that detect conflicts")

// openers are the sides by name.
var openers = map[string]func(setup) (engine, error){
	"weft": openWeft, "pebble": openPebble, "badger": openBadger, "bbolt": openBolt, "map": openMap,
}

// ---- Weft

type weftEngine struct{ s *storage.Store }

func openWeft(o setup) (engine, error) {
	opts := storage.Options{BufferBytes: o.memory, History: -1, MaxRetries: 1 << 20}
	if !o.sync {
		opts.Durability = txn.DurabilityAsync // what the others promise
		if o.handed {
			opts.Durability = txn.DurabilityInterval
		}
	}
	if o.ram {
		opts.Backend = storage.BackendMemory
	}
	s, err := storage.Open(vfs.OS(), o.dir, opts)
	if err != nil {
		return nil, err
	}
	return &weftEngine{s}, nil
}

var ctx = context.Background()

func (w *weftEngine) write(list []record) error {
	_, err := w.s.Apply(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
		for i := range list {
			if err := tx.Put(list[i].key, list[i].value); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

func (w *weftEngine) snapshot() (reader, error) {
	tx, err := w.s.Begin(ctx, txn.TxOptions{ReadOnly: true})
	return weftReader{tx}, err
}

func (w *weftEngine) transfer(from, to []byte) error {
	_, err := w.s.Apply(ctx, txn.TxOptions{ReadUnsynced: true}, func(tx *txn.Tx) error {
		return move(from, to, func(k []byte) ([]byte, error) { v, _, err := tx.Get(k); return v, err }, tx.Put)
	})
	return err
}

func (w *weftEngine) settle() error {
	if _, err := w.s.Checkpoint(ctx); err != nil {
		return err
	}
	if d := w.s.Sorted(); d != nil {
		return d.Settle(ctx)
	}
	return nil
}

func (w *weftEngine) close() error { return w.s.Close() }

type weftReader struct{ tx *txn.Tx }

func (r weftReader) get(key []byte) (bool, error) {
	_, ok, err := r.tx.Get(key)
	return ok, err
}

func (r weftReader) scan(key []byte, n int) (int, error) {
	it := r.tx.Iter(txn.IterOptions{Lower: key})
	rows := 0
	for rows < n && it.Next() {
		touch(it.Key(), it.Value())
		rows++
	}
	return rows, errors.Join(it.Err(), it.Close())
}

func (r weftReader) close() error { r.tx.Rollback(); return nil }

// touch reads something of a record, so that nobody can skip it.
func touch(key, value []byte) {
	if len(key)+len(value) == 1 {
		panic("a record of one byte")
	}
}

// move is the transfer: two reads, a check, two writes.
func move(from, to []byte, get func([]byte) ([]byte, error), put func(k, v []byte) error) error {
	a, err := get(from)
	if err != nil {
		return err
	}
	b, err := get(to)
	if err != nil {
		return err
	}
	x, y := binary.BigEndian.Uint64(a), binary.BigEndian.Uint64(b)
	if x == 0 {
		return nil
	}
	if err := put(from, binary.BigEndian.AppendUint64(nil, x-1)); err != nil {
		return err
	}
	return put(to, binary.BigEndian.AppendUint64(nil, y+1))
}

// ---- Pebble

type pebbleEngine struct {
	db *pebble.DB
	wo *pebble.WriteOptions
}

func openPebble(o setup) (engine, error) {
	cache := pebble.NewCache(o.memory * 3 / 4)
	defer cache.Unref()
	mem := uint64(min(64<<20, max(o.memory/4, 1<<20)))
	opts := &pebble.Options{Cache: cache, MemTableSize: mem, MemTableStopWritesThreshold: 4, L0CompactionThreshold: 4, L0StopWritesThreshold: 20,
		FormatMajorVersion: pebble.FormatNewest, Logger: quiet{}}
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		opts.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.SnappyCompression }
	}
	db, err := pebble.Open(o.dir, opts)
	if err != nil {
		return nil, err
	}
	wo := pebble.NoSync
	if o.sync {
		wo = pebble.Sync
	}
	return &pebbleEngine{db, wo}, nil
}

type quiet struct{}

func (quiet) Infof(string, ...any)      {}
func (quiet) Errorf(f string, a ...any) { fmt.Fprintf(os.Stderr, f+"\n", a...) }
func (quiet) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

func (p *pebbleEngine) write(list []record) error {
	if len(list) == 1 {
		return p.db.Set(list[0].key, list[0].value, p.wo)
	}
	b := p.db.NewBatch()
	defer b.Close()
	for i := range list {
		if err := b.Set(list[i].key, list[i].value, nil); err != nil {
			return err
		}
	}
	return b.Commit(p.wo)
}

func (p *pebbleEngine) snapshot() (reader, error) { return pebbleReader{p.db.NewSnapshot()}, nil }

func (p *pebbleEngine) transfer(_, _ []byte) error { return errNoTransactions }

func (p *pebbleEngine) settle() error {
	if err := p.db.Flush(); err != nil {
		return err
	}
	return p.db.Compact(ctx, []byte{0}, bytes.Repeat([]byte{0xff}, 20), true)
}

func (p *pebbleEngine) close() error { return p.db.Close() }

type pebbleReader struct{ s *pebble.Snapshot }

func (r pebbleReader) get(key []byte) (bool, error) {
	v, c, err := r.s.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	touch(key, v)
	return true, c.Close()
}

func (r pebbleReader) scan(key []byte, n int) (int, error) {
	it, err := r.s.NewIter(&pebble.IterOptions{LowerBound: key})
	if err != nil {
		return 0, err
	}
	rows := 0
	for ok := it.First(); ok && rows < n; ok = it.Next() {
		touch(it.Key(), it.Value())
		rows++
	}
	return rows, it.Close()
}

func (r pebbleReader) close() error { return r.s.Close() }

// ---- Badger

type badgerEngine struct {
	db   *badger.DB
	opts badger.Options
}

func openBadger(o setup) (engine, error) {
	mem := min(64<<20, max(o.memory/4, 8<<20))
	opts := badger.DefaultOptions(o.dir).WithLogger(nil).WithSyncWrites(o.sync).WithMemTableSize(mem).
		WithBlockCacheSize(o.memory / 2).WithIndexCacheSize(o.memory / 4).WithCompression(boptions.Snappy).WithMetricsEnabled(false)
	if o.ram {
		opts = badger.DefaultOptions("").WithInMemory(true).WithLogger(nil).WithMemTableSize(mem)
	}
	db, err := badger.Open(opts)
	if err != nil {
		return nil, err
	}
	return &badgerEngine{db, opts}, nil
}

func (e *badgerEngine) write(list []record) error {
	if len(list) == 1 {
		return e.db.Update(func(tx *badger.Txn) error { return tx.Set(list[0].key, list[0].value) })
	}
	b := e.db.NewWriteBatch()
	defer b.Cancel()
	for i := range list {
		if err := b.Set(list[i].key, list[i].value); err != nil {
			return err
		}
	}
	return b.Flush()
}

func (e *badgerEngine) snapshot() (reader, error) {
	return badgerReader{e.db.NewTransaction(false)}, nil
}

func (e *badgerEngine) transfer(from, to []byte) error {
	for {
		err := e.db.Update(func(tx *badger.Txn) error {
			return move(from, to, func(k []byte) ([]byte, error) {
				it, err := tx.Get(k)
				if err != nil {
					return nil, err
				}
				return it.ValueCopy(nil)
			}, func(k, v []byte) error { return tx.Set(bytes.Clone(k), v) })
		})
		if !errors.Is(err, badger.ErrConflict) {
			return err
		}
	}
}

func (e *badgerEngine) settle() error {
	if e.opts.InMemory {
		return nil
	}
	err := e.db.Close() // the one way to have it write its memtables
	if err != nil {
		return err
	}
	if e.db, err = badger.Open(e.opts); err != nil {
		return err
	}
	return e.db.Flatten(2)
}

func (e *badgerEngine) close() error { return e.db.Close() }

type badgerReader struct{ tx *badger.Txn }

func (r badgerReader) get(key []byte) (bool, error) {
	it, err := r.tx.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, it.Value(func(v []byte) error { touch(key, v); return nil })
}

func (r badgerReader) scan(key []byte, n int) (int, error) {
	o := badger.DefaultIteratorOptions
	o.PrefetchSize = n
	it := r.tx.NewIterator(o)
	defer it.Close()
	rows := 0
	for it.Seek(key); it.Valid() && rows < n; it.Next() {
		if err := it.Item().Value(func(v []byte) error { touch(it.Item().Key(), v); return nil }); err != nil {
			return rows, err
		}
		rows++
	}
	return rows, nil
}

func (r badgerReader) close() error { r.tx.Discard(); return nil }

// ---- bbolt

type boltEngine struct {
	db   *bbolt.DB
	sync bool
}

var bucket = []byte("b")

func openBolt(o setup) (engine, error) {
	db, err := bbolt.Open(filepath.Join(o.dir, "bolt"), 0o600, &bbolt.Options{NoSync: !o.sync, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	return &boltEngine{db, o.sync}, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
}

func (e *boltEngine) write(list []record) error {
	do := e.db.Update
	if e.sync {
		do = e.db.Batch // shares a sync among who waits
	}
	return do(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		for i := range list {
			if err := b.Put(list[i].key, list[i].value); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *boltEngine) snapshot() (reader, error) {
	tx, err := e.db.Begin(false)
	if err != nil {
		return nil, err
	}
	return boltReader{tx, tx.Bucket(bucket)}, nil
}

func (e *boltEngine) transfer(from, to []byte) error {
	do := e.db.Update
	if e.sync {
		do = e.db.Batch
	}
	return do(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		return move(from, to, func(k []byte) ([]byte, error) { return b.Get(k), nil }, b.Put)
	})
}

func (e *boltEngine) settle() error { return e.db.Sync() }
func (e *boltEngine) close() error  { return e.db.Close() }

type boltReader struct {
	tx *bbolt.Tx
	b  *bbolt.Bucket
}

func (r boltReader) get(key []byte) (bool, error) {
	v := r.b.Get(key)
	touch(key, v)
	return v != nil, nil
}

func (r boltReader) scan(key []byte, n int) (int, error) {
	c := r.b.Cursor()
	rows := 0
	for k, v := c.Seek(key); k != nil && rows < n; k, v = c.Next() {
		touch(k, v)
		rows++
	}
	return rows, nil
}

func (r boltReader) close() error { return r.tx.Rollback() }

// ---- a Go map in 256 shards

type mapEngine struct{ shards [256]shard }

type shard struct {
	sync.RWMutex
	m map[string][]byte
	_ [24]byte
}

func openMap(setup) (engine, error) {
	e := &mapEngine{}
	for i := range e.shards {
		e.shards[i].m = map[string][]byte{}
	}
	return e, nil
}

func (e *mapEngine) shard(key []byte) *shard { return &e.shards[key[0]] }

func (e *mapEngine) write(list []record) error {
	for i := range list {
		s := e.shard(list[i].key)
		s.Lock()
		s.m[string(list[i].key)] = bytes.Clone(list[i].value)
		s.Unlock()
	}
	return nil
}

func (e *mapEngine) snapshot() (reader, error)  { return mapReader{e}, nil }
func (e *mapEngine) transfer(_, _ []byte) error { return errNoTransactions }
func (e *mapEngine) settle() error              { return nil }
func (e *mapEngine) close() error               { return nil }

type mapReader struct{ e *mapEngine }

func (r mapReader) get(key []byte) (bool, error) {
	s := r.e.shard(key)
	s.RLock()
	v, ok := s.m[string(key)]
	s.RUnlock()
	touch(key, v)
	return ok, nil
}

func (mapReader) scan([]byte, int) (int, error) { return 0, errors.New("a map has no order") }
func (mapReader) close() error                  { return nil }

// each calls fn for the first n records of a snapshot.
func each(r reader, n int, fn func(k, v []byte)) (rows int, err error) {
	switch r := r.(type) {
	case weftReader:
		it := r.tx.Iter(txn.IterOptions{})
		for rows < n && it.Next() {
			fn(it.Key(), it.Value())
			rows++
		}
		return rows, errors.Join(it.Err(), it.Close())
	case badgerReader:
		it := r.tx.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid() && rows < n; it.Next() {
			if err := it.Item().Value(func(v []byte) error { fn(nil, v); return nil }); err != nil {
				return rows, err
			}
			rows++
		}
	case boltReader:
		c := r.b.Cursor()
		for k, v := c.First(); k != nil && rows < n; k, v = c.Next() {
			fn(k, v)
			rows++
		}
	}
	return rows, nil
}
