package feeds_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/live"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// TestOrderedGroup: the changes of a row are handed out in their order, whoever of the
// members has them, also where some come again.
func TestOrderedGroup(t *testing.T) {
	db := open(t, weft.Options{})
	ctx, s := t.Context(), db.Streaming()
	const feed = "cdc.default.x"
	exec(t, db, "CREATE TABLE x (id int PRIMARY KEY, v int)")
	must(s.CreateGroup(ctx, feed, "g", streaming.Latest, streaming.GroupOptions{Ordered: true}))
	exec(t, db, "INSERT INTO x VALUES (1, 0), (2, 0)")
	for i := range 5 {
		exec(t, db, "UPDATE x SET v = $1", i+1)
	}
	pull := func(member string, n int) []streaming.Handed {
		t.Helper()
		return must(s.Pull(ctx, feed, "g", streaming.PullOptions{Member: member, Max: n}))
	}
	texts := func(list []streaming.Handed) (out []string) {
		for _, h := range list {
			out = append(out, h.Key+":"+field(string(read(t, h.Message).After), "v"))
		}
		return out
	}
	first := pull("a", 4)
	same(t, texts(first), "1:0", "2:0", "1:1", "2:1")
	if list := pull("b", 10); len(list) > 0 { // a feed is one partition
		t.Errorf("another member was given %v", texts(list))
	}
	must(s.Ack(ctx, feed, "g", first[1].AckID))
	must(s.Nack(ctx, feed, "g", 0, first[0].AckID)) // and 1:1 behind it
	if stale := must(s.Ack(ctx, feed, "g", first[2].AckID)); len(stale) != 1 {
		t.Error("what is behind a message that was given back can still be acknowledged")
	}
	if err := s.Leave(ctx, feed, "g", "a"); err != nil {
		t.Fatal(err)
	}
	last := map[string]string{}
	for {
		list := pull("b", 3)
		if len(list) == 0 {
			break
		}
		for _, h := range list {
			v := field(string(read(t, h.Message).After), "v")
			if v < last[h.Key] {
				t.Errorf("%s of %s came after %s", v, h.Key, last[h.Key])
			}
			last[h.Key] = v
			must(s.Ack(ctx, feed, "g", h.AckID))
		}
	}
	if last["1"] != "5" || last["2"] != "5" {
		t.Errorf("the last changes that came are %v", last)
	}
	if i := must(s.Group(ctx, feed, "g")); i.Lag != 0 || i.InFlight != 0 {
		t.Errorf("%d are left, %d in flight", i.Lag, i.InFlight)
	}
}

// field is the value of a field of flat JSON.
func field(json, name string) string {
	_, rest, _ := strings.Cut(json, `"`+name+`":`)
	return strings.TrimRight(rest, "}")
}

// TestGroupFarBehind: a group that reads the history in small pulls is given every change
// once and in order, whatever is pulled, given back and changed meanwhile.
func TestGroupFarBehind(t *testing.T) {
	db := open(t, weft.Options{Streaming: streaming.Options{FeedMessages: 4}})
	ctx, s := t.Context(), db.Streaming()
	const feed, rows = "cdc.default.x", 300
	exec(t, db, "CREATE TABLE x (id int PRIMARY KEY, v int)")
	for i := range rows {
		exec(t, db, "INSERT INTO x VALUES ($1, 0), ($2, 1)", 2*i, 2*i+1)
	}
	for _, name := range []string{"g", "h"} {
		must(s.CreateGroup(ctx, feed, name, streaming.Earliest, streaming.GroupOptions{}))
	}
	got := map[string][]string{}
	for turn := 0; len(got["g"]) < 2*rows || len(got["h"]) < 2*rows; turn++ {
		for _, name := range []string{"g", "h"} {
			list := must(s.Pull(ctx, feed, name, streaming.PullOptions{Max: 7}))
			if turn == 10 { // they come again, with what is new behind them
				for _, h := range list {
					must(s.Nack(ctx, feed, name, 0, h.AckID))
				}
				exec(t, db, "UPDATE x SET v = 9 WHERE id = 0")
				continue
			}
			for _, h := range list {
				if h.Type == "insert" {
					got[name] = append(got[name], h.Key)
				}
				must(s.Ack(ctx, feed, name, h.AckID))
			}
		}
		if turn > 2*rows {
			t.Fatalf("%d and %d came", len(got["g"]), len(got["h"]))
		}
	}
	for name, keys := range got {
		if !slices.Equal(keys, numbers(2*rows)) {
			t.Errorf("%s was given %v", name, keys)
		}
	}
}

func numbers(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint(i))
	}
	return list
}

// TestGroupsGoWithTheirObject: what groups and webhooks of a feed have kept is removed after
// the object is dropped, and that of others is not.
func TestGroupsGoWithTheirObject(t *testing.T) {
	now := clock.NewManual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	db := open(t, weft.Options{Storage: storage.Options{Clock: now, History: time.Hour}, Streaming: streaming.Options{SweepEvery: -1}})
	ctx, s := t.Context(), db.Streaming()
	exec(t, db, "CREATE TABLE x (id int PRIMARY KEY); CREATE TABLE y (id int PRIMARY KEY)")
	must(s.Publish(ctx, "c", streaming.Content{}))
	for _, feed := range []string{"cdc.default.x", "cdc.default.y", "cdc.default.stream.c"} {
		must(s.CreateGroup(ctx, feed, "g", streaming.Latest, streaming.GroupOptions{Ordered: true}))
		must(s.CreateWebhook(ctx, streaming.Webhook{Channel: feed, Name: "w", URL: "http://example.com/", Secret: []byte("0123456789abcdef")}, streaming.WebhookOptions{}))
	}
	exec(t, db, "INSERT INTO x VALUES (1); INSERT INTO y VALUES (1)")
	for _, feed := range []string{"cdc.default.x", "cdc.default.y"} {
		if list := must(s.Pull(ctx, feed, "g", streaming.PullOptions{Member: "m"})); len(list) != 1 {
			t.Fatalf("%d were handed out of %s", len(list), feed)
		}
	}
	all := recordsOfGroups(t, db)
	must(s.Sweep(ctx))
	if n := recordsOfGroups(t, db); n != all {
		t.Errorf("%d records of %d are left though nothing was dropped", n, all)
	}
	exec(t, db, "DROP TABLE x")
	if err := s.DropChannel(ctx, "c"); err != nil {
		t.Fatal(err)
	}
	must(s.Sweep(ctx)) // notes it
	now.Advance(time.Minute)
	must(s.Sweep(ctx))
	if n := recordsOfGroups(t, db); 3*n > all+3 { // x had as many as y, and c fewer
		t.Errorf("%d records of %d are left", n, all)
	}
	var hooks []string
	for _, w := range must(s.Webhooks(ctx, "")) {
		hooks = append(hooks, w.Channel)
	}
	same(t, hooks, "cdc.default.public.y")
	if i := must(s.Group(ctx, "cdc.default.y", "g")); i.InFlight != 1 {
		t.Errorf("%d are in flight in the group that is left", i.InFlight)
	}
}

// recordsOfGroups counts what groups and webhooks have stored.
func recordsOfGroups(t *testing.T, db *weft.DB) (n int) {
	t.Helper()
	if err := db.Store().View(t.Context(), func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			if _, space, obj, _, ok := keyspace.Split(it.Key()); ok && space == keyspace.SpaceStream && obj >= 6 && obj <= 13 && obj != 9 {
				n++
			}
		}
		return it.Err()
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestLiveFeed: a live query over the changes of an object hears of them.
func TestLiveFeed(t *testing.T) {
	db := open(t, weft.Options{})
	exec(t, db, "CREATE TABLE x (id int PRIMARY KEY); CREATE TABLE y (id int); INSERT INTO x VALUES (1)")
	q := openLive(t, db, live.Options{SQL: `SELECT count(*) AS n FROM stream."cdc.default.x"`})
	same(t, []string{batch(t, q)}, `enter [1]  > {"n":1}`)
	exec(t, db, "INSERT INTO y VALUES (1)") // nothing of it
	exec(t, db, "INSERT INTO x VALUES (2)")
	same(t, []string{batch(t, q)}, "leave [1] {\"n\":1} > \nenter [2]  > {\"n\":2}")
}
