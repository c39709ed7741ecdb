package streaming

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Feeds: channels whose messages are not stored, but made of what commits have changed
// of an object of another model: a table, a bucket, a collection, a metric, a channel.
// Their names begin with "cdc."; they are there as long as their object is, and nobody
// publishes to them. What makes messages of changes is a Changes, which the store is
// given; here is how they are numbered, read, followed and shared by groups.
//
// The offset of a message is a number of its commit (txn.ChangeSet.Number): offsets rise
// in the order of commits and are nanoseconds since 1970, but leave numbers out. What
// was committed is read from the history of the store, and is gone with it; who asks for
// what may be gone has the code HISTORY_GONE.

// FeedPrefix begins the names of feeds.
const FeedPrefix = "cdc."

// FirstFeed is the least id of an object with a feed. Those of channels are below.
const FirstFeed keyspace.ObjectID = 1 << 62

// Changes knows the objects that have feeds. Safe for concurrent use.
type Changes interface {
	// Find returns the feed of a name, without FeedPrefix, as tx sees it; nil where there is
	// no such object.
	Find(tx *txn.Tx, name string) (Feed, error)
	// Names returns the names of the feeds of a database, without FeedPrefix, in order.
	Names(tx *txn.Tx, db keyspace.DatabaseID) ([]string, error)
}

// Feed is an object as some commit has left its definition. It is immutable.
type Feed interface {
	Database() keyspace.DatabaseID
	// Object is an id from FirstFeed on that no other object of the database ever has.
	Object() keyspace.ObjectID
	// Ranges are the keys whose changes Messages asks for, in order.
	Ranges() []txn.Range
	// At is the feed as an earlier transaction sees the object.
	At(tx *txn.Tx) (Feed, error)
	// Messages appends to dst messages of what a commit changed within Ranges: everything but
	// their offsets and times. Where the commit changed the definition so that Ranges are others,
	// only the feed from that commit on is returned, whose Messages is asked for the same
	// commit. An object that went is an error with the code CHANNEL_DROPPED.
	Messages(dst []*Message, at *Moment, set *txn.ChangeSet) ([]*Message, Feed, error)
	// Rows calls fn with a message for each thing that is there.
	Rows(tx *txn.Tx, fn func(m *Message) error) error
}

// feeds are the feeds that somebody follows.
type feeds struct {
	changes Changes

	mu struct {
		sync.Mutex
		closed bool
		tails  map[feedKey]*feedTail
	}
	work sync.WaitGroup
}

type feedKey struct {
	db keyspace.DatabaseID
	id keyspace.ObjectID
}

// SetChanges gives the store what makes feeds, before it is used.
func (s *Store) SetChanges(c Changes) { s.feeds.changes = c }

func isFeed(name string) bool { return strings.HasPrefix(name, FeedPrefix) }

// findFeed finds the feed of a name.
func (s *Store) findFeed(tx *txn.Tx, name string) (c Channel, ok bool, err error) {
	if s.feeds.changes == nil {
		return c, false, nil
	}
	f, err := s.feeds.changes.Find(tx, name[len(FeedPrefix):])
	if err != nil || f == nil {
		return c, false, err
	}
	if f.Database() != s.db {
		return c, false, invalid("FEED_OF_OTHER_DATABASE", "channel", "the channel %q is of another database than the one that is asked", shorten(name)).
			WithHint("name the database as the channel does")
	}
	return Channel{Name: name, Options: ChannelOptions{Partitions: 1}, id: f.Object(), feed: f}, true, nil
}

// FeedsTx returns the names of the feeds, in order.
func (s *Store) FeedsTx(tx *txn.Tx) ([]string, error) {
	if s.feeds.changes == nil {
		return nil, nil
	}
	names, err := s.feeds.changes.Names(tx, s.db)
	for i := range names {
		names[i] = FeedPrefix + names[i]
	}
	return names, err
}

// Feeds returns the names of the feeds, in order.
func (s *Store) Feeds(ctx context.Context) (names []string, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		names, err = s.FeedsTx(tx)
		return err
	})
	return names, err
}

// notFeed refuses what cannot be done to a feed.
func (c *Channel) notFeed(what string) error {
	if c.feed == nil {
		return nil
	}
	return dberr.New(dberr.ErrUnsupported, "CHANNEL_IS_FEED", "the channel %q has the changes of another object and cannot be %s", shorten(c.Name), what).WithField("channel").
		WithHint("change the object, and the channel has the change")
}

// feedReader reads the changes of an object, commit by commit.
type feedReader struct {
	txns   *txn.Store
	feed   Feed
	src    *txn.Feed
	moment Moment // of the commit that is read
	press  press
}

// follow begins behind the commits up to since, as of which the feed is.
func follow(ctx context.Context, txns *txn.Store, f Feed, since txn.Timestamp) (*feedReader, error) {
	src, err := txns.Feed(ctx, txn.FeedOptions{Since: since, Ranges: f.Ranges()})
	if err != nil {
		return nil, gone(err)
	}
	return &feedReader{txns: txns, feed: f, src: src}, nil
}

// since begins in the past: behind the commits up to since.
func since(ctx context.Context, txns *txn.Store, f Feed, since txn.Timestamp) (*feedReader, error) {
	since = max(min(since, txns.LastCommit()), 1)
	tx, err := txns.Begin(ctx, txn.TxOptions{AsOf: since})
	if err != nil {
		return nil, gone(err)
	}
	defer tx.Rollback()
	if f, err = f.At(tx); err != nil {
		return nil, err
	}
	return follow(ctx, txns, f, since)
}

// gone says in the terms of channels that the history does not go back so far.
func gone(err error) error {
	if e := dberr.As(err); e != nil && e.Code == "HISTORY_GONE" {
		at := *e
		at.Message = "the channel does not go back so far: " + e.Message
		at.Hint = "take a snapshot (from=snapshot) and go on from its end, come back sooner, or raise storage.history"
		return &at
	}
	return err
}

// next returns the messages of the next commit that has some; none where there is none
// yet.
func (r *feedReader) next(ctx context.Context) ([]*Message, error) { return r.more(ctx, nil) }

// more appends to dst what next returns.
func (r *feedReader) more(ctx context.Context, dst []*Message) ([]*Message, error) {
	for {
		set, err := r.src.Poll(ctx)
		if set == nil || err != nil {
			return dst, gone(err)
		}
		had := len(dst)
		out, next, err := r.messages(ctx, dst, set)
		if err != nil {
			return dst, gone(err)
		}
		if next != nil {
			fresh, err := follow(ctx, r.txns, next, set.Timestamp-1)
			if err != nil {
				return dst, err
			}
			r.src.Close()
			*r = *fresh
			continue
		}
		dst = out
		for i, m := range dst[had:] {
			m.Offset, m.Timestamp = set.Number(i, len(dst)-had), set.Timestamp
		}
		if len(dst) > had {
			return dst, nil
		}
	}
}

func (r *feedReader) messages(ctx context.Context, dst []*Message, set *txn.ChangeSet) ([]*Message, Feed, error) {
	r.moment = Moment{ctx: ctx, txns: r.txns, at: set.Timestamp, press: &r.press}
	defer r.moment.end()
	return r.feed.Messages(dst, &r.moment, set)
}

// Moment is that of a commit: what was there just before it and is there after it. Its
// transactions begin when they are asked for, and end with it; nobody keeps them.
type Moment struct {
	ctx           context.Context
	txns          *txn.Store
	at            txn.Timestamp
	before, after *txn.Tx
	press         *press
}

// Timestamp is that of the commit.
func (m *Moment) Timestamp() txn.Timestamp { return m.at }

// Message returns a new message with room for so many bytes of data.
func (m *Moment) Message(bytes int) *Message {
	if m.press == nil {
		m.press = new(press)
	}
	return m.press.message(bytes)
}

// Text returns a copy of b, for one of the messages.
func (m *Moment) Text(b []byte) string {
	if m.press == nil {
		m.press = new(press)
	}
	return m.press.text(b)
}

// Before sees what was there just before the commit.
func (m *Moment) Before() (*txn.Tx, error) { return m.begin(&m.before, m.at-1) }

// After sees what is there after the commit.
func (m *Moment) After() (*txn.Tx, error) { return m.begin(&m.after, m.at) }

func (m *Moment) begin(tx **txn.Tx, at txn.Timestamp) (*txn.Tx, error) {
	if *tx == nil {
		var err error
		if *tx, err = m.txns.Begin(m.ctx, txn.TxOptions{AsOf: at}); err != nil {
			*tx = nil
			return nil, fmt.Errorf("read a change: %w", err)
		}
	}
	return *tx, nil
}

func (m *Moment) end() {
	for _, tx := range []*txn.Tx{m.before, m.after} {
		if tx != nil {
			tx.Release()
		}
	}
}

func (r *feedReader) close() { r.src.Close() }

// ID names the channel for good: ids are given out once.
func (c *Channel) ID() keyspace.ObjectID { return c.id }

// DefinitionKey is the key of the store under which a channel is defined.
func (s *Store) DefinitionKey(channel string) []byte {
	return appendChannelKey(nil, s.db, channel)
}

// LookupTx returns a channel that is no feed, and whether there is one.
func (s *Store) LookupTx(tx *txn.Tx, name string) (c Channel, ok bool, err error) {
	if isFeed(name) || name == "" || len(name) > MaxNameBytes {
		return c, false, nil
	}
	return s.channel(tx, name)
}

// Messages are the keys of a channel's messages.
func (s *Store) Messages(c *Channel) txn.Range {
	prefix := appendObject(nil, s.db, c.id)
	return txn.Range{Lower: prefix, Upper: keyspace.End(prefix)}
}

// MessageOf reads a record of a channel; nil where it only keeps the number of a message.
func (c *Channel) MessageOf(key, record []byte, at txn.Timestamp) (*Message, error) {
	_, offset, ok := txn.LogNumber(key)
	if !ok {
		return nil, fmt.Errorf("%w: the key %x is in a channel and no offset of it", dberr.ErrCorrupt, key)
	}
	if removed(record) {
		return nil, nil
	}
	return c.message(offset, at, record)
}

// EachTx calls fn for each message of a channel, in order.
func (s *Store) EachTx(tx *txn.Tx, c *Channel, fn func(m *Message) error) error {
	l, err := s.log(tx, c)
	if err != nil {
		return err
	}
	defer l.close()
	var failed error
	err = l.each(0, func(m *Message) bool {
		failed = fn(m)
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return err
}
