package crypt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/vfs"
)

// Rotate gives the store in dir a new store key, guarded by next, and wraps the key
// of every file in it again; the old store keys are gone afterwards, and old is not
// needed any more. Contents are not encrypted anew. Nobody may have the store open.
//
// It can be stopped at any point: the store then opens with next (or still with old,
// where it got no further than the beginning), and Rotate ends what was begun.
func Rotate(ctx context.Context, fs vfs.FS, dir string, old, next Provider) (files int, err error) {
	keys, err := load(ctx, fs, dir, old)
	if err != nil {
		return 0, err
	}
	fresh, err := newStoreKey(ctx, next)
	if err != nil {
		return 0, fmt.Errorf("make a store key with %s: %w", next, err)
	}
	for i := range keys {
		if keys[i].wrapped, err = next.Wrap(ctx, keys[i].key[:]); err != nil {
			return 0, fmt.Errorf("lock the store keys with %s: %w", next, err)
		}
	}
	keys = append(keys, fresh)
	if err := save(fs, dir, keys); err != nil {
		return 0, err
	}
	ring := newKeyring(keys)
	if files, err = rewrapDir(ctx, fs, dir, dir, ring); err != nil {
		return files, fmt.Errorf("%w; the store opens with %s, run the rotation again to end it", err, next)
	}
	return files, save(fs, dir, keys[len(keys)-1:])
}

func rewrapDir(ctx context.Context, fs vfs.FS, root, dir string, ring *Keyring) (files int, err error) {
	names, err := fs.List(dir)
	if err != nil {
		return 0, fmt.Errorf("list %s: %w", dir, vfs.MapError(err))
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return files, err
		}
		path := fs.PathJoin(dir, name)
		info, err := fs.Stat(path)
		if err != nil {
			return files, fmt.Errorf("stat %s: %w", path, vfs.MapError(err))
		}
		n := 0
		switch {
		case info.IsDir():
			n, err = rewrapDir(ctx, fs, root, path, ring)
		case info.Size() == 0, dir == root && (name == FileName || name == FileName+".tmp"):
		default:
			n, err = rewrapFile(fs, path, ring)
		}
		files += n
		if err != nil {
			return files, err
		}
	}
	return files, nil
}

// rewrapFile writes the second copy of the header and then the first, each durable
// before the next, so that one of them is whole at any time.
func rewrapFile(fs vfs.FS, name string, ring *Keyring) (int, error) {
	f, err := fs.Open(name)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", name, vfs.MapError(err))
	}
	block := make([]byte, headerLen)
	n, err := f.ReadAt(block, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("read %s: %w", name, vfs.MapError(err))
	}
	if unbegun(block[:n]) || n < len(magic) || !bytes.Equal(block[:len(magic)], magic) && !bytes.Equal(block[secondHeader:][:len(magic)], magic) {
		return 0, nil // nothing in it, or not of this file system, such as a backup
	}
	h, reason := decodeHeader(block)
	if reason != "" {
		return 0, &dberr.CorruptError{File: name, Reason: reason}
	}
	fk, err := ring.unwrap(h, name)
	if err != nil {
		return 0, err
	}
	h = ring.wrap(h.kind, fk)
	if f, err = fs.OpenReadWrite(name, fileCategory); err != nil {
		return 0, fmt.Errorf("open %s: %w", name, vfs.MapError(err))
	}
	for _, at := range []int64{secondHeader, 0} {
		if _, err = f.WriteAt(h.bytes(), at); err == nil {
			err = f.Sync()
		}
		if err != nil {
			break
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("write the encryption header of %s: %w", name, vfs.MapError(err))
	}
	return 1, nil
}
