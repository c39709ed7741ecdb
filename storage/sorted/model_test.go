package sorted

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/vfs"
)

var testID = [16]byte{1, 2, 3}

// entryList is a generation.
type entryList struct {
	list []Entry
	i    int
	err  error // returned at the end
}

func entries(list ...Entry) *entryList { return &entryList{list: list} }

func (l *entryList) Next() (*Entry, error) {
	if l.i == len(l.list) {
		return nil, l.err
	}
	l.i++
	return &l.list[l.i-1], nil
}

// model is what a store should hold: for each key all versions ever flushed that
// were not dropped, from new to old.
type model struct {
	versions         map[string][]Entry
	applied, horizon uint64
}

func newModel() *model { return &model{versions: map[string][]Entry{}} }

func (m *model) clone() *model {
	c := &model{versions: map[string][]Entry{}, applied: m.applied, horizon: m.horizon}
	for k, v := range m.versions {
		c.versions[k] = v // lists are replaced, never changed
	}
	return c
}

func (m *model) flush(list []Entry, applied, horizon uint64) {
	gen := map[string][]Entry{}
	for _, e := range list {
		gen[string(e.Key)] = append(gen[string(e.Key)], e)
	}
	for k, v := range gen {
		m.versions[k] = append(v, m.versions[k]...)
	}
	m.applied, m.horizon = applied, max(m.horizon, horizon)
}

func (m *model) drop(lower, upper []byte, ts uint64) {
	for k, list := range m.versions {
		if (lower != nil && k < string(lower)) || (upper != nil && k >= string(upper)) {
			continue
		}
		var kept []Entry
		for _, e := range list {
			if e.TS > ts {
				kept = append(kept, e)
			}
		}
		m.versions[k] = kept
	}
}

// at is the newest version at or before ts that is not a deletion.
func (m *model) at(key string, ts uint64) (Entry, bool) {
	for _, e := range m.versions[key] {
		if e.TS <= ts {
			return e, !e.Deleted
		}
	}
	return Entry{}, false
}

func (m *model) keys() []string {
	var keys []string
	for k := range m.versions {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// row is what an iterator should give.
type row struct {
	key, value string
	ts         uint64
}

func (m *model) rows(lower, upper []byte, ts uint64, reverse bool) []row {
	var rows []row
	for _, k := range m.keys() {
		if (lower != nil && k < string(lower)) || (upper != nil && k >= string(upper)) {
			continue
		}
		if e, ok := m.at(k, ts); ok {
			rows = append(rows, row{k, string(e.Value), e.TS})
		}
	}
	if reverse {
		for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
			rows[i], rows[j] = rows[j], rows[i]
		}
	}
	return rows
}

func collect(it *Iterator) ([]row, error) {
	var rows []row
	for it.Next() {
		rows = append(rows, row{string(it.Key()), string(it.Value()), it.TS()})
	}
	return rows, it.Close()
}

func sameRows(got, want []row) error {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Errorf("row %d of %d, want %d: got %+v, want %+v", i, len(got), len(want), at(got, i), at(want, i))
		}
	}
	return nil
}

func at(rows []row, i int) any {
	if i < len(rows) {
		return rows[i]
	}
	return "none"
}

// check compares all that can be read at a few timestamps.
func (m *model) check(s *Store, timestamps ...uint64) error {
	if s.Applied() != m.applied || s.Horizon() < m.horizon {
		return fmt.Errorf("applied %d, horizon %d; want %d, %d", s.Applied(), s.Horizon(), m.applied, m.horizon)
	}
	for _, ts := range append(timestamps, m.applied) {
		for _, reverse := range []bool{false, true} {
			got, err := collect(s.NewIter(IterOptions{TS: ts, Reverse: reverse}))
			if ts < s.Horizon() {
				if !errors.Is(err, dberr.ErrInvalid) {
					return fmt.Errorf("iterate at %d before horizon %d: %v", ts, s.Horizon(), err)
				}
				continue
			}
			if err != nil {
				return err
			}
			if err := sameRows(got, m.rows(nil, nil, ts, reverse)); err != nil {
				return fmt.Errorf("at %d, reverse %v: %w", ts, reverse, err)
			}
		}
	}
	return nil
}

// randomKey comes from a small set, with keys that are prefixes of each other and
// ones with zeros in them.
func randomKey(r *rand.Rand) []byte {
	k := fmt.Appendf(nil, "k%02d", r.IntN(60))
	switch r.IntN(4) {
	case 0:
		k = append(k, 0)
	case 1:
		k = append(k, 0, 9)
	}
	return k
}

func randomValue(r *rand.Rand) []byte {
	switch r.IntN(8) {
	case 0:
		return nil
	case 1:
		return []byte{0}
	case 2:
		return []byte{0, 0, 7}
	case 3:
		return bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(3000))
	}
	return fmt.Appendf(nil, "value %d", r.Uint32())
}

// randomGeneration makes entries between after and applied, some keys with many
// versions. It says truthfully which keys are new.
func randomGeneration(r *rand.Rand, m *model, after uint64) (list []Entry, applied uint64) {
	applied = after + 1 + uint64(r.IntN(30))
	byKey := map[string][]Entry{}
	for ts := after + 1; ts <= applied; ts++ {
		for range r.IntN(6) {
			k := randomKey(r)
			if r.IntN(3) == 0 {
				k = []byte("hot")
			}
			if have := byKey[string(k)]; len(have) > 0 && have[0].TS == ts {
				continue
			}
			e := Entry{Key: k, TS: ts, Deleted: r.IntN(3) == 0, New: len(m.versions[string(k)]) == 0 && r.IntN(2) == 0}
			if !e.Deleted {
				e.Value = randomValue(r)
			}
			byKey[string(k)] = append([]Entry{e}, byKey[string(k)]...)
		}
	}
	var keys []string
	for k := range byKey {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		for i := range byKey[k] {
			byKey[k][i].New = byKey[k][0].New // the first one counts
		}
		list = append(list, byKey[k]...)
	}
	return list, applied
}

func randomBounds(r *rand.Rand) (lower, upper []byte) {
	if r.IntN(4) > 0 {
		lower = randomKey(r)
	}
	if r.IntN(4) > 0 {
		upper = randomKey(r)
	}
	if lower != nil && upper != nil && bytes.Compare(lower, upper) > 0 {
		lower, upper = upper, lower
	}
	return lower, upper
}

// TestModel does random things to a store and to the model, under several options,
// and reads both.
func TestModel(t *testing.T) {
	zstd := compress.Codec{Algorithm: compress.Zstd, Level: 7}
	seeds := uint64(6)
	if testing.Short() { // as under the race detector, where all take a minute
		seeds = 2
	}
	for name, opts := range map[string]Options{
		"default": {},
		"small":   {TargetFileBytes: minFileBytes, BlockBytes: 1 << 10, CacheBytes: 1 << 16},
		"plain":   {Compression: &compress.Codec{}, BottomCompression: &zstd, BloomBits: -1, BlockBytes: 1 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range seeds {
				runModel(t, opts, seed, 120)
			}
		})
	}
}

func runModel(t *testing.T, opts Options, seed uint64, steps int) {
	r := rand.New(rand.NewPCG(seed, 1))
	fs := vfs.NewMem()
	s, err := Open(fs, "d", testID, opts)
	if err != nil {
		t.Fatal(err)
	}
	m := newModel()
	ctx := context.Background()
	fail := func(step int, what string, err error) {
		if err != nil {
			t.Fatalf("seed %d step %d: %s: %v", seed, step, what, err)
		}
	}
	for step := range steps {
		switch n := r.IntN(20); {
		case n < 9:
			list, applied := randomGeneration(r, m, m.applied)
			horizon := m.horizon
			if r.IntN(3) > 0 {
				horizon += uint64(r.Int64N(int64(applied - m.horizon + 1)))
			}
			_, err := s.Flush(ctx, entries(list...), applied, horizon)
			fail(step, "flush", err)
			m.flush(list, applied, horizon)
		case n < 11:
			m.horizon = max(m.horizon, m.applied-min(m.applied, uint64(r.IntN(20))))
			_, err := s.GC(ctx, m.horizon, 1+r.IntN(200))
			fail(step, "gc", err)
			m.horizon = s.Horizon() // moves only where something was deleted
		case n == 11:
			lower, upper := randomBounds(r)
			ts := m.applied - min(m.applied, uint64(r.IntN(40)))
			fail(step, "drop", s.DropRange(ctx, lower, upper, ts))
			m.drop(lower, upper, ts)
		case n == 12:
			fail(step, "close", s.Close())
			s, err = Open(fs, "d", testID, opts)
			fail(step, "open", err)
		case n == 13:
			fail(step, "settle", s.Settle(ctx))
		case n == 14 && step%5 == 0:
			fail(step, "verify", s.Verify(ctx))
		default:
			fail(step, "read", readSome(r, s, m))
		}
	}
	fail(steps, "check", m.check(s, m.horizon, m.horizon/2+m.applied/2))
	fail(steps, "verify", s.Verify(ctx))
	fail(steps, "minimal", minimal(s, m))
	fail(steps, "close", s.Close())
}

// readSome compares a few reads of each kind.
func readSome(r *rand.Rand, s *Store, m *model) error {
	ts := s.Horizon() + uint64(r.Int64N(int64(m.applied-s.Horizon()+2)))
	for range 20 {
		k := randomKey(r)
		v, err := s.Get([]byte("x"), k, ts)
		want, ok := m.at(string(k), ts)
		if err != nil || v.Live() != ok || string(v.Value) != "x"+string(want.Value) || (ok && v.TS != want.TS) {
			return fmt.Errorf("get %q at %d: got %+v %v, want %+v", k, ts, v, err, want)
		}
	}
	lower, upper := randomBounds(r)
	reverse := r.IntN(2) == 0
	it := s.NewIter(IterOptions{Lower: lower, Upper: upper, TS: ts, Reverse: reverse})
	want := m.rows(lower, upper, ts, reverse)
	for range 4 {
		rest := want
		if r.IntN(2) == 0 {
			k := randomKey(r)
			it.Seek(k)
			for len(rest) > 0 && (!reverse && rest[0].key < string(k) || reverse && rest[0].key > string(k)) {
				rest = rest[1:]
			}
		} else {
			it.Seek(map[bool][]byte{false: nil, true: []byte("zz")}[reverse])
		}
		var got []row
		for n := r.IntN(80); n > 0 && it.Next(); n-- {
			got = append(got, row{string(it.Key()), string(it.Value()), it.TS()})
		}
		if len(got) < len(rest) {
			rest = rest[:len(got)]
		}
		if err := sameRows(got, rest); err != nil {
			return fmt.Errorf("[%q, %q) at %d, reverse %v: %w", lower, upper, ts, reverse, err)
		}
	}
	if err := it.Close(); err != nil {
		return err
	}
	return readVersions(r, s, m)
}

// readVersions replays what changed after a timestamp on what was there then, which
// must give what is there now.
func readVersions(r *rand.Rand, s *Store, m *model) error {
	after := s.Horizon() + uint64(r.Int64N(int64(m.applied-s.Horizon()+1)))
	until := after + uint64(r.Int64N(int64(m.applied-after+1)))
	if after == 0 || until == 0 {
		return nil
	}
	state := map[string]string{}
	for _, row := range m.rows(nil, nil, after, false) {
		state[row.key] = row.value
	}
	v := s.NewVersions(VersionOptions{After: after, Until: until})
	last := ""
	for v.Next() {
		k := string(v.Key())
		if v.TS() <= after || v.TS() > until {
			return fmt.Errorf("version %d of %q is not within %d and %d", v.TS(), k, after, until)
		}
		if k == last {
			continue // an older one
		}
		if last = k; v.Deleted() {
			delete(state, k)
		} else {
			state[k] = string(v.Value())
		}
	}
	if err := v.Close(); err != nil {
		return err
	}
	want := m.rows(nil, nil, until, false)
	for _, row := range want {
		if got, ok := state[row.key]; !ok || got != row.value {
			return fmt.Errorf("changes in (%d, %d]: key %q is %q, want %q", after, until, row.key, got, row.value)
		}
	}
	if len(state) != len(want) {
		return fmt.Errorf("changes in (%d, %d]: %d keys, want %d", after, until, len(state), len(want))
	}
	return nil
}

// minimal checks that a full sweep leaves nothing that no read can see.
func minimal(s *Store, m *model) error {
	for passes := 0; passes < 2; { // the first one may begin in the middle
		st, err := s.GC(context.Background(), m.applied, 50)
		if err != nil {
			return err
		}
		if st.Done {
			passes++
		}
	}
	v := s.NewVersions(VersionOptions{})
	n := 0
	for v.Next() {
		if n++; v.Deleted() {
			return fmt.Errorf("deletion %d of %q hides nothing", v.TS(), v.Key())
		}
	}
	if want := len(m.rows(nil, nil, m.applied, false)); n != want {
		return fmt.Errorf("%d versions are left, want %d", n, want)
	}
	return v.Close()
}
