package txn_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/storage/txn"
	"github.com/weftdb/weft/storage/vfs"
)

// slowTables is a disk whose SSTables take time to write. It holds no lock meanwhile.
type slowTables struct {
	vfs.FS
	write *atomic.Int64 // nanoseconds of each write
}

func (s slowTables) Create(name string, c vfs.Category) (vfs.File, error) {
	f, err := s.FS.Create(name, c)
	if err == nil && strings.HasSuffix(name, ".sst") {
		f = slowTable{f, s.write}
	}
	return f, err
}

type slowTable struct {
	vfs.File
	write *atomic.Int64
}

func (s slowTable) Write(p []byte) (int, error) {
	time.Sleep(time.Duration(s.write.Load()))
	return s.File.Write(p)
}

// TestThrottle: commits wait for checkpoints as long as these get on, however slowly, and
// are refused where nothing moves. When it does again, they go through.
func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		var delay atomic.Int64
		b := openBacked(t, slowTables{vfs.NewMem(), &delay}, txn.Options{
			BufferBytes: 256 << 10, History: -1, Durability: txn.DurabilityInterval,
		})
		n := 0
		put := func() error {
			n++
			return b.Update(ctx, txn.TxOptions{}, func(tx *txn.Tx) error { return tx.Put(fmt.Appendf(nil, "k%06d", n*7919%10007), make([]byte, 2000)) })
		}
		delay.Store(int64(45 * time.Second))
		began, longest := time.Now(), time.Duration(0)
		for n < 2000 {
			at := time.Now()
			if err := put(); err != nil {
				t.Fatalf("commit %d, after %v, on a slow disk: %v", n, time.Since(at), err)
			}
			longest = max(longest, time.Since(at))
		}
		if longest < time.Minute {
			t.Errorf("no commit waited for more than %v of %v", longest, time.Since(began))
		}
		delay.Store(int64(time.Hour))
		var err error
		for first := n; err == nil && n < first+1000; {
			at := time.Now()
			err = put()
			longest = time.Since(at)
		}
		if e := dberr.As(err); e == nil || e.Code != "CHECKPOINTS_BEHIND" || longest > 3*time.Minute {
			t.Errorf("a disk that hangs: got %v after %v", err, longest)
		}
		delay.Store(0)
		time.Sleep(2 * time.Hour)
		if err := put(); err != nil {
			t.Errorf("the disk is back: %v", err)
		}
		b.close(t)
	})
}
