package vfs

import (
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Mem is a file system in memory: Pebble's, whose CrashClone may be called while others
// use it. Pebble's own holds a read lock over Link, Lock and ReuseForWrite that these take
// once more further in, which never ends where a CrashClone began to wait in between.
type Mem struct {
	*vfs.MemFS
	twice sync.RWMutex // held for reading by what takes Pebble's lock twice
}

// NewMem returns an empty file system in memory.
func NewMem() *Mem { return &Mem{MemFS: vfs.NewMem()} }

// NewCrashableMem returns an empty file system in memory whose CrashClone gives
// the disk as a power failure would leave it.
func NewCrashableMem() *Mem { return &Mem{MemFS: vfs.NewCrashableMem()} }

// CrashClone returns the file system as it might be after a power failure now: with all
// that was synced, and as much of the rest as cfg says. It panics unless m was made by
// NewCrashableMem, or is itself such a clone.
func (m *Mem) CrashClone(cfg CrashConfig) *Mem {
	m.twice.Lock()
	defer m.twice.Unlock()
	return &Mem{MemFS: m.MemFS.CrashClone(cfg)}
}

// Link implements FS.
func (m *Mem) Link(oldname, newname string) error {
	m.twice.RLock()
	defer m.twice.RUnlock()
	return m.MemFS.Link(oldname, newname)
}

// ReuseForWrite implements FS.
func (m *Mem) ReuseForWrite(oldname, newname string, category Category) (File, error) {
	m.twice.RLock()
	defer m.twice.RUnlock()
	return m.MemFS.ReuseForWrite(oldname, newname, category)
}

// Lock implements FS.
func (m *Mem) Lock(name string) (io.Closer, error) {
	m.twice.RLock()
	defer m.twice.RUnlock()
	return m.MemFS.Lock(name)
}
