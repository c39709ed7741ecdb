package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/weftdb/weft/bench/report"
	"github.com/weftdb/weft/streaming"
)

// stamped is a message that says when it was sent.
func stamped(began time.Time) []byte {
	b := payload(1)
	binary.BigEndian.PutUint64(b, uint64(time.Since(began)))
	return b
}

func age(began time.Time, data []byte) time.Duration {
	return time.Since(began) - time.Duration(binary.BigEndian.Uint64(data))
}

// receiver counts what subscribers are given, and how old it is.
type receiver struct {
	began time.Time
	got   atomic.Int64
	mu    sync.Mutex
	ages  []time.Duration
}

// take counts messages that one subscriber was given at once.
func (v *receiver) take(ages []time.Duration) {
	v.mu.Lock()
	v.ages = append(v.ages, ages...)
	v.mu.Unlock()
	v.got.Add(int64(len(ages)))
}

// publisher is a side of the fan-out, with all its subscribers.
type publisher struct {
	publish func(data []byte) error
	got     func() int64
	ages    func() []time.Duration
	close   func() error
}

// flood publishes for a while, then waits until all is delivered: deliveries a second.
// Where many wait to be delivered it holds back, as who publishes more than is taken must.
func flood(p *publisher, began time.Time, subscribers int, d time.Duration) (float64, error) {
	sent, start := int64(0), p.got()
	took, err := clock.Time(func() error {
		stop := time.Now().Add(d)
		for time.Now().Before(stop) {
			if err := p.publish(stamped(began)); err != nil {
				return err
			}
			sent++
			for behind(p, start, sent, subscribers) > 512*int64(subscribers) {
				time.Sleep(100 * time.Microsecond)
			}
		}
		return drained(p, start, sent, subscribers)
	})
	return float64(sent) * float64(subscribers) / took.Seconds(), err
}

func behind(p *publisher, start, sent int64, subscribers int) int64 {
	return start + sent*int64(subscribers) - p.got()
}

func drained(p *publisher, start, sent int64, subscribers int) error {
	for end := time.Now().Add(30 * time.Second); behind(p, start, sent, subscribers) > 0; time.Sleep(200 * time.Microsecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%d of %d messages were not delivered", behind(p, start, sent, subscribers), sent*int64(subscribers))
		}
	}
	return nil
}

// pace publishes at a steady rate, and returns how old messages were when they arrived.
func pace(p *publisher, began time.Time, subscribers, perSecond int, d time.Duration) (result, error) {
	p.ages()
	sent, start := int64(0), p.got()
	took, err := clock.Time(func() error {
		first, every := time.Now(), time.Second/time.Duration(perSecond)
		for i := range int(d / every) {
			time.Sleep(time.Until(first.Add(time.Duration(i) * every)))
			if err := p.publish(stamped(began)); err != nil {
				return err
			}
			sent++
		}
		return drained(p, start, sent, subscribers)
	})
	return result{ops: int(sent) * subscribers, took: took, latencies: sorted(p.ages())}, err
}

// benchFanout has one publisher and many subscribers.
func benchFanout(c *config, t *report.Table) error {
	flat := t.Row(fmt.Sprintf("fan-out 1 → %d subscribers, deliveries", c.subscribers), report.PerSecond, report.Bound("≥ 500 k/s", 500e3))
	rate := 500
	p50 := t.Row(fmt.Sprintf("… at %d k deliveries/s, age of a message, median", rate*c.subscribers/1000), report.Took)
	p99 := t.Row("… 99 %", report.Took, report.Bound("< 20 ms", 20e6))
	side := func(name string, open func(dir string, began time.Time, n int) (*publisher, error)) func(dir string) error {
		return func(dir string) error {
			began := time.Now()
			p, err := open(dir, began, c.subscribers)
			if err != nil {
				return err
			}
			v, err := flood(p, began, c.subscribers, c.round)
			if err != nil {
				return errors.Join(fmt.Errorf("%s: %w", name, err), p.close())
			}
			flat.Add(name, v)
			r, err := pace(p, began, c.subscribers, rate, c.round)
			if err != nil {
				return errors.Join(fmt.Errorf("%s: %w", name, err), p.close())
			}
			p50.Add(name, r.quantile(0.5))
			p99.Add(name, r.quantile(0.99))
			return p.close()
		}
	}
	return c.turns(side(weftSide, fanWeft), side(peerSide, fanPeer))
}

func fanWeft(dir string, began time.Time, n int) (*publisher, error) {
	return openFan(dir, false, began, n)
}

func openFan(dir string, synced bool, began time.Time, n int) (*publisher, error) {
	db, err := openWeft(dir, synced)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ch := db.Streaming()
	if _, err := ch.CreateChannel(ctx, channel, streaming.ChannelOptions{}); err != nil {
		cancel()
		return nil, errors.Join(err, db.Close())
	}
	v := &receiver{began: began}
	done, err := subscribeAll(ctx, ch, v, n)
	return &publisher{
		publish: func(data []byte) error {
			_, err := ch.Publish(ctx, channel, streaming.Content{Data: data})
			return err
		},
		got: v.got.Load, ages: v.drain,
		close: func() error {
			cancel()
			done()
			return db.Close()
		},
	}, err
}

func subscribeAll(ctx context.Context, ch *streaming.Store, v *receiver, n int) (wait func(), err error) {
	var wg sync.WaitGroup
	for range n {
		sub, err := ch.Subscribe(ctx, channel, streaming.SubscribeOptions{})
		if err != nil {
			return wg.Wait, err
		}
		wg.Go(func() {
			defer sub.Close()
			var ages []time.Duration
			for {
				d, err := sub.Next(ctx)
				if err != nil {
					return
				}
				ages = ages[:0]
				for _, m := range d.Messages {
					ages = append(ages, age(v.began, m.Data))
				}
				v.take(ages)
			}
		})
	}
	return wg.Wait, nil
}

func (v *receiver) drain() []time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := slices.Clone(v.ages)
	v.ages = v.ages[:0]
	return list
}

const peerConns = 16 // that the peer's subscribers share

func fanPeer(dir string, began time.Time, n int) (*publisher, error) {
	p, err := openPeer(dir, false)
	if err != nil {
		return nil, err
	}
	v := &receiver{began: began}
	fail := func(err error) (*publisher, error) {
		p.close()
		return nil, err
	}
	var js nats.JetStreamContext
	for i := range n {
		if i%((n+peerConns-1)/peerConns) == 0 {
			if js, err = p.connect(); err != nil {
				return fail(err)
			}
		}
		sub, err := js.Subscribe(channel, func(m *nats.Msg) { v.take([]time.Duration{age(v.began, m.Data)}) }, nats.OrderedConsumer(), nats.DeliverNew())
		if err != nil {
			return fail(fmt.Errorf("subscriber %d: %w", i, err))
		}
		if err := sub.SetPendingLimits(-1, -1); err != nil {
			return fail(err)
		}
	}
	if js, err = p.connect(); err != nil {
		return fail(err)
	}
	return &publisher{
		publish: func(data []byte) error {
			_, err := js.Publish(channel, data)
			return err
		},
		got: v.got.Load, ages: v.drain,
		close: func() error {
			p.close()
			return nil
		},
	}, nil
}

// benchLatency publishes now and then to one subscriber.
func benchLatency(c *config, t *report.Table) error {
	for _, synced := range []bool{false, true} {
		policy := "synced every 50 ms"
		var goals []report.Goal
		if synced {
			policy = "each synced"
		} else {
			goals = append(goals, report.Bound("< 1 ms", 1e6))
		}
		p50 := t.Row("from publishing to the subscriber, idle, "+policy+", median", report.Took, goals...)
		p99 := t.Row("… 99 %", report.Took)
		var after *report.Row
		if synced {
			after = t.Row("… from the acknowledgement to the subscriber, median", report.Took, report.Bound("< 1 ms", 1e6))
		}
		side := func(name string, open func(dir string, began time.Time, n int) (*publisher, error)) func(dir string) error {
			return func(dir string) error {
				began := time.Now()
				p, err := open(dir, began, 1)
				if err != nil {
					return err
				}
				r, late, err := now(p, began, c.round)
				if err == nil {
					p50.Add(name, r.quantile(0.5))
					p99.Add(name, r.quantile(0.99))
					if after != nil {
						after.Add(name, late.quantile(0.5))
					}
				}
				return errors.Join(err, p.close())
			}
		}
		err := c.turns(
			side(weftSide, func(dir string, began time.Time, n int) (*publisher, error) { return openFan(dir, synced, began, n) }),
			side(peerSide, func(dir string, began time.Time, n int) (*publisher, error) { return openOne(dir, synced, began) }))
		if err != nil {
			return err
		}
	}
	return nil
}

func openOne(dir string, synced bool, began time.Time) (*publisher, error) {
	p, err := openPeer(dir, synced)
	if err != nil {
		return nil, err
	}
	v := &receiver{began: began}
	js, err := p.connect()
	if err == nil {
		_, err = js.Subscribe(channel, func(m *nats.Msg) { v.take([]time.Duration{age(v.began, m.Data)}) }, nats.OrderedConsumer(), nats.DeliverNew())
	}
	if err == nil {
		js, err = p.connect()
	}
	return &publisher{
		publish: func(data []byte) error {
			_, err := js.Publish(channel, data)
			return err
		},
		got: v.got.Load, ages: v.drain,
		close: func() error {
			p.close()
			return nil
		},
	}, err
}

// now publishes one message after the other, with a pause, and says how old they were when
// they came, and how much after their acknowledgement that was.
func now(p *publisher, began time.Time, d time.Duration) (r, late result, err error) {
	for stop := time.Now().Add(d); time.Now().Before(stop); time.Sleep(2 * time.Millisecond) {
		data, start := stamped(began), p.got()
		sent := time.Since(began)
		if err := p.publish(data); err != nil {
			return r, late, err
		}
		acknowledged := time.Since(began) - sent
		if err := drained(p, start, 1, 1); err != nil {
			return r, late, err
		}
		for _, a := range p.ages() {
			r.latencies = append(r.latencies, a)
			late.latencies = append(late.latencies, max(a-acknowledged, 0))
		}
	}
	sorted(r.latencies)
	sorted(late.latencies)
	return r, late, nil
}
