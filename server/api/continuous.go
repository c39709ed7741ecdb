package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"
)

// queryKind is one of the kinds of continuous queries, which have the same routes.
type queryKind struct {
	list   func(ctx context.Context, b Backend, database string) (any, error)
	create echo.HandlerFunc
	get    echo.HandlerFunc
	drop   func(ctx context.Context, b Backend, database, name string) error
	pause  func(ctx context.Context, b Backend, database, name string) (any, error)
	resume echo.HandlerFunc
	alter  echo.HandlerFunc
}

// bindContinuousKind binds the routes of a kind; param is how the path names a query.
func (s *Server) bindContinuousKind(g *echo.Group, path, param string, k queryKind) {
	one := path + "/:" + param
	get(g, path, func(c echo.Context) error { return s.listContinuous(c, k) })
	g.POST(path, k.create)
	get(g, one, k.get)
	g.PATCH(one, k.alter)
	g.DELETE(one, func(c echo.Context) error {
		return s.withQuery(c, param, func(ctx context.Context, b Backend, database, name string) (any, error) {
			return map[string]any{"success": true, "name": name}, k.drop(ctx, b, database, name)
		})
	})
	g.POST(one+"/pause", func(c echo.Context) error { return s.withQuery(c, param, k.pause) })
	g.POST(one+"/resume", k.resume)
}

func (s *Server) listContinuous(c echo.Context, k queryKind) error {
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	a, err := k.list(c.Request().Context(), db, database)
	if err != nil {
		return err
	}
	return plainJSON(c, http.StatusOK, a)
}

// withQuery answers with what fn says of the query that the path names.
func (s *Server) withQuery(c echo.Context, param string, fn func(ctx context.Context, b Backend, database, name string) (any, error)) error {
	name, err := pathParam(c, param)
	if err != nil {
		return err
	}
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	a, err := fn(c.Request().Context(), db, database, name)
	if err != nil {
		return err
	}
	return plainJSON(c, http.StatusOK, a)
}

// plainJSON answers with JSON whose texts, which are SQL, keep < and > as they are.
func plainJSON(c echo.Context, status int, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return c.JSONBlob(status, b.Bytes())
}
