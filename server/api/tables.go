package api

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
)

// Table describes a table to clients.
type Table struct {
	Name     string   `json:"name"`
	Schema   string   `json:"schema"`
	Columns  []Column `json:"columns"`
	Indexes  []Index  `json:"indexes"`
	RowCount int64    `json:"row_count"`
	// SizeBytes is an estimate of keys and values of rows and indexes, before compression.
	SizeBytes   int64        `json:"size_bytes"`
	Constraints []Constraint `json:"constraints"`
}

// Column is one column of a Table.
type Column struct {
	Name       string  `json:"name"`
	DataType   string  `json:"data_type"`
	Nullable   bool    `json:"nullable"`
	PrimaryKey bool    `json:"primary_key"`
	Default    *string `json:"default"`             // SQL text
	Identity   *string `json:"identity,omitempty"`  // ALWAYS or BY DEFAULT
	Generated  *string `json:"generated,omitempty"` // SQL text
	Comment    *string `json:"comment,omitempty"`
}

// Index is one index of a Table.
type Index struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Unique  bool     `json:"unique"`
	Primary bool     `json:"primary"`
	Kind    string   `json:"kind"` // btree or hash
}

// Constraint is a constraint of a Table that is not an index.
type Constraint struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Definition string `json:"definition"` // SQL text
}

func (s *Server) bindTables(g *echo.Group) {
	get(g, "/tables", s.listTables)
	get(g, "/tables/:name", s.getTable)
}

// listTables describes every table of a database.
func (s *Server) listTables(c echo.Context) error {
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	tables, err := db.Tables(c.Request().Context(), database)
	if err != nil {
		return err
	}
	if tables == nil {
		tables = []Table{}
	}
	return c.JSON(http.StatusOK, map[string]any{"tables": tables})
}

// getTable describes one table.
func (s *Server) getTable(c echo.Context) error {
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	name, err := pathParam(c, "name")
	if err != nil {
		return err
	}
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	table, err := db.Table(c.Request().Context(), database, name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, table)
}

// databaseParam takes ?database=, the only parameter of these URLs.
func databaseParam(c echo.Context) (string, error) {
	for key := range c.QueryParams() {
		if key != "database" {
			return "", invalid("UNKNOWN_FIELD", "unknown parameter %q in the URL", key).WithField(key).WithHint("known: database")
		}
	}
	return c.QueryParam("database"), nil
}

// pathParam takes a part of the path, which may be percent-encoded.
func pathParam(c echo.Context, name string) (string, error) {
	v := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return v, nil // net/http has decoded it
	}
	v, err := url.PathUnescape(v)
	if err != nil {
		return "", invalid("INVALID_URL", "the path cannot be read").Wrap(err)
	}
	return v, nil
}
