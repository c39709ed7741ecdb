package models_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
)

// TestTiers: a tier of a metric is a table with a row for each window, whose points are gone.
func TestTiers(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	hour := time.Now().Add(-10 * time.Hour).Truncate(time.Hour)
	at := func(minutes, seconds int) int64 {
		return hour.Add(time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second).UnixNano()
	}
	put := func(host string, at int64, fields ...timeseries.Field) {
		t.Helper()
		p := timeseries.Point{Metric: "cpu", Time: at, Fields: fields}
		if host != "" {
			p.Tags = []timeseries.Tag{{Key: "host", Value: host}}
		}
		if err := db.TimeSeries().Write(ctx, []timeseries.Point{p}); err != nil {
			t.Fatal(err)
		}
	}
	value := func(v float64) timeseries.Field {
		return timeseries.Field{Name: "value", Value: timeseries.FloatValue(v)}
	}
	size := func(v int64) timeseries.Field { return timeseries.Field{Name: "size", Value: timeseries.IntValue(v)} }
	word := func(v string) timeseries.Field { return timeseries.Field{Name: "word", Value: timeseries.TextValue(v)} }
	put("a", at(0, 10), value(1.5), size(7), word("x"))
	put("a", at(4, 59), value(2.5))
	put("a", at(5, 0), value(4))
	put("a", at(65, 0), size(1), word("y"))
	put("a", at(65, 1), size(1<<62), word("z"))
	put("a", at(65, 2), size(1<<62))
	put("", at(5, 30), value(-1))
	if err := db.TimeSeries().Write(ctx, []timeseries.Point{{Metric: "cpu2", Time: at(0, 0), Fields: []timeseries.Field{value(1)}}}); err != nil {
		t.Fatal(err)
	}
	const made = `SELECT * FROM ts."cpu@5m"`
	if _, err := try(t, db, made); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("before there is a policy: %v", err)
	}
	if err := db.TimeSeries().SetRetention(ctx, timeseries.RetentionPolicy{Name: "p", Pattern: "cpu*", Keep: time.Hour,
		Tiers: []timeseries.Tier{{Interval: 5 * time.Minute, Keep: 100 * time.Hour}, {Interval: time.Hour}}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := db.TimeSeries().Seal(ctx); err != nil {
			t.Fatal(err)
		}
	}
	want(t, ask(t, db, `SELECT count(*) FROM ts.cpu`), "0")
	since := fmt.Sprintf("(extract(epoch FROM time) - %d)::int / 60", hour.Unix())
	const short = `value_count AS n, value_sum, value_avg, value_min, value_max, value_first, value_last`
	for sql, rows := range map[string]string{
		`SELECT ` + since + `, host, ` + short + ` FROM ts."cpu@5m"`: "5|NULL|1|-1|-1|-1|-1|-1|-1\n0|a|2|4|2|1.5|2.5|1.5|2.5\n5|a|1|4|4|4|4|4|4\n65|a|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
		`SELECT ` + since + `, host, ` + short + ` FROM ts."cpu@1h"`: "0|NULL|1|-1|-1|-1|-1|-1|-1\n0|a|3|8|2.6666666666666665|1.5|4|1.5|4\n60|a|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
		`SELECT ` + since + `, size_count, size_min, size_max, size_first, word_count, word_first, word_last FROM ts."cpu@5m" WHERE host = 'a' AND size_count > 0 ORDER BY time DESC`: "65|3|1|4611686018427387904|1|2|y|z\n0|1|7|7|7|1|x|x",
		`SELECT sum(value_sum) / sum(value_count) FROM ts."cpu@5m"`: "1.75",
		fmt.Sprintf(`SELECT count(*), min(value_last) FROM ts."cpu@5m" WHERE time >= to_timestamp(%d) AND time < to_timestamp(%d)`, hour.Unix()+300, hour.Unix()+600):              "2|-1",
		fmt.Sprintf(`SELECT count(*) FROM ts."cpu@5m" WHERE time > to_timestamp(%d)`, hour.Unix()):                                                                                 "3",
		`SELECT host, value_last FROM ts."cpu@5m" WHERE value_count > 0 ORDER BY host DESC, time DESC LIMIT 2`:                                                                     "NULL|-1\na|4",
		`SELECT a.value_sum, b.value_sum FROM ts."cpu@5m" a JOIN ts."cpu@1h" b USING (host) WHERE a.time = b.time AND a.value_sum IS NOT NULL`:                                     "4|8",
		`SELECT table_name FROM information_schema.tables WHERE table_schema = 'ts' AND table_name !~ 'cpu2' ORDER BY 1`:                                                           "cpu\ncpu@1h\ncpu@5m",
		`SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'cpu@1h' AND column_name ~ 'w|t|h'`: "time timestamp with time zone, value_count bigint, value_first double precision, value_last double precision, size_count bigint, size_first bigint, size_last bigint, word_count bigint, word_first text, word_last text, host text",
	} {
		if got := ask(t, db, sql); got != rows {
			t.Errorf("%s\ngives\n%s\nwant\n%s", sql, got, rows)
		}
	}
	want(t, ask(t, db, `EXPLAIN (COSTS OFF) SELECT value_sum FROM ts."cpu@5m" WHERE host = 'a' AND time >= '2026-01-01Z'`), `Project
  ->  Seq Scan on "cpu@5m"
        Pushed Down: ((host = 'a'::text) AND ("time" >= '2026-01-01 00:00:00+00'::timestamp with time zone))
        Filter: (("time" >= '2026-01-01 00:00:00+00'::timestamp with time zone) AND (host = 'a'::text))`)
	for sql, state := range map[string]string{
		`SELECT size_sum FROM ts."cpu@5m"`:                            dberr.StateNumericOutOfRange,
		`SELECT * FROM ts."cpu@15m"`:                                  dberr.StateUndefinedTable,
		`INSERT INTO ts."cpu@5m" (time, value_sum) VALUES (now(), 1)`: dberr.StateFeatureNotSupported,
		`UPDATE ts."cpu2@5m" SET value_sum = 1`:                       dberr.StateFeatureNotSupported,
		`DELETE FROM ts."cpu2@5m"`:                                    dberr.StateFeatureNotSupported,
		`DROP TABLE ts."cpu@5m"`:                                      dberr.StateWrongObjectType,
	} {
		_, err := try(t, db, sql)
		if e := dberr.As(err); e == nil || e.SQLState != state {
			t.Errorf("%s: %v, want SQLSTATE %s", sql, err, state)
		}
	}
	_, err := try(t, db, `SELECT * FROM ts."cpu@15m"`)
	if e := dberr.As(err); e == nil || e.Hint != `It has ts."cpu@5m", ts."cpu@1h".` {
		t.Errorf("the hint is %+v", e)
	}

	// A metric of that name goes first, and what is written later is in the tier at once.
	put("a", time.Now().UnixNano(), value(9))
	want(t, ask(t, db, `SELECT value_sum FROM ts."cpu@1h" ORDER BY time DESC LIMIT 1`), "9")
	if err := db.TimeSeries().Write(ctx, []timeseries.Point{{Metric: "cpu@5m", Time: at(0, 0), Fields: []timeseries.Field{value(3)}}}); err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, db, `SELECT value FROM ts."cpu@5m"`), "3")
	if err := db.TimeSeries().RemoveRetention(ctx, "p"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.TimeSeries().Seal(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := try(t, db, `SELECT * FROM ts."cpu@1h"`); !errors.Is(err, dberr.ErrNotFound) {
		t.Errorf("after the policy: %v", err)
	}
}

// TestTierIsMade: a tier that is being made of what was there before it is refused, and said
// to be so, until it is ready.
func TestTierIsMade(t *testing.T) {
	db, err := weft.OpenMemory(weft.Options{TimeSeries: timeseries.Options{SealEvery: -1}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := t.Context()
	s := db.TimeSeries()
	if err := s.Write(ctx, []timeseries.Point{{Metric: "cpu", Time: time.Now().UnixNano(), Fields: []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(2)}}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetRetention(ctx, timeseries.RetentionPolicy{Name: "p", Pattern: "cpu", Keep: time.Hour, Tiers: []timeseries.Tier{{Interval: time.Minute}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, db, `SELECT value_sum FROM ts."cpu@1m"`), "2")
	// As a crash leaves it between the record of the policy and the making of its tiers: the
	// last byte of what is kept of the metric says that the tier is whole.
	if err := db.Update(ctx, func(tx *weft.Tx) error {
		it := tx.Txn().Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			if _, space, obj, _, ok := keyspace.Split(it.Key()); ok && space == keyspace.SpaceSeries && obj == 8 {
				v := slices.Clone(it.Value())
				v[len(v)-1] = 0
				return tx.Txn().Put(slices.Clone(it.Key()), v)
			}
		}
		return errors.New("nothing is kept")
	}); err != nil {
		t.Fatal(err)
	}
	_, err = try(t, db, `SELECT value_sum FROM ts."cpu@1m"`)
	if e := dberr.As(err); e == nil || e.SQLState != dberr.StateObjectNotReady || !strings.Contains(e.Hint, "retention") {
		t.Errorf("a tier that is not ready: %+v", err)
	}
	if _, err := s.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, db, `SELECT value_sum FROM ts."cpu@1m"`), "2")
}
