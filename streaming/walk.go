package streaming

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// Span is a part of a channel: the messages at offsets from From on and before To that
// were committed at Since or later and before Until. 0 is no bound.
type Span struct {
	From, To     uint64
	Since, Until txn.Timestamp
}

// Walker walks over messages of a channel. It must be closed before its transaction ends.
type Walker struct {
	s       *Store
	tx      *txn.Tx
	c       Channel
	l       *log
	reverse bool
	spans   []Span // by offsets, disjoint, in the order of the walk
	inside  bool   // spans[0] is begun
	back    txn.Iterator
	list    []*Message // of a span of a feed, against the order
	m       *Message
	err     error
}

// WalkTx begins a walk over the messages of parts of a channel, each once, in the order
// of offsets or against it.
func (s *Store) WalkTx(tx *txn.Tx, channel string, spans []Span, reverse bool) (*Walker, error) {
	c, err := s.ChannelTx(tx, channel)
	if err != nil {
		return nil, err
	}
	l, err := s.log(tx, &c)
	if err != nil {
		return nil, err
	}
	w := &Walker{s: s, tx: tx, c: c, l: l, reverse: reverse}
	err = w.depend()
	if err == nil {
		err = w.resolve(spans)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return w, nil
}

// depend has the transaction, where it is serializable, depend on what a feed is made of,
// which is read beside it.
func (w *Walker) depend() error {
	if w.c.feed == nil {
		return nil
	}
	for _, r := range w.c.feed.Ranges() {
		if err := w.tx.ReadRange(r.Lower, r.Upper); err != nil {
			return err
		}
	}
	return nil
}

// resolve makes offsets of times, and joins spans that overlap.
func (w *Walker) resolve(spans []Span) error {
	end, _, err := w.l.end()
	if err != nil {
		return err
	}
	first := uint64(1)
	if w.l.feed != nil {
		if first, err = w.l.feed.first(); err != nil {
			return err
		}
	}
	for _, sp := range spans {
		if sp.Since != 0 {
			at, err := w.l.seekTime(sp.Since)
			if err != nil {
				return err
			}
			sp.From = max(sp.From, at)
		}
		if sp.Until != 0 {
			at, err := w.l.seekTime(sp.Until)
			if err != nil {
				return err
			}
			sp.To = min(cmp.Or(sp.To, at), at)
		}
		sp = Span{From: max(sp.From, first), To: min(cmp.Or(sp.To, end), end)}
		if sp.From < sp.To {
			w.spans = append(w.spans, sp)
		}
	}
	slices.SortFunc(w.spans, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	out := w.spans[:0]
	for _, sp := range w.spans {
		if n := len(out); n > 0 && sp.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, sp.To)
		} else {
			out = append(out, sp)
		}
	}
	if w.spans = out; w.reverse {
		slices.Reverse(w.spans)
	}
	return nil
}

// Next moves to the next message; false at the end, or where Err says why.
func (w *Walker) Next() bool {
	for w.err == nil && len(w.spans) > 0 {
		if ok := w.step(); ok {
			return true
		}
		if w.err == nil {
			w.leave()
			w.spans, w.inside = w.spans[1:], false
		}
	}
	return false
}

// step moves on within the first span.
func (w *Walker) step() bool {
	sp := &w.spans[0]
	if w.reverse {
		return w.stepBack(sp)
	}
	for {
		var offset uint64
		var ok bool
		if w.inside {
			offset, ok, w.err = w.l.next()
		} else {
			w.inside = true
			offset, ok, w.err = w.l.at(sp.From)
		}
		if w.err != nil || !ok || offset >= sp.To {
			return false
		}
		if w.take(offset, w.l.it) {
			return true
		}
	}
}

// take makes the message that an iterator stands on; false where it is none.
func (w *Walker) take(offset uint64, it txn.Iterator) bool {
	if removed(it.Value()) {
		return false
	}
	w.m, w.err = w.c.message(offset, it.Timestamp(), bytes.Clone(it.Value()))
	return w.err == nil
}

func (w *Walker) stepBack(sp *Span) bool {
	if w.l.feed != nil {
		return w.stepBackFeed(sp)
	}
	if !w.inside {
		w.inside = true
		w.back = w.tx.Iter(txn.IterOptions{Reverse: true,
			Lower: txn.AppendLogKey(nil, w.l.prefix, max(sp.From, w.l.state.first)), Upper: txn.AppendLogKey(nil, w.l.prefix, sp.To)})
	}
	for w.back.Next() {
		_, offset, ok := txn.LogNumber(w.back.Key())
		if ok && w.take(offset, w.back) {
			return true
		}
		if w.err != nil {
			return false
		}
	}
	w.err = w.back.Err()
	return false
}

// stepBackFeed gives a span of a feed, which is made in order, against it.
func (w *Walker) stepBackFeed(sp *Span) bool {
	if !w.inside {
		w.inside = true
		if w.err = w.l.each(sp.From, func(m *Message) bool {
			if m.Offset < sp.To {
				w.list = append(w.list, m)
			}
			return m.Offset < sp.To
		}); w.err != nil {
			return false
		}
	}
	n := len(w.list)
	if n == 0 {
		return false
	}
	w.m, w.list = w.list[n-1], w.list[:n-1]
	return true
}

func (w *Walker) leave() {
	if w.back != nil {
		w.back.Close() //nolint:errcheck // it only read
		w.back = nil
	}
}

// Message is the message that the walk stands on.
func (w *Walker) Message() *Message { return w.m }

// Err says why the walk ended before its end.
func (w *Walker) Err() error { return w.err }

// Close ends the walk. It may be called more than once.
func (w *Walker) Close() error {
	w.leave()
	w.spans = nil
	if w.l != nil {
		w.l.close()
		w.l = nil
	}
	return nil
}

// StoreKey appends the key of the store under which a message is.
func (s *Store) StoreKey(dst []byte, c *Channel, offset uint64) []byte {
	return txn.AppendLogKey(dst, keyspace.AppendPrefix(nil, s.db, keyspace.SpaceStream, c.id), offset)
}

// Feed says whether the channel has the changes of an object.
func (c *Channel) Feed() bool { return c.feed != nil }
