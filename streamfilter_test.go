package weft_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/streaming"
)

// TestFiltersOfSQL: a predicate picks messages for whoever reads, follows and consumes a
// channel, survives a restart with its group, whose place passes what it does not want, and
// says NULL and failures are not wanted.
func TestFiltersOfSQL(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	db, err := weft.Open(dir, weft.Options{})
	if err != nil {
		t.Fatal(err)
	}
	filter := streaming.Filter{SQL: `(data->>'n')::int % 3 = 0 AND message.key IN ('k0', 'k1')`}
	if _, err := db.Streaming().Publish(ctx, "c", streaming.Content{Data: []byte("first")}); err != nil {
		t.Fatal(err)
	}
	for _, ordered := range []bool{false, true} {
		if _, err := db.Streaming().CreateGroup(ctx, "c", fmt.Sprint(ordered), streaming.Earliest, streaming.GroupOptions{Filter: filter, Ordered: ordered}); err != nil {
			t.Fatal(err)
		}
	}
	var list []streaming.Content
	for i := range 12 {
		list = append(list, streaming.Content{Key: fmt.Sprintf("k%d", i%2), JSON: true, Data: fmt.Appendf(nil, `{"n":%d}`, i)})
	}
	list = append(list, streaming.Content{Key: "k0", JSON: true, Data: []byte(`{"n":"no number"}`)}, streaming.Content{Key: "k0", JSON: true, Data: []byte(`[]`)})
	if _, err := db.Streaming().Publish(ctx, "c", list...); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = weft.Open(dir, weft.Options{}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	want := []uint64{2, 5, 8, 11}
	page, err := db.Streaming().History(ctx, "c", streaming.HistoryOptions{From: streaming.Earliest, Filter: filter})
	if got := offsets(page.Messages); err != nil || !slices.Equal(got, want) || page.Next != 16 {
		t.Errorf("history has %v and goes on at %d: %v", got, page.Next, err)
	}
	for _, group := range []string{"false", "true"} {
		consumed(t, db, group, want)
	}
}

func offsets(list []*streaming.Message) (out []uint64) {
	for _, m := range list {
		out = append(out, m.Offset)
	}
	return out
}

// consumed pulls and acknowledges all that a group has.
func consumed(t *testing.T, db *weft.DB, group string, want []uint64) {
	t.Helper()
	var got []uint64
	for range len(want) + 2 {
		list, err := db.Streaming().Pull(t.Context(), "c", group, streaming.PullOptions{Max: 10, Member: "m"})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, d := range list {
			got, ids = append(got, d.Offset), append(ids, d.AckID)
		}
		if len(ids) > 0 {
			if _, err := db.Streaming().Ack(t.Context(), "c", group, ids...); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("group %s got %v and not %v", group, got, want)
	}
	if i, err := db.Streaming().Group(t.Context(), "c", group); err != nil || i.Lag != 0 || i.Next != 16 {
		t.Errorf("group %s has a lag of %d and is at %d: %v", group, i.Lag, i.Next, err)
	}
}

// TestFiltersOfSQLRefuse: what could mean something else another time, or cannot be
// compiled, is refused where it is given.
func TestFiltersOfSQLRefuse(t *testing.T) {
	db := open(t)
	for _, c := range []struct{ sql, state string }{
		{`key =`, "42601"}, {`true; true`, "42601"}, {`nothing = 1`, "42703"}, {`key`, "42804"}, {`nosuch(key)`, "42883"},
		{`time > now()`, "42P17"}, {`random() < 0.5`, "42P17"}, {`time > '2024-01-31 12:00:00'`, "42P17"}, {`time::text = 'x'`, "42P17"},
		{`key = $1`, "42P02"}, {`EXISTS (SELECT 1)`, "0A000"}, {`count(*) > 1`, "42803"}, {`row_number() OVER () = 1`, "42P20"},
		{`generate_series(1, 2) = 1`, "0A000"}, {`nextval('s') = 1`, ""}, {`key::nosuchtype IS NULL`, "42704"}, {`'pg_class'::regclass IS NULL`, ""},
	} {
		_, err := db.Streaming().Subscribe(context.Background(), "c", streaming.SubscribeOptions{Filter: streaming.Filter{SQL: c.sql}})
		var e *dberr.Error
		if !errors.As(err, &e) || e.Field != "where" || c.state != "" && e.SQLState != c.state {
			t.Errorf("%s: %v %+v", c.sql, err, e)
		}
	}
	if _, err := db.Streaming().Subscribe(context.Background(), "c", streaming.SubscribeOptions{Filter: streaming.Filter{SQL: `time > '2024-01-31 12:00:00+00'`}}); err != nil {
		t.Error(err)
	}
}
