package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
	"github.com/weftdb/weft/server/wire"
)

// listening serves a fake over a real connection.
func listening(t *testing.T, opts Options) (*httptest.Server, *Server, *fake) {
	t.Helper()
	s, f := New(opts), newFake(t)
	s.Attach(f)
	ts := httptest.NewUnstartedServer(s.Handler())
	l, err := wire.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ts.Listener.Close()
	ts.Listener, ts.Config.ConnContext = l, wire.Context
	ts.Start()
	t.Cleanup(ts.Close)
	return ts, s, f
}

func post(t *testing.T, ctx context.Context, url, body string, headers ...string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return http.DefaultClient.Do(req)
}

func mustPost(t *testing.T, url, body string, headers ...string) *http.Response {
	t.Helper()
	res, err := post(t, t.Context(), url, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// TestStreamsAreNotHeld: rows reach the client while the statement still runs.
func TestStreamsAreNotHeld(t *testing.T) {
	ts, _, f := listening(t, Options{})
	more := make(chan struct{})
	f.scripts["slow"] = func(ctx context.Context, req query.Request, sink query.Sink) error {
		one := many(10_000, errors.New("unused"))
		_ = one(ctx, req, sink) // begins a result and sends 10,000 rows
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
		return sink.End(query.Tag{Command: "SELECT", Rows: 10_000})
	}
	res := mustPost(t, ts.URL+"/api/v1/query?format=ndjson", `{"sql":"slow"}`)
	in := bufio.NewScanner(res.Body)
	for range 1000 { // the header and the first rows
		if !in.Scan() {
			t.Fatalf("the stream ended: %v", in.Err())
		}
	}
	close(more)
	last := ""
	for in.Scan() {
		last = in.Text()
	}
	if !strings.HasPrefix(last, `{"end":{"rows":10000,`) {
		t.Errorf("the last line is %s", last)
	}
}

// TestSlowStreamsFlush: a few rows do not wait for more to come.
func TestSlowStreamsFlush(t *testing.T) {
	for _, c := range []struct {
		since time.Duration
		want  bool
	}{{0, false}, {time.Hour, true}} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/", nil)
		x := &exchange{Context: New(Options{}).echo.NewContext(r, w)}
		sink := &streamSink{x: x, format: formatNDJSON, buf: getBuffer(), sent: time.Now().Add(-c.since), control: http.NewResponseController(x.Response())}
		if err := many(10, errors.New("unused"))(t.Context(), query.Request{}, sink); err == nil {
			t.Fatal("the script did not fail")
		}
		if w.Flushed != c.want || (w.Body.Len() > 0) != c.want {
			t.Errorf("after %v: flushed is %v with %d bytes", c.since, w.Flushed, w.Body.Len())
		}
		sink.free()
	}
}

// TestBodyLimit: too much is refused by its announced length, before it is read,
// and without one as soon as it has come.
func TestBodyLimit(t *testing.T) {
	s := New(Options{BodyBytes: 100})
	s.Attach(newFake(t))
	for _, announced := range []bool{true, false} {
		body := strings.NewReader(`{"sql":"` + strings.Repeat("x", 10_000) + `"}`)
		r := httptest.NewRequest("POST", "/api/v1/query", io.NopCloser(body))
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = -1
		if announced {
			r.ContentLength = body.Size()
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		read := body.Size() - int64(body.Len())
		if w.Code != http.StatusRequestEntityTooLarge || announced && read > 0 || read > 8<<10 {
			t.Errorf("announced %v: status %d after %d bytes", announced, w.Code, read)
		}
	}
}

// TestRowsOfBatches: filtered rows are left out and constants stand for every row,
// in every format.
func TestRowsOfBatches(t *testing.T) {
	ts, _, f := listening(t, Options{})
	f.scripts["batch"] = func(_ context.Context, _ query.Request, sink query.Sink) error {
		b := vec.NewBatch([]sqltype.Type{sqltype.TInt4})
		for i := range 4 {
			b.Cols[0].AppendDatum(sqltype.Datum{Int: int64(i)})
		}
		b.Len, b.Sel = 4, []int32{1, 3}
		b.Cols = append(b.Cols, vec.ConstVector(sqltype.TText, sqltype.Datum{Str: "c"}), vec.ConstVector(sqltype.TBool, sqltype.NullDatum))
		if err := errors.Join(sink.Begin(0, cols("i", sqltype.TInt4, "c", sqltype.TText, "n", sqltype.TBool)), sink.Batch(b)); err != nil {
			return err
		}
		return sink.End(query.Tag{Command: "SELECT", Rows: 2})
	}
	for format, want := range map[string]string{"json": `"rows":[[1,"c",null],[3,"c",null]]`, "ndjson": "\n[1,\"c\",null]\n[3,\"c\",null]\n{\"end\"", "csv": "i,c,n\n1,c,\n3,c,\n"} {
		b, err := io.ReadAll(mustPost(t, ts.URL+"/api/v1/query?format="+format, `{"sql":"batch"}`).Body)
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s: %s %v", format, b, err)
		}
	}
}

// TestLargeStreams: every row arrives once, in a bounded amount of memory.
func TestLargeStreams(t *testing.T) {
	ts, _, _ := listening(t, Options{})
	for _, enc := range []string{"", "gzip", "zstd"} {
		headers := []string{"Accept-Encoding", enc}
		if enc == "" {
			headers = []string{"Accept-Encoding", "identity"}
		}
		res := mustPost(t, ts.URL+"/api/v1/query?format=csv", `{"sql":"big"}`, headers...)
		if got := res.Header.Get("Content-Encoding"); got != enc {
			t.Fatalf("Content-Encoding %q, want %q", got, enc)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		in := csv.NewReader(decompress(t, enc, res.Body))
		in.ReuseRecord = true
		n := 0
		for {
			_, err := in.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 200_001 {
			t.Errorf("%s: got %d lines", enc, n)
		}
		runtime.ReadMemStats(&after)
		if held := int64(after.HeapSys) - int64(before.HeapSys); held > 64<<20 {
			t.Errorf("%s: the heap grew by %d bytes", enc, held)
		}
	}
}

func decompress(t *testing.T, enc string, r io.Reader) io.Reader {
	t.Helper()
	switch enc {
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		return z
	case "zstd":
		z, err := zstd.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(z.Close)
		return z
	}
	return r
}

// TestTruncationIsNoSuccess: a CSV stream that fails ends the connection, whatever
// the encoding, so that no client takes the part for the whole.
func TestTruncationIsNoSuccess(t *testing.T) {
	ts, _, _ := listening(t, Options{})
	for _, enc := range []string{"identity", "gzip", "zstd"} {
		res := mustPost(t, ts.URL+"/api/v1/query?format=csv", `{"sql":"big then fails"}`, "Accept-Encoding", enc)
		if res.StatusCode != 200 {
			t.Fatalf("%s: status %d", enc, res.StatusCode)
		}
		if n, err := io.Copy(io.Discard, res.Body); err == nil {
			t.Errorf("%s: %d bytes arrived and then a clean end", enc, n)
		}
	}
	res := mustPost(t, ts.URL+"/api/v1/query", `{"sql":"SELECT 1"}`) // the server goes on
	if res.StatusCode != 200 {
		t.Errorf("status %d", res.StatusCode)
	}
}

// TestCompression: long answers are compressed, short ones and failures at the
// threshold are as they are.
func TestCompression(t *testing.T) {
	ts, _, _ := listening(t, Options{})
	list := []struct{ accept, body, want string }{
		{"gzip", `{"sql":"SELECT 1"}`, ""},
		{"gzip", `{"sql":"small then fails"}`, ""},
		{"gzip", `{"sql":"wide"}`, "gzip"},
		{"zstd", `{"sql":"wide"}`, "zstd"},
		{"gzip, zstd", `{"sql":"wide"}`, "zstd"},
		{"gzip, zstd;q=0", `{"sql":"wide"}`, "gzip"},
		{"br", `{"sql":"wide"}`, ""},
		{"identity", `{"sql":"wide"}`, ""},
	}
	if testing.Short() {
		list = list[:4] // each way of compressing once
	}
	for _, c := range list {
		res := mustPost(t, ts.URL+"/api/v1/query", strings.Replace(c.body, "wide", "big", 1), "Accept-Encoding", c.accept)
		if got := res.Header.Get("Content-Encoding"); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.accept, c.body, got, c.want)
		}
		body, err := io.ReadAll(res.Body) // to the end: a wrong Content-Length shows there
		if err != nil {
			t.Errorf("%s %s: %v", c.accept, c.body, err)
		}
		var v map[string]any
		if err := json.NewDecoder(decompress(t, c.want, bytes.NewReader(body))).Decode(&v); err != nil {
			t.Errorf("%s %s: %v", c.accept, c.body, err)
		}
		if c.want != "" && res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Vary is %q", res.Header.Get("Vary"))
		}
	}
	for _, off := range []string{"gzip", "zstd"} {
		ts, _, _ := listening(t, Options{CompressMin: -1})
		res := mustPost(t, ts.URL+"/api/v1/query", `{"sql":"big"}`, "Accept-Encoding", off)
		if got := res.Header.Get("Content-Encoding"); got != "" {
			t.Errorf("compressed with %s though it is off", got)
		}
	}
}

// started makes a script that reports when it runs, and how it ended.
func started(f *fake) (running chan struct{}, ended chan error) {
	running, ended = make(chan struct{}), make(chan error, 1)
	f.scripts["wait"] = func(ctx context.Context, req query.Request, sink query.Sink) error {
		close(running)
		err := wait(ctx, req, sink)
		ended <- ctx.(interface{ Cause() error }).Cause()
		return err
	}
	return running, ended
}

// TestDisconnectCancels: a client that goes away takes its statement with it.
func TestDisconnectCancels(t *testing.T) {
	ts, s, f := listening(t, Options{})
	running, ended := started(f)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-running
		cancel()
	}()
	if _, err := post(t, ctx, ts.URL+"/api/v1/query", `{"sql":"wait"}`); err == nil {
		t.Fatal("got an answer")
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the statement ended with %v", err)
	}
	ts.Close() // waits for the handler
	if n := len(s.running.list()); n != 0 {
		t.Errorf("%d statements are still listed", n)
	}
	if n := s.inFlight.Load(); n != 0 {
		t.Errorf("%d requests are still counted", n)
	}
}

// TestCancelByID: a running query is listed and can be canceled by its id.
func TestCancelByID(t *testing.T) {
	ts, _, f := listening(t, Options{MaxInFlight: 1}) // canceling must get in however busy the server is
	running, ended := started(f)
	answer := make(chan string, 1)
	go func() {
		res, err := post(t, t.Context(), ts.URL+"/api/v1/query", `{"sql":"wait","database":"d"}`, "X-Request-Id", "q/1")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		answer <- res.Status + string(b)
	}()
	<-running
	res, err := http.Get(ts.URL + "/api/v1/queries")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	list, err := io.ReadAll(res.Body)
	if err != nil || !bytes.Contains(list, []byte(`"id":"q/1","sql":"wait","database":"d"`)) {
		t.Errorf("the list is %s, %v", list, err)
	}
	sp := loadSpec(t)
	sp.validate(t, "queries", sp.schemaPointer("GET", "/api/v1/queries", "200", "application/json"), list)
	req, err := http.NewRequest("DELETE", ts.URL+"/api/v1/queries/q%2F1", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if res.StatusCode != 200 || err != nil {
		t.Errorf("DELETE: %s %s %v", res.Status, b, err)
	}
	sp.validate(t, "cancel", sp.schemaPointer("DELETE", "/api/v1/queries/{id}", "200", "application/json"), b)
	if cause := <-ended; dberr.As(cause) == nil {
		t.Errorf("ended with %v", cause)
	}
	if got := <-answer; !strings.HasPrefix(got, "499") || !strings.Contains(got, `"code":"QUERY_CANCELED"`) || !strings.Contains(got, "canceled by request") {
		t.Errorf("the canceled request got %s", got)
	}
}

// TestCancelAll: who still runs when the server stops is told so.
func TestCancelAll(t *testing.T) {
	ts, s, f := listening(t, Options{})
	running, _ := started(f)
	go func() {
		<-running
		s.CancelAll(dberr.SQL(dberr.StateAdminShutdown, "stopping"))
	}()
	res := mustPost(t, ts.URL+"/api/v1/query", `{"sql":"wait"}`)
	b, err := io.ReadAll(res.Body)
	if res.StatusCode != 503 || err != nil || !bytes.Contains(b, []byte(`"code":"SHUTTING_DOWN"`)) {
		t.Errorf("got %s %s %v", res.Status, b, err)
	}
}

// TestMetricsCount: the figures follow what happened.
func TestMetricsCount(t *testing.T) {
	ts, s, _ := listening(t, Options{})
	for _, sql := range []string{"SELECT 1", "INSERT; SELECT", "unique", "nonsense"} {
		mustPost(t, ts.URL+"/api/v1/query", `{"sql":"`+sql+`"}`)
	}
	s.metrics.Commit()
	s.metrics.Fsync(time.Millisecond)
	s.metrics.LogWrite(100)
	s.metrics.Planned(true)
	body := func(path string) string {
		res, err := http.Get(ts.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := body("/api/v1/metrics"); !strings.Contains(got, `"failed_requests":2`) || !strings.Contains(got, `"success_rate":0.5`) || !strings.Contains(got, `"total_requests":4`) {
		t.Errorf("JSON: %s", got)
	}
	text := body("/metrics")
	for _, want := range []string{
		`weft_http_requests_total{method="POST",route="/api/v1/query",status="200"} 2`,
		`weft_http_requests_total{method="POST",route="/api/v1/query",status="409"} 1`,
		`weft_http_request_duration_seconds_count{route="/api/v1/query"} 4`,
		`weft_statements_total{command="SELECT"} 2`,
		`weft_statements_total{command="INSERT"} 1`,
		"weft_commits_total 1", "weft_log_fsync_duration_seconds_count 1", "weft_log_bytes_total 100",
		"weft_queries_failed_total 2", "weft_plan_cache_hits_total 1", "weft_http_requests_in_flight 1",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

// FuzzQueryBody: whatever the body, the answer is JSON of a described status, and
// what reaches the engine is what encoding/json reads there.
func FuzzQueryBody(f *testing.F) {
	for _, list := range [][]scenario{queryScenarios, bodyScenarios} {
		for _, sc := range list {
			f.Add(sc.body)
		}
	}
	s, back := New(Options{}), newFake(f)
	s.Attach(back)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/api/v1/query", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		back.last = query.Request{}
		s.Handler().ServeHTTP(w, r)
		if !json.Valid(w.Body.Bytes()) {
			t.Fatalf("the answer to %q is %q", body, w.Body)
		}
		switch w.Code {
		case 200, 400, 404, 406, 409, 413, 415, 422, 500, 503, 507:
		default:
			t.Fatalf("status %d for %q", w.Code, body)
		}
		if w.Code == 500 && back.last.SQL != "bug" && back.last.SQL != "panic" {
			t.Fatalf("%q: %s", body, w.Body)
		}
		var want struct {
			SQL    *string           `json:"sql"`
			Query  string            `json:"query"`
			Params []json.RawMessage `json:"params"`
		}
		if w.Code != 200 {
			return
		}
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatalf("accepted %q, which the standard library refuses: %v", body, err)
		}
		if want.SQL != nil {
			want.Query = *want.SQL
		}
		if back.last.SQL != want.Query || len(back.last.Params) != len(want.Params) {
			t.Fatalf("%q reached the engine as %q with %d params", body, back.last.SQL, len(back.last.Params))
		}
		for i, p := range back.last.Params {
			var text string
			if p.Type.ID == sqltype.Unknown && !p.Datum.Null && (json.Unmarshal(want.Params[i], &text) != nil || text != p.Datum.Str) {
				t.Fatalf("param %s reached the engine as %q", want.Params[i], p.Datum.Str)
			}
		}
	})
}
