package backup

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

var update = flag.Bool("update", false, "write golden files that are missing")

var testKey = Key{1, 2, 3, 31: 9}

// fixedStream is the random part of a stream in golden files.
var fixedStream = [16]byte{0xaa, 15: 0xbb}

// sample writes a small backup whose bytes depend on nothing.
func sample(t *testing.T, fs vfs.FS, path string, kind Kind, key *Key, partBytes int64) Info {
	t.Helper()
	info := Info{
		ID: "backup_20260102_030405", Kind: kind, Store: [16]byte{7, 15: 8}, To: 2000, Created: time.Unix(1767323045, 0).UTC(), Version: "test",
		Description: "a \"sample\"", CreatedBy: "nobody",
	}
	if kind.holdsLog() {
		info.From, info.Parent = 1000, "backup_20260101_030405"
	}
	w, err := newWriter(Target{FS: fs, Path: path, PartBytes: partBytes, Compression: compress.Codec{Algorithm: compress.LZ4}, Key: key}, info)
	if err != nil {
		t.Fatal(err)
	}
	// Begin again with a stream that is not random.
	w.head.stream = fixedStream
	if key != nil {
		if w.seal, err = newSealer(*key, fixedStream); err != nil {
			t.Fatal(err)
		}
	}
	if w.out, err = newPartWriter(fs, path, partBytes); err != nil {
		t.Fatal(err)
	}
	w.sum.Reset()
	if err := w.write(w.head.append(nil)); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		if kind.holdsLog() {
			err = w.record(&wal.Record{Type: byte(1 + i%2), Timestamp: uint64(1001 + 150*i), Payload: bytes.Repeat([]byte{byte(i)}, 40*i)})
		} else {
			err = w.entry(&Entry{Key: fmt.Appendf(nil, "key %02d", i*i), TS: uint64(2000 - 300*i), Value: bytes.Repeat([]byte("v"), 30*i)})
		}
		if err != nil {
			t.Fatal(err)
		}
		if i == 3 {
			if err := w.flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := w.finish()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// contents reads a backup as text.
func contents(r *Reader) (s string, err error) {
	var b strings.Builder
	if r.head.content == contentState {
		err = r.Entries(context.Background(), func(x *Entry) error {
			fmt.Fprintf(&b, "%s@%d=%x\n", x.Key, x.TS, x.Value)
			return nil
		})
	} else {
		err = r.Records(context.Background(), func(x *wal.Record) error {
			fmt.Fprintf(&b, "%d@%d=%x\n", x.Type, x.Timestamp, x.Payload)
			return nil
		})
	}
	return b.String(), err
}

func streamOf(t *testing.T, r *Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	s := r.Stream()
	if _, err := b.ReadFrom(s); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestGolden: the bytes of a backup do not change. Files may be added, never
// written again.
func TestGolden(t *testing.T) {
	for _, kind := range []Kind{Full, Incremental, Archive} {
		for _, key := range []*Key{nil, &testKey} {
			name := string(kind)
			if key != nil {
				name += "-encrypted"
			}
			t.Run(name, func(t *testing.T) {
				fs := vfs.NewMem()
				info := sample(t, fs, "b", kind, key, 0)
				r, err := Open(fs, "b", KeyRing{testKey})
				if err != nil {
					t.Fatal(err)
				}
				got := streamOf(t, r)
				file := filepath.Join("testdata", "v1-"+name+".wbk")
				want, err := os.ReadFile(file)
				if errors.Is(err, os.ErrNotExist) && *update {
					if err := os.WriteFile(file, got, 0o644); err != nil {
						t.Fatal(err)
					}
					want = got
				} else if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("got\n%s\nwant\n%s", hex.Dump(got), hex.Dump(want))
				}
				if r.Info() != info {
					t.Errorf("got  %+v\nwant %+v", r.Info(), info)
				}
				old, err := Open(vfs.OS(), file, KeyRing{testKey})
				if err != nil {
					t.Fatal(err)
				}
				a, err1 := contents(old)
				b, err2 := contents(r)
				if err := errors.Join(err1, err2); err != nil || a != b || strings.Count(a, "\n") != 6 {
					t.Errorf("read %q and %q, %v", a, b, err)
				}
			})
		}
	}
}

// write puts bytes into a file of their own.
func write(t *testing.T, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.CategoryBackup)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// readAll opens and reads a backup to its end, and describes it and what it holds.
func readAll(fs vfs.FS, name string, keys Keys) (string, error) {
	r, err := Open(fs, name, keys)
	if err != nil {
		return "", err
	}
	if err := r.Verify(context.Background()); err != nil {
		return "", err
	}
	if keys == nil && r.head.encrypted {
		return fmt.Sprint(r.Info()), nil
	}
	s, err := contents(r)
	return fmt.Sprint(r.Info()) + s, err
}

// TestDamage: a backup that is cut at any byte, or has any bit flipped, is refused
// with the file and a place in it; the flip also where the key is not known.
func TestDamage(t *testing.T) {
	for _, kind := range []Kind{Full, Incremental} {
		for _, key := range []*Key{nil, &testKey} {
			fs := vfs.NewMem()
			sample(t, fs, "b", kind, key, 0)
			r, err := Open(fs, "b", nil)
			if err != nil {
				t.Fatal(err)
			}
			good := streamOf(t, r)
			check := func(what string, bad []byte, keys Keys) {
				write(t, fs, "bad", bad)
				_, err := readAll(fs, "bad", keys)
				var c *dberr.CorruptError
				if !errors.As(err, &c) || c.File != "bad" || c.Offset < 0 || c.Offset > int64(len(bad)) {
					t.Fatalf("%s, encrypted %v: %s of %d bytes: got %v", kind, key != nil, what, len(good), err)
				}
			}
			for n := range good {
				check(fmt.Sprintf("cut at %d", n), good[:n], KeyRing{testKey})
			}
			check("one byte more", append(bytes.Clone(good), 0), nil)
			for i := range 8 * len(good) {
				bad := bytes.Clone(good)
				bad[i/8] ^= 1 << (i % 8)
				check(fmt.Sprintf("bit %d of byte %d flipped", i%8, i/8), bad, KeyRing{testKey})
				check(fmt.Sprintf("bit %d of byte %d flipped, no key", i%8, i/8), bad, nil)
			}
		}
	}
}

// TestOffsetIsNamed: damage is named where it is, also in the second file.
func TestOffsetIsNamed(t *testing.T) {
	fs := vfs.NewMem()
	sample(t, fs, "whole", Full, nil, 0)
	info := sample(t, fs, "d", Full, nil, 4096)
	if info.Files != 1 {
		t.Fatalf("%d files", info.Files)
	}
	r, err := Open(fs, "whole", nil)
	if err != nil {
		t.Fatal(err)
	}
	good := streamOf(t, r)
	// Two files, cut in the middle of the first block, damage in what follows.
	if err := fs.MkdirAll("two", 0o755); err != nil {
		t.Fatal(err)
	}
	const cut = headerLen + 40
	for _, at := range []int{headerLen + blockLen + 5, cut + 10} {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		write(t, fs, "two/"+partName(1), bad[:cut])
		write(t, fs, "two/"+partName(2), bad[cut:])
		_, err := readAll(fs, "two", nil)
		var c *dberr.CorruptError
		if !errors.As(err, &c) || c.File != "two/"+partName(1) || c.Offset != headerLen {
			t.Errorf("damage at %d: got %v", at, err)
		}
	}
	write(t, fs, "two/"+partName(1), good[:cut])
	write(t, fs, "two/"+partName(2), good[cut:])
	if _, err := readAll(fs, "two", nil); err != nil {
		t.Errorf("two good parts: %v", err)
	}
	bad := bytes.Clone(good)
	bad[len(bad)-1] ^= 1
	write(t, fs, "two/"+partName(2), bad[cut:])
	var c *dberr.CorruptError
	if _, err := readAll(fs, "two", nil); !errors.As(err, &c) || c.File != "two/"+partName(2) || c.Offset != int64(len(good)-cut-footerLen) {
		t.Errorf("damage in the footer: got %v", err)
	}
	write(t, fs, "two/"+partName(4), nil)
	if _, err := readAll(fs, "two", nil); !errors.As(err, &c) || c.File != "two/"+partName(3) {
		t.Errorf("missing part: got %v", err)
	}
}

// TestTamper: who changes an encrypted backup and mends every checksum is found out
// by whoever has the key.
func TestTamper(t *testing.T) {
	fs := vfs.NewMem()
	sample(t, fs, "b", Full, &testKey, 0)
	r, err := Open(fs, "b", KeyRing{testKey})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(b []byte){
		"block":       func(b []byte) { b[headerLen+blockLen+3] ^= 1 },
		"description": func(b []byte) { copy(b[bytes.Index(b, []byte("sample")):], "SAMPLE") },
	} {
		b := streamOf(t, r)
		change(b)
		mend(t, b)
		write(t, fs, "bad", b)
		if _, err := readAll(fs, "bad", nil); err != nil {
			t.Fatalf("%s: the checksums were not mended: %v", name, err)
		}
		if _, err := readAll(fs, "bad", KeyRing{testKey}); !errors.Is(err, dberr.ErrCorrupt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := contents(must(Open(fs, "b", nil))); dberr.As(err) == nil || dberr.As(err).Code != "BACKUP_KEY_MISSING" {
		t.Errorf("read without the key: %v", err)
	}
	if _, err := contents(must(Open(fs, "b", KeyRing{{1}}))); dberr.As(err) == nil || dberr.As(err).Code != "BACKUP_KEY_MISSING" {
		t.Errorf("read with another key: %v", err)
	}
}

func must(r *Reader, err error) *Reader {
	if err != nil {
		panic(err)
	}
	return r
}

// TestNewerFormat: a backup of a later format is no damage.
func TestNewerFormat(t *testing.T) {
	fs := vfs.NewMem()
	sample(t, fs, "b", Full, nil, 0)
	b := streamOf(t, must(Open(fs, "b", nil)))
	b[8] = 2
	mend(t, b)
	write(t, fs, "b", b)
	if _, err := Open(fs, "b", nil); !errors.Is(err, dberr.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

// FuzzBlock: what decodes encodes back to itself.
func FuzzBlock(f *testing.F) {
	var e encoder
	e.entry(&Entry{Key: []byte("a"), Value: []byte("1"), TS: 5})
	e.entry(&Entry{Key: []byte("ab"), TS: 3})
	f.Add(bytes.Clone(e.buf), true)
	e.reset()
	e.record(&wal.Record{Type: 1, Timestamp: 9, Payload: []byte("xyz")})
	e.record(&wal.Record{Type: 2, Timestamp: 10})
	f.Add(bytes.Clone(e.buf), false)
	f.Fuzz(func(t *testing.T, raw []byte, state bool) {
		var d decoder
		var e encoder
		var x Entry
		var r wal.Record
		d.reset(raw)
		for !d.done() {
			if state {
				if d.entry(&x) != nil {
					return
				}
				e.entry(&x)
			} else {
				if d.record(&r) != nil {
					return
				}
				e.record(&r)
			}
		}
		if !bytes.Equal(e.buf, raw) {
			t.Fatalf("%x decodes, and encodes to %x", raw, e.buf)
		}
	})
}

// FuzzOpen: no bytes make a reader panic, and what it accepts is the same when read
// again.
func FuzzOpen(f *testing.F) {
	for _, name := range []string{"v1-full.wbk", "v1-incremental.wbk", "v1-full-encrypted.wbk"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fs := vfs.NewMem()
		if !mendable(b) {
			return
		}
		mend(t, b) // so that what is behind the checksums is reached
		write(t, fs, "b", b)
		if s, err := readAll(fs, "b", KeyRing{testKey}); err == nil {
			if again, err := readAll(fs, "b", KeyRing{testKey}); err != nil || again != s {
				t.Fatalf("read %q and then %q, %v", s, again, err)
			}
		}
	})
}
