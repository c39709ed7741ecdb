package streaming_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/streaming"
)

func (f fixture) subscribe(channel string, o streaming.SubscribeOptions) *streaming.Subscription {
	f.t.Helper()
	sub, err := f.Subscribe(context.Background(), channel, o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(sub.Close)
	return sub
}

func (f fixture) next(sub *streaming.Subscription, n int) (list []*streaming.Message) {
	f.t.Helper()
	for len(list) < n {
		d, err := sub.Next(context.Background())
		if err != nil {
			f.t.Fatal(err)
		}
		list = append(list, d.Messages...)
	}
	return list
}

// idle holds that nothing is waiting.
func (f fixture) idle(sub *streaming.Subscription) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if d, err := sub.Next(ctx); !errors.Is(err, dberr.ErrCanceled) {
		f.t.Errorf("got %s, %v", render(d.Messages), err)
	}
}

// TestSubscribe: from wherever it begins, across what is there and what comes.
func TestSubscribe(t *testing.T) {
	f := open(t, streaming.Options{})
	f.publish("c", text("", "a"), text("", "b"))
	f.now.Advance(time.Minute)
	f.publish("c", text("", "c"))
	early := f.subscribe("c", streaming.SubscribeOptions{From: streaming.Earliest})
	late := f.subscribe("c", streaming.SubscribeOptions{})
	at := f.subscribe("c", streaming.SubscribeOptions{From: streaming.AtOffset(2)})
	then := f.subscribe("c", streaming.SubscribeOptions{From: streaming.AtTime(f.now.Now())})
	f.idle(late)
	if n := f.Subscribers("c"); n != 4 {
		t.Errorf("%d subscribers", n)
	}
	f.publish("c", text("", "d"))
	f.want("earliest", render(f.next(early, 4)), "1=a 2=b 3=c 4=d")
	f.want("latest", render(f.next(late, 1)), "4=d")
	f.want("offset", render(f.next(at, 3)), "2=b 3=c 4=d")
	f.want("time", render(f.next(then, 2)), "3=c 4=d")
	f.idle(early)
	for _, sub := range []*streaming.Subscription{early, late, at, then} {
		sub.Close()
	}
	if n := f.Subscribers("c"); n != 0 {
		t.Errorf("%d subscribers are left", n)
	}
	_, err := f.Subscribe(t.Context(), "c", streaming.SubscribeOptions{From: streaming.AtOffset(6)})
	f.refused(err, dberr.ErrInvalid, "OFFSET_IN_FUTURE")
}

// TestSubscribeToComing: a channel that is made later is followed from its first
// message on, until it is dropped.
func TestSubscribeToComing(t *testing.T) {
	f := open(t, streaming.Options{})
	sub := f.subscribe("c", streaming.SubscribeOptions{})
	f.idle(sub)
	f.publish("other", text("", "x"))
	f.publish("c", text("", "a"))
	f.publish("c", text("", "b"))
	if err := f.DropChannel(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	f.want("both", render(f.next(sub, 2)), "1=a 2=b")
	_, err := sub.Next(t.Context())
	f.refused(err, dberr.ErrNotFound, "CHANNEL_DROPPED")
	f.publish("c", text("", "c"))
	again := f.subscribe("c", streaming.SubscribeOptions{From: streaming.Earliest})
	f.want("made again", render(f.next(again, 1)), "1=c")
	f.Close()
	_, err = again.Next(t.Context())
	f.refused(err, dberr.ErrUnavailable, "SHUTTING_DOWN")
}

// TestSlowSubscriber: one that is behind what memory keeps reads from the store, and is
// told what retention took before it.
func TestSlowSubscriber(t *testing.T) {
	f := open(t, streaming.Options{TailMessages: 4})
	sub := f.subscribe("c", streaming.SubscribeOptions{Filter: streaming.Filter{Keys: []string{"k"}}})
	var want string
	for i := range 600 {
		f.publish("c", text([]string{"k", "l"}[i%2], fmt.Sprint(i)))
		if i%2 == 0 {
			want += fmt.Sprintf(" %d=%d", i+1, i)
		}
	}
	f.want("from the store", " "+render(f.next(sub, 300)), want)
	for range 10 {
		f.publish("c", text("k", "x"))
	}
	if _, err := f.AlterChannel(t.Context(), "c", streaming.ChannelOptions{MaxCount: 6}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	d, err := sub.Next(t.Context())
	if err != nil || d.Gap != (streaming.Gap{From: 601, To: 604}) || d.Messages[0].Offset != 605 || d.Next != 611 {
		t.Errorf("got %+v, %v", d, err)
	}
	old := f.subscribe("c", streaming.SubscribeOptions{From: streaming.AtOffset(2)})
	if d, err := old.Next(t.Context()); err != nil || d.Gap != (streaming.Gap{From: 2, To: 604}) {
		t.Errorf("got %+v, %v", d, err)
	}
}

// TestSubscribersSeeEverything: while publishers, a compaction that finds nothing and
// drops of other channels go on, subscribers that come, go and resume get every message
// once, in order, and never see a part of a transaction that is not all there.
func TestSubscribersSeeEverything(t *testing.T) {
	f := open(t, streaming.Options{TailMessages: 16})
	const publishers, each, size = 4, 100, 3
	ctx := context.Background()
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range each {
				err := f.txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error {
					for range size {
						if _, err := f.PublishTx(tx, "c", text("", fmt.Sprintf("%d.%d", p, i))); err != nil {
							return err
						}
						if _, err := f.PublishTx(tx, "mirror", text("", "")); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for reader := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(reader)))
			next := uint64(1)
			for next <= publishers*each*size {
				if err := follow(f, r, &next); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// follow subscribes, takes some messages and goes.
func follow(f fixture, r *rand.Rand, next *uint64) error {
	ctx := context.Background()
	sub, err := f.Subscribe(ctx, "c", streaming.SubscribeOptions{From: streaming.AtOffset(*next)})
	if errors.Is(err, dberr.ErrNotFound) {
		return nil // nobody has published yet
	}
	if err != nil {
		return err
	}
	defer sub.Close()
	for range 1 + r.IntN(20) {
		if *next > 4*100*3 {
			return nil
		}
		d, err := sub.Next(ctx)
		if err != nil {
			return err
		}
		for _, m := range d.Messages {
			if m.Offset != *next {
				return fmt.Errorf("got offset %d, want %d", m.Offset, *next)
			}
			*next++
		}
		last := d.Messages[len(d.Messages)-1]
		p, err := f.History(ctx, "mirror", streaming.HistoryOptions{Limit: 1})
		if err != nil || p.Messages[0].Timestamp < last.Timestamp {
			return fmt.Errorf("the other half of the transaction of offset %d is not there, %w", last.Offset, err)
		}
	}
	return nil
}
