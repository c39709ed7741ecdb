package vfs

import (
	"errors"
	"fmt"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"

	"github.com/weftdb/weft/internal/dberr"
)

var _ DirectFS = osFS{}

// OpenDirect opens name with O_DIRECT and O_DSYNC.
func (o osFS) OpenDirect(name string) (File, error) {
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_DIRECT|unix.O_DSYNC|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP):
		return nil, fmt.Errorf("open %s for direct writes: %w: %w", name, dberr.ErrUnsupported, err)
	case err != nil:
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return directFile{os.NewFile(uintptr(fd), name)}, nil
}

// directFile is an operating system file whose writes are durable on return.
type directFile struct{ *os.File }

func (f directFile) Preallocate(offset, length int64) error {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, offset, length)
}
func (f directFile) Stat() (FileInfo, error)     { return vfs.Default.Stat(f.Name()) }
func (f directFile) Prefetch(int64, int64) error { return nil }
func (f directFile) SyncData() error             { return unix.Fdatasync(int(f.Fd())) }
func (f directFile) SyncTo(int64) (bool, error)  { return true, f.SyncData() }
