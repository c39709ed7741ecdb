package api

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/streaming"
)

// bindGroups binds consumer groups of channels.
func (s *Server) bindGroups(g *echo.Group) {
	get(g, "/streaming/channels/:channel/groups", s.listGroups)
	g.POST("/streaming/channels/:channel/groups", s.createGroup)
	get(g, "/streaming/channels/:channel/groups/:group", s.getGroup)
	g.DELETE("/streaming/channels/:channel/groups/:group", s.dropGroup)
	g.POST("/streaming/channels/:channel/groups/:group/pull", s.pullGroup)
	g.POST("/streaming/channels/:channel/groups/:group/ack", s.ackGroup)
	g.POST("/streaming/channels/:channel/groups/:group/nack", s.nackGroup)
	g.POST("/streaming/channels/:channel/groups/:group/extend", s.extendGroup)
	g.POST("/streaming/channels/:channel/groups/:group/leave", s.leaveGroup)
}

// maxPullWait bounds wait_ms.
const maxPullWait = 5 * time.Minute

// groupAnswer describes a group to clients.
type groupAnswer struct {
	Name        string         `json:"name"`
	Channel     string         `json:"channel"`
	AckWaitMS   int64          `json:"ack_wait_ms"`
	MaxDeliver  int            `json:"max_deliver"` // -1: no limit
	MaxInFlight int            `json:"max_in_flight"`
	DeadLetter  *string        `json:"dead_letter"`
	Ack         string         `json:"ack"`
	NextOffset  uint64         `json:"next_offset"`
	Lag         uint64         `json:"lag"`
	InFlight    int            `json:"in_flight"`
	Due         int            `json:"due"`
	Members     map[string]int `json:"members"`
	CreatedAt   *time.Time     `json:"created_at"`

	Filter          streaming.Filter `json:"filter"`
	Order           *string          `json:"order"`
	MemberTimeoutMS *int64           `json:"member_timeout_ms"`
	Partitions      map[string][]int `json:"partitions,omitempty"` // of the members, in order of keys
	LagMS           int64            `json:"lag_ms"`
	OldestInFlight  *uint64          `json:"oldest_in_flight"`
	DeadLetters     uint64           `json:"dead_letters"`
	GivenUp         uint64           `json:"given_up"`
}

func describeGroup(channel string, i *streaming.GroupInfo, now time.Time) groupAnswer {
	o := &i.Options
	a := groupAnswer{Name: i.Name, Channel: channel, AckWaitMS: o.AckWait.Milliseconds(), MaxDeliver: o.MaxDeliver, MaxInFlight: o.MaxInFlight, Ack: "explicit",
		NextOffset: i.Next, Lag: i.Lag, InFlight: i.InFlight, Due: i.Due, Members: i.Members}
	a.Filter, a.Partitions, a.DeadLetters, a.GivenUp = o.Filter, i.Shares, i.Buried, i.GivenUp
	if o.NoAck {
		a.Ack = "none"
	}
	if o.Ordered {
		order, ms := "key", o.MemberTimeout.Milliseconds()
		a.Order, a.MemberTimeoutMS = &order, &ms
	}
	if !i.Waiting.IsZero() {
		a.LagMS = max(now.Sub(i.Waiting).Milliseconds(), 0)
	}
	if i.Oldest != 0 {
		a.OldestInFlight = &i.Oldest
	}
	if o.DeadLetter != "" {
		a.DeadLetter = &o.DeadLetter
	}
	if !i.Created.IsZero() {
		a.CreatedAt = &i.Created
	}
	return a
}

func (s *Server) listGroups(c echo.Context) error {
	channel, store, err := s.namedChannel(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	names, err := store.Groups(ctx, channel)
	if err != nil {
		return err
	}
	list := []groupAnswer{}
	for _, name := range names {
		i, err := store.Group(ctx, channel, name)
		if errors.Is(err, dberr.ErrNotFound) {
			continue // it was dropped meanwhile
		}
		if err != nil {
			return err
		}
		list = append(list, describeGroup(channel, &i, store.Now()))
	}
	return c.JSON(http.StatusOK, map[string]any{"groups": list})
}

// groupInput is the body of POST …/groups.
type groupInput struct {
	name    string
	lenient bool
	start   streaming.Start
	opts    streaming.GroupOptions
}

var groupFields = append([]string{"name", "start", "ack_wait_ms", "max_deliver", "max_in_flight", "dead_letter", "ack", "order", "member_timeout_ms", "if_not_exists"}, filterFields...)

// object reads a body of known fields.
func (s *Server) object(x *exchange, fields []string, field func(sc *jsonin.Scanner, field string) error) error {
	buf := getBuffer()
	defer putBuffer(buf)
	var err error
	if buf.b, err = s.readBody(x, buf.b); err != nil {
		return err
	}
	var sc jsonin.Scanner
	sc.Reset(buf.b)
	err = sc.Object(func(name []byte) error {
		if f := string(name); isField(f, fields) {
			return field(&sc, f)
		}
		return jsonin.UnknownField(string(name), fields)
	})
	if err == nil {
		err = sc.End()
	}
	return err
}

func (in *groupInput) field(sc *jsonin.Scanner, field string) (err error) {
	var n int64
	switch field {
	case "name":
		in.name, err = sc.StrField(field)
	case "start":
		in.start, err = startField(sc)
	case "ack_wait_ms":
		n, err = sc.IntField(field, 1, streaming.MaxAckWait.Milliseconds())
		in.opts.AckWait = time.Duration(n) * time.Millisecond
	case "max_deliver":
		if n, err = sc.IntField(field, -1, 1<<31-1); n == 0 && err == nil {
			err = invalid("INVALID_FIELD", `field "max_deliver" must be a number from 1, or -1 for no limit`).WithField(field)
		}
		in.opts.MaxDeliver = int(n)
	case "max_in_flight":
		n, err = sc.IntField(field, 1, streaming.MaxInFlight)
		in.opts.MaxInFlight = int(n)
	case "dead_letter":
		in.opts.DeadLetter, err = optionalString(sc, field)
	case "if_not_exists":
		in.lenient, err = boolField(sc, field)
	case "ack":
		var v string
		if v, err = sc.StrField(field); err == nil && v != "explicit" && v != "none" {
			err = invalid("INVALID_FIELD", `field "ack" must be "explicit" or "none", not %q`, shorten(v, 40)).WithField(field)
		}
		in.opts.NoAck = v == "none"
	case "order":
		var v string
		if v, err = sc.StrField(field); err == nil && v != "key" {
			err = invalid("INVALID_FIELD", `field "order" must be "key", not %q`, shorten(v, 40)).WithField(field)
		}
		in.opts.Ordered = true
	case "member_timeout_ms":
		n, err = sc.IntField(field, 1, streaming.MaxAckWait.Milliseconds())
		in.opts.MemberTimeout = time.Duration(n) * time.Millisecond
	default:
		err = filterField(sc, field, &in.opts.Filter)
	}
	return err
}

// startField takes "earliest", "latest", {"offset":n} or {"time":"…"}.
func startField(sc *jsonin.Scanner) (st streaming.Start, err error) {
	if sc.Peek() != jsonin.Object {
		v, err := sc.StrField("start")
		if err != nil {
			return st, err
		}
		switch v {
		case "earliest":
			return streaming.Earliest, nil
		case "latest":
			return streaming.Latest, nil
		}
		return st, invalid("INVALID_FIELD", `field "start" must be "earliest", "latest", {"offset":n} or {"time":"…"}, not %q`, shorten(v, 40)).WithField("start")
	}
	found := false
	err = sc.Object(func(name []byte) error {
		if found {
			return invalid("INVALID_FIELD", `field "start" must be an offset or a time, not both`).WithField("start")
		}
		found = true
		switch field := string(name); field {
		case "offset":
			n, err := sc.IntField("start.offset", 1, 1<<62)
			st = streaming.AtOffset(uint64(n))
			return err
		case "time":
			raw, err := sc.Raw()
			if err != nil {
				return err
			}
			text := string(raw)
			if len(text) > 1 && text[0] == '"' {
				text = text[1 : len(text)-1]
			}
			at, ok := parseMoment(text)
			if !ok {
				return invalid("INVALID_FIELD", `field "start.time" must be a time such as "2026-01-31T12:00:00Z" or a number since 1970`).WithField("start.time")
			}
			st = streaming.AtTime(at)
			return nil
		default:
			return jsonin.UnknownField(field, []string{"offset", "time"})
		}
	})
	if err == nil && !found {
		err = invalid("MISSING_FIELD", `field "start" needs "offset" or "time"`).WithField("start")
	}
	return st, err
}

// createGroup takes {"name","start"?…}.
func (s *Server) createGroup(c echo.Context) error {
	channel, store, err := s.namedChannel(c)
	if err != nil {
		return err
	}
	var in groupInput
	if err := s.object(of(c), groupFields, in.field); err != nil {
		return err
	}
	ctx, status := c.Request().Context(), http.StatusCreated
	_, err = store.CreateGroup(ctx, channel, in.name, in.start, in.opts)
	if in.lenient && errors.Is(err, dberr.ErrExists) {
		status, err = http.StatusOK, nil
	}
	if err != nil {
		return err
	}
	i, err := store.Group(ctx, channel, in.name)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/streaming/channels/"+url.PathEscape(channel)+"/groups/"+url.PathEscape(in.name))
	return c.JSON(status, describeGroup(channel, &i, store.Now()))
}

// namedGroup is the group of the path.
func (s *Server) namedGroup(c echo.Context) (channel, group string, store *streaming.Store, err error) {
	if group, err = pathParam(c, "group"); err != nil {
		return "", "", nil, err
	}
	channel, store, err = s.namedChannel(c)
	return channel, group, store, err
}

func (s *Server) getGroup(c echo.Context) error {
	channel, group, store, err := s.namedGroup(c)
	if err != nil {
		return err
	}
	i, err := store.Group(c.Request().Context(), channel, group)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeGroup(channel, &i, store.Now()))
}

func (s *Server) dropGroup(c echo.Context) error {
	channel, group, store, err := s.namedGroup(c)
	if err != nil {
		return err
	}
	if err := store.DropGroup(c.Request().Context(), channel, group); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "name": group})
}

// pullGroup takes {"max"?,"wait_ms"?,"member"?}.
func (s *Server) pullGroup(c echo.Context) error {
	channel, group, store, err := s.namedGroup(c)
	if err != nil {
		return err
	}
	x := of(c)
	var o streaming.PullOptions
	if err := s.object(x, []string{"max", "wait_ms", "member"}, func(sc *jsonin.Scanner, field string) (err error) {
		var n int64
		switch field {
		case "max":
			n, err = sc.IntField(field, 1, streaming.MaxInFlight)
			o.Max = int(n)
		case "wait_ms":
			n, err = sc.IntField(field, 0, maxPullWait.Milliseconds())
			o.Wait = time.Duration(n) * time.Millisecond
		case "member":
			o.Member, err = sc.StrField(field)
		}
		return err
	}); err != nil {
		return err
	}
	ctx, cancel := x.Request().Context(), func(error) {}
	if o.Wait > 0 && x.tx == nil {
		leave, err := s.subscribed() // it waits more than it works
		if err != nil {
			return err
		}
		defer leave()
		ctx, cancel = s.streamContext(ctx)
	}
	defer cancel(nil)
	list, err := store.Pull(ctx, channel, group, o)
	if err != nil {
		return err
	}
	buf := getBuffer()
	defer putBuffer(buf)
	buf.b = append(appendHanded(append(buf.b, `{"messages":`...), list), "}\n"...)
	return writeJSON(x, buf.b)
}

// appendHanded appends messages with their deliveries.
func appendHanded(dst []byte, list []streaming.Handed) []byte {
	dst = append(dst, '[')
	for i := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"ack_id":`...)
		if list[i].AckID == "" {
			dst = append(dst, "null"...)
		} else {
			dst = sqltype.AppendJSONString(dst, list[i].AckID)
		}
		dst = append(strconv.AppendInt(append(dst, `,"delivery":`...), int64(list[i].Delivery), 10), ',')
		at := len(dst)
		dst = appendMessage(dst, list[i].Message)
		dst = append(dst[:at], dst[at+1:]...) // its opening brace
	}
	return append(dst, ']')
}

// settle reads {"ack_ids","delay_ms"?} and does it.
func (s *Server) settle(c echo.Context, fields []string, do func(store *streaming.Store, channel, group string, delay time.Duration, ids []string) ([]string, error)) error {
	channel, group, store, err := s.namedGroup(c)
	if err != nil {
		return err
	}
	var ids []string
	var delay time.Duration
	if err := s.object(of(c), fields, func(sc *jsonin.Scanner, field string) error {
		if field == "delay_ms" {
			n, err := sc.IntField(field, 0, streaming.MaxAckWait.Milliseconds())
			delay = time.Duration(n) * time.Millisecond
			return err
		}
		if k := sc.Peek(); k != jsonin.Array && k != jsonin.Invalid {
			return jsonin.WantError(field, "an array", k)
		}
		ids, err = textsField(sc, field)
		return err
	}); err != nil {
		return err
	}
	if ids == nil {
		return invalid("MISSING_FIELD", `the body needs the field "ack_ids"`).WithField("ack_ids")
	}
	stale, err := do(store, channel, group, delay, ids)
	if err != nil {
		return err
	}
	if stale == nil {
		stale = []string{}
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "done": len(ids) - len(stale), "stale": stale})
}

func (s *Server) ackGroup(c echo.Context) error {
	return s.settle(c, []string{"ack_ids"}, func(store *streaming.Store, channel, group string, _ time.Duration, ids []string) ([]string, error) {
		return store.Ack(c.Request().Context(), channel, group, ids...)
	})
}

func (s *Server) nackGroup(c echo.Context) error {
	return s.settle(c, []string{"ack_ids", "delay_ms"}, func(store *streaming.Store, channel, group string, delay time.Duration, ids []string) ([]string, error) {
		return store.Nack(c.Request().Context(), channel, group, delay, ids...)
	})
}

func (s *Server) extendGroup(c echo.Context) error {
	return s.settle(c, []string{"ack_ids", "delay_ms"}, func(store *streaming.Store, channel, group string, delay time.Duration, ids []string) ([]string, error) {
		return store.Extend(c.Request().Context(), channel, group, delay, ids...)
	})
}

// leaveGroup takes {"member"}.
func (s *Server) leaveGroup(c echo.Context) error {
	channel, group, store, err := s.namedGroup(c)
	if err != nil {
		return err
	}
	var member string
	if err := s.object(of(c), []string{"member"}, func(sc *jsonin.Scanner, field string) (err error) {
		member, err = sc.StrField(field)
		return err
	}); err != nil {
		return err
	}
	if member == "" {
		return invalid("MISSING_FIELD", `the body needs the field "member"`).WithField("member")
	}
	if err := store.Leave(c.Request().Context(), channel, group, member); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "member": member})
}
