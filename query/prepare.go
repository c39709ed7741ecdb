package query

import (
	"context"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/storage/txn"
)

// Prepared describes a statement before it runs.
type Prepared struct {
	Params  []sqltype.Type // of $1, $2 …
	Columns []Column       // nil where it returns no rows, or is not planned
	Command string         // its tag; "" where that is known only when it runs
}

// Prepare checks a statement and tells what it takes and gives. Nothing is kept but
// its plan, in the plan cache; Execute with the same text and parameters of these
// types finds it there, and plans anew where tables have changed.
func (e *Engine) Prepare(ctx context.Context, database, sql, dialect string) (p Prepared, err error) {
	db, err := e.database(ctx, database, false)
	if err != nil {
		return p, err
	}
	text, err := e.parse(sql, dialect)
	if err != nil {
		return p, err
	}
	if len(text.stmts) != 1 {
		return p, dberr.SQL(dberr.StateSyntax, "a prepared statement is one statement, but the text has %d", len(text.stmts)).WithField("sql")
	}
	s := e.session(db)
	defer s.Close()
	s.call = &Request{}
	if err := s.begin(ctx, nil, txn.TxOptions{ReadOnly: true}); err != nil {
		return p, err
	}
	st := text.stmts[0]
	switch st.(type) {
	case *ast.Select, *ast.Insert, *ast.Update, *ast.Delete, *ast.Merge:
	default:
		if text.params > 0 {
			return p, dberr.SQL(dberr.StateFeatureNotSupported, "only SELECT, INSERT, UPDATE, DELETE and MERGE take parameters").At(st.Pos())
		}
		return p, nil
	}
	from, to := st.Range()
	r := &running{s: s, ctx: ctx, sql: text.sql[from:to], text: text, params: make([]Param, text.params)}
	defer r.endPasts()
	c, err := r.general(st)
	if err != nil {
		return p, s.classify(ctx, err)
	}
	if len(c.params) < text.params {
		return p, dberr.SQL(dberr.StateIndeterminateDatatype, "could not determine data type of parameter $%d", len(c.params)+1)
	}
	for i, t := range c.params {
		if t.ID == sqltype.Unknown {
			return p, dberr.SQL(dberr.StateIndeterminateDatatype, "could not determine data type of parameter $%d", i+1).
				WithHint("Write its type with a cast: $%d::text.", i+1)
		}
	}
	return Prepared{Params: c.params, Columns: c.cols, Command: c.command}, nil
}
