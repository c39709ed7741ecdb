package feeds_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/testkit/seed"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// follower applies a feed to a state, and holds each message against it.
type follower struct {
	t     *testing.T
	db    *weft.DB
	feed  string
	rand  *rand.Rand
	state map[string]string
	last  uint64
	group map[string]int // transaction → messages seen
}

// apply applies a message and says whether it is the last one.
func (f *follower) apply(m *streaming.Message) (end bool) {
	e := read(f.t, m)
	key, before, after := m.Key, string(e.Before), string(e.After)
	if e.Op == "read" {
		if _, ok := f.state[key]; ok {
			f.t.Errorf("%s: %s is in the snapshot twice", f.feed, key)
		}
		f.state[key] = after
		return key == "end"
	}
	if m.Offset <= f.last {
		f.t.Errorf("%s: offset %d after %d", f.feed, m.Offset, f.last)
	}
	f.last = m.Offset
	if e.Op == streaming.SnapshotEnd {
		return f.state["end"] != ""
	}
	f.group[e.Transaction.ID]++
	if n := f.group[e.Transaction.ID]; n != e.Transaction.Event {
		f.t.Errorf("%s: message %d of %d of transaction %s is the %dth", f.feed, e.Transaction.Event, e.Transaction.Events, e.Transaction.ID, n)
	}
	have, ok := f.state[key]
	switch {
	case e.Op == "truncate":
		clear(f.state)
	case e.Op == "insert" == ok || ok && have != before:
		f.t.Errorf("%s: %s of %s: %s > %s, but there was %q", f.feed, e.Op, key, before, after, have)
	case e.Op == "delete":
		delete(f.state, key)
	default:
		f.state[key] = after
	}
	return key == "end"
}

// run follows the feed until the last message, from a snapshot, and goes away and comes
// back now and then.
func (f *follower) run(ctx context.Context) {
	from, whole := streaming.Snapshot, false
	for {
		sub, err := f.db.Streaming().Subscribe(ctx, f.feed, streaming.SubscribeOptions{From: from})
		if err != nil {
			f.t.Errorf("%s: %v", f.feed, err)
			return
		}
		place := sub.Position()
		for range 1 + f.rand.IntN(30) {
			if f.rand.IntN(10) == 0 {
				<-time.After(time.Duration(f.rand.IntN(20)) * time.Millisecond) // falls behind
			}
			d, err := sub.Next(ctx)
			if err != nil {
				f.t.Errorf("%s: %v", f.feed, err)
				sub.Close()
				return
			}
			place = sub.Position()
			cut := len(d.Messages)
			if whole && cut > 1 && f.rand.IntN(3) == 0 { // goes away within a transaction, perhaps
				cut = 1 + f.rand.IntN(cut-1)
				place = d.Messages[cut-1].Offset + 1
			}
			for _, m := range d.Messages[:cut] {
				whole = whole || m.Type == streaming.SnapshotEnd
				if f.apply(m) && whole {
					sub.Close()
					return
				}
			}
			if cut < len(d.Messages) {
				break
			}
		}
		from = streaming.AtOffset(place)
		if !whole { // a part of a snapshot is none
			clear(f.state)
			from = streaming.Snapshot
		}
		sub.Close()
	}
}

// writer changes rows, keys and documents at random, several in a transaction.
func writer(ctx context.Context, t *testing.T, db *weft.DB, r *rand.Rand, rounds int) {
	for i := range rounds {
		opts := txn.TxOptions{Isolation: txn.Isolation(r.IntN(2))}
		err := db.Run(ctx, opts, func(tx *weft.Tx) error {
			for range 1 + r.IntN(4) {
				if err := change(ctx, tx, r, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
			return
		}
		if r.IntN(rounds) == 0 {
			if _, err := db.Exec(ctx, "TRUNCATE rows_"); err != nil {
				t.Error(err)
			}
		}
	}
}

func change(ctx context.Context, tx *weft.Tx, r *rand.Rand, i int) (err error) {
	key, v := fmt.Sprintf("k%d", r.IntN(40)), fmt.Sprint(i, r.IntN(1000))
	switch r.IntN(6) {
	case 0:
		_, err = tx.Exec(ctx, "INSERT INTO rows_ VALUES ($1, $2) ON CONFLICT (k) DO UPDATE SET v = excluded.v", key, v)
	case 1:
		_, err = tx.Exec(ctx, "DELETE FROM rows_ WHERE k = $1", key)
	case 2:
		_, err = tx.KV().Put(ctx, "keys", []byte(key), kv.Raw([]byte(v)), kv.PutOptions{})
	case 3:
		_, err = tx.KV().Delete(ctx, "keys", []byte(key), kv.Condition{})
	case 4:
		value, perr := doc.ParseObject(fmt.Appendf(nil, `{"v":%q}`, v))
		if perr != nil {
			return perr
		}
		_, _, _, err = tx.Documents().Replace(ctx, "docs", key, value, document.Condition{}, true)
	default:
		_, _, err = tx.Documents().Delete(ctx, "docs", key, document.Condition{})
	}
	return err
}

// TestReplay: while rows, keys and documents change under several writers, in both
// isolations, and checkpoints move them to the disk, followers that begin with a
// snapshot, fall behind, go away and come back see every change once and in order, with
// what was there before, and end with what is there.
func TestReplay(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 60
	}
	db, err := weft.Open(t.TempDir(), weft.Options{
		Storage:   storage.Options{Durability: txn.DurabilityInterval, BufferBytes: 1 << 20, CheckpointBytes: 64 << 10},
		Streaming: streaming.Options{FeedMessages: 32},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := t.Context()
	end := func(key string) {
		t.Helper()
		v, err := doc.ParseObject([]byte(`{}`))
		if err == nil {
			_, err = db.Exec(ctx, "INSERT INTO rows_ VALUES ($1, '')", key)
		}
		if err == nil {
			_, err = db.KV().Put(ctx, "keys", []byte(key), kv.Raw(nil), kv.PutOptions{})
		}
		if err == nil {
			_, _, _, err = db.Documents().Replace(ctx, "docs", key, v, document.Condition{}, true)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	exec(t, db, "CREATE TABLE rows_ (k text PRIMARY KEY, v text)")
	end("begin")
	from := seed.Of(t)
	var writers, followers sync.WaitGroup
	for i := range 3 {
		writers.Go(func() { writer(ctx, t, db, rand.New(rand.NewPCG(from, uint64(i))), rounds) })
	}
	var list []*follower
	feeds := []string{"cdc.default.rows_", "cdc.default.keys", "cdc.default.docs"}
	for i := range 9 {
		f := &follower{t: t, db: db, feed: feeds[i%3], rand: rand.New(rand.NewPCG(from, uint64(100+i))), state: map[string]string{}, group: map[string]int{}}
		list = append(list, f)
		followers.Go(func() { f.run(ctx) })
	}
	writers.Wait()
	end("end")
	followers.Wait()
	want := map[string]map[string]string{}
	for _, feed := range feeds {
		f := &follower{t: t, db: db, feed: feed, rand: rand.New(rand.NewPCG(from, 1)), state: map[string]string{}, group: map[string]int{}}
		sub := subscribe(t, db, feed, streaming.Snapshot)
		for done := false; !done; {
			for _, m := range next(t, sub) {
				f.apply(m)
				done = done || m.Type == streaming.SnapshotEnd
			}
		}
		want[feed] = f.state
	}
	for _, f := range list {
		if fmt.Sprint(f.state) != fmt.Sprint(want[f.feed]) {
			t.Errorf("%s: a follower has\n%v\nwant\n%v", f.feed, f.state, want[f.feed])
		}
	}
}
