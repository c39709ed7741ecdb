package txn

import (
	"context"
	"fmt"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
)

// Locks on objects: things that are no keys and of which the caller knows what they are
// (tables). Commits do not heed them; who uses an object locks it first, in the mode that
// the use implies, and so waits for those who asked for a mode that does not go with it.
//
// Nearly all of these locks are weak: of modes that go with each other. A transaction
// notes those that it has in a list of its own, which costs nobody else anything. Who
// asks for another mode first takes the lists of all running transactions over into the
// lock table, and while it holds or waits for its lock (lockTable.strong), weak locks of the
// object are acquired there too.

// ObjectID names an object. 0 names none.
type ObjectID uint64

// weakLocks are the weak locks of a transaction.
type weakLocks struct {
	// mu is taken under lockTable.mu and liveShard.mu; takes none.
	mu    sync.Mutex
	list  []weakLock
	few   [3]weakLock
	ended bool
}

type weakLock struct {
	object ObjectID
	mode   LockMode
}

// ObjectLock describes a lock of an object.
type ObjectLock struct {
	Object  ObjectID
	Mode    ObjectMode
	Granted bool
	Session uint64 // TxOptions.Session of the holder
}

// LockObject locks an object until the transaction ends or goes back to a savepoint set
// before; implied modes of what a statement does stay until the end. waited says that
// it was not free at once, so that others may have changed what the transaction's snapshot
// does not show. Errors are those of Lock but for SERIALIZATION_FAILURE. Transactions that
// only read have such locks too; one with PassLocks has none.
func (tx *Tx) LockObject(ctx context.Context, object ObjectID, mode ObjectMode, implied bool, wait LockPolicy) (waited bool, err error) {
	if tx.of != nil {
		tx = tx.of
	}
	if tx.opts.PassLocks {
		return false, nil
	}
	bit := mode.bit(implied)
	t := &tx.store.locks
	if bit&weakModes != 0 && tx.weak.add(object, bit, t) {
		return false, nil
	}
	if err := tx.usable(); err != nil {
		return false, err
	}
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("lock: %w", contextError(ctx))
	}
	if !tx.room(lockOverhead) {
		return false, errTxTooLarge(tx.store.opts.MaxTxBytes)
	}
	waited, err = t.acquireObject(ctx, tx, object, bit, wait)
	if err != nil {
		return waited, fmt.Errorf("lock: %w", err)
	}
	return waited, tx.usable()
}

// add notes a weak lock; false where somebody may be in the way of it.
func (w *weakLocks) add(object ObjectID, mode LockMode, t *lockTable) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.list {
		if w.list[i].object == object {
			if w.list[i].mode&mode != 0 {
				return true
			}
		}
	}
	if w.ended || t.strong.Load() != 0 {
		return false
	}
	w.addLocked(object, mode)
	return true
}

func (w *weakLocks) addLocked(object ObjectID, mode LockMode) {
	for i := range w.list {
		if w.list[i].object == object {
			w.list[i].mode |= mode
			return
		}
	}
	if w.list == nil {
		w.list = w.few[:0]
	}
	w.list = append(w.list, weakLock{object, mode})
}

// take removes the lock of an object, and gives its modes.
func (w *weakLocks) take(object ObjectID) LockMode {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.list {
		if w.list[i].object == object {
			mode, last := w.list[i].mode, len(w.list)-1
			w.list[i] = w.list[last]
			w.list = w.list[:last]
			return mode
		}
	}
	return 0
}

// close forgets all, for good.
func (w *weakLocks) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list, w.ended = nil, true
}

// acquireObject locks an object for tx in the lock table, or notes a weak lock of one that
// nobody asks more of.
func (t *lockTable) acquireObject(ctx context.Context, tx *Tx, object ObjectID, mode LockMode, wait LockPolicy) (waited bool, err error) {
	t.mu.Lock()
	if err := t.mu.closed; err != nil {
		t.mu.Unlock()
		return false, err
	}
	l := t.mu.objects[object]
	if mode&weakModes != 0 && (l == nil || l.strong == 0) {
		defer t.mu.Unlock()
		tx.weak.mu.Lock()
		defer tx.weak.mu.Unlock()
		if tx.weak.ended { // too old, or of another goroutine
			return false, tx.usable()
		}
		tx.weak.addLocked(object, mode)
		return false, nil
	}
	return t.objectLocked(ctx, tx.owner(), &tx.store.live, l, object, mode, wait)
}

// objectLocked locks an object for o. It is called with the lock of t, which it gives up.
func (t *lockTable) objectLocked(ctx context.Context, o *lockOwner, live *live, l *keyLock, object ObjectID, mode LockMode, wait LockPolicy) (waited bool, err error) {
	if l == nil {
		l = &keyLock{object: object}
		t.mu.objects[object] = l
	}
	if mode&weakModes == 0 && !l.mode(o).covers(mode) {
		l.strong++
		t.strong.Add(1)
		t.takeOverLocked(live, l)
	}
	waited = !l.admits(o, mode) || !l.passes(l.held(o), mode)
	_, err = t.acquireLocked(ctx, o, l, mode, wait)
	return waited, err
}

// takeOverLocked brings the weak locks of an object into the lock table.
func (t *lockTable) takeOverLocked(live *live, l *keyLock) {
	live.each(func(tx *Tx) {
		mode := tx.weak.take(l.object)
		if mode == 0 {
			return
		}
		o := tx.owner()
		if got := l.add(o, mode); got != 0 {
			o.kept = append(o.kept, lockStep{lock: l, got: got})
		}
	})
}

// forgetLocked notes that a mode of l is neither held nor waited for any more.
func (t *lockTable) forgetLocked(l *keyLock, mode LockMode) {
	if l.object == 0 || mode&allObject&^weakModes == 0 {
		return
	}
	l.strong--
	t.strong.Add(-1)
	if len(l.holders) == 0 && l.first == nil {
		delete(t.mu.objects, l.object)
	}
}

func (l *keyLock) objectError(state string) *dberr.Error {
	if state == dberr.StateDeadlock {
		return dberr.SQL(state, "deadlock detected")
	}
	return dberr.SQL(state, "could not obtain the lock: another transaction holds it")
}

// Renew gives a transaction that has written nothing the newest snapshot, as if it began
// now; it keeps its locks. It is for who has waited for a lock before anybody knows what the
// transaction has read: everything read before is forgotten.
func (tx *Tx) Renew() error {
	if err := tx.usable(); err != nil {
		return err
	}
	if tx.of != nil || tx.Wrote() || tx.opts.AsOf != 0 || len(tx.iters) > 0 {
		return dberr.New(dberr.ErrInvalid, "RENEW_TRANSACTION", "a transaction that has written, that is being read or of the past cannot have a new snapshot")
	}
	tx.scanned, tx.looked = 0, false
	tx.reads.recycle()
	tx.reads = readSet{}
	tx.readTime.Store(0)
	tx.store.reenter(tx)
	return nil
}

// ReleaseLocks gives back all locks of a transaction that is going to be rolled back. It can
// lock no objects any more.
func (tx *Tx) ReleaseLocks() {
	tx.weak.close()
	tx.store.locks.release(tx.locks.Load())
}

// Inherit takes the locks of another transaction, which goes on without any.
func (tx *Tx) Inherit(from *Tx) {
	t := &tx.store.locks
	t.mu.Lock()
	defer t.mu.Unlock()
	if o := from.locks.Load(); o != nil && tx.locks.CompareAndSwap(nil, o) {
		from.locks.Store(nil)
	}
	from.weak.mu.Lock()
	list := from.weak.list
	from.weak.list = nil
	from.weak.mu.Unlock()
	tx.weak.mu.Lock()
	defer tx.weak.mu.Unlock()
	for _, w := range list {
		tx.weak.addLocked(w.object, w.mode)
	}
}

// reenter gives tx the newest snapshot. Under the lock, so that who takes weak locks over
// meets it before or after.
func (s *Store) reenter(tx *Tx) {
	s.locks.mu.Lock()
	defer s.locks.mu.Unlock()
	s.live.leave(tx)
	s.live.enter(tx, &s.epoch, s.published.Load)
}

// ObjectLocks lists the locks of objects that are held and waited for.
func (s *Store) ObjectLocks() (list []ObjectLock) {
	t := &s.locks
	t.mu.Lock()
	defer t.mu.Unlock()
	sessions := map[*lockOwner]uint64{}
	s.live.each(func(tx *Tx) {
		if o := tx.locks.Load(); o != nil {
			sessions[o] = tx.opts.Session
		}
		tx.weak.mu.Lock()
		defer tx.weak.mu.Unlock()
		for _, w := range tx.weak.list {
			list = appendModes(list, w.object, w.mode, true, tx.opts.Session)
		}
	})
	session := func(o *lockOwner) uint64 {
		if o.group != nil {
			return o.group.session
		}
		return sessions[o]
	}
	for _, l := range t.mu.objects {
		for _, h := range l.holders {
			list = appendModes(list, l.object, h.mode, true, session(h.owner))
		}
		for r := l.first; r != nil; r = r.next {
			list = appendModes(list, l.object, r.mode, false, session(r.owner))
		}
	}
	return list
}

// appendModes adds an entry for each mode, asked for or implied.
func appendModes(list []ObjectLock, object ObjectID, modes LockMode, granted bool, session uint64) []ObjectLock {
	for m := range ObjectMode(objectModes) {
		if modes&(m.bit(false)|m.bit(true)) != 0 {
			list = append(list, ObjectLock{Object: object, Mode: m, Granted: granted, Session: session})
		}
	}
	return list
}
