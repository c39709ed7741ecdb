// Package storage opens a store: a directory with its lock, its format file, its
// commit log, and the records that the log holds in memory; or nothing but memory.
//
// It promises that a directory is opened by one process at a time, that a
// directory of a newer format is refused before anything in it is touched, and
// that after Open every commit that was acknowledged with sync is there, however
// the process before ended. It owns the names in the directory. What happens
// inside a transaction is storage/txn's.
package storage

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// Store is an open store. Transactions are those of the embedded txn.Store.
type Store struct {
	*txn.Store
	id       [16]byte
	dir      string
	recovery Recovery
	log      *wal.Log
	lock     io.Closer
	close    func() error // once
}

// Recovery says what Open found.
type Recovery struct {
	Records    int64 // log records that were replayed
	Bytes      int64 // of log that were read
	TornBytes  int64 // cut off the end of the log: written before a crash, never acknowledged
	LastCommit txn.Timestamp
	Created    bool // the store is new
	Duration   time.Duration
}

// Open opens the store in dir, or makes a new one there. With BackendMemory, fs
// and dir are not used and may be nil and empty.
//
// Errors of class dberr.ErrLocked: another process has it open. ErrUnsupported:
// it was written by a newer version. ErrCorrupt: a file is damaged; the error
// names file and offset. ErrInvalid: the options are wrong.
func Open(fs vfs.FS, dir string, opts Options) (_ *Store, err error) {
	began := time.Now()
	opts = opts.withDefaults()
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	store, err := txn.New(opts.txnOptions())
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{Store: store, dir: dir}
	s.close = sync.OnceValue(func() error { return errors.Join(s.Store.Close(), s.release()) })
	if opts.Backend == BackendMemory {
		rand.Read(s.id[:]) // never fails
		s.recovery.Created = true
		store.Start(nil, 0)
		return s, nil
	}
	if err := s.openLocal(fs, opts); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, errors.Join(err, s.release()))
	}
	s.recovery.Duration = time.Since(began)
	return s, nil
}

// openLocal opens or makes the directory. On error the caller releases what was taken.
func (s *Store) openLocal(fs vfs.FS, opts Options) (err error) {
	if err := vfs.MkdirAll(fs, s.dir); err != nil {
		return err
	}
	if s.lock, err = vfs.Lock(fs, fs.PathJoin(s.dir, lockName)); err != nil {
		return err
	}
	if s.recovery.Created, err = s.openFormat(fs); err != nil {
		return err
	}
	progress := opts.progress()
	log, rec, err := wal.Open(fs, fs.PathJoin(s.dir, logName), s.id, opts.walOptions(), 0, func(r wal.Record) error {
		progress(r)
		return s.Replay(r)
	})
	if err != nil {
		return err
	}
	s.log = log
	s.recovery.Records, s.recovery.Bytes, s.recovery.TornBytes = rec.Records, rec.Bytes, rec.TornBytes
	s.recovery.LastCommit = txn.Timestamp(rec.LastTimestamp)
	s.Start(log, s.recovery.LastCommit)
	return nil
}

// Recovery says what Open found.
func (s *Store) Recovery() Recovery { return s.recovery }

// ID is the random identity that the store was given when it was made.
func (s *Store) ID() [16]byte { return s.id }

// Dir is the directory, empty in memory.
func (s *Store) Dir() string { return s.dir }

// Close waits for commits under way, syncs the log and lets go of the directory.
// Transactions that are still open can read on and be rolled back.
func (s *Store) Close() error {
	if err := s.close(); err != nil {
		return fmt.Errorf("close store %s: %w", s.dir, err)
	}
	return nil
}

// release closes the log and the lock, in this order.
func (s *Store) release() error {
	var errs []error
	if s.log != nil {
		errs = append(errs, s.log.Close())
		s.log = nil
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
		s.lock = nil
	}
	return errors.Join(errs...)
}
