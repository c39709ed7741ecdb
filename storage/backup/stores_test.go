package backup

import (
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// TestArchivesOfGoneStores: retention removes the archived log of a store that a restore
// has replaced once no full backup of it is left and it is old enough, and neither that
// of the store that is there, nor what others have put into the archive.
func TestArchivesOfGoneStores(t *testing.T) {
	fs := vfs.NewMem()
	began := time.Now()
	late := clock.NewManual(began)
	m, err := OpenManager(ManagerOptions{FS: fs, Dir: "backups", Compression: &noCompression, Clock: late})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	svc := NewService(ServiceOptions{Manager: m, Keep: 1, KeepFor: time.Hour, Clock: late, Archive: &ArchiveOptions{FS: fs, Dir: "archive", Compression: &noCompression}})
	life := func(dir string) (full Info, id [16]byte) {
		t.Helper()
		s := open(t, fs, dir)
		if err := errors.Join(svc.Attach(s), put(s, "a", "1")); err != nil {
			t.Fatal(err)
		}
		full, err := svc.Create(bg, CreateOptions{})
		if err == nil {
			err = errors.Join(put(s, "b", "2"), svc.FlushArchive(bg))
		}
		if err != nil {
			t.Fatal(err)
		}
		return full, s.ID()
	}
	there := func(id [16]byte) bool {
		t.Helper()
		list, err := pieces(fs, "archive/"+hex.EncodeToString(id[:]))
		if err != nil {
			t.Fatal(err)
		}
		_, err = fs.Stat("archive/" + hex.EncodeToString(id[:]))
		if (err == nil) != (len(list) > 0) {
			t.Errorf("%d pieces, though the directory: %v", len(list), err)
		}
		return len(list) > 0
	}
	retain := func() {
		t.Helper()
		if _, err := svc.Retain(); err != nil {
			t.Fatal(err)
		}
	}
	foreign := [16]byte{0xff}
	write := func(name string) {
		t.Helper()
		if err := vfs.MkdirAll(fs, fs.PathDir(name)); err != nil {
			t.Fatal(err)
		}
		f, err := fs.Create(name, vfs.CategoryBackup)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write("archive/" + hex.EncodeToString(foreign[:]) + "/" + pieceName(1, 2))
	_, first := life("one")
	if err := svc.Detach(bg); err != nil {
		t.Fatal(err)
	}
	full, second := life("two")
	retain()
	if !there(first) || !there(second) {
		t.Fatal("the archive of a store that has a full backup is gone")
	}
	late.Set(began.Add(30 * time.Minute))
	if err := svc.Detach(bg); err != nil {
		t.Fatal(err)
	}
	_, third := life("three")
	if deleted, err := m.Delete(full.ID, true); err != nil || len(deleted) != 1 {
		t.Fatal(deleted, err)
	}
	retain()
	if !there(second) {
		t.Error("the archive is gone before its time")
	}
	late.Set(began.Add(90 * time.Minute))
	write("backups/backup_20200101_000000") // a damaged backup that may be of any store
	retain()
	if !there(second) {
		t.Error("the archive is gone, though a damaged backup may need it")
	}
	if err := fs.Remove("backups/backup_20200101_000000"); err != nil {
		t.Fatal(err)
	}
	retain()
	if there(second) {
		t.Error("the archive of the second store is still there")
	}
	if !there(third) || !there(foreign) {
		t.Error("retention has removed too much")
	}
	if there(first) {
		t.Error("the archive of the first store, whose full backup was past its time, is still there")
	}
	if ids, err := m.archived(); err != nil || len(ids) != 1 || ids[0] != third {
		t.Errorf("remembered are %x, %v", ids, err)
	}
	if err := svc.Detach(bg); err != nil {
		t.Fatal(err)
	}
}

// TestStoresFile: the file of the stores that were archived is read as it was written,
// refuses everything else, and is begun anew where it is damaged.
func TestStoresFile(t *testing.T) {
	ids := [][16]byte{{1}, {2, 3}}
	text := string(encodeStores(ids))
	if want := "weft stores\nversion 1\n01000000000000000000000000000000\n02030000000000000000000000000000\ncheck 8021e0eb\n"; text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if got, reason := decodeStores(text); reason != "" || len(got) != 2 || got[1] != ids[1] {
		t.Errorf("%x, %s", got, reason)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		b := []byte(text)
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		if _, reason := decodeStores(string(b)); reason == "" {
			t.Errorf("taken for good:\n%s", b)
		}
		if n := r.IntN(len(text)); true {
			if _, reason := decodeStores(text[:n]); reason == "" {
				t.Errorf("the first %d bytes are taken for good", n)
			}
		}
	}
	fs, told := vfs.NewMem(), 0
	m, err := OpenManager(ManagerOptions{FS: fs, Dir: "b", Events: Events{ArchiveFailed: func(error) { told++ }}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	f, err := fs.Create("b/"+storesName, vfs.CategoryBackup)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(text[:30])); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := m.archived(); !errors.Is(err, dberr.ErrCorrupt) {
		t.Errorf("read of a damaged file: %v", err)
	}
	if err := m.remember([16]byte{9}); err != nil || told != 1 {
		t.Errorf("%v, told %d times", err, told)
	}
	if got, err := m.archived(); err != nil || len(got) != 1 || got[0] != [16]byte{9} {
		t.Errorf("%x, %v", got, err)
	}
}
