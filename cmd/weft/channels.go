package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/weftdb/weft/internal/dberr"
)

// The commands of the shell for channels: \channels, \publish, \tail, \follow and \groups.

// channelInfo describes a channel.
type channelInfo struct {
	Name        string     `json:"name"`
	FirstOffset uint64     `json:"first_offset"`
	NextOffset  uint64     `json:"next_offset"`
	LastTime    *time.Time `json:"last_time"`
	Subscribers int        `json:"subscribers"`
}

// channelGroup describes a group of a channel.
type channelGroup struct {
	Name        string         `json:"name"`
	NextOffset  uint64         `json:"next_offset"`
	Lag         uint64         `json:"lag"`
	InFlight    int            `json:"in_flight"`
	Members     map[string]int `json:"members"`
	DeadLetters uint64         `json:"dead_letters"`
}

// channelMessage is a message as the API shows it.
type channelMessage struct {
	Offset    uint64          `json:"offset"`
	Time      string          `json:"commit_timestamp"` // ns since 1970
	EventType string          `json:"event_type"`
	Key       *string         `json:"key"`
	Data      json.RawMessage `json:"data"`
	Encoding  string          `json:"encoding"` // "": JSON
}

// text is the message on one line: offset, time, type, key and data.
func (m *channelMessage) text() string {
	at := "-"
	if ns, err := strconv.ParseInt(m.Time, 10, 64); err == nil {
		at = time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	kind, key, data := "-", "-", string(m.Data)
	if m.EventType != "" {
		kind = m.EventType
	}
	if m.Key != nil {
		key = *m.Key
	}
	if m.Encoding != "" {
		var text string
		if json.Unmarshal(m.Data, &text) == nil && strings.IndexFunc(text, func(r rune) bool { return r < ' ' }) < 0 {
			data = text
		}
	}
	return fmt.Sprintf("%d  %s  %s  %s  %s", m.Offset, at, kind, key, data)
}

// publication is what \publish says.
type publication struct {
	channel, kind, key string
	data               json.RawMessage
	text               bool // data is a string that holds text
}

// parsePublish reads CHANNEL [type=TYPE] [key=KEY] DATA. DATA that is no JSON is text.
func parsePublish(arg string) (p publication, err error) {
	bad := usage(`\publish: want CHANNEL [type=TYPE] [key=KEY] DATA`)
	p.channel, arg, _ = strings.Cut(arg, " ")
	for {
		arg = strings.TrimSpace(arg)
		word, rest, _ := strings.Cut(arg, " ")
		if v, ok := strings.CutPrefix(word, "type="); ok {
			p.kind, arg = v, rest
		} else if v, ok := strings.CutPrefix(word, "key="); ok {
			p.key, arg = v, rest
		} else {
			break
		}
	}
	if p.channel == "" || arg == "" {
		return p, bad
	}
	if p.data = json.RawMessage(arg); !json.Valid(p.data) {
		p.text = true
		p.data, err = json.Marshal(arg)
	}
	return p, err
}

// channelCommand runs a command for channels; ok is false where it is none.
func (s *shell) channelCommand(ctx context.Context, name, rest string) (ok bool, err error) {
	switch name {
	case `\channels`:
		return true, s.listChannels(ctx)
	case `\groups`:
		return true, s.listGroups(ctx, rest)
	case `\publish`:
		return true, s.publish(ctx, rest)
	case `\tail`:
		return true, s.tail(ctx, rest)
	case `\follow`:
		return true, s.follow(ctx, rest)
	}
	return false, nil
}

func (s *shell) listChannels(ctx context.Context) error {
	list, err := s.conn.channels(ctx)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(s.out, "There are no channels.")
		return err
	}
	return s.show([]column{{"Name", "text"}, {"First offset", "bigint"}, {"Next offset", "bigint"}, {"Last message", "text"}, {"Subscribers", "bigint"}}, len(list), func(i int) []string {
		c := list[i]
		last := ""
		if c.LastTime != nil {
			last = c.LastTime.UTC().Format(time.RFC3339)
		}
		return []string{c.Name, fmt.Sprint(c.FirstOffset), fmt.Sprint(c.NextOffset), last, fmt.Sprint(c.Subscribers)}
	})
}

func (s *shell) listGroups(ctx context.Context, channel string) error {
	if channel == "" {
		return usage(`\groups: name a channel`)
	}
	list, err := s.conn.groups(ctx, channel)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(s.out, "The channel has no groups.")
		return err
	}
	return s.show([]column{{"Name", "text"}, {"Next offset", "bigint"}, {"Lag", "bigint"}, {"In flight", "bigint"}, {"Members", "bigint"}, {"Dead letters", "bigint"}}, len(list), func(i int) []string {
		g := list[i]
		return []string{g.Name, fmt.Sprint(g.NextOffset), fmt.Sprint(g.Lag), fmt.Sprint(g.InFlight), fmt.Sprint(len(g.Members)), fmt.Sprint(g.DeadLetters)}
	})
}

func (s *shell) publish(ctx context.Context, arg string) error {
	p, err := parsePublish(arg)
	if err != nil {
		return err
	}
	offset, err := s.conn.publish(ctx, p)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "PUBLISH %d\n", offset)
	return err
}

const (
	tailMessages = 10
	maxTail      = 10_000
)

// tail shows the last messages of a channel.
func (s *shell) tail(ctx context.Context, arg string) error {
	channel, count, _ := strings.Cut(arg, " ")
	n := tailMessages
	if count = strings.TrimSpace(count); count != "" {
		var err error
		if n, err = strconv.Atoi(count); err != nil || n < 1 || n > maxTail {
			return usage(`\tail: COUNT is %q, want a number from 1 to %d`, count, maxTail)
		}
	}
	if channel == "" {
		return usage(`\tail: want CHANNEL [COUNT]`)
	}
	list, err := s.conn.history(ctx, channel, n)
	for i := 0; err == nil && i < len(list); i++ {
		_, err = fmt.Fprintln(s.out, list[i].text())
	}
	return err
}

// follow shows the messages of a channel as they come, until Ctrl-C or its end.
func (s *shell) follow(ctx context.Context, channel string) error {
	if channel == "" || strings.Contains(channel, " ") {
		return usage(`\follow: name a channel`)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	err := s.conn.follow(ctx, channel, func(m *channelMessage) error {
		_, err := fmt.Fprintln(s.out, m.text())
		return err
	})
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, dberr.ErrCanceled)) {
		return nil // which is how it ends
	}
	return err
}
