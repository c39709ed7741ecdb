package vfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/weftdb/weft/internal/dberr"
)

func TestMapError(t *testing.T) {
	for _, c := range []struct{ err, class error }{
		{&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, dberr.ErrFull},
		{fmt.Errorf("wrapped: %w", os.ErrNotExist), dberr.ErrNotFound},
		{os.ErrExist, dberr.ErrExists},
		{syscall.EIO, nil},
	} {
		got := MapError(c.err)
		if dberr.ClassOf(got) != c.class || !errors.Is(got, c.err) {
			t.Errorf("%v: got %v of class %v, want class %v around it", c.err, got, dberr.ClassOf(got), c.class)
		}
		if again := MapError(got); again != got {
			t.Errorf("%v: mapped twice gives %v", c.err, again)
		}
	}
	if MapError(nil) != nil {
		t.Error("no error is mapped to one")
	}
}

func TestLock(t *testing.T) {
	for name, fs := range map[string]FS{"os": OS(), "memory": NewMem()} {
		dir := "d"
		if name == "os" {
			dir = t.TempDir()
		}
		if err := MkdirAll(fs, dir); err != nil {
			t.Fatal(err)
		}
		path := fs.PathJoin(dir, "LOCK")
		c, err := Lock(fs, path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := Lock(fs, path); !errors.Is(err, dberr.ErrLocked) {
			t.Errorf("%s: locked twice: got %v, want class locked", name, err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if c, err = Lock(fs, path); err != nil {
			t.Fatalf("%s: locked again: %v", name, err)
		}
		c.Close()
	}
	if _, err := Lock(OS(), filepath.Join(t.TempDir(), "absent", "LOCK")); !errors.Is(err, dberr.ErrNotFound) {
		t.Errorf("lock in no directory: got %v, want class not found", err)
	}
}

// TestLockKeepsAnotherProcessOut runs this test binary a second time.
func TestLockKeepsAnotherProcessOut(t *testing.T) {
	if path := os.Getenv("WEFT_TEST_LOCK"); path != "" {
		if _, err := Lock(OS(), path); !errors.Is(err, dberr.ErrLocked) {
			t.Fatalf("got %v, want class locked", err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "LOCK")
	c, err := Lock(OS(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestLockKeepsAnotherProcessOut$")
	cmd.Env = append(os.Environ(), "WEFT_TEST_LOCK="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("second process: %v\n%s", err, out)
	}
}

// TestMkdirAllIsDurable: each directory on the way survives a crash.
func TestMkdirAllIsDurable(t *testing.T) {
	disk := NewCrashableMem()
	if err := MkdirAll(disk, "a/b/c"); err != nil {
		t.Fatal(err)
	}
	if _, err := disk.CrashClone(CrashConfig{}).Stat("a/b/c"); err != nil {
		t.Fatalf("after a crash: %v", err)
	}
	if err := MkdirAll(disk, "a/b/c"); err != nil {
		t.Fatalf("once more: %v", err)
	}
	if err := MkdirAll(OS(), filepath.Join(t.TempDir(), "x", "y")); err != nil {
		t.Fatal(err)
	}
}

func TestFill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f, err := OS().OpenReadWrite(path, CategoryLog)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("kept"), 0); err != nil {
		t.Fatal(err)
	}
	const size = 3<<20 + 17
	if err := errors.Join(Fill(f, 4, size, 1<<20), Fill(f, size, size, 0), Fill(f, size, 0, 0)); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || len(got) != size || string(got[:4]) != "kept" {
		t.Fatalf("%d bytes, starting %q, %v", len(got), got[:4], err)
	}
	for i, b := range got[4:] {
		if b != 0 {
			t.Fatalf("byte %d is %d", i+4, b)
		}
	}
}

func aligned(n int) []byte {
	b := make([]byte, n+BlockSize)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) % BlockSize)
	return b[skip : skip+n : skip+n]
}

func TestOpenDirect(t *testing.T) {
	none := func(Op) error { return nil }
	for name, fs := range map[string]FS{"os": OS(), "fault over os": NewFault(OS(), none), "fault over memory": NewFault(NewMem(), none)} {
		target := filepath.Join(t.TempDir(), "f")
		if name == "fault over memory" {
			target = "f"
		}
		f, err := fs.Create(target, CategoryLog)
		if err != nil {
			t.Fatal(err)
		}
		d, ok := fs.(DirectFS)
		if !ok {
			t.Skipf("%s: no direct writes on this system", name)
		}
		g, err := d.OpenDirect(target)
		if errors.Is(err, dberr.ErrUnsupported) {
			t.Skipf("%s: no direct writes on this file system", name)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		block := aligned(BlockSize)
		copy(block, "direct")
		if _, err := g.WriteAt(block, BlockSize); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := make([]byte, 6)
		if _, err := f.ReadAt(got, BlockSize); err != nil || string(got) != "direct" {
			t.Errorf("%s: read %q, %v", name, got, err)
		}
		if info, err := g.Stat(); err != nil || info.Size() != 2*BlockSize {
			t.Errorf("%s: stat %v, %v", name, info, err)
		}
		if err := errors.Join(f.Close(), g.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestFaultSeesEveryOperation fails each operation of a script in turn: every
// one is seen, and the disk's own error comes back.
func TestFaultSeesEveryOperation(t *testing.T) {
	power := errors.New("power")
	script := func(fs *Fault) error {
		steps := []func() error{
			func() error { return fs.MkdirAll("d", 0o755) },
			func() error { f, err := fs.Create("d/a", CategoryLog); return use(f, err, File.Sync) },
			func() error {
				f, err := fs.OpenReadWrite("d/a", CategoryLog)
				return use(f, err, func(f File) error { _, err := f.WriteAt([]byte("abc"), 0); return err })
			},
			func() error {
				f, err := fs.Open("d/a")
				return use(f, err, func(f File) error { _, err := io.ReadAll(f); return err })
			},
			func() error { f, err := fs.OpenDir("d"); return use(f, err, File.Sync) },
			func() error { return fs.Link("d/a", "d/b") },
			func() error { return fs.Rename("d/b", "d/c") },
			func() error {
				f, err := fs.ReuseForWrite("d/c", "d/e", CategoryLog)
				return use(f, err, func(f File) error { _, err := f.Write([]byte("x")); return err })
			},
			func() error { _, err := fs.Stat("d/e"); return err },
			func() error { _, err := fs.List("d"); return err },
			func() error { f, err := fs.OpenDirect("d/a"); return use(f, err, File.SyncData) },
			func() error {
				f, err := fs.Open("d/a")
				return use(f, err, func(f File) error { return f.Preallocate(0, 10) })
			},
			func() error {
				c, err := fs.Lock("d/LOCK")
				if err == nil {
					err = c.Close()
				}
				return err
			},
			func() error { return fs.Remove("d/e") },
			func() error { return fs.RemoveAll("d") },
		}
		for i, step := range steps {
			if err := step(); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
		}
		return nil
	}
	whole := NewFault(NewMem(), func(Op) error { return nil })
	if err := script(whole); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= whole.Ops(); n++ {
		fs := NewFault(NewMem(), FailFrom(n, false, power, nil))
		if err := script(fs); !errors.Is(err, power) || !errors.Is(err, ErrInjected) || fs.Ops() != n {
			t.Errorf("operation %d of %d: got %v after %d operations", n, whole.Ops(), err, fs.Ops())
		}
	}
}

func use(f File, err error, do func(File) error) error {
	if err != nil {
		return err
	}
	return errors.Join(do(f), f.Close())
}

func TestFailFromAndShortWrite(t *testing.T) {
	eio := syscall.EIO
	mem := NewMem()
	fs := NewFault(mem, FailFrom(2, true, eio, On("log", OpCreate)))
	for i, want := range []error{nil, eio, eio} {
		if _, err := fs.Create(fmt.Sprint("log", i), CategoryLog); !errors.Is(err, want) {
			t.Errorf("create %d: got %v, want %v", i, err, want)
		}
		if _, err := fs.Create(fmt.Sprint("other", i), CategoryLog); err != nil {
			t.Errorf("a path that does not match: %v", err)
		}
	}
	fs = NewFault(mem, func(op Op) error {
		if op.Kind == OpWrite {
			return &ShortWrite{Bytes: 2, Err: eio}
		}
		return nil
	})
	f, err := fs.Create("short", CategoryLog)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.Write([]byte("abcd")); n != 2 || !errors.Is(err, eio) {
		t.Errorf("short write: got %d, %v", n, err)
	}
	if data, err := mem.UnsafeGetFileDataBuffer("short"); err != nil || string(data) != "ab" {
		t.Errorf("stored %q, %v", data, err)
	}
}

// TestCrashCloneBesideOthers clones while files are linked, locked and used again. It
// hung where a clone began to wait between the two read locks of one of these.
func TestCrashCloneBesideOthers(t *testing.T) {
	disk := NewCrashableMem()
	f, err := disk.Create("a", CategoryLog)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, step := range []func() error{
		func() error { return errors.Join(disk.Link("a", "b"), disk.Remove("b")) },
		func() error {
			l, err := disk.Lock("lock")
			if err != nil {
				return err
			}
			return l.Close()
		},
		func() error {
			if err := disk.Link("a", "c"); err != nil {
				return err
			}
			f, err := disk.ReuseForWrite("c", "d", CategoryLog)
			if err != nil {
				return err
			}
			return errors.Join(f.Close(), disk.Remove("d"))
		},
	} {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := step(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 2000 {
		disk.CrashClone(CrashConfig{})
	}
	close(stop)
	wg.Wait()
}
