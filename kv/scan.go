package kv

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Range is a set of keys of a bucket: those that start with Prefix, from Start
// (inclusive) up to End (exclusive). What is empty does not bound it.
type Range struct {
	Prefix, Start, End []byte
}

// bounds are the ends of the range as keys of the store.
func (r *Range) bounds(db keyspace.DatabaseID, id keyspace.ObjectID) (lower, upper []byte) {
	return r.appendBounds(nil, nil, db, id)
}

// appendBounds is bounds in memory of the caller's, as long as that is enough.
func (r *Range) appendBounds(lo, up []byte, db keyspace.DatabaseID, id keyspace.ObjectID) (lower, upper []byte) {
	lower = appendDataKey(lo, db, id, r.Prefix)
	upper = keyspace.AppendEnd(up, lower)
	if bytes.Compare(r.Start, r.Prefix) > 0 {
		lower = appendDataKey(lo, db, id, r.Start)
	}
	if len(r.End) > 0 {
		if end := appendDataKey(nil, db, id, r.End); bytes.Compare(end, upper) < 0 {
			upper = end
		}
	}
	return lower, upper
}

// Scan says which entries to read and in what order.
type Scan struct {
	Range
	Reverse  bool
	KeysOnly bool // leave out the values
}

// AllTx walks the entries of a scan, each valid until the next one. A bucket that
// is not there has none. An error is the last pair.
func (s *Store) AllTx(tx *txn.Tx, bucket string, scan Scan) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		b, ok, err := s.bucket(tx, bucket)
		if err != nil {
			yield(Entry{}, err)
		}
		if err != nil || !ok {
			return
		}
		var lo, up buf
		lower, upper := scan.appendBounds(lo[:0], up[:0], s.db, b.id)
		if err = s.walk(tx, &b, lower, upper, &scan, yield); err != nil {
			yield(Entry{}, err)
		}
	}
}

// walk hands the entries of [lower, upper) to yield.
func (s *Store) walk(tx *txn.Tx, b *Bucket, lower, upper []byte, scan *Scan, yield func(Entry, error) bool) (err error) {
	var start buf
	head := len(appendObject(start[:0], s.db, b.id))
	var r record
	failed := tx.Each(txn.IterOptions{Lower: lower, Upper: upper, Reverse: scan.Reverse}, func(key, value []byte, at txn.Timestamp) bool {
		if err = r.decode(value); err != nil {
			err = fmt.Errorf("read key %q: %w", abbreviate(key[head:]), err)
			return false
		}
		if !r.alive(tx) {
			return true
		}
		e := Entry{Key: key[head:]}
		e.fill(&r, at)
		if !scan.KeysOnly {
			if e.Value.Data, err = s.load(tx, b.id, &r); err != nil {
				return false
			}
		}
		return yield(e, nil)
	})
	if err == nil {
		err = failed
	}
	return err
}

// Page is a part of a scan.
type Page struct {
	Entries []Entry
	// Next is the cursor of the page after this one, empty where there is none.
	Next string
}

// PageOptions says which part of a scan to read.
type PageOptions struct {
	Scan
	// Limit is the most entries of a page. Default 100, at most 10,000.
	Limit int
	// Bytes ends a page early once its keys and values take that much. Default 64 MiB.
	Bytes int
	// Cursor continues after the page that it came with. The scan must be the same.
	Cursor string
}

// The limits of pages.
const (
	DefaultLimit = 100
	MaxLimit     = 10_000
	defaultBytes = 64 << 20
)

// ListTx reads a page of a scan. The cursor of the next page stands for the last
// key of this one, so writes between two pages neither repeat an entry nor skip
// one that stays. The entries have memory of their own.
func (s *Store) ListTx(tx *txn.Tx, bucket string, o PageOptions) (p Page, err error) {
	if o.Limit < 0 || o.Limit > MaxLimit {
		return p, invalid("INVALID_LIMIT", "limit", "the limit %d is not within 1 and %d", o.Limit, MaxLimit)
	}
	if o.Limit == 0 {
		o.Limit = DefaultLimit
	}
	if o.Bytes <= 0 {
		o.Bytes = defaultBytes
	}
	b, ok, err := s.bucket(tx, bucket)
	if err != nil || !ok && o.Cursor == "" {
		return p, err
	}
	lower, upper := o.bounds(s.db, b.id)
	c := cursor{scan: fingerprint(lower, upper, o.Reverse)}
	if o.Cursor != "" {
		last, err := s.openCursor(tx, o.Cursor, c)
		if err != nil {
			return p, err
		}
		if at := appendDataKey(nil, s.db, b.id, last); o.Reverse {
			upper = at
		} else {
			lower = append(at, 0)
		}
	}
	return s.page(tx, &b, lower, upper, &o, c)
}

func (s *Store) page(tx *txn.Tx, b *Bucket, lower, upper []byte, o *PageOptions, c cursor) (p Page, err error) {
	size, more := 0, false
	err = s.walk(tx, b, lower, upper, &o.Scan, func(e Entry, _ error) bool {
		if more = len(p.Entries) == o.Limit || size > o.Bytes; more {
			return false
		}
		e.own()
		size += len(e.Key) + len(e.Value.Data)
		p.Entries = append(p.Entries, e)
		return true
	})
	if err == nil && more {
		c.last = p.Entries[len(p.Entries)-1].Key
		p.Next, err = s.sealCursor(tx, c)
	}
	return p, err
}

// List reads a page of a scan; see ListTx.
func (s *Store) List(ctx context.Context, bucket string, o PageOptions) (p Page, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		p, err = s.ListTx(tx, bucket, o)
		return err
	})
	return p, err
}

// CountTx counts the keys of a range that are alive, by reading them.
func (s *Store) CountTx(tx *txn.Tx, bucket string, r Range) (n int64, err error) {
	for _, err := range s.AllTx(tx, bucket, Scan{Range: r, KeysOnly: true}) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// countCanceled is how often a count looks whether it is still wanted.
const countCanceled = 4096

// Count counts the keys of a range that are alive at one instant, by reading them.
func (s *Store) Count(ctx context.Context, bucket string, r Range) (int64, error) {
	n, _, err := s.CountUpTo(ctx, bucket, r, math.MaxInt64)
	return n, err
}

// CountUpTo is Count that stops at limit; all says that there are no more.
func (s *Store) CountUpTo(ctx context.Context, bucket string, r Range, limit int64) (n int64, all bool, err error) {
	err = s.view(ctx, func(tx *txn.Tx) error {
		n, all = 0, true
		for _, err := range s.AllTx(tx, bucket, Scan{Range: r, KeysOnly: true}) {
			if err != nil {
				return err
			}
			if n == limit {
				all = false
				break
			}
			if n++; n%countCanceled == 0 && ctx.Err() != nil {
				return dberr.New(dberr.ErrCanceled, "CANCELED", "the count was given up").Wrap(context.Cause(ctx))
			}
		}
		return nil
	})
	return n, all, err
}
