package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/streaming"
)

// ws is a client of a WebSocket.
type ws struct {
	t    *testing.T
	conn *websocket.Conn
}

func dial(t *testing.T, url string, header http.Header) *ws {
	t.Helper()
	conn, res, err := websocket.Dial(t.Context(), strings.Replace(url, "http", "ws", 1), &websocket.DialOptions{HTTPHeader: header, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		t.Fatalf("%v, %+v", err, res)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { conn.CloseNow() }) //nolint:errcheck // it may be closed
	return &ws{t, conn}
}

func (w *ws) send(frame string) {
	w.t.Helper()
	if err := w.conn.Write(w.t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		w.t.Fatal(err)
	}
}

// next reads a frame that begins with a type.
func (w *ws) next(want string) string {
	w.t.Helper()
	_, b, err := w.conn.Read(w.t.Context())
	if err != nil {
		w.t.Fatalf("want %s: %v", want, err)
	}
	if !json.Valid(b) {
		w.t.Fatalf("the frame %s is no JSON", b)
	}
	if !strings.HasPrefix(string(b), `{"type":"`+want+`"`) {
		w.t.Fatalf("got %s, want %s", b, want)
	}
	return string(b)
}

func (w *ws) wants(kind string, pieces ...string) {
	w.t.Helper()
	got := w.next(kind)
	for _, p := range pieces {
		if !strings.Contains(got, p) {
			w.t.Errorf("%s lacks %s", got, p)
		}
	}
}

// TestSocket publishes and subscribes on one socket.
func TestSocket(t *testing.T) {
	ts, s, _ := listening(t, Options{})
	w := dial(t, ts.URL+"/api/v1/streaming/ws", http.Header{"Accept-Encoding": {"gzip"}})
	w.send(`{"op":"subscribe","id":"s","channel":"c","event_type":["a","b"],"filter":{"n":{"$gte":2}}}`)
	w.wants("subscribed", `"id":"s"`, `"next_offset":1`)
	w.send(`{"op":"publish","id":"p","channel":"c","messages":[{"event_type":"a","data":{"n":1}},{"event_type":"b","data":{"n":2}},{"event_type":"x","data":{"n":3}}]}`)
	got := map[string]string{}
	for range 2 { // the answer and the messages race
		_, b, err := w.conn.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var f struct{ Type string }
		if err := json.Unmarshal(b, &f); err != nil {
			t.Fatal(err)
		}
		got[f.Type] = string(b)
	}
	if !strings.Contains(got["published"], `"id":"p","success":true,"channel":"c","receivers":1,"results":[{"offset":1,`) {
		t.Errorf("published %s", got["published"])
	}
	if m := got["messages"]; !strings.HasPrefix(m, `{"type":"messages","id":"s","messages":[{"id":"2","offset":2,`) || !strings.HasSuffix(m, `],"next_offset":4}`) || strings.Contains(m, `"offset":3,`) {
		t.Errorf("messages %s", m)
	}
	w.send(`{"op":"unsubscribe","id":"s"}`)
	w.wants("unsubscribed", `"id":"s"`)
	w.send(`{"op":"ping"}`)
	w.wants("pong")
	w.send(`{"op":"subscribe","channel":"c","from":"earliest"}`)
	w.wants("subscribed", `"id":"c"`)
	w.wants("messages", `"offset":1,`, `"offset":2,`, `"offset":3,`)
	s.Drain()
	w.wants("end", "SHUTTING_DOWN")
	if _, _, err := w.conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("it ended with %v", err)
	}
	s.EndSockets(t.Context())
	if n := s.subscribers.Load(); n != 0 {
		t.Errorf("%d subscribers are still counted", n)
	}
	for s.inFlight.Load() != 0 { // a handler whose answer was read may have a step left
		runtime.Gosched()
	}
}

func TestSocketRefuses(t *testing.T) {
	ts, _, f := listening(t, Options{})
	published(2)(nil, f)
	w := dial(t, ts.URL+"/api/v1/streaming/channels/c/ws?from=latest", nil)
	w.wants("subscribed", `"next_offset":3`)
	for _, c := range []struct{ frame, code, field string }{
		{`{`, "INVALID_JSON", ""},
		{`{"op":"jump"}`, "INVALID_FIELD", "op"},
		{`{"op":"subscribe","form":"latest","id":"x"}`, "UNKNOWN_FIELD", "form"},
		{`{"op":"subscribe","id":"x","from":"soon"}`, "INVALID_FIELD", "from"},
		{`{"op":"subscribe","id":"x","from":9}`, "OFFSET_IN_FUTURE", ""},
		{`{"op":"subscribe","id":"x","filter":{"$no":1}}`, "", "$no"},
		{`{"op":"subscribe"}`, "SUBSCRIPTION_EXISTS", "id"},
		{`{"op":"unsubscribe","id":"y"}`, "SUBSCRIPTION_NOT_FOUND", "id"},
		{`{"op":"publish","data":1,"offset":4}`, "UNKNOWN_FIELD", "offset"},
		{`{"op":"publish","channel":"cdc.x","data":1}`, "INVALID_CHANNEL", "cdc."},
		{`{"op":"consume","group":"none"}`, "GROUP_NOT_FOUND", ""},
		{`{"op":"ack","ack_ids":[]}`, "MISSING_FIELD", "group"},
	} {
		w.send(c.frame)
		w.wants("error", c.code, c.field)
	}
	w.send(`{"op":"publish","id":"p","data":1}`)
	for range 2 { // the answer and the messages race
		if _, b, err := w.conn.Read(t.Context()); err != nil || !strings.Contains(string(b), `"offset":3`) {
			t.Fatalf("%s %v", b, err)
		}
	}
	if err := f.stream().DropChannel(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	w.wants("end", "CHANNEL_DROPPED")
	if err := w.conn.Write(t.Context(), websocket.MessageBinary, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusUnsupportedData {
		t.Errorf("it ended with %v", err)
	}
}

// TestSocketConsumes has a group push to a member that acknowledges on the socket.
func TestSocketConsumes(t *testing.T) {
	ts, _, f := listening(t, Options{})
	published(5)(nil, f)
	if _, err := f.stream().CreateGroup(t.Context(), "c", "g", streaming.Earliest, streaming.GroupOptions{}); err != nil {
		t.Fatal(err)
	}
	w := dial(t, ts.URL+"/api/v1/streaming/ws", nil)
	w.send(`{"op":"consume","channel":"c","group":"g","member":"m","max_in_flight":2}`)
	w.wants("consuming", `"id":"g"`)
	seen, acked := 0, 0
	for seen < 5 || acked < 5 { // answers and messages come as they may
		_, b, err := w.conn.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Type     string
			Done     int
			Stale    []string
			Messages []struct {
				AckID  string `json:"ack_id"`
				Offset int
			}
		}
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		if m.Type == "acked" && len(m.Stale) == 0 {
			acked += m.Done
			continue
		}
		if m.Type != "messages" || len(m.Messages) > 2 || m.Messages[0].Offset != seen+1 {
			t.Fatalf("got %s", b)
		}
		ids := []string{}
		for _, x := range m.Messages {
			ids = append(ids, x.AckID)
		}
		seen += len(ids)
		out, _ := json.Marshal(map[string]any{"op": "ack", "id": "g", "ack_ids": ids})
		w.send(string(out))
	}
	i, err := f.stream().Group(t.Context(), "c", "g")
	if err != nil || i.InFlight != 0 || i.Lag != 0 {
		t.Errorf("%+v, %v", i, err)
	}
	w.send(`{"op":"unsubscribe","id":"g"}`)
	w.wants("unsubscribed")
}

// TestSlowSocket cuts a client off that takes nothing, and tells it why and from where
// it can go on.
func TestSlowSocket(t *testing.T) {
	ts, s, f := listening(t, Options{SlowClient: 50 * time.Millisecond})
	big := streaming.Content{JSON: true, Data: []byte(`"` + strings.Repeat("x", 60<<10) + `"`)}
	for range 20 {
		if _, err := f.stream().Publish(t.Context(), "c", big); err != nil {
			t.Fatal(err)
		}
	}
	w := dial(t, ts.URL+"/api/v1/streaming/channels/c/ws?from=earliest", nil)
	for s.subscribers.Load() > 0 { // it reads nothing until the server has given up
		if t.Context().Err() != nil {
			t.Fatal("it was not cut off")
		}
		<-time.After(time.Millisecond) // the end of a connection gives no event
	}
	frames := 0
	for {
		_, b, err := w.conn.Read(t.Context())
		if err == nil {
			frames += strings.Count(string(b), `"offset":`)
			continue
		}
		var ce websocket.CloseError
		if websocket.CloseStatus(err) != closeSlow || !asClose(err, &ce) || !strings.HasPrefix(ce.Reason, "SLOW_CONSUMER") {
			t.Errorf("it ended with %v", err)
		}
		break
	}
	if frames == 0 || frames > 6 {
		t.Errorf("%d messages were sent to a client that took none", frames)
	}
}

func asClose(err error, ce *websocket.CloseError) bool {
	for ; err != nil; err = unwrap(err) {
		if c, ok := err.(websocket.CloseError); ok { //nolint:errorlint // it is walked
			*ce = c
			return true
		}
	}
	return false
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok { //nolint:errorlint // it is walked
		return u.Unwrap()
	}
	return nil
}

// TestTickets holds what URLs with tickets may do.
func TestTickets(t *testing.T) {
	ts, s, f := listening(t, Options{})
	published(1)(nil, f)
	make := func(body string) string {
		t.Helper()
		var a struct{ Ticket string }
		res := mustPost(t, ts.URL+"/api/v1/streaming/tickets", body)
		if err := json.NewDecoder(res.Body).Decode(&a); err != nil || res.StatusCode != 201 || a.Ticket == "" {
			t.Fatalf("%s: %d %+v %v", body, res.StatusCode, a, err)
		}
		return url.QueryEscape(a.Ticket)
	}
	good := make(`{"channels":["c"]}`)
	w := watch(t, ts.URL+channelsURL+"/c/sse?from=earliest&ticket="+good)
	w.next()
	if id, _, _ := w.next(); id != "1" {
		t.Errorf("got %s", id)
	}
	both := make(`{"operations":["subscribe","publish"],"ttl_seconds":3600}`)
	k := dial(t, ts.URL+"/api/v1/streaming/ws?ticket="+both, nil)
	k.send(`{"op":"publish","channel":"d","data":1}`)
	k.wants("published")
	k.send(`{"op":"consume","channel":"d","group":"g"}`)
	k.wants("error", "TICKET_FORBIDS", `"status":403`)
	k = dial(t, ts.URL+"/api/v1/streaming/ws?ticket="+good, nil)
	k.send(`{"op":"subscribe","channel":"d"}`)
	k.wants("error", "TICKET_FORBIDS", `"field":"channel"`)
	for token, want := range map[string]string{
		"x": "401 TICKET_INVALID", good + "x": "401 TICKET_INVALID", make(`{"channels":["d"]}`): "403 TICKET_FORBIDS", make(`{"operations":"publish"}`): "403 TICKET_FORBIDS",
	} {
		res, err := http.Get(ts.URL + channelsURL + "/c/sse?ticket=" + token)
		if err != nil {
			t.Fatal(err)
		}
		var p struct{ Code string }
		json.NewDecoder(res.Body).Decode(&p) //nolint:errcheck // the code tells
		res.Body.Close()
		if got := fmt.Sprint(res.StatusCode, " ", p.Code); got != want {
			t.Errorf("%s: %s, want %s", token, got, want)
		}
	}
	store := f.stream()
	secret, err := store.Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old, _ := json.Marshal(ticket{Expires: store.Now().Unix(), Operations: []string{"subscribe"}})
	if _, err := checkTicket(store, secret, encodeTicket(secret, old), ""); dberr.As(err) == nil || dberr.As(err).Code != "TICKET_EXPIRED" {
		t.Errorf("an old ticket: %v", err)
	}
	_ = s
}

// TestSocketsOfOtherPages are refused: a browser opens them without asking first.
func TestSocketsOfOtherPages(t *testing.T) {
	ts, _, _ := listening(t, Options{CORSOrigins: []string{"https://ok.example"}})
	for origin, want := range map[string]int{"https://evil.example": 403, "https://ok.example": 101, ts.URL: 101, "": 101} {
		h := http.Header{}
		if origin != "" {
			h.Set("Origin", origin)
		}
		_, res, err := websocket.Dial(t.Context(), strings.Replace(ts.URL, "http", "ws", 1)+"/api/v1/streaming/c", &websocket.DialOptions{HTTPHeader: h})
		if res == nil || res.StatusCode != want {
			t.Errorf("%q: %v %v", origin, res, err)
		}
	}
}

// TestSocketsLeaveNothing: however sockets end, no goroutine stays.
func TestSocketsLeaveNothing(t *testing.T) {
	s, f := New(Options{}), newFake(t)
	s.Attach(f)
	f.stream()
	ts := httptest.NewServer(s.Handler())
	defer ts.Close()
	for i := range 30 {
		w := dial(t, ts.URL+"/api/v1/streaming/channels/c/ws", nil)
		w.next("subscribed")
		switch i % 3 {
		case 0:
			w.conn.Close(websocket.StatusNormalClosure, "") //nolint:errcheck // the server may be faster
		case 1:
			w.conn.CloseNow() //nolint:errcheck // as above
		}
	}
	s.Drain()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s.EndSockets(ctx)
	if ctx.Err() != nil {
		t.Error("sockets did not end")
	}
	if n := s.subscribers.Load(); n != 0 {
		t.Errorf("%d subscribers are still counted", n)
	}
	if n := f.stream().Subscribers("c"); n != 0 {
		t.Errorf("%d subscriptions are left", n)
	}
}
