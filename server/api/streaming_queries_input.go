package api

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/weftdb/weft/continuous"
	"github.com/weftdb/weft/continuous/window"
	"github.com/weftdb/weft/server/jsonin"
	"github.com/weftdb/weft/streaming"
)

// continuousInput is the body of a creation.
type continuousInput struct {
	q     continuous.Query
	start streaming.Start
}

var continuousFields = append([]string{"name", "channel", "window", "time", "group_by", "aggregates", "compute", "having", "delay_ms", "lateness_ms", "idle_ms", "emit", "output", "late_channel", "on_error", "max_windows", "start"}, filterFields...)

// createContinuous takes {"name","channel","window","aggregates","output"…}.
func (s *Server) createContinuous(c echo.Context) error {
	database, err := databaseParam(c)
	if err != nil {
		return err
	}
	db, err := s.db(of(c))
	if err != nil {
		return err
	}
	in := continuousInput{start: streaming.Earliest}
	if err := s.object(of(c), continuousFields, in.field); err != nil {
		return err
	}
	if in.q.Window == (window.Spec{}) {
		return invalid("MISSING_FIELD", `the body needs the field "window"`).WithField("window")
	}
	q, err := db.Continuous().Create(c.Request().Context(), database, in.q, in.start)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/streaming/queries/"+url.PathEscape(q.Name))
	a, err := statusOf(c.Request().Context(), db, database, q.Name)
	if err != nil {
		return err
	}
	return plainJSON(c, http.StatusCreated, a)
}

func (in *continuousInput) field(sc *jsonin.Scanner, field string) (err error) {
	q := &in.q
	switch field {
	case "name":
		q.Name, err = sc.StrField(field)
	case "channel":
		q.Channel, err = sc.StrField(field)
	case "window":
		err = windowField(sc, &q.Window)
	case "time":
		q.Time, err = timeField(sc)
	case "where":
		q.Where, err = optionalString(sc, field)
	case "group_by":
		q.Keys, err = keysField(sc)
	case "aggregates":
		q.Aggregates, err = aggregatesField(sc)
	case "compute":
		q.Computed, err = computeField(sc)
	case "having":
		q.Having, err = optionalString(sc, field)
	case "delay_ms":
		q.Delay, err = msField(sc, field, 0)
	case "lateness_ms":
		q.Lateness, err = msField(sc, field, 0)
	case "idle_ms":
		q.Idle, err = msField(sc, field, 1)
	case "emit":
		q.OnChange, err = choiceField(sc, field, "close", "change")
	case "on_error":
		q.SkipFaulty, err = choiceField(sc, field, "stop", "skip")
	case "output":
		err = outputField(sc, &q.Output)
	case "late_channel":
		q.LateTo, err = optionalString(sc, field)
	case "max_windows":
		var n int64
		n, err = sc.IntField(field, 1, continuous.MaxWindows)
		q.MaxWindows = int(n)
	case "start":
		in.start, err = startField(sc)
	default:
		err = filterField(sc, field, &q.Filter)
	}
	return err
}

func msField(sc *jsonin.Scanner, field string, least int64) (time.Duration, error) {
	n, err := sc.IntField(field, least, window.MaxSize.Milliseconds())
	return time.Duration(n) * time.Millisecond, err
}

// choiceField takes one of two words, and says whether it is the second.
func choiceField(sc *jsonin.Scanner, field, first, second string) (bool, error) {
	v, err := sc.StrField(field)
	if err == nil && v != first && v != second {
		err = invalid("INVALID_FIELD", "field %q must be %q or %q, not %q", field, first, second, shorten(v, 40)).WithField(field)
	}
	return v == second, err
}

// objectField takes an object with some of the fields.
func objectField(sc *jsonin.Scanner, field string, fields []string, fn func(name string) error) error {
	if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
		return jsonin.WantError(field, "an object", k)
	}
	return sc.Object(func(name []byte) error {
		if !isField(string(name), fields) {
			return jsonin.UnknownField(string(name), fields)
		}
		return fn(string(name))
	})
}

func windowField(sc *jsonin.Scanner, w *window.Spec) error {
	named := false
	err := objectField(sc, "window", []string{"type", "size_ms", "slide_ms", "gap_ms"}, func(name string) (err error) {
		switch name {
		case "type":
			var v string
			if v, err = sc.StrField(name); err != nil {
				return err
			}
			if w.Kind, named = window.KindOf(v); !named {
				return invalid("INVALID_FIELD", `field "window.type" must be "tumbling", "sliding" or "session", not %q`, shorten(v, 40)).WithField("window.type")
			}
		case "size_ms":
			w.Size, err = msField(sc, name, 1)
		case "slide_ms":
			w.Slide, err = msField(sc, name, 1)
		case "gap_ms":
			w.Gap, err = msField(sc, name, 1)
		}
		return err
	})
	if err == nil && !named {
		err = invalid("MISSING_FIELD", `field "window" needs "type": "tumbling", "sliding" or "session"`).WithField("window.type")
	}
	return err
}

// timeField takes a field of the data, or {"sql":"…"}.
func timeField(sc *jsonin.Scanner) (sql string, err error) {
	if sc.Peek() != jsonin.Object {
		v, err := sc.StrField("time")
		if err != nil {
			return "", err
		}
		return continuous.FieldTime(v)
	}
	err = objectField(sc, "time", []string{"sql"}, func(string) error {
		sql, err = sc.StrField("sql")
		return err
	})
	return sql, err
}

// keysField takes an array of fields of the data, or of {"name","field" or "sql"}.
func keysField(sc *jsonin.Scanner) (keys []continuous.Column, err error) {
	if k := sc.Peek(); k != jsonin.Array && k != jsonin.Invalid {
		return nil, jsonin.WantError("group_by", "an array", k)
	}
	err = sc.Array(func(int) error {
		var k continuous.Column
		if sc.Peek() == jsonin.String {
			if k.Name, err = sc.Str(); err != nil {
				return err
			}
			k.SQL, err = continuous.FieldText(k.Name)
		} else {
			k, err = keyField(sc)
		}
		keys = append(keys, k)
		return err
	})
	return keys, err
}

func keyField(sc *jsonin.Scanner) (k continuous.Column, err error) {
	field := ""
	err = objectField(sc, "group_by", []string{"name", "field", "sql"}, func(name string) (err error) {
		switch name {
		case "name":
			k.Name, err = sc.StrField(name)
		case "field":
			field, err = sc.StrField(name)
		case "sql":
			k.SQL, err = sc.StrField(name)
		}
		return err
	})
	switch {
	case err != nil:
	case (field == "") == (k.SQL == ""):
		err = invalid("MISSING_FIELD", `an entry of "group_by" needs either "field" or "sql"`).WithField("group_by")
	case field != "":
		if k.Name == "" {
			k.Name = field
		}
		k.SQL, err = continuous.FieldText(field)
	case k.Name == "":
		err = invalid("MISSING_FIELD", `an entry of "group_by" with "sql" needs a "name"`).WithField("group_by")
	}
	return k, err
}

// aggregatesField takes an object of {"function","field" or "sql","hidden"?} by names.
func aggregatesField(sc *jsonin.Scanner) (list []continuous.Aggregate, err error) {
	if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
		return nil, jsonin.WantError("aggregates", "an object", k)
	}
	err = sc.Object(func(name []byte) error {
		a, err := aggregateField(sc, string(name))
		list = append(list, a)
		return err
	})
	return list, err
}

// computeField takes an object of expressions in SQL by names.
func computeField(sc *jsonin.Scanner) (list []continuous.Column, err error) {
	if k := sc.Peek(); k != jsonin.Object && k != jsonin.Invalid {
		return nil, jsonin.WantError("compute", "an object", k)
	}
	err = sc.Object(func(name []byte) (err error) {
		k := continuous.Column{Name: string(name)}
		if k.SQL, err = sc.StrField("compute." + k.Name); err != nil {
			return err
		}
		if k.SQL == "" {
			return invalid("INVALID_FIELD", "the expression of %q is empty", shorten(k.Name, 40)).WithField("compute." + k.Name)
		}
		list = append(list, k)
		return nil
	})
	return list, err
}

func aggregateField(sc *jsonin.Scanner, name string) (a continuous.Aggregate, err error) {
	a.Name = name
	field, named := "", false
	err = objectField(sc, "aggregates."+name, []string{"function", "field", "sql", "hidden"}, func(n string) (err error) {
		switch n {
		case "hidden":
			a.Hidden, err = boolField(sc, n)
		case "function":
			var v string
			if v, err = sc.StrField(n); err != nil {
				return err
			}
			if a.Function, named = window.FunctionOf(v); !named {
				return invalid("INVALID_FIELD", "aggregate %q: there is no function %q", shorten(name, 40), shorten(v, 40)).WithField("aggregates."+name).
					WithHint("the functions are %s", strings.Join(window.Functions(), ", "))
			}
		case "field":
			field, err = sc.StrField(n)
		case "sql":
			a.SQL, err = sc.StrField(n)
		}
		return err
	})
	switch {
	case err != nil:
	case !named:
		err = invalid("MISSING_FIELD", `aggregate %q needs a "function"`, shorten(name, 40)).WithField("aggregates."+name).WithHint("the functions are %s", strings.Join(window.Functions(), ", "))
	case field != "" && a.SQL != "":
		err = invalid("INVALID_FIELD", `aggregate %q has both "field" and "sql"`, shorten(name, 40)).WithField("aggregates." + name)
	case field != "":
		a.SQL, err = continuous.FieldOf(a.Function, field)
	}
	return a, err
}

// outputField takes {"channel"} or {"table"}; a table may have a schema before its name.
func outputField(sc *jsonin.Scanner, o *continuous.Output) error {
	return objectField(sc, "output", []string{"channel", "table"}, func(name string) error {
		v, err := sc.StrField(name)
		if name == "channel" {
			o.Channel = v
			return err
		}
		if schema, table, ok := strings.Cut(v, "."); ok {
			o.Schema, o.Table = schema, table
		} else {
			o.Table = v
		}
		return err
	})
}
