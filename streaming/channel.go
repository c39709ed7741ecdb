package streaming

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Channel is a log of messages.
type Channel struct {
	Name    string
	Options ChannelOptions
	Created time.Time // zero where the transaction itself made it
	id      keyspace.ObjectID
	created int64 // as stored: 0 in the first version of the record
	feed    Feed  // nil but for the changes of an object
}

// ChannelOptions says what a channel keeps. The zero value keeps everything.
type ChannelOptions struct {
	MaxAge   time.Duration // messages that are older are removed; 0: of any age
	MaxBytes int64         // the oldest beyond so many bytes are removed; 0: any number
	MaxCount int64         // the oldest beyond so many messages are removed; 0: any number
	// Compact keeps of the messages with the same key only the last. All messages must
	// have a key then.
	Compact bool
	// Partitions is into how many parts the keys of the messages are divided, 1 where it
	// is 0. It cannot be changed.
	Partitions int
}

func (o *ChannelOptions) check() error {
	for _, f := range []struct {
		field string
		n     int64
	}{{"max_age", int64(o.MaxAge)}, {"max_bytes", o.MaxBytes}, {"max_count", o.MaxCount}} {
		if f.n < 0 {
			return invalid("INVALID_RETENTION", f.field, "%s is %d, want a positive number, or 0 for no bound", f.field, f.n)
		}
	}
	if o.Partitions == 0 {
		o.Partitions = 1
	}
	if o.Partitions < 1 || o.Partitions > MaxPartitions {
		return invalid("INVALID_PARTITIONS", "partitions", "%d partitions are not within 1 and %d", o.Partitions, MaxPartitions)
	}
	return nil
}

const (
	channelVersion = 1
	channelCompact = 1
)

// append appends the channel's record, which docs/format/streaming.md describes.
func (c *Channel) append(dst []byte) []byte {
	var flags uint64
	if c.Options.Compact {
		flags |= channelCompact
	}
	dst = append(dst, channelVersion)
	for _, v := range []uint64{uint64(c.id), flags, uint64(c.Options.Partitions), uint64(c.Options.MaxAge), uint64(c.Options.MaxBytes), uint64(c.Options.MaxCount), uint64(c.created)} {
		dst = binary.AppendUvarint(dst, v)
	}
	return dst
}

func (c *Channel) decode(v []byte, at txn.Timestamp) error {
	var f [7]uint64
	if err := cutFields(v, channelVersion, f[:]); err != nil {
		return fmt.Errorf("channel %q: %w", c.Name, err)
	}
	if f[1]&^channelCompact != 0 || f[2] < 1 || f[2] > MaxPartitions {
		return fmt.Errorf("%w: the record of channel %q holds what cannot be", dberr.ErrCorrupt, c.Name)
	}
	c.id, c.created = keyspace.ObjectID(f[0]), int64(f[6])
	c.Options = ChannelOptions{Compact: f[1]&channelCompact != 0, Partitions: int(f[2]), MaxAge: time.Duration(f[3]), MaxBytes: int64(f[4]), MaxCount: int64(f[5])}
	switch {
	case c.created != 0:
		c.Created = time.Unix(0, c.created).UTC()
	case at != 0:
		c.Created = at.Time()
	}
	return nil
}

// cutFields reads a record of a version and numbers.
func cutFields(v []byte, version byte, f []uint64) error {
	if len(v) == 0 {
		return fmt.Errorf("%w: a record is empty", dberr.ErrCorrupt)
	}
	if v[0] != version {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "a record of channels has version %d, and this program knows %d", v[0], version)
	}
	v = v[1:]
	for i := range f {
		n := 0
		if f[i], n = binary.Uvarint(v); n <= 0 || f[i] > 1<<63-1 {
			return fmt.Errorf("%w: a record is cut short", dberr.ErrCorrupt)
		}
		v = v[n:]
	}
	if len(v) != 0 {
		return fmt.Errorf("%w: a record is too long", dberr.ErrCorrupt)
	}
	return nil
}

// checkName holds the name of a channel against the rules.
func checkName(name string) error {
	switch {
	case name == "":
		return invalid("MISSING_FIELD", "channel", "a channel needs a name")
	case len(name) > MaxNameBytes:
		return tooLarge("CHANNEL_NAME_TOO_LARGE", "channel", "a channel's name of %d bytes is over the maximum of %d", len(name), MaxNameBytes)
	case !utf8.ValidString(name):
		return invalid("INVALID_CHANNEL", "channel", "the name of a channel must be UTF-8")
	case isFeed(name):
		return invalid("INVALID_CHANNEL", "channel", "the name %q begins with %q, which is kept for the changes of objects that are there", shorten(name), FeedPrefix)
	}
	for _, c := range name {
		if c == '/' || !unicode.IsPrint(c) {
			return invalid("INVALID_CHANNEL", "channel", "the name %q of a channel holds %q", shorten(name), c)
		}
	}
	return nil
}

// channel finds a channel as tx sees it.
func (s *Store) channel(tx *txn.Tx, name string) (c Channel, ok bool, err error) {
	if len(name) > MaxNameBytes || name == "" {
		return c, false, checkName(name)
	}
	if isFeed(name) {
		return s.findFeed(tx, name)
	}
	v, at, ok, err := tx.GetVersion(appendChannelKey(nil, s.db, name))
	if err != nil || !ok {
		return c, false, err
	}
	c.Name = name
	return c, true, c.decode(v, at)
}

func (s *Store) makeChannel(tx *txn.Tx, name string, opts ChannelOptions) (c Channel, err error) {
	if err := checkName(name); err != nil {
		return c, err
	}
	counter := appendObject(nil, s.db, objNextID)
	v, ok, err := tx.Get(counter)
	if err != nil {
		return c, err
	}
	c = Channel{Name: name, Options: opts, id: firstID}
	if err := c.Options.check(); err != nil {
		return c, err
	}
	if ok {
		next, n := binary.Uvarint(v)
		if n != len(v) || next < uint64(firstID) {
			return c, fmt.Errorf("%w: the record of the next channel's id is malformed", dberr.ErrCorrupt)
		}
		c.id = keyspace.ObjectID(next)
	}
	if err := tx.Put(counter, binary.AppendUvarint(nil, uint64(c.id)+1)); err != nil {
		return c, err
	}
	return c, tx.Put(appendChannelKey(nil, s.db, name), c.append(nil))
}

func errNoChannel(name string) error {
	if isFeed(name) {
		return dberr.New(dberr.ErrNotFound, "CHANNEL_NOT_FOUND", "there is nothing whose changes the channel %q would have", shorten(name)).
			WithHint("the name is cdc.<database>.<table, bucket, collection, metric or channel>, or with the schema, kv., doc., ts. or stream. before the last part")
	}
	return dberr.New(dberr.ErrNotFound, "CHANNEL_NOT_FOUND", "there is no channel %q", shorten(name)).
		WithHint("create it, or publish to it, which makes it")
}

// ChannelTx returns a channel.
func (s *Store) ChannelTx(tx *txn.Tx, name string) (Channel, error) {
	c, ok, err := s.channel(tx, name)
	if err == nil && !ok {
		err = errNoChannel(name)
	}
	return c, err
}

// Channel returns a channel.
func (s *Store) Channel(ctx context.Context, name string) (c Channel, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		c, err = s.ChannelTx(tx, name)
		return err
	})
	return c, err
}

// ChannelsTx returns all channels in the order of their names.
func (s *Store) ChannelsTx(tx *txn.Tx) (list []Channel, err error) {
	it := tx.Iter(within(appendObject(nil, s.db, objChannels)))
	defer it.Close()
	for it.Next() {
		_, _, _, tuple, ok := keyspace.Split(it.Key())
		name, rest, err := enc.DecodeString(tuple)
		if !ok || err != nil || len(rest) != 0 {
			return nil, fmt.Errorf("%w: the key %x of a channel is malformed", dberr.ErrCorrupt, it.Key())
		}
		c := Channel{Name: name}
		if err := c.decode(it.Value(), it.Timestamp()); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, it.Err()
}

// Channels returns all channels in the order of their names.
func (s *Store) Channels(ctx context.Context) (list []Channel, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		list, err = s.ChannelsTx(tx)
		return err
	})
	return list, err
}

// CreateChannelTx makes a channel; one that is there is an error of class ErrExists.
func (s *Store) CreateChannelTx(tx *txn.Tx, name string, opts ChannelOptions) (Channel, error) {
	if c, ok, err := s.channel(tx, name); err != nil || ok {
		if ok {
			err = dberr.New(dberr.ErrExists, "CHANNEL_EXISTS", "channel %q is there already", shorten(name)).WithField("name")
		}
		return c, err
	}
	return s.makeChannel(tx, name, opts)
}

// CreateChannel makes a channel; one that is there is an error of class ErrExists.
func (s *Store) CreateChannel(ctx context.Context, name string, opts ChannelOptions) (c Channel, err error) {
	tx, err := s.commit(ctx, txn.Serializable, func(tx *txn.Tx) error {
		c, err = s.CreateChannelTx(tx, name, opts)
		return err
	})
	if err == nil && tx != nil {
		c.Created = tx.CommitTimestamp().Time()
	}
	return c, err
}

// AlterChannelTx changes how much a channel keeps. Its partitions, and whether it is
// compacted, stay as they are: messages without a key may be there.
func (s *Store) AlterChannelTx(tx *txn.Tx, name string, opts ChannelOptions) (Channel, error) {
	c, err := s.ChannelTx(tx, name)
	if err != nil {
		return c, err
	}
	if err := c.notFeed("altered"); err != nil {
		return c, err
	}
	if opts.Partitions != 0 && opts.Partitions != c.Options.Partitions {
		return c, dberr.New(dberr.ErrUnsupported, "PARTITIONS_FIXED", "channel %q has %d partitions, which cannot be changed", shorten(name), c.Options.Partitions).WithField("partitions")
	}
	opts.Partitions = c.Options.Partitions
	if err := opts.check(); err != nil {
		return c, err
	}
	if opts.Compact != c.Options.Compact {
		return c, dberr.New(dberr.ErrUnsupported, "COMPACTION_FIXED", "whether channel %q is compacted is decided when it is created", shorten(name)).WithField("compact")
	}
	c.Options = opts
	if !c.Created.IsZero() {
		c.created = c.Created.UnixNano()
	}
	return c, tx.Put(appendChannelKey(nil, s.db, c.Name), c.append(nil))
}

// AlterChannel changes what a channel keeps.
func (s *Store) AlterChannel(ctx context.Context, name string, opts ChannelOptions) (c Channel, err error) {
	_, err = s.commit(ctx, txn.Serializable, func(tx *txn.Tx) error {
		c, err = s.AlterChannelTx(tx, name, opts)
		return err
	})
	return c, err
}

// DropChannelTx removes a channel with all that it has. Its messages are out of sight
// with the commit, and their memory is taken back soon after.
func (s *Store) DropChannelTx(tx *txn.Tx, name string) error {
	c, err := s.ChannelTx(tx, name)
	if err != nil {
		return err
	}
	if err := c.notFeed("dropped"); err != nil {
		return err
	}
	if err := tx.Put(appendOf(nil, s.db, objDropped, c.id), nil); err != nil {
		return err
	}
	return tx.Delete(appendChannelKey(nil, s.db, c.Name))
}

// DropChannel removes a channel with all that it has.
func (s *Store) DropChannel(ctx context.Context, name string) error {
	_, err := s.commit(ctx, txn.Serializable, func(tx *txn.Tx) error { return s.DropChannelTx(tx, name) })
	return err
}
