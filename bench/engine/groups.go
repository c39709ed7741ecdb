package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/bench/report"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

var durableSides = []string{"weft", "pebble", "badger", "bbolt"}

const plenty = 2 << 30 // memory that holds everything

// benchHot reads what is in memory.
func benchHot(c *config, t *report.Table) (err error) {
	list, err := c.openAll(sides, setup{memory: plenty}, func(s *store) error {
		return errors.Join(fill(s, c.records, keyOf), s.settle())
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeAll(list)) }()
	one := t.Row("point get in a snapshot, hot, 1 goroutine", report.Took, report.Bound("≤ 250 ns", 250), report.AtLeast(1.2, "map"), report.AtLeast(8, "pebble"))
	two := t.Row("point get in a snapshot, hot, 2 goroutines", report.PerSecond, report.Bound("≥ 8 M/s", 8e6), report.AtLeast(1.2, "map"), report.AtLeast(8, "pebble"))
	scan := t.Row("100-key range scan, hot, a row", report.Took, report.Bound("≤ 60 ns", 60))
	err = c.turns(list, func(s *store, _ int) error {
		a, err := gets(s, c.records, 1, c.round)
		if err != nil {
			return err
		}
		one.Add(s.side, a.perOp(1))
		b, err := gets(s, c.records, 2, c.round)
		if err != nil {
			return err
		}
		two.Add(s.side, b.perSec())
		if s.side == "map" {
			return nil
		}
		r, err := scans(s, c.records, c.round)
		scan.Add(s.side, r.perOp(1))
		return err
	})
	if err != nil {
		return err
	}
	return benchMerged(c, t, list)
}

// benchMerged scans when a tenth of the records has changed since they were settled.
func benchMerged(c *config, t *report.Table, list []*store) error {
	merged := t.Row("100-key range scan, a tenth changed, a row", report.Took, report.Bound("≤ 120 ns", 120))
	for _, s := range list {
		for i := 0; i < c.records/10; i++ {
			k := uint64(i*10 + i%7)
			if err := s.write([]record{{keyOf(nil, k), valueOf(nil, k+1)}}); err != nil {
				return err
			}
			if s.side == "bbolt" && i > 2000 {
				break // a transaction each is slow there, and makes no difference to scans
			}
		}
	}
	return c.turns(list, func(s *store, _ int) error {
		if s.side == "map" {
			return nil
		}
		r, err := scans(s, c.records, c.round)
		merged.Add(s.side, r.perOp(1))
		return err
	})
}

// benchCold reads data of ten times the memory, and tells the space they take.
func benchCold(c *config, t *report.Table) (err error) {
	memory := max(int64(c.records)*116/10, 4<<20)
	list, err := c.openAll(durableSides, setup{memory: memory}, func(s *store) error {
		return errors.Join(fill(s, c.records, keyOf), s.settle())
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeAll(list)) }()
	space := t.Row("bytes on disk after settling (logs apart)", report.Megabytes, report.AtLeast(1/1.2, "pebble").Named("≤ 1.2 × pebble"))
	for _, s := range list {
		n, err := dataBytes(s)
		if err != nil {
			return err
		}
		space.Add(s.side, float64(n))
	}
	get := t.Row("point get, data 10 × memory", report.Took, report.AtLeast(0.9, "pebble"))
	scan := t.Row("100-key range scan, data 10 × memory, a row", report.Took, report.AtLeast(0.9, "pebble"))
	return c.turns(list, func(s *store, _ int) error {
		r, err := gets(s, c.records, 1, c.round)
		if err != nil {
			return err
		}
		get.Add(s.side, r.perOp(1))
		r, err = scans(s, c.records, c.round)
		scan.Add(s.side, r.perOp(1))
		return err
	})
}

// dataBytes is what the data takes on disk: SSTables and value logs, or the file.
func dataBytes(s *store) (total int64, err error) {
	err = filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if name := d.Name(); strings.HasSuffix(name, ".sst") || name == "bolt" {
			total += info.Size()
		}
		return err
	})
	return total, err
}

// benchPut commits one record after the other, without waiting for the disk.
func benchPut(c *config, t *report.Table) error {
	for _, clients := range []int{1, 64} {
		row := t.Row(fmt.Sprintf("put in a transaction, no fsync, %d clients", clients), report.PerSecond, report.AtLeast(3, "pebble"), report.AtLeast(3, "badger"))
		err := c.overFresh(durableSides, setup{memory: plenty}, func(s *store, round int) error {
			r, err := puts(s, clients, c.round, false, uint64(round)<<50)
			row.Add(s.side, r.perSec())
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, clients := range []int{1, 64} {
		row := t.Row(fmt.Sprintf("… handed to the system (interval), %d clients", clients), report.PerSecond)
		err := c.overFresh([]string{"weft"}, setup{memory: plenty, handed: true}, func(s *store, round int) error {
			r, err := puts(s, clients, c.round, false, uint64(round)<<50)
			row.Add(s.side, r.perSec())
			return err
		})
		if err != nil {
			return err
		}
	}
	row := t.Row("put in a transaction, in memory, 1 client", report.PerSecond)
	return c.overFresh([]string{"weft", "badger"}, setup{memory: plenty, ram: true}, func(s *store, round int) error {
		r, err := puts(s, 1, c.round, false, uint64(round)<<50)
		row.Add(s.side, r.perSec())
		return err
	})
}

// overFresh opens empty stores, lets them take turns and removes them.
func (c *config) overFresh(names []string, o setup, fn func(*store, int) error) (err error) {
	list, err := c.openAll(names, o, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeAll(list)) }()
	return c.turns(list, fn)
}

// benchTransfer moves money between accounts.
func benchTransfer(c *config, t *report.Table) error {
	for _, m := range []struct {
		name    string
		o       setup
		clients int
		sides   []string
		bound   float64
	}{
		{"in memory, 2 clients", setup{memory: plenty, ram: true}, 2, []string{"weft", "badger"}, 1e6},
		{"log not waited for, 64 clients", setup{memory: plenty}, 64, []string{"weft", "badger", "bbolt"}, 1e6},
		{"durable, 64 clients", setup{memory: plenty, sync: true}, 64, []string{"weft", "badger", "bbolt"}, 250e3},
	} {
		if err := c.transfers(t, m.name, m.o, m.clients, m.sides, m.bound); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

func (c *config) transfers(t *report.Table, name string, o setup, clients int, names []string, bound float64) (err error) {
	uniform := t.Row("transfer, uniform, "+name, report.PerSecond, report.Bound("≥ "+report.SI(bound)+"/s", bound))
	zipf := t.Row("transfer, Zipf, "+name, report.PerSecond, report.Bound("≥ "+report.SI(bound/2)+"/s", bound/2))
	list, err := c.openAll(names, o, func(s *store) error {
		var part []record
		for i := range c.accounts {
			part = append(part, record{keyOf(nil, uint64(i)), binary.BigEndian.AppendUint64(nil, 1000)})
			if len(part) == batch || i == c.accounts-1 {
				if err := s.write(part); err != nil {
					return err
				}
				part = nil
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeAll(list)) }()
	err = c.turns(list, func(s *store, _ int) error {
		for _, r := range []*report.Row{uniform, zipf} {
			res, err := drive(clients, c.round, false, func(client int) (func() (int, error), func() error, error) {
				pick := picker(r == zipf, c.accounts, client)
				return func() (int, error) {
					a, b := pick(), pick()
					if a == b {
						b = (a + 1) % uint64(c.accounts)
					}
					return 1, s.transfer(keyOf(nil, a), keyOf(nil, b))
				}, nil, nil
			})
			if err != nil {
				return err
			}
			r.Add(s.side, res.perSec())
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range list {
		if err := c.checkSum(s); err != nil {
			return fmt.Errorf("%s: %w", s.side, err)
		}
	}
	return nil
}

func picker(zipf bool, n, client int) func() uint64 {
	r := rand.New(rand.NewPCG(uint64(client), 3))
	if zipf {
		return rand.NewZipf(r, 1.1, 8, uint64(n-1)).Uint64
	}
	return func() uint64 { return r.Uint64N(uint64(n)) }
}

// checkSum wants all the money to be there still.
func (c *config) checkSum(s *store) error {
	var sum uint64
	add := func(_, v []byte) { sum += binary.BigEndian.Uint64(v) }
	r, err := s.snapshot()
	if err != nil {
		return err
	}
	n, err := each(r, c.accounts, add)
	if err = errors.Join(err, r.close()); err != nil {
		return err
	}
	if n != c.accounts || sum != uint64(c.accounts)*1000 {
		return fmt.Errorf("%d accounts hold %d, want %d: updates were lost", n, sum, c.accounts*1000)
	}
	return nil
}

// benchDurable commits one record after the other, each fsynced.
func benchDurable(c *config, t *report.Table) error {
	for _, clients := range []int{1, 8, 64} {
		goals := []report.Goal{report.AtLeast(map[int]float64{1: 1.4, 8: 2, 64: 2}[clients], "pebble")}
		if clients == 64 {
			goals = append(goals, report.Bound("≥ 300 k/s", 300e3))
		}
		rate := t.Row(fmt.Sprintf("durable commits, %d clients", clients), report.PerSecond, goals...)
		var p50, p99 *report.Row
		p50 = t.Row(fmt.Sprintf("… their latency, median, %d clients", clients), report.Took)
		if clients == 64 {
			p99 = t.Row("… their latency, 99 %, 64 clients", report.Took, report.Bound("< 1 ms", 1e6))
		} else {
			p99 = t.Row(fmt.Sprintf("… their latency, 99 %%, %d clients", clients), report.Took)
		}
		err := c.overFresh(durableSides, setup{memory: plenty, sync: true}, func(s *store, round int) error {
			r, err := puts(s, clients, c.round, true, uint64(round)<<50)
			rate.Add(s.side, r.perSec())
			p50.Add(s.side, r.quantile(0.5))
			p99.Add(s.side, r.quantile(0.99))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// benchLoad writes everything in batches.
func benchLoad(c *config, t *report.Table) error {
	for _, o := range []struct {
		name string
		key  func([]byte, uint64) []byte
	}{{"in order", orderedKey}, {"in no order", keyOf}} {
		row := t.Row("bulk load "+o.name+", batches of 1000", report.PerSecond, report.AtLeast(1.5, "pebble"))
		for round := range c.rounds {
			names := c.among(durableSides)
			for i := range names {
				side := names[(i+round)%len(names)]
				s, err := c.open(side, setup{memory: plenty})
				if err != nil {
					return err
				}
				runtime.GC()
				took, err := clock.Time(func() error { return fill(s, c.records, o.key) })
				if err != nil {
					return errors.Join(err, s.remove())
				}
				row.Add(side, float64(c.records)/took.Seconds())
				if err := s.remove(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// benchRecovery opens what a crash left: a log, and a large store with a checkpoint.
func benchRecovery(c *config, t *report.Table) error {
	row := t.Row("recovery of a log, transactions of 10", report.Throughput, report.Bound("≥ 200 MB/s", 200e6))
	dir, err := c.fresh()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	never := storage.Options{BufferBytes: plenty, Durability: txn.DurabilityInterval, CheckpointBytes: 16 << 30, CheckpointLogBytes: 16 << 30, CheckpointInterval: 24 * time.Hour}
	s, err := storage.Open(vfs.OS(), dir, never)
	if err != nil {
		return err
	}
	w := &weftEngine{s}
	var part []record
	for i := range c.records {
		part = append(part, record{keyOf(nil, uint64(i)), valueOf(nil, uint64(i))})
		if len(part) == 10 {
			if err := w.write(part); err != nil {
				return errors.Join(err, s.Close())
			}
			part = part[:0]
		}
	}
	for range c.rounds {
		if err := recoverCopy(c, dir, never, row); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	if err := s.Close(); err != nil {
		return err
	}
	return benchReady(c, t)
}

// recoverCopy opens a copy of an open store's directory, which is what a crash of the
// process leaves.
func recoverCopy(c *config, dir string, o storage.Options, r *report.Row) error {
	to, err := c.fresh()
	if err != nil {
		return err
	}
	defer os.RemoveAll(to)
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		return err
	}
	runtime.GC()
	var s *storage.Store
	_, err = clock.Time(func() (err error) {
		s, err = storage.Open(vfs.OS(), to, o)
		return err
	})
	if err != nil {
		return err
	}
	rec := s.Recovery()
	r.Add("weft", float64(rec.Bytes)/rec.Duration.Seconds())
	return s.Close()
}

// benchReady opens a store of about 1 GB that has a checkpoint.
func benchReady(c *config, t *report.Table) error {
	row := t.Row(fmt.Sprintf("opening a store of %.1f GB with a checkpoint", float64(c.large)*116/1e9), report.Took, report.Bound("< 1 s", 1e9))
	for _, side := range c.among([]string{"weft", "pebble"}) {
		o := setup{memory: 256 << 20}
		s, err := c.open(side, o)
		if err != nil {
			return err
		}
		if err := errors.Join(fill(s, c.large, orderedKey), s.settle(), s.close()); err != nil {
			return err
		}
		o.dir = s.dir
		for range c.rounds {
			began := time.Now()
			e, err := openers[side](o)
			if err != nil {
				return err
			}
			row.Add(side, float64(time.Since(began)))
			if err := e.close(); err != nil {
				return err
			}
		}
		if err := os.RemoveAll(s.dir); err != nil {
			return err
		}
	}
	return nil
}

// benchStalls commits under full load while checkpoints, or flushes, run.
func benchStalls(c *config, t *report.Table) error {
	row := t.Row("latency of commits while checkpoints run, 64 clients, 99.9 % to median", ratio, report.Bound("≤ 20 ×", 20))
	var checkpoints atomic.Int64
	dir, err := c.fresh()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := storage.Open(vfs.OS(), dir, storage.Options{History: -1, BufferBytes: 256 << 20, CheckpointBytes: int64(max(64<<10, c.records*8)),
		Events: txn.Events{Checkpointed: func(txn.CheckpointInfo) { checkpoints.Add(1) }}})
	if err != nil {
		return err
	}
	d := max(4*c.round, time.Second)
	for round := range c.rounds {
		r, err := puts(&weftEngine{s}, 64, d, true, uint64(round)<<50)
		if err != nil {
			return errors.Join(err, s.Close())
		}
		row.Add("weft", r.quantile(0.999)/r.quantile(0.5))
	}
	row.Note(fmt.Sprintf("%d checkpoints", checkpoints.Load()))
	if err := s.Close(); err != nil {
		return err
	}
	return c.overFresh([]string{"pebble"}, setup{memory: 32 << 20, sync: true}, func(s *store, round int) error {
		r, err := puts(s, 64, d, true, uint64(round)<<50)
		row.Add(s.side, r.quantile(0.999)/r.quantile(0.5))
		return err
	})
}

// benchGC times the garbage collector with everything in memory.
func benchGC(c *config, t *report.Table) error {
	row := t.Row(fmt.Sprintf("runtime.GC with %s records in memory", report.SI(float64(c.gc))), report.Took, report.Bound("≤ 100 ms", 100e6))
	for _, side := range c.among([]string{"weft", "map"}) {
		s, err := c.open(side, setup{memory: 8 << 30, ram: true})
		if err != nil {
			return err
		}
		if err := fill(s, c.gc, keyOf); err != nil {
			return errors.Join(err, s.remove())
		}
		runtime.GC()
		for range max(c.rounds, 3) {
			began := time.Now()
			runtime.GC()
			row.Add(side, float64(time.Since(began)))
		}
		if err := s.remove(); err != nil {
			return err
		}
		runtime.GC()
	}
	return nil
}
