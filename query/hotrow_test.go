package query

import (
	"sync"
	"sync/atomic"
	"testing"
)

// TestHotRow: requests that all change the same two rows, in either order, each succeed: one
// that has failed over a row has it to itself the next time.
func TestHotRow(t *testing.T) {
	var retries atomic.Int64
	e := testEngine(t, Options{Retries: 6, Events: Events{Retry: func(int) { retries.Add(1) }}})
	mustExec(t, e, "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0)")
	const clients, each = 8, 40
	texts := []string{
		"UPDATE t SET n = n + 1 WHERE id = 1; UPDATE t SET n = n + 1 WHERE id = 2",
		"UPDATE t SET n = n + 1 WHERE id = 2; UPDATE t SET n = n + 1 WHERE id = 1",
	}
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range each {
				if _, err := e.Exec(bg, "", texts[(c+i)%2]); err != nil {
					t.Errorf("client %d, request %d: %v", c, i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := one(t, e, "SELECT n FROM t ORDER BY id"); got != "320\n320" {
		t.Errorf("counts are %q, want 320 each", got)
	}
	if n := retries.Load(); n > 3*clients*each {
		t.Errorf("%d requests were run again %d times", clients*each, n)
	}
}
