package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/weftdb/weft"
	"github.com/weftdb/weft/bench/report"
	"github.com/weftdb/weft/document/doc"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/streaming"
)

const insertClients = 16

// benchCDC inserts rows with and without somebody who follows the table.
func benchCDC(c *config, t *report.Table) error {
	for _, synced := range []bool{false, true} {
		policy := "synced every 50 ms"
		if synced {
			policy = "each synced"
		}
		without := t.Row(fmt.Sprintf("SQL insert of a row, %d clients, %s", insertClients, policy), report.PerSecond)
		with := t.Row("… with a feed that one follows, "+policy, report.PerSecond)
		cost := t.Row("… what the feed costs, "+policy, percent, report.Bound("≤ 10 %", 10))
		for round := range c.rounds {
			dir, err := c.fresh()
			if err != nil {
				return err
			}
			both := [2]float64{}
			for turn := range 2 {
				follow := (turn+round)%2 == 1
				v, err := c.inserts(dir+strconv.Itoa(turn), synced, follow)
				if err != nil {
					return err
				}
				if follow {
					both[1] = v
					with.Add(weftSide, v)
				} else {
					both[0] = v
					without.Add(weftSide, v)
				}
			}
			cost.Add(weftSide, 100*(1-both[1]/both[0]))
		}
	}
	return nil
}

// inserts returns how many rows a second were inserted.
func (c *config) inserts(dir string, synced, follow bool) (float64, error) {
	db, err := openWeft(dir, synced)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	runtime.GC()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := db.Exec(ctx, "CREATE TABLE entry (id bigint PRIMARY KEY, account int, note text)"); err != nil {
		return 0, err
	}
	var events atomic.Int64
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	if follow {
		sub, err := db.Streaming().Subscribe(ctx, "cdc.default.entry", streaming.SubscribeOptions{})
		if err != nil {
			return 0, err
		}
		wg.Go(func() {
			defer sub.Close()
			for {
				d, err := sub.Next(ctx)
				if err != nil {
					return
				}
				events.Add(int64(len(d.Messages)))
			}
		})
	}
	r, err := drive(insertClients, c.round, func(client int) (func() (int, error), error) {
		id := int64(client) << 40
		return func() (int, error) {
			id++
			_, err := db.Exec(ctx, "INSERT INTO entry VALUES ($1, $2, $3)", id, client, "a row as they come")
			return 1, err
		}, nil
	})
	if err == nil && follow && events.Load() == 0 {
		err = errors.New("the feed had nothing")
	}
	return r.perSec(), err
}

// benchTransaction writes a row, a document, a key and an event in one transaction.
func benchTransaction(c *config, t *report.Table) error {
	one := t.Row("transaction of 1 row, 1 document, 1 key and 1 event, in memory, 1 client", report.PerSecond)
	each := t.Row("… as many clients as cores, for each core", report.PerSecond, report.Bound("≥ 60 k/s", 60e3))
	for range c.rounds {
		for i, r := range []*report.Row{one, each} {
			clients := []int{1, runtime.GOMAXPROCS(0)}[i]
			v, err := c.transactions(clients)
			if err != nil {
				return err
			}
			if !clock.CPU { // which is of one core in any case
				v /= float64(clients)
			}
			r.Add(weftSide, v)
		}
	}
	return nil
}

func (c *config) transactions(clients int) (float64, error) {
	db, err := openWeft("", false)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	ctx := context.Background()
	if _, err := db.Exec(ctx, "CREATE TABLE orders (id bigint PRIMARY KEY, customer int, note text)"); err != nil {
		return 0, err
	}
	runtime.GC()
	r, err := drive(clients, c.round, func(client int) (func() (int, error), error) {
		id := int64(client) << 40
		order, err := doc.ParseObject([]byte(`{"customer":7,"items":[{"sku":"a-1","n":2}],"state":"new"}`))
		data := payload(uint64(client))
		return func() (int, error) {
			id++
			return 1, db.Update(ctx, func(tx *weft.Tx) error {
				key := strconv.FormatInt(id, 10)
				if _, err := tx.Exec(ctx, "INSERT INTO orders VALUES ($1, $2, $3)", id, client, "an order"); err != nil {
					return err
				}
				if _, _, err := tx.Documents().Insert(ctx, "order_log", key, order); err != nil {
					return err
				}
				if _, err := tx.KV().Put(ctx, "sold", []byte(key), kv.Value{Data: data[:20]}, kv.PutOptions{}); err != nil {
					return err
				}
				_, err := tx.Streaming().Publish(ctx, "sold", streaming.Content{Type: "sold", Data: data})
				return err
			})
		}, err
	})
	return r.perSec(), err
}
