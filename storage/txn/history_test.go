package txn_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// observed is a transaction as its client saw it. Values are unique over the
// whole history, so a read says which write it saw.
type observed struct {
	isolation txn.Isolation
	snapshot  txn.Timestamp
	commit    txn.Timestamp // 0 where it wrote nothing
	reads     []readOp
	writes    map[string]string // "" is a deletion
}

// readOp is a read of one key, or of the part of a range that was walked.
type readOp struct {
	lower, upper string // [lower, upper)
	found        map[string]string
}

// checkHistory says why the transactions that committed do not keep what their
// isolation promises, or nil. Serializable: run one at a time in the order of
// commit timestamps, each read gives what it gave. Snapshot: each read gives the
// state at the snapshot, and nobody else wrote the same key between that and the
// commit. Transactions that wrote nothing are at their snapshot in both.
func checkHistory(history []observed) error {
	type point struct {
		at  txn.Timestamp
		end bool // commits before reads at the same timestamp
		tx  *observed
	}
	var points []point
	for i := range history {
		tx := &history[i]
		if tx.commit != 0 {
			points = append(points, point{at: tx.commit, tx: tx})
		}
		if tx.commit == 0 || tx.isolation == txn.Snapshot {
			points = append(points, point{at: tx.snapshot, end: true, tx: tx})
		}
	}
	slices.SortStableFunc(points, func(a, b point) int {
		if c := cmp.Compare(a.at, b.at); c != 0 {
			return c
		}
		return cmp.Compare(boolInt(a.end), boolInt(b.end))
	})
	state, wrote := map[string]string{}, map[string]txn.Timestamp{}
	var last txn.Timestamp
	for _, p := range points {
		tx := p.tx
		if p.end {
			if err := tx.sees(state); err != nil {
				return fmt.Errorf("at its snapshot %d: %w", tx.snapshot, err)
			}
			continue
		}
		if tx.commit == last {
			return fmt.Errorf("two commits at %d", last)
		}
		last = tx.commit
		if tx.commit <= tx.snapshot {
			return fmt.Errorf("commit %d is not after its snapshot %d", tx.commit, tx.snapshot)
		}
		if tx.isolation == txn.Serializable {
			if err := tx.sees(state); err != nil {
				return fmt.Errorf("at its commit %d: %w", tx.commit, err)
			}
		}
		for k, v := range tx.writes {
			if wrote[k] > tx.snapshot {
				return fmt.Errorf("commit %d overwrote %q of %d, which its snapshot %d does not have", tx.commit, k, wrote[k], tx.snapshot)
			}
			wrote[k] = tx.commit
			if v == "" {
				delete(state, k)
			} else {
				state[k] = v
			}
		}
	}
	return nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (tx *observed) sees(state map[string]string) error {
	for _, r := range tx.reads {
		for k, v := range r.found {
			if state[k] != v {
				return fmt.Errorf("read %q = %q, want %q", k, v, state[k])
			}
		}
		for k, v := range state {
			if k >= r.lower && k < r.upper && r.found[k] == "" {
				return fmt.Errorf("read of [%q, %q) missed %q = %q", r.lower, r.upper, k, v)
			}
		}
	}
	return nil
}

func point(key, value string) readOp {
	r := readOp{lower: key, upper: key + "\x00", found: map[string]string{}}
	if value != "" {
		r.found[key] = value
	}
	return r
}

func TestCheckerFindsAnomalies(t *testing.T) {
	w := func(kv ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return m
	}
	first := observed{commit: 1, writes: w("x", "x1", "y", "y1")}
	for _, c := range []struct {
		name               string
		serializable, snap bool // is accepted
		rest               []observed
	}{
		{"nothing wrong", true, true, []observed{
			{snapshot: 1, commit: 2, reads: []readOp{point("x", "x1")}, writes: w("x", "x2")},
			{snapshot: 2, reads: []readOp{point("x", "x2"), point("y", "y1")}}}},
		{"write skew", false, true, []observed{
			{snapshot: 1, commit: 2, reads: []readOp{point("x", "x1")}, writes: w("y", "y2")},
			{snapshot: 1, commit: 3, reads: []readOp{point("y", "y1")}, writes: w("x", "x2")}}},
		{"phantom", false, true, []observed{
			{snapshot: 1, commit: 2, writes: w("xx", "new")},
			{snapshot: 1, commit: 3, reads: []readOp{{lower: "x", upper: "y", found: w("x", "x1")}}, writes: w("z", "z1")}}},
		{"lost update", false, false, []observed{
			{snapshot: 1, commit: 2, reads: []readOp{point("x", "x1")}, writes: w("x", "x2")},
			{snapshot: 1, commit: 3, reads: []readOp{point("x", "x1")}, writes: w("x", "x3")}}},
		{"dirty read", false, false, []observed{{snapshot: 1, reads: []readOp{point("x", "never")}}}},
		{"stale read", false, false, []observed{
			{snapshot: 1, commit: 2, writes: w("x", "x2")},
			{snapshot: 2, reads: []readOp{point("x", "x1")}}}},
		{"read skew", false, false, []observed{
			{snapshot: 1, commit: 2, writes: w("x", "x2", "y", "y2")},
			{snapshot: 2, reads: []readOp{point("x", "x2"), point("y", "y1")}}}},
		{"missed key", false, false, []observed{{snapshot: 1, reads: []readOp{{lower: "a", upper: "z", found: w("x", "x1")}}}}},
		{"deleted key seen", false, false, []observed{
			{snapshot: 1, commit: 2, writes: w("x", "")},
			{snapshot: 2, reads: []readOp{point("x", "x1")}}}},
		{"same timestamp", false, false, []observed{{commit: 1, writes: w("z", "z1")}}},
	} {
		for _, level := range []txn.Isolation{txn.Serializable, txn.Snapshot} {
			h := append([]observed{first}, c.rest...)
			for i := range h {
				h[i].isolation = level
			}
			want := c.serializable
			if level == txn.Snapshot {
				want = c.snap
			}
			if err := checkHistory(h); (err == nil) != want {
				t.Errorf("%s, isolation %d: got %v, want accepted %v", c.name, level, err, want)
			}
		}
	}
}

// TestHistories lets clients run random transactions against each other, with
// the sweeper among them, and checks what they saw.
func TestHistories(t *testing.T) {
	for _, c := range []struct {
		name      string
		isolation txn.Isolation
		keys      int
		large     bool
		backed    bool // over a sorted store, with checkpoints and evictions all the time
		unsynced  bool // by Update with ReadUnsynced, over a log that takes long to sync
	}{
		{"serializable/hot", txn.Serializable, 8, false, false, false}, {"serializable", txn.Serializable, 200, false, false, false},
		{"snapshot", txn.Snapshot, 20, false, false, false},
		{"serializable/large/hot", txn.Serializable, 8, true, false, false}, {"serializable/large", txn.Serializable, 200, true, false, false},
		{"snapshot/large", txn.Snapshot, 20, true, false, false},
		{"serializable/backed/hot", txn.Serializable, 8, false, true, false}, {"serializable/backed", txn.Serializable, 200, false, true, false},
		{"serializable/backed/large", txn.Serializable, 200, true, true, false}, {"snapshot/backed", txn.Snapshot, 20, false, true, false},
		{"serializable/unsynced", txn.Serializable, 8, false, true, true}, {"snapshot/unsynced", txn.Snapshot, 20, false, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.large {
				defer txn.ValidateOutsideLockForTesting()()
			}
			var conflicts atomic.Int64
			upkeep := func(*rand.Rand) {}
			var s *txn.Store
			if c.backed {
				opts := txn.Options{History: -1, BufferBytes: 64 << 10, Durability: txn.DurabilityInterval}
				var fs vfs.FS = vfs.NewMem()
				if c.unsynced {
					opts.Durability, opts.MaxRetries = txn.DurabilitySync, 1<<20
					opts.Events.Retried = func(int) { conflicts.Add(1) }
					fs = vfs.NewFault(fs, func(op vfs.Op) error {
						for i := 0; i < 100 && (op.Kind == vfs.OpSync || op.Direct); i++ {
							runtime.Gosched()
						}
						return nil
					})
				}
				b := openBacked(t, fs, opts)
				defer b.close(t)
				s, upkeep = b.Store, func(r *rand.Rand) {
					if _, err := b.Checkpoint(context.Background()); err != nil {
						t.Error(err)
					}
					b.EvictForTesting(r.IntN(20), r.IntN(100))
					if r.IntN(2) == 0 {
						b.LoadForTesting(fmt.Appendf(nil, "%03d", r.IntN(c.keys)))
					}
				}
			} else {
				s = memory(t, txn.Options{History: -1})
			}
			perClient := 1500
			switch {
			case testing.Short():
				perClient = 400
			case os.Getenv("WEFT_LONG") == "1":
				perClient = 17000 // 100 k transactions
			}
			var histories [6][]observed
			var unique atomic.Int64
			var wg, bg sync.WaitGroup
			quit := make(chan struct{})
			bg.Go(func() {
				r := rand.New(rand.NewPCG(9, 3))
				for {
					select {
					case <-quit:
						return
					default:
						s.Sweep()
						upkeep(r)
					}
				}
			})
			for i := range histories {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(uint64(i), 3))
					for range perClient {
						run := randomTx
						if c.unsynced {
							run = randomUpdate
						}
						tx, err := run(s, r, c.isolation, c.keys, &unique)
						switch {
						case err == nil:
							histories[i] = append(histories[i], tx)
						case errors.Is(err, dberr.ErrConflict):
							conflicts.Add(1)
						default:
							t.Errorf("client %d: %v", i, err)
							return
						}
					}
				})
			}
			wg.Wait()
			close(quit)
			bg.Wait()
			all := slices.Concat(histories[:]...)
			if err := checkHistory(all); err != nil {
				t.Fatal(err)
			}
			if conflicts.Load() == 0 || len(all) < perClient {
				t.Fatalf("%d committed, %d conflicts: the clients did not meet", len(all), conflicts.Load())
			}
		})
	}
}

func randomTx(s *txn.Store, r *rand.Rand, level txn.Isolation, keys int, unique *atomic.Int64) (o observed, err error) {
	tx, err := s.Begin(context.Background(), txn.TxOptions{Isolation: level, ReadOnly: r.IntN(5) == 0})
	if err != nil {
		return o, err
	}
	defer tx.Rollback()
	if o, err = randomWork(tx, r, level, keys, unique); err != nil {
		return o, err
	}
	if err := tx.Commit(context.Background()); err != nil {
		return o, err
	}
	o.commit = tx.CommitTimestamp()
	return o, nil
}

// randomUpdate is randomTx by Update, run again after conflicts.
func randomUpdate(s *txn.Store, r *rand.Rand, level txn.Isolation, keys int, unique *atomic.Int64) (o observed, err error) {
	var last *txn.Tx
	err = s.Update(context.Background(), txn.TxOptions{Isolation: level, ReadUnsynced: true}, func(tx *txn.Tx) (err error) {
		last = tx
		o, err = randomWork(tx, r, level, keys, unique)
		return err
	})
	if err == nil {
		o.commit = last.CommitTimestamp()
		if at := max(o.snapshot, o.commit); s.LastCommit() < at {
			return o, fmt.Errorf("the outcome of a transaction that read at %d and committed at %d is told when %d is visible", o.snapshot, o.commit, s.LastCommit())
		}
	}
	return o, err
}

func randomWork(tx *txn.Tx, r *rand.Rand, level txn.Isolation, keys int, unique *atomic.Int64) (o observed, err error) {
	o = observed{isolation: level, snapshot: tx.ReadTimestamp(), writes: map[string]string{}}
	key := func() string { return fmt.Sprintf("%03d", r.IntN(keys)) }
	for range 1 + r.IntN(6) {
		k := key()
		if r.IntN(4) == 0 {
			runtime.Gosched() // so that others come in between, however few processors there are
		}
		switch n := r.IntN(10); {
		case n < 4:
			if _, own := o.writes[k]; own {
				continue
			}
			v, ok, err := tx.Get([]byte(k))
			if err != nil {
				return o, err
			}
			if !ok {
				v = nil
			}
			o.reads = append(o.reads, point(k, string(v)))
		case n < 6:
			read, err := randomScan(tx, r, k, key(), o.writes)
			if err != nil {
				return o, err
			}
			o.reads = append(o.reads, read...)
		case tx.ReadOnly():
		case n < 9:
			v := fmt.Sprint("v", unique.Add(1))
			if err := tx.Put([]byte(k), []byte(v)); err != nil {
				return o, err
			}
			o.writes[k] = v
		default:
			if err := tx.Delete([]byte(k)); err != nil {
				return o, err
			}
			o.writes[k] = ""
		}
	}
	return o, nil
}

// randomScan walks some of a range, and says what was read of what the
// transaction has not written itself.
func randomScan(tx *txn.Tx, r *rand.Rand, lower, upper string, own map[string]string) ([]readOp, error) {
	if lower >= upper {
		return nil, nil
	}
	reverse := r.IntN(2) == 0
	it := tx.Iter(txn.IterOptions{Lower: []byte(lower), Upper: []byte(upper), Reverse: reverse})
	got := readOp{lower: lower, upper: upper, found: map[string]string{}}
	for left := r.IntN(8); ; left-- {
		if !it.Next() {
			break
		}
		k := string(it.Key())
		if _, mine := own[k]; !mine {
			got.found[k] = string(it.Value())
		}
		if left == 0 {
			if reverse {
				got.lower = k
			} else {
				got.upper = k + "\x00"
			}
			break
		}
	}
	// What lies between own writes was read; those themselves were not.
	reads := []readOp{got}
	for k := range own {
		for i := 0; i < len(reads); i++ {
			if p := reads[i]; p.lower <= k && k < p.upper {
				reads[i] = readOp{lower: p.lower, upper: k, found: p.found}
				reads = append(reads, readOp{lower: k + "\x00", upper: p.upper, found: p.found})
			}
		}
	}
	return reads, it.Close()
}

// TestLinearizable checks single keys in real time: a transaction that begins
// after another was acknowledged sees it.
func TestLinearizable(t *testing.T) {
	s, err := txn.NewMemory(txn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	type input struct {
		key   int
		write string
	}
	model := porcupine.Model{
		Partition: func(h []porcupine.Operation) [][]porcupine.Operation {
			parts := make([][]porcupine.Operation, 4)
			for _, op := range h {
				k := op.Input.(input).key
				parts[k] = append(parts[k], op)
			}
			return parts
		},
		Init: func() any { return "" },
		Step: func(state, in, out any) (bool, any) {
			if w := in.(input).write; w != "" {
				return true, w
			}
			return out == state, state
		},
	}
	var ops [4][]porcupine.Operation
	begin := time.Now()
	var wg sync.WaitGroup
	for client := range ops {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(client), 5))
			for i := range 300 {
				in, out := input{key: r.IntN(4)}, ""
				if r.IntN(3) == 0 {
					in.write = fmt.Sprint(client, "-", i)
				}
				key := fmt.Appendf(nil, "k%d", in.key)
				call := time.Since(begin)
				err := s.Update(context.Background(), txn.TxOptions{}, func(tx *txn.Tx) error {
					if in.write != "" {
						return tx.Put(key, []byte(in.write))
					}
					v, _, err := tx.Get(key)
					out = string(v)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				ops[client] = append(ops[client], porcupine.Operation{ClientId: client, Input: in, Call: int64(call), Output: out, Return: int64(time.Since(begin))})
			}
		})
	}
	wg.Wait()
	if got := porcupine.CheckOperationsTimeout(model, slices.Concat(ops[:]...), 5*time.Minute); got != porcupine.Ok {
		t.Fatalf("history is %v", got)
	}
}
