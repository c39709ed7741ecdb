package sorted

import (
	"context"
	"fmt"

	"github.com/weftdb/weft/storage/vfs"
)

// Checkpoint makes dir, which must not exist, a store of its own with the content
// of this one, and returns up to which timestamp that is. Files are linked where
// the file system can do that, so it takes milliseconds and space only as the
// stores move apart. A directory without the file STORE is one that was not
// finished: it is removed where an error is returned, and not opened.
func (s *Store) Checkpoint(ctx context.Context, dir string) (applied uint64, err error) {
	if err := s.beginWrite(ctx); err != nil {
		return 0, err
	}
	defer s.endWrite()
	applied = s.Applied()
	if _, err := s.fs.Stat(dir); !isMissing(err) {
		if err == nil {
			err = badInput("%s exists", dir)
		}
		return 0, s.wrap("checkpoint", err)
	}
	if err := s.checkpoint(dir); err != nil {
		if rm := s.fs.RemoveAll(dir); rm != nil && !isMissing(rm) && s.Failed() == nil {
			err = fmt.Errorf("%w (and %s could not be removed: %w)", err, dir, rm)
		}
		return 0, s.wrap("checkpoint", err)
	}
	return applied, nil
}

func (s *Store) checkpoint(dir string) error {
	if err := vfs.MkdirAll(s.fs, dir); err != nil {
		return err
	}
	if err := s.db.Checkpoint(s.fs.PathJoin(dir, engineDir)); err != nil {
		return err
	}
	return s.writeName(s.fs, dir)
}
