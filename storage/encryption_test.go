package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/crypt"
	"github.com/weftdb/weft/storage/sorted"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

func testKey(t *testing.T, n byte) crypt.Provider {
	t.Helper()
	p, err := crypt.KeyFromBytes(bytes.Repeat([]byte{n}, crypt.KeyBytes), fmt.Sprintf("test key %d", n))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// each calls fn for every file under dir.
func each(t *testing.T, fs vfs.FS, dir string, fn func(name string, content []byte)) {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		path := fs.PathJoin(dir, n)
		info, err := fs.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			each(t, fs, path, fn)
			continue
		}
		f, err := fs.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		fn(path, b)
	}
}

func putPlain(t *testing.T, s *storage.Store, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := s.Update(t.Context(), txn.TxOptions{}, func(tx *txn.Tx) error {
			return tx.Put(fmt.Appendf(nil, "plain-key-%06d", i), bytes.Repeat([]byte("plain value "), 20))
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func countKeys(t *testing.T, s *storage.Store) (n int) {
	t.Helper()
	if err := s.View(t.Context(), func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			n++
		}
		return it.Err()
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestEncryptedStore: nothing of keys and values is on disk, the store opens with
// its key only, and a refusal touches nothing.
func TestEncryptedStore(t *testing.T) {
	fs := vfs.NewMem()
	opts := checkpointOptions
	opts.Encryption = testKey(t, 1)
	opts.Compression, opts.SegmentBytes = nil, 64<<10
	s, err := storage.Open(fs, "d", opts)
	if err != nil {
		t.Fatal(err)
	}
	putPlain(t, s, 0, 400)
	if _, err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	putPlain(t, s, 400, 500)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	state := map[string]string{}
	tables := 0
	each(t, fs, "d", func(name string, content []byte) {
		state[name] = string(content)
		if len(name) > 4 && name[len(name)-4:] == ".sst" {
			tables++
		}
		for _, secret := range []string{"plain-key", "plain value", "weft store", "MANIFEST"} {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%q is to be read in %s", secret, name)
			}
		}
	})
	if tables == 0 {
		t.Error("there is no SSTable: the test does not reach the sorted store")
	}
	for _, c := range []struct {
		key  crypt.Provider
		code string
	}{{nil, "ENCRYPTION_KEY_MISSING"}, {testKey(t, 2), "ENCRYPTION_KEY_WRONG"}} {
		o := opts
		o.Encryption = c.key
		_, err := storage.Open(fs, "d", o)
		wantCode(t, err, c.code)
	}
	each(t, fs, "d", func(name string, content []byte) {
		if state[name] != string(content) {
			t.Errorf("%s was changed by an Open that was refused", name)
		}
	})
	if s, err = storage.Open(fs, "d", opts); err != nil {
		t.Fatal(err)
	}
	if n := countKeys(t, s); n != 500 {
		t.Errorf("%d keys, want 500", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// The reverse: a plain store and a key.
	plain := vfs.NewMem()
	if s, err = storage.Open(plain, "d", storage.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = storage.Open(plain, "d", opts)
	wantCode(t, err, "NOT_ENCRYPTED")
	if _, err := storage.Open(nil, "", storage.Options{Backend: storage.BackendMemory, Encryption: testKey(t, 1)}); !errors.Is(err, dberr.ErrInvalid) {
		t.Errorf("in memory: got %v", err)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if e := dberr.As(err); e == nil || e.Code != code || e.Hint == "" {
		t.Errorf("got %v, want code %s and a hint", err, code)
	}
}

// TestRotateKey stops a rotation at every operation of the disk, pulls the plug, and
// wants the store to open with the one key or the other, and the rotation to end
// when it is run again.
func TestRotateKey(t *testing.T) {
	opts := checkpointOptions
	opts.Encryption = testKey(t, 1)
	base := vfs.NewCrashableMem()
	s, err := storage.Open(base, "d", opts)
	if err != nil {
		t.Fatal(err)
	}
	putPlain(t, s, 0, 60)
	if _, err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := storage.RotateKey(t.Context(), base, "d", testKey(t, 1), testKey(t, 2)); !errors.Is(err, dberr.ErrLocked) {
		t.Errorf("rotation of an open store: got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = storage.RotateKey(t.Context(), base, "d", testKey(t, 3), testKey(t, 2))
	wantCode(t, err, "ENCRYPTION_KEY_WRONG")
	for n := 1; ; n++ {
		r := rand.New(rand.NewPCG(uint64(n), 7))
		disk := base.CrashClone(vfs.CrashConfig{})
		fault := vfs.NewFault(disk, vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil))
		_, err := storage.RotateKey(context.Background(), fault, "d", testKey(t, 1), testKey(t, 2))
		done := fault.Ops() < n
		if done && err != nil {
			t.Fatal(err)
		}
		disk = crash(disk, r)
		old, next := testKey(t, 1), testKey(t, 2)
		opens := func(p crypt.Provider) bool {
			o := opts
			o.Encryption = p
			s, err := storage.Open(disk, "d", o)
			if err != nil {
				if e := dberr.As(err); e == nil || e.Code != "ENCRYPTION_KEY_WRONG" {
					t.Fatalf("stopped at operation %d: %v", n, err)
				}
				return false
			}
			if got := countKeys(t, s); got != 60 {
				t.Fatalf("stopped at operation %d: %d keys, want 60", n, got)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return true
		}
		with := next
		if !opens(next) {
			with = old
			if !opens(old) {
				t.Fatalf("stopped at operation %d: it opens with neither key", n)
			}
		}
		if _, err := storage.RotateKey(t.Context(), disk, "d", with, next); err != nil {
			t.Fatalf("stopped at operation %d, again: %v", n, err)
		}
		if opens(old) || !opens(next) {
			t.Fatalf("stopped at operation %d, again: want the new key alone", n)
		}
		if done {
			return
		}
	}
}

// list is entries that are there already.
type list []sorted.Entry

func (l *list) Next() (*sorted.Entry, error) {
	if len(*l) == 0 {
		return nil, nil
	}
	e := &(*l)[0]
	*l = (*l)[1:]
	return e, nil
}

// TestRebuildEncrypted: what a restore makes is encrypted, too, whether it takes the
// place of a store or makes one.
func TestRebuildEncrypted(t *testing.T) {
	fs, opts := vfs.NewMem(), checkpointOptions
	opts.Encryption = testKey(t, 1)
	for range 2 {
		b, err := storage.NewRebuild(fs, "d", opts, 7, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Load(t.Context(), &list{{Key: []byte("plain-key"), Value: []byte("plain value"), TS: 7, New: true}}); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(b.Finish(t.Context()), b.Commit()); err != nil {
			t.Fatal(err)
		}
		s, err := storage.Open(fs, "d", opts)
		if err != nil {
			t.Fatal(err)
		}
		if n := countKeys(t, s); n != 1 {
			t.Errorf("%d keys, want 1", n)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		each(t, fs, "d", func(name string, content []byte) {
			if bytes.Contains(content, []byte("plain")) {
				t.Errorf("plain bytes are in %s", name)
			}
		})
	}
	opts.Encryption = nil
	_, err := storage.NewRebuild(fs, "d", opts, 7, false)
	wantCode(t, err, "ENCRYPTION_KEY_MISSING")
}
