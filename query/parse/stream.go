package parse

import (
	"slices"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
)

// streamForm is which statement about streams a text is. The grammar, which has none, is
// given one about a materialized view.
type streamForm uint8

const (
	noStream     streamForm = iota
	createStream            // without a query, in place of which there is one that is taken out again
	createStreamAs
	dropStream
)

// streamStatement recognises CREATE STREAM and DROP STREAM, and adds the edits that make
// the grammar take them.
func streamStatement(sql string, toks []token, edits []edit) (streamForm, []edit, error) {
	if len(toks) < 2 || !toks[1].is(sql, "stream") {
		return noStream, edits, nil
	}
	word := edit{toks[1].start, toks[1].end, "materialized view"}
	switch {
	case toks[0].is(sql, "drop"):
		return dropStream, within(edits, word), nil
	case !toks[0].is(sql, "create"):
		return noStream, edits, nil
	case len(toks) < 3:
		return noStream, nil, dberr.SQL(dberr.StateSyntax, "CREATE STREAM needs a name").At(toks[1].end)
	}
	depth := 0
	for _, t := range toks[2:] {
		switch {
		case t.punct(sql, '('):
			depth++
		case t.punct(sql, ')'):
			depth--
		case depth == 0 && t.is(sql, "as"):
			return createStreamAs, within(edits, word), nil
		}
	}
	last := toks[len(toks)-1].end
	return createStream, within(within(edits, word), edit{last, last, " AS SELECT 1"}), nil
}

// within puts an edit among others, in order.
func within(edits []edit, e edit) []edit {
	i := slices.IndexFunc(edits, func(o edit) bool { return o.start >= e.start })
	if i < 0 {
		i = len(edits)
	}
	return slices.Insert(slices.Clone(edits), i, e)
}

// mark makes of the statement that the grammar has read what was written.
func (f streamForm) mark(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.CreateTableAs:
		if s.Stream = f == createStream || f == createStreamAs; f == createStream {
			s.Query = nil
		}
	case *ast.Drop:
		if f == dropStream {
			s.Kind = ast.KindStream
		}
	}
}
