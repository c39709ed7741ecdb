package streaming

import (
	"context"
	"fmt"
	"runtime"
	"strconv"

	"github.com/weftdb/weft/storage/txn"
)

// SnapshotEnd is the type of the message behind those of a snapshot; its offset is that of
// the commits that the snapshot has, so who goes on behind it misses and repeats nothing.
const SnapshotEnd = "snapshot_end"

// feedSubscription is what a subscription to a feed has beside others.
type feedSubscription struct {
	tail *feedTail
	feed Feed          // as begin saw it
	past *feedReader   // while it is behind the tail
	list []*Message    // to be handed out first
	snap *feedSnapshot // while that is read
	told bool          // that nothing is left behind the messages that were handed out
}

// feedSnapshot reads what was there when the subscription began, a part at a time.
type feedSnapshot struct {
	parts chan []*Message
	err   error // once parts is closed
	at    txn.Timestamp
	quit  context.CancelFunc
}

func (s *Store) subscribeFeed(ctx context.Context, channel string, o SubscribeOptions) (*Subscription, error) {
	tx, err := s.txns.Begin(ctx, txn.TxOptions{ReadOnly: true, AnyAge: true})
	if err != nil {
		return nil, err
	}
	keep := false
	defer func() {
		if !keep {
			tx.Rollback()
		}
	}()
	c, err := s.ChannelTx(tx, channel)
	if err != nil {
		return nil, err
	}
	l, err := s.log(tx, &c)
	if err != nil {
		return nil, err
	}
	defer l.close()
	sub := &Subscription{s: s, filter: o.Filter, feed: &feedSubscription{feed: c.feed}}
	if sub.feed.tail, err = s.joinFeed(c.feed, tx.ReadTimestamp()); err != nil {
		return nil, err
	}
	if o.From.kind == startSnapshot {
		sub.next, keep = 1, true // until the snapshot is handed out there is no place to go on from
		sub.feed.snap = snapshot(tx, c.feed)
		return sub, nil
	}
	if sub.next, err = l.resolve(o.From); err == nil {
		err = sub.goBack(ctx)
	}
	if err != nil {
		sub.Close()
		return nil, err
	}
	return sub, nil
}

// goBack turns to the history where the tail has no more of what comes next.
func (sub *Subscription) goBack(ctx context.Context) (err error) {
	f := sub.feed
	if _, behind, _, _ := f.tail.take(sub.next, 1); behind {
		if f.past, err = since(ctx, sub.s.txns, f.feed, txn.Timestamp(sub.next-1)); err != nil {
			err = fmt.Errorf("read channel: %w", err)
		}
	}
	return err
}

// snapshot begins to read what tx sees, and ends tx.
func snapshot(tx *txn.Tx, f Feed) *feedSnapshot {
	ctx, quit := context.WithCancel(context.Background())
	p := &feedSnapshot{parts: make(chan []*Message), at: tx.ReadTimestamp(), quit: quit}
	go func() {
		defer close(p.parts)
		defer tx.Rollback()
		p.err = p.run(ctx, tx, f)
	}()
	return p
}

func (p *feedSnapshot) run(ctx context.Context, tx *txn.Tx, f Feed) error {
	var part []*Message
	size := 0
	send := func() error {
		select {
		case p.parts <- part:
			part, size = nil, 0
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := f.Rows(tx, func(m *Message) error {
		m.Timestamp = p.at
		part = append(part, m)
		if size += len(m.Data); len(part) >= deliverMessages || size > deliverBytes {
			return send()
		}
		return nil
	}); err != nil {
		return err
	}
	part = append(part, &Message{Offset: uint64(p.at), Timestamp: p.at, Content: Content{Type: SnapshotEnd, Source: "weft", JSON: true,
		Data: []byte(`{"op":"` + SnapshotEnd + `","commit_timestamp":"` + strconv.FormatUint(uint64(p.at), 10) + `"}`)}})
	return send()
}

func (f *feedSubscription) close() {
	if f.snap != nil {
		f.snap.quit()
		for range f.snap.parts { // until its transaction has ended
		}
	}
	if f.past != nil {
		f.past.close()
	}
	f.tail.core.feeds.leave(f.tail)
}

// nextOfFeed is Next for feeds.
func (sub *Subscription) nextOfFeed(ctx context.Context) (d Delivery, err error) {
	f := sub.feed
	if f.snap != nil {
		return sub.nextOfSnapshot(ctx)
	}
	for {
		if n := min(len(f.list), deliverMessages); n > 0 {
			part := f.list[:n:n]
			f.list, f.told = f.list[n:], false
			sub.next = part[n-1].Offset + 1
			return Delivery{Messages: sub.wanted(part), Next: sub.next}, nil
		}
		if f.past != nil {
			if err := sub.readPast(ctx); err != nil {
				return d, err
			}
			continue
		}
		list, behind, news, err := f.tail.take(sub.next, deliverMessages)
		switch {
		case err != nil:
			return d, err
		case behind:
			if err := sub.goBack(ctx); err != nil {
				return d, err
			}
			continue
		case len(list) > 0:
			f.list = list
			continue
		case !f.told: // who reads up to a place is to see that it is reached
			f.told = true
			runtime.Gosched() // as feedTail.run does
			if sub.settle() {
				return Delivery{Next: sub.next}, nil
			}
			continue
		}
		select {
		case <-news:
		case <-ctx.Done():
			sub.settle()
			return d, canceled(ctx)
		}
	}
}

// readPast takes the messages of another commit from the history, or goes over to the
// tail.
func (sub *Subscription) readPast(ctx context.Context) error {
	f := sub.feed
	if _, behind, _, err := f.tail.take(sub.next, 1); !behind && err == nil { // though writers may go on
		f.past.close()
		f.past = nil
		return nil
	}
	at := sub.s.txns.LastCommit()
	sub.s.txns.Settle()
	list, err := f.past.next(context.WithoutCancel(ctx)) // what it has taken would be lost
	if err != nil {
		return err
	}
	if len(list) == 0 { // it has given all that was committed up to at
		sub.next = max(sub.next, uint64(at)+1)
		f.past.close()
		f.past = nil
		return ctx.Err()
	}
	for len(list) > 0 && list[0].Offset < sub.next {
		list = list[1:]
	}
	f.list = list
	return nil
}

// settle moves on to now where nothing happened, so that the place to go on from stays
// within the history.
func (sub *Subscription) settle() bool {
	at := sub.feed.tail.catchUp()
	list, behind, _, err := sub.feed.tail.take(sub.next, 1)
	if len(list) > 0 || behind || err != nil {
		return false
	}
	sub.next = max(sub.next, uint64(at)+1)
	return true
}

func (sub *Subscription) nextOfSnapshot(ctx context.Context) (d Delivery, err error) {
	p := sub.feed.snap
	select {
	case part, ok := <-p.parts:
		if !ok {
			sub.feed.snap = nil
			if p.err != nil {
				return d, p.err
			}
			return sub.nextOfFeed(ctx)
		}
		for _, m := range part {
			if m.Type == SnapshotEnd {
				sub.next = m.Offset + 1
			}
			if m.Type == SnapshotEnd || sub.filter.wants(m) {
				d.Messages = append(d.Messages, m)
			}
		}
		d.Next = sub.next
		return d, nil
	case <-ctx.Done():
		return d, canceled(ctx)
	}
}
