// Package feeds_test holds the changes of every model to what the models have.
package feeds_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/document"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
	"github.com/weftdb/weft/timeseries"
)

func open(t *testing.T, opts weft.Options) *weft.DB {
	t.Helper()
	db, err := weft.OpenMemory(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// event is the data of a message.
type event struct {
	Op     string
	Source struct{ Database, Kind, Schema, Table string }
	Key    json.RawMessage
	Before json.RawMessage
	After  json.RawMessage

	Expired         bool
	CommitTimestamp string `json:"commit_timestamp"`
	Transaction     struct {
		ID     string
		Event  int
		Events int
	}
	SchemaVersion int `json:"schema_version"`
}

func read(t *testing.T, m *streaming.Message) (e event) {
	t.Helper()
	if err := json.Unmarshal(m.Data, &e); err != nil {
		t.Fatalf("%v in %s", err, m.Data)
	}
	return e
}

// all reads what a feed has, as op, before and after.
func all(t *testing.T, db *weft.DB, channel string) (list []string) {
	t.Helper()
	p, err := db.Streaming().History(t.Context(), channel, streaming.HistoryOptions{From: streaming.Earliest, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	last := uint64(0)
	for _, m := range p.Messages {
		if m.Offset <= last || m.Offset > uint64(m.Timestamp) {
			t.Errorf("offset %d of the commit at %d comes after %d", m.Offset, m.Timestamp, last)
		}
		last = m.Offset
		e := read(t, m)
		if e.Op != m.Type || e.CommitTimestamp != fmt.Sprint(uint64(m.Timestamp)) || e.Transaction.ID != e.CommitTimestamp {
			t.Errorf("the message is not of its data: %+v", e)
		}
		list = append(list, fmt.Sprintf("%s %s > %s", e.Op, e.Before, e.After))
	}
	return list
}

func same(t *testing.T, have []string, want ...string) {
	t.Helper()
	if strings.Join(have, "\n") != strings.Join(want, "\n") {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func exec(t *testing.T, db *weft.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// TestTable: each change of a row has its message, with what was there before and after,
// also where columns and rows change in other ways.
func TestTable(t *testing.T) {
	db := open(t, weft.Options{})
	exec(t, db, "CREATE TABLE stock (id int PRIMARY KEY, name text, price numeric(8,2)); INSERT INTO stock VALUES (1,'pen',1.5)")
	exec(t, db, "UPDATE stock SET price = 2 WHERE id = 1")
	exec(t, db, "UPDATE stock SET id = 7 WHERE id = 1")
	exec(t, db, "INSERT INTO stock VALUES (8,'ink',3); DELETE FROM stock WHERE id = 8") // one transaction, and nothing of it is left
	exec(t, db, "ALTER TABLE stock ADD COLUMN n int")
	exec(t, db, "ALTER TABLE stock ALTER COLUMN name TYPE varchar(20)")
	exec(t, db, "INSERT INTO stock VALUES (2,'cap',NULL,1)")
	exec(t, db, "DELETE FROM stock WHERE id = 7")
	exec(t, db, "TRUNCATE stock; INSERT INTO stock VALUES (3,E'two\\nlines',0,0)")
	old, now := `{"columns":[{"name":"id","type":"integer","nullable":false},{"name":"name","type":"text","nullable":true},{"name":"price","type":"numeric(8,2)","nullable":true}],"key":["id"]}`,
		`{"columns":[{"name":"id","type":"integer","nullable":false},{"name":"name","type":"text","nullable":true},{"name":"price","type":"numeric(8,2)","nullable":true},{"name":"n","type":"integer","nullable":true}],"key":["id"]}`
	same(t, all(t, db, "cdc.default.stock"),
		`insert null > {"id":1,"name":"pen","price":"1.50"}`,
		`update {"id":1,"name":"pen","price":"1.50"} > {"id":1,"name":"pen","price":"2.00"}`,
		`delete {"id":1,"name":"pen","price":"2.00"} > null`,
		`insert null > {"id":7,"name":"pen","price":"2.00"}`,
		`schema `+old+` > `+now,
		`truncate `+now+` > `+strings.Replace(now, `"text"`, `"character varying(20)"`, 1), // the rows were written anew
		`insert null > {"id":7,"name":"pen","price":"2.00","n":null}`,
		`insert null > {"id":2,"name":"cap","price":null,"n":1}`,
		`delete {"id":7,"name":"pen","price":"2.00","n":null} > null`,
		`truncate null > null`,
		`insert null > {"id":3,"name":"two\nlines","price":"0.00","n":0}`)
	exec(t, db, "CREATE TABLE log (v text); INSERT INTO log VALUES ('a'),('b'); UPDATE log SET v = 'c' WHERE v = 'b'")
	same(t, all(t, db, "cdc.default.public.log"), `insert null > {"v":"a"}`, `insert null > {"v":"c"}`)
}

// TestModels: one transaction over all models has its messages in the feeds of all, with
// its timestamp.
func TestModels(t *testing.T) {
	db := open(t, weft.Options{})
	ctx := t.Context()
	value := func(text string) doc.Value {
		v, err := doc.ParseObject([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	exec(t, db, "CREATE TABLE things (id int PRIMARY KEY)")
	update := func(fn func(tx *weft.Tx) error) {
		t.Helper()
		if err := db.Update(ctx, fn); err != nil {
			t.Fatal(err)
		}
	}
	update(func(tx *weft.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO things VALUES (1),(2)")
		if err == nil {
			_, err = tx.KV().Put(ctx, "box", []byte("k"), kv.JSON([]byte("{\n}")), kv.PutOptions{})
		}
		if err == nil {
			_, _, err = tx.Documents().Insert(ctx, "notes", "d", value(`{"n":1}`))
		}
		if err == nil {
			err = tx.TimeSeries().Write(ctx, []timeseries.Point{{Metric: "heat", Tags: []timeseries.Tag{{Key: "room", Value: "a"}}, Time: 5,
				Fields: []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(1.5)}}}})
		}
		if err == nil {
			_, err = tx.Streaming().Publish(ctx, "news", streaming.Content{Type: "made", Key: "k", JSON: true, Data: []byte(`1`)})
		}
		return err
	})
	var at txn.Timestamp
	for _, name := range []string{"things", "box", "notes", "heat", "news"} {
		p, err := db.Streaming().History(ctx, "cdc.default."+name, streaming.HistoryOptions{From: streaming.Earliest})
		if err != nil {
			t.Fatal(err)
		}
		n := 1
		if name == "things" {
			n = 2
		}
		if len(p.Messages) != n {
			t.Fatalf("%s: %d messages", name, len(p.Messages))
		}
		for i, m := range p.Messages {
			if at == 0 {
				at = m.Timestamp
			}
			if e := read(t, m); m.Timestamp != at || e.Transaction.Event != i+1 || e.Transaction.Events != n || e.Op != "insert" {
				t.Errorf("%s: %+v", name, e)
			}
		}
	}
	update(func(tx *weft.Tx) error {
		_, err := tx.KV().Put(ctx, "box", []byte("k"), kv.Raw([]byte{0xff}), kv.PutOptions{})
		if err == nil {
			_, _, _, err = tx.Documents().Replace(ctx, "notes", "d", value(`{"n":2}`), document.Condition{}, false)
		}
		if err == nil {
			_, err = tx.TimeSeries().Delete(ctx, timeseries.Deletion{Metric: "heat", From: 0, To: 9})
		}
		return err
	})
	if _, err := db.KV().Delete(ctx, "box", []byte("k"), kv.Condition{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Documents().Delete(ctx, "notes", "d", document.Condition{}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.TimeSeries().Seal(ctx); err != nil { // changes how points are kept, and none of them
		t.Fatal(err)
	}
	strip := func(list []string) (out []string) { // versions are times
		for _, s := range list {
			for {
				i := strings.Index(s, `,"version":"`)
				if i < 0 {
					break
				}
				s = s[:i] + s[i+12+strings.IndexByte(s[i+12:], '"')+1:]
			}
			out = append(out, s)
		}
		return out
	}
	same(t, strip(all(t, db, "cdc.default.kv.box")),
		`insert null > {"key":"k","value":{ },"expires_at":null}`,
		`update {"key":"k","value":{ },"expires_at":null} > {"key":"k","value":"/w==","encoding":"base64","content_type":"application/octet-stream","expires_at":null}`,
		`delete {"key":"k","value":"/w==","encoding":"base64","content_type":"application/octet-stream","expires_at":null} > null`)
	same(t, all(t, db, "cdc.default.doc.notes"),
		`insert null > {"_id":"d","n":1}`, `update {"_id":"d","n":1} > {"_id":"d","n":2}`, `delete {"_id":"d","n":2} > null`)
	same(t, all(t, db, "cdc.default.ts.heat"),
		`insert null > {"tags":{"room":"a"},"field":"value","type":"float","points":[[5,1.5]]}`,
		`delete {"tags":{"room":"a"},"field":"value","from":0,"to":9} > null`)
	same(t, all(t, db, "cdc.default.stream.news"),
		`insert null > {"offset":1,"event_type":"made","source":"","key":"k","headers":{},"data":1}`)
}

func code(err error) string {
	if e := dberr.As(err); e != nil {
		return e.Code
	}
	return fmt.Sprint(err)
}

// TestNames: what has no feed, several, or a feed that takes no messages, is refused.
func TestNames(t *testing.T) {
	db := open(t, weft.Options{})
	ctx, s := t.Context(), db.Streaming()
	exec(t, db, "CREATE TABLE x (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM x; CREATE SCHEMA other; CREATE TABLE other.y (id int PRIMARY KEY)")
	if _, err := db.KV().Put(ctx, "x", []byte("k"), kv.Raw(nil), kv.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Publish(ctx, "a.b", streaming.Content{}); err != nil {
		t.Fatal(err)
	}
	names, err := s.Feeds(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, names, "cdc.default.kv.x", "cdc.default.other.y", "cdc.default.public.x", "cdc.default.stream.a.b")
	for _, name := range append(names, "cdc.default.a.b") {
		if _, err := s.Info(ctx, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"cdc.", "cdc.default", "cdc.default.", "cdc.default.v", "cdc.default.y", "cdc.none.x", "cdc.default.stream.cdc.default.other.y"} {
		if _, err := s.Info(ctx, name); code(err) != "CHANNEL_NOT_FOUND" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Info(ctx, "cdc.default.x"); code(err) != "CHANNEL_AMBIGUOUS" || !strings.Contains(err.Error(), "cdc.default.kv.x") {
		t.Error(err)
	}
	const y = "cdc.default.other.y"
	if _, err := s.Publish(ctx, y, streaming.Content{}); code(err) != "CHANNEL_IS_FEED" {
		t.Error(err)
	}
	if err := s.DropChannel(ctx, y); code(err) != "CHANNEL_IS_FEED" {
		t.Error(err)
	}
	if _, err := s.AlterChannel(ctx, y, streaming.ChannelOptions{}); code(err) != "CHANNEL_IS_FEED" {
		t.Error(err)
	}
	if _, err := s.CreateChannel(ctx, "cdc.default.z", streaming.ChannelOptions{}); code(err) != "INVALID_CHANNEL" {
		t.Error(err)
	}
}

// next waits for messages of a subscription.
func next(t *testing.T, sub *streaming.Subscription) (list []*streaming.Message) {
	t.Helper()
	for len(list) == 0 {
		d, err := sub.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		list = d.Messages
	}
	return list
}

func subscribe(t *testing.T, db *weft.DB, channel string, from streaming.Start) *streaming.Subscription {
	t.Helper()
	sub, err := db.Streaming().Subscribe(t.Context(), channel, streaming.SubscribeOptions{From: from})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sub.Close)
	return sub
}

// TestSubscription: a snapshot, its end, and what changes from then on; the end where
// the object is dropped.
func TestSubscription(t *testing.T) {
	db := open(t, weft.Options{})
	exec(t, db, "CREATE TABLE x (id int PRIMARY KEY, v int); INSERT INTO x VALUES (1,10),(2,20)")
	sub := subscribe(t, db, "cdc.default.x", streaming.Snapshot)
	exec(t, db, "UPDATE x SET v = 11 WHERE id = 1")
	list := next(t, sub)
	if len(list) != 3 || list[0].Type != "read" || list[0].Key != "1" || list[0].Offset != 0 || list[2].Type != streaming.SnapshotEnd {
		t.Fatalf("%+v", list)
	}
	again := subscribe(t, db, "cdc.default.x", streaming.AtOffset(list[2].Offset+1))
	for _, s := range []*streaming.Subscription{sub, again} {
		if m := next(t, s)[0]; m.Type != "update" || m.Key != "1" {
			t.Errorf("%+v", m)
		}
	}
	exec(t, db, "DROP TABLE x")
	if _, err := sub.Next(t.Context()); code(err) != "CHANNEL_DROPPED" {
		t.Error(err)
	}
	if _, err := again.Next(t.Context()); code(err) != "CHANNEL_DROPPED" {
		t.Error(err)
	}
}

// TestBackToTail: a follower that fell behind goes over to the messages that are made once
// for all as soon as these go back to its place, though it is never at the end of what
// writers do.
func TestBackToTail(t *testing.T) {
	db := open(t, weft.Options{Streaming: streaming.Options{FeedMessages: 4}})
	exec(t, db, "CREATE TABLE x (id int PRIMARY KEY)")
	near := subscribe(t, db, "cdc.default.x", streaming.Latest)
	far := subscribe(t, db, "cdc.default.x", streaming.Latest)
	var made, read []*streaming.Message
	insert := func() {
		t.Helper()
		exec(t, db, "INSERT INTO x VALUES ($1)", len(made))
		made = append(made, next(t, near)...)
	}
	for range 20 {
		insert()
	}
	for len(read) < 18 {
		read = append(read, next(t, far)...)
	}
	for range 3 {
		insert()
		read = append(read, next(t, far)...)
	}
	for i, m := range read {
		if m.Offset != made[i].Offset || string(m.Data) != string(made[i].Data) {
			t.Errorf("change %d comes as %+v, want %+v", i, m, made[i])
		}
		if i >= 18 && m != made[i] {
			t.Errorf("change %d was made again", i)
		}
	}
}

// TestGroup: a group shares the changes of an object, and hands them out again.
func TestGroup(t *testing.T) {
	db := open(t, weft.Options{})
	ctx, s := t.Context(), db.Streaming()
	const feed = "cdc.default.x"
	exec(t, db, "CREATE TABLE x (id int PRIMARY KEY); INSERT INTO x VALUES (1)")
	if _, err := s.CreateGroup(ctx, feed, "g", streaming.Latest, streaming.GroupOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateGroup(ctx, feed, "h", streaming.Snapshot, streaming.GroupOptions{}); code(err) != "INVALID_FIELD" {
		t.Error(err)
	}
	exec(t, db, "INSERT INTO x VALUES (2),(3)")
	if i, err := s.Group(ctx, feed, "g"); err != nil || i.Lag != 2 {
		t.Errorf("%+v %v", i, err)
	}
	pull := func(want ...string) []streaming.Handed {
		t.Helper()
		list, err := s.Pull(ctx, feed, "g", streaming.PullOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, m := range list {
			keys = append(keys, m.Key)
		}
		same(t, keys, want...)
		return list
	}
	first := pull("2", "3")
	exec(t, db, "DELETE FROM x WHERE id = 1")
	if stale, err := s.Ack(ctx, feed, "g", first[0].AckID); err != nil || len(stale) != 0 {
		t.Error(stale, err)
	}
	if _, err := s.Nack(ctx, feed, "g", 0, first[1].AckID); err != nil {
		t.Error(err)
	}
	second := pull("3", "1")
	if second[0].Delivery != 2 || second[1].Type != "delete" {
		t.Errorf("%+v", second)
	}
	pull()
}

// TestGone: what the history no longer has is refused, in every way to ask for it.
func TestGone(t *testing.T) {
	db := open(t, weft.Options{Storage: storage.Options{History: -1}})
	ctx, s := t.Context(), db.Streaming()
	exec(t, db, "CREATE TABLE x (id int PRIMARY KEY); INSERT INTO x VALUES (1)")
	from := streaming.AtOffset(uint64(db.Store().LastCommit()))
	exec(t, db, "UPDATE x SET id = 2")
	db.Store().Sweep()
	if _, err := s.Subscribe(ctx, "cdc.default.x", streaming.SubscribeOptions{From: from}); code(err) != "HISTORY_GONE" || !errors.Is(err, dberr.ErrInvalid) {
		t.Error(err)
	}
	if _, err := s.History(ctx, "cdc.default.x", streaming.HistoryOptions{From: from}); code(err) != "HISTORY_GONE" {
		t.Error(err)
	}
	if _, err := s.CreateGroup(ctx, "cdc.default.x", "g", from, streaming.GroupOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pull(ctx, "cdc.default.x", "g", streaming.PullOptions{}); code(err) != "HISTORY_GONE" {
		t.Error(err)
	}
	if _, err := s.History(ctx, "cdc.default.x", streaming.HistoryOptions{From: streaming.Earliest}); err != nil {
		t.Error(err)
	}
}

// TestWideWrites: a write of many series is a message of each, with numbers of its own also
// where the clock stands still.
func TestWideWrites(t *testing.T) {
	now := clock.NewManual(time.Unix(1_700_000_000, 0))
	db := open(t, weft.Options{Storage: storage.Options{Clock: now}})
	var want []string
	for round := range 3 {
		var points []timeseries.Point
		for i := range 300 {
			points = append(points, timeseries.Point{Metric: "wide", Tags: []timeseries.Tag{{Key: "n", Value: fmt.Sprint(i)}}, Time: int64(round),
				Fields: []timeseries.Field{{Name: "value", Value: timeseries.IntValue(int64(i))}}})
			want = append(want, fmt.Sprintf(`insert null > {"tags":{"n":"%d"},"field":"value","type":"int","points":[[%d,%d]]}`, i, round, i))
		}
		if err := db.TimeSeries().Write(t.Context(), points); err != nil {
			t.Fatal(err)
		}
	}
	same(t, all(t, db, "cdc.default.ts.wide"), want...)
}

// TestTableKeys: the key of a row is that of its columns, whatever their order and names,
// and is null where a table has none.
func TestTableKeys(t *testing.T) {
	db := open(t, weft.Options{})
	exec(t, db, `CREATE TABLE pair ("a ""q" text, n int, "x,y" text, PRIMARY KEY ("x,y", "a ""q"))`)
	exec(t, db, `INSERT INTO pair VALUES (E'tab\t', 5, 'z"')`)
	exec(t, db, `UPDATE pair SET n = 6`)
	exec(t, db, `DELETE FROM pair`)
	exec(t, db, `CREATE TABLE bare (n int)`)
	exec(t, db, `INSERT INTO bare VALUES (9)`)
	keys := func(channel string) (list []string) {
		p, err := db.Streaming().History(t.Context(), channel, streaming.HistoryOptions{From: streaming.Earliest, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range p.Messages {
			list = append(list, fmt.Sprintf("%s %s", read(t, m).Key, m.Key))
		}
		return list
	}
	key := `{"x,y":"z\"","a \"q":"tab\t"} ["z\"","tab\t"]`
	same(t, keys("cdc.default.pair"), key, key, key)
	if bare := keys("cdc.default.bare"); len(bare) != 1 || !strings.HasPrefix(bare[0], "null ") || len(bare[0]) < 6 {
		t.Errorf("the key of a row of a table without one: %q", bare)
	}
}

// TestFollowedTable: who follows a table as it changes gets what another, who comes later,
// reads of its history, though commits tell the first one which keys were new.
func TestFollowedTable(t *testing.T) {
	script := []string{
		`INSERT INTO kept VALUES (1, true, -2, 3, 1.5, 2.50, E'a\n"b\\', 'v', 'c', '\x00ff', '2024-02-29', '2024-02-29 12:00:00+01', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', E'{"k":\n1}', '{1,2}')`,
		`INSERT INTO kept (id) VALUES (2), (3), (0)`,
		`INSERT INTO kept (id, i8, s) VALUES (4, 0, '')`,
		`DELETE FROM kept WHERE id = 2; INSERT INTO kept (id, s) VALUES (2, 'again')`, // was there, and is
		`INSERT INTO kept (id) VALUES (9); DELETE FROM kept WHERE id = 9`,
		`INSERT INTO kept (id) VALUES (10); UPDATE kept SET id = 11 WHERE id = 10`,
		`INSERT INTO kept (id, s) VALUES (3, 'x'), (5, 'y') ON CONFLICT (id) DO UPDATE SET s = excluded.s`,
		`BEGIN; SAVEPOINT a; DELETE FROM kept WHERE id = 3; ROLLBACK TO a; UPDATE kept SET s = 'z' WHERE id = 3; COMMIT`,
		`BEGIN; SAVEPOINT a; INSERT INTO kept (id) VALUES (6); ROLLBACK TO a; INSERT INTO kept (id, i2) VALUES (6, 7); COMMIT`,
		`BEGIN; DELETE FROM kept WHERE id = 4; SAVEPOINT a; INSERT INTO kept (id) VALUES (4); ROLLBACK TO a; COMMIT`,
		`INSERT INTO bare VALUES ('a'), (NULL); UPDATE bare SET s = 'b' WHERE s = 'a'; INSERT INTO bare VALUES ('c')`,
		`INSERT INTO kept (id, s) VALUES (100, 'end'); INSERT INTO bare VALUES ('end')`,
	}
	names := []string{"cdc.default.kept", "cdc.default.bare"}
	begin := func() *weft.DB {
		db := open(t, weft.Options{})
		exec(t, db, `CREATE TABLE kept (id int PRIMARY KEY, b bool, i2 smallint, i8 bigint, f float8, n numeric, s text, v varchar(9), c char(3), y bytea, d date, z timestamptz, u uuid, j json, a int[])`)
		exec(t, db, `CREATE TABLE bare (s text)`)
		return db
	}
	live, later := begin(), begin()
	subs := []*streaming.Subscription{subscribe(t, live, names[0], streaming.Latest), subscribe(t, live, names[1], streaming.Latest)}
	for _, sql := range script {
		exec(t, live, sql)
		exec(t, later, sql)
	}
	for i, name := range names {
		want := all(t, later, name)
		var have []string
		for len(have) == 0 || !strings.Contains(have[len(have)-1], `"end"`) {
			for _, m := range next(t, subs[i]) {
				e := read(t, m)
				have = append(have, fmt.Sprintf("%s %s > %s", e.Op, e.Before, e.After))
			}
		}
		same(t, have, want...)
	}
}
