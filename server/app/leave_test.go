package app

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestClientLeaves: a query that only computes, and asks now and then whether it is to go on,
// ends when its client goes.
func TestClientLeaves(t *testing.T) {
	a := start(t, configure(t), Options{})
	waitReady(t, a)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	ended := make(chan error)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL()+"/api/v1/query", strings.NewReader(q("SELECT count(*) FROM generate_series(1, 1000000000000)")))
		if err == nil {
			var res *http.Response
			if res, err = http.DefaultClient.Do(req); err == nil {
				res.Body.Close()
			}
		}
		ended <- err
	}()
	runs := func() bool {
		_, body := call(t, http.MethodGet, a.URL()+"/api/v1/queries", "")
		return strings.Contains(body, "generate_series")
	}
	for !runs() {
		time.Sleep(time.Millisecond)
	}
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for limit := time.Now().Add(20 * time.Second); runs(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the query goes on without its client")
		}
	}
}
