package storage

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/crypt"
	"github.com/weftdb/weft/storage/vfs"
)

// openEncryption returns what the directory looks like. A store that is encrypted
// is refused without its key, and one that is not is refused with a key, before
// anything is touched.
func openEncryption(fs vfs.FS, dir string, p crypt.Provider) (vfs.FS, error) {
	encrypted, err := crypt.Exists(fs, dir)
	if err != nil {
		return nil, fmt.Errorf("look for encryption: %w", vfs.MapError(err))
	}
	switch {
	case !encrypted && p == nil:
		return fs, nil
	case encrypted && p == nil:
		return nil, dberr.New(dberr.ErrInvalid, "ENCRYPTION_KEY_MISSING", "the store is encrypted, and no key was given").
			WithHint("give the key: storage.encryption.key_file, or another of storage.encryption")
	case encrypted:
		return crypt.Open(context.Background(), fs, dir, p, false)
	}
	_, err = fs.Stat(fs.PathJoin(dir, formatName))
	switch {
	case err == nil:
		return nil, dberr.New(dberr.ErrInvalid, "NOT_ENCRYPTED", "the store is not encrypted, but a key was given").
			WithHint("open it without a key; to encrypt it, back it up and restore into an empty directory with a key")
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("look for a store: %w", vfs.MapError(err))
	}
	return crypt.Open(context.Background(), fs, dir, p, true)
}

// RotateKey gives the encrypted store in dir a new store key that next guards, and
// rewraps the keys of all its files. From then on it opens with next only. The store
// must not be open. It returns the number of files.
func RotateKey(ctx context.Context, fs vfs.FS, dir string, old, next crypt.Provider) (files int, err error) {
	encrypted, err := crypt.Exists(fs, dir)
	switch {
	case err != nil:
		return 0, fmt.Errorf("rotate the key of %s: %w", dir, vfs.MapError(err))
	case !encrypted:
		return 0, dberr.New(dberr.ErrInvalid, "NOT_ENCRYPTED", "there is no encrypted store in %s", dir)
	}
	lock, err := vfs.Lock(fs, fs.PathJoin(dir, lockName))
	if err != nil {
		return 0, fmt.Errorf("rotate the key of %s: %w", dir, err)
	}
	files, err = crypt.Rotate(ctx, fs, dir, old, next)
	if err = errors.Join(err, lock.Close()); err != nil {
		return files, fmt.Errorf("rotate the key of %s: %w", dir, err)
	}
	return files, nil
}
