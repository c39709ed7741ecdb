package backup

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// partName is the nth file of a backup that is a directory, from 1.
func partName(n int) string { return fmt.Sprintf("part-%05d.wbk", n) }

const maxParts = 99_999

// partWriter writes a stream into one file, or into the files of a directory.
type partWriter struct {
	fs    vfs.FS
	path  string // of the file, or of the directory
	limit int64  // bytes of a file of a directory; 0 for one file
	f     vfs.File
	files int
	in    int64 // bytes in f
	total int64
}

// unfinished is what a file or directory is called while it is being written.
func unfinished(path string) string { return path + ".tmp" }

// newPartWriter begins a stream under the name unfinished(path). What was left
// there by one that never ended goes.
func newPartWriter(fs vfs.FS, path string, limit int64) (*partWriter, error) {
	w := &partWriter{fs: fs, path: path, limit: limit}
	if err := vfs.MkdirAll(fs, fs.PathDir(path)); err != nil {
		return nil, err
	}
	if err := removeAll(fs, unfinished(path)); err != nil {
		return nil, err
	}
	if limit > 0 {
		if err := fs.MkdirAll(unfinished(path), 0o700); err != nil {
			return nil, fmt.Errorf("create directory %s: %w", unfinished(path), vfs.MapError(err))
		}
	}
	return w, w.next()
}

func (w *partWriter) name() string {
	if w.limit == 0 {
		return unfinished(w.path)
	}
	return w.fs.PathJoin(unfinished(w.path), partName(w.files))
}

// next closes the file being written and begins another.
func (w *partWriter) next() error {
	if err := w.closeFile(); err != nil {
		return err
	}
	if w.files++; w.files > maxParts {
		return invalid("BACKUP_PARTS", "the backup needs more than %d files", maxParts).WithHint("let the files be larger")
	}
	f, err := w.fs.Create(w.name(), vfs.CategoryBackup)
	if err != nil {
		return fmt.Errorf("create %s: %w", w.name(), vfs.MapError(err))
	}
	w.f, w.in = f, 0
	return nil
}

func (w *partWriter) closeFile() error {
	if w.f == nil {
		return nil
	}
	err := w.f.Sync()
	if err = errors.Join(err, w.f.Close()); err != nil {
		err = fmt.Errorf("write %s: %w", w.name(), vfs.MapError(err))
	}
	w.f = nil
	return err
}

// Write implements io.Writer.
func (w *partWriter) Write(p []byte) (int, error) {
	n := 0
	for len(p) > 0 {
		chunk := p
		if w.limit > 0 {
			if w.in == w.limit {
				if err := w.next(); err != nil {
					return n, err
				}
			}
			chunk = p[:min(int64(len(p)), w.limit-w.in)]
		}
		m, err := w.f.Write(chunk)
		n, w.in, w.total = n+m, w.in+int64(m), w.total+int64(m)
		if err != nil {
			return n, fmt.Errorf("write %s: %w", w.name(), vfs.MapError(err))
		}
		p = p[m:]
	}
	return n, nil
}

// finish makes the stream durable and gives it its name.
func (w *partWriter) finish() error {
	if err := w.closeFile(); err != nil {
		return err
	}
	if w.limit > 0 {
		if err := vfs.SyncDir(w.fs, unfinished(w.path)); err != nil {
			return err
		}
	}
	if err := w.fs.Rename(unfinished(w.path), w.path); err != nil {
		return fmt.Errorf("rename %s: %w", unfinished(w.path), vfs.MapError(err))
	}
	return vfs.SyncDir(w.fs, w.fs.PathDir(w.path))
}

// abort removes what was written.
func (w *partWriter) abort() error {
	if w.f != nil {
		_ = w.f.Close() // the file goes
		w.f = nil
	}
	return removeAll(w.fs, unfinished(w.path))
}

func removeAll(fs vfs.FS, path string) error {
	if err := fs.RemoveAll(path); err != nil && !errors.Is(vfs.MapError(err), dberr.ErrNotFound) {
		return fmt.Errorf("remove %s: %w", path, vfs.MapError(err))
	}
	return nil
}

// part is a file of a stream.
type part struct {
	name  string
	bytes int64
}

// parts is a stream that is read.
type parts struct {
	fs    vfs.FS
	path  string
	list  []part
	total int64
}

// openParts finds the files of the backup at path.
func openParts(fs vfs.FS, path string) (*parts, error) {
	info, err := fs.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open backup %s: %w", path, vfs.MapError(err))
	}
	p := &parts{fs: fs, path: path}
	if !info.IsDir() {
		p.list, p.total = []part{{path, info.Size()}}, info.Size()
		return p, nil
	}
	names, err := fs.List(path)
	if err != nil {
		return nil, fmt.Errorf("open backup %s: %w", path, vfs.MapError(err))
	}
	there, highest := map[string]bool{}, 0
	for _, name := range names {
		var n int
		if _, err := fmt.Sscanf(name, "part-%05d.wbk", &n); err == nil && name == partName(n) {
			there[name], highest = true, max(highest, n)
		} else if !strings.HasPrefix(name, ".") {
			return nil, invalid("NOT_A_BACKUP", "%s is no backup: it holds %q", path, name)
		}
	}
	if highest == 0 {
		return nil, invalid("NOT_A_BACKUP", "%s is no backup: it holds no file named %s", path, partName(1))
	}
	for n := 1; n <= highest; n++ {
		name := fs.PathJoin(path, partName(n))
		if !there[partName(n)] {
			return nil, &dberr.CorruptError{File: name, Reason: "the file is missing"}
		}
		info, err := fs.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", name, vfs.MapError(err))
		}
		p.list = append(p.list, part{name, info.Size()})
		p.total += info.Size()
	}
	return p, nil
}

// corrupt is damage at an offset of the stream.
func (p *parts) corrupt(offset int64, format string, args ...any) error {
	e := &dberr.CorruptError{Reason: fmt.Sprintf(format, args...)}
	for _, f := range p.list {
		e.File, e.Offset = f.name, offset
		if offset < f.bytes {
			break
		}
		offset -= f.bytes
	}
	return e
}

// readAt fills b from an offset of the stream.
func (p *parts) readAt(b []byte, offset int64) (err error) {
	r := p.from(offset)
	defer func() { err = errors.Join(err, r.Close()) }()
	if _, err := io.ReadFull(r, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return p.corrupt(p.total, "it ends here, where %d bytes more are needed", offset+int64(len(b))-p.total)
		}
		return err
	}
	return nil
}

// from reads the stream from an offset on.
func (p *parts) from(offset int64) *partReader {
	r := &partReader{p: p}
	for r.i < len(p.list) && offset >= p.list[r.i].bytes {
		offset -= p.list[r.i].bytes
		r.i++
	}
	r.at = offset
	return r
}

type partReader struct {
	p  *parts
	i  int
	at int64 // in part i
	f  vfs.File
}

// Read implements io.Reader.
func (r *partReader) Read(b []byte) (int, error) {
	for r.i < len(r.p.list) {
		part := r.p.list[r.i]
		if left := part.bytes - r.at; left > 0 {
			if r.f == nil {
				f, err := r.p.fs.Open(part.name)
				if err != nil {
					return 0, fmt.Errorf("open %s: %w", part.name, vfs.MapError(err))
				}
				r.f = f
			}
			n, err := r.f.ReadAt(b[:min(int64(len(b)), left)], r.at)
			r.at += int64(n)
			if n > 0 || err == nil {
				return n, nil
			}
			if errors.Is(err, io.EOF) {
				return 0, &dberr.CorruptError{File: part.name, Offset: r.at, Reason: "the file became shorter while it was read"}
			}
			return 0, fmt.Errorf("read %s: %w", part.name, vfs.MapError(err))
		}
		if err := r.Close(); err != nil {
			return 0, err
		}
		r.i, r.at = r.i+1, 0
	}
	return 0, io.EOF
}

// Close closes the file that is open. Reading may go on.
func (r *partReader) Close() error {
	if r.f == nil {
		return nil
	}
	err := r.f.Close()
	r.f = nil
	return err
}
