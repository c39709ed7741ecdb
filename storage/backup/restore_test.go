package backup

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

var bg = context.Background()

var noCompression compress.Codec

// smallStore has segments and a buffer small enough for checkpoints to happen.
var smallStore = storage.Options{SegmentBytes: 64 << 10, History: -1}

// state is what is in a store: keys, values, and the timestamps of their commits.
func state(t *testing.T, s *storage.Store) string {
	t.Helper()
	var b strings.Builder
	err := s.View(bg, func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			fmt.Fprintf(&b, "%s=%s@%d\n", it.Key(), it.Value(), it.Timestamp())
		}
		return it.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func open(t *testing.T, fs vfs.FS, dir string) *storage.Store {
	t.Helper()
	s, err := storage.Open(fs, dir, smallStore)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// change makes a random commit, and now and then drops a range.
func change(t *testing.T, s *storage.Store, r *rand.Rand) {
	t.Helper()
	key := func() []byte { return fmt.Appendf(nil, "key %03d", r.IntN(200)) }
	if r.IntN(25) == 0 {
		if err := s.DropRange(bg, fmt.Appendf(nil, "key %03d", r.IntN(200)), fmt.Appendf(nil, "key %03d", r.IntN(200))); err != nil {
			t.Fatal(err)
		}
		return
	}
	err := s.Update(bg, txn.TxOptions{}, func(tx *txn.Tx) error {
		for range 1 + r.IntN(20) {
			if r.IntN(4) == 0 {
				if err := tx.Delete(key()); err != nil {
					return err
				}
			} else if err := tx.Put(key(), fmt.Appendf(nil, "%d %s", r.Int(), strings.Repeat("x", r.IntN(100)))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// restored makes a store of a chain and returns what is in it.
func restored(t *testing.T, fs vfs.FS, dir string, c *Chain) string {
	t.Helper()
	if _, err := RestoreInto(bg, fs, dir, smallStore, c, false); err != nil {
		t.Fatal(err)
	}
	s := open(t, fs, dir)
	got := state(t, s)
	if s.Recovery().Remains != nil {
		t.Errorf("remains: %v", s.Recovery().Remains)
	}
	change(t, s, rand.New(rand.NewPCG(1, 1))) // it takes writes
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestHistories: of a random history with full and incremental backups, the archive
// and checkpoints in between, every moment is restored as it was.
func TestHistories(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { history(t, seed) })
	}
}

type moments struct {
	at    []txn.Timestamp
	state []string
}

func history(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 7))
	fs := vfs.NewMem()
	keys := Keys(KeyRing{testKey})
	if seed%2 == 0 {
		keys = nil
	}
	m, err := OpenManager(ManagerOptions{FS: fs, Dir: "backups", PartBytes: 4096, Keys: keys, Compression: &compress.Codec{Algorithm: compress.Algorithm(seed % 4)}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	every, err := ParseSchedule("@monthly")
	if err != nil {
		t.Fatal(err)
	}
	svc := NewService(ServiceOptions{Manager: m, IncrementalSchedule: every, Archive: &ArchiveOptions{FS: fs, Dir: "archive", PieceBytes: 1000, Keys: keys}})
	s := open(t, fs, "store")
	if err := svc.Attach(s); err != nil {
		t.Fatal(err)
	}
	var ids []string
	var past moments
	saved := map[string]string{}
	for range 150 {
		change(t, s, r)
		past.at, past.state = append(past.at, s.LastCommit()), append(past.state, state(t, s))
		switch r.IntN(12) {
		case 0, 1:
			info, err := svc.Create(bg, CreateOptions{Incremental: len(ids) > 0 && r.IntN(3) > 0})
			if err != nil {
				t.Fatal(err)
			}
			if info.To != s.LastCommit() {
				t.Fatalf("a backup of %d, of %d", info.To, s.LastCommit())
			}
			ids = append(ids, info.ID)
			saved[info.ID] = state(t, s)
		case 2, 3:
			if _, err := s.Checkpoint(bg); err != nil {
				t.Fatal(err)
			}
		case 4:
			if err := svc.FlushArchive(bg); err != nil {
				t.Fatal(err)
			}
		case 5: // the server stops and starts
			if err := errors.Join(svc.Detach(bg), s.Close()); err != nil {
				t.Fatal(err)
			}
			s = open(t, fs, "store")
			if _, err := s.Checkpoint(bg); err != nil { // before anything is attached
				t.Fatal(err)
			}
			if err := svc.Attach(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := svc.FlushArchive(bg); err != nil {
		t.Fatal(err)
	}
	if len(ids) < 5 {
		t.Fatalf("%d backups", len(ids))
	}
	for i, id := range ids {
		if _, err := m.Verify(bg, id); err != nil {
			t.Fatal(err)
		}
		c, done, err := m.Chain(id, 0, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := restored(t, fs, fmt.Sprint("r", i), c); got != saved[id] {
			t.Fatalf("backup %s: got\n%s\nwant\n%s", id, got, saved[id])
		}
		done()
	}
	first, err := m.Get(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range past.at {
		if at < first.To || i%5 != 0 && i != len(past.at)-1 {
			continue
		}
		id := ids[0]
		for _, other := range ids { // any backup before will do
			if st, err := m.Get(other); err == nil && st.To <= at && r.IntN(2) == 0 {
				id = other
			}
		}
		c, done, err := m.Chain(id, at, "archive")
		if err != nil {
			t.Fatalf("to %d from %s: %v", at, id, err)
		}
		if got := restored(t, fs, fmt.Sprint("t", i), c); got != past.state[i] {
			t.Fatalf("to %d from %s: got\n%s\nwant\n%s", at, id, got, past.state[i])
		}
		done()
	}
	if err := svc.Detach(bg); err != nil {
		t.Fatal(err)
	}
}

// TestBackupWhileWriting: a backup that is taken while eight clients write is the
// state at its own timestamp, and each of their transactions is in it as a whole or
// not at all.
func TestBackupWhileWriting(t *testing.T) {
	fs := vfs.NewMem()
	s, err := storage.Open(fs, "store", storage.Options{SegmentBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, stop := context.WithCancel(bg)
	var writers sync.WaitGroup
	wrote := make(chan struct{}, 1)
	for w := range 8 {
		r := rand.New(rand.NewPCG(uint64(w), 3))
		writers.Go(func() {
			for ctx.Err() == nil {
				n := r.IntN(500)
				err := s.Update(bg, txn.TxOptions{}, func(tx *txn.Tx) error {
					for _, part := range []string{"a", "m", "z"} {
						if err := tx.Put(fmt.Appendf(nil, "%s %03d", part, n), fmt.Appendf(nil, "%d %d", w, r.IntN(1000))); err != nil {
							return err
						}
					}
					return tx.Delete(fmt.Appendf(nil, "a %03d", r.IntN(500)))
				})
				if err != nil {
					t.Error(err)
				}
				select {
				case wrote <- struct{}{}:
				default:
				}
			}
		})
	}
	var parent *Info
	for round := range 10 {
		for range 30 {
			<-wrote
		}
		req := Request{ID: fmt.Sprint(round), Parent: parent}
		info, err := Create(bg, s, Target{FS: fs, Path: fmt.Sprint("b", round)}, req)
		if err != nil {
			t.Fatal(err)
		}
		if round%3 == 2 {
			parent = nil
		} else {
			parent = &info
		}
		want := stateAt(t, s, info.To)
		var all []*Reader
		for i := range round + 1 {
			all = append(all, must(Open(fs, fmt.Sprint("b", i), nil)))
		}
		c, err := NewChain(all, info.To)
		if err != nil {
			t.Fatal(err)
		}
		if got := restored(t, fs, fmt.Sprint("r", round), c); got != want {
			t.Fatalf("round %d, %s: got\n%s\nwant\n%s", round, info.Kind, got, want)
		}
	}
	stop()
	writers.Wait()
}

func stateAt(t *testing.T, s *storage.Store, at txn.Timestamp) string {
	t.Helper()
	tx, err := s.Begin(bg, txn.TxOptions{AsOf: at})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var b strings.Builder
	it := tx.Iter(txn.IterOptions{})
	defer it.Close()
	for it.Next() {
		fmt.Fprintf(&b, "%s=%s@%d\n", it.Key(), it.Value(), it.Timestamp())
	}
	if err := it.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGaps: what cannot be restored is refused, and the error says what can be.
func TestGaps(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, fs, "store")
	r := rand.New(rand.NewPCG(1, 9))
	create := func(name string, parent *Info) Info {
		change(t, s, r)
		info, err := Create(bg, s, Target{FS: fs, Path: name}, Request{ID: name, Parent: parent})
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	full := create("full", nil)
	one := create("one", &full)
	two := create("two", &one)
	get := func(names ...string) (list []*Reader) {
		for _, n := range names {
			list = append(list, must(Open(fs, n, nil)))
		}
		return list
	}
	for _, c := range []struct {
		have []string
		to   txn.Timestamp
		code string
		at   txn.Timestamp // what is restored
	}{
		{[]string{"full", "one", "two"}, Latest, "", two.To},
		{[]string{"two", "full", "one"}, one.To, "", one.To},
		{[]string{"full", "two"}, Latest, "", full.To},
		{[]string{"full", "two"}, two.To, "RESTORE_GAP", 0},
		{[]string{"full", "one"}, two.To + 1, "RESTORE_GAP", 0},
		{[]string{"full", "one"}, full.To - 1, "RESTORE_NO_BASE", 0},
		{[]string{"one", "two"}, Latest, "RESTORE_NO_BASE", 0},
		{nil, Latest, "RESTORE_NO_BASE", 0},
	} {
		chain, err := NewChain(get(c.have...), c.to)
		code := ""
		if e := dberr.As(err); e != nil {
			code = e.Code
		}
		if code != c.code || err == nil && chain.To != c.at {
			t.Errorf("%v to %d: got %v", c.have, c.to, err)
		}
	}
	// The log is cut, and nothing held it.
	for range 200 {
		change(t, s, r)
	}
	if _, err := s.Checkpoint(bg); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(bg, s, Target{FS: fs, Path: "late"}, Request{Parent: &two}); dberr.As(err) == nil || dberr.As(err).Code != "LOG_TRUNCATED" {
		t.Errorf("incremental after the log was cut: %v", err)
	}
	names, err := fs.List("")
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(n, "late") }); i >= 0 {
		t.Errorf("%s was left behind", names[i])
	}
	other := open(t, fs, "other")
	change(t, other, r)
	if _, err := Create(bg, other, Target{FS: fs, Path: "x"}, Request{Parent: &two}); dberr.As(err) == nil || dberr.As(err).Code != "BACKUP_PARENT" {
		t.Errorf("incremental of another store: %v", err)
	}
	c, err := NewChain(get("full"), Latest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := RestoreInto(bg, fs, "other", smallStore, c, false); dberr.As(err) == nil || dberr.As(err).Code != "STORE_EXISTS" {
		t.Errorf("restore over a store: %v", err)
	}
	if _, err := RestoreInto(bg, fs, "other", smallStore, c, true); !errors.Is(err, dberr.ErrLocked) {
		t.Errorf("restore over a store that is open: %v", err)
	}
}

// TestArchiveBeginsBehindRestore: the archive of a store that was restored does not
// claim what was before it.
func TestArchiveBeginsBehindRestore(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, fs, "store")
	change(t, s, rand.New(rand.NewPCG(1, 2)))
	if _, err := Create(bg, s, Target{FS: fs, Path: "full"}, Request{}); err != nil {
		t.Fatal(err)
	}
	c, err := NewChain([]*Reader{must(Open(fs, "full", nil))}, Latest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := RestoreInto(bg, fs, "new", smallStore, c, false); err != nil {
		t.Fatal(err)
	}
	n := open(t, fs, "new")
	a, err := StartArchive(n, ArchiveOptions{FS: fs, Dir: "archive"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Flush(bg); err != nil {
		t.Fatal(err)
	}
	if st := a.Status(); st.Begins != c.To || st.Archived != c.To || st.Gap {
		t.Errorf("got %+v, want it to begin at %d", st, c.To)
	}
	if err := a.Stop(bg); err != nil {
		t.Fatal(err)
	}
}
