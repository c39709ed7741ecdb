package timeseries_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/weftdb/weft/timeseries"
)

// TestWritersBesideTheSealer has writers make metrics, write to them, remove series and
// drop them, each its own, while two sealers do all they can. After each write a writer
// finds all that it has.
func TestWritersBesideTheSealer(t *testing.T) {
	s, _, _ := newStore(t, timeseries.Options{OpenPoints: 3000})
	ctx, cancel := context.WithCancel(t.Context())
	var sealers, writers sync.WaitGroup
	for range 2 {
		sealers.Go(func() {
			for ctx.Err() == nil {
				if _, err := s.Seal(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	rounds := 2000
	if testing.Short() {
		rounds = 400
	}
	for w := range 4 {
		b := beside{t: t, s: s, worker: w, r: rand.New(rand.NewPCG(uint64(w), 3)), have: map[string]map[sample]bool{}}
		writers.Go(func() {
			for range rounds {
				if !b.round() {
					return
				}
			}
		})
	}
	writers.Wait()
	cancel()
	sealers.Wait()
}

// beside is a writer and what it should find.
type beside struct {
	t      *testing.T
	s      *timeseries.Store
	worker int
	r      *rand.Rand
	have   map[string]map[sample]bool
}

type sample struct{ series, at int64 }

func (b *beside) round() bool {
	ctx, r := b.t.Context(), b.r
	name := fmt.Sprintf("m%d_%d", b.worker, r.IntN(6))
	mine := b.have[name]
	switch n := r.IntN(40); {
	case mine == nil:
		mine = map[sample]bool{}
		b.have[name] = mine
	case n == 0:
		if err := b.s.Drop(ctx, name); err != nil {
			b.t.Error(err)
		}
		delete(b.have, name)
		return true
	case n == 1:
		gone := r.Int64N(20)
		_, err := b.s.Delete(ctx, timeseries.Deletion{Metric: name, From: math.MinInt64, To: math.MaxInt64,
			Matchers: []timeseries.Matcher{{Tag: "n", Values: []string{fmt.Sprint(gone)}}}})
		if err != nil {
			b.t.Error(err)
		}
		for k := range mine {
			if k.series == gone {
				delete(mine, k)
			}
		}
	}
	at := r.Int64N(50)
	points := wide(0, 1+r.IntN(20), at)
	for i := range points {
		points[i].Metric = name
		mine[sample{int64(i), at}] = true
	}
	if err := b.s.Write(ctx, points); err != nil {
		b.t.Error(err)
		return false
	}
	a, err := b.s.Query(ctx, timeseries.Query{Metric: name, From: 0, To: math.MaxInt64})
	if err != nil || a.Points != len(mine) {
		b.t.Errorf("%s: %d points, want %d: %v", name, a.Points, len(mine), err)
		return false
	}
	return true
}
