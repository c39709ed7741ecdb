package sorted

import (
	"io"
	"os"
	"strings"

	pvfs "github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weftdb/weft/storage/vfs"
)

// guard is the disk as the engine sees it. Once the store has failed, nothing can
// be changed through it: when the step that failed was the one that makes a change
// official, the engine would go on to remove the files of that change, though the
// change may have become official after all. The engine tells of a manifest that
// could not be written; its directory, where it could not be synced, fails the
// store here.
type guard struct {
	vfs.FS
	books  string       // the directory whose names must be durable
	failed func() error // not nil once the store has failed
	fail   func(error)
}

// Unwrap lets the engine find its own file system underneath.
func (g *guard) Unwrap() vfs.FS { return g.FS }

func (g *guard) Create(name string, c vfs.Category) (vfs.File, error) {
	if err := g.failed(); err != nil {
		return nil, err
	}
	// A marker makes a file official that was created before it. The engine makes both
	// names durable by one sync, after which a crash may have kept the marker alone.
	if g.FS.PathDir(name) == g.books && strings.HasPrefix(g.FS.PathBase(name), "marker.") {
		if err := vfs.SyncDir(g.FS, g.books); err != nil {
			return nil, err
		}
	}
	f, err := g.FS.Create(name, c)
	return g.file(f, err, false)
}

func (g *guard) Link(oldname, newname string) error {
	if err := g.failed(); err != nil {
		return err
	}
	return g.FS.Link(oldname, newname)
}

func (g *guard) OpenReadWrite(name string, c vfs.Category, opts ...pvfs.OpenOption) (vfs.File, error) {
	if err := g.failed(); err != nil {
		return nil, err
	}
	f, err := g.FS.OpenReadWrite(name, c, opts...)
	return g.file(f, err, false)
}

func (g *guard) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	return g.file(f, err, name == g.books)
}

func (g *guard) Remove(name string) error {
	if err := g.failed(); err != nil {
		return err
	}
	return g.FS.Remove(name)
}

func (g *guard) RemoveAll(name string) error {
	if err := g.failed(); err != nil {
		return err
	}
	return g.FS.RemoveAll(name)
}

func (g *guard) Rename(oldname, newname string) error {
	if err := g.failed(); err != nil {
		return err
	}
	return g.FS.Rename(oldname, newname)
}

func (g *guard) ReuseForWrite(oldname, newname string, c vfs.Category) (vfs.File, error) {
	if err := g.failed(); err != nil {
		return nil, err
	}
	f, err := g.FS.ReuseForWrite(oldname, newname, c)
	return g.file(f, err, false)
}

func (g *guard) MkdirAll(dir string, perm os.FileMode) error {
	if err := g.failed(); err != nil {
		return err
	}
	return g.FS.MkdirAll(dir, perm)
}

// Lock does not change what is stored, so it is let through.
func (g *guard) Lock(name string) (io.Closer, error) { return g.FS.Lock(name) }

func (g *guard) file(f vfs.File, err error, fatal bool) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &guardFile{File: f, guard: g, fatal: fatal}, nil
}

// guardFile is one file that can be written.
type guardFile struct {
	vfs.File
	guard *guard
	fatal bool // a sync that fails leaves in doubt what is there
}

func (f *guardFile) Write(p []byte) (int, error) {
	if err := f.guard.failed(); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f *guardFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.guard.failed(); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

func (f *guardFile) Preallocate(offset, length int64) error {
	if err := f.guard.failed(); err != nil {
		return err
	}
	return f.File.Preallocate(offset, length)
}

func (f *guardFile) sync(do func() error) error {
	if err := f.guard.failed(); err != nil {
		return err
	}
	err := do()
	if err != nil && f.fatal {
		// The engine panics, in whatever goroutine, where it cannot sync its directory.
		// So it is not told, but can do no more either; the store tells its caller.
		f.guard.fail(err)
		return nil
	}
	return err
}

func (f *guardFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *guardFile) SyncData() error { return f.sync(f.File.SyncData) }
