package txn

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sort"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"github.com/weftdb/weft/internal/dberr"
)

type record struct{ key, value []byte }

type commit struct {
	ts   Timestamp
	keys [][]byte
}

// Store is the transactional key space. Safe for concurrent use.
type Store struct {
	mu     sync.Mutex
	tree   *btree.BTreeG[record]
	last   Timestamp
	recent []commit
	hooks  map[int]func(*ChangeSet)
	hook   int
}

// NewMemory returns an empty store that lives in memory only.
func NewMemory() *Store {
	return &Store{tree: newTree(), hooks: map[int]func(*ChangeSet){}}
}

func newTree() *btree.BTreeG[record] {
	return btree.NewBTreeGOptions(func(a, b record) bool { return bytes.Compare(a.key, b.key) < 0 }, btree.Options{NoLocks: true})
}

type span struct{ lo, hi []byte }

// Tx is one transaction. Not safe for concurrent use, except that a read-only
// transaction may be read from several goroutines at once.
type Tx struct {
	s      *Store
	opts   TxOptions
	snap   *btree.BTreeG[record]
	ts     Timestamp
	commit Timestamp
	writes map[string]Op
	undo   []Op
	had    []bool
	keys   [][]byte
	spans  []span
	done   bool
}

// Savepoint marks a point in a transaction's writes to which it can go back.
type Savepoint int

// Begin starts a transaction.
func (s *Store) Begin(ctx context.Context, opts TxOptions) (*Tx, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Tx{s: s, opts: opts, snap: s.tree.Copy(), ts: s.last, writes: map[string]Op{}}, nil
}

// Update runs fn in a transaction and commits it.
func (s *Store) Update(ctx context.Context, opts TxOptions, fn func(tx *Tx) error) error {
	for try := 0; ; try++ {
		err := s.once(ctx, opts, fn)
		if err == nil || !dberr.Retryable(err) || try > 50 {
			return err
		}
		time.Sleep(time.Duration(rand.IntN(1000)) * time.Microsecond)
	}
}

func (s *Store) once(ctx context.Context, opts TxOptions, fn func(tx *Tx) error) error {
	tx, err := s.Begin(ctx, opts)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// View runs fn in a read-only transaction.
func (s *Store) View(ctx context.Context, fn func(tx *Tx) error) error {
	return s.once(ctx, TxOptions{ReadOnly: true}, fn)
}

// DropRange removes every key in [lower, upper).
func (s *Store) DropRange(ctx context.Context, lower, upper []byte) error {
	return s.Update(ctx, TxOptions{Isolation: Snapshot}, func(tx *Tx) error {
		it := tx.Iter(IterOptions{Lower: lower, Upper: upper})
		defer it.Close()
		for it.Next() {
			if err := tx.Delete(it.Key()); err != nil {
				return err
			}
		}
		return it.Err()
	})
}

// LastCommit is the newest published timestamp.
func (s *Store) LastCommit() Timestamp { s.mu.Lock(); defer s.mu.Unlock(); return s.last }

// OnCommit calls fn for every commit from now on.
func (s *Store) OnCommit(fn func(*ChangeSet)) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.hook
	s.hook++
	s.hooks[id] = fn
	return func() { s.mu.Lock(); defer s.mu.Unlock(); delete(s.hooks, id) }
}

func (tx *Tx) Get(key []byte) (value []byte, ok bool, err error) {
	if op, ok := tx.writes[string(key)]; ok {
		return op.Value, !op.Deleted, nil
	}
	if !tx.opts.ReadOnly {
		tx.keys = append(tx.keys, bytes.Clone(key))
	}
	r, ok := tx.snap.Get(record{key: key})
	return r.value, ok, nil
}

func (tx *Tx) ReadTimestamp() Timestamp { return tx.ts }

// Put sets key to value; both are copied.
func (tx *Tx) Put(key, value []byte) error {
	return tx.write(Op{Key: bytes.Clone(key), Value: append([]byte{}, value...)})
}

// Delete removes key; removing an absent key is no error.
func (tx *Tx) Delete(key []byte) error { return tx.write(Op{Key: bytes.Clone(key), Deleted: true}) }

func (tx *Tx) write(op Op) error {
	if tx.ReadOnly() {
		return dberr.SQL(dberr.StateReadOnlyTransaction, "the transaction is read-only")
	}
	old, had := tx.writes[string(op.Key)]
	old.Key = op.Key
	tx.undo, tx.had = append(tx.undo, old), append(tx.had, had)
	tx.writes[string(op.Key)] = op
	return nil
}

// ReadOnly says whether writes are refused.
func (tx *Tx) ReadOnly() bool { return tx.opts.ReadOnly || tx.opts.AsOf != 0 }

// Savepoint marks the current state of the transaction's writes.
func (tx *Tx) Savepoint() Savepoint { return Savepoint(len(tx.undo)) }

// RollbackTo undoes the writes made since sp; sp stays valid.
func (tx *Tx) RollbackTo(sp Savepoint) error {
	for i := len(tx.undo) - 1; i >= int(sp); i-- {
		if tx.had[i] {
			tx.writes[string(tx.undo[i].Key)] = tx.undo[i]
		} else {
			delete(tx.writes, string(tx.undo[i].Key))
		}
	}
	tx.undo, tx.had = tx.undo[:sp], tx.had[:sp]
	return nil
}

// Commit makes the writes visible.
func (tx *Tx) Commit(ctx context.Context) error {
	if tx.done {
		return dberr.New(dberr.ErrInvalid, "TRANSACTION_ENDED", "the transaction has ended")
	}
	tx.done = true
	if len(tx.writes) == 0 {
		return nil
	}
	s := tx.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.recent) - 1; i >= 0 && s.recent[i].ts > tx.ts; i-- {
		for _, k := range s.recent[i].keys {
			if tx.conflicts(k) {
				return dberr.SQL(dberr.StateSerializationFailure, "could not serialize access due to a concurrent update")
			}
		}
	}
	s.last = max(s.last+1, Timestamp(time.Now().UnixNano()))
	tx.commit = s.last
	ops := tx.sorted()
	c := commit{ts: s.last}
	for _, op := range ops {
		c.keys = append(c.keys, op.Key)
		if op.Deleted {
			s.tree.Delete(record{key: op.Key})
		} else {
			s.tree.Set(record{op.Key, op.Value})
		}
	}
	s.recent = append(s.recent, c)
	if len(s.recent) > 4096 {
		s.recent = s.recent[2048:]
	}
	for _, h := range s.hooks {
		h(&ChangeSet{Timestamp: s.last, Ops: ops})
	}
	return nil
}

func (tx *Tx) conflicts(k []byte) bool {
	if _, ok := tx.writes[string(k)]; ok {
		return true
	}
	if tx.opts.Isolation == Snapshot {
		return false
	}
	for _, r := range tx.keys {
		if bytes.Equal(r, k) {
			return true
		}
	}
	for _, r := range tx.spans {
		if (r.lo == nil || bytes.Compare(k, r.lo) >= 0) && (r.hi == nil || bytes.Compare(k, r.hi) < 0) {
			return true
		}
	}
	return false
}

func (tx *Tx) sorted() []Op {
	ops := make([]Op, 0, len(tx.writes))
	for _, op := range tx.writes {
		ops = append(ops, op)
	}
	sort.Slice(ops, func(i, j int) bool { return bytes.Compare(ops[i].Key, ops[j].Key) < 0 })
	return ops
}

// CommitTimestamp is the timestamp of a committed transaction, 0 where it wrote nothing.
func (tx *Tx) CommitTimestamp() Timestamp { return tx.commit }

// Rollback ends the transaction without effect; a no-op once it has ended.
func (tx *Tx) Rollback() { tx.done = true }

type iterator struct {
	recs []record
	rev  bool
	at   int
}

func (tx *Tx) Iter(opts IterOptions) Iterator {
	if !tx.opts.ReadOnly {
		tx.spans = append(tx.spans, span{bytes.Clone(opts.Lower), bytes.Clone(opts.Upper)})
	}
	view := tx.snap
	if len(tx.writes) > 0 {
		view = tx.snap.Copy()
		for _, op := range tx.writes {
			if op.Deleted {
				view.Delete(record{key: op.Key})
			} else {
				view.Set(record{op.Key, op.Value})
			}
		}
	}
	it := &iterator{rev: opts.Reverse, at: -1}
	view.Ascend(record{key: opts.Lower}, func(r record) bool {
		if opts.Upper != nil && bytes.Compare(r.key, opts.Upper) >= 0 {
			return false
		}
		it.recs = append(it.recs, r)
		return true
	})
	if it.rev {
		for i, j := 0, len(it.recs)-1; i < j; i, j = i+1, j-1 {
			it.recs[i], it.recs[j] = it.recs[j], it.recs[i]
		}
	}
	return it
}

func (it *iterator) Next() bool { it.at++; return it.at < len(it.recs) }
func (it *iterator) Seek(key []byte) {
	it.at = sort.Search(len(it.recs), func(i int) bool {
		if it.rev {
			return bytes.Compare(it.recs[i].key, key) <= 0
		}
		return bytes.Compare(it.recs[i].key, key) >= 0
	}) - 1
}
func (it *iterator) Key() []byte   { return it.recs[it.at].key }
func (it *iterator) Value() []byte { return it.recs[it.at].value }
func (it *iterator) Err() error    { return nil }
func (it *iterator) Close() error  { return nil }
