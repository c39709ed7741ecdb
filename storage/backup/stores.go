package backup

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// Each restore gives a store another id, and the archive keeps log by id. Which ids were
// archived from here is remembered in the file STORES among the backups, so that the log
// of stores that are gone can go, too, and an archive that others write into loses
// nothing of theirs.

const storesName = "STORES"

const storesMagic = "weft stores"

// encodeStores is the content of the file:
//
//	weft stores
//	version 1
//	00112233445566778899aabbccddeeff      an id whose log was archived
//	check 1c2d3e4f                        crc32c of the lines before
func encodeStores(ids [][16]byte) []byte {
	text := storesMagic + "\nversion 1\n"
	for _, id := range ids {
		text += hex.EncodeToString(id[:]) + "\n"
	}
	return fmt.Appendf(nil, "%scheck %08x\n", text, crc32.Checksum([]byte(text), castagnoli))
}

func decodeStores(text string) (ids [][16]byte, reason string) {
	lines := strings.SplitAfter(text, "\n")
	n := len(lines) - 2
	switch {
	case n < 2 || lines[0] != storesMagic+"\n" || lines[n+1] != "":
		return nil, "it does not begin with \"" + storesMagic + "\""
	case lines[n] != fmt.Sprintf("check %08x\n", crc32.Checksum([]byte(strings.Join(lines[:n], "")), castagnoli)):
		return nil, "the checksum does not match"
	case lines[1] != "version 1\n":
		return nil, "its version is not one that this program knows"
	}
	for _, line := range lines[2:n] {
		id, err := hex.DecodeString(strings.TrimSuffix(line, "\n"))
		if err != nil || len(id) != 16 {
			return nil, "it has a line that is no id"
		}
		ids = append(ids, [16]byte(id))
	}
	return ids, ""
}

func (m *Manager) storesPath() string { return m.opts.FS.PathJoin(m.opts.Dir, storesName) }

// archived lists the stores whose log was archived from here, those that are gone among
// them.
func (m *Manager) archived() ([][16]byte, error) {
	f, err := m.opts.FS.Open(m.storesPath())
	if errors.Is(vfs.MapError(err), dberr.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", m.storesPath(), vfs.MapError(err))
	}
	b, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", m.storesPath(), vfs.MapError(err))
	}
	ids, reason := decodeStores(string(b))
	if reason != "" {
		return nil, &dberr.CorruptError{File: m.storesPath(), Reason: reason}
	}
	return ids, nil
}

// remember notes that the log of a store is archived. A file that is damaged is begun
// anew; what it knew stays in the archive, for people.
func (m *Manager) remember(id [16]byte) error {
	ids, err := m.archived()
	if err != nil && !errors.Is(err, dberr.ErrCorrupt) || slices.Contains(ids, id) {
		return err
	}
	if f := m.opts.Events.ArchiveFailed; f != nil && err != nil {
		f(err)
	}
	return m.writeStores(append(ids, id))
}

func (m *Manager) writeStores(ids [][16]byte) error {
	fs, name := m.opts.FS, m.storesPath()
	tmp := name + ".tmp"
	f, err := fs.Create(tmp, vfs.CategoryBackup)
	if err != nil {
		return fmt.Errorf("create %s: %w", tmp, vfs.MapError(err))
	}
	_, err = f.Write(encodeStores(ids))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = fs.Rename(tmp, name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, vfs.MapError(err))
	}
	return vfs.SyncDir(fs, m.opts.Dir)
}

// trimArchive removes what was archived before the oldest full backup of each store, and
// all of stores that are gone and have none: nothing can be restored with it. It stays
// as long as a backup does that is of nobody knows which store.
func (s *Service) trimArchive() error {
	if s.o.Archive == nil {
		return nil
	}
	list, err := s.o.Manager.List()
	if err != nil {
		return err
	}
	oldest, unknown := map[[16]byte]txn.Timestamp{}, false
	for _, b := range list {
		unknown = unknown || b.State == Corrupted && b.Store == [16]byte{}
		if b.Kind != Full || b.State == Running {
			continue
		}
		if at, ok := oldest[b.Store]; !ok || b.To < at {
			oldest[b.Store] = b.To
		}
	}
	for store, at := range oldest {
		if _, err := TrimArchive(s.o.Archive.FS, s.o.Archive.Dir, store, at); err != nil {
			return err
		}
	}
	if unknown {
		return nil
	}
	return s.trimGone(oldest)
}

// trimGone removes the archives of stores that are gone and have none of the full
// backups, once their last log is older than what is kept in any case.
func (s *Service) trimGone(full map[[16]byte]txn.Timestamp) error {
	a, err := s.attached()
	if err != nil {
		return nil // the store is being exchanged: it is the next time's
	}
	defer a.done.Done()
	ids, err := s.o.Manager.archived()
	if err != nil {
		return err
	}
	limit := s.o.Clock.Now().Add(-s.o.KeepFor)
	var left [][16]byte
	for _, id := range ids {
		gone := false
		if _, ok := full[id]; !ok && id != a.s.ID() {
			if gone, err = removeArchive(s.o.Archive.FS, s.o.Archive.Dir, id, limit); err != nil {
				return err
			}
		}
		if !gone {
			left = append(left, id)
		}
	}
	if len(left) == len(ids) {
		return nil
	}
	return s.o.Manager.writeStores(left)
}

// removeArchive removes a store's archive where all of it is older than limit.
func removeArchive(fs vfs.FS, archive string, store [16]byte, limit time.Time) (gone bool, err error) {
	dir := fs.PathJoin(archive, hex.EncodeToString(store[:]))
	list, err := pieces(fs, dir)
	if err != nil || len(list) > 0 && list[len(list)-1].to.Time().After(limit) {
		return false, err
	}
	if _, err := TrimArchive(fs, archive, store, math.MaxUint64); err != nil {
		return false, err
	}
	rest, err := fs.List(dir)
	if errors.Is(vfs.MapError(err), dberr.ErrNotFound) {
		return true, nil // it never came to a piece
	}
	if err != nil {
		return false, fmt.Errorf("list %s: %w", dir, vfs.MapError(err))
	}
	if slices.ContainsFunc(rest, func(name string) bool { return !strings.HasSuffix(name, ".tmp") }) {
		return true, nil // with something that is not ours
	}
	if err := removeAll(fs, dir); err != nil {
		return false, err
	}
	return true, vfs.SyncDir(fs, archive)
}
