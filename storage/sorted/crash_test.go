package sorted

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/crypt"
	"github.com/weftdb/weft/storage/vfs"
)

// view is what the store sees of a disk.
var view = func(fs vfs.FS) vfs.FS { return fs }

// TestEncryptedCrashes runs the crash tests over an encrypted disk.
func TestEncryptedCrashes(t *testing.T) {
	keys := crypt.EphemeralKeys()
	plain := view
	view = func(fs vfs.FS) vfs.FS { return crypt.New(fs, keys) }
	defer func() { view = plain }()
	TestCrashEverywhere(t)
}

// step is one call that changes a store, and what it does to the model.
type step struct {
	name string
	do   func(s *Store) error
	then func(m *model)
}

// story is a fixed list of steps that reach every part of the store.
func story(seed uint64) []step {
	r := rand.New(rand.NewPCG(seed, 2))
	ctx := context.Background()
	var steps []step
	m := newModel() // what the steps will have made of it
	add := func(name string, do func(s *Store) error, then func(m *model)) {
		then(m)
		steps = append(steps, step{name, do, then})
	}
	flush := func() {
		list, applied := randomGeneration(r, m, m.applied)
		horizon := m.horizon + (applied-m.horizon)/2
		for i := range list {
			list[i].New = false
		}
		add("flush", func(s *Store) error {
			_, err := s.Flush(ctx, entries(list...), applied, horizon)
			return err
		}, func(m *model) { m.flush(list, applied, horizon) })
	}
	flush()
	flush()
	flush()
	dropTS := m.applied - 10
	add("drop", func(s *Store) error { return s.DropRange(ctx, []byte("k1"), []byte("k3"), dropTS) },
		func(m *model) { m.drop([]byte("k1"), []byte("k3"), dropTS) })
	flush()
	horizon := m.applied
	add("gc", func(s *Store) error { _, err := s.GC(ctx, horizon, 1<<20); return err }, func(*model) {})
	add("drop all", func(s *Store) error { return s.DropRange(ctx, []byte("k4"), nil, m.applied) },
		func(m *model) { m.drop([]byte("k4"), nil, m.applied) })
	add("settle", func(s *Store) error { return s.Settle(ctx) }, func(*model) {})
	flush()
	return steps
}

// play runs the story on a disk until a step fails. It returns the model of what
// was acknowledged, and of that and the step that failed.
func play(fs vfs.FS, steps []step) (acked, next *model, failed error) {
	acked, next = newModel(), newModel()
	s, err := Open(view(fs), "d/store", testID, Options{TargetFileBytes: minFileBytes})
	if err != nil {
		return acked, next, err
	}
	defer func() {
		if s != nil {
			_ = s.Close()
		}
	}()
	for i, step := range steps {
		if i == len(steps)/2 { // a second life
			if err := s.Close(); err != nil {
				return acked, next, err
			}
			if s, err = Open(view(fs), "d/store", testID, Options{TargetFileBytes: minFileBytes}); err != nil {
				return acked, next, err
			}
		}
		step.then(next)
		if err := step.do(s); err != nil {
			return acked, next, fmt.Errorf("%s: %w", step.name, err)
		}
		acked = next.clone()
	}
	return acked, next, s.Close()
}

// checkOneOf opens what a crash left and wants one of two models, whole.
func checkOneOf(fs vfs.FS, acked, next *model) error {
	s, err := Open(view(fs), "d/store", testID, Options{})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	err = acked.check(s)
	if err != nil {
		if also := next.check(s); also != nil {
			return fmt.Errorf("neither before the step (%w) nor after it (%w)", err, also)
		}
	}
	if err := s.Verify(context.Background()); err != nil {
		return err
	}
	// It goes on.
	after := s.Applied() + 1
	if _, err := s.Flush(context.Background(), entries(Entry{Key: []byte("zz"), TS: after, Value: []byte("v")}), after, 0); err != nil {
		return err
	}
	if v, err := s.Get(nil, []byte("zz"), after); err != nil || !v.Live() {
		return fmt.Errorf("after the crash: %+v %w", v, err)
	}
	return leaked(fs, s)
}

// leaked looks for files that nothing needs.
func leaked(fs vfs.FS, s *Store) error {
	names, err := fs.List("d/store/new")
	if err != nil || len(names) != 0 {
		return fmt.Errorf("left in new: %q %w", names, err)
	}
	return nil
}

// TestCrashEverywhere makes the disk die at every operation of the story, pulls the
// plug, lets the recovery die as well, and checks that what is there is all of what
// was acknowledged, with all or nothing of the step that was running.
func TestCrashEverywhere(t *testing.T) {
	steps := story(1)
	r := rand.New(rand.NewPCG(3, 3))
	n := first()
	for ; ; n += stride() {
		mem := vfs.NewCrashableMem()
		disk := vfs.NewFault(mem, vfs.FailFrom(n, true, syscall.EIO, nil))
		acked, next, failed := play(disk, steps)
		keep := []int{0, 50, 100}[n%3]
		crashed := mem.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: keep, RNG: r})
		if failed == nil && disk.Ops() < n {
			break
		}
		// The recovery dies too.
		dying := vfs.NewFault(crashed, vfs.FailFrom(1+r.IntN(120), true, syscall.EIO, nil))
		if s, err := Open(view(dying), "d/store", testID, Options{}); err == nil {
			_ = s.Close()
		}
		crashed = crashed.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: keep, RNG: r})
		if err := checkOneOf(crashed, acked, next); err != nil {
			t.Fatalf("crash at operation %d, %d%% of unsynced kept, after %v: %v", n, keep, failed, err)
		}
	}
	t.Logf("%d operations", n)
}

// TestErrorEverywhere makes each operation fail once, as a disk with a hiccup
// does. Each error is returned by the call it belongs to, or met in the background;
// the store is usable afterwards or says that it has failed; and nothing is lost.
func TestErrorEverywhere(t *testing.T) {
	steps := story(2)
	failures := 0
	n := first()
	for ; ; n += stride() {
		mem := vfs.NewCrashableMem()
		fault := vfs.FailFrom(n, false, syscall.EIO, nil)
		disk := vfs.NewFault(mem, fault)
		usable, m, err := playOn(disk, steps)
		if err == nil {
			err = checkOneOf(mem, m, m)
		}
		if err != nil {
			t.Fatalf("error at operation %d: %v", n, err)
		}
		if !usable {
			failures++
		}
		if disk.Ops() < n {
			break
		}
	}
	t.Logf("%d operations, %d of which ended the store", n, failures)
}

// playOn runs the story, trying steps that fail again, and opening the store again
// where it says that it has failed.
func playOn(fs vfs.FS, steps []step) (usable bool, m *model, err error) {
	usable, m = true, newModel()
	open := func() (*Store, error) {
		s, err := Open(view(fs), "d/store", testID, Options{TargetFileBytes: minFileBytes})
		if errors.Is(err, syscall.EIO) {
			s, err = Open(view(fs), "d/store", testID, Options{TargetFileBytes: minFileBytes})
		}
		return s, err
	}
	s, err := open()
	if err != nil {
		return false, m, err
	}
	defer func() {
		if s != nil {
			_ = s.Close()
		}
	}()
	for _, step := range steps {
		after := m.clone()
		step.then(after)
		err := step.do(s)
		if err != nil {
			if !errors.Is(err, syscall.EIO) {
				return usable, m, fmt.Errorf("%s: the cause is lost: %w", step.name, err)
			}
			if errors.Is(err, dberr.ErrReadOnly) != (s.Failed() != nil) {
				return usable, m, fmt.Errorf("%s: %w, but failed is %v", step.name, err, s.Failed())
			}
			if s.Failed() == nil && !errors.Is(err, dberr.ErrReadOnly) {
				if err := m.check(s); err != nil {
					return usable, m, fmt.Errorf("after an error in %s: %w", step.name, err)
				}
			}
		}
		if s.Failed() != nil {
			usable = false
			if bad := checkFailed(s, m, after, err == nil); bad != nil {
				return usable, m, fmt.Errorf("failed in %s: %w", step.name, bad)
			}
			_ = s.Close() // what failed was told
			var bad error
			if s, bad = open(); bad != nil {
				return usable, m, fmt.Errorf("after a failure: %w", bad)
			}
			done := after.check(s)
			if done == nil {
				m = after
				continue
			}
			if err == nil {
				return usable, m, fmt.Errorf("%s was acknowledged and lost: %w", step.name, done)
			}
			if bad := m.check(s); bad != nil {
				return usable, m, fmt.Errorf("after a failure in %s: %w", step.name, bad)
			}
		}
		if err != nil { // so it is to be done again
			if err := step.do(s); err != nil {
				return usable, m, fmt.Errorf("%s again: %w", step.name, err)
			}
		}
		m = after
		if err := m.check(s); err != nil && !errors.Is(err, syscall.EIO) {
			return usable, m, fmt.Errorf("after %s: %w", step.name, err)
		}
	}
	if err := s.Close(); err != nil && !errors.Is(err, syscall.EIO) {
		return usable, m, err
	}
	return usable, m, nil
}

// checkFailed holds that a store that has failed serves reads as of before the step
// or as of after it, and takes no more. Where the step was acknowledged, it was
// something else that failed, after it.
func checkFailed(s *Store, before, after *model, acknowledged bool) error {
	if acknowledged {
		before = after
	}
	if s.Applied() != before.applied {
		return fmt.Errorf("applied %d, want %d", s.Applied(), before.applied)
	}
	ts := max(before.applied, s.Horizon())
	rows, err := collect(s.NewIter(IterOptions{TS: ts}))
	if err != nil {
		return err
	}
	if bad := sameRows(rows, before.rows(nil, nil, ts, false)); bad != nil && sameRows(rows, after.rows(nil, nil, ts, false)) != nil {
		return fmt.Errorf("at %d: %w", ts, bad)
	}
	if _, err := s.Flush(context.Background(), entries(), s.Applied(), 0); !errors.Is(err, dberr.ErrReadOnly) {
		return fmt.Errorf("it flushes: %w", err)
	}
	return nil
}

// Every operation is tried where WEFT_LONG is set, one of each few where not,
// others each time.
func long() bool { return os.Getenv("WEFT_LONG") != "" }

func stride() int {
	if long() {
		return 1
	}
	return 7
}

func first() int {
	if long() {
		return 1
	}
	return 1 + rand.IntN(stride())
}
