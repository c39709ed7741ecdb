package streaming

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// PullOptions says what a member of a group asks for.
type PullOptions struct {
	Max    int           // messages, 100 where it is 0
	Wait   time.Duration // for the first of them, where there is none. Not in the caller's transaction
	Member string        // who asks; for Group to tell
}

// Handed is a message that a group has handed out.
type Handed struct {
	*Message
	AckID    string // of this delivery, for Ack, Nack and Extend. Empty with NoAck
	Delivery int    // how often the message was handed out, from 1
}

// Pull hands out messages of a group: first those whose time is over, then new ones. It
// is committed when it returns, so they are handed out again after GroupOptions.AckWait,
// and not before, whatever happens to the member.
func (s *Store) Pull(ctx context.Context, channel, group string, o PullOptions) ([]Handed, error) {
	if o.Max == 0 {
		o.Max = 100
	}
	if err := checkText("member", o.Member, MaxTypeBytes); err != nil {
		return nil, err
	}
	if o.Max < 0 || o.Max > MaxInFlight {
		return nil, invalid("INVALID_FIELD", "max", "max is %d, want a number from 1 to %d", o.Max, MaxInFlight)
	}
	list, _, err := s.pullMore(ctx, channel, group, &o)
	if err != nil || len(list) > 0 || o.Wait <= 0 {
		return list, err
	}
	if s.tx != nil {
		return nil, dberr.New(dberr.ErrUnsupported, "NO_WAIT_IN_TRANSACTION", "a pull in a transaction does not wait").WithField("wait_ms")
	}
	return s.pullWaiting(ctx, channel, group, &o)
}

// pullWaiting pulls again whenever something happens to the channel or the group.
func (s *Store) pullWaiting(ctx context.Context, channel, group string, o *PullOptions) ([]Handed, error) {
	sub, err := s.Subscribe(ctx, channel, SubscribeOptions{})
	if err != nil {
		return nil, err
	}
	defer sub.Close()
	over := time.NewTimer(o.Wait)
	defer over.Stop()
	for {
		news, err := sub.watch()
		if err != nil {
			return nil, err
		}
		list, due, err := s.pullMore(ctx, channel, group, o)
		if err != nil || len(list) > 0 {
			return list, err
		}
		var dueC <-chan time.Time
		if due != 0 {
			t := time.NewTimer(max(time.Unix(0, due).Sub(s.Now()), time.Millisecond))
			defer t.Stop()
			dueC = t.C
		}
		select {
		case <-news:
		case <-dueC:
		case <-over.C:
			return nil, nil
		case <-ctx.Done():
			return nil, canceled(ctx)
		}
	}
}

// Changed returns a channel that is closed when something happens to what is subscribed
// to, for who reads it by other means than Next. The error is that of Next.
func (sub *Subscription) Changed() (<-chan struct{}, error) { return sub.watch() }

// watch returns a channel that is closed when something happens to what is subscribed to.
func (sub *Subscription) watch() (<-chan struct{}, error) {
	if sub.feed != nil {
		return sub.feed.tail.watch()
	}
	return sub.tail.watch()
}

// watch returns a channel that is closed when something happens.
func (t *tail) watch() (<-chan struct{}, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.news, t.mu.ended
}

// pullMore pulls until there are messages, or nothing more is to be looked at.
func (s *Store) pullMore(ctx context.Context, channel, group string, o *PullOptions) (list []Handed, due int64, err error) {
	for more := true; more && len(list) == 0 && err == nil; {
		list, due, more, err = s.pull(ctx, channel, group, o)
		more = more && s.tx == nil
	}
	return list, due, err
}

// pull is one attempt. due is when the next message is to be handed out again, 0 where
// there is none, more says that messages are left that were not looked at.
func (s *Store) pull(ctx context.Context, channel, group string, o *PullOptions) (list []Handed, due int64, more bool, err error) {
	_, err = s.commit(ctx, txn.Snapshot, func(tx *txn.Tx) (err error) {
		p := puller{s: s, tx: tx, o: o}
		if p.c, p.g, p.k, err = s.group(tx, channel, group); err != nil {
			return err
		}
		if p.l, err = s.log(tx, &p.c); err != nil {
			return err
		}
		defer p.l.close()
		if p.g.Options.Ordered {
			err = p.runOrdered()
		} else {
			err = p.run()
		}
		list, due, more = p.list, p.due, p.more
		return err
	})
	return list, due, more, err
}

// pullScan is how many messages one attempt looks at.
const pullScan = 10_000

// puller is one attempt of a pull. Two at once write the place of the group, or the same
// deliveries, so one of them runs again.
type puller struct {
	s        *Store
	tx       *txn.Tx
	c        Channel
	g        Group
	k        groupKeys
	o        *PullOptions
	l        *log
	list     []Handed
	inFlight int
	due      int64
	more     bool
	buried   [2]uint64 // dead letters, and given up
	shares   *shares   // of ordered groups
}

func (p *puller) run() error {
	now := p.s.Now().UnixNano()
	type late struct {
		offset uint64
		pending
	}
	var again []late
	if err := p.s.eachPending(p.tx, &p.k, func(offset uint64, x *pending) error {
		p.inFlight++
		switch {
		case x.due <= now:
			again = append(again, late{offset, *x})
		case p.due == 0 || x.due < p.due:
			p.due = x.due
		}
		return nil
	}); err != nil {
		return err
	}
	for i := range again {
		if len(p.list) == p.o.Max {
			break
		}
		if err := p.again(again[i].offset, &again[i].pending, now); err != nil {
			return err
		}
	}
	if err := p.fresh(now); err != nil {
		return err
	}
	return p.count()
}

// again hands out a message whose time is over, or gives it up.
func (p *puller) again(offset uint64, x *pending, now int64) error {
	at, ok, err := p.l.at(offset)
	if p.l.lost(err) {
		ok, err = false, nil
	}
	if err != nil {
		return err
	}
	if !ok || at != offset || removed(p.l.it.Value()) { // retention was faster
		p.inFlight--
		return p.tx.Delete(p.k.of(offset))
	}
	m, err := p.c.message(offset, p.l.it.Timestamp(), append([]byte(nil), p.l.it.Value()...))
	if err != nil {
		return err
	}
	tries := x.delivery
	if x.ordered {
		tries = x.tries
	}
	if most := p.g.Options.MaxDeliver; most != NoLimit && tries >= uint64(most) {
		p.inFlight--
		if err := p.bury(m, x); err != nil {
			return err
		}
		return p.tx.Delete(p.k.of(offset))
	}
	return p.hand(m, x, now)
}

// bury publishes a message to the dead letters, with where it comes from.
func (p *puller) bury(m *Message, x *pending) error {
	if p.g.Options.DeadLetter == "" {
		p.buried[1]++
		return nil
	}
	p.buried[0]++
	dead := m.Content
	dead.Producer, dead.Sequence = "", 0
	dead.Headers = nil
	for _, h := range m.Headers {
		if !strings.HasPrefix(h.Name, "weft-dead-") && len(dead.Headers) < MaxHeaders-4 {
			dead.Headers = append(dead.Headers, h)
		}
	}
	dead.Headers = append(dead.Headers, Header{"weft-dead-channel", p.c.Name}, Header{"weft-dead-group", p.g.Name},
		Header{"weft-dead-offset", strconv.FormatUint(m.Offset, 10)}, Header{"weft-dead-deliveries", strconv.FormatUint(x.delivery, 10)})
	_, err := p.s.PublishTx(p.tx, p.g.Options.DeadLetter, dead)
	return err
}

// count adds to how many messages were handed out too often.
func (p *puller) count() error {
	if p.buried == [2]uint64{} {
		return nil
	}
	n, err := p.s.buried(p.tx, &p.k)
	if err != nil {
		return err
	}
	return p.tx.Put(p.k.buried, binary.AppendUvarint(binary.AppendUvarint(nil, n[0]+p.buried[0]), n[1]+p.buried[1]))
}

// hand hands out a message; x is its delivery until now.
func (p *puller) hand(m *Message, x *pending, now int64) error {
	h := Handed{Message: m, Delivery: int(x.delivery + 1)}
	if !p.g.Options.NoAck {
		h.AckID = ackID(&p.g, m.Offset, x.delivery+1)
		x.due, x.member = now+int64(p.g.Options.AckWait), p.o.Member
		x.delivery++
		if x.ordered {
			x.tries++
		}
		if err := p.tx.Put(p.k.of(m.Offset), x.append(nil)); err != nil {
			return err
		}
	}
	p.list = append(p.list, h)
	return nil
}

// fresh hands out messages for the first time.
func (p *puller) fresh(now int64) error {
	from, err := p.s.cursor(p.tx, &p.k)
	if err != nil {
		return err
	}
	next := from
	size, seen := 0, 0
	var failed error
	err = p.l.each(from, func(m *Message) bool {
		if len(p.list) == p.o.Max || !p.g.Options.NoAck && p.inFlight >= p.g.Options.MaxInFlight || size > historyBytes {
			return false
		}
		if seen++; seen > pullScan {
			p.more = true
			return false
		}
		if !p.g.Options.Filter.wants(m) {
			next = m.Offset + 1
			return true
		}
		if failed = p.hand(m, &pending{}, now); failed != nil {
			return false
		}
		p.inFlight++
		size += len(m.Data)
		next = m.Offset + 1
		return true
	})
	if failed != nil {
		err = failed
	}
	if err == nil && next == from && p.l.feed != nil {
		next = max(p.l.feed.idle(from), from)
	}
	if err != nil || next == from {
		return err
	}
	return p.tx.Put(p.k.cursor, binary.AppendUvarint(nil, next))
}

// ackID names a delivery: a later one of the same message has another.
func ackID(g *Group, offset, delivery uint64) string {
	return fmt.Sprintf("%d-%d-%x", offset, delivery, g.epoch)
}

func parseAckID(g *Group, id string) (offset, delivery uint64, ok bool) {
	parts := strings.Split(id, "-")
	if len(parts) != 3 || parts[2] != strconv.FormatUint(g.epoch, 16) {
		return 0, 0, false
	}
	offset, err := strconv.ParseUint(parts[0], 10, 63)
	if err != nil {
		return 0, 0, false
	}
	delivery, err = strconv.ParseUint(parts[1], 10, 63)
	return offset, delivery, err == nil
}

// Ack acknowledges deliveries: their messages are never handed out again. Stale are those
// that are not the group's last of their message, since it was acknowledged, handed out
// again or given up; nothing happens to them. In the caller's transaction they are an
// error instead, with the code ACK_STALE: what a member writes with the acknowledgement
// then takes effect once, whoever else has had the message.
func (s *Store) Ack(ctx context.Context, channel, group string, ids ...string) (stale []string, err error) {
	return s.deliveries(ctx, channel, group, ids, func(tx *txn.Tx, k *groupKeys, _ *Group, list []queued) error {
		for i := range list {
			if err := tx.Delete(k.of(list[i].offset)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Nack has deliveries handed out again after a delay.
func (s *Store) Nack(ctx context.Context, channel, group string, delay time.Duration, ids ...string) (stale []string, err error) {
	if delay < 0 || delay > MaxAckWait {
		return nil, invalid("INVALID_FIELD", "delay_ms", "the delay of %v is not within 0 and %v", delay, MaxAckWait)
	}
	return s.deliveries(ctx, channel, group, ids, func(tx *txn.Tx, k *groupKeys, g *Group, list []queued) error {
		for i := range list {
			x := &list[i]
			if x.due = s.Now().Add(delay).UnixNano(); g.Options.Ordered {
				x.member = ""
			}
			if err := tx.Put(k.of(x.offset), x.append(nil)); err != nil {
				return err
			}
		}
		if g.Options.Ordered {
			return s.releaseBehind(tx, k, list)
		}
		return nil
	})
}

// Extend gives the members more time to acknowledge deliveries: from now on, as long as
// they had at first, or as long as is said.
func (s *Store) Extend(ctx context.Context, channel, group string, by time.Duration, ids ...string) (stale []string, err error) {
	if by < 0 || by > MaxAckWait {
		return nil, invalid("INVALID_FIELD", "delay_ms", "the time of %v is not within 0 and %v", by, MaxAckWait)
	}
	return s.deliveries(ctx, channel, group, ids, func(tx *txn.Tx, k *groupKeys, g *Group, list []queued) error {
		d := by
		if d == 0 {
			d = g.Options.AckWait
		}
		for i := range list {
			list[i].due = s.Now().Add(d).UnixNano()
			if err := tx.Put(k.of(list[i].offset), list[i].append(nil)); err != nil {
				return err
			}
		}
		return nil
	})
}

// deliveries does something to the deliveries that are not stale.
func (s *Store) deliveries(ctx context.Context, channel, group string, ids []string, fn func(tx *txn.Tx, k *groupKeys, g *Group, list []queued) error) (stale []string, err error) {
	if len(ids) > MaxInFlight {
		return nil, tooLarge("BATCH_TOO_LARGE", "ack_ids", "%d deliveries are over the maximum of %d", len(ids), MaxInFlight)
	}
	_, err = s.commit(ctx, txn.Snapshot, func(tx *txn.Tx) error {
		stale = nil
		_, g, k, err := s.group(tx, channel, group)
		if err != nil {
			return err
		}
		var list []queued
		seen := make(map[uint64]bool, len(ids))
		for _, id := range ids {
			x, err := s.delivery(tx, &g, &k, id)
			switch {
			case err != nil:
				return err
			case x == nil || seen[x.offset]:
				stale = append(stale, id)
			default:
				seen[x.offset] = true
				list = append(list, *x)
			}
		}
		if err := fn(tx, &k, &g, list); err != nil {
			return err
		}
		if s.tx != nil && len(stale) > 0 {
			return dberr.New(dberr.ErrConstraint, "ACK_STALE", "the delivery %q is not the last of its message any more", shorten(stale[0])).
				WithField("ack_ids").WithHint("roll the transaction back: another member has the message, or had it")
		}
		return nil
	})
	return stale, err
}

// delivery finds a delivery; nil where it is stale.
func (s *Store) delivery(tx *txn.Tx, g *Group, k *groupKeys, id string) (*queued, error) {
	offset, delivery, ok := parseAckID(g, id)
	if !ok {
		return nil, nil
	}
	v, ok, err := tx.Get(k.of(offset))
	if err != nil || !ok {
		return nil, err
	}
	x := queued{offset: offset}
	if err := x.decode(v); err != nil {
		return nil, err
	}
	if x.pending.delivery != delivery {
		return nil, nil
	}
	return &x, nil
}

// releaseBehind takes what is behind deliveries that were given back, with the same key,
// from who has it.
func (s *Store) releaseBehind(tx *txn.Tx, k *groupKeys, list []queued) error {
	given := map[uint64]bool{}
	first := map[uint64]uint64{} // by the hash of keys
	for i := range list {
		given[list[i].offset] = true
		if at, ok := first[list[i].hash]; list[i].hash != 0 && (!ok || list[i].offset < at) {
			first[list[i].hash] = list[i].offset
		}
	}
	var behind []queued
	if err := s.eachPending(tx, k, func(offset uint64, x *pending) error {
		if at, ok := first[x.hash]; ok && offset > at && !given[offset] && x.member != "" {
			behind = append(behind, queued{offset: offset, pending: *x})
		}
		return nil
	}); err != nil {
		return err
	}
	now := s.Now().UnixNano()
	for i := range behind {
		behind[i].release(now)
		if err := tx.Put(k.of(behind[i].offset), behind[i].append(nil)); err != nil {
			return err
		}
	}
	return nil
}
