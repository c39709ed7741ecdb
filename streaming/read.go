package streaming

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// log reads a channel as a transaction sees it.
type log struct {
	s      *Store
	tx     *txn.Tx
	c      *Channel
	prefix []byte
	it     txn.Iterator
	state  state    // how far retention is
	feed   *feedLog // nil but for feeds
}

func (s *Store) log(tx *txn.Tx, c *Channel) (*log, error) {
	if c.feed != nil {
		f, err := s.feedLog(tx, c)
		if err != nil {
			return nil, err
		}
		return &log{s: s, tx: tx, c: c, prefix: appendObject(nil, s.db, c.id), it: f, feed: f}, nil
	}
	st, err := s.state(tx, c)
	if err != nil {
		return nil, err
	}
	l := &log{s: s, tx: tx, c: c, prefix: appendObject(nil, s.db, c.id), state: st}
	l.it = tx.Iter(within(l.prefix))
	return l, nil
}

func (l *log) close() { l.it.Close() } //nolint:errcheck // it only read

// at moves to the first record from an offset on.
func (l *log) at(from uint64) (offset uint64, ok bool, err error) {
	l.it.Seek(txn.AppendLogKey(nil, l.prefix, max(from, l.state.first, 1)))
	return l.next()
}

func (l *log) next() (offset uint64, ok bool, err error) {
	if !l.it.Next() {
		return 0, false, l.it.Err()
	}
	prefix, offset, ok := txn.LogNumber(l.it.Key())
	if !ok || !bytes.Equal(prefix, l.prefix) {
		return 0, false, fmt.Errorf("%w: the key %x is in a channel and no offset of it", dberr.ErrCorrupt, l.it.Key())
	}
	return offset, true, nil
}

// each calls fn for the messages from an offset on until it returns false. Their bytes
// are valid until the transaction ends.
func (l *log) each(from uint64, fn func(m *Message) bool) error {
	for offset, ok, err := l.at(from); ; offset, ok, err = l.next() {
		if err != nil || !ok {
			return err
		}
		if removed(l.it.Value()) {
			continue
		}
		m, err := l.c.message(offset, l.it.Timestamp(), bytes.Clone(l.it.Value()))
		if err != nil {
			return err
		}
		if !fn(m) {
			return nil
		}
	}
}

// end is the offset of the next message, as far as the transaction sees, and the time
// of the last.
func (l *log) end() (next uint64, at txn.Timestamp, err error) {
	if l.feed != nil {
		return uint64(l.feed.last) + 1, l.feed.last, nil
	}
	it := l.tx.Iter(txn.IterOptions{Lower: l.prefix, Upper: txn.AppendLogKey(nil, l.prefix, math.MaxUint64), Reverse: true})
	defer it.Close()
	if !it.Next() {
		return 1, 0, it.Err()
	}
	_, offset, ok := txn.LogNumber(it.Key())
	if !ok {
		return 0, 0, fmt.Errorf("%w: the key %x is in a channel and no offset of it", dberr.ErrCorrupt, it.Key())
	}
	if !removed(it.Value()) {
		at = it.Timestamp()
	}
	return offset + 1, at, it.Err()
}

// seekTime is the first offset whose message was committed at a time or later, or the
// next offset where there is none. Times rise with offsets, so it halves.
func (l *log) seekTime(at txn.Timestamp) (uint64, error) {
	if l.feed != nil {
		return l.feed.at(at)
	}
	next, last, err := l.end()
	if err != nil || last < at {
		return next, err
	}
	low, high := max(l.state.first, 1), next // the answer is in [low, high]
	for low < high {
		mid := low + (high-low)/2
		offset, ok, err := l.at(mid)
		switch {
		case err != nil:
			return 0, err
		case !ok || l.it.Timestamp() >= at:
			high = mid
		default:
			low = offset + 1
		}
	}
	return low, nil
}

// Filter says which messages of a channel are wanted. The zero value wants all.
type Filter struct {
	Types     []string          // one of these types
	Sources   []string          // from one of these sources
	Keys      []string          // with one of these keys
	Headers   map[string]string // with all of these headers
	Partition *int              // of this partition
	// Where, where set, is a filter over data that are JSON, in the language of
	// Options.Where.
	Where []byte
	// SQL, where not empty, is a predicate of SQL over messages, as Options.SQL reads it.
	SQL string
	// Match, where set, has the last word. It must be quick and must not change the message.
	Match func(m *Message) bool
	where func(data []byte) bool // what Where says
	sql   func(m *Message) bool  // what SQL says
}

// compile makes a filter ready to be asked.
func (o *Options) compile(f *Filter) error {
	if err := o.compileSQL(f); err != nil {
		return err
	}
	if f.Where == nil || f.where != nil {
		return nil
	}
	if o.Where == nil {
		return dberr.New(dberr.ErrUnsupported, "FILTER_UNSUPPORTED", "this store has no language of filters over data").WithField("filter")
	}
	where, err := o.Where(f.Where)
	if err != nil {
		return err
	}
	f.where = where
	return nil
}

// compileSQL makes the predicate of a filter ready to be asked.
func (o *Options) compileSQL(f *Filter) (err error) {
	if f.SQL == "" || f.sql != nil {
		return nil
	}
	if o.SQL == nil {
		return dberr.New(dberr.ErrUnsupported, "FILTER_UNSUPPORTED", "this store has no filters of SQL").WithField("where")
	}
	f.sql, err = o.SQL(f.SQL)
	return err
}

// all says whether every message is wanted.
func (f *Filter) all() bool {
	return f.Types == nil && f.Sources == nil && f.Keys == nil && f.Headers == nil && f.Partition == nil && f.Where == nil && f.SQL == "" && f.Match == nil
}

func (f *Filter) wants(m *Message) bool {
	switch {
	case len(f.Types) > 0 && !slices.Contains(f.Types, m.Type),
		len(f.Sources) > 0 && !slices.Contains(f.Sources, m.Source),
		len(f.Keys) > 0 && !slices.Contains(f.Keys, m.Key),
		f.Partition != nil && *f.Partition != m.Partition:
		return false
	}
	for name, value := range f.Headers {
		if !slices.Contains(m.Headers, Header{name, value}) {
			return false
		}
	}
	if f.where != nil && (!m.JSON || !f.where(m.Data)) {
		return false
	}
	if f.sql != nil && !f.sql(m) {
		return false
	}
	return f.Match == nil || f.Match(m)
}

// Start says where reading a channel begins.
type Start struct {
	kind startKind
	n    uint64
}

type startKind uint8

const (
	startLatest startKind = iota
	startEarliest
	startOffset
	startTime
	startSnapshot
)

// The places to begin. The zero Start is Latest.
var (
	Latest   = Start{}                    // with the next message
	Earliest = Start{kind: startEarliest} // with the first that is kept
	// Snapshot, of a feed, begins with messages of what is there, without offsets, and one
	// of type SnapshotEnd, and goes on with what changes after that.
	Snapshot = Start{kind: startSnapshot}
)

// AtOffset begins with the message at an offset.
func AtOffset(n uint64) Start { return Start{startOffset, n} }

// AtTime begins with the first message that was committed then or later.
func AtTime(t time.Time) Start { return Start{startTime, uint64(max(t.UnixNano(), 0))} }

// resolve turns a start into an offset.
func (l *log) resolve(st Start) (uint64, error) {
	switch st.kind {
	case startSnapshot:
		return 0, invalid("INVALID_FIELD", "from", "only a subscription to the changes of an object begins with a snapshot").
			WithHint("read the snapshot by a subscription, and begin here where it ends")
	case startEarliest:
		if l.feed != nil {
			return l.feed.first()
		}
		return max(l.state.first, 1), nil
	case startOffset:
		next, _, err := l.end()
		if err == nil && st.n > next {
			err = dberr.New(dberr.ErrInvalid, "OFFSET_IN_FUTURE", "offset %d is beyond the end of channel %q, whose next message has %d", st.n, shorten(l.c.Name), next).WithField("offset")
		}
		return max(st.n, 1), err
	case startTime:
		return l.seekTime(txn.Timestamp(st.n))
	}
	next, _, err := l.end()
	return next, err
}

// HistoryOptions says which messages to read.
type HistoryOptions struct {
	// From is where to begin, or with Reverse to end. Latest stands for the last
	// messages, Limit of them.
	From   Start
	Filter Filter
	// Limit is the most messages to return, 100 where it is 0; Scan the most to look at,
	// 100,000 where it is 0.
	Limit, Scan int
}

// Page is a part of a channel's history, in the order of offsets.
type Page struct {
	Messages []*Message
	Next     uint64 // where reading on begins
	First    uint64 // the first offset that retention has not removed
	End      uint64 // the offset of the next message of the channel
}

const (
	historyLimit = 100
	historyScan  = 100_000
	historyBytes = 32 << 20 // of one page; it has one message in any case
)

// HistoryTx reads messages that are there.
func (s *Store) HistoryTx(tx *txn.Tx, channel string, o HistoryOptions) (p Page, err error) {
	if err := s.opts.compile(&o.Filter); err != nil {
		return p, err
	}
	c, err := s.ChannelTx(tx, channel)
	if err != nil {
		return p, err
	}
	l, err := s.log(tx, &c)
	if err != nil {
		return p, err
	}
	defer l.close()
	o.Limit, o.Scan = orDefault(o.Limit, historyLimit), orDefault(o.Scan, historyScan)
	if p.End, _, err = l.end(); err != nil {
		return p, err
	}
	p.First = max(l.state.first, 1)
	if l.feed != nil {
		p.First = uint64(s.txns.HistoryFloor()) + 1
	}
	if o.From.kind == startLatest {
		p.Next = p.End
		p.Messages, err = l.last(&o)
		return p, err
	}
	from, err := l.resolve(o.From)
	if err != nil {
		return p, err
	}
	size := 0
	p.Next = p.End
	err = l.each(from, func(m *Message) bool {
		if len(p.Messages) == o.Limit || o.Scan == 0 || size > historyBytes {
			p.Next = m.Offset
			return false
		}
		o.Scan--
		if o.Filter.wants(m) {
			p.Messages = append(p.Messages, m)
			size += len(m.Data)
		}
		return true
	})
	return p, err
}

func orDefault(n, d int) int {
	if n == 0 {
		return d
	}
	return n
}

// last reads the last messages, in the order of offsets.
func (l *log) last(o *HistoryOptions) (list []*Message, err error) {
	if l.feed != nil {
		return l.feed.newest(o)
	}
	it := l.tx.Iter(txn.IterOptions{Lower: txn.AppendLogKey(nil, l.prefix, l.state.first), Upper: txn.AppendLogKey(nil, l.prefix, math.MaxUint64), Reverse: true})
	defer it.Close()
	size := 0
	for len(list) < o.Limit && o.Scan > 0 && size <= historyBytes && it.Next() {
		o.Scan--
		_, offset, ok := txn.LogNumber(it.Key())
		if !ok || removed(it.Value()) {
			continue
		}
		m, err := l.c.message(offset, it.Timestamp(), bytes.Clone(it.Value()))
		if err != nil {
			return nil, err
		}
		if o.Filter.wants(m) {
			list = append(list, m)
			size += len(m.Data)
		}
	}
	slices.Reverse(list)
	return list, it.Err()
}

// History reads messages that are there.
func (s *Store) History(ctx context.Context, channel string, o HistoryOptions) (p Page, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		p, err = s.HistoryTx(tx, channel, o)
		return err
	})
	return p, err
}

// Info says what a channel has.
type Info struct {
	Channel
	First uint64 // the first offset that retention has not removed
	Next  uint64 // the offset of the next message
	// LastTime is when the last message was committed, zero where none is kept.
	LastTime    time.Time
	Subscribers int // in this process
}

// InfoTx says what a channel has.
func (s *Store) InfoTx(tx *txn.Tx, name string) (i Info, err error) {
	if i.Channel, err = s.ChannelTx(tx, name); err != nil {
		return i, err
	}
	l, err := s.log(tx, &i.Channel)
	if err != nil {
		return i, err
	}
	defer l.close()
	var at txn.Timestamp
	if i.Next, at, err = l.end(); err != nil {
		return i, err
	}
	i.First = max(l.state.first, 1)
	if l.feed != nil {
		i.First, i.Subscribers = uint64(s.txns.HistoryFloor())+1, l.feed.subscribers()
		return i, nil
	}
	if at != 0 {
		i.LastTime = at.Time()
	}
	i.Subscribers = s.Subscribers(name)
	return i, nil
}

// Info says what a channel has.
func (s *Store) Info(ctx context.Context, name string) (i Info, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		i, err = s.InfoTx(tx, name)
		return err
	})
	return i, err
}
