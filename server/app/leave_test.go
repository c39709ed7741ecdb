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
	await := func(what string, runs bool) {
		for limit := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			_, body := call(t, http.MethodGet, a.URL()+"/api/v1/queries", "")
			if strings.Contains(body, "generate_series") == runs {
				return
			}
			if time.Now().After(limit) {
				t.Fatal(what)
			}
		}
	}
	await("the query does not run", true)
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	await("the query goes on without its client", false)
}
