package backup

import (
	"context"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/wal"
)

// Request says what is to be backed up, beside where to.
type Request struct {
	ID          string
	Description string
	CreatedBy   string
	Version     string // of the program
	// Parent makes the backup incremental: what was committed after it.
	Parent *Info
	// Progress, where set, is told now and then how much has been read.
	Progress func(items int64)
}

// progressEvery is how many items lie between two calls of Progress.
const progressEvery = 4096

// Create backs a store up while it is used. The backup is in the place that t
// names once Create has returned nil, and nothing is there otherwise.
//
// An incremental backup is refused with code BACKUP_PARENT where its parent is of
// another store or newer than it, and with LOG_TRUNCATED where the log after its
// parent is gone.
func Create(ctx context.Context, s *storage.Store, t Target, req Request) (info Info, err error) {
	info = Info{
		ID: req.ID, Kind: Full, Store: s.ID(), Created: s.Clock().Now().UTC().Truncate(time.Microsecond), Version: req.Version,
		Description: req.Description, CreatedBy: req.CreatedBy,
	}
	if req.Parent == nil {
		info, err = createFull(ctx, s, t, req, info)
	} else {
		info, err = createIncremental(ctx, s, t, req, info)
	}
	if err != nil {
		return Info{}, fmt.Errorf("back up store: %w", err)
	}
	return info, nil
}

func createFull(ctx context.Context, s *storage.Store, t Target, req Request, info Info) (_ Info, err error) {
	tx, err := s.Begin(ctx, txn.TxOptions{ReadOnly: true, AnyAge: true})
	if err != nil {
		return info, err
	}
	defer tx.Rollback()
	info.To = tx.ReadTimestamp()
	if err := s.SyncLog(ctx); err != nil { // what is in a backup must not be lost in the store
		return info, err
	}
	w, err := newWriter(t, info)
	if err != nil {
		return info, err
	}
	defer w.abort(&err)
	it := tx.Iter(txn.IterOptions{})
	defer func() { _ = it.Close() }() // Err is looked at
	for it.Next() {
		if w.enc.items%1024 == 0 && ctx.Err() != nil {
			return info, canceled(ctx)
		}
		if err := w.entry(&Entry{Key: it.Key(), Value: it.Value(), TS: uint64(it.Timestamp())}); err != nil {
			return info, err
		}
		report(req, w.enc.items)
	}
	if err := it.Err(); err != nil {
		return info, err
	}
	return w.finish()
}

func createIncremental(ctx context.Context, s *storage.Store, t Target, req Request, info Info) (Info, error) {
	parent := req.Parent
	info.Kind, info.Parent, info.From, info.To = Incremental, parent.ID, parent.To, s.LastCommit()
	switch {
	case parent.Store != info.Store:
		return info, dberr.New(dberr.ErrInvalid, "BACKUP_PARENT", "the parent backup is of store %s, and not of this one, %s: a restore makes a new store", parent.StoreID(), info.StoreID()).
			WithHint("make a full backup first")
	case parent.To > info.To:
		return info, dberr.New(dberr.ErrInvalid, "BACKUP_PARENT", "the parent backup is of %v, which is after the last commit of the store, %v", parent.To.Time(), info.To.Time())
	}
	return writeLog(ctx, s, t, req, info)
}

// writeLog writes the log of (info.From, info.To].
func writeLog(ctx context.Context, s *storage.Store, t Target, req Request, info Info) (_ Info, err error) {
	w, err := newWriter(t, info)
	if err != nil {
		return info, err
	}
	defer w.abort(&err)
	err = s.ReadLog(ctx, info.From, info.To, func(r wal.Record) error {
		if err := w.record(&r); err != nil {
			return err
		}
		report(req, w.enc.items)
		return nil
	})
	if ctx.Err() != nil {
		return info, canceled(ctx)
	}
	if e := dberr.As(err); e != nil && e.Code == "LOG_TRUNCATED" {
		return info, dberr.New(dberr.ErrInvalid, "LOG_TRUNCATED", "the log after %v is gone: checkpoints have cut it, and nothing kept it for the next incremental backup", info.From.Time()).
			WithHint("make a full backup; the log is kept while backup.incremental_schedule or backup.archive_dir is set").Wrap(err)
	}
	if err != nil {
		return info, err
	}
	return w.finish()
}

func report(req Request, items int64) {
	if req.Progress != nil && items%progressEvery == 0 {
		req.Progress(items)
	}
}
