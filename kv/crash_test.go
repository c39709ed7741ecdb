package kv_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/clock"
	"github.com/weftdb/weft/kv"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/vfs"
)

// TestCrash pulls the plug at every few disk operations: acknowledged increments
// are there, none twice, and the expiry index agrees with the keys.
func TestCrash(t *testing.T) {
	for n := 1; ; n += 3 {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		disk := vfs.NewCrashableMem()
		fault := vfs.NewFault(disk, vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil))
		acked := crashLife(fault)
		done := fault.Ops() < n
		disk = disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
		checkCrash(t, disk, acked)
		if t.Failed() {
			t.Fatalf("with the crash at operation %d", n)
		}
		if done {
			if acked != 2*crashSteps || n < 20 {
				t.Fatalf("without a crash %d were acknowledged, in %d operations", acked, n)
			}
			return
		}
	}
}

const crashSteps = 15

var crashOptions = storage.Options{SegmentBytes: 16 << 10, Clock: clock.NewManual(epoch)}

// crashLife increments a counter, each time with a key that has a TTL, until the
// disk fails, and returns the last sum that was acknowledged.
func crashLife(disk vfs.FS) (acked int64) {
	ctx := context.Background()
	txns, err := storage.Open(disk, "d", crashOptions)
	if err != nil {
		return 0
	}
	defer txns.Close()
	s, err := kv.Open(txns.Store, kv.Options{SweepEvery: -1})
	if err != nil {
		return 0
	}
	defer s.Close()
	v := kv.Raw(make([]byte, 1500))
	for i := range crashSteps {
		res, err := s.Batch(ctx, []kv.Op{
			{Kind: kv.OpIncrement, Bucket: "b", Key: []byte("n"), By: 2},
			{Kind: kv.OpSet, Bucket: "b", Key: fmt.Appendf(nil, "ttl%02d", i), Value: &v, Options: kv.PutOptions{TTL: time.Minute}},
			{Kind: kv.OpDelete, Bucket: "b", Key: fmt.Appendf(nil, "ttl%02d", i-3)},
		})
		if err != nil {
			return acked
		}
		acked = res[0].Int
	}
	return acked
}

func checkCrash(t *testing.T, disk vfs.FS, acked int64) {
	ctx := t.Context()
	now := clock.NewManual(epoch)
	opts := crashOptions
	opts.Clock = now
	txns, err := storage.Open(disk, "d", opts)
	if err != nil {
		t.Fatal(err)
	}
	defer txns.Close()
	s, err := kv.Open(txns.Store, kv.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n, _, err := s.Increment(ctx, "b", []byte("n"), 0, kv.PutOptions{})
	if err != nil || n != acked && n != acked+2 {
		t.Errorf("the counter is %d after %d were acknowledged, %v", n, acked, err)
	}
	steps := int(n / 2)
	if keys, err := s.Count(ctx, "b", kv.Range{Prefix: []byte("ttl")}); err != nil || int(keys) != min(steps, 3) {
		t.Errorf("%d keys with a TTL after %d steps, %v", keys, steps, err)
	}
	now.Advance(time.Hour)
	f := fixture{t: t, txns: txns.Store}
	if removed, err := s.Sweep(ctx); err != nil || removed != min(steps, 3) || f.records() != bucketRecords+1 {
		t.Errorf("the sweep removed %d and left %d records, %v", removed, f.records(), err)
	}
}
