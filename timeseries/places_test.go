package timeseries_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/timeseries"
)

// TestSeriesInAnyOrder writes to series whose tags are easily taken for one another, of two
// metrics and two databases, in an order that is sometimes the one of before, and by tags in
// any order: each point is where it belongs.
func TestSeriesInAnyOrder(t *testing.T) {
	one, _, _ := newStore(t, timeseries.Options{})
	stores := []*timeseries.Store{one, one.In(keyspace.DatabaseID(7))}
	long := strings.Repeat("x", 200)
	var tags [][]timeseries.Tag
	for _, pair := range [][]string{{"a", "bc"}, {"ab", "c"}, {"a", "b"}, {"a", long}, {"a", long + "y"}, {long, "a"}, {"a", "b", "c", "d"}, {"a", "b", "cd", ""}, {"b", "a", "c", "d"}, {"a", "b\x01c\x01d"}} {
		var list []timeseries.Tag
		for i := 0; i < len(pair); i += 2 {
			list = append(list, timeseries.Tag{Key: pair[i], Value: pair[i+1]})
		}
		tags = append(tags, list)
	}
	r := rand.New(rand.NewPCG(2, 4))
	type place struct{ store, metric, tags int }
	want := make(map[place]float64)
	order := r.Perm(2 * len(tags))
	for round := range 600 {
		if r.IntN(3) == 0 {
			order = r.Perm(len(order))
		}
		store := r.IntN(2)
		var points []timeseries.Point
		for _, n := range order {
			p := place{store, n % 2, n / 2}
			list := tags[p.tags]
			if len(list) == 2 && r.IntN(2) == 0 {
				list = []timeseries.Tag{list[1], list[0]}
			}
			if p.tags == 7 { // its second tag is none, so that it is the series of a=b
				p.tags = 2
			}
			v := float64(r.IntN(1000))
			want[p] += v
			points = append(points, timeseries.Point{Metric: fmt.Sprint("m", p.metric), Tags: list, Time: int64(round*100 + n),
				Fields: []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(v)}}})
		}
		if err := stores[store].Write(t.Context(), points); err != nil {
			t.Fatal(err)
		}
	}
	for p, sum := range want {
		var matchers []timeseries.Matcher
		for _, tag := range tags[p.tags] {
			matchers = append(matchers, timeseries.Matcher{Tag: tag.Key, Op: timeseries.MatchIn, Values: []string{tag.Value}})
		}
		a, err := stores[p.store].Query(t.Context(), timeseries.Query{Metric: fmt.Sprint("m", p.metric), Matchers: matchers, From: 0, To: 1 << 50})
		if err != nil {
			t.Fatal(err)
		}
		got := 0.0
		for _, s := range a.Series {
			if len(s.Tags) != len(tags[p.tags]) {
				continue
			}
			for _, x := range s.Samples {
				got += x.Value.Float
			}
		}
		if got != sum {
			t.Errorf("%+v has %v, want %v", p, got, sum)
		}
	}
}
