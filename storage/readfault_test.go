package storage_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// shaky is a store whose disk fails some of its reads, and what it holds.
type shaky struct {
	t       *testing.T
	s       *storage.Store
	r       *rand.Rand
	every   atomic.Int64 // of reads one fails; 0: none
	reads   atomic.Int64
	model   *plainModel
	commits []txn.Timestamp // of the model; the first is none
	failed  int             // reads that gave an error
	whole   int             // and that did not
}

func (k *shaky) fault(op vfs.Op) error {
	if n := k.every.Load(); n > 0 && op.Kind == vfs.OpRead && strings.HasSuffix(op.Path, ".sst") && k.reads.Add(1)%n == 0 {
		return vfs.ErrInjected
	}
	return nil
}

func (k *shaky) key() string { return fmt.Sprintf("k%03d", k.r.IntN(80)) }

func (k *shaky) write() {
	k.model.begin(0, txn.Snapshot, 0)
	tx, err := k.s.Begin(context.Background(), txn.TxOptions{})
	for range 1 + k.r.IntN(6) {
		key, value := k.key(), ""
		if k.r.IntN(4) > 0 {
			value = fmt.Sprintf("v%d%s", len(k.commits), strings.Repeat(".", k.r.IntN(1500)))
		}
		k.model.put(0, key, value)
		if value == "" {
			err = errors.Join(err, tx.Delete([]byte(key)))
		} else {
			err = errors.Join(err, tx.Put([]byte(key), []byte(value)))
		}
	}
	if err = errors.Join(err, tx.Commit(context.Background())); err != nil {
		k.t.Fatal(err)
	}
	k.model.commit(0)
	k.commits = append(k.commits, tx.CommitTimestamp())
}

// read looks at keys one by one or in order, now or in the past: what is given is right
// up to an error, and all where there is none.
func (k *shaky) read() {
	at := 0
	if k.r.IntN(3) == 0 {
		at = 1 + k.r.IntN(len(k.commits)-1)
	}
	k.model.begin(0, txn.Snapshot, at)
	tx, err := k.s.Begin(context.Background(), txn.TxOptions{ReadOnly: true, AsOf: k.commits[at]})
	if err != nil {
		k.t.Fatal(err)
	}
	defer tx.Rollback()
	var got, want []string
	if k.r.IntN(2) == 0 {
		key := k.key()
		want = []string{k.model.get(0, key)}
		var v []byte
		if v, _, err = tx.Get([]byte(key)); err == nil {
			got = []string{string(v)}
		}
	} else {
		lower, upper, reverse, limit := k.key(), k.key(), k.r.IntN(2) == 0, 1+k.r.IntN(12)
		want = k.model.scan(0, lower, upper, reverse, limit)
		it := tx.Iter(txn.IterOptions{Lower: []byte(lower), Upper: []byte(upper), Reverse: reverse})
		for len(got) < limit && it.Next() {
			got = append(got, string(it.Key())+"="+string(it.Value()))
		}
		err = errors.Join(it.Err(), it.Close())
	}
	if err != nil {
		if k.failed++; !errors.Is(err, vfs.ErrInjected) && dberr.As(err) == nil {
			k.t.Fatalf("an error of another kind: %v", err)
		}
		want = want[:min(len(got), len(want))]
	} else {
		k.whole++
	}
	if !slices.Equal(got, want) {
		k.t.Fatalf("at %d: got %.40q, want %.40q (%v)", at, got, want, err)
	}
}

// TestReadsThatFail: where reads of the disk fail now and then, what a store gives is
// right as far as it gives it, and later, when they do not, all of it is there.
func TestReadsThatFail(t *testing.T) {
	rounds := uint64(8)
	if testing.Short() {
		rounds = 2
	}
	failed, whole := 0, 0
	for round := range rounds {
		k := &shaky{t: t, r: rand.New(rand.NewPCG(round, 12)), model: newPlainModel(), commits: make([]txn.Timestamp, 1)}
		var err error
		k.s, err = storage.Open(vfs.NewFault(vfs.NewMem(), k.fault), "d", storage.Options{SegmentBytes: 64 << 10, History: time.Hour, BufferBytes: 128 << 10, CheckpointBytes: 8 << 10})
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			k.every.Store(0)
			for range 10 {
				k.write()
			}
			// With compactions done, which would fail as well, and be left for half a minute.
			if _, err := k.s.Compact(context.Background()); err != nil {
				t.Fatal(err)
			}
			for range k.r.IntN(3) {
				k.write()
				if _, err := k.s.Checkpoint(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			k.every.Store(2 + k.r.Int64N(6))
			for range 40 {
				k.read()
			}
		}
		k.every.Store(0)
		for range 200 {
			k.read()
		}
		if err := k.s.Close(); err != nil {
			t.Fatal(err)
		}
		failed, whole = failed+k.failed, whole+k.whole
	}
	if failed < int(rounds)*20 || whole < int(rounds)*400 {
		t.Errorf("%d reads failed and %d did not", failed, whole)
	}
}
