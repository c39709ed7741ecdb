package wal

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/weftdb/weft/storage/vfs"
)

// TestKill kills a process that is appending to a real disk, again and again.
// Whatever it was told is written or synced is there, in order.
func TestKill(t *testing.T) {
	if dir := os.Getenv("WEFT_TEST_KILL"); dir != "" {
		appendForever(t, dir)
		return
	}
	dir := filepath.Join(t.TempDir(), "log")
	acked, total := uint64(0), 0
	for round := range 6 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), "WEFT_TEST_KILL="+dir)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines, n := bufio.NewScanner(out), 0
		for lines.Scan() {
			var ts uint64
			if _, err := fmt.Sscanf(lines.Text(), "acked %d", &ts); err != nil {
				continue
			}
			acked = max(acked, ts)
			if n++; n == 2000+round*700 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process ended by itself")
		}
		l, got, _ := opened(t, vfs.OS(), dir, killOptions, 0)
		closed(t, l)
		if len(got) < int(acked) || len(got) <= total {
			t.Fatalf("round %d: %d records, %d were acknowledged", round, len(got), acked)
		}
		total = len(got)
		same(t, got, entries(1, total))
	}
}

var killOptions = Options{SegmentBytes: 256 << 10}

// appendForever appends records from eight goroutines, half of which wait for
// sync, and says what was acknowledged.
func appendForever(t *testing.T, dir string) {
	l, got, _ := opened(t, vfs.OS(), dir, killOptions, 0)
	var lock sync.Mutex
	ts := uint64(len(got))
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			for {
				lock.Lock()
				ts++
				e := entries(ts, 1)[0]
				tk, err := l.Append(e.ts, e.typ, []byte(e.payload))
				lock.Unlock()
				if err := errors.Join(err, l.Wait(ctx, tk, c%2 == 0)); err != nil {
					t.Error(err)
					return
				}
				fmt.Printf("acked %d\n", e.ts)
			}
		})
	}
	wg.Wait()
}
