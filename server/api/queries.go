package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
)

func (s *Server) bindQueries(g *echo.Group) {
	get(g, "/queries", s.listQueries)
	g.DELETE("/queries/:id", s.cancelQuery)
}

type runningQuery struct {
	ID        string    `json:"id"`
	SQL       string    `json:"sql"`
	Database  string    `json:"database"`
	Client    string    `json:"client"`
	StartedAt time.Time `json:"started_at"`
	ElapsedMS float64   `json:"elapsed_ms"`
}

// listQueries tells what runs now.
func (s *Server) listQueries(c echo.Context) error {
	list := []runningQuery{}
	for _, st := range s.running.list() {
		list = append(list, runningQuery{ID: st.id, SQL: st.sql, Database: st.database, Client: st.client,
			StartedAt: st.start.UTC(), ElapsedMS: milliseconds(time.Since(st.start))})
	}
	return c.JSON(http.StatusOK, map[string]any{"queries": list})
}

// cancelQuery ends a running request by its X-Request-Id.
func (s *Server) cancelQuery(c echo.Context) error {
	id, err := pathParam(c, "id")
	if err != nil {
		return err
	}
	n := s.running.cancel(id)
	if n == 0 {
		return dberr.New(dberr.ErrNotFound, "QUERY_NOT_FOUND", "no query with id %q is running", id).
			WithHint("GET /api/v1/queries lists those that are; the id is the request's X-Request-Id")
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "id": id, "canceled": n})
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
