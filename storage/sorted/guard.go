package sorted

import (
	"io"
	"os"
	"strings"
	"sync/atomic"

	pvfs "github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weftdb/weft/storage/vfs"
)

// guard is the disk as the engine sees it. Once the store has failed, nothing can
// be changed through it: when the step that failed was the one that makes a change
// official, the engine would go on to remove the files of that change, though the
// change may have become official after all.
//
// Where that step fails (a manifest or a marker that cannot be written, a directory
// that cannot be synced) the guard fails the store and tells the engine that all is
// well, then and afterwards. The engine is made to die there: it panics, or goes on
// with books that do not fit together until it does. So it goes on in memory, where
// reads are served from, with all files still there, and the store tells its caller.
//
// A full disk is not to come to that. So the manifest has room reserved ahead of what
// it holds, and while no more can be had, no new file is created: what is left of the
// reserve is enough to make official what was under way.
type guard struct {
	vfs.FS
	books  string       // the directory whose names must be durable
	failed func() error // not nil once the store has failed
	fail   func(error)
	ahead  atomic.Pointer[reserve] // that of the manifest in use; nil before there is one
	moved  atomic.Int64            // bytes written
}

// Unwrap lets the engine find its own file system underneath.
func (g *guard) Unwrap() vfs.FS { return g.FS }

// official says that a file of this kind decides what is in the store.
func (g *guard) official(name, kind string) bool {
	return g.FS.PathDir(name) == g.books && strings.HasPrefix(g.FS.PathBase(name), kind)
}

func (g *guard) Create(name string, c vfs.Category) (vfs.File, error) {
	if g.official(name, "marker.") {
		return g.createMarker(name, c), nil
	}
	if err := g.failed(); err != nil {
		return nil, err
	}
	if g.official(name, "MANIFEST") {
		f, err := g.FS.Create(name, c)
		if err != nil {
			return nil, err
		}
		r := &reserve{file: f}
		g.ahead.Store(r)
		return &guardFile{File: f, guard: g, official: true, ahead: r}, nil
	}
	if err := g.ahead.Load().refused(); err != nil {
		return nil, err
	}
	f, err := g.FS.Create(name, c)
	if f, err = g.file(f, err, false); err == nil && isTable(name) {
		f = gather(f)
	}
	return f, err
}

// Open has what a compaction reads read ahead.
func (g *guard) Open(name string, opts ...pvfs.OpenOption) (vfs.File, error) {
	f, err := g.FS.Open(name, opts...)
	if err == nil && isTable(name) && readsAll(opts) {
		f = &aheadFile{File: f}
	}
	return f, err
}

// createMarker creates the file that makes another one official. The engine makes
// the names of both durable by one sync, after which a crash may have kept the
// marker alone; so the other one's is synced first.
func (g *guard) createMarker(name string, c vfs.Category) vfs.File {
	if g.failed() == nil {
		err := vfs.SyncDir(g.FS, g.books)
		if err == nil {
			var f vfs.File
			if f, err = g.FS.Create(name, c); err == nil {
				return &guardFile{File: f, guard: g, official: true}
			}
		}
		g.fail(err)
	}
	return &guardFile{File: noFile{}, guard: g, official: true}
}

// noFile stands for a marker that is not there. It is closed, and nothing else.
type noFile struct{ vfs.File }

func (noFile) Close() error { return nil }

func (g *guard) Link(oldname, newname string) error {
	if err := g.failed(); err != nil {
		return err
	}
	if err := g.ahead.Load().refused(); err != nil {
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
	if g.official(name, "marker.") { // the one in its place must be there to stay
		if err := vfs.SyncDir(g.FS, g.books); err != nil {
			g.fail(err)
			return err
		}
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

func (g *guard) file(f vfs.File, err error, official bool) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &guardFile{File: f, guard: g, official: official}, nil
}

// guardFile is one file that can be written.
type guardFile struct {
	vfs.File
	guard    *guard
	official bool     // what fails leaves in doubt what is in the store
	ahead    *reserve // of a manifest; else nil
}

// change does what changes the file, if that may be. It says how much was written,
// of n bytes.
func (f *guardFile) change(n int, do func() (int, error)) (int, error) {
	if err := f.guard.failed(); err != nil {
		if f.official {
			return n, nil
		}
		return 0, err
	}
	done, err := do()
	if err != nil && f.official {
		f.guard.fail(err)
		return n, nil
	}
	return done, err
}

func (f *guardFile) Write(p []byte) (int, error) {
	f.ahead.use(len(p))
	return f.change(len(p), func() (int, error) {
		n, err := f.File.Write(p)
		f.guard.moved.Add(int64(n))
		return n, err
	})
}

func (f *guardFile) WriteAt(p []byte, off int64) (int, error) {
	return f.change(len(p), func() (int, error) { return f.File.WriteAt(p, off) })
}

func (f *guardFile) Preallocate(offset, length int64) error {
	_, err := f.change(0, func() (int, error) { return 0, f.File.Preallocate(offset, length) })
	return err
}

func (f *guardFile) Sync() error {
	_, err := f.change(0, func() (int, error) { return 0, f.File.Sync() })
	return err
}

func (f *guardFile) SyncData() error {
	_, err := f.change(0, func() (int, error) { return 0, f.File.SyncData() })
	return err
}

// Close fails the store where what was to be made official may not have been kept.
// It closes the file in any case.
func (f *guardFile) Close() error {
	f.ahead.end()
	err := f.File.Close()
	if err != nil && f.official {
		f.guard.fail(err)
		return nil
	}
	return err
}
