package vfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weftdb/weft/internal/dberr"
)

// ErrInjected is inside every error that a Fault makes up.
var ErrInjected = errors.New("injected fault")

// OpKind says what is done to the disk.
type OpKind string

// The operations that a Fault sees. Closing a file, asking it for its size and
// joining paths are not among them.
const (
	OpCreate      OpKind = "create"
	OpLink        OpKind = "link"
	OpOpen        OpKind = "open"
	OpOpenDir     OpKind = "opendir"
	OpRemove      OpKind = "remove"
	OpRename      OpKind = "rename"
	OpMkdir       OpKind = "mkdir"
	OpLock        OpKind = "lock"
	OpList        OpKind = "list"
	OpStat        OpKind = "stat"
	OpRead        OpKind = "read"
	OpWrite       OpKind = "write"
	OpPreallocate OpKind = "preallocate"
	OpSync        OpKind = "sync"
)

// Writes says whether the operation changes the disk or makes a change durable.
func (k OpKind) Writes() bool {
	switch k {
	case OpOpen, OpOpenDir, OpList, OpStat, OpRead:
		return false
	}
	return true
}

// Op is one operation on the disk, about to happen.
type Op struct {
	N      int // 1 for the first operation that the Fault saw
	Kind   OpKind
	Path   string // the old name, where there are two
	Offset int64  // of reads and writes at an offset
	Length int    // of reads and writes
	Direct bool   // the file was opened by OpenDirect
}

// String is "#12 write d/0001.wal+4096 (512 bytes)".
func (o Op) String() string {
	return fmt.Sprintf("#%d %s %s+%d (%d bytes)", o.N, o.Kind, o.Path, o.Offset, o.Length)
}

// ShortWrite makes a write store its first Bytes bytes and then fail with Err.
type ShortWrite struct {
	Bytes int
	Err   error
}

// Error says how much was written.
func (s *ShortWrite) Error() string {
	return fmt.Sprintf("short write of %d bytes: %v", s.Bytes, s.Err)
}

// Unwrap gives the cause.
func (s *ShortWrite) Unwrap() error { return s.Err }

// Fault is a disk that asks a hook before each operation and fails where it
// returns an error. It is a DirectFS: over a file system that is not, a direct
// write is a write and a sync, and must be aligned.
type Fault struct {
	FS
	mu   sync.Mutex // guards n and calls of hook; held over neither disk nor other locks
	n    int
	hook func(Op) error
}

// NewFault returns fs with every operation shown to hook first. Calls of hook
// are one at a time.
func NewFault(fs FS, hook func(Op) error) *Fault { return &Fault{FS: fs, hook: hook} }

// FailFrom returns a hook that fails the nth operation that match accepts (nil
// accepts all) with an error around cause, and every later one too where forever
// is set, as a machine that lost its disk or its power would see it.
func FailFrom(n int, forever bool, cause error, match func(Op) bool) func(Op) error {
	seen := 0
	return func(op Op) error {
		if match != nil && !match(op) {
			return nil
		}
		seen++
		if seen == n || (forever && seen > n) {
			return fmt.Errorf("%s: %w: %w", op, ErrInjected, cause)
		}
		return nil
	}
}

// On returns a match for FailFrom: operations of the kinds (all, where none is
// given) on paths that contain part.
func On(part string, kinds ...OpKind) func(Op) bool {
	return func(op Op) bool {
		for _, k := range kinds {
			if op.Kind == k {
				return strings.Contains(op.Path, part)
			}
		}
		return len(kinds) == 0 && strings.Contains(op.Path, part)
	}
}

// Ops is the number of operations seen so far.
func (f *Fault) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

func (f *Fault) ask(kind OpKind, path string, offset int64, length int) error {
	return f.askOp(Op{Kind: kind, Path: path, Offset: offset, Length: length})
}

func (f *Fault) askOp(op Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	op.N = f.n
	return f.hook(op)
}

func (f *Fault) file(file File, err error, path string) (File, error) {
	if err != nil {
		return nil, err
	}
	return &faultFile{File: file, fault: f, path: path}, nil
}

// Unwrap gives the file system underneath.
func (f *Fault) Unwrap() FS { return f.FS }

// The operations of FS, each asked for first.

func (f *Fault) Create(name string, c Category) (File, error) {
	if err := f.ask(OpCreate, name, 0, 0); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name, c)
	return f.file(file, err, name)
}

func (f *Fault) Link(oldname, newname string) error {
	if err := f.ask(OpLink, oldname, 0, 0); err != nil {
		return err
	}
	return f.FS.Link(oldname, newname)
}

func (f *Fault) Open(name string, opts ...vfs.OpenOption) (File, error) {
	if err := f.ask(OpOpen, name, 0, 0); err != nil {
		return nil, err
	}
	file, err := f.FS.Open(name, opts...)
	return f.file(file, err, name)
}

func (f *Fault) OpenReadWrite(name string, c Category, opts ...vfs.OpenOption) (File, error) {
	if err := f.ask(OpCreate, name, 0, 0); err != nil {
		return nil, err
	}
	file, err := f.FS.OpenReadWrite(name, c, opts...)
	return f.file(file, err, name)
}

// OpenDirect implements DirectFS.
func (f *Fault) OpenDirect(name string) (File, error) {
	if err := f.ask(OpOpen, name, 0, 0); err != nil {
		return nil, err
	}
	if d, ok := f.FS.(DirectFS); ok {
		file, err := d.OpenDirect(name)
		if err != nil {
			return nil, err
		}
		return &faultFile{File: file, fault: f, path: name, direct: true}, nil
	}
	file, err := f.FS.OpenReadWrite(name, CategoryLog)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: file, fault: f, path: name, direct: true, emulated: true}, nil
}

func (f *Fault) OpenDir(name string) (File, error) {
	if err := f.ask(OpOpenDir, name, 0, 0); err != nil {
		return nil, err
	}
	file, err := f.FS.OpenDir(name)
	return f.file(file, err, name)
}

func (f *Fault) Remove(name string) error {
	if err := f.ask(OpRemove, name, 0, 0); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *Fault) RemoveAll(name string) error {
	if err := f.ask(OpRemove, name, 0, 0); err != nil {
		return err
	}
	return f.FS.RemoveAll(name)
}

func (f *Fault) Rename(oldname, newname string) error {
	if err := f.ask(OpRename, oldname, 0, 0); err != nil {
		return err
	}
	return f.FS.Rename(oldname, newname)
}

func (f *Fault) ReuseForWrite(oldname, newname string, c Category) (File, error) {
	if err := f.ask(OpRename, oldname, 0, 0); err != nil {
		return nil, err
	}
	file, err := f.FS.ReuseForWrite(oldname, newname, c)
	return f.file(file, err, newname)
}

func (f *Fault) MkdirAll(dir string, perm os.FileMode) error {
	if err := f.ask(OpMkdir, dir, 0, 0); err != nil {
		return err
	}
	return f.FS.MkdirAll(dir, perm)
}

func (f *Fault) Lock(name string) (io.Closer, error) {
	if err := f.ask(OpLock, name, 0, 0); err != nil {
		return nil, err
	}
	return f.FS.Lock(name)
}

func (f *Fault) List(dir string) ([]string, error) {
	if err := f.ask(OpList, dir, 0, 0); err != nil {
		return nil, err
	}
	return f.FS.List(dir)
}

func (f *Fault) Stat(name string) (FileInfo, error) {
	if err := f.ask(OpStat, name, 0, 0); err != nil {
		return nil, err
	}
	return f.FS.Stat(name)
}

// faultFile is one file of a Fault.
type faultFile struct {
	File
	fault    *Fault
	path     string
	direct   bool // opened by OpenDirect
	emulated bool // over a file system that has no direct writes: a sync follows each
}

func (f *faultFile) Read(p []byte) (int, error) {
	if err := f.fault.ask(OpRead, f.path, 0, len(p)); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fault.ask(OpRead, f.path, off, len(p)); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *faultFile) Write(p []byte) (int, error) {
	return f.write(p, 0, func(p []byte) (int, error) { return f.File.Write(p) })
}

func (f *faultFile) WriteAt(p []byte, off int64) (int, error) {
	if f.direct && (len(p)%BlockSize != 0 || off%BlockSize != 0) {
		return 0, fmt.Errorf("write %s: %w: direct write of %d bytes at %d is not aligned", f.path, dberr.ErrInvalid, len(p), off)
	}
	n, err := f.write(p, off, func(p []byte) (int, error) { return f.File.WriteAt(p, off) })
	if err == nil && f.emulated {
		err = f.File.Sync()
	}
	return n, err
}

func (f *faultFile) write(p []byte, off int64, do func([]byte) (int, error)) (int, error) {
	err := f.fault.askOp(Op{Kind: OpWrite, Path: f.path, Offset: off, Length: len(p), Direct: f.direct})
	var short *ShortWrite
	if errors.As(err, &short) {
		n, werr := do(p[:min(short.Bytes, len(p))])
		return n, errors.Join(err, werr)
	}
	if err != nil {
		return 0, err
	}
	return do(p)
}

func (f *faultFile) Preallocate(offset, length int64) error {
	if err := f.fault.ask(OpPreallocate, f.path, offset, int(length)); err != nil {
		return err
	}
	return f.File.Preallocate(offset, length)
}

func (f *faultFile) sync(do func() error) error {
	if err := f.fault.ask(OpSync, f.path, 0, 0); err != nil {
		return err
	}
	return do()
}

func (f *faultFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *faultFile) SyncData() error { return f.sync(f.File.SyncData) }
