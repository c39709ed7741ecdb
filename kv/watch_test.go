package kv_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage/txn"
)

func (f fixture) watch(o kv.WatchOptions) *kv.Watcher {
	f.t.Helper()
	w, err := f.Watch(f.t.Context(), "b", o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(w.Close)
	return w
}

// next takes n events as text.
func next(t *testing.T, w *kv.Watcher, n int) (list []string, last kv.Position) {
	t.Helper()
	for range n {
		e, err := w.Next(t.Context())
		if err != nil {
			t.Fatalf("after %q: %v", list, err)
		}
		text := e.Kind.String() + " " + string(e.Entry.Key)
		if e.Kind == kv.EventPut {
			text += "=" + string(e.Entry.Value.Data)
		}
		list, last = append(list, text), e.At
	}
	return list, last
}

func wantEvents(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("got events %q, want %q", got, want)
	}
}

func (f fixture) del(key string) {
	f.t.Helper()
	if _, err := f.Delete(f.t.Context(), "b", []byte(key), kv.Condition{}); err != nil {
		f.t.Fatal(err)
	}
}

func TestWatch(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	w := f.watch(kv.WatchOptions{Prefix: []byte("a")}) // before there is a bucket
	f.put("a1", "1", kv.PutOptions{TTL: time.Second})
	f.put("b", "0")
	f.put("a2", "2")
	f.del("a2")
	f.now.Advance(time.Minute)
	if _, err := f.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	got, _ := next(t, w, 4)
	wantEvents(t, got, "put a1=1", "put a2=2", "delete a2", "delete a1")
	f.put("a0", "0") // goes with the bucket
	if _, err := f.AlterBucket(ctx, "b", kv.BucketOptions{DefaultTTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if err := f.DropBucket(ctx, "b"); err != nil {
		t.Fatal(err)
	}
	f.put("a3", "3")
	f.now.Advance(time.Minute)
	if _, err := f.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	got, last := next(t, w, 3)
	wantEvents(t, got, "put a0=0", "drop ", "put a3=3")
	if again, err := kv.ParsePosition(last.String()); err != nil || again != last {
		t.Errorf("position %v reads as %v, %v", last, again, err)
	}
	// From the beginning of time, all of it comes again, the gone bucket's keys, too.
	from := f.watch(kv.WatchOptions{Prefix: []byte("a"), Since: beginning})
	got, end := next(t, from, 7)
	wantEvents(t, got, "put a1=1", "put a2=2", "delete a2", "delete a1", "put a0=0", "drop ", "put a3=3")
	f.put("a4", "4")
	got, _ = next(t, from, 1) // and not the deletions by which the gone bucket was cleared
	wantEvents(t, got, "put a4=4")
	if end != last {
		t.Errorf("live it ended at %v, from the history at %v", last, end)
	}
}

// TestWatchLongValues: a long value is read as it was at its event.
func TestWatchLongValues(t *testing.T) {
	f := open(t, kv.Options{})
	w := f.watch(kv.WatchOptions{})
	long := bytes.Repeat([]byte("x"), 3<<20)
	if _, err := f.Put(t.Context(), "b", []byte("k"), kv.Raw(long), kv.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	f.put("k", "1")
	if e, err := w.Next(t.Context()); err != nil || !bytes.Equal(e.Entry.Value.Data, long) {
		t.Errorf("got %d bytes, %v", len(e.Entry.Value.Data), err)
	}
}

// TestWatchResumes: a watcher that is cut anywhere and goes on from its last event
// sees every event once, in order, commits of many keys included.
func TestWatchResumes(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 9))
		f := open(t, kv.Options{})
		all := f.watch(kv.WatchOptions{})
		n := 0
		for range 40 {
			var ops []kv.Op
			for range 1 + r.IntN(4) {
				v := kv.JSON(fmt.Appendf(nil, "%d", n))
				op := kv.Op{Kind: kv.OpSet, Bucket: "b", Key: fmt.Appendf(nil, "%d", r.IntN(10)), Value: &v}
				if r.IntN(3) == 0 {
					op.Kind = kv.OpDelete
				}
				ops = append(ops, op)
				n++
			}
			if _, err := f.Batch(t.Context(), ops); err != nil {
				t.Fatal(err)
			}
		}
		f.put("end", "0")
		var want, got []string
		for {
			list, _ := next(t, all, 1)
			if want = append(want, list[0]); list[0] == "put end=0" {
				break
			}
		}
		at := beginning
		for len(got) < len(want) {
			w := f.watch(kv.WatchOptions{Since: at})
			var list []string
			list, at = next(t, w, min(1+r.IntN(9), len(want)-len(got)))
			got = append(got, list...)
			w.Close()
		}
		wantEvents(t, got, want...)
	}
}

// TestWatchFarBehind: more events than one reading of the history keeps.
func TestWatchFarBehind(t *testing.T) {
	f := open(t, kv.Options{})
	const n = 10_000
	for i := range n {
		f.put(fmt.Sprint(i%100), fmt.Sprint(i))
	}
	var ops []kv.Op
	v := kv.JSON([]byte("0"))
	for i := range 9000 {
		ops = append(ops, kv.Op{Kind: kv.OpSet, Bucket: "b", Key: fmt.Appendf(nil, "x%04d", i), Value: &v})
	}
	if _, err := f.Batch(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
	f.put("end", "0")
	w := f.watch(kv.WatchOptions{Since: beginning})
	got, _ := next(t, w, n+len(ops))
	list, end := next(t, w, 1)
	got = append(got, list...)
	for i := range n {
		if want := fmt.Sprintf("put %d=%d", i%100, i); got[i] != want {
			t.Fatalf("event %d is %q, want %q", i, got[i], want)
		}
	}
	if got[n] != "put x0000=0" || got[n+8999] != "put x8999=0" || got[n+9000] != "put end=0" {
		t.Errorf("the last events are %q … %q", got[n], got[n+9000])
	}
	w = f.watch(kv.WatchOptions{Since: kv.Position{Timestamp: end.Timestamp - 1, Seq: len(ops)}})
	got, _ = next(t, w, 1) // all of one commit is behind, and more than a reading keeps
	wantEvents(t, got, "put end=0")
}

// TestWatchWhileWriting: watchers that begin in the middle of the writes of others
// miss nothing between the history and what is live.
func TestWatchWhileWriting(t *testing.T) {
	f := open(t, kv.Options{})
	f.put("0", "0")
	var wg sync.WaitGroup
	const n = 300
	for c := range 4 {
		wg.Go(func() {
			for i := range n {
				f.put(fmt.Sprint(c), fmt.Sprint(i+1))
			}
		})
	}
	for range 4 {
		wg.Go(func() {
			w, err := f.Watch(t.Context(), "b", kv.WatchOptions{Since: beginning})
			if err != nil {
				t.Error(err)
				return
			}
			defer w.Close()
			seen := map[string]int{"0": -1}
			var last kv.Position
			for range 4*n + 1 {
				e, err := w.Next(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if e.At.Timestamp <= last.Timestamp {
					t.Errorf("%v came after %v", e.At, last)
				}
				last = e.At
				key := string(e.Entry.Key)
				if want := fmt.Sprint(seen[key] + 1); string(e.Entry.Value.Data) != want {
					t.Errorf("key %s has %s after %s", key, e.Entry.Value.Data, want)
					return
				}
				seen[key]++
			}
		})
	}
	wg.Wait()
}

func TestSlowWatcherIsCutOff(t *testing.T) {
	var reason error
	f := open(t, kv.Options{WatchEvents: 3, Events: kv.Events{WatcherCut: func(err error) { reason = err }}})
	w := f.watch(kv.WatchOptions{})
	for i := range 5 {
		f.put("k", fmt.Sprint(i))
	}
	got, last := next(t, w, 3)
	wantEvents(t, got, "put k=0", "put k=1", "put k=2")
	_, err := w.Next(t.Context())
	code(t, err, dberr.ErrUnavailable, "WATCH_TOO_SLOW")
	code(t, reason, dberr.ErrUnavailable, "WATCH_TOO_SLOW")
	got, _ = next(t, f.watch(kv.WatchOptions{Since: last}), 2)
	wantEvents(t, got, "put k=3", "put k=4")
}

func TestWatchEnds(t *testing.T) {
	f := open(t, kv.Options{})
	f.put("k", "1")
	_, err := f.Watch(t.Context(), "b", kv.WatchOptions{Since: kv.After(txn.Timestamp(f.now.Now().Add(time.Hour).UnixNano()))})
	code(t, err, dberr.ErrInvalid, "AS_OF_IN_FUTURE")
	w := f.watch(kv.WatchOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = w.Next(ctx)
	code(t, err, dberr.ErrCanceled, "CANCELED")
	f.now.Advance(24 * time.Hour)
	f.put("k", "2")
	f.txns.Sweep()
	_, err = f.Watch(t.Context(), "b", kv.WatchOptions{Since: beginning})
	code(t, err, dberr.ErrInvalid, "HISTORY_GONE")
	f.Close()
	next(t, w, 1)
	_, err = w.Next(t.Context())
	code(t, err, dberr.ErrUnavailable, "SHUTTING_DOWN")
	_, err = f.Watch(t.Context(), "b", kv.WatchOptions{})
	code(t, err, dberr.ErrUnavailable, "SHUTTING_DOWN")
	for _, bad := range []string{"", "x", "1.", "1.-1", "-1", "99999999999999999999"} {
		if _, err := kv.ParsePosition(bad); err == nil {
			t.Errorf("%q is a position", bad)
		}
	}
}

func TestEstimate(t *testing.T) {
	f := open(t, kv.Options{})
	ctx := t.Context()
	estimate := func(want int64) {
		t.Helper()
		if n, err := f.Estimate(ctx, "b"); n != want || err != nil {
			t.Errorf("estimated %d, %v, want %d", n, err, want)
		}
	}
	estimate(0)
	for i := range 10 {
		f.put(fmt.Sprint(i), "1")
	}
	estimate(10)
	for i := range 15 {
		f.put(fmt.Sprint(i), "2")
	}
	f.del("3")
	f.del("no")
	estimate(14)
	for i := range 2000 { // wears the count out, with what it takes for two
		if err := f.Update(ctx, func(tx *txn.Tx) error {
			if _, err := f.DeleteTx(tx, "b", []byte("1"), kv.Condition{}); err != nil {
				return err
			}
			_, err := f.PutTx(tx, "b", []byte("1"), kv.JSON(fmt.Appendf(nil, "%d", i)), kv.PutOptions{})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	estimate(14)
	if err := f.DropBucket(ctx, "b"); err != nil {
		t.Fatal(err)
	}
	estimate(0)
}

// beginning is before the first commit of a fixture.
var beginning = kv.Position{Timestamp: txn.Timestamp(epoch.UnixNano())}
