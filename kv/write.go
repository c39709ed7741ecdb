package kv

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/weftdb/weft/storage/txn"
)

// PutOptions says how a key is written.
type PutOptions struct {
	// TTL is how long the key lives. Zero is the bucket's default; NoTTL is forever.
	TTL time.Duration
	// KeepTTL leaves the expiry of a key that is there as it is. TTL then only
	// counts for one that is not.
	KeepTTL bool
	// If must hold for what is there.
	If Condition
}

// NoTTL is the TTL of keys that live forever whatever their bucket says.
const NoTTL time.Duration = -1

// Condition is what must hold for an entry that is there, or for its absence. The
// zero value always holds. A condition that fails is an error with the code
// PRECONDITION_FAILED.
type Condition struct {
	Absent  bool            // there is no such key
	Present bool            // there is one
	AnyOf   []txn.Timestamp // there is one of these versions
	NoneOf  []txn.Timestamp // there is none, or one of another version

	// UnchangedSince, where set, wants one that is there not to be of a commit in a later
	// second.
	UnchangedSince time.Time
}

// IsZero says whether the condition always holds.
func (c *Condition) IsZero() bool {
	return !c.Absent && !c.Present && c.AnyOf == nil && len(c.NoneOf) == 0 && c.UnchangedSince.IsZero()
}

// IfVersion is the condition that an entry is there in a version.
func IfVersion(v txn.Timestamp) Condition { return Condition{AnyOf: []txn.Timestamp{v}} }

// Check holds the condition against the version that is there.
func (c *Condition) Check(present bool, version txn.Timestamp) error {
	switch {
	case c.Absent && present:
		return failed("the key is there")
	case c.Present && !present, c.AnyOf != nil && !present:
		return failed("the key is not there")
	case c.AnyOf != nil && !slices.Contains(c.AnyOf, version):
		return failed("the key has version %d", version)
	case present && slices.Contains(c.NoneOf, version):
		return failed("the key has version %d", version)
	case present && !c.UnchangedSince.IsZero():
		if at := version.Time(); version == 0 || at.Truncate(time.Second).After(c.UnchangedSince) {
			return failed("the key was changed at %s", at.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

func failed(format string, args ...any) error {
	return refused("PRECONDITION_FAILED", "the condition does not hold: %s", fmt.Sprintf(format, args...))
}

// slot is a key in the hands of a transaction that is about to write it.
type slot struct {
	s       *Store
	tx      *txn.Tx
	bucket  Bucket
	key     []byte
	old     record
	version txn.Timestamp // of old
	found   bool          // old is there, alive or not
	alive   bool
}

// slot reads what is there, for a write. With mayMake it makes the bucket.
func (s *Store) slot(tx *txn.Tx, bucket string, key []byte, mayMake bool) (w slot, err error) {
	if err := checkKey(key); err != nil {
		return w, err
	}
	w = slot{s: s, tx: tx, key: key}
	if mayMake {
		w.bucket, err = s.openBucket(tx, bucket)
	} else {
		var ok bool
		if w.bucket, ok, err = s.bucketToWrite(tx, bucket); !ok {
			return w, err
		}
	}
	if err == nil {
		w.version, w.found, w.alive, err = s.look(tx, w.bucket.id, key, &w.old)
	}
	return w, err
}

// entry is what is there and alive, with its value.
func (w *slot) entry() (e Entry, err error) {
	e.Key = w.key
	e.fill(&w.old, w.version)
	e.Value.Data, err = w.s.load(w.tx, w.bucket.id, &w.old)
	return e, err
}

// expiry is when a key expires that is written now.
func (w *slot) expiry(o *PutOptions) (int64, error) {
	ttl := o.TTL
	switch {
	case o.KeepTTL && w.alive:
		return w.old.expires, nil
	case ttl == 0:
		ttl = w.bucket.Options.DefaultTTL
	}
	if ttl == NoTTL || ttl == 0 {
		return 0, nil
	}
	if ttl < 0 {
		return 0, invalid("INVALID_TTL", "ttl", "the TTL %v is negative", ttl)
	}
	now := w.s.txns.Clock().Now().UnixNano()
	if now > math.MaxInt64-int64(ttl) {
		return 0, invalid("INVALID_TTL", "ttl", "the TTL %v ends after the year 2262", ttl)
	}
	return now + int64(ttl), nil
}

// put writes a value over what is there.
func (w *slot) put(v Value, o *PutOptions) (e Entry, err error) {
	if err := v.check(); err != nil {
		return e, err
	}
	r := record{contentType: v.ContentType, value: v.Data, size: len(v.Data), stored: len(v.Data)}
	if v.JSON {
		r.flags = flagJSON
	}
	if r.expires, err = w.expiry(o); err != nil {
		return e, err
	}
	r.pack(w.bucket.Options.Compression)
	if len(r.value) > partBytes {
		if err := w.putParts(&r); err != nil {
			return e, err
		}
	}
	if err := w.dropParts(); err != nil {
		return e, err
	}
	if err := w.store(&r); err != nil {
		return e, err
	}
	e.Key = w.key
	e.fill(&r, 0)
	e.Value = v
	return e, nil
}

// store writes a record and its entry in the expiry index.
func (w *slot) store(r *record) error {
	r.created = 0
	if w.alive {
		if r.created = w.old.created; r.created == 0 {
			r.created = int64(w.version) // 0 where this transaction made it
		}
	}
	if err := w.index(r.expires); err != nil {
		return err
	}
	var kb buf
	var vb [256]byte
	return w.tx.Put(appendDataKey(kb[:0], w.s.db, w.bucket.id, w.key), r.append(vb[:0]))
}

// index moves the entry of the expiry index from where the old record has it.
func (w *slot) index(expires int64) error {
	if w.found && w.old.expires == expires || !w.found && expires == 0 {
		return nil
	}
	var b buf
	if w.found && w.old.expires != 0 {
		if err := w.tx.Delete(appendExpiryKey(b[:0], w.s.db, w.old.expires, w.bucket.id, w.key)); err != nil {
			return err
		}
	}
	if expires == 0 {
		return nil
	}
	return w.tx.Put(appendExpiryKey(b[:0], w.s.db, expires, w.bucket.id, w.key), nil)
}

// putParts stores a long value in parts, and leaves their id in r.
func (w *slot) putParts(r *record) error {
	r.parts = uuid.New()
	r.flags |= flagParts
	var b buf
	for n := 0; n*partBytes < len(r.value); n++ {
		part := r.value[n*partBytes : min((n+1)*partBytes, len(r.value))]
		if err := w.tx.Put(appendPartKey(b[:0], w.s.db, w.bucket.id, r.parts, n), part); err != nil {
			return err
		}
	}
	r.value = nil
	return nil
}

// dropParts removes the parts of the old value.
func (w *slot) dropParts() error {
	if !w.found || w.old.flags&flagParts == 0 {
		return nil
	}
	var b buf
	for n := 0; n*partBytes < w.old.stored; n++ {
		if err := w.tx.Delete(appendPartKey(b[:0], w.s.db, w.bucket.id, w.old.parts, n)); err != nil {
			return err
		}
	}
	return nil
}

// remove takes the key away.
func (w *slot) remove() error {
	if err := w.dropParts(); err != nil {
		return err
	}
	if err := w.index(0); err != nil {
		return err
	}
	var b buf
	return w.tx.Delete(appendDataKey(b[:0], w.s.db, w.bucket.id, w.key))
}

// PutTx sets a key to a value and returns its entry, whose version comes with the
// commit. It makes the bucket where there is none.
func (s *Store) PutTx(tx *txn.Tx, bucket string, key []byte, v Value, o PutOptions) (Entry, error) {
	w, err := s.slot(tx, bucket, key, true)
	if err != nil {
		return Entry{}, err
	}
	if err := o.If.Check(w.alive, w.version); err != nil {
		return Entry{}, err
	}
	return w.put(v, &o)
}

// Put sets a key to a value and returns its entry. It makes the bucket where there
// is none.
func (s *Store) Put(ctx context.Context, bucket string, key []byte, v Value, o PutOptions) (e Entry, err error) {
	ts, err := s.write(ctx, func(tx *txn.Tx) error {
		e, err = s.PutTx(tx, bucket, key, v, o)
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	e.committed(ts)
	return e, nil
}

// DeleteTx removes a key and says whether it was there.
func (s *Store) DeleteTx(tx *txn.Tx, bucket string, key []byte, c Condition) (existed bool, err error) {
	w, err := s.slot(tx, bucket, key, false)
	if err != nil {
		return false, err
	}
	if err := c.Check(w.alive, w.version); err != nil {
		return false, err
	}
	if !w.alive {
		return false, nil // what has expired is left to the sweep
	}
	return true, w.remove()
}

// Delete removes a key and says whether it was there.
func (s *Store) Delete(ctx context.Context, bucket string, key []byte, c Condition) (existed bool, err error) {
	_, err = s.write(ctx, func(tx *txn.Tx) error {
		existed, err = s.DeleteTx(tx, bucket, key, c)
		return err
	})
	return existed && err == nil, err
}

// TouchTx changes when a key expires and nothing else, though it becomes another
// version. A key that is not there is an error of class ErrNotFound.
func (s *Store) TouchTx(tx *txn.Tx, bucket string, key []byte, o PutOptions) (e Entry, err error) {
	w, err := s.slot(tx, bucket, key, false)
	if err != nil {
		return e, err
	}
	if err := o.If.Check(w.alive, w.version); err != nil {
		return e, err
	}
	if !w.alive {
		return e, errNoKey(bucket, key)
	}
	r := w.old
	if r.expires, err = w.expiry(&o); err != nil {
		return e, err
	}
	if err := w.store(&r); err != nil {
		return e, err
	}
	e.Key = key
	e.fill(&r, 0)
	return e, nil
}

// Touch changes when a key expires; the entry that it returns is without the value.
func (s *Store) Touch(ctx context.Context, bucket string, key []byte, o PutOptions) (e Entry, err error) {
	ts, err := s.write(ctx, func(tx *txn.Tx) error {
		e, err = s.TouchTx(tx, bucket, key, o)
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	e.committed(ts)
	return e, nil
}
