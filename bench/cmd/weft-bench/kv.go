package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/bench/load"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
)

// kvText is the text of a value of 100 bytes.
var kvText = strings.Repeat("0123456789", 10)

const kvKeys = 100_000

func kvKey(dst []byte, i int) []byte { return fmt.Appendf(dst[:0], "user:%010d", i) }

// benchKV are the figures of keys and values.
func benchKV(c config) error {
	return c.steps("Keys and values", step{"http", c.kvHTTP}, step{"process", c.kvProcess}, step{"ycsb", c.kvYCSB})
}

// kvHTTP gets and sets over HTTP, against an echo handler that answers a constant of
// the same size.
func (c config) kvHTTP() error {
	w, stop, err := startWeft(c, "--set", "storage.durability=interval")
	if err != nil {
		return err
	}
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ceiling, err := startProcess(self, "constant")
	if err != nil {
		return err
	}
	defer ceiling.stop()
	body := []byte(`{"value":"` + kvText + `"}`)
	sets := func(host string) func(int, int64) []byte {
		return func(int, int64) []byte {
			return load.Request("PUT", host, fmt.Sprintf("/api/v1/kv/keys/user:%010d", rand.IntN(kvKeys)), body)
		}
	}
	gets := func(host string) func(int, int64) []byte {
		return func(int, int64) []byte {
			return load.Request("GET", host, fmt.Sprintf("/api/v1/kv/keys/user:%010d", rand.IntN(kvKeys)), nil)
		}
	}
	if _, err := load.RunEach(w.addr, conns, kvKeys, func(i int) []byte {
		return load.Request("PUT", w.addr, fmt.Sprintf("/api/v1/kv/keys/user:%010d", i), body)
	}); err != nil {
		return err
	}
	for _, work := range []struct {
		name string
		next func(string) func(int, int64) []byte
		goal string
	}{{"get 100 B over HTTP, 64 connections", gets, "≥ 0.85 ×"}, {"set 100 B over HTTP, interval durability, 64 connections", sets, "≥ 0.7 ×"}} {
		var ours, echo perCore
		for range c.rounds {
			for _, side := range []struct {
				p   *process
				sum *perCore
			}{{w, &ours}, {ceiling, &echo}} {
				before := cpu(side.p.cmd.Process.Pid)
				r, err := load.Run(side.p.addr, conns, c.round, work.next(side.p.addr))
				if err != nil {
					return err
				}
				side.sum.add(r.Requests, r.Elapsed, cpu(side.p.cmd.Process.Pid)-before)
			}
		}
		row(work.name, rate(median(ours.rates)), "constant handler "+rate(median(echo.rates)), times(median(ours.rates), median(echo.rates)), work.goal)
		row("the same, per core of the server", rate(median(ours.cores)), "constant handler "+rate(median(echo.cores)), times(median(ours.cores), median(echo.cores)), "")
	}
	return nil
}

// kvProcess gets and sets 64 bytes in process, each in a transaction of its own, on
// disk with interval durability and in memory.
func (c config) kvProcess() error {
	for _, where := range []string{"interval durability", "in memory"} {
		if err := c.kvIn(where); err != nil {
			return err
		}
	}
	return nil
}

func (c config) kvIn(where string) error {
	db, done, err := c.embedded(where == "in memory")
	if err != nil {
		return err
	}
	defer done()
	ctx, keys := context.Background(), db.KV()
	v := kv.Raw(make([]byte, 64))
	for from := 0; from < kvKeys; from += 1000 {
		ops := make([]kv.Op, 1000)
		for i := range ops {
			ops[i] = kv.Op{Kind: kv.OpSet, Bucket: "b", Key: kvKey(nil, from+i), Value: &v}
		}
		if _, err := keys.Batch(ctx, ops); err != nil {
			return err
		}
	}
	list := make([][]byte, 1<<16)
	for i := range list {
		list[i] = kvKey(nil, rand.IntN(kvKeys))
	}
	var dst []byte
	for _, work := range []struct {
		name, goal string
		op         func(key []byte) error
	}{
		{"get 64 B in process, ", "≤ 250 ns", func(key []byte) (err error) {
			dst, _, err = keys.AppendValue(ctx, dst[:0], "b", key)
			return err
		}},
		{"set 64 B in process, ", "≤ 1.5 µs", func(key []byte) error {
			_, err := keys.Put(ctx, "b", key, v, kv.PutOptions{})
			return err
		}},
	} {
		var took []float64
		for range c.rounds {
			n, start := 0, time.Now()
			for time.Since(start) < c.round/2 {
				for range 64 {
					if err := work.op(list[n&(len(list)-1)]); err != nil {
						return err
					}
					n++
				}
			}
			took = append(took, float64(time.Since(start))/float64(n))
		}
		row(work.name+where, fmt.Sprintf("%.0f ns", median(took)), "", "", work.goal)
	}
	return nil
}

// embedded opens a database of this process: in memory, or on disk with interval
// durability.
func (c config) embedded(memory bool) (*weft.DB, func(), error) {
	if memory {
		db, err := weft.OpenMemory(weft.Options{Storage: storage.Options{History: -1}})
		if err != nil {
			return nil, nil, err
		}
		return db, func() { db.Close() }, nil
	}
	dir, err := os.MkdirTemp("", "weft-bench")
	if err != nil {
		return nil, nil, err
	}
	db, err := weft.Open(dir, weft.Options{Storage: storage.Options{Durability: txn.DurabilityInterval, History: -1, BufferBytes: 4 << 30}})
	if err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	return db, func() { db.Close(); os.RemoveAll(dir) }, nil
}

// kvYCSB runs the six workloads against the peers, which live in a module of their own.
func (c config) kvYCSB() error {
	args := []string{"run", "-C", "bench/engine", ".", "-only", "ycsb", "-seconds", fmt.Sprint(c.round.Seconds()), "-rounds", fmt.Sprint(c.rounds)}
	if c.docs < 1_000_000 {
		args = append(args, "-records", fmt.Sprint(c.docs))
	}
	cmd := exec.Command("go", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
