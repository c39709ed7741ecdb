package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/streaming"
)

// channelConn is what the shell's commands for channels ask of a database.
type channelConn interface {
	channels(ctx context.Context) ([]channelInfo, error)
	groups(ctx context.Context, channel string) ([]channelGroup, error)
	// publish returns the offset of the message.
	publish(ctx context.Context, p publication) (uint64, error)
	// history returns the last messages of a channel, n of them at most.
	history(ctx context.Context, channel string, n int) ([]channelMessage, error)
	// follow calls fn with each message from now on, until ctx ends or fn fails.
	follow(ctx context.Context, channel string, fn func(m *channelMessage) error) error
}

func channelPath(channel, rest string) string {
	return "/api/v1/streaming/channels/" + url.PathEscape(channel) + rest
}

func (r *remote) channels(ctx context.Context) (list []channelInfo, err error) {
	err = r.get(ctx, "/api/v1/streaming/channels", url.Values{"details": {"true"}}, &list)
	return list, err
}

func (r *remote) groups(ctx context.Context, channel string) ([]channelGroup, error) {
	var out struct{ Groups []channelGroup }
	err := r.get(ctx, channelPath(channel, "/groups"), nil, &out)
	return out.Groups, err
}

func (r *remote) publish(ctx context.Context, p publication) (uint64, error) {
	fields := map[string]any{"event_type": p.kind}
	if p.key != "" {
		fields["key"] = p.key
	}
	if p.text {
		fields["encoding"] = "text"
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return 0, err
	}
	// Channels keep JSON byte for byte, and Marshal would not.
	body = append(append(append(body[:len(body)-1], `,"data":`...), p.data...), '}')
	res, err := r.do(ctx, http.MethodPost, r.url(channelPath(p.channel, "/publish"), nil), "application/json", bytes.NewReader(body), "application/json")
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	var out struct{ Offset uint64 }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return 0, fmt.Errorf("read the answer of the publication: %w", err)
	}
	return out.Offset, nil
}

func (r *remote) history(ctx context.Context, channel string, n int) ([]channelMessage, error) {
	var out struct{ Events []channelMessage }
	err := r.get(ctx, channelPath(channel, "/history"), url.Values{"count": {strconv.Itoa(n)}}, &out)
	return out.Events, err
}

func (r *remote) follow(ctx context.Context, channel string, fn func(m *channelMessage) error) error {
	res, err := r.do(ctx, http.MethodGet, r.url(channelPath(channel, "/ndjson"), nil), "", nil, "application/x-ndjson")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	in := bufio.NewReaderSize(res.Body, 64<<10)
	for {
		text, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return dberr.New(dberr.ErrUnavailable, "TRUNCATED", "the server ended the subscription without a reason")
		}
		if err != nil {
			return r.unreachable(ctx, err)
		}
		var line struct {
			channelMessage
			Error json.RawMessage `json:"error"`
			Gap   *struct{ From, To uint64 }
		}
		if err := json.Unmarshal(text, &line); err != nil {
			return fmt.Errorf("read the subscription: %w", err)
		}
		switch {
		case line.Error != nil:
			return problemError(http.StatusServiceUnavailable, line.Error)
		case line.Gap != nil:
			return errGap(line.Gap.From, line.Gap.To)
		case line.Offset != 0:
			err = fn(&line.channelMessage)
		}
		if err != nil {
			return err
		}
	}
}

func errGap(from, to uint64) error {
	return dberr.New(dberr.ErrInvalid, "GAP", "retention removed the messages from %d to %d before they were shown", from, to)
}

func (l *local) store(ctx context.Context, create bool) (*streaming.Store, error) {
	return l.db.StreamingIn(ctx, l.database, create)
}

func (l *local) channels(ctx context.Context) (out []channelInfo, err error) {
	store, err := l.store(ctx, false)
	if err != nil {
		return nil, err
	}
	list, err := store.Channels(ctx)
	for i := 0; err == nil && i < len(list); i++ {
		var info streaming.Info
		if info, err = store.Info(ctx, list[i].Name); err == nil {
			c := channelInfo{Name: info.Name, FirstOffset: info.First, NextOffset: info.Next, Subscribers: info.Subscribers}
			if !info.LastTime.IsZero() {
				c.LastTime = &info.LastTime
			}
			out = append(out, c)
		}
	}
	return out, err
}

func (l *local) groups(ctx context.Context, channel string) (out []channelGroup, err error) {
	store, err := l.store(ctx, false)
	if err != nil {
		return nil, err
	}
	names, err := store.Groups(ctx, channel)
	for i := 0; err == nil && i < len(names); i++ {
		var g streaming.GroupInfo
		if g, err = store.Group(ctx, channel, names[i]); err == nil {
			out = append(out, channelGroup{Name: g.Name, NextOffset: g.Next, Lag: g.Lag, InFlight: g.InFlight, Members: g.Members, DeadLetters: g.Buried})
		}
	}
	return out, err
}

func (l *local) publish(ctx context.Context, p publication) (uint64, error) {
	store, err := l.store(ctx, true)
	if err != nil {
		return 0, err
	}
	c := streaming.Content{Key: p.key, Type: p.kind, Data: p.data, JSON: !p.text}
	if p.text {
		var text string
		if err := json.Unmarshal(p.data, &text); err != nil {
			return 0, err
		}
		c.Data, c.ContentType = []byte(text), "text/plain; charset=utf-8"
	}
	receipts, err := store.Publish(ctx, p.channel, c)
	if err != nil {
		return 0, err
	}
	return receipts[0].Offset, nil
}

func (l *local) history(ctx context.Context, channel string, n int) (out []channelMessage, err error) {
	store, err := l.store(ctx, false)
	if err != nil {
		return nil, err
	}
	p, err := store.History(ctx, channel, streaming.HistoryOptions{Limit: n})
	for _, m := range p.Messages {
		out = append(out, messageOf(m))
	}
	return out, err
}

func (l *local) follow(ctx context.Context, channel string, fn func(m *channelMessage) error) error {
	store, err := l.store(ctx, false)
	if err != nil {
		return err
	}
	sub, err := store.Subscribe(ctx, channel, streaming.SubscribeOptions{})
	if err != nil {
		return err
	}
	defer sub.Close()
	for {
		d, err := sub.Next(ctx)
		if err == nil && d.Gap != (streaming.Gap{}) {
			err = errGap(d.Gap.From, d.Gap.To)
		}
		for i := 0; err == nil && i < len(d.Messages); i++ {
			m := messageOf(d.Messages[i])
			err = fn(&m)
		}
		if err != nil {
			return err
		}
	}
}

// messageOf makes of a message what the API shows.
func messageOf(m *streaming.Message) channelMessage {
	out := channelMessage{Offset: m.Offset, Time: strconv.FormatUint(uint64(m.Timestamp), 10), EventType: m.Type, Data: bytes.ReplaceAll(m.Data, []byte("\n"), []byte(" "))}
	if m.Key != "" {
		out.Key = &m.Key
	}
	if m.JSON {
		return out
	}
	out.Encoding = "base64"
	text := base64.StdEncoding.EncodeToString(m.Data)
	if strings.HasPrefix(m.ContentType, "text/") && utf8.Valid(m.Data) {
		out.Encoding, text = "text", string(m.Data)
	}
	out.Data, _ = json.Marshal(text) //nolint:errchkjson // a string
	return out
}
