package streaming

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/txn"
)

// Group is a durable reader of a channel whose members share its messages. What it has
// handed out and what is acknowledged are records of the store, so neither a member nor
// the store that goes away loses a message.
type Group struct {
	Name    string
	Options GroupOptions
	Created time.Time // zero where the transaction itself made it
	epoch   uint64    // of this group, not of another of its name
}

// GroupOptions says how a group hands messages out.
type GroupOptions struct {
	// AckWait is how long a member has to acknowledge a message before it is handed out
	// again. 30 s where it is 0.
	AckWait time.Duration
	// MaxDeliver is how often a message is handed out; then it goes to DeadLetter, or is
	// given up where that is empty. 5 where it is 0; NoLimit is without end.
	MaxDeliver int
	// MaxInFlight is how many messages may wait to be acknowledged; more are not handed
	// out. 1,000 where it is 0, and at most 10,000.
	MaxInFlight int
	// DeadLetter is the channel of the messages that were handed out too often.
	DeadLetter string
	// Filter says which messages the group has; the others are passed over.
	Filter Filter
	// Ordered hands the messages with the same key out in their order: the partitions of
	// the channel are divided among the members, and a message that is handed out again
	// takes those behind it with the same key along.
	Ordered bool
	// MemberTimeout is after how long without a pull a member of an ordered group loses
	// its partitions. 30 s where it is 0.
	MemberTimeout time.Duration
	// NoAck takes a message for acknowledged when it is handed out: at most once.
	NoAck bool
}

// NoLimit is a MaxDeliver without end.
const NoLimit = -1

// The bounds of groups.
const (
	MaxInFlight = 10_000
	MaxAckWait  = 12 * time.Hour
)

func (o *GroupOptions) settle(channel string) error {
	if o.AckWait == 0 {
		o.AckWait = 30 * time.Second
	}
	if o.MaxDeliver == 0 {
		o.MaxDeliver = 5
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 1000
	}
	if o.Ordered && o.MemberTimeout == 0 {
		o.MemberTimeout = 30 * time.Second
	}
	switch {
	case o.AckWait < time.Millisecond || o.AckWait > MaxAckWait:
		return invalid("INVALID_FIELD", "ack_wait_ms", "the time to acknowledge of %v is not within 1ms and %v", o.AckWait, MaxAckWait)
	case o.MemberTimeout != 0 && !o.Ordered:
		return invalid("INVALID_FIELD", "member_timeout_ms", "only a group in the order of keys has a time after which members lose their partitions")
	case o.MemberTimeout != 0 && (o.MemberTimeout < time.Millisecond || o.MemberTimeout > MaxAckWait):
		return invalid("INVALID_FIELD", "member_timeout_ms", "the time of %v is not within 1ms and %v", o.MemberTimeout, MaxAckWait)
	case o.Filter.Match != nil:
		return invalid("INVALID_FIELD", "filter", "the filter of a group must be one that can be stored")
	case o.MaxDeliver < NoLimit:
		return invalid("INVALID_FIELD", "max_deliver", "max_deliver is %d, want a number from 1, or -1 for no limit", o.MaxDeliver)
	case o.MaxInFlight < 1 || o.MaxInFlight > MaxInFlight:
		return invalid("INVALID_FIELD", "max_in_flight", "max_in_flight is %d, want a number from 1 to %d", o.MaxInFlight, MaxInFlight)
	case o.DeadLetter == channel:
		return invalid("INVALID_FIELD", "dead_letter", "a channel cannot be its own dead letters")
	case o.DeadLetter != "" && o.NoAck:
		return invalid("INVALID_FIELD", "dead_letter", "without acknowledgements nothing becomes a dead letter")
	case o.DeadLetter == "":
		return nil
	}
	return checkName(o.DeadLetter)
}

const (
	groupVersion = 1 // neither ordered nor with a filter
	groupFilters = 2
	groupNoAck   = 1
	groupOrdered = 2
)

// append appends the group's record, which docs/format/streaming.md describes.
func (g *Group) append(dst []byte) []byte {
	var flags uint64
	if g.Options.NoAck {
		flags |= groupNoAck
	}
	version, fields := byte(groupVersion), []uint64{g.epoch, flags, uint64(g.Options.AckWait), uint64(g.Options.MaxDeliver + 1), uint64(g.Options.MaxInFlight)}
	if g.Options.Ordered || !g.Options.Filter.all() {
		if version = groupFilters; g.Options.Ordered {
			fields[1] |= groupOrdered
		}
		fields = append(fields, uint64(g.Options.MemberTimeout), uint64(len(g.Options.DeadLetter)))
	}
	dst = append(dst, version)
	for _, v := range fields {
		dst = binary.AppendUvarint(dst, v)
	}
	dst = append(dst, g.Options.DeadLetter...)
	if version == groupFilters && !g.Options.Filter.all() {
		dst = append(dst, g.Options.Filter.text()...)
	}
	return dst
}

func (g *Group) decode(v []byte, at txn.Timestamp) error {
	if len(v) > 0 && v[0] != groupVersion && v[0] != groupFilters {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "a group has version %d, and this program knows %d", v[0], groupFilters)
	}
	r := enc.NewReader(v)
	r.Byte() // the version
	g.epoch = r.Uvarint()
	flags := r.Uvarint()
	g.Options = GroupOptions{NoAck: flags&groupNoAck != 0, AckWait: time.Duration(r.Uvarint()), MaxDeliver: int(r.Uvarint()) - 1, MaxInFlight: int(r.Uvarint())}
	known := uint64(groupNoAck)
	if len(v) > 0 && v[0] == groupFilters {
		known |= groupOrdered
		g.Options.Ordered = flags&groupOrdered != 0
		g.Options.MemberTimeout = time.Duration(r.Uvarint())
		g.Options.DeadLetter = r.Text()
		if r.Len() > 0 && g.Options.Filter.read(r.Rest()) != nil {
			r.Fail()
		}
	} else {
		g.Options.DeadLetter = string(r.Rest())
	}
	if r.Bad() || flags&^known != 0 {
		return fmt.Errorf("%w: the record of group %q is malformed", dberr.ErrCorrupt, g.Name)
	}
	if at != 0 {
		g.Created = at.Time()
	}
	return nil
}

// pending is a message that was handed out and is not acknowledged.
type pending struct {
	due      int64  // when it is to be handed out again, ns since 1970
	delivery uint64 // how often it was
	member   string // to whom last; of an ordered group empty where nobody has it
	// Of ordered groups:
	ordered   bool
	tries     uint64 // of delivery, those that count against the most there may be
	hash      uint64 // of the key, 0: none
	partition int
}

const (
	pendingVersion = 1
	pendingOrdered = 2
)

func (p *pending) append(dst []byte) []byte {
	if p.ordered {
		dst = append(dst, pendingOrdered)
		for _, v := range []uint64{uint64(p.due), p.delivery, p.tries, p.hash, uint64(p.partition)} {
			dst = binary.AppendUvarint(dst, v)
		}
		return append(dst, p.member...)
	}
	dst = binary.AppendUvarint(append(dst, pendingVersion), uint64(p.due))
	return append(binary.AppendUvarint(dst, p.delivery), p.member...)
}

func (p *pending) decode(v []byte) error {
	if len(v) > 0 && v[0] != pendingVersion && v[0] != pendingOrdered {
		return dberr.New(dberr.ErrUnsupported, "RECORD_VERSION", "a delivery has version %d, and this program knows %d", v[0], pendingOrdered)
	}
	r := enc.NewReader(v)
	r.Byte() // the version
	p.due, p.delivery = int64(r.Uvarint()), r.Uvarint()
	if p.ordered = len(v) > 0 && v[0] == pendingOrdered; p.ordered {
		p.tries, p.hash, p.partition = r.Uvarint(), r.Uvarint(), int(r.Uvarint())
	}
	p.member = string(r.Rest())
	if r.Bad() || p.due < 0 || p.delivery == 0 && !p.ordered || p.partition < 0 || p.partition >= MaxPartitions {
		return fmt.Errorf("%w: the record of a delivery is malformed", dberr.ErrCorrupt)
	}
	return nil
}

// groupKeys are the keys of a group.
type groupKeys struct{ record, cursor, pending, buried, members, shares []byte }

func (s *Store) groupKeys(c *Channel, name string) groupKeys {
	return groupKeys{
		record:  enc.AppendString(appendOf(nil, s.db, objGroups, c.id), name),
		cursor:  enc.AppendString(appendOf(nil, s.db, objCursors, c.id), name),
		pending: enc.AppendString(appendOf(nil, s.db, objPending, c.id), name),
		buried:  enc.AppendString(appendOf(nil, s.db, objBuried, c.id), name),
		members: enc.AppendString(appendOf(nil, s.db, objMembers, c.id), name),
		shares:  enc.AppendString(appendOf(nil, s.db, objShares, c.id), name),
	}
}

func (k *groupKeys) of(offset uint64) []byte {
	return enc.AppendUint(append([]byte(nil), k.pending...), offset)
}

// group finds a group, which is to be there when tx commits.
func (s *Store) group(tx *txn.Tx, channel, name string) (c Channel, g Group, k groupKeys, err error) {
	if c, err = s.ChannelTx(tx, channel); err != nil {
		return c, g, k, err
	}
	k, g.Name = s.groupKeys(&c, name), name
	v, at, ok, err := tx.GetVersion(k.record)
	if err == nil && !ok {
		err = dberr.New(dberr.ErrNotFound, "GROUP_NOT_FOUND", "channel %q has no group %q", shorten(channel), shorten(name))
	}
	if err == nil {
		err = g.decode(v, at)
	}
	if err == nil {
		err = s.opts.compile(&g.Options.Filter)
	}
	if err == nil {
		err = tx.Guard(k.record)
	}
	return c, g, k, err
}

// cursor is the offset of the first message that was never handed out.
func (s *Store) cursor(tx *txn.Tx, k *groupKeys) (uint64, error) {
	v, ok, err := tx.Get(k.cursor)
	if err != nil {
		return 0, err
	}
	n, size := binary.Uvarint(v)
	if !ok || size != len(v) || n == 0 {
		return 0, fmt.Errorf("%w: the record of a group's place is malformed", dberr.ErrCorrupt)
	}
	return n, nil
}

// CreateGroupTx makes a group that begins somewhere in a channel; one that is there is
// an error of class ErrExists.
func (s *Store) CreateGroupTx(tx *txn.Tx, channel, name string, from Start, o GroupOptions) (g Group, err error) {
	c, err := s.ChannelTx(tx, channel)
	if err != nil {
		return g, err
	}
	if name == "" {
		return g, invalid("MISSING_FIELD", "name", "a group needs a name")
	}
	if err := checkText("name", name, MaxNameBytes); err != nil {
		return g, err
	}
	if err := o.settle(channel); err != nil {
		return g, err
	}
	if err := s.opts.compile(&o.Filter); err != nil {
		return g, err
	}
	k := s.groupKeys(&c, name)
	if _, ok, err := tx.Get(k.record); err != nil || ok {
		if ok {
			err = dberr.New(dberr.ErrExists, "GROUP_EXISTS", "channel %q has a group %q already", shorten(channel), shorten(name)).WithField("name")
		}
		return g, err
	}
	if err := tx.Guard(appendChannelKey(nil, s.db, channel)); err != nil {
		return g, err
	}
	l, err := s.log(tx, &c)
	if err != nil {
		return g, err
	}
	defer l.close()
	at, err := l.resolve(from)
	if err != nil {
		return g, err
	}
	g = Group{Name: name, Options: o, epoch: rand.Uint64() >> 1}
	if err := tx.Put(k.record, g.append(nil)); err != nil {
		return g, err
	}
	return g, tx.Put(k.cursor, binary.AppendUvarint(nil, at))
}

// CreateGroup makes a group that begins somewhere in a channel.
func (s *Store) CreateGroup(ctx context.Context, channel, name string, from Start, o GroupOptions) (g Group, err error) {
	tx, err := s.commit(ctx, txn.Snapshot, func(tx *txn.Tx) error {
		g, err = s.CreateGroupTx(tx, channel, name, from, o)
		return err
	})
	if err == nil && tx != nil {
		g.Created = tx.CommitTimestamp().Time()
	}
	return g, err
}

// DropGroup removes a group. What its members have not acknowledged they cannot any more.
// The group of a webhook goes with that.
func (s *Store) DropGroup(ctx context.Context, channel, name string) error {
	_, err := s.commit(ctx, txn.Snapshot, func(tx *txn.Tx) error {
		if hook, ok := strings.CutPrefix(name, webhookPrefix); ok {
			if _, err := s.Within(tx).Webhook(ctx, channel, hook); err == nil {
				return dberr.New(dberr.ErrInvalid, "GROUP_OF_WEBHOOK", "group %q is of webhook %q, and goes with it", shorten(name), shorten(hook)).WithField("group")
			}
		}
		return s.dropGroup(tx, channel, name)
	})
	return err
}

func (s *Store) dropGroup(tx *txn.Tx, channel, name string) error {
	_, _, k, err := s.group(tx, channel, name)
	if err != nil {
		return err
	}
	keys := [][]byte{k.record, k.cursor, k.buried, k.shares}
	for _, prefix := range [][]byte{k.pending, k.members} {
		it := tx.Iter(within(prefix))
		for it.Next() {
			keys = append(keys, append([]byte(nil), it.Key()...))
		}
		if err := errors.Join(it.Err(), it.Close()); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if err := tx.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// Groups returns the names of a channel's groups, in order.
func (s *Store) Groups(ctx context.Context, channel string) (names []string, err error) {
	err = s.View(ctx, func(tx *txn.Tx) error {
		names = nil
		c, err := s.ChannelTx(tx, channel)
		if err != nil {
			return err
		}
		prefix := appendOf(nil, s.db, objGroups, c.id)
		it := tx.Iter(within(prefix))
		defer it.Close()
		for it.Next() {
			name, _, err := enc.DecodeString(it.Key()[len(prefix):])
			if err != nil {
				return fmt.Errorf("%w: the key %x of a group is malformed", dberr.ErrCorrupt, it.Key())
			}
			names = append(names, name)
		}
		return it.Err()
	})
	return names, err
}

// eachPending calls fn for what is handed out and not acknowledged, in the order of
// offsets. fn must not write.
func (s *Store) eachPending(tx *txn.Tx, k *groupKeys, fn func(offset uint64, p *pending) error) error {
	it := tx.Iter(within(k.pending))
	defer it.Close()
	for it.Next() {
		offset, rest, err := enc.DecodeUint(it.Key()[len(k.pending):])
		if err != nil || len(rest) != 0 {
			return fmt.Errorf("%w: the key %x of a delivery is malformed", dberr.ErrCorrupt, it.Key())
		}
		var p pending
		if err := p.decode(it.Value()); err != nil {
			return err
		}
		if err := fn(offset, &p); err != nil {
			return err
		}
	}
	return it.Err()
}
