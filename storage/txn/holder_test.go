package txn_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

func (l locker) held(h *txn.Holder, id txn.ObjectID, mode txn.ObjectMode) *pending {
	return l.start(context.Background(), func(ctx context.Context) (bool, error) {
		_, err := h.Lock(ctx, id, mode, txn.LockWait)
		return true, err
	})
}

// TestHolder: locks that outlive transactions.
func TestHolder(t *testing.T) {
	const a, b = txn.ObjectID(1), txn.ObjectID(2)
	test := func(name string, f func(t *testing.T, s *txn.Store, ls []locker, hs []*txn.Holder)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := memory(t, txn.Options{})
				ls, hs := lockers(t, s, 2), []*txn.Holder{s.NewHolder(1), s.NewHolder(2)}
				ls[0].tx.Join(hs[0])
				ls[1].tx.Join(hs[1])
				f(t, s, ls, hs)
				for i := range ls {
					ls[i].tx.Rollback()
					hs[i].Release()
				}
				if list := s.ObjectLocks(); len(list) > 0 {
					t.Errorf("left: %v", list)
				}
				if err := lockers(t, s, 1)[0].objectNow(a, txn.AccessExclusive, false); err != nil {
					t.Error(err)
				}
			})
		})
	}
	test("they outlive a transaction", func(t *testing.T, s *txn.Store, ls []locker, hs []*txn.Holder) {
		ls[0].held(hs[0], a, txn.Exclusive).granted()
		ls[0].commit().granted()
		p := ls[1].held(hs[1], a, txn.Share)
		p.waits()
		if list := s.ObjectLocks(); len(list) != 2 || list[0].Session != 1 || !list[0].Granted || list[1].Session != 2 || list[1].Granted {
			t.Errorf("listed %v", list)
		}
		hs[0].Unlock(a, txn.Share) // has none
		p.waits()
		hs[0].Unlock(a, txn.Exclusive)
		p.granted()
	})
	test("the transaction of a holder does not wait for it", func(t *testing.T, _ *txn.Store, ls []locker, hs []*txn.Holder) {
		ls[0].held(hs[0], a, txn.Exclusive).granted()
		p := ls[1].object(a, txn.Share, false)
		p.waits()
		ls[0].object(a, txn.Exclusive, false).granted() // and passes who waits
		ls[0].held(hs[0], a, txn.Share).granted()
		hs[0].Release()
		p.waits()
		ls[0].commit().granted()
		p.granted()
	})
	test("nor a holder for its transaction", func(t *testing.T, _ *txn.Store, ls []locker, hs []*txn.Holder) {
		ls[0].object(a, txn.Exclusive, false).granted()
		ls[0].held(hs[0], a, txn.Exclusive).granted()
		ls[0].commit().granted()
		p := ls[1].object(a, txn.Exclusive, false)
		p.waits()
		hs[0].Unlock(a, txn.Exclusive)
		p.granted()
	})
	test("a circle through both", func(t *testing.T, _ *txn.Store, ls []locker, hs []*txn.Holder) {
		ls[0].held(hs[0], a, txn.Exclusive).granted()
		ls[1].lock("a", txn.LockExclusive).granted()
		p := ls[1].held(hs[1], a, txn.Exclusive)
		p.waits()
		ls[0].lock("a", txn.LockExclusive).failed(dberr.ErrConflict, "DEADLOCK_DETECTED")
		p.waits()
		hs[0].Release()
		p.granted()
	})
	test("a transaction that ends gives up what its holder waits for", func(t *testing.T, _ *txn.Store, ls []locker, hs []*txn.Holder) {
		ls[0].held(hs[0], a, txn.Exclusive).granted()
		ctx, cancel := context.WithCancel(context.Background())
		p := ls[1].start(ctx, func(ctx context.Context) (bool, error) {
			_, err := hs[1].Lock(ctx, a, txn.Exclusive, txn.LockWait)
			return true, err
		})
		p.waits()
		cancel()
		synctest.Wait()
		if p.err == nil {
			t.Error("granted")
		}
	})
	test("weak modes are not for them", func(t *testing.T, _ *txn.Store, _ []locker, hs []*txn.Holder) {
		_, err := hs[0].Lock(t.Context(), b, txn.AccessShare, txn.LockWait)
		wantCode(t, err, dberr.ErrInvalid, "LOCK_MODE")
	})
}
