package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/jsonin"
)

// What PATCH changes of continuous queries; null is the default. All else of a query
// decides what its windows hold.
var (
	alterFields     = []string{"paused", "delay_ms", "lateness_ms", "idle_ms", "emit", "on_error", "late_channel", "max_windows", "output"}
	alterFillFields = []string{"paused", "delay", "late", "database"}
)

// fixedQueryField refuses a field that a query is made with, and keeps.
func fixedQueryField(field string, may []string) error {
	e := dberr.New(dberr.ErrInvalid, "FIELD_FIXED", "field %q of a continuous query cannot be changed: what its windows hold depends on it", field).WithField(field)
	return e.WithHint("what may change is %s; for another %s make a query by another name, and drop this one", strings.Join(may, ", "), field)
}

// alterContinuous takes {"paused"?,"delay_ms"?,"lateness_ms"?…}; what is left out stays as
// it is.
func (s *Server) alterContinuous(c echo.Context) error {
	name, err := pathParam(c, "query")
	if err != nil {
		return err
	}
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	var in continuous.Change
	err = s.object(of(c), append(slices.Clone(alterFields), continuousFields...), func(sc *jsonin.Scanner, field string) error {
		if !isField(field, alterFields) {
			return fixedQueryField(field, alterFields)
		}
		return alterField(sc, field, &in)
	})
	if err != nil {
		return err
	}
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	if err := db.Continuous().Alter(c.Request().Context(), database, name, in); err != nil {
		return err
	}
	a, err := statusOf(c.Request().Context(), db, database, name)
	if err != nil {
		return err
	}
	return plainJSON(c, http.StatusOK, a)
}

// alterField reads a field of a change as a creation has it.
func alterField(sc *jsonin.Scanner, field string, c *continuous.Change) error {
	var in continuousInput
	q := &in.q
	switch {
	case field == "paused":
		on, err := boolField(sc, field)
		c.Paused = &on
		return err
	case sc.Peek() != jsonin.Null:
		if err := in.field(sc, field); err != nil {
			return err
		}
	case field == "output":
		return jsonin.WantError(field, "an object", jsonin.Null)
	default:
		if err := sc.Null(); err != nil {
			return err
		}
	}
	switch field {
	case "delay_ms":
		c.Delay = &q.Delay
	case "lateness_ms":
		c.Lateness = &q.Lateness
	case "idle_ms":
		c.Idle = &q.Idle
	case "emit":
		c.OnChange = &q.OnChange
	case "on_error":
		c.SkipFaulty = &q.SkipFaulty
	case "late_channel":
		c.LateTo = &q.LateTo
	case "max_windows":
		c.MaxWindows = &q.MaxWindows
	case "output":
		c.Output = &q.Output
	default:
		return fmt.Errorf("no change for the field %q of a continuous query", field)
	}
	return nil
}

// alterFill takes {"paused"?,"delay"?,"late"?}; what is left out stays as it is.
func (s *Server) alterFill(c echo.Context) error {
	name, err := pathParam(c, "name")
	if err != nil {
		return err
	}
	var in continuous.FillChange
	database := ""
	span := func(sc *jsonin.Scanner, field string, to **time.Duration) (err error) {
		*to = new(time.Duration)
		if sc.Peek() == jsonin.Null {
			return sc.Null()
		}
		**to, err = fixedField(sc, field)
		return err
	}
	err = s.bindSeries(c, append(slices.Clone(alterFillFields), fillFields...), &database, func(sc *jsonin.Scanner, field string) error {
		switch field {
		case "paused":
			on, err := boolField(sc, field)
			in.Paused = &on
			return err
		case "delay":
			return span(sc, field, &in.Delay)
		case "late":
			return span(sc, field, &in.Late)
		}
		return fixedQueryField(field, alterFillFields[:3])
	})
	if err != nil {
		return err
	}
	q, err := s.fills(c, database)
	if err != nil {
		return err
	}
	st, err := q.Alter(c.Request().Context(), name, in)
	if err != nil {
		return err
	}
	return plainJSON(c, http.StatusOK, fillAnswer(&st))
}
