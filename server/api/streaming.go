package api

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/streaming"
)

// bindStreaming binds channels.
func (s *Server) bindStreaming(g *echo.Group) {
	get(g, "/streaming/channels", s.listChannels)
	g.POST("/streaming/channels", s.createChannel)
	get(g, "/streaming/channels/:channel", s.getChannel)
	g.PATCH("/streaming/channels/:channel", s.alterChannel)
	g.DELETE("/streaming/channels/:channel", s.dropChannel)

	g.POST("/streaming/publish", s.publish)
	g.POST("/streaming/channels/:channel/publish", s.publishTo)

	get(g, "/streaming/channels/:channel/history", s.channelHistory)
	get(g, "/streaming/channels/:channel/sse", s.subscribeEvents)
	get(g, "/streaming/channels/:channel/ndjson", s.subscribeLines)
}

// streaming is the channels of a database.
func (s *Server) streaming(c echo.Context, database string, create bool) (*streaming.Store, error) {
	db, err := s.db(of(c))
	if err != nil {
		return nil, err
	}
	if name, err := pathParam(c, "channel"); err == nil && database == "" {
		database = feedDatabase(name)
	}
	return db.Streaming(c.Request().Context(), database, create)
}

// feedDatabase is the database that the name of a channel of changes begins with; empty
// where it is no such name.
func feedDatabase(name string) string {
	if rest, ok := strings.CutPrefix(name, streaming.FeedPrefix); ok {
		database, _, _ := strings.Cut(rest, ".")
		return database
	}
	return ""
}

// namedChannel is the channel of the path, and the database of the URL.
func (s *Server) namedChannel(c echo.Context) (name string, store *streaming.Store, err error) {
	if name, err = pathParam(c, "channel"); err != nil {
		return "", nil, err
	}
	database, err := databaseParam(c)
	if err != nil {
		return "", nil, err
	}
	store, err = s.streaming(c, database, false)
	return name, store, err
}

// channelAnswer describes a channel to clients.
type channelAnswer struct {
	Name        string     `json:"name"`
	MaxAge      *float64   `json:"max_age"` // seconds; null: of any age
	MaxBytes    *int64     `json:"max_bytes"`
	MaxCount    *int64     `json:"max_count"`
	Compact     bool       `json:"compact"`
	Partitions  int        `json:"partitions"`
	FirstOffset uint64     `json:"first_offset"`
	NextOffset  uint64     `json:"next_offset"`
	LastTime    *time.Time `json:"last_time"`
	Subscribers int        `json:"subscribers"`
	CreatedAt   *time.Time `json:"created_at"`
}

func describeChannel(i *streaming.Info) channelAnswer {
	o := &i.Options
	a := channelAnswer{Name: i.Name, Compact: o.Compact, Partitions: o.Partitions, FirstOffset: i.First, NextOffset: i.Next, Subscribers: i.Subscribers}
	if o.MaxAge > 0 {
		age := o.MaxAge.Seconds()
		a.MaxAge = &age
	}
	if o.MaxBytes > 0 {
		a.MaxBytes = &o.MaxBytes
	}
	if o.MaxCount > 0 {
		a.MaxCount = &o.MaxCount
	}
	if !i.LastTime.IsZero() {
		a.LastTime = &i.LastTime
	}
	if !i.Created.IsZero() {
		a.CreatedAt = &i.Created
	}
	return a
}

// listChannels answers with an array of names, or with ?details=true of descriptions; with
// ?feeds=true those of changes are among them.
func (s *Server) listChannels(c echo.Context) error {
	q, err := queryParams(c, []string{"database", "details", "feeds"})
	if err != nil {
		return err
	}
	feeds, err := boolParam(q, "feeds")
	if err != nil {
		return err
	}
	details, err := boolParam(q, "details")
	if err != nil {
		return err
	}
	store, err := s.streaming(c, q.Get("database"), false)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	list, err := store.Channels(ctx)
	if err != nil {
		return err
	}
	names, described := []string{}, []channelAnswer{}
	for i := range list {
		names = append(names, list[i].Name)
	}
	if feeds {
		more, err := store.Feeds(ctx)
		if err != nil {
			return err
		}
		names = append(names, more...)
	}
	for _, name := range names {
		if !details {
			break
		}
		info, err := store.Info(ctx, name)
		if errors.Is(err, dberr.ErrNotFound) {
			continue // it was dropped meanwhile
		}
		if err != nil {
			return err
		}
		described = append(described, describeChannel(&info))
	}
	if details {
		return c.JSON(http.StatusOK, described)
	}
	return c.JSON(http.StatusOK, names)
}

func (s *Server) getChannel(c echo.Context) error {
	name, store, err := s.namedChannel(c)
	if err != nil {
		return err
	}
	info, err := store.Info(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeChannel(&info))
}

// channelInput is the body of POST and PATCH.
type channelInput struct {
	name    string
	lenient bool
	opts    streaming.ChannelOptions
}

var (
	keepFields    = []string{"retention", "max_age", "max_bytes", "max_count"}
	channelFields = append([]string{"name", "id", "compact", "partitions", "if_not_exists"}, keepFields...)
)

// bind reads a body over what in has.
func (in *channelInput) bind(s *Server, x *exchange, fields []string) (err error) {
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readBody(x, buf.b); err != nil {
		return err
	}
	var sc jsonin.Scanner
	sc.Reset(buf.b)
	err = sc.Object(func(name []byte) error {
		if field := string(name); isField(field, fields) {
			return in.field(&sc, field)
		}
		return jsonin.UnknownField(string(name), fields)
	})
	if err == nil {
		err = sc.End()
	}
	return err
}

func (in *channelInput) field(sc *jsonin.Scanner, field string) (err error) {
	if sc.Peek() == jsonin.Null && isField(field, keepFields) { // no bound
		switch field {
		case "retention", "max_age":
			in.opts.MaxAge = 0
		case "max_bytes":
			in.opts.MaxBytes = 0
		case "max_count":
			in.opts.MaxCount = 0
		}
		return sc.Null()
	}
	switch field {
	case "name", "id":
		in.name, err = sc.StrField(field)
	case "compact":
		in.opts.Compact, err = boolField(sc, field)
	case "if_not_exists":
		in.lenient, err = boolField(sc, field)
	case "partitions":
		var n int64
		n, err = sc.IntField(field, 1, streaming.MaxPartitions)
		in.opts.Partitions = int(n)
	case "max_bytes":
		in.opts.MaxBytes, err = sc.IntField(field, 1, math.MaxInt64)
	case "max_count":
		in.opts.MaxCount, err = sc.IntField(field, 1, math.MaxInt64)
	case "max_age", "retention":
		in.opts.MaxAge, err = ageField(sc, field)
	}
	return err
}

func boolField(sc *jsonin.Scanner, field string) (bool, error) {
	if k := sc.Peek(); k != jsonin.Bool && k != jsonin.Invalid {
		return false, jsonin.WantError(field, "a boolean", k)
	}
	return sc.Bool()
}

// ageField takes seconds as a number, or a text such as "7d", "12h" or "90m".
func ageField(sc *jsonin.Scanner, field string) (time.Duration, error) {
	var text string
	switch k := sc.Peek(); k {
	case jsonin.Number:
		raw, _, err := sc.Num()
		if err != nil {
			return 0, err
		}
		text = string(raw) + "s"
	case jsonin.String:
		var err error
		if text, err = sc.Str(); err != nil {
			return 0, err
		}
	default:
		return 0, jsonin.WantError(field, "a number of seconds or a text", k)
	}
	unit := time.Duration(1)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		text, unit = days+"h", 24
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > math.MaxInt64/unit {
		return 0, invalid("INVALID_RETENTION", `field %q must be a number of seconds over 0, or a text such as "7d", "12h" or "90m"`, field).WithField(field)
	}
	return d * unit, nil
}

// createChannel takes {"name" or "id","retention"?…}.
func (s *Server) createChannel(c echo.Context) error {
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	var in channelInput
	if err := in.bind(s, of(c), channelFields); err != nil {
		return err
	}
	if in.name == "" {
		return invalid("MISSING_FIELD", `the body needs the field "name"`).WithField("name")
	}
	store, err := s.streaming(c, database, true)
	if err != nil {
		return err
	}
	ctx, status := c.Request().Context(), http.StatusCreated
	_, err = store.CreateChannel(ctx, in.name, in.opts)
	if in.lenient && errors.Is(err, dberr.ErrExists) {
		status, err = http.StatusOK, nil
	}
	if err != nil {
		return err
	}
	info, err := store.Info(ctx, in.name)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/streaming/channels/"+url.PathEscape(in.name))
	return c.JSON(status, struct {
		Success bool   `json:"success"`
		Channel string `json:"channel"`
		channelAnswer
	}{true, in.name, describeChannel(&info)})
}

// alterChannel takes the bounds of what is kept; null lifts one.
func (s *Server) alterChannel(c echo.Context) error {
	name, store, err := s.namedChannel(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	ch, err := store.Channel(ctx, name)
	if err != nil {
		return err
	}
	in := channelInput{opts: ch.Options}
	if err := in.bind(s, of(c), keepFields); err != nil {
		return err
	}
	if _, err := store.AlterChannel(ctx, name, in.opts); err != nil {
		return err
	}
	info, err := store.Info(ctx, name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeChannel(&info))
}

func (s *Server) dropChannel(c echo.Context) error {
	name, store, err := s.namedChannel(c)
	if err != nil {
		return err
	}
	if err := store.DropChannel(c.Request().Context(), name); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "name": name})
}

// parseStart reads where to begin: ?from= is earliest, latest, an offset or a time,
// ?time= a time.
func parseStart(q url.Values) (streaming.Start, error) {
	from, at := q.Get("from"), q.Get("time")
	switch {
	case from != "" && at != "":
		return streaming.Start{}, invalid("INVALID_FIELD", `the parameters "from" and "time" exclude each other`).WithField("time")
	case at != "":
		t, ok := parseMoment(at)
		if !ok {
			return streaming.Start{}, invalid("INVALID_FIELD", `the parameter "time" must be a time such as 2026-01-31T12:00:00Z, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970, not %q`, shorten(at, 40)).WithField("time")
		}
		return streaming.AtTime(t), nil
	case from == "" || from == "latest":
		return streaming.Latest, nil
	case from == "earliest":
		return streaming.Earliest, nil
	case from == "snapshot":
		return streaming.Snapshot, nil
	}
	if n, err := strconv.ParseUint(from, 10, 63); err == nil {
		return streaming.AtOffset(n), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, from); err == nil {
		return streaming.AtTime(t), nil
	}
	return streaming.Start{}, invalid("INVALID_FIELD", `the parameter "from" must be earliest, latest, snapshot, an offset or a time such as 2026-01-31T12:00:00Z, not %q`, shorten(from, 40)).WithField("from")
}

// parseMoment takes RFC 3339, or a number since 1970 whose magnitude tells its unit.
func parseMoment(text string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil && t.Year() >= 1970 && t.Year() < 2262 {
		return t, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n < 0:
		return time.Time{}, false
	case n < 1e11:
		return time.Unix(n, 0), true
	case n < 1e14:
		return time.UnixMilli(n), true
	case n < 1e17:
		return time.UnixMicro(n), true
	}
	return time.Unix(0, n), true
}
