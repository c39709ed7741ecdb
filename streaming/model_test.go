package streaming_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

// kept is a message as the plain model has it.
type kept struct {
	offset uint64
	at     time.Time
	key    string
	data   string
	size   int // of its record
}

// model is what a channel ought to be: a list.
type model struct {
	fixture
	r      *rand.Rand
	opts   streaming.ChannelOptions
	list   []kept
	next   uint64
	first  uint64
	sub    *streaming.Subscription
	subAt  uint64
	serial int
}

func (m *model) content() (streaming.Content, kept) {
	m.serial++
	k := kept{key: string(rune('a' + m.r.IntN(5))), data: fmt.Sprint(m.serial)}
	k.size = 2 + 2 + len(k.data)
	return streaming.Content{Key: k.key, Data: []byte(k.data)}, k
}

// publish publishes a few messages in one transaction, which sometimes fails.
func (m *model) publish() {
	var list []streaming.Content
	var add []kept
	for range 1 + m.r.IntN(4) {
		c, k := m.content()
		list, add = append(list, c), append(add, k)
	}
	if m.r.IntN(5) == 0 {
		tx, err := m.txns.Begin(context.Background(), txn.TxOptions{})
		if err != nil {
			m.t.Fatal(err)
		}
		if _, err := m.PublishTx(tx, "c", list...); err != nil {
			m.t.Fatal(err)
		}
		tx.Rollback()
		return
	}
	for i, r := range m.fixture.publish("c", list...) {
		if r.Offset != m.next {
			m.t.Fatalf("offset %d was given, want %d", r.Offset, m.next)
		}
		add[i].offset, add[i].at = r.Offset, r.Timestamp.Time()
		m.next++
	}
	m.list = append(m.list, add...)
}

// sweep does to the list what retention does.
func (m *model) sweep() {
	if _, err := m.Sweep(context.Background()); err != nil {
		m.t.Fatal(err)
	}
	if m.opts.Compact {
		last := map[string]uint64{}
		for _, k := range m.list {
			last[k.key] = k.offset
		}
		m.list = slices.DeleteFunc(m.list, func(k kept) bool { return k.offset != last[k.key] })
	}
	bytes := 0
	for _, k := range m.list {
		bytes += k.size
	}
	for len(m.list) > 0 {
		k := m.list[0]
		if !(m.opts.MaxAge > 0 && k.at.Before(m.now.Now().Add(-m.opts.MaxAge))) &&
			!(m.opts.MaxCount > 0 && k.offset+uint64(m.opts.MaxCount) < m.next) &&
			!(m.opts.MaxBytes > 0 && bytes > int(m.opts.MaxBytes)) {
			break
		}
		bytes -= k.size
		m.first = k.offset + 1
		m.list = m.list[1:]
	}
}

func (m *model) render(list []kept) string {
	var b strings.Builder
	for _, k := range list {
		fmt.Fprintf(&b, " %d=%s", k.offset, k.data)
	}
	return strings.TrimSpace(b.String())
}

// check holds the channel against the list, from a random place on.
func (m *model) check() {
	m.want("all", m.all("c"), m.render(m.list))
	if len(m.list) == 0 {
		return
	}
	at := m.r.IntN(len(m.list))
	m.want("by offset", m.read("c", streaming.HistoryOptions{From: streaming.AtOffset(m.list[at].offset), Limit: 1000}), m.render(m.list[at:]))
	n := 1 + m.r.IntN(5)
	m.want("the last", m.read("c", streaming.HistoryOptions{Limit: n}), m.render(m.list[max(len(m.list)-n, 0):]))
	from := m.list[at].at
	want := slices.IndexFunc(m.list, func(k kept) bool { return !k.at.Before(from) })
	m.want("by time", m.read("c", streaming.HistoryOptions{From: streaming.AtTime(from), Limit: 1000}), m.render(m.list[want:]))
	checked, err := m.Check(context.Background(), func(p string) { m.t.Error(p) })
	if err != nil || checked.Channels != 1 || checked.Messages < int64(len(m.list)) {
		m.t.Fatalf("checked %+v, %v", checked, err)
	}
	i, err := m.Info(context.Background(), "c")
	if err != nil || i.First != m.first || i.Next != m.next {
		m.t.Fatalf("%+v, want the first %d and the next %d, %v", i, m.first, m.next, err)
	}
}

// follow takes what the subscriber is given: all that is there from where it is on.
// Compaction may remove what is between, before or after it was given.
func (m *model) follow() {
	for m.subAt < m.next {
		d, err := m.sub.Next(context.Background())
		if err != nil {
			m.t.Fatal(err)
		}
		if g := d.Gap; g != (streaming.Gap{}) {
			if g.From != m.subAt || g.To >= m.first {
				m.t.Fatalf("the gap %+v at %d, where %d is the first", g, m.subAt, m.first)
			}
			m.subAt = g.To + 1
		}
		for _, x := range d.Messages {
			i := slices.IndexFunc(m.list, func(k kept) bool { return k.offset >= m.subAt })
			if x.Offset < m.subAt || i >= 0 && x.Offset > m.list[i].offset {
				m.t.Fatalf("got %d at %d", x.Offset, m.subAt)
			}
			if i >= 0 && x.Offset == m.list[i].offset && string(x.Data) != m.list[i].data {
				m.t.Fatalf("offset %d has %s", x.Offset, x.Data)
			}
			m.subAt = x.Offset + 1
		}
		if m.subAt < d.Next {
			if i := slices.IndexFunc(m.list, func(k kept) bool { return k.offset >= m.subAt && k.offset < d.Next }); i >= 0 {
				m.t.Fatalf("offset %d was left out", m.list[i].offset)
			}
			m.subAt = d.Next
		}
	}
}

// TestModel runs random histories against the model.
func TestModel(t *testing.T) {
	seeds := 30
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 3))
			m := &model{fixture: open(t, streaming.Options{TailMessages: 1 + r.IntN(20)}), r: r, next: 1, first: 1}
			m.opts.Compact = seed%3 == 0
			m.create("c", m.opts)
			m.sub, m.subAt = m.subscribe("c", streaming.SubscribeOptions{From: streaming.Earliest}), 1
			for range 300 {
				switch r.IntN(10) {
				case 0:
					m.opts.MaxCount, m.opts.MaxBytes, m.opts.MaxAge = 0, 0, 0
					switch r.IntN(4) {
					case 0:
						m.opts.MaxCount = int64(1 + r.IntN(20))
					case 1:
						m.opts.MaxBytes = int64(1 + r.IntN(200))
					case 2:
						m.opts.MaxAge = time.Duration(1+r.IntN(20)) * time.Second
					}
					if _, err := m.AlterChannel(t.Context(), "c", m.opts); err != nil {
						t.Fatal(err)
					}
				case 1, 2:
					m.sweep()
				case 3, 4:
					m.now.Advance(time.Duration(r.IntN(5)) * time.Second)
				case 5:
					m.follow()
				default:
					m.publish()
				}
				m.check()
			}
		})
	}
}
