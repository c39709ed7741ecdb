package crypt

import (
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"sync"
	"unsafe"

	"github.com/weftdb/weft/storage/vfs"
)

// A file that is written in place: AES-256-XTS over sectors of 4 KiB, behind the
// header. XTS encrypts each 16 bytes by themselves, so what is written is rounded
// out to 16 bytes and nothing else changes on disk. Bytes that nobody wrote are zero
// on disk, as in a file with holes, and read as zeros; a sector of zeros is stored as
// it is, so that reserving space costs no encryption.
const (
	sectorLen = vfs.BlockSize
	unit      = 16
)

type inPlaceFile struct {
	vfs.File
	name   string
	cipher *xts
	pos    int64
	end    int64 // of Write: where the next one goes

	mu sync.Mutex // a write reads what it shares a unit with. Held over I/O.
}

func newInPlace(base vfs.File, name string, fk fileKey) *inPlaceFile {
	return &inPlaceFile{File: base, name: name, cipher: fk.inPlace()}
}

// ReadAt implements vfs.File.
func (f *inPlaceFile) ReadAt(p []byte, off int64) (int, error) {
	from := off - off%unit
	to := roundUp(off+int64(len(p)), unit)
	first := from - from%sectorLen
	bp := scratch.Get().(*[]byte)
	defer scratch.Put(bp)
	need := int(to - first)
	if cap(*bp) < need {
		*bp = make([]byte, need)
	}
	buf := (*bp)[:need]
	n, err := f.File.ReadAt(buf[from-first:], headerLen+from)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	n -= n % unit
	f.decrypt(buf[:int(from-first)+n], first, int(from-first))
	have := max(0, min(len(p), n-int(off-from)))
	copy(p[:have], buf[off-first:])
	if have < len(p) {
		return have, io.EOF
	}
	return have, nil
}

// decrypt turns buf[skip:] into plain bytes; buf begins with the sector at off. What is
// zero was never written.
func (f *inPlaceFile) decrypt(buf []byte, off int64, skip int) {
	for len(buf) > skip {
		n := min(sectorLen, len(buf))
		if skip < n && !isZero(buf[skip:n]) {
			holes := holesOf(buf[:n], skip)
			f.cipher.decrypt(buf[:n], uint64(off/sectorLen), skip)
			holes.clear(buf[:n])
		}
		buf, off, skip = buf[n:], off+int64(n), max(0, skip-n)
	}
}

// holes are the units of a sector that are zero, a bit each.
type holes [sectorLen / unit / 64]uint64

func holesOf(sector []byte, from int) (h holes) {
	for i := from; i < len(sector); i += unit {
		if binary.LittleEndian.Uint64(sector[i:])|binary.LittleEndian.Uint64(sector[i+8:]) == 0 {
			h[i/unit/64] |= 1 << (i / unit % 64)
		}
	}
	return h
}

func (h *holes) clear(sector []byte) {
	for i, word := range h {
		for ; word != 0; word &= word - 1 {
			at := (i*64 + bits.TrailingZeros64(word)) * unit
			clear(sector[at : at+unit])
		}
	}
}

// WriteAt implements vfs.File.
func (f *inPlaceFile) WriteAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	from, end := off-off%unit, off+int64(len(p))
	to := roundUp(end, unit)
	first := from - from%sectorLen
	buf := aligned(int(to - first))
	clear(buf[:off-first])
	clear(buf[end-first:])
	copy(buf[off-first:], p)
	if from < off {
		if err := f.edge(buf[from-first:off-first], from); err != nil {
			return 0, err
		}
	}
	if end < to {
		if err := f.edge(buf[end-first:], end); err != nil {
			return 0, err
		}
	}
	for s := buf; len(s) > 0; {
		n := min(sectorLen, len(s))
		if n < sectorLen || !isZero(s[:n]) {
			f.cipher.encrypt(s[:n], uint64((to-int64(len(s)))/sectorLen))
		}
		s = s[n:]
	}
	out := buf[from-first:]
	n, err := f.File.WriteAt(out, headerLen+from)
	if err == nil {
		return len(p), nil
	}
	if torn := n % unit; torn != 0 { // it may hold bytes of an earlier write: finish it
		at := n - torn
		if _, again := f.File.WriteAt(out[at:at+unit], headerLen+from+int64(at)); again != nil {
			err = errors.Join(err, again)
		}
	}
	return max(0, min(len(p), n-int(off-from))), err
}

// edge reads what a write shares a unit with; behind the end of the file it is zero.
func (f *inPlaceFile) edge(p []byte, off int64) error {
	if _, err := f.ReadAt(p, off); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// Write goes on where the last one ended.
func (f *inPlaceFile) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.end)
	f.end += int64(n)
	return n, err
}

// Read implements vfs.File.
func (f *inPlaceFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.pos)
	f.pos += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Stat implements vfs.File.
func (f *inPlaceFile) Stat() (vfs.FileInfo, error) {
	return sized(f.File, func(n int64) int64 { return max(0, n-headerLen) / unit * unit })
}

// Preallocate implements vfs.File.
func (f *inPlaceFile) Preallocate(offset, length int64) error {
	return f.File.Preallocate(headerLen+offset, length)
}

// Prefetch implements vfs.File.
func (f *inPlaceFile) Prefetch(offset, length int64) error {
	return f.File.Prefetch(headerLen+offset, length)
}

// SyncTo implements vfs.File.
func (f *inPlaceFile) SyncTo(length int64) (bool, error) { return f.File.SyncTo(headerLen + length) }

func roundUp(n, to int64) int64 { return (n + to - 1) / to * to }

// aligned returns n bytes that begin at a multiple of the block size in memory, as
// direct writes ask for.
func aligned(n int) []byte {
	b := make([]byte, n+vfs.BlockSize)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (vfs.BlockSize - 1))
	return b[skip : skip+n : skip+n]
}
