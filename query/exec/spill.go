package exec

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/storage/vfs"
)

// spillPrefix begins the names of temporary files.
const spillPrefix = "weft-spill-"

// categorySpill says for whose sake temporary files are written.
const categorySpill vfs.Category = "weft-spill"

// RemoveSpill removes the temporary files that a process which ended by force
// left in dir. No run may be using dir. A directory that is not there has none.
func RemoveSpill(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("list temporary files: %w", vfs.MapError(err))
	}
	var errs []error
	for _, name := range names {
		if strings.HasPrefix(name, spillPrefix) {
			errs = append(errs, fs.Remove(fs.PathJoin(dir, name)))
		}
	}
	return errors.Join(errs...)
}

// spillPlace is where the temporary files of a run are.
func (c *Context) spillPlace() (vfs.FS, string) {
	fs, dir := c.SpillFS, c.SpillDir
	if fs == nil {
		fs = vfs.OS()
	}
	if dir == "" {
		dir = os.TempDir()
	}
	return fs, dir
}

// spillSpace is the temporary files of one run.
type spillSpace struct {
	open  map[*spillFile]struct{}
	files int64
	bytes int64
	buf   []byte // of the block that is being written or read
}

// spillFile is rows on disk, in blocks (spillblock.go): written once, then read, any
// number of times. Rows may have a key. The last rows wait in memory until they fill
// a block.
type spillFile struct {
	c     *Context
	fs    vfs.FS
	f     vfs.File
	name  string // to be removed; "" where that is done
	types []sqltype.Type
	pend  *vec.Batch // rows that are not written yet,
	keys  spillKeys  // and their keys
	size  int64      // about the bytes of pend
	limit int64      // that make a block
	rows  int
	bytes int64        // written
	index []blockPlace // of the blocks
}

// blockPlace is where a block begins, and the number of its first row.
type blockPlace struct {
	off int64
	row int
}

// spillKeys is the keys of the rows of a block; rows without one have none in it.
type spillKeys struct {
	bytes []byte
	ends  []int
}

func (k *spillKeys) add(key []byte) {
	k.bytes = append(k.bytes, key...)
	k.ends = append(k.ends, len(k.bytes))
}

func (k *spillKeys) at(i int) []byte {
	if len(k.ends) == 0 {
		return nil
	}
	from := 0
	if i > 0 {
		from = k.ends[i-1]
	}
	return k.bytes[from:k.ends[i]]
}

func (k *spillKeys) reset() { k.bytes, k.ends = k.bytes[:0], k.ends[:0] }

var spillNumber atomic.Int64

// newSpillFile makes a file. It is removed at once where the system lets an open
// file live on, else when it is closed.
func newSpillFile(c *Context, types []sqltype.Type) (*spillFile, error) {
	fs, dir := c.spillPlace()
	name := fs.PathJoin(dir, fmt.Sprintf("%s%d-%d", spillPrefix, os.Getpid(), spillNumber.Add(1)))
	f, err := fs.Create(name, categorySpill)
	if errors.Is(err, os.ErrNotExist) { // the directory is made when it is first needed
		if err = fs.MkdirAll(dir, 0o700); err == nil {
			f, err = fs.Create(name, categorySpill)
		}
	}
	if err != nil {
		return nil, spillError("make temporary file", err)
	}
	s := &spillFile{c: c, fs: fs, f: f, name: name, types: types, pend: vec.NewBatch(types)}
	s.limit = min(max(c.budget()/1024, 1<<10), 64<<10)
	if fs.Remove(name) == nil {
		s.name = ""
	}
	if c.spill == nil {
		c.spill = &spillSpace{open: map[*spillFile]struct{}{}}
	}
	c.spill.open[s] = struct{}{}
	c.spill.files++
	return s, nil
}

// spillError is the error of a temporary file, of class ErrFull where the disk is full.
func spillError(what string, err error) error {
	if mapped := vfs.MapError(err); errors.Is(mapped, dberr.ErrFull) {
		e := dberr.SQL(dberr.StateDiskFull, "%s: the disk is full", what).
			WithHint("free space where query.spill_dir is, or raise query.memory_bytes")
		e.Class = dberr.ErrFull
		return e.Wrap(err)
	}
	return dberr.SQL(dberr.StateIOError, "%s", what).Wrap(err)
}

func (s *spillFile) close() error {
	if s == nil || s.f == nil {
		return nil
	}
	delete(s.c.spill.open, s)
	err := s.f.Close()
	s.f, s.pend = nil, nil
	if s.name != "" {
		err = errors.Join(err, s.fs.Remove(s.name))
	}
	if err != nil {
		return spillError("remove temporary file", err)
	}
	return nil
}

// closeSpill removes what operators have left.
func (c *Context) closeSpill() error {
	if c.spill == nil {
		return nil
	}
	var errs []error
	for s := range c.spill.open {
		errs = append(errs, s.close())
	}
	c.spill.buf = nil
	return errors.Join(errs...)
}

// add writes row i of cols. Either all rows of a file have a key, or all have nil.
func (s *spillFile) add(key []byte, cols []*vec.Vector, i int) error {
	if key != nil {
		s.keys.add(key)
	}
	s.size += int64(len(key))
	for k, col := range s.pend.Cols {
		col.AppendRow(cols[k], i)
		s.size += valueBytes(col)
	}
	s.pend.Len++
	s.rows++
	if s.pend.Len >= vec.BatchSize || s.size >= s.limit {
		return s.flush()
	}
	return nil
}

// valueBytes is about what the last value of a vector takes.
func valueBytes(v *vec.Vector) int64 {
	switch v.Type.Phys() {
	case sqltype.PhysString:
		return 16 + int64(len(v.S[len(v.S)-1]))
	case sqltype.PhysInt, sqltype.PhysFloat:
		return 8
	case sqltype.PhysAny:
		return anyBytes(v.A[len(v.A)-1])
	}
	return 24
}

// addBatch writes the live rows of b, without keys.
func (s *spillFile) addBatch(b *vec.Batch) error {
	for rows := live(b); len(rows) > 0; {
		n := min(len(rows), vec.BatchSize-s.pend.Len)
		part := vec.Batch{Len: b.Len, Sel: rows[:n], Cols: b.Cols}
		s.size += RowBytes(&part)
		s.pend.Append(&part)
		s.rows += n
		rows = rows[n:]
		if s.pend.Len >= vec.BatchSize || s.size >= s.limit {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes the rows that wait.
func (s *spillFile) flush() error {
	if s.pend.Len == 0 {
		return nil
	}
	space := s.c.spill
	b := appendBlock(append(space.buf[:0], 0, 0, 0, 0), s.pend, &s.keys)
	space.buf = b
	if int64(cap(b)) > 4*s.limit+1<<20 {
		space.buf = nil // one large value is not held for good
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	if _, err := s.f.Write(b); err != nil {
		return spillError("write temporary file", err)
	}
	s.index = append(s.index, blockPlace{s.bytes, s.rows - s.pend.Len})
	s.bytes += int64(len(b))
	space.bytes += int64(len(b))
	s.pend.Reset()
	s.keys.reset()
	s.size = 0
	return nil
}

// read begins reading; nothing is added to the file afterwards.
func (s *spillFile) read() (*spillReader, error) {
	if err := s.flush(); err != nil {
		return nil, err
	}
	return s.reader(), nil
}

func (s *spillFile) reader() *spillReader {
	return &spillReader{s: s, b: vec.NewBatch(s.types)}
}

// spillReader reads the blocks of a file from its start.
type spillReader struct {
	s    *spillFile
	off  int64
	b    *vec.Batch // the block that was read,
	keys spillKeys
	at   int // its row on which next stands, and
	left int // rows from there on
}

var errSpill = dberr.SQL(dberr.StateDataCorrupted, "temporary file is damaged")

// block reads the next block. The batch holds until the following call; nil at the end of
// what was written.
func (r *spillReader) block(ctx context.Context) (*vec.Batch, error) {
	if err := canceled(ctx); err != nil {
		return nil, err
	}
	if r.off >= r.s.bytes {
		return nil, nil
	}
	space := r.s.c.spill
	var head [4]byte
	if _, err := r.s.f.ReadAt(head[:], r.off); err != nil {
		return nil, spillError("read temporary file", err)
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n > r.s.bytes-r.off-4 {
		return nil, errSpill
	}
	if int64(cap(space.buf)) < n {
		space.buf = make([]byte, n)
	}
	buf := space.buf[:n]
	if _, err := r.s.f.ReadAt(buf, r.off+4); err != nil {
		return nil, spillError("read temporary file", err)
	}
	r.off += 4 + n
	if err := decodeBlock(buf, r.b, &r.keys); err != nil {
		return nil, err
	}
	return r.b, nil
}

// next moves to the next row; false at the end.
func (r *spillReader) next(ctx context.Context) (bool, error) {
	r.at++
	if r.left--; r.left > 0 {
		return true, nil
	}
	b, err := r.block(ctx)
	if b == nil || err != nil {
		r.left = 0
		return false, err
	}
	r.at, r.left = 0, b.Len
	return true, nil
}

// key is that of the row on which next stands.
func (r *spillReader) key() []byte { return r.keys.at(r.at) }

// appendTo adds the row on which next stands to cols.
func (r *spillReader) appendTo(cols []*vec.Vector) {
	for k, col := range cols {
		col.AppendRow(r.b.Cols[k], r.at)
	}
}
