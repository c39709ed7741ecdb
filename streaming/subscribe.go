package streaming

import (
	"context"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// SubscribeOptions says which messages a subscriber gets.
type SubscribeOptions struct {
	From   Start
	Filter Filter
}

// Subscription hands out the messages of a channel in the order of offsets. One
// goroutine may call Next at a time.
type Subscription struct {
	s      *Store
	tail   *tail
	filter Filter
	next   uint64 // the offset to go on with, 0 until the channel is there
	closed bool
	feed   *feedSubscription // nil but for feeds, which have no tail
}

// Gap is a range of offsets that retention removed before they were handed out.
type Gap struct{ From, To uint64 } // both are of it; zero: no gap

// Delivery is what Next returns: messages, and the gap before them.
type Delivery struct {
	Messages []*Message // shared, so they must not be changed; none where the filter wanted none
	Gap      Gap
	// Next is the offset to go on from, by AtOffset, once the messages are handled.
	Next uint64
}

// Subscribe begins to follow a channel, which need not be there yet. The subscription
// must be closed.
func (s *Store) Subscribe(ctx context.Context, channel string, o SubscribeOptions) (*Subscription, error) {
	if err := s.opts.compile(&o.Filter); err != nil {
		return nil, err
	}
	if isFeed(channel) {
		return s.subscribeFeed(ctx, channel, o)
	}
	if err := checkName(channel); err != nil {
		return nil, err
	}
	if err := s.hub.listen(ctx); err != nil {
		return nil, err
	}
	t, err := s.hub.join(channelName{s.db, channel})
	if err != nil {
		return nil, err
	}
	sub := &Subscription{s: s, tail: t, filter: o.Filter}
	if err := sub.begin(ctx, channel, o.From); err != nil {
		sub.Close()
		return nil, err
	}
	return sub, nil
}

// begin finds where the subscription begins.
func (sub *Subscription) begin(ctx context.Context, channel string, from Start) error {
	var c Channel
	var ok bool
	err := sub.s.txns.View(ctx, func(tx *txn.Tx) (err error) {
		c, ok, err = sub.s.channel(tx, channel)
		return err
	})
	switch {
	case err != nil:
		return err
	case !ok && from.kind == startOffset && from.n > 1:
		return errNoChannel(channel)
	case !ok:
		sub.next = 1 // of the channel to come
		return nil
	}
	sub.s.hub.bind(sub.tail, c)
	return sub.s.txns.View(ctx, func(tx *txn.Tx) error {
		c, _, err := sub.s.channel(tx, channel)
		if err != nil {
			return err
		}
		l, err := sub.s.log(tx, &c)
		if err != nil {
			return err
		}
		defer l.close()
		next, _, err := l.end()
		if err != nil {
			return err
		}
		if err := sub.s.hub.settle(sub.tail, c.id, next); err != nil {
			return err
		}
		sub.next, err = l.resolve(from)
		return err
	})
}

// Position is the offset of the next message to be handed out.
func (sub *Subscription) Position() uint64 { return sub.next }

// Close ends the subscription.
func (sub *Subscription) Close() {
	if !sub.closed {
		sub.closed = true
		if sub.feed != nil {
			sub.feed.close()
			return
		}
		sub.s.hub.leave(sub.tail)
	}
}

const (
	deliverMessages = 256 // of one delivery
	deliverBytes    = 1 << 20
)

// Next waits for messages. The error says why there are no more: the code
// CHANNEL_DROPPED where the channel was, SHUTTING_DOWN where the store closes, or that
// ctx ended, after which Next can be called again.
func (sub *Subscription) Next(ctx context.Context) (d Delivery, err error) {
	if sub.feed != nil {
		return sub.nextOfFeed(ctx)
	}
	for {
		list, behind, news, err := sub.tail.take(sub.next, deliverMessages)
		if err != nil {
			return d, err
		}
		if behind {
			if list, d.Gap, err = sub.read(ctx); err != nil {
				return d, err
			}
		} else if len(list) > 0 {
			sub.next = list[len(list)-1].Offset + 1
		}
		if news == nil {
			d.Messages, d.Next = sub.wanted(list), sub.next
			return d, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return d, canceled(ctx)
		}
	}
}

func canceled(ctx context.Context) error {
	return dberr.New(dberr.ErrCanceled, "CANCELED", "the subscription was given up").Wrap(context.Cause(ctx))
}

func (sub *Subscription) wanted(list []*Message) []*Message {
	f := &sub.filter
	if f.all() {
		return list
	}
	var kept []*Message
	for _, m := range list {
		if f.wants(m) {
			kept = append(kept, m)
		}
	}
	return kept
}

// read reads from the store what the tail has no more, and moves on.
func (sub *Subscription) read(ctx context.Context) (list []*Message, gap Gap, err error) {
	sub.tail.mu.Lock()
	c := sub.tail.mu.channel
	sub.tail.mu.Unlock()
	err = sub.s.txns.View(ctx, func(tx *txn.Tx) error {
		l, err := sub.s.log(tx, &c)
		if err != nil {
			return err
		}
		defer l.close()
		next, _, err := l.end()
		if err != nil {
			return err
		}
		from := sub.next
		if first := min(l.state.first, next); from < first {
			gap, from = Gap{from, first - 1}, first
		}
		size := 0
		sub.next = next
		return l.each(from, func(m *Message) bool {
			if len(list) == deliverMessages || size > deliverBytes {
				sub.next = m.Offset
				return false
			}
			list = append(list, m)
			size += len(m.Data)
			return true
		})
	})
	if err != nil {
		return nil, Gap{}, fmt.Errorf("read channel %q: %w", shorten(c.Name), err)
	}
	return list, gap, nil
}
