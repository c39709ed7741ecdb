package streaming_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
	"github.com/weftdb/weft/streaming"
)

// TestCrash pulls the plug at every few disk operations, in several lives of one store:
// what was acknowledged is there under the offset that was told, transactions over two
// channels are whole, and offsets go on where they were, also where retention has
// removed all that there was.
func TestCrash(t *testing.T) {
	for n := 1; ; n += 3 {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		disk := vfs.NewCrashableMem()
		l := crashLife{told: map[uint64]string{}}
		done := true
		for life := range 3 {
			fault := vfs.NewFault(disk, vfs.FailFrom(n, true, io.ErrUnexpectedEOF, nil))
			l.run(fault, life)
			done = done && fault.Ops() < n
			disk = disk.CrashClone(vfs.CrashConfig{UnsyncedDataPercent: r.IntN(101), RNG: r})
			l.check(t, disk)
			if t.Failed() {
				t.Fatalf("with the crash at operation %d of life %d", n, life)
			}
		}
		if done {
			if len(l.told) != 3*crashSteps {
				t.Fatalf("without a crash %d were acknowledged", len(l.told))
			}
			return
		}
	}
}

const crashSteps = 12

var crashOptions = storage.Options{SegmentBytes: 16 << 10, CheckpointBytes: 4 << 10, BufferBytes: 128 << 10}

// crashLife is what the clients of a store know of it.
type crashLife struct {
	told map[uint64]string // what was acknowledged under which offset
	last uint64            // the highest of them
}

// run publishes to two channels at once, one of which keeps nothing, until the disk fails.
func (l *crashLife) run(disk vfs.FS, life int) {
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
	if _, err := s.CreateChannel(ctx, "short", streaming.ChannelOptions{MaxBytes: 1}); err != nil && life == 0 {
		return
	}
	for i := range crashSteps {
		data := fmt.Sprintf("%d.%02d", life, i)
		m := streaming.Content{Data: append([]byte(data), make([]byte, 900)...), Producer: "p" + data, Sequence: 1}
		var last *txn.Tx
		var r []streaming.Receipt
		err := txns.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) (err error) {
			last = tx
			if r, err = s.PublishTx(tx, "c", m); err == nil {
				_, err = s.PublishTx(tx, "short", streaming.Content{Data: []byte(data)})
			}
			return err
		})
		if err != nil {
			return
		}
		streaming.Complete(last, r)
		l.told[r[0].Offset] = data
		l.last = max(l.last, r[0].Offset)
		if _, err := s.Sweep(ctx); err != nil {
			return
		}
	}
}

func (l *crashLife) check(t *testing.T, disk vfs.FS) {
	ctx := t.Context()
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
	if _, err := s.Check(ctx, func(p string) { t.Error(p) }); err != nil {
		t.Fatal(err)
	}
	p, err := s.History(ctx, "c", streaming.HistoryOptions{From: streaming.Earliest, Limit: 1000})
	if err != nil {
		if len(l.told) > 0 {
			t.Fatal(err)
		}
		return
	}
	for i, m := range p.Messages {
		if m.Offset != uint64(i)+1 {
			t.Fatalf("message %d has offset %d", i, m.Offset)
		}
	}
	for offset, data := range l.told {
		if offset > uint64(len(p.Messages)) || string(p.Messages[offset-1].Data[:4]) != data {
			t.Fatalf("offset %d is not %s", offset, data)
		}
	}
	short, err := s.Info(ctx, "short")
	if err != nil || short.Next != p.End {
		t.Fatalf("the channels are at %d and %d, %v", p.End, short.Next, err)
	}
}
