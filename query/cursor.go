package query

import (
	"context"
	"reflect"
	"time"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/exec"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
	"github.com/weftdb/weft/query/vec"
)

// cursor is an open cursor of a session. Its rows are read when it is declared, so it
// sees nothing of what is written afterwards.
type cursor struct {
	cols   []Column
	rows   [][]sqltype.Datum
	pos    int // 0 is before the first row, len(rows)+1 after the last
	hold   bool
	held   bool // its transaction has ended
	scroll bool
	keys   []plan.RowKey     // of which tables the keys are
	at     [][]sqltype.Datum // the keys of each row
	locks  bool              // it has FOR UPDATE or its like
	level  int               // how many savepoints there were
	bytes  int64
	sql    string
	made   time.Time
}

// datumBytes is what a value takes beside what it points to.
var datumBytes = int64(reflect.TypeFor[sqltype.Datum]().Size())

// cursorRows is the most rows of a cursor.
const cursorRows = 1_000_000

func (r *running) declare(st *ast.DeclareCursor) error {
	s := r.s
	switch {
	case st.Binary:
		return refuse(st.Pos(), "a BINARY cursor")
	case !s.block && !st.Hold:
		return dberr.SQL(dberr.StateNoActiveTransaction, "DECLARE CURSOR can only be used in transaction blocks").At(st.Pos())
	case s.cursors[st.Name] != nil:
		return dberr.SQL("42P03", "cursor %q already exists", st.Name).At(st.Pos())
	}
	r.declares = true
	c, err := r.compileLocked(st.Query)
	if err != nil {
		return err
	}
	cur := &cursor{cols: c.cols, keys: c.rowKeys, locks: locksRows(st.Query), hold: st.Hold, scroll: st.Scroll != ast.No, level: len(s.saves), sql: r.sql, made: time.Now()}
	held, most := int64(0), s.memory()
	for _, other := range s.cursors {
		held += other.bytes
	}
	_, err = r.exec(c, func(b *vec.Batch) error {
		if cur.bytes += exec.RowBytes(b) + int64(b.Rows()*len(b.Cols))*datumBytes; held+cur.bytes > most {
			return dberr.SQL(dberr.StateProgramLimit, "the session's cursors hold more than %s", showSize(most)).
				WithHint("Close other cursors, add LIMIT, raise query.memory_bytes, or stream the result.")
		}
		for _, i := range vec.Live(b.Len, b.Sel) {
			if len(cur.rows) == cursorRows {
				return dberr.SQL(dberr.StateProgramLimit, "the cursor has more than %d rows", cursorRows).WithHint("Add LIMIT, or stream the result.")
			}
			row := make([]sqltype.Datum, len(b.Cols))
			for k, v := range b.Cols {
				row[k] = v.Get(int(i))
			}
			cur.rows = append(cur.rows, row[:len(c.cols):len(c.cols)])
			if len(c.rowKeys) > 0 {
				cur.at = append(cur.at, row[len(c.cols):])
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if s.cursors == nil {
		s.cursors = map[string]*cursor{}
	}
	s.cursors[st.Name] = cur
	return r.done("DECLARE CURSOR")
}

func (s *Session) cursor(name string, pos int) (*cursor, error) {
	c := s.cursors[name]
	if c == nil {
		return nil, dberr.SQL("34000", "cursor %q does not exist", name).At(pos)
	}
	return c, nil
}

func (r *running) fetch(st *ast.Fetch) error {
	c, err := r.s.cursor(st.Name, st.Pos())
	if err != nil {
		return err
	}
	rows, err := c.move(st)
	if err != nil {
		return err
	}
	if st.Move {
		r.command, r.rows = "MOVE", int64(len(rows))
		if err := r.sink.Begin(r.number, nil); err != nil {
			return err
		}
		return r.sink.End(Tag{Command: "MOVE", Rows: int64(len(rows))})
	}
	return r.table("FETCH", c.cols, rows)
}

// move goes as FETCH says, and gives the rows on the way.
func (c *cursor) move(st *ast.Fetch) (rows [][]sqltype.Datum, err error) {
	n, end := st.Count, int64(len(c.rows))
	back := func() error {
		if !c.scroll {
			return dberr.SQL(dberr.StateObjectNotReady, "cursor can only scan forward").WithHint("Declare it with SCROLL option to enable backward scan.")
		}
		return nil
	}
	var to int64
	switch st.Direction {
	case ast.FetchAbsolute, ast.FetchRelative:
		switch {
		case st.Direction == ast.FetchRelative:
			to = int64(c.pos) + n
		case n < 0:
			to = end + 1 + n
		default:
			to = n
		}
		if to < int64(c.pos) || to == int64(c.pos) && n != 0 {
			if err := back(); err != nil {
				return nil, err
			}
		}
		c.pos = int(min(max(to, 0), end+1))
		return c.here(), nil
	case ast.FetchBackward:
		if n != ast.FetchAllRows || n < 0 {
			n = -n
		} else {
			n = -(end + 2)
		}
	}
	switch {
	case n == 0:
		return c.here(), nil
	case n > 0:
		for ; n > 0 && int64(c.pos) <= end; n-- {
			c.pos++
			rows = append(rows, c.here()...)
		}
		return rows, nil
	}
	if err := back(); err != nil {
		return nil, err
	}
	for ; n < 0 && c.pos > 0; n++ {
		c.pos--
		rows = append(rows, c.here()...)
	}
	return rows, nil
}

// locksRows says whether a query has FOR UPDATE or its like.
func locksRows(st ast.Stmt) bool {
	sel, ok := st.(*ast.Select)
	return ok && len(sel.Locking) > 0
}

// currentRow gives the key of the row of a table on which a cursor stands.
func (s *Session) currentRow(name string, t *catalog.Table) ([]sqltype.Datum, error) {
	c, err := s.cursor(name, 0)
	if err != nil {
		return nil, err
	}
	if c.held {
		return nil, dberr.SQL(stateCursor, "cursor %q is held from a previous transaction", name)
	}
	from, found := 0, -1
	var key plan.RowKey
	for _, k := range c.keys {
		if k.Table == t.ID {
			if found >= 0 {
				return nil, dberr.SQL(stateCursor, "cursor %q has multiple FOR UPDATE/SHARE references to table %q", name, t.Name)
			}
			found, key = from, k
		}
		from += k.Cols
	}
	switch {
	case found < 0 && c.locks:
		return nil, dberr.SQL(stateCursor, "cursor %q does not have a FOR UPDATE/SHARE reference to table %q", name, t.Name)
	case found < 0:
		return nil, dberr.SQL(stateCursor, "cursor %q is not a simply updatable scan of table %q", name, t.Name)
	case c.pos < 1 || c.pos > len(c.rows):
		return nil, dberr.SQL(stateCursor, "cursor %q is not positioned on a row", name)
	}
	row := c.at[c.pos-1][found : found+key.Cols]
	if row[0].Null { // the empty side of an outer join
		return nil, nil
	}
	return row, nil
}

// stateCursor is the SQLSTATE of an invalid cursor state.
const stateCursor = "24000"

// here gives the row on which the cursor stands.
func (c *cursor) here() [][]sqltype.Datum {
	if c.pos < 1 || c.pos > len(c.rows) {
		return nil
	}
	return c.rows[c.pos-1 : c.pos]
}

func (r *running) closeCursor(st *ast.CloseCursor) error {
	if st.Name == "" {
		r.s.cursors = nil
		return r.done("CLOSE CURSOR ALL")
	}
	if _, err := r.s.cursor(st.Name, st.Pos()); err != nil {
		return err
	}
	delete(r.s.cursors, st.Name)
	return r.done("CLOSE CURSOR")
}

// endCursors closes the cursors that end with their transaction; all that it declared
// where it was rolled back.
func (s *Session) endCursors() {
	for name, c := range s.cursors {
		if c.held = true; !c.hold {
			delete(s.cursors, name)
		}
	}
}

// vacuum runs VACUUM: superseded versions and dropped data that nobody can see any
// more go now and not in the background's own time, and with ANALYZE statistics are
// collected.
func (r *running) vacuum(ctx context.Context, st *ast.Vacuum) error {
	s := r.s
	if s.block || s.several {
		return dberr.SQL(dberr.StateActiveTransaction, "VACUUM cannot run inside a transaction block").At(st.Pos())
	}
	for _, o := range st.Options {
		switch o.Name {
		case "parallel", "skip_locked", "index_cleanup", "truncate", "process_toast", "disable_page_skipping":
			continue // about workers, locks and files that are not here
		}
		return dberr.SQL(dberr.StateSyntax, "unrecognized VACUUM option %q", o.Name).At(o.Pos())
	}
	snap, err := s.e.cat.At(s.tx, s.db.ID)
	if err != nil {
		return err
	}
	for _, t := range st.Tables {
		rel, err := s.lookup(snap, t.Table)
		if err != nil {
			return err
		}
		if rel.Table == nil || rel.Index != nil {
			return dberr.SQL(dberr.StateWrongObjectType, "%q is not a table or materialized view", t.Table.Name).At(t.Table.Pos())
		}
	}
	if err := s.e.runDrops(ctx); err != nil {
		return err
	}
	s.e.store.Sweep()
	if st.Analyze {
		return r.analyzeAs(&ast.Analyze{Span: st.Span, Tables: st.Tables}, "VACUUM")
	}
	return r.done("VACUUM")
}
