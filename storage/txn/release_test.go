package txn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
)

// TestReleased: the memory of a released transaction is as good as new, whatever it did.
func TestReleased(t *testing.T) {
	s, err := NewMemory(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := t.Context()
	for _, how := range []func(tx *Tx) error{
		func(*Tx) error { return nil },
		func(tx *Tx) error { tx.Rollback(); return nil },
		func(tx *Tx) error { _, _, err := tx.Get([]byte("a")); return err },
		func(tx *Tx) error { return errors.Join(tx.Put([]byte("a"), []byte("1")), tx.Delete([]byte("b"))) },
		func(tx *Tx) error { return errors.Join(tx.Put([]byte("a"), []byte("2")), tx.Commit(ctx)) },
		func(tx *Tx) error {
			_, err := tx.Append([]byte("log"), []byte("x"))
			return errors.Join(err, tx.Commit(ctx))
		},
		func(tx *Tx) error {
			_, err := tx.Lock(ctx, []byte("a"), LockExclusive, LockWait)
			tx.Iter(IterOptions{}).Next()
			tx.Reserve(3)
			tx.ReadTime()
			tx.SetDurability(DurabilityAsync)
			return err
		},
	} {
		tx, err := s.Begin(ctx, TxOptions{PassLocks: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := how(tx); err != nil {
			t.Fatal(err)
		}
		tx.Release()
		if keepReleased {
			if err := tx.Put([]byte("a"), nil); !errors.Is(err, errEnded) {
				t.Errorf("a transaction that was released answers %v", err)
			}
			continue
		}
		if !reflect.ValueOf(tx).Elem().IsZero() {
			t.Errorf("a transaction that was released is %+v", tx)
		}
	}
	if err := s.Look(ctx, func(tx *Tx) error {
		v, ok, err := tx.Get([]byte("a"))
		if !ok || string(v) != "2" {
			return fmt.Errorf("a is %q, %v, %w", v, ok, err)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	tx, err := s.Begin(ctx, TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if ok, err := tx.Lock(ctx, []byte("a"), LockExclusive, LockNoWait); !ok || err != nil {
		t.Errorf("a released transaction has kept its lock: %v, %v", ok, err)
	}
	of := tx.Before(tx.Savepoint())
	of.Release()
	if err := tx.Put([]byte("c"), nil); err != nil {
		t.Errorf("the release of a view has ended its transaction: %v", err)
	}
}

// TestApply: transactions that use memory again see and keep what others do, no more and
// no less, beside readers and conflicts.
func TestApply(t *testing.T) {
	s, err := NewMemory(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := t.Context()
	const keys, clients, steps = 8, 8, 400
	key := func(i int) []byte { return fmt.Appendf(nil, "k%d", i) }
	var last sync.Map // timestamps, each once
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for step := range steps {
				i, j := rand.IntN(keys), rand.IntN(keys)
				fail := step%10 == 0
				at, err := s.Apply(ctx, TxOptions{}, func(tx *Tx) error {
					for _, k := range []int{i, j} {
						v, _, err := tx.Get(key(k))
						if err != nil {
							return err
						}
						if err := tx.Put(key(k), append([]byte(nil), append(v, 'x')...)); err != nil {
							return err
						}
					}
					if fail {
						return dberr.New(dberr.ErrInvalid, "NO", "no")
					}
					return nil
				})
				switch _, twice := last.LoadOrStore(at, true); {
				case fail != (err != nil):
					t.Errorf("%v", err)
				case fail && at != 0, !fail && (at == 0 || twice):
					t.Errorf("committed at %d, which was so before: %v", at, twice)
				}
				if err := s.Look(ctx, func(tx *Tx) error {
					sum := 0
					for k := range keys {
						v, _, err := tx.Get(key(k))
						if err != nil {
							return err
						}
						sum += len(v)
					}
					if sum%2 != 0 {
						return fmt.Errorf("half of a transaction is seen: %d", sum)
					}
					return tx.Put(key(0), nil)
				}); dberr.As(err) == nil || dberr.As(err).Code != "READ_ONLY_TRANSACTION" {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	sum := 0
	if err := s.Look(ctx, func(tx *Tx) error {
		for k := range keys {
			v, _, err := tx.Get(key(k))
			if sum += len(v); err != nil {
				return err
			}
		}
		return nil
	}); err != nil || sum != clients*steps*9/10*2 {
		t.Errorf("%d, want %d, %v", sum, clients*steps*9/10*2, err)
	}
}
