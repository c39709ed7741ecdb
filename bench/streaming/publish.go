package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/weftdb/weft/bench/report"
	"github.com/weftdb/weft/streaming"
)

const together = 100 // messages of one publication, or that wait for their acknowledgement at once

// benchPublish publishes messages of 100 bytes, each publisher waiting for the
// acknowledgement of one, or of some.
func benchPublish(c *config, t *report.Table) error {
	for _, synced := range []bool{false, true} {
		policy, goals := "synced every 50 ms", []report.Goal{report.AtLeast(1, peerSide)}
		if synced {
			policy, goals = "each synced", []report.Goal{report.AtLeast(2, peerSide)}
		}
		one := t.Row(fmt.Sprintf("publish 100 B, %d publishers, %s", c.publishers, policy), report.PerSecond, goals...)
		if synced { // of a batch Weft syncs once, and the peer each
			goals = nil
		}
		many := t.Row(fmt.Sprintf("publish %d × 100 B at a time, %d publishers, %s", together, c.publishers, policy), report.PerSecond, goals...)
		for i, r := range []*report.Row{one, many} {
			n := []int{1, together}[i]
			err := c.turns(func(dir string) error { return c.publishWeft(r, dir, synced, n) }, func(dir string) error { return c.publishPeer(r, dir, synced, n) })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *config) publishWeft(r *report.Row, dir string, synced bool, n int) error {
	db, err := openWeft(dir, synced)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, ch := context.Background(), db.Streaming()
	if _, err := ch.CreateChannel(ctx, channel, streaming.ChannelOptions{}); err != nil {
		return err
	}
	res, err := drive(c.publishers, c.round, func(client int) (func() (int, error), error) {
		list := make([]streaming.Content, n)
		for i := range list {
			list[i].Data = payload(uint64(client*n + i))
		}
		return func() (int, error) {
			_, err := ch.Publish(ctx, channel, list...)
			return n, err
		}, nil
	})
	if err != nil {
		return err
	}
	r.Add(weftSide, res.perSec())
	info, err := ch.Info(ctx, channel)
	if err == nil && info.Next != uint64(res.ops)+1 {
		err = fmt.Errorf("%d messages were acknowledged, and the next offset is %d", res.ops, info.Next)
	}
	return err
}

func (c *config) publishPeer(r *report.Row, dir string, synced bool, n int) error {
	p, err := openPeer(dir, synced)
	if err != nil {
		return err
	}
	defer p.close()
	res, err := drive(c.publishers, c.round, func(client int) (func() (int, error), error) {
		js, err := p.connect()
		data := payload(uint64(client))
		futures := make([]nats.PubAckFuture, n)
		return func() (int, error) {
			if n == 1 {
				_, err := js.Publish(channel, data)
				return 1, err
			}
			for i := range futures {
				if futures[i], err = js.PublishAsync(channel, data); err != nil {
					return 0, err
				}
			}
			for _, f := range futures {
				if err := acknowledged(f); err != nil {
					return 0, err
				}
			}
			return n, nil
		}, err
	})
	if err != nil {
		return err
	}
	r.Add(peerSide, res.perSec())
	js, err := p.connect()
	if err != nil {
		return err
	}
	info, err := js.StreamInfo(channel)
	if err == nil && info.State.Msgs != uint64(res.ops) {
		err = fmt.Errorf("%d messages were acknowledged, and the peer has %d", res.ops, info.State.Msgs)
	}
	return err
}

func acknowledged(f nats.PubAckFuture) error {
	select {
	case <-f.Ok():
		return nil
	case err := <-f.Err():
		return err
	case <-time.After(30 * time.Second):
		return fmt.Errorf("the peer did not acknowledge a message")
	}
}
