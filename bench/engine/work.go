package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"
)

// keyOf is the key of record i, 16 bytes, in no order.
func keyOf(dst []byte, i uint64) []byte {
	h := i * 0x9e3779b97f4a7c15
	h ^= h >> 29
	dst = binary.BigEndian.AppendUint64(dst[:0], h*0xbf58476d1ce4e5b9)
	return binary.BigEndian.AppendUint64(dst, i)
}

// orderedKey is that of record i in order.
func orderedKey(dst []byte, i uint64) []byte {
	dst = binary.BigEndian.AppendUint64(dst[:0], i)
	return binary.BigEndian.AppendUint64(dst, i*0x9e3779b97f4a7c15)
}

// valueOf is 100 bytes, of which every second is random.
func valueOf(dst []byte, i uint64) []byte {
	dst = dst[:0]
	for x := i*0x9e3779b97f4a7c15 + 1; len(dst) < 100; x = x*6364136223846793005 + 1442695040888963407 {
		dst = append(dst, byte(x>>56), 'v')
	}
	return dst
}

const batch = 1000

// fill writes records [0, n) in batches.
func fill(e engine, n int, key func([]byte, uint64) []byte) error {
	list := make([]record, batch)
	for from := 0; from < n; from += batch {
		part := list[:min(batch, n-from)]
		for j := range part {
			i := uint64(from + j)
			part[j] = record{key(nil, i), valueOf(nil, i)} // some keep the slices until they commit
		}
		if err := e.write(part); err != nil {
			return err
		}
	}
	return nil
}

// store is an open side.
type store struct {
	engine
	side string
	dir  string
}

func (c *config) open(side string, o setup) (*store, error) {
	dir, err := c.fresh()
	if err != nil {
		return nil, err
	}
	o.dir = dir
	e, err := openers[side](o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", side, err)
	}
	return &store{e, side, dir}, nil
}

func (s *store) remove() error { return errors.Join(s.close(), os.RemoveAll(s.dir)) }

// openAll opens sides and has each filled by fn.
func (c *config) openAll(names []string, o setup, fn func(*store) error) (list []*store, err error) {
	for _, name := range c.among(names) {
		s, err := c.open(name, o)
		if err != nil {
			return list, errors.Join(err, removeAll(list))
		}
		list = append(list, s)
		if fn != nil {
			if err := fn(s); err != nil {
				return list, errors.Join(fmt.Errorf("%s: %w", name, err), removeAll(list))
			}
		}
	}
	return list, nil
}

func removeAll(list []*store) error {
	var errs []error
	for _, s := range list {
		errs = append(errs, s.remove())
	}
	return errors.Join(errs...)
}

// turns lets the sides take turns, the first one another each round.
func (c *config) turns(list []*store, fn func(s *store, round int) error) error {
	for round := range c.rounds {
		for i := range list {
			s := list[(i+round)%len(list)]
			runtime.GC()
			if err := fn(s, round); err != nil {
				return fmt.Errorf("%s: %w", s.side, err)
			}
		}
	}
	return nil
}

// result is what a measurement gives.
type result struct {
	ops       int
	took      time.Duration
	latencies []time.Duration // sorted; where asked for
}

func (r result) perOp(clients int) float64 {
	return float64(r.took) * float64(clients) / float64(r.ops)
}
func (r result) perSec() float64 { return float64(r.ops) / r.took.Seconds() }

func (r result) quantile(q float64) float64 {
	if len(r.latencies) == 0 {
		return 0
	}
	return float64(r.latencies[min(len(r.latencies)-1, int(q*float64(len(r.latencies))))])
}

// drive runs op in some goroutines for a while. Each call of begin gives a
// goroutine's own op, which does some operations and says how many.
func drive(clients int, d time.Duration, timed bool, begin func(client int) (op func() (int, error), end func() error, err error)) (result, error) {
	var mu sync.Mutex
	var r result
	var errs []error
	var ready, wg sync.WaitGroup
	start := make(chan struct{})
	ready.Add(clients)
	for i := range clients {
		wg.Go(func() {
			op, end, err := begin(i)
			ready.Done()
			<-start
			ops := 0
			var lat []time.Duration
			for stop := time.Now().Add(d); err == nil; {
				before := time.Now()
				if before.After(stop) {
					break
				}
				var n int
				n, err = op()
				ops += n
				if timed {
					lat = append(lat, time.Since(before))
				}
			}
			if end != nil {
				err = errors.Join(err, end())
			}
			mu.Lock()
			defer mu.Unlock()
			r.ops += ops
			r.latencies = append(r.latencies, lat...)
			errs = append(errs, err)
		})
	}
	ready.Wait()
	var err error
	r.took, err = clock.Time(func() error {
		close(start)
		wg.Wait()
		return nil
	})
	errs = append(errs, err)
	slices.Sort(r.latencies)
	return r, errors.Join(errs...)
}

// gets reads random keys of [0, n) in one snapshot for each goroutine.
func gets(e engine, n, clients int, d time.Duration) (result, error) {
	return drive(clients, d, false, func(client int) (func() (int, error), func() error, error) {
		r, err := e.snapshot()
		if err != nil {
			return nil, nil, err
		}
		rng := rand.New(rand.NewPCG(uint64(client), 1))
		var key []byte
		return func() (int, error) {
			for range 64 {
				key = keyOf(key, rng.Uint64N(uint64(n)))
				if ok, err := r.get(key); !ok || err != nil {
					return 0, fmt.Errorf("get %x: found %v, %w", key, ok, err)
				}
			}
			return 64, nil
		}, r.close, nil
	})
}

// scans reads 100 records from random keys on, and counts records.
func scans(e engine, n int, d time.Duration) (result, error) {
	return drive(1, d, false, func(int) (func() (int, error), func() error, error) {
		r, err := e.snapshot()
		if err != nil {
			return nil, nil, err
		}
		rng := rand.New(rand.NewPCG(7, 1))
		var key []byte
		return func() (int, error) {
			key = keyOf(key, rng.Uint64N(uint64(n)))
			return r.scan(key, 100)
		}, r.close, nil
	})
}

// puts writes one record in each transaction; new keys.
func puts(e engine, clients int, d time.Duration, timed bool, first uint64) (result, error) {
	return drive(clients, d, timed, func(client int) (func() (int, error), func() error, error) {
		i := first + uint64(client)<<40
		return func() (int, error) {
			i++
			return 1, e.write([]record{{keyOf(nil, i), valueOf(nil, i)}})
		}, nil, nil
	})
}

// diskBytes is what a directory takes on disk.
func diskBytes(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}
