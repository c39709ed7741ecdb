package txn_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

func memory(t *testing.T, o txn.Options) *txn.Store {
	t.Helper()
	s, err := txn.NewMemory(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func begin(t *testing.T, s *txn.Store, o txn.TxOptions) *txn.Tx {
	t.Helper()
	tx, err := s.Begin(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tx.Rollback)
	return tx
}

func wantCode(t *testing.T, err error, class error, code string) {
	t.Helper()
	if e := dberr.As(err); !errors.Is(err, class) || e == nil || e.Code != code {
		t.Errorf("got %v, want class %v, code %s", err, class, code)
	}
}

func TestLimits(t *testing.T) {
	s := memory(t, txn.Options{MaxKeyBytes: 8, MaxValueBytes: 16, MaxTxBytes: 1000})
	tx := begin(t, s, txn.TxOptions{})
	wantCode(t, tx.Put([]byte("123456789"), nil), dberr.ErrTooLarge, "KEY_TOO_LARGE")
	wantCode(t, tx.Put(nil, nil), dberr.ErrInvalid, "EMPTY_KEY")
	wantCode(t, tx.Put([]byte("k"), make([]byte, 17)), dberr.ErrTooLarge, "VALUE_TOO_LARGE")
	sp := tx.Savepoint()
	var err error
	n := 0
	for ; err == nil; n++ {
		err = tx.Put(fmt.Appendf(nil, "k%d", n), make([]byte, 16))
	}
	wantCode(t, err, dberr.ErrTooLarge, "TRANSACTION_TOO_LARGE")
	if n < 10 || n > 20 {
		t.Errorf("%d writes fit into 1000 bytes", n)
	}
	// What is undone is room again, and the transaction goes on.
	if err := tx.RollbackTo(sp); err != nil {
		t.Fatal(err)
	}
	if err := tx.Put([]byte("k"), make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestOptionsNameEveryFault(t *testing.T) {
	_, err := txn.NewMemory(txn.Options{Durability: 9, MaxKeyBytes: 5000, MaxValueBytes: -1, MaxTxBytes: 1 << 40, MaxTxAge: -1, HistoryBytes: -1})
	for _, name := range []string{"Durability", "MaxKeyBytes", "MaxValueBytes", "MaxTxBytes", "MaxTxAge", "HistoryBytes"} {
		if err == nil || !strings.Contains(err.Error(), name) || !errors.Is(err, dberr.ErrInvalid) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
}

func TestEndedTransaction(t *testing.T) {
	s := memory(t, txn.Options{})
	tx := begin(t, s, txn.TxOptions{})
	it := tx.Iter(txn.IterOptions{})
	tx.Rollback()
	_, _, err := tx.Get([]byte("k"))
	wantCode(t, err, dberr.ErrInvalid, "TRANSACTION_ENDED")
	wantCode(t, tx.Put([]byte("k"), nil), dberr.ErrInvalid, "TRANSACTION_ENDED")
	wantCode(t, tx.Commit(context.Background()), dberr.ErrInvalid, "TRANSACTION_ENDED")
	if it.Next() {
		t.Error("iterator goes on")
	}
	wantCode(t, it.Close(), dberr.ErrInvalid, "TRANSACTION_ENDED")
	wantCode(t, tx.Iter(txn.IterOptions{}).Err(), dberr.ErrInvalid, "TRANSACTION_ENDED")
}

func TestSavepointBeyondIsRefused(t *testing.T) {
	s := memory(t, txn.Options{})
	tx := begin(t, s, txn.TxOptions{})
	first := tx.Savepoint()
	tx.Put([]byte("k"), []byte("v"))
	second := tx.Savepoint()
	if err := tx.RollbackTo(first); err != nil {
		t.Fatal(err)
	}
	wantCode(t, tx.RollbackTo(second), dberr.ErrInvalid, "INVALID_SAVEPOINT")
}

func TestUpdateRollsBackOnPanic(t *testing.T) {
	s := memory(t, txn.Options{})
	func() {
		defer func() { recover() }()
		s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			tx.Put([]byte("k"), []byte("v"))
			panic("in the middle")
		})
	}()
	if got := get(t, s, "k"); got != "" {
		t.Fatalf("k = %q", got)
	}
}

func TestUpdateGivesUp(t *testing.T) {
	retried := 0
	s := memory(t, txn.Options{MaxRetries: 3, Events: txn.Events{Retried: func(int) { retried++ }}})
	n := 0
	err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
		n++
		if _, _, err := tx.Get([]byte("k")); err != nil {
			return err
		}
		if err := put(context.Background(), s, 0, "k", fmt.Sprint(n)); err != nil {
			return err
		}
		return tx.Put([]byte("mine"), nil)
	})
	wantCode(t, err, dberr.ErrConflict, "SERIALIZATION_FAILURE")
	if n != 4 || retried != 3 {
		t.Errorf("ran %d times, retried %d", n, retried)
	}
}

func TestTransactionAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := txn.NewMemory(txn.Options{MaxTxAge: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		tx := begin(t, s, txn.TxOptions{})
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if _, _, err := tx.Get([]byte("k")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		_, _, err = tx.Get([]byte("k"))
		wantCode(t, err, dberr.ErrTimeout, "TRANSACTION_TOO_OLD")
		wantCode(t, tx.Commit(context.Background()), dberr.ErrTimeout, "TRANSACTION_TOO_OLD")
	})
}

func TestAsOf(t *testing.T) {
	c := clock.NewManual(time.Unix(5000, 0))
	s := memory(t, txn.Options{Clock: c, History: time.Minute})
	ctx := context.Background()
	at := func(back time.Duration) (*txn.Tx, error) {
		return s.Begin(ctx, txn.TxOptions{AsOf: txn.Timestamp(c.Now().Add(-back).UnixNano())})
	}
	for i := range 3 {
		if err := put(ctx, s, 0, "k", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		c.Advance(10 * time.Second)
	}
	tx, err := at(15 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if v, _, _ := tx.Get([]byte("k")); string(v) != "1" {
		t.Errorf("k = %q, want 1", v)
	}
	wantCode(t, tx.Put([]byte("k"), nil), dberr.ErrReadOnly, "READ_ONLY_TRANSACTION")
	tx.Rollback()
	_, err = at(-time.Hour)
	wantCode(t, err, dberr.ErrInvalid, "AS_OF_IN_FUTURE")

	// A read after the last commit stays what it was: later commits are after it.
	tx, err = at(0)
	if err != nil {
		t.Fatal(err)
	}
	was := tx.ReadTimestamp()
	tx.Rollback()
	if err := put(ctx, s, 0, "k", "later"); err != nil {
		t.Fatal(err)
	}
	if s.LastCommit() <= was {
		t.Errorf("commit %d is not after the read at %d", s.LastCommit(), was)
	}

	// The history passes, but not under a transaction that still reads it.
	old, err := at(15 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Rollback()
	c.Advance(time.Hour)
	s.Sweep()
	if v, _, err := old.Get([]byte("k")); string(v) != "1" || err != nil {
		t.Errorf("k = %q, %v, want 1", v, err)
	}
	_, err = at(time.Hour + 15*time.Second)
	wantCode(t, err, dberr.ErrInvalid, "HISTORY_GONE")
}

// TestClockGoesBack: timestamps rise all the same.
func TestClockGoesBack(t *testing.T) {
	c := clock.NewManual(time.Unix(5000, 0))
	s := memory(t, txn.Options{Clock: c})
	var last txn.Timestamp
	for range 5 {
		if err := put(context.Background(), s, 0, "k", "v"); err != nil {
			t.Fatal(err)
		}
		if s.LastCommit() <= last {
			t.Fatalf("%d after %d", s.LastCommit(), last)
		}
		last = s.LastCommit()
		c.Advance(-time.Hour)
	}
}

// TestSweepKeepsMemoryFlat: updates, deletes and range drops without end.
func TestSweepKeepsMemoryFlat(t *testing.T) {
	c := clock.NewManual(time.Unix(5000, 0))
	s := memory(t, txn.Options{Clock: c, History: time.Second})
	r := rand.New(rand.NewPCG(1, 1))
	var after [4]int64
	for round := range 4 * 50 {
		if err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
			for i := range 300 {
				if err := tx.Put(fmt.Appendf(nil, "queue-%08d", round*300+i), make([]byte, r.IntN(300))); err != nil {
					return err
				}
				if err := tx.Delete(fmt.Appendf(nil, "queue-%08d", (round-2)*300+i)); round >= 2 && err != nil {
					return err
				}
				if err := tx.Put(fmt.Appendf(nil, "hot-%d", i%10), make([]byte, r.IntN(300))); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if round%10 == 9 {
			if err := s.DropRange(context.Background(), []byte("hot"), []byte("hou")); err != nil {
				t.Fatal(err)
			}
		}
		c.Advance(200 * time.Millisecond)
		s.Sweep()
		after[round/50] = s.Stats().UsedBytes
	}
	if after[3] > after[0]*5/4 {
		t.Errorf("bytes in use after each quarter: %v", after)
	}
	c.Advance(time.Minute)
	s.Sweep()
	if st := s.Stats(); st.Stale != 0 || st.Keys > 600 {
		t.Errorf("after the history has passed: %+v", st)
	}
}

// TestHistoryBytes: the history is cut short rather than to fill the memory.
func TestHistoryBytes(t *testing.T) {
	c := clock.NewManual(time.Unix(5000, 0))
	s := memory(t, txn.Options{Clock: c, HistoryBytes: 100 << 10})
	for i := range 5000 {
		if err := put(context.Background(), s, 0, "k", strings.Repeat("v", 1000)); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			s.Sweep()
		}
	}
	s.Sweep()
	if st := s.Stats(); st.UsedBytes > 200<<10 || st.Stale < 50 {
		t.Errorf("%+v for a history of 100 KiB", st)
	}
}

// TestLargeTransaction: hundreds of thousands of keys, written in no order with
// savepoints on the way, commit as one and are seen in order before and after.
func TestLargeTransaction(t *testing.T) {
	keys := 100_000
	if os.Getenv("WEFT_LONG") == "1" {
		keys = 1_000_000
	}
	s := memory(t, txn.Options{})
	tx := begin(t, s, txn.TxOptions{})
	for i := range keys {
		if err := tx.Put(fmt.Appendf(nil, "%08d", i*7919%keys), make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		if i%1000 == 0 {
			sp := tx.Savepoint()
			if err := tx.Put([]byte("undone"), nil); err != nil {
				t.Fatal(err)
			}
			if err := tx.RollbackTo(sp); err != nil {
				t.Fatal(err)
			}
		}
	}
	count := func(tx *txn.Tx, reverse bool) {
		t.Helper()
		it := tx.Iter(txn.IterOptions{Reverse: reverse})
		defer it.Close()
		for i := range keys {
			if reverse {
				i = keys - 1 - i
			}
			if !it.Next() || string(it.Key()) != fmt.Sprintf("%08d", i) {
				t.Fatalf("key %d is %q", i, it.Key())
			}
		}
		if it.Next() {
			t.Fatalf("key %q behind the last", it.Key())
		}
	}
	count(tx, false)
	if err := tx.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
	after := begin(t, s, txn.TxOptions{ReadOnly: true})
	count(after, false)
	count(after, true)
}
