package backup

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

func crashed(disk *vfs.Mem, r *rand.Rand) *vfs.Mem {
	return disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
}

// everywhere runs fn with a fault at the nth operation, for every n, until fn saw
// fewer operations. It returns how many there were.
func everywhere(t *testing.T, stride int, fn func(n int, r *rand.Rand) (ops int)) int {
	if testing.Short() {
		stride *= 5
	}
	for n := 1; ; n += stride {
		ops := fn(n, rand.New(rand.NewPCG(uint64(n), 11)))
		if t.Failed() {
			t.Fatalf("with the fault at operation %d", n)
		}
		if ops < n {
			return ops
		}
	}
}

// put commits one key.
func put(s *storage.Store, key, value string) error {
	return s.Update(bg, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put([]byte(key), []byte(value)) })
}

// TestCrashWhileRestoring fails every disk operation of a restore that replaces a
// store, pulls the plug, and does the same at a random operation of what follows:
// the store is the old one or the new one, whole, and the new one where the restore
// said so.
func TestCrashWhileRestoring(t *testing.T) {
	for _, forever := range []bool{true, false} {
		before, after := 0, 0
		base := vfs.NewCrashableMem()
		source := open(t, base, "source")
		for i := range 30 {
			if err := put(source, fmt.Sprintf("new %02d", i), strings.Repeat("n", 500)); err != nil {
				t.Fatal(err)
			}
		}
		full, err := Create(bg, source, Target{FS: base, Path: "b/full", PartBytes: 4096}, Request{ID: "full"})
		if err != nil {
			t.Fatal(err)
		}
		if err := put(source, "new last", "n"); err != nil {
			t.Fatal(err)
		}
		if _, err := Create(bg, source, Target{FS: base, Path: "b/inc"}, Request{Parent: &full}); err != nil {
			t.Fatal(err)
		}
		fresh := state(t, source)
		target := open(t, base, "d")
		for i := range 20 {
			if err := put(target, fmt.Sprintf("old %02d", i), "o"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := target.Checkpoint(bg); err != nil {
			t.Fatal(err)
		}
		stale := state(t, target)
		if err := errors.Join(source.Close(), target.Close()); err != nil {
			t.Fatal(err)
		}
		restore := func(fs vfs.FS) error {
			c, err := chainOf(fs, "b/full", "b/inc")
			if err != nil {
				return err
			}
			_, err = RestoreInto(bg, fs, "d", smallStore, c, true)
			return err
		}
		ops := everywhere(t, 1, func(n int, r *rand.Rand) int {
			disk := base.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: 100, RNG: r})
			fault := vfs.NewFault(disk, vfs.FailFrom(n, forever, io.ErrUnexpectedEOF, nil))
			done := restore(fault) == nil
			ops := fault.Ops()
			disk = crashed(disk, r)
			// A second life that ends in the middle of opening it.
			second := vfs.NewFault(disk, vfs.FailFrom(1+r.IntN(150), true, io.ErrUnexpectedEOF, nil))
			if s, err := storage.Open(second, "d", smallStore); err == nil {
				s.Close()
			}
			disk = crashed(disk, r)
			s, err := storage.Open(disk, "d", smallStore)
			if err != nil {
				t.Errorf("open: %v", err)
				return ops
			}
			switch got := state(t, s); {
			case got == fresh:
				after++
			case got == stale && !done:
				before++
			default:
				t.Errorf("restore said %v; got\n%s", done, got)
			}
			if err := put(s, "more", "x"); err != nil {
				t.Error(err)
			}
			if err := errors.Join(s.Recovery().Remains, s.Close()); err != nil {
				t.Error(err)
			}
			names, err := disk.List("d")
			if err != nil {
				t.Error(err)
			}
			if rebuilt := strings.Count(strings.Join(names, " "), "restored-"); rebuilt > 1 || rebuilt == 1 && contains(names, "log") {
				t.Errorf("left behind: %v", names)
			}
			return ops
		})
		if ops < 100 || before < 20 || after == 0 {
			t.Errorf("%d operations, %d times the old store and %d times the new one: the test does not reach what it is to test", ops, before, after)
		}
	}
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// TestCrashAfterKilledRestore ends the process at every disk operation of a restore that
// replaces a store, has the next process open the store, and pulls the plug only then:
// what the restore did not sync, the name of the new store among it, is on the disk by
// then or does not matter. The store is the one that the second process has seen.
func TestCrashAfterKilledRestore(t *testing.T) {
	base := vfs.NewCrashableMem()
	source, target := open(t, base, "source"), open(t, base, "d")
	for i := range 10 {
		if err := errors.Join(put(source, fmt.Sprintf("new %02d", i), "n"), put(target, fmt.Sprintf("old %02d", i), "o")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Create(bg, source, Target{FS: base, Path: "full"}, Request{}); err != nil {
		t.Fatal(err)
	}
	fresh, stale := state(t, source), state(t, target)
	if err := errors.Join(source.Close(), target.Close()); err != nil {
		t.Fatal(err)
	}
	undetermined := 0
	everywhere(t, 1, func(n int, r *rand.Rand) int {
		disk := base.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: 100, RNG: r})
		fault := vfs.NewFault(disk, vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil))
		c, err := chainOf(fault, "full")
		if err == nil {
			_, err = RestoreInto(bg, fault, "d", smallStore, c, true)
		}
		if errors.Is(err, dberr.ErrUndetermined) {
			undetermined++
		}
		second, oerr := storage.Open(disk, "d", smallStore)
		if oerr != nil {
			t.Errorf("open after the process was killed: %v", oerr)
			return fault.Ops()
		}
		seen := state(t, second)
		if seen != fresh && (seen != stale || err == nil) {
			t.Errorf("restore said %v; got\n%s", err, seen)
		}
		lost := disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: 0, RNG: r})
		if err := second.Close(); err != nil {
			t.Error(err)
		}
		third, oerr := storage.Open(lost, "d", smallStore)
		if oerr != nil {
			t.Errorf("open after the crash: %v", oerr)
			return fault.Ops()
		}
		if got := state(t, third); got != seen {
			t.Errorf("the process before saw\n%s\nnow there is\n%s", seen, got)
		}
		if err := third.Close(); err != nil {
			t.Error(err)
		}
		return fault.Ops()
	})
	if undetermined == 0 && !testing.Short() {
		t.Error("no restore ended between the new name and its sync: the test does not reach what it is to test")
	}
}

// chainOf opens full backups and what follows them.
func chainOf(fs vfs.FS, names ...string) (*Chain, error) {
	var all []*Reader
	for _, name := range names {
		r, err := Open(fs, name, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return NewChain(all, Latest)
}

// TestCrashWhileRestoringAnew does it where there was no store: there is none
// afterwards, or the whole one, and the restore can be run again.
func TestCrashWhileRestoringAnew(t *testing.T) {
	base := vfs.NewCrashableMem()
	source := open(t, base, "source")
	for i := range 10 {
		if err := put(source, fmt.Sprintf("key %02d", i), "v"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Create(bg, source, Target{FS: base, Path: "full"}, Request{}); err != nil {
		t.Fatal(err)
	}
	want := state(t, source)
	if err := source.Close(); err != nil {
		t.Fatal(err)
	}
	restore := func(fs vfs.FS) error {
		c, err := chainOf(fs, "full")
		if err != nil {
			return err
		}
		_, err = RestoreInto(bg, fs, "x/d", smallStore, c, false)
		return err
	}
	everywhere(t, 1, func(n int, r *rand.Rand) int {
		disk := base.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: 100, RNG: r})
		fault := vfs.NewFault(disk, vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil))
		done := restore(fault) == nil
		disk = crashed(disk, r)
		exists, err := storage.Exists(disk, "x/d")
		if err != nil || done && !exists {
			t.Errorf("the restore said %v, the store is there: %v, %v", done, exists, err)
		}
		if !exists {
			if names, err := disk.List("x/d"); err == nil && strings.Contains(strings.Join(names, " "), "restored-") {
				if s, err := storage.Open(disk, "x/d", smallStore); dberr.As(err) == nil || dberr.As(err).Code != "RESTORE_UNFINISHED" {
					t.Errorf("an unfinished restore was opened as %v, %v", s, err)
				}
			}
			if err := restore(disk); err != nil {
				t.Errorf("run again: %v", err)
				return fault.Ops()
			}
		}
		s, err := storage.Open(disk, "x/d", smallStore)
		if err != nil {
			t.Errorf("open: %v", err)
			return fault.Ops()
		}
		if got := state(t, s); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		return fault.Ops()
	})
}

// TestCrashWhileBackingUp fails every disk operation of making one backup and
// deleting another: each is there whole, or not at all.
func TestCrashWhileBackingUp(t *testing.T) {
	for _, forever := range []bool{true, false} {
		base := vfs.NewCrashableMem()
		s := open(t, base, "store")
		for i := range 60 {
			if err := put(s, fmt.Sprintf("key %02d", i), strings.Repeat("v", 300)); err != nil {
				t.Fatal(err)
			}
		}
		o := ManagerOptions{FS: base, Dir: "a/backups", PartBytes: 4096, Compression: &noCompression}
		m, err := OpenManager(o)
		if err != nil {
			t.Fatal(err)
		}
		old, err := m.Create(bg, s, CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		ops := everywhere(t, 1, func(n int, r *rand.Rand) int {
			disk := base.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: 100, RNG: r})
			fault := vfs.NewFault(disk, vfs.FailFrom(n, forever, io.ErrUnexpectedEOF, nil))
			o := o
			o.FS = fault
			made, deleted := "", false
			if m, err := OpenManager(o); err == nil {
				if info, err := m.Create(bg, s, CreateOptions{}); err == nil {
					made = info.ID
				}
				_, err := m.Delete(old.ID, false)
				deleted = err == nil
				m.Close()
			}
			disk = crashed(disk, r)
			o.FS = disk
			m, err := OpenManager(o)
			if err != nil {
				t.Errorf("open: %v", err)
				return fault.Ops()
			}
			defer m.Close()
			list, err := m.List()
			if err != nil {
				t.Error(err)
			}
			found := map[string]bool{}
			for _, b := range list {
				found[b.ID] = true
				if _, err := m.Verify(bg, b.ID); err != nil || b.State != Completed {
					t.Errorf("backup %s is %s: %v", b.ID, b.State, err)
				}
			}
			if made != "" && !found[made] || deleted && found[old.ID] {
				t.Errorf("made %q, deleted %v, there are %v", made, deleted, found)
			}
			names, err := disk.List("a/backups")
			if err != nil || len(names) != len(list)+1 {
				t.Errorf("left behind: %v, %v", names, err)
			}
			return fault.Ops()
		})
		if ops < 30 {
			t.Errorf("%d operations", ops)
		}
		s.Close()
	}
}

// TestCrashWhileArchiving pulls the plug at every disk operation of a store and its
// archive: what the store has afterwards can be restored from the archive, without
// a gap.
func TestCrashWhileArchiving(t *testing.T) {
	for _, forever := range []bool{true, false} {
		ops := everywhere(t, 2, func(n int, r *rand.Rand) int {
			disk := vfs.NewCrashableMem()
			fault := vfs.NewFault(disk, vfs.FailFrom(n, forever, io.ErrUnexpectedEOF, nil))
			life := func(fs vfs.FS, from int) {
				s, err := storage.Open(fs, "store", smallStore)
				if err != nil {
					return
				}
				defer s.Close()
				a, err := StartArchive(s, ArchiveOptions{FS: fs, Dir: "archive", PieceBytes: 2000})
				if err != nil {
					return
				}
				defer a.Stop(bg)
				for i := range 10 {
					_ = put(s, fmt.Sprintf("key %02d", from+i), strings.Repeat("v", 700))
					if i%3 == 2 {
						_ = a.Flush(bg)
					}
					if i == 5 {
						_, _ = s.Checkpoint(bg)
					}
				}
			}
			life(fault, 0)
			disk = crashed(disk, r)
			life(vfs.NewFault(disk, vfs.FailFrom(1+r.IntN(200), true, io.ErrUnexpectedEOF, nil)), 10)
			disk = crashed(disk, r)
			s, err := storage.Open(disk, "store", smallStore)
			if err != nil {
				t.Errorf("open: %v", err)
				return fault.Ops()
			}
			defer s.Close()
			a, err := StartArchive(s, ArchiveOptions{FS: disk, Dir: "archive"})
			if err != nil {
				t.Errorf("start the archive: %v", err)
				return fault.Ops()
			}
			if err := a.Stop(bg); err != nil {
				t.Errorf("archive: %v", err)
			}
			if st := a.Status(); st.Gap || st.Archived != s.LastCommit() {
				t.Errorf("archive: %+v", st)
			}
			checkArchive(t, disk, s)
			return fault.Ops()
		})
		if ops < 100 {
			t.Errorf("%d operations", ops)
		}
	}
}

// checkArchive restores a store from an empty full backup and its archive alone.
func checkArchive(t *testing.T, fs vfs.FS, s *storage.Store) {
	t.Helper()
	w, err := newWriter(Target{FS: fs, Path: "empty"}, Info{Kind: Full, Store: s.ID()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.finish(); err != nil {
		t.Fatal(err)
	}
	all, err := OpenArchive(fs, "archive", s.ID(), 0, Latest, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewChain(append(all, must(Open(fs, "empty", nil))), Latest)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := restored(t, fs, "again", c), state(t, s); got != want {
		t.Errorf("the archive gives\n%s\nwant\n%s", got, want)
	}
}
