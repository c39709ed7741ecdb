package storage_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/backup"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// The metamorphic test: one random history, run under many sets of options and by a
// plain model, must give one answer. What may differ, such as timestamps, is not in
// the answer.

// historian runs a history. Transactions have the numbers of slots; commits are
// numbered from 1.
type historian interface {
	begin(slot int, level txn.Isolation, asOf int)
	get(slot int, key string) string
	scan(slot int, lower, upper string, reverse bool, limit int) []string
	put(slot int, key, value string)
	remove(slot int, key string)
	savepoint(slot int)
	undo(slot int) // to the last savepoint
	commit(slot int) string
	rollback(slot int)
	upkeep(kind int) // reopen, crash, checkpoint, sweep, backup, restore: nobody may notice
}

// The kinds of upkeep. Transactions do not outlive the first three.
const (
	reopens = iota
	crashes
	restores
	checkpoints
	sweeps
	backsUp
	upkeeps
)

const slots = 3

// play runs the history of a seed and returns what it saw, a line for each step.
func playHistory(h historian, seed uint64, steps int) (lines []string) {
	r := rand.New(rand.NewPCG(seed, 42))
	say := func(format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%d: ", len(lines))+fmt.Sprintf(format, args...))
	}
	key := func() string { return fmt.Sprintf("k%03d", r.IntN(60)) }
	var open, reads, saved [slots]bool
	commits, values := 0, 0
	full, since := -1, 1 // commits at the last full backup, -1 where there is none; where what a restore has left of the past begins
	for len(lines) < steps {
		slot := r.IntN(slots)
		switch n := r.IntN(100); {
		case !open[slot]:
			level, asOf := txn.Isolation(r.IntN(2)), 0
			if commits >= since && r.IntN(6) == 0 {
				asOf = since + r.IntN(commits-since+1)
			}
			h.begin(slot, level, asOf)
			open[slot], reads[slot], saved[slot] = true, asOf > 0, false
			say("%d begins, isolation %d, as of %d", slot, level, asOf)
		case n < 22:
			k := key()
			say("%d gets %s: %s", slot, k, h.get(slot, k))
		case n < 38:
			lower, upper, reverse, limit := key(), key(), r.IntN(2) == 0, 1+r.IntN(8)
			if r.IntN(4) > 0 { // mostly short ranges, or point reads would not matter
				upper = lower[:3] + "9"
			}
			say("%d scans [%s, %s) reverse %v: %v", slot, lower, upper, reverse, h.scan(slot, lower, upper, reverse, limit))
		case n < 62 && !reads[slot]:
			values++
			k, v := key(), fmt.Sprintf("v%d%s", values, strings.Repeat(".", r.IntN(1500)))
			h.put(slot, k, v)
			say("%d puts %s", slot, k)
		case n < 70 && !reads[slot]:
			k := key()
			h.remove(slot, k)
			say("%d removes %s", slot, k)
		case n < 75 && !reads[slot]:
			h.savepoint(slot)
			saved[slot] = true
			say("%d savepoint", slot)
		case n < 79 && saved[slot]:
			h.undo(slot)
			say("%d goes back", slot)
		case n < 92:
			got := h.commit(slot)
			if got == "committed" {
				commits++
			}
			open[slot] = false
			say("%d commits: %s", slot, got)
		case n < 95:
			h.rollback(slot)
			open[slot] = false
		case n < 97:
			kind := r.IntN(upkeeps)
			switch {
			case kind == backsUp:
				full = commits
			case kind == restores && full < 0:
				kind = crashes
			case kind == restores:
				full, since = -1, max(full, 1)
			}
			if kind <= restores {
				for i := range open {
					if open[i] {
						h.rollback(i)
					}
					open[i] = false
				}
			}
			h.upkeep(kind)
			say("upkeep %d", kind)
		}
	}
	for i := range open {
		if open[i] {
			h.rollback(i)
		}
	}
	return lines
}

// ---- the model: lists of versions

type version struct {
	at    int
	value string // "" is a deletion
}

type modelWrite struct{ key, value string }

type modelTx struct {
	level    txn.Isolation
	readOnly bool
	at       int
	writes   []modelWrite
	save     int
	read     func(key string) bool // of what is validated
}

type plainModel struct {
	versions map[string][]version
	commits  int
	txs      [slots]*modelTx
}

func newPlainModel() *plainModel { return &plainModel{versions: map[string][]version{}} }

func (m *plainModel) begin(slot int, level txn.Isolation, asOf int) {
	tx := &modelTx{level: level, at: m.commits, read: func(string) bool { return false }}
	if asOf > 0 {
		tx.at, tx.readOnly = asOf, true
	}
	m.txs[slot] = tx
}

func (m *plainModel) see(tx *modelTx, key string) (value string, own bool) {
	for _, w := range slices.Backward(tx.writes) {
		if w.key == key {
			return w.value, true
		}
	}
	for _, v := range slices.Backward(m.versions[key]) {
		if v.at <= tx.at {
			return v.value, false
		}
	}
	return "", false
}

func (tx *modelTx) note(read func(string) bool) {
	before := tx.read
	tx.read = func(k string) bool { return before(k) || read(k) }
}

func (m *plainModel) get(slot int, key string) string {
	tx := m.txs[slot]
	v, own := m.see(tx, key)
	if !own {
		tx.note(func(k string) bool { return k == key })
	}
	return v
}

func (m *plainModel) scan(slot int, lower, upper string, reverse bool, limit int) (out []string) {
	tx := m.txs[slot]
	keys := map[string]bool{}
	for k := range m.versions {
		keys[k] = true
	}
	for _, w := range tx.writes {
		keys[w.key] = true
	}
	var list []string
	for k := range keys {
		if k >= lower && k < upper {
			list = append(list, k)
		}
	}
	sort.Strings(list)
	if reverse {
		slices.Reverse(list)
	}
	from, to := lower, upper
	for _, k := range list {
		if v, _ := m.see(tx, k); v != "" {
			out = append(out, k+"="+v)
			if len(out) == limit {
				if reverse {
					from = k
				} else {
					to = k + "\x00"
				}
				break
			}
		}
	}
	tx.note(func(k string) bool { return k >= from && k < to })
	return out
}

func (m *plainModel) put(slot int, key, value string) {
	m.txs[slot].writes = append(m.txs[slot].writes, modelWrite{key, value})
}

func (m *plainModel) remove(slot int, key string) { m.put(slot, key, "") }
func (m *plainModel) savepoint(slot int)          { m.txs[slot].save = len(m.txs[slot].writes) }
func (m *plainModel) undo(slot int)               { m.txs[slot].writes = m.txs[slot].writes[:m.txs[slot].save] }
func (m *plainModel) rollback(slot int)           { m.txs[slot] = nil }
func (m *plainModel) upkeep(int)                  {}

func (m *plainModel) commit(slot int) string {
	tx := m.txs[slot]
	m.txs[slot] = nil
	if len(tx.writes) == 0 {
		return "wrote nothing"
	}
	last := map[string]string{}
	for _, w := range tx.writes {
		last[w.key] = w.value
	}
	for k, list := range m.versions {
		if list[len(list)-1].at <= tx.at {
			continue
		}
		if _, wrote := last[k]; wrote || tx.level == txn.Serializable && tx.read(k) {
			return "conflict"
		}
	}
	m.commits++
	for k, v := range last {
		m.versions[k] = append(m.versions[k], version{m.commits, v})
	}
	return "committed"
}

// ---- the store

type storeHistorian struct {
	t     *testing.T
	opts  storage.Options
	disk  *vfs.Mem
	s     *storage.Store
	r     *rand.Rand
	txs   [slots]*txn.Tx
	saves [slots]txn.Savepoint
	at    []txn.Timestamp // of commits; at[0] is none
	full  *backup.Info    // the last full backup, if it is to be restored
}

func newStoreHistorian(t *testing.T, opts storage.Options) *storeHistorian {
	h := &storeHistorian{t: t, opts: opts, disk: vfs.NewCrashableMem(), r: rand.New(rand.NewPCG(5, 6)), at: make([]txn.Timestamp, 1)}
	h.opts.History = time.Hour
	h.open()
	return h
}

func (h *storeHistorian) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *storeHistorian) open() {
	h.t.Helper()
	s, err := storage.Open(h.disk, "d", h.opts)
	h.check(err)
	h.s = s
}

func (h *storeHistorian) begin(slot int, level txn.Isolation, asOf int) {
	o := txn.TxOptions{Isolation: level}
	if asOf > 0 {
		o.AsOf = h.at[asOf]
	}
	tx, err := h.s.Begin(context.Background(), o)
	h.check(err)
	h.txs[slot] = tx
}

func (h *storeHistorian) get(slot int, key string) string {
	v, _, err := h.txs[slot].Get([]byte(key))
	h.check(err)
	return string(v)
}

func (h *storeHistorian) scan(slot int, lower, upper string, reverse bool, limit int) (out []string) {
	it := h.txs[slot].Iter(txn.IterOptions{Lower: []byte(lower), Upper: []byte(upper), Reverse: reverse})
	for len(out) < limit && it.Next() {
		out = append(out, string(it.Key())+"="+string(it.Value()))
	}
	h.check(errors.Join(it.Err(), it.Close()))
	return out
}

func (h *storeHistorian) put(slot int, key, value string) {
	h.check(h.txs[slot].Put([]byte(key), []byte(value)))
}
func (h *storeHistorian) remove(slot int, key string) { h.check(h.txs[slot].Delete([]byte(key))) }
func (h *storeHistorian) savepoint(slot int)          { h.saves[slot] = h.txs[slot].Savepoint() }
func (h *storeHistorian) undo(slot int)               { h.check(h.txs[slot].RollbackTo(h.saves[slot])) }
func (h *storeHistorian) rollback(slot int)           { h.txs[slot].Rollback() }

func (h *storeHistorian) commit(slot int) string {
	tx := h.txs[slot]
	err := tx.Commit(context.Background())
	switch {
	case errors.Is(err, dberr.ErrConflict):
		return "conflict"
	case err != nil:
		h.t.Fatal(err)
	case tx.CommitTimestamp() == 0:
		return "wrote nothing"
	}
	h.at = append(h.at, tx.CommitTimestamp())
	return "committed"
}

func (h *storeHistorian) upkeep(kind int) {
	local := h.opts.Backend != storage.BackendMemory
	switch {
	case kind == reopens && local:
		h.check(h.s.Close())
		h.open()
	case kind == crashes && local: // the plug is pulled; what was not synced is there in part
		h.check(h.s.Log().Sync(context.Background())) // with interval durability it may be lost
		old := h.s
		h.disk = h.disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: h.r.IntN(101), RNG: h.r})
		h.check(old.Close())
		h.open()
	case kind == restores && local:
		h.restore()
	case kind == checkpoints:
		_, err := h.s.Checkpoint(context.Background())
		h.check(err)
	case kind == sweeps:
		h.s.Sweep()
	case kind == backsUp && local:
		info := h.backUp("full", backup.Request{})
		_, err := h.s.KeepLog("backup", info.To)
		h.check(err)
		h.full = &info
	}
}

// backupKeys seal every backup.
var backupKeys = backup.KeyRing{{1, 2, 3}}

func (h *storeHistorian) backUp(path string, req backup.Request) backup.Info {
	h.t.Helper()
	h.check(h.disk.RemoveAll(path))
	codec := compress.Codec{Algorithm: []compress.Algorithm{compress.None, compress.Snappy, compress.LZ4, compress.Zstd}[h.r.IntN(4)]}
	info, err := backup.Create(context.Background(), h.s, backup.Target{FS: h.disk, Path: path, PartBytes: 8 << 10, Compression: codec, Key: &backupKeys[0]}, req)
	h.check(err)
	return info
}

// restore puts in the place of the store what the last full backup and one of what came
// after it hold.
func (h *storeHistorian) restore() {
	h.t.Helper()
	if info := h.backUp("later", backup.Request{Parent: h.full}); info.To != h.s.LastCommit() {
		h.t.Fatalf("the backup is of %d, the last commit of %d", info.To, h.s.LastCommit())
	}
	var pieces []*backup.Reader
	for _, path := range []string{"full", "later"} {
		r, err := backup.Open(h.disk, path, backupKeys)
		h.check(err)
		pieces = append(pieces, r)
	}
	c, err := backup.NewChain(pieces, backup.Latest)
	h.check(err)
	h.check(h.s.Close())
	_, err = backup.RestoreInto(context.Background(), h.disk, "d", h.opts, c, true)
	h.check(err)
	h.full = nil
	h.open()
}

// TestMetamorphic runs one history under every set of options.
func TestMetamorphic(t *testing.T) {
	zstd, none := compress.Codec{Algorithm: compress.Zstd}, compress.Codec{}
	tiny := storage.Options{SegmentBytes: 16 << 10, BufferBytes: 128 << 10, CheckpointBytes: 8 << 10}
	with := func(o storage.Options, fn func(o *storage.Options)) storage.Options { fn(&o); return o }
	sets := map[string]storage.Options{
		"memory":  {Backend: storage.BackendMemory},
		"default": {SegmentBytes: 64 << 10},
		"tiny":    tiny,
		"tiny interval": with(tiny, func(o *storage.Options) {
			o.Durability, o.SyncInterval = txn.DurabilityInterval, time.Hour
		}),
		"tiny async": with(tiny, func(o *storage.Options) {
			o.Durability, o.SyncInterval = txn.DurabilityAsync, time.Hour
		}),
		"tiny none, log lz4": with(tiny, func(o *storage.Options) {
			o.Compression, o.LogCompression.Algorithm = &none, compress.LZ4
		}),
		"tiny zstd, log snappy": with(tiny, func(o *storage.Options) {
			o.Compression, o.BottomCompression, o.LogCompression.Algorithm = &zstd, &zstd, compress.Snappy
		}),
		"tiny encrypted, log zstd": with(tiny, func(o *storage.Options) {
			o.Encryption, o.LogCompression = testKey(t, 1), zstd
		}),
		"encrypted": {Encryption: testKey(t, 1), SegmentBytes: 64 << 10},
	}
	seeds, steps := 3, 1500
	switch {
	case testing.Short():
		seeds = 2
	case os.Getenv("WEFT_LONG") == "1":
		seeds, steps = 40, 6000
	}
	for seed := range uint64(seeds) {
		want := playHistory(newPlainModel(), seed, steps)
		if text := strings.Join(want, "\n"); !strings.Contains(text, "conflict") || !strings.Contains(text, fmt.Sprint("upkeep ", crashes)) || !strings.Contains(text, fmt.Sprint("upkeep ", restores)) {
			t.Fatalf("seed %d: no conflict, no crash, or no restore", seed)
		}
		for name, opts := range sets {
			t.Run(fmt.Sprintf("seed=%d/%s", seed, name), func(t *testing.T) {
				h := newStoreHistorian(t, opts)
				got := playHistory(h, seed, steps)
				h.check(h.s.Close())
				for i := range want {
					if i >= len(got) || got[i] != want[i] {
						t.Fatalf("step %d:\ngot  %s\nwant %s", i, cut(got, i), cut(want, i))
					}
				}
			})
		}
	}
}

func cut(lines []string, i int) string {
	if i >= len(lines) {
		return "nothing"
	}
	return lines[i][:min(len(lines[i]), 2000)]
}
