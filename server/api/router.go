package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// routes is the table of contents. openapi.yaml describes the same list.
func (s *Server) routes() {
	e := s.echo
	e.Use(s.pipeline)

	s.bindHealth(e)
	s.bindVersion(e)
	s.bindMetrics(e)
	s.bindDocs(e)
	s.bindLines(e)
	s.bindPrometheus(e)
	s.bindOTLP(e)

	v1 := e.Group("/api/v1")
	s.bindQuery(v1)
	s.bindQueryBuilder(v1)
	s.bindQueries(v1)
	s.bindPrepared(v1)
	s.bindTransactions(v1)
	s.bindCursors(v1)
	s.bindBatch(v1)
	s.bindImport(v1)
	s.bindTables(v1)
	s.bindDatabases(v1)
	s.bindKV(v1)
	s.bindBackups(v1)
	s.bindStorage(v1)
	s.bindDocuments(v1)
	s.bindText(v1)
	s.bindStreaming(v1)
	s.bindGroups(v1)
	s.bindSockets(v1)
	s.bindWebhooks(v1)
	s.bindContinuous(v1)
	s.bindLive(v1)
	s.bindTimeSeries(v1)
}

// get binds a handler to GET and HEAD.
func get(g interface {
	Match(methods []string, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) []*echo.Route
}, path string, h echo.HandlerFunc) {
	g.Match([]string{http.MethodGet, http.MethodHead}, path, h)
}
