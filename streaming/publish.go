package streaming

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
)

// Receipt says what became of a message that was published.
type Receipt struct {
	// Offset and Timestamp are those of the message. In the caller's transaction they
	// come with its commit: see Complete. Of a duplicate they are those of the message
	// that is there, where it is one of its producer's last commit, and else 0.
	Offset    uint64
	Timestamp txn.Timestamp
	// Duplicate says that the producer had published this sequence before, so nothing
	// was written.
	Duplicate bool

	handle int // of txn.Tx.Append
}

// Complete fills in what the commit of tx gave to messages that were published in it.
func Complete(tx *txn.Tx, receipts []Receipt) {
	at := tx.CommitTimestamp()
	if at == 0 {
		return
	}
	for i := range receipts {
		if r := &receipts[i]; !r.Duplicate {
			r.Offset, r.Timestamp = tx.Appended(r.handle), at
		}
	}
}

// PublishTx publishes messages to a channel, which is made where there is none. They
// are in it, and seen by subscribers, with the commit of tx.
func (s *Store) PublishTx(tx *txn.Tx, channel string, messages ...Content) ([]Receipt, error) {
	if len(messages) > MaxBatch {
		return nil, tooLarge("BATCH_TOO_LARGE", "messages", "%d messages are over the maximum of %d", len(messages), MaxBatch)
	}
	c, ok, err := s.channel(tx, channel)
	if err == nil && !ok {
		c, err = s.makeChannel(tx, channel, ChannelOptions{})
	}
	if err != nil {
		return nil, err
	}
	if err := c.notFeed("published to"); err != nil {
		return nil, err
	}
	// Whoever drops the channel meanwhile is to conflict with this, also under
	// snapshot isolation.
	if err := tx.Guard(appendChannelKey(nil, s.db, channel)); err != nil {
		return nil, err
	}
	p := publisher{s: s, tx: tx, c: &c, prefix: appendObject(nil, s.db, c.id)}
	receipts := make([]Receipt, len(messages))
	for i := range messages {
		if receipts[i], err = p.publish(&messages[i]); err != nil {
			return nil, ofMessage(err, i, len(messages))
		}
	}
	return receipts, p.end(receipts, messages)
}

// ofMessage says which of several messages is at fault.
func ofMessage(err error, i, n int) error {
	e := dberr.As(err)
	if e == nil || n == 1 {
		return err
	}
	at := *e
	at.Message = fmt.Sprintf("message %d: %s", i, e.Message)
	at.Field = fmt.Sprintf("messages[%d].%s", i, e.Field)
	return &at
}

// Publish publishes messages to a channel, all or none, and says where they are.
func (s *Store) Publish(ctx context.Context, channel string, messages ...Content) (receipts []Receipt, err error) {
	tx, err := s.commit(ctx, txn.Snapshot, func(tx *txn.Tx) error {
		receipts, err = s.PublishTx(tx, channel, messages...)
		return err
	})
	if err != nil {
		return nil, err
	}
	if tx != nil {
		Complete(tx, receipts)
	}
	return receipts, nil
}

// publisher is a call of PublishTx.
type publisher struct {
	s         *Store
	tx        *txn.Tx
	c         *Channel
	prefix    []byte
	buf       []byte
	producers map[string]*producer
}

// producer is one whose sequence is kept.
type producer struct {
	last  uint64        // sequence
	at    txn.Timestamp // of the commit of last, 0 where it is of this transaction
	wrote bool
}

func (p *publisher) publish(m *Content) (r Receipt, err error) {
	if err := m.check(); err != nil {
		return r, err
	}
	if p.c.Options.Compact && m.Key == "" {
		return r, invalid("MISSING_FIELD", "key", "channel %q is compacted by key, so its messages need one", shorten(p.c.Name))
	}
	if m.Producer != "" {
		if r.Duplicate, err = p.sequence(m); r.Duplicate || err != nil {
			return r, err
		}
	}
	p.buf = m.append(p.buf[:0])
	r.handle, err = p.tx.Append(p.prefix, p.buf)
	return r, err
}

// sequence says whether a producer's message was published before.
func (p *publisher) sequence(m *Content) (duplicate bool, err error) {
	pr := p.producers[m.Producer]
	if pr == nil {
		if pr, err = p.s.producer(p.tx, p.c, m.Producer); err != nil {
			return false, err
		}
		if p.producers == nil {
			p.producers = map[string]*producer{}
		}
		p.producers[m.Producer] = pr
	}
	switch {
	case m.Sequence <= pr.last:
		return true, nil
	case pr.last != 0 && m.Sequence != pr.last+1:
		return false, dberr.New(dberr.ErrConstraint, "SEQUENCE_GAP", "producer %q published sequence %d last, so %d leaves some out", shorten(m.Producer), pr.last, m.Sequence).
			WithField("sequence").WithHint("publish what is missing first")
	}
	pr.last, pr.wrote = m.Sequence, true
	return false, nil
}

// producer reads the last sequence of a producer, 0 where there is none.
func (s *Store) producer(tx *txn.Tx, c *Channel, name string) (*producer, error) {
	v, at, ok, err := tx.GetVersion(appendProducerKey(nil, s.db, c.id, name))
	if err != nil || !ok {
		return &producer{}, err
	}
	last, n := binary.Uvarint(v)
	if n != len(v) || last == 0 {
		return nil, fmt.Errorf("%w: the record of producer %q is malformed", dberr.ErrCorrupt, shorten(name))
	}
	return &producer{last: last, at: at}, nil
}

// end writes the sequences, and finds the duplicates.
func (p *publisher) end(receipts []Receipt, messages []Content) error {
	for name, pr := range p.producers {
		if !pr.wrote {
			continue
		}
		if err := p.tx.Put(appendProducerKey(nil, p.s.db, p.c.id, name), binary.AppendUvarint(nil, pr.last)); err != nil {
			return err
		}
	}
	for i := range receipts {
		if !receipts[i].Duplicate {
			continue
		}
		if pr := p.producers[messages[i].Producer]; pr.at != 0 {
			if err := p.find(pr.at, receipts, messages); err != nil {
				return err
			}
		}
	}
	return nil
}

// find looks among the messages of one commit for those that were published again.
func (p *publisher) find(at txn.Timestamp, receipts []Receipt, messages []Content) error {
	l, err := p.s.log(p.tx, p.c)
	if err != nil {
		return err
	}
	defer l.close()
	from, err := l.seekTime(at)
	if err != nil {
		return err
	}
	return l.each(from, func(m *Message) bool {
		if m.Timestamp != at {
			return false
		}
		for i := range receipts {
			if r := &receipts[i]; r.Duplicate && messages[i].Producer == m.Producer && messages[i].Sequence == m.Sequence {
				r.Offset, r.Timestamp = m.Offset, m.Timestamp
			}
		}
		return true
	})
}
