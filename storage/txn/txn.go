// Package txn is the one transaction of the database.
//
// A Tx sees the store as of its start and its own writes. All models read and
// write through it, so a row, a document, a key, a point and a published event
// commit together or not at all.
package txn

import (
	"context"
	"slices"
	"time"
)

// Timestamp orders commits. It is a hybrid clock reading: nanoseconds since the
// Unix epoch, moved forward where the wall clock stands still or goes back, so
// timestamps are unique, strictly increasing in commit order, and comparable
// with wall time (AS OF). Zero is before every commit.
type Timestamp uint64

// Time is the wall time that t stands for, exact to the clock's own error.
func (t Timestamp) Time() time.Time { return time.Unix(0, int64(t)).UTC() }

// Isolation is what a transaction is protected from.
type Isolation uint8

const (
	// Serializable: as if transactions ran one at a time, in commit order. The
	// keys and ranges that were read are validated at commit.
	Serializable Isolation = iota
	// Snapshot: reads see one instant; only write-write conflicts are refused,
	// so write skew is possible.
	Snapshot
)

// Durability is what an acknowledged commit has survived.
type Durability uint8

const (
	// DurabilityDefault takes the store's setting.
	DurabilityDefault Durability = iota
	// DurabilitySync: acknowledged means fsynced.
	DurabilitySync
	// DurabilityInterval: acknowledged means handed to the operating system; it is
	// fsynced at the latest after the store's sync interval, which bounds the loss.
	DurabilityInterval
	// DurabilityAsync: acknowledged means done in memory; it is handed to the operating
	// system and fsynced at the latest after the store's sync interval. So a process that
	// is killed, too, may take that much of what was acknowledged: the latest commits,
	// each whole or not at all. One that was acknowledged with another durability takes
	// all commits before it to the disk with it. As PostgreSQL's synchronous_commit = off.
	DurabilityAsync
)

var durabilities = [...]string{DurabilityDefault: "default", DurabilitySync: "sync", DurabilityInterval: "interval", DurabilityAsync: "async"}

// String is the name: "sync", "interval", "async" or "default".
func (d Durability) String() string { return durabilities[d] }

// ParseDurability is the durability of a name, "default" not being one.
func ParseDurability(name string) (d Durability, ok bool) {
	i := slices.Index(durabilities[1:], name)
	return Durability(i + 1), i >= 0
}

type durabilityKey struct{}

// WithDurability returns a context whose transactions have durability d where they do not
// say otherwise themselves (TxOptions, SetDurability): those that begin with it, and those
// that commit with it, whatever they began with.
func WithDurability(ctx context.Context, d Durability) context.Context {
	return context.WithValue(ctx, durabilityKey{}, d)
}

// DurabilityOf is what WithDurability gave ctx, or DurabilityDefault.
func DurabilityOf(ctx context.Context) Durability {
	d, _ := ctx.Value(durabilityKey{}).(Durability)
	return d
}

// TxOptions says how a transaction runs. The zero value is serializable,
// read-write, with the store's durability.
type TxOptions struct {
	Isolation  Isolation
	ReadOnly   bool // refuses writes, keeps no read set, never aborts
	Durability Durability
	// AsOf, where not zero, reads the store as of that timestamp. It implies
	// ReadOnly and must lie within the store's history.
	AsOf Timestamp
	// ReadUnsynced lets Update, after a conflict with a commit that is on its way to the
	// disk, run its function again on a snapshot that has that commit, instead of waiting
	// until it is visible (controlled lock violation, Graefe et al., SIGMOD 2013). So the
	// writers of one key share syncs. Update returns only when all that was read is as
	// durable as it was to be, also with an error of its function or without writes; but
	// the function may read what never comes to be, so it must act on what it reads
	// through the transaction and its results alone; that goes for panics, too. Caches that follow commits (OnCommit)
	// do not know of such commits yet.
	ReadUnsynced bool
	// After is for a transaction that is run again after conflicts: the keys over which
	// earlier attempts failed are locked before it reads anything, and its snapshot has
	// their newest versions. Nil is none.
	After *Contended
	// PassLocks has the commit not wait for the locks that others have on its keys. For
	// what is written on behalf of another transaction, which may hold them itself.
	PassLocks bool
	// AnyAge lets the transaction become older than Options.MaxTxAge. For work that
	// takes as long as there are data, such as a backup.
	AnyAge bool
	// Session tells in ObjectLocks whose the transaction is; 0 nobody's.
	Session uint64
}

// Reader reads one snapshot.
type Reader interface {
	// Get returns the value of key and whether it is there. The value must not be
	// changed and stays valid until the transaction ends.
	Get(key []byte) (value []byte, ok bool, err error)
	// Iter returns an iterator over [Lower, Upper), before its first entry. It
	// must be closed before the transaction ends.
	Iter(opts IterOptions) Iterator
	// ReadTimestamp is the snapshot's timestamp: every commit at or before it is seen.
	ReadTimestamp() Timestamp
}

// IterOptions bounds an iteration. Nil bounds are open.
type IterOptions struct {
	Lower, Upper []byte
	Reverse      bool
}

// Iterator walks keys in order (or against it, with Reverse). Key and Value are
// valid until the next call of Next, Seek or Close, and must not be changed.
//
//	it := tx.Iter(txn.IterOptions{Lower: p, Upper: keyspace.End(p)})
//	defer it.Close()
//	for it.Next() { … it.Key(), it.Value() … }
//	return it.Err()
type Iterator interface {
	Next() bool
	// Seek moves before the first entry at or after key (at or before it, with
	// Reverse), within the bounds. Next then stands on that entry.
	Seek(key []byte)
	Key() []byte
	Value() []byte
	// Timestamp is that of the commit that wrote the entry, 0 where the
	// transaction itself wrote it.
	Timestamp() Timestamp
	Err() error
	Close() error
}

// Op is one write of a committed transaction.
type Op struct {
	Key     []byte
	Value   []byte // nil where Deleted
	Deleted bool
	// New says that the key was not there just before the commit. Where it is not set, the
	// key may have been there or not; it is set of no commit that is read from the history.
	New bool
}

// ChangeSet is what one commit changed, in key order. Its bytes must not be changed.
type ChangeSet struct {
	Timestamp Timestamp
	Ops       []Op
}

// Clone returns a copy that shares no memory with c.
func (c *ChangeSet) Clone() *ChangeSet {
	return &ChangeSet{Timestamp: c.Timestamp, Ops: cloneOps(c.Ops)}
}

func cloneOps(ops []Op) []Op {
	n := 0
	for i := range ops {
		n += len(ops[i].Key) + len(ops[i].Value)
	}
	piece := make([]byte, 0, n)
	keep := func(b []byte) []byte {
		if b == nil {
			return nil
		}
		from := len(piece)
		piece = append(piece, b...)
		return piece[from:len(piece):len(piece)]
	}
	out := make([]Op, len(ops))
	for i := range ops {
		out[i] = Op{Key: keep(ops[i].Key), Value: keep(ops[i].Value), Deleted: ops[i].Deleted, New: ops[i].New}
	}
	return out
}

// Number is the number of event i, from 0, of the n that somebody makes of the set, of at
// most as many as it has writes and Tx.Reserve has left room for. Numbers rise in the order of commits; the last one of a
// commit is its timestamp, and all are above the timestamp of the commit before.
func (c *ChangeSet) Number(i, n int) uint64 { return uint64(c.Timestamp) - uint64(n-1-i) }

var _ Reader = (*Tx)(nil)
