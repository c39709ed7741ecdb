package api

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/jsonin"
)

// Database describes a database to clients.
type Database struct {
	Name       string `json:"name"`
	TableCount int64  `json:"table_count"`
	// CreatedAt is nil for the default database, which always was there.
	CreatedAt *time.Time `json:"created_at"`
}

func (s *Server) bindDatabases(g *echo.Group) {
	get(g, "/databases", s.listDatabases)
	g.POST("/databases", s.createDatabase)
	get(g, "/databases/:name", s.getDatabase)
	g.DELETE("/databases/:name", s.dropDatabase)
}

func (s *Server) listDatabases(c echo.Context) error {
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	list, err := db.Databases(c.Request().Context())
	if err != nil {
		return err
	}
	if list == nil {
		list = []Database{}
	}
	return c.JSON(http.StatusOK, map[string]any{"databases": list})
}

func (s *Server) getDatabase(c echo.Context) error {
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	name, err := pathParam(c, "name")
	if err != nil {
		return err
	}
	list, err := db.Databases(c.Request().Context())
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.Name == name {
			return c.JSON(http.StatusOK, d)
		}
	}
	return dberr.SQL(dberr.StateInvalidCatalogName, "database %q does not exist", name)
}

// createDatabase takes {"name","if_not_exists"?}.
func (s *Server) createDatabase(c echo.Context) error {
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	name, lenient, err := s.bindDatabase(of(c))
	if err != nil {
		return err
	}
	err = db.CreateDatabase(c.Request().Context(), name)
	created := err == nil
	if lenient && errors.Is(err, dberr.ErrExists) {
		err = nil
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/databases/"+url.PathEscape(name))
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return c.JSON(status, map[string]any{"success": true, "name": name, "created": created})
}

func (s *Server) bindDatabase(x *exchange) (name string, lenient bool, err error) {
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readBody(x, buf.b); err != nil {
		return "", false, err
	}
	var in jsonin.Scanner
	in.Reset(buf.b)
	err = in.Object(func(field []byte) (err error) {
		switch string(field) {
		case "name":
			name, err = in.StrField("name")
		case "if_not_exists":
			lenient, err = in.Bool()
		default:
			err = jsonin.UnknownField(string(field), []string{"name", "if_not_exists"})
		}
		return err
	})
	if err == nil {
		err = in.End()
	}
	if err == nil && name == "" {
		err = invalid("MISSING_FIELD", `the body needs the field "name"`).WithField("name")
	}
	return name, lenient, err
}

func (s *Server) dropDatabase(c echo.Context) error {
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	name, err := pathParam(c, "name")
	if err != nil {
		return err
	}
	if err := db.DropDatabase(c.Request().Context(), name); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "name": name})
}
