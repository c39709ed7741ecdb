package sorted

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// filled makes a store with several files and levels, closed.
func filled(t *testing.T, fs vfs.FS, opts Options) *model {
	t.Helper()
	s, err := Open(fs, "d", testID, opts)
	if err != nil {
		t.Fatal(err)
	}
	m := newModel()
	r := rand.New(rand.NewPCG(5, 5))
	for range 4 {
		list, applied := randomGeneration(r, m, m.applied)
		if _, err := s.Flush(context.Background(), entries(list...), applied, 0); err != nil {
			t.Fatal(err)
		}
		m.flush(list, applied, 0)
	}
	if err := s.Settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	list, applied := randomGeneration(r, m, m.applied)
	if _, err := s.Flush(context.Background(), entries(list...), applied, 0); err != nil {
		t.Fatal(err)
	}
	m.flush(list, applied, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return m
}

func readAll(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	b, err := readFile(fs, name, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeAll(t *testing.T, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(name, categoryStore)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func sstables(t *testing.T, fs vfs.FS) []string {
	t.Helper()
	names, err := fs.List("d/db")
	if err != nil {
		t.Fatal(err)
	}
	var ssts []string
	for _, n := range names {
		if strings.HasSuffix(n, ".sst") {
			ssts = append(ssts, "d/db/"+n)
		}
	}
	return ssts
}

// TestBitFlips flips bits all over every SSTable. Verify names the file each time;
// reads give an error that names it, or what is right.
func TestBitFlips(t *testing.T) {
	fs := vfs.NewCrashableMem()
	m := filled(t, fs, Options{BlockBytes: 1 << 10})
	tables := sstables(t, fs)
	if len(tables) < 2 {
		t.Fatalf("only %d SSTables", len(tables))
	}
	r := rand.New(rand.NewPCG(6, 6))
	flips := 0
	for _, name := range tables {
		good := readAll(t, fs, name)
		step := max(1, len(good)/40)
		if long() {
			step = 1
		}
		for i := r.IntN(step); i < len(good); i += step {
			bad := append([]byte(nil), good...)
			bad[i] ^= 1 << r.IntN(8)
			disk := fs.CrashClone(vfs.CrashConfig{}) // since compactions change it
			writeAll(t, disk, name, bad)
			if err := checkDamaged(disk, m, name, int64(i)); err != nil {
				t.Fatalf("%s, byte %d of %d: %v", name, i, len(good), err)
			}
			flips++
		}
	}
	s, err := Open(fs, "d", testID, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Verify(context.Background()), m.check(s), s.Close()); err != nil {
		t.Fatalf("without damage: %v", err)
	}
	t.Logf("%d flips in %d files", flips, len(tables))
}

// named says that err is damage in the file.
func named(err error, name string) error {
	var c *dberr.CorruptError
	if !errors.Is(err, dberr.ErrCorrupt) || !errors.As(err, &c) || c.File != name {
		return fmt.Errorf("not damage of %s: %w", name, err)
	}
	return nil
}

func checkDamaged(fs vfs.FS, m *model, name string, at int64) error {
	s, err := Open(fs, "d", testID, Options{})
	if err != nil { // the books are in that file
		return named(err, name)
	}
	defer func() { _ = s.Close() }() // opened on damage
	err = s.Verify(context.Background())
	if gone, _ := s.listed(name); err != nil || !gone { // compaction may do without, say, a filter
		if err := named(err, name); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		var c *dberr.CorruptError
		errors.As(err, &c)
		if c.Offset > at {
			return fmt.Errorf("verify names offset %d, after the damage: %w", c.Offset, err)
		}
	}
	for _, reverse := range []bool{false, true} {
		got, err := collect(s.NewIter(IterOptions{TS: m.applied, Reverse: reverse}))
		want := m.rows(nil, nil, m.applied, reverse)
		if err != nil {
			if err := named(err, name); err != nil {
				return fmt.Errorf("iterate: %w", err)
			}
			want = want[:min(len(got), len(want))]
		}
		if err := sameRows(got, want); err != nil {
			return err
		}
	}
	for _, k := range m.keys() {
		v, err := s.Get(nil, []byte(k), m.applied)
		if err != nil {
			if err := named(err, name); err != nil {
				return fmt.Errorf("get %q: %w", k, err)
			}
			continue
		}
		if e, ok := m.at(k, m.applied); v.Live() != ok || string(v.Value) != string(e.Value) {
			return fmt.Errorf("get %q: got %+v, want %+v", k, v, e)
		}
	}
	return nil
}

// TestDamageHidesNoVersion: where the newer versions of a key are in a block that cannot be
// read, an iteration gives an error and not an older version.
func TestDamageHidesNoVersion(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s, err := Open(fs, "d", testID, Options{BlockBytes: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	var list []Entry
	noise := rand.NewChaCha8([32]byte{9})
	for ts := uint64(4); ts > 0; ts-- { // each in a block of its own, at the least two
		value := make([]byte, 1<<10)
		noise.Read(value) // never fails
		list = append(list, Entry{Key: []byte("k"), TS: ts, Value: value})
	}
	if _, err := s.Flush(context.Background(), entries(list...), 4, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var name string
	for _, name = range sstables(t, fs) { // the books have one too
		bad := readAll(t, fs, name)
		if at := bytes.Index(bad, list[0].Value); at >= 0 {
			bad[at] ^= 1
			writeAll(t, fs, name, bad)
			break
		}
	}
	if s, err = Open(fs, "d", testID, Options{}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // opened on damage
	for _, reverse := range []bool{false, true} {
		got, err := collect(s.NewIter(IterOptions{Lower: []byte("k"), TS: 4, Reverse: reverse}))
		if err := named(err, name); err != nil || len(got) > 0 {
			t.Errorf("reverse %v: got %.60v, %v", reverse, got, err)
		}
	}
}

// TestDamagedDirectory cuts, empties and removes files.
func TestDamagedDirectory(t *testing.T) {
	for what, hurt := range map[string]func(t *testing.T, fs vfs.FS){
		"STORE flipped": func(t *testing.T, fs vfs.FS) {
			b := readAll(t, fs, "d/STORE")
			b[20] ^= 1
			writeAll(t, fs, "d/STORE", b)
		},
		"STORE cut":     func(t *testing.T, fs vfs.FS) { writeAll(t, fs, "d/STORE", readAll(t, fs, "d/STORE")[:12]) },
		"STORE removed": func(t *testing.T, fs vfs.FS) { remove(t, fs, "d/STORE") },
		"SSTable cut": func(t *testing.T, fs vfs.FS) {
			n := sstables(t, fs)[0]
			writeAll(t, fs, n, readAll(t, fs, n)[:100])
		},
		"SSTable removed": func(t *testing.T, fs vfs.FS) { remove(t, fs, sstables(t, fs)[0]) },
		"all removed": func(t *testing.T, fs vfs.FS) {
			if err := fs.RemoveAll("d/db"); err != nil {
				t.Fatal(err)
			}
		},
		"manifest flipped": func(t *testing.T, fs vfs.FS) {
			names, _ := fs.List("d/db")
			for _, n := range names {
				if strings.HasPrefix(n, "MANIFEST") {
					b := readAll(t, fs, "d/db/"+n)
					b[30] ^= 1
					writeAll(t, fs, "d/db/"+n, b)
				}
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			fs := vfs.NewMem()
			filled(t, fs, Options{})
			hurt(t, fs)
			s, err := Open(fs, "d", testID, Options{})
			if err == nil {
				_ = s.Close()
			}
			if !errors.Is(err, dberr.ErrCorrupt) {
				t.Fatalf("got %v, want damage", err)
			}
			t.Log(err)
		})
	}
}

func remove(t *testing.T, fs vfs.FS, name string) {
	t.Helper()
	if err := fs.Remove(name); err != nil {
		t.Fatal(err)
	}
}

// TestVerifyManifest damages the list of SSTables under an open store.
func TestVerifyManifest(t *testing.T) {
	fs := vfs.NewMem()
	filled(t, fs, Options{})
	s, err := Open(fs, "d", testID, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	// The first change after opening begins a new manifest.
	if _, err := s.Flush(context.Background(), entries(), s.Applied()+1, 0); err != nil {
		t.Fatal(err)
	}
	names, _ := fs.List("d/db")
	for _, n := range names {
		if strings.HasPrefix(n, "MANIFEST") {
			f, err := fs.OpenReadWrite("d/db/"+n, categoryStore)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt([]byte{0xff, 0xfe}, 12); err != nil {
				t.Fatal(err)
			}
			_ = f.Close()
		}
	}
	if err := s.Verify(context.Background()); !errors.Is(err, dberr.ErrCorrupt) || !strings.Contains(err.Error(), "MANIFEST") {
		t.Fatalf("got %v, want damage of the manifest", err)
	}
}
