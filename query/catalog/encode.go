package catalog

import (
	"slices"

	"github.com/weftdb/weft/storage/keyspace"
)

// Format bytes of the records. A changed layout gets a new number; old ones stay
// readable.
const (
	tableFormat    = 1
	tableFormat2   = 2 // format 1 with the fields of writeExtra after it
	schemaFormat   = 1
	sequenceFormat = 1
	viewFormat     = 1
	viewFormat3    = 3 // format 1 with a comment and those of the columns after it
	viewFormat4    = 4 // format 3 with options and the defaults of the columns after it
	commentFormat  = 2 // of schemas and views: format 1 with a comment after it; of sequences also with its counter
	versionFormat  = 1
	databaseFormat = 1
	dropFormat     = 1
)

// EncodeTable encodes everything of t but its database, which the key holds.
func EncodeTable(t *Table) []byte {
	w, extra := &writer{}, encodeExtra(t)
	w.byte(tableFormat)
	if extra != nil {
		w.b[0] = tableFormat2
	}
	w.uint(uint64(t.ID))
	w.str(t.Schema)
	w.str(t.Name)
	w.uint(t.Version)
	w.uint(uint64(t.NextColumn))
	w.str(t.Comment)
	w.uint(uint64(len(t.Columns)))
	for i := range t.Columns {
		writeColumn(w, &t.Columns[i])
	}
	w.uint(uint64(len(t.Indexes)))
	for i := range t.Indexes {
		writeIndex(w, &t.Indexes[i])
	}
	w.uint(uint64(len(t.Checks)))
	for _, c := range t.Checks {
		w.str(c.Name)
		w.str(c.Expr)
	}
	w.uint(uint64(len(t.ForeignKeys)))
	for i := range t.ForeignKeys {
		writeForeignKey(w, &t.ForeignKeys[i])
	}
	return append(w.b, extra...)
}

func writeColumn(w *writer, c *Column) {
	w.uint(uint64(c.ID))
	w.str(c.Name)
	w.typ(c.Type)
	w.flags(c.NotNull)
	w.str(c.Default)
	w.byte(c.Identity)
	w.str(c.Generated)
	w.str(c.Comment)
}

func writeIndex(w *writer, x *Index) {
	w.uint(uint64(x.ID))
	w.str(x.Name)
	w.byte(byte(x.Kind))
	w.flags(x.Unique, x.Primary, x.Constraint, x.Building, x.NullsNotDistinct)
	w.str(x.Predicate)
	w.uint(uint64(len(x.Columns)))
	for _, c := range x.Columns {
		w.uint(uint64(c.Column))
		w.str(c.Expr)
		w.typ(c.Type)
		w.flags(c.Desc, c.NullsFirst)
	}
	writeColumnIDs(w, x.Include)
}

func writeForeignKey(w *writer, f *ForeignKey) {
	w.str(f.Name)
	writeColumnIDs(w, f.Columns)
	w.uint(uint64(f.RefTable))
	writeColumnIDs(w, f.RefColumns)
	w.byte(f.OnDelete)
	w.byte(f.OnUpdate)
	w.byte(f.Match)
}

func writeColumnIDs(w *writer, ids []ColumnID) {
	w.uint(uint64(len(ids)))
	for _, id := range ids {
		w.uint(uint64(id))
	}
}

// DecodeTable is the inverse of EncodeTable.
func DecodeTable(db keyspace.DatabaseID, b []byte) (*Table, error) {
	r := &reader{b: b}
	format := r.formats(tableFormat, tableFormat2)
	t := &Table{DB: db, ID: keyspace.ObjectID(r.uint())}
	t.Schema, t.Name, t.Version = r.str(), r.str(), r.uint()
	t.NextColumn, t.Comment = ColumnID(r.uint32()), r.str()
	for n := r.count(); n > 0 && r.err == nil; n-- {
		t.Columns = append(t.Columns, readColumn(r))
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		t.Indexes = append(t.Indexes, readIndex(r))
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		t.Checks = append(t.Checks, Check{Name: r.str(), Expr: r.str()})
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		t.ForeignKeys = append(t.ForeignKeys, readForeignKey(r))
	}
	if format == tableFormat2 {
		readExtra(r, t)
	}
	if len(t.Indexes) == 0 {
		r.fail("table without primary index")
	}
	return t, r.done()
}

func readColumn(r *reader) (c Column) {
	c.ID, c.Name, c.Type = ColumnID(r.uint32()), r.str(), r.typ()
	r.flags(&c.NotNull)
	c.Default, c.Identity, c.Generated, c.Comment = r.str(), r.byte(), r.str(), r.str()
	return c
}

func readIndex(r *reader) (x Index) {
	x.ID, x.Name, x.Kind = keyspace.ObjectID(r.uint()), r.str(), IndexKind(r.byte())
	r.flags(&x.Unique, &x.Primary, &x.Constraint, &x.Building, &x.NullsNotDistinct)
	x.Predicate = r.str()
	for n := r.count(); n > 0 && r.err == nil; n-- {
		c := IndexColumn{Column: ColumnID(r.uint32()), Expr: r.str(), Type: r.typ()}
		r.flags(&c.Desc, &c.NullsFirst)
		x.Columns = append(x.Columns, c)
	}
	x.Include = readColumnIDs(r)
	return x
}

func readForeignKey(r *reader) (f ForeignKey) {
	f.Name, f.Columns = r.str(), readColumnIDs(r)
	f.RefTable, f.RefColumns = keyspace.ObjectID(r.uint()), readColumnIDs(r)
	f.OnDelete, f.OnUpdate, f.Match = r.byte(), r.byte(), r.byte()
	return f
}

func readColumnIDs(r *reader) (ids []ColumnID) {
	for n := r.count(); n > 0 && r.err == nil; n-- {
		ids = append(ids, ColumnID(r.uint32()))
	}
	return ids
}

func encodeSequence(s *Sequence) []byte {
	w := &writer{}
	w.byte(sequenceFormat)
	w.uint(uint64(s.ID))
	w.str(s.Schema)
	w.str(s.Name)
	w.typ(s.Type)
	w.int(s.Start)
	w.int(s.Increment)
	w.int(s.Min)
	w.int(s.Max)
	w.int(s.Cache)
	w.flags(s.Cycle)
	w.uint(uint64(s.OwnerTable))
	w.uint(uint64(s.OwnerColumn))
	if s.Comment == "" && s.CounterID == 0 {
		return w.b
	}
	w.b[0] = commentFormat
	w.str(s.Comment)
	w.uint(uint64(s.CounterID))
	w.int(s.First)
	w.flags(s.FirstUsed)
	return w.b
}

func decodeSequence(b []byte) (*Sequence, error) {
	r := &reader{b: b}
	format := r.formats(sequenceFormat, commentFormat)
	s := &Sequence{ID: keyspace.ObjectID(r.uint()), Schema: r.str(), Name: r.str(), Type: r.typ()}
	s.Start, s.Increment, s.Min, s.Max, s.Cache = r.int(), r.int(), r.int(), r.int(), r.int()
	r.flags(&s.Cycle)
	s.OwnerTable, s.OwnerColumn = keyspace.ObjectID(r.uint()), ColumnID(r.uint32())
	if format == commentFormat {
		s.Comment, s.CounterID, s.First = r.str(), keyspace.ObjectID(r.uint()), r.int()
		r.flags(&s.FirstUsed)
	}
	return s, r.done()
}

func encodeView(v *View) []byte {
	w := &writer{}
	w.byte(viewFormat)
	w.uint(uint64(v.ID))
	w.str(v.Schema)
	w.str(v.Name)
	w.str(v.Query)
	w.uint(uint64(len(v.Columns)))
	for _, c := range v.Columns {
		w.str(c.Name)
		w.typ(c.Type)
	}
	w.uint(uint64(len(v.DependsOn)))
	for _, id := range v.DependsOn {
		w.uint(uint64(id))
	}
	extra := v.hasExtra()
	if !extra && !slices.ContainsFunc(v.Columns, func(c ViewColumn) bool { return c.Comment != "" }) {
		return w.comment(v.Comment)
	}
	w.b[0] = viewFormat3
	w.str(v.Comment)
	for _, c := range v.Columns {
		w.str(c.Comment)
	}
	if extra {
		w.b[0] = viewFormat4
		w.uint(uint64(len(v.Options)))
		for _, o := range v.Options {
			w.str(o)
		}
		for _, c := range v.Columns {
			w.str(c.Default)
		}
	}
	return w.b
}

// hasExtra reports whether a view has what only format 4 keeps.
func (v *View) hasExtra() bool {
	return len(v.Options) > 0 || slices.ContainsFunc(v.Columns, func(c ViewColumn) bool { return c.Default != "" })
}

func decodeView(b []byte) (*View, error) {
	r := &reader{b: b}
	var format byte
	if len(b) > 0 && (b[0] == viewFormat3 || b[0] == viewFormat4) {
		format = r.byte()
	} else {
		format = r.formats(viewFormat, commentFormat)
	}
	v := &View{ID: keyspace.ObjectID(r.uint()), Schema: r.str(), Name: r.str(), Query: r.str()}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		v.Columns = append(v.Columns, ViewColumn{Name: r.str(), Type: r.typ()})
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		v.DependsOn = append(v.DependsOn, keyspace.ObjectID(r.uint()))
	}
	if format < viewFormat3 {
		v.Comment = r.comment(format)
		return v, r.done()
	}
	v.Comment = r.str()
	for i := range v.Columns {
		v.Columns[i].Comment = r.str()
	}
	if format == viewFormat4 {
		for n := r.count(); n > 0 && r.err == nil; n-- {
			v.Options = append(v.Options, r.str())
		}
		for i := range v.Columns {
			v.Columns[i].Default = r.str()
		}
		if r.err == nil && !v.hasExtra() {
			r.fail("format 4 without any of its fields")
		}
	}
	return v, r.done()
}
