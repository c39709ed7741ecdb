package query

import (
	"strings"

	"github.com/weftdb/weft/internal/dberr"
	"github.com/weftdb/weft/query/ast"
	"github.com/weftdb/weft/query/catalog"
	"github.com/weftdb/weft/query/parse"
	"github.com/weftdb/weft/query/plan"
	"github.com/weftdb/weft/query/sqltype"
)

func (d *definer) createSequence(st *ast.CreateSequence) error {
	name, err := d.placed(st.Name, st.Persistence, "CREATE UNLOGGED SEQUENCE", st.Pos())
	if err != nil {
		return err
	}
	schema, exists, err := d.target(name, st.IfNotExists)
	if err != nil || exists {
		return err
	}
	q := &catalog.Sequence{Schema: schema, Name: name.Name, Type: sqltype.TInt8}
	if err := d.sequenceOptions(q, st.Options, true, st.Pos()); err != nil {
		return err
	}
	if q.ID, err = d.e.NewID(); err != nil {
		return err
	}
	d.changed = true
	return d.putSequence(q)
}

// newSequence makes a sequence for a column of type t.
func (d *definer) newSequence(schema, name string, t sqltype.Type, o ast.SequenceOptions, pos int) (*catalog.Sequence, error) {
	q := &catalog.Sequence{Schema: schema, Name: name, Type: t}
	if err := d.sequenceOptions(q, o, true, pos); err != nil {
		return nil, err
	}
	id, err := d.e.NewID()
	q.ID = id
	return q, err
}

func (d *definer) alterSequence(st *ast.AlterSequence) error {
	rel, err := d.s.lookup(d.e.Snapshot, st.Name)
	if err != nil {
		if st.IfExists {
			return nil
		}
		return err
	}
	if rel.Sequence == nil {
		return dberr.SQL(dberr.StateWrongObjectType, "%q is not a sequence", st.Name.Name).At(st.Name.Pos())
	}
	q := *rel.Sequence
	if len(st.Options.OwnedBy) > 0 && q.OwnerTable != 0 {
		if t := d.e.Table(q.OwnerTable); t != nil {
			if o := t.Ordinal(q.OwnerColumn); o >= 0 && t.Columns[o].Identity != 0 {
				return dberr.SQL(dberr.StateFeatureNotSupported, "cannot change ownership of identity sequence").
					WithDetail("Sequence %q is linked to table %q.", q.Name, t.Name)
			}
		}
	}
	d.changed = true
	return d.changeSequence(&q, st.Options, st.Pos())
}

// changeSequence applies options to a sequence that is there.
func (d *definer) changeSequence(q *catalog.Sequence, o ast.SequenceOptions, pos int) error {
	last, fresh, err := d.s.e.seqs.position(d.s.e.ctx, d.s.tx, q)
	if err != nil {
		return err
	}
	if err := d.sequenceOptions(q, o, false, pos); err != nil {
		return err
	}
	restart := o.Restart || o.RestartWith != nil
	if restart {
		last = q.Start
		if o.RestartWith != nil {
			last = *o.RestartWith
		}
	}
	switch {
	case restart && last < q.Min:
		return dberr.SQL(dberr.StateInvalidParameterValue, "RESTART value (%d) cannot be less than MINVALUE (%d)", last, q.Min).At(pos)
	case restart && last > q.Max:
		return dberr.SQL(dberr.StateInvalidParameterValue, "RESTART value (%d) cannot be greater than MAXVALUE (%d)", last, q.Max).At(pos)
	case last < q.Min:
		return dberr.SQL(dberr.StateInvalidParameterValue, "RESTART value (%d) cannot be less than MINVALUE (%d)", last, q.Min).At(pos)
	case last > q.Max:
		return dberr.SQL(dberr.StateInvalidParameterValue, "RESTART value (%d) cannot be greater than MAXVALUE (%d)", last, q.Max).At(pos)
	}
	return d.restartSequence(q, last, restart || fresh)
}

// restartSequence gives a sequence a new counter, which begins at v, or after it where
// not fresh. The old one goes after the commit, so a rollback leaves it as it was.
func (d *definer) restartSequence(q *catalog.Sequence, v int64, fresh bool) error {
	c := *q
	old := c.Counter()
	id, err := d.e.NewID()
	if err != nil {
		return err
	}
	c.CounterID, c.First, c.FirstUsed = id, v, !fresh
	d.s.work.drops = true
	if err := d.e.DropCounter(old); err != nil {
		return err
	}
	return d.putSequence(&c)
}

var sequenceLimits = map[sqltype.ID][2]int64{sqltype.Int2: {-1 << 15, 1<<15 - 1}, sqltype.Int4: {-1 << 31, 1<<31 - 1}, sqltype.Int8: {-1 << 63, 1<<63 - 1}}

// sequenceOptions applies options to a sequence, new or not.
func (d *definer) sequenceOptions(q *catalog.Sequence, o ast.SequenceOptions, isNew bool, pos int) error {
	before := *q
	if o.Type != nil {
		typ, err := o.Type.Resolve()
		if err != nil {
			return err
		}
		q.Type = typ
	}
	limit, ok := sequenceLimits[q.Type.ID]
	if !ok {
		return dberr.SQL(dberr.StateInvalidParameterValue, "sequence type must be smallint, integer, or bigint").At(pos)
	}
	set := func(dst *int64, v *int64, def int64) {
		if v != nil {
			*dst = *v
		} else if isNew {
			*dst = def
		}
	}
	set(&q.Increment, o.Increment, 1)
	low, high := int64(1), limit[1]
	if q.Increment < 0 {
		low, high = limit[0], -1
	}
	was := sequenceLimits[before.Type.ID]
	resetLow := isNew || o.NoMin || o.Type != nil && before.Min == was[0]
	resetHigh := isNew || o.NoMax || o.Type != nil && before.Max == was[1]
	if resetLow {
		q.Min = low
	}
	if resetHigh {
		q.Max = high
	}
	if o.Min != nil {
		q.Min = *o.Min
	}
	if o.Max != nil {
		q.Max = *o.Max
	}
	start := q.Min
	if q.Increment < 0 {
		start = q.Max
	}
	set(&q.Start, o.Start, start)
	set(&q.Cache, o.Cache, 1)
	if o.Cycle != nil {
		q.Cycle = *o.Cycle
	}
	if err := checkSequence(q, limit, pos); err != nil {
		return err
	}
	return d.ownedBy(q, o.OwnedBy, pos)
}

func checkSequence(q *catalog.Sequence, limit [2]int64, pos int) error {
	bad := func(format string, args ...any) error {
		return dberr.SQL(dberr.StateInvalidParameterValue, format, args...).At(pos)
	}
	switch {
	case q.Increment == 0:
		return bad("INCREMENT must not be zero")
	case q.Max > limit[1] || q.Max < limit[0]:
		return bad("MAXVALUE (%d) is out of range for sequence data type %s", q.Max, q.Type.Name())
	case q.Min < limit[0] || q.Min > limit[1]:
		return bad("MINVALUE (%d) is out of range for sequence data type %s", q.Min, q.Type.Name())
	case q.Min >= q.Max:
		return bad("MINVALUE (%d) must be less than MAXVALUE (%d)", q.Min, q.Max)
	case q.Start < q.Min:
		return bad("START value (%d) cannot be less than MINVALUE (%d)", q.Start, q.Min)
	case q.Start > q.Max:
		return bad("START value (%d) cannot be greater than MAXVALUE (%d)", q.Start, q.Max)
	case q.Cache < 1:
		return bad("CACHE (%d) must be greater than zero", q.Cache)
	}
	return nil
}

// ownedBy applies OWNED BY table.column, or NONE.
func (d *definer) ownedBy(q *catalog.Sequence, parts []string, pos int) error {
	switch len(parts) {
	case 0:
		return nil
	case 1:
		if parts[0] != "none" {
			return dberr.SQL(dberr.StateSyntax, "invalid OWNED BY option").WithHint("Specify OWNED BY table.column or OWNED BY NONE.").At(pos)
		}
		q.OwnerTable, q.OwnerColumn = 0, 0
		return nil
	}
	n := ast.Name{Name: parts[len(parts)-2]}
	if len(parts) > 2 {
		n.Schema = parts[len(parts)-3]
	}
	rel, err := d.s.lookup(d.e.Snapshot, n)
	if err != nil {
		return err
	}
	if rel.Table == nil || rel.Index != nil || rel.Table.Kind != catalog.Plain {
		return dberr.SQL(dberr.StateWrongObjectType, "sequence cannot be owned by relation %q", n.Name).At(pos)
	}
	if rel.Table.Schema != q.Schema {
		return dberr.SQL(dberr.StateObjectNotReady, "sequence must be in same schema as table it is linked to").At(pos)
	}
	i, err := columnIndex(rel.Table, parts[len(parts)-1], pos)
	if err != nil {
		return err
	}
	q.OwnerTable, q.OwnerColumn = rel.Table.ID, rel.Table.Columns[i].ID
	return nil
}

// sequenceNames finds the names of sequences in an expression: the constant arguments
// of nextval and its like.
func sequenceNames(e ast.Expr) (list []*ast.Literal) {
	ast.Walk(e, func(n any) bool {
		c, ok := n.(*ast.FuncCall)
		if !ok || len(c.Args) == 0 {
			return true
		}
		switch c.Name[len(c.Name)-1] {
		case "nextval", "currval", "setval":
			arg := c.Args[0]
			if cast, ok := arg.(*ast.Cast); ok && cast.Type.Name == "regclass" {
				arg = cast.Arg
			}
			if l, ok := arg.(*ast.Literal); ok && l.Kind == ast.LitString {
				list = append(list, l)
			}
		}
		return true
	})
	return list
}

// namedSequence finds the sequence that a name in an expression means.
func (d *definer) namedSequence(l *ast.Literal) *catalog.Sequence {
	n, err := plan.SplitName(l.Text)
	if err != nil {
		return nil
	}
	rel, err := d.s.lookup(d.e.Snapshot, n)
	if err != nil {
		return nil
	}
	return rel.Sequence
}

// usesSequence reports whether a stored expression names a sequence.
func (d *definer) usesSequence(text string, q *catalog.Sequence) bool {
	if !strings.Contains(text, "val(") {
		return false
	}
	e, err := parse.ParseExpr(text, parse.Limits{})
	if err != nil {
		return false
	}
	for _, l := range sequenceNames(e) {
		if s := d.namedSequence(l); s != nil && s.ID == q.ID {
			return true
		}
	}
	return false
}

// fullNames writes the names of sequences and types in an expression that is to be
// stored with their schemas, so that it means the same under every search path.
func (d *definer) fullNames(e ast.Expr) {
	for _, l := range sequenceNames(e) {
		if q := d.namedSequence(l); q != nil {
			l.Text = qualified(q.Schema, q.Name)
		}
	}
	ast.Walk(e, func(n any) bool {
		if c, ok := n.(*ast.Cast); ok && c.Type.Schema == "" {
			if _, user, err := plan.ResolveType(d.scope(), c.Type); err == nil && user != nil {
				c.Type.Schema = user.Schema
			}
		}
		if c, ok := n.(*ast.FuncCall); ok && len(c.Name) == 1 {
			if f := d.functionOfPath(c.Name[0]); f != nil {
				c.Name = []string{f.Schema, f.Name}
			}
		}
		return true
	})
}

// storedText is the text of an expression that is to be stored.
func (d *definer) storedText(e ast.Expr) string {
	d.fullNames(e)
	return ast.String(e)
}
