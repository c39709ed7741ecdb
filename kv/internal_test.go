package kv

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/storage/txn"
)

func openInternal(t *testing.T) (*Store, *clock.Manual) {
	t.Helper()
	now := clock.NewManual(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
	txns, err := txn.NewMemory(txn.Options{Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(txns, Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		txns.Close()
	})
	return s, now
}

// TestSweepMeetsAWrite: a key that is written anew after the sweep has read the
// index, and before it removes, stays.
func TestSweepMeetsAWrite(t *testing.T) {
	s, now := openInternal(t)
	ctx, key := t.Context(), []byte("k")
	put := func(ttl time.Duration) {
		t.Helper()
		if _, err := s.Put(ctx, "b", key, JSON([]byte("1")), PutOptions{TTL: ttl}); err != nil {
			t.Fatal(err)
		}
	}
	put(time.Second)
	now.Advance(time.Minute)
	due, err := s.due(ctx, s.db, now.Now().UnixNano())
	if err != nil || len(due) != 1 {
		t.Fatalf("due are %v, %v", due, err)
	}
	put(time.Hour)
	if err := s.Update(ctx, func(tx *txn.Tx) error {
		gone, err := s.expire(tx, &due[0])
		if gone {
			t.Error("the sweep removed what was written anew")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Get(ctx, "b", key); !ok || err != nil {
		t.Errorf("the key is gone, %v", err)
	}
}

// TestWatchBegins: commits between the registration of a watcher and its begin
// arrive once where the watch goes on from before, and not where it begins now,
// since it then begins behind them.
func TestWatchBegins(t *testing.T) {
	for _, since := range []bool{false, true} {
		s, now := openInternal(t)
		ctx := t.Context()
		put := func(key string) {
			t.Helper()
			if _, err := s.Put(ctx, "b", []byte(key), JSON([]byte("1")), PutOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		put("before")
		if err := s.hub.listen(ctx); err != nil {
			t.Fatal(err)
		}
		w := &Watcher{s: s, name: "b", ready: make(chan struct{}, 1)}
		if since {
			w.opts.Since = Position{Timestamp: txn.Timestamp(now.Now().UnixNano())}
		}
		s.hub.mu.Lock()
		from := s.hub.mu.last
		s.hub.mu.watchers[w] = struct{}{}
		s.hub.mu.Unlock()
		put("between")
		if err := w.begin(ctx, from); err != nil {
			t.Fatal(err)
		}
		put("after")
		want := []string{"after"}
		if since {
			want = []string{"before", "between", "after"}
		}
		for _, key := range want {
			e, err := w.Next(ctx)
			if err != nil || string(e.Entry.Key) != key {
				t.Errorf("since=%v: got %q, want %q, %v", since, e.Entry.Key, key, err)
			}
		}
		w.Close()
	}
}

// TestCheck: a store that is whole has no findings, and each way to break it has one.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(s *Store, tx *txn.Tx, b Bucket) error
		want string
	}{
		"nothing": {func(*Store, *txn.Tx, Bucket) error { return nil }, ""},
		"record": {func(s *Store, tx *txn.Tx, b Bucket) error {
			return tx.Put(appendDataKey(nil, s.db, b.id, []byte("a")), []byte{recordVersion})
		}, `key "a"`},
		"part": {func(s *Store, tx *txn.Tx, b Bucket) error {
			it := tx.Iter(within(appendPartsPrefix(nil, s.db, b.id)))
			it.Next()
			key := append([]byte(nil), it.Key()...)
			if err := it.Close(); err != nil {
				return err
			}
			return tx.Delete(key)
		}, `key "long"`},
		"expiry": {func(s *Store, tx *txn.Tx, b Bucket) error {
			return tx.Put(appendExpiryKey(nil, s.db, 77, b.id, []byte("a")), nil)
		}, "which does not expire then"},
		"no expiry": {func(s *Store, tx *txn.Tx, b Bucket) error {
			it := tx.Iter(within(appendObject(nil, s.db, objExpiry)))
			it.Next()
			key := append([]byte(nil), it.Key()...)
			if err := it.Close(); err != nil {
				return err
			}
			return tx.Delete(key)
		}, "would never be removed"},
	} {
		t.Run(name, func(t *testing.T) {
			txns, err := txn.NewMemory(txn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s, err := Open(txns, Options{SweepEvery: -1})
			if err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			for key, v := range map[string]Value{"a": JSON([]byte("1")), "long": Raw(make([]byte, partBytes+1)), "ttl": JSON([]byte("2"))} {
				o := PutOptions{}
				if key == "ttl" {
					o.TTL = time.Hour
				}
				if _, err := s.Put(ctx, "b", []byte(key), v, o); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Update(ctx, func(tx *txn.Tx) error {
				b, err := s.BucketTx(tx, "b")
				if err != nil {
					return err
				}
				return c.harm(s, tx, b)
			}); err != nil {
				t.Fatal(err)
			}
			var problems []string
			n, err := s.Check(ctx, func(p string) { problems = append(problems, p) })
			got := strings.Join(problems, "\n")
			if err != nil || n.Buckets != 1 || n.Keys != 3 || (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %+v, %q, %v, want %q", n, got, err, c.want)
			}
			if err := errors.Join(s.Close(), txns.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}
