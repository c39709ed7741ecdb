package sorted

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// formatVersion is the version of the store's format: the directory, the keys, the
// values and the books.
const formatVersion = 1

// The file STORE, and the value of the books after its own magic, are
//
//	+-----------+-------------+---------------+---------+------------+
//	| magic (8) | version (4) | store id (16) | … books | crc32c (4) |
//	+-----------+-------------+---------------+---------+------------+
//
// little-endian, the checksum over all before it. Books are applied (8) and
// horizon (8); the file has none.
const (
	nameMagic  = "WEFTSST\n"
	booksMagic = "WEFTBKS\n"
	headBytes  = 8 + 4 + 16
	nameBytes  = headBytes + 4
	booksBytes = headBytes + 8 + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendHead(dst []byte, magic string, id [16]byte) []byte {
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, formatVersion)
	return append(dst, id[:]...)
}

func seal(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

var errTooNew = errors.New("newer format")

// unseal checks magic, version, length and checksum, in the order that lets a newer
// format be told from damage.
func unseal(b []byte, magic string, length int) (body []byte, id [16]byte, err error) {
	switch {
	case len(b) < headBytes || string(b[:8]) != magic:
		return nil, id, errors.New("not in the format of this database")
	case len(b) < headBytes+4 || binary.LittleEndian.Uint32(b[len(b)-4:]) != crc32.Checksum(b[:len(b)-4], castagnoli):
		return nil, id, errors.New("checksum mismatch")
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v > formatVersion {
		return nil, id, fmt.Errorf("%w %d; this version reads up to %d", errTooNew, v, formatVersion)
	} else if v != formatVersion || len(b) != length {
		return nil, id, fmt.Errorf("format %d of %d bytes does not exist", v, len(b))
	}
	copy(id[:], b[12:])
	return b[headBytes : len(b)-4], id, nil
}

func encodeBooks(b books, id [16]byte) []byte {
	v := appendHead(make([]byte, 0, booksBytes), booksMagic, id)
	v = binary.LittleEndian.AppendUint64(v, b.applied)
	v = binary.LittleEndian.AppendUint64(v, b.horizon)
	return seal(v)
}

func decodeBooks(v []byte) (b books, id [16]byte, err error) {
	body, id, err := unseal(v, booksMagic, booksBytes)
	if err != nil {
		return b, id, err
	}
	return books{applied: binary.LittleEndian.Uint64(body), horizon: binary.LittleEndian.Uint64(body[8:])}, id, nil
}

func wrongID(dir string, got, want [16]byte) error {
	return dberr.New(dberr.ErrInvalid, "WRONG_STORE", "%s belongs to store %x, not %x", dir, got, want).
		WithHint("files of two stores have been mixed; restore the directory from its own backup")
}

// checkName reads STORE. It is false where there is none, as in a directory that no
// Open has finished with.
func (s *Store) checkName() (bool, error) {
	name := s.fs.PathJoin(s.dir, nameFile)
	b, err := readFile(s.fs, name, 4096)
	switch {
	case isMissing(err):
		return false, nil
	case err != nil:
		return false, err
	}
	_, id, err := unseal(b, nameMagic, nameBytes)
	switch {
	case errors.Is(err, errTooNew):
		return false, dberr.New(dberr.ErrUnsupported, "NEWER_FORMAT", "%s has a %s", s.dir, err).
			WithHint("open it with the version that wrote it, or a later one")
	case err != nil:
		return false, &dberr.CorruptError{File: name, Reason: err.Error()}
	case id != s.id:
		return false, wrongID(s.dir, id, s.id)
	}
	return true, nil
}

// writeName writes STORE, whole or not at all.
func (s *Store) writeName(fs vfs.FS, dir string) error {
	tmp := fs.PathJoin(dir, nameFile+".tmp")
	f, err := fs.Create(tmp, categoryStore)
	if err != nil {
		return err
	}
	_, err = f.Write(seal(appendHead(nil, nameMagic, s.id)))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fs.Rename(tmp, fs.PathJoin(dir, nameFile)); err != nil {
		return err
	}
	return vfs.SyncDir(fs, dir)
}

// categoryStore is whose sake the bytes are written for that flushes write.
const categoryStore vfs.Category = "weft-sorted"

// readFile reads a file of at most limit bytes.
func readFile(fs vfs.FS, name string, limit int64) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	return b, errors.Join(err, f.Close())
}
