package sorted

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

func openMem(t *testing.T, opts Options) *Store {
	t.Helper()
	s, err := Open(vfs.NewMem(), "d", testID, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// list writes out all versions: "a@5=x b@7-".
func list(t *testing.T, s *Store, o VersionOptions) string {
	t.Helper()
	var out []string
	v := s.NewVersions(o)
	for v.Next() {
		if v.Deleted() {
			out = append(out, fmt.Sprintf("%s@%d-", v.Key(), v.TS()))
		} else {
			out = append(out, fmt.Sprintf("%s@%d=%s", v.Key(), v.TS(), v.Value()))
		}
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

// parse is the inverse of list.
func parse(text string) *entryList {
	l := &entryList{}
	for _, f := range strings.Fields(text) {
		e := Entry{}
		if strings.HasSuffix(f, "-") {
			e.Deleted = true
			f = f[:len(f)-1]
		} else if i := strings.Index(f, "="); i > 0 {
			e.Value = []byte(f[i+1:])
			f = f[:i]
		}
		key, ts, _ := strings.Cut(f, "@")
		e.Key = []byte(key)
		_, _ = fmt.Sscan(ts, &e.TS)
		l.list = append(l.list, e)
	}
	return l
}

// TestWhatStays is the rule of which versions are stored and which go, case by case.
func TestWhatStays(t *testing.T) {
	for _, c := range []struct {
		name, first, second string // flushed up to 10 and up to 20
		horizon             uint64 // of the second flush
		want                string
		hidden              int // of the keys of the second flush
	}{
		{"all readable", "a@2=x", "a@12=y", 0, "a@12=y a@2=x", 1},
		{"superseded before the horizon", "a@2=x", "a@12=y", 15, "a@12=y", 0},
		{"base stays", "a@2=x", "a@12=y", 10, "a@12=y a@2=x", 1},
		{"older than the base goes", "a@9=z a@5=y a@2=x", "a@12=y", 9, "a@12=y a@9=z", 1},
		{"within a generation", "a@2=x", "a@15=3 a@14=2 a@12=1", 14, "a@15=3 a@14=2", 1},
		{"deletion is kept while it hides", "a@2=x", "a@12-", 10, "a@12- a@2=x", 2},
		{"deletion past the horizon takes all", "a@9=y a@2=x", "a@12-", 12, "", 0},
		{"deletion of nothing", "", "a@12-", 0, "", 0},
		{"deletion of a deletion", "a@2=x", "a@14- a@12-", 0, "a@12- a@2=x", 2},
		{"deletion over a stored deletion", "a@4- a@2=x", "a@12-", 2, "a@4- a@2=x", 2},
		{"base deletion in the store goes", "a@4- a@2=x", "a@12=y", 5, "a@12=y", 0},
		{"deleted and written again", "a@2=x", "a@14=y a@12-", 11, "a@14=y a@12- a@2=x", 2},
		{"deletion under a base", "a@2=x", "a@14=y a@12-", 14, "a@14=y", 0},
		{"born and dead after the horizon", "", "a@14- a@12=y", 11, "a@14- a@12=y", 2},
		{"born and dead before it", "", "a@14- a@12=y", 14, "", 0},
		{"other keys are left alone", "a@2=x b@3=x", "a@12=y c@12-", 20, "a@12=y b@3=x", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openMem(t, Options{})
			ctx := context.Background()
			if _, err := s.Flush(ctx, parse(c.first), 10, 0); err != nil {
				t.Fatal(err)
			}
			st, err := s.Flush(ctx, parse(c.second), 20, c.horizon)
			if err != nil {
				t.Fatal(err)
			}
			if got := list(t, s, VersionOptions{}); got != c.want {
				t.Errorf("got %q, want %q (%+v)", got, c.want, st)
			}
			if st.Entries != st.Stored+st.Skipped {
				t.Errorf("%d entries, of which %d were stored and %d were not", st.Entries, st.Stored, st.Skipped)
			}
			if st.Hidden != c.hidden {
				t.Errorf("%d versions are hidden, want %d", st.Hidden, c.hidden)
			}
		})
	}
}

func calm() bool { return false }

// TestContract gives a store what it must refuse; nothing of it gets in.
func TestContract(t *testing.T) {
	s := openMem(t, Options{})
	ctx := context.Background()
	if _, err := s.Flush(ctx, parse("a@5=x"), 10, 0); err != nil {
		t.Fatal(err)
	}
	refuse := func(what string, err error, class error) {
		t.Helper()
		if !errors.Is(err, class) {
			t.Errorf("%s: got %v, want %v", what, err, class)
		}
		if got := list(t, s, VersionOptions{}); got != "a@5=x" || s.Applied() != 10 {
			t.Errorf("%s: left %q at %d", what, got, s.Applied())
		}
	}
	flush := func(text string, applied, horizon uint64) error {
		_, err := s.Flush(ctx, parse(text), applied, horizon)
		return err
	}
	refuse("keys descending", flush("c@11=x b@12=x", 20, 0), dberr.ErrInvalid)
	refuse("versions ascending", flush("c@11=x c@12=x", 20, 0), dberr.ErrInvalid)
	refuse("version twice", flush("c@11=x c@11=x", 20, 0), dberr.ErrInvalid)
	refuse("version flushed before", flush("c@10=x", 20, 0), dberr.ErrInvalid)
	refuse("version of later", flush("c@21=x", 20, 0), dberr.ErrInvalid)
	refuse("no key", flush("@11=x", 20, 0), dberr.ErrInvalid)
	refuse("back in time", flush("", 9, 0), dberr.ErrInvalid)
	refuse("horizon ahead", flush("c@11=x", 20, 21), dberr.ErrInvalid)
	late := parse("b@11=x")
	late.err = errors.New("the source broke")
	_, err := s.Flush(ctx, late, 20, 0)
	refuse("broken source", err, late.err)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err = s.Flush(gone, parse("b@11=x"), 20, 0)
	refuse("canceled", err, dberr.ErrCanceled)
	_, err = s.GC(ctx, 11, 10)
	refuse("horizon of a gc ahead", err, dberr.ErrInvalid)

	if err := flush("a@11=y", 20, 15); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(nil, []byte("a"), 14); !errors.Is(err, dberr.ErrInvalid) {
		t.Errorf("read before the horizon: %v", err)
	}
	if err := s.NewVersions(VersionOptions{After: 14}).Close(); !errors.Is(err, dberr.ErrInvalid) {
		t.Errorf("changes since before the horizon: %v", err)
	}
	if err := s.NewIter(IterOptions{TS: 14}).Close(); !errors.Is(err, dberr.ErrInvalid) {
		t.Errorf("iterate before the horizon: %v", err)
	}
}

// TestIteratorsStay holds that an open iterator sees the store as it was.
func TestIteratorsStay(t *testing.T) {
	s := openMem(t, Options{})
	ctx := context.Background()
	if _, err := s.Flush(ctx, parse("a@1=x b@2=x c@3=x"), 10, 0); err != nil {
		t.Fatal(err)
	}
	it := s.NewIter(IterOptions{TS: 10})
	v := s.NewVersions(VersionOptions{})
	err := errors.Join(
		s.DropRange(ctx, []byte("b"), nil, MaxTimestamp),
		func() error { _, err := s.Flush(ctx, parse("a@11=y"), 20, 20); return err }(),
		s.Settle(ctx))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := collect(it)
	if err := errors.Join(err, sameRows(rows, []row{{"a", "x", 1}, {"b", "x", 2}, {"c", "x", 3}})); err != nil {
		t.Error(err)
	}
	n := 0
	for v.Next() {
		n++
	}
	if err := v.Close(); err != nil || n != 3 {
		t.Errorf("%d versions, %v", n, err)
	}
	if got := list(t, s, VersionOptions{}); got != "a@11=y" {
		t.Errorf("got %q", got)
	}
}

// TestDropGivesSpaceBack holds that a dropped range costs no space once merged, and
// that its size is known.
func TestDropGivesSpaceBack(t *testing.T) {
	s := openMem(t, Options{TargetFileBytes: minFileBytes})
	ctx := context.Background()
	l := &entryList{}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 20000 {
		v := make([]byte, 50)
		for j := range v {
			v[j] = byte(r.Uint32())
		}
		l.list = append(l.list, Entry{Key: fmt.Appendf(nil, "k%06d", i), TS: uint64(i + 1), Value: v, New: true})
	}
	if _, err := s.Flush(ctx, l, 20000, 0); err != nil {
		t.Fatal(err)
	}
	whole, err := s.SizeOf(nil, nil)
	if err != nil || whole < 1_000_000 {
		t.Fatalf("size %d %v", whole, err)
	}
	half, err := s.SizeOf([]byte("k005000"), []byte("k015000"))
	if err != nil || half < whole/3 || half > whole*2/3 {
		t.Errorf("half of it is %d of %d %v", half, whole, err)
	}
	if err := s.DropRange(ctx, []byte("k001000"), []byte("k019000"), MaxTimestamp); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Bytes > whole/5 {
		t.Errorf("%d of %d bytes are left", st.Bytes, whole)
	}
	if err := s.Verify(ctx); err != nil {
		t.Error(err)
	}
}

// TestCheckpoint copies a store while it goes on.
func TestCheckpoint(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s, err := Open(fs, "d", testID, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx := context.Background()
	if _, err := s.Flush(ctx, parse("a@1=x b@2=x"), 10, 0); err != nil {
		t.Fatal(err)
	}
	applied, err := s.Checkpoint(ctx, "backup/one")
	if err != nil || applied != 10 {
		t.Fatal(applied, err)
	}
	if _, err := s.Checkpoint(ctx, "backup/one"); !errors.Is(err, dberr.ErrInvalid) {
		t.Errorf("over another one: %v", err)
	}
	if _, err := s.Flush(ctx, parse("a@11-"), 20, 20); err != nil {
		t.Fatal(err)
	}
	crashed := fs.CrashClone(vfs.CrashConfig{})
	c, err := Open(crashed, "backup/one", testID, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := list(t, c, VersionOptions{}); got != "a@1=x b@2=x" || c.Applied() != 10 {
		t.Errorf("the copy holds %q at %d", got, c.Applied())
	}
	if err := errors.Join(c.Verify(ctx), c.Close()); err != nil {
		t.Error(err)
	}
	for n := 1; ; n++ { // an error anywhere leaves nothing behind
		disk := fs.CrashClone(vfs.CrashConfig{})
		s, err := Open(vfs.NewFault(disk, vfs.FailFrom(n, false, syscall.EIO, vfs.On("copy"))), "d", testID, Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Checkpoint(ctx, "copy")
		_, missing := disk.Stat("copy/STORE")
		if err == nil {
			_ = s.Close()
			if missing != nil {
				t.Fatal(missing)
			}
			break
		}
		if !errors.Is(err, syscall.EIO) || s.Failed() != nil {
			t.Fatalf("error %d: %v, %v", n, err, s.Failed())
		}
		if missing == nil {
			t.Fatalf("error %d left a copy that opens", n)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPressure piles up generations that nothing merges, and lets go.
func TestPressure(t *testing.T) {
	disk := vfs.NewMem()
	var mu sync.Mutex
	blocked := true
	fault := vfs.NewFault(disk, func(op vfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if blocked && op.Kind == vfs.OpCreate && strings.HasSuffix(op.Path, ".sst") && strings.Contains(op.Path, "/db/") {
			return syscall.ENOSPC
		}
		return nil
	})
	var compactions []CompactionInfo
	s, err := Open(fault, "d", testID, Options{MaxSublevels: 3, Events: Events{Compacted: func(c CompactionInfo) {
		mu.Lock()
		defer mu.Unlock()
		compactions = append(compactions, c)
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := s.WaitReady(ctx, calm); err != nil {
		t.Fatal(err)
	}
	for i := uint64(1); !s.Overloaded(); i++ {
		if i > 1000 {
			t.Fatalf("never overloaded: %+v", s.Stats())
		}
		if _, err := s.Flush(ctx, entries(Entry{Key: []byte("a"), TS: 2 * i}, Entry{Key: []byte("z"), TS: 2*i + 1}), 2*i+1, 0); err != nil {
			t.Fatal(err)
		}
		s.look()
	}
	if err := s.WaitReady(ctx, calm); !errors.Is(err, dberr.ErrUnavailable) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("with a full disk: %v", err)
	}
	if err := s.WaitReady(ctx, func() bool { return true }); err != nil {
		t.Errorf("with a full disk, in a hurry: %v", err)
	}
	if st := s.Stats(); !st.Overloaded || st.Trouble == nil || !errors.Is(st.Trouble, dberr.ErrFull) {
		t.Errorf("stats of an overloaded store: %+v", st)
	}
	mu.Lock()
	blocked = false
	mu.Unlock()
	// What failed is left alone for a while by the engine itself, unless it is told.
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	err = s.WaitReady(ctx, calm)
	if err != nil {
		t.Fatalf("%v: %+v", err, s.Stats())
	}
	if st := s.Stats(); st.Trouble != nil || st.Overloaded {
		t.Errorf("stats when the disk has room again: %+v", st)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(compactions) < 2 || compactions[0].Err == nil {
		t.Errorf("compactions: %+v", compactions)
	}
}

// TestPressureAfterFailure: a compaction that failed for once is done half a minute later,
// though nothing is flushed meanwhile, since the next flush waits for it.
func TestPressureAfterFailure(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine waits for 30 s")
	}
	for _, told := range []bool{true, false} { // of the failure; a later compaction of other files may have ended well
		t.Run(fmt.Sprintf("told=%v", told), func(t *testing.T) {
			t.Parallel()
			pressureAfterFailure(t, told)
		})
	}
}

func pressureAfterFailure(t *testing.T, told bool) {
	var blocked atomic.Bool
	fault := vfs.NewFault(vfs.NewMem(), func(op vfs.Op) error {
		if blocked.Load() && op.Kind == vfs.OpCreate && strings.HasSuffix(op.Path, ".sst") && strings.Contains(op.Path, "/db/") {
			return syscall.ENOSPC
		}
		return nil
	})
	failed := make(chan struct{}, 100)
	s, err := Open(fault, "d", testID, Options{MaxSublevels: 3, Events: Events{Compacted: func(c CompactionInfo) {
		if c.Err != nil {
			failed <- struct{}{}
		}
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for i := uint64(1); !s.Overloaded(); i++ {
		if _, err := s.Flush(ctx, entries(Entry{Key: []byte("a"), TS: 2 * i}, Entry{Key: []byte("z"), TS: 2*i + 1}), 2*i+1, 0); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 1: // what the others are to be merged with
			if err := s.Settle(ctx); err != nil {
				t.Fatal(err)
			}
			blocked.Store(true)
		case 2:
			for range 2 { // with the books, and with the keys
				<-failed
			}
		}
		s.look()
	}
	blocked.Store(false)
	if !told {
		s.pressure.setTrouble(nil)
	}
	for err = s.WaitReady(ctx, calm); told && errors.Is(err, syscall.ENOSPC); err = s.WaitReady(ctx, calm) {
		select { // who wants to flush comes again
		case <-s.pressure.wait():
		case <-time.After(time.Second):
		case <-ctx.Done():
			t.Fatalf("never ready: %v", err)
		}
	}
	if err != nil {
		t.Errorf("%v: %+v", err, s.Stats())
	}
}

// TestConcurrent reads while generations come in, are swept and merged: each read
// at a timestamp that was flushed sees exactly what that flush left.
func TestConcurrent(t *testing.T) {
	s := openMem(t, Options{TargetFileBytes: minFileBytes, CacheBytes: 1 << 16})
	ctx := context.Background()
	const keys, rounds = 200, 60
	// At timestamp n every key has the value n, but for one that is deleted.
	flush := func(n uint64) error {
		l := &entryList{}
		for i := range uint64(keys) {
			l.list = append(l.list, Entry{Key: fmt.Appendf(nil, "k%04d", i), TS: n, Value: fmt.Appendf(nil, "%d", n), Deleted: i == n%keys})
		}
		_, err := s.Flush(ctx, l, n, n-min(n, 20))
		return err
	}
	if err := flush(1); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	read := func(reverse bool) {
		for {
			select {
			case <-done:
				return
			default:
			}
			ts := s.Applied()
			rows, err := collect(s.NewIter(IterOptions{TS: ts, Reverse: reverse}))
			if errors.Is(err, dberr.ErrInvalid) {
				continue // the horizon has passed it
			}
			if err != nil || len(rows) != keys-1 {
				t.Errorf("at %d: %d rows, %v", ts, len(rows), err)
				return
			}
			for _, r := range rows {
				if r.ts != ts || r.value != fmt.Sprint(ts) {
					t.Errorf("at %d: %+v", ts, r)
					return
				}
			}
			v, err := s.Get(nil, []byte("k0100"), ts)
			if (err != nil && !errors.Is(err, dberr.ErrInvalid)) || (err == nil && v.TS != ts) {
				t.Errorf("at %d: %+v %v", ts, v, err)
				return
			}
		}
	}
	for i := range 3 {
		wg.Go(func() { read(i%2 == 1) })
	}
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				if _, err := s.GC(ctx, s.Applied()-min(s.Applied(), 20), 500); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for n := uint64(2); n <= rounds; n++ {
		if err := flush(n); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	wg.Wait()
}

// TestClosed holds that a closed store says so, and that Close waits for readers.
func TestClosed(t *testing.T) {
	s, err := Open(vfs.NewMem(), "d", testID, Options{})
	if err != nil {
		t.Fatal(err)
	}
	it := s.NewIter(IterOptions{TS: 1})
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	<-s.use.closing()
	select {
	case err := <-closed:
		t.Fatalf("closed under an iterator: %v", err)
	default:
	}
	ctx := context.Background()
	_, getErr := s.Get(nil, []byte("a"), 1)
	_, gcErr := s.GC(ctx, 0, 1)
	_, flushErr := s.Flush(ctx, entries(), 1, 0)
	_, copyErr := s.Checkpoint(ctx, "x")
	for i, err := range []error{getErr, gcErr, flushErr, copyErr, s.DropRange(ctx, nil, nil, 1), s.Verify(ctx),
		s.WaitReady(ctx, calm), s.Settle(ctx), s.NewIter(IterOptions{}).Close(), s.NewVersions(VersionOptions{}).Close()} {
		if !errors.Is(err, dberr.ErrUnavailable) {
			t.Errorf("call %d on a closed store: %v", i, err)
		}
	}
	if err := it.Close(); err != nil {
		t.Error(err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
