package streaming

import (
	"bytes"
	"context"
	"sync"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/internal/enc"
	"github.com/weftdb/weft/storage/keyspace"
	"github.com/weftdb/weft/storage/txn"
)

// hub hears of every commit, for subscribers. It listens from the first of them on, so
// that a store without subscribers pays nothing.
//
// For each channel that has subscribers it keeps a tail: the last messages, once for
// all. A subscriber is an offset. It takes what the tail has from there, reads from the
// store what the tail has no more, and waits where it is at the end; so one that is
// slow costs nothing, and none can be overrun.
type hub struct {
	txns *txn.Store
	opts *Options

	// start is held while the hub begins to listen. Taken before mu.
	start sync.Mutex

	// mu is taken by commits, under the lock that keeps them in order. Under it: tail.mu.
	mu struct {
		sync.Mutex
		stop   func() // nil until the hub listens
		closed bool
		names  map[channelName]*tail
		ids    map[channelRef]*tail
	}
}

type channelName struct {
	db   keyspace.DatabaseID
	name string
}

// channelRef names a channel for good: ids are never given out twice.
type channelRef struct {
	db keyspace.DatabaseID
	id keyspace.ObjectID
}

// tail is the end of a channel that has subscribers. It follows the name: the channel
// may not be there yet.
type tail struct {
	name        channelName
	subscribers int // under hub.mu

	mu struct {
		sync.Mutex
		channel  Channel
		messages []*Message    // the last ones, without a gap
		bytes    int           // of them
		next     uint64        // offset of the next message, 0: not known
		news     chan struct{} // closed, and replaced, when something changes
		ended    error         // why nothing comes any more
	}
}

func (h *hub) init(txns *txn.Store, opts *Options) {
	h.txns, h.opts = txns, opts
	h.mu.names, h.mu.ids = map[channelName]*tail{}, map[channelRef]*tail{}
}

var errClosed = dberr.New(dberr.ErrUnavailable, "SHUTTING_DOWN", "the channels are closed")

// listen begins to listen. When it returns, a commit is heard of, or seen by every
// transaction that begins now.
func (h *hub) listen(ctx context.Context) error {
	h.start.Lock()
	defer h.start.Unlock()
	h.mu.Lock()
	listening, closed := h.mu.stop != nil, h.mu.closed
	h.mu.Unlock()
	if closed {
		return errClosed
	}
	if listening {
		return nil
	}
	since, stop := h.txns.OnCommitBriefly(h.hear)
	if err := h.txns.WaitVisible(ctx, since); err != nil {
		stop()
		return err
	}
	h.mu.Lock()
	h.mu.stop = stop
	closed = h.mu.closed
	h.mu.Unlock()
	if closed {
		stop()
		return errClosed
	}
	return nil
}

func (h *hub) close() {
	h.mu.Lock()
	h.mu.closed = true
	stop := h.mu.stop
	for _, t := range h.mu.names {
		t.end(errClosed)
	}
	h.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// join adds a subscriber to the tail of a channel, which is made by the first.
func (h *hub) join(name channelName) (*tail, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.mu.closed {
		return nil, errClosed
	}
	t := h.mu.names[name]
	if t == nil {
		t = &tail{name: name}
		t.mu.channel.Name = name.name
		t.mu.news = make(chan struct{})
		h.mu.names[name] = t
	}
	t.subscribers++
	return t, nil
}

// bind tells a tail which channel its name stands for, as a transaction has seen it.
// From then on it hears of the channel's messages; whoever calls it goes on to settle.
func (h *hub) bind(t *tail, c Channel) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.channel.id == 0 && t.mu.ended == nil {
		t.mu.channel = c
		h.mu.ids[channelRef{t.name.db, c.id}] = t
	}
}

// settle tells a tail where the channel ends, as a transaction sees it that began after
// bind: what that one does not see, the tail hears of. A channel of another id, or none,
// means that the one of bind was dropped in between.
func (h *hub) settle(t *tail, id keyspace.ObjectID, next uint64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	t.mu.Lock()
	if t.mu.channel.id != id && t.mu.ended == nil {
		t.mu.ended = errDropped(t.name.name)
		t.wakeLocked()
	}
	if t.mu.next == 0 {
		t.mu.next = next
	}
	ended := t.mu.ended
	t.mu.Unlock()
	if ended != nil {
		h.forgetLocked(t)
	}
	return ended
}

const codeDropped = "CHANNEL_DROPPED"

// Dropped is the error of a channel that is no more, or of a feed whose object is.
func Dropped(name string) error { return errDropped(name) }

func errDropped(name string) error {
	return dberr.New(dberr.ErrNotFound, codeDropped, "channel %q was dropped", shorten(name))
}

func (h *hub) leave(t *tail) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.subscribers--; t.subscribers == 0 {
		h.forgetLocked(t)
	}
}

func (h *hub) forgetLocked(t *tail) {
	t.mu.Lock()
	id := t.mu.channel.id
	t.mu.Unlock()
	if h.mu.names[t.name] == t {
		delete(h.mu.names, t.name)
	}
	delete(h.mu.ids, channelRef{t.name.db, id})
}

// hear takes in a commit: all of its messages before anybody is woken.
func (h *hub) hear(set *txn.ChangeSet) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.mu.names) == 0 {
		return
	}
	var touched []*tail
	for i := range set.Ops {
		op := &set.Ops[i]
		db, space, obj, tuple, ok := keyspace.Split(op.Key)
		if !ok || space != keyspace.SpaceStream {
			continue
		}
		var t *tail
		switch {
		case obj >= firstID:
			if t = h.mu.ids[channelRef{db, obj}]; t != nil && !t.add(op, set.Timestamp, h.opts) {
				continue
			}
		case obj == objGroups || obj == objPending || obj == objShares: // for members that wait
			if id, _, err := enc.DecodeUint(tuple); err == nil {
				t = h.mu.ids[channelRef{db, keyspace.ObjectID(id)}]
			}
		case obj == objChannels:
			if name, _, err := enc.DecodeString(tuple); err == nil {
				t = h.mu.names[channelName{db, name}]
			}
			if t != nil {
				h.renameLocked(t, op)
			}
		}
		if t != nil && (len(touched) == 0 || touched[len(touched)-1] != t) {
			touched = append(touched, t)
		}
	}
	for _, t := range touched {
		t.wake()
	}
}

// renameLocked follows the name of a tail to what it stands for now.
func (h *hub) renameLocked(t *tail, op *txn.Op) {
	t.mu.Lock()
	had := t.mu.channel.id
	var c Channel
	c.Name = t.name.name
	var err error
	if !op.Deleted {
		err = c.decode(op.Value, 0)
	}
	switch {
	case err != nil:
		t.mu.ended = err
	case had == 0 && c.id != 0: // it is made
		t.mu.channel, t.mu.next = c, 1
		h.mu.ids[channelRef{t.name.db, c.id}] = t
	case had == c.id: // it is altered
		t.mu.channel.Options = c.Options
	case had != 0:
		t.mu.ended = errDropped(t.name.name)
	}
	ended := t.mu.ended != nil
	t.mu.Unlock()
	if ended {
		h.forgetLocked(t)
	}
}

// add takes in a message, and says whether it is one.
func (t *tail) add(op *txn.Op, at txn.Timestamp, o *Options) bool {
	_, offset, ok := txn.LogNumber(op.Key)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !ok || op.Deleted || offset < t.mu.next || removed(op.Value) {
		return false // it went, or was there before the tail was
	}
	m, err := t.mu.channel.message(offset, at, bytes.Clone(op.Value))
	if err != nil {
		t.mu.ended = err
		return true
	}
	if offset != t.mu.next {
		t.mu.messages, t.mu.bytes = nil, 0 // cannot be, and would be read from the store
	}
	t.mu.messages = append(t.mu.messages, m)
	t.mu.bytes += m.size()
	t.mu.next = offset + 1
	drop := 0
	for len(t.mu.messages)-drop > o.TailMessages || t.mu.bytes > o.TailBytes {
		t.mu.bytes -= t.mu.messages[drop].size()
		drop++
	}
	// Nothing is overwritten: subscribers read what take gave them.
	t.mu.messages = t.mu.messages[drop:]
	return true
}

func (m *Message) size() int { return len(m.Data) + len(m.Key) + 256 }

func (t *tail) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wakeLocked()
}

func (t *tail) wakeLocked() {
	close(t.mu.news)
	t.mu.news = make(chan struct{})
}

// end tells all subscribers that nothing comes any more.
func (t *tail) end(why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.ended == nil {
		t.mu.ended = why
		t.wakeLocked()
	}
}

// take returns what the tail has from an offset on. Where that is nothing: behind says
// that the store has it, and news is closed when there may be more.
func (t *tail) take(from uint64, most int) (list []*Message, behind bool, news <-chan struct{}, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.mu.next - uint64(len(t.mu.messages))
	switch {
	case from >= t.mu.next:
		return nil, false, t.mu.news, t.mu.ended
	case from < first:
		return nil, t.mu.ended == nil, nil, t.mu.ended
	}
	list = t.mu.messages[from-first:]
	return list[:min(len(list), most):min(len(list), most)], false, nil, nil
}

// Subscribers is how many subscribers a channel has in this process.
func (s *Store) Subscribers(channel string) int {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if t := s.hub.mu.names[channelName{s.db, channel}]; t != nil {
		return t.subscribers
	}
	return 0
}
