// Package storage opens a store: a directory with its lock, its format file, its
// commit log and its sorted store, and memory in front of them; or nothing but
// memory.
//
// It promises that a directory is opened by one process at a time, that a
// directory of a newer format is refused before anything in it is touched, and
// that after Open every commit that was acknowledged with sync is there, however
// the process before ended. It owns the names in the directory, and the order in
// which the parts are opened: the sorted store says up to where it has everything,
// and the log is replayed from there. What happens inside a transaction, and when
// something moves from the log into the sorted store, is storage/txn's.
package storage

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weftdb/weft/storage/buffer"
	"github.com/weftdb/weft/storage/sorted"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// Store is an open store. Transactions are those of the embedded txn.Store.
type Store struct {
	*txn.Store
	id       [16]byte
	fs       vfs.FS // what the directory looks like, decrypted where it is encrypted; nil in memory
	dir      string
	base     string // where log and SSTables are: dir, or a directory in it
	recovery Recovery
	log      *wal.Log
	lock     io.Closer
	kept     kept
	sorted   atomic.Pointer[sorted.Store] // nil until the first checkpoint
	close    func() error                 // once
}

// Recovery says what Open found.
type Recovery struct {
	Records    int64 // log records that were replayed
	Bytes      int64 // of log that were read
	TornBytes  int64 // cut off the end of the log: written before a crash, never acknowledged
	LastCommit txn.Timestamp
	Applied    txn.Timestamp // what the sorted store had; the log was replayed from there
	Created    bool          // the store is new
	// Remains is why what a restore left over could not be removed, or nil. The next
	// Open tries again.
	Remains  error
	Duration time.Duration
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
	s := &Store{Store: store, dir: dir, base: dir}
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
	if fs, err = openEncryption(fs, s.dir, opts.Encryption); err != nil {
		return err
	}
	s.fs = fs
	if s.recovery.Created, err = s.openFormat(fs); err != nil {
		return err
	}
	if err := s.openKept(); err != nil {
		return err
	}
	applied, err := s.openSorted(fs, opts)
	if err != nil {
		return err
	}
	progress := opts.progress()
	logOpts := opts.walOptions()
	told := logOpts.Events.Failed
	logOpts.Events.Failed = func(err error) {
		s.LogFailed(err)
		if told != nil {
			told(err)
		}
	}
	log, rec, err := wal.Open(fs, fs.PathJoin(s.base, logName), s.id, logOpts, applied, func(r wal.Record) error {
		progress(r)
		return s.Replay(r)
	})
	s.log = log
	if replayed := s.Replayed(); err == nil {
		err = replayed
	}
	if err != nil {
		return err
	}
	s.recovery.Records, s.recovery.Bytes, s.recovery.TornBytes = rec.Records, rec.Bytes, rec.TornBytes
	s.recovery.LastCommit, s.recovery.Applied = txn.Timestamp(rec.LastTimestamp), txn.Timestamp(applied)
	s.Start(log, s.recovery.LastCommit)
	at := ""
	if s.base != s.dir {
		at = fs.PathBase(s.base)
	}
	s.recovery.Remains = removeRebuilt(fs, s.dir, at)
	return nil
}

// openSorted opens the sorted store, where there is one, and returns up to which
// timestamp it has everything. Where there is none, the first checkpoint makes it.
func (s *Store) openSorted(fs vfs.FS, opts Options) (applied uint64, err error) {
	dir := fs.PathJoin(s.base, sortedName)
	open := func() (*sorted.Store, error) {
		store, err := sorted.Open(fs, dir, s.id, opts.sortedOptions())
		if err != nil {
			return nil, err
		}
		s.sorted.Store(store)
		return store, nil
	}
	b := txn.Backing{Make: open, Cut: func(ts uint64) error { return s.log.TruncateBefore(ts) }}
	_, err = fs.Stat(dir)
	switch {
	case err == nil:
		if b.Sorted, err = open(); err != nil {
			return 0, err
		}
		applied = b.Sorted.Applied()
	case !errors.Is(err, os.ErrNotExist):
		return 0, fmt.Errorf("look for %s: %w", dir, vfs.MapError(err))
	}
	s.Back(b)
	return applied, nil
}

// Status is what a store holds and does.
type Status struct {
	buffer.Stats // records in memory
	txn.StoreStats
	LogBytes    int64 // of segments that hold records
	LogSegments int
	Sorted      sorted.Stats // zero before the first checkpoint
}

// Status may be called at any time.
func (s *Store) Status() Status {
	st := Status{Stats: s.Stats(), StoreStats: s.Activity()}
	if s.log != nil {
		for _, seg := range s.log.Segments() {
			st.LogBytes += seg.Bytes
			st.LogSegments++
		}
	}
	if sorted := s.Sorted(); sorted != nil {
		st.Sorted = sorted.Stats()
	}
	return st
}

// Sorted is the sorted store of a local store, nil before the first checkpoint and
// in memory. It is for looking, checking and copying: only the store writes to it.
func (s *Store) Sorted() *sorted.Store { return s.sorted.Load() }

// Log is the commit log of a local store, nil in memory. It is for reading and
// copying, with a hold (HoldLog) on what is to be read: only the store writes to it.
func (s *Store) Log() *wal.Log { return s.log }

// Recovery says what Open found.
func (s *Store) Recovery() Recovery { return s.recovery }

// ID is the random identity that the store was given when it was made.
func (s *Store) ID() [16]byte { return s.id }

// Dir is the directory, empty in memory.
func (s *Store) Dir() string { return s.dir }

// FS is the file system on which the directory is read: decrypted, where it is
// encrypted. Nil in memory.
func (s *Store) FS() vfs.FS { return s.fs }

// Close waits for commits under way, syncs the log and lets go of the directory,
// after a checkpoint where the log is long. Transactions that are still open can be
// rolled back, and read on what is in memory; it waits for iterators of theirs that
// read the sorted store.
func (s *Store) Close() error {
	if err := s.close(); err != nil {
		return fmt.Errorf("close store %s: %w", s.dir, err)
	}
	return nil
}

// release closes the log, the sorted store and the lock, in this order.
func (s *Store) release() error {
	var errs []error
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	if sorted := s.sorted.Load(); sorted != nil {
		errs = append(errs, sorted.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
		s.lock = nil
	}
	return errors.Join(errs...)
}
