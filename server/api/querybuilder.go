package api

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/server/jsonin"
)

func (s *Server) bindQueryBuilder(g *echo.Group) {
	g.POST("/query-builder/execute", s.executeBuilt)
}

// executeBuilt runs a statement that a query builder made; its answer is flat.
func (s *Server) executeBuilt(c echo.Context) error {
	x := of(c)
	db, err := s.db(x)
	if err != nil {
		return err
	}
	q, err := s.bindBuilt(x)
	if err != nil {
		return err
	}
	x.sql = q.sql
	sink := newJSONSink(s.opts.ResultBytes)
	defer sink.free()
	sink.rows.objects, sink.rows.text, sink.rows.opts = false, false, sqltype.JSONOptions{}
	us, err := s.execute(x, db, &q, sink)
	s.metrics.statements(sink.tags)
	if err != nil {
		return err
	}
	out := getBuffer()
	defer putBuffer(out)
	out.b = sink.flat(out.b, us)
	return writeJSON(x, out.b)
}

// bindBuilt reads {"query","database"?,"params"?,"timeout_ms"?}.
func (s *Server) bindBuilt(x *exchange) (q queryRequest, err error) {
	q.mayCreateDB = true
	buf := getBuffer()
	defer putBuffer(buf)
	if buf.b, err = s.readBody(x, buf.b); err != nil {
		return q, err
	}
	var in jsonin.Scanner
	in.Reset(buf.b)
	err = in.Object(func(name []byte) error {
		var err error
		switch field := string(name); field {
		case "query", "sql":
			if q.hasSQL {
				return invalid("DUPLICATE_FIELD", `the body needs one of "query" and "sql", not both`).WithField(field)
			}
			q.hasSQL = true
			q.sql, err = in.StrField(field)
		case "database":
			q.database, err = optionalString(&in, field)
		case "params":
			err = q.decodeParams(&in)
		case "timeout_ms":
			var ms int64
			ms, err = in.IntField(field, 1, maxTimeoutMS)
			q.timeout = time.Duration(ms) * time.Millisecond
		default:
			err = jsonin.UnknownField(field, []string{"query", "database", "params", "timeout_ms"})
		}
		return err
	})
	if err == nil {
		err = in.End()
	}
	if err == nil && !q.hasSQL {
		err = invalid("MISSING_FIELD", `the body needs the field "query"`).WithField("query")
	}
	return q, err
}

// flat renders the last result in the query builder's shape.
func (s *jsonSink) flat(dst []byte, elapsedUS int64) []byte {
	rows := int64(0)
	dst = append(dst, `{"success":true`...)
	if len(s.results) == 0 {
		dst = append(dst, `,"columns":[],"types":[],"rows":[]`...)
	} else {
		dst = s.appendTop(dst, s.buf.b)
		rows = s.tags[len(s.tags)-1].Rows
	}
	dst = append(dst, `,"row_count":`...)
	dst = strconv.AppendInt(dst, rows, 10)
	dst = append(dst, `,"execution_time_ms":`...)
	dst = appendMS(dst, elapsedUS)
	return append(dst, ",\"error\":null}\n"...)
}
