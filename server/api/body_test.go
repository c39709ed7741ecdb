package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// deadlines keeps the read deadlines that a handler sets.
type deadlines struct {
	*httptest.ResponseRecorder
	last time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.last = t
	return nil
}

// TestStalledBody: after a body that stops coming the deadline stays in force, since
// net/http waits for the rest before it answers; after a whole one it is taken away.
func TestStalledBody(t *testing.T) {
	for _, c := range []struct {
		body   string
		fails  bool
		status int
	}{{`{"sql":`, true, 499}, {`{"sql":"SELECT 1"}`, false, 200}} {
		s := New(Options{})
		s.Attach(newFake(t))
		in := iotest.OneByteReader(strings.NewReader(c.body))
		if c.fails {
			in = &thenFail{in: strings.NewReader(c.body)}
		}
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/v1/query", in))
		if w.Code != c.status || w.last.IsZero() == c.fails {
			t.Errorf("%q: status %d, want %d; last deadline %v: %s", c.body, w.Code, c.status, w.last, w.Body)
		}
	}
}

type thenFail struct{ in *strings.Reader }

func (r *thenFail) Read(p []byte) (int, error) {
	if r.in.Len() > 0 {
		return r.in.Read(p)
	}
	return 0, errors.New("i/o timeout")
}
