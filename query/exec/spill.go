package exec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// spillPattern names temporary files.
const spillPattern = "weft-spill-*"

// RemoveSpill removes the temporary files that a process which ended by force
// left in dir, where the system could not remove them at once. No run may be using dir.
func RemoveSpill(dir string) error {
	names, err := filepath.Glob(filepath.Join(spillDir(dir), spillPattern))
	if err != nil {
		return fmt.Errorf("list temporary files: %w", err)
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, os.Remove(name))
	}
	return errors.Join(errs...)
}

func spillDir(dir string) string {
	if dir == "" {
		return os.TempDir()
	}
	return dir
}

// spillSpace is the temporary files of one run.
type spillSpace struct {
	open  map[*spillFile]struct{}
	files int64
	bytes int64
}

// spillFile is rows on disk: written once, then read, any number of times.
type spillFile struct {
	c     *Context
	f     *os.File
	name  string // to be removed; "" where that is done
	w     *bufio.Writer
	types []sqltype.Type
	rows  int
	bytes int64
	buf   []byte
}

// newSpillFile makes a file. It is removed at once where the system lets an open
// file live on, else when it is closed.
func newSpillFile(c *Context, types []sqltype.Type) (*spillFile, error) {
	f, err := os.CreateTemp(spillDir(c.SpillDir), spillPattern)
	if err != nil {
		return nil, spillError("make temporary file", err)
	}
	s := &spillFile{c: c, f: f, name: f.Name(), w: bufio.NewWriterSize(f, 64<<10), types: types}
	if os.Remove(s.name) == nil {
		s.name = ""
	}
	if c.spill == nil {
		c.spill = &spillSpace{open: map[*spillFile]struct{}{}}
	}
	c.spill.open[s] = struct{}{}
	c.spill.files++
	return s, nil
}

func spillError(what string, err error) error {
	state := dberr.StateIOError
	if errors.Is(err, syscall.ENOSPC) {
		state = dberr.StateDiskFull
	}
	return dberr.SQL(state, "%s", what).Wrap(err)
}

func (s *spillFile) close() error {
	if s == nil || s.f == nil {
		return nil
	}
	delete(s.c.spill.open, s)
	err := s.f.Close()
	s.f = nil
	if s.name != "" {
		err = errors.Join(err, os.Remove(s.name))
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
	return errors.Join(errs...)
}

// add writes row i of cols with a key, which may be empty.
func (s *spillFile) add(key []byte, cols []*vec.Vector, i int) error {
	b := append(binary.AppendUvarint(s.buf[:0], uint64(len(key))), key...)
	for k, col := range cols {
		if col.IsNull(i) {
			b = append(b, 0)
			continue
		}
		from := len(b)
		b = append(b, 0) // room for a length of one byte
		b = sqltype.AppendValue(b, s.types[k], col.Get(i))
		if n := len(b) - from; n < 0x80 {
			b[from] = byte(n)
		} else {
			var size [binary.MaxVarintLen64]byte
			w := binary.PutUvarint(size[:], uint64(n))
			b = append(b, size[:w-1]...)
			copy(b[from+w:], b[from+1:len(b)-w+1])
			copy(b[from:], size[:w])
		}
	}
	s.buf = b
	var size [binary.MaxVarintLen64]byte
	w := binary.PutUvarint(size[:], uint64(len(b)))
	if _, err := s.w.Write(size[:w]); err != nil {
		return spillError("write temporary file", err)
	}
	if _, err := s.w.Write(b); err != nil {
		return spillError("write temporary file", err)
	}
	s.rows++
	s.bytes += int64(w + len(b))
	s.c.spill.bytes += int64(w + len(b))
	return nil
}

// spillReader reads a file from its start.
type spillReader struct {
	s   *spillFile
	r   *bufio.Reader
	key []byte // of the row that next read
	row []byte
	buf []byte
}

// read begins reading; nothing is added to the file afterwards.
func (s *spillFile) read(buffer int) (*spillReader, error) {
	if err := s.w.Flush(); err != nil {
		return nil, spillError("write temporary file", err)
	}
	return &spillReader{s: s, r: bufio.NewReaderSize(io.NewSectionReader(s.f, 0, s.bytes), buffer)}, nil
}

var errSpill = dberr.SQL(dberr.StateDataCorrupted, "temporary file is damaged")

// next reads the next row; false at the end.
func (r *spillReader) next() (bool, error) {
	n, err := binary.ReadUvarint(r.r)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, spillError("read temporary file", err)
	}
	if n > uint64(r.s.bytes) {
		return false, errSpill
	}
	if uint64(cap(r.buf)) < n {
		r.buf = make([]byte, n, 2*n)
	}
	r.buf = r.buf[:n]
	if _, err := io.ReadFull(r.r, r.buf); err != nil {
		return false, spillError("read temporary file", err)
	}
	k, w := binary.Uvarint(r.buf)
	if w <= 0 || k > uint64(len(r.buf)-w) {
		return false, errSpill
	}
	r.key, r.row = r.buf[w:w+int(k)], r.buf[w+int(k):]
	return true, nil
}

// appendTo adds the row that next read to cols.
func (r *spillReader) appendTo(cols []*vec.Vector) error {
	src := r.row
	for k, col := range cols {
		n, w := binary.Uvarint(src)
		if w <= 0 || n > uint64(len(src)-w)+1 {
			return errSpill
		}
		src = src[w:]
		if n == 0 {
			col.AppendDatum(sqltype.NullDatum)
			continue
		}
		d, err := sqltype.DecodeValue(r.s.types[k], src[:n-1])
		if err != nil {
			return fmt.Errorf("read temporary file: %w", err)
		}
		col.AppendDatum(d)
		src = src[n-1:]
	}
	return nil
}

// fill replaces the rows of out with up to a batch of rows; it returns how many.
func (r *spillReader) fill(out *vec.Batch) (int, error) {
	out.Reset()
	for out.Len < vec.BatchSize {
		ok, err := r.next()
		if !ok || err != nil {
			return out.Len, err
		}
		if err := r.appendTo(out.Cols); err != nil {
			return 0, err
		}
		out.Len++
	}
	return out.Len, nil
}
