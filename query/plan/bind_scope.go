package plan

import (
	"slices"
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/catalog"
)

// scope is one query level: the tables of its FROM, and what is allowed in the
// clause that is being bound.
type scope struct {
	parent *scope
	tables []*entry
	vis    []visible // what * and unqualified names see
	ctes   map[string]*cte
	what   string // the clause, for errors
	agg    *aggState
	win    *winState
	// noAgg and noWin say why aggregates and window functions are refused; "" allows.
	noAgg, noWin string
	inAgg        bool
	hidden       []string // tables that are there but may not be named here
	setsOK       bool     // set-returning calls may stand here
	noSets       string   // what has no set-returning calls, where it is not the clause
	returning    bool     // the rows that a statement has written
	beyond       *entry   // the table that UPDATE or DELETE changes, which LATERAL may not name
}

// entry is a table of a FROM clause under its alias.
type entry struct {
	schema, name string
	cols         []visible
	table        *catalog.Table
	scan         *LScan
	scalar       bool // the only column of a function: its value is the whole row
	nullable     bool // an outer join may make its rows up
}

// visible is a named column of a scope. Expr is a Var, or what a merged column
// of FULL JOIN USING stands for.
type visible struct {
	name string
	expr Expr
	from *entry
	// hidden columns have to be named: * leaves them out.
	hidden bool
	// origin is the column of a table or view that it is, where it is one.
	origin ColumnUse
}

// cte is a query of a WITH clause in scope.
type cte struct {
	id   int
	name string
	out  *bound
	work bool // within its own recursive term
	own  int  // its own columns; those after them are SEARCH's and CYCLE's
}

func (b *binder) newScope(parent *scope) *scope {
	return &scope{parent: parent, noAgg: "here", noWin: "here"}
}

func (s *scope) add(e *entry) {
	s.tables = append(s.tables, e)
	s.vis = append(s.vis, e.cols...)
}

func (b *binder) tableEntry(t *catalog.Table, alias string, ids []Col) *entry {
	e := &entry{schema: t.Schema, name: alias, table: t}
	for i := range t.Columns {
		e.cols = append(e.cols, visible{name: t.Columns[i].Name, expr: b.q.Ref(ids[i]), from: e,
			origin: ColumnUse{t.ID, t.Columns[i].ID}})
	}
	return e
}

// column finds a column by its possibly qualified name.
func (b *binder) column(s *scope, names []string, pos int) Expr {
	switch len(names) {
	case 1:
		return b.unqualified(s, names[0], pos)
	case 2:
		return b.qualified(s, "", names[0], names[1], pos)
	case 3:
		return b.qualified(s, names[0], names[1], names[2], pos)
	case 4:
		return b.qualified(s, names[1], names[2], names[3], pos)
	}
	failAt(pos, dberr.StateSyntax, "improper qualified name (too many dotted names): %s", strings.Join(names, "."))
	return nil
}

func (b *binder) unqualified(s *scope, name string, pos int) Expr {
	for level := s; level != nil; level = level.parent {
		if e, ok := b.inLevel(level, name, pos); ok {
			return b.found(level, e, pos)
		}
		if x := b.systemColumn(level, name, pos); x != nil {
			return x
		}
		if t := level.beyond; t != nil && slices.ContainsFunc(t.cols, func(v visible) bool { return v.name == name }) {
			failBeyond(t, pos)
		}
	}
	for level := s; level != nil; level = level.parent { // a whole row by its table's name
		for _, t := range level.tables {
			if t.name == name {
				if t.scalar {
					return b.found(level, t.cols[0], pos)
				}
				return b.wholeRow(level, t, pos)
			}
		}
	}
	if x := b.namedParameter(name); x != nil {
		return x
	}
	err := dberr.SQL(dberr.StateUndefinedColumn, "column %q does not exist", name).At(pos)
	if near := b.nearest(s, name); near != "" {
		err.WithHint("Perhaps you meant to reference the column %q.", near)
	}
	fail(err)
	return nil
}

// failBeyond refuses a reference to the table that UPDATE or DELETE changes within its FROM.
func failBeyond(t *entry, pos int) {
	fail(dberr.SQL(dberr.StateInvalidColumnRef, "invalid reference to FROM-clause entry for table %q", t.name).
		WithHint("There is an entry for table %q, but it cannot be referenced from this part of the query.", t.name).At(pos))
}

func (b *binder) inLevel(s *scope, name string, pos int) (visible, bool) {
	var hit visible
	n := 0
	for _, v := range s.vis {
		if v.name == name {
			hit = v
			n++
		}
	}
	if n > 1 {
		failAt(pos, dberr.StateAmbiguousColumn, "column reference %q is ambiguous", name)
	}
	return hit, n == 1
}

func (b *binder) found(s *scope, v visible, pos int) Expr {
	b.hit = v
	w, ok := v.expr.(*Var)
	if !ok {
		return v.expr
	}
	c := &Var{Typ: b.q.TypeOf(w.Col), Col: w.Col, Name: v.name}
	b.pos[c] = pos
	if v.from != nil {
		b.source[c] = v.from.name + "." + v.name
	} else {
		b.source[c] = v.name
	}
	return c
}

func (b *binder) qualified(s *scope, schema, table, name string, pos int) Expr {
	for level := s; level != nil; level = level.parent {
		e := b.entryIn(level, schema, table, pos)
		if e == nil {
			continue
		}
		n := 0
		var hit visible
		for _, c := range e.cols {
			if c.name == name {
				hit = c
				n++
			}
		}
		if n > 1 {
			failAt(pos, dberr.StateAmbiguousColumn, "column reference %q is ambiguous", name)
		}
		if n == 0 && IsSystemColumn(name) && hasSystem(level, e) {
			return b.systemOf(level, e, name, pos)
		}
		if n == 0 {
			err := dberr.SQL(dberr.StateUndefinedColumn, "column %s.%s does not exist", table, name).At(pos)
			if near := nearestIn(e, name); near != "" {
				err.WithHint("Perhaps you meant to reference the column %q.", e.name+"."+near)
			}
			fail(err)
		}
		return b.found(level, hit, pos)
	}
	if x := b.qualifiedParameter(table, name, pos); x != nil && schema == "" {
		return x
	}
	b.missingTable(s, schema, table, pos)
	return nil
}

// entryIn finds a table of one level by its alias.
func (b *binder) entryIn(s *scope, schema, table string, pos int) *entry {
	var hit *entry
	for _, e := range s.tables {
		if e.name == table && (schema == "" || e.schema == schema) {
			if hit != nil {
				failAt(pos, dberr.StateAmbiguousAlias, "table reference %q is ambiguous", table)
			}
			hit = e
		}
	}
	if t := s.beyond; hit == nil && t != nil && t.name == table && (schema == "" || t.schema == schema) {
		failBeyond(t, pos)
	}
	return hit
}

func (b *binder) missingTable(s *scope, schema, table string, pos int) {
	for level := s; level != nil; level = level.parent {
		for _, e := range level.tables {
			if e.table != nil && e.table.Name == table && e.name != table {
				fail(dberr.SQL(dberr.StateUndefinedTable, "invalid reference to FROM-clause entry for table %q", table).
					WithHint("Perhaps you meant to reference the table alias %q.", e.name).At(pos))
			}
		}
	}
	for level := s; level != nil; level = level.parent {
		if schema == "" && slices.Contains(level.hidden, table) {
			fail(dberr.SQL(dberr.StateUndefinedTable, "invalid reference to FROM-clause entry for table %q", table).
				WithDetail("There is an entry for table %q, but it cannot be referenced from this part of the query.", table).At(pos))
		}
	}
	if schema != "" {
		table = schema + "." + table
	}
	failAt(pos, dberr.StateUndefinedTable, "missing FROM-clause entry for table %q", table)
}

// nearest finds the column whose name is most like a misspelt one, as table.column.
func (b *binder) nearest(s *scope, name string) string {
	best, bestDist := "", 4
	for level := s; level != nil; level = level.parent {
		for _, t := range level.tables {
			for _, c := range t.cols {
				if d := distance(name, c.name); d < bestDist && d <= (len(name)+1)/2 {
					best, bestDist = t.name+"."+c.name, d
				}
			}
		}
	}
	return best
}

func nearestIn(e *entry, name string) string {
	best, bestDist := "", 4
	for _, c := range e.cols {
		if d := distance(name, c.name); d < bestDist && d <= (len(name)+1)/2 {
			best, bestDist = c.name, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two names.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 1 << 10
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			next := min(row[j]+1, row[j-1]+1)
			if a[i-1] == b[j-1] {
				next = min(next, diag)
			} else {
				next = min(next, diag+1)
			}
			diag, row[j] = row[j], next
		}
	}
	return row[len(b)]
}

// findCTE finds a query of a WITH clause.
func findCTE(s *scope, name string) *cte {
	for ; s != nil; s = s.parent {
		if c := s.ctes[name]; c != nil {
			return c
		}
	}
	return nil
}
