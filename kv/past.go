package kv

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// past hands out the changes between a position and the begin of a watch. The
// store keeps versions by key, so it reads all that lie between, and keeps the
// earliest of them up to a bound; then the earliest after those, until it is through.
type past struct {
	w     *Watcher
	at    Position // events up to here were handed out
	until txn.Timestamp
	ready []pending
	done  bool // ready are the last ones
}

// pastEvents is how many events one reading of the history keeps.
const pastEvents = 4096

// life is the time in which the watched name stood for one bucket.
type life struct {
	id    keyspace.ObjectID
	from  txn.Timestamp // of the commit that made it, 0 where that was before
	until txn.Timestamp // of the commit that removed it, beyond all others where it is there
}

// since is the commit before the first that may have events.
func (p *past) since() txn.Timestamp {
	if p.at.Timestamp == 0 {
		return 0
	}
	return p.at.Timestamp - 1
}

// next takes the next event; ok is false where there are no more.
func (p *past) next(ctx context.Context) (e pending, ok bool, err error) {
	for len(p.ready) == 0 {
		if p.done || p.since() >= p.until {
			return e, false, nil
		}
		if err := p.read(ctx); err != nil {
			return e, false, fmt.Errorf("read the changes since %d: %w", p.at.Timestamp, err)
		}
	}
	e = p.ready[0]
	p.ready[0] = pending{}
	p.ready = p.ready[1:]
	p.at = e.at
	return e, true, nil
}

// lives returns what the name stood for between the position and until.
func (p *past) lives(ctx context.Context) (list []life, err error) {
	s, since := p.w.s, p.since()
	key := appendBucketKey(nil, s.db, p.w.name)
	type version struct {
		ts  txn.Timestamp
		rec []byte
	}
	var versions []version
	if since > 0 {
		tx, err := s.txns.Begin(ctx, txn.TxOptions{AsOf: since})
		if err != nil {
			return nil, err
		}
		defer tx.Rollback()
		v, ok, err := tx.Get(key)
		if err != nil {
			return nil, err
		}
		if ok {
			versions = append(versions, version{0, v})
		}
	}
	err = s.txns.History(ctx, key, append(bytes.Clone(key), 0), since, p.until, func(ts txn.Timestamp, op txn.Op) bool {
		versions = append(versions, version{ts, bytes.Clone(op.Value)})
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(versions, func(a, b version) int { return cmp.Compare(a.ts, b.ts) })
	for _, v := range versions {
		var b Bucket
		if len(v.rec) > 0 {
			if err := b.decode(v.rec, v.ts); err != nil {
				return nil, err
			}
		}
		if n := len(list); n > 0 && list[n-1].until == math.MaxUint64 {
			if list[n-1].id == b.id {
				continue
			}
			list[n-1].until = v.ts
		}
		if b.id != 0 {
			list = append(list, life{id: b.id, from: v.ts, until: math.MaxUint64})
		}
	}
	return list, nil
}

// read fills ready with the earliest events after the position.
func (p *past) read(ctx context.Context) error {
	lives, err := p.lives(ctx)
	if err != nil {
		return err
	}
	var all earliest
	all.bytesMax = p.w.s.opts.WatchBytes
	for _, l := range lives {
		if l.until <= p.until {
			all.add(pending{kind: EventDrop, at: Position{Timestamp: l.until}})
		}
		r := Range{Prefix: p.w.opts.Prefix}
		lower, upper := r.bounds(p.w.s.db, l.id)
		head := len(lower) - len(r.Prefix)
		err := p.w.s.txns.History(ctx, lower, upper, p.since(), min(p.until, l.until-1), func(ts txn.Timestamp, op txn.Op) bool {
			all.add(pending{key: op.Key[head:], rec: op.Value, kind: kindOf(op), at: Position{Timestamp: ts}})
			return true
		})
		if err != nil {
			return err
		}
	}
	all.trim(math.MaxInt)
	p.number(&all)
	return nil
}

func kindOf(op txn.Op) EventKind {
	if op.Deleted {
		return EventDelete
	}
	return EventPut
}

// number gives the events their place in their commits and leaves out those that
// were handed out already.
func (p *past) number(all *earliest) {
	var at, last Position
	if n := len(all.list); n > 0 {
		last = After(all.list[n-1].at.Timestamp)
	}
	p.ready = all.list[:0]
	for _, e := range all.list {
		if e.at.Timestamp != at.Timestamp {
			at = Position{Timestamp: e.at.Timestamp}
		}
		at.Seq++
		e.at = at
		if at.Timestamp > p.at.Timestamp || at.Timestamp == p.at.Timestamp && at.Seq > p.at.Seq {
			p.ready = append(p.ready, e)
		}
	}
	p.done = !all.cut
	if len(p.ready) == 0 {
		p.at = last
	}
}

// earliest keeps the earliest events of those that it is given, whole commits of
// them, with memory of their own.
type earliest struct {
	list     []pending
	bytes    int
	bytesMax int
	cut      bool
	before   txn.Timestamp // where cut: later events are not kept
}

func (a *earliest) add(e pending) {
	if a.cut && e.at.Timestamp >= a.before {
		return
	}
	e.key, e.rec = bytes.Clone(e.key), bytes.Clone(e.rec)
	a.list = append(a.list, e)
	a.bytes += e.size()
	if len(a.list) >= 2*pastEvents || a.bytes >= 2*a.bytesMax {
		a.trim(pastEvents)
	}
}

// trim sorts the events and keeps about n of them, and not more bytes than allowed
// unless one commit alone has them.
func (a *earliest) trim(n int) {
	slices.SortStableFunc(a.list, func(x, y pending) int {
		if c := cmp.Compare(x.at.Timestamp, y.at.Timestamp); c != 0 {
			return c
		}
		return bytes.Compare(x.key, y.key)
	})
	if n == math.MaxInt {
		return
	}
	end, size := 0, 0
	for end < len(a.list) && (end < n && size < a.bytesMax || a.list[end].at.Timestamp == a.list[end-1].at.Timestamp) {
		size += a.list[end].size()
		end++
	}
	if end == len(a.list) {
		return
	}
	a.cut, a.before = true, a.list[end].at.Timestamp
	clear(a.list[end:])
	a.list, a.bytes = a.list[:end], size
}
