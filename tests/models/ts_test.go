package models_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/timeseries"
)

// samples writes points of the metric cpu: host and zone (empty for none), seconds,
// value and size (below zero for none).
func samples(t *testing.T, db *weft.DB, list ...any) {
	t.Helper()
	var points []timeseries.Point
	for i := 0; i < len(list); i += 5 {
		p := timeseries.Point{Metric: "cpu", Time: int64(list[i+2].(int)) * 1e9,
			Tags: []timeseries.Tag{{Key: "host", Value: list[i].(string)}, {Key: "zone", Value: list[i+1].(string)}}}
		if v := list[i+3].(float64); v >= 0 {
			p.Fields = append(p.Fields, timeseries.Field{Name: "value", Value: timeseries.FloatValue(v)})
		}
		if v := list[i+4].(int); v >= 0 {
			p.Fields = append(p.Fields, timeseries.Field{Name: "size", Value: timeseries.IntValue(int64(v))})
		}
		points = append(points, p)
	}
	if err := db.TimeSeries().Write(t.Context(), points); err != nil {
		t.Fatal(err)
	}
}

func TestSeriesReads(t *testing.T) {
	db := open(t)
	samples(t, db, "a", "x", 10, 1.5, 7, "a", "x", 20, 2.5, -1, "b", "", 10, 4.0, -1, "b", "", 15, -1.0, 9)
	for sql, rows := range map[string]string{
		`SELECT * FROM ts.cpu`: "1970-01-01 00:00:10+00|1.5|7|a|x\n1970-01-01 00:00:20+00|2.5|NULL|a|x\n1970-01-01 00:00:10+00|4|NULL|b|NULL\n1970-01-01 00:00:15+00|NULL|9|b|NULL",
		`SELECT host, value FROM ts.cpu WHERE time > '1970-01-01 00:00:10Z'`:                                                "a|2.5\nb|NULL",
		`SELECT host FROM ts.cpu WHERE time >= '1970-01-01 00:00:10Z' AND time < '1970-01-01 00:00:15Z' ORDER BY host DESC`: "b\na",
		`SELECT value FROM ts.cpu WHERE host IN ('b', 'c') AND value IS NOT NULL`:                                           "4",
		`SELECT count(*), sum(value), max(size) FROM ts.cpu WHERE zone IS NULL`:                                             "2|4|9",
		`SELECT value FROM ts.cpu WHERE host = ''`:                                                                          "",
		`SELECT extract(epoch FROM time)::int FROM ts.cpu WHERE time = 'infinity' OR time <= '-infinity'`:                   "",
		`SELECT count(*) FROM ts.cpu WHERE time < 'infinity' AND time > '-infinity'`:                                        "4",
		`SELECT extract(epoch FROM time)::int, host FROM ts.cpu ORDER BY host DESC, zone, time DESC LIMIT 3`:                "15|b\n10|b\n20|a",
		`SELECT time_bucket('10 s', time) AS b, avg(value) FROM ts.cpu GROUP BY 1 ORDER BY 1`:                               "1970-01-01 00:00:10+00|2.75\n1970-01-01 00:00:20+00|2.5",
		`SELECT time_bucket_gapfill('5 s', time) AS b, host, locf(last(value, time)), interpolate(max(size)) FROM ts.cpu WHERE time >= '1970-01-01 00:00:10Z' AND time <= '1970-01-01 00:00:20Z' GROUP BY 1, 2 ORDER BY 2, 1`: "1970-01-01 00:00:10+00|a|1.5|7\n1970-01-01 00:00:15+00|a|1.5|NULL\n1970-01-01 00:00:20+00|a|2.5|NULL\n1970-01-01 00:00:10+00|b|4|NULL\n1970-01-01 00:00:15+00|b|NULL|9\n1970-01-01 00:00:20+00|b|NULL|NULL",
		`SELECT n.name, c.value FROM (VALUES ('a', 'Anna')) n(host, name) JOIN ts.cpu c USING (host) WHERE c.size = 7`:                                                                                                        "Anna|1.5",
	} {
		if got := ask(t, db, sql); got != rows {
			t.Errorf("%s\ngives\n%s\nwant\n%s", sql, got, rows)
		}
	}
	want(t, ask(t, db, "SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'ts' ORDER BY ordinal_position"),
		"time timestamp with time zone\nvalue double precision\nsize bigint\nhost text\nzone text")
	if _, err := try(t, db, "SELECT * FROM ts.nothing"); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a metric that is not there: %v", err)
	}
}

// TestSeriesPlans: conditions on time and tags are asked of the model.
func TestSeriesPlans(t *testing.T) {
	db := open(t)
	samples(t, db, "a", "x", 10, 1.5, 7)
	want(t, ask(t, db, "EXPLAIN (COSTS OFF) SELECT value FROM ts.cpu WHERE host = 'a' AND time >= '2026-01-01Z' AND zone > 'a' AND value > 1"), `Project
  ->  Seq Scan on cpu
        Pushed Down: ((host = 'a'::text) AND ("time" >= '2026-01-01 00:00:00+00'::timestamp with time zone))
        Filter: (("time" >= '2026-01-01 00:00:00+00'::timestamp with time zone) AND (value > 1) AND (host = 'a'::text) AND (zone > 'a'::text))`)
	want(t, ask(t, db, "EXPLAIN (COSTS OFF) SELECT count(*) FROM ts.cpu WHERE host IN ('a', 'b') AND now() - interval '1 h' < time"), `Aggregate
  ->  Seq Scan on cpu
        Pushed Down: ((host IN ('a'::text, 'b'::text)) AND ((now() - '01:00:00'::interval) < "time"))
        Filter: ((host IN ('a'::text, 'b'::text)) AND ((now() - '01:00:00'::interval) < "time"))`)
}

// TestSeriesEqual: what SQL answers over a metric is what it answers over a table with
// the same rows, whatever is asked for.
func TestSeriesEqual(t *testing.T) {
	db := open(t)
	r := rand.New(rand.NewPCG(1, 2))
	var list []any
	seen := map[string]bool{}
	for range 3000 {
		host, zone, at := string(rune('a'+r.IntN(5))), []string{"", "x", "y"}[r.IntN(3)], r.IntN(2000)
		if k := fmt.Sprint(host, zone, at); seen[k] {
			continue
		} else {
			seen[k] = true
		}
		v, size := float64(r.IntN(100)), r.IntN(50)
		switch r.IntN(4) {
		case 0:
			v = -1
		case 1:
			size = -1
		}
		list = append(list, host, zone, at, v, size)
	}
	samples(t, db, list...)
	if _, err := db.TimeSeries().Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask(t, db, "CREATE TABLE flat AS SELECT * FROM ts.cpu")
	conds := []string{"host = 'b'", "host IN ('a','c','q')", "zone IS NULL", "zone = 'x'", "time >= '1970-01-01 00:05Z'", "time < '1970-01-01 00:20Z'", "time BETWEEN '1970-01-01 00:07Z' AND '1970-01-01 00:07:30Z'",
		"value > 50", "size IS NULL", "host > 'b'", "host <> 'c'", "'1970-01-01 00:10Z'::timestamptz <= time", "time = '1970-01-01 00:10:11Z'", "NOT (host = 'a')", "(host = 'a' OR zone = 'y')", "host LIKE 'b%'", "time IN ('1970-01-01 00:00:07Z','1970-01-01 00:01Z')"}
	wants := []string{"count(*), sum(value), min(size), max(time)", "host, zone, count(value), avg(size)", "count(DISTINCT time), count(size)"}
	groups := []string{"", " GROUP BY host, zone ORDER BY host NULLS FIRST, zone NULLS FIRST", ""}
	for i := range 300 {
		var where []string
		for range 1 + r.IntN(3) {
			where = append(where, conds[r.IntN(len(conds))])
		}
		n := i % len(wants)
		sql := "SELECT " + wants[n] + " FROM $T WHERE " + strings.Join(where, " AND ") + groups[n]
		if got, flat := ask(t, db, strings.Replace(sql, "$T", "ts.cpu", 1)), ask(t, db, strings.Replace(sql, "$T", "flat", 1)); got != flat {
			t.Fatalf("%s\ngives\n%s\nwant\n%s", sql, got, flat)
		}
	}
	for _, order := range []string{"host, zone NULLS FIRST, time", "host DESC, zone DESC, time DESC", "time, host, zone NULLS FIRST", "host, time DESC, zone"} {
		sql := "SELECT host, zone, time, value, size FROM %s WHERE time > '1970-01-01 00:03Z' ORDER BY " + order + " LIMIT 500"
		if got, flat := ask(t, db, fmt.Sprintf(sql, "ts.cpu")), ask(t, db, fmt.Sprintf(sql, "flat")); got != flat {
			t.Fatalf(sql+"\ngives other rows than a table", "ts.cpu")
		}
	}
}

func TestSeriesWrites(t *testing.T) {
	db := open(t)
	samples(t, db, "a", "x", 10, 1.5, 7)
	want(t, ask(t, db, "INSERT INTO ts.cpu (time, host, value) VALUES ('1970-01-01 00:00:20Z', 'b', 2), ('1970-01-01 00:00:30Z', 'b', 3) RETURNING host, value, zone"), "b|2|NULL\nb|3|NULL")
	want(t, ask(t, db, "SELECT host, zone, extract(epoch FROM time)::int, value, size FROM ts.cpu"), "a|x|10|1.5|7\nb|NULL|20|2|NULL\nb|NULL|30|3|NULL")
	ask(t, db, "INSERT INTO ts.cpu (time, host, size) VALUES ('1970-01-01 00:00:20Z', 'b', 5)") // the same point
	want(t, ask(t, db, "SELECT value, size FROM ts.cpu WHERE time = '1970-01-01 00:00:20Z'"), "2|5")
	ask(t, db, "UPDATE ts.cpu SET value = value * 10 WHERE host = 'b'")
	want(t, ask(t, db, "SELECT value FROM ts.cpu WHERE host = 'b'"), "20\n30")
	ask(t, db, "DELETE FROM ts.cpu WHERE host = 'b' AND value > 25")
	want(t, ask(t, db, "SELECT host, value FROM ts.cpu"), "a|1.5\nb|20")
	ask(t, db, "INSERT INTO ts.cpu (time, host, zone, value) VALUES ('1970-01-01 00:00:10Z', 'a', 'x', 9), ('1970-01-01 00:00:11Z', 'a', 'x', 9) ON CONFLICT (host, zone, time) DO NOTHING")
	want(t, ask(t, db, "SELECT extract(epoch FROM time)::int, value FROM ts.cpu WHERE host = 'a'"), "10|1.5\n11|9")
	ask(t, db, "INSERT INTO ts.cpu (time, host, zone, value) VALUES ('1970-01-01 00:00:10Z', 'a', 'x', 1), ('1970-01-01 00:00:11Z', 'a', 'x', 2) ON CONFLICT (host, zone, time) DO UPDATE SET value = cpu.value + excluded.value")
	want(t, ask(t, db, "SELECT value FROM ts.cpu WHERE host = 'a'"), "2.5\n11")
	ask(t, db, "INSERT INTO ts.cpu (value) VALUES (1)") // now, without tags
	want(t, ask(t, db, "SELECT count(*) FROM ts.cpu WHERE time > now() - interval '1 min' AND host IS NULL"), "1")
	for sql, state := range map[string]string{
		"INSERT INTO ts.cpu (time, host) VALUES (now(), 'a')":            "23502",
		"INSERT INTO ts.cpu (time, value) VALUES (NULL, 1)":              "23502",
		"INSERT INTO ts.cpu (time, value) VALUES ('3000-01-01Z', 1)":     "22008",
		"INSERT INTO ts.cpu (time, value) VALUES ('infinity', 1)":        "22008",
		"UPDATE ts.cpu SET host = 'z' WHERE host = 'a'":                  "23514",
		"UPDATE ts.cpu SET value = NULL WHERE host = 'a'":                "0A000",
		"INSERT INTO ts.cpu (host, value) VALUES (repeat('x', 2000), 1)": "54000",
		"DROP TABLE ts.cpu": "42809",
		"INSERT INTO ts.cpu (host, rack, value) VALUES ('a', 'r', 1)": "42703",
	} {
		_, err := try(t, db, sql)
		if e := dberr.As(err); e == nil || e.SQLState != state {
			t.Errorf("%s: %v, want %s", sql, err, state)
		}
	}
	// A statement in a transaction is undone with it.
	err := db.Update(t.Context(), func(tx *weft.Tx) error {
		if _, err := tx.Exec(t.Context(), "INSERT INTO ts.cpu (host, value) VALUES ('gone', 1)"); err != nil {
			return err
		}
		return errors.New("undo")
	})
	if err == nil || err.Error() != "undo" {
		t.Fatal(err)
	}
	want(t, ask(t, db, "SELECT count(*) FROM ts.cpu WHERE host = 'gone'"), "0")
}

// TestSeriesNames: fields and tags whose names meet.
func TestSeriesNames(t *testing.T) {
	db := open(t)
	err := db.TimeSeries().Write(t.Context(), []timeseries.Point{{Metric: "odd name", Time: 1500, Tags: []timeseries.Tag{{Key: "value", Value: "v"}, {Key: "time", Value: "t"}},
		Fields: []timeseries.Field{{Name: "time", Value: timeseries.IntValue(1)}, {Name: "value", Value: timeseries.TextValue("x")}, {Name: "ok", Value: timeseries.BoolValue(true)}}}})
	if err != nil {
		t.Fatal(err)
	}
	want(t, ask(t, db, `SELECT time, field_time, value, ok, tag_time, tag_value FROM ts."odd name" WHERE tag_value = 'v' AND ok`), "1970-01-01 00:00:00.000001+00|1|x|t|t|v")
	ask(t, db, `DELETE FROM ts."odd name"`)
	want(t, ask(t, db, `SELECT count(*) FROM ts."odd name"`), "0")
}
