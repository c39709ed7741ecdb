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

	// strong is how many locks of objects are held or waited for in modes that are not
	// weak. While it is 0, weak ones are the matter of their transactions (objects.go).
	strong atomic.Int64

	// mu guards every field of keyLock, lockOwner (but its bytes) and lockRequest. Taken under
	// Store.commit; takes liveShard.mu and weakLocks.mu. Never held while waiting.
	mu struct {
		sync.Mutex
		keys    map[string]*keyLock   // those with a holder
		objects map[ObjectID]*keyLock // those with a holder
		closed  error                 // why no lock is given any more, or nil
	}
}

// keyLock is one locked key or object. Invariant: it has a holder, and who stands first in
// the queue cannot be granted.
type keyLock struct {
	key         string   // "" of an object
	object      ObjectID // 0 of a key
	modes       LockMode // of all holders
	holders     []lockHolder
	first, last *lockRequest // who waits, in order
	strong      int          // of an object: how many of lockTable.strong are its
}

// lockHolder is who holds a lock, and how.
type lockHolder struct {
	owner *lockOwner
	mode  LockMode
}

// lockOwner holds locks for a transaction or, one after the other, for the
// attempts of one Update.
type lockOwner struct {
	steps   []lockStep
	kept    []lockStep   // locks that were weak; no savepoint gives them back
	bytes   atomic.Int64 // about what the locks take, counted against Options.MaxTxBytes
	waits   *lockRequest // the one it waits for, or nil
	visited *lockOwner   // the owner whose search for a circle came by last
	group   *lockGroup   // of whom locks never stand in its way; nil for nobody else
}

// lockGroup is what a Holder and the transactions that have joined it are: one waits at a time.
type lockGroup struct {
	waits   *lockRequest
	session uint64
}

// same says that an owner's locks are not in the way of another.
func (o *lockOwner) same(p *lockOwner) bool { return o == p || o.group != nil && o.group == p.group }

// waiting is what the owner waits for, itself or as one of its group.
func (o *lockOwner) waiting() *lockRequest {
	if o.group != nil {
		return o.group.waits
	}
	return o.waits
}

func (o *lockOwner) setWaits(r *lockRequest) {
	o.waits = r
	if o.group != nil {
		o.group.waits = r
	}
}

// lockOverhead is about what a lock takes beside its key.
const lockOverhead = 256

// lockStep is a lock that was acquired or raised, in order.
type lockStep struct {
	lock *keyLock
	got  LockMode // what it added
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
	return t.acquireLocked(ctx, o, l, mode, wait)
}

// acquireLocked locks l for o. It is called with the lock of t, which it gives up.
func (t *lockTable) acquireLocked(ctx context.Context, o *lockOwner, l *keyLock, mode LockMode, wait LockPolicy) (bool, error) {
	has := l.held(o)
	if l.mode(o).covers(mode) || l.admits(o, mode) && l.passes(has, mode) {
		l.grant(o, mode)
		t.mu.Unlock()
		return true, nil
	}
	if wait != LockWait {
		t.forgetLocked(l, mode)
		t.mu.Unlock()
		if wait == LockSkip {
			return false, nil
		}
		return false, l.error(dberr.StateLockNotAvailable, "could not lock the key: another transaction holds it")
	}
	r := &lockRequest{owner: o, lock: l, mode: mode, done: make(chan struct{})}
	l.enqueue(r, has != 0)
	o.setWaits(r)
	if (o.group != nil || len(o.steps)+len(o.kept) > 0) && r.closesCircle() { // who holds nothing, nobody waits for
		t.withdrawLocked(r)
		t.mu.Unlock()
		return false, l.error(dberr.StateDeadlock, "deadlock detected: the holder of the key waits for this transaction").
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
	if r.owner.waiting() == r { // else it was granted meanwhile, and is the owner's to release
		t.withdrawLocked(r)
	}
	return contextError(ctx)
}

// withdrawLocked takes r out of its queue; those behind may go on.
func (t *lockTable) withdrawLocked(r *lockRequest) {
	r.lock.dequeue(r)
	r.owner.setWaits(nil)
	t.forgetLocked(r.lock, r.mode)
	t.wakeLocked(r.lock)
}

// wakeLocked grants what can be granted, and forgets a lock that nobody holds.
func (t *lockTable) wakeLocked(l *keyLock) {
	var before LockMode // of those who go on waiting
	for r := l.first; r != nil; {
		next := r.next
		if before.conflicts()&r.mode == 0 && l.admits(r.owner, r.mode) {
			l.dequeue(r)
			r.owner.setWaits(nil)
			l.grant(r.owner, r.mode)
			close(r.done)
		} else if before |= r.mode; l.object == 0 {
			break // nothing goes with what an exclusive lock waits for
		}
		r = next
	}
	if len(l.holders) > 0 {
		return
	}
	if l.object != 0 {
		delete(t.mu.objects, l.object)
		return
	}
	delete(t.mu.keys, l.key)
	t.entries.Add(-1)
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

// undo takes back what o acquired after position n.
func (t *lockTable) undo(o *lockOwner, n int) {
	if o == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.undoLocked(o, n)
}

func (t *lockTable) undoLocked(o *lockOwner, n int) {
	for i := len(o.steps) - 1; i >= n; i-- {
		t.lowerLocked(o, o.steps[i])
	}
	clear(o.steps[min(n, len(o.steps)):])
	o.steps = o.steps[:min(n, len(o.steps))]
}

// lowerLocked takes back what one step added.
func (t *lockTable) lowerLocked(o *lockOwner, st lockStep) {
	st.lock.lower(o, st.got)
	t.forgetLocked(st.lock, st.got)
	t.wakeLocked(st.lock)
}

// release takes back all that o holds.
func (t *lockTable) release(o *lockOwner) { t.fail(o, nil) }

// fail takes back all that o holds and, where it waits in another goroutine, fails that
// with cause.
func (t *lockTable) fail(o *lockOwner, cause error) {
	if o == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := o.waiting(); r != nil && cause != nil {
		r.err = cause
		t.withdrawLocked(r)
		close(r.done)
	}
	t.undoLocked(o, 0)
	for _, st := range o.kept {
		t.lowerLocked(o, st)
	}
	o.kept = nil
}

// close refuses every lock from now on, also to those who wait.
func (t *lockTable) close(cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.closed = cause
	refuse := func(l *keyLock) {
		for r := l.first; r != nil; r = l.first {
			l.dequeue(r)
			r.owner.setWaits(nil)
			r.err = cause
			close(r.done)
		}
	}
	for _, l := range t.mu.keys {
		refuse(l)
	}
	for _, l := range t.mu.objects {
		refuse(l)
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
	for i := range l.holders {
		if l.holders[i].owner == o {
			return l.holders[i].mode
		}
	}
	return 0
}

// held is how o and its group hold l.
func (l *keyLock) held(o *lockOwner) LockMode {
	if o.group == nil {
		return l.mode(o)
	}
	var m LockMode
	for i := range l.holders {
		if l.holders[i].owner.same(o) {
			m |= l.holders[i].mode
		}
	}
	return m
}

// admits says whether mode goes with the other holders.
func (l *keyLock) admits(o *lockOwner, mode LockMode) bool {
	bad := mode.conflicts()
	if l.modes&bad == 0 {
		return true
	}
	for i := range l.holders {
		if h := &l.holders[i]; !h.owner.same(o) && h.mode&bad != 0 {
			return false
		}
	}
	return true
}

// passes says whether who holds has may be granted mode before those who wait: where it goes
// with what they ask for, or they wait for has anyway.
func (l *keyLock) passes(has, mode LockMode) bool {
	if l.object == 0 {
		return l.first == nil || has != 0
	}
	bad := mode.conflicts()
	for r := l.first; r != nil; r = r.next {
		if r.mode&bad != 0 && r.mode.conflicts()&has == 0 {
			return false
		}
	}
	return true
}

// grant makes o a holder.
func (l *keyLock) grant(o *lockOwner, mode LockMode) {
	if got := l.add(o, mode); got != 0 {
		o.steps = append(o.steps, lockStep{lock: l, got: got})
	}
}

// add is grant without a step, and returns what o did not have before.
func (l *keyLock) add(o *lockOwner, mode LockMode) LockMode {
	has := l.mode(o)
	if has.covers(mode) {
		return 0
	}
	l.modes |= mode
	if has == 0 {
		l.holders = append(l.holders, lockHolder{o, mode})
		o.bytes.Add(int64(len(l.key)) + lockOverhead)
		return mode
	}
	for i := range l.holders {
		if l.holders[i].owner == o {
			l.holders[i].mode |= mode
		}
	}
	return mode &^ has
}

// lower takes modes from o.
func (l *keyLock) lower(o *lockOwner, modes LockMode) {
	all := LockMode(0)
	for i := len(l.holders) - 1; i >= 0; i-- {
		h := &l.holders[i]
		if h.owner == o {
			h.mode &^= modes
		}
		if all |= h.mode; h.mode == 0 {
			last := len(l.holders) - 1
			l.holders[i], l.holders[last] = l.holders[last], lockHolder{}
			l.holders = l.holders[:last]
			o.bytes.Add(-int64(len(l.key)) - lockOverhead)
		}
	}
	l.modes = all
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
		case o.same(seeker):
			circle = true
		case o.visited != seeker && o.waiting() != nil:
			todo = append(todo, o.waiting())
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
// it in the queue, as far as it does not go with them. Whom those before an exclusive lock
// wait for is found from that.
func (r *lockRequest) before(fn func(o *lockOwner)) {
	bad := r.mode.conflicts()
	for p := r.prev; p != nil; p = p.prev {
		if p.mode&bad != 0 {
			fn(p.owner)
		}
		if p.mode == LockExclusive {
			return
		}
	}
	for _, h := range r.lock.holders {
		if !h.owner.same(r.owner) && h.mode&bad != 0 {
			fn(h.owner)
		}
	}
}

// error says why a lock of l was not given.
func (l *keyLock) error(state, message string) *dberr.Error {
	if l.object != 0 {
		return l.objectError(state)
	}
	return dberr.SQL(state, "%s", message).WithDetail("the key is %x", l.key).Wrap(&conflictAt{key: []byte(l.key)})
}

// each calls fn for every lock of a key that o holds.
func (t *lockTable) each(o *lockOwner, fn func(key string, mode LockMode)) {
	if o == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, st := range o.steps {
		switch {
		case st.lock.object != 0:
		case st.lock.mode(o)&LockExclusive != 0:
			fn(st.lock.key, LockExclusive)
		default:
			fn(st.lock.key, LockShared)
		}
	}
}
