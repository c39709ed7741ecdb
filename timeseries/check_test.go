package timeseries

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries/block"
)

// TestCheckFinds damages a store in one way after the other: each is told, and nothing
// where there is none.
func TestCheckFinds(t *testing.T) {
	a := column{series: 17, field: 0} // see setUp: the first number is the metric's
	for name, c := range map[string]struct {
		harm func(s *Store, tx *txn.Tx, m *Metric) error
		want string
	}{
		"nothing": {func(*Store, *txn.Tx, *Metric) error { return nil }, ""},
		"series":  {func(s *Store, tx *txn.Tx, m *Metric) error { return tx.Delete(s.seriesKey(m.id, canonOf("a", "1"))) }, "is not found by its tags"},
		"tags":    {func(s *Store, tx *txn.Tx, m *Metric) error { return tx.Delete(s.tagsKey(m.id, 17)) }, "which is not there"},
		"index":   {func(s *Store, tx *txn.Tx, m *Metric) error { return tx.Delete(s.indexKey(m.id, Tag{"a", "1"}, 17)) }, "the tag index lacks series 17"},
		"entry":   {func(s *Store, tx *txn.Tx, m *Metric) error { return tx.Put(s.indexKey(m.id, Tag{"a", "9"}, 17), nil) }, "which it does not have"},
		"block": {func(s *Store, tx *txn.Tx, m *Metric) error {
			a.metric = m.id
			v, _, err := tx.Get(s.blockKey(a, 2))
			if err != nil {
				return err
			}
			v = append([]byte(nil), v...)
			v[len(v)-1]++
			return tx.Put(s.blockKey(a, 2), v)
		}, "does not have its checksum"},
		"overlap": {func(s *Store, tx *txn.Tx, m *Metric) error {
			a.metric = m.id
			v, err := block.Append(nil, &block.Points{Kind: block.Float, Times: []int64{2, 3}, Floats: []float64{1, 2}}, block.Fast)
			if err != nil {
				return err
			}
			return tx.Put(s.blockKey(a, 3), v)
		}, "out of place"},
		"kind": {func(s *Store, tx *txn.Tx, m *Metric) error {
			return s.putOpen(context.Background(), tx, column{m.id, 17, 0}, &block.Points{Kind: block.Int, Times: []int64{9}, Ints: []int64{1}})
		}, "none of that type"},
		"stranger": {func(s *Store, tx *txn.Tx, m *Metric) error {
			return s.putOpen(context.Background(), tx, column{m.id, 999, 0}, &block.Points{Kind: block.Float, Times: []int64{9}, Floats: []float64{1}})
		}, "series 999, which is not there"},
		"open": {func(s *Store, tx *txn.Tx, m *Metric) error {
			return s.putRecord(context.Background(), tx, column{m.id, 17, 0}, []byte{9})
		}, "form 9"},
	} {
		t.Run(name, func(t *testing.T) {
			txns, err := txn.NewMemory(txn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer txns.Close()
			s, err := Open(txns, Options{SealEvery: -1})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			setUp(t, s)
			if err := txns.Update(t.Context(), txn.TxOptions{}, func(tx *txn.Tx) error {
				m, err := s.MetricTx(tx, "m")
				if err != nil {
					return err
				}
				return c.harm(s, tx, m)
			}); err != nil {
				t.Fatal(err)
			}
			var problems []string
			n, err := s.Check(t.Context(), func(p string) { problems = append(problems, p) })
			if err != nil || n.Metrics != 1 {
				t.Fatalf("%+v, %v", n, err)
			}
			if all := strings.Join(problems, "; "); c.want == "" && all != "" || !strings.Contains(all, c.want) {
				t.Errorf("found %q, want %q", all, c.want)
			}
			if want := (Checked{1, 2, 3, 5}); name == "nothing" && n != want {
				t.Errorf("checked %+v, want %+v", n, want)
			}
		})
	}
}

func canonOf(key, value string) []byte {
	_, b, err := canonical([]Tag{{key, value}})
	if err != nil {
		panic(err)
	}
	return b
}

// setUp writes two series with sealed and open points, and a third that is dropped.
func setUp(t *testing.T, s *Store) {
	t.Helper()
	put := func(at int64, tag string) {
		t.Helper()
		p := Point{Metric: "m", Tags: []Tag{{"a", tag}}, Time: at, Fields: []Field{{Name: "v", Value: FloatValue(float64(at))}}}
		if err := s.Write(t.Context(), []Point{p}); err != nil {
			t.Fatal(err)
		}
	}
	put(1, "1")
	put(2, "1")
	put(1, "2")
	put(1, "3")
	if _, err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(t.Context(), Deletion{Metric: "m", Matchers: []Matcher{{Tag: "a", Values: []string{"3"}}}, From: math.MinInt64, To: math.MaxInt64}); err != nil {
		t.Fatal(err)
	}
	put(3, "1")
}
