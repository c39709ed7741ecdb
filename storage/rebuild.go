package storage

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/sorted"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// rebuiltPrefix begins the names of directories in which a Rebuild has put a store.
const rebuiltPrefix = "restored-"

// Rebuild makes a store out of what a backup holds, in a directory that may have a
// store already. What is there stays as it is, and may be open, until Commit puts
// the new one in its place in one step. The new store has an id of its own, so
// that nothing that was derived from the old one is taken for derived from it.
//
// Use: Load, Append any number of times, Finish, Commit; Abort in any case.
type Rebuild struct {
	fs      vfs.FS
	dir, at string
	id      [16]byte
	opts    Options
	applied txn.Timestamp
	lock    io.Closer // nil where the store in the directory is open
	log     *wal.Log
	ticket  wal.Ticket
	waiting int64 // bytes appended since the log was waited for
	done    bool  // finished: everything is on stable storage
	ended   bool  // committed or aborted
}

// NewRebuild begins a store whose content is that of the timestamp applied and
// after. Where open is set the directory's own store is open in this process, and
// is to be closed before Commit; otherwise the directory is locked until Commit or
// Abort, and made where it is missing.
func NewRebuild(fs vfs.FS, dir string, opts Options, applied txn.Timestamp, open bool) (_ *Rebuild, err error) {
	opts = opts.withDefaults()
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("rebuild store %s: %w", dir, err)
	}
	b := &Rebuild{fs: fs, dir: dir, opts: opts, applied: applied}
	rand.Read(b.id[:]) // never fails
	b.at = rebuiltPrefix + hex.EncodeToString(b.id[:8])
	if err := b.begin(open); err != nil {
		return nil, fmt.Errorf("rebuild store %s: %w", dir, errors.Join(err, b.Abort()))
	}
	return b, nil
}

func (b *Rebuild) begin(open bool) (err error) {
	if !open {
		if err := vfs.MkdirAll(b.fs, b.dir); err != nil {
			return err
		}
		if b.lock, err = vfs.Lock(b.fs, b.fs.PathJoin(b.dir, lockName)); err != nil {
			return err
		}
	}
	fs, err := openEncryption(b.fs, b.dir, b.opts.Encryption)
	if err != nil {
		return err
	}
	b.fs = fs
	at, err := rebuiltNow(b.fs, b.dir)
	if err != nil {
		return err
	}
	if err := vfs.SyncDir(b.fs, b.dir); err != nil { // the name may not be durable, and what it does not name goes
		return err
	}
	return removeRebuilt(b.fs, b.dir, at)
}

// ID is the id of the store that is made.
func (b *Rebuild) ID() [16]byte { return b.id }

func (b *Rebuild) base() string { return b.fs.PathJoin(b.dir, b.at) }

// Load brings in the state at the applied timestamp: the entries of it, keys
// ascending, none of them a deletion and none newer than that.
func (b *Rebuild) Load(ctx context.Context, entries sorted.Entries) (err error) {
	s, err := sorted.Open(b.fs, b.fs.PathJoin(b.base(), sortedName), b.id, b.opts.sortedOptions())
	if err != nil {
		return fmt.Errorf("rebuild store %s: %w", b.dir, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Flush(ctx, entries, uint64(b.applied), uint64(b.applied)); err != nil {
		return fmt.Errorf("rebuild store %s: %w", b.dir, err)
	}
	return nil
}

// openLog begins the log behind the applied timestamp.
func (b *Rebuild) openLog() error {
	if b.log != nil {
		return nil
	}
	dir := b.fs.PathJoin(b.base(), logName)
	if err := wal.Create(b.fs, dir); err != nil {
		return err
	}
	log, _, err := wal.Open(b.fs, dir, b.id, b.opts.walOptions(), uint64(b.applied), func(r wal.Record) error {
		return fmt.Errorf("a new log has a record of timestamp %d", r.Timestamp)
	})
	b.log = log
	return err
}

// appendBatch is how much is appended before the log is waited for.
const appendBatch = 4 << 20

// Append adds a log record; timestamps ascend from after the applied one.
func (b *Rebuild) Append(ctx context.Context, r *wal.Record) error {
	err := b.openLog()
	if err == nil {
		b.ticket, err = b.log.Append(r.Timestamp, r.Type, r.Payload)
		b.waiting += int64(len(r.Payload))
	}
	if err == nil && b.waiting >= appendBatch {
		b.waiting = 0
		err = b.log.Wait(ctx, b.ticket, false)
	}
	if err != nil {
		return fmt.Errorf("rebuild store %s: %w", b.dir, err)
	}
	return nil
}

// Finish makes all of it durable.
func (b *Rebuild) Finish(ctx context.Context) error {
	err := b.openLog()
	if err == nil {
		err = b.log.Sync(ctx)
	}
	if b.log != nil {
		err = errors.Join(err, b.log.Close())
		b.log = nil
	}
	if err == nil {
		err = vfs.SyncDir(b.fs, b.base())
	}
	if err == nil {
		err = vfs.SyncDir(b.fs, b.dir)
	}
	if err != nil {
		return fmt.Errorf("rebuild store %s: %w", b.dir, err)
	}
	b.done = true
	return nil
}

// Commit puts the new store in the place of the one in the directory, which must be
// closed by now, by writing the file FORMAT. An error leaves the old store, unless
// its class is dberr.ErrUndetermined: then the next Open tells which one is there.
// What the old one has left goes when the new one has been opened.
func (b *Rebuild) Commit() (err error) {
	if !b.done || b.ended {
		return dberr.New(dberr.ErrInvalid, "REBUILD_UNFINISHED", "rebuild store %s: it is not finished", b.dir)
	}
	if b.lock == nil {
		if b.lock, err = vfs.Lock(b.fs, b.fs.PathJoin(b.dir, lockName)); err != nil {
			return fmt.Errorf("rebuild store %s: %w", b.dir, err)
		}
	}
	name := b.fs.PathJoin(b.dir, formatName)
	if err := writeFile(b.fs, name, encodeFormat(b.id, b.at)); err != nil {
		if at, rerr := rebuiltNow(b.fs, b.dir); rerr == nil && at != b.at {
			return fmt.Errorf("rebuild store %s: %w", b.dir, err)
		}
		b.ended = true // it may be the store now: nothing of it is removed
		return dberr.New(dberr.ErrUndetermined, "REBUILD_UNDETERMINED", "the store %s may or may not have been replaced", b.dir).Wrap(errors.Join(err, b.unlock()))
	}
	b.ended = true
	return b.unlock()
}

func (b *Rebuild) unlock() error {
	if b.lock == nil {
		return nil
	}
	err := b.lock.Close()
	b.lock = nil
	return err
}

// Abort removes what was made, unless it was committed.
func (b *Rebuild) Abort() error {
	if b.ended {
		return nil
	}
	b.ended = true
	var errs []error
	if b.log != nil {
		_ = b.log.Close() // the files go
		b.log = nil
	}
	if err := removeTree(b.fs, b.base()); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(append(errs, b.unlock())...)
}

// rebuiltNow is where the store of a directory is, as its FORMAT says; empty where
// it is the directory itself, or there is none.
func rebuiltNow(fs vfs.FS, dir string) (at string, err error) {
	name := fs.PathJoin(dir, formatName)
	b, err := readFile(fs, name)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, vfs.MapError(err))
	}
	_, at, err = decodeFormat(name, b)
	return at, err
}

// rebuiltDirs lists the directories of rebuilt stores.
func rebuiltDirs(fs vfs.FS, dir string) (list []string, err error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, vfs.MapError(err))
	}
	for _, name := range names {
		if validAt(name) {
			list = append(list, name)
		}
	}
	return list, nil
}

// removeRebuilt removes what rebuilds have left that did not come to their end, and
// stores that one has replaced. It leaves the store at at.
func removeRebuilt(fs vfs.FS, dir, at string) error {
	list, err := rebuiltDirs(fs, dir)
	if err != nil {
		return err
	}
	if at != "" {
		list = append(list, logName, sortedName)
	}
	for _, name := range list {
		if name == at {
			continue
		}
		if err := removeTree(fs, fs.PathJoin(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func removeTree(fs vfs.FS, path string) error {
	if err := fs.RemoveAll(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", path, vfs.MapError(err))
	}
	return nil
}

// validAt says whether a name is that of a rebuilt store, and so leads nowhere else.
func validAt(name string) bool {
	digits, ok := strings.CutPrefix(name, rebuiltPrefix)
	b, err := hex.DecodeString(digits)
	return ok && err == nil && len(b) == 8 && hex.EncodeToString(b) == digits
}

func errUnfinished(dir string) error {
	return dberr.New(dberr.ErrUnavailable, "RESTORE_UNFINISHED", "the directory %s holds a restore that did not come to its end, and no store", dir).
		WithHint("run the restore again, or remove the directory")
}

// Exists says whether there is a store in dir.
func Exists(fs vfs.FS, dir string) (bool, error) {
	for _, name := range []string{formatName, logName} {
		_, err := fs.Stat(fs.PathJoin(dir, name))
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return false, fmt.Errorf("look for a store in %s: %w", dir, vfs.MapError(err))
		}
	}
	return false, nil
}
