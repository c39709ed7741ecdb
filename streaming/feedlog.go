package streaming

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// feedLog is a feed as a transaction sees it, as if its messages were records of the
// store: an iterator over keys of a log.
type feedLog struct {
	s    *Store
	tx   *txn.Tx
	feed Feed
	tail *feedTail // nil once it is closed
	last txn.Timestamp

	past *feedReader
	list []*Message // to be given next
	from uint64     // where reading on begins behind list
	prev uint64     // what from was before m
	end  bool       // there is no more

	m     *Message // nil behind a Seek
	key   []byte
	value []byte
	err   error
}

var _ txn.Iterator = (*feedLog)(nil)

func (s *Store) feedLog(tx *txn.Tx, c *Channel) (*feedLog, error) {
	l := &feedLog{s: s, tx: tx, feed: c.feed, last: tx.ReadTimestamp(), from: 1}
	var err error
	if l.tail, err = s.joinFeed(c.feed, l.last); err != nil {
		return nil, err
	}
	l.tail.catchUp()
	return l, nil
}

// Seek implements txn.Iterator.
func (l *feedLog) Seek(key []byte) {
	l.shut()
	l.from, l.end, l.list, l.m = binary.BigEndian.Uint64(key[len(key)-8:]), false, nil, nil
}

// shut ends reading the past here, and leaves the reader to who goes on there.
func (l *feedLog) shut() {
	if l.past == nil {
		return
	}
	p := parked{reader: l.past, list: l.list, from: l.from}
	if l.m != nil { // whoever stopped at it comes back to it
		p.list, p.from = append([]*Message{l.m}, l.list...), l.prev
	}
	if l.past = nil; l.err != nil {
		p.reader.close()
		return
	}
	l.tail.park(p)
}

// Next implements txn.Iterator.
func (l *feedLog) Next() bool {
	for l.err == nil && len(l.list) == 0 && !l.end {
		l.fill()
	}
	if l.err != nil || len(l.list) == 0 {
		return false
	}
	if l.list[0].Timestamp > l.last {
		l.end = true
		return false
	}
	l.m, l.list = l.list[0], l.list[1:]
	l.prev, l.from = l.from, l.m.Offset+1
	l.key = txn.AppendLogKey(l.key[:0], appendObject(nil, l.s.db, l.feed.Object()), l.m.Offset)
	l.value = l.m.append(l.value[:0])
	return true
}

// fill gets messages from the offset from on.
func (l *feedLog) fill() {
	if l.past == nil {
		list, behind, _, err := l.tail.take(l.from, deliverMessages)
		if !behind {
			l.list, l.end = list, len(list) == 0
			if e := dberr.As(err); err != nil && (e == nil || e.Code != codeDropped) { // tx may be older than that
				l.err = err
			}
			return
		}
		if p, ok := l.tail.unpark(l.from); ok {
			l.past = p.reader
			if l.list = p.list; len(l.list) > 0 {
				return
			}
		} else if l.past, err = since(context.Background(), l.s.txns, l.feed, txn.Timestamp(l.from-1)); err != nil {
			l.err = fmt.Errorf("read channel: %w", err)
			return
		}
	}
	l.s.txns.Settle()
	list, err := l.past.next(context.Background())
	if l.err = err; len(list) == 0 {
		l.end = true
		return
	}
	for len(list) > 0 && list[0].Offset < l.from {
		list = list[1:]
	}
	l.list = list
}

// Key implements txn.Iterator.
func (l *feedLog) Key() []byte { return l.key }

// Value implements txn.Iterator.
func (l *feedLog) Value() []byte { return l.value }

// Timestamp implements txn.Iterator.
func (l *feedLog) Timestamp() txn.Timestamp { return l.m.Timestamp }

// Err implements txn.Iterator.
func (l *feedLog) Err() error { return l.err }

// Close implements txn.Iterator.
func (l *feedLog) Close() error {
	if l.tail != nil {
		l.shut()
		l.s.feeds.leave(l.tail)
		l.tail = nil
	}
	return nil
}

// first is the offset of the first message that is kept at least as long as anybody
// needs to come for it; the next offset where there is none.
func (l *feedLog) first() (uint64, error) {
	for {
		l.shut()
		floor := l.s.txns.HistoryFloor()
		l.from, l.end, l.list, l.m, l.err = uint64(floor)+1, false, nil, nil, nil
		if l.Next() {
			return l.m.Offset, nil
		}
		if l.err == nil {
			return uint64(l.last) + 1, nil
		}
		if l.s.txns.HistoryFloor() == floor { // else the history went on meanwhile
			return 0, l.err
		}
	}
}

// at is the offset of the first message of the commits at a time and after it.
func (l *feedLog) at(t txn.Timestamp) (uint64, error) {
	if t > l.last {
		return uint64(l.last) + 1, nil
	}
	if m, known := l.tail.at(t); m != nil || known {
		if m == nil || m.Timestamp > l.last {
			return uint64(l.last) + 1, nil
		}
		return m.Offset, nil
	}
	past, err := since(context.Background(), l.s.txns, l.feed, t-1)
	if err != nil {
		return 0, err
	}
	defer past.close()
	list, err := past.next(context.Background())
	if err != nil || len(list) == 0 || list[0].Timestamp > l.last {
		return uint64(l.last) + 1, err
	}
	return list[0].Offset, nil
}

// newest returns the last messages that a filter wants, in order.
func (l *feedLog) newest(o *HistoryOptions) (list []*Message, err error) {
	if _, err := l.first(); err != nil {
		return nil, err
	}
	if l.m == nil {
		return nil, nil
	}
	for ok := true; ok; ok = l.Next() {
		if l.m.Timestamp <= l.last && o.Filter.wants(l.m) {
			if list = append(list, l.m); len(list) > 2*o.Limit {
				list = append(list[:0], list[len(list)-o.Limit:]...)
			}
		}
	}
	return list[max(len(list)-o.Limit, 0):], l.err
}

// count counts messages from an offset on.
func (l *feedLog) count(from uint64) (n uint64, err error) {
	l.Seek(txn.AppendLogKey(nil, []byte{0}, from))
	for l.Next() {
		n++
	}
	return n, l.err
}

// idle is a later place where the messages of a group that has all of them may begin, so
// that the history does not pass it by; 0 where it need not move.
func (l *feedLog) idle(from uint64) uint64 {
	if !l.end || l.err != nil {
		return 0
	}
	l.tail.mu.Lock()
	behind := from < l.tail.mu.from
	l.tail.mu.Unlock()
	if next := uint64(l.last) + 1; next > from && (behind || next-from > feedIdle) {
		return next
	}
	return 0
}

// feedIdle is how far, in nanoseconds, the place of a group lags behind where nothing
// happens.
const feedIdle = 60e9

// lost says that an error of at is no more than that the message is gone with the
// history, and makes the log ready to go on.
func (l *log) lost(err error) bool {
	if e := dberr.As(err); l.feed == nil || e == nil || e.Code != "HISTORY_GONE" {
		return false
	}
	l.feed.err = nil
	return true
}

// subscribers is how many follow the feed in this process, but for this log.
func (l *feedLog) subscribers() int {
	l.s.feeds.mu.Lock()
	defer l.s.feeds.mu.Unlock()
	return l.tail.users - 1
}
