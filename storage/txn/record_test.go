package txn

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
)

// TestRecordGolden may only gain lines: what was written once is read for ever.
func TestRecordGolden(t *testing.T) {
	ops := []Op{
		{Key: []byte("apple"), Value: []byte("red")},
		{Key: []byte("apply"), Deleted: true},
		{Key: []byte("apply\x00"), Value: []byte{}},
		{Key: []byte("b"), Value: []byte("yes")},
	}
	const want = "" +
		"01" + // version
		"04" + // writes
		"00" + "05" + "6170706c65" + "04" + "726564" + // "apple" = "red"
		"04" + "01" + "79" + "00" + // "appl" + "y" is deleted
		"05" + "01" + "00" + "01" + // "apply" + "\x00" = ""
		"00" + "01" + "62" + "04" + "796573" // "b" = "yes"
	if got := hex.EncodeToString(appendCommit(nil, ops)); got != want {
		t.Errorf("commit: got\n%s, want\n%s", got, want)
	}
	const wantDrop = "01" + "01" + "61" + "02" + "62" // ["a", "b")
	if got := hex.EncodeToString(appendDropRange(nil, []byte("a"), []byte("b"))); got != wantDrop {
		t.Errorf("drop: got %s, want %s", got, wantDrop)
	}
	const wantOpen = "01" + "00" + "00" // all keys
	if got := hex.EncodeToString(appendDropRange(nil, nil, nil)); got != wantOpen {
		t.Errorf("drop: got %s, want %s", got, wantOpen)
	}
}

func decodeOps(payload []byte) (ops []Op, err error) {
	err = decodeCommit(payload, func(key, value []byte, deleted bool) {
		ops = append(ops, Op{Key: bytes.Clone(key), Value: value, Deleted: deleted})
	})
	return ops, err
}

func TestRecordCut(t *testing.T) {
	ops := []Op{{Key: []byte("k1"), Value: bytes.Repeat([]byte("v"), 200)}, {Key: []byte("k2"), Deleted: true}}
	whole := appendCommit(nil, ops)
	if got, err := decodeOps(whole); err != nil || len(got) != 2 {
		t.Fatalf("got %v, %v", got, err)
	}
	for n := range whole {
		if got, err := decodeOps(whole[:n]); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("cut to %d bytes: got %v, %v", n, got, err)
		}
	}
	if _, err := decodeOps(append(whole, 0)); !errors.Is(err, dberr.ErrCorrupt) {
		t.Errorf("with a byte more: got %v", err)
	}
	if _, err := decodeOps(append([]byte{2}, whole[1:]...)); !errors.Is(err, dberr.ErrUnsupported) {
		t.Errorf("newer version: got %v", err)
	}
	drop := appendDropRange(nil, []byte("lower"), []byte("upper"))
	for n := range drop {
		if _, _, err := decodeDropRange(drop[:n]); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("drop cut to %d bytes: got %v", n, err)
		}
	}
}

// FuzzDecodeCommit: what is accepted has keys in order and encodes back to itself.
func FuzzDecodeCommit(f *testing.F) {
	f.Add(appendCommit(nil, []Op{{Key: []byte("a"), Value: []byte("b")}}))
	f.Add(appendCommit(nil, []Op{{Key: []byte("abc"), Deleted: true}, {Key: []byte("abd"), Value: []byte{}}}))
	f.Add([]byte{1, 0x80, 0})
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 1, 'a', 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		ops, err := decodeOps(b)
		if err != nil {
			return
		}
		if !slices.IsSortedFunc(ops, func(a, b Op) int { return bytes.Compare(a.Key, b.Key) }) {
			t.Fatalf("accepted keys out of order: %v", ops)
		}
		if got := appendCommit(nil, ops); !bytes.Equal(got, b) {
			t.Fatalf("accepted %x encodes back to %x", b, got)
		}
	})
}

func FuzzDecodeDropRange(f *testing.F) {
	f.Add(appendDropRange(nil, []byte("a"), nil))
	f.Add(appendDropRange(nil, nil, []byte("b")))
	f.Fuzz(func(t *testing.T, b []byte) {
		lower, upper, err := decodeDropRange(b)
		if err != nil {
			return
		}
		if got := appendDropRange(nil, lower, upper); !bytes.Equal(got, b) {
			t.Fatalf("accepted %x encodes back to %x", b, got)
		}
	})
}

// TestReadSetMerge: merging and coarsening never lose a key.
func TestReadSetMerge(t *testing.T) {
	var r readSet
	covered := func(key string) bool {
		return slices.ContainsFunc(r.spans, func(s span) bool { return s.covers([]byte(key)) })
	}
	r.addRange([]byte("b"), []byte("d"))
	r.addRange([]byte("d"), []byte("e"))
	r.addRange([]byte("x"), nil)
	r.addRange([]byte("q"), []byte("q"))
	for _, k := range []string{"a", "b", "c", "a", "y", "b\x00", "f"} {
		r.addKey([]byte(k))
	}
	check := func(what string, in, out string) {
		t.Helper()
		for _, k := range in {
			if !covered(string(k)) {
				t.Errorf("%s: %q is lost: %v", what, k, r.spans)
			}
		}
		for _, k := range out {
			if covered(string(k)) {
				t.Errorf("%s: %q was never read: %v", what, k, r.spans)
			}
		}
	}
	r.merge()
	check("merge", "abcdfxyz", "egqrw")
	if len(r.spans) != 4 {
		t.Errorf("merge: %d spans, want [a] [b, e) [f] [x, ∞): %v", len(r.spans), r.spans)
	}
	r.coarsen()
	check("coarsen", "abcdfxyz", "")
	if len(r.spans) != 2 {
		t.Errorf("coarsen: %d spans, want 2: %v", len(r.spans), r.spans)
	}
}

// TestReadSetIsBounded: reading the same few keys over and over takes no memory.
func TestReadSetIsBounded(t *testing.T) {
	var r readSet
	for i := range 20 * compactReads {
		r.addKey([]byte{byte(i)})
	}
	if len(r.spans) > 2*compactReads {
		t.Errorf("%d spans for 256 keys", len(r.spans))
	}
	for i := range 256 {
		if !slices.ContainsFunc(r.spans, func(s span) bool { return s.covers([]byte{byte(i)}) }) {
			t.Fatalf("key %d is lost", i)
		}
	}
}

// TestRecentKnowsWhatItForgot: whatever is dropped, the floor is not under it, and what
// is not dropped is found.
func TestRecentKnowsWhatItForgot(t *testing.T) {
	var r recent
	key := func(ts uint64) []Op { return []Op{{Key: binary.BigEndian.AppendUint64(nil, ts)}} }
	at := func(ts, since uint64) *clash { return r.clash(validation{tx: &Tx{}, ops: key(ts), since: since}) }
	ts := uint64(0)
	add := func(size int, more ...Op) {
		t.Helper()
		ts++
		r.add(ts, append(key(ts), more...), size)
		if r.floor+uint64(r.commits) != ts {
			t.Fatalf("after %d commits: floor %d and %d are kept", ts, r.floor, r.commits)
		}
		if r.commits > recentCommits || r.bytes > recentBytes {
			t.Fatalf("%d commits of %d bytes are kept", r.commits, r.bytes)
		}
		if ts%97 == 0 && r.commits > 0 {
			for _, is := range []uint64{r.floor + 1, (r.floor + ts + 1) / 2, ts} {
				if c := at(is, is-1); c == nil || c.at != is || !bytes.Equal(c.key, key(is)[0].Key) {
					t.Fatalf("after %d commits: that of %d, floor %d: got %v", ts, is, r.floor, c)
				}
				if c := at(is, is); c != nil {
					t.Fatalf("that of %d, seen before: got %v", is, c)
				}
			}
		}
	}
	for range 3 * recentCommits {
		add(1)
	}
	if r.commits < recentCommits-pieceCommits {
		t.Errorf("%d commits are kept, want %d less a piece", r.commits, recentCommits)
	}
	large := Op{Key: append([]byte{0xff}, make([]byte, recentBytes/10)...)}
	for range 100 {
		add(len(large.Key), large)
	}
	if r.commits < 8 || r.commits > 10 {
		t.Errorf("%d large commits of %d bytes are kept", r.commits, r.bytes)
	}
	if c := at(ts, ts-1); c == nil || c.at != ts {
		t.Errorf("the last large one: got %v", c)
	}
	r.add(ts+1, key(ts+1), recentBytes)
	if ts++; r.commits != 0 || r.floor != ts {
		t.Errorf("a huge commit is kept")
	}
	for range 200 {
		add(1)
	}
}
