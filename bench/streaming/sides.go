package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
)

const (
	peerVersion = natsd.VERSION
	channel     = "events"
	// syncEvery is how often either side syncs where it does not at each commit. It is
	// Weft's default.
	syncEvery = 50 * time.Millisecond
)

// payload is 100 bytes, of which every second is random.
func payload(i uint64) []byte {
	b := make([]byte, 0, 100)
	for x := i*0x9e3779b97f4a7c15 + 1; len(b) < 100; x = x*6364136223846793005 + 1442695040888963407 {
		b = append(b, byte(x>>56), 'v')
	}
	return b
}

// openWeft opens a database in a directory, in memory where that is empty.
func openWeft(dir string, synced bool) (*weft.DB, error) {
	if dir == "" {
		return weft.OpenMemory(weft.Options{})
	}
	o := weft.Options{Storage: storage.Options{SyncInterval: syncEvery, Durability: txn.DurabilityInterval}}
	if synced {
		o.Storage.Durability = txn.DurabilitySync
	}
	return weft.Open(dir, o)
}

// peer is an embedded JetStream.
type peer struct {
	server *natsd.Server
	conns  []*nats.Conn
}

// openPeer starts a server with a stream in files.
func openPeer(dir string, synced bool) (*peer, error) {
	o := &natsd.Options{Host: "127.0.0.1", Port: natsd.RANDOM_PORT, NoLog: true, NoSigs: true, JetStream: true, StoreDir: dir, SyncInterval: syncEvery, SyncAlways: synced}
	s, err := natsd.NewServer(o)
	if err != nil {
		return nil, err
	}
	s.Start()
	p := &peer{server: s}
	if !s.ReadyForConnections(10 * time.Second) {
		p.close()
		return nil, errors.New("the NATS server did not start")
	}
	js, err := p.connect()
	if err == nil {
		_, err = js.AddStream(&nats.StreamConfig{Name: channel, Subjects: []string{channel}, Storage: nats.FileStorage})
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// connect opens a connection of a client.
func (p *peer) connect() (nats.JetStreamContext, error) {
	c, err := nats.Connect(p.server.ClientURL())
	if err != nil {
		return nil, err
	}
	p.conns = append(p.conns, c)
	return c.JetStream(nats.MaxWait(30 * time.Second))
}

func (p *peer) close() {
	for _, c := range p.conns {
		c.Close()
	}
	p.server.Shutdown()
	p.server.WaitForShutdown()
}

// result is what a measurement gives.
type result struct {
	ops       int
	took      time.Duration
	latencies []time.Duration // sorted
}

func (r result) perSec() float64 { return float64(r.ops) / r.took.Seconds() }

func (r result) quantile(q float64) float64 {
	if len(r.latencies) == 0 {
		return 0
	}
	return float64(r.latencies[min(len(r.latencies)-1, int(q*float64(len(r.latencies))))])
}

// drive runs op in some goroutines for a while. Each call of begin gives a goroutine's own
// op, which does some operations and says how many.
func drive(clients int, d time.Duration, begin func(client int) (op func() (int, error), err error)) (r result, err error) {
	var mu sync.Mutex
	var errs []error
	ops := make([]func() (int, error), clients)
	for i := range ops {
		if ops[i], err = begin(i); err != nil {
			return r, fmt.Errorf("client %d: %w", i, err)
		}
	}
	r.took, err = clock.Time(func() error {
		var wg sync.WaitGroup
		stop := time.Now().Add(d)
		for _, op := range ops {
			wg.Go(func() {
				n := 0
				var err error
				for err == nil && time.Now().Before(stop) {
					var some int
					some, err = op()
					n += some
				}
				mu.Lock()
				defer mu.Unlock()
				r.ops += n
				errs = append(errs, err)
			})
		}
		wg.Wait()
		return errors.Join(errs...)
	})
	return r, err
}

// sorted sorts latencies.
func sorted(list []time.Duration) []time.Duration {
	slices.Sort(list)
	return list
}
