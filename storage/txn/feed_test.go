package txn_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// TestFeed: writers commit at random while readers with small queues, which fall
// behind, come back and begin anywhere, see every commit once and in order, and what
// they apply is the state.
func TestFeed(t *testing.T) {
	s := memory(t, txn.Options{})
	ctx := t.Context()
	const clients, each = 3, 100
	write := func(r *rand.Rand, i int) error {
		return s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
			for range 1 + r.IntN(3) {
				key := fmt.Appendf(nil, "%c%d", "akz"[r.IntN(3)], r.IntN(20))
				if r.IntN(5) == 0 {
					if err := tx.Delete(key); err != nil {
						return err
					}
				} else if err := tx.Put(key, fmt.Append(nil, i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := write(rand.New(rand.NewPCG(0, 0)), -1); err != nil {
		t.Fatal(err)
	}
	begin := s.LastCommit()
	start := map[string]string{}
	snapshot := func(into map[string]string) {
		if err := s.View(ctx, func(tx *txn.Tx) error {
			it := tx.Iter(txn.IterOptions{Lower: []byte("k"), Upper: []byte("l")})
			defer it.Close()
			for it.Next() {
				into[string(it.Key())] = string(it.Value())
			}
			return it.Err()
		}); err != nil {
			t.Fatal(err)
		}
	}
	snapshot(start)
	var writers, readers sync.WaitGroup
	for c := range clients {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), 1))
			for i := range each {
				if err := write(r, c*each+i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	states := make([]map[string]string, 3)
	for n := range states {
		readers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 2))
			state := map[string]string{}
			for k, v := range start {
				state[k] = v
			}
			states[n] = state
			at := begin
			for {
				f, err := s.Feed(ctx, txn.FeedOptions{Since: at, Lower: []byte("k"), Upper: []byte("l"), QueueBytes: []int{0, 100, 1000}[n]})
				if err != nil {
					t.Error(err)
					return
				}
				for range 1 + r.IntN(200) {
					set, err := f.Next(ctx)
					if err != nil {
						t.Error(err)
						f.Close()
						return
					}
					if set.Timestamp <= at || f.Position() != set.Timestamp {
						t.Errorf("reader %d: %d after %d, position %d", n, set.Timestamp, at, f.Position())
					}
					at = set.Timestamp
					for _, op := range set.Ops {
						if op.Deleted {
							delete(state, string(op.Key))
						} else {
							state[string(op.Key)] = string(op.Value)
						}
					}
					if state["kend"] != "" {
						f.Close()
						return
					}
				}
				f.Close()
			}
		})
	}
	writers.Wait()
	if err := s.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("kend"), []byte("1")) }); err != nil {
		t.Fatal(err)
	}
	readers.Wait()
	want := map[string]string{}
	snapshot(want)
	for n, got := range states {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("reader %d: got %v\nwant %v", n, got, want)
		}
	}
}

// TestNewKeys: commits say of a key that it was new where a transaction has looked for it
// and put it as such, and of no other.
func TestNewKeys(t *testing.T) {
	s := memory(t, txn.Options{})
	f, err := s.Feed(t.Context(), txn.FeedOptions{Now: true})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	putNew := func(tx *txn.Tx, key, value string) {
		if _, there, err := tx.Get([]byte(key)); there || err != nil {
			t.Errorf("%s is there: %t, %v", key, there, err)
		}
		if err := tx.PutNew([]byte(key), []byte(value)); err != nil {
			t.Error(err)
		}
	}
	put := func(tx *txn.Tx, key, value string) {
		if err := tx.Put([]byte(key), []byte(value)); err != nil {
			t.Error(err)
		}
	}
	del := func(tx *txn.Tx, key string) {
		if err := tx.Delete([]byte(key)); err != nil {
			t.Error(err)
		}
	}
	back := func(tx *txn.Tx, fn func()) {
		sp := tx.Savepoint()
		fn()
		if err := tx.RollbackTo(sp); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		do   func(tx *txn.Tx)
		want string
	}{
		{func(tx *txn.Tx) { putNew(tx, "a", "1"); put(tx, "b", "1") }, "a=1 new, b=1"},
		{func(tx *txn.Tx) { putNew(tx, "c", "1"); put(tx, "c", "2"); put(tx, "a", "2") }, "a=2, c=2 new"},
		{func(tx *txn.Tx) { del(tx, "a"); putNew(tx, "a", "3") }, "a=3"},
		{func(tx *txn.Tx) { putNew(tx, "d", "1"); del(tx, "d"); putNew(tx, "d", "2") }, "d=2 new"},
		{func(tx *txn.Tx) { putNew(tx, "e", "1"); del(tx, "e") }, "e deleted new"},
		{func(tx *txn.Tx) { back(tx, func() { del(tx, "a") }); put(tx, "a", "4") }, "a=4"},
		{func(tx *txn.Tx) { back(tx, func() { putNew(tx, "f", "1") }); putNew(tx, "f", "2") }, "f=2 new"},
		{func(tx *txn.Tx) { del(tx, "b"); back(tx, func() { putNew(tx, "b", "1") }) }, "b deleted"},
	} {
		if err := s.Update(t.Context(), txn.TxOptions{}, func(tx *txn.Tx) error { c.do(tx); return nil }); err != nil {
			t.Fatal(err)
		}
		set, err := f.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, op := range set.Ops {
			text := string(op.Key) + "=" + string(op.Value)
			if op.Deleted {
				text = string(op.Key) + " deleted"
			}
			if op.New {
				text += " new"
			}
			list = append(list, text)
		}
		if have := strings.Join(list, ", "); have != c.want {
			t.Errorf("have %s, want %s", have, c.want)
		}
	}
}

func TestFeedRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t, txn.Options{History: time.Minute})
		put := func() {
			if err := s.Update(t.Context(), txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte("k"), nil) }); err != nil {
				t.Fatal(err)
			}
		}
		put()
		first := s.LastCommit()
		put()
		_, err := s.Feed(t.Context(), txn.FeedOptions{Since: s.LastCommit() + 1})
		wantCode(t, err, dberr.ErrInvalid, "FEED_IN_FUTURE")
		f, err := s.Feed(t.Context(), txn.FeedOptions{Since: first})
		if err != nil {
			t.Fatal(err)
		}
		if set, err := f.Next(t.Context()); err != nil || set.Timestamp != s.LastCommit() {
			t.Errorf("got %v, %v", set, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = f.Next(ctx)
		wantCode(t, err, dberr.ErrTimeout, "TIMEOUT")
		waiting := make(chan error)
		go func() {
			_, err := f.Next(t.Context())
			waiting <- err
		}()
		synctest.Wait()
		f.Close()
		f.Close()
		wantCode(t, <-waiting, dberr.ErrInvalid, "FEED_CLOSED")
		put()
		time.Sleep(3 * time.Minute)
		put()
		s.Sweep()
		_, err = s.Feed(t.Context(), txn.FeedOptions{Since: first})
		wantCode(t, err, dberr.ErrInvalid, "HISTORY_GONE")
	})
}
