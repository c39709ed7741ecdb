// Package crypt is a file system that keeps every file encrypted at rest.
//
// It wraps a vfs.FS: the log, the sorted store and whatever else writes through
// it see plain files, the disk sees a header and ciphertext. Each file has a random
// key of its own, wrapped by a store key in its header; the store keys are in one
// small file, wrapped by a key that comes from outside (see Provider).
//
// There are two kinds of files. What is written once, from front to back (Create),
// is sealed with AES-256-GCM in blocks of 4 KiB: a changed byte, a moved block, a cut
// end are errors that name file and offset. What is written in place
// (OpenReadWrite), which is the log, is encrypted with AES-256-XTS: a block can be
// written again without anything else being touched, so a torn write damages no
// more than it does in a plain file; that it was changed is found by the log's own
// checksums, as far as those go.
//
// It promises what the file system beneath promises for syncs and crashes: what was
// synced is there, whatever was on its way. It owns the first 4 KiB of every file
// and the file ENCRYPTION. It refuses a wrong key before anything is touched. It does
// not hide names, sizes and times of files, or that bytes of the log changed, and
// cannot tell an older state of the whole directory from the newest.
package crypt

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// FS is an encrypted file system. Safe for concurrent use as its base is.
type FS struct {
	vfs.FS // the base, for what has nothing to do with content
	keys   *Keyring
}

var _ vfs.DirectFS = (*FS)(nil)

// New returns the encrypted view of base. All files that are opened through it must
// have been made through it, but for empty ones.
func New(base vfs.FS, keys *Keyring) *FS { return &FS{FS: base, keys: keys} }

// Unwrap returns the base.
func (c *FS) Unwrap() vfs.FS { return c.FS }

// Create makes a file that is written once, from front to back. Readers see what
// was synced or closed.
func (c *FS) Create(name string, category vfs.Category) (vfs.File, error) {
	if err := c.FS.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	base, err := c.FS.OpenReadWrite(name, category)
	if err != nil {
		return nil, err
	}
	fk, err := c.begin(base, kindSealed)
	if err != nil {
		return nil, errors.Join(err, base.Close())
	}
	return newSealedWriter(base, name, fk), nil
}

// OpenReadWrite opens a file to be written in place, and makes it where it is
// missing. Its size is a multiple of 16. A file of Create can be read, but not
// written, through it.
func (c *FS) OpenReadWrite(name string, category vfs.Category, opts ...vfs.OpenOption) (vfs.File, error) {
	base, err := c.FS.OpenReadWrite(name, category, opts...)
	if err != nil {
		return nil, err
	}
	f, err := c.wrap(base, name, true)
	if err != nil {
		return nil, errors.Join(err, base.Close())
	}
	return f, nil
}

// OpenDirect opens a file that is written in place for durable writes.
func (c *FS) OpenDirect(name string) (vfs.File, error) {
	d, ok := c.FS.(vfs.DirectFS)
	if !ok {
		return nil, fmt.Errorf("open %s for direct writes: %w", name, dberr.ErrUnsupported)
	}
	plain, err := c.FS.Open(name) // a header is no matter for direct reads
	if err != nil {
		return nil, err
	}
	h, fk, err := c.header(plain, name)
	err = errors.Join(err, plain.Close())
	switch {
	case err != nil:
		return nil, err
	case h.kind != kindInPlace:
		return nil, fmt.Errorf("open %s for direct writes: it was not made to be written in place: %w", name, dberr.ErrUnsupported)
	}
	base, err := d.OpenDirect(name)
	if err != nil {
		return nil, err
	}
	return newInPlace(base, name, fk), nil
}

// Open opens a file for reading.
func (c *FS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	base, err := c.FS.Open(name, opts...)
	if err != nil {
		return nil, err
	}
	f, err := c.wrap(base, name, false)
	if err != nil {
		return nil, errors.Join(err, base.Close())
	}
	return f, nil
}

// ReuseForWrite makes newname as Create does and removes oldname: a file's key is
// used for one life.
func (c *FS) ReuseForWrite(oldname, newname string, category vfs.Category) (vfs.File, error) {
	if err := c.FS.Remove(oldname); err != nil {
		return nil, err
	}
	return c.Create(newname, category)
}

// Stat is that of the base, with the size of the plain content.
func (c *FS) Stat(name string) (vfs.FileInfo, error) {
	info, err := c.FS.Stat(name)
	if err != nil || info.IsDir() || info.Size() == 0 {
		return info, err
	}
	f, err := c.Open(name)
	if err != nil {
		return nil, err
	}
	info, err = f.Stat()
	return info, errors.Join(err, f.Close())
}

// begin writes the header of a new file.
func (c *FS) begin(base vfs.File, kind byte) (fk fileKey, err error) {
	rand.Read(fk[:]) // never fails
	h := c.keys.wrap(kind, fk)
	block := make([]byte, headerLen)
	h.put(block)
	_, err = base.WriteAt(block, 0)
	return fk, err
}

// header reads that of an existing file. The kind is 0 where there is none yet, which
// is written before anything else: the file is empty, or a crash or a failed write left
// less than the block of the header.
func (c *FS) header(base vfs.File, name string) (header, fileKey, error) {
	var h header
	var fk fileKey
	block := make([]byte, headerLen)
	n, err := base.ReadAt(block, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return h, fk, err
	}
	if unbegun(block[:n]) {
		return h, fk, nil
	}
	h, reason := decodeHeader(block)
	if reason != "" {
		return h, fk, &dberr.CorruptError{File: name, Reason: reason}
	}
	fk, err = c.keys.unwrap(h, name)
	return h, fk, err
}

// unbegun says whether a file that begins with b has no header yet.
func unbegun(b []byte) bool {
	n := min(len(b), len(magic))
	return isZero(b) || len(b) < headerLen && bytes.Equal(b[:n], magic[:n])
}

// wrap returns the plain view of an open file.
func (c *FS) wrap(base vfs.File, name string, write bool) (vfs.File, error) {
	h, fk, err := c.header(base, name)
	switch {
	case err != nil:
		return nil, err
	case h.kind == kindSealed:
		return openSealed(base, name, fk)
	case h.kind == kindInPlace:
		return newInPlace(base, name, fk), nil
	case !write:
		return emptyFile{base}, nil
	}
	if fk, err = c.begin(base, kindInPlace); err != nil {
		return nil, err
	}
	return newInPlace(base, name, fk), nil
}

// emptyFile is a file without content.
type emptyFile struct{ vfs.File }

func (emptyFile) Read([]byte) (int, error)          { return 0, io.EOF }
func (emptyFile) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }
func (f emptyFile) Stat() (vfs.FileInfo, error)     { return sized(f.File, func(int64) int64 { return 0 }) }

// fileInfo is a FileInfo with another size.
type fileInfo struct {
	vfs.FileInfo
	size int64
}

func (f fileInfo) Size() int64 { return f.size }

func sized(base vfs.File, size func(physical int64) int64) (vfs.FileInfo, error) {
	info, err := base.Stat()
	if err != nil {
		return nil, err
	}
	return fileInfo{info, size(info.Size())}, nil
}

func isZero(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
