package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/standing"
)

// StandingQueries are the continuous queries of a database.
type StandingQueries interface {
	Create(ctx context.Context, d standing.Definition) (standing.Status, error)
	Get(ctx context.Context, name string) (standing.Status, error)
	List(ctx context.Context) ([]standing.Status, error)
	Delete(ctx context.Context, name string) error
	Pause(ctx context.Context, name string) (standing.Status, error)
	Resume(ctx context.Context, name string, start time.Time) (standing.Status, error)
}

// bindStanding binds continuous queries.
func (s *Server) bindStanding(g *echo.Group) {
	get(g, "/timeseries/continuous-queries", s.listStanding)
	g.POST("/timeseries/continuous-queries", s.createStanding)
	get(g, "/timeseries/continuous-queries/:name", s.getStanding)
	g.DELETE("/timeseries/continuous-queries/:name", s.deleteStanding)
	g.POST("/timeseries/continuous-queries/:name/pause", s.pauseStanding)
	g.POST("/timeseries/continuous-queries/:name/resume", s.resumeStanding)
}

// tsStanding describes a continuous query to clients.
type tsStanding struct {
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

func describeStanding(st *standing.Status) tsStanding {
	d := tsStanding{Name: st.Name, Query: st.Query, Target: st.Target, Every: fixedText(st.Every), Delay: fixedText(st.Delay), Late: fixedText(st.Late), Start: st.Start.UTC(), State: "running",
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

func (s *Server) standing(c echo.Context, database string, create bool) (StandingQueries, error) {
	db, err := s.db(of(c))
	if err != nil {
		return nil, err
	}
	return db.StandingQueries(c.Request().Context(), database, create)
}

// namedStanding is the query of the path.
func (s *Server) namedStanding(c echo.Context) (string, StandingQueries, error) {
	name, err := pathParam(c, "name")
	if err != nil {
		return "", nil, err
	}
	database, err := databaseParam(c)
	if err != nil {
		return "", nil, err
	}
	q, err := s.standing(c, database, false)
	return name, q, err
}

func (s *Server) listStanding(c echo.Context) error {
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	q, err := s.standing(c, database, false)
	if err != nil {
		return err
	}
	list, err := q.List(c.Request().Context())
	if err != nil {
		return err
	}
	out := make([]tsStanding, len(list))
	for i := range list {
		out[i] = describeStanding(&list[i])
	}
	return c.JSON(http.StatusOK, map[string]any{"continuous_queries": out})
}

func (s *Server) getStanding(c echo.Context) error {
	name, q, err := s.namedStanding(c)
	if err != nil {
		return err
	}
	st, err := q.Get(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeStanding(&st))
}

var (
	standingFields = []string{"name", "query", "every", "delay", "late", "start", "paused", "database"}
	resumeFields   = []string{"start", "database"}
)

// createStanding takes {"name","query","every","delay"?,"late"?,"start"?,"paused"?}.
func (s *Server) createStanding(c echo.Context) error {
	var d standing.Definition
	database := ""
	err := s.bindSeries(c, standingFields, &database, func(sc *jsonin.Scanner, field string) (err error) {
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
	q, err := s.standing(c, database, false)
	if err != nil {
		return err
	}
	st, err := q.Create(c.Request().Context(), d)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/timeseries/continuous-queries/"+url.PathEscape(st.Name))
	return c.JSON(http.StatusCreated, map[string]any{"success": true, "continuous_query": describeStanding(&st)})
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

func (s *Server) deleteStanding(c echo.Context) error {
	name, q, err := s.namedStanding(c)
	if err != nil {
		return err
	}
	if err := q.Delete(c.Request().Context(), name); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "name": name})
}

func (s *Server) pauseStanding(c echo.Context) error {
	name, q, err := s.namedStanding(c)
	if err != nil {
		return err
	}
	st, err := q.Pause(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "continuous_query": describeStanding(&st)})
}

// resumeStanding takes nothing, or {"start"}.
func (s *Server) resumeStanding(c echo.Context) error {
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
	q, err := s.standing(c, database, false)
	if err != nil {
		return err
	}
	st, err := q.Resume(c.Request().Context(), name, start)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "continuous_query": describeStanding(&st)})
}
