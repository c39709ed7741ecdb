package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/weftdb/weft/server/webhooks"
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

// noHooks is a sender that may reach nothing but what is public.
var noHooks = webhooks.New(webhooks.Options{Encode: EncodeMessage})

func hooked(_ *Server, f *fake) {
	published(1)(nil, f)
	w := streaming.Webhook{Channel: "c", Name: "h", URL: "https://hooks.example/x", Secret: []byte("0123456789abcdef")}
	if _, err := f.stream().CreateWebhook(context.Background(), w, streaming.WebhookOptions{}); err != nil {
		panic(err)
	}
}

func ordered(_ *Server, f *fake) {
	published(3)(nil, f)
	if _, err := f.stream().CreateGroup(context.Background(), "c", "g", streaming.Earliest, streaming.GroupOptions{Ordered: true}); err != nil {
		panic(err)
	}
	if _, err := f.stream().Pull(context.Background(), "c", "g", streaming.PullOptions{Max: 2, Member: "m"}); err != nil {
		panic(err)
	}
}

const hooksURL = channelsURL + "/c/webhooks"

var groupScenarios = []scenario{
	{name: "group, filter and order", url: groupsURL, state: published(3), body: `{"name":"g","start":"earliest","order":"key","member_timeout_ms":5000,"event_type":"a","source":["s","t"],"header":{"h":"1"},"filter":{"n":{"$gt":0}}}`, status: 201,
		has: []string{`"order":"key"`, `"member_timeout_ms":5000`, `"filter":{"event_type":["a"],"source":["s","t"],"header":{"h":"1"},"filter":{"n":{"$gt":0}}}`, `"lag_ms":`, `"dead_letters":0`}},
	{name: "group, where", url: groupsURL, state: published(3), body: `{"name":"g","start":"earliest","where":"key = 'k1' OR type = 'c'"}`, status: 201, has: []string{`"filter":{"where":"key = 'k1' OR type = 'c'"}`}},
	{name: "group, bad where", url: groupsURL, state: published(3), body: `{"name":"g","where":"time > now()"}`, status: 400, has: []string{"IMMUTABLE", `"field":"where"`}},
	{name: "group, bad filter", url: groupsURL, state: published(3), body: `{"name":"g","filter":{"n":{"$near":0}}}`, status: 400, has: []string{"$near"}},
	{name: "group, bad order", url: groupsURL, state: published(3), body: `{"name":"g","order":"time"}`, status: 400, has: []string{`"field":"order"`}},
	{name: "group, a timeout without order", url: groupsURL, state: published(3), body: `{"name":"g","member_timeout_ms":5}`, status: 400, has: []string{`"field":"member_timeout_ms"`}},
	{name: "group, ordered", url: groupsURL + "/g", state: ordered, status: 200, has: []string{`"partitions":{"m":[0]}`, `"in_flight":2`, `"oldest_in_flight":1`, `"next_offset":3`, `"lag":1`}},
	{name: "group, pull without a member", url: groupsURL + "/g/pull", state: ordered, body: `{}`, status: 400, has: []string{"MISSING_FIELD", `"field":"member"`}},
	{name: "group, leave", url: groupsURL + "/g/leave", state: ordered, body: `{"member":"m"}`, status: 200, has: []string{`"member":"m"`}},
	{name: "group, leave, not there", url: groupsURL + "/g/leave", state: ordered, body: `{"member":"n"}`, status: 404, has: []string{"MEMBER_NOT_FOUND"}},
	{name: "group, leave, not ordered", url: groupsURL + "/g/leave", state: grouped, body: `{"member":"m"}`, status: 400, has: []string{"NOT_ORDERED"}},

	{name: "ticket", url: "/api/v1/streaming/tickets", body: `{"channels":"c","operations":["subscribe","publish"],"ttl_seconds":5}`, status: 201, has: []string{`"ticket":"`, `"expires_at":"`}},
	{name: "ticket, bad operation", url: "/api/v1/streaming/tickets", body: `{"operations":["drop"]}`, status: 400, has: []string{`"field":"operations"`}},
	{name: "ticket, too long", url: "/api/v1/streaming/tickets", body: `{"ttl_seconds":3601}`, status: 400, has: []string{"3600"}},
	{name: "socket, no handshake", url: "/api/v1/streaming/ws", status: 426, has: []string{"UPGRADE_REQUIRED"}},

	{name: "webhooks, none", url: hooksURL, state: published(1), status: 200, has: []string{`{"webhooks":[]}`}},
	{name: "webhooks", url: hooksURL, state: hooked, status: 200, has: []string{`"name":"h"`, `"sending":false`, `"max_deliver":20`}, hasNot: []string{"secret"}},
	{name: "webhook", url: hooksURL + "/h", state: hooked, status: 200, has: []string{`"url":"https://hooks.example/x"`, `"timeout_ms":10000`}, hasNot: []string{"0123456789abcdef"}},
	{name: "webhook, unknown", url: hooksURL + "/x", state: hooked, status: 404, has: []string{"WEBHOOK_NOT_FOUND"}},
	{name: "webhook, create", url: hooksURL, opts: Options{Webhooks: noHooks}, state: published(1), body: `{"name":"h","url":"https://hooks.example/x","max_attempts":3,"event_type":"b","order":"key"}`, status: 201,
		has: []string{`"secret":"`, `"sending":true`, `"max_deliver":3`, `"order":"key"`}, header: map[string]string{"Location": hooksURL + "/h"}},
	{name: "webhook, exists", url: hooksURL, opts: Options{Webhooks: noHooks}, state: hooked, body: `{"name":"h","url":"https://hooks.example/x"}`, status: 409, has: []string{"WEBHOOK_EXISTS"}},
	{name: "webhook, private address", url: hooksURL, opts: Options{Webhooks: noHooks}, state: published(1), body: `{"name":"h","url":"http://[::ffff:169.254.169.254]/latest"}`, status: 400, has: []string{"ADDRESS_NOT_ALLOWED", "server.webhook_networks"}},
	{name: "webhook, no URL", url: hooksURL, opts: Options{Webhooks: noHooks}, state: published(1), body: `{"name":"h","url":"ftp://hooks.example/x"}`, status: 400, has: []string{"INVALID_URL"}},
	{name: "webhook, a user in the URL", url: hooksURL, opts: Options{Webhooks: noHooks}, state: published(1), body: `{"name":"h","url":"https://a:b@hooks.example/x"}`, status: 400, has: []string{"INVALID_URL"}},
	{name: "webhook, short secret", url: hooksURL, opts: Options{Webhooks: noHooks}, state: published(1), body: `{"name":"h","url":"https://hooks.example/x","secret":"x"}`, status: 400, has: []string{`"field":"secret"`}},
	{name: "webhook, none here", url: hooksURL, state: published(1), body: `{"name":"h","url":"https://hooks.example/x"}`, status: 400, has: []string{"NO_WEBHOOKS"}},
	{name: "webhook, drop", method: "DELETE", url: hooksURL + "/h", state: hooked, status: 200, has: []string{`"name":"h"`}},
	{name: "webhook, drop its group", method: "DELETE", url: channelsURL + "/c/groups/webhook:h", state: hooked, status: 400, has: []string{"GROUP_OF_WEBHOOK"}},

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
	ts, _, f := listening(t, Options{})
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
