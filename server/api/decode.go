package api

import (
	"math"
	"strconv"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
)

// maxParams is PostgreSQL's bound on the number of parameters.
const maxParams = 65535

// queryRequest is what a client asks of /query, from whatever part of the request.
type queryRequest struct {
	sql, text    string // fields sql and query; sql wins
	hasSQL       bool
	hasText      bool // query or queryType came: the answer has the top-level shape too
	params       []query.Param
	database     string
	dialect      string
	timeout      time.Duration
	maxRows      int
	objects      bool
	int64String  bool
	textValues   bool
	format       format
	readOnly     bool
	mayCreateDB  bool
	grafanaAsked string // queryType
}

// queryFields are the fields of the body, for the error that an unknown one gets.
var queryFields = []string{"sql", "params", "database", "dialect", "timeout_ms", "max_rows", "rows", "int64", "values",
	"query", "queryType", "timeRange", "maxDataPoints", "aggregation", "groupBy", "filters", "refId"}

// maxTimeoutMS bounds timeout_ms to a day.
const maxTimeoutMS = 24 * 60 * 60 * 1000

// decode reads the body of POST /query.
func (q *queryRequest) decode(body []byte) error {
	var s jsonin.Scanner
	s.Reset(body)
	if k := s.Peek(); k != jsonin.Object && k != jsonin.Invalid {
		return invalid("INVALID_JSON", "the body must be a JSON object, not %s", k)
	}
	if err := s.Object(func(name []byte) error { return q.field(&s, queryField(name)) }); err != nil {
		return err
	}
	return s.End()
}

// queryField is a name as a string, the one of queryFields where it is known.
func queryField(name []byte) string {
	for _, known := range queryFields {
		if string(name) == known {
			return known
		}
	}
	return string(name)
}

func (q *queryRequest) field(s *jsonin.Scanner, name string) (err error) {
	switch name {
	case "sql":
		q.hasSQL = true
		q.sql, err = s.StrField(name)
	case "query":
		q.hasText = true
		q.text, err = s.StrField(name)
	case "params":
		err = q.decodeParams(s)
	case "database":
		q.database, err = optionalString(s, name)
	case "dialect":
		q.dialect, err = optionalString(s, name)
	case "timeout_ms":
		var ms int64
		ms, err = s.IntField(name, 1, maxTimeoutMS)
		q.timeout = time.Duration(ms) * time.Millisecond
	case "max_rows":
		var n int64
		n, err = s.IntField(name, 1, math.MaxInt32)
		q.maxRows = int(n)
	case "rows":
		var v string
		if v, err = s.StrField(name); err == nil {
			err = q.setRows(v)
		}
	case "int64":
		var v string
		if v, err = s.StrField(name); err == nil {
			err = q.setInt64(v)
		}
	case "values":
		var v string
		if v, err = s.StrField(name); err == nil {
			err = q.setValues(v)
		}
	default:
		return q.grafanaField(s, name)
	}
	return err
}

// grafanaField takes the fields that only Grafana's data source sends. What the
// panel is like (its range, its width) is for the SQL text to use; what would
// change the result and is not applied is refused.
func (q *queryRequest) grafanaField(s *jsonin.Scanner, name string) error {
	switch name {
	case "queryType":
		v, err := s.StrField(name)
		if err == nil && v != "sql" {
			err = dberr.New(dberr.ErrUnsupported, "FEATURE_NOT_SUPPORTED", "queryType %q is not supported here, only \"sql\"", v).WithField(name)
		}
		q.hasText, q.grafanaAsked = true, v
		return err
	case "timeRange":
		return s.Object(func(part []byte) error {
			if n := string(part); n != "from" && n != "to" {
				return jsonin.UnknownField("timeRange."+n, []string{"from", "to"})
			}
			_, err := s.IntField("timeRange."+string(part), math.MinInt64, math.MaxInt64)
			return err
		})
	case "maxDataPoints":
		_, err := s.IntField(name, 0, math.MaxInt32)
		return err
	case "refId":
		_, err := s.StrField(name)
		return err
	case "aggregation", "groupBy", "filters":
		raw, err := s.Raw()
		if v := string(raw); err == nil && v != "null" && v != `""` && v != "[]" && v != "{}" {
			err = dberr.New(dberr.ErrUnsupported, "FEATURE_NOT_SUPPORTED", "field %q is not applied to SQL text", name).
				WithField(name).WithHint("write it into the query")
		}
		return err
	}
	return jsonin.UnknownField(name, queryFields)
}

// optionalString takes a string, or null for the default.
func optionalString(s *jsonin.Scanner, name string) (string, error) {
	if s.Peek() == jsonin.Null {
		return "", s.Null()
	}
	return s.StrField(name)
}

func (q *queryRequest) setRows(v string) error {
	if v != "arrays" && v != "objects" {
		return invalid("INVALID_FIELD", `field "rows" must be "arrays" or "objects", not %q`, v).WithField("rows")
	}
	q.objects = v == "objects"
	return nil
}

func (q *queryRequest) setInt64(v string) error {
	if v != "number" && v != "string" {
		return invalid("INVALID_FIELD", `field "int64" must be "number" or "string", not %q`, v).WithField("int64")
	}
	q.int64String = v == "string"
	return nil
}

func (q *queryRequest) setValues(v string) error {
	if v != "json" && v != "text" {
		return invalid("INVALID_FIELD", `field "values" must be "json" or "text", not %q`, v).WithField("values")
	}
	q.textValues = v == "text"
	return nil
}

// decodeParams takes the array of parameters. A value means what the same value
// written in SQL would mean: 5 is an integer, 1.50 an exact numeric, "x" a literal
// whose type the statement decides, an object or an array jsonb.
func (q *queryRequest) decodeParams(s *jsonin.Scanner) error {
	switch k := s.Peek(); k {
	case jsonin.Null:
		return s.Null()
	case jsonin.Array, jsonin.Invalid:
	default:
		return jsonin.WantError("params", "an array", k)
	}
	return s.Array(func(i int) error {
		if i >= maxParams {
			return invalid("INVALID_FIELD", "params holds more than %d values", maxParams).WithField("params")
		}
		p, err := decodeParam(s)
		if err != nil {
			return err
		}
		q.params = append(q.params, p)
		return nil
	})
}

func decodeParam(s *jsonin.Scanner) (query.Param, error) {
	switch s.Peek() {
	case jsonin.Null:
		return query.Param{Datum: sqltype.NullDatum}, s.Null()
	case jsonin.String:
		v, err := s.Str()
		return query.Param{Datum: sqltype.Datum{Str: v}}, err
	case jsonin.Number:
		raw, whole, err := s.Num()
		if err != nil {
			return query.Param{}, err
		}
		if whole && len(raw) <= 10 {
			if n, err := strconv.ParseInt(string(raw), 10, 32); err == nil {
				return query.Param{Type: sqltype.TInt4, Datum: sqltype.Datum{Int: n}}, nil
			}
		}
		return paramFromJSON(raw)
	}
	raw, err := s.Raw()
	if err != nil {
		return query.Param{}, err
	}
	return paramFromJSON(raw)
}

func paramFromJSON(raw []byte) (query.Param, error) {
	d, t, err := sqltype.ParamFromJSON(raw, sqltype.TUnknown)
	return query.Param{Type: t, Datum: d}, err
}

// check holds the request against what is supported and settles the SQL text.
func (q *queryRequest) check() error {
	if !q.hasSQL && !q.hasText || q.grafanaAsked != "" && !q.hasSQL && q.text == "" {
		return invalid("MISSING_FIELD", `the body needs the field "sql"`).WithField("sql").
			WithHint(`{"sql": "SELECT 1"}`)
	}
	if !q.hasSQL {
		q.sql = q.text
	}
	switch q.dialect {
	case "", "postgresql", "postgres":
		q.dialect = ""
	case "mysql":
	default:
		return dberr.SQL(dberr.StateFeatureNotSupported, "dialect %q is not supported, only \"postgresql\" and \"mysql\"", q.dialect).WithField("dialect")
	}
	return nil
}

// execution is what the engine gets. A stream has no bound on its rows unless the
// request names one, since neither side holds them.
func (q *queryRequest) execution() query.Request {
	if q.format != formatJSON && q.maxRows == 0 {
		q.maxRows = -1
	}
	return query.Request{SQL: q.sql, Params: q.params, Database: q.database, Timeout: q.timeout, MaxRows: q.maxRows, Dialect: q.dialect,
		ReadOnly: q.readOnly, CreateDatabase: q.mayCreateDB}
}
