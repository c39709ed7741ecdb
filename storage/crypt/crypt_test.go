package crypt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func readAll(fs vfs.FS, name string) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	return b, errors.Join(err, f.Close())
}

// TestSealedFiles writes files in pieces of every kind of size and reads them back,
// whole and in parts, on each kind of disk.
func TestSealedFiles(t *testing.T) {
	disks := map[string]vfs.FS{"memory": vfs.NewMem(), "os": vfs.OS()}
	for name, disk := range disks {
		t.Run(name, func(t *testing.T) {
			dir := ""
			if name == "os" {
				dir = t.TempDir() + "/"
			}
			fs := New(disk, EphemeralKeys())
			r := rand.New(rand.NewPCG(1, 2))
			for i, sizes := range [][]int{nil, {1}, {4095}, {4096}, {4097}, {4096, 1}, {4095, 1, 1}, {100000}, {3, 4090, 3, 8192, 5, 20000, 1}} {
				file := fmt.Sprintf("%sf%d", dir, i)
				f := must(fs.Create(file, "test"))(t)
				var want []byte
				for _, n := range sizes {
					p := make([]byte, n)
					for j := range p {
						p[j] = byte(r.Uint32())
					}
					want = append(want, p...)
					if got := must(f.Write(p))(t); got != n {
						t.Fatalf("wrote %d of %d", got, n)
					}
					from := r.IntN(len(want))
					back := make([]byte, len(want)-from)
					if must(f.ReadAt(back, int64(from)))(t); !bytes.Equal(back, want[from:]) {
						t.Fatalf("sizes %v: the writer reads something else", sizes)
					}
					if r.IntN(2) == 0 {
						check(t, f.Sync())
						if got := must(readAll(fs, file))(t); !bytes.Equal(got, want) {
							t.Fatalf("sizes %v: after sync read %d bytes, want %d", sizes, len(got), len(want))
						}
					}
				}
				check(t, f.Close())
				if got := must(readAll(fs, file))(t); !bytes.Equal(got, want) {
					t.Fatalf("sizes %v: read %d bytes, want %d", sizes, len(got), len(want))
				}
				if info := must(fs.Stat(file))(t); info.Size() != int64(len(want)) {
					t.Fatalf("sizes %v: size %d, want %d", sizes, info.Size(), len(want))
				}
				rd := must(fs.Open(file))(t)
				for range 200 {
					off, n := r.IntN(len(want)+5), r.IntN(9000)
					p := make([]byte, n)
					got, err := rd.ReadAt(p, int64(off))
					exp := want[min(off, len(want)):min(off+n, len(want))]
					if !bytes.Equal(p[:got], exp) || (err == io.EOF) != (len(exp) < n || off >= len(want)) || err != nil && err != io.EOF {
						t.Fatalf("sizes %v: read %d at %d: %d bytes, %v", sizes, n, off, got, err)
					}
				}
				check(t, rd.Close())
				raw := must(readAll(disk, file))(t)
				for at := 0; at+16 <= len(want); at += 16 {
					if bytes.Contains(raw, want[at:at+16]) {
						t.Fatalf("plain bytes at %d are on disk", at)
					}
				}
			}
		})
	}
}

// TestInPlaceFiles is a model test: random writes and reads at any place.
func TestInPlaceFiles(t *testing.T) {
	for name, disk := range map[string]vfs.FS{"memory": vfs.NewMem(), "os": vfs.OS()} {
		t.Run(name, func(t *testing.T) {
			file := "f"
			if name == "os" {
				file = t.TempDir() + "/f"
			}
			fs, r := New(disk, EphemeralKeys()), rand.New(rand.NewPCG(3, 4))
			f := must(fs.OpenReadWrite(file, "test"))(t)
			var want []byte
			for i := range 2000 {
				off, n := r.IntN(30000), 1+r.IntN(9000)
				if r.IntN(3) == 0 {
					off, n = off&^4095, (n+4095)&^4095
				}
				p := make([]byte, n)
				switch {
				case r.IntN(2) == 0:
					if r.IntN(4) > 0 { // else zeros
						for j := range p {
							p[j] = byte(r.Uint32())
						}
					}
					must(f.WriteAt(p, int64(off)))(t)
					end := (off + n + 15) &^ 15
					if end > len(want) {
						want = append(want, make([]byte, end-len(want))...)
					}
					copy(want[off:], p)
				default:
					got, err := f.ReadAt(p, int64(off))
					exp := want[min(off, len(want)):min(off+n, len(want))]
					if !bytes.Equal(p[:got], exp) || err != nil && err != io.EOF || err == nil && got < n {
						t.Fatalf("step %d: read %d at %d of %d: %d bytes, %v", i, n, off, len(want), got, err)
					}
				}
				if r.IntN(100) == 0 {
					check(t, f.Close())
					f = must(fs.OpenReadWrite(file, "test"))(t)
				}
				if got := must(f.Stat())(t).Size(); got != int64(len(want)) {
					t.Fatalf("step %d: size %d, want %d", i, got, len(want))
				}
			}
			check(t, f.Close())
		})
	}
}

// TestDirectWrites: direct and ordinary writes see each other, and space that Fill
// reserved reads as zeros.
func TestDirectWrites(t *testing.T) {
	fs, file := New(vfs.OS(), EphemeralKeys()), t.TempDir()+"/f"
	f := must(fs.OpenReadWrite(file, "test"))(t)
	defer f.Close()
	check(t, vfs.Fill(f, 0, 64<<10, 0))
	check(t, f.Sync())
	d, err := fs.OpenDirect(file)
	if errors.Is(err, dberr.ErrUnsupported) {
		t.Skip("no direct writes here")
	}
	check(t, err)
	defer d.Close()
	block := bytes.Repeat([]byte{7}, 8192)
	must(d.WriteAt(block, 4096))(t)
	must(f.WriteAt([]byte("abc"), 4096+5))(t)
	check(t, f.Sync())
	got := make([]byte, 64<<10)
	must(f.ReadAt(got, 0))(t)
	want := make([]byte, 64<<10)
	copy(want[4096:], block)
	copy(want[4096+5:], "abc")
	if !bytes.Equal(got, want) {
		t.Error("read back something else")
	}
	if _, err := fs.OpenDirect(t.TempDir() + "/none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want not exist", err)
	}
}

// TestTamper flips every bit of a sealed file, one in each byte, and cuts it at every
// length: each is found and says where, or changes nothing that is read.
func TestTamper(t *testing.T) {
	disk, keys := vfs.NewMem(), EphemeralKeys()
	fs := New(disk, keys)
	f := must(fs.Create("f", "test"))(t)
	want := bytes.Repeat([]byte("0123456789abcdef"), 300) // a full block and a part
	must(f.Write(want[:4500]))(t)
	check(t, f.Sync())
	must(f.Write(want[4500:]))(t)
	check(t, f.Sync())
	check(t, f.Close())
	raw := must(readAll(disk, "f"))(t)
	try := func(what string, changed []byte, mustFail bool) {
		t.Helper()
		g := must(disk.Create("g", "test"))(t)
		must(g.Write(changed))(t)
		check(t, g.Close())
		got, err := readAll(fs, "g")
		var c *dberr.CorruptError
		switch {
		case err != nil && !errors.As(err, &c):
			t.Fatalf("%s: got %v, want damage", what, err)
		case err == nil && (mustFail || !bytes.Equal(got, want)):
			t.Fatalf("%s: not found", what)
		}
	}
	for i := range raw {
		if i >= headerSize && i < headerLen && i%97 != 0 && (i < 1000 || i > 1100) && (i < 2040 || i > 2100) {
			continue
		}
		c := bytes.Clone(raw)
		c[i] ^= 1 << (i % 8)
		try(fmt.Sprintf("byte %d", i), c, i >= headerLen)
	}
	for n := headerLen; n < len(raw); n += 61 { // below that it is a file that was never begun
		try(fmt.Sprintf("cut to %d", n), raw[:n], true)
	}
	c := bytes.Clone(raw)
	copy(c[headerLen:headerLen+100], c[headerLen+sealedLen:]) // bytes of another block
	try("moved", c, true)
}

// TestSealedCrashes: after a crash the file reads as of the last sync, or longer, and
// is never damaged.
func TestSealedCrashes(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 9))
		disk, keys := vfs.NewCrashableMem(), EphemeralKeys()
		fs := New(disk, keys)
		var want []byte
		synced := 0
		stop := 1 + r.IntN(40)
		ops := 0
		fault := vfs.NewFault(disk, func(vfs.Op) error {
			if ops++; ops > stop {
				return io.ErrUnexpectedEOF
			}
			return nil
		})
		f, err := New(fault, keys).Create("f", "test")
		if err == nil {
			d := must(disk.OpenDir(""))(t)
			check(t, d.Sync())
			check(t, d.Close())
		}
		for err == nil {
			p := make([]byte, 1+r.IntN(6000))
			for j := range p {
				p[j] = byte(r.Uint32())
			}
			if _, err = f.Write(p); err == nil {
				want = append(want, p...)
				if r.IntN(2) == 0 {
					if err = f.Sync(); err == nil {
						synced = len(want)
					}
				}
			}
		}
		after := disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
		got, err := readAll(New(after, keys), "f")
		if errors.Is(err, os.ErrNotExist) && synced == 0 {
			continue
		}
		if err != nil && synced == 0 {
			continue // nothing was promised
		}
		if err != nil || len(got) < synced || !bytes.Equal(got, want[:min(len(got), len(want))]) {
			t.Fatalf("seed %d: synced %d, read %d: %v", seed, synced, len(got), err)
		}
		_ = fs
	}
}

// TestRefusals: what would break a promise is refused.
func TestRefusals(t *testing.T) {
	disk, keys := vfs.NewMem(), EphemeralKeys()
	fs := New(disk, keys)
	f := must(fs.Create("f", "test"))(t)
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, dberr.ErrUnsupported) {
		t.Errorf("write in place: got %v", err)
	}
	check(t, f.Close())
	rw := must(fs.OpenReadWrite("f", "test"))(t)
	if _, err := rw.Write([]byte("x")); !errors.Is(err, dberr.ErrUnsupported) {
		t.Errorf("write again: got %v", err)
	}
	check(t, rw.Close())
	if _, err := New(disk, EphemeralKeys()).Open("f"); dberr.As(err) == nil || dberr.As(err).Code != "ENCRYPTION_KEY_UNKNOWN" {
		t.Errorf("another key: got %v", err)
	}
	g := must(disk.Create("plain", "test"))(t)
	must(g.Write([]byte("plain content")))(t)
	check(t, g.Close())
	if _, err := fs.Open("plain"); !errors.Is(err, dberr.ErrCorrupt) {
		t.Errorf("a plain file: got %v", err)
	}
	// The name of a file that is reused begins anew.
	check(t, must(fs.ReuseForWrite("f", "h", "test"))(t).Close())
	if _, err := fs.Stat("f"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reused: %v", err)
	}
}

func BenchmarkReadAt(b *testing.B) {
	for _, kind := range []string{"plain", "sealed", "in place"} {
		b.Run("kind="+kind, func(b *testing.B) {
			var fs vfs.FS = vfs.OS()
			if kind != "plain" {
				fs = New(fs, EphemeralKeys())
			}
			name := b.TempDir() + "/f"
			const size = 8 << 20
			open := fs.Create
			if kind == "in place" {
				open = func(name string, c vfs.Category) (vfs.File, error) { return fs.OpenReadWrite(name, c) }
			}
			f := must(open(name, "bench"))(b)
			must(f.Write(bytes.Repeat([]byte{1}, size)))(b)
			check(b, f.Close())
			f = must(fs.Open(name))(b)
			defer f.Close()
			p := make([]byte, 8<<10)
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				must(f.ReadAt(p, rand.Int64N(size-int64(len(p)))))(b)
			}
		})
	}
}
