package backup

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/compress"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// ArchiveOptions tunes an Archiver. FS and Dir are required.
type ArchiveOptions struct {
	FS  vfs.FS
	Dir string
	// Interval is how long a commit waits to be archived. Default 10 s.
	Interval time.Duration
	// PieceBytes is about how much log one file holds. Default 64 MiB.
	PieceBytes int64
	// MaxLogBytes bounds the log that is kept for the archive while it cannot be
	// written. Beyond it the archive gets a gap, and the store goes on. Default 16 GiB.
	MaxLogBytes int64
	// Compression of the pieces. Nil means zstd.
	Compression *compress.Codec
	Keys        Keys
	Version     string
	Events      Events
}

func (o ArchiveOptions) withDefaults() ArchiveOptions {
	if o.Interval == 0 {
		o.Interval = 10 * time.Second
	}
	if o.PieceBytes == 0 {
		o.PieceBytes = 64 << 20
	}
	if o.MaxLogBytes == 0 {
		o.MaxLogBytes = 16 << 30
	}
	if o.Compression == nil {
		o.Compression = &compress.Codec{Algorithm: compress.Zstd}
	}
	if o.Keys == nil {
		o.Keys = KeyRing(nil)
	}
	return o
}

// ArchiveStatus says how far an archive is.
type ArchiveStatus struct {
	Dir string
	// Begins is where the unbroken chain of pieces begins that ends at Archived.
	Begins, Archived txn.Timestamp
	LastCommit       txn.Timestamp
	LagBytes         int64 // of log that is not archived, whole segments counted
	Pieces           int64 // written by this process
	// Gap is set once the archive had to leave log out; a new full backup is needed.
	Gap      bool
	Err      error // why the last attempt failed; nil where it did not
	FailedAt time.Time
}

// Lag is how far the archive is behind the last commit.
func (s ArchiveStatus) Lag() time.Duration {
	if s.LastCommit <= s.Archived {
		return 0
	}
	return time.Duration(s.LastCommit - s.Archived)
}

// Archiver copies the log of a store into a directory as it grows. It keeps the log
// from being cut before it is copied.
type Archiver struct {
	s    *storage.Store
	o    ArchiveOptions
	dir  string // of this store
	hold *storage.KeptLog
	quit context.CancelFunc
	ctx  context.Context
	done sync.WaitGroup

	// pass lets one copy run at a time; it is held over I/O. Taken before mu.
	pass sync.Mutex
	mu   struct {
		sync.Mutex
		st ArchiveStatus
	}
}

// StartArchive begins to archive where the archive of the store ends. A store that
// has none yet is archived from the beginning of its log.
func StartArchive(s *storage.Store, o ArchiveOptions) (*Archiver, error) {
	a := &Archiver{s: s, o: o.withDefaults()}
	a.dir = a.o.FS.PathJoin(a.o.Dir, hex.EncodeToString(idOf(s)))
	if err := vfs.MkdirAll(a.o.FS, a.dir); err != nil {
		return nil, fmt.Errorf("archive the log: %w", err)
	}
	begins, ends, err := a.resume()
	if err != nil {
		return nil, fmt.Errorf("archive the log: %w", err)
	}
	a.mu.st = ArchiveStatus{Dir: a.dir, Begins: begins, Archived: ends, LastCommit: s.LastCommit()}
	if a.hold, err = s.KeepLog(archiveHold, ends); err != nil {
		return nil, fmt.Errorf("archive the log: %w", err)
	}
	a.ctx, a.quit = context.WithCancel(context.Background())
	a.done.Go(a.loop)
	return a, nil
}

// archiveHold is the name under which the log is kept for an archive.
const archiveHold = "archive"

func idOf(s *storage.Store) []byte { id := s.ID(); return id[:] }

// piece is a file of an archive, by its name.
type piece struct {
	name     string
	from, to txn.Timestamp
}

func pieceName(from, to txn.Timestamp) string { return fmt.Sprintf("%016x-%016x.wbk", from, to) }

// pieces lists the archive of a store, by where they end. No directory is none.
func pieces(fs vfs.FS, dir string) ([]piece, error) {
	names, err := fs.List(dir)
	if errors.Is(vfs.MapError(err), dberr.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list archive %s: %w", dir, vfs.MapError(err))
	}
	var list []piece
	for _, name := range names {
		p := piece{name: name}
		if _, err := fmt.Sscanf(name, "%016x-%016x.wbk", &p.from, &p.to); err == nil && name == pieceName(p.from, p.to) && p.from < p.to {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b piece) int { return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.from, b.from)) })
	return list, nil
}

// openPieces opens what an archive holds between from and to.
func openPieces(fs vfs.FS, archive string, store [16]byte, from, to txn.Timestamp, keys Keys) (list []*Reader, err error) {
	dir := fs.PathJoin(archive, hex.EncodeToString(store[:]))
	all, err := pieces(fs, dir)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.to <= from || p.from >= to {
			continue
		}
		r, err := Open(fs, fs.PathJoin(dir, p.name), keys)
		if err != nil {
			return nil, err
		}
		if i := r.info; i.Store != store || i.From != p.from || i.To != p.to || !i.Kind.holdsLog() {
			return nil, r.p.corrupt(0, "the piece is not what its name says")
		}
		list = append(list, r)
	}
	return list, nil
}

// OpenArchive opens the pieces of a store's archive that a restore of the time to
// may need after from.
func OpenArchive(fs vfs.FS, archive string, store [16]byte, from, to txn.Timestamp, keys Keys) ([]*Reader, error) {
	return openPieces(fs, archive, store, from, to, keys)
}

// resume finds where the archive ends. Pieces that do not open are not counted:
// their log is archived again where it is still there.
func (a *Archiver) resume() (begins, ends txn.Timestamp, err error) {
	fs := a.o.FS
	names, err := fs.List(a.dir)
	if err != nil {
		return 0, 0, fmt.Errorf("list %s: %w", a.dir, vfs.MapError(err))
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".tmp") {
			if err := removeAll(fs, fs.PathJoin(a.dir, name)); err != nil {
				return 0, 0, err
			}
		}
	}
	list, err := pieces(fs, a.dir)
	if err != nil {
		return 0, 0, err
	}
	for len(list) > 0 {
		last := list[len(list)-1]
		if _, err := Open(fs, fs.PathJoin(a.dir, last.name), nil); err == nil {
			break
		} else if !errors.Is(err, dberr.ErrCorrupt) {
			return 0, 0, err
		}
		if f := a.o.Events.ArchiveFailed; f != nil {
			f(&dberr.CorruptError{File: fs.PathJoin(a.dir, last.name), Reason: "the last piece of the archive does not open; its log is archived again"})
		}
		list = list[:len(list)-1]
	}
	if len(list) == 0 {
		return 0, 0, nil
	}
	ends = list[len(list)-1].to
	return chainBegin(list), ends, nil
}

// chainBegin is where the pieces begin from which on there is no gap up to the last.
func chainBegin(list []piece) txn.Timestamp {
	begins := list[len(list)-1].from
	for i := len(list) - 2; i >= 0; i-- {
		if list[i].to >= begins {
			begins = min(begins, list[i].from)
		}
	}
	return begins
}

func (a *Archiver) loop() {
	tick := time.NewTicker(a.o.Interval)
	defer tick.Stop()
	for {
		_ = a.Flush(a.ctx) // Status and Events tell
		select {
		case <-tick.C:
		case <-a.ctx.Done():
			return
		}
	}
}

// Stop ends the archiving, after a last copy of what was committed before. The
// context bounds that copy. The log behind it is kept, also by processes to come.
func (a *Archiver) Stop(ctx context.Context) error {
	a.quit()
	a.done.Wait()
	return a.Flush(ctx)
}

// Status says how far the archive is.
func (a *Archiver) Status() ArchiveStatus {
	a.mu.Lock()
	defer a.mu.Unlock()
	st := a.mu.st
	st.LastCommit = a.s.LastCommit()
	if st.LastCommit > st.Archived {
		st.LagBytes = a.s.LogBytes(st.Archived)
	}
	return st
}

// Flush archives what has been committed before the call.
func (a *Archiver) Flush(ctx context.Context) (err error) {
	a.pass.Lock()
	defer a.pass.Unlock()
	until := a.s.LastCommit()
	for at := a.Status().Archived; at < until && err == nil; {
		at, err = a.piece(ctx, at, until)
	}
	a.note(err, ctx)
	if err != nil {
		return fmt.Errorf("archive the log: %w", err)
	}
	return nil
}

// piece archives the next piece after at, and says where it ends.
func (a *Archiver) piece(ctx context.Context, at, until txn.Timestamp) (txn.Timestamp, error) {
	to, err := a.pieceEnd(ctx, at, until)
	if e := dberr.As(err); e != nil && e.Code == "LOG_TRUNCATED" {
		return a.skip(at, until, err)
	}
	if err != nil {
		return at, err
	}
	info := Info{Kind: Archive, Store: a.s.ID(), From: at, To: to, Created: a.s.Clock().Now().UTC().Truncate(time.Microsecond), Version: a.o.Version}
	t := Target{FS: a.o.FS, Path: a.o.FS.PathJoin(a.dir, pieceName(at, to)), Compression: *a.o.Compression}
	if k, ok := a.o.Keys.Current(); ok {
		t.Key = &k
	}
	if info, err = writeLog(ctx, a.s, t, Request{}, info); err != nil {
		return at, err
	}
	a.mu.Lock()
	a.mu.st.Archived = to
	a.mu.st.Pieces++
	a.mu.Unlock()
	if f := a.o.Events.Archived; f != nil {
		f(info)
	}
	return to, a.hold.Advance(to)
}

// errPieceFull ends the measuring of a piece.
var errPieceFull = errors.New("the piece is full")

// pieceEnd is where a piece of about PieceBytes ends.
func (a *Archiver) pieceEnd(ctx context.Context, at, until txn.Timestamp) (txn.Timestamp, error) {
	size, last := int64(0), at
	err := a.s.ReadLog(ctx, at, until, func(r wal.Record) error {
		if size >= a.o.PieceBytes {
			return errPieceFull
		}
		size += int64(len(r.Payload)) + 16
		last = txn.Timestamp(r.Timestamp)
		return nil
	})
	if errors.Is(err, errPieceFull) {
		return last, nil
	}
	return until, err
}

// skip goes on behind log that is gone. On a store that was never archived that is
// how it begins; otherwise it is a gap.
func (a *Archiver) skip(at, until txn.Timestamp, why error) (txn.Timestamp, error) {
	if err := a.hold.Advance(until); err != nil {
		return at, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if at != 0 {
		a.mu.st.Gap = true
	}
	a.mu.st.Begins, a.mu.st.Archived = until, until
	if at == 0 {
		return until, nil
	}
	return until, dberr.New(dberr.ErrNotFound, "ARCHIVE_GAP", "the log of %v to %v is gone: the archive goes on behind it, and times in between, and after until the next full backup, cannot be restored",
		at.Time().Format(time.RFC3339Nano), until.Time().Format(time.RFC3339Nano)).Wrap(why)
}

// note remembers how an attempt ended, and gives up what is held once that is too much.
func (a *Archiver) note(err error, ctx context.Context) {
	if err != nil && ctx.Err() != nil {
		return // told to stop: no trouble
	}
	a.mu.Lock()
	a.mu.st.Err = err
	if err != nil {
		a.mu.st.FailedAt = a.s.Clock().Now().UTC()
	}
	at := a.mu.st.Archived
	a.mu.Unlock()
	if err == nil {
		return
	}
	if f := a.o.Events.ArchiveFailed; f != nil {
		f(err)
	}
	if a.s.LogBytes(at) > a.o.MaxLogBytes {
		// Nothing is thrown away here, but the next checkpoint may. What it leaves is
		// archived once that works again.
		if err := a.hold.Advance(a.s.LastCommit()); err != nil && a.o.Events.ArchiveFailed != nil {
			a.o.Events.ArchiveFailed(err)
		}
	}
}

// TrimArchive removes the pieces of a store's archive that end at or before a
// timestamp.
func TrimArchive(fs vfs.FS, archive string, store [16]byte, before txn.Timestamp) (removed int, err error) {
	dir := fs.PathJoin(archive, hex.EncodeToString(store[:]))
	list, err := pieces(fs, dir)
	if err != nil {
		return 0, err
	}
	for _, p := range list {
		if p.to > before {
			continue
		}
		if err := fs.Remove(fs.PathJoin(dir, p.name)); err != nil {
			return removed, fmt.Errorf("remove %s: %w", fs.PathJoin(dir, p.name), vfs.MapError(err))
		}
		removed++
	}
	if removed > 0 {
		err = vfs.SyncDir(fs, dir)
	}
	return removed, err
}
