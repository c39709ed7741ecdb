package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/streaming"
)

// ContinuousQueries are the continuous queries of all databases.
type ContinuousQueries interface {
	Create(ctx context.Context, database string, q continuous.Query, from streaming.Start) (continuous.Query, error)
	Drop(ctx context.Context, database, name string) error
	Alter(ctx context.Context, database, name string, c continuous.Change) error
	SetPaused(ctx context.Context, database, name string, paused bool) error
	Status(ctx context.Context, database, name string) (continuous.Status, error)
	Wait(ctx context.Context, database, name string) (continuous.Status, error)
	List(ctx context.Context, database string) ([]continuous.Status, error)
}

func (s *Server) bindContinuous(g *echo.Group) {
	s.bindContinuousKind(g, "/streaming/queries", "query", s.channelQueries())
}

// channelQueries are the queries over channels, for the routes.
func (s *Server) channelQueries() queryKind {
	paused := func(paused bool) func(context.Context, Backend, string, string) (any, error) {
		return func(ctx context.Context, b Backend, database, name string) (any, error) {
			if err := b.Continuous().SetPaused(ctx, database, name, paused); err != nil {
				return nil, err
			}
			return statusOf(ctx, b, database, name)
		}
	}
	return queryKind{
		list: func(ctx context.Context, b Backend, database string) (any, error) {
			list, err := b.Continuous().List(ctx, database)
			out := []continuousAnswer{}
			for i := range list {
				out = append(out, describeContinuous(&list[i]))
			}
			return map[string]any{"queries": out}, err
		},
		create: s.createContinuous,
		get:    s.getContinuous,
		drop: func(ctx context.Context, b Backend, database, name string) error {
			return b.Continuous().Drop(ctx, database, name)
		},
		pause:  paused(true),
		resume: func(c echo.Context) error { return s.withQuery(c, "query", paused(false)) },
		alter:  s.alterContinuous,
	}
}

// continuousAnswer describes a query and where it is.
type continuousAnswer struct {
	Name       string                     `json:"name"`
	Channel    string                     `json:"channel"`
	Window     windowAnswer               `json:"window"`
	Time       *string                    `json:"time"`
	Where      *string                    `json:"where"`
	Filter     streaming.Filter           `json:"filter"`
	GroupBy    []columnAnswer             `json:"group_by"`
	Aggregates map[string]aggregateAnswer `json:"aggregates"`
	Compute    []columnAnswer             `json:"compute"`
	Having     *string                    `json:"having"`
	DelayMS    int64                      `json:"delay_ms"`
	LatenessMS int64                      `json:"lateness_ms"`
	IdleMS     *int64                     `json:"idle_ms"`
	Emit       string                     `json:"emit"`
	Output     outputAnswer               `json:"output"`
	LateTo     *string                    `json:"late_channel"`
	OnError    string                     `json:"on_error"`
	MaxWindows int                        `json:"max_windows"`
	CreatedAt  time.Time                  `json:"created_at"`

	State       string     `json:"state"`
	NextOffset  uint64     `json:"next_offset"`
	Lag         uint64     `json:"lag"`
	Watermark   *time.Time `json:"watermark"`
	Windows     uint64     `json:"windows"`
	WindowBytes uint64     `json:"window_bytes"`
	Read        uint64     `json:"read"`
	Late        uint64     `json:"late"`
	Skipped     uint64     `json:"skipped"`
	Missed      uint64     `json:"missed"`
	Results     uint64     `json:"results"`
	LastError   *string    `json:"last_error"`
	LastErrorAt *time.Time `json:"last_error_at"`
}

type windowAnswer struct {
	Type    string `json:"type"`
	SizeMS  int64  `json:"size_ms,omitempty"`
	SlideMS int64  `json:"slide_ms,omitempty"`
	GapMS   int64  `json:"gap_ms,omitempty"`
}

type columnAnswer struct {
	Name string `json:"name"`
	SQL  string `json:"sql"`
}

type aggregateAnswer struct {
	Function string `json:"function"`
	SQL      string `json:"sql,omitempty"`
	Hidden   bool   `json:"hidden,omitempty"`
}

type outputAnswer struct {
	Channel string `json:"channel,omitempty"`
	Table   string `json:"table,omitempty"`
	View    string `json:"view,omitempty"`
}

func describeContinuous(st *continuous.Status) continuousAnswer {
	w := &st.Window
	a := continuousAnswer{Name: st.Name, Channel: st.Channel, Filter: st.Filter, GroupBy: []columnAnswer{}, Aggregates: map[string]aggregateAnswer{}, Compute: []columnAnswer{}, Having: notEmpty(st.Having),
		Window: windowAnswer{w.Kind.String(), w.Size.Milliseconds(), w.Slide.Milliseconds(), w.Gap.Milliseconds()}, Time: notEmpty(st.Time), Where: notEmpty(st.Where),
		DelayMS: st.Delay.Milliseconds(), LatenessMS: st.Lateness.Milliseconds(), Emit: "close", LateTo: notEmpty(st.LateTo), OnError: "stop", MaxWindows: st.MaxWindows,
		CreatedAt: st.Created, State: st.State(), NextOffset: st.Next, Lag: st.Lag, Windows: st.Windows, WindowBytes: st.Bytes, Read: st.Read, Late: st.Late,
		Skipped: st.Faulty, Missed: st.Missed, Results: st.Results}
	for _, k := range st.Keys {
		a.GroupBy = append(a.GroupBy, columnAnswer{k.Name, k.SQL})
	}
	for _, g := range st.Aggregates {
		a.Aggregates[g.Name] = aggregateAnswer{g.Function.String(), g.SQL, g.Hidden}
	}
	for _, k := range st.Computed {
		a.Compute = append(a.Compute, columnAnswer{k.Name, k.SQL})
	}
	if st.Idle != 0 {
		ms := st.Idle.Milliseconds()
		a.IdleMS = &ms
	}
	if st.OnChange {
		a.Emit = "change"
	}
	if st.SkipFaulty {
		a.OnError = "skip"
	}
	table := strings.TrimPrefix(st.Output.Schema+"."+st.Output.Table, ".")
	switch {
	case st.Output.View != 0:
		a.Output.View = table
	case st.Output.Table != "":
		a.Output.Table = table
	default:
		a.Output.Channel = st.Output.Channel
	}
	if !st.Watermark.IsZero() {
		a.Watermark = &st.Watermark
	}
	if st.Err != nil {
		text, at := lastFault(st.Err), st.ErrAt.UTC()
		a.LastError, a.LastErrorAt = &text, &at
	}
	return a
}

// lastFault is an error with its hint. What is no error of a request is for the log.
func lastFault(err error) string {
	e := dberr.As(err)
	switch {
	case e == nil:
		return "an internal error, which the log of the server tells"
	case e.Hint != "":
		return err.Error() + " (" + e.Hint + ")"
	}
	return err.Error()
}

func notEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// statusOf describes a query and where it is.
func statusOf(ctx context.Context, b Backend, database, name string) (any, error) {
	st, err := b.Continuous().Status(ctx, database, name)
	return describeContinuous(&st), err
}

// getContinuous says where a query is; with ?wait_ms= once it has taken in what is in its
// channel, or that time is over.
func (s *Server) getContinuous(c echo.Context) error {
	q, err := queryParams(c, []string{"database", "wait_ms"})
	if err != nil {
		return err
	}
	wait, err := waitParam(q)
	if err != nil {
		return err
	}
	name, err := pathParam(c, "query")
	if err != nil {
		return err
	}
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	if wait == 0 {
		a, err := statusOf(c.Request().Context(), db, q.Get("database"), name)
		if err != nil {
			return err
		}
		return plainJSON(c, http.StatusOK, a)
	}
	ctx, end := s.streamContext(c.Request().Context())
	defer end(nil)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	st, err := db.Continuous().Wait(ctx, q.Get("database"), name)
	if err != nil {
		return err
	}
	return plainJSON(c, http.StatusOK, describeContinuous(&st))
}

// maxWait is the longest wait of a request.
const maxWait = time.Minute

func waitParam(q url.Values) (time.Duration, error) {
	v := q.Get("wait_ms")
	if v == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || time.Duration(n)*time.Millisecond > maxWait {
		return 0, invalid("INVALID_FIELD", `the parameter "wait_ms" must be a number of milliseconds from 0 to %d, not %q`, maxWait.Milliseconds(), shorten(v, 40)).WithField("wait_ms")
	}
	return time.Duration(n) * time.Millisecond, nil
}
