package wal

import (
	"errors"
	"fmt"
	"os"

	"github.com/weftdb/weft/storage/vfs"
)

// Create makes dir and in it the file of the first segment, empty, so that a log
// that has lost its files can be told from one that never had a record. It is
// for a directory that holds no log yet; Open does the rest.
func Create(fs vfs.FS, dir string) error {
	if err := vfs.MkdirAll(fs, dir); err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	name := fs.PathJoin(dir, fileName(segmentPrefix, 1))
	f, err := fs.OpenReadWrite(name, vfs.CategoryLog)
	if err != nil {
		return fmt.Errorf("create log: create %s: %w", name, vfs.MapError(err))
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("create log: sync %s: %w", name, vfs.MapError(err))
	}
	if err := vfs.SyncDir(fs, dir); err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	return nil
}

// Look says whether dir holds a segment file, and whether it holds more than
// Create makes: whether Open has been there.
func Look(fs vfs.FS, dir string) (exists, opened bool, err error) {
	names, err := fs.List(dir)
	if errors.Is(err, os.ErrNotExist) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("list %s: %w", dir, vfs.MapError(err))
	}
	for _, name := range names {
		_, segment := parseName(segmentPrefix, name)
		exists = exists || segment
		info, err := fs.Stat(fs.PathJoin(dir, name))
		if err != nil {
			return false, false, fmt.Errorf("stat %s: %w", fs.PathJoin(dir, name), vfs.MapError(err))
		}
		opened = opened || !segment || info.Size() > 0
	}
	return exists, opened, nil
}
