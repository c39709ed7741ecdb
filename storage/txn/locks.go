package txn

import (
	"bytes"
	"context"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/weftdb/weft/internal/dberr"
)

// Pessimistic locks on keys. Transactions need none: without them the first
// committer wins and the others run again. A lock says beforehand who will be
// first, for work that is too dear to run again (SELECT … FOR UPDATE) and for keys
// that everybody writes.
//
// Correctness never rests on a lock: every commit is validated as if there were
// none. What a lock adds, from when it is granted until its transaction ends:
//
//   - no other transaction gets a lock on the key that does not go with it;
//   - no other transaction commits a write of the key: such a commit waits for the
//     lock first, in the queue, and is validated after it has it. So a holder whose
//     Lock returned no conflict has none with this key at commit either.
//
// Reads never wait, and DropRange, which is not transactional, heeds no lock. Who
// asks waits behind those who asked before, but an upgrade from shared to exclusive
// goes first, since nobody before it can go on anyway. Where waiting would close a
// circle, the one that closes it is refused with DEADLOCK_DETECTED.

// LockMode is how a key is locked.
type LockMode uint8

const (
	// LockShared goes with other shared locks of the key.
	LockShared LockMode = iota + 1
	// LockExclusive goes with no other lock of the key.
	LockExclusive
)

// LockPolicy says what Lock does where the lock cannot be had at once.
type LockPolicy uint8

const (
	// LockWait waits until it can, the context ends or there is a deadlock.
	LockWait LockPolicy = iota
	// LockNoWait fails with the code LOCK_NOT_AVAILABLE.
	LockNoWait
	// LockSkip leaves the key alone and says so.
	LockSkip
)

// lockTable knows all locks of a store.
type lockTable struct {
	// entries is len(mu.keys), for commits to see that nothing is locked.
	entries atomic.Int64

	// mu guards every field of keyLock, lockOwner (but its bytes) and lockRequest. Taken under
	// Store.commit; takes none. Never held while waiting.
	mu struct {
		sync.Mutex
		keys   map[string]*keyLock // those with a holder
		closed error               // why no lock is given any more, or nil
	}
}

// keyLock is one locked key. Invariant: it has a holder, and who stands first in
// the queue cannot be granted.
type keyLock struct {
	key         string
	exclusive   bool // there is one holder, and it is exclusive
	holders     []*lockOwner
	first, last *lockRequest // who waits, in order
}

// lockOwner holds locks for a transaction or, one after the other, for the
// attempts of one Update.
type lockOwner struct {
	steps   []lockStep
	bytes   atomic.Int64 // about what the locks take, counted against Options.MaxTxBytes
	waits   *lockRequest // the one it waits for, or nil
	visited *lockOwner   // the owner whose search for a circle came by last
}

// lockOverhead is about what a lock takes beside its key.
const lockOverhead = 256

// lockStep is a lock that was acquired or raised, in order.
type lockStep struct {
	lock *keyLock
	was  LockMode // before; 0 for none
}

// lockRequest is an owner in a queue.
type lockRequest struct {
	owner      *lockOwner
	lock       *keyLock
	mode       LockMode
	prev, next *lockRequest
	done       chan struct{} // closed once it is granted or has failed
	err        error         // why it failed; read after done
}

// acquire locks key for o. It returns false with LockSkip only.
func (t *lockTable) acquire(ctx context.Context, o *lockOwner, key []byte, mode LockMode, wait LockPolicy) (bool, error) {
	t.mu.Lock()
	if err := t.mu.closed; err != nil {
		t.mu.Unlock()
		return false, err
	}
	l := t.mu.keys[string(key)]
	if l == nil {
		l = &keyLock{key: string(key)}
		t.mu.keys[l.key] = l
		t.entries.Add(1)
	}
	has := l.mode(o)
	if has >= mode || l.admits(o, mode) && (l.first == nil || has != 0) {
		l.grant(o, mode)
		t.mu.Unlock()
		return true, nil
	}
	if wait != LockWait {
		t.mu.Unlock()
		if wait == LockSkip {
			return false, nil
		}
		return false, lockError(dberr.StateLockNotAvailable, "could not lock the key: another transaction holds it", l.key)
	}
	r := &lockRequest{owner: o, lock: l, mode: mode, done: make(chan struct{})}
	l.enqueue(r, has != 0)
	o.waits = r
	if len(o.steps) > 0 && r.closesCircle() { // who holds nothing, nobody waits for
		t.withdrawLocked(r)
		t.mu.Unlock()
		return false, lockError(dberr.StateDeadlock, "deadlock detected: the holder of the key waits for this transaction", l.key).
			WithHint("run the transaction again; transactions that lock in one order do not meet like this")
	}
	t.mu.Unlock()
	err := t.await(ctx, r)
	return err == nil, err
}

// await returns when r is granted, or gives it up where ctx ends.
func (t *lockTable) await(ctx context.Context, r *lockRequest) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.owner.waits == r { // else it was granted meanwhile, and is the owner's to release
		t.withdrawLocked(r)
	}
	return contextError(ctx)
}

// withdrawLocked takes r out of its queue; those behind may go on.
func (t *lockTable) withdrawLocked(r *lockRequest) {
	r.lock.dequeue(r)
	r.owner.waits = nil
	t.wakeLocked(r.lock)
}

// wakeLocked grants what can be granted, and forgets a lock that nobody holds.
func (t *lockTable) wakeLocked(l *keyLock) {
	for r := l.first; r != nil && l.admits(r.owner, r.mode); r = l.first {
		l.dequeue(r)
		r.owner.waits = nil
		l.grant(r.owner, r.mode)
		close(r.done)
	}
	if len(l.holders) == 0 {
		delete(t.mu.keys, l.key)
		t.entries.Add(-1)
	}
}

// position is where o stands, for undo.
func (t *lockTable) position(o *lockOwner) int {
	if o == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(o.steps)
}

// undo takes back what o acquired after position n, and, where it waits in
// another goroutine, fails that with cause.
func (t *lockTable) undo(o *lockOwner, n int, cause error) {
	if o == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := o.waits; r != nil && cause != nil {
		r.err = cause
		t.withdrawLocked(r)
		close(r.done)
	}
	for i := len(o.steps) - 1; i >= n; i-- {
		st := o.steps[i]
		st.lock.lower(o, st.was)
		t.wakeLocked(st.lock)
	}
	clear(o.steps[min(n, len(o.steps)):])
	o.steps = o.steps[:min(n, len(o.steps))]
}

// release takes back all that o holds.
func (t *lockTable) release(o *lockOwner) { t.undo(o, 0, nil) }

// close refuses every lock from now on, also to those who wait.
func (t *lockTable) close(cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.closed = cause
	for _, l := range t.mu.keys {
		for r := l.first; r != nil; r = l.first {
			l.dequeue(r)
			r.owner.waits, r.err = nil, cause
			close(r.done)
		}
	}
}

// obstacle returns a key among ops, which are in order, that somebody else than o
// holds, or nil. Called under Store.commit.
func (t *lockTable) obstacle(o *lockOwner, ops []Op) []byte {
	if t.entries.Load() == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(ops) <= 4*len(t.mu.keys) {
		for i := range ops {
			if l := t.mu.keys[string(ops[i].Key)]; l != nil && !l.admits(o, LockExclusive) {
				return ops[i].Key
			}
		}
		return nil
	}
	var found []byte
	for key, l := range t.mu.keys {
		if l.admits(o, LockExclusive) {
			continue
		}
		i := sort.Search(len(ops), func(i int) bool { return string(ops[i].Key) >= key })
		if i < len(ops) && string(ops[i].Key) == key && (found == nil || bytes.Compare(ops[i].Key, found) < 0) {
			found = ops[i].Key
		}
	}
	return found
}

// mode is how o holds l; 0 for not at all.
func (l *keyLock) mode(o *lockOwner) LockMode {
	for _, h := range l.holders {
		if h == o {
			if l.exclusive {
				return LockExclusive
			}
			return LockShared
		}
	}
	return 0
}

// admits says whether mode goes with the other holders.
func (l *keyLock) admits(o *lockOwner, mode LockMode) bool {
	if len(l.holders) == 0 || len(l.holders) == 1 && l.holders[0] == o {
		return true
	}
	return mode == LockShared && !l.exclusive
}

// grant makes o a holder.
func (l *keyLock) grant(o *lockOwner, mode LockMode) {
	has := l.mode(o)
	if has >= mode {
		return
	}
	if has == 0 {
		l.holders = append(l.holders, o)
		o.bytes.Add(int64(len(l.key)) + lockOverhead)
	}
	l.exclusive = mode == LockExclusive
	o.steps = append(o.steps, lockStep{lock: l, was: has})
}

// lower takes o's mode down to what it was.
func (l *keyLock) lower(o *lockOwner, to LockMode) {
	l.exclusive = false
	if to != 0 {
		return
	}
	for i, h := range l.holders {
		if h == o {
			last := len(l.holders) - 1
			l.holders[i], l.holders[last] = l.holders[last], nil
			l.holders = l.holders[:last]
			o.bytes.Add(-int64(len(l.key)) - lockOverhead)
			return
		}
	}
}

// enqueue puts r at the end of the queue, or at its head.
func (l *keyLock) enqueue(r *lockRequest, ahead bool) {
	switch {
	case l.first == nil:
		l.first, l.last = r, r
	case ahead:
		r.next, l.first.prev = l.first, r
		l.first = r
	default:
		r.prev, l.last.next = l.last, r
		l.last = r
	}
}

func (l *keyLock) dequeue(r *lockRequest) {
	if r.prev != nil {
		r.prev.next = r.next
	} else {
		l.first = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	} else {
		l.last = r.prev
	}
	r.prev, r.next = nil, nil
}

// closesCircle says whether r's owner waits, over others, for itself. A circle can
// only come to be when somebody begins to wait: a grant makes those in the queue
// wait for a holder that they waited for already.
func (r *lockRequest) closesCircle() bool {
	seeker, todo := r.owner, []*lockRequest{r}
	circle := false
	visit := func(o *lockOwner) {
		switch {
		case o == seeker:
			circle = true
		case o.visited != seeker && o.waits != nil:
			todo = append(todo, o.waits)
		}
		o.visited = seeker
	}
	seen := []*lockOwner{}
	for len(todo) > 0 && !circle {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		at.before(func(o *lockOwner) {
			if o.visited != seeker {
				seen = append(seen, o)
			}
			visit(o)
		})
	}
	for _, o := range seen {
		o.visited = nil
	}
	return circle
}

// before calls fn for those whom r waits for: the holders, and who stands before
// it in the queue as far as they do not wait for each other, which is found from
// them.
func (r *lockRequest) before(fn func(o *lockOwner)) {
	for p := r.prev; p != nil; p = p.prev {
		if r.mode == LockExclusive || p.mode == LockExclusive {
			fn(p.owner)
		}
		if p.mode == LockExclusive {
			return
		}
	}
	for _, h := range r.lock.holders {
		if h != r.owner {
			fn(h)
		}
	}
}

func lockError(state, message, key string) *dberr.Error {
	return dberr.SQL(state, "%s", message).WithDetail("the key is %x", key).Wrap(&conflictAt{key: []byte(key)})
}

// each calls fn for every lock that o holds.
func (t *lockTable) each(o *lockOwner, fn func(key string, mode LockMode)) {
	if o == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, st := range o.steps {
		fn(st.lock.key, st.lock.mode(o))
	}
}
