package backup

import (
	"context"
	"fmt"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/wal"
)

// Latest as the time of a restore means: as far as there is log.
const Latest = txn.Timestamp(1<<64 - 1)

// Chain is what a restore is made from: a full backup, and pieces of log that go
// on from it without a gap.
type Chain struct {
	Full *Reader
	Logs []*Reader
	// To is the timestamp that is restored.
	To txn.Timestamp
}

// NewChain puts a chain together out of any backups of one store, for the state at
// to: the newest full backup at or before it, and the log from there on. Where to
// is Latest it goes as far as it can.
//
// The error has the code RESTORE_NO_BASE where there is no full backup to begin
// with, and RESTORE_GAP where log is missing before to; it names up to when a
// restore is possible.
func NewChain(all []*Reader, to txn.Timestamp) (*Chain, error) {
	c := &Chain{To: to, Full: Base(all, to)}
	if c.Full == nil {
		return nil, invalid("RESTORE_NO_BASE", "none of the %d backups is a full one%s", len(all), before(to)).
			WithHint("restore a later time, or give the full backup that the others follow")
	}
	at := c.Full.info.To
	for at < to {
		next := next(all, c.Full.info.Store, at)
		if next == nil {
			break
		}
		c.Logs = append(c.Logs, next)
		at = next.info.To
	}
	switch {
	case to == Latest:
		c.To = at
	case at < to:
		return nil, invalid("RESTORE_GAP", "the log of %v to %v is missing", at.Time().Format(time.RFC3339Nano), to.Time().Format(time.RFC3339Nano)).
			WithHint("restore %s or earlier, or give the backups or the archive with what follows", at.Time().Format(time.RFC3339Nano))
	}
	return c, nil
}

// Base is the newest full backup at or before to, or nil.
func Base(all []*Reader, to txn.Timestamp) (best *Reader) {
	for _, r := range all {
		if i := &r.info; i.Kind == Full && i.To <= to && (best == nil || i.To > best.info.To) {
			best = r
		}
	}
	return best
}

func before(to txn.Timestamp) string {
	if to == Latest {
		return ""
	}
	return fmt.Sprintf(" of %s or before", to.Time().Format(time.RFC3339Nano))
}

// next is the piece of log that goes on from at the farthest, or nil.
func next(all []*Reader, store [16]byte, at txn.Timestamp) (best *Reader) {
	for _, r := range all {
		i := &r.info
		if i.Kind.holdsLog() && i.Store == store && i.From <= at && i.To > at && (best == nil || i.To > best.info.To) {
			best = r
		}
	}
	return best
}

// Readable says why the chain cannot be read, or nil.
func (c *Chain) Readable() error {
	for _, r := range append([]*Reader{c.Full}, c.Logs...) {
		if err := r.Readable(); err != nil {
			return fmt.Errorf("read backup %s: %w", r.p.path, err)
		}
	}
	return nil
}

// Entries hands the entries of the full backup to fn.
func (c *Chain) Entries(ctx context.Context, fn func(*Entry) error) error {
	return c.Full.Entries(ctx, fn)
}

// Records hands the log records after the full backup and up to To to fn, in
// order, each once. All that is read is checked, also where it is not handed on.
func (c *Chain) Records(ctx context.Context, fn func(*wal.Record) error) error {
	at := uint64(c.Full.info.To)
	for _, r := range c.Logs {
		err := r.Records(ctx, func(rec *wal.Record) error {
			if rec.Timestamp <= at || rec.Timestamp > uint64(c.To) {
				return nil
			}
			return fn(rec)
		})
		if err != nil {
			return err
		}
		at = uint64(r.info.To)
	}
	return nil
}

// Verify reads the whole chain.
func (c *Chain) Verify(ctx context.Context) error {
	for _, r := range append([]*Reader{c.Full}, c.Logs...) {
		if err := r.Verify(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ParseTime reads the time of a restore: RFC 3339 with up to nine digits of a
// second, the same without a zone for UTC, or the word latest.
func ParseTime(s string) (txn.Timestamp, error) {
	if s == "latest" {
		return Latest, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Year() < 1971 || t.Year() > 2261 {
				return 0, invalid("INVALID_TIME", "%q is not within 1971 and 2261", s)
			}
			return txn.Timestamp(t.UnixNano()), nil
		}
	}
	return 0, dberr.New(dberr.ErrInvalid, "INVALID_TIME", "%q is no time: want RFC 3339, such as 2026-01-31T12:00:00Z, or latest", s)
}
