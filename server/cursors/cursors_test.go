package cursors

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// counting is a query that gives the numbers from 1 to n in batches, with a text beside
// each, and notes how many it has given.
type counting struct {
	mu     sync.Mutex
	n      int
	text   string
	given  int
	ended  error
	fail   error // after the last row
	second bool  // another result
}

func (q *counting) run(ctx context.Context, sink query.Sink) (err error) {
	defer func() {
		q.mu.Lock()
		q.ended = err
		if err == nil {
			q.ended = errors.New("whole")
		}
		q.mu.Unlock()
	}()
	cols := []query.Column{{Name: "n", Type: sqltype.TInt4}, {Name: "t", Type: sqltype.TText}}
	if err := sink.Begin(0, cols); err != nil {
		return err
	}
	b := vec.NewBatch([]sqltype.Type{sqltype.TInt4, sqltype.TText})
	for i := 1; i <= q.n; {
		b.Reset()
		for ; i <= q.n && b.Len < 100; i++ {
			b.Cols[0].AppendDatum(sqltype.Datum{Int: int64(i)})
			b.Cols[1].AppendDatum(sqltype.Datum{Str: q.text})
			b.Len++
		}
		q.mu.Lock()
		q.given += b.Len
		q.mu.Unlock()
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := sink.Batch(b); err != nil {
			return err
		}
	}
	if q.fail != nil {
		return q.fail
	}
	if err := sink.End(query.Tag{Command: "SELECT", Rows: int64(q.n)}); err != nil || !q.second {
		return err
	}
	return sink.Begin(1, cols)
}

func (q *counting) state() (given int, ended error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.given, q.ended
}

func open(t *testing.T, r *Registry, ask Ask, q *counting) string {
	t.Helper()
	i, err := r.Open(t.Context(), ask, q.run)
	if err != nil {
		t.Fatal(err)
	}
	if i.State != Open || len(i.Columns) != 2 || i.Page != 0 {
		t.Fatalf("opened as %+v", i)
	}
	return i.ID
}

// show tells of a page in a word: its first and last number, and whether it is the last.
func show(p Page, err error) string {
	if err != nil {
		if e := dberr.As(err); e != nil {
			return e.Code
		}
		return err.Error()
	}
	s := fmt.Sprintf("%d:", p.Number)
	if n := p.Rows.Len; n > 0 {
		s += fmt.Sprintf("%d-%d", p.Rows.Cols[0].I[0], p.Rows.Cols[0].I[n-1])
	}
	if p.Last {
		s += " last"
	}
	return s
}

func get(t *testing.T, r *Registry, id string, n int64) string {
	t.Helper()
	p, _, err := r.Page(t.Context(), id, n)
	return show(p, err)
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPages: the pages are the result, each once and in order, and the last one says so;
// the one given last can be had again, others cannot.
func TestPages(t *testing.T) {
	r := New(Options{})
	for n, pages := range map[int][]string{
		0:   {"1: last"},
		1:   {"1:1-1 last"},
		150: {"1:1-150 last"},
		151: {"1:1-150", "2:151-151 last"},
		450: {"1:1-150", "2:151-300", "3:301-450 last"},
	} {
		id := open(t, r, Ask{PageRows: 150}, &counting{n: n})
		for i, page := range pages {
			for range 3 {
				want(t, get(t, r, id, int64(i+1)), page)
			}
			want(t, get(t, r, id, int64(i)), "CURSOR_PAGE_PASSED")
			if i+1 < len(pages) {
				want(t, get(t, r, id, int64(i+3)), "CURSOR_PAGE_OUT_OF_TURN")
			}
		}
		want(t, get(t, r, id, int64(len(pages)+1)), "CURSOR_PAGE_NOT_FOUND")
		if i, err := r.Get(id); err != nil || !i.Complete || i.Rows != int64(n) || i.State != Open || i.Page != int64(len(pages)) {
			t.Errorf("%d rows: %+v, %v", n, i, err)
		}
	}
	want(t, get(t, r, "nope", 1), "CURSOR_NOT_FOUND")
}

// TestPagesAreBounded: a query goes no further than its page, and a page ends at its bytes.
func TestPagesAreBounded(t *testing.T) {
	r := New(Options{PageBytes: 10_000})
	q := &counting{n: 1_000_000, text: strings.Repeat("x", 1000)}
	id := open(t, r, Ask{}, q)
	if given, _ := q.state(); given != 0 {
		t.Errorf("%d rows were read before a page was asked for", given)
	}
	want(t, get(t, r, id, 1), "1:1-10")
	want(t, get(t, r, id, 2), "2:11-20")
	if given, _ := q.state(); given != 100 {
		t.Errorf("%d rows were read for 20, want one batch of 100", given)
	}
	large := &counting{n: 3, text: strings.Repeat("x", 100_000)}
	id = open(t, r, Ask{}, large)
	want(t, get(t, r, id, 1), "1:1-1")
	want(t, get(t, r, id, 2), "2:2-2")
	want(t, get(t, r, id, 3), "3:3-3 last")
}

// TestManyAskAtOnce: whoever asks for a page gets it, and it is made once.
func TestManyAskAtOnce(t *testing.T) {
	r := New(Options{})
	q := &counting{n: 1000}
	id := open(t, r, Ask{PageRows: 10}, q)
	for n := int64(1); n <= 20; n++ {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { want(t, get(t, r, id, n), fmt.Sprintf("%d:%d-%d", n, n*10-9, n*10)) })
		}
		wg.Wait()
	}
}

// TestLostAnswer: a client that left while its page was made finds it when it comes again.
func TestLostAnswer(t *testing.T) {
	r := New(Options{})
	id := open(t, r, Ask{PageRows: 10}, &counting{n: 30})
	want(t, get(t, r, id, 1), "1:1-10")
	left, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if _, _, err := r.Page(left, id, 2); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	want(t, get(t, r, id, 2), "2:11-20")
	want(t, get(t, r, id, 3), "3:21-30 last")
}

// TestEnds: how cursors end, what is told of it, and that their queries end too.
func TestEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{Idle: time.Minute, MaxIdle: time.Hour, MaxAge: 2 * time.Hour, Keep: 10 * time.Minute})
		gone := func(q *counting, id, reason string) {
			t.Helper()
			synctest.Wait()
			if _, ended := q.state(); ended == nil || ended.Error() == "whole" {
				t.Errorf("its query ended with %v", ended)
			}
			if _, _, err := r.Page(t.Context(), id, 2); show(Page{}, err) != "CURSOR_ENDED" || !strings.Contains(err.Error(), reason) {
				t.Errorf("got %v, want %q in it", err, reason)
			}
		}
		idle, old, closed := &counting{n: 1000}, &counting{n: 1000}, &counting{n: 1000}
		a, b := open(t, r, Ask{PageRows: 10}, idle), open(t, r, Ask{PageRows: 10, Idle: time.Hour}, old)
		c := open(t, r, Ask{PageRows: 10}, closed)
		want(t, get(t, r, a, 1), "1:1-10")
		want(t, get(t, r, b, 1), "1:1-10")
		want(t, get(t, r, c, 1), "1:1-10")
		for range 2 {
			if i, err := r.Close(t.Context(), c); err != nil || i.State != Closed {
				t.Errorf("closed as %+v, %v", i, err)
			}
		}
		gone(closed, c, "as asked for")
		for range 3 { // each request makes it live on
			time.Sleep(50 * time.Second)
			want(t, get(t, r, a, 1), "1:1-10")
		}
		time.Sleep(61 * time.Second)
		gone(idle, a, "idle timeout of 1m0s")
		time.Sleep(50 * time.Minute)
		want(t, get(t, r, a, 1), "CURSOR_NOT_FOUND") // by now it is forgotten
		want(t, get(t, r, b, 1), "1:1-10")
		time.Sleep(50 * time.Minute)
		want(t, get(t, r, b, 1), "1:1-10")
		time.Sleep(20 * time.Minute)
		gone(old, b, "maximum of 2h")
		if list := r.List(); len(list) != 0 {
			t.Errorf("open: %+v", list)
		}
		time.Sleep(time.Hour) // nothing of the test's is left
	})
}

// TestFailures: a failure is told to whoever asks for the page, again and again.
func TestFailures(t *testing.T) {
	r := New(Options{})
	boom := dberr.SQL("22012", "division by zero")
	id := open(t, r, Ask{PageRows: 10}, &counting{n: 15, fail: boom})
	want(t, get(t, r, id, 1), "1:1-10")
	for range 2 {
		if _, _, err := r.Page(t.Context(), id, 2); !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
	}
	if i, _ := r.Get(id); i.State != Failed || !strings.Contains(i.Reason, "division by zero") {
		t.Errorf("ended as %+v", i)
	}
	two := open(t, r, Ask{}, &counting{n: 5, second: true})
	want(t, get(t, r, two, 1), "SEVERAL_RESULTS")
	for _, err := range []error{boom, nil} {
		_, got := r.Open(t.Context(), Ask{}, func(context.Context, query.Sink) error { return err })
		if err != nil && !errors.Is(got, err) || err == nil && show(Page{}, got) != "MISSING_RESULT" {
			t.Errorf("a query that ends with %v before it begins: %v", err, got)
		}
	}
	if list := r.List(); len(list) != 0 || r.mu.open != 0 || len(r.mu.clients) != 0 {
		t.Errorf("open: %+v, %d, %v", list, r.mu.open, r.mu.clients)
	}
}

// stuck is a query that gives no row until it is canceled.
func stuck(ctx context.Context, sink query.Sink) error {
	if err := sink.Begin(0, []query.Column{{Name: "n", Type: sqltype.TInt4}}); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// TestGivenUpAsItOpens: a request that is given up while its query gives the columns opens
// nothing, whether its query ends before that is told or after it.
func TestGivenUpAsItOpens(t *testing.T) {
	r := New(Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		_, err := r.Open(ctx, Ask{}, func(_ context.Context, sink query.Sink) error {
			return sink.Begin(0, []query.Column{{Name: "n", Type: sqltype.TInt4}})
		})
		want(t, show(Page{}, err), "CANCELED")
	}
	if list := r.List(); len(list)+r.mu.open+len(r.mu.clients) != 0 {
		t.Errorf("left are %v, counted %d of %v", list, r.mu.open, r.mu.clients)
	}
}

// TestSlowPages: a page has its time, and can be canceled; waiting for a client takes none of it.
func TestSlowPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{PageTime: 5 * time.Second})
		i, err := r.Open(t.Context(), Ask{}, stuck)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		begun := time.Now()
		want(t, get(t, r, i.ID, 1), "TIMEOUT")
		if took := time.Since(begun); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		i, err = r.Open(t.Context(), Ask{}, stuck)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Second)
			r.Cancel(i.ID, dberr.SQL(dberr.StateQueryCanceled, "canceled by request"))
		}()
		if _, _, err := r.Page(t.Context(), i.ID, 1); err == nil || !strings.Contains(err.Error(), "canceled by request") {
			t.Errorf("got %v", err)
		}
		i, err = r.Open(t.Context(), Ask{}, stuck)
		if err != nil {
			t.Fatal(err)
		}
		begun = time.Now() // canceled before its request has come to ask for the page
		r.Cancel(i.ID, dberr.SQL(dberr.StateQueryCanceled, "canceled early"))
		if _, _, err := r.Page(t.Context(), i.ID, 1); err == nil || !strings.Contains(err.Error(), "canceled early") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("it took %v", took)
		}
		_, err = r.Open(t.Context(), Ask{}, func(ctx context.Context, _ query.Sink) error { <-ctx.Done(); return ctx.Err() })
		want(t, show(Page{}, err), "TIMEOUT") // before its columns are known
		time.Sleep(time.Hour)
	})
}

// TestLimits: too many cursors are refused by name, and those that end make room.
func TestLimits(t *testing.T) {
	r := New(Options{Max: 3, MaxPerClient: 2, MaxPageRows: 50})
	refused := func(ask Ask, pieces ...string) {
		t.Helper()
		_, err := r.Open(t.Context(), ask, (&counting{n: 1}).run)
		e := dberr.As(err)
		if e == nil {
			t.Fatalf("%+v: %v", ask, err)
		}
		for _, p := range pieces {
			if !strings.Contains(e.Code+e.Message+e.Hint, p) {
				t.Errorf("%+v: %s %s %s lacks %q", ask, e.Code, e.Message, e.Hint, p)
			}
		}
	}
	a := open(t, r, Ask{Client: "a"}, &counting{n: 1})
	open(t, r, Ask{Client: "a"}, &counting{n: 1})
	refused(Ask{Client: "a"}, "TOO_MANY_CURSORS", "this client has 2", "server.max_cursors_per_client")
	open(t, r, Ask{Client: "b"}, &counting{n: 1})
	refused(Ask{Client: "c"}, "the server has 3", "server.max_cursors")
	if _, err := r.Close(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	open(t, r, Ask{Client: "a"}, &counting{n: 1})
	refused(Ask{PageRows: 51}, "INVALID_FIELD", "page_rows", "1 to 50")
	refused(Ask{Idle: time.Hour}, "INVALID_FIELD", "idle_timeout_ms", "1 to 600000")
	if n := r.Shut(t.Context(), "the server stopped"); n != 3 {
		t.Errorf("%d were ended", n)
	}
	refused(Ask{}, "stopping")
}

// TestNothingIsLeft: when cursors have ended there is no goroutine of theirs.
func TestNothingIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	r := New(Options{})
	for i := range 40 {
		id := open(t, r, Ask{PageRows: 10}, &counting{n: 100})
		if i%2 == 0 {
			want(t, get(t, r, id, 1), "1:1-10")
		}
	}
	if n := r.EndAll(t.Context(), "restored"); n != 40 {
		t.Errorf("%d were ended", n)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); runtime.Gosched() { // what has ended may have a step left
		if runtime.NumGoroutine() <= before {
			return
		}
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
