package streaming_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/streaming"
)

func (f fixture) pullAs(member string, n int) []streaming.Handed {
	f.t.Helper()
	list, err := f.Pull(context.Background(), "c", "g", streaming.PullOptions{Max: n, Member: member})
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

func (f fixture) shares() map[string][]int {
	f.t.Helper()
	i, err := f.Group(context.Background(), "c", "g")
	if err != nil {
		f.t.Fatal(err)
	}
	return i.Shares
}

// TestOrdered: what comes again takes along what is behind it, and nobody has a later
// message while another has an earlier one of its key.
func TestOrdered(t *testing.T) {
	f, ctx := open(t, streaming.Options{}), t.Context()
	for i := range 3 {
		f.publish("c", text("k", fmt.Sprint("k", i)), text("l", fmt.Sprint("l", i)))
	}
	f.group(streaming.Earliest, streaming.GroupOptions{Ordered: true, AckWait: time.Minute, MemberTimeout: time.Hour})
	_, err := f.Pull(ctx, "c", "g", streaming.PullOptions{})
	f.refused(err, dberr.ErrInvalid, "MISSING_FIELD")
	a := f.pullAs("a", 4)
	f.want("in order", handed(a), "1/1 2/1 3/1 4/1")
	f.stale(0)(f.Nack(ctx, "c", "g", time.Second, a[0].AckID)) // k0: k1 comes again, too
	f.stale(1)(f.Ack(ctx, "c", "g", a[2].AckID))
	f.want("l goes on, k waits", handed(f.pullAs("a", 10)), "6/1")
	f.now.Advance(time.Second)
	again := f.pullAs("a", 10)
	f.want("k from its first on", handed(again), "1/2 3/3 5/1")
	f.stale(0)(f.Ack(ctx, "c", "g", again[0].AckID, again[1].AckID, again[2].AckID, a[1].AckID, a[3].AckID))
	i, err := f.Group(ctx, "c", "g")
	if err != nil || i.InFlight != 1 || i.Oldest != 6 || i.Next != 7 || i.Lag != 0 {
		t.Errorf("%+v, %v", i, err)
	}
}

// TestRebalance: partitions go to who is there, evenly, and stay where they may.
func TestRebalance(t *testing.T) {
	f, ctx := open(t, streaming.Options{}), t.Context()
	f.create("c", streaming.ChannelOptions{Partitions: 4})
	f.group(streaming.Earliest, streaming.GroupOptions{Ordered: true, AckWait: time.Minute, MemberTimeout: 10 * time.Second})
	f.pullAs("a", 1)
	f.want("one member", fmt.Sprint(f.shares()), "map[a:[0 1 2 3]]")
	f.pullAs("b", 1)
	f.want("two", fmt.Sprint(f.shares()), "map[a:[0 1] b:[2 3]]")
	for i := range 8 {
		f.publish("c", text("", fmt.Sprint(i)))
	}
	f.want("of b", handed(f.pullAs("b", 10)), "2/1 3/1 6/1 7/1")
	f.now.Advance(9 * time.Second)
	f.want("of a", handed(f.pullAs("a", 1)), "1/1")
	f.pullAs("c", 1)
	f.want("three", fmt.Sprint(f.shares()), "map[a:[0 1] b:[2] c:[3]]")
	f.now.Advance(2 * time.Second) // b has not pulled for 11 s
	f.pullAs("c", 1)
	f.want("b is gone", fmt.Sprint(f.shares()), "map[a:[0 1] c:[2 3]]")
	if err := f.Leave(ctx, "c", "g", "a"); err != nil {
		t.Fatal(err)
	}
	list := f.pullAs("c", 10)
	f.want("c takes over what a had, and goes on where it was", handed(list), "1/3 4/1 5/1 8/1")
	f.refused(f.Leave(ctx, "c", "g", "a"), dberr.ErrNotFound, "MEMBER_NOT_FOUND")
	f.now.Advance(time.Minute)
	f.want("all of it", handed(f.pullAs("d", 10)), "1/4 2/2 3/2 4/2 5/2 6/2 7/2 8/2")
	if i, err := f.Group(ctx, "c", "g"); err != nil || i.Next != 9 {
		t.Errorf("%+v, %v", i, err)
	}
}

// TestGroupFilter: what a group does not want is passed over, also after a restart, and
// a filter that is wrong is refused by its name.
func TestGroupFilter(t *testing.T) {
	where := func(filter []byte) (func([]byte) bool, error) {
		if string(filter) != `{"even":true}` {
			return nil, dberr.New(dberr.ErrInvalid, "UNKNOWN_OPERATOR", "%s is no operator", filter)
		}
		return func(b []byte) bool { return (b[len(b)-1]-'0')%2 == 0 }, nil
	}
	f, ctx := open(t, streaming.Options{Where: where}), t.Context()
	for i := range 9 {
		f.publish("c", streaming.Content{Type: string(rune('a' + i%3)), Data: fmt.Append(nil, i), JSON: true})
	}
	for _, ordered := range []bool{false, true} {
		f.group(streaming.Earliest, streaming.GroupOptions{Ordered: ordered, Filter: streaming.Filter{Types: []string{"a", "b"}, Where: []byte(`{"even":true}`)}})
		f.want("even ones of a and b", handed(f.pull(10)), "1/1 5/1 7/1")
		i, err := f.Group(ctx, "c", "g")
		if err != nil || i.Lag != 0 || i.Options.Filter.Types[1] != "b" || string(i.Options.Filter.Where) != `{"even":true}` {
			t.Errorf("%+v, %v", i, err)
		}
		if err := f.DropGroup(ctx, "c", "g"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.CreateGroup(ctx, "c", "g", streaming.Earliest, streaming.GroupOptions{Filter: streaming.Filter{Where: []byte(`{"odd":1}`)}})
	f.refused(err, dberr.ErrInvalid, "UNKNOWN_OPERATOR")
	_, err = f.CreateGroup(ctx, "c", "g", streaming.Earliest, streaming.GroupOptions{MemberTimeout: time.Second})
	f.refused(err, dberr.ErrInvalid, "INVALID_FIELD")
}

// TestPoison: of a key only the message that fails becomes a dead letter.
func TestPoison(t *testing.T) {
	f, ctx := open(t, streaming.Options{}), t.Context()
	f.publish("c", text("k", "bad"), text("k", "good"))
	f.group(streaming.Earliest, streaming.GroupOptions{Ordered: true, MaxDeliver: 3, DeadLetter: "dead"})
	var list []streaming.Handed
	for n := range 3 {
		list = f.pullAs("a", 10)
		f.want("both", fmt.Sprint(len(list), list[0].Offset, list[1].Offset), "2 1 2")
		f.stale(0)(f.Nack(ctx, "c", "g", 0, list[0].AckID))
		_ = n
	}
	list = f.pullAs("a", 10)
	f.want("the good one", fmt.Sprint(len(list), list[0].Offset), "1 2")
	f.stale(0)(f.Ack(ctx, "c", "g", list[0].AckID))
	i, err := f.Group(ctx, "c", "g")
	if err != nil || i.Buried != 1 || i.InFlight != 0 {
		t.Errorf("%+v, %v", i, err)
	}
	f.want("dead letters", f.all("dead"), "1=bad")
}

// worker is a member of a group that handles what it has in order, its effect and its
// acknowledgement in one transaction.
type worker struct {
	name string
	has  []streaming.Handed
}

// work handles the first message that it has: ok where the effect is committed.
func (w *worker) work(s *streaming.Store) error {
	h := w.has[0]
	w.has = w.has[1:]
	err := s.Update(context.Background(), func(tx *txn.Tx) error {
		in := s.Within(tx)
		if _, err := in.Publish(context.Background(), "effects", streaming.Content{Key: h.Key, Data: fmt.Append(nil, h.Offset)}); err != nil {
			return err
		}
		_, err := in.Ack(context.Background(), "c", "g", h.AckID)
		return err
	})
	if e := dberr.As(err); e != nil && e.Code == "ACK_STALE" {
		return nil
	}
	return err
}

// checkOrder holds that every message had its effect once, those of a key in order.
func checkOrder(t *testing.T, s *streaming.Store, published int, ordered bool) {
	t.Helper()
	p, err := s.History(t.Context(), "effects", streaming.HistoryOptions{From: streaming.Earliest, Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	seen, last := map[int]int{}, map[string]int{}
	for _, m := range p.Messages {
		var offset int
		if _, err := fmt.Sscan(string(m.Data), &offset); err != nil {
			t.Fatal(err)
		}
		if seen[offset]++; seen[offset] > 1 {
			t.Errorf("message %d had its effect twice", offset)
		}
		if ordered && offset < last[m.Key] {
			t.Errorf("key %s: the effect of %d came after that of %d", m.Key, offset, last[m.Key])
		}
		last[m.Key] = max(last[m.Key], offset)
	}
	for i := 1; i <= published; i++ {
		if seen[i] == 0 {
			t.Errorf("message %d had no effect", i)
		}
	}
}

// TestDeliverySemantics runs random histories: members come, go, crash, are slow, give
// back; messages come again; the store is opened anew. Whatever happens, every message
// has its effect once, those of a key in order.
func TestDeliverySemantics(t *testing.T) {
	for seed := range 16 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 21))
			d := newDelivery(t, r, seed%4 != 3)
			for range 500 {
				d.step()
			}
			d.drain()
			checkOrder(t, d.s, d.published, d.ordered)
		})
	}
}

// delivery is a history of a group.
type delivery struct {
	t         *testing.T
	r         *rand.Rand
	now       *clock.Manual
	disk      *vfs.Mem
	txns      *storage.Store
	s         *streaming.Store
	workers   []*worker // zombies, too
	made      int
	published int
	ordered   bool
}

func newDelivery(t *testing.T, r *rand.Rand, ordered bool) *delivery {
	d := &delivery{t: t, r: r, now: clock.NewManual(epoch), disk: vfs.NewCrashableMem(), ordered: ordered}
	d.open()
	t.Cleanup(d.close)
	ctx := context.Background()
	if _, err := d.s.CreateChannel(ctx, "c", streaming.ChannelOptions{Partitions: 1 + r.IntN(5)}); err != nil {
		t.Fatal(err)
	}
	o := streaming.GroupOptions{AckWait: 5 * time.Second, MaxDeliver: streaming.NoLimit, MaxInFlight: 5 + r.IntN(20), Ordered: ordered}
	if ordered {
		o.MemberTimeout = time.Duration(2+r.IntN(6)) * time.Second
	}
	if _, err := d.s.CreateGroup(ctx, "c", "g", streaming.Earliest, o); err != nil {
		t.Fatal(err)
	}
	d.join()
	return d
}

func (d *delivery) open() {
	o := crashOptions
	o.Clock = d.now
	var err error
	if d.txns, err = storage.Open(d.disk, "d", o); err != nil {
		d.t.Fatal(err)
	}
	if d.s, err = streaming.Open(d.txns.Store, streaming.Options{SweepEvery: -1}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *delivery) close() {
	d.s.Close()    //nolint:errcheck // the next life tells
	d.txns.Close() //nolint:errcheck // as above
}

func (d *delivery) join() {
	d.made++
	d.workers = append(d.workers, &worker{name: fmt.Sprint("w", d.made)})
}

func (d *delivery) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *delivery) step() {
	ctx := context.Background()
	w := d.workers[d.r.IntN(len(d.workers))]
	switch n := d.r.IntN(40); {
	case n < 8:
		_, err := d.s.Publish(ctx, "c", text(string(rune('a'+d.r.IntN(5))), "x"))
		d.ok(err)
		d.published++
	case n < 18:
		list, err := d.s.Pull(ctx, "c", "g", streaming.PullOptions{Max: 1 + d.r.IntN(6), Member: w.name})
		d.ok(err)
		w.has = append(w.has, list...)
	case n < 30:
		if len(w.has) > 0 {
			d.ok(w.work(d.s))
		}
	case n < 32:
		if len(w.has) > 0 {
			_, err := d.s.Nack(ctx, "c", "g", time.Duration(d.r.IntN(2))*time.Second, w.has[0].AckID)
			d.ok(err)
			w.has = w.has[1:]
		}
	case n < 33:
		if len(w.has) > 0 {
			_, err := d.s.Extend(ctx, "c", "g", 0, w.has[d.r.IntN(len(w.has))].AckID)
			d.ok(err)
		}
	case n < 36:
		d.now.Advance(time.Duration(d.r.IntN(4)) * time.Second)
	case n < 37 && len(d.workers) < 4:
		d.join()
	case n < 38:
		d.made++ // it crashes, and begins again under another name
		*w = worker{name: fmt.Sprint("w", d.made)}
	case n < 39 && d.ordered:
		if err := d.s.Leave(ctx, "c", "g", w.name); err != nil && dberr.As(err).Code != "MEMBER_NOT_FOUND" {
			d.ok(err)
		}
	default:
		if d.r.IntN(4) == 0 {
			d.close()
			d.disk = d.disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: d.r.IntN(101), RNG: d.r})
			d.open()
		}
	}
}

// drain has the members work until nothing is left.
func (d *delivery) drain() {
	for range 1000 {
		i, err := d.s.Group(context.Background(), "c", "g")
		d.ok(err)
		if i.Lag == 0 && i.InFlight == 0 {
			return
		}
		for _, w := range d.workers {
			list, err := d.s.Pull(context.Background(), "c", "g", streaming.PullOptions{Member: w.name})
			d.ok(err)
			for w.has = append(w.has, list...); len(w.has) > 0; {
				d.ok(w.work(d.s))
			}
		}
		d.now.Advance(time.Second)
	}
	d.t.Fatal("the group does not come to its end")
}

// TestOrderedConcurrently: members that pull, work and change at the same time.
func TestOrderedConcurrently(t *testing.T) {
	f := open(t, streaming.Options{})
	f.create("c", streaming.ChannelOptions{Partitions: 6})
	f.group(streaming.Earliest, streaming.GroupOptions{Ordered: true, AckWait: 5 * time.Second, MemberTimeout: 2 * time.Second, MaxDeliver: streaming.NoLimit})
	const total = 400
	var done sync.WaitGroup
	done.Go(func() {
		for i := range total {
			f.publish("c", text(fmt.Sprint(i%7), "x"))
		}
	})
	for n := range 4 {
		done.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 5))
			w := worker{name: fmt.Sprint(n)}
			for {
				i, err := f.Group(t.Context(), "c", "g")
				if err != nil {
					t.Error(err)
					return
				}
				if i.Next == total+1 && i.InFlight == 0 {
					return
				}
				list, err := f.Pull(t.Context(), "c", "g", streaming.PullOptions{Max: 1 + r.IntN(9), Member: w.name})
				if err != nil {
					t.Error(err)
					return
				}
				w.has = append(w.has, list...)
				for k := r.IntN(9); k > 0 && len(w.has) > 0; k-- {
					if err := w.work(f.Store); err != nil {
						t.Error(err)
						return
					}
				}
				if r.IntN(20) == 0 {
					w = worker{name: w.name + "'"}
					f.now.Advance(time.Second)
				}
				if len(list) == 0 && len(w.has) == 0 {
					f.now.Advance(100 * time.Millisecond)
				}
			}
		})
	}
	done.Wait()
	checkOrder(t, f.Store, total, true)
}
