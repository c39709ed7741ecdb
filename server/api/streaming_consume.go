package api

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/streaming"
)

// consumer is a member of a group on a WebSocket, to which messages are pushed: as many
// as it says may wait for its acknowledgement.
type consumer struct {
	channel, group string
	max            int
	mu             struct {
		sync.Mutex
		open map[string]time.Time // ack ids, and when they are handed to another
		room chan struct{}        // closed, and replaced, when there may be room
	}
}

const consumeMax = 100 // of max_in_flight that is left out

// room is how many messages may be pushed; where none, changed is closed when that may be
// otherwise, and at tells when the first delivery is over.
func (m *consumer) room(now time.Time) (n int, changed <-chan struct{}, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, due := range m.mu.open {
		if !due.After(now) {
			delete(m.mu.open, id)
		} else if at.IsZero() || due.Before(at) {
			at = due
		}
	}
	return m.max - len(m.mu.open), m.mu.room, at
}

func (m *consumer) add(list []streaming.Handed, due time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range list {
		if list[i].AckID != "" {
			m.mu.open[list[i].AckID] = due
		}
	}
}

func (m *consumer) done(ids []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		delete(m.mu.open, id)
	}
	close(m.mu.room)
	m.mu.room = make(chan struct{})
}

// consume begins to push messages of a group.
func (k *socket) consume(f *frame) ([]byte, error) {
	if f.group == "" {
		return nil, invalid("MISSING_FIELD", `the frame needs the field "group"`).WithField("group")
	}
	store, err := k.store(f.channel, false)
	if err != nil {
		return nil, err
	}
	info, err := store.Group(k.ctx, f.channel, f.group)
	if err != nil {
		return nil, err
	}
	m := &consumer{channel: f.channel, group: f.group, max: f.max}
	if m.max == 0 {
		m.max = consumeMax
	}
	m.mu.open, m.mu.room = map[string]time.Time{}, make(chan struct{})
	if f.id == "" {
		f.id = f.group
	}
	g := *f
	if err := k.begin(f.id, &socketStream{consumer: m}, func(ctx context.Context) { k.push(ctx, &g, m, store, info.Options.AckWait) }); err != nil {
		return nil, err
	}
	return nil, nil // the stream says so itself
}

// push hands messages out until the stream ends.
func (k *socket) push(ctx context.Context, f *frame, m *consumer, store *streaming.Store, ackWait time.Duration) {
	if k.deliver(f.answer("consuming")) != nil {
		return
	}
	for {
		n, changed, at := m.room(store.Now())
		if n <= 0 {
			if !k.waitRoom(ctx, changed, at.Sub(store.Now())) {
				k.endStream(ctx, f, dberr.New(dberr.ErrCanceled, "CANCELED", "the member was ended"))
				return
			}
			continue
		}
		list, err := store.Pull(ctx, f.channel, f.group, streaming.PullOptions{Max: min(n, consumeMax), Wait: watchBeat, Member: f.member})
		switch {
		case err != nil:
			k.endStream(ctx, f, err)
			return
		case len(list) == 0:
			err = k.beat()
		default:
			m.add(list, store.Now().Add(ackWait))
			err = k.deliver(append(appendHanded(append(f.open("messages"), `,"messages":`...), list), '}'))
		}
		if err != nil {
			return
		}
	}
}

// waitRoom waits until something was acknowledged, or a delivery is over.
func (k *socket) waitRoom(ctx context.Context, changed <-chan struct{}, over time.Duration) bool {
	for over > 0 {
		t := time.NewTimer(min(over, watchBeat))
		select {
		case <-changed:
			t.Stop()
			return true
		case <-t.C:
			if over -= watchBeat; over > 0 && k.beat() != nil {
				return false
			}
		case <-ctx.Done():
			t.Stop()
			return false
		}
	}
	return true
}

// resolveMember fills in the channel and the group of what was begun by consume, where an
// operation names that instead.
func (k *socket) resolveMember(f *frame) {
	if f.group != "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if st := k.mu.streams[f.id]; st != nil && st.consumer != nil && f.ackIDs != nil {
		f.channel, f.group = st.consumer.channel, st.consumer.group
	}
}

// settle acknowledges deliveries, gives them back or asks for more time.
func (k *socket) settle(f *frame) ([]byte, error) {
	switch {
	case f.group == "":
		return nil, invalid("MISSING_FIELD", `the frame needs the field "group", or the id of what was begun by consume`).WithField("group")
	case f.ackIDs == nil:
		return nil, invalid("MISSING_FIELD", `the frame needs the field "ack_ids"`).WithField("ack_ids")
	}
	store, err := k.store(f.channel, false)
	if err != nil {
		return nil, err
	}
	var stale []string
	switch f.op {
	case "ack":
		stale, err = store.Ack(k.ctx, f.channel, f.group, f.ackIDs...)
	case "nack":
		stale, err = store.Nack(k.ctx, f.channel, f.group, f.delay, f.ackIDs...)
	default:
		stale, err = store.Extend(k.ctx, f.channel, f.group, f.delay, f.ackIDs...)
	}
	if err != nil {
		return nil, err
	}
	if f.op != "extend" {
		k.mu.Lock()
		for _, st := range k.mu.streams {
			if st.consumer != nil && st.consumer.channel == f.channel && st.consumer.group == f.group {
				st.consumer.done(f.ackIDs)
			}
		}
		k.mu.Unlock()
	}
	out := strconv.AppendInt(append(f.open(f.op+"ed"), `,"done":`...), int64(len(f.ackIDs)-len(stale)), 10)
	out = append(out, `,"stale":[`...)
	for i, id := range stale {
		if i > 0 {
			out = append(out, ',')
		}
		out = sqltype.AppendJSONString(out, id)
	}
	return append(out, "]}"...), nil
}
