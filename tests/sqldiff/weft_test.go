package sqldiff

import (
	"context"
	"testing"
	"time"

	weft "github.com/weftdb/weft"
	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
)

// embedded is Weft in memory, with one session.
type embedded struct {
	db      *weft.DB
	session *query.Session
}

// alone is Weft with a session for each statement, whose memory is used again.
type alone struct{ *embedded }

// query implements engine.
func (e alone) query(sql string) (answer, error) { return e.run(sql, e.db.Engine().Execute) }

// startWeft gives an engine with the tables.
func startWeft(t *testing.T, opts query.Options) *embedded {
	db, err := weft.OpenMemory(weft.Options{Query: opts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := db.Engine().NewSession(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	e := &embedded{db, s}
	for _, sql := range []string{ddl, fill(dataSeed), "ANALYZE"} {
		if a := ask(t, e, sql); a.state != "" {
			t.Fatalf("%s\n%.200s", a, sql)
		}
	}
	return e
}

// query implements engine. Errors of no SQLSTATE are faults of the engine.
func (e *embedded) query(sql string) (answer, error) { return e.run(sql, e.session.Execute) }

func (e *embedded) run(sql string, execute func(context.Context, query.Request, query.Sink) error) (answer, error) {
	var sink query.MemorySink
	err := execute(context.Background(), query.Request{SQL: sql, MaxRows: -1, Timeout: 30 * time.Second}, &sink)
	if err != nil {
		a := answer{state: "XX000", message: err.Error()}
		if d := dberr.As(err); d != nil && d.SQLState != "" {
			a.state, a.message = d.SQLState, d.Message
		}
		return a, nil
	}
	var a answer
	for _, r := range sink.Results {
		if len(r.Columns) > 0 {
			a = e.render(r)
		}
	}
	return a, nil
}

func (e *embedded) render(r query.Result) (a answer) {
	env := e.session.TextEnv()
	for _, c := range r.Columns {
		a.columns = append(a.columns, column{c.Name, c.Type.OID()})
	}
	for _, b := range r.Batches {
		for k := range b.Rows() {
			i := k
			if b.Sel != nil {
				i = int(b.Sel[k])
			}
			row := make([]*string, len(b.Cols))
			for j, v := range b.Cols {
				if d := v.Get(i); !d.Null {
					s := string(sqltype.AppendTextEnv(nil, env, v.Type, d))
					row[j] = &s
				}
			}
			a.rows = append(a.rows, row)
		}
	}
	return a
}
