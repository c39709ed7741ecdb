package streaming_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fixture is a store in memory whose clock stands still.
type fixture struct {
	*streaming.Store
	t    *testing.T
	txns *txn.Store
	now  *clock.Manual
}

func open(t *testing.T, opts streaming.Options) fixture {
	t.Helper()
	now := clock.NewManual(epoch)
	txns, err := txn.NewMemory(txn.Options{Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	opts.SweepEvery = -1
	s, err := streaming.Open(txns, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); txns.Close() })
	return fixture{Store: s, t: t, txns: txns, now: now}
}

func text(key, data string) streaming.Content {
	return streaming.Content{Key: key, Type: "t", Source: "s", Data: []byte(data)}
}

func (f fixture) publish(channel string, list ...streaming.Content) []streaming.Receipt {
	f.t.Helper()
	r, err := f.Publish(context.Background(), channel, list...)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f fixture) create(name string, o streaming.ChannelOptions) {
	f.t.Helper()
	if _, err := f.CreateChannel(context.Background(), name, o); err != nil {
		f.t.Fatal(err)
	}
}

// all reads a channel from its first message on, as offset=data.
func (f fixture) all(channel string) string {
	f.t.Helper()
	return f.read(channel, streaming.HistoryOptions{From: streaming.Earliest, Limit: 1 << 20})
}

func (f fixture) read(channel string, o streaming.HistoryOptions) string {
	f.t.Helper()
	p, err := f.History(context.Background(), channel, o)
	if err != nil {
		f.t.Fatal(err)
	}
	return render(p.Messages)
}

func render(list []*streaming.Message) string {
	var b strings.Builder
	for _, m := range list {
		fmt.Fprintf(&b, " %d=%s", m.Offset, m.Data)
	}
	return strings.TrimSpace(b.String())
}

func (f fixture) want(what, got, want string) {
	f.t.Helper()
	if got != want {
		f.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func (f fixture) refused(err error, class error, code string) {
	f.t.Helper()
	e := dberr.As(err)
	if !errors.Is(err, class) || e == nil || e.Code != code {
		f.t.Errorf("got %v, want the code %s", err, code)
	}
}

// TestPublish: a message comes back as it was published, with the offset and the time
// that the publisher was told.
func TestPublish(t *testing.T) {
	f := open(t, streaming.Options{})
	in := streaming.Content{Key: "k", Type: "created", Source: "orders", Headers: []streaming.Header{{Name: "a", Value: ""}, {Name: "b", Value: "2"}}, Data: []byte(`{"n":1}`), JSON: true, Producer: "p", Sequence: 7}
	r := f.publish("c", in, streaming.Content{Data: []byte{0, 255}, ContentType: "image/png"}, streaming.Content{})
	p, err := f.History(t.Context(), "c", streaming.HistoryOptions{})
	if err != nil || len(p.Messages) != 3 || p.First != 1 || p.End != 4 || p.Next != 4 {
		t.Fatalf("%+v, %v", p, err)
	}
	for i, m := range p.Messages {
		if m.Offset != uint64(i)+1 || r[i].Offset != m.Offset || r[i].Timestamp != m.Timestamp || !m.Time().Equal(r[0].Timestamp.Time()) {
			t.Errorf("message %d is %+v, its receipt %+v", i, m, r[i])
		}
	}
	if got := fmt.Sprintf("%+v", p.Messages[0].Content); got != fmt.Sprintf("%+v", in) {
		t.Errorf("got %s, want %+v", got, in)
	}
	if m := p.Messages[1]; string(m.Data) != "\x00\xff" || m.MediaType() != "image/png" {
		t.Errorf("got %+v", m)
	}
	i, err := f.Info(t.Context(), "c")
	if err != nil || i.First != 1 || i.Next != 4 || !i.LastTime.Equal(r[2].Timestamp.Time()) || i.Subscribers != 0 {
		t.Errorf("%+v, %v", i, err)
	}
}

// TestTransaction: what is published in a transaction is there with its commit, under
// one time, or not at all.
func TestTransaction(t *testing.T) {
	f := open(t, streaming.Options{})
	var r []streaming.Receipt
	tx, err := f.txns.Begin(t.Context(), txn.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := f.Within(tx)
	for range 2 {
		got, err := s.Publish(t.Context(), "c", text("", "x"))
		if err != nil || got[0].Offset != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		r = append(r, got...)
	}
	if _, err := f.Channel(t.Context(), "c"); err == nil {
		t.Error("the channel is there before the commit")
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	streaming.Complete(tx, r)
	if r[0].Offset != 1 || r[1].Offset != 2 || r[0].Timestamp != r[1].Timestamp || r[0].Timestamp != tx.CommitTimestamp() {
		t.Errorf("got %+v", r)
	}
	boom := errors.New("boom")
	if err := f.Update(t.Context(), func(tx *txn.Tx) error {
		if _, err := f.PublishTx(tx, "c", text("", "y")); err != nil {
			return err
		}
		return boom
	}); !errors.Is(err, boom) {
		t.Error(err)
	}
	f.publish("c", text("", "z"))
	f.want("after a rollback", f.all("c"), "1=x 2=x 3=z")
}

// TestHistory: from an offset, from a time, the last ones, filtered, a page at a time.
func TestHistory(t *testing.T) {
	f := open(t, streaming.Options{})
	f.create("c", streaming.ChannelOptions{Partitions: 3})
	var times []time.Time
	for i := range 10 {
		f.now.Advance(time.Second)
		m := text(string(rune('a'+i%3)), fmt.Sprint(i))
		m.Type = []string{"even", "odd"}[i%2]
		m.Headers = []streaming.Header{{Name: "n", Value: fmt.Sprint(i % 4)}}
		f.publish("c", m)
		times = append(times, f.now.Now())
	}
	o := func(s streaming.Start) streaming.HistoryOptions { return streaming.HistoryOptions{From: s, Limit: 2} }
	f.want("the last", f.read("c", o(streaming.Latest)), "9=8 10=9")
	f.want("the first", f.read("c", o(streaming.Earliest)), "1=0 2=1")
	f.want("from an offset", f.read("c", o(streaming.AtOffset(5))), "5=4 6=5")
	f.want("from the end", f.read("c", o(streaming.AtOffset(11))), "")
	for i, at := range times {
		want := fmt.Sprintf("%d=%d", i+1, i)
		f.want("from a time", f.read("c", streaming.HistoryOptions{From: streaming.AtTime(at), Limit: 1}), want)
		f.want("from before it", f.read("c", streaming.HistoryOptions{From: streaming.AtTime(at.Add(-time.Millisecond)), Limit: 1}), want)
	}
	f.want("from a time to come", f.read("c", o(streaming.AtTime(f.now.Now().Add(time.Second)))), "")
	_, err := f.History(t.Context(), "c", o(streaming.AtOffset(12)))
	f.refused(err, dberr.ErrInvalid, "OFFSET_IN_FUTURE")
	_, err = f.History(t.Context(), "none", o(streaming.Latest))
	f.refused(err, dberr.ErrNotFound, "CHANNEL_NOT_FOUND")
	for _, x := range []struct {
		f    streaming.Filter
		want string
	}{
		{streaming.Filter{Types: []string{"odd"}, Headers: map[string]string{"n": "3"}}, "4=3 8=7"},
		{streaming.Filter{Keys: []string{"c", "x"}}, "3=2 6=5 9=8"},
		{streaming.Filter{Sources: []string{"other"}}, ""},
		{streaming.Filter{Match: func(m *streaming.Message) bool { return m.Offset > 8 }}, "9=8 10=9"},
	} {
		f.want("filtered", f.read("c", streaming.HistoryOptions{From: streaming.Earliest, Filter: x.f}), x.want)
		f.want("filtered, the last", f.read("c", streaming.HistoryOptions{Filter: x.f}), x.want)
	}
	parts := map[string]int{}
	var got []*streaming.Message
	for from := uint64(1); ; {
		p, err := f.History(t.Context(), "c", streaming.HistoryOptions{From: streaming.AtOffset(from), Limit: 3, Scan: 2})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p.Messages...)
		if from = p.Next; from == p.End {
			break
		}
	}
	for _, m := range got {
		if was, ok := parts[m.Key]; ok && was != m.Partition || m.Partition < 0 || m.Partition > 2 {
			t.Errorf("key %q is in partitions %d and %d", m.Key, was, m.Partition)
		}
		parts[m.Key] = m.Partition
	}
	f.want("by pages", render(got), f.all("c"))
	part := parts["a"]
	for _, m := range strings.Fields(f.read("c", streaming.HistoryOptions{From: streaming.Earliest, Filter: streaming.Filter{Partition: &part}})) {
		if !strings.Contains(f.all("c"), m) {
			t.Errorf("partition %d has %s", part, m)
		}
	}
}

// TestProducers: a sequence is taken once, whoever asks at the same time, and none is
// left out.
func TestProducers(t *testing.T) {
	f := open(t, streaming.Options{ProducerKeep: time.Hour})
	m := func(seq uint64) streaming.Content {
		return streaming.Content{Producer: "p", Sequence: seq, Data: []byte(fmt.Sprint(seq))}
	}
	first := f.publish("c", m(1), m(2))
	again := f.publish("c", m(2), m(3))
	if !again[0].Duplicate || again[0].Offset != first[1].Offset || again[0].Timestamp != first[1].Timestamp || again[1].Duplicate || again[1].Offset != 3 {
		t.Errorf("got %+v after %+v", again, first)
	}
	if old := f.publish("c", m(1)); !old[0].Duplicate || old[0].Offset != 0 {
		t.Errorf("got %+v", old)
	}
	_, err := f.Publish(t.Context(), "c", m(5))
	f.refused(err, dberr.ErrConstraint, "SEQUENCE_GAP")
	var wg sync.WaitGroup
	var mu sync.Mutex
	fresh := 0
	for range 8 {
		wg.Go(func() {
			for seq := uint64(4); seq < 20; seq++ {
				r, err := f.Publish(context.Background(), "c", m(seq))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if !r[0].Duplicate {
					fresh++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if want := "1=1 2=2 3=3 4=4 5=5 6=6 7=7 8=8 9=9 10=10 11=11 12=12 13=13 14=14 15=15 16=16 17=17 18=18 19=19"; fresh != 16 || f.all("c") != want {
		t.Errorf("%d were new, the channel is %s", fresh, f.all("c"))
	}
	f.now.Advance(2 * time.Hour)
	if _, err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := f.publish("c", m(1)); r[0].Duplicate {
		t.Error("a producer is remembered for longer than it is to be")
	}
}

// TestRefusals: what is over a limit or makes no sense is refused by name.
func TestRefusals(t *testing.T) {
	f := open(t, streaming.Options{})
	f.create("compact", streaming.ChannelOptions{Compact: true})
	long := strings.Repeat("x", 2000)
	for _, x := range []struct {
		channel string
		m       streaming.Content
		class   error
		code    string
	}{
		{"", streaming.Content{}, dberr.ErrInvalid, "MISSING_FIELD"},
		{"a/b", streaming.Content{}, dberr.ErrInvalid, "INVALID_CHANNEL"},
		{"cdc.default.t", streaming.Content{}, dberr.ErrInvalid, "INVALID_CHANNEL"},
		{long, streaming.Content{}, dberr.ErrTooLarge, "CHANNEL_NAME_TOO_LARGE"},
		{"c", streaming.Content{Key: long}, dberr.ErrTooLarge, "FIELD_TOO_LARGE"},
		{"c", streaming.Content{Type: "\xff"}, dberr.ErrInvalid, "INVALID_FIELD"},
		{"c", streaming.Content{Data: make([]byte, streaming.MaxDataBytes+1)}, dberr.ErrTooLarge, "MESSAGE_TOO_LARGE"},
		{"c", streaming.Content{Data: []byte("{"), JSON: true}, dberr.ErrInvalid, "INVALID_JSON"},
		{"c", streaming.Content{Producer: "p"}, dberr.ErrInvalid, "MISSING_FIELD"},
		{"c", streaming.Content{Sequence: 1}, dberr.ErrInvalid, "MISSING_FIELD"},
		{"c", streaming.Content{ContentType: "no type"}, dberr.ErrInvalid, "INVALID_CONTENT_TYPE"},
		{"c", streaming.Content{Headers: make([]streaming.Header, 65)}, dberr.ErrTooLarge, "TOO_MANY_HEADERS"},
		{"compact", streaming.Content{}, dberr.ErrInvalid, "MISSING_FIELD"},
	} {
		_, err := f.Publish(t.Context(), x.channel, x.m)
		f.refused(err, x.class, x.code)
	}
	if list, err := f.Channels(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("there are %v, %v", list, err)
	}
	_, err := f.CreateChannel(t.Context(), "compact", streaming.ChannelOptions{})
	f.refused(err, dberr.ErrExists, "CHANNEL_EXISTS")
	_, err = f.AlterChannel(t.Context(), "compact", streaming.ChannelOptions{Compact: true, Partitions: 4})
	f.refused(err, dberr.ErrUnsupported, "PARTITIONS_FIXED")
	_, err = f.AlterChannel(t.Context(), "compact", streaming.ChannelOptions{})
	f.refused(err, dberr.ErrUnsupported, "COMPACTION_FIXED")
	f.refused(f.DropChannel(t.Context(), "none"), dberr.ErrNotFound, "CHANNEL_NOT_FOUND")
}

// TestRetention: by count, by bytes and by age, down to an empty channel whose offsets
// go on.
func TestRetention(t *testing.T) {
	f := open(t, streaming.Options{})
	f.create("c", streaming.ChannelOptions{})
	alter := func(o streaming.ChannelOptions) {
		t.Helper()
		if _, err := f.AlterChannel(t.Context(), "c", o); err != nil {
			t.Fatal(err)
		}
	}
	sweep := func(removed int) {
		t.Helper()
		if n, err := f.Sweep(t.Context()); err != nil || n != removed {
			t.Fatalf("the sweep removed %d, want %d, %v", n, removed, err)
		}
		if n, err := f.Sweep(t.Context()); err != nil || n != 0 {
			t.Fatalf("the next sweep removed %d, %v", n, err)
		}
	}
	for i := range 10 {
		f.now.Advance(time.Minute)
		f.publish("c", streaming.Content{Data: fmt.Appendf(nil, "%d", i)})
	}
	sweep(0)
	alter(streaming.ChannelOptions{MaxCount: 8})
	sweep(2)
	f.want("by count", f.all("c"), "3=2 4=3 5=4 6=5 7=6 8=7 9=8 10=9")
	alter(streaming.ChannelOptions{MaxBytes: 5 * 3}) // a record takes 2 bytes and its data
	sweep(3)
	f.want("by bytes", f.all("c"), "6=5 7=6 8=7 9=8 10=9")
	f.publish("c", streaming.Content{Data: []byte("a")})
	sweep(1)
	alter(streaming.ChannelOptions{MaxAge: 90 * time.Second})
	sweep(2)
	f.want("by age", f.all("c"), "9=8 10=9 11=a")
	f.now.Advance(time.Hour)
	sweep(3)
	f.want("all of it", f.all("c"), "")
	i, err := f.Info(t.Context(), "c")
	if err != nil || i.First != 12 || i.Next != 12 || !i.LastTime.IsZero() {
		t.Errorf("%+v, %v", i, err)
	}
	f.want("the last of none", f.read("c", streaming.HistoryOptions{}), "")
	if r := f.publish("c", streaming.Content{Data: []byte("b")}); r[0].Offset != 12 {
		t.Errorf("the next message has offset %d", r[0].Offset)
	}
	sweep(0)
	f.want("by a time", f.read("c", streaming.HistoryOptions{From: streaming.AtTime(epoch)}), "12=b")
}

// TestCompaction: of each key the last message stays, under its offset.
func TestCompaction(t *testing.T) {
	f := open(t, streaming.Options{})
	f.create("c", streaming.ChannelOptions{Compact: true, MaxAge: time.Hour})
	for i, k := range strings.Split("abacabad", "") {
		f.publish("c", text(k, fmt.Sprint(i)))
	}
	if n, err := f.Sweep(t.Context()); err != nil || n != 4 {
		t.Fatalf("removed %d, %v", n, err)
	}
	f.want("compacted", f.all("c"), "4=3 6=5 7=6 8=7")
	f.publish("c", text("c", "8"), text("e", "9"))
	if n, err := f.Sweep(t.Context()); err != nil || n != 1 {
		t.Fatalf("removed %d, %v", n, err)
	}
	f.want("again", f.all("c"), "6=5 7=6 8=7 9=8 10=9")
	f.now.Advance(2 * time.Hour)
	f.publish("c", text("a", "10"))
	if n, err := f.Sweep(t.Context()); err != nil || n != 5 {
		t.Fatalf("removed %d, %v", n, err)
	}
	f.want("and by age", f.all("c"), "11=10")
}

// TestDrop: a channel that is made again under a name begins anew, and what the old one
// had is taken back.
func TestDrop(t *testing.T) {
	f := open(t, streaming.Options{})
	f.publish("c", text("", "a"), streaming.Content{Producer: "p", Sequence: 1})
	if err := f.DropChannel(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	f.publish("c", text("", "b"))
	f.want("made again", f.all("c"), "1=b")
	f.now.Advance(time.Minute)
	if _, err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys := 0
	if err := f.View(t.Context(), func(tx *txn.Tx) error {
		it := tx.Iter(txn.IterOptions{})
		defer it.Close()
		for it.Next() {
			keys++
		}
		return it.Err()
	}); err != nil || keys != 3 {
		t.Errorf("%d keys are left, %v", keys, err)
	}
}

// TestDropConflictsWithPublish: a message is not acknowledged that went into a channel
// which was dropped before.
func TestDropConflictsWithPublish(t *testing.T) {
	f := open(t, streaming.Options{})
	f.publish("c", text("", "a"))
	tx, err := f.txns.Begin(t.Context(), txn.TxOptions{Isolation: txn.Snapshot})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.PublishTx(tx, "c", text("", "b")); err != nil {
		t.Fatal(err)
	}
	if err := f.DropChannel(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); !errors.Is(err, dberr.ErrConflict) {
		t.Errorf("got %v", err)
	}
}

// TestDatabasesAreApart.
func TestDatabasesAreApart(t *testing.T) {
	f := open(t, streaming.Options{})
	other := f
	other.Store = f.In(7)
	f.publish("c", text("", "a"))
	other.publish("c", text("", "b"))
	f.want("one", f.all("c"), "1=a")
	f.want("the other", other.all("c"), "1=b")
}
