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
// values and the books. Books that hold range drops have version 2, and others 1, as
// they always had.
const (
	formatVersion = 1
	booksVersion  = 2
)

// The file STORE, and the value of the books after its own magic, are
//
//	+-----------+-------------+---------------+---------+------------+
//	| magic (8) | version (4) | store id (16) | … books | crc32c (4) |
//	+-----------+-------------+---------------+---------+------------+
//
// little-endian, the checksum over all before it. Books are applied (8) and
// horizon (8), and in version 2 the number of drops (4), at least 1, and each of
// them; the file has none. A drop is
//
//	+--------------+------------------+-------+---------------------------------+-------+
//	| timestamp (8)| lower length (4) | lower | 1 + upper length, 0 is none (4) | upper |
//	+--------------+------------------+-------+---------------------------------+-------+
const (
	nameMagic  = "WEFTSST\n"
	booksMagic = "WEFTBKS\n"
	headBytes  = 8 + 4 + 16
	nameBytes  = headBytes + 4
	booksBytes = headBytes + 8 + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendHead(dst []byte, magic string, id [16]byte) []byte {
	return appendVersionedHead(dst, magic, formatVersion, id)
}

func appendVersionedHead(dst []byte, magic string, version uint32, id [16]byte) []byte {
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, version)
	return append(dst, id[:]...)
}

func seal(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

var errTooNew = errors.New("newer format")

// unseal checks magic, version and checksum, in the order that lets a newer format
// be told from damage. The body of version 1 has length bytes, that of a later one,
// up to newest, is for the caller to check.
func unseal(b []byte, magic string, newest uint32, length int) (body []byte, version uint32, id [16]byte, err error) {
	switch {
	case len(b) < headBytes || string(b[:8]) != magic:
		return nil, 0, id, errors.New("not in the format of this database")
	case len(b) < headBytes+4 || binary.LittleEndian.Uint32(b[len(b)-4:]) != crc32.Checksum(b[:len(b)-4], castagnoli):
		return nil, 0, id, errors.New("checksum mismatch")
	}
	version = binary.LittleEndian.Uint32(b[8:])
	if version > newest {
		return nil, 0, id, fmt.Errorf("%w %d; this version reads up to %d", errTooNew, version, newest)
	} else if version == 0 || version == 1 && len(b) != length {
		return nil, 0, id, fmt.Errorf("format %d of %d bytes does not exist", version, len(b))
	}
	copy(id[:], b[12:])
	return b[headBytes : len(b)-4], version, id, nil
}

func encodeBooks(b books, id [16]byte) []byte {
	version := uint32(formatVersion)
	if len(b.drops) > 0 {
		version = booksVersion
	}
	v := appendVersionedHead(make([]byte, 0, booksBytes), booksMagic, version, id)
	v = binary.LittleEndian.AppendUint64(v, b.applied)
	v = binary.LittleEndian.AppendUint64(v, b.horizon)
	if version == booksVersion {
		v = binary.LittleEndian.AppendUint32(v, uint32(len(b.drops)))
		for _, d := range b.drops {
			v = binary.LittleEndian.AppendUint64(v, d.TS)
			v = append(binary.LittleEndian.AppendUint32(v, uint32(len(d.Lower))), d.Lower...)
			if d.Upper == nil {
				v = binary.LittleEndian.AppendUint32(v, 0)
			} else {
				v = append(binary.LittleEndian.AppendUint32(v, uint32(len(d.Upper))+1), d.Upper...)
			}
		}
	}
	return seal(v)
}

func decodeBooks(v []byte) (b books, id [16]byte, err error) {
	body, version, id, err := unseal(v, booksMagic, booksVersion, booksBytes)
	if err != nil {
		return b, id, err
	}
	if len(body) < 16 {
		return b, id, fmt.Errorf("books of %d bytes do not exist", len(v))
	}
	b = books{applied: binary.LittleEndian.Uint64(body), horizon: binary.LittleEndian.Uint64(body[8:])}
	if version == booksVersion {
		if b.drops, err = decodeDrops(body[16:]); err != nil {
			return books{}, id, err
		}
	}
	return b, id, nil
}

func decodeDrops(body []byte) ([]Drop, error) {
	short := errors.New("the list of dropped ranges is not whole")
	number := func() (n uint32, ok bool) {
		if len(body) < 4 {
			return 0, false
		}
		n, body = binary.LittleEndian.Uint32(body), body[4:]
		return n, true
	}
	text := func(n uint32) ([]byte, bool) {
		if uint64(n) > uint64(len(body)) {
			return nil, false
		}
		b := append([]byte{}, body[:n]...)
		body = body[n:]
		return b, true
	}
	count, ok := number()
	if !ok || count == 0 || uint64(count) > uint64(len(body))/16 {
		return nil, short
	}
	drops := make([]Drop, count)
	for i := range drops {
		d := &drops[i]
		if len(body) < 8 {
			return nil, short
		}
		d.TS, body = binary.LittleEndian.Uint64(body), body[8:]
		n, ok1 := number()
		var ok2, ok3 bool
		if ok1 {
			d.Lower, ok2 = text(n)
		}
		n, ok1 = number()
		if ok3 = ok1; ok1 && n > 0 {
			d.Upper, ok3 = text(n - 1)
		}
		if !ok2 || !ok3 {
			return nil, short
		}
	}
	if len(body) > 0 {
		return nil, short
	}
	return drops, nil
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
	_, _, id, err := unseal(b, nameMagic, formatVersion, nameBytes)
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
