package txn

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/records"
)

// Tx is one transaction. Not safe for concurrent use, except that a read-only
// transaction may be read from several goroutines at once.
type Tx struct {
	store    *Store
	opts     TxOptions
	durable  bool // it says itself what its commit has survived
	snapshot uint64
	epoch    uint64 // of the sweeper when it began
	ended    atomic.Bool
	expired  atomic.Bool
	began    time.Time // where there is a maximum age
	commitTS uint64
	readTime atomic.Int64 // what ReadTime settled on, 0 before

	writes  writeSet
	appends appends
	reads   readSet
	iters   []*iterator // open ones, of a read-write transaction
	scanned int         // rows that iterators have given
	// reserved is how many events its writes are beyond one each.
	reserved int
	stored   storedIters

	// locks holds the locks on keys, nil before the first. Written by the
	// transaction's goroutine, read by the sweeper where the transaction is too old.
	locks     atomic.Pointer[lockOwner]
	keepLocks bool // Update releases them
	weak      weakLocks
	looked    bool // at anything of the snapshot; of a read-write transaction

	flush bool // it reads a generation and nothing else

	of   *Tx // the transaction that this is a view of (Before), else nil
	seen int // writes of it that the view sees

	shard         *liveShard // where it is registered
	before, after *Tx        // its neighbours there
}

// Savepoint marks a point in a transaction's writes and locks to which it can go back.
type Savepoint struct{ writes, appends, locks int }

var errEnded = dberr.New(dberr.ErrInvalid, "TRANSACTION_ENDED", "the transaction has ended").WithHint("begin another one")

// usable says why the transaction can do nothing more, or nil.
func (tx *Tx) usable() error {
	if tx.of != nil {
		tx = tx.of
	}
	if tx.ended.Load() {
		return errEnded
	}
	if tx.expired.Load() {
		return errTooOld(tx.store.opts.MaxTxAge)
	}
	return nil
}

func errTooOld(most time.Duration) error {
	return dberr.New(dberr.ErrTimeout, "TRANSACTION_TOO_OLD", "the transaction is older than the maximum of %v", most).
		WithHint("roll it back and run it again in smaller parts")
}

// ReadTimestamp implements Reader.
func (tx *Tx) ReadTimestamp() Timestamp {
	if tx.of != nil {
		tx = tx.of
	}
	if !tx.opts.ReadOnly {
		tx.looked = true
	}
	return Timestamp(tx.snapshot)
}

// Isolation is what the transaction is protected from.
func (tx *Tx) Isolation() Isolation { return tx.opts.Isolation }

// SetDurability changes what the commit of tx will have survived, whatever the context
// of its commit says.
func (tx *Tx) SetDurability(d Durability) { tx.opts.Durability, tx.durable = d, true }

// durability is what a commit with ctx will have survived.
func (tx *Tx) durability(ctx context.Context) Durability {
	d := DurabilityDefault
	if !tx.durable {
		d = DurabilityOf(ctx)
	}
	if d == DurabilityDefault {
		d = tx.opts.Durability
	}
	if d == DurabilityDefault {
		d = tx.store.opts.Durability
	}
	return d
}

// ReadTime is the instant by which the transaction judges what has expired: the
// store's clock when it was first asked, and never before the snapshot; with
// TxOptions.AsOf, that timestamp.
func (tx *Tx) ReadTime() time.Time {
	if tx.of != nil {
		tx = tx.of
	}
	if tx.opts.AsOf != 0 {
		return tx.opts.AsOf.Time()
	}
	if tx.readTime.Load() == 0 {
		if !tx.opts.ReadOnly {
			tx.looked = true
		}
		now := max(tx.store.opts.Clock.Now().UnixNano(), int64(tx.snapshot), 1)
		tx.readTime.CompareAndSwap(0, now)
	}
	return time.Unix(0, tx.readTime.Load()).UTC()
}

// ReadOnly says whether writes are refused.
func (tx *Tx) ReadOnly() bool { return tx.opts.ReadOnly || tx.of != nil }

// CommitTimestamp is the timestamp of a committed transaction, 0 where it wrote nothing.
func (tx *Tx) CommitTimestamp() Timestamp { return Timestamp(tx.commitTS) }

// tracksReads says whether reads are recorded for validation at commit.
func (tx *Tx) tracksReads() bool { return !tx.opts.ReadOnly && tx.opts.Isolation == Serializable }

// Get implements Reader.
func (tx *Tx) Get(key []byte) (value []byte, ok bool, err error) {
	value, _, ok, err = tx.GetVersion(key)
	return value, ok, err
}

// GetVersion is Get with the timestamp of the commit that wrote the value, 0
// where the transaction itself did.
func (tx *Tx) GetVersion(key []byte) (value []byte, at Timestamp, ok bool, err error) {
	if tx.of != nil {
		return tx.of.getBefore(key, tx.seen)
	}
	if err := tx.usable(); err != nil {
		return nil, 0, false, err
	}
	if !tx.opts.ReadOnly {
		tx.looked = true
		if w := tx.writes.get(key); w != nil {
			return w.value, 0, !w.deleted, nil
		}
		if tx.opts.Isolation == Serializable {
			tx.reads.addKey(key)
		}
	}
	value, ts, ok, err := tx.store.pool.Get(key, tx.snapshot)
	return value, Timestamp(ts), ok, err
}

// Guard has the commit of a transaction that writes refused where key has changed since
// its snapshot, also under snapshot isolation, which validates no other reads.
func (tx *Tx) Guard(key []byte) error {
	if tx.of != nil {
		tx = tx.of
	}
	if err := tx.usable(); err != nil {
		return err
	}
	if !tx.opts.ReadOnly {
		tx.looked = true
		tx.reads.addKey(key)
	}
	return nil
}

// GuardRange is Guard of all keys in [lower, upper), those that are not there too.
func (tx *Tx) GuardRange(lower, upper []byte) error {
	if tx.of != nil {
		tx = tx.of
	}
	if err := tx.usable(); err != nil {
		return err
	}
	if !tx.opts.ReadOnly {
		tx.looked = true
		tx.reads.addRange(lower, upper)
	}
	return nil
}

// Put sets key to value; both are copied.
func (tx *Tx) Put(key, value []byte) error { return tx.write(key, value, false, false) }

// PutNew is Put of a key that tx itself has looked for and not found, with Get, Taken or an
// iterator. Who hears of the commit is told (Op.New).
func (tx *Tx) PutNew(key, value []byte) error { return tx.write(key, value, false, true) }

// Delete removes key; removing an absent key is no error.
func (tx *Tx) Delete(key []byte) error { return tx.write(key, nil, true, false) }

func (tx *Tx) write(key, value []byte, deleted, fresh bool) error {
	if err := tx.writable(); err != nil {
		return err
	}
	o := &tx.store.opts
	switch {
	case len(key) == 0:
		return dberr.New(dberr.ErrInvalid, "EMPTY_KEY", "a key must have at least one byte")
	case len(key) == 1 && key[0] == 0:
		return dberr.New(dberr.ErrInvalid, "ZERO_KEY", "the key of the single byte 00 is the store's own")
	case len(key) > o.MaxKeyBytes:
		return dberr.New(dberr.ErrTooLarge, "KEY_TOO_LARGE", "a key of %d bytes is over the maximum of %d", len(key), o.MaxKeyBytes)
	case len(value) > o.MaxValueBytes:
		return dberr.New(dberr.ErrTooLarge, "VALUE_TOO_LARGE", "a value of %d bytes is over the maximum of %d", len(value), o.MaxValueBytes)
	case !tx.room(len(key) + len(value)):
		return errTxTooLarge(o.MaxTxBytes)
	}
	tx.writes.add(key, value, deleted, fresh)
	return nil
}

func errTxTooLarge(most int64) error {
	return dberr.New(dberr.ErrTooLarge, "TRANSACTION_TOO_LARGE", "the writes of the transaction are over the maximum of %d bytes", most).
		WithHint("write in several transactions, or raise the limit")
}

// room says whether a write or a lock of so many bytes keeps within the limit.
func (tx *Tx) room(bytes int) bool {
	taken := tx.writes.bytes + tx.appends.bytes
	if o := tx.locks.Load(); o != nil {
		taken += o.bytes.Load()
	}
	return taken+int64(bytes)+writeOverhead <= tx.store.opts.MaxTxBytes
}

func (tx *Tx) writable() error {
	if err := tx.usable(); err != nil {
		return err
	}
	if tx.ReadOnly() {
		return &dberr.Error{Class: dberr.ErrReadOnly, Code: "READ_ONLY_TRANSACTION", SQLState: dberr.StateReadOnlyTransaction,
			Message: "the transaction is read-only"}
	}
	return tx.store.Err()
}

// Wrote says whether the transaction has writes to commit.
func (tx *Tx) Wrote() bool { return tx.HasWrites() || len(tx.appends.list) > 0 }

// Savepoint marks the current state of the transaction's writes and locks.
func (tx *Tx) Savepoint() Savepoint {
	if tx.of != nil {
		sp := tx.of.Savepoint()
		sp.writes = tx.seen
		return sp
	}
	return Savepoint{writes: len(tx.writes.log), appends: len(tx.appends.list), locks: tx.store.locks.position(tx.locks.Load())}
}

// RollbackTo undoes the writes made since sp and lets go of the locks acquired
// since; sp stays valid. Reads made since stay in the read set.
func (tx *Tx) RollbackTo(sp Savepoint) error {
	if err := tx.usable(); err != nil {
		return err
	}
	if tx.of != nil {
		return tx.writable()
	}
	if sp.writes > len(tx.writes.log) || sp.appends > len(tx.appends.list) {
		return &dberr.Error{Class: dberr.ErrInvalid, Code: "INVALID_SAVEPOINT", SQLState: dberr.StateInvalidSavepoint,
			Message: "the savepoint was undone by a rollback to an earlier one"}
	}
	tx.writes.undo(sp.writes)
	tx.appends.undo(sp.appends)
	for _, it := range tx.iters {
		it.undone(sp.writes)
	}
	tx.store.locks.undo(tx.locks.Load(), sp.locks)
	return nil
}

// Commit makes the writes durable and visible, all of them or none. Where it
// returns nil, they are; the transaction has ended in any case.
//
// Errors of class dberr.ErrConflict (run it again), ErrReadOnly (the store or its
// log takes no writes), ErrFull, ErrUnavailable and ErrTooLarge mean that nothing
// was written. ErrUndetermined means that the commit was on its way to the log when
// ctx ended or the log failed: it may or may not take effect.
func (tx *Tx) Commit(ctx context.Context) error {
	if tx.of != nil {
		return tx.writable()
	}
	if err := tx.usable(); err != nil {
		tx.Rollback()
		return err
	}
	defer tx.Rollback() // ends it
	if tx.opts.ReadOnly || !tx.Wrote() {
		return nil
	}
	ops := tx.writes.ops()
	if len(ops) == 0 && len(tx.appends.list) == 0 {
		return nil
	}
	return tx.store.commitOps(ctx, tx, ops)
}

// Rollback ends the transaction without effect; a no-op once it has ended, and of a view.
func (tx *Tx) Rollback() {
	if tx.of != nil || tx.ended.Swap(true) {
		return
	}
	tx.stored.closeAll()
	tx.store.live.leave(tx)
	tx.weak.close()
	if !tx.keepLocks {
		tx.store.locks.release(tx.locks.Load())
	}
}

// storedIters are the iterators of a transaction that hold on to files of the
// sorted store, so that none does so for longer than the transaction. Several
// goroutines may read in a read-only one.
type storedIters struct {
	mu   sync.Mutex // innermost
	open []*records.Iter
}

// Opened implements records.Owner.
func (s *storedIters) Opened(it *records.Iter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, it)
}

// Closed implements records.Owner.
func (s *storedIters) Closed(it *records.Iter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.open, it); i >= 0 {
		s.open = slices.Delete(s.open, i, i+1)
	}
}

func (s *storedIters) closeAll() {
	s.mu.Lock()
	open := s.open
	s.open = nil
	s.mu.Unlock()
	for _, it := range open {
		it.Abandon()
	}
}
