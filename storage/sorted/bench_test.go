package sorted

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"github.com/weftdb/weft/storage/vfs"
)

const (
	benchRecords    = 2_000_000
	benchGeneration = 500_000 // about 64 MB
	benchValue      = 100
)

// benchKey spreads i over the key space; odd i are keys that are never stored.
func benchKey(dst []byte, i uint64) []byte {
	x := i * 0x9e3779b97f4a7c15
	dst = binary.BigEndian.AppendUint64(dst, x^x>>29)
	return binary.BigEndian.AppendUint64(dst, i)
}

// benchGen gives a generation of keys in order, with values that compress to about
// half.
type benchGen struct {
	keys  [][]byte
	i     int
	ts    uint64
	isNew bool
	entry Entry
	value [benchValue]byte
	r     *rand.Rand
}

func newBenchGen(gen int, ts uint64, isNew bool) *benchGen {
	g := &benchGen{ts: ts, isNew: isNew, r: rand.New(rand.NewPCG(uint64(gen), 1))}
	for i := range benchGeneration {
		g.keys = append(g.keys, benchKey(nil, uint64(2*(gen*benchGeneration+i))))
	}
	slices.SortFunc(g.keys, bytes.Compare)
	return g
}

func (g *benchGen) fill() []byte {
	for j := 0; j < benchValue/2; j += 8 {
		binary.LittleEndian.PutUint64(g.value[j:], g.r.Uint64())
	}
	return g.value[:]
}

func (g *benchGen) Next() (*Entry, error) {
	if g.i == len(g.keys) {
		return nil, nil
	}
	g.entry = Entry{Key: g.keys[g.i], TS: g.ts, Value: g.fill(), New: g.isNew}
	g.i++
	return &g.entry, nil
}

const benchBytes = benchRecords * (16 + benchValue)

// BenchmarkPeer measures a store and plain Pebble, in one run, at the same work:
// 2 million records of 16 + 100 bytes. Bytes are those of keys and values.
func BenchmarkPeer(b *testing.B) { benchPeer(b, 512<<20) }

// BenchmarkPeerCold is BenchmarkPeer with caches of a fifteenth of the data.
func BenchmarkPeerCold(b *testing.B) { benchPeer(b, 16<<20) }

func benchPeer(b *testing.B, cacheBytes int64) {
	s, err := Open(vfs.OS(), b.TempDir(), testID, Options{CacheBytes: cacheBytes})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx := context.Background()
	var gens []*benchGen
	for g := range benchRecords / benchGeneration {
		gens = append(gens, newBenchGen(g, uint64(g+1), true))
	}
	start := time.Now()
	for g, gen := range gens {
		if _, err := s.Flush(ctx, gen, uint64(g+1), 0); err != nil {
			b.Fatal(err)
		}
	}
	flushed := time.Since(start)
	if err := s.Settle(ctx); err != nil {
		b.Fatal(err)
	}
	settled := time.Since(start)
	b.Logf("store: flush %.0f MB/s, settled after %v, %d MB", benchBytes/1e6/flushed.Seconds(), settled, s.Stats().Bytes>>20)
	applied := s.Applied()

	p := openPlain(b, cacheBytes)
	defer func() { _ = p.Close() }()

	// Everything into the caches.
	rows, err := collectCount(s, applied)
	if err != nil || rows != benchRecords {
		b.Fatal(rows, err)
	}
	warm, err := p.NewIter(nil)
	if err != nil {
		b.Fatal(err)
	}
	for ok := warm.First(); ok; ok = warm.Next() {
		_ = warm.Value()
	}
	if err := warm.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("get=present/store", func(b *testing.B) { benchGet(b, s, applied, 0, true) })
	b.Run("get=present/pebble", func(b *testing.B) { benchPlainGet(b, p, 0, true) })
	b.Run("get=absent/store", func(b *testing.B) { benchGet(b, s, applied, 1, false) })
	b.Run("get=absent/pebble", func(b *testing.B) { benchPlainGet(b, p, 1, false) })
	for _, reverse := range []bool{false, true} {
		b.Run(fmt.Sprintf("scan=100/reverse=%v/store", reverse), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			var key []byte
			for b.Loop() {
				key = benchKey(key[:0], 2*r.Uint64N(benchRecords))
				it := s.NewIter(IterOptions{TS: applied, Reverse: reverse})
				it.Seek(key)
				for n := 0; n < 100 && it.Next(); n++ {
					_ = it.Value()
				}
				if err := it.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/row")
		})
	}
	b.Run("scan=100/reverse=false/pebble", func(b *testing.B) { benchPlainScan(b, p) })
	b.Run("versions=1%/store", func(b *testing.B) {
		at := applied + 1
		l := &entryList{}
		for i := range uint64(benchRecords / 100) {
			l.list = append(l.list, Entry{Key: benchKey(nil, 200*i), TS: at, Value: []byte("new")})
		}
		slices.SortFunc(l.list, func(a, b Entry) int { return bytes.Compare(a.Key, b.Key) })
		if s.Applied() < at {
			st, err := s.Flush(ctx, l, at, 0)
			if err != nil {
				b.Fatal(err)
			}
			b.Logf("update of 1%%: %.0f ns/key with a look at the store for each", float64(st.Duration.Nanoseconds())/float64(st.Entries))
		}
		for b.Loop() {
			v := s.NewVersions(VersionOptions{After: applied})
			n := 0
			for v.Next() {
				n++
			}
			if err := v.Close(); err != nil || n != benchRecords/100 {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("checkpoint/store", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			if _, err := s.Checkpoint(ctx, fmt.Sprintf("%s/%d-%d", b.TempDir(), b.N, n)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func collectCount(s *Store, ts uint64) (n int, err error) {
	it := s.NewIter(IterOptions{TS: ts})
	for it.Next() {
		_ = it.Value()
		n++
	}
	return n, it.Close()
}

func benchGet(b *testing.B, s *Store, ts, odd uint64, want bool) {
	r := rand.New(rand.NewPCG(1, 1))
	var key, value []byte
	b.ReportAllocs()
	for b.Loop() {
		key = benchKey(key[:0], 2*r.Uint64N(benchRecords)+odd)
		v, err := s.Get(value[:0], key, ts)
		if err != nil || v.Live() != want {
			b.Fatal(v, err)
		}
		value = v.Value
	}
}

// openPlain loads the same records into Pebble as it is, in batches without sync.
func openPlain(b *testing.B, cacheBytes int64) *pebble.DB {
	cache := pebble.NewCache(cacheBytes)
	defer cache.Unref()
	o := &pebble.Options{Cache: cache, FormatMajorVersion: engineFormat, MemTableSize: 64 << 20, Logger: discard{}}
	o.CompactionConcurrencyRange = func() (int, int) { return 1, 2 }
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(b.TempDir(), o)
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	r := rand.New(rand.NewPCG(1, 2))
	perm := r.Perm(benchRecords)
	var key []byte
	gen := benchGen{r: r}
	for i := 0; i < len(perm); {
		batch := db.NewBatch()
		for n := 0; n < 1000; n++ {
			key = benchKey(key[:0], uint64(2*perm[i]))
			_ = batch.Set(key, gen.fill(), nil)
			i++
		}
		if err := batch.Commit(pebble.NoSync); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Flush(); err != nil {
		b.Fatal(err)
	}
	loaded := time.Since(start)
	if err := db.Compact(context.Background(), []byte{0}, bytes.Repeat([]byte{0xff}, 20), true); err != nil {
		b.Fatal(err)
	}
	var size int64
	for _, l := range db.Metrics().Levels {
		size += l.TablesSize
	}
	b.Logf("pebble: load %.0f MB/s, settled after %v, %d MB", benchBytes/1e6/loaded.Seconds(), time.Since(start), size>>20)
	return db
}

type discard struct{}

func (discard) Infof(string, ...any)      {}
func (discard) Errorf(string, ...any)     {}
func (discard) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

func benchPlainGet(b *testing.B, db *pebble.DB, odd uint64, want bool) {
	r := rand.New(rand.NewPCG(1, 1))
	var key, value []byte
	b.ReportAllocs()
	for b.Loop() {
		key = benchKey(key[:0], 2*r.Uint64N(benchRecords)+odd)
		v, closer, err := db.Get(key)
		if (err == nil) != want {
			b.Fatal(err)
		}
		if err == nil {
			value = append(value[:0], v...)
			_ = closer.Close()
		}
	}
}

func benchPlainScan(b *testing.B, db *pebble.DB) {
	r := rand.New(rand.NewPCG(1, 1))
	var key []byte
	for b.Loop() {
		key = benchKey(key[:0], 2*r.Uint64N(benchRecords))
		it, err := db.NewIter(nil)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for ok := it.SeekGE(key); ok && n < 100; ok = it.Next() {
			_ = it.Value()
			n++
		}
		if err := it.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/row")
}
