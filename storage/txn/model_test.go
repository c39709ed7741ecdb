package txn_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// model is the store as the versions of each key. The state after each commit would
// be simpler, and in a long run take a gigabyte and more.
type model struct {
	times    []txn.Timestamp // of commits, from 0 on
	versions map[string][]modelVersion
	now      map[string]string // after the last commit
	dropped  map[txn.Timestamp]bool
}

type modelVersion struct {
	at    txn.Timestamp
	value string // "" is a deletion
}

func newModel() model {
	return model{times: []txn.Timestamp{0}, versions: map[string][]modelVersion{}, now: map[string]string{}, dropped: map[txn.Timestamp]bool{}}
}

func (m *model) last() txn.Timestamp { return m.times[len(m.times)-1] }

// at is a state of its own: what was there at a timestamp.
func (m *model) at(ts txn.Timestamp) map[string]string {
	if ts >= m.last() {
		return maps.Clone(m.now)
	}
	state := map[string]string{}
	for k, list := range m.versions {
		n, _ := slices.BinarySearchFunc(list, ts+1, func(v modelVersion, ts txn.Timestamp) int { return cmp.Compare(v.at, ts) })
		if n > 0 && list[n-1].value != "" {
			state[k] = list[n-1].value
		}
	}
	return state
}

// commit notes a commit and how it changes the state, "" being a deletion.
func (m *model) commit(ts txn.Timestamp, writes map[string]string) {
	m.times = append(m.times, ts)
	for k, v := range writes {
		if list := m.versions[k]; v != "" || len(list) > 0 {
			m.versions[k] = append(list, modelVersion{ts, v})
		}
		if v == "" {
			delete(m.now, k)
		} else {
			m.now[k] = v
		}
	}
}

// modelTx is an open transaction and what it should see.
type modelTx struct {
	tx    *txn.Tx
	state map[string]string
	saves []modelSave
}

type modelSave struct {
	sp    txn.Savepoint
	state map[string]string
}

// modelRun plays one random history and compares every answer with the model.
type modelRun struct {
	t     *testing.T
	r     *rand.Rand
	s     *txn.Store
	clock *clock.Manual
	m     model
	open  []*modelTx
	keys  int
	step  int

	// Of a store over a sorted store:
	fs   vfs.FS
	opts txn.Options
	b    *backed
}

func (m *modelRun) fatalf(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf("step %d: %s", m.step, fmt.Sprintf(format, args...))
}

func (m *modelRun) key() []byte {
	k := fmt.Appendf(nil, "%d", m.r.IntN(m.keys))
	if m.r.IntN(4) == 0 {
		k = append(bytes.Repeat([]byte("common-prefix-"), m.r.IntN(3)), k...)
	}
	if m.r.IntN(8) == 0 {
		k = append(k, 0)
	}
	return k
}

func TestModel(t *testing.T) {
	for _, keys := range []int{5, 60, 3000} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("keys=%d/seed=%d", keys, seed), func(t *testing.T) {
				c := clock.NewManual(time.Unix(1000, 0))
				s, err := txn.NewMemory(txn.Options{Clock: c, History: time.Second})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				m := &modelRun{t: t, r: rand.New(rand.NewPCG(seed, 7)), s: s, clock: c, keys: keys}
				m.m = newModel()
				steps := 6000
				switch {
				case testing.Short():
					steps = 1500
				case os.Getenv("WEFT_LONG") == "1":
					steps = 200_000
				}
				for m.step = range steps {
					m.one()
				}
				for len(m.open) > 0 {
					m.end(len(m.open) - 1)
				}
				if keys == 5 && len(m.m.times) < steps/150 {
					t.Fatalf("only %d commits: the history is too tame", len(m.m.times))
				}
			})
		}
	}
}

// TestModelBacked plays the same histories over a sorted store, with memory so small
// that everything leaves it all the time, checkpoints at any moment, and the store
// opened anew.
func TestModelBacked(t *testing.T) {
	for _, keys := range []int{5, 60, 3000} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("keys=%d/seed=%d", keys, seed), func(t *testing.T) {
				if seed%2 == 1 {
					defer txn.ValidateOutsideLockForTesting()()
				}
				m := &modelRun{t: t, r: rand.New(rand.NewPCG(seed, 9)), clock: clock.NewManual(time.Unix(1000, 0)), keys: keys, fs: vfs.NewMem()}
				m.opts = txn.Options{Clock: m.clock, History: time.Second, BufferBytes: 64 << 10, CheckpointBytes: 16 << 10}
				m.openBacked()
				defer func() { m.b.close(t) }()
				m.m = newModel()
				steps := 6000
				switch {
				case testing.Short():
					steps = 1500
				case os.Getenv("WEFT_LONG") == "1":
					steps = 200_000
				}
				for m.step = range steps {
					switch n := m.r.IntN(200); {
					case n < 3:
						m.checkpoint()
					case n < 12:
						m.b.EvictForTesting(m.r.IntN(40), m.r.IntN(40))
					case n == 12 && m.step%7 == 0:
						m.reopen()
					case n == 13:
						m.history()
					case n < 18:
						m.b.LoadForTesting(append([]byte{}, m.key()[:m.r.IntN(2)]...))
					}
					m.one()
				}
				for len(m.open) > 0 {
					m.end(len(m.open) - 1)
				}
				m.reopen()
				m.open = append(m.open, nil)[:0]
				m.begin()
				m.scan(m.open[0])
				m.end(0)
				if m.b.GoneForTesting() == 0 {
					t.Fatal("nothing ever left memory")
				}
			})
		}
	}
}

func (m *modelRun) openBacked() {
	m.b = openBacked(m.t, m.fs, m.opts)
	m.s = m.b.Store
}

func (m *modelRun) checkpoint() {
	last := m.s.LastCommit()
	at, err := m.s.Checkpoint(context.Background())
	if err != nil || at != last {
		m.fatalf("checkpoint: got %d, %v, want %d", at, err, last)
	}
	if m.r.IntN(2) == 0 {
		m.s.ExecuteDropsForTesting()
	}
}

// reopen ends what is open and opens the store again.
func (m *modelRun) reopen() {
	for _, tx := range m.open {
		tx.tx.Rollback()
	}
	m.open = nil
	m.b.close(m.t)
	m.openBacked()
	if last := m.m.last(); m.s.LastCommit() != last {
		m.fatalf("opened again: the last commit is %d, want %d", m.s.LastCommit(), last)
	}
}

// history compares what History gives with the states.
func (m *modelRun) history() {
	if len(m.m.times) < 3 {
		return
	}
	i := 1 + m.r.IntN(len(m.m.times)-1)
	since, until := m.m.times[i-1], m.m.times[i]
	got := map[string]string{}
	err := m.s.History(context.Background(), nil, nil, since, until, func(ts txn.Timestamp, op txn.Op) bool {
		if ts != until {
			m.fatalf("history from %d to %d: a write of %d", since, until, ts)
		}
		got[string(op.Key)] = string(op.Value)
		return true
	})
	if err != nil {
		if e := dberr.As(err); e == nil || e.Code != "HISTORY_GONE" {
			m.fatalf("history: %v", err)
		}
		return
	}
	before, after := m.m.at(since), m.m.at(until)
	if m.m.dropped[until] {
		if len(got) > 0 {
			m.fatalf("history of a range drop: got %q", got)
		}
		return
	}
	for k, v := range got {
		if after[k] != v {
			m.fatalf("history of %d: %q is %q, want %q", until, k, v, after[k])
		}
	}
	for k, v := range after {
		if before[k] != v && got[k] != v {
			m.fatalf("history of %d: the write of %q is missing", until, k)
		}
	}
	for k := range before {
		if _, there := after[k]; !there {
			if v, there := got[k]; !there || v != "" {
				m.fatalf("history of %d: the deletion of %q is missing", until, k)
			}
		}
	}
}

func (m *modelRun) one() {
	if len(m.open) == 0 || (len(m.open) < 4 && m.r.IntN(20) == 0) {
		m.begin()
		return
	}
	i := m.r.IntN(len(m.open))
	tx := m.open[i]
	switch n := m.r.IntN(100); {
	case n < 25:
		m.write(tx)
	case n < 55:
		m.get(tx)
	case n < 73:
		m.scan(tx)
	case n < 80:
		m.each(tx, true)
	case n < 84:
		tx.saves = append(tx.saves, modelSave{tx.tx.Savepoint(), maps.Clone(tx.state)})
	case n < 88:
		m.rollbackTo(tx)
	case n < 94:
		m.end(i)
	case n < 95:
		m.dropRange()
	case n < 98:
		m.asOf()
	default:
		m.clock.Advance(time.Duration(m.r.IntN(300)) * time.Millisecond)
		m.s.Sweep()
	}
}

func (m *modelRun) begin() {
	opts := txn.TxOptions{Isolation: txn.Isolation(m.r.IntN(2)), ReadOnly: m.r.IntN(4) == 0}
	tx, err := m.s.Begin(context.Background(), opts)
	if err != nil {
		m.fatalf("begin: %v", err)
	}
	m.open = append(m.open, &modelTx{tx: tx, state: m.m.at(tx.ReadTimestamp())})
}

func (m *modelRun) write(tx *modelTx) {
	k, v := m.key(), fmt.Sprint("v", m.step)
	n := 1
	if m.r.IntN(10) == 0 {
		n = 1 + m.r.IntN(200)
	}
	for range n {
		var err error
		deleted := m.r.IntN(3) == 0
		if deleted {
			err = tx.tx.Delete(k)
		} else {
			err = tx.tx.Put(k, []byte(v))
		}
		if tx.tx.ReadOnly() {
			if !errors.Is(err, dberr.ErrReadOnly) {
				m.fatalf("write in a read-only transaction: got %v", err)
			}
			return
		}
		if err != nil {
			m.fatalf("write: %v", err)
		}
		if deleted {
			delete(tx.state, string(k))
		} else {
			tx.state[string(k)] = v
		}
		k = m.key()
	}
}

func (m *modelRun) get(tx *modelTx) {
	k := m.key()
	v, ok, err := tx.tx.Get(k)
	if err != nil {
		m.fatalf("get: %v", err)
	}
	if want, there := tx.state[string(k)]; ok != there || string(v) != want {
		m.fatalf("get %q: got %q %v, want %q %v", k, v, ok, want, there)
	}
}

// span is a random range in a random direction.
func (m *modelRun) span() txn.IterOptions {
	opts := txn.IterOptions{Reverse: m.r.IntN(2) == 0}
	if m.r.IntN(2) == 0 {
		opts.Lower = m.key()
	}
	if m.r.IntN(2) == 0 {
		opts.Upper = m.key()
	}
	return opts
}

// scan walks a random range in a random direction, seeks now and then, and writes
// meanwhile, which the iteration must not see.
func (m *modelRun) scan(tx *modelTx) {
	opts := m.span()
	state := maps.Clone(tx.state)
	it := tx.tx.Iter(opts)
	defer it.Close()
	want := ordered(state, opts, nil)
	for range m.r.IntN(120) {
		switch m.r.IntN(12) {
		case 0:
			k := m.key()
			it.Seek(k)
			want = ordered(state, opts, k)
		case 1:
			if !tx.tx.ReadOnly() {
				m.write(tx)
			}
		}
		ok := it.Next()
		if ok != (len(want) > 0) {
			m.fatalf("scan %v: next is %v (%q), want %q", opts, ok, it.Key(), want)
		}
		if !ok {
			if m.r.IntN(2) == 0 {
				return
			}
			continue
		}
		if string(it.Key()) != want[0] || string(it.Value()) != state[want[0]] {
			m.fatalf("scan %v: got %q = %q, want %q = %q", opts, it.Key(), it.Value(), want[0], state[want[0]])
		}
		want = want[1:]
	}
	if err := it.Err(); err != nil {
		m.fatalf("scan: %v", err)
	}
}

// each walks a random range at once, stops somewhere, and writes meanwhile, which the walk
// must not see. Now and then another walk is under way within it.
func (m *modelRun) each(tx *modelTx, another bool) {
	opts := m.span()
	state := maps.Clone(tx.state)
	want := ordered(state, opts, nil)
	stop := m.r.IntN(120)
	err := tx.tx.Each(opts, func(key, value []byte, at txn.Timestamp) bool {
		if len(want) == 0 || string(key) != want[0] || string(value) != state[want[0]] {
			m.fatalf("walk %v: got %q = %q, want %q", opts, key, value, want)
		}
		if at > tx.tx.ReadTimestamp() {
			m.fatalf("walk %v: %q was written at %d, after the snapshot of %d", opts, key, at, tx.tx.ReadTimestamp())
		}
		want = want[1:]
		switch m.r.IntN(30) {
		case 0:
			if another {
				m.each(tx, false)
			}
		case 1:
			if !tx.tx.ReadOnly() {
				m.write(tx)
			}
		}
		stop--
		return stop > 0
	})
	if err != nil {
		m.fatalf("walk: %v", err)
	}
	if stop > 0 && len(want) > 0 {
		m.fatalf("walk %v: ended before %q", opts, want)
	}
}

// ordered is the keys that an iteration gives, from seek on where it is not nil.
func ordered(state map[string]string, o txn.IterOptions, seek []byte) []string {
	var out []string
	for k := range state {
		if k < string(o.Lower) || (o.Upper != nil && k >= string(o.Upper)) {
			continue
		}
		if seek != nil && ((o.Reverse && k > string(seek)) || (!o.Reverse && k < string(seek))) {
			continue
		}
		out = append(out, k)
	}
	slices.Sort(out)
	if o.Reverse {
		slices.Reverse(out)
	}
	return out
}

func (m *modelRun) rollbackTo(tx *modelTx) {
	if len(tx.saves) == 0 || tx.tx.ReadOnly() {
		return
	}
	i := m.r.IntN(len(tx.saves))
	if err := tx.tx.RollbackTo(tx.saves[i].sp); err != nil {
		m.fatalf("rollback to: %v", err)
	}
	tx.state = maps.Clone(tx.saves[i].state)
	tx.saves = tx.saves[:i+1]
}

func (m *modelRun) end(i int) {
	tx := m.open[i]
	m.open = slices.Delete(m.open, i, i+1)
	if m.r.IntN(5) == 0 {
		tx.tx.Rollback()
		return
	}
	m.clock.Advance(time.Duration(m.r.IntN(3)))
	before := m.m.at(tx.tx.ReadTimestamp())
	err := tx.tx.Commit(context.Background())
	if errors.Is(err, dberr.ErrConflict) {
		if m.s.LastCommit() == tx.tx.ReadTimestamp() {
			m.fatalf("conflict though nothing was committed since")
		}
		return
	}
	if err != nil {
		m.fatalf("commit: %v", err)
	}
	ts := tx.tx.CommitTimestamp()
	if ts == 0 {
		return // it wrote nothing
	}
	if last := m.m.last(); ts <= last || m.s.LastCommit() != ts {
		m.fatalf("commit at %d after %d, visible %d", ts, last, m.s.LastCommit())
	}
	writes := map[string]string{}
	for k, v := range tx.state {
		if before[k] != v {
			writes[k] = v
		}
	}
	for k := range before {
		if _, there := tx.state[k]; !there {
			writes[k] = ""
		}
	}
	m.m.commit(ts, writes)
}

func (m *modelRun) dropRange() {
	lower, upper := m.key(), m.key()
	if err := m.s.DropRange(context.Background(), lower, upper); err != nil {
		m.fatalf("drop range: %v", err)
	}
	writes := map[string]string{}
	for k := range m.m.now {
		if k >= string(lower) && k < string(upper) {
			writes[k] = ""
		}
	}
	m.m.commit(m.s.LastCommit(), writes)
	m.m.dropped[m.s.LastCommit()] = true
}

func (m *modelRun) asOf() {
	back := time.Duration(m.r.IntN(1500)) * time.Millisecond
	at := txn.Timestamp(m.clock.Now().Add(-back).UnixNano())
	if m.r.IntN(2) == 0 {
		at = max(m.m.times[m.r.IntN(len(m.m.times))], 1)
	}
	tx, err := m.s.Begin(context.Background(), txn.TxOptions{AsOf: at})
	if err != nil {
		if !errors.Is(err, dberr.ErrInvalid) || m.clock.Now().Sub(at.Time()) < time.Second && at.Time().Before(m.clock.Now()) {
			m.fatalf("as of %v, now %v: %v", at.Time(), m.clock.Now(), err)
		}
		return
	}
	m.open = append(m.open, &modelTx{tx: tx, state: m.m.at(at)})
}
