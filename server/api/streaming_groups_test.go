package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/weftdb/weft/streaming"
)

const groupsURL = channelsURL + "/c/groups"

// grouped is a state in which channel c has messages and a group g, which has handed out
// the first of them.
func grouped(_ *Server, f *fake) {
	published(3)(nil, f)
	ctx, s := context.Background(), f.stream()
	if _, err := s.CreateGroup(ctx, "c", "g", streaming.Earliest, streaming.GroupOptions{DeadLetter: "dead"}); err != nil {
		panic(err)
	}
	if _, err := s.Pull(ctx, "c", "g", streaming.PullOptions{Max: 1, Member: "m"}); err != nil {
		panic(err)
	}
}

var groupScenarios = []scenario{
	{name: "groups, none", url: groupsURL, state: published(1), status: 200, has: []string{`{"groups":[]}`}},
	{name: "groups", url: groupsURL, state: grouped, status: 200, has: []string{`"name":"g"`, `"lag":2`, `"in_flight":1`, `"members":{"m":1}`}},
	{name: "groups, no channel", url: groupsURL, status: 404, has: []string{"CHANNEL_NOT_FOUND"}},
	{name: "group, create", url: groupsURL, state: published(3), body: `{"name":"g","start":"earliest","ack_wait_ms":1000,"max_deliver":-1,"max_in_flight":7,"dead_letter":"dead"}`, status: 201,
		has: []string{`"ack_wait_ms":1000`, `"max_deliver":-1`, `"max_in_flight":7`, `"dead_letter":"dead"`, `"next_offset":1`, `"lag":3`, `"ack":"explicit"`}, header: map[string]string{"Location": groupsURL + "/g"}},
	{name: "group, create at an offset", url: groupsURL, state: published(3), body: `{"name":"g","start":{"offset":2},"ack":"none"}`, status: 201, has: []string{`"next_offset":2`, `"ack":"none"`, `"dead_letter":null`}},
	{name: "group, create at a time", url: groupsURL, state: published(3), body: `{"name":"g","start":{"time":"2020-01-01T00:00:00Z"}}`, status: 201, has: []string{`"next_offset":1`}},
	{name: "group, create at a number", url: groupsURL, state: published(3), body: `{"name":"g","start":{"time":1}}`, status: 201, has: []string{`"next_offset":1`}},
	{name: "group, exists", url: groupsURL, state: grouped, body: `{"name":"g"}`, status: 409, has: []string{"GROUP_EXISTS"}},
	{name: "group, exists, lenient", url: groupsURL, state: grouped, body: `{"name":"g","if_not_exists":true}`, status: 200, has: []string{`"lag":2`}},
	{name: "group, bad start", url: groupsURL, state: published(1), body: `{"name":"g","start":"soon"}`, status: 400, has: []string{"INVALID_FIELD"}},
	{name: "group, empty start", url: groupsURL, state: published(1), body: `{"name":"g","start":{}}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "group, two starts", url: groupsURL, state: published(1), body: `{"name":"g","start":{"offset":1,"time":1}}`, status: 400, has: []string{"INVALID_FIELD"}},
	{name: "group, never deliver", url: groupsURL, state: published(1), body: `{"name":"g","max_deliver":0}`, status: 400, has: []string{"max_deliver"}},
	{name: "group, no name", url: groupsURL, state: published(1), body: `{}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "group, its own dead letters", url: groupsURL, state: published(1), body: `{"name":"g","dead_letter":"c"}`, status: 400, has: []string{"dead_letter"}},
	{name: "group, describe", url: groupsURL + "/g", state: grouped, status: 200, has: []string{`"channel":"c"`, `"due":0`}},
	{name: "group, unknown", url: groupsURL + "/x", state: grouped, status: 404, has: []string{"GROUP_NOT_FOUND"}},
	{name: "group, drop", method: "DELETE", url: groupsURL + "/g", state: grouped, status: 200, has: []string{`"success":true`}},

	{name: "pull", url: groupsURL + "/g/pull", state: grouped, body: `{"max":1,"member":"m2"}`, status: 200, has: []string{`{"messages":[{"ack_id":"2-1-`, `"delivery":1,"id":"2","offset":2,"event_type":"b"`, `"data":{"n":1}}]}`}},
	{name: "pull, nothing", url: groupsURL + "/g/pull", state: func(s *Server, f *fake) {
		grouped(s, f)
		f.stream().Pull(context.Background(), "c", "g", streaming.PullOptions{}) //nolint:errcheck // the answer tells
	}, body: `{"wait_ms":1}`, status: 200, has: []string{`{"messages":[]}`}},
	{name: "pull, too many", url: groupsURL + "/g/pull", state: grouped, body: `{"max":0}`, status: 400, has: []string{"INVALID_FIELD"}},
	{name: "pull, unknown", url: groupsURL + "/x/pull", state: grouped, body: `{}`, status: 404, has: []string{"GROUP_NOT_FOUND"}},
	{name: "ack, stale", url: groupsURL + "/g/ack", state: grouped, body: `{"ack_ids":["1-1-0"]}`, status: 200, has: []string{`"done":0`, `"stale":["1-1-0"]`}},
	{name: "ack, stale, once", url: groupsURL + "/g/ack", state: grouped, body: `{"ack_ids":["1-1-0"]}`, headers: map[string]string{"Idempotency-Key": "k"}, status: 409, has: []string{"ACK_STALE"}},
	{name: "ack, none", url: groupsURL + "/g/ack", state: grouped, body: `{}`, status: 400, has: []string{"MISSING_FIELD"}},
	{name: "nack, none", url: groupsURL + "/g/nack", state: grouped, body: `{"ack_ids":[],"delay_ms":5}`, status: 200, has: []string{`"done":0`}},
	{name: "extend, none", url: groupsURL + "/g/extend", state: grouped, body: `{"ack_ids":[]}`, status: 200, has: []string{`"done":0`}},
	{name: "ack, bad field", url: groupsURL + "/g/ack", state: grouped, body: `{"ack_ids":[],"delay_ms":5}`, status: 400, has: []string{"UNKNOWN_FIELD"}},
}

// TestGroupOverHTTP: a pull waits for a message, a delivery is acknowledged within the
// transaction of what it brought about, and only once.
func TestGroupOverHTTP(t *testing.T) {
	ts, _, f := live(t, Options{})
	grouped(nil, f)
	url := ts.URL + groupsURL + "/g"
	type answer struct {
		Messages []struct {
			AckID  string `json:"ack_id"`
			Offset int
		}
		TransactionID string `json:"transaction_id"`
		Code          string
		Done          int
	}
	ask := func(status int, url, body string, headers ...string) (a answer) {
		t.Helper()
		res := mustPost(t, url, body, headers...)
		if err := json.NewDecoder(res.Body).Decode(&a); err != nil || res.StatusCode != status {
			t.Fatalf("%s: status %d, %+v, %v", url, res.StatusCode, a, err)
		}
		return a
	}
	first := ask(200, url+"/pull", `{}`)
	if len(first.Messages) != 2 {
		t.Fatalf("%+v", first)
	}
	waited := make(chan answer)
	go func() {
		res, err := http.Post(url+"/pull", "application/json", strings.NewReader(`{"wait_ms":60000}`))
		var a answer
		if err == nil {
			err = json.NewDecoder(res.Body).Decode(&a)
			res.Body.Close()
		}
		if err != nil {
			t.Error(err)
		}
		waited <- a
	}()
	ask(200, ts.URL+channelsURL+"/c/publish", `{"data":4}`)
	if a := <-waited; len(a.Messages) != 1 || a.Messages[0].Offset != 4 {
		t.Errorf("%+v", a)
	}
	id := first.Messages[0].AckID
	effect := func(status int) answer {
		t.Helper()
		tx := ask(201, ts.URL+"/api/v1/transactions", `{}`).TransactionID
		ask(200, ts.URL+"/api/v1/kv/increment", `{"key":"effects","by":1}`, "Weft-Transaction", tx)
		a := ask(status, url+"/ack", `{"ack_ids":["`+id+`"]}`, "Weft-Transaction", tx)
		end := "commit"
		if status != 200 {
			end = "rollback"
		}
		ask(200, ts.URL+"/api/v1/transactions/"+tx+"/"+end, `{}`)
		return a
	}
	if a := effect(200); a.Done != 1 {
		t.Errorf("%+v", a)
	}
	if a := effect(409); a.Code != "ACK_STALE" {
		t.Errorf("%+v", a)
	}
	e, _, err := f.kv().Get(t.Context(), "", []byte("effects"))
	if err != nil || string(e.Value.Data) != "1" {
		t.Errorf("the effects are %s, %v", e.Value.Data, err)
	}
}
