package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/timeseries"
	"github.com/weftdb/weft/timeseries/block"
)

// bindTimeSeries binds the time-series model.
func (s *Server) bindTimeSeries(g *echo.Group) {
	g.POST("/timeseries/write", s.writePoints)
	g.POST("/timeseries/query", s.queryPoints)
	get(g, "/timeseries/query", s.getPoints)
	g.POST("/timeseries/delete", s.deletePoints)

	get(g, "/timeseries/metrics", s.listMetrics)
	g.POST("/timeseries/metrics", s.registerMetric)
	get(g, "/timeseries/metrics/:name", s.getMetric)
	g.DELETE("/timeseries/metrics/:name", s.dropMetric)
	get(g, "/timeseries/metrics/:name/tags/:tag", s.listTagValues)

	get(g, "/timeseries/retention", s.listPolicies)
	get(g, "/timeseries/retention/:name", s.getPolicy)
	g.PUT("/timeseries/retention/:name", s.putPolicy)
	g.DELETE("/timeseries/retention/:name", s.removePolicy)
	g.POST("/admin/compress", s.compressPoints)
	s.bindFills(g)
}

// timeSeries is the model of a database.
func (s *Server) timeSeries(c echo.Context, database string, create bool) (*timeseries.Store, error) {
	db, err := s.db(of(c))
	if err != nil {
		return nil, err
	}
	return db.TimeSeries(c.Request().Context(), database, create)
}

// tsMetric describes a metric to clients.
type tsMetric struct {
	Name        string    `json:"name"`
	Type        string    `json:"metric_type"`
	Description string    `json:"description"`
	Unit        string    `json:"unit"`
	Duplicates  string    `json:"duplicates"`
	Fields      []tsField `json:"fields"`
	CreatedAt   time.Time `json:"created_at"`
}

type tsField struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func describeMetric(m *timeseries.Metric) tsMetric {
	d := tsMetric{Name: m.Name, Type: m.Type.String(), Description: m.Description, Unit: m.Unit, Duplicates: m.Duplicates.String(), Fields: []tsField{}, CreatedAt: m.Created}
	for _, f := range m.Fields {
		d.Fields = append(d.Fields, tsField{f.Name, f.Kind.String()})
	}
	return d
}

func (s *Server) listMetrics(c echo.Context) error {
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	store, err := s.timeSeries(c, database, false)
	if err != nil {
		return err
	}
	list, err := store.Metrics(c.Request().Context())
	if err != nil {
		return err
	}
	out := make([]tsMetric, len(list))
	for i, m := range list {
		out[i] = describeMetric(m)
	}
	return c.JSON(http.StatusOK, out)
}

// metricFields are the fields of the body that registers a metric.
var metricFields = []string{"name", "metric_type", "description", "unit", "duplicates", "fields", "if_not_exists", "database"}

// registerMetric takes {"name","metric_type"?,"description"?,"unit"?,"duplicates"?,"fields"?}.
func (s *Server) registerMetric(c echo.Context) error {
	var m timeseries.Metric
	lenient, database := false, ""
	err := s.bindSeries(c, metricFields, &database, func(sc *jsonin.Scanner, name string) (err error) {
		switch name {
		case "name":
			m.Name, err = sc.StrField(name)
		case "metric_type":
			var n int
			n, err = oneOf(sc, name, timeseries.TypeNames)
			m.Type = timeseries.Type(n)
		case "duplicates":
			var n int
			n, err = oneOf(sc, name, timeseries.PolicyNames)
			m.Duplicates = timeseries.Policy(n)
		case "description":
			m.Description, err = optionalString(sc, name)
		case "unit":
			m.Unit, err = optionalString(sc, name)
		case "if_not_exists":
			lenient, err = sc.Bool()
		case "fields":
			err = sc.Object(func(field []byte) error {
				n, err := oneOf(sc, string(field), kindNames)
				m.Fields = append(m.Fields, timeseries.FieldInfo{Name: string(field), Kind: block.Kind(n + 1)})
				return err
			})
		}
		return err
	})
	if err != nil {
		return err
	}
	if m.Name == "" {
		return invalid("MISSING_FIELD", `the body needs the field "name"`).WithField("name")
	}
	store, err := s.timeSeries(c, database, true)
	if err != nil {
		return err
	}
	status, ctx := http.StatusCreated, c.Request().Context()
	made, err := store.Register(ctx, m)
	if lenient && errors.Is(err, dberr.ErrExists) {
		status = http.StatusOK
		made, err = store.Metric(ctx, m.Name)
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/timeseries/metrics/"+url.PathEscape(m.Name))
	return c.JSON(status, map[string]any{"success": true, "metric": describeMetric(made)})
}

// kindNames are the types of fields, in the order of block.Kind.
var kindNames = []string{"float", "int", "bool", "string"}

// oneOf takes a string that is one of the names, in any case, and returns which.
func oneOf(sc *jsonin.Scanner, field string, names []string) (int, error) {
	v, err := sc.StrField(field)
	if err != nil {
		return 0, err
	}
	i := slices.Index(names, lower(v))
	if i < 0 {
		return 0, invalid("INVALID_FIELD", "field %q must be one of %s, not %q", field, quoted(names), shorten(v, 40)).WithField(field)
	}
	return i, nil
}

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// bindSeries reads a body that is an object of known fields; "database" stands in it or
// in the URL.
func (s *Server) bindSeries(c echo.Context, fields []string, database *string, field func(sc *jsonin.Scanner, name string) error) error {
	return s.bindSeriesWith(c, []string{"database"}, fields, database, field)
}

// bindSeriesWith is bindSeries where the URL has more parameters than the database.
func (s *Server) bindSeriesWith(c echo.Context, params, fields []string, database *string, field func(sc *jsonin.Scanner, name string) error) error {
	q, err := queryParams(c, params)
	if err != nil {
		return err
	}
	*database = q.Get("database")
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readBody(of(c), buf.b); err != nil {
		return err
	}
	var sc jsonin.Scanner
	sc.Reset(buf.b)
	if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
		return invalid("INVALID_JSON", "the body must be a JSON object, not %s", k)
	}
	err = sc.Object(func(name []byte) (err error) {
		n := string(name)
		switch {
		case n == "database":
			*database, err = optionalString(&sc, n)
			return err
		case slices.Contains(fields, n):
			return field(&sc, n)
		}
		return jsonin.UnknownField(n, fields)
	})
	if err != nil {
		return err
	}
	return sc.End()
}

// namedMetric is the metric of the path.
func (s *Server) namedMetric(c echo.Context) (string, *timeseries.Store, error) {
	name, err := pathParam(c, "name")
	if err != nil {
		return "", nil, err
	}
	database, err := databaseParam(c)
	if err != nil {
		return "", nil, err
	}
	store, err := s.timeSeries(c, database, false)
	return name, store, err
}

type tsCardinality struct {
	tsMetric
	Series int     `json:"series"`
	Tags   []tsTag `json:"tags"`
}

type tsTag struct {
	Name   string `json:"name"`
	Values int    `json:"values"`
	Series int    `json:"series"`
}

func (s *Server) getMetric(c echo.Context) error {
	name, store, err := s.namedMetric(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	m, err := store.Metric(ctx, name)
	if err != nil {
		return err
	}
	n, err := store.Cardinality(ctx, name)
	if err != nil {
		return err
	}
	out := tsCardinality{describeMetric(m), n.Series, []tsTag{}}
	for _, t := range n.Tags {
		out.Tags = append(out.Tags, tsTag{t.Tag, t.Values, t.Series})
	}
	return c.JSON(http.StatusOK, out)
}

func (s *Server) dropMetric(c echo.Context) error {
	name, store, err := s.namedMetric(c)
	if err != nil {
		return err
	}
	if err := store.Drop(c.Request().Context(), name); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"success": true, "metric": name})
}

func (s *Server) listTagValues(c echo.Context) error {
	name, store, err := s.namedMetric(c)
	if err != nil {
		return err
	}
	tag, err := pathParam(c, "tag")
	if err != nil {
		return err
	}
	values, err := store.TagValues(c.Request().Context(), name, tag)
	if err != nil {
		return err
	}
	if values == nil {
		values = []string{}
	}
	return c.JSON(http.StatusOK, map[string]any{"metric": name, "tag": tag, "values": values})
}
