package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/server/jsonin"
)

// Fills are the continuous queries of a database that fill metrics.
type Fills interface {
	Create(ctx context.Context, d continuous.Fill) (continuous.FillStatus, error)
	Get(ctx context.Context, name string) (continuous.FillStatus, error)
	List(ctx context.Context) ([]continuous.FillStatus, error)
	Delete(ctx context.Context, name string) error
	Pause(ctx context.Context, name string) (continuous.FillStatus, error)
	Alter(ctx context.Context, name string, c continuous.FillChange) (continuous.FillStatus, error)
	Resume(ctx context.Context, name string, start time.Time) (continuous.FillStatus, error)
}

// bindFills binds continuous queries that fill metrics.
func (s *Server) bindFills(g *echo.Group) {
	s.bindContinuousKind(g, "/timeseries/continuous-queries", "name", s.fillQueries())
}

// fillQueries are such queries, for the routes.
func (s *Server) fillQueries() queryKind {
	return queryKind{
		list: func(ctx context.Context, b Backend, database string) (any, error) {
			f, err := b.Fills(ctx, database)
			if err != nil {
				return nil, err
			}
			list, err := f.List(ctx)
			out := make([]tsFill, len(list))
			for i := range list {
				out[i] = describeFill(&list[i])
			}
			return map[string]any{"continuous_queries": out}, err
		},
		create: s.createFill,
		get: func(c echo.Context) error {
			return s.withQuery(c, "name", func(ctx context.Context, b Backend, database, name string) (any, error) {
				f, err := b.Fills(ctx, database)
				if err != nil {
					return nil, err
				}
				st, err := f.Get(ctx, name)
				return describeFill(&st), err
			})
		},
		drop: func(ctx context.Context, b Backend, database, name string) error {
			f, err := b.Fills(ctx, database)
			if err != nil {
				return err
			}
			return f.Delete(ctx, name)
		},
		pause: func(ctx context.Context, b Backend, database, name string) (any, error) {
			f, err := b.Fills(ctx, database)
			if err != nil {
				return nil, err
			}
			st, err := f.Pause(ctx, name)
			return fillAnswer(&st), err
		},
		resume: s.resumeFill,
		alter:  s.alterFill,
	}
}

func fillAnswer(st *continuous.FillStatus) any {
	return map[string]any{"success": true, "continuous_query": describeFill(st)}
}

// tsFill describes a continuous query to clients.
type tsFill struct {
	Name      string     `json:"name"`
	Query     string     `json:"query"`
	Target    string     `json:"target"`
	Every     string     `json:"every"`
	Delay     string     `json:"delay"`
	Late      string     `json:"late"`
	Start     time.Time  `json:"start"`
	State     string     `json:"state"`
	CreatedAt time.Time  `json:"created_at"`
	Next      time.Time  `json:"next_window"`
	NextRun   *time.Time `json:"next_run"`
	Runs      uint64     `json:"runs"`
	Reruns    uint64     `json:"reruns"`
	Failures  uint64     `json:"failures"`
	TooLate   uint64     `json:"too_late"`
	Points    uint64     `json:"points"`
	Last      []tsRun    `json:"last_runs"`
}

// tsRun describes a run.
type tsRun struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	At       time.Time `json:"at"`
	Duration float64   `json:"duration_ms"`
	Points   int       `json:"points"`
	Rerun    bool      `json:"rerun"`
	Error    *string   `json:"error"`
}

func describeFill(st *continuous.FillStatus) tsFill {
	d := tsFill{Name: st.Name, Query: st.Query, Target: st.Target, Every: fixedText(st.Every), Delay: fixedText(st.Delay), Late: fixedText(st.Late), Start: st.Start.UTC(), State: "running",
		CreatedAt: st.Created.UTC(), Next: st.Next.UTC(), NextRun: timeOrNull(st.NextRun.UTC()), Runs: st.Runs, Reruns: st.Again, Failures: st.Failed, TooLate: st.TooLate, Points: st.Points, Last: []tsRun{}}
	for _, r := range st.Last {
		x := tsRun{From: r.From.UTC(), To: r.To.UTC(), At: r.At.UTC(), Duration: milliseconds(r.Took), Points: r.Points, Rerun: r.Again}
		if r.Error != "" {
			x.Error = &r.Error
		}
		d.Last = append(d.Last, x)
	}
	switch {
	case st.Paused:
		d.State = "paused"
	case len(st.Last) > 0 && st.Last[0].Error != "":
		d.State = "failing"
	}
	return d
}

// fixedText is a span as it is written in a body; none is 0s.
func fixedText(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	return spanText(d)
}

func (s *Server) fills(c echo.Context, database string) (Fills, error) {
	db, err := s.db(of(c))
	if err != nil {
		return nil, err
	}
	return db.Fills(c.Request().Context(), database)
}

var (
	fillFields   = []string{"name", "query", "every", "delay", "late", "start", "paused", "database"}
	resumeFields = []string{"start", "database"}
)

// createFill takes {"name","query","every","delay"?,"late"?,"start"?,"paused"?}.
func (s *Server) createFill(c echo.Context) error {
	var d continuous.Fill
	database := ""
	err := s.bindSeries(c, fillFields, &database, func(sc *jsonin.Scanner, field string) (err error) {
		switch field {
		case "name":
			d.Name, err = sc.StrField(field)
		case "query":
			d.Query, err = sc.StrField(field)
		case "every":
			d.Every, err = fixedField(sc, field)
		case "delay":
			d.Delay, err = fixedField(sc, field)
		case "late":
			d.Late, err = fixedField(sc, field)
		case "start":
			d.Start, err = momentField(sc, field)
		case "paused":
			d.Paused, err = sc.Bool()
		}
		return err
	})
	if err != nil {
		return err
	}
	if d.Every == 0 {
		return invalid("MISSING_FIELD", `the body needs the field "every", the length of the windows, such as "5m"`).WithField("every")
	}
	q, err := s.fills(c, database)
	if err != nil {
		return err
	}
	st, err := q.Create(c.Request().Context(), d)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/timeseries/continuous-queries/"+url.PathEscape(st.Name))
	return plainJSON(c, http.StatusCreated, fillAnswer(&st))
}

// fixedField takes a span of a fixed length; "0s" is none.
func fixedField(sc *jsonin.Scanner, field string) (time.Duration, error) {
	text, err := sc.StrField(field)
	if err != nil || text == "0s" {
		return 0, err
	}
	return parseSpan(field, text)
}

// momentField takes a time as queries do: RFC 3339, or a number since 1970.
func momentField(sc *jsonin.Scanner, field string) (t time.Time, err error) {
	text, err := rawTime(sc, field)
	if err != nil || text == "" {
		return t, err
	}
	ns, err := parseTime(field, text, 0)
	return time.Unix(0, ns).UTC(), err
}

// resumeFill takes nothing, or {"start"}.
func (s *Server) resumeFill(c echo.Context) error {
	name, err := pathParam(c, "name")
	if err != nil {
		return err
	}
	var start time.Time
	database := ""
	if c.Request().ContentLength == 0 {
		database, err = databaseParam(c)
	} else {
		err = s.bindSeries(c, resumeFields, &database, func(sc *jsonin.Scanner, field string) (err error) {
			start, err = momentField(sc, field)
			return err
		})
	}
	if err != nil {
		return err
	}
	q, err := s.fills(c, database)
	if err != nil {
		return err
	}
	st, err := q.Resume(c.Request().Context(), name, start)
	if err != nil {
		return err
	}
	return plainJSON(c, http.StatusOK, fillAnswer(&st))
}
