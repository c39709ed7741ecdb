package backup

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/vfs"
)

func schedule(t *testing.T, text string) Schedule {
	t.Helper()
	s, err := ParseSchedule(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestScheduleRuns: backups are made when they are due, chains that are past their
// time go as a whole, failures show and end.
func TestScheduleRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewMem()
		var broken atomic.Bool
		fault := vfs.NewFault(fs, func(op vfs.Op) error {
			if broken.Load() && op.Kind == vfs.OpCreate {
				return vfs.ErrInjected
			}
			return nil
		})
		s, err := storage.Open(fs, "store", storage.Options{SegmentBytes: 64 << 10, CheckpointInterval: 1000 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		events := map[string]int{}
		count := func(what string) {
			mu.Lock()
			defer mu.Unlock()
			events[what]++
		}
		told := Events{Failed: func(Kind, error) { count("failed") }, Deleted: func(Info) { count("deleted") }}
		// The encoder of zstd belongs to the process, and not to this bubble.
		m, err := OpenManager(ManagerOptions{FS: fault, Dir: "backups", Compression: &noCompression, Events: told})
		if err != nil {
			t.Fatal(err)
		}
		svc := NewService(ServiceOptions{Manager: m, FullSchedule: schedule(t, "0 */2 * * *"), IncrementalSchedule: schedule(t, "*/30 * * * *"), Keep: 2,
			Archive: &ArchiveOptions{FS: fs, Dir: "archive", Interval: 5 * time.Minute, Compression: &noCompression},
			Events:  told})
		if err := svc.Attach(s); err != nil {
			t.Fatal(err)
		}
		for i := range 6 * 4 { // six hours and a bit
			if err := put(s, fmt.Sprint("key ", i), "v"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(15*time.Minute + time.Second)
			synctest.Wait()
		}
		list, err := m.List()
		if err != nil {
			t.Fatal(err)
		}
		kinds := ""
		for _, b := range list {
			kinds += string(b.Kind[0])
			if b.State != Completed || b.CreatedBy != "schedule" {
				t.Errorf("%+v", b)
			}
		}
		// 2000-01-01 00:00 began it: full at 2, 4 and 6; three incremental ones after
		// each; the chain of 0 began with the first incremental, made a full one.
		if kinds != "fiiif" && kinds != "ifiiif" {
			t.Errorf("backups, newest first: %s", kinds)
		}
		st := svc.Status()
		if st.Failing() != nil || st.LastFull == nil || st.LastFull.ID == "" || st.NextFull.Hour()%2 != 0 || st.Archive.Archived != s.LastCommit() {
			t.Errorf("status: %+v", st)
		}
		oldest := list[len(list)-1]
		left, err := pieces(fs, "archive/"+oldest.StoreID())
		if err != nil || len(left) == 0 || left[0].to <= oldest.To {
			t.Errorf("the archive begins with %+v, the oldest backup is of %d; %v", left[0], oldest.To, err)
		}
		broken.Store(true)
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if st := svc.Status(); st.Failing() == nil || !errors.Is(st.LastIncremental.Err, vfs.ErrInjected) {
			t.Errorf("status of a broken disk: %+v", st.LastIncremental)
		}
		broken.Store(false)
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if st := svc.Status(); st.Failing() != nil {
			t.Errorf("status of a mended disk: %v", st.Failing())
		}
		mu.Lock()
		if events["failed"] == 0 || events["deleted"] == 0 {
			t.Errorf("events: %v", events)
		}
		mu.Unlock()
		if err := errors.Join(svc.Detach(bg), m.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRetention: what is kept, by number and by age, damaged chains counting for
// nothing.
func TestRetention(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	at := func(id string, kind Kind, parent string, created time.Time, st State) Status {
		return Status{Info: Info{ID: id, Kind: kind, Parent: parent, Created: created}, State: st}
	}
	list := []Status{
		at("r", Full, "", day(9), Running),
		at("d", Full, "", day(8), Completed),
		at("c", Full, "", day(6), Corrupted),
		at("b2", Incremental, "b1", day(5), Completed),
		at("b1", Incremental, "b", day(4), Completed),
		at("b", Full, "", day(3), Completed),
		at("x", "", "", day(2), Corrupted), // of which nothing is known
		at("a", Full, "", day(1), Completed),
	}
	got := ""
	for _, c := range chainsOf(list) {
		got += fmt.Sprintf("%s %v %d; ", c.full.ID, c.good, c.newest.Day())
	}
	if want := "d true 8; c false 6; b true 5; a true 1; "; got != want {
		t.Errorf("chains: %s, want %s", got, want)
	}
	if got := strings.Join(descendants(list, "b"), " "); got != "b b1 b2" {
		t.Errorf("descendants of b: %s", got)
	}
}

// TestArchiveTrouble: a disk that fails is told of and does not stop the store; the
// archive catches up without a gap, or with one once the bound is passed, and then
// says so.
func TestArchiveTrouble(t *testing.T) {
	for _, bound := range []int64{1 << 40, 50 << 10} {
		fs := vfs.NewMem()
		var broken atomic.Bool
		fault := vfs.NewFault(fs, func(op vfs.Op) error {
			if broken.Load() && op.Kind.Writes() {
				return fmt.Errorf("%w: %w", vfs.ErrInjected, io.ErrShortWrite)
			}
			return nil
		})
		s, err := storage.Open(fs, "store", storage.Options{SegmentBytes: 16 << 10, History: -1})
		if err != nil {
			t.Fatal(err)
		}
		var told, gaps atomic.Int64
		a, err := StartArchive(s, ArchiveOptions{FS: fault, Dir: "archive", Interval: time.Hour, MaxLogBytes: bound, Events: Events{ArchiveFailed: func(err error) {
			told.Add(1)
			if e := dberr.As(err); e != nil && e.Code == "ARCHIVE_GAP" {
				gaps.Add(1)
			}
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Create(bg, s, Target{FS: fs, Path: "base"}, Request{}); err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			if i == 20 {
				broken.Store(true)
			}
			if err := put(s, fmt.Sprintf("key %03d", i), strings.Repeat("v", 2000)); err != nil {
				t.Fatal(err)
			}
			if err := a.Flush(bg); (err != nil) != broken.Load() {
				t.Fatalf("flush: %v", err)
			}
			if i%10 == 9 {
				if _, err := s.Checkpoint(bg); err != nil {
					t.Fatal(err)
				}
			}
		}
		if st := a.Status(); st.Err == nil || st.FailedAt.IsZero() || st.Lag() == 0 || st.LagBytes == 0 || told.Load() < 80 {
			t.Errorf("bound %d: status of a broken disk: %+v, told %d times", bound, st, told.Load())
		}
		broken.Store(false)
		_ = a.Flush(bg) // it may be the one that finds the gap
		if err := a.Flush(bg); err != nil || a.Status().Err != nil {
			t.Errorf("bound %d: afterwards: %v", bound, err)
		}
		st, gap := a.Status(), bound < 1<<20
		if gap != (gaps.Load() > 0) || st.Gap != gap || st.Archived != s.LastCommit() {
			t.Errorf("bound %d: %d gaps, %+v", bound, gaps.Load(), st)
		}
		all, err := OpenArchive(fs, "archive", s.ID(), 0, Latest, nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := NewChain(append(all, must(Open(fs, "base", nil))), s.LastCommit())
		if gap {
			if e := dberr.As(err); e == nil || e.Code != "RESTORE_GAP" {
				t.Errorf("a chain over the gap: %v", err)
			}
		} else if err != nil {
			t.Error(err)
		} else if got := restored(t, fs, "again", c); got != state(t, s) {
			t.Errorf("got\n%s", got)
		}
		if err := errors.Join(a.Stop(bg), s.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestManagerRefuses: two at a time, what is read, what is needed.
func TestManagerRefuses(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, fs, "store")
	if err := put(s, "k", "v"); err != nil {
		t.Fatal(err)
	}
	m, err := OpenManager(ManagerOptions{FS: fs, Dir: "b", MustEncrypt: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	code := func(err error) string {
		if e := dberr.As(err); e != nil {
			return e.Code
		}
		return fmt.Sprint(err)
	}
	if _, err := OpenManager(ManagerOptions{FS: fs, Dir: "b"}); !errors.Is(err, dberr.ErrLocked) {
		t.Errorf("opened twice: %v", err)
	}
	if _, err := m.Create(bg, s, CreateOptions{}); code(err) != "ENCRYPTION_KEY_MISSING" {
		t.Errorf("in clear, unasked for: %v", err)
	}
	plain := false
	full, err := m.Create(bg, s, CreateOptions{Encrypt: &plain})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Create(bg, s, CreateOptions{Encrypt: &plain, KeyID: "x"}); code(err) != "ENCRYPTION_KEY_UNUSED" {
		t.Errorf("a key for nothing: %v", err)
	}
	if _, err := m.begin(Full, s.ID(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Create(bg, s, CreateOptions{Encrypt: &plain}); code(err) != "BACKUP_RUNNING" {
		t.Errorf("two at a time: %v", err)
	}
	if list, err := m.List(); err != nil || len(list) != 2 || list[0].State != Running {
		t.Errorf("%+v, %v", list, err)
	}
	m.end()
	if _, err := m.Open(full.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Delete(full.ID, true); code(err) != "BACKUP_IN_USE" {
		t.Errorf("deleted while it is read: %v", err)
	}
	m.Release(full.ID)
	for _, id := range []string{"", ".", "..", "../b", full.ID + "/", "backup_20260101_000000_0", "backup_20260101_000000_", "Backup_20260101_000000", "backup_20260101_000000\n"} {
		if err := CheckID(id); err == nil {
			t.Errorf("%q is an id", id)
		}
	}
}
