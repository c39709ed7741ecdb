package timeseries_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

// TestReaderReadsAsEachAlone: what a reader of many series reads is what is read of each,
// whatever of it is sealed, lies in batches, in records of its own, is deleted, or is of
// the transaction itself.
func TestReaderReadsAsEachAlone(t *testing.T) {
	s, txns, _ := newStore(t, timeseries.Options{SealEvery: -1})
	ctx := t.Context()
	r := rand.New(rand.NewPCG(7, 8))
	tags := func(i int) []timeseries.Tag { return []timeseries.Tag{{Key: "host", Value: fmt.Sprint(i)}} }
	var points []timeseries.Point
	write := func(tx *txn.Tx, hosts, n int) {
		points = points[:0]
		for range n {
			f := []timeseries.Field{{Name: "value", Value: timeseries.FloatValue(r.Float64())}}
			if r.IntN(3) == 0 {
				f = append(f, timeseries.Field{Name: "n", Value: timeseries.IntValue(r.Int64N(100))})
			}
			points = append(points, timeseries.Point{Metric: "m", Tags: tags(r.IntN(hosts)), Time: r.Int64N(10_000), Fields: f})
		}
		err := error(nil)
		if tx == nil {
			err = s.Write(ctx, points)
		} else {
			err = s.WriteTx(ctx, tx, points)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read := func(tx *txn.Tx) {
		t.Helper()
		m, err := s.MetricTx(tx, "m")
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.SelectTx(tx, m, nil)
		if err != nil {
			t.Fatal(err)
		}
		reader, err := s.ReaderTx(tx, m, len(list))
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		for _, bounds := range [][2]int64{{math.MinInt64, math.MaxInt64}, {2000, 5000}, {9999, 9999}, {20_000, 30_000}} {
			for _, i := range r.Perm(len(list)) {
				for field := range m.Fields {
					var buf block.Points
					gather := func(into *[]string) func(p *block.Points) error {
						return func(p *block.Points) error {
							*into = append(*into, fmt.Sprint(p.Times, p.Floats, p.Ints))
							return nil
						}
					}
					var alone, many []string
					if err := s.ReadTx(ctx, tx, m, list[i], field, bounds[0], bounds[1], &buf, gather(&alone)); err != nil {
						t.Fatal(err)
					}
					if err := reader.Read(ctx, list[i], field, bounds[0], bounds[1], &buf, gather(&many)); err != nil {
						t.Fatal(err)
					}
					if !reflect.DeepEqual(alone, many) {
						t.Fatalf("series %d, field %d, %v: a reader gives %s, alone there are %s", i, field, bounds, many, alone)
					}
				}
			}
		}
	}
	for round := range 12 {
		write(nil, 20, 400)
		for range r.IntN(30) {
			write(nil, 1+r.IntN(25), 1) // a record of its own
		}
		if round%3 == 1 {
			if _, err := s.Seal(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if round%4 == 2 {
			from := r.Int64N(9000)
			if _, err := s.Delete(ctx, timeseries.Deletion{Metric: "m", From: from, To: from + 500,
				Matchers: []timeseries.Matcher{{Tag: "host", Op: timeseries.MatchIn, Values: []string{fmt.Sprint(r.IntN(20))}}}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.View(ctx, func(tx *txn.Tx) error { read(tx); return nil }); err != nil {
			t.Fatal(err)
		}
		for _, level := range []txn.Isolation{txn.Snapshot, txn.Serializable} {
			tx, err := txns.Begin(ctx, txn.TxOptions{Isolation: level})
			if err != nil {
				t.Fatal(err)
			}
			write(tx, 22, 30)
			write(tx, 22, 1)
			read(tx)
			tx.Rollback()
		}
	}
}
