package query

import (
	"context"
	"maps"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/fn"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Advisory locks are locks of the store's objects that stand for numbers of applications. Those
// of a transaction are its own; those of a session are held beside its transactions, by a
// holder, until it gives them back or ends.

// advisoryKey is what an advisory lock is of.
type advisoryKey struct {
	db keyspace.DatabaseID
	fn.AdvisoryKey
}

// advisoryFirst is the bit that tells objects of advisory locks from tables.
const advisoryFirst txn.ObjectID = 1 << 63

// advisoryKeys gives the keys that are in use numbers as objects.
type advisoryKeys struct {
	mu   sync.Mutex
	used map[advisoryKey]*advisoryUse
	keys map[txn.ObjectID]advisoryKey
	last txn.ObjectID
}

type advisoryUse struct {
	object txn.ObjectID
	users  int
}

// use gives the object of a key, which stays until it was dropped as often.
func (a *advisoryKeys) use(k advisoryKey) txn.ObjectID {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.used[k]
	if u == nil {
		if a.used == nil {
			a.used, a.keys = map[advisoryKey]*advisoryUse{}, map[txn.ObjectID]advisoryKey{}
		}
		a.last++
		u = &advisoryUse{object: advisoryFirst | a.last}
		a.used[k], a.keys[u.object] = u, k
	}
	u.users++
	return u.object
}

func (a *advisoryKeys) drop(k advisoryKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := a.used[k]; u != nil {
		if u.users--; u.users == 0 {
			delete(a.used, k)
			delete(a.keys, u.object)
		}
	}
}

// key is the key of an object.
func (a *advisoryKeys) key(object txn.ObjectID) (advisoryKey, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.keys[object]
	return k, ok
}

// advisoryHeld is a lock that a session holds.
type advisoryHeld struct {
	advisoryKey
	mode txn.ObjectMode
}

// sessionLocks are the advisory locks of a session: how often it has each.
type sessionLocks struct {
	holder *txn.Holder
	count  map[advisoryHeld]int
}

// lockAdvisory takes an advisory lock; false where one that was only tried for is not free.
func (s *Session) lockAdvisory(ctx context.Context, c fn.AdvisoryCall) (bool, error) {
	k, mode, wait := advisoryKey{s.db.ID, c.Key}, txn.Exclusive, txn.LockWait
	if c.Shared {
		mode = txn.Share
	}
	if c.Try {
		wait = txn.LockNoWait
	}
	held := advisoryHeld{k, mode}
	if !c.Transaction && s.advisory.count[held] > 0 {
		s.advisory.count[held]++
		return true, nil
	}
	object := s.e.advisory.use(k)
	waited, err := s.lockWithin(ctx, wait, "the advisory lock", func(ctx context.Context, wait txn.LockPolicy) (bool, error) {
		if c.Transaction {
			return s.tx.LockObject(ctx, object, mode, false, wait)
		}
		return s.holder().Lock(ctx, object, mode, wait)
	})
	if err != nil {
		s.e.advisory.drop(k)
		if e := dberr.As(err); c.Try && e != nil && e.SQLState == dberr.StateLockNotAvailable {
			return false, nil
		}
		return false, err
	}
	s.work.advised, s.work.waited = true, s.work.waited || waited
	if c.Transaction {
		s.work.advisory = append(s.work.advisory, k)
		return true, nil
	}
	if s.advisory.count == nil {
		s.advisory.count = map[advisoryHeld]int{}
	}
	s.advisory.count[held] = 1
	return true, nil
}

// holder is what holds the locks of the session.
func (s *Session) holder() *txn.Holder {
	if s.advisory.holder == nil {
		s.advisory.holder = s.e.store.NewHolder(uint64(s.number))
		s.tx.Join(s.advisory.holder)
	}
	return s.advisory.holder
}

// joinHolder has a new transaction belong to the session's locks.
func (s *Session) joinHolder(tx *txn.Tx) {
	if s.advisory.holder != nil {
		tx.Join(s.advisory.holder)
	}
}

// unlockAdvisory gives a lock of the session back; false where it has none.
func (s *Session) unlockAdvisory(key fn.AdvisoryKey, shared bool) bool {
	held := advisoryHeld{advisoryKey{s.db.ID, key}, txn.Exclusive}
	if shared {
		held.mode = txn.Share
	}
	n := s.advisory.count[held]
	if n == 0 {
		return false
	}
	s.keepAdvisory(held, n-1)
	return true
}

// keepAdvisory has the session hold a lock n times, which it holds more often.
func (s *Session) keepAdvisory(held advisoryHeld, n int) {
	if n > 0 {
		s.advisory.count[held] = n
		return
	}
	delete(s.advisory.count, held)
	s.advisory.holder.Unlock(s.e.advisory.use(held.advisoryKey), held.mode)
	s.e.advisory.drop(held.advisoryKey)
	s.e.advisory.drop(held.advisoryKey)
}

// unlockAllAdvisory gives all locks of the session back but those of a mark: what it held
// before a request that is run again.
func (s *Session) unlockAllAdvisory(but map[advisoryHeld]int) {
	for held, n := range s.advisory.count {
		if but[held] < n {
			s.keepAdvisory(held, but[held])
		}
	}
}

// markAdvisory is what the session holds now.
func (s *Session) markAdvisory() map[advisoryHeld]int { return maps.Clone(s.advisory.count) }

// endAdvisory forgets the locks of a transaction that has ended.
func (s *Session) endAdvisory() {
	for _, k := range s.work.advisory {
		s.e.advisory.drop(k)
	}
}

// onlyLocks says that a query asks for advisory locks and reads nothing, so that nobody knows
// what its transaction has read.
func onlyLocks(st ast.Stmt) bool {
	sel, ok := st.(*ast.Select)
	if !ok {
		return false
	}
	reads := false
	ast.Walk(sel, func(n any) bool {
		switch n.(type) {
		case *ast.TableRef, *ast.FuncRef:
			reads = true
		}
		return !reads
	})
	return !reads
}

// afterLocks ends a statement that has asked for advisory locks as the first of its
// transaction: what comes next sees what those whom it has waited for have done.
func (s *Session) afterLocks(st ast.Stmt, fresh bool, err error) error {
	if err != nil || !fresh || !s.work.advised || !onlyLocks(st) {
		s.work.queried = true
		return err
	}
	s.work.locked = true
	if !s.work.waited || s.tx == nil {
		return nil
	}
	s.work.waited = false
	return s.tx.Renew()
}

// Advisory implements fn.Host.
func (st *stage) Advisory(c fn.AdvisoryCall) (bool, error) { return st.s.lockAdvisory(st.Ctx, c) }

// UnlockAdvisory implements fn.Host.
func (st *stage) UnlockAdvisory(key fn.AdvisoryKey, shared bool) bool {
	return st.s.unlockAdvisory(key, shared)
}

// UnlockAllAdvisory implements fn.Host.
func (st *stage) UnlockAllAdvisory() { st.s.unlockAllAdvisory(nil) }

// Advisory implements fn.Host.
func (alone) Advisory(fn.AdvisoryCall) (bool, error) {
	return false, dberr.SQL(dberr.StateFeatureNotSupported, "advisory locks are not supported here")
}

// UnlockAdvisory implements fn.Host.
func (a alone) UnlockAdvisory(key fn.AdvisoryKey, shared bool) bool {
	return a.s.unlockAdvisory(key, shared)
}

// UnlockAllAdvisory implements fn.Host.
func (a alone) UnlockAllAdvisory() { a.s.unlockAllAdvisory(nil) }
