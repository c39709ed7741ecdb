package backup

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/sorted"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/storage/wal"
)

// Restored says what a restore has brought back.
type Restored struct {
	Entries int64 // of the full backup
	Records int64 // of log
	Files   int   // that were read
	// Rebuild holds the new store, to be committed or aborted.
	Rebuild *storage.Rebuild
}

// Restore makes a store out of a chain, beside what is in dir: see
// storage.NewRebuild, also for open. Everything that is read is checked; once
// Restore has returned nil all of it is on stable storage, and Commit of the
// result puts it in its place. After an error nothing is left.
func Restore(ctx context.Context, fs vfs.FS, dir string, opts storage.Options, c *Chain, open bool) (_ *Restored, err error) {
	if err := c.Readable(); err != nil {
		return nil, err
	}
	b, err := storage.NewRebuild(fs, dir, opts, c.Full.info.To, open)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Abort())
		}
	}()
	r := &Restored{Rebuild: b, Files: c.Full.info.Files}
	for _, l := range c.Logs {
		r.Files += l.info.Files
	}
	entries := r.entries(ctx, c)
	err = b.Load(ctx, entries)
	entries.stop()
	if err != nil {
		return nil, err
	}
	err = c.Records(ctx, func(rec *wal.Record) error {
		r.Records++
		return b.Append(ctx, rec)
	})
	if err != nil {
		return nil, err
	}
	return r, b.Finish(ctx)
}

// errStopped ends the reading of entries that nobody asks for any more.
var errStopped = errors.New("stopped")

// puller makes entries that are pushed into ones that are pulled.
type puller struct {
	next func() (*sorted.Entry, error, bool)
	stop func()
}

// Next implements sorted.Entries.
func (p *puller) Next() (*sorted.Entry, error) {
	e, err, ok := p.next()
	if !ok {
		return nil, nil
	}
	return e, err
}

func (r *Restored) entries(ctx context.Context, c *Chain) *puller {
	next, stop := iter.Pull2(func(yield func(*sorted.Entry, error) bool) {
		var out sorted.Entry
		err := c.Entries(ctx, func(x *Entry) error {
			r.Entries++
			out = sorted.Entry{Key: x.Key, Value: x.Value, TS: x.TS, New: true}
			if !yield(&out, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	})
	return &puller{next: next, stop: stop}
}

// RestoreInto makes a store in dir out of a chain, where no process has one open. A
// store that is there is refused with code STORE_EXISTS unless replace is set; it is
// replaced in one step, once all of the backup has been read and checked.
func RestoreInto(ctx context.Context, fs vfs.FS, dir string, opts storage.Options, c *Chain, replace bool) (*Restored, error) {
	exists, err := storage.Exists(fs, dir)
	if err != nil {
		return nil, err
	}
	if exists && !replace {
		return nil, dberr.New(dberr.ErrExists, "STORE_EXISTS", "there is a store in %s already", dir).
			WithHint("name another directory, or say that it is to be replaced")
	}
	r, err := Restore(ctx, fs, dir, opts, c, false)
	if err != nil {
		return nil, fmt.Errorf("restore into %s: %w", dir, err)
	}
	if err := r.Rebuild.Commit(); err != nil {
		return nil, errors.Join(err, r.Rebuild.Abort())
	}
	return r, nil
}
