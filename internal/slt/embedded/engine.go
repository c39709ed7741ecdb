// Package embedded runs sqllogictest scripts against Weft itself, in memory.
package embedded

import (
	"context"
	"fmt"

	weft "github.com/weftdb/weft"
	"github.com/weftdb/weft/internal/slt"
	"github.com/weftdb/weft/query"
	"github.com/weftdb/weft/query/sqltype"
)

// Engine is a fresh database in memory, with one session.
type Engine struct {
	db      *weft.DB
	session *query.Session
}

// Open opens one.
func Open(ctx context.Context) (*Engine, error) {
	db, err := weft.OpenMemory(weft.Options{})
	if err != nil {
		return nil, fmt.Errorf("open engine: %w", err)
	}
	s, err := db.Engine().NewSession(ctx, "")
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open session: %w", err)
	}
	return &Engine{db: db, session: s}, nil
}

// Close ends the session and drops the database.
func (e *Engine) Close() error {
	e.session.Close()
	return e.db.Close()
}

// Exec runs statements.
func (e *Engine) Exec(ctx context.Context, sql string) error {
	_, _, err := e.Query(ctx, sql)
	return err
}

// Query runs statements and returns the rows of the last one that has columns.
func (e *Engine) Query(ctx context.Context, sql string) ([]slt.Column, [][]*string, error) {
	var sink query.MemorySink
	if err := e.session.Execute(ctx, query.Request{SQL: sql, MaxRows: -1}, &sink); err != nil {
		return nil, nil, err
	}
	for i := len(sink.Results) - 1; i >= 0; i-- {
		if r := sink.Results[i]; len(r.Columns) > 0 {
			cols, rows := textRows(r, e.session)
			return cols, rows, nil
		}
	}
	return nil, nil, nil
}

// textRows turns a result into PostgreSQL's text form in the session's time zone.
func textRows(r query.Result, session *query.Session) ([]slt.Column, [][]*string) {
	env := session.TextEnv()
	cols := make([]slt.Column, len(r.Columns))
	for i, c := range r.Columns {
		cols[i] = slt.Column{Name: c.Name, Type: c.Type.String()}
	}
	var rows [][]*string
	for _, b := range r.Batches {
		for k := range b.Rows() {
			i := k
			if b.Sel != nil {
				i = int(b.Sel[k])
			}
			row := make([]*string, len(b.Cols))
			for j, v := range b.Cols {
				if d := v.Get(i); !d.Null {
					text := string(sqltype.AppendTextEnv(nil, env, v.Type, d))
					row[j] = &text
				}
			}
			rows = append(rows, row)
		}
	}
	return cols, rows
}
