package txn

import "context"

// Store is the transactional key space. Safe for concurrent use.
type Store struct{}

// Tx is one transaction. Not safe for concurrent use, except that a read-only
// transaction may be read from several goroutines at once.
type Tx struct{}

// Savepoint marks a point in a transaction's writes to which it can go back.
type Savepoint int

func (s *Store) Begin(ctx context.Context, opts TxOptions) (*Tx, error) { panic("skeleton") }

// Update runs fn in a transaction and commits it; it rolls back on error and on
// panic, and runs fn again (with jittered backoff) on a write conflict until ctx
// ends or the retry limit is reached.
func (s *Store) Update(ctx context.Context, opts TxOptions, fn func(tx *Tx) error) error {
	panic("skeleton")
}

// View runs fn in a read-only transaction.
func (s *Store) View(ctx context.Context, fn func(tx *Tx) error) error { panic("skeleton") }

// DropRange removes every key in [lower, upper). It is not transactional: it
// takes effect at its own timestamp and conflicts with nothing. For objects whose
// ids are never used again.
func (s *Store) DropRange(ctx context.Context, lower, upper []byte) error { panic("skeleton") }

// LastCommit is the newest published timestamp.
func (s *Store) LastCommit() Timestamp { panic("skeleton") }

// OnCommit calls fn for every commit from now on, in commit order, after it is
// visible. fn must be quick and must not block. The returned stop ends it.
func (s *Store) OnCommit(fn func(*ChangeSet)) (stop func()) { panic("skeleton") }

func (tx *Tx) Get(key []byte) (value []byte, ok bool, err error) { panic("skeleton") }
func (tx *Tx) Iter(opts IterOptions) Iterator                    { panic("skeleton") }
func (tx *Tx) ReadTimestamp() Timestamp                          { panic("skeleton") }

// Put sets key to value; both are copied.
func (tx *Tx) Put(key, value []byte) error { panic("skeleton") }

// Delete removes key; removing an absent key is no error.
func (tx *Tx) Delete(key []byte) error { panic("skeleton") }

// ReadOnly says whether writes are refused.
func (tx *Tx) ReadOnly() bool { panic("skeleton") }

// Savepoint marks the current state of the transaction's writes.
func (tx *Tx) Savepoint() Savepoint { panic("skeleton") }

// RollbackTo undoes the writes made since sp; sp stays valid. Reads made since
// stay in the read set.
func (tx *Tx) RollbackTo(sp Savepoint) error { panic("skeleton") }

// Commit makes the writes durable and visible. See the package comment for its errors.
func (tx *Tx) Commit(ctx context.Context) error { panic("skeleton") }

// CommitTimestamp is the timestamp of a committed transaction, 0 where it wrote nothing.
func (tx *Tx) CommitTimestamp() Timestamp { panic("skeleton") }

// Rollback ends the transaction without effect; a no-op once it has ended.
func (tx *Tx) Rollback() { panic("skeleton") }
