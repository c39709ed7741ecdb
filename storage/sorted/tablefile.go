package sorted

import (
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	pvfs "github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weftdb/weft/storage/vfs"
)

// The engine writes and reads SSTables a block of a few KiB at a time. A call of the
// system for each costs as much as all the rest of a compaction, and to give way at each
// made one wait for a processor for most of its life. So what it writes is gathered, and
// what a compaction reads is read ahead.
const (
	gatherBytes = 128 << 10
	aheadBytes  = 64 << 10 // for each table that a compaction reads, of which there are a dozen
)

// The buffers are used again: a compaction makes a file after the other.
var (
	gatherBuffers = sync.Pool{New: func() any { return new([gatherBytes]byte) }}
	aheadBuffers  = sync.Pool{New: func() any { return new([aheadBytes]byte) }}
)

// isTable says that a file is an SSTable.
func isTable(name string) bool { return strings.HasSuffix(name, ".sst") }

// gatherFile is an SSTable being written. It has one user.
type gatherFile struct {
	vfs.File
	buf    *[gatherBytes]byte // nil once it is closed
	n      int                // bytes of it that are not written yet
	passed int64              // bytes that are
	err    error              // of a write before
}

func gather(f vfs.File) vfs.File {
	return &gatherFile{File: f, buf: gatherBuffers.Get().(*[gatherBytes]byte)}
}

// Write keeps what is small until there is more of it. An error of an earlier write
// comes with a later one, or with the sync that comes before the file counts.
func (f *gatherFile) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0 && f.err == nil; {
		k := copy(f.buf[f.n:], rest)
		rest = rest[k:]
		if f.n += k; f.n == gatherBytes {
			f.pass()
		}
	}
	if f.err != nil {
		return 0, f.err
	}
	return len(p), nil
}

// pass writes what was gathered. It is also where compactions let others run, which do
// nothing but work otherwise; see yieldEvery.
func (f *gatherFile) pass() {
	if f.n == 0 || f.err != nil {
		return
	}
	runtime.Gosched()
	_, f.err = f.File.Write(f.buf[:f.n])
	f.passed += int64(f.n)
	f.n = 0
}

// Sync implements vfs.File.
func (f *gatherFile) Sync() error {
	if f.pass(); f.err != nil {
		return f.err
	}
	return f.File.Sync()
}

// SyncData implements vfs.File.
func (f *gatherFile) SyncData() error {
	if f.pass(); f.err != nil {
		return f.err
	}
	return f.File.SyncData()
}

// SyncTo implements vfs.File.
func (f *gatherFile) SyncTo(length int64) (bool, error) {
	if length > f.passed {
		f.pass()
	}
	if f.err != nil {
		return false, f.err
	}
	return f.File.SyncTo(length)
}

// Close implements vfs.File. What was not synced before may be lost, as ever.
func (f *gatherFile) Close() error {
	if f.buf == nil {
		return f.File.Close()
	}
	f.pass()
	gatherBuffers.Put(f.buf)
	f.buf = nil
	return errors.Join(f.err, f.File.Close())
}

// readsAll says that a file is opened to be read from its begin to its end.
func readsAll(opts []pvfs.OpenOption) bool {
	return slices.Contains(opts, pvfs.SequentialReadsOption)
}

// aheadFile is an SSTable that is read in order. It has one user.
type aheadFile struct {
	vfs.File
	buf *[aheadBytes]byte // nil before the first read, and once it is closed
	off int64             // of its first byte
	n   int               // bytes of it
}

// ReadAt reads more than is asked for, where the next call will most likely want it.
func (f *aheadFile) ReadAt(p []byte, off int64) (int, error) {
	if off >= f.off && off+int64(len(p)) <= f.off+int64(f.n) {
		return copy(p, f.buf[off-f.off:]), nil
	}
	if len(p) > aheadBytes/2 {
		return f.File.ReadAt(p, off)
	}
	if f.buf == nil {
		f.buf = aheadBuffers.Get().(*[aheadBytes]byte)
	}
	n, err := f.File.ReadAt(f.buf[:], off)
	if err != nil && !errors.Is(err, io.EOF) {
		f.n = 0
		return f.File.ReadAt(p, off) // it may be behind what is asked for that cannot be read
	}
	f.off, f.n = off, n
	if n < len(p) {
		return copy(p, f.buf[:n]), err
	}
	return copy(p, f.buf[:]), nil
}

// Close implements vfs.File.
func (f *aheadFile) Close() error {
	if f.buf != nil {
		aheadBuffers.Put(f.buf)
		f.buf, f.n = nil, 0
	}
	return f.File.Close()
}
