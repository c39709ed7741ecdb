package txn

import (
	"context"
	"fmt"
	"slices"

	"github.com/weftdb/weft/internal/dberr"
)

// Holder holds locks of objects beyond the end of transactions. Those of a transaction that
// has joined it (Tx.Join) are not in its way, nor the other way round, and circles are found
// through both. One goroutine at a time uses it and the transactions.
type Holder struct {
	store *Store
	owner *lockOwner
}

// NewHolder makes a holder for a session, whose number ObjectLocks tells.
func (s *Store) NewHolder(session uint64) *Holder {
	return &Holder{store: s, owner: &lockOwner{group: &lockGroup{session: session}}}
}

// Join has a transaction belong to a holder.
func (tx *Tx) Join(h *Holder) {
	t := &tx.store.locks
	t.mu.Lock()
	defer t.mu.Unlock()
	tx.owner().group = h.owner.group
}

// Lock locks an object in a mode that was asked for, and is strong: Share or above. waited
// and errors are as those of Tx.LockObject.
func (h *Holder) Lock(ctx context.Context, object ObjectID, mode ObjectMode, wait LockPolicy) (waited bool, err error) {
	if mode < ShareUpdateExclusive {
		return false, dberr.New(dberr.ErrInvalid, "LOCK_MODE", "a holder has no weak locks: %s", mode)
	}
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("lock: %w", contextError(ctx))
	}
	if most := h.store.opts.MaxTxBytes; h.owner.bytes.Load()+lockOverhead > most {
		return false, dberr.New(dberr.ErrTooLarge, "TRANSACTION_TOO_LARGE", "the locks of the session are over the maximum of %d bytes", most).
			WithHint("give locks back, or raise the limit")
	}
	t := &h.store.locks
	t.mu.Lock()
	if err := t.mu.closed; err != nil {
		t.mu.Unlock()
		return false, err
	}
	waited, err = t.objectLocked(ctx, h.owner, &h.store.live, t.mu.objects[object], object, mode.bit(false), wait)
	if err != nil {
		return waited, fmt.Errorf("lock: %w", err)
	}
	return waited, nil
}

// Unlock gives a lock back; one that is not held is left alone.
func (h *Holder) Unlock(object ObjectID, mode ObjectMode) {
	t := &h.store.locks
	t.mu.Lock()
	defer t.mu.Unlock()
	o := h.owner
	i := slices.IndexFunc(o.steps, func(st lockStep) bool { return st.lock.object == object && st.got == mode.bit(false) })
	if i >= 0 {
		st := o.steps[i]
		o.steps = slices.Delete(o.steps, i, i+1)
		t.lowerLocked(o, st)
	}
}

// Release gives all locks back.
func (h *Holder) Release() { h.store.locks.release(h.owner) }
