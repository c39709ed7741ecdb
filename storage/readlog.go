package storage

import (
	"context"
	"errors"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/crypt"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// errEnough ends the reading of the log.
var errEnough = errors.New("enough")

// ReadLog hands the records of the log after since and up to until to fn, in
// order. Until must be visible; what is handed on is on stable storage, so it will
// not be taken back. Close must wait for it. A record is valid during the call.
//
// Errors with code LOG_TRUNCATED, of class dberr.ErrNotFound, before fn is called:
// records after since may be gone, since nothing held them (HoldLog). Class
// ErrUnsupported: the store has no log, being in memory.
func (s *Store) ReadLog(ctx context.Context, since, until txn.Timestamp, fn func(wal.Record) error) error {
	if s.log == nil {
		return dberr.New(dberr.ErrUnsupported, "NO_LOG", "a store in memory has no log")
	}
	if err := s.SyncLog(ctx); err != nil {
		return err
	}
	if until <= since {
		return nil
	}
	n := 0
	err := s.log.ReadFrom(uint64(since)+1, func(r wal.Record) error {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if r.Timestamp > uint64(until) {
			return errEnough
		}
		return fn(r)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// LogBytes is how much of the log holds records after since, whole segments counted.
func (s *Store) LogBytes(since txn.Timestamp) int64 {
	if s.log == nil {
		return 0
	}
	return s.log.BytesSince(uint64(since) + 1)
}

// LogDir is the directory of the log, empty in memory.
func (s *Store) LogDir() string {
	if s.fs == nil {
		return ""
	}
	return s.fs.PathJoin(s.base, logName)
}

// LogDirOf is the directory of the log of a store that is not opened, and what it
// looks like, for who wants to look into it.
func LogDirOf(fs vfs.FS, dir string, key crypt.Provider) (_ vfs.FS, logDir string, err error) {
	exists, err := Exists(fs, dir)
	if err != nil {
		return nil, "", err
	}
	if !exists {
		return nil, "", dberr.New(dberr.ErrNotFound, "NO_STORE", "there is no store in %s", dir)
	}
	if fs, err = openEncryption(fs, dir, key); err != nil {
		return nil, "", err
	}
	at, err := rebuiltNow(fs, dir)
	return fs, fs.PathJoin(dir, at, logName), err
}
