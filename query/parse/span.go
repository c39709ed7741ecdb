package parse

import "github.com/weftdb/weft/query/ast"

// spanned is implemented by every statement through its embedded ast.Span.
type spanned interface{ SetRange(start, end int) }

func setSpan(s ast.Stmt, span ast.Span) {
	if p, ok := s.(spanned); ok {
		p.SetRange(span.Start, span.End)
	}
}
