package streaming_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/streaming"
)

func (f fixture) group(from streaming.Start, o streaming.GroupOptions) {
	f.t.Helper()
	if _, err := f.CreateGroup(context.Background(), "c", "g", from, o); err != nil {
		f.t.Fatal(err)
	}
}

func (f fixture) pull(n int) []streaming.Handed {
	f.t.Helper()
	list, err := f.Pull(context.Background(), "c", "g", streaming.PullOptions{Max: n, Member: "m"})
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// handed renders what was handed out, as offset/delivery.
func handed(list []streaming.Handed) string {
	var b strings.Builder
	for _, h := range list {
		fmt.Fprintf(&b, " %d/%d", h.Offset, h.Delivery)
	}
	return strings.TrimSpace(b.String())
}

func (f fixture) stale(want int) func(stale []string, err error) {
	return func(stale []string, err error) {
		f.t.Helper()
		if err != nil || len(stale) != want {
			f.t.Errorf("%v are stale, want %d, %v", stale, want, err)
		}
	}
}

// TestGroup: messages are shared, come again when their time is over, and not once they
// are acknowledged.
func TestGroup(t *testing.T) {
	f, ctx := open(t, streaming.Options{}), t.Context()
	for i := range 6 {
		f.publish("c", text("", fmt.Sprint(i)))
	}
	f.group(streaming.Earliest, streaming.GroupOptions{AckWait: time.Minute, MaxInFlight: 4})
	a, b := f.pull(3), f.pull(3)
	f.want("one member", handed(a), "1/1 2/1 3/1")
	f.want("another, up to the limit", handed(b), "4/1")
	i, err := f.Group(ctx, "c", "g")
	if err != nil || i.Next != 5 || i.Lag != 2 || i.InFlight != 4 || i.Due != 0 || i.Members["m"] != 4 {
		t.Errorf("%+v, %v", i, err)
	}
	f.stale(0)(f.Ack(ctx, "c", "g", a[0].AckID, a[2].AckID))
	f.stale(1)(f.Ack(ctx, "c", "g", a[0].AckID))
	f.now.Advance(30 * time.Second)
	f.stale(0)(f.Extend(ctx, "c", "g", 0, b[0].AckID))
	f.now.Advance(31 * time.Second)
	again := f.pull(10)
	f.want("what was not acknowledged, then new ones", handed(again), "2/2 5/1 6/1")
	f.stale(1)(f.Ack(ctx, "c", "g", a[1].AckID)) // of the first delivery
	f.stale(0)(f.Nack(ctx, "c", "g", time.Second, again[1].AckID))
	f.want("before the delay", handed(f.pull(10)), "")
	f.now.Advance(time.Second)
	f.want("after it", handed(f.pull(10)), "5/2")
	f.stale(3)(f.Ack(ctx, "c", "g", "x", "1-1-0", again[1].AckID))
	if err := f.DropGroup(ctx, "c", "g"); err != nil {
		t.Fatal(err)
	}
	_, err = f.Pull(ctx, "c", "g", streaming.PullOptions{})
	f.refused(err, dberr.ErrNotFound, "GROUP_NOT_FOUND")
	f.group(streaming.AtOffset(2), streaming.GroupOptions{})
	f.stale(1)(f.Ack(ctx, "c", "g", again[0].AckID)) // of a group that is gone
	f.want("made again", handed(f.pull(2)), "2/1 3/1")
	_, err = f.CreateGroup(ctx, "c", "g", streaming.Latest, streaming.GroupOptions{})
	f.refused(err, dberr.ErrExists, "GROUP_EXISTS")
	if names, err := f.Groups(ctx, "c"); err != nil || len(names) != 1 || names[0] != "g" {
		t.Errorf("%v, %v", names, err)
	}
}

// TestDeadLetters: a message that is handed out too often goes to another channel, with
// where it comes from, in the commit that gives it up; without one it is given up.
func TestDeadLetters(t *testing.T) {
	for _, dead := range []string{"dead", ""} {
		f := open(t, streaming.Options{})
		m := text("k", "x")
		m.Producer, m.Sequence = "p", 1
		f.publish("c", m, text("k", "y"))
		f.group(streaming.Earliest, streaming.GroupOptions{MaxDeliver: 2, DeadLetter: dead})
		f.pull(1)
		f.now.Advance(time.Minute)
		f.want("again", handed(f.pull(1)), "1/2")
		f.now.Advance(time.Minute)
		f.want("the next one", handed(f.pull(1)), "2/1")
		if i, err := f.Group(t.Context(), "c", "g"); err != nil || i.InFlight != 1 {
			t.Errorf("%+v, %v", i, err)
		}
		if dead == "" {
			continue
		}
		p, err := f.History(t.Context(), dead, streaming.HistoryOptions{})
		if err != nil || len(p.Messages) != 1 || string(p.Messages[0].Data) != "x" || p.Messages[0].Key != "k" {
			t.Fatalf("%+v, %v", p, err)
		}
		want := []streaming.Header{{Name: "weft-dead-channel", Value: "c"}, {Name: "weft-dead-group", Value: "g"}, {Name: "weft-dead-offset", Value: "1"}, {Name: "weft-dead-deliveries", Value: "2"}}
		if !slices.Equal(p.Messages[0].Headers, want) {
			t.Errorf("its headers are %v", p.Messages[0].Headers)
		}
	}
}

// TestAtMostOnce: without acknowledgements what was handed out never comes again.
func TestAtMostOnce(t *testing.T) {
	f := open(t, streaming.Options{})
	f.publish("c", text("", "a"), text("", "b"))
	f.group(streaming.Earliest, streaming.GroupOptions{NoAck: true, MaxInFlight: 1})
	list := f.pull(10)
	f.want("both", handed(list), "1/1 2/1")
	if list[0].AckID != "" {
		t.Errorf("got %+v", list[0])
	}
	f.now.Advance(time.Hour)
	f.want("nothing more", handed(f.pull(10)), "")
}

// waiting begins a pull that waits, and returns once it does.
func (f fixture) waiting() <-chan pulled {
	for f.Subscribers("c") > 0 { // the one before
		runtime.Gosched()
	}
	c := make(chan pulled, 1)
	go func() {
		list, err := f.Pull(context.Background(), "c", "g", streaming.PullOptions{Wait: time.Hour})
		c <- pulled{list, err}
	}()
	for f.Subscribers("c") == 0 {
		runtime.Gosched()
	}
	return c
}

type pulled struct {
	list []streaming.Handed
	err  error
}

// TestPullWaits: until a message comes, or one is given back, or another is acknowledged,
// or the group goes.
func TestPullWaits(t *testing.T) {
	f, ctx := open(t, streaming.Options{}), t.Context()
	f.publish("c", text("", "a"))
	f.group(streaming.Latest, streaming.GroupOptions{MaxInFlight: 1})
	w := f.waiting()
	f.publish("c", text("", "b"))
	first := (<-w).list
	f.want("a message", handed(first), "2/1")
	f.publish("c", text("", "c"))
	w = f.waiting()
	f.stale(0)(f.Nack(ctx, "c", "g", 0, first[0].AckID))
	second := (<-w).list
	f.want("one that was given back", handed(second), "2/2")
	w = f.waiting()
	f.stale(0)(f.Ack(ctx, "c", "g", second[0].AckID))
	f.want("one for which there is room", handed((<-w).list), "3/1")
	if list, err := f.Pull(ctx, "c", "g", streaming.PullOptions{Wait: time.Millisecond}); err != nil || len(list) != 0 {
		t.Errorf("got %s, %v", handed(list), err)
	}
	w = f.waiting()
	if err := f.DropGroup(ctx, "c", "g"); err != nil {
		t.Fatal(err)
	}
	f.refused((<-w).err, dberr.ErrNotFound, "GROUP_NOT_FOUND")
	f.group(streaming.Latest, streaming.GroupOptions{})
	cut, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := f.Pull(cut, "c", "g", streaming.PullOptions{Wait: time.Hour}); err == nil {
		t.Error("a pull that was given up went well")
	}
}

// TestGroupRefusals.
func TestGroupRefusals(t *testing.T) {
	f, ctx := open(t, streaming.Options{}), t.Context()
	f.publish("c", text("", "a"))
	for _, o := range []streaming.GroupOptions{{AckWait: -1}, {AckWait: 24 * time.Hour}, {MaxDeliver: -2}, {MaxInFlight: 20_000}, {DeadLetter: "c"}, {DeadLetter: "d", NoAck: true}} {
		_, err := f.CreateGroup(ctx, "c", "g", streaming.Latest, o)
		f.refused(err, dberr.ErrInvalid, "INVALID_FIELD")
	}
	_, err := f.CreateGroup(ctx, "c", "", streaming.Latest, streaming.GroupOptions{})
	f.refused(err, dberr.ErrInvalid, "MISSING_FIELD")
	_, err = f.CreateGroup(ctx, "none", "g", streaming.Latest, streaming.GroupOptions{})
	f.refused(err, dberr.ErrNotFound, "CHANNEL_NOT_FOUND")
	_, err = f.CreateGroup(ctx, "c", "g", streaming.AtOffset(9), streaming.GroupOptions{})
	f.refused(err, dberr.ErrInvalid, "OFFSET_IN_FUTURE")
	f.group(streaming.Latest, streaming.GroupOptions{})
	_, err = f.Pull(ctx, "c", "g", streaming.PullOptions{Max: -1})
	f.refused(err, dberr.ErrInvalid, "INVALID_FIELD")
	_, err = f.Nack(ctx, "c", "g", 24*time.Hour)
	f.refused(err, dberr.ErrInvalid, "INVALID_FIELD")
}

// TestEffectivelyOnce: members that share a group count messages in another channel, with
// the acknowledgement in the same transaction. Deliveries run out under their hands, so
// messages are handed out many times; each is counted once.
func TestEffectivelyOnce(t *testing.T) {
	f, ctx := open(t, streaming.Options{}), context.Background()
	const messages = 60
	for i := range messages {
		f.publish("c", text("", fmt.Sprint(i)))
	}
	f.group(streaming.Earliest, streaming.GroupOptions{AckWait: time.Millisecond, MaxDeliver: streaming.NoLimit})
	var wg sync.WaitGroup
	var mu sync.Mutex
	deliveries := 0
	done := func() bool {
		i, err := f.Group(ctx, "c", "g")
		return err != nil || i.Lag == 0 && i.InFlight == 0
	}
	for member := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(5, uint64(member)))
			for !done() {
				list, err := f.Pull(ctx, "c", "g", streaming.PullOptions{Max: 5})
				if err != nil {
					t.Error(err)
					return
				}
				for _, h := range list {
					mu.Lock()
					deliveries++
					mu.Unlock()
					if r.IntN(4) == 0 {
						f.now.Advance(2 * time.Millisecond) // all that are out have run out
						if r.IntN(2) == 0 {
							continue // the member died
						}
					}
					err := f.Update(ctx, func(tx *txn.Tx) error {
						s := f.Within(tx)
						if _, err := s.Publish(ctx, "effects", text("", fmt.Sprint(h.Offset))); err != nil {
							return err
						}
						_, err := s.Ack(ctx, "c", "g", h.AckID)
						return err
					})
					if e := dberr.As(err); err != nil && e.Code != "ACK_STALE" {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	p, err := f.History(ctx, "effects", streaming.HistoryOptions{From: streaming.Earliest, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range p.Messages {
		if seen[string(m.Data)] {
			t.Errorf("message %s had its effect twice", m.Data)
		}
		seen[string(m.Data)] = true
	}
	if len(seen) != messages || deliveries <= messages {
		t.Errorf("%d messages of %d had their effect, by %d deliveries", len(seen), messages, deliveries)
	}
}

// TestStaleEffects: what a member does with a delivery that is not its any more does not
// take effect, whether the message went to another before or while it was at work.
func TestStaleEffects(t *testing.T) {
	f, ctx := open(t, streaming.Options{}), t.Context()
	f.publish("c", text("", "a"))
	f.group(streaming.Earliest, streaming.GroupOptions{})
	work := func(ack string, meanwhile func()) error {
		tx, err := f.txns.Begin(ctx, txn.TxOptions{Isolation: txn.Snapshot})
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		s := f.Within(tx)
		if _, err := s.Publish(ctx, "effects", text("", ack)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Ack(ctx, "c", "g", ack); err != nil {
			return err
		}
		meanwhile()
		return tx.Commit(ctx)
	}
	first := f.pull(1)[0].AckID
	f.now.Advance(time.Minute)
	second := f.pull(1)[0].AckID
	f.refused(work(first, func() {}), dberr.ErrConstraint, "ACK_STALE")
	var third string
	if err := work(second, func() {
		f.now.Advance(time.Minute)
		third = f.pull(1)[0].AckID
	}); !errors.Is(err, dberr.ErrConflict) {
		t.Errorf("got %v", err)
	}
	if err := work(third, func() { f.want("nothing to hand out", handed(f.pull(1)), "") }); err != nil {
		t.Error(err)
	}
	f.want("the effects", f.all("effects"), "1="+third)
}

// groupModel is what a group ought to be.
type groupModel struct {
	fixture
	r       *rand.Rand
	o       streaming.GroupOptions
	cursor  uint64
	end     uint64
	out     map[uint64]*outModel
	dead    int
	history []streaming.Handed
}

type outModel struct {
	due      time.Time
	delivery int
	id       string
}

// pulls does to the model what a pull does.
func (m *groupModel) pulls(n int) {
	list := m.pull(n)
	now := m.now.Now()
	var due []uint64
	for offset, x := range m.out {
		if !x.due.After(now) {
			due = append(due, offset)
		}
	}
	slices.Sort(due)
	var want []string
	for _, offset := range due {
		if len(want) == n {
			break
		}
		if x := m.out[offset]; x.delivery == m.o.MaxDeliver {
			delete(m.out, offset)
			m.dead++
		} else {
			x.delivery++
			x.due = now.Add(m.o.AckWait)
			want = append(want, fmt.Sprintf("%d/%d", offset, x.delivery))
		}
	}
	for ; len(want) < n && m.cursor < m.end && len(m.out) < m.o.MaxInFlight; m.cursor++ {
		m.out[m.cursor] = &outModel{due: now.Add(m.o.AckWait), delivery: 1}
		want = append(want, fmt.Sprintf("%d/1", m.cursor))
	}
	m.want("a pull", handed(list), strings.Join(want, " "))
	for _, h := range list {
		m.out[h.Offset].id = h.AckID
	}
	m.history = append(m.history, list...)
}

// settle acknowledges, gives back or extends some delivery there ever was.
func (m *groupModel) settle() {
	if len(m.history) == 0 {
		return
	}
	h, ctx := m.history[m.r.IntN(len(m.history))], context.Background()
	x := m.out[h.Offset]
	stale := 0
	if x == nil || x.id != h.AckID {
		stale, x = 1, &outModel{}
	}
	switch m.r.IntN(4) {
	case 0:
		m.stale(stale)(m.Nack(ctx, "c", "g", time.Second, h.AckID))
		x.due = m.now.Now().Add(time.Second)
	case 1:
		m.stale(stale)(m.Extend(ctx, "c", "g", 0, h.AckID))
		x.due = m.now.Now().Add(m.o.AckWait)
	default:
		m.stale(stale)(m.Ack(ctx, "c", "g", h.AckID))
		if stale == 0 {
			delete(m.out, h.Offset)
		}
	}
}

// TestGroupModel runs random histories of members against the model.
func TestGroupModel(t *testing.T) {
	for seed := range 12 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 9))
			m := &groupModel{fixture: open(t, streaming.Options{}), r: r, cursor: 1, end: 1, out: map[uint64]*outModel{},
				o: streaming.GroupOptions{AckWait: 5 * time.Second, MaxDeliver: 1 + r.IntN(4), MaxInFlight: 1 + r.IntN(12), DeadLetter: "dead"}}
			m.create("c", streaming.ChannelOptions{})
			m.create("dead", streaming.ChannelOptions{})
			m.group(streaming.Earliest, m.o)
			for range 400 {
				switch r.IntN(6) {
				case 0:
					m.publish("c", text("", "x"))
					m.end++
				case 1:
					m.now.Advance(time.Duration(r.IntN(4)) * time.Second)
				case 2, 3:
					m.settle()
				default:
					m.pulls(1 + r.IntN(6))
				}
				i, err := m.Group(t.Context(), "c", "g")
				if err != nil || i.Next != m.cursor || i.InFlight != len(m.out) || i.Lag != m.end-m.cursor {
					t.Fatalf("%+v, want next %d and %d in flight, %v", i, m.cursor, len(m.out), err)
				}
			}
			if i, err := m.Info(t.Context(), "dead"); err != nil || int(i.Next)-1 != m.dead {
				t.Errorf("%d dead letters, want %d, %v", i.Next-1, m.dead, err)
			}
		})
	}
}

// TestGroupCrash pulls the plug at every few disk operations of a member: after all lives
// every message had its effect once, and none that was acknowledged comes again.
func TestGroupCrash(t *testing.T) {
	for n := 1; ; n += 4 {
		r := rand.New(rand.NewPCG(uint64(n), 2))
		disk := vfs.NewCrashableMem()
		acked := map[uint64]bool{}
		done := true
		for life := range 4 {
			fault := vfs.NewFault(disk, vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil))
			var under vfs.FS = fault
			if life == 3 {
				under = disk // to the end
			}
			groupLife(t, under, acked)
			done = done && fault.Ops() < n
			disk = disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
		}
		if t.Failed() {
			t.Fatalf("with the crash at operation %d", n)
		}
		checkEffects(t, disk, n, acked)
		if done {
			return
		}
	}
}

const groupMessages = 10

// groupLife publishes what is missing, and counts what it is handed out.
func groupLife(t *testing.T, disk vfs.FS, acked map[uint64]bool) {
	ctx := context.Background()
	txns, err := storage.Open(disk, "d", crashOptions)
	if err != nil {
		return
	}
	defer txns.Close()
	s, err := streaming.Open(txns.Store, streaming.Options{SweepEvery: -1})
	if err != nil {
		return
	}
	defer s.Close()
	for i := range groupMessages {
		if _, err := s.Publish(ctx, "c", streaming.Content{Producer: "p", Sequence: uint64(i) + 1, Data: make([]byte, 500)}); err != nil {
			return
		}
	}
	_, err = s.CreateGroup(ctx, "c", "g", streaming.Earliest, streaming.GroupOptions{AckWait: time.Millisecond, MaxDeliver: streaming.NoLimit})
	if e := dberr.As(err); err != nil && (e == nil || e.Code != "GROUP_EXISTS") {
		return
	}
	for {
		i, err := s.Group(ctx, "c", "g")
		if err != nil || i.Lag == 0 && i.InFlight == 0 {
			return
		}
		list, err := s.Pull(ctx, "c", "g", streaming.PullOptions{Max: 3, Wait: time.Second})
		if err != nil {
			return
		}
		for _, h := range list {
			if acked[h.Offset] {
				t.Errorf("offset %d comes again after it was acknowledged", h.Offset)
			}
			err := s.Update(ctx, func(tx *txn.Tx) error {
				in := s.Within(tx)
				if _, err := in.Publish(ctx, "effects", text("", fmt.Sprint(h.Offset))); err != nil {
					return err
				}
				_, err := in.Ack(ctx, "c", "g", h.AckID)
				return err
			})
			if e := dberr.As(err); err != nil && (e == nil || e.Code != "ACK_STALE") {
				return
			}
			if err == nil {
				acked[h.Offset] = true
			}
		}
	}
}

func checkEffects(t *testing.T, disk vfs.FS, n int, acked map[uint64]bool) {
	txns, err := storage.Open(disk, "d", crashOptions)
	if err != nil {
		t.Fatal(err)
	}
	defer txns.Close()
	s, err := streaming.Open(txns.Store, streaming.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := s.History(t.Context(), "effects", streaming.HistoryOptions{From: streaming.Earliest})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, m := range p.Messages {
		seen[string(m.Data)]++
	}
	for i := range groupMessages {
		if seen[fmt.Sprint(i+1)] != 1 {
			t.Fatalf("crash at %d: message %d had its effect %d times", n, i+1, seen[fmt.Sprint(i+1)])
		}
	}
	for offset := range acked {
		if seen[fmt.Sprint(offset)] == 0 {
			t.Fatalf("crash at %d: the effect of %d was acknowledged and is gone", n, offset)
		}
	}
}
